"""Bulk and boundary: can a deep network of short links and one dense layer be the same, and in both directions?

Claim.   A deep sparse network (the bulk, where gravity is) and a shallow dense one (its boundary) are dual: the same
         map M and the same two-point functions ⟨y yᵀ⟩ = M Mᵀ of neurons driven by white noise.       [2008.01540 §10]

             boundary: y = M x, M dense      bulk: x_{l+1} = A_l x_l, l = 1 … L, links of A_l no longer than r = 1

Conventions.   n = 16 neurons on a ring in every layer. The bulk learns M from where every neuron copies the one below,
         by 60 steps of Levenberg and Marquardt; then another of the next depth is born. Errors are Frobenius norms over
         that of M, or of M Mᵀ. A bulk of L layers carries nothing further than L neurons, so that its error is at least
         the share of M that lies beyond: its *light cone*. M is 1/(1 + d) with d the distance on the ring, or normal.
         Back: a bulk of 8 layers with f = tanh, balanced (each of norm 1.15), teaches one dense layer with f = tanh by
         its answers to 400 inputs of amplitude a; errors are those on 400 others.

Put in by hand.   M, which is not learned; that links are short; the ring. The bulk learns with all of its weights at
         once, and linear. What is emergent is which weights the layers find, and how deep they must be.

What would refute it.   A bulk better than its light cone, or one that stays far above it: `cone`. A bulk deeper than
         n/2 that does not come to M. That *any* boundary has a bulk of that depth is refuted by a random one, and
         that any bulk has a boundary, by large inputs: one dense layer bends but once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels.philox import normals
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems import bulk
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "DualityParams", "DualityState"]

Array = NDArray[Any]

SITES, ROUNDS = 16, 60  # neurons in a layer; steps from birth to birth
LADDER, DEEPEST = (2, 4, 8, 12), 16
SHALLOW, DEEP, CUT = 4, 12, 4  # depths at which claims are judged; what a saboteur leaves
LAYERS, NORM, MIXED, INPUTS, RATE = 8, 1.15, 0.4, 400, 0.5  # of the bulk that teaches
AMPLITUDES = (0.03, 0.1, 0.3, 0.6, 1.0, 2.0)
SMALL, LARGE, LOUD = 1, 5, 20.0  # indices of amplitudes; by what a saboteur multiplies them
DAMPING, LONG = 0.1, 3
KEPT, ENOUGH, FAINT = 60, 5, 1e-3
STREAM_BULK, STREAM_BOUNDARY, STREAM_TEACHER, STREAM_INPUT = 51, 52, 53, 54
RESULTS = ("depth", "map", "two", "cone", *(f"back{i}" for i in range(len(AMPLITUDES))))
PLACES = np.arange(SITES) - SITES // 2


# -- parameters -------------------------------------------------------------------------------------------------------


class DualityParams(Params):
    """The boundary, and how deep the bulk that learns it is."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("cut-depth", "a bulk is deeper than half the ring", ("deep", "two-point"),
                 ("signal", "seen", "depths"), watch="No bulk has more than four layers now. Its light cone does not "
                 "close, and what is far on the boundary stays unseen, however long it learns."),
        Saboteur("long-links", "links of the bulk reach the next neuron only", ("cone",),
                 ("signal", "depths"), watch="Links are three neurons long. Signals outrun the light cone, and the "
                 "error falls below what it allows."),
        Saboteur("loud", "inputs are small", ("shallow",), ("back",),
                 watch="All inputs are twenty times louder. The deep network bends at every layer, the dense one once: "
                 "they are no longer the same."),
    )  # fmt: skip

    boundary: Literal["power-law", "random"] = choice(
        "power-law", symbol="M", group="Boundary",
        meaning="weights of the dense layer: 1/(1 + distance), or normal, drawn anew at every birth",
    )  # fmt: skip
    depths: Literal["all", "one"] = choice(
        "all", symbol="L", group="Bulk",
        meaning="whether one depth after another learns, or always the same",
    )  # fmt: skip
    depth: int = knob(
        8, 1, DEEPEST, symbol="L₁", unit="layers", group="Bulk",
        meaning="layers of the bulk where one depth learns alone; each turn begins anew",
    )  # fmt: skip

    @property
    def ladder(self) -> tuple[int, ...]:
        """Depths that learn, one after another."""
        return LADDER if self.depths == "all" else (self.depth,)

    @property
    def reach(self) -> int:
        """How far links go."""
        return LONG if self.breaks("long-links") else 1

    @property
    def loudness(self) -> float:
        return LOUD if self.breaks("loud") else 1.0

    def built(self, depth: int) -> int:
        """Layers of a bulk that should have so many."""
        return min(depth, CUT) if self.breaks("cut-depth") else depth


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class DualityState:
    """layers: (L, n, 2r + 1) of the bulk; W: (amplitudes, n, n) dense layers that are taught; trace: (ROUNDS + 1,)."""

    seed: int
    step: int
    setting: tuple[Any, ...] = ()
    launches: int = 0
    age: int = 0
    depth: int = 0
    damping: float = DAMPING
    layers: Array = field(default_factory=lambda: np.zeros((0, SITES, 3)))
    W: Array = field(default_factory=lambda: np.zeros((len(AMPLITUDES), SITES, SITES)))
    trace: Array = field(default_factory=lambda: np.zeros(ROUNDS + 1))
    ended: Ring = field(default_factory=lambda: Ring(RESULTS, KEPT))


def begin(params: DualityParams, seed: int, report: Report) -> DualityState:
    state = DualityState(seed, 0)
    _born(state, params)
    return state


def _setting(params: DualityParams) -> tuple[Any, ...]:
    return (params.boundary, params.depths, params.depth if params.depths == "one" else 0, params.broken)


def _born(state: DualityState, params: DualityParams) -> None:
    """A bulk that has not learned, and dense layers that have not."""
    if state.setting != _setting(params):
        state.setting, state.ended.count = _setting(params), 0
    state.depth = params.ladder[state.launches % len(params.ladder)]
    state.launches, state.age, state.damping = state.launches + 1, 0, DAMPING
    state.layers = bulk.born(state.seed, state.launches, STREAM_BULK, params.built(state.depth), SITES, params.reach)
    state.W[:] = np.eye(SITES)
    state.trace[:] = _error(bulk.carried(state.layers)[-1], boundary(params.boundary, state.seed, state.launches))


def step(state: DualityState, params: DualityParams) -> None:
    if state.age >= ROUNDS or state.setting != _setting(params):
        _born(state, params)
    M = boundary(params.boundary, state.seed, state.launches)
    state.layers, state.damping, left = bulk.improve(state.layers, M, state.damping)
    x, y = lesson(state.seed, state.launches, params.loudness)[:2]
    state.W = bulk.taught(state.W, x, y, RATE)
    state.step, state.age = state.step + 1, state.age + 1
    state.trace[state.age :] = math.sqrt(left / float((M**2).sum()))
    if state.age >= ROUNDS:
        made = bulk.carried(state.layers)[-1]
        back = {f"back{i}": e for i, e in enumerate(_back(state, params))}
        state.ended.push(depth=state.depth, map=_error(made, M), two=_error(made @ made.T, M @ M.T),
                         cone=bulk.cone(M, state.depth), **back)  # fmt: skip


def _error(made: Array, M: Array) -> float:
    return math.sqrt(float(((made - M) ** 2).sum() / (M**2).sum()))


def _back(state: DualityState, params: DualityParams, count: int = len(AMPLITUDES)) -> Array:
    """Error of the dense layers on inputs they have not seen, at the first `count` amplitudes."""
    x, y = (part[:count] for part in lesson(state.seed, state.launches, params.loudness)[2:])
    off = ((bulk.read(state.W[:count], x) - y) ** 2).sum(axis=(1, 2)) / (y**2).sum(axis=(1, 2))
    out: Array = np.sqrt(off)
    return out


@lru_cache(maxsize=8)
def boundary(kind: str, seed: int, launch: int) -> Array:
    """M: (n, n), of norm 1."""
    if kind == "power-law":
        M = 1.0 / (1.0 + bulk.distances(SITES))
    else:
        M = np.empty((SITES, SITES))
        normals(M, seed, launch, STREAM_BOUNDARY)
    out: Array = M / np.linalg.norm(M, 2)
    out.setflags(write=False)
    return out


@lru_cache(maxsize=4)
def lesson(seed: int, launch: int, loudness: float) -> tuple[Array, Array, Array, Array]:
    """Inputs and the deep network's answers, to learn from and to be tested on: (amplitudes, INPUTS, n) each."""
    layers = bulk.born(seed, launch, STREAM_TEACHER, LAYERS, SITES, scatter=MIXED)
    layers *= NORM / np.linalg.norm(bulk.dense(layers), 2, axis=(1, 2))[:, None, None]
    z = np.empty((2 * INPUTS, SITES))
    normals(z, seed, launch, STREAM_INPUT)
    x = loudness * np.array(AMPLITUDES)[:, None, None] * z
    y = bulk.deep(layers, x)
    return x[:, :INPUTS], y[:, :INPUTS], x[:, INPUTS:], y[:, INPUTS:]


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "signal": Plane("A pulse in the bulk", "layer by layer", Axis("s", -8.5, 7.5), Axis("l", -0.5, DEEPEST + 0.5)),
    "seen": Plane("Seen on the boundary", "answer to one pulse", Axis("s", -8, 7), Axis("y", -0.2, 0.5)),
    "depths": Plane("Deeper", "error of the map; light cone", Axis("L", 0, DEEPEST, "layers"), Axis("log₁₀ e", -3, 0),
                    empty=f"The first answer comes after {ROUNDS} steps."),
    "learning": Plane("This bulk learns", "error of the map", Axis("age", 0, ROUNDS, "steps"),
                      Axis("log₁₀ e", -3, 0.5)),
    "back": Plane("Back to the boundary", "dense for deep tanh", Axis("log₁₀ a", -1.6, 1.7), Axis("log₁₀ e", -4, 0.2)),
}  # fmt: skip


def _log(x: Any, least: float = FAINT) -> Array:
    out: Array = np.log10(np.maximum(x, least))
    return out


def _pulse(M: Array) -> Array:
    """Answer of all neurons to a pulse at the middle one: (..., n)."""
    return M[..., :, SITES // 2]


def _by_depth(state: DualityState, name: str) -> tuple[Array, list[Array]]:
    """Depths of the launches that ended, and what each of them gave."""
    depths, values = state.ended["depth"], state.ended[name]
    kinds = np.unique(depths)
    return kinds, [values[depths == d] for d in kinds]


def observe(state: DualityState, params: DualityParams) -> Mapping[str, Observable]:
    carried, built = bulk.carried(state.layers), float(len(state.layers))
    shown = np.ascontiguousarray(_log(np.abs(_pulse(carried))).T)
    here = float(state.trace[state.age])
    kinds, errors = _by_depth(state, "map") if len(state.ended) else (np.array([built]), [np.array([here])])
    age = np.arange(state.age + 1.0)
    x, back = np.log10(np.array(AMPLITUDES) * params.loudness), _back(state, params)
    edge = np.array([[0.0, 0.0], [min(7.5, state.depth), min(7.5, state.depth)]])
    return {
        "depths": Series("depths", kinds, _log([e.mean() for e in errors])[None], ("bulk",)),
        "launch": Cloud("depths", np.array([[built, _log(here)]]), 1, "e", role="tracer", kind="launch"),
        "edges": Paths.of("signal", [edge * [-1.0, 1.0], edge * [1.0, 1.0]], "geodesic"),
        "signal": Field("signal", shown, (-8.5, 7.5, -0.5, built + 0.5), (-3.0, 0.0), "log₁₀|y|"),
        "seen": Series("seen", PLACES, _pulse(carried[-1])[None], ("bulk",)),
        "learning": Series("learning", age, _log(state.trace[: state.age + 1])[None], ("bulk",)),
        "back": Series("back", x, _log(back, 1e-4)[None], ("dense",)),
        "depth": Scalar(built, "L", "layers", plane="signal"),
        "map": Scalar(here, "e", plane="learning"),
        "weights": Scalar(state.layers.size / SITES**2, "weights, bulk/boundary", plane="depths"),
        "small": Scalar(float(back[SMALL]), "e(.1)", plane="back"),
    }


def theory(state: DualityState, params: DualityParams) -> Mapping[str, Observable]:
    """The boundary's own answer; the error that the light cone allows; e ∝ a², from the smallest amplitude."""
    M = boundary(params.boundary, state.seed, state.launches)
    bound = np.array([bulk.cone(M, d) for d in range(SITES // 2 + 1)])
    depth = np.arange(SITES // 2 + 1.0)
    here = np.full(2, bulk.cone(M, state.depth))
    x = np.log10(np.array(AMPLITUDES) * params.loudness)
    return {
        "depths": Series("depths", depth, _log(bound)[None], ("light cone",)),
        "seen": Series("seen", PLACES, _pulse(M)[None], ("boundary",)),
        "learning": Series("learning", np.array([0.0, ROUNDS]), _log(here)[None], ("light cone",)),
        "back": Series("back", x, (_log(_back(state, params, 1), 1e-4) + 2.0 * (x - x[0]))[None], ("a²",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2008.01540 §10"
CLAIMS = (
    Claim("cone", "Shallower, a bulk misses what is outside its cone.", SOURCE, "e over cone", 0.0, (-0.01, 0.05),
          "holds", "20 seeds: .009 to .013 at L = 4, where e_c is .26.", at={"depths": "one", "depth": SHALLOW}),
    Claim("deep", "Deeper than n/2, it is the boundary.", SOURCE, "e", 0.0, (0.0, 0.03), "holds",
          "20 seeds: .014 to .021 at L = 12, after 60 steps; it falls on.",
          at={"depths": "one", "depth": DEEP}),
    Claim("two-point", "Its two-point functions are the boundary's.", SOURCE, "e₂", 0.0, (0.0, 0.03), "holds",
          "20 seeds: .005 to .009 at L = 12.", at={"depths": "one", "depth": DEEP}),
    Claim("any", "So it is for a random boundary.", SOURCE, "e", 0.0, (0.0, 0.03), "fails",
          "20 seeds: .17 to .20 at L = 12; it falls slowly, to .03 to .11 in 100 steps (seeds 0 to 2).",
          at={"depths": "one", "depth": DEEP, "boundary": "random"}),
    Claim("shallow", "One dense layer is a deep network, for small inputs.", SOURCE, "e(a = .1)", 0.0, (0.0, 0.03),
          "holds", "Seeds 100 to 103: .009 to .014; .016 to .023 if what teaches is .2, not .4, from copying."),
    Claim("large", "And for large ones.", SOURCE, "e(a = 2)", 0.0, (0.0, 0.03), "fails",
          "Seeds 100 to 103: .38 to .41: one layer bends but once."),
)  # fmt: skip


def verdict(state: DualityState, params: DualityParams) -> tuple[Verdict, ...]:
    """One verdict per claim from all bulks that have learned since a knob was turned."""
    depths, random = state.ended["depth"], params.boundary == "random"
    at = {d: depths == d for d in (SHALLOW, DEEP)}
    e, two, off = state.ended["map"], state.ended["two"], state.ended["map"] - state.ended["cone"]
    plain = "The boundary is random here: see the fourth claim." if random else ""
    drawn = "" if random else "The boundary is not random here."
    missing = {d: "" if d in params.ladder else f"No bulk of {d} layers learns here." for d in at}
    rows = (
        (off[at[SHALLOW]], missing[SHALLOW]), (e[at[DEEP]], missing[DEEP] or plain),
        (two[at[DEEP]], missing[DEEP] or plain), (e[at[DEEP]], missing[DEEP] or drawn),
        (state.ended[f"back{SMALL}"], ""), (state.ended[f"back{LARGE}"], ""),
    )  # fmt: skip
    found = []
    for claim, (numbers, outside) in zip(CLAIMS, rows, strict=True):
        value, error = mean_over_copies(numbers) if len(numbers) > 1 else (claim.predicted, 0.0)
        waiting = f"Needs {ENOUGH} that have learned; {len(numbers)} have." if len(numbers) < ENOUGH else ""
        found.append(judge(
            claim, value, error, f"Mean of {len(numbers)} that have learned for {ROUNDS} steps.", outside=outside,
            waiting="" if outside else waiting,
        ))  # fmt: skip
    return tuple(found)


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: DualityParams) -> Mapping[str, str]:
    return {"n": f"{SITES} neurons in a layer", "n/2": f"{SITES // 2} layers to see all"}


EXPERIMENT = Experiment(
    slug="duality",
    title="Bulk and boundary",
    group="space-time",
    question="Are a deep network of short links and one dense layer two descriptions of the same thing?",
    formula=r"A_L\cdots A_2A_1=M,\qquad \langle yy^{T}\rangle=MM^{T},\qquad e\ge\frac{|M|_{d>L}}{|M|}",
    sources=(SOURCE,),
    by_hand="the boundary; the ring and the length of links; the bulk that learns is linear, that which teaches tanh",
    emergent="weights of the bulk, the depth it needs; how small inputs must be for one dense layer to do as well",
    params=DualityParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("One depth after another", "From eight layers on the cone closes, and the error falls.", {}),
        Preset("Too shallow", "Four layers: the ink stops where the light cone does.", {"depths": "one", "depth": 4}),
        Preset("Just deep enough", "Eight layers just touch the far side: the error falls slowly.",
               {"depths": "one", "depth": 8}),
        Preset("Deep", "Twelve layers: ink lies on the ghost, to a per cent.", {"depths": "one", "depth": 12}),
        Preset("A random boundary", "Nothing is near or far on it: even twelve layers miss a fifth.",
               {"boundary": "random"}),
    ),
    stride=1,
    verify_steps=10 * ROUNDS,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    calibrations=("over-copies",),
)  # fmt: skip
