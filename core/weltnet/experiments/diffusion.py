"""Learning is diffusion: networks that learn by plain SGD spread as Fokker and Planck say, with D from their data.

Claim.   The density p(q, t) of networks that learn, each from minibatches of its own, obeys

             ∂_t p = ∂_i (γ ∂_iU p) + ∂_i ∂_j (D_ij p),   D = γ² C_B/(2B) + D0,                        [2008.01540 §4]

         where nothing is fitted: U and C_B, the covariance of one sample's gradient, come from the data alone.

Conventions.   q ∈ [−3, 3]² are the two weights of a sign pair (`weltnet.systems.teachers`), u the barrier between its
         two valleys, which are the same function. A step is q ← q − γ g_B(q) + √(2 D0) ξ; every replica is a network
         that does it with its own forward passes, reflected at |q| = 2.9. The prediction keeps steps of their finite
         size and drops third moments (`weltnet.theory.fokker_planck`). L₁ = Σ|n/M − p| over 32 × 32 bins. Rates are in
         nats per step; what learning destroys is γ⟨∇²U⟩ + ⟨∂_i ∂_j D_ij⟩: without the second term, the drift that
         uneven noise makes, production and destruction balance on some landscapes and not on others (.86 to 1.24).

Put in by hand.   D0: without it C_B is so anisotropic (zero along q1 = 0 in one direction) that p collapses below any
         grid. Hidden states are new at each step, so that the noise is white. The pupil: its valleys lie in the box.

What would refute it.   A density further from the prediction than sampling noise allows, or as close to one with half
         of D, twice D, or without minibatch noise. It happens at γ = .5: jumps that are not small have third moments.
         Plain SGD has ħ² < 0 in ħ² = 4D/(μγ) − 1/μ²; dropping only the first term of the action leaves ħ² = −1/μ²,
         which is diffusion again, not Hamilton–Jacobi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.contours import contours
from weltnet.estimators.density import Grid
from weltnet.estimators.entropy import production
from weltnet.experiment import Claim, Experiment, Preset, Question, Report, Stop, Tour, Verdict
from weltnet.history import Ring
from weltnet.kernels.ensemble import WALL, initial
from weltnet.kernels.replicas import descend_networks
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.teachers import Pupil, Table, sign_pair, tabulate
from weltnet.theory import fokker_planck
from weltnet.verdicts import judge, ratio_with_error

__all__ = ["EXPERIMENT", "DiffusionParams", "DiffusionState"]

Array = NDArray[Any]

STRIDE = 2
WINDOW, SETTLED = 300, 100  # strides remembered, and those at the end over which the ledger is averaged
SPREADING = 60  # steps after which a wrong D shows
SHOWN, BINS, SMOOTHED = 400, 32, 0.08
INSIDE = (0.5, 0.9)  # shares of all replicas that level lines enclose
LEVELS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # barriers
PUPIL, GRID = 14, Grid(128, 3.0)
STARTS = {"saddle": (0.15, 0.3, 0.25), "valley": (1.25, 1.15, 0.2), "broad": (0.0, 0.0, 0.9)}
GUESSES = ("predicted", "halved", "doubled", "added")  # D, D/2, 2 D and D0 alone
QUIET = 64  # a minibatch whose noise passes for none


# -- parameters -------------------------------------------------------------------------------------------------------


class DiffusionParams(Params):
    """The knobs of an ensemble of small networks that learn."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur(
            "no-minibatch-noise", "a step sees B samples, not 64", ("density", "minibatch", "balance"),
            ("weights", "marginals", "ledger"),
            watch="Every network now learns from 64 samples at a time, while the prediction still counts on small "
            "minibatches. The cloud shrinks away from it.",
        ),
        Saboteur("halved", "the prediction uses D, not D/2", ("density",), ("weights", "marginals"),
                 watch="The networks learn as before, but the prediction is now made with half of D: a cloud too "
                 "narrow."),
        Saboteur("doubled", "the prediction uses D, not 2 D", ("density",), ("weights", "marginals"),
                 watch="The networks learn as before, but the prediction is now made with twice D: a cloud too wide."),
    )  # fmt: skip

    learning_rate: float = knob(
        0.2, 0.03, 0.5, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="step along minus the gradient of the loss", equation="q ← q − γ g_B(q) + √(2 D0) ξ",
    )  # fmt: skip
    batch: int = knob(
        1, 1, 32, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step of each replica; minibatch noise falls as 1/B", equation="D = γ² C_B/(2B) + D0",
    )  # fmt: skip
    noise: float = knob(
        0.02, 0.005, 0.2, symbol="T₀", unit="barriers", group="Learning", log=True,
        meaning="added isotropic noise as a temperature in units of the barrier u", equation="D0 = γ T₀ u",
    )  # fmt: skip
    label_noise: float = knob(
        0.8, 0.1, 1.2, symbol="σ_y", group="Data", restarts=True,
        meaning="spread of the errors in the teacher's answers, which make most of the minibatch noise",
        equation="y = f(x) + σ_y ξ",
    )  # fmt: skip
    replicas: int = knob(
        20_000, 1000, 100_000, symbol="M", group="Ensemble", restarts=True, log=True,
        meaning="networks that learn, each from its own minibatches",
    )  # fmt: skip
    start: Literal["saddle", "valley", "broad"] = choice(
        "saddle", symbol="p₀", group="Ensemble", restarts=True,
        meaning="where the replicas begin: near the saddle, in one valley, or all over",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class DiffusionState:
    """q: (M, 2) weights of the replicas; expected: (4, n, n) masses on the grid for each of GUESSES."""

    pupil: Pupil
    table: Table
    seed: int
    step: int
    q: Array
    expected: Array
    ledger: Ring


def begin(params: DiffusionParams, seed: int, report: Report) -> DiffusionState:
    # The pupil and its data are part of the apparatus, not of the luck of a run.
    pupil = sign_pair(PUPIL, noise=params.label_noise)
    table = tabulate(pupil, GRID.axis, report=report)
    q1, q2, spread = STARTS[params.start]
    q = initial(params.replicas, seed, np.array([q1, q2]), spread)
    mass = np.outer(_folded(q1, spread), _folded(q2, spread))
    state = DiffusionState(pupil, table, seed, 0, q, np.array([mass / mass.sum()] * 4), Ring(BOOKED, WINDOW))
    _book(state, params)
    return state


def _folded(mean: float, spread: float) -> Array:
    """A normal density on the axis, folded at the wall as the replicas are."""
    x = GRID.axis
    images = np.array([x, 2 * WALL - x, -2 * WALL - x])
    return np.where(np.abs(x) <= WALL, np.exp(-0.5 * ((images - mean) / spread) ** 2).sum(axis=0), 0.0)


@dataclass(frozen=True, eq=False)
class Law:
    """What the knobs make of a table; fields are xx, xy, yy."""

    added: float
    """D0."""
    minibatch: Array
    """γ² C_B/(2B)."""
    diffusion: Array
    """D."""
    destroyed: Array
    """γ∇²U + ∂_i ∂_j D_ij."""
    carriers: tuple[Any, ...]
    """The matrices that carry masses through a stride, for each of GUESSES."""


@lru_cache(maxsize=4)
def _law(table: Table, rate: float, batch: int, noise: float) -> Law:
    added = rate * noise * table.barrier
    minibatch = rate**2 / (2 * batch) * table.covariance
    alone = np.zeros_like(minibatch)
    alone[::2] = added
    D = minibatch + alone
    carriers = tuple(
        fokker_planck.propagator(GRID.axis, rate * table.gradient, rate * table.hessian, guess, STRIDE, WALL)
        for guess in (D, D / 2, 2 * D, alone)
    )
    uneven = fokker_planck.double_divergence(D, table.spacing)
    return Law(added, minibatch, D, rate * table.laplacian + uneven, carriers)


def _law_of(state: DiffusionState, p: DiffusionParams) -> Law:
    return _law(state.table, p.learning_rate, p.batch, p.noise)


def step(state: DiffusionState, params: DiffusionParams) -> None:
    pupil, law = state.pupil, _law_of(state, params)
    descend_networks(
        state.q, pupil.weights, pupil.data, pupil.inputs, pupil.outputs, ticks=pupil.ticks,
        rate=params.learning_rate, batch=QUIET if params.breaks("no-minibatch-noise") else params.batch,
        noise=float(np.sqrt(2 * law.added)), steps=STRIDE, first=state.step, seed=state.seed,
    )  # fmt: skip
    for mass, carrier in zip(state.expected, law.carriers, strict=True):
        mass[:] = (carrier @ mass.ravel()).reshape(mass.shape)
    state.step += STRIDE
    _book(state, params)


BOOKED = ("produced", "destroyed", "gamma", "share", "floor", *GUESSES)


def _book(state: DiffusionState, params: DiffusionParams) -> None:
    """Enter what noise made and learning destroyed, and how far the replicas are from each prediction."""
    q, law, binned = state.q, _law_of(state, params), [fokker_planck.binned(m, BINS) for m in state.expected]
    i, j = ((q + GRID.half_width) * (BINS / 2 / GRID.half_width)).astype(np.int64).T
    seen = np.bincount(i * BINS + j, minlength=BINS * BINS).reshape(BINS, BINS) / len(q)
    fields = np.stack([law.minibatch[::2].sum(axis=0), law.diffusion[::2].sum(axis=0), law.destroyed])
    minibatch, whole, destroyed = GRID.at(fields, q).mean(axis=0)
    state.ledger.push(
        produced=production(GRID, q, law.diffusion), destroyed=destroyed, gamma=params.learning_rate,
        share=minibatch / whole, floor=fokker_planck.noise_floor(binned[0], len(q)),
        **{k: float(np.abs(seen - p).sum()) for k, p in zip(GUESSES, binned, strict=True)},
    )  # fmt: skip


# -- what is seen and what theory says --------------------------------------------------------------------------------

EDGE = GRID.half_width
PLANES = {
    "weights": Plane(
        "Weight space", "replicas, loss", Axis("q₁", -EDGE, EDGE), Axis("q₂", -EDGE, EDGE), square=True,
    ),
    "marginals": Plane("Marginals", "density of either weight", Axis("q", -EDGE, EDGE), Axis("p", 0.0, 1.6)),
    "distance": Plane(
        "Distance", "to Fokker–Planck", Axis("age", -WINDOW * STRIDE, 0, "steps"), Axis("L₁", 0.0, 1.2),
    ),
    "ledger": Plane(
        "Entropy ledger", "noise, learning",
        Axis("age", -WINDOW * STRIDE, 0, "steps"), Axis("dS/dτ", -0.6, 0.6, "nat/γ·step"),
    ),
}  # fmt: skip


def _assumed(params: DiffusionParams) -> str:
    """Which of GUESSES is held against the replicas: the predicted one, unless it is sabotaged."""
    return next((k for k in ("halved", "doubled") if params.breaks(k)), "predicted")


def observe(state: DiffusionState, params: DiffusionParams) -> Mapping[str, Observable]:
    counts, ledger, low = GRID.counts(state.q), state.ledger, -EDGE - GRID.spacing / 2
    made, destroyed = (ledger[k] / ledger["gamma"] for k in ("produced", "destroyed"))
    age, p = STRIDE * np.arange(1.0 - len(ledger), 1.0), np.maximum(GRID.smooth(counts, SMOOTHED), 0.0)
    kinds = ("production", "destruction", "net")
    return {
        "density": Field("weights", np.sqrt(p), (low, low + 2 * EDGE, low, low + 2 * EDGE), (0.0, 1.2), "√p"),
        "loss": _lines(state.table),
        "replicas": Cloud("weights", state.q[:SHOWN], len(state.q), "q", kind="replica"),
        **_shapes(p, float((state.q[:, 1] > 0).mean())),
        "share": Scalar(float(ledger["share"][-1]), "minibatch noise/D", plane="marginals"),
        "distance": Series("distance", age, np.stack([ledger[k] for k in GUESSES]), ("D", "D/2", "2 D", "D0 only")),
        "ledger": Series("ledger", age, np.stack([made, -destroyed, made - destroyed]), kinds, kinds),
    }


def theory(state: DiffusionState, params: DiffusionParams) -> Mapping[str, Observable]:
    """The predicted density, what sampling alone makes of L₁, and production in balance with destruction."""
    ledger, mass = state.ledger, state.expected[GUESSES.index(_assumed(params))]
    age = STRIDE * np.arange(1.0 - len(ledger), 1.0)
    return {
        **_shapes(GRID.smooth(mass / GRID.cell, SMOOTHED), _upper(mass)),
        "distance": Series("distance", age, ledger["floor"][None], ("noise floor",)),
        "ledger": Series("ledger", age, (ledger["destroyed"] / ledger["gamma"])[None], ("at equilibrium",)),
    }


def _upper(mass: Array) -> float:
    """The share of a mass in the upper valley, q2 > 0."""
    return float(fokker_planck.binned(mass, BINS)[:, BINS // 2 :].sum())


def _shapes(p: Array, above: float) -> dict[str, Observable]:
    """Level lines of a density that enclose the shares INSIDE, both marginals, and the share of the upper valley."""
    ranked = np.sort(p, axis=None)[::-1]
    held = np.cumsum(ranked) / ranked.sum()
    levels = [float(ranked[np.searchsorted(held, share)]) for share in INSIDE]
    marginals = GRID.spacing * np.stack([p.sum(axis=1), p.sum(axis=0)])
    return {
        "levels": Paths.of("weights", contours(GRID.axis, p, levels)),
        "marginals": Series("marginals", GRID.axis, marginals, ("q₁", "q₂")),
        "above": Scalar(above, "P(q₂ > 0)", plane="weights"),
    }


@lru_cache(maxsize=4)
def _lines(table: Table) -> Paths:
    height = (table.U - table.minimum) / table.barrier
    return Paths.of("weights", contours(table.axis, height, LEVELS), "contour", static=True)


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2008.01540 §4"
DENSITY = Claim(
    "density", "The density is as predicted.", SOURCE, "L₁", 0.07, (0.0, 0.12), "holds",
    "20 seeds: .069 to .085, median .077; as many independent draws give .072. Band set before the seeds.",
)  # fmt: skip
MINIBATCH = Claim(
    "minibatch", "Without minibatch noise the prediction is wrong.", SOURCE, "L₁", 0.85, (0.4, 2.0), "holds",
    "20 seeds: .835 to .859, median .846. Band set before the seeds.",
)  # fmt: skip
FACTOR = Claim(
    "factor-two", "With D/2 or 2 D it is wrong too.", SOURCE, "L₁", 0.48, (0.18, 2.0), "holds",
    "20 seeds: .457 to .478 for D/2, the nearer, and .517 to .536 for 2 D. Band set before the seeds.",
)  # fmt: skip
WELLS = Claim(
    "wells", "The valleys fill as predicted.", SOURCE, "ΔP", 0.0, (-4.0, 4.0), "holds",
    "20 seeds: .1 to 3.1, median 1.1: half a σ comes of predicting two steps at once, the rest of third moments.", "σ",
)  # fmt: skip
BALANCE = Claim(
    "balance", "Late, noise produces what learning destroys.", SOURCE, "Π/S", 1.0, (0.85, 1.1), "holds",
    "20 seeds: .954 to .964, median .962. Without ⟨∂_i ∂_j D_ij⟩ .86 to 1.24 on six pupils, one seed each.",
)  # fmt: skip


def verdict(state: DiffusionState, params: DiffusionParams) -> tuple[Verdict, ...]:
    ledger, M, which = state.ledger, len(state.q), _assumed(params)
    now = {k: float(ledger[k][-1]) for k in BOOKED}
    right, *wrong = (fokker_planck.binned(m, BINS) for m in state.expected)
    halved, doubled, added = (float(np.abs(right - p).sum()) for p in wrong)
    # Each |n/M − p| has the variance (1 − 2/π) p/M, and they hardly know of each other.
    error = 1.96 * float(np.sqrt((1 - 2 / np.pi) / M))
    above, expected = float((state.q[:, 1] > 0).mean()), _upper(state.expected[GUESSES.index(which)])
    sigma = max(float(np.sqrt(expected * (1 - expected) / M)), 0.5 / M)
    crowd = float((np.abs(state.q) > WALL - 0.1).any(axis=1).mean())
    ratio, spread = ratio_with_error(ledger["produced"][-SETTLED:], ledger["destroyed"][-SETTLED:])

    early = f"A wrong D shows after {SPREADING} steps; {state.step} have passed." if state.step < SPREADING else ""
    late = f"The last {SETTLED * STRIDE} of at least {2 * SETTLED * STRIDE} steps decide; they have not passed yet."
    coarse = (
        f"Sampling {M} replicas makes L₁ {now['floor']:.2f} by itself; more are needed."
        if now["floor"] + error > DENSITY.band[1]
        else "What is added in a stride is narrower than the grid resolves; raise T₀ or γ."
        if 12 * STRIDE * _law_of(state, params).added < GRID.spacing**2
        else ""
    )
    small = f"Minibatches make {now['share']:.0%} of D here; the claim is about more than half."
    return (
        judge(
            DENSITY, now[which], error, "Predicted is sampling noise; the null is the nearest of three wrong D.",
            null=min(now[k] for k in GUESSES[1:]), predicted=now["floor"], outside=coarse, waiting=early,
        ),
        judge(
            MINIBATCH, now["added"], error, "Distance to the prediction with D0 alone; the null is the one with D.",
            null=now["predicted"], predicted=added, outside=coarse or (small if now["share"] < 0.5 else ""),
            waiting=early,
        ),
        judge(
            FACTOR, min(now["halved"], now["doubled"]), error, "The smaller distance; the null is the one with D.",
            null=now["predicted"], predicted=min(halved, doubled), outside=coarse, waiting=early,
        ),
        judge(
            WELLS, (above - expected) / sigma, 0.0,
            "Share with q₂ > 0, in standard errors; the null is half in each valley.",
            null=(0.5 - expected) / sigma, outside=coarse, waiting=early,
        ),
        judge(
            BALANCE, ratio, spread, f"Mean over the last {SETTLED * STRIDE} steps.", null=0.0,
            waiting=late if len(ledger) < 2 * SETTLED else "",
            outside=f"{crowd:.0%} of the replicas lean on the wall, where p ends." if crowd > 0.01 else "",
        ),
    )  # fmt: skip


# -- tours ------------------------------------------------------------------------------------------------------------

NOISE = Tour("noise", "Noise does the work", (
    Stop(
        "Twenty thousand networks of six neurons learn the same task. Each is a dot, placed by its two weights. They "
        "begin together near a saddle of the loss, the grey lines. At every step each of them sees one example, drawn "
        "at random, and goes downhill on the error of that example alone. No two see the same, so the cloud spreads. "
        "The thin line is a prediction made beforehand from the data: where half and where nine tenths of them will "
        "be. Nothing in it is fitted. Put in by hand: a little extra noise, and a box in which the valleys lie.",
        {}, 0, ("weights",),
        question=Question(
            "After 100 steps, how well will the cloud agree with the prediction?",
            ("Only roughly.", "As well as 20 000 dots can."), 1,
            "As well as 20 000 dots can. The picture of the distance has a dashed floor: so far off would be 20 000 "
            "dots that were drawn from the prediction itself. The measured distance lies on it.",
            until=100, shows={"density": "holds", "minibatch": "holds", "factor-two": "holds"},
        ),
    ),
    Stop(
        "Perhaps any prediction would have done. So the same is computed with half of the noise, with twice the noise, "
        "and without the noise of the examples. Those are the other curves of the distance. They lie far above the "
        "floor: this card would see a factor of two.",
        look=("distance", "factor-two"), shows={"factor-two": "holds"},
        question=Question(
            "Now let the networks see 64 examples at a time instead of one. What will the cloud do?",
            ("Spread further.", "Stay as it is.", "Shrink."), 2,
            "It shrinks: with 64 examples a step hardly depends on luck. The prediction does not know of it, and the "
            "distance rises tenfold: the first card fails. Look at the second card too. It claimed that without this "
            "noise the prediction is wrong; now that very prediction is the right one, and the claim fails with it.",
            {"broken": "no-minibatch-noise"}, 60, {"density": "fails", "minibatch": "fails"},
        ),
    ),
    Stop(
        "Repair it. Every network sees one example again.",
        look=("weights", "density"),
        question=Question(
            "Will the cloud find back to the prediction?",
            ("No: it has lost the memory of where it was.", "Yes, within some sixty steps."), 1,
            "Yes. What the noise makes and what the slope takes away find the same balance from anywhere nearby. That "
            "is what an equilibrium is.",
            {"broken": ""}, 60, {"density": "holds", "minibatch": "holds"},
        ),
    ),
    Stop(
        "Is it always so? The prediction keeps the mean of a step and its spread, and drops everything finer. That is "
        "good as long as steps are small. Now the same start with steps two and a half times as long, γ = .5.",
        {"learning_rate": 0.5}, 0, ("weights", "density"),
        question=Question(
            "Will the prediction still be as good as the dots allow?",
            ("Yes: the noise is known exactly.", "No: it is now visibly off."), 1,
            "No. The distance lies at twice its floor, the first card fails, and so does the one that counts how many "
            "are in each valley. The law is an approximation, and this is where it ends: no switch was needed to "
            "break it, only a longer step.",
            until=200, shows={"density": "fails", "wells": "fails"},
        ),
    ),
))  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: DiffusionParams) -> Mapping[str, str]:
    return {"τ": f"{params.learning_rate:g} per step", "N": "6 neurons"}


EXPERIMENT = Experiment(
    slug="diffusion",
    title="Learning is diffusion",
    group="quantum",
    question="Do networks that learn spread like ink in water, as fast as their data say beforehand?",
    formula=r"\partial_t p=\partial_i(\gamma\,p\,\partial_iU)+\partial_i\partial_j(D_{ij}\,p),\qquad "
    r"D_{ij}=\frac{\gamma^2}{2B}\,C_{ij}+D_0\,\delta_{ij}",
    sources=(SOURCE,),
    by_hand="added noise D0, as minibatch noise is near rank one and lets p collapse below any grid; valleys in the "
    "box. Dropping only the action's first term is diffusion, not Hamilton–Jacobi",
    emergent="the density of networks that learn by their own forward passes; U and D come from data, none is fitted",
    params=DiffusionParams,
    planes=PLANES,
    claims=(DENSITY, MINIBATCH, FACTOR, WELLS, BALANCE),
    presets=(
        Preset("Split at a saddle", "The cloud parts into two valleys, one function; L₁ keeps to its floor.", {}),
        Preset("Large minibatches", "B = 16 leaves little but D0: the curve of D0 alone comes down.", {"batch": 16}),
        Preset("Faultless teacher", "Wrong answers make the noise: with few, the valleys fill more narrowly.",
               {"label_noise": 0.2}),
        Preset("Too fast", "At γ = .5 jumps are not small: L₁ leaves its floor, the valleys fill unlike predicted.",
               {"learning_rate": 0.5}),
        Preset("Out of one valley", "The cloud fills the valley quickly across, slowly along; hardly any leave it.",
               {"start": "valley"}),
    ),
    tours=(NOISE,),
    stride=STRIDE,
    verify_steps=2 * SETTLED * STRIDE,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"replicas": s.q},
    calibrations=("production-fine", "equilibrium", "batches", "fokker-planck", "floor"),
)  # fmt: skip
