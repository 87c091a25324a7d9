"""Adjusting itself: is the law Schrödinger's when neuron number, step size and batch size adapt? A factorial of 2³.

Claim.   A network that may change its own number of neurons, its step size γ and its batch size B keeps one ħ for all
         weights, and its trainable variables then obey Schrödinger's equation.              [2111.00903 §4, abstract]

Conventions.   Each of the three is fixed or adapts: eight cells, in the order –, N, S, NS, B, NB, SB, NSB. A packet at
         rest is released into one cell after another, again and again. V = 3 (U + ½ λ_q q² − min)/u is the loss of a
         network, γ = ½, a step is .02 of time. Of each cell are measured, from places or the sum alone: the law index
         θ, ħ² as the law that fits better has it, −s² of the first or c of the second (`weltnet.estimators.law`), and
         L₁, the distance to the exact |ψ|² at the same times. An *effect* is the mean of the four cells with a factor
         less that of the four without; an interaction likewise, with the product of both signs.

Put in by hand.   What adapting means. The paper wants ħ the same for all q; of plain SGD |ħ| is s = D/γ, where a batch
         makes γC/2B, C(q) the covariance of one sample's gradient. So the rule is γ/B ∝ 1/tr C(q), by γ, by B, or by
         the root of it each, within a factor RANGE, B ≥ 1. A network whose step is half as long takes two: all are
         compared after equal learning, so that only γ/B counts. Neurons: a free energy F counts modulo μ_n = 2πħ, so
         that networks add up as phases (`weltnet.pathsum`). For that a network needs an F of its own, dF/dt = p²/2 − V,
         which takes *inertia*; those of fixed N follow momentum from rest. Plain SGD has no such F: what reads it is
         missing, exchange acts on nothing, and its effect there is a null that tests the errors. Noise is normal with
         covariance C/B, on the gradient, not on F; SGD has s₀ more of it. With inertia, Gaussians of one width,
         and re-births from ψ every .16, as in Two valleys: the motion between them is that of the networks alone.

What would refute it.   θ above 20° for SGD would mean that adjusting can make inertia; an effect of N on ħ² other than
         ħ² itself, or of step or batch other than 0, that they do not do what the paper says of them. The paper's
         sentence, read as one about plain SGD, asks L₁ below .12 there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from weltnet import pathsum
from weltnet.estimators.contours import contours
from weltnet.estimators.law import BANDWIDTHS, Witness, halves, law
from weltnet.estimators.potential import current_velocity
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels import philox
from weltnet.kernels.ensemble import WALL
from weltnet.kernels.grid import deepest_pass
from weltnet.observables import Axis, Cloud, ComplexField, Observable, Paths, Plane, Scalar
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.pathsum import DT, GRID, STRIDE, Family
from weltnet.systems.teachers import sign_pair, tabulate
from weltnet.terrain import NODES, Terrain, learned
from weltnet.theory.schroedinger import SplitStep, density
from weltnet.verdicts import judge

Array = NDArray[Any]

GAMMA, PUPIL, DECAY, BARRIER = 0.5, 1, 0.02, 3.0
CELLS, N, S, B = 8, 1, 2, 4  # bits of a cell: neurons, step, batch adapt
NAMES = "–, N, S, NS, B, NB, SB, NSB"
LAUNCH, LOOK = 80, 8  # steps from release to release; from look to look and from birth to birth
ROWS = LAUNCH // LOOK - 3  # looks of a launch that have a neighbour before and behind
KEPT, ENOUGH = 12, 3  # launches of a cell that count, and that make an error bar
RANGE = 4.0  # how far γ/B may go from its mean, by either
VALLEY = 1.5  # below this V the mean of tr C is taken
ADDED = 0.02  # s₀: where C vanishes a density would collapse below any grid
TILT, REST, CEILING = 1.0, 0.5, 25.0  # the packet: ground state, for this ħ, of the tilted loss
FASTEST = 10.0  # wave number of the fastest replica; the packet stays below 7
SHOWN, OUTLINES, LEVELS = 400, (0.1, 0.4), (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0)
STREAM_RELEASE, STREAM_KICK = 46, 47


# -- parameters -------------------------------------------------------------------------------------------------------


class AdjustParams(Params):
    """What the three adaptations are added to."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("no-exchange", "neurons are exchanged in the four cells with N", ("exchange", "all-three"),
                 ("weights", "planck", "effects"), watch="Free energies no longer add up as phases: cells with N become "
                 "like those without, ħ² falls to nothing in all eight."),
        Saboteur("common-steps", "networks are compared after equal learning, not after equally many steps",
                 ("step-batch", "all-three"), ("weights", "planck", "index", "effects"),
                 watch="A network with short steps now lags behind the others. Wherever the step adapts with N, phases "
                 "of different times are added, and ħ² is lost."),
        Saboteur("wrong-rule", "steps are short, or batches large, where noise is strong", ("uniform",), ("weights",),
                 watch="The rule is turned round: long steps and small batches where noise is strong already. s now "
                 "differs from place to place more than if nothing adapted."),
    )  # fmt: skip

    base: Literal["inertial", "sgd"] = choice(
        "inertial", symbol="base", group="Base",
        meaning="what the three are added to: networks with momentum, or plain SGD",
    )  # fmt: skip
    batch: float = knob(
        8.0, 1.0, 64.0, symbol="B", unit="samples", group="Base", log=True,
        meaning="samples per step of each replica; of those that adapt, the mean", equation="s = γC/2B + s₀",
    )  # fmt: skip
    hbar: float = knob(
        0.5, 0.3, 0.8, symbol="ħ", unit="action", group="Base",
        meaning="μ_n/2π: where neurons adapt, free energies count modulo 2πħ", equation="ψ = Σ a C e^{iF/ħ} g",
    )  # fmt: skip
    replicas: int = knob(
        3000, 2000, 12_000, symbol="M", group="Base", restarts=True, log=True,
        meaning="networks that learn, in two halves that do not feel one another",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Ground:
    """A loss and the noise of its gradient."""

    terrain: Terrain
    noise: Array
    """C(q) of V, fields xx, xy, yy: (3, n, n)."""

    @cached_property
    def quiet(self) -> Array:
        """C̄/tr C within RANGE, C̄ its geometric mean over the valleys: (n, n). What γ/B is multiplied by."""
        trace = np.maximum(self.noise[0] + self.noise[2], 1e-9)
        mean = math.exp(float(np.log(trace[self.terrain.V < VALLEY]).mean()))
        found: Array = np.clip(mean / trace, 1.0 / RANGE, RANGE)
        return found

    @cached_property
    def fields(self) -> Array:
        """−∇V, C and `quiet`: (6, n, n)."""
        return np.concatenate([self.terrain.force, self.noise, self.quiet[None]])


@dataclass(slots=True)
class AdjustState:
    """q, v: (M, 2) replicas without phases; one, other: the halves of those with; here, before: places at marks.

    grams, l1, even: per cell and launch, rows of both laws, L₁, and of s over replicas the scatter of its logarithm and
    how even it is in direction; found: per cell θ, its error, ħ², its error; ended: launches per cell.
    """

    seed: int
    step: int
    ground: Ground
    witness: Witness
    half: NDArray[np.bool_]
    setting: tuple[Any, ...] = ()
    launches: int = 0
    age: int = 0
    births: int = 0
    q: Array = field(default_factory=lambda: np.zeros((0, 2)))
    v: Array = field(default_factory=lambda: np.zeros((0, 2)))
    one: Family = field(default_factory=pathsum.nobody)
    other: Family = field(default_factory=pathsum.nobody)
    here: Array = field(default_factory=lambda: np.zeros((0, 2)))
    before: Array = field(default_factory=lambda: np.zeros((0, 2)))
    sums: Array = field(default_factory=lambda: np.zeros(3))
    grams: Array = field(default_factory=lambda: np.zeros((CELLS, KEPT, ROWS, len(BANDWIDTHS), 2, 3, 3)))
    l1: Array = field(default_factory=lambda: np.zeros((CELLS, KEPT)))
    even: Array = field(default_factory=lambda: np.zeros((2, CELLS, KEPT)))
    found: Array = field(default_factory=lambda: np.full((CELLS, 4), np.inf))
    ended: Array = field(default_factory=lambda: np.zeros(CELLS))

    @property
    def cell(self) -> int:
        """The cell of this launch."""
        return (self.launches - 1) % CELLS


@lru_cache(maxsize=2)
def _noise(terrain: Terrain) -> Ground:
    table = tabulate(sign_pair(PUPIL), NODES)
    U = table.U + 0.5 * DECAY * (NODES[:, None] ** 2 + NODES[None, :] ** 2)
    scale, x = (BARRIER / deepest_pass(U)) ** 2, GRID.axis
    fields = [RectBivariateSpline(NODES, NODES, scale * c, kx=1, ky=1)(x, x) for c in table.covariance]
    return Ground(terrain, np.stack(fields))


@lru_cache(maxsize=4)
def _exact(terrain: Terrain, hbar: float) -> tuple[Array, Array]:
    """The packet that is released, (n, n), and |ψ|² of the exact wave at every look: (looks, n, n)."""
    tilted = terrain.V + TILT * (GRID.axis[:, None] + GRID.axis[None, :])
    packet = SplitStep(GRID.axis, np.minimum(tilted - tilted.min(), CEILING), REST, DT).ground().astype(complex)
    wave, seen = packet, [density(packet)]
    for _ in range(LAUNCH // LOOK):
        wave = pathsum.solver(terrain, hbar).step(wave, LOOK)
        seen.append(density(wave))
    return packet, np.stack(seen)


def begin(params: AdjustParams, seed: int, report: Report) -> AdjustState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    terrain = learned(sign_pair(PUPIL), DECAY, BARRIER, GRID.axis, report=report)
    state = AdjustState(seed, 0, _noise(terrain), Witness(GRID.n, ROWS), halves(params.replicas, seed))
    state.setting = _setting(params)
    _release(state, params)
    return state


def _setting(params: AdjustParams) -> tuple[Any, ...]:
    return (params.base, params.batch, params.hbar, params.broken)


def _waves(state: AdjustState, params: AdjustParams) -> bool:
    """Whether the networks of this cell have a free energy that counts modulo μ_n."""
    return bool(state.cell & N) and params.base == "inertial" and not params.breaks("no-exchange")


def _release(state: AdjustState, params: AdjustParams) -> None:
    """Begin the next cell's launch: every replica anew from the packet, at rest."""
    state.launches, state.age = state.launches + 1, 0
    packet, M = _exact(state.ground.terrain, params.hbar)[0], params.replicas
    state.one, state.other = pathsum.nobody(), pathsum.nobody()
    if _waves(state, params):
        _born(state, params, [packet, packet])
        state.q = np.zeros((0, 2))
    else:
        state.q = GRID.drawn(density(packet), pathsum.uniforms(state.seed, state.launches, STREAM_RELEASE, M, 3))
    state.v, state.before, state.here = np.zeros_like(state.q), state.q.copy(), state.q.copy()
    state.sums = np.zeros(3)
    state.witness.forget()


def _born(state: AdjustState, params: AdjustParams, waves: list[Array]) -> None:
    families = []
    for wave in waves:
        state.births += 1
        whole = wave[None] / math.sqrt(float(density(wave).sum()) * GRID.cell)
        families.append(
            pathsum.born(whole, params.hbar, params.replicas // 2, state.seed, state.births, fastest=FASTEST)[0]
        )
    state.one, state.other = families


def step(state: AdjustState, params: AdjustParams) -> None:
    if turned := state.setting != _setting(params):
        state.setting = _setting(params)
        state.ended[:], state.found[:] = 0.0, np.inf
    if turned or state.age >= LAUNCH:
        _release(state, params)
    _learn(state, params)
    state.step, state.age = state.step + STRIDE, state.age + STRIDE
    _look(state, params)
    if state.age == LAUNCH:
        _keep(state, params)


def adapted(state: AdjustState, params: AdjustParams, quiet: Array) -> tuple[Array, Array]:
    """Step, over the fixed one, and batch of replicas in this cell, where γ/B should be `quiet` times its mean."""
    step, batch = bool(state.cell & S), bool(state.cell & B)
    wanted = (1.0 / quiet if params.breaks("wrong-rule") else quiet) ** (1.0 / max(step + batch, 1))
    still = np.ones_like(quiet)
    return (wanted if step else still), np.maximum(params.batch / wanted if batch else params.batch * still, 1.0)


def _kick(state: AdjustState, params: AdjustParams, at: Array, z: Array) -> tuple[Array, Array]:
    """How far each replica's step goes, (m, 1), and what its batch adds to −∇V, (m, 2); at: `fields`, z: normals."""
    pace, batch = adapted(state, params, at[:, 5])
    common = params.breaks("common-steps")
    a = np.sqrt(np.maximum(at[:, 2], 1e-12))
    b = at[:, 3] / a
    xi = np.column_stack([a * z[:, 0], b * z[:, 0] + np.sqrt(np.maximum(at[:, 4] - b * b, 0.0)) * z[:, 1]])
    # of two steps half as long, each with a batch of its own, the noise adds up to the root of ½ of one whole step's
    size = (pace if common else np.sqrt(pace)) / np.sqrt(batch)
    return (pace if common else np.ones_like(pace))[:, None], size[:, None] * xi


def _learn(state: AdjustState, params: AdjustParams) -> None:
    """STRIDE steps; networks with phases are pushed by their batches once a stride."""
    fields, rate = state.ground.fields, GAMMA * DT
    if _waves(state, params):
        z = np.empty((len(state.one.q) + len(state.other.q), 2))
        philox.normals(z, state.seed, state.step, STREAM_KICK)
        for family, own in ((state.one, z[: len(state.one.q)]), (state.other, z[len(state.one.q) :])):
            pace, push = _kick(state, params, GRID.at(fields, family.q), own)
            family.p += math.sqrt(STRIDE) * DT * push
            family.travel(pathsum.spline(state.ground.terrain), pace[:, 0])
        return
    q, v, z = state.q, state.v, np.empty((len(state.q), 4))
    for k in range(state.step, state.step + STRIDE):
        philox.normals(z, state.seed, k, STREAM_KICK)
        at = GRID.at(fields, q)
        pace, push = _kick(state, params, at, z)
        if params.base == "sgd":
            q += rate * (pace * at[:, :2] + push) + np.sqrt(ADDED * DT * pace) * z[:, 2:]
        else:
            v += DT * (0.5 * pace * at[:, :2] + push)
            q += DT * pace * v
            v += 0.5 * DT * pace * GRID.at(state.ground.terrain.force, q)
        out = np.abs(q) > WALL
        v[out] *= -1.0
        q[out] = np.clip(np.sign(q[out]) * 2.0 * WALL - q[out], -WALL, WALL)


def _look(state: AdjustState, params: AdjustParams) -> None:
    """Measure between releases, and let replicas with phases be born anew from what they sum to."""
    phase, V = state.age % LOOK, state.ground.terrain.V
    if _waves(state, params):
        if phase == 0 and state.age < LAUNCH:
            waves = [family.waves(params.hbar).sum(axis=0) for family in (state.one, state.other)]
            currents = [_current(state, params, wave) for wave in waves]
            state.witness.see(
                GRID, lambda h: [(np.maximum(p, 1e-30), j) for p, *j in (_smooth(c, h) for c in currents)], V, LOOK * DT
            )
            _book(state, params, 0.5 * (currents[0][0] + currents[1][0]), state.one.q)
            _born(state, params, waves)
    elif phase == 0 and state.age < LAUNCH:
        state.here = state.q.copy()
        _book(state, params, GRID.counts(state.q), state.q)
    elif phase == LOOK // 2:
        if state.age > LOOK:
            v = current_velocity(state.before, state.q, LOOK * DT)
            state.witness.look(GRID, state.here, v, state.half, V, LOOK * DT)
        state.before = state.q.copy()


def _current(state: AdjustState, params: AdjustParams, wave: Array) -> Array:
    """|ψ|², which integrates to 1, and its current: (3, n, n)."""
    p = density(wave)
    v = pathsum.solver(state.ground.terrain, params.hbar).flow(wave)[0]
    current: Array = np.stack([p, *(p * v)]) / (float(p.sum()) * GRID.cell)
    return current


def _smooth(fields: Array, bandwidth: float) -> Array:
    return np.stack([GRID.smooth(f, bandwidth) for f in fields])


def _book(state: AdjustState, params: AdjustParams, p: Array, q: Array) -> None:
    """Add this look's distance from the exact density, and how even s is over the replicas."""
    exact = _exact(state.ground.terrain, params.hbar)[1][state.age // LOOK]
    distance = float(np.abs(_smooth(np.stack([p, exact]), BANDWIDTHS[0])[0] - GRID.smooth(exact, BANDWIDTHS[0])).sum())
    at = GRID.at(state.ground.fields, q)
    pace, batch = adapted(state, params, at[:, 5])
    mean, split = 0.5 * (at[:, 2] + at[:, 4]), np.hypot(0.5 * (at[:, 2] - at[:, 4]), at[:, 3])
    made = 0.5 * GAMMA * DT * pace / batch
    s, spread = made * mean + ADDED, made * split
    state.sums += (distance * GRID.cell, float(np.log(s).std()), float(((s - spread) / (s + spread)).mean()))


def _keep(state: AdjustState, params: AdjustParams) -> None:
    """Enter the launch into its cell."""
    cell = state.cell
    place = int(state.ended[cell]) % KEPT
    state.grams[cell, place] = state.witness.recent(ROWS)
    l1, *even = state.sums / (LAUNCH // LOOK - 1)
    state.l1[cell, place], state.even[:, cell, place] = l1, even
    state.ended[cell] += 1
    n = int(min(state.ended[cell], KEPT))
    rows = state.grams[cell, :n].reshape(-1, *state.grams.shape[3:])
    found = law(GRID, rows, n, deposited=not _waves(state, params))
    state.found[cell] = (found.theta, found.theta_error, *found.hbar2)


# -- what is seen -----------------------------------------------------------------------------------------------------


def effects(values: Array, errors: Array) -> tuple[Array, Array]:
    """The seven effects of eight cells, N, S, NS, B, NB, SB, NSB, and their errors, added in squares: (7,) each."""
    bits = np.array([[1.0 if cell & f else -1.0 for cell in range(CELLS)] for f in (N, S, B)])
    signs = np.stack([np.prod([bits[i] for i in range(3) if k >> i & 1], axis=0) for k in range(1, CELLS)])
    found: Array = signs @ values / (CELLS // 2)
    return found, np.full(CELLS - 1, math.sqrt(float((errors**2).sum())) / (CELLS // 2))


EDGES = (*(-GRID.half_width - GRID.spacing / 2, GRID.half_width - GRID.spacing / 2),) * 2
PLANES = {
    "weights": Plane("Weights", "√p e^{iF′/ħ}; exact (ghost)", Axis("q₁", -3, 3), Axis("q₂", -3, 3), square=True),
    "planck": Plane("ħ² of each cell", NAMES, Axis("cell", 0.5, 8.5), Axis("ħ²", -0.12, 0.68),
                    empty="The first cell is measured after 80 steps."),
    "index": Plane("Law of each cell", NAMES, Axis("cell", 0.5, 8.5), Axis("θ", -4, 94, "°"),
                   empty="The first cell is measured after 80 steps."),
    "effects": Plane("Effects", "on ħ² / dial (dot), θ / 90° (ring)", Axis("N, S, NS, B, NB, SB, NSB", 0.5, 7.5),
                     Axis("effect", -1.1, 1.3), empty="All eight cells have been measured after 640 steps."),
}  # fmt: skip


def _bars(x: Array, y: Array, error: Array) -> list[Array]:
    """Error bars, and a short line across where there is none."""
    ends = np.where(np.isfinite(error), error, 0.0)
    up = np.stack([[x, y - ends], [x, y + ends]]).transpose(2, 0, 1)
    across = np.stack([[x - 0.2, y], [x + 0.2, y]]).transpose(2, 0, 1)
    return list(np.clip(np.concatenate([up, across]), -100.0, 100.0))


def observe(state: AdjustState, params: AdjustParams) -> Mapping[str, Observable]:
    there, dial = np.flatnonzero(state.ended), params.hbar**2
    x, (theta, turn, h2, spread) = there + 1.0, state.found[there].T
    k = np.arange(1.0, CELLS) if len(there) == CELLS else np.zeros(0)
    (planck, scatter), (law_, sway) = (_shares(state, params, 2, dial), _shares(state, params, 0, 90.0))
    now, places = np.array([[state.cell + 1.0, 0.0]]), state.q if len(state.q) else state.one.foremost()
    mine = np.where(np.isfinite(state.found[state.cell]), state.found[state.cell], 0.0)
    looks = max(min(state.age, LAUNCH - LOOK) // LOOK, 1)
    return {
        "psi": ComplexField("weights", _psi(state, params), EDGES, 1.1, "ψ"),
        "loss": _lines(state.ground.terrain),
        "cloud": Cloud("weights", places[:SHOWN], len(places), "q", kind="replica"),
        "level": Paths.of("weights", contours(GRID.axis, _density(state, params), OUTLINES)),
        "distance": Scalar(float(state.sums[0]) / looks, "L₁", plane="weights"),
        "bars": Paths.of("planck", _bars(x, h2, spread)),
        "points": Cloud("planck", np.column_stack([x, np.clip(h2, -9.0, 9.0)]), len(x), "ħ²"),
        "now": Cloud("planck", now, 1, "cell", role="tracer"),
        "hbar2": Scalar(float(mine[2]), "ħ²", "", float(mine[3]), "planck"),
        "turns": Paths.of("index", _bars(x, theta, turn)),
        "angles": Cloud("index", np.column_stack([x, theta]), len(x), "θ"),
        "running": Cloud("index", now, 1, "cell", role="tracer"),
        "theta": Scalar(float(mine[0]), "θ", "°", float(mine[1]), "index"),
        "effects": Paths.of("effects", _bars(k - 0.15, planck, scatter) + _bars(k + 0.15, law_, sway)),
        "on-planck": Cloud("effects", np.column_stack([k - 0.15, np.clip(planck, -9.0, 9.0)]), len(k), "on ħ²"),
        "on-law": Cloud("effects", np.column_stack([k + 0.15, law_]), len(k), "on θ", role="tracer"),
        "main": Scalar(float(planck[0]) if len(k) else 0.0, "N on ħ²/dial", plane="effects"),
    }  # fmt: skip


def _shares(state: AdjustState, params: AdjustParams, column: int, unit: float) -> tuple[Array, Array]:
    """The seven effects on a column of `found`, and their errors, as shares of `unit`; none before all are known."""
    if not state.ended.all():
        return np.zeros(0), np.zeros(0)
    return effects(state.found[:, column] / unit, state.found[:, column + 1] / unit)


def _density(state: AdjustState, params: AdjustParams) -> Array:
    """p at the last look, or of the packet that was just released."""
    if not state.witness.looks:
        return _exact(state.ground.terrain, params.hbar)[1][0]
    p: Array = state.witness.fields[2, 0, :, 0].mean(axis=0)
    return p


def _psi(state: AdjustState, params: AdjustParams) -> Array:
    """√p with the phase F'/ħ of the last look; a packet that was just released has none."""
    F = state.witness.fields[2, 0, :, 1].mean(axis=0) if state.witness.looks else 0.0
    psi: Array = np.sqrt(_density(state, params)) * np.exp(1j / params.hbar * F)
    return psi


@lru_cache(maxsize=2)
def _lines(terrain: Terrain) -> Paths:
    return Paths.of("weights", contours(GRID.axis, terrain.V, LEVELS), "contour", static=True)


def theory(state: AdjustState, params: AdjustParams) -> Mapping[str, Observable]:
    """The exact density at the last look; ħ² with exchange and inertia, 0 without; θ; and what follows of effects."""
    inertial, cells = params.base == "inertial", np.arange(CELLS)
    h2 = params.hbar**2 * (cells & N) * inertial
    theta = np.full(CELLS, 90.0 * inertial)
    looked = min(state.age, LAUNCH - LOOK) // LOOK if _waves(state, params) else max(state.age - LOOK // 2, 0) // LOOK
    exact = _exact(state.ground.terrain, params.hbar)[1][min(looked, LAUNCH // LOOK - 1)]
    k = np.arange(1.0, CELLS)
    expected = effects(h2 / params.hbar**2, np.zeros(CELLS))[0]
    return {
        "level": Paths.of("weights", contours(GRID.axis, exact, OUTLINES)),
        "bars": Paths.of("planck", [[(c + 0.6, h), (c + 1.4, h)] for c, h in zip(cells, h2, strict=True)]),
        "hbar2": Scalar(float(h2[state.cell]), "ħ²", plane="planck"),
        "turns": Paths.of("index", [[(c + 0.6, t), (c + 1.4, t)] for c, t in zip(cells, theta, strict=True)]),
        "theta": Scalar(float(theta[state.cell]), "θ", "°", plane="index"),
        "effects": Paths.of("effects", [[(c - 0.4, e), (c + 0.4, e)] for c, e in zip(k, expected, strict=True)]),
        "main": Scalar(float(inertial), "N on ħ²/dial", plane="effects"),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

ABSTRACT, DERIVED, SGD = "2111.00903 §4", "derived", {"base": "sgd"}
CLAIMS = (
    Claim("exchange", "With inertia, exchange makes ħ².", ABSTRACT, "N on ħ²", 0.25, (0.19, 0.31), "holds", "?"),
    Claim("inertia", "With inertia, second order in all.", DERIVED, "min θ", 90.0, (70.0, 90.0), "holds", "?", "°"),
    Claim("step-batch", "Step and batch leave ħ² alone.", DERIVED, "S, B, SB", 0.0, (-0.04, 0.04), "holds", "?"),
    Claim("all-three", "Inertia and all three: Schrödinger.", ABSTRACT, "L₁", 0.0, (0.0, 0.12), "holds", "?"),
    Claim("first-order", "Plain SGD: first order in all eight.", DERIVED, "max θ", 0.0, (0.0, 20.0), "holds", "?", "°",
          SGD),
    Claim("plain", "Plain SGD, all three: Schrödinger.", ABSTRACT, "L₁", 0.0, (0.0, 0.12), "fails", "?", at=SGD),
    Claim("uniform", "Adapting, s is the same everywhere.", ABSTRACT, "sd ln s", 0.0, (0.0, 0.2), "holds", "?", at=SGD),
    Claim("isotropic", "And the same in every direction.", ABSTRACT, "s₂/s₁", 1.0, (0.8, 1.0), "fails", "?", at=SGD),
)  # fmt: skip
EXCHANGE, INERTIA, STEP_BATCH, ALL_THREE, FIRST_ORDER, PLAIN, UNIFORM, ISOTROPIC = CLAIMS


def verdict(state: AdjustState, params: AdjustParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all launches since a knob was turned."""
    least, h2 = int(state.ended.min()), params.hbar**2
    waiting = "" if least >= ENOUGH else f"Needs {ENOUGH} launches of every cell; {least} of each have ended."
    inertial = "" if params.base == "inertial" else "Networks have no momentum here."
    plain = "" if params.base == "sgd" else "Networks have momentum here; the claim is about plain SGD."
    said = f"From {least} launches of each cell, {params.replicas} replicas"

    def of(claim: Claim, found: tuple[float, float], text: str, outside: str, null: float, **rest: Any) -> Verdict:
        measured, error = found if not waiting else (claim.predicted, 0.0)
        return judge(claim, measured, error, f"{said}: {text}.", null=null, outside=outside,
                     waiting="" if outside else waiting, **rest)  # fmt: skip

    on, error = effects(state.found[:, 2], state.found[:, 3])
    largest = max((S, B, S | B), key=lambda k: abs(on[k - 1]))
    low, high = (int(pick(state.found[:, 0])) for pick in (np.argmin, np.argmax))
    three, adapting = N | S | B, [c for c in range(CELLS) if c & (S | B)]
    return (
        of(EXCHANGE, (float(on[0]), float(error[0])), "mean ħ² with N less that without", inertial, 0.0,
           predicted=h2, band=(h2 - 0.06, h2 + 0.06)),
        of(INERTIA, _angle(state, low), "the cell with the least", inertial, 0.0),
        of(STEP_BATCH, (float(on[largest - 1]), float(error[0])), f"effect of {' '.join('NSB'[i] for i in range(3) if largest >> i & 1)} on ħ², the largest of three", inertial, h2),
        of(ALL_THREE, _over(state.l1[three], state), "∫|p − |ψ|²| of NSB, the mean of its looks", inertial, 2.0),
        of(FIRST_ORDER, _angle(state, high), "the cell with the most", plain, 90.0),
        of(PLAIN, _over(state.l1[three], state), "∫|p − |ψ|²| of NSB, the mean of its looks", plain, 2.0),
        of(UNIFORM, _over(state.even[0, adapting].mean(axis=0), state), "scatter of ln s over replicas where step or batch adapts", plain, _over(state.even[0, :S].mean(axis=0), state)[0]),
        of(ISOTROPIC, _over(state.even[1, adapting].mean(axis=0), state), "s across over s along, where step or batch adapts", plain, 0.0),
    )  # fmt: skip


def _angle(state: AdjustState, cell: int) -> tuple[float, float]:
    theta, error = state.found[cell, :2]
    low, high = max(theta - error, 0.0), min(theta + error, 90.0)
    return 0.5 * (low + high), 0.5 * (high - low)


def _over(values: Array, state: AdjustState) -> tuple[float, float]:
    """Mean over the launches that every cell has ended, and its 95 % half-width."""
    n = int(min(state.ended.min(), KEPT))
    return mean_over_copies(values[:n]) if n > 1 else (math.nan, math.inf)


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: AdjustParams) -> Mapping[str, str]:
    wave = {"μₙ = 2πħ": f"{2.0 * math.pi * params.hbar:.3g}"} if params.base == "inertial" else {"s₀": f"{ADDED:g}"}
    return wave | {"launch": f"{LAUNCH} steps in one cell, then the next"}


EXPERIMENT = Experiment(
    slug="adjust",
    title="Adjusting itself",
    group="quantum",
    question="Do networks that adjust their number of neurons, step and batch obey Schrödinger's equation?",
    formula=r"\gamma/B\propto\frac{1}{\mathrm{tr}\,C(q)},\quad F\ \mathrm{mod}\ \mu_n=2\pi\hbar"
    r"\quad\overset{?}{\Rightarrow}\quad i\hbar\,\partial_t\psi=-\tfrac12\hbar^2\nabla^2\psi+V\psi",
    sources=("2111.00903", "2012.05082", "derived"),
    by_hand="the rules of adapting; momentum, or none; F modulo 2πħ and re-births; s₀; equal learning, not equal steps",
    emergent="which of the three makes which law: θ, ħ² and L₁ of eight cells, measured; Gaussians carry F of their own",
    params=AdjustParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Eight cells", "One cell after another: ħ² jumps up wherever N is among its letters, and only there.",
               {}),
        Preset("Plain SGD", "The same eight: θ stays near 0 and ħ² below it, whatever adapts.", SGD),
        Preset("Strong noise", "Batches of two: momentum is shaken out of shape; the sum over networks is not.",
               {"batch": 2.0}),
        Preset("A smaller ħ", "The jump is smaller, as the square of the dial.", {"hbar": 0.35}),
        Preset("Equally many steps", "Where the step adapts, networks of different times are added: ħ² is gone.",
               {"broken": "common-steps"}),
    ),
    stride=STRIDE,
    verify_steps=ENOUGH * CELLS * LAUNCH,
    begin=begin,
    step=step,
    clock=lambda s: DT * s.step,
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"cloud": s.q if len(s.q) else s.one.foremost()},
    time_unit="t",
    calibrations=("potential", "fringes"),
)  # fmt: skip
