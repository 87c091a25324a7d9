"""Geodesic packets: copies of a network that are launched at A and seen at B, and the way they went.

*Claim.* Localized states follow geodesics. Copies of one network are launched at the event A, and those that are seen
near B after t_B ticks are kept. Their mean path is the geodesic from A to B of the metric measured on other copies,

    ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt),   h = C⁻¹,   S one number → ∞,   [2111.00903 §7, derived]

which is the Freidlin–Wentzell path: least surprisal ½∫|Ẋ − v|²_h dt. Copies that nobody selects go with the flow, and
with a uniform lapse the flow line is a geodesic too. Read literally there is more: S is what learning destroys, γ⟨∇²U⟩,
so a packet ought to be timelike, |Ẋ − v|²_h < S, and to bend as a geodesic of that finite S bends. Both are measured.

*Conventions.* X are the means of the two halves of the network, t counts its ticks; v and C are drift and noise per
tick. B lies δ standard deviations from where the weights alone say that the flow ends, so that copies get there. The
mean of those seen is corrected for the radius within which they are seen. e = d/(d + d′), d the rms distance
of the packet from the geodesic and d′ that from the straight or the flow line, the nearer: below 1/6 it is five times
nearer. By least squares the packet is at (1 − β) × the geodesic of S → ∞ + β × that of finite S: better if β > ½.
*Put in by hand.* The lapse is one number for all places: with N² = σ(X), the entropy that the turning flow produces at
X, the same launch refutes the geodesic. Copies start on the plane of two means, c_i X_{s(i)}; what their hidden
neurons do in the first ticks is not in the metric. The linear network is written by hand.
*What would refute it.* A packet no nearer to the geodesic than to the straight line or to the flow line. Of the literal
reading two parts *are* refuted: the packet is spacelike by learning's S, and where it is not, β is 0 and not 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet import knobs, learning, states
from weltnet.estimators.entropy import destruction
from weltnet.estimators.futures import Future, future
from weltnet.estimators.generator import Basis, Moments, fit, jackknife
from weltnet.estimators.packets import Packet, Trail
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.observables import Axis, Cloud, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob, region
from weltnet.routes import FLOW, LEARNED, LIMIT, SET, SIGMA, STRAIGHT, Routes, routes
from weltnet.systems.networks import lift
from weltnet.verdicts import judge, mean_with_error

__all__ = ["EXPERIMENT", "GeodesicsParams", "GeodesicsState"]

Array = NDArray[Any]

STRIDE, LONGEST = 2, 24  # ticks per frame, and per flight at most
BASIS = Basis(5, 0.7)
PROBES, REACH, SURVEY = 1024, 1.0, 40  # other copies, where they are launched, ticks before a first launch
NEURONS, MOST = 131_072, 16_384  # neurons a tick may move; copies at most
REPLICAS, SPREAD, WINDOW = 1000, 0.3, 100
NEAR, FRESH, ENOUGH = 0.6, 4, 100  # radius in standard deviations; launches per geodesic; copies seen before a verdict
GROUPS, T95 = 8, 2.365
RAYS, SHOWN = 24, 200
PROBING, FLYING = 0x31 << 32, 0x4A << 32
"""Laid over the seed: probes and copies have noise of their own."""


# -- parameters -------------------------------------------------------------------------------------------------------


class GeodesicsParams(Params):
    """The network, from where to where, the lapse that is tried, and how the weights learn."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("non-uniform-lapse", "the lapse is one number for all places", ("trained",), ("space", "miss"),
                 watch="The lapse is now N² = σ(X), the entropy that the turning flow produces at each place. Its "
                 "geodesic from A to B leaves the packet far behind."),
        Saboteur("shuffled-increments", "each step belongs to the state it started from",
                 ("linear", "free"), ("space", "fan", "miss"),
                 watch="The metric is now measured with every step booked to another state. Its drift is gone: the "
                 "geodesic is straight, and the packet is not."),
        Saboteur("everyone", "only those who are seen at B count", ("timelike",),
                 ("space", "miss"),
                 watch="All copies are now averaged, wherever they end. Their mean goes with the flow, costs no "
                 "surprisal, and never comes to B."),
    )  # fmt: skip

    network: Literal["trained", "linear"] = knobs.NETWORK
    neurons_per_half: int = knobs.NEURONS_PER_HALF
    contraction: float = knobs.CONTRACTION
    activation_noise: float = knobs.ACTIVATION_NOISE
    flight: int = knob(
        12, 4, LONGEST, symbol="t_B", unit="ticks", group="Packet",
        meaning="ticks from the launch at A until copies are looked for at B",
    )  # fmt: skip
    deviation: float = knob(
        1.0, 0.5, 2.5, symbol="δ", group="Packet",
        meaning="how many standard deviations of the copies B lies above the end of the flow",
        equation="cost of the way ≈ δ²/2 nat",
    )  # fmt: skip
    place: tuple[float, float, float, float] | None = region(
        -0.45, 0.45, plane="fan", symbol="X_A", group="Packet",
        meaning="the event A of the launch: a tap; nothing means (.3, 0)",
    )  # fmt: skip
    target: tuple[float, float, float, float] | None = region(
        -0.45, 0.45, plane="space", symbol="X_B", group="Packet",
        meaning="where copies are looked for: a tap; nothing means where δ says",
    )  # fmt: skip
    lapse: float = knob(
        0.5, 0.05, 4.0, symbol="S", unit="nat/tick", group="Metric", log=True,
        meaning="lapse of the metric whose light is drawn and whose geodesic is tried against that of S → ∞",
        equation="ds² = −S dt² + |dX − v dt|²_h",
    )  # fmt: skip
    learning_rate: float = knobs.LEARNING_RATE
    batch: int = knobs.BATCH

    @property
    def start(self) -> Array:
        """A: (2,)."""
        x0, y0, x1, y1 = self.place or (0.3, 0.0, 0.3, 0.0)
        return np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1)])

    @property
    def dial(self) -> learning.Dial:
        """Plain stochastic descent, with a little noise added."""
        return learning.Dial(0.5, 1.5, self.learning_rate, self.batch, 0.05)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class GeodesicsState:
    """Copies of a launch, the probes that measure the metric, the replicas that learn, the ways, and what was seen.

    told: λ and ω from the weights alone; target: B; spread: standard deviation of copies after the flight; trail:
    copies seen, and the distances of their mean path from geodesic, straight, flow and σ line.
    """

    seed: int
    step: int
    specimen: states.Specimen
    replicas: learning.Ensemble
    probes: Array
    moments: Moments
    copies: Array
    packet: Packet
    setting: tuple[Any, ...] = ()
    ticks: int = 1
    age: int = 0
    launches: int = 0
    bend: Ring = field(default_factory=lambda: Ring(("laplacian",), WINDOW))
    tracks: Array = field(default_factory=lambda: np.zeros((0, 0, 2), np.float32))
    landed: Array = field(default_factory=lambda: np.zeros((LONGEST + 1, 0, 2)))
    told: Array = field(default_factory=lambda: np.zeros(2))
    target: Array = field(default_factory=lambda: np.zeros(2))
    spread: float = 1.0
    trail: Trail = field(default_factory=lambda: Trail(5))
    routes: Routes = field(init=False)
    future: Future = field(init=False)


def begin(params: GeodesicsParams, seed: int, report: Report) -> GeodesicsState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    n = 2 * params.neurons_per_half
    specimen = states.specimen(params.network, n, params.contraction, learning.GRID.n, report)
    state = GeodesicsState(
        seed, 0, specimen, learning.begin(REPLICAS, seed, specimen.here, SPREAD, params.dial.regime),
        np.zeros((PROBES, n), np.float32), Moments(BASIS), np.zeros((min(NEURONS // n, MOST), n), np.float32),
        Packet(params.flight),
    )  # fmt: skip
    _learn(state, params, 0)
    _anew(state, params)
    return state


def _setting(params: GeodesicsParams) -> tuple[Any, ...]:
    aimed = (params.flight, params.deviation, params.place, params.target, params.lapse)
    return (params.activation_noise, params.broken, *aimed, params.learning_rate, params.batch)


def _anew(state: GeodesicsState, params: GeodesicsParams) -> None:
    """Forget all launches; measure the metric afresh if its noise is another; aim and launch."""
    if state.setting[:2] != _setting(params)[:2]:
        state.moments.reset()
        _survey(state, params, SURVEY)
        state.told = np.nan_to_num(state.specimen.told(params.activation_noise, REACH))
    rate, turn = _told(state)
    kick = 2.0 * params.activation_noise**2 / state.specimen.network.N
    state.spread = math.sqrt(kick * math.expm1(-2.0 * rate * params.flight) / math.expm1(-2.0 * rate))
    carried = np.exp((-rate + 1j * turn) * params.flight) * complex(*params.start)
    x0, y0, x1, y1 = params.target or 2 * (carried.real, carried.imag + params.deviation * state.spread)
    state.target = np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1)])
    state.setting, state.launches, state.packet = _setting(params), 0, Packet(params.flight, GROUPS)
    state.landed, state.trail = np.zeros((params.flight + 1, 0, 2)), Trail(5)
    _launch(state, params)


def _told(state: GeodesicsState) -> tuple[float, float]:
    """λ, kept from 0 by a hair, and ω, as the weights alone tell them."""
    rate = float(state.told[0])
    return (rate if abs(rate) > 1e-6 else 1e-6), float(state.told[1])


def step(state: GeodesicsState, params: GeodesicsParams) -> None:
    _learn(state, params, STRIDE)
    if state.setting != _setting(params):
        _anew(state, params)
    elif state.age >= params.flight:
        radius = math.inf if params.breaks("everyone") else NEAR * state.spread
        seen = state.packet.land(state.launches, state.tracks, state.target, radius)
        state.landed = state.tracks[:, seen][:, :SHOWN].astype(float)
        state.launches += 1
        if state.packet.seen:
            state.trail.mark(state.launches, _far(state, params))
        _launch(state, params)
    _survey(state, params, STRIDE)
    _fly(state, params)
    state.step += STRIDE


def _far(state: GeodesicsState, params: GeodesicsParams) -> list[float]:
    """How many copies were seen, and how far their mean path is from every line."""
    ways, rows = state.routes, state.packet.path()[:1]
    lines = (_claimed(params), STRAIGHT, FLOW, SIGMA)
    return [float(state.packet.seen), *(float(ways.off(rows, k)[0]) if ways.found[k] else 1.0 for k in lines)]


def _learn(state: GeodesicsState, params: GeodesicsParams, steps: int) -> None:
    """Let the replicas learn, and enter ⟨∇²U⟩."""
    if (world := state.specimen.world) is not None:
        learning.advance(state.replicas, world, params.dial, state.seed, state.step, steps)
        state.bend.push(laplacian=destruction(learning.GRID, state.replicas.q, 1.0, world.laplacian))


def _survey(state: GeodesicsState, params: GeodesicsParams, ticks: int) -> None:
    states.survey(
        state.specimen, state.probes, state.moments, seed=state.seed ^ PROBING, tick=state.ticks, ticks=ticks,
        reach=REACH, noise=params.activation_noise, shuffled=params.breaks("shuffled-increments"),
    )  # fmt: skip
    state.ticks += ticks


def _launch(state: GeodesicsState, params: GeodesicsParams) -> None:
    """Draw the ways from A to B in the metric as measured so far; then put all copies at A."""
    if state.launches % FRESH == 0:
        generator, lapses = fit(state.moments), (params.lapse, max(_learned(state, params)[0], 0.0))
        state.future = future(generator, lapses, params.start, params.flight, RAYS)
        state.routes = routes(generator, params.start, state.target, params.flight, lapses, RAYS)
    state.copies[:] = lift(state.specimen.network, params.start)
    state.tracks = np.tile(params.start.astype(np.float32), (params.flight + 1, len(state.copies), 1))
    state.age = 0


def _learned(state: GeodesicsState, params: GeodesicsParams) -> tuple[float, float]:
    """S = γ⟨∇²U⟩ over the last steps and its 95 % half-width; zero where nothing learns."""
    if not len(state.bend):
        return 0.0, 0.0
    mean, error = mean_with_error(state.bend["laplacian"])
    return params.learning_rate * mean, params.learning_rate * error


def _fly(state: GeodesicsState, params: GeodesicsParams) -> None:
    """STRIDE ticks of the copies, or what is left of their flight."""
    ticks = min(STRIDE, params.flight - state.age)
    # The tick counts from 1 and a burst never ends, so that nobody is launched but by _launch.
    how = {"seed": state.seed ^ FLYING, "tick": state.ticks, "life": 2**30, "noise": params.activation_noise}
    state.tracks[state.age + 1 : state.age + 1 + ticks] = state.specimen.run(state.copies, ticks=ticks, **how)[2]
    state.age += ticks


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "space": Plane("From A to B", "mean path of the copies seen at B; thin: straight, flow line",
                   Axis("X¹", -0.45, 0.45), Axis("X²", -0.45, 0.45), square=True),
    "miss": Plane("Distance from the packet", "as more copies are seen, the geodesic comes near, and nothing else does",
                  Axis("log₁₀ copies seen", 1.5, 5), Axis("log₁₀ |ΔX|", -3.5, 0)),
    "fan": Plane("Geodesics through A", "all copies, the packet, light; thin: slower matter, light by learning's S",
                 Axis("X¹", -0.45, 0.45), Axis("X²", -0.45, 0.45), square=True),
}  # fmt: skip
NAMES, ROUND = ("geodesic", "straight", "flow", "N² = σ"), [*range(RAYS), 0]


def observe(state: GeodesicsState, params: GeodesicsParams) -> Mapping[str, Observable]:
    ways, light, age = state.routes, state.future, state.age
    linear, known, trail = state.specimen.world is None, state.packet.seen > 0, np.log10(state.trail.rows + 1e-9).T
    rows, drawn = state.packet.path() if known else np.zeros((1, 0, 2)), 3 if linear else 4
    cost = float(ways.cost(rows[0]).mean()) if known else 0.0
    seen: dict[str, Observable] = {
        "seen": Cloud("space", state.landed[min(age, len(state.landed) - 1)], state.packet.seen, "X", kind="seen"),
        "others": Paths.of("space", [ways.lines[STRAIGHT], ways.lines[FLOW]], "contour"),
        "mean": Paths.of("space", [rows[0]], "geodesic"),
        "ends": Cloud("space", np.stack([params.start, state.target]), 2, "A, B", role="tracer"),
        "count": Scalar(float(state.packet.seen), "seen at B", "copies", plane="space"),
        "matter": Paths.of("fan", list(ways.fan[: age + 1, ::2].swapaxes(0, 1)), "contour"),
        "copies": Cloud("fan", state.tracks[age, :SHOWN], state.tracks.shape[1], "X", kind="copy"),
        "rim": Paths.of("fan", [light.rims[0, age, ROUND]], "geodesic"),
        "packet": Paths.of("fan", [rows[0, : age + 1]], "ink"),
        "event": Cloud("fan", params.start[None], 1, "A", role="tracer"),
        "set": Scalar(cost - params.lapse if known else 0.0, "ds²/dt by S", "nat/tick", plane="fan"),
        "miss": Series("miss", trail[0], trail[1 : 1 + drawn], NAMES[:drawn], ("net", "ink", "ink", "ink")[:drawn]),
        "share": Scalar(float(ways.share(rows, _claimed(params))[0]) if known else 0.0, "e", plane="miss"),
    }  # fmt: skip
    if not linear:
        seen["thin"] = Paths.of("fan", [light.rims[1, age, ROUND]], "contour")
        S = _learned(state, params)[0]
        seen["learned"] = Scalar(cost - S if known else 0.0, "by learning's S", "nat/tick", plane="fan")
    return seen


def _claimed(params: GeodesicsParams) -> int:
    """Which way the packet is said to go."""
    return SIGMA if params.breaks("non-uniform-lapse") else LIMIT


# -- what theory says -------------------------------------------------------------------------------------------------


def theory(state: GeodesicsState, params: GeodesicsParams) -> Mapping[str, Observable]:
    """The geodesic of the metric that was measured; from the weights alone the light, and what chance is in |ΔX|."""
    ways, (rate, turn), claimed = state.routes, _told(state), _claimed(params)
    noise = 4.0 * params.activation_noise**2 / state.specimen.network.N * rate / -math.expm1(-2.0 * rate)
    carried = complex(*params.start) * np.exp((-rate + 1j * turn) * state.age)
    radius = math.sqrt(noise * params.lapse) * -math.expm1(-rate * state.age) / rate
    rim = carried + radius * np.exp(2j * np.pi * np.arange(RAYS) / RAYS)
    t, T = np.arange(1.0, params.flight + 1.0), params.flight
    # The variance of paths that are held at both ends.
    held = 2.0 * noise * np.sinh(rate * t) * np.sinh(rate * (T - t)) / (rate * np.sinh(rate * T))
    copies = np.array([1.5, 5.0])
    return {
        "mean": Paths.of("space", [ways.lines[claimed]] if ways.found[claimed] else [], "geodesic"),
        "rim": Paths.of("fan", [np.stack([rim.real, rim.imag], axis=-1)[ROUND]], "geodesic"),
        "miss": Series("miss", copies, 0.5 * (math.log10(held.mean()) - copies)[None], ("chance",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

EXACT = {"network": "linear", "neurons_per_half": 4, "activation_noise": 0.1}
FAST = {"learning_rate": 12.0, "batch": 32, "flight": 16, "deviation": 1.4}
CLAIMS = (
    Claim("linear", "On a linear network packets seen at B followed the geodesic, S → ∞.", "derived", "e", 0.0,
          (-1 / 6, 1 / 6), "holds", "20 seeds of 655 360 copies: .009 to .024. The closed form is .002 off.", at=EXACT),
    Claim("trained", "On a trained network, too: localized states follow geodesics.", "2111.00903 §7", "e", 0.0,
          (-1 / 6, 1 / 6), "holds", "20 seeds of 81 920 copies: .014 to .028, so 35 to 70 times nearer than any other "
          "line. With 10 700 seen it is .001 to .0015 off (3 seeds), chance .0005: the rest was not separated."),
    Claim("free", "Packets that nobody selects follow the flow line, a geodesic as well.", "derived", "ΔX/σ_X", 0.0,
          (-0.1, 0.1), "holds", "20 seeds: .039 to .045. A flow line is a geodesic to 2e-5; by N² = σ, .17 off."),
    Claim("bent", "The geodesic of a finite S fits better than that of S → ∞.", "2111.00903 §7", "β", 1.0,
          (0.5, 1.5), "fails", "20 seeds at S = ½: −.10 to .12, median .01. No relativistic correction is seen."),
    Claim("timelike", "By learning's S the packet is timelike: |Ẋ − v|² < S.", "2111.00903 §7", "w²/S", 0.5,
          (-1.0, 1.0), "fails", "20 seeds: 5.2 to 5.4; S = .05. It depends on B: on the flow line all is timelike. But "
          "after 12 ticks two in three copies (.64 to .66, three launches) are outside the light cone of that S."),
    Claim("fast", "Where it is, the geodesic of learning's S fits better.", "2111.00903 §7", "β", 1.0,
          (0.5, 1.5), "fails", "20 seeds at S = .24, of which the packet costs .58: −.13 to .08.", at=FAST),
)  # fmt: skip
LINEAR_CLAIM, TRAINED_CLAIM, FREE_CLAIM, BENT_CLAIM, TIMELIKE_CLAIM, FAST_CLAIM = CLAIMS


def _doubt(rows: Array) -> tuple[float, float]:
    """Value and 95 % half-width, by jackknife over the groups of launches."""
    value, error = jackknife(rows)
    return float(value), T95 * float(error)


def verdict(state: GeodesicsState, params: GeodesicsParams) -> tuple[Verdict, ...]:
    """One verdict per claim from all launches since a knob of theirs was turned."""
    ways, packet = state.routes, state.packet
    linear, flown = state.specimen.world is None, state.launches
    waiting = "" if flown >= GROUPS else f"Needs {GROUPS} launches; {flown} have ended."
    rare = waiting or ("" if packet.seen >= ENOUGH else f"Only {packet.seen} copies came to B; {ENOUGH} are needed.")
    rows, claimed = packet.path(), _claimed(params)
    e = _doubt(ways.share(rows, claimed))
    free = _doubt(ways.off(packet.free(), FLOW) / state.spread)
    cost = _doubt(ways.cost(rows).mean(axis=1))
    S, error = _learned(state, params)
    share = (cost[0] / S, math.hypot(cost[1] / S, cost[0] * error / S**2)) if S > 0.0 else (0.0, 0.0)
    none = "" if ways.found[claimed] else "No such geodesic was found from A to B."
    unlearned = "A linear network written by hand has no loss, and destroys nothing." if linear else ""
    unlearned = unlearned or ("" if S > 0.0 else "Learning destroys nothing here.")
    coarse = float(ways.off(packet.free()[:1], FLOW)[0])
    tried = {k: "No matter goes from A to B by this S: the packet is spacelike." if not ways.found[k] else
             "Both geodesics are as near to each other as free packets to the flow line."
             if ways.off(ways.lines[None, k], LIMIT)[0] < coarse else "" for k in (SET, LEARNED)}  # fmt: skip
    told = f"Rms over {params.flight} ticks; {packet.seen} copies of {int(packet.count.sum())} in {flown} launches."
    return tuple(
        judge(claim, *found, told, null=null, waiting="" if outside else wait, outside=outside)
        for claim, found, null, wait, outside in (
            (LINEAR_CLAIM, e, 0.5, rare, none if linear else "This network is a trained one."),
            (TRAINED_CLAIM, e, 0.5, rare, "This network is linear." if linear else none),
            (FREE_CLAIM, free, None, waiting, ""),
            (BENT_CLAIM, _doubt(ways.bent(rows, SET)), 0.0, rare, tried[SET]),
            (TIMELIKE_CLAIM, share, None, rare, unlearned),
            (FAST_CLAIM, _doubt(ways.bent(rows, LEARNED)), 0.0, rare, unlearned or tried[LEARNED]),
        )
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


EXPERIMENT = Experiment(
    slug="geodesics",
    title="Geodesic packets",
    group="space-time",
    question="Does a packet of networks that is launched here and seen there go along a geodesic?",
    formula=r"\delta\int\!\sqrt{S-|\dot X-v|_h^2}\;dt=0\quad\xrightarrow{\;S\to\infty\;}\quad"
    r"\delta\int\tfrac12|\dot X-v|_h^2\,dt=0",
    sources=("2111.00903", "derived"),
    by_hand="one lapse for all places; S → ∞, because no finite S fits; who counts as seen at B",
    emergent="v and C, so the geodesics; the mean path of the packet; S = γ⟨∇²U⟩ and the sign of ds²",
    params=GeodesicsParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("A trained network", "The packet's mean path comes to lie on the geodesic, far from the straight line "
               "and from the flow line.", {}),
        Preset("A linear network", "Here the geodesic is known in closed form: ink, line and ghost are one.", EXACT),
        Preset("Launch elsewhere", "Tap an event in the lower picture: light, matter and the packet start there.",
               {"place": (0.1, 0.3, 0.1, 0.3), "flight": 14}),
        Preset("A fast learner", "By this learner's S the packet is timelike, yet it does not bend as that S says: "
               "β is 0.", FAST),
        Preset("A far target", "Two standard deviations off few copies arrive, but those that do take the geodesic.",
               {"deviation": 2.0}),
        Preset("Another lapse", "With N² = σ(X) the geodesic from A to B leaves the packet.",
               {"broken": "non-uniform-lapse"}),
    ),
    stride=STRIDE,
    verify_steps=40 * 12 + STRIDE,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    members=lambda state: {"copies": state.tracks[state.age]},
    time_unit="ticks",
    calibrations=("drift-linear", "noise-linear", "bridge", "future", "destruction"),
)  # fmt: skip
