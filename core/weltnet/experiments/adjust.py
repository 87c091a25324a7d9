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
         which takes *inertia*; those of fixed N follow momentum from rest. Plain SGD has none: exchange acts on
         nothing, and its effect there is a null that tests the errors. Noise is normal with covariance C/B, on the
         gradient, not on F; SGD has s₀ more. With phases: Gaussians of one width, re-born from ψ every .16.

What would refute it.   θ above 20° for SGD: adjusting would make inertia. With inertia, an effect of N on ħ² other
         than ħ², or one of step or batch. Read as one about plain SGD, the paper's sentence asks L₁ < .12 there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet import pathsum
from weltnet.adapting import Noisy, Rule, noisy
from weltnet.estimators.contours import bars, contours
from weltnet.estimators.factorial import effects
from weltnet.estimators.law import BANDWIDTHS, Witness, halves, law
from weltnet.estimators.potential import current_velocity
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels import philox
from weltnet.observables import Axis, Cloud, ComplexField, Observable, Paths, Plane, Scalar
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.pathsum import DT, GRID, STRIDE, Family
from weltnet.systems.teachers import sign_pair
from weltnet.terrain import Terrain, learned
from weltnet.theory.schroedinger import density
from weltnet.verdicts import judge

Array = NDArray[Any]

GAMMA, PUPIL, DECAY, BARRIER = 0.5, 1, 0.02, 3.0
CELLS, N, S, B = 8, 1, 2, 4  # bits of a cell: neurons, step, batch adapt
CELL_NAMES = ("–", "N", "S", "NS", "B", "NB", "SB", "NSB")
LAUNCH, LOOK = 72, 8  # steps from release to release; from look to look and from birth to birth
ROWS = LAUNCH // LOOK - 3  # looks of a launch that have a neighbour before and behind
KEPT, ENOUGH = 12, 3  # launches of a cell that count, and that make an error bar
ADDED = 0.02  # s₀: where C vanishes a density would collapse below any grid
TILT, REST = 1.0, 0.5  # the packet: ground state, for this ħ, of the tilted loss
FASTEST = 5.0  # of replicas that are born
SHOWN, OUTLINES, LEVELS = 400, (0.1, 0.4), (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0)
STREAM_RELEASE, STREAM_KICK = 46, 47


# -- parameters -------------------------------------------------------------------------------------------------------


class AdjustParams(Params):
    """What the three adaptations are added to."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("no-exchange", "neurons are exchanged in the four cells with N", ("exchange", "all-three"),
                 ("weights", "planck", "effects"), watch="Free energies no longer add up as phases: cells with N are "
                 "now like those without, and ħ² falls to nothing in all eight."),
        Saboteur("common-steps", "networks are compared after equal learning, not after equally many steps",
                 ("step-batch",), ("weights", "planck", "index", "effects"),
                 watch="A network with short steps now lags behind the others. Wherever the step adapts with N, phases "
                 "of different times are added, and ħ² is lost."),
    )  # fmt: skip

    base: Literal["inertial", "sgd"] = choice(
        "inertial", symbol="base", group="Base",
        meaning="what the three are added to: networks with momentum, or plain SGD",
    )  # fmt: skip
    batch: float = knob(
        16.0, 1.0, 64.0, symbol="B", unit="samples", group="Base", log=True,
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


@dataclass(slots=True)
class AdjustState:
    """q, v: (M, 2) replicas without phases; one, other: the halves of those with; here, before: places at marks.

    sums: over looks of this launch; grams, l1: per cell and launch, rows of both laws and L₁; found: per cell θ, its
    error, ħ², its error; ended: launches per cell.
    """

    seed: int
    step: int
    loss: Noisy
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
    sums: Array = field(default_factory=lambda: np.zeros(2))
    grams: Array = field(default_factory=lambda: np.zeros((CELLS, KEPT, ROWS, len(BANDWIDTHS), 2, 3, 3)))
    l1: Array = field(default_factory=lambda: np.zeros((CELLS, KEPT)))
    found: Array = field(default_factory=lambda: np.full((CELLS, 4), np.inf))
    ended: Array = field(default_factory=lambda: np.zeros(CELLS))

    @property
    def cell(self) -> int:
        """The cell of this launch."""
        return (self.launches - 1) % CELLS


def _exact(state: AdjustState, params: AdjustParams) -> tuple[Array, Array]:
    """The packet that is released, and |ψ|² of the exact wave at every look."""
    return pathsum.course(state.loss.terrain, TILT, REST, params.hbar, LOOK, LAUNCH // LOOK)


def begin(params: AdjustParams, seed: int, report: Report) -> AdjustState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    terrain = learned(sign_pair(PUPIL), DECAY, BARRIER, GRID.axis, report=report)
    loss = noisy(terrain, sign_pair(PUPIL), DECAY, BARRIER)
    state = AdjustState(seed, 0, loss, Witness(GRID.n, ROWS), halves(params.replicas, seed))
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
    packet, M = _exact(state, params)[0], params.replicas
    state.one, state.other = pathsum.nobody(), pathsum.nobody()
    if _waves(state, params):
        _born(state, params, [packet, packet])
        state.q = np.zeros((0, 2))
    else:
        state.q = GRID.drawn(density(packet), pathsum.uniforms(state.seed, state.launches, STREAM_RELEASE, M, 3))
    state.v, state.before, state.here = np.zeros_like(state.q), state.q.copy(), state.q.copy()
    state.sums = np.zeros(2)
    state.witness.forget()


def _born(state: AdjustState, params: AdjustParams, waves: list[Array]) -> None:
    fastest, families = FASTEST / params.hbar, []
    for wave in waves:
        state.births += 1
        whole = wave[None] / math.sqrt(float(density(wave).sum()) * GRID.cell)
        found, _ = pathsum.born(whole, params.hbar, params.replicas // 2, state.seed, state.births, fastest=fastest)
        families.append(found)
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


def _rule(state: AdjustState, params: AdjustParams) -> Rule:
    return Rule(bool(state.cell & S), bool(state.cell & B), params.batch, params.breaks("common-steps"))


def _learn(state: AdjustState, params: AdjustParams) -> None:
    """STRIDE steps; networks with phases are pushed by their batches once a stride."""
    rule, loss, first = _rule(state, params), state.loss, len(state.one.q)
    z = np.empty((len(state.q) + first + len(state.other.q), 4))
    if _waves(state, params):
        philox.normals(z, state.seed, state.step, STREAM_KICK)
        for family, own in ((state.one, z[:first]), (state.other, z[first:])):
            pace, push = rule.push(loss.at(family.q), own)
            family.p += math.sqrt(STRIDE) * DT * push
            family.travel(pathsum.spline(loss.terrain), pace[:, 0])
        return
    for k in range(state.step, state.step + STRIDE):
        philox.normals(z, state.seed, k, STREAM_KICK)
        if params.base == "sgd":
            rule.descend(loss, state.q, z, GAMMA * DT, ADDED * DT)
        else:
            rule.glide(loss, state.q, state.v, z, DT)


def _look(state: AdjustState, params: AdjustParams) -> None:
    """Measure between releases, and let replicas with phases be born anew from what they sum to."""
    phase, V = state.age % LOOK, state.loss.terrain.V
    if _waves(state, params):
        if phase == 0 and state.age < LAUNCH:
            waves = [family.waves(params.hbar).sum(axis=0) for family in (state.one, state.other)]
            flow = pathsum.solver(state.loss.terrain, params.hbar)
            currents = [pathsum.current(wave, flow) for wave in waves]
            state.witness.see(GRID, currents, V, LOOK * DT)
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


def _book(state: AdjustState, params: AdjustParams, p: Array, q: Array) -> None:
    """Add this look's distance from the exact density, and how even noise is in direction."""
    exact = _exact(state, params)[1][state.age // LOOK]
    distance = float(np.abs(GRID.smooth(p - exact, BANDWIDTHS[0])).sum()) * GRID.cell
    state.sums += (distance, state.loss.at(q).evenness)


def _keep(state: AdjustState, params: AdjustParams) -> None:
    """Enter the launch into its cell."""
    cell = state.cell
    place = int(state.ended[cell]) % KEPT
    state.grams[cell, place] = state.witness.recent(ROWS)
    state.l1[cell, place] = state.sums[0] / (LAUNCH // LOOK - 1)
    state.ended[cell] += 1
    n = int(min(state.ended[cell], KEPT))
    rows = state.grams[cell, :n].reshape(-1, *state.grams.shape[3:])
    found = law(GRID, rows, n, deposited=not _waves(state, params))
    state.found[cell] = (found.theta, found.theta_error, *found.hbar2)


# -- what is seen -----------------------------------------------------------------------------------------------------

EDGES = (*(-GRID.half_width - GRID.spacing / 2, GRID.half_width - GRID.spacing / 2),) * 2
CELL, SOON = Axis("cell", 0.5, 8.5), "The first cell is measured after 72 steps, all eight after 576."
PLANES = {
    "weights": Plane("Weights", "√p exp(iF′/ħ), measured", Axis("q₁", -3, 3), Axis("q₂", -3, 3), square=True),
    "planck": Plane("ħ² of each cell", ", ".join(CELL_NAMES), CELL, Axis("ħ²", -0.12, 0.68), empty=SOON),
    "index": Plane("Law", ", ".join(CELL_NAMES), CELL, Axis("θ", -4, 94, "°"), empty=SOON),
    "effects": Plane("Effects", "on ħ²/dial (dots), on θ/90°", Axis("N, S, NS, B, NB, SB, NSB", 0.5, 7.5),
                     Axis("effect", -1.1, 1.3), empty=SOON),
}  # fmt: skip


def observe(state: AdjustState, params: AdjustParams) -> Mapping[str, Observable]:
    there, dial, (p, F) = np.flatnonzero(state.ended), params.hbar**2, _seen(state, params)
    x, (theta, turn, h2, spread) = there + 1.0, state.found[there].T
    k = np.arange(1.0, CELLS) if len(there) == CELLS else np.zeros(0)
    known = np.where(np.isfinite(state.found), state.found, 0.0)
    (planck, scatter), (turned, sway) = (
        effects(known[:, i] / unit, state.found[:, i + 1] / unit) if len(k) else (k, k)
        for i, unit in ((2, dial), (0, 90.0))
    )
    now, places = np.array([[state.cell + 1.0, -0.08]]), state.q if len(state.q) else state.one.foremost()
    mine = known[state.cell]
    looks = max(min(state.age, LAUNCH - LOOK) // LOOK, 1)
    return {
        "psi": ComplexField("weights", np.sqrt(p) * np.exp(1j / params.hbar * F), EDGES, 1.1, "ψ"),
        "loss": _lines(state.loss.terrain),
        "cloud": Cloud("weights", places[:SHOWN], len(places), "q", kind="replica"),
        "level": Paths.of("weights", contours(GRID.axis, p, OUTLINES)),
        "distance": Scalar(float(state.sums[0]) / looks, "L₁", plane="weights"),
        "even": Scalar(float(state.sums[1]) / looks, "s₂/s₁", plane="weights"),
        "bars": Paths.of("planck", bars(x, np.clip(h2, -9.0, 9.0), spread, 0.4)),
        "points": Cloud("planck", np.column_stack([x, np.clip(h2, -9.0, 9.0)]), len(x), "ħ²"),
        "now": Cloud("planck", now, 1, "cell", role="tracer"),
        "hbar2": Scalar(float(mine[2]), "ħ²", "", float(mine[3]), "planck"),
        "turns": Paths.of("index", bars(x, theta, turn, 0.4)),
        "angles": Cloud("index", np.column_stack([x, theta]), len(x), "θ"),
        "theta": Scalar(float(mine[0]), "θ", "°", float(mine[1]), "index"),
        "effects": Paths.of("effects", bars(k - 0.15, planck, scatter, 0.2) + bars(k + 0.15, turned, sway, 0.2)),
        "on-planck": Cloud("effects", np.column_stack([k - 0.15, np.clip(planck, -9.0, 9.0)]), len(k), "on ħ²"),
        "main": Scalar(float(planck[0]) if len(k) else 0.0, "N", plane="effects"),
    }  # fmt: skip


def _seen(state: AdjustState, params: AdjustParams) -> tuple[Array, Array]:
    """p and F' at the last look, or of the packet that was just released."""
    packet = density(_exact(state, params)[0])
    p, F = state.witness.fields[2, 0].mean(axis=0) if state.witness.looks else (packet, np.zeros_like(packet))
    return p, F


@lru_cache(maxsize=2)
def _lines(terrain: Terrain) -> Paths:
    return Paths.of("weights", contours(GRID.axis, terrain.V, LEVELS), "contour", static=True)


def theory(state: AdjustState, params: AdjustParams) -> Mapping[str, Observable]:
    """The exact density at the last look; ħ² with exchange and inertia, 0 without; θ; and what follows of effects."""
    inertial, cells = params.base == "inertial", np.arange(CELLS)
    h2 = params.hbar**2 * (cells & N) * inertial
    theta = np.full(CELLS, 90.0 * inertial)
    looked = max(state.age - (0 if _waves(state, params) else LOOK // 2), 0) // LOOK
    exact = _exact(state, params)[1][min(looked, LAUNCH // LOOK - 1)]
    expected = effects(h2 / params.hbar**2, np.zeros(CELLS))[0]

    def level(plane: str, values: Array) -> Paths:
        return Paths.of(plane, [[(k + 0.6, y), (k + 1.4, y)] for k, y in enumerate(values)])

    return {
        "level": Paths.of("weights", contours(GRID.axis, exact, OUTLINES)),
        "even": Scalar(1.0, "s₂/s₁", plane="weights"),
        "bars": level("planck", h2),
        "hbar2": Scalar(float(h2[state.cell]), "ħ²", plane="planck"),
        "turns": level("index", theta),
        "theta": Scalar(float(theta[state.cell]), "θ", "°", plane="index"),
        "effects": level("effects", expected),
        "main": Scalar(float(inertial), "N", plane="effects"),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

ABSTRACT, DERIVED, SGD = "2111.00903 §4", "derived", {"base": "sgd"}
CLAIMS = (
    Claim("exchange", "With inertia, exchange makes ħ².", ABSTRACT, "Δħ²", 0.25, (0.19, 0.31), "holds",
          ".223 to .233 over 20 seeds, median .227, to ± .018 at most; −.003 to .001 without exchange. But at B = 2 "
          "heat passes for an ħ² at fixed N: Δħ² is .19 ± .03, .13 ± .04 (seeds 100, 102). Band from seeds 100 to 103"),
    Claim("step-batch", "Step and batch leave ħ² alone.", DERIVED, "Δħ²", 0.0, (-0.04, 0.04), "holds",
          "−.011 to .007 over 20 seeds, to ± .018; compared after equally many steps, S costs .093 to .101 of it"),
    Claim("inertia", "With inertia, second order in all.", DERIVED, "θ", 90.0, (70.0, 90.0), "holds",
          "77.9 to 79.6 over 20 seeds, of fixed N; N adds 9° (seeds 100 to 103); at B = 2 fixed N has 62 to 76", "°"),
    Claim("all-three", "Inertia and all three: Schrödinger.", ABSTRACT, "L₁", 0.0, (0.0, 0.12), "holds",
          ".025 to .030 over 20 seeds; N alone does the same (100 to 103), .39 without N; in equally many steps .84"),
    Claim("first-order", "Plain SGD: first order in all.", DERIVED, "θ", 0.0, (0.0, 20.0), "holds",
          "1.5 to 1.7 over 20 seeds; at B = 1 11 to 16 (seed 100), after equally many steps 12 to 29 (seed 101)", "°",
          SGD),
    Claim("plain", "Plain SGD, all three: Schrödinger.", ABSTRACT, "L₁", 0.0, (0.0, 0.12), "fails",
          ".58 to .60 over 20 seeds, and as much without N: nothing adapts into a momentum that is not there", at=SGD),
)  # fmt: skip
EXCHANGE, STEP_BATCH, INERTIA, ALL_THREE, FIRST_ORDER, PLAIN = CLAIMS


def verdict(state: AdjustState, params: AdjustParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all launches since a knob was turned."""
    least, h2 = int(state.ended.min()), params.hbar**2
    waiting = "" if least >= ENOUGH else f"Needs {ENOUGH} launches of every cell; {least} of each have ended."
    inertial = "" if params.base == "inertial" else "Networks have no momentum here."
    plain = "" if params.base == "sgd" else "Networks have momentum here; the claim is about plain SGD."
    said = f"From {least} launches of each cell, {params.replicas} replicas"

    def of(claim: Claim, found: Any, text: str, outside: str, null: float | None = None, **rest: Any) -> Verdict:
        measured, error = (claim.predicted, 0.0) if waiting else found
        null, wait = None if waiting else null, "" if outside else waiting
        return judge(claim, measured, error, f"{said}: {text}.", null=null, outside=outside, waiting=wait, **rest)

    known = np.where(np.isfinite(state.found), state.found, 0.0)
    on, error = effects(known[:, 2], state.found[:, 3])
    largest = max((S, B, S | B), key=lambda k: abs(on[k - 1]))
    low, high = (int(pick(known[:, 0])) for pick in (np.argmin, np.argmax))
    three, near = N | S | B, {"predicted": h2, "band": (h2 - 0.06, h2 + 0.06)}
    across = f"effect of {CELL_NAMES[largest]} on ħ², the largest of S, B and SB"
    apart, without = "∫|p − |ψ|²| of NSB, the mean of its looks", _over(state, state.l1[three ^ N])[0]
    return (
        of(EXCHANGE, (on[0], error[0]), "mean ħ² of cells with N less those without", inertial, 0.0, **near),
        of(STEP_BATCH, (on[largest - 1], error[0]), across, inertial, h2),
        of(INERTIA, _angle(known[low]), f"the least, of {CELL_NAMES[low]}", inertial, 0.0),
        of(ALL_THREE, _over(state, state.l1[three]), apart, inertial, without),
        of(FIRST_ORDER, _angle(known[high]), f"the most, of {CELL_NAMES[high]}", plain, 90.0),
        of(PLAIN, _over(state, state.l1[three]), apart, plain, without),
    )


def _angle(found: Array) -> tuple[float, float]:
    low, high = max(found[0] - found[1], 0.0), min(found[0] + found[1], 90.0)
    return 0.5 * (low + high), 0.5 * (high - low)


def _over(state: AdjustState, values: Array) -> tuple[float, float]:
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
    by_hand="the rules of adapting; momentum, or none; F modulo 2πħ, and re-births from ψ; s₀; equal learning",
    emergent="which of the three makes which law: θ, ħ² and L₁ of eight cells, from places or the sum alone",
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
