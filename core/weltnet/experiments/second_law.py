"""Second law of learning: entropy of the weights relaxes to that of equilibrium, from above or from below.

*Claim.* The total entropy of a network that learns, S_q of its weights and S_x of its hidden neurons, falls until what
noise produces is what learning destroys.                                                      [2004.09280, eq 7.6]
*Derived.* A step q ← q − γ g_B(q) + √(2 D0) ξ has two parts. The mean gradient alone maps q to q − γ∇U(q) and takes
    −⟨ln |det(1 − γ∂∂U)|⟩ = γ⟨∇²U⟩ + ½ γ²⟨tr (∂∂U)²⟩ + …
from S_q, exactly while it folds nothing. Minibatch and added noise put entropy back, more the narrower the ensemble is.
So S_q falls where the ensemble is wide and rises where it is narrow: a law of relaxation, not of decrease.
*Conventions.* Replicas are networks that tell handwritten 3 from 8 (`weltnet.systems.digits`); q are the weights into
and out of one hidden neuron; two valleys are the same function. A broad and a narrow ensemble, normal about q = 0,
learn side by side, and start anew every LAUNCH steps. S_q is measured by smoothing (lines) and by nearest neighbours
(dots, cards); what is produced and destroyed by taking the same step of the same replicas apart (`weltnet.dissection`).
S_q + S_x is the joint entropy of both, S_x = ⟨(n/2)(1 + ln 2πT_x) − ½ ln det G⟩ over the ensemble, T_x that of a bath.
Beside them four layered networks, 64-24-24-10, learn all ten digits with 48 hidden neurons in that bath.
*Put in by hand.* Both starts; D0; a box, with one replica in twenty within .1 of its wall; the bath's T_x.
*What would refute it.* Starts that do not meet; late production outside .85 to 1.1 of destruction. "Entropy falls from
any start" is refuted: of weights it rises from a narrow start, and from a broad one falls below equilibrium first.
S_x at the bath's temperature rises if the layered networks begin with weights of size 1/√n, and falls if with half of
that. Defining T := 2U/n instead makes it fall in any case, which says that the loss falls: it is all in ½ n ln T.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weltnet import bathed, dissection
from weltnet.bathed import COPIES, HIDDEN
from weltnet.dissection import COARSE, GRID, Plain
from weltnet.estimators.contours import contours
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import philox
from weltnet.kernels.ensemble import WALL
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob
from weltnet.verdicts import judge, ratio_with_error

__all__ = ["EXPERIMENT", "SecondLawParams", "SecondLawState"]

Array = NDArray[Any]

DIGITS, DECAY = (3, 8), 0.1
STRIDE, LOOK, COUNT, STATES = 2, 4, 24, 12  # steps: of a frame; between looks by smoothing, by neighbours, at states
LAUNCH, SETTLED, ENOUGH = 600, 300, 40  # steps of a launch, those to equilibrium, and looks there that decide
BROAD, THIN, NARROW = 0, 1, 0.1  # the two ensembles, and σ of the narrow start
SHOWN, SMOOTHED, LEVELS = 400, 0.08, (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)  # barriers
STREAM_START = 0xB0


# -- parameters -------------------------------------------------------------------------------------------------------


class SecondLawParams(Params):
    """How the ensembles begin and learn, and the bath of hidden neurons."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("narrow-start", "the first ensemble begins broad", ("broad",), ("weights", "entropy"), restarts=True,
                 watch="Both ensembles now begin at one point. Nothing else is changed, and the entropy of both rises: "
                 "the law says where it ends, not which way it goes."),
        Saboteur("no-noise", "learning is noisy", ("balance", "relaxation", "any-start"), ("weights", "entropy",
                 "ledger"), watch="Replicas now follow the mean gradient of all samples. Nothing is produced any more: "
                 "entropy falls from any start, without end, and never to equilibrium."),
        Saboteur("own-minibatch", "destruction is measured without noise", ("destruction", "balance"), ("ledger",),
                 watch="Destruction is now measured on steps along each replica's own minibatch. Those scatter as "
                 "well as contract, and the determinant knows only of the contraction."),
        Saboteur("equipartition", "the temperature is the bath's", ("states",), ("states",),
                 watch="The temperature is now read off the loss, T := 2U/n. The entropy of hidden neurons falls by "
                 "dozens of nats, all of it in ½ n ln T: it says that the loss fell."),
    )  # fmt: skip

    learning_rate: float = knob(
        0.25, 0.1, 0.4, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="step along minus the gradient of the loss", equation="q ← q − γ g_B(q) + √(2 D0) ξ",
    )  # fmt: skip
    batch: int = knob(
        1, 1, 32, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step of each replica; minibatch noise falls as 1/B", equation="D = γ² C_B/(2B) + D0",
    )  # fmt: skip
    noise: float = knob(
        0.05, 0.02, 0.2, symbol="T₀", unit="barriers", group="Learning", log=True,
        meaning="added isotropic noise as a temperature in units of the barrier u", equation="D0 = γ T₀ u",
    )  # fmt: skip
    width: float = knob(
        1.2, 0.1, 1.5, symbol="σ₀", group="Start", restarts=True, log=True,
        meaning="spread of the first ensemble's start; the second has .1",
    )  # fmt: skip
    replicas: int = knob(
        6000, 2000, 20_000, symbol="M", group="Start", restarts=True, log=True,
        meaning="networks in each of the two ensembles",
    )  # fmt: skip
    temperature: float = knob(
        0.01, 0.002, 0.1, symbol="T_x", unit="loss", group="Hidden neurons", log=True,
        meaning="temperature of the bath of hidden neurons", equation="S_x = (n/2)(1 + ln 2πT_x) − ½⟨ln det G⟩",
    )  # fmt: skip
    gain: float = knob(
        1.0, 0.3, 1.5, symbol="g₀", group="Hidden neurons", restarts=True,
        meaning="size of the weights with which the layered networks begin, in 1/√inputs",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------

LEDGER = tuple(f"{name}{k}" for k in (BROAD, THIN) for name in ("S", "produced", "destroyed", "formula", "predicted"))
COUNTED = ("which", "S", "states", "destroyed", "formula", "laplacian")
DEEP = tuple(f"{name}{k}" for name in ("C", "H") for k in range(COPIES))


def _rings() -> tuple[Ring, Ring, Ring]:
    """What is remembered: of states two launches, so that one is whole until the next is at equilibrium."""
    rows = ((LEDGER, LAUNCH // LOOK), (COUNTED, 2 * LAUNCH // COUNT), (DEEP, 2 * (LAUNCH // STATES + 1)))
    looks, counts, states = (Ring(("launch", "age", *names), n) for names, n in rows)
    return looks, counts, states


@dataclass(slots=True)
class SecondLawState:
    """q: (2 M, 2), broad and then narrow; mass: (2, n, n), predicted; deep: (COPIES, P), weights; began: (2, 2), S_q
    and −½⟨ln det G⟩ of either ensemble at the start."""

    plain: Plain
    seed: int
    step: int
    setting: tuple[Any, ...] = ()
    launch: int = -1
    age: int = 0
    q: Array = field(default_factory=lambda: np.zeros((0, 2)))
    mass: Array = field(default_factory=lambda: np.zeros((2, COARSE.n, COARSE.n)))
    deep: Array = field(default_factory=lambda: np.zeros((0, 0)))
    began: Array = field(default_factory=lambda: np.zeros((2, 2)))
    looks: Ring = field(default_factory=lambda: _rings()[0])
    counts: Ring = field(default_factory=lambda: _rings()[1])
    states: Ring = field(default_factory=lambda: _rings()[2])

    @property
    def both(self) -> tuple[Array, Array]:
        """The two ensembles, as views."""
        middle = len(self.q) // 2
        return self.q[:middle], self.q[middle:]


def begin(params: SecondLawParams, seed: int, report: Report) -> SecondLawState:
    # The network and its images are part of the apparatus, not of the luck of a run.
    state = SecondLawState(dissection.plain(*DIGITS, DECAY, report=report), seed, 0)
    dissection.carrier(state.plain, params.learning_rate, params.batch, params.noise, LOOK)  # is kept
    _release(state, params)
    return state


def _setting(params: SecondLawParams) -> tuple[Any, ...]:
    broken = params.breaks("no-noise"), params.breaks("own-minibatch")
    return params.learning_rate, params.batch, params.noise, params.temperature, *broken


def _widths(params: SecondLawParams) -> tuple[float, float]:
    return NARROW if params.breaks("narrow-start") else params.width, NARROW


def _release(state: SecondLawState, params: SecondLawParams) -> None:
    """Both ensembles, what is predicted of them, and the layered networks begin anew."""
    state.launch, state.age, state.setting = state.launch + 1, 0, _setting(params)
    z = np.empty((2 * params.replicas, 2))
    philox.normals(z, state.seed, state.launch, STREAM_START)
    z *= np.repeat(_widths(params), params.replicas)[:, None]
    state.q = np.clip(np.where(np.abs(z) > WALL, 2.0 * WALL * np.sign(z) - z, z), -WALL, WALL)
    state.mass = np.stack([dissection.folded(s) for s in _widths(params)])
    state.deep = bathed.begun(params.gain, state.seed, state.launch)
    state.began = np.array([state.plain.level(q) for q in state.both])
    _look_at_states(state)


def step(state: SecondLawState, params: SecondLawParams) -> None:
    if state.setting != _setting(params):
        state.looks, state.counts, state.states = _rings()
        _release(state, params)
    elif state.age >= LAUNCH:
        _release(state, params)
    phase = state.age % COUNT
    if phase in (2, 14):
        _count(state, params, BROAD if phase == 2 else THIN)
    elif phase in (10, 22):
        _look_at_states(state)
    if phase % LOOK == 0:
        _look(state, params)
        carry = dissection.carrier(state.plain, params.learning_rate, params.batch, params.noise, LOOK)
        state.mass = np.stack([(carry @ mass.ravel()).reshape(mass.shape) for mass in state.mass])
    else:
        _learn(state, params, state.step)
    _learn(state, params, state.step + 1)
    bathed.read(state.deep, params.temperature, state.step, state.seed)
    state.step, state.age = state.step + STRIDE, state.age + STRIDE


def _learn(state: SecondLawState, params: SecondLawParams, first: int) -> None:
    """One step of both ensembles, in place."""
    if params.breaks("no-noise"):
        state.q = state.plain.learned(state.q, params.learning_rate)
    else:
        state.plain.learn(state.q, params.learning_rate, params.batch, params.noise, first, state.seed)


def _alone(state: SecondLawState, params: SecondLawParams) -> Array:
    """Where the next step takes all replicas by learning alone."""
    if not params.breaks("own-minibatch"):
        return state.plain.learned(state.q, params.learning_rate)
    q = state.q.copy()
    state.plain.learn(q, params.learning_rate, params.batch, 0.0, state.step, state.seed)
    return q


def _look(state: SecondLawState, params: SecondLawParams) -> None:
    """Take one step of both ensembles apart, and enter what it produced and destroyed."""
    before, alone, middle = state.q.copy(), _alone(state, params), len(state.q) // 2
    rows: dict[str, float] = {}
    _learn(state, params, state.step)
    for k, part in enumerate((slice(middle), slice(middle, None))):
        found = state.plain.apart(before[part], alone[part], state.q[part], params.learning_rate)
        rows |= dict(zip(LEDGER[5 * k : 5 * k + 5], (*found, dissection.expected(state.mass[k])), strict=True))
    state.looks.push(launch=state.launch, age=state.age, **rows)


def _count(state: SecondLawState, params: SecondLawParams, which: int) -> None:
    """Measure one ensemble by its neighbours, before the next step and after learning alone."""
    alone = np.split(_alone(state, params), 2)[which]
    found = state.plain.counted(state.both[which], alone, params.learning_rate)
    state.counts.push(launch=state.launch, age=state.age, **dict(zip(COUNTED, (which, *found), strict=True)))


def _look_at_states(state: SecondLawState) -> None:
    found = np.concatenate(bathed.states(state.deep))
    state.states.push(launch=state.launch, age=state.age, **dict(zip(DEEP, found, strict=True)))


# -- what is seen and what theory says --------------------------------------------------------------------------------

EDGE = GRID.half_width
AGE = Axis("age", 0, LAUNCH, "steps")
PLANES = {
    "weights": Plane("Weights", "narrow start in shades, broad in dots",
                     Axis("q₁", -EDGE, EDGE), Axis("q₂", -EDGE, EDGE), square=True),
    "entropy": Plane("Entropy of weights", "by smoothing; dots by neighbours", AGE, Axis("S_q", -2.5, 3.5, "nat")),
    "ledger": Plane("Ledger", "of the broad start", AGE, Axis("dS", -0.12, 0.12, "nat/step")),
    "states": Plane("Hidden neurons", "48 of them", AGE, Axis("ΔS_x", -75.0, 15.0, "nat")),
}  # fmt: skip


def _now(state: SecondLawState, ring: Ring, name: str) -> Array:
    """What a ring remembers of this launch."""
    return np.asarray(ring[name][ring["launch"] == state.launch])


def _late(ring: Ring, name: str) -> Array:
    """What it remembers of equilibrium, of this launch or the one before."""
    return np.asarray(ring[name][ring["age"] >= SETTLED])


def observe(state: SecondLawState, params: SecondLawParams) -> Mapping[str, Observable]:
    looks, counts, (broad, thin), low = state.looks, state.counts, state.both, -EDGE - GRID.spacing / 2
    p = np.maximum(GRID.smooth(GRID.counts(thin), SMOOTHED), 0.0)
    age, dots = _now(state, looks, "age"), np.column_stack([_now(state, counts, k) for k in ("age", "S")])
    now = {k: _now(state, looks, k) for k in LEDGER}
    apart = abs(float(now["S0"][-1] - now["S1"][-1] if len(age) else np.subtract(*state.began[:, 0])))
    areas = np.stack([now["produced0"], -now["destroyed0"], now["produced0"] - now["destroyed0"]])
    kinds = ("production", "destruction", "net")
    fixed, alone = (x.mean(axis=0) for x in _course(state, params, state.launch))
    equal = fixed + alone
    laplacian, formula = counts["laplacian"].sum(), counts["formula"].sum()
    return {
        "density": Field("weights", np.sqrt(p), (low, low + 2 * EDGE, low, low + 2 * EDGE), (0.0, 1.5), "√p"),
        "loss": _lines(state.plain),
        "replicas": Cloud("weights", broad[:SHOWN], len(broad), "q", kind="replica"),
        "entropy": Series("entropy", age, np.stack([now["S0"], now["S1"]]), ("broad", "narrow")),
        "neighbours": Cloud("entropy", np.clip(dots, -2.5, LAUNCH), len(dots), "S_q"),
        "gap": Scalar(apart, "apart", "nat", plane="entropy"),
        "ledger": Series("ledger", age, np.clip(areas, -0.12, 0.12), kinds, kinds),
        "first-order": Scalar(float(laplacian / formula) if formula else 1.0, "γ⟨∇²U⟩/exact", plane="ledger"),
        "states": Series("states", _now(state, state.states, "age"), np.clip(np.stack([fixed, equal]), -75, 15),
                         ("bath", "T := 2U/n")),
        "share": Scalar(float(alone[-1] / equal[-1]) if equal[-1] else 1.0, "share of ln T", plane="states"),
    }  # fmt: skip


def theory(state: SecondLawState, params: SecondLawParams) -> Mapping[str, Observable]:
    """S_q by Fokker and Planck, what the determinant says is destroyed, and what ln T alone would make of S_x."""
    age = _now(state, state.looks, "age")
    expected = np.stack([_now(state, state.looks, f"predicted{k}") for k in (BROAD, THIN)])
    formula = -_now(state, state.looks, "formula0")
    alone = _course(state, params, state.launch)[1].mean(axis=0)
    return {
        "entropy": Series("entropy", age, expected, ("broad, predicted", "narrow, predicted")),
        "gap": Scalar(0.0, "apart", "nat", plane="entropy"),
        "ledger": Series("ledger", age, np.clip(formula[None], -0.12, 0.12), ("−⟨ln |det|⟩",)),
        "first-order": Scalar(1.0, "γ⟨∇²U⟩/exact", plane="ledger"),
        "states": Series("states", _now(state, state.states, "age"), np.clip(alone[None], -75, 15), ("ln T alone",)),
        "share": Scalar(1.0, "share of ln T", plane="states"),
    }


@lru_cache(maxsize=2)
def _lines(plain: Plain) -> Paths:
    return Paths.of("weights", contours(GRID.axis, plain.height, LEVELS), "contour", static=True)


def _course(state: SecondLawState, params: SecondLawParams, launch: int) -> tuple[Array, Array]:
    """ΔS_x of every copy along a launch: at the bath's temperature, and what T := 2U/n adds; (COPIES, looks) each.

    U = Hmin + nT_x/2 is what the hidden neurons of a bath hold.
    """
    of = state.states["launch"] == launch
    C, H = (np.array([state.states[f"{name}{k}"][of] for k in range(COPIES)]) for name in ("C", "H"))
    T = 2.0 * H / HIDDEN + params.temperature
    return C - C[:, :1], 0.5 * HIDDEN * np.log(T / T[:, :1])


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2004.09280 eq 7.6"
CLAIMS = (
    Claim("relaxation", "Both starts come to one entropy.", SOURCE, "|ΔS|/|ΔS|₀", 0.0, (-0.1, 0.1), "holds",
          "20 seeds: 0 to .003 of the 4.9 nat between the starts. A start in one valley is not tested here."),
    Claim("balance", "Late, noise produces what learning destroys.", SOURCE, "Π/exact", 1.0, (0.85, 1.1), "holds",
          "20 seeds: .906 to .927; smoothing misses 8 % of what is destroyed too. By neighbours .97 to 1.03, 2 seeds."),
    Claim("destruction", "Learning destroys −⟨ln |det|⟩.", "derived", "δS/exact", 1.0, (0.9, 1.1), "holds",
          "20 seeds: .996 to 1.015, median 1.003. At γ = ¼ γ⟨∇²U⟩ alone is a tenth less than the determinant."),
    Claim("broad", "From a broad start the entropy of weights falls.", SOURCE, "ΔS_q", -0.85, (-10.0, 0.0), "holds",
          "20 seeds: −.88 to −.82; it goes .4 below equilibrium first, and rises again.", "nat"),
    Claim("any-start", "Total entropy falls from any start.", SOURCE, "max ΔS", 0.0, (-20.0, 0.0), "fails",
          "20 seeds: from the narrow start it rises by 3.86 to 3.93, of which S_x of these networks is −.14.", "nat"),
    Claim("states", "In a bath, the entropy of hidden neurons falls.", SOURCE, "ΔS_x", 0.0, (-100.0, 0.0), "fails",
          "20 seeds: it rises by 1.1 to 1.6; with g₀ = ½ it falls by .5 to .8. At T := 2U/n it falls by 39 to 45, 1.03 "
          "to 1.04 times of which is ½ n ln T: circular, as U falls.", "nat"),
)  # fmt: skip
RELAXATION, BALANCE, DESTRUCTION, FALLS, ANY, STATE = CLAIMS


def _levels(state: SecondLawState) -> Array:
    """(2, 4): of either ensemble at equilibrium S_q, its 95 % half-width, and the change of S_q and of S_q + S_x."""
    which, out = _late(state.counts, "which"), []
    for k in (BROAD, THIN):
        S, C = (_late(state.counts, name)[which == k] for name in ("S", "states"))
        if len(S) < 2:
            return np.array([[0.0, math.inf, 0.0, 0.0]] * 2)
        error, grown = 1.96 * S.std(ddof=1) * math.sqrt(1.0 / len(S) + 1.0), S.mean() - state.began[k, 0]
        out.append((S.mean(), error, grown, grown + C.mean() - state.began[k, 1]))
    return np.array(out)


def verdict(state: SecondLawState, params: SecondLawParams) -> tuple[Verdict, ...]:
    late, counts, passed = _levels(state), state.counts, f"{state.step} have passed."
    apart = max(abs(float(np.subtract(*state.began[:, 0]))), 1e-9)
    gap, unsure = abs(late[BROAD, 0] - late[THIN, 0]) / apart, float(np.hypot(*late[:, 1])) / apart
    made, gone = (sum(_late(state.looks, f"{name}{k}") for k in (BROAD, THIN)) for name in ("produced", "formula"))
    ratio, spread = ratio_with_error(made, gone)
    exact, wide = ratio_with_error(counts["destroyed"], counts["formula"])
    first = float(counts["laplacian"].sum() / counts["formula"].sum()) if len(counts) else 1.0
    worse = int(late[:, 3].argmax())
    few = np.size(made) < ENOUGH
    waiting = f"Decided from {SETTLED + ENOUGH * LOOK} steps of a launch on; {passed}" if few else ""
    slow = f"γ = {params.learning_rate:g} does not settle in {SETTLED} steps." if params.learning_rate < 0.2 else ""
    flat = counts["S"].min(initial=0.0) < -3.0
    (fixed, alone), equal = _changes(state, params), params.breaks("equipartition")
    change, error = mean_over_copies(fixed + alone if equal else fixed)
    return (
        judge(
            RELAXATION, gap, unsure, "Between broad and narrow, in units of the start; the null is that of the start.",
            null=1.0, outside="Both ensembles begin alike." if apart < 0.5 else slow, waiting=waiting,
        ),
        judge(
            BALANCE, ratio, spread, "Of both starts, by smoothing, which loses 8 %; the null is no noise.",
            null=0.0, waiting=waiting, outside=slow,
        ),
        judge(
            DESTRUCTION, exact, wide, "By neighbours; γ⟨∇²U⟩ alone is the null.",
            null=first, waiting="" if len(counts) >= 20 else f"{10 * COUNT} steps are needed; {passed}",
            outside="These replicas lie on lines, on which neighbours see no width." if flat else "",
        ),
        judge(
            FALLS, late[BROAD, 2], late[BROAD, 1], "Late less start, by neighbours; the null is the narrow start.",
            null=late[THIN, 2], waiting=waiting,
        ),
        judge(
            ANY, late[worse, 3], late[worse, 1], "S_q + S_x, the larger change of two starts; the null is the other.",
            null=late[1 - worse, 3], waiting=waiting,
        ),
        judge(
            STATE, change, error, "Four layered networks; the null is what they make of T := 2U/n.",
            null=float((fixed if equal else fixed + alone).mean()), waiting=waiting,
        ),
    )  # fmt: skip


def _changes(state: SecondLawState, params: SecondLawParams) -> tuple[Array, Array]:
    """ΔS_x of every copy at equilibrium: at the bath's temperature, and what T := 2U/n adds; (COPIES,) each."""
    launches, ages = state.states["launch"], state.states["age"]
    if not (ages >= SETTLED).any():
        return np.zeros(COPIES), np.zeros(COPIES)
    last = int(launches[ages >= SETTLED][-1])
    late = ages[launches == last] >= SETTLED
    fixed, alone = _course(state, params, last)
    return fixed[:, late].mean(axis=1), alone[:, late].mean(axis=1)


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: SecondLawParams) -> Mapping[str, str]:
    return {"n": f"{HIDDEN} hidden neurons", "τ": f"{params.learning_rate * LAUNCH:.0f} γ·steps a launch"}


EXPERIMENT = Experiment(
    slug="second-law",
    title="Second law of learning",
    group="learning",
    question="Must the entropy of networks that learn fall?",
    formula=r"\dot S_q=\underbrace{\dot S_{\rm noise}}_{\rm produced}-\underbrace{\left(-\langle\ln|\det("
    r"1-\gamma\,\partial\partial U)|\rangle\right)}_{\rm destroyed}\;\to\;0",
    sources=(SOURCE, "derived"),
    by_hand="both starts; added noise D0; a box whose wall reflects; the bath’s temperature",
    emergent="entropy, and what is made and destroyed of it, in networks that learn digits by SGD",
    params=SecondLawParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("From above and from below", "One entropy falls, the other rises, and both come to the same line.", {}),
        Preset("Both narrow", "Nothing but the start is changed, and no entropy falls.", {"broken": "narrow-start"}),
        Preset("Hot", "With four times the noise equilibrium lies higher: the broad start hardly has to fall.",
               {"noise": 0.2}),
        Preset("Large minibatches", "B = 32: only added noise produces; both still meet, lower down.", {"batch": 32}),
        Preset("Small weights", "Layered networks that begin with half the weights: S_x of the bath now falls.",
               {"gain": 0.5}),
        Preset("No noise at all", "Only now does entropy fall from both starts, and it never stops.",
               {"broken": "no-noise"}),
    ),
    stride=STRIDE,
    verify_steps=LAUNCH,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"replicas": s.both[BROAD]},
    calibrations=(
        "entropy-gaussian", "entropy-mixture", "neighbours-gaussian", "neighbours-mixture", "kicked", "contraction",
        "batches", "over-copies",
    ),
)  # fmt: skip
