"""Free energy is the phase: is the phase of the weights' ψ the free energy of the hidden neurons?

Claim.   With F_n(q) = −T_x ⟨ln ∫dx e^{−H(x, q)/T_x}⟩ over samples, x the hidden neurons and H their loss,

             ∇F' = c ∇F_n,   v = 2γ∇F' the current of the weights, ψ = √p e^{iF'/ħ},      [2012.05082 §2; interview]

         with one number c for all weights and times. That is what is tested; nothing but c is fitted, if that.

Derived. ∇F_n is ⟨∂H/∂q⟩ over the hidden states, so that a network that learns from its own hidden states goes down F_n:

             v = −γ∇F_n − D∇ln p,   hence   F' + (s/2) ln p = −F_n/2,   s = D/γ,

         at any time. Far from equilibrium, where ∇ln p is slight, c = −½. At learning equilibrium v = 0, so F' is flat
         and F_n is not: c = 0. −F_n/2 remains what pushes: F of the five-term action with μ = 1/s, not the phase.
         With inertia from rest, ∂_tF' + γ|∇F'|² + F_n = γħ² ∇²√p/√p gives c = −t at first: F_n is the rate of the
         phase, the potential of the wave. One c(t) for all places needs |∇F_n|² ∝ F_n: an isotropic bowl, nothing else.

Conventions.   q ∈ [−3, 3]² are the two weights of a sign pair (`weltnet.systems.teachers`), F_n with ½ λ_q q², u its
         barrier. Fields are smoothed means over replicas, less their mean over p; products are taken between groups of
         replicas that share no luck (`weltnet.estimators.alignment`), so noise neither helps nor harms; c is fitted on
         black squares of a chessboard and tested on white ones, and the reverse. With inertia γ = ½ and V = 3 F_n/u.

Put in by hand.   T_x; λ_q; the law that replicas follow; D0, isotropic noise, as in `diffusion`. Hidden states are
         drawn anew at each step, near equilibrium (`weltnet.kernels.hidden`): weights are slow and neurons fast by
         construction. Momentum and wave move in F_n by quadrature; their hidden states are only measured.

What would refute it.   A c that changes with time or place. It does: early −½, at equilibrium 0, with inertia −t.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.alignment import GROUPS, RIM, angle, explained, jackknife, multiple, products, resolved, white
from weltnet.estimators.contours import arrows, contours
from weltnet.estimators.density import Grid
from weltnet.estimators.potential import current_velocity, flow, potential
from weltnet.experiment import Claim, Experiment, Keystone, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import guided, philox
from weltnet.kernels.ensemble import WALL
from weltnet.kernels.replicas import descend_networks
from weltnet.observables import Axis, Cloud, ComplexField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.teachers import sign_pair
from weltnet.thermal import Thermal, ground, thermal, wave
from weltnet.verdicts import judge

Array = NDArray[Any]

STRIDE, LOOK, WINDOW, LAUNCH = 2, 10, 8, 500  # steps: of a frame, from look to look, of a velocity, of a launch
PUPIL, SAMPLES, DECAY = 1, 32, 0.015  # which pupil, how many data it has, and its weight decay λ_q
EARLY, LATE = 2.0, 35.0  # learning times γ·steps: until the first, far from equilibrium; from the second on, at it
DT, GAMMA, HBAR, BARRIER = 0.004, 0.5, 0.5, 3.0  # of momentum and wave: time per step, and what theirs are
GUIDE, SOON = (BARRIER, HBAR, STRIDE * DT), 0.3  # until SOON replicas that began at rest have not yet crossed
GRID, LENS, WIDE = Grid(128, 3.0), Grid(48, 3.0), 0.2  # where replicas move, and where and how smoothly they are seen
SEEN, ARROWS = 0.05, 4  # p, of its highest, where fields are drawn; grid points from arrow to arrow
LEVELS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0)  # barriers
STREAM_NOISE, DRAWS, AT_LOOKS = 42, 3, 1 << 20  # draws of hidden states at a look: learning steps from AT_LOOKS on

U, N, CLOSED, LNP = np.eye(4)  # ∇F', ∇F_n of hidden states, ∇F_n by quadrature, ∇ln p: rows of the products
PAST = ("c", "pushing", "share", "kept", "angle", "angle_error")
NOWHERE = partial(np.zeros, (0, 2))


# -- parameters -------------------------------------------------------------------------------------------------------


class PhaseParams(Params):
    """The knobs of an ensemble whose hidden neurons have a temperature."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("shuffled", "hidden states are seen where they were", ("estimator", "explained"), ("weights", "pairs"),
                 watch="Every network's hidden states are now booked at the place of another network. What was a slope "
                 "is a heap: the ghost arrows vanish, the networks go on as before."),
        Saboteur("backprop", "weights learn from their own hidden states", ("explained", "identity"), ("weights",),
                 restarts=True,
                 watch="The networks now learn by backpropagation of the loss. The arrows still point roughly the same "
                 "way, but no longer by minus one half of the free energy's slope."),
    )  # fmt: skip

    law: Literal["descent", "momentum", "wave"] = choice(
        "descent", symbol="law", group="Replicas", restarts=True,
        meaning="what replicas follow: their hidden states' push with noise, momentum in F_n, or a wave in F_n",
    )  # fmt: skip
    start: Literal["broad", "settled"] = choice(
        "broad", symbol="p₀", group="Replicas", restarts=True,
        meaning="where the replicas begin: all over and at rest, or in what is stationary for their law",
    )  # fmt: skip
    replicas: int = knob(
        10_000, 2000, 40_000, symbol="M", group="Replicas", restarts=True, log=True,
        meaning="networks that learn, each with hidden states of its own",
    )  # fmt: skip
    learning_rate: float = knob(
        0.1, 0.05, 0.3, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="step of descent along minus the push of the hidden states", equation="q ← q − γ ∂H/∂q + √(2 D0) ξ",
    )  # fmt: skip
    noise: float = knob(
        0.1, 0.05, 1.0, symbol="T₀", unit="barriers", group="Learning", log=True,
        meaning="added isotropic noise of descent as a temperature in units of the barrier u", equation="D0 = γ T₀ u",
    )  # fmt: skip
    temperature: float = knob(
        0.1, 0.05, 0.3, symbol="T_x", unit="loss", group="Hidden neurons", restarts=True, log=True,
        meaning="temperature of the hidden neurons", equation="F_n = −T_x ⟨ln ∫dx e^(−H/T_x)⟩",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class PhaseState:
    """q, v: (M, 2) replicas; before, here: where they were at marks; pushed: (M, 2) what hidden states pushed there.

    seen: (5, n, n) p, ∇F' and ∇F_n at the last look, phase: (n, n) F'; sums: products seen early and late.
    """

    loss: Thermal
    seed: int
    step: int
    q: Array = field(default_factory=NOWHERE)
    v: Array = field(default_factory=NOWHERE)
    psi: Array = field(default_factory=NOWHERE)
    before: Array = field(default_factory=NOWHERE)
    here: Array = field(default_factory=NOWHERE)
    pushed: Array = field(default_factory=NOWHERE)
    setting: tuple[Any, ...] = ()
    launches: int = 0
    age: int = 0
    variance: float = 0.0
    seen: Array = field(default_factory=lambda: np.zeros((5, LENS.n, LENS.n)))
    phase: Array = field(default_factory=lambda: np.zeros((LENS.n, LENS.n)))
    sums: Array = field(default_factory=lambda: np.zeros((2, 1 + GROUPS, 2, 4, 4)))
    past: Ring = field(default_factory=lambda: Ring(PAST, LAUNCH // LOOK))


def begin(params: PhaseParams, seed: int, report: Report) -> PhaseState:
    # The pupil and its data are part of the apparatus, not of the luck of a run.
    loss = thermal(sign_pair(PUPIL, samples=SAMPLES), params.temperature, DECAY, GRID.axis, report=report)
    state = PhaseState(loss, seed, 0)
    state.setting = _setting(params)
    _release(state, params)
    return state


def _setting(params: PhaseParams) -> tuple[Any, ...]:
    return (params.law, params.learning_rate, params.noise, params.breaks("shuffled"))


def _release(state: PhaseState, params: PhaseParams) -> None:
    """Draw every replica anew from the start."""
    loss, settled = state.loss, params.start == "settled"
    if settled and params.law == "wave":
        psi = ground(loss, *GUIDE)
    else:
        psi = loss.settled(params.noise * loss.barrier) if settled else loss.broad()
    state.q, z = loss.place(psi, params.replicas, state.seed, state.launches)
    warm = settled and params.law == "momentum"
    state.v = math.sqrt(BARRIER * params.noise) * z if warm else np.zeros_like(z)
    state.psi = psi.astype(np.complex64)
    state.before, state.here, state.pushed = state.q.copy(), state.q.copy(), np.zeros_like(z)
    state.launches, state.age, state.past = state.launches + 1, 0, Ring(state.past.names, state.past.capacity)


def step(state: PhaseState, params: PhaseParams) -> None:
    if state.setting != _setting(params):
        state.setting, state.sums = _setting(params), np.zeros_like(state.sums)
        _release(state, params)
    elif state.age >= LAUNCH:
        _release(state, params)
    for _ in range(STRIDE if params.law == "descent" else 1):
        _learn(state, params)
    phase = state.age % LOOK
    if phase == WINDOW // 2:
        state.here, state.pushed = state.q.copy(), _pushes(state, params)
    elif phase == WINDOW:
        _look(state, params)
    elif phase == 0:
        state.before = state.q.copy()


def _learn(state: PhaseState, params: PhaseParams) -> None:
    """One step of descent, or STRIDE of momentum or wave."""
    low, inverse, dt, loss, rate = -GRID.half_width, 1.0 / GRID.spacing, STRIDE * DT, state.loss, params.learning_rate
    noise, p = math.sqrt(2.0 * rate * params.noise * loss.barrier), loss.pupil
    if params.law == "momentum":
        guided.leapfrog(state.q, state.v, -BARRIER / loss.barrier * loss.gradient, low, inverse, dt, 1)
    elif params.law == "wave":
        drift = np.add(*wave(loss, *GUIDE).flow(state.psi))
        guided.nelson(state.q, drift, low, inverse, dt, math.sqrt(HBAR * dt), state.seed, state.step)
        state.psi = wave(loss, *GUIDE).step(state.psi)
    elif params.breaks("backprop"):
        descend_networks(
            state.q, p.weights, p.data, p.inputs, p.outputs, ticks=p.ticks, rate=rate, batch=1, noise=noise,
            first=state.step, seed=state.seed,
        )  # fmt: skip
        state.q *= 1.0 - rate * DECAY
    else:
        z = np.empty_like(state.q)
        philox.normals(z, state.seed, state.step, STREAM_NOISE)
        state.q += noise * z - rate * loss.push(state.q, state.step, state.seed)
        state.q = np.where(np.abs(state.q) > WALL, np.sign(state.q) * 2.0 * WALL - state.q, state.q)
    passed = 1 if params.law == "descent" else STRIDE
    state.step, state.age = state.step + passed, state.age + passed


def _pushes(state: PhaseState, params: PhaseParams) -> Array:
    """The mean of DRAWS pushes where the replicas are; sabotaged, booked at the place of another replica."""
    draws = [state.loss.push(state.q, AT_LOOKS + DRAWS * state.step + k, state.seed) for k in range(DRAWS)]
    state.variance = float(np.var(draws[0], axis=0).mean())
    mean: Array = np.mean(draws, axis=0)
    return np.roll(mean, len(mean) // 2 + 3, axis=0) if params.breaks("shuffled") else mean


def _pace(state: PhaseState, params: PhaseParams) -> float:
    """s = D/γ, with what the hidden states' own noise adds to D0; |ħ| of momentum and wave."""
    added = params.noise * state.loss.barrier + 0.5 * params.learning_rate * state.variance
    return added if params.law == "descent" else HBAR


def _expected(state: PhaseState, params: PhaseParams) -> float:
    """The c that was derived: −½ of descent, −t of inertia from rest, in units of the loss that it feels."""
    return -0.5 if params.law == "descent" else -DT * _centre(state)


def _centre(state: PhaseState) -> int:
    """Age at the last look."""
    return max(state.age - WINDOW, 0) // LOOK * LOOK + WINDOW // 2


def _look(state: PhaseState, params: PhaseParams) -> None:
    free, loss = params.law == "descent", state.loss
    rate, unit = (params.learning_rate, 1.0) if free else (GAMMA, BARRIER / loss.barrier)
    slope = current_velocity(state.before, state.q, WINDOW * (1.0 if free else DT)) / (2.0 * rate)
    closed = GRID.at(unit * loss.gradient, state.here)
    row = products(LENS, state.here, (slope, unit * state.pushed, closed), WIDE)
    p, fields = flow(LENS, state.here, np.concatenate([slope, unit * state.pushed], axis=1), WIDE)
    state.seen = np.concatenate([p[None], fields / p])
    state.phase = potential(LENS, p, fields[:2], guess=state.phase, tolerance=1e-2).F
    t, settled = _centre(state) * (rate if free else DT), params.start == "settled"
    scaled = row * np.outer(*[np.array([1.0, t, t, 1.0])] * 2)
    if t <= (EARLY if free else SOON) and not settled:
        state.sums[0] += row if free else scaled
    elif free and (settled or t >= LATE):
        state.sums[1] += row
    shift = U + 0.5 * _pace(state, params) * LNP if free else U
    flows = resolved(row, U)
    turned, error = jackknife(row, angle(U, -N)) if flows else (90.0, 90.0)
    known = {
        "c": multiple(U, N), "pushing": multiple(shift, N), "kept": explained(_expected(state, params) * N, U, 1.0),
        "share": explained(U, N) if flows else lambda row: 0.0,
    }  # fmt: skip
    there = resolved(row, N)
    state.past.push(
        angle=turned, angle_error=error, **{k: _finite(f(row[0])) if there else 0.0 for k, f in known.items()}
    )


def _finite(x: float) -> float:
    return float(np.clip(x, -9.0, 9.0)) if math.isfinite(x) else 0.0


# -- what is seen -----------------------------------------------------------------------------------------------------

SOON_SAID, AGE = "The first answer comes after 8 steps.", Axis("age", 0, LAUNCH, "steps")
PLANES = {
    "weights": Plane("Weights", "ψ; ∇F′ over −½∇Fₙ or −t∇V (ghost)", Axis("q₁", -3, 3), Axis("q₂", -3, 3), square=True),
    "pairs": Plane("Phase against free energy", "components, white squares", Axis("∂Fₙ / rms", -3, 3),
                   Axis("∂F′ / rms", -3, 3), square=True, empty=SOON_SAID),
    "slope": Plane("Is c a number?", "slope of ∇F′ on ∇Fₙ", AGE, Axis("c", -1.1, 0.3), empty=SOON_SAID),
    "share": Plane("Share in common", "R²; c from the other squares", AGE, Axis("R²", -0.3, 1.1), empty=SOON_SAID),
}  # fmt: skip


def observe(state: PhaseState, params: PhaseParams) -> Mapping[str, Observable]:
    past, free = state.past, params.law == "descent"
    last = {k: float(past[k][-1]) if len(past) else 0.0 for k in past.names}
    age = np.minimum(LOOK * np.arange(len(past)) + WINDOW // 2, LAUNCH).astype(float)
    count = 2 if free else 1
    slopes = np.stack([past["c"], past["pushing"]][:count])
    points, p = _pairs(state, params), LENS.density(state.q, WIDE)
    psi = np.sqrt(p) * np.exp(1j * state.phase / max(_pace(state, params), 1e-6))
    shares, names = np.stack([past["share"], past["kept"]]), ("c fitted", "c derived")
    return {
        "psi": ComplexField("weights", psi, (*LENS_EDGES, *LENS_EDGES), 0.45, "ψ"),
        "loss": _lines(state.loss),
        "arrows": Paths.of("weights", _arrows(state, params, state.seen[1:3])),
        "angle": Scalar(last["angle"], "∠(∇F′, −∇Fₙ)", "°", min(last["angle_error"], 90.0), "weights"),
        "pairs": Cloud("pairs", points, len(points), "∂F′"),
        "line": Paths.of("pairs", [np.outer(ENDS, [1.0, last["c"] / abs(_expected(state, params))])][: len(past)]),
        "slope": Series("slope", age, slopes, ("∇F′", "with (s/2)∇ln p")[:count]),
        "now": Scalar(last["c"], "c", plane="slope"),
        "share": Series("share", age, shares, names),
        "explained": Scalar(last["share"], "R²", plane="share"),
    }


ENDS, LENS_EDGES = np.array([-3.0, 3.0]), (-LENS.half_width - LENS.spacing / 2, LENS.half_width - LENS.spacing / 2)


def theory(state: PhaseState, params: PhaseParams) -> Mapping[str, Observable]:
    """−½∇F_n, or −t∇F_n, as the hidden states have it, and the c that was derived."""
    free = params.law == "descent"
    rests = not free and params.start == "settled"
    steps = np.array([0.0, float(LAUNCH)])
    line = np.array([-0.5, -0.5]) if free else -DT * steps * (not rests)
    expected = _expected(state, params) * (not rests)
    return {
        "arrows": Paths.of("weights", _arrows(state, params, expected * state.seen[3:])),
        "line": Paths.of("pairs", [np.outer(ENDS, [1.0, -1.0 * (not rests)])]),
        "slope": Series("slope", steps, line[None], ("derived",)),
        "now": Scalar(expected, "c", plane="slope"),
        "share": Series("share", steps, np.ones((1, 2)), ("claimed",)),
    }


def _there(state: PhaseState) -> Array:
    """Where enough replicas were seen, off the wall: (n, n) bool."""
    inside = np.abs(LENS.axis) < LENS.half_width - RIM
    there: Array = (state.seen[0] > SEEN * state.seen[0].max()) & inside[:, None] & inside[None, :]
    return there


def _slope(state: PhaseState, params: PhaseParams) -> float:
    """Root mean square of ∂F_n over the box, by quadrature, in units of the loss that replicas feel."""
    unit = 1.0 if params.law == "descent" else BARRIER / state.loss.barrier
    return unit * math.sqrt(float(np.square(state.loss.gradient).mean()))


def _pairs(state: PhaseState, params: PhaseParams) -> Array:
    """Components of ∇F_n and ∇F' on every other grid point of the white squares, in units of `_slope`."""
    there = _there(state) & white(LENS)
    there[::2], there[:, ::2] = False, False
    if not there.any():
        return np.zeros((0, 2))
    p, fields = state.seen[0, there], state.seen[1:, there]
    fields = fields - (fields @ p / p.sum())[:, None]
    size = np.array([1.0, abs(_expected(state, params))]) * _slope(state, params)
    found: Array = fields.reshape(2, -1)[::-1].T / size
    return np.clip(found, -10.0, 10.0)


def _arrows(state: PhaseState, params: PhaseParams, fields: Array) -> list[Array]:
    """Arrows at every fourth point of the lens; what was derived is .4 long at a slope of `_slope`."""
    there, some = _there(state), slice(ARROWS // 2, None, ARROWS)
    length = 0.4 / (abs(_expected(state, params)) * _slope(state, params))
    i, j = np.nonzero(there[some, some])
    tails = np.column_stack([LENS.axis[some][i], LENS.axis[some][j]])
    return arrows(tails, length * fields[:, some, some][:, i, j].T, 0.6)


@lru_cache(maxsize=2)
def _lines(loss: Thermal) -> Paths:
    return Paths.of("weights", contours(GRID.axis, loss.height(1.0), LEVELS), "contour", static=True)


# -- verdict ----------------------------------------------------------------------------------------------------------

DERIVED = "derived: F′ + (s/2) ln p = −Fₙ/2"
CLAIMS = (
    Claim("estimator", "Hidden states give ∇Fₙ.", "2004.09280 §7", "slope", 1.0, (0.92, 1.08), "holds",
          ".984 to 1.015 over 20 seeds, median .994: the mean push against ∇Fₙ by quadrature"),
    Claim("explained", "Early, −½Fₙ is the phase.", "2012.05082 §2", "R²", 1.0, (0.9, 1.1), "holds",
          ".985 to .997 over 20 seeds, median .993; nothing is fitted. The angle is 4° ± 5°. By backpropagation .57"),
    Claim("identity", "Early, its factor is −½.", DERIVED, "c", -0.5, (-0.56, -0.44), "holds",
          "−.487 to −.465 over 20 seeds, median −.480; what is missing is ∇ln p, which has begun to grow"),
    Claim("equilibrium", "At equilibrium it still is.", "2012.05082 §2", "c", -0.5, (-0.56, -0.44), "fails",
          "−.018 to −.007 over 20 seeds: F′ is flat and Fₙ is not, so no T_x, μ or c can mend it"),
    Claim("drift", "−½Fₙ is what pushes, then too.", DERIVED, "c", -0.5, (-0.58, -0.42), "holds",
          "−.505 to −.485 over 20 seeds, median −.492: of F′ + (s/2) ln p, which is F of the action, not the phase"),
    Claim("rate", "With inertia c is −t: no number.", DERIVED, "−ċ", 1.0, (0.85, 1.15), "holds",
          "1.008 to 1.028 over 20 seeds, median 1.018, until t = .3; c from .15 to .3 is 3.1 times that before. By a "
          "wave .93 to 1.06, median 1.01", at={"law": "momentum"}),
)  # fmt: skip
ESTIMATOR, EXPLAINED, IDENTITY, EQUILIBRIUM, DRIFT, RATE = CLAIMS


def verdict(state: PhaseState, params: PhaseParams) -> tuple[Verdict, ...]:
    (soon, long), free = state.sums, params.law == "descent"
    other = "Replicas follow {} here; the claim is about {}."
    descent = "" if free else other.format(params.law, "descent")
    inertial = other.format("descent", "momentum and waves") if free else ""
    rested = "" if params.start == "broad" else "Replicas began settled; the claim is about a broad start."
    early, late = "Nothing has been seen yet.", f"Needs {LATE / params.learning_rate:.0f} steps to settle."

    def of(claim: Claim, rows: Array, what: Any, text: str, outside: str, waiting: str) -> Verdict:
        known = bool(rows[0].any())
        measured, error = jackknife(rows, what) if known else (claim.predicted, 0.0)
        waiting = "" if known or outside else waiting
        return judge(claim, measured, error, text, null=0.0, outside=outside, waiting=waiting)

    shift = U + 0.5 * _pace(state, params) * LNP
    c, slope = multiple(U, N), "slope of ∇F′ on ∇Fₙ"
    return (
        of(ESTIMATOR, soon + long, multiple(N, CLOSED), "∂H/∂q over hidden states against quadrature.", "", early),
        of(EXPLAINED, soon, explained(U, N, -0.5), "Of ∇F′ by −½∇Fₙ; nothing is fitted.", descent or rested, early),
        of(IDENTITY, soon, multiple(U, N), f"Early {slope}.", descent or rested, early),
        of(EQUILIBRIUM, long, multiple(U, N), f"Late {slope}; 0 is a phase that is flat.", descent, late),
        of(DRIFT, long, multiple(shift, N), "Late slope of ∇(F′ + ½ s ln p) on ∇Fₙ.", descent, late),
        of(RATE, soon, lambda row: -c(row), f"Slope of ∇F′ on −t∇V until t = {SOON:g}.", inertial or rested, early),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: PhaseParams) -> Mapping[str, str]:
    if params.law == "descent":
        return {"c": "−½ far from equilibrium", "τ": f"{params.learning_rate:g} per step"}
    return {"c": "−t from rest", "t": f"{DT:g} per step", "ħ": f"{HBAR:g}" if params.law == "wave" else "0"}


EXPERIMENT = Experiment(
    slug="phase",
    title="Free energy is the phase",
    group="quantum",
    question="Is the phase of the weights' wavefunction the free energy of the hidden neurons?",
    formula=r"\nabla F'\overset{?}{=}c\,\nabla F_n,\qquad F_n=-T_x\Big\langle\ln\int\!dx\,e^{-H(x,q)/T_x}\Big\rangle,"
    r"\qquad \psi=\sqrt p\,e^{iF'/\hbar}",
    sources=("2012.05082 §2", "interview", "2004.09280 §7", "derived"),
    by_hand="temperature of hidden neurons, drawn anew at each step; the law replicas follow; added noise D0; decay",
    emergent="∇Fₙ from hidden states alone; p and F′ from places alone; c and R² between them, on held-out squares",
    keystone=Keystone("equilibrium", "the free energy of hidden neurons is the phase only far from equilibrium"),
    params=PhaseParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("From broad to settled", "Ink lies on ghost at first; then it shrinks to nothing, and c goes to 0.", {}),
        Preset("Settled", "Nothing flows: F′ is flat, Fₙ is not. What pushes, with (s/2)∇ln p, keeps its −½.",
               {"start": "settled"}),
        Preset("Momentum", "c falls as −t: Fₙ is the rate of the phase. Where replicas cross, R² breaks down.",
               {"law": "momentum"}),
        Preset("A wave", "Guided by ψ: the same −t at first, until the wave bends on itself.", {"law": "wave"}),
        Preset("A wave at rest", "The ground state's phase is the same everywhere; Fₙ is not.",
               {"law": "wave", "start": "settled"}),
        Preset("Backpropagation", "Arrows of the loss, not of Fₙ: they agree roughly, with another c.",
               {"broken": "backprop"}),
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
    calibrations=("potential", "alignment"),
)  # fmt: skip
