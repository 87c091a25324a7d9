"""Madelung fluid: networks with a fixed number of neurons flow like a fluid that may turn by any amount.

Claim.   While no neuron is made or lost, the density p of learning networks and their free energy F' obey

             ∂_t p = −∇·(p v),   ∂_t F' + γ|∇F'|² + V = γħ² ∇²√p/√p,   v = 2γ ∇F',                    [2012.05082 §2]

         and nothing asks Γ = ∮ v·dl to be a multiple of μ_n = 2πħ: any circulation persists.

Conventions.   V = 5 (U − min)/u is the loss of a *wheel* (`weltnet.systems.teachers`), whose valley is a ring of radius
         1.6, u its height at q = 0, and ε_q (q1² − q2²) an uneven weight decay; γ = ½, so that replicas have mass 1; a
         step is .02 of time. Replicas are released on the ring with v = Γ₀ħ/r along it and again every 500 steps. Γ is
         measured from places alone: the mean of r v_φ in 32 sectors of an annulus. So is the law (`estimators.law`), in
         two ensembles that do not feel one another; F' there is what is left when the flow Γ₀ħ/r is taken off, which
         no single function F' can make.

Put in by hand.   With N fixed: momentum, and the pressure of the replicas' own density, smoothed by .11; no wave. With
         neurons *exchanged*, n → n ± 1 shifts a replica's F by ±μ_n, so that only exp(2πiF/μ_n) has a meaning. A
         replica that went on with its own v would not notice, since F + μ_n has the same slope. That v is the slope of
         the common phase is the rule that is put in: ψ = √p exp(2πiF/μ_n), Schrödinger's equation, and replicas guided
         by it (Bohm). Its winding is an integer by construction; which one, and that replicas turn with it, is seen.

What would refute it.   A circulation that leaves Γ₀ by .03 μ_n with N fixed. In an uneven valley it does: the theorem
         that keeps Γ (Kelvin's) holds only while no node, p = 0, crosses the ring, and there nodes do. Continuity is
         an identity of any members that are neither made nor lost; it is shown, and no claim is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from weltnet.estimators.contours import contours
from weltnet.estimators.density import Grid
from weltnet.estimators.law import BANDWIDTHS, Witness, halves, law, misfit
from weltnet.estimators.potential import continuity
from weltnet.estimators.windings import circulation, ring, vortices, winding
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import blob, guided, philox
from weltnet.observables import Axis, Cloud, ComplexField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.landscape import CEILING
from weltnet.systems.teachers import RADIUS, wheel
from weltnet.terrain import Terrain, learned
from weltnet.theory.schroedinger import SplitStep
from weltnet.verdicts import judge, mean_with_error

__all__ = ["EXPERIMENT", "MadelungParams", "MadelungState"]

Array = NDArray[Any]

STRIDE, DT, GAMMA = 2, 0.02, 0.5
PUPIL, HILL = 0, 5.0  # which pupil, and V at q = 0
GRID, LENS = Grid(96, 3.0), Grid(64, 3.0)  # where replicas move and where they are measured
LAUNCH, LOOK = 500, 10  # steps from release to release, and from look to look
LOOKS = LAUNCH // LOOK
LAUNCHES, WINDOW = 16, 100  # launches that count; looks that the pictures remember
FELT, FRICTION = 0.11, 0.3  # bandwidth of the pressure, and the rate of mixing streams: no more, it is a viscosity
ANNULUS, SECTORS = 1.2, 32
SHOWN, FEW = 400, 40  # replicas and vortices drawn
FAINT = 0.02  # of the highest density, below which a vortex of ψ is not marked
LEVELS = (0.25, 1.0, 2.0, 4.0, 8.0)  # of V
STREAM_RELEASE = 41


# -- parameters -------------------------------------------------------------------------------------------------------


class MadelungParams(Params):
    """How the fluid is set going, and whether neurons come and go."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("exchange", "the number of neurons is fixed", ("kept",), ("weights", "ring", "circulation"),
                 watch="Neurons now come and go, so that free energy is known only modulo μₙ. The circulation leaves "
                 "the number it was given and turns about an integer."),
        Saboteur("no-pressure", "replicas press on one another", ("bernoulli",), ("weights", "residuals"),
                 watch="Replicas no longer feel their own density. They settle on a thin line at the bottom of the "
                 "valley, and the quantum term of Bernoulli's equation balances nothing."),
    )  # fmt: skip

    circulation: float = knob(
        1.3, -2.0, 2.0, symbol="Γ₀", unit="μₙ", group="Fluid",
        meaning="circulation with which replicas are released; each turn of the knob releases them anew",
        equation="v = Γ₀ħ/r along the ring",
    )  # fmt: skip
    neurons: Literal["fixed", "exchanged"] = choice(
        "fixed", symbol="N", group="Fluid",
        meaning="whether every network keeps its neurons, or free energy is known only modulo μₙ",
    )  # fmt: skip
    hbar: float = knob(
        0.5, 0.3, 0.6, symbol="ħ", unit="action", group="Fluid", meaning="strength of the quantum pressure",
        equation="μₙ = 2πħ",
    )  # fmt: skip
    width: float = knob(
        0.28, 0.2, 0.4, symbol="w", group="Fluid", meaning="spread across the valley with which replicas are released",
    )  # fmt: skip
    unevenness: float = knob(
        0.0, 0.0, 0.1, symbol="ε_q", unit="loss", group="Loss",
        meaning="difference of weight decay between the two weights", equation="V + ε_q (q₁² − q₂²)",
    )  # fmt: skip
    replicas: int = knob(
        16_000, 8000, 60_000, symbol="M", group="Replicas", restarts=True, log=True,
        meaning="networks that learn, each with weights of its own",
    )  # fmt: skip

    @property
    def exchanging(self) -> bool:
        """Whether neurons come and go, by the knob or by sabotage."""
        return self.neurons == "exchanged" or self.breaks("exchange")

    @property
    def quantum(self) -> float:
        """μ_n."""
        return 2.0 * math.pi * self.hbar


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class MadelungState:
    """q, v: (M, 2) replicas; psi: (n, n) the wave that guides them when neurons are exchanged; shares: of each sector.

    age: steps since the release; setting: the knobs of this stretch of the run; ended: what launches of it found.
    """

    seed: int
    step: int
    terrain: Terrain
    q: Array
    half: NDArray[np.bool_]
    setting: tuple[Any, ...] = ()
    launches: int = 0
    age: int = 0
    v: Array = field(default_factory=lambda: np.zeros((0, 2)))
    psi: Array = field(default_factory=lambda: np.zeros((GRID.n, GRID.n), np.complex64))
    shares: Array = field(default_factory=lambda: np.zeros(SECTORS))
    witness: Witness = field(default_factory=lambda: Witness(LENS.n, LOOKS))
    turned: Ring = field(default_factory=lambda: Ring(("step", "wanted", "measured", "error"), WINDOW))
    wound: Ring = field(default_factory=lambda: Ring(("step", "winding"), WINDOW))
    kept: Ring = field(default_factory=lambda: Ring(("step", "continuity"), WINDOW))
    balanced: Ring = field(default_factory=lambda: Ring(("step", "bernoulli"), WINDOW))
    ended: Ring = field(default_factory=lambda: Ring(("worst", "error", "late", "spread"), LAUNCHES))


@lru_cache(maxsize=8)
def _ground(terrain: Terrain, unevenness: float) -> Terrain:
    """The loss with its uneven weight decay."""
    x, y, e = terrain.axis[:, None], terrain.axis[None, :], unevenness
    slope = 2.0 * e * np.stack([-x + 0.0 * y, y + 0.0 * x])
    lift = e * GRID.half_width**2
    return Terrain(
        terrain.axis, terrain.V + e * (x * x - y * y) + lift, terrain.force + slope,
        lambda a: terrain.height(a) + e * (a[:, None] ** 2 - a[None, :] ** 2) + lift,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _wave(terrain: Terrain, unevenness: float, hbar: float) -> SplitStep:
    V = _ground(terrain, unevenness).V
    return SplitStep(GRID.axis, np.minimum(V - V.min(), CEILING), hbar, DT, np.complex64)


@lru_cache(maxsize=2)
def _polar(grid: Grid) -> tuple[Array, Array, Array]:
    """r and φ in (−π, π] of every point, and the flow φ̂/r round the origin, still at it."""
    x, y = np.meshgrid(grid.axis, grid.axis, indexing="ij")
    r = np.hypot(x, y)
    return r, np.arctan2(y, x), np.stack([-y, x]) / np.maximum(r, 0.2) ** 2


def begin(params: MadelungParams, seed: int, report: Report) -> MadelungState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    terrain = learned(wheel(PUPIL), 0.0, HILL, GRID.axis, hill=True, report=report)
    state = MadelungState(seed, 0, terrain, np.zeros((params.replicas, 2)), halves(params.replicas, seed))
    state.setting = _setting(params)
    _release(state, params)
    return state


def _setting(p: MadelungParams) -> tuple[Any, ...]:
    return (p.circulation, p.exchanging, p.hbar, p.width, p.unevenness, p.breaks("no-pressure"))


def _release(state: MadelungState, params: MadelungParams) -> None:
    """Draw every replica anew on the ring, going round."""
    r, phi, _ = _polar(GRID)
    p, z = np.exp(-((r - RADIUS) ** 2) / (2.0 * params.width**2)), np.empty((params.replicas, 3))
    philox.normals(z, state.seed, state.launches, STREAM_RELEASE)
    q = GRID.drawn(p, ndtr(z))
    state.q, turn = q, params.circulation * params.hbar
    state.v = turn * np.column_stack([-q[:, 1], q[:, 0]]) / np.maximum((q * q).sum(axis=1), 0.04)[:, None]
    state.psi = (np.sqrt(p / (p.sum() * GRID.cell)) * np.exp(1j * params.circulation * phi)).astype(np.complex64)
    state.launches, state.age = state.launches + 1, 0
    state.witness.forget()


def step(state: MadelungState, params: MadelungParams) -> None:
    if state.setting != _setting(params):
        state.setting, state.witness.rows, state.ended.count = _setting(params), 0, 0
        _release(state, params)
    elif state.age >= LAUNCH:
        _release(state, params)
    before = state.q.copy()
    _flow(state, params)
    state.step += STRIDE
    state.age += STRIDE
    if state.age % LOOK == 0:
        _look(state, params, before)
    if state.age == LAUNCH:
        _end(state)


def _flow(state: MadelungState, params: MadelungParams) -> None:
    """STRIDE steps of the law that acts."""
    low, hbar = -GRID.half_width, params.hbar
    if params.exchanging:
        wave = _wave(state.terrain, params.unevenness, hbar)
        for k in range(state.step, state.step + STRIDE):
            guided.nelson(state.q, wave.flow(state.psi)[0], low, 1.0 / GRID.spacing, DT, 0.0, state.seed, k)
            state.psi = wave.step(state.psi)
        return
    felt, force = 0.0 if params.breaks("no-pressure") else hbar, _ground(state.terrain, params.unevenness).force
    # Halves that push one another would not be independent, and what they share would pass for signal.
    for members in (state.half, ~state.half):
        q, v = state.q[members], state.v[members]
        blob.advance(q, v, force, low, GRID.spacing, felt, FELT, DT, STRIDE, FRICTION)
        state.q[members], state.v[members] = q, v


def _look(state: MadelungState, params: MadelungParams, before: Array) -> None:
    """Measure, from where replicas are and were a stride ago."""
    time, now = STRIDE * DT, state.step
    q, v = 0.5 * (before + state.q), (state.q - before) / time
    seen = circulation(q, v, (0.0, 0.0), RADIUS, ANNULUS, SECTORS)
    if math.isfinite(seen.value):
        mu = params.quantum
        state.turned.push(step=now, wanted=params.circulation, measured=seen.value / mu, error=seen.error / mu)
        state.shares = seen.shares / mu
    state.kept.push(step=now, continuity=continuity(LENS, before, state.q, time, BANDWIDTHS[0]))
    if params.exchanging:
        state.wound.push(step=now, winding=winding(ring(GRID, state.psi, (0.0, 0.0), RADIUS)))
        return
    swirl, V = params.circulation * params.hbar * _polar(LENS)[2], _ground(state.terrain, params.unevenness).height
    if state.witness.look(LENS, q, v, state.half, V(LENS.axis), LOOK * DT, GAMMA, swirl):
        state.balanced.push(step=now, bernoulli=misfit(state.witness.recent(3), params.hbar**2)[0])


def _end(state: MadelungState) -> None:
    """Keep what a launch has found, when its ring was never empty."""
    since = state.turned["step"] > state.step - LAUNCH
    wanted, measured, error = (state.turned[k][since] for k in ("wanted", "measured", "error"))
    if len(measured) >= LOOKS // 2:
        off = np.abs(measured - wanted)
        late, spread = mean_with_error(measured[-(LOOKS // 2) :], 5)
        state.ended.push(worst=off.max(), error=error[off.argmax()], late=late, spread=spread)


# -- what is seen -----------------------------------------------------------------------------------------------------

SPAN = WINDOW * LOOK
PLANES = {
    "weights": Plane(
        "Weights that learn", "√p exp(iF′/ħ) and vortices of ψ",
        Axis("q₁", -3, 3), Axis("q₂", -3, 3), square=True,
    ),
    "circulation": Plane(
        "Circulation", "of replicas, against what they were given",
        Axis("age", -SPAN, 0, "steps"), Axis("Γ/μₙ", -2.6, 2.6),
        empty="The first look is after 10 steps.",
    ),
    "ring": Plane(
        "Once round the ring", "free energy gained on the way",
        Axis("φ/2π", 0, 1), Axis("ΔF′/μₙ", -2.6, 2.6),
    ),
    "residuals": Plane(
        "Residuals", "continuity is an identity, Bernoulli a law",
        Axis("age", -SPAN, 0, "steps"), Axis("log₁₀ residual", -4, 0.4),
        empty="The first answer comes after 30 steps.",
    ),
}  # fmt: skip
INTEGERS = Paths.of("circulation", [[(-SPAN, n), (0, n)] for n in range(-2, 3)], "contour", static=True)


def observe(state: MadelungState, params: MadelungParams) -> Mapping[str, Observable]:
    t, now = state.turned, state.step
    measured, error = (t["measured"][-1], t["error"][-1]) if len(t) else (params.circulation, 0.0)
    marks = vortices(GRID.axis, state.psi, FAINT)[:FEW, :2] if params.exchanging else np.zeros((0, 2))
    way = np.arange(SECTORS + 1.0) / SECTORS
    logs = [np.log10(np.maximum(r[k], 1e-4)) for r, k in ((state.kept, "continuity"), (state.balanced, "bernoulli"))]
    return {
        "psi": ComplexField("weights", _psi(state, params), (-3.047, 2.953, -3.047, 2.953), 0.5, "ψ"),
        "loss": _lines(state.terrain),
        "cloud": Cloud("weights", state.q[:SHOWN], len(state.q), "q", kind="replica"),
        "vortices": Cloud("weights", marks, len(marks), "vortex", role="tracer"),
        "integers": INTEGERS,
        "turned": Series("circulation", t["step"] - now, t["measured"][None], ("replicas",), ("ink",)),
        "wound": Series("circulation", state.wound["step"] - now, state.wound["winding"][None], ("winding of ψ",)),
        "circulation": Scalar(float(measured), "Γ/μₙ", "", float(error), "circulation"),
        "ring": Series("ring", way, np.append(0.0, np.cumsum(state.shares))[None], ("ΔF′",), ("ink",)),
        "continuity": Series("residuals", state.kept["step"] - now, logs[0][None], ("continuity",)),
        "bernoulli": Series("residuals", state.balanced["step"] - now, logs[1][None], ("Bernoulli",), ("ink",)),
    }


def _psi(state: MadelungState, params: MadelungParams) -> Array:
    """√p as it is, with the phase of the wave; without one, with F'/ħ of the last look and the flow taken off it."""
    p = LENS.density(state.q, BANDWIDTHS[0])
    if params.exchanging:
        at = np.stack(np.meshgrid(LENS.axis, LENS.axis, indexing="ij"), axis=-1).reshape(-1, 2)
        real, imaginary = GRID.at(np.stack([state.psi.real, state.psi.imag]), at).T.reshape(2, LENS.n, LENS.n)
        phase = np.arctan2(imaginary, real)
    else:
        F = state.witness.fields[2, 0, :, 1].mean(axis=0) if state.witness.looks else np.zeros_like(p)
        phase = F / params.hbar + params.circulation * _polar(LENS)[1]
    psi: Array = np.sqrt(p) * np.exp(1j * phase)
    return psi


@lru_cache(maxsize=2)
def _lines(terrain: Terrain) -> Paths:
    return Paths.of("weights", contours(GRID.axis, terrain.V, LEVELS), "contour", static=True)


def _expected(params: MadelungParams) -> float:
    """Γ/μ_n by the knobs; never told of a saboteur."""
    return float(round(params.circulation)) if params.neurons == "exchanged" else params.circulation


def theory(state: MadelungState, params: MadelungParams) -> Mapping[str, Observable]:
    """With N fixed the circulation given; exchanged, the integer next to it; F' grows evenly round the ring."""
    wanted = np.round(state.turned["wanted"]) if params.neurons == "exchanged" else state.turned["wanted"]
    return {
        "turned": Series("circulation", state.turned["step"] - state.step, wanted[None], ("expected",)),
        "circulation": Scalar(_expected(params), "Γ/μₙ", plane="circulation"),
        "ring": Series("ring", np.array([0.0, 1.0]), np.array([[0.0, _expected(params)]]), ("expected",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2012.05082 §2"
CLAIMS = (
    Claim("kept", "Fixed N: any circulation persists.", SOURCE, "|δΓ|", 0.0, (0.0, 0.03), "holds",
          ".007 to .013 over 20 seeds, median .010; at Γ₀ = 2 .020, seed 100. The valley is even: that helps"),
    Claim("uneven", "In an uneven valley too.", SOURCE, "|δΓ|", 0.0, (0.0, 0.03), "fails",
          "1.23 to 1.30 over 20 seeds at ε_q = .05; .05 already at .01, seed 100", at={"unevenness": 0.05}),
    Claim("exchanged", "N exchanged: the nearest integer.", "2012.05082 §3", "⟨Γ⟩/μₙ", 1.0, (0.85, 1.15), "holds",
          "1.03 to 1.04 over 20 seeds; guided, so it is ψ that turns", at={"neurons": "exchanged"}),
    Claim("bernoulli", "Bernoulli's equation, quantum term and all.", SOURCE, "ε", 0.0, (0.0, 0.1), "holds",
          ".010 to .013 over 20 seeds, at about the smoothing that replicas feel; .75 without pressure"),
    Claim("hbar", "Its ħ², where smoothing is taken off.", SOURCE, "ħ²", 0.25, (0.21, 0.29), "fails",
          ".165 to .167 over 20 seeds: two thirds of the knob's; smoothed density pushes less"),
)  # fmt: skip
KEPT, UNEVEN, EXCHANGED, BERNOULLI, HBAR = CLAIMS


def verdict(state: MadelungState, params: MadelungParams) -> tuple[Verdict, ...]:
    """One verdict per claim from the launches that have ended since a knob was turned."""
    launches, ended, given, h2 = len(state.ended), state.ended, params.circulation, params.hbar**2
    (worst, error), (late, spread) = _over(ended["worst"], ended["error"]), _over(ended["late"], ended["spread"])
    exchanged = "Neurons are exchanged; the claim is about a fixed number." if params.neurons == "exchanged" else ""
    fixed = "" if exchanged else "The number of neurons is fixed; the claim is about exchange."
    level = "" if params.unevenness > 0.0 else "The valley is even; the claim is about an uneven one."
    bumpy = "" if level else "The valley is uneven; the claim is about an even one."
    between = abs(given - math.floor(given) - 0.5) < 0.15
    torn = f"Γ₀ = {given:g} is about half-way: slips go on between two integers." if between else ""
    lost = "Neurons are exchanged, and replicas press on nobody." if params.exchanging else ""
    found = law(LENS, rows := state.witness.recent(LOOKS))
    # Before there are rows nothing is finite; what is said then is that one must wait, or why it would not count.
    c, c_error, share, wide = (x if len(rows) > 2 else 0.0 for x in (found.c, found.c_error, *misfit(rows, h2)))
    said, near = f"{launches} launches of {len(state.q)} replicas", float(round(given))

    def of(claim: Claim, measured: float, error: float, text: str, outside: str, null: float, **rest: Any) -> Verdict:
        early = "" if launches or outside else f"Needs a whole launch of {LAUNCH} steps; {state.age} have passed."
        return judge(claim, measured, error, text, null=null, outside=outside, waiting=early, **rest)

    largest = f"{said}, the largest deviation in {LAUNCH} steps."
    return (
        of(KEPT, worst, error, largest, exchanged or bumpy, abs(given - near)),
        of(UNEVEN, worst, error, largest, exchanged or level, abs(given - near)),
        of(EXCHANGED, late, spread, f"{said}, the mean of the last {LAUNCH // 2} steps.", fixed or bumpy or torn, given,
           predicted=near, band=(near - 0.15, near + 0.15)),
        of(BERNOULLI, share, wide, "Share of its terms left over, with the ħ of the knob; null: no pressure.",
           lost or bumpy, 0.75),
        of(HBAR, c, c_error, "Slope of ∂F′ + γ|∇F′|² + V on γ∇²√p/√p, at h_b → 0.", lost or bumpy, 0.0,
           predicted=h2, band=(0.84 * h2, 1.16 * h2)),
    )  # fmt: skip


def _over(values: Array, errors: Array) -> tuple[float, float]:
    """Mean over launches; its 95 % half-width from their scatter and from their own errors."""
    n = len(values)
    if n == 0:
        return 0.0, 0.0
    scatter = 1.96 * float(values.std(ddof=1)) if n > 2 else 0.0
    return float(values.mean()), math.hypot(scatter, float(errors.mean())) / math.sqrt(n)


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: MadelungParams) -> Mapping[str, str]:
    law = "guided by ψ (Bohm)" if params.exchanging else "momentum + own pressure: emergent"
    return {"law": law, "μₙ = 2πħ": f"{params.quantum:.3g}"}


EXPERIMENT = Experiment(
    slug="madelung",
    title="Madelung fluid",
    group="quantum",
    question="If no neuron is made or lost, may the flow of learning networks turn by any amount?",
    formula=r"\partial_tp=-\nabla\!\cdot(pv),\qquad \partial_tF'+\gamma|\nabla F'|^2+V=\gamma\hbar^2\,"
    r"\frac{\nabla^2\sqrt p}{\sqrt p},\qquad \oint v\cdot dl=\Gamma\in\mathbb R",
    sources=("2012.05082", "derived"),
    by_hand="momentum and pressure; tied weights; exchange: the rule F mod μₙ, for which ψ stands",
    emergent="any circulation that persists, Bernoulli's balance, nodes that end it",
    params=MadelungParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Any circulation", "The flow goes round by 1.3 μₙ and stays there, between two integers.", {}),
        Preset("Half a quantum", "No integer is near, and nothing pulls the line off one half.", {"circulation": 0.5}),
        Preset("Neurons exchanged", "The line leaves 1.3 and turns about 1, the winding of ψ.",
               {"neurons": "exchanged"}),
        Preset("Phase slips", "Half-way between integers vortices cross the ring, and the winding jumps from 0 to 1.",
               {"neurons": "exchanged", "circulation": 0.5}),
        Preset("Two quanta", "An integer needs no rule: exchanged or not, the flow is the same.",
               {"neurons": "exchanged", "circulation": 2.0}),
        Preset("Uneven valley", "Nodes open at the two passes, and the circulation leaks away.", {"unevenness": 0.05}),
    ),
    stride=STRIDE,
    verify_steps=LAUNCH,
    begin=begin,
    step=step,
    clock=lambda s: DT * s.step,
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"cloud": s.q},
    time_unit="t",
    calibrations=("circulation", "vortices", "potential", "hbar"),
)  # fmt: skip
