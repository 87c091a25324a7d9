"""The classical limit: as ħ falls, a wave spreads as networks do that learn with momentum and feel no wave.

Claim.   With ħ → 0 the equations of learning, ∂_t p = −2γ ∇·(p∇F'), ∂_tF' + γ|∇F'|² + V = γħ² ∇²√p/√p, become those
         of Hamilton and Jacobi, whose paths are Newton's; so, through a window of fixed width h_b,

             L₁(ħ) = ∫ | |ψ|² − p | → 0,   p of replicas with momentum, q̈ = −∇V, from the same start at rest.

         2008.01540 §6 adds that the same happens far from equilibrium. Here it does not: see `distance`.

Conventions.   γ = ½, so that mass is 1; a step is .02 of time. The lens: one weight, V = −cos q, p₀ normal with σ = 1,
         2048 points, h_b = .08; streams first cross at t = π/2, and L₁ is that of the end, t = 2.12. The network: the
         two weights of a sign pair (`weltnet.systems.teachers`), V = 3 (U + ½ λ_q q² − min)/u, p₀ normal with σ = .3,
         released at height V₀ over the deeper valley; L₁ is the mean over the second half of 2.4. Each replica is
         drawn in a share of p₀ of its own (in the plane, from a lattice shifted at random): sampling adds little.

Put in by hand.   The law of replicas: momentum and the full gradient; no noise, D = 0, and κ = 1, so that the term
         −1/μ² of ħ² is cancelled. Dropping only the first term of the action (D = 0, κ = 0) is not this limit: it
         leaves ħ² = −1/μ², diffusion: the switch `first-term`. The lens is a formula. The wave listens to no replica.

What would refute it.   An L₁ that stays, at some ħ, where it was at 2ħ; one above .03 at ħ = .025 in the lens. That
         replicas have one function F' is refuted by their crossing: `after`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from weltnet.estimators.contours import contours
from weltnet.estimators.density import Grid, Line
from weltnet.estimators.streams import hamilton_jacobi
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels import guided, philox
from weltnet.kernels.ensemble import WALL
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.landscape import CEILING
from weltnet.systems.teachers import sign_pair
from weltnet.terrain import Terrain, learned
from weltnet.theory.schroedinger import SplitStep, density, packet
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "ClassicalParams", "ClassicalState"]

Array = NDArray[Any]

STRIDE, DT = 2, 0.02
PUPIL, DECAY, BARRIER = 1, 0.02, 3.0
GRID, WINDOW = Grid(128, 3.0), 0.08  # of the network's plane; h_b
LINE = Line(2048, 2.0 * math.pi)  # of the lens
LADDERS = {
    "lens": (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125), "network": (0.8, 0.4, 0.2, 0.1, 0.05),
    "height": (0.25, 0.5, 1.0, 2.0),
}  # fmt: skip
FINEST = {"lens": 0.0125, "network": 0.05}  # the ħ that each grid resolves
LENGTH = {"lens": 106, "network": 120}  # steps of a launch
SPREAD, OUTWARD = 0.3, (-math.sqrt(0.75), -0.5)  # of p₀ on the network; whither the height grows
EARLY, LATE = (0.3, 1.2), (1.7, 2.0)  # before, and after
KEPT, ENOUGH, T95 = 24, 3, 4.303  # launches remembered and needed; Student's t of those
PACE = 0.5  # s = 1/μ of what is left of ħ² when only the first term is dropped
SHOWN = 400
STREAM_START, STREAM_KICK = 20, 21
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


# -- parameters -------------------------------------------------------------------------------------------------------


class ClassicalParams(Params):
    """The ħ of the wave, and where and from how high the replicas start."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("raised-hbar", "ħ is small", ("limit",), ("density", "plane"),
                 watch="The wave now has sixteen times the ħ that the knob says. It is too wide for the two spikes in "
                 "which the replicas gather, and L₁ is no longer small."),
        Saboteur("first-term", "more than D = 0", ("ladder", "jacobi", "network"),
                 ("density", "ladder"),
                 watch="Only D = 0 is kept of the limit: replicas now diffuse downhill as plain SGD does. However "
                 "small ħ becomes, the wave is not like them."),
    )  # fmt: skip

    hbar: float = knob(
        0.025, 0.0125, 0.8, symbol="ħ", unit="action", group="Wave", log=True,
        meaning="Planck's constant of the wave that is held against the replicas; each turn launches anew",
        equation="iħ ∂ψ = −½ħ²∇²ψ + Vψ",
    )  # fmt: skip
    loss: Literal["lens", "network"] = choice(
        "lens", symbol="V", group="Loss", restarts=True,
        meaning="one weight in the loss −cos q, by hand, or two weights in the loss of a network",
    )  # fmt: skip
    ladder: Literal["hbar", "height"] = choice(
        "hbar", symbol="rungs", group="Loss", restarts=True,
        meaning="what differs between the launches that run together: ħ, or, on the network, the height of the start",
    )  # fmt: skip
    height: float = knob(
        2.0, 0.1, 2.0, symbol="V₀", unit="u/3", group="Replicas",
        meaning="height, over the deeper valley, of the place on the network's loss where replicas start",
    )  # fmt: skip
    replicas: int = knob(
        20_000, 2000, 60_000, symbol="M", group="Replicas", restarts=True, log=True,
        meaning="networks that learn with momentum, each with weights of its own",
    )  # fmt: skip

    @property
    def rungs(self) -> tuple[tuple[float, float], ...]:
        """ħ and height of all waves; the last is the one that is shown."""
        hbar = max(self.hbar, FINEST[self.loss]) * (16.0 if self.breaks("raised-hbar") else 1.0)
        if self.climbs:
            return (*((hbar, V0) for V0 in LADDERS["height"]), (hbar, self.height))
        return (*((h, self.height) for h in LADDERS[self.loss]), (hbar, self.height))

    @property
    def climbs(self) -> bool:
        """Whether the rungs differ in height."""
        return self.loss == "network" and self.ladder == "height"


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ClassicalState:
    """q, v: (ensembles, M, dims); psi: a wave for each rung; l1: (rungs, looks) of this launch; age: steps of it.

    ends: (KEPT, rungs + 2), a row for each launch that has ended: L₁ of each rung, the residual of Hamilton and Jacobi
    before and after; setting: the knobs of this stretch; past: the last five places of the lens's replicas.
    """

    seed: int
    step: int
    terrain: Terrain | None
    q: Array
    psi: Array
    l1: Array
    ends: Array
    v: Array = field(default_factory=lambda: np.zeros((0, 0, 0)))
    past: Array = field(default_factory=lambda: np.zeros((5, 0)))
    residual: Array = field(default_factory=lambda: np.zeros(0))
    setting: tuple[Any, ...] = ()
    launches: int = 0
    ended: int = 0
    age: int = 0


def begin(params: ClassicalParams, seed: int, report: Report) -> ClassicalState:
    # The network is part of the apparatus, not of the luck of a run.
    network = params.loss == "network"
    terrain = learned(sign_pair(PUPIL), DECAY, BARRIER, GRID.axis, report=report) if network else None
    none = np.zeros(0)
    state = ClassicalState(seed, 0, terrain, none, none, none, np.zeros((KEPT, len(params.rungs) + 2)))
    state.setting = params.rungs
    _launch(state, params)
    return state


def _launch(state: ClassicalState, params: ClassicalParams) -> None:
    """Replicas drawn anew and at rest, waves with the same density and no phase."""
    rungs, M, z = params.rungs, np.arange(params.replicas), np.empty((params.replicas, 2))
    philox.normals(z, state.seed, state.launches, STREAM_START)
    chance = ndtr(z)
    if state.terrain is None:
        state.q = ndtri((M + chance[:, 0]) / len(M))[None, :, None].copy()
        state.psi = np.array([np.exp(-0.25 * LINE.axis**2) / (2.0 * math.pi) ** 0.25] * len(rungs), np.complex128)
    else:
        share = np.column_stack([(M + chance[0, 0]) / len(M), (M * GOLDEN + chance[0, 1]) % 1.0])
        drawn = SPREAD * ndtri(np.clip(share, 1e-7, 1.0 - 1e-7))
        starts = {V0: state.terrain.uphill(V0, OUTWARD) for _, V0 in rungs}
        state.q = np.array([np.clip(np.array(at) + drawn, -WALL, WALL) for at in starts.values()])
        state.psi = np.array([packet(GRID.axis, starts[V0], SPREAD) for _, V0 in rungs], np.complex64)
    state.v, state.past = np.zeros_like(state.q), np.tile(state.q[0, :, 0], (5, 1))
    looks = LENGTH[params.loss] // STRIDE + 1
    state.l1, state.residual = np.zeros((len(rungs), looks)), np.zeros(looks)
    state.launches, state.age = state.launches + 1, 0


@lru_cache(maxsize=32)
def _flow(terrain: Terrain | None, hbar: float) -> tuple[SplitStep, int]:
    """The wave equation, and how many of its steps make one of the replicas'."""
    parts = math.ceil(DT / min(DT, 0.4 * hbar) if terrain is None else DT / min(DT, 0.2 * hbar))
    if terrain is None:
        return SplitStep(LINE.axis, -np.cos(LINE.axis), hbar, DT / parts), parts
    return SplitStep(GRID.axis, np.minimum(terrain.V, CEILING), hbar, DT / parts, np.complex64), parts


def step(state: ClassicalState, params: ClassicalParams) -> None:
    if state.setting != params.rungs:
        state.setting, state.ended = params.rungs, 0
        _launch(state, params)
    elif state.age >= LENGTH[params.loss]:
        _launch(state, params)
    _learn(state, params)
    for psi, (hbar, _) in zip(state.psi, params.rungs, strict=True):
        wave, parts = _flow(state.terrain, hbar)
        psi[...] = wave.step(psi, STRIDE * parts)
    state.step += STRIDE
    state.age += STRIDE
    _look(state, params)


def _learn(state: ClassicalState, params: ClassicalParams) -> None:
    """STRIDE steps of Newton's second law, by leapfrog; or of plain SGD with s = PACE, when that is switched on."""
    if params.breaks("first-term"):
        z = np.empty((state.q.shape[1], state.q.shape[0] * state.q.shape[2]))
        for k in range(state.step, state.step + STRIDE):
            philox.normals(z, state.seed, k, STREAM_KICK)
            kick = math.sqrt(PACE * DT) * z.reshape(len(z), *state.q.shape[::2]).transpose(1, 0, 2)
            moved = state.q + 0.5 * DT * _force(state) + kick
            state.q = moved if state.terrain is None else np.clip(moved, -WALL, WALL)
        state.v[:] = 0.5 * _force(state)
    elif state.terrain is None:
        for _ in range(STRIDE):
            state.v += 0.5 * DT * _force(state)
            state.q += DT * state.v
            state.v += 0.5 * DT * _force(state)
    else:
        for q, v in zip(state.q, state.v, strict=True):
            guided.leapfrog(q, v, state.terrain.force, -GRID.half_width, 1.0 / GRID.spacing, DT, STRIDE)


def _force(state: ClassicalState) -> Array:
    if state.terrain is None:
        return -np.sin(state.q)
    return np.stack([GRID.at(state.terrain.force, q) for q in state.q])


def _look(state: ClassicalState, params: ClassicalParams) -> None:
    """Enter how far each wave is from its replicas, and, in the lens, how far these are from Hamilton and Jacobi."""
    k, ensembles = state.age // STRIDE, _seen(state)
    heights, space = list(dict.fromkeys(V0 for _, V0 in params.rungs)), LINE if state.terrain is None else GRID
    for rung, (_, V0) in enumerate(params.rungs):
        p = space.smooth(density(state.psi[rung]), WINDOW)
        state.l1[rung, k] = np.abs(p - ensembles[heights.index(V0)]).sum() * space.cell
    if state.terrain is None:
        state.past = np.concatenate([state.past[1:], state.q[:1, :, 0]])
        if k >= 4:
            state.residual[k - 2] = hamilton_jacobi(state.past, STRIDE * DT, lambda x: -np.cos(x), 2.4)
    if state.age == LENGTH[params.loss]:
        t = STRIDE * DT * np.arange(k + 1)
        spans = [state.residual[(t >= low) & (t <= high)].mean() for low, high in (EARLY, LATE)]
        final = state.l1[:, -1] if state.terrain is None else state.l1[:, (k + 1) // 2 :].mean(axis=1)
        state.ends[state.ended % KEPT] = [*final, *spans]
        state.ended += 1


def _seen(state: ClassicalState) -> list[Array]:
    """The density of each ensemble, through the window."""
    if state.terrain is None:
        return [LINE.smooth(LINE.counts(state.q[0, :, 0]), WINDOW)]
    return [GRID.smooth(GRID.counts(q), WINDOW) for q in state.q]


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "density": Plane("Density", "replicas, and the wave", Axis("q₁", -3.0, 3.0), Axis("p", 0.0, 2.6)),
    "plane": Plane("Replicas", "weights, or weight and velocity", Axis("q₁", -3.0, 3.0), Axis("q₂, or v", -3.0, 3.0),
                   square=True),
    "ladder": Plane("Down the ladder", "L₁ of each wave, now and measured", Axis("log₁₀ ħ, or V₀", -2.0, 0.4),
                    Axis("log₁₀ L₁", -2.6, 0.4)),
    "launch": Plane("One launch", "L₁, and what F′ misses", Axis("t", 0.0, 2.4), Axis("L₁, residual", 0.0, 1.6),
                    empty="Nothing has moved yet."),
}  # fmt: skip


def observe(state: ClassicalState, params: ClassicalParams) -> Mapping[str, Observable]:
    k, low = state.age // STRIDE, -GRID.half_width - GRID.spacing / 2
    q = _pairs(state)
    p = GRID.smooth(GRID.counts(q), WINDOW)
    t, rung = STRIDE * DT * np.arange(k + 1.0), _places(params)
    l1 = np.log10(np.maximum(state.l1[:-1, k], 1e-4))
    misses = np.minimum(state.residual[: max(k - 1, 1)], 3.0)
    misses = np.concatenate([misses, np.full(k + 1 - len(misses), misses[-1])])
    return {
        "marginal": _marginal(state, _seen(state)[-1]),
        "crowd": Field("plane", np.sqrt(np.maximum(p, 0.0)), (low, low + 6.0, low, low + 6.0), (0.0, 2.0), "√p"),
        "loss": _lines(state.terrain),
        "level": Paths.of("plane", [] if state.terrain is None else contours(GRID.axis, p, [0.3])),
        "cloud": Cloud("plane", q[:: -(-len(q) // SHOWN)], len(q), "q", kind="replica"),
        "rungs": Series("ladder", rung, l1[None], ("now",)),
        "points": Cloud("ladder", np.column_stack([rung, l1]), len(rung), "ħ", role="tracer"),
        "distance": Series("launch", t, np.stack([state.l1[-1, : k + 1], misses]), ("L₁", "residual"), ("net", "ink")),
        "hbar": Scalar(params.rungs[-1][0], "ħ", plane="density"),
        "l1": Scalar(float(state.l1[-1, k]), "L₁", plane="launch"),
    }


def theory(state: ClassicalState, params: ClassicalParams) -> Mapping[str, Observable]:
    """The wave: its density, its velocity; where launches ended on the ladder; the band."""
    p = density(state.psi[-1]) if state.terrain is None else GRID.smooth(density(state.psi[-1]), WINDOW)
    ended, rung = state.ends[: min(state.ended, KEPT)], _places(params)
    mean = np.log10(np.maximum(ended[:, : len(rung)].mean(axis=0), 1e-4)) if len(ended) else np.zeros(0)
    return {
        "marginal": _marginal(state, p),
        "level": Paths.of("plane", _current(state) if state.terrain is None else contours(GRID.axis, p, [0.3])),
        "rungs": Series("ladder", rung[: len(mean)], mean[None], ("measured",)),
        "distance": Series("launch", np.array([0.0, 2.4]), np.full((1, 2), 0.03), ("holds below",)),
    }


def _places(params: ClassicalParams) -> Array:
    places: Array = np.log10([V0 if params.climbs else h for h, V0 in params.rungs[:-1]])
    return places


def _pairs(state: ClassicalState) -> Array:
    """What the plane shows of the replicas: both weights, or weight and velocity."""
    lens = state.terrain is None
    both: Array = np.column_stack([state.q[0, :, 0], state.v[0, :, 0]]) if lens else state.q[-1]
    return np.clip(both, -2.9, 2.9)


def _marginal(state: ClassicalState, p: Array) -> Series:
    if p.ndim == 2:
        return Series("density", GRID.axis, GRID.spacing * p.sum(axis=1)[None], ("p(q₁)",))
    return Series("density", LINE.axis[536:1513:2], p[None, 536:1513:2], ("p",))


def _current(state: ClassicalState) -> list[Array]:
    """The velocity ħ Im ψ'/ψ of the lens's wave, where it is dense; before streams cross, theirs."""
    psi, hbar = state.psi[-1], state.setting[-1][0]
    p = density(psi)
    v = hbar * np.imag(np.conj(psi) * np.gradient(psi, LINE.cell)) / np.maximum(p, 1e-12)
    shown = slice(600, 1449, 2)
    kept = np.column_stack([LINE.axis, np.clip(v, -2.9, 2.9)])[shown][p[shown] > 2e-3]
    return [kept]


@lru_cache(maxsize=2)
def _lines(terrain: Terrain | None) -> Paths:
    if terrain is not None:
        return Paths.of("plane", contours(GRID.axis, terrain.V, (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0)), "contour")
    energy = 0.5 * GRID.axis[None, :] ** 2 - np.cos(GRID.axis[:, None])
    return Paths.of("plane", contours(GRID.axis, energy, (-0.75, -0.25, 0.25, 1.0, 2.0)), "contour")


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2008.01540 §6"
CLAIMS = (
    Claim("limit", "In the lens the wave is classical.", SOURCE, "L₁", 0.0, (0.0, 0.03), "holds",
          ".0207 over 20 seeds, to ± .0001; .445 at ħ = .4. Band from a prototype, before the seeds"),
    Claim("ladder", "Each halving of ħ brings it closer.", SOURCE, "max r", 0.5, (0.0, 0.9), "holds",
          "r = L₁(ħ/2)/L₁(ħ) is .80, .65, .34, .26, .28 down the ladder, over 20 seeds; 1.09 with D = 0 alone"),
    Claim("jacobi", "Until paths cross, one F′ for all.", SOURCE, "ε", 0.0, (0.0, 0.05), "holds",
          ".0018 over 20 seeds; replicas without momentum, by D = 0 alone, miss 1.4 to 1.6 of it"),
    Claim("after", "After they cross, too.", SOURCE, "ε", 0.0, (0.0, 0.05), "fails",
          "2.17 over 20 seeds: at one place there are up to three velocities; the density still has its limit"),
    Claim("network", "On a network's loss, each halving too.", SOURCE, "max r", 0.5, (0.0, 0.9), "holds",
          "r is .80, .61, .44, .31 over 20 seeds, L₁ 1.41 at ħ = .8, .094 at .05, the finest that 128² points resolve",
          at={"loss": "network", "hbar": 0.2}),
    Claim("distance", "Farther from equilibrium, more classical.", SOURCE, "r", 0.125, (0.0, 0.8), "fails",
          "1.03 over 20 seeds. From eight directions, ħ = .2 or .4, one run each: .91 to 1.27, but .74 over the saddle "
          "at ħ = .4, where replicas touch the wall. So the direction counts; in none does it fall to ⅛",
          at={"loss": "network", "hbar": 0.2, "ladder": "height"}),
)  # fmt: skip
LIMIT, LADDER, JACOBI, AFTER, NETWORK, DISTANCE = CLAIMS


def verdict(state: ClassicalState, params: ClassicalParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all launches since a knob was turned."""
    ended = state.ends[: min(state.ended, KEPT)]
    waiting = "" if len(ended) >= ENOUGH else f"Needs {ENOUGH} launches; {len(ended)} have ended."
    lens = "" if params.loss == "lens" else "This is about the lens; here a network's loss is learned."
    small = lens or ("" if params.hbar <= 0.025 else "The claim is about ħ ≤ .025.")
    plain = "" if params.loss == "network" and not params.climbs else "This is about a ladder of ħ on a network's loss."
    climbing = "" if params.climbs else "This is about a ladder of heights on a network's loss."
    l1, misses = ended[:, : len(params.rungs)], ended[:, -2:]
    said = f"From {len(ended)} launches of {params.replicas} replicas"

    def of(claim: Claim, values: Array, text: str, outside: str, null: float) -> Verdict:
        n, mean = len(values), float(values.mean()) if len(values) else claim.predicted
        error = T95 * float(values.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
        wait = "" if outside else waiting
        return judge(claim, mean, error, f"{said}: {text}.", null=null, outside=outside, waiting=wait)

    steps = (l1[:, 1:-1] / np.maximum(l1[:, :-2], 1e-12)).max(axis=1)
    rise = l1[:, -2] / np.maximum(l1[:, 0], 1e-12)
    hbar = params.rungs[-1][0]
    return (
        of(LIMIT, l1[:, -1], f"distance of the wave with ħ = {hbar:.3g} at t = 2.12", small, 2.0),
        of(LADDER, steps, "r = L₁(ħ/2)/L₁(ħ) of the rung that helps least, of five", lens, 1.0),
        of(JACOBI, misses[:, 0], f"for t from {EARLY[0]} to {EARLY[1]}; the first crossing is at π/2", lens, 1.0),
        of(AFTER, misses[:, 1], f"for t from {LATE[0]} to {LATE[1]}; places then have several velocities", lens, 1.0),
        of(NETWORK, steps, "r = L₁(ħ/2)/L₁(ħ) of the rung that helps least, of four", plain, 1.0),
        of(DISTANCE, rise, "r = L₁(V₀ = 2)/L₁(V₀ = ¼); in a bowl it is 1; the wave's share in the energy falls to ⅛",
           climbing, 1.0),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: ClassicalParams) -> Mapping[str, str]:
    hbar = params.rungs[-1][0]
    known = {"law": "descent + noise (D = 0 alone)" if params.breaks("first-term") else "momentum", "ħ": f"{hbar:.3g}"}
    if params.loss == "lens":
        return {"V": "−cos q, by hand"} | known
    return known | {"ħ²/4σ²V₀": f"{hbar**2 / (4.0 * SPREAD**2 * params.height):.2g}"}


EXPERIMENT = Experiment(
    slug="classical",
    title="The classical limit",
    group="quantum",
    question="Does a wave of weights become a crowd of networks with momentum, as ħ falls or far from equilibrium?",
    formula=r"\partial_t F'+\gamma|\nabla F'|^2+V=\gamma\hbar^2\,\frac{\nabla^2\sqrt p}{\sqrt p}\;"
    r"\xrightarrow{\hbar\to0}\;0,\qquad \int\bigl||\psi|^2-p\bigr|\to0",
    sources=("2008.01540", "derived"),
    by_hand="momentum, D = 0 and κ = 1; the lens −cos q; a wave that listens to no replica",
    emergent="that L₁ falls with ħ, in the lens and on a network's loss; not with distance from equilibrium",
    params=ClassicalParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Two spikes", "Replicas fold into two spikes; the wave follows them, with fringes in between.", {}),
        Preset("A wide wave", "At ħ = .4 the wave makes one hump where replicas make two spikes.", {"hbar": 0.4}),
        Preset("A network's loss", "Both clouds slide into the valley: at ħ = .05 their outlines agree.",
               {"loss": "network", "hbar": 0.05}),
        Preset("Farther away", "Starts from four heights at one ħ: the points stay level, they do not fall.",
               {"loss": "network", "hbar": 0.2, "ladder": "height"}),
        Preset("Only D = 0", "Replicas diffuse: no spikes, and no rung of the ladder comes near.",
               {"broken": "first-term"}),
    ),
    stride=STRIDE,
    verify_steps=ENOUGH * LENGTH["network"] + STRIDE,
    begin=begin,
    step=step,
    clock=lambda s: DT * s.step,
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"cloud": _pairs(s)},
    time_unit="t",
    calibrations=("streams",),
)  # fmt: skip
