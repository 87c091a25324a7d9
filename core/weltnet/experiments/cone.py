"""Light cones: copies of a network that leave the future of the event at which they were launched.

*Claim.* Entropy production against learning makes a light cone. In ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt),
h = C⁻¹, a path is timelike where the surprisal that its noise must supply, ½|Ẋ − v|²_h, is below ½S, half the entropy
that learning destroys meanwhile. Of copies launched at one event, where the flow contracts at the rate λ,

    exp(−(S/λ) tanh(λt/2))   are outside its future at age t: S/λ is how sharp causality is.   [2111.00903 §6, derived]

*Conventions.* X are the means of the two halves of the network, t counts its ticks; v and C are drift and noise per
tick, measured on other copies of the same network before a launch; the future is bounded by light, null geodesics of
that metric, and the copies that are then launched had no part in it. λ and ω are told by the weights alone.
*Put in by hand.* The lapse S is one global number, a definition: any S gives a cone, and the knob S/λ sets one. The
other cone is that of the S that is measured from learning, γ⟨∇²U⟩ in nats per step, one tick per step; it counts two
directions of weight space out of N². The linear network is written by hand: X is closed, v and C are exact.
*What would refute it.* Another share outside on a linear network than the formula's; on a trained one, a share that is
off by a tenth. One reading *is* refuted: the S of learning at ordinary rates leaves far more than 5 % outside.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet import knobs, learning, states
from weltnet.estimators.entropy import destruction
from weltnet.estimators.futures import Future, future
from weltnet.estimators.generator import Basis, Moments, fit
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.observables import Axis, Cloud, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob, region
from weltnet.systems.networks import lift
from weltnet.theory import spacetimes
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "ConeParams", "ConeState"]

Array = NDArray[Any]

STRIDE, LIFE, RAYS = 2, 60, 32
BASIS = Basis(5, 0.7)
PROBES, REACH, SURVEY = 1024, 1.0, 40  # other copies, where they are launched, ticks before a first cone
NEURONS, MOST = 131_072, 16_384  # neurons a tick may move; copies at most
REPLICAS, SPREAD, WINDOW = 1000, 0.3, 100
LADDER = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])  # S/λ
CONES = 2 + len(LADDER)
KEPT, TRACKS, SHOWN = 24, 24, 400
NEAR, SLOWEST, CAUSAL = 0.05, 0.005, 0.05
DRAWN, LEARNED, LADDERED = 0, 1, slice(2, None)
PROBING, FLYING = 0x11 << 32, 0x2A << 32
"""Laid over the seed: probes and copies have noise of their own."""


# -- parameters -------------------------------------------------------------------------------------------------------


class ConeParams(Params):
    """The network, the cone that is drawn, and how the weights learn."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("wrong-noise", "h is the inverse of the noise that acts", ("linear", "trained"), ("space", "leak"),
                 watch="The metric is now made with twice the noise that was measured. Its cones are too wide, and "
                 "fewer copies leave them than the formula says."),
        Saboteur("no-learning", "learning destroys entropy", ("linear", "trained"), ("space", "diagram", "leak"),
                 watch="S is now 0: nothing is destroyed, so no surprisal is paid for. Every cone closes to a line and "
                 "all copies are outside."),
        Saboteur("shuffled-increments", "each step belongs to the state it started from", ("linear", "trained"),
                 ("space", "diagram", "leak"),
                 watch="The metric is now measured with every step booked to another state. Its drift is gone, so that "
                 "light runs on where copies are pulled back."),
    )  # fmt: skip

    network: Literal["trained", "linear"] = knobs.NETWORK
    neurons_per_half: int = knobs.NEURONS_PER_HALF
    contraction: float = knobs.CONTRACTION
    activation_noise: float = knobs.ACTIVATION_NOISE
    sharpness: float = knob(
        4.0, 0.1, 8.0, symbol="S/λ", group="Cone", log=True,
        meaning="lapse of the cone that is drawn, over the rate of contraction; any gives a cone",
        equation="share outside → e^(−S/λ)",
    )  # fmt: skip
    place: tuple[float, float, float, float] | None = region(
        -0.45, 0.45, plane="space", symbol="X₀", group="Cone",
        meaning="the event at which copies are launched: a tap; nothing means the centre",
    )  # fmt: skip
    learning_rate: float = knobs.LEARNING_RATE
    batch: int = knobs.BATCH

    @property
    def start(self) -> Array:
        """X₀: (2,)."""
        x0, y0, x1, y1 = self.place or (0.0, 0.0, 0.0, 0.0)
        return np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1)])

    @property
    def dial(self) -> learning.Dial:
        """Plain stochastic descent, with a little noise added."""
        return learning.Dial(0.5, 1.5, self.learning_rate, self.batch, 0.05)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ConeState:
    """Copies of a launch, the probes that measure the metric, the replicas that learn, and the cones.

    told: λ and ω from the weights alone; measured: λ, ω and closure at X₀; future: cones of this launch, made before
    it: the one drawn, that of learning, and a ladder; share: (cones, LIFE + 1) outside so far, shares: in those ended.
    """

    seed: int
    step: int
    specimen: states.Specimen
    replicas: learning.Ensemble
    probes: Array
    moments: Moments
    copies: Array
    setting: tuple[Any, ...] = ()
    ticks: int = 1
    age: int = 0
    launches: int = 0
    bend: Ring = field(default_factory=lambda: Ring(("laplacian",), WINDOW))
    X: Array = field(default_factory=lambda: np.zeros((0, 2)))
    tracks: Array = field(default_factory=lambda: np.zeros((LIFE + 1, TRACKS, 2)))
    told: Array = field(default_factory=lambda: np.zeros(2))
    measured: Array = field(default_factory=lambda: np.zeros(3))
    future: Future | None = None
    share: Array = field(default_factory=lambda: np.zeros((CONES, LIFE + 1)))
    shares: Array = field(default_factory=lambda: np.zeros((KEPT, CONES, LIFE + 1)))


def begin(params: ConeParams, seed: int, report: Report) -> ConeState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    n = 2 * params.neurons_per_half
    specimen = states.specimen(params.network, n, params.contraction, learning.GRID.n, report)
    state = ConeState(
        seed, 0, specimen, learning.begin(REPLICAS, seed, specimen.here, SPREAD, params.dial.regime),
        np.zeros((PROBES, n), np.float32), Moments(BASIS), np.zeros((min(NEURONS // n, MOST), n), np.float32),
    )  # fmt: skip
    _learn(state, params, 0)
    _anew(state, params)
    return state


def _setting(params: ConeParams) -> tuple[Any, ...]:
    learned = (params.learning_rate, params.batch)
    return (params.activation_noise, params.broken, params.sharpness, params.place, *learned)


def _anew(state: ConeState, params: ConeParams) -> None:
    """Forget all launches; measure the metric afresh if its noise is another; launch."""
    if state.setting[:2] != _setting(params)[:2]:
        state.moments.reset()
        _survey(state, params, SURVEY)
        state.told = state.specimen.told(params.activation_noise, REACH)
    state.setting, state.launches = _setting(params), 0
    _launch(state, params)


def step(state: ConeState, params: ConeParams) -> None:
    _learn(state, params, STRIDE)
    if state.setting != _setting(params):
        _anew(state, params)
    elif state.age >= LIFE:
        state.shares[state.launches % KEPT], state.launches = state.share, state.launches + 1
        _launch(state, params)
    _survey(state, params, STRIDE)
    _fly(state, params)
    state.step += STRIDE


def _learn(state: ConeState, params: ConeParams, steps: int) -> None:
    """Let the replicas learn, and enter ⟨∇²U⟩."""
    world = state.specimen.world
    if world is None:
        return
    learning.advance(state.replicas, world, params.dial, state.seed, state.step, steps)
    state.bend.push(laplacian=destruction(learning.GRID, state.replicas.q, 1.0, world.laplacian))


def _survey(state: ConeState, params: ConeParams, ticks: int) -> None:
    """Let the probes live, in bursts from all over the square, and enter what they did."""
    states.survey(
        state.specimen, state.probes, state.moments, seed=state.seed ^ PROBING, tick=state.ticks, ticks=ticks,
        reach=REACH, noise=params.activation_noise, shuffled=params.breaks("shuffled-increments"),
    )  # fmt: skip
    state.ticks += ticks


def _launch(state: ConeState, params: ConeParams) -> None:
    """Make the cones of the event X₀ from the metric as measured so far; then put all copies there."""
    start, generator = params.start, fit(state.moments)
    if params.breaks("wrong-noise"):
        generator = replace(generator, noise=2.0 * generator.noise)
    S = np.array([params.sharpness * _rate(state), _learned(state, params), *(LADDER * _rate(state))])
    state.future = future(generator, 0.0 * S if params.breaks("no-learning") else S, start, LIFE, RAYS)
    slope = generator.gradient(start)
    state.measured = np.array([-0.5 * np.trace(slope), 0.5 * (slope[1, 0] - slope[0, 1]), generator.closure[0]])
    state.copies[:] = lift(state.specimen.network, start)
    state.X = np.repeat(start[None], len(state.copies), axis=0)
    state.tracks[:] = start
    # At the launch itself the cone is a point: the limit of what follows.
    state.share[:], state.age = 0.0, 0
    state.share[:, 0] = 1.0


def _rate(state: ConeState) -> float:
    """λ, as the weights alone tell it."""
    return max(float(state.told[0]), SLOWEST)


def _learned(state: ConeState, params: ConeParams) -> float:
    """S = γ⟨∇²U⟩ over the last steps."""
    return params.learning_rate * float(state.bend["laplacian"].mean()) if len(state.bend) else 0.0


def _fly(state: ConeState, params: ConeParams) -> None:
    """STRIDE ticks of the copies, and how many of them are outside."""
    # The tick counts from 1 and a burst never ends, so that nobody is launched but by _launch.
    after = state.specimen.run(
        state.copies, seed=state.seed ^ FLYING, tick=state.ticks, ticks=STRIDE, life=2**30,
        noise=params.activation_noise,
    )[2].astype(float)  # fmt: skip
    for X in after:
        state.age += 1
        state.tracks[state.age :] = X[:TRACKS]
        state.share[:, state.age] = _cones(state).outside(state.age, X).mean(axis=1)
    state.X = after[-1]


def _cones(state: ConeState) -> Future:
    if state.future is None:
        raise RuntimeError("No copies were launched; allowed: a state made by begin (which launches them)")
    return state.future


# -- what is seen -----------------------------------------------------------------------------------------------------

AGES, NAMES = np.arange(LIFE + 1.0), ("S set", "S of learning")
PLANES = {
    "space": Plane("Future of an event", "copies, light, light by learning's S (thin)",
                   Axis("X¹", -0.45, 0.45), Axis("X²", -0.45, 0.45), square=True),
    "diagram": Plane("Space-time", "world lines, light, light by learning's S (thin)",
                     Axis("X¹", -0.45, 0.45), Axis("t", 0, LIFE, "ticks")),
    "leak": Plane("Outside the future", "share of copies, against age",
                  Axis("t", 0, LIFE, "ticks"), Axis("P", 0, 1.02)),
    "sharp": Plane("Sharpness of causality", f"share outside after {LIFE} ticks; ring: learning's S; line: 5 %",
                   Axis("S/λ", 0, 12), Axis("P", 0, 1.02), empty=f"The first answer comes after {LIFE} ticks."),
}  # fmt: skip


def observe(state: ConeState, params: ConeParams) -> Mapping[str, Observable]:
    age, over, cones = state.age, _over(state), _cones(state)
    share = state.shares[:over].mean(axis=0) if over else state.share
    upto, drawn = LIFE if over else age, 1 if state.specimen.world is None else 2
    edges = [_edges(cones.rims[k, : age + 1, :, 0]) for k in (DRAWN, LEARNED)]
    seen: dict[str, Observable] = {
        "copies": Cloud("space", state.X[:SHOWN], len(state.X), "X", kind="copy"),
        "rim": _closed(cones.rims[DRAWN, age], "geodesic"),
        "event": Cloud("space", params.start[None], 1, "X₀", role="tracer"),
        "out": Scalar(float(state.share[DRAWN, age]), "outside", plane="space"),
        "lines": Paths.of("diagram", _in_time(state.tracks[: age + 1, :, 0]), "contour"),
        "light": Paths.of("diagram", edges[DRAWN], "geodesic"),
        "rate": Scalar(float(state.measured[0]), "λ(X₀)", plane="diagram"),
        "turn": Scalar(float(state.measured[1]), "ω(X₀)", plane="diagram"),
        "leak": Series("leak", AGES[: upto + 1], share[:drawn, : upto + 1], NAMES[:drawn], ("net", "ink")[:drawn]),
        "closure": Scalar(float(np.clip(state.measured[2], -9.0, 1.0)), "closure", plane="leak"),
        "five": Paths.of("sharp", [[(0.0, CAUSAL), (12.0, CAUSAL)]], "contour", static=True),
        "sharpness": Series("sharp", LADDER if over else LADDER[:0], share[None, LADDERED, -1] if over else
                            np.zeros((1, 0)), ("outside",), ("net",)),
    }  # fmt: skip
    if state.specimen.world is not None:
        seen["thin"] = _closed(cones.rims[LEARNED, age], "contour")
        seen["thin light"] = Paths.of("diagram", edges[LEARNED], "ink")
        seen["learned"] = Scalar(_learned(state, params), NAMES[LEARNED], "nat/tick", plane="sharp")
    if over and state.specimen.world is not None:
        at = (min(max(cones.S[LEARNED] / _rate(state), 0.0), 12.0), share[LEARNED, -1])
        seen["ring"] = Cloud("sharp", np.array([at]), 1, NAMES[LEARNED], role="tracer")
    return seen


def _over(state: ConeState) -> int:
    return min(state.launches, KEPT)


def _in_time(x: Array) -> list[Array]:
    """x: (ages, lines), as paths in X¹ and t."""
    t = np.broadcast_to(AGES[: len(x), None], x.shape)
    return list(np.stack([x, t], axis=-1).swapaxes(0, 1))


def _closed(rim: Array, role: str) -> Paths:
    return Paths.of("space", [np.append(rim, rim[:1], axis=0)], role)


def _edges(x: Array) -> list[Array]:
    """The two edges of a cone's shadow on X¹; x: (ages, rays)."""
    return _in_time(np.stack([x.min(axis=1), x.max(axis=1)], axis=1))


# -- what theory says -------------------------------------------------------------------------------------------------


def theory(state: ConeState, params: ConeParams) -> Mapping[str, Observable]:
    """From λ, ω and η alone, never told of saboteurs: the cone round the carried event, and the shares outside."""
    rate, turn = _rate(state), float(state.told[1])
    S, h, age = params.sharpness * rate, 2.0 * params.activation_noise**2 / state.specimen.network.N, state.age
    angle = 2.0 * np.pi * np.arange(RAYS) / RAYS
    circle = np.sqrt(h) * spacetimes.reach(S, rate, AGES)[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], -1)
    carried = np.exp((-rate + 1j * turn) * AGES) * complex(*params.start)
    rims = circle + np.stack([carried.real, carried.imag], axis=-1)[:, None]
    learned = spacetimes.leak(_learned(state, params), rate, AGES)
    leaks = np.stack([spacetimes.leak(S, rate, AGES), learned])
    fine = np.linspace(0.0, 12.0, 49)
    return {
        "rim": _closed(rims[age], "geodesic"),
        "out": Scalar(float(leaks[0, age]), "outside", plane="space"),
        "light": Paths.of("diagram", _edges(rims[: age + 1, :, 0]), "geodesic"),
        "rate": Scalar(rate, "λ", plane="diagram"),
        "turn": Scalar(turn, "ω", plane="diagram"),
        "leak": Series("leak", AGES, leaks if state.specimen.world else leaks[:1], ("formula", "formula")),
        "sharpness": Series("sharp", fine, np.exp(-fine * np.tanh(0.5 * rate * LIFE))[None], ("formula",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

EXACT = {"network": "linear", "neurons_per_half": 4, "activation_noise": 0.1}
CLAIMS = (
    Claim("linear", "On a linear network the share outside is exp(−(S/λ) tanh(λt/2)).", "derived", "ΔP", 0.0,
          (-0.01, 0.01), "holds", "20 seeds of 131 072 copies: −.004 to .003 at the worst of 60 ages.", at=EXACT),
    Claim("trained", "On a trained network, too, with λ from its weights alone.", "2111.00903 §6", "ΔP", 0.0,
          (-0.1, 0.1), "holds", "20 seeds: −.058 to −.048. C holds 8 % that X does not resolve and that copies "
          "fresh from a launch do not feel. N = 32: −.085; N = 16 fails with −.12 (two seeds)."),
    Claim("causal", "The S of learning leaves less than 5 % outside.", "2111.00903 §6", "P", 0.0,
          (0.0, CAUSAL), "fails", "20 seeds: .20 to .22 after 60 ticks; S = .05 is 2 λ; the formula asks for 4.8 λ."),
    Claim("fast-learner", "That of a fast, quiet learner does: γ = 12, B = 32.", "2111.00903 §6", "P", 0.0,
          (0.0, CAUSAL), "holds", "20 seeds: .010 to .013; S is 10 λ. At B = 1 noise spreads the weights: S is 3 λ.",
          at={"learning_rate": 12.0, "batch": 32}),
)  # fmt: skip
LINEAR_CLAIM, TRAINED_CLAIM, CAUSAL_CLAIM, FAST_CLAIM = CLAIMS


def verdict(state: ConeState, params: ConeParams) -> tuple[Verdict, ...]:
    """One verdict per claim from all launches since a knob of the cone was turned."""
    over, linear = _over(state), state.specimen.world is None
    waiting = "" if over >= 3 else f"Needs 3 launches of {LIFE} ticks; {over} have ended."
    rate, far = _rate(state), float(np.abs(params.start).max()) > NEAR
    off = state.shares[:over, DRAWN] - spacetimes.leak(params.sharpness * rate, rate, AGES)
    value, error = _over_launches(off[:, int(np.abs(off.mean(axis=0)).argmax())]) if over else (0.0, math.inf)
    gone, doubt = _over_launches(state.shares[:over, LEARNED, -1])
    known = _cones(state).whole[DRAWN] or params.breaks("shuffled-increments")
    wide = "" if known else "Light leaves the square on which the metric is measured."
    bent = "Weights tell λ at the centre, and copies are launched elsewhere." if far else ""
    bent = bent if state.told[0] >= SLOWEST else "The trained network does not contract at its centre."
    unlearned = "A linear network written by hand has no loss, and destroys nothing." if linear else ""
    sentence = f"Largest difference over {LIFE} ages, from {over} launches of {len(state.X)} copies."
    ends = f"Share outside after {LIFE} ticks, from {over} launches of {len(state.X)} copies."
    hot = "" if params.learning_rate >= 10.0 and params.batch >= 16 else "It learns slowly or with much noise."
    return tuple(
        judge(claim, *found, told, null=null, waiting="" if outside else waiting, outside=outside)
        for claim, found, told, null, outside in (
            (LINEAR_CLAIM, (value, error), sentence, None, wide if linear else "This network is a trained one."),
            (TRAINED_CLAIM, (value, error), sentence, None, "This network is linear." if linear else bent or wide),
            (CAUSAL_CLAIM, (gone, doubt), ends, 1.0, unlearned),
            (FAST_CLAIM, (gone, doubt), ends, 1.0, unlearned or hot),
        )
    )  # fmt: skip


def _over_launches(x: Array) -> tuple[float, float]:
    """Mean over the launches that ended, and its 95 % half-width."""
    return mean_over_copies(x) if len(x) > 1 else (math.nan, math.inf)


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: ConeParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    return {"e^(−S/λ)": f"{math.exp(-params.sharpness):.2g}, outside for ever"}


EXPERIMENT = Experiment(
    slug="causal-cone",
    title="Light cones",
    group="space-time",
    question="Does the entropy that learning destroys give the neurons a future they cannot leave?",
    formula=r"ds^2=-S\,dt^2+h_{ij}(dX^i-v^i dt)(dX^j-v^j dt),"
    r"\qquad P_{\rm outside}=e^{-\frac{S}{\lambda}\tanh\frac{\lambda t}{2}}",
    sources=("2111.00903", "derived"),
    by_hand="S as one global number, set by S/λ; learning's S counts two directions of weight space out of N²",
    emergent="v and C, so the light; the share outside; S = γ⟨∇²U⟩ and whether it keeps copies in",
    params=ConeParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("A trained network", "Copies spread like their cone; a few leave it. Learning's own cone, thin, is "
               "smaller: many are outside.", {}),
        Preset("Launch elsewhere", "The cone is dragged round and inward by the neurons' flow. Tap to grab it.",
               {"place": (0.25, 0.1, 0.25, 0.1), "sharpness": 2.0}),
        Preset("A linear network", "Here the formula is exact: ink and ghost are one line.", EXACT),
        Preset("Sharp causality", "S/λ = 8: after a few ticks hardly a copy is outside.", {"sharpness": 8.0}),
        Preset("No causality", "S/λ = ½: most copies are outside; the cone says little.", {"sharpness": 0.5}),
        Preset("A fast learner", "Steps four times as large, little noise: learning's own cone now holds the copies.",
               {"learning_rate": 12.0, "batch": 32}),
        Preset("The wrong noise", "With twice the noise in the metric the ink falls below its ghost.",
               {"broken": "wrong-noise"}),
    ),
    stride=STRIDE,
    verify_steps=8 * LIFE + STRIDE,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda state: {"copies": state.X},
    time_unit="ticks",
    calibrations=("drift-linear", "noise-linear", "future", "destruction", "over-copies"),
)  # fmt: skip
