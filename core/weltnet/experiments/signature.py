"""Where time comes from: whether noise and learning together single out one direction of weight space.

*Claim.* What noise produces and learning destroys of the entropy S_q of an ensemble of learning networks, direction by
direction, is a metric with one time-like direction.                                               [2111.00903 §5]
For ∂_t p = ∂_i(γ p ∂_iU) + ∂_i ∂_j(D_ij p) the weights drift by u = −γ∇U − p⁻¹∇·(Dp), and since dS_q/dt = ⟨∂_i u_i⟩,

    M_ij = sym ⟨∂_i u_j⟩ = −sym ⟨D_ik ∂_k ∂_j ln p⟩ − γ ⟨∂_i ∂_jU⟩,    tr M = dS_q/dt,

produced less destroyed; where D is even, the first term is D ∫ p ∂_i ln p ∂_j ln p, Fisher's information. Along an
eigenvector the ensemble stretches at the rate m: m < 0, where learning destroys more, is *time-like*. So M is 0 at
equilibrium without circulation, negative from a start that is broad, positive from a narrow one, and in a valley of
curvatures a, from a width σ₀, as many directions are time-like as have γ a σ₀² > D: from none to all K of them.

*Conventions.* One layer, tanh(Wx + b), the trained network of the other experiments on space-time with four neurons,
which goes on learning from 256 pairs; q are the first K of its 16 weights, row by row, less the best ones. Widths
σ₀ are in units of w, the geometric mean of the narrowest and the widest equilibrium. M is that of one step of its size
(`weltnet.theory.strain`): logarithms that are the above to first order in γ. An eigenvalue nearer to 0 than two of
its standard errors counts as neither. Signs are those in units of the weights: rescaling one of them mixes M.
*Put in by hand.* The reading of §5, whose text was not at hand; isotropic starts; added noise D0: with minibatch noise
alone D ∝ a, and all directions have the sign of one. Gaussian shape: matching scores (`estimators.strain.information`)
finds that it misses 1 % of the information, but .12 to .17 of it where networks start broadest, by step 40.
*What would refute it.* It is refuted: one time-like direction is a matter of start width. What could fail of the rest:
the number counted, the time at which tr M changes sign, the balance at equilibrium, tr M against the entropy measured.
The lapse, −tr M, has a sign of its own: where it changes, M has both signs before and after, in two directions by
arithmetic. At equilibrium tr M = 0 too: what noise circulates, if it does, then has one time-like direction of two.
Whether learning makes a cone of data that have none is the claim `any-data` of `lorentz`: it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weltnet import crowds
from weltnet.crowds import HALVES, PARTS, RUNGS, Crowd
from weltnet.estimators.strain import (
    balance,
    clear,
    conic,
    logdet,
    null_lines,
    slope_with_error,
    timelike,
    turning_with_error,
)
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.observables import Axis, Cloud, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob
from weltnet.systems.lessons import Lesson, lesson
from weltnet.theory.strain import Valley
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "SignatureParams", "SignatureState"]

Array = NDArray[Any]

STRIDE, WINDOW = 2, 300
NEURONS, FLOW, SEEN, ERRORS = 4, "cycle", 0.12, 0.3  # the network, its data, noise in what it sees and in answers
LADDER = np.geomspace(0.3, 10 / 3, RUNGS)  # start widths, in w
EARLY, SUMMED, WATCHED, LATE = 12, 50, 60, 60  # frames counted first, summed, watched, remembered
SETTLED, SHOWN, START = 400, 400, 0x5A
FAINT = 0.05  # of mean γa, below which M has no shape
T7 = 2.365  # Student's 95 % factor for eight parts


# -- parameters -------------------------------------------------------------------------------------------------------


class SignatureParams(Params):
    """The knobs of ensembles that learn all or some weights of one network."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur(
            "start-width", "starts have many widths, not one", ("one-time",), ("count",), restarts=True,
            watch="Every ensemble of the ladder now begins between the narrowest and the widest equilibrium. There the "
            "claim holds: one time-like direction, because someone chose the start.",
        ),
        Saboteur(
            "forget-minibatches", "the prediction counts minibatch noise", ("flip",), ("entropy", "strain", "count"),
            watch="The networks learn as before, but the prediction now knows the added noise alone. With less noise "
            "learning would destroy more for longer: it expects the sum to change its sign late.",
        ),
        Saboteur(
            "no-learning", "networks learn, besides being kicked", ("balance",), ("weights", "strain"),
            restarts=True,
            watch="Nothing is learned any more, weights are only kicked. Noise produces, nothing destroys: every "
            "direction is space-like, nothing changes its sign, and there is no balance.",
        ),
    )  # fmt: skip

    width: float = knob(
        1.0, 0.2, 4.0, symbol="σ₀/w", group="Ensemble", restarts=True, log=True,
        meaning="start width of the ensemble that is shown, over the mean width w of its equilibrium",
        equation="q(0) = σ₀ ξ",
    )  # fmt: skip
    directions: int = knob(
        2, 2, 16, symbol="K", unit="weights", group="Ensemble", restarts=True,
        meaning="weights that learn, of the 16 of the network, row by row",
    )  # fmt: skip
    replicas: int = knob(
        16_384, 4096, 32_768, symbol="M", group="Ensemble", restarts=True, log=True,
        meaning="networks in the ensemble that is shown; each of nine others has 1024, or 512 where K > 4",
    )  # fmt: skip
    learning_rate: float = knob(
        0.2, 0.05, 0.4, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="step along minus the gradient of the loss", equation="q ← q − γ g_B(q) + √(2 D0) ξ",
    )  # fmt: skip
    batch: int = knob(
        1, 1, 16, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step of each replica; minibatch noise falls as 1/B", equation="D = γ² C_B/(2B) + D0",
    )  # fmt: skip
    noise: float = knob(
        7e-4, 3e-5, 1e-2, symbol="T₀", unit="loss", group="Learning", log=True,
        meaning="added isotropic noise, as a temperature", equation="D0 = γ T₀",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class SignatureState:
    """The crowd, what was measured of it, and what was predicted; groups are those of the crowd."""

    crowd: Crowd
    seed: int
    step: int
    unit: float
    """w."""
    M: Array
    """(groups, K, K), per step."""
    A: Array
    """(groups, K, K): γ⟨∂∂U⟩."""
    expected: Array
    """(1 + RUNGS, K, K): predicted Σ of the ensemble that is shown and of the rungs."""
    first: Array
    """(2, groups, K, K): mean of M and A over the first EARLY frames."""
    foretold: Array
    """(1 + RUNGS, K, K): the predicted mean of M over them."""
    late: Array
    """(2, PARTS, K, K): M and A of the parts, remembered for LATE frames."""
    grown: Array
    """(groups,): ∫ tr M dt since the start."""
    path: Array
    """(WATCHED, PARTS + 2): ∫ tr M of the parts, predicted, and how many eigenvalues of M are negative."""
    entropy: Array
    """(1 + RUNGS,): S_q at the start."""
    gained: Array
    """(2, 1 + RUNGS): S_q gained in the first SUMMED frames, and ∫ tr M over them."""
    ledger: Ring


def begin(params: SignatureParams, seed: int, report: Report) -> SignatureState:
    """A network, trained with this seed, and ten ensembles round its best weights."""
    taught = lesson(NEURONS, FLOW, seed, report=report, noise=SEEN, errors=ERRORS)
    K = params.directions
    valley = crowds.valley(taught, K, params.learning_rate, params.batch, params.noise)
    widths = np.sqrt(np.linalg.eigvalsh(valley.settled))
    unit = float(np.sqrt(widths[0] * widths[-1]))
    sigma = unit * np.concatenate([[params.width], _ladder(params)])
    crowd = crowds.begin(taught, K, params.replicas, sigma, seed)
    G, eye = len(crowd.counts), np.eye(K)
    none = np.zeros((G, K, K))
    state = SignatureState(
        crowd, seed, 0, unit, none, none.copy(), sigma[:, None, None] ** 2 * eye, np.zeros((2, G, K, K)),
        np.zeros((1 + RUNGS, K, K)), np.zeros((2, PARTS, K, K)), np.zeros(G), np.zeros((WATCHED, PARTS + 2)),
        crowds.entropies(crowd), np.zeros((2, 1 + RUNGS)), Ring((*BOOKED, *_names("m", K), *_names("e", K)), WINDOW),
    )  # fmt: skip
    _book(state, params)
    return state


BOOKED = ("trace", "told", "grown", "foretold", "S")


def _names(letter: str, K: int) -> tuple[str, ...]:
    return tuple(f"{letter}{k}" for k in range(K))


def _ladder(params: SignatureParams) -> Array:
    return np.ones(RUNGS) if params.breaks("start-width") else LADDER


def _valley(taught: Lesson, p: SignatureParams) -> Valley:
    batch = 10**6 if p.breaks("forget-minibatches") else p.batch
    return crowds.valley(taught, p.directions, p.learning_rate, batch, p.noise)


def _rate(p: SignatureParams) -> float:
    """The learning rate that the steps really have."""
    return 0.0 if p.breaks("no-learning") else p.learning_rate


def step(state: SignatureState, params: SignatureParams) -> None:
    """All networks learn STRIDE steps, each from minibatches of its own."""
    added = params.learning_rate * params.noise
    crowds.advance(state.crowd, _rate(params), params.batch, added, STRIDE, state.step, state.seed)
    state.expected = _valley(state.crowd.lesson, params).carried(state.expected, STRIDE)
    state.step += STRIDE
    _book(state, params)


def _book(state: SignatureState, params: SignatureParams) -> None:
    """Measure M of every group, and enter what has become of it."""
    before, frame, valley = state.M, state.step // STRIDE, _valley(state.crowd.lesson, params)
    added = params.learning_rate * params.noise
    state.M, state.A = crowds.measured(state.crowd, _rate(params), params.batch, added, frame)
    told = valley.strain(state.expected)
    traces, was = np.trace(state.M, axis1=1, axis2=2), np.trace(before, axis1=1, axis2=2)
    row = state.ledger
    known = float(np.trace(told[0]))
    foretold = 0.0
    if frame:
        # what the steps of a stride add, by Euler and Maclaurin
        state.grown = state.grown + 0.5 * ((STRIDE + 1) * was + (STRIDE - 1) * traces)
        earlier = float(row["told"][-1])
        foretold = float(row["foretold"][-1]) + 0.5 * ((STRIDE + 1) * earlier + (STRIDE - 1) * known)
    M = state.M[:PARTS].mean(axis=0)
    now = np.stack([state.M[:PARTS], state.A[:PARTS]])
    state.late = state.late + (now - state.late) / min(frame + 1, LATE)
    if frame < EARLY:
        state.first = state.first + np.stack([state.M, state.A]) / EARLY
        state.foretold = state.foretold + told / EARLY
    if frame < WATCHED:
        state.path[frame] = [*state.grown[:PARTS], foretold, (np.linalg.eigvalsh(M) < 0.0).sum()]
    if frame == SUMMED:
        state.gained = np.stack([crowds.entropies(state.crowd) - state.entropy, crowds.means(state.grown)])
    state.ledger.push(
        trace=float(traces[:PARTS].mean()), told=known, grown=float(state.grown[:PARTS].mean()), foretold=foretold,
        S=logdet(crowds.ensembles(state.crowd)[0]),
        **dict(zip(_names("m", len(M)), np.linalg.eigvalsh(M), strict=True)),
        **dict(zip(_names("e", len(M)), np.linalg.eigvalsh(told[0]), strict=True)),
    )  # fmt: skip


def _slope(valley: Valley) -> Array:
    out: Array = valley.rate * valley.curvature
    return out


# -- what is seen and what theory says --------------------------------------------------------------------------------

PLANES = {
    "weights": Plane(
        "Weight space", "replicas; conic and cone of M",
        Axis("q₁", -5, 5, "w"), Axis("q₂", -5, 5, "w"), square=True,
    ),
    "strain": Plane(
        "Strain", "stretching (+), time-like (−)",
        Axis("age", -WINDOW * STRIDE, 0, "steps"), Axis("m / mean γa", -2.2, 1.4),
    ),
    "count": Plane(
        "Time-like directions", "by start width",
        Axis("log₂ σ₀/w", -2.2, 2.2), Axis("share of K", -0.1, 1.1),
    ),
    "entropy": Plane(
        "Entropy", "S_q of the replicas, ∫ tr M dt",
        Axis("age", -WINDOW * STRIDE, 0, "steps"), Axis("S_q / K", -1.3, 1.3, "nat"),
    ),
}  # fmt: skip


def observe(state: SignatureState, params: SignatureParams) -> Mapping[str, Observable]:
    """The replicas with M's conic in the first two weights, its eigenvalues, how many are time-like, and S_q."""
    row, valley, K = state.ledger, _valley(state.crowd.lesson, params), params.directions
    M = state.late[0].mean(axis=0) if row.count > 3 * LATE else state.M[:PARTS].mean(axis=0)
    age, scale = STRIDE * np.arange(1.0 - len(row), 1.0), float(np.trace(_slope(valley))) / K
    curves = np.stack([row[k] for k in _names("m", K)]) / scale
    members, *_, rung = (int(n) for n in crowds.members(state.crowd))
    n = timelike(crowds.rungs(state.first[0]), crowds.rungs(state.first[1]), rung)
    S = np.stack([row["S"] - K * np.log(params.width * state.unit), row["grown"]]) / K
    seen = clear(M, state.A[:PARTS].mean(axis=0), members)
    return {
        "replicas": Cloud("weights", state.crowd.q[:SHOWN, :2] / state.unit, members, "q", kind="replica"),
        "conic": Paths.of("weights", conic(seen, FAINT * scale)),
        "cone": Paths.of("weights", null_lines(seen, FAINT * scale), "geodesic"),
        "timelike": Scalar(float(timelike(M, state.A[:PARTS].mean(axis=0), members)), "time-like", plane="weights"),
        "strain": Series("strain", age, np.clip(curves, -9.0, 9.0), ("least", *[""] * (K - 2), "largest")),
        "trace": Scalar(float(row["trace"][-1]) / scale / K, "mean m", plane="strain"),
        "count": Series("count", np.log2(LADDER), np.stack([n, np.ones(RUNGS)]) / K, ("measured", "one")),
        "entropy": Series("entropy", age, S, ("S_q", "∫ tr M dt")),
    }


def theory(state: SignatureState, params: SignatureParams) -> Mapping[str, Observable]:
    """The same of a valley with the curvature and the noise that the network's data have at its best weights."""
    row, valley, K = state.ledger, _valley(state.crowd.lesson, params), params.directions
    age, scale = STRIDE * np.arange(1.0 - len(row), 1.0), float(np.trace(_slope(valley))) / K
    told, rung = valley.strain(state.expected[0]), int(crowds.members(state.crowd)[-1])
    curves = np.stack([row[k] for k in _names("e", K)]) / scale
    n = timelike(state.foretold[1:], _slope(valley), rung)
    return {
        "conic": Paths.of("weights", conic(told, FAINT * scale)),
        "strain": Series("strain", age, np.clip(curves, -9.0, 9.0), ("predicted", *[""] * (K - 1))),
        "count": Series("count", np.log2(LADDER), n[None] / K, ("predicted",)),
        "entropy": Series("entropy", age, row["foretold"][None] / K, ("predicted",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2111.00903 §5"
ALL_WEIGHTS = {"directions": 16, "replicas": 8192}
ONE = Claim(
    "one-time", "Exactly one direction is time-like.", SOURCE, "share of starts", 1.0, (0.95, 1.05), "fails",
    "20 seeds: .22 to .33 of nine widths, from a third to three times w; as predicted. With 16 directions 0 of them.",
)  # fmt: skip
COUNT = Claim(
    "count", "Curvature, noise and start width say how many.", "derived", "|Δn|/K", 0.0, (-0.1, 0.1), "holds",
    "20 seeds: .007 to .035; always one would be off by .44. Band set on seeds 100 to 103.", at=ALL_WEIGHTS,
)  # fmt: skip
FLIP = Claim(
    "flip", "The sum changes its sign when predicted.", "derived", "t/t predicted", 1.0, (0.75, 1.25), "holds",
    "20 seeds: .99 to 1.14, median 1.02. Band set before; of 4096 replicas, too few, two of 18 seeds were undecided.",
    at=ALL_WEIGHTS,
)  # fmt: skip
MAKES = Claim(
    "makes-time", "Where the sum changes its sign, a direction does.", SOURCE, "Δn", -1.0, (-1.5, -0.5), "fails",
    "20 seeds: 0. Where tr M = 0 and M is not, there are both signs: with two directions that is arithmetic.",
)  # fmt: skip
BALANCE = Claim(
    "balance", "At learning equilibrium M vanishes.", SOURCE, "m/Π", 0.0, (-0.05, 0.05), "holds",
    "20 seeds: −.029 to .030, median .019, most of it the slow direction; circulation should make at most .006.",
)  # fmt: skip
SUM = Claim(
    "sum", "tr M is the rate of the entropy.", "derived", "ΔS_q/∫ tr M", 1.0, (0.8, 1.2), "holds",
    "20 seeds: .90 to 1.01, median .95: broad starts lose their Gaussian shape, and M some of what noise produces.",
)  # fmt: skip
CLAIMS = (ONE, COUNT, FLIP, MAKES, BALANCE, SUM)


def verdict(state: SignatureState, params: SignatureParams) -> tuple[Verdict, ...]:
    K, valley, members = params.directions, _valley(state.crowd.lesson, params), crowds.members(state.crowd)
    slope, frame = _slope(valley), state.step // STRIDE
    (M, A), told = state.first[:, PARTS:], timelike(state.foretold[1:], slope, int(members[-1]))
    halves = [timelike(M[h::HALVES], A[h::HALVES], int(members[-1]) // HALVES) for h in range(HALVES)]
    n = timelike(crowds.rungs(state.first[0]), crowds.rungs(state.first[1]), int(members[-1]))
    share = [float((c == 1).mean()) for c in (n, *halves)]
    off = [float(np.abs(c - told).mean()) / K for c in (n, *halves)]

    times, watched = STRIDE * np.arange(WATCHED), min(frame + 1, WATCHED)
    path = state.path[:watched]
    due, _ = turning_with_error(STRIDE, path[:, PARTS : PARTS + 1])
    at, loose = turning_with_error(STRIDE, path[:, :PARTS])
    never = "" if 0.0 < due < times[watched - 1] else "From this width the sum is not predicted to change its sign."
    when = times[:watched] / max(at, STRIDE)
    before, after = (path[(when > low) & (when < high), -1] for low, high in ((0.75, 0.95), (1.05, 1.25)))
    change = float(after.mean() - before.mean()) if len(before) and len(after) else 0.0

    values = balance(state.late)
    rate, error = slope_with_error(*state.gained[::-1])

    early = f"The first {EARLY * STRIDE} steps decide; they have not passed yet." if frame < EARLY else ""
    soon = f"{WATCHED * STRIDE} steps are watched; {state.step} have passed." if watched < WATCHED else ""
    counted = f"{SUMMED * STRIDE} steps are summed; {state.step} have passed." if frame < SUMMED else ""
    later = f"It is looked at after {SETTLED} steps; {state.step} have passed." if state.step < SETTLED else ""
    return (
        judge(
            ONE, share[0], 0.98 * abs(share[1] - share[2]), f"Of {RUNGS} start widths, the share with just one.",
            waiting=early, null=float((told == 1).mean()),
        ),
        judge(
            COUNT, off[0], 0.98 * abs(off[1] - off[2]), f"Mean over {RUNGS} start widths; the null is always one.",
            waiting=early, null=float(np.abs(1 - told).mean()) / K,
        ),
        judge(
            FLIP, at / max(due, 1.0), loose / max(due, 1.0),
            f"At step {at:.0f}, predicted {due:.0f}; the null is never.", waiting=soon, outside=never,
            null=float(times[-1]) / max(due, 1.0),
        ),
        judge(
            MAKES, change, 0.0, "Negative eigenvalues just after less just before; the null is none.", waiting=soon,
            outside=never, null=0.0,
        ),
        judge(
            BALANCE, float(values.mean()), T7 * float(values.std(ddof=1)) / np.sqrt(PARTS),
            "The largest eigenvalue over what noise produces per direction; the null is no learning.", null=1.0,
            waiting=later,
        ),
        judge(
            SUM, rate, error, f"Slope over ten start widths, {SUMMED * STRIDE} steps; the null is no relation.",
            waiting=counted, null=0.0,
        ),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: SignatureParams) -> Mapping[str, str]:
    return {"N": f"{NEURONS} neurons", "D0": f"{params.learning_rate * params.noise:.2g} per step"}


EXPERIMENT = Experiment(
    slug="signature",
    title="Where time comes from",
    group="space-time",
    question="Do noise, which makes entropy, and learning, which destroys it, single out one direction as time?",
    formula=r"M_{ij}=-\langle D_{k(i}\,\partial_{j)}\partial_k\ln p\rangle-\gamma\,\langle\partial_i"
    r"\partial_jU\rangle,\qquad\mathrm{tr}\,M=\dot S_q,\qquad\mathrm{sign}\,M=(-,+,\dots,+)\,?",
    sources=(SOURCE, "derived"),
    by_hand="the reading of §5, whose text was not at hand; isotropic Gaussian starts; added noise D0, without which D "
    "goes with the curvature and all directions have one sign",
    emergent="curvature and minibatch noise of a trained network's data; widths, and so all signs, by its own learning",
    params=SignatureParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("One of two", "A cone: one direction shrinks, one spreads. Other start widths have none, or both.", {}),
        Preset("Broad start", "Learning destroys along both directions: an ellipse, no cone.", {"width": 3.0}),
        Preset("Narrow start", "Noise produces along both: no direction is time-like.", {"width": 0.3}),
        Preset("All weights", "Sixteen directions: none, eight or all of them time-like, by start width alone.",
               {"directions": 16}),
        Preset("Minibatch noise alone", "D goes with curvature: the staircase is one step, from none to both.",
               {"noise": 3e-5}),
    ),
    stride=STRIDE,
    verify_steps=480,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"replicas": crowds.ensembles(s.crowd)[0][:, :2] / s.unit},
    calibrations=("information", "information-mixture", "strain", "neighbours-gaussian"),
)  # fmt: skip
