"""From SGD to ħ: one dial from diffusive through classical to quantum learning.

Claim.   The five-term action of learning, with F = F' + ln p/2μ, is exactly

             ∂_t p = −2γ ∇·(p∇F'),   ∂_t F' + γ|∇F'|² + V = γħ² ∇²√p/√p,   ħ² = 4D/(μγ) − 1/μ² = (κ − 1)/μ²,

         with one dial κ = 4Dμ/γ: above 1 Schrödinger's equation, at 1 Hamilton and Jacobi's, below 1 diffusion: plain
         SGD with isotropic noise D_n = γ s is Madelung's equations with ħ² = −s².       [derived from 2008.01540 §5]

Conventions.   V = 3 (U + ½ λ_q q² − min)/u is the loss of a network (`weltnet.systems.teachers`) with weight decay, u
         its barrier; γ = ½, so that replicas have mass 1; a step is .02 of time. A packet at rest, the ground state of
         a tilted loss, is released, the same for every κ, again and again. What is measured sees the places of the
         replicas alone: p, F' from the current, and how well two laws fit them (`weltnet.estimators.law`):

             first order  F' + V/2 = −(s/2) ln p,  ε₁;   second order  the equation above,  ε₂;   θ = 90° ε₁/(ε₁ + ε₂).

         θ says which law fits, not the phase of a propagator; it does not tell classical from quantum: ħ² does.

Put in by hand.   The law that replicas follow at each κ. Below 1: descent with added isotropic noise (a minibatch's is
         not isotropic). At 1, and while |ħ| < .1: momentum. Above 1, *guided*: Nelson's replicas follow a wave that
         does not listen to them; or *emergent*: momentum and the pressure of their own smoothed density, no wave,
         in two ensembles that do not feel one another, so that what is compared is independent.
         Dropping only the first term (D = 0) is κ = 0: diffusion with ħ² = −1/μ², not Hamilton–Jacobi.

What would refute it.   θ above 10° for SGD or below 75° for a wave; an ħ² off the dial's by .04. The emergent law's
         is: its own smoothing weakens the pressure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline
from scipy.special import ndtr

from weltnet.estimators.contours import contours
from weltnet.estimators.density import Grid
from weltnet.estimators.law import BANDWIDTHS, Law, Witness, halves, law
from weltnet.estimators.potential import current_velocity
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import blob, guided, philox
from weltnet.kernels.grid import deepest_pass
from weltnet.observables import Axis, Cloud, ComplexField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.landscape import CEILING
from weltnet.systems.teachers import sign_pair, tabulate
from weltnet.theory.schroedinger import SplitStep, density
from weltnet.verdicts import judge

Array = NDArray[Any]

STRIDE, DT, GAMMA = 2, 0.02, 0.5
PUPIL, DECAY, BARRIER = 1, 0.02, 3.0  # which pupil, its weight decay λ_q in units of loss, its barrier in units of V
GRID, LENS = Grid(128, 3.0), Grid(64, 3.0)  # where replicas move and where they are measured
LAUNCH, LOOK = 120, 8  # steps from release to release, and from look to look
ROWS = (LAUNCH - LOOK // 2) // LOOK - 2  # looks of a launch that have a neighbour before and behind
LAUNCHES, WINDOW = 20, 150  # launches that count; looks that the needle remembers
NODES = np.linspace(-3.0, 3.0, 65)  # where the loss is computed; a spline runs through them
SLIGHT = 0.1  # an ħ below which no grid resolves a wave, and momentum stands for it
REST = 0.5  # the ħ of the packet at rest
WIDE, FRICTION = 1.75 * GRID.spacing, 1.5  # bandwidth of the emergent law, and its rate of mixing streams
SHOWN = 400
LEVELS = (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0)  # of V
STREAM_RELEASE = 40


# -- parameters -------------------------------------------------------------------------------------------------------


class KappaParams(Params):
    """The dial, and what a replica does above 1."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur(
            "swapped-law", "SGD below κ = 1, a wave above", ("diffusive", "width", "unitary"), ("weights", "needle")
        ),
        Saboteur("dropped-term", "all five terms count", ("classical", "hbar"), ("weights", "dial")),
    )

    kappa: float = knob(
        2.0, 0.0, 4.0, symbol="κ", group="Dial",
        meaning="the dial: diffusive below 1, classical at 1, quantum above; each turn releases the packet anew",
        equation="κ = 4Dμ/γ,  ħ² = (κ − 1)/μ²",
    )  # fmt: skip
    multiplier: float = knob(
        2.0, 2.0, 4.0, symbol="μ", unit="1/action", group="Dial",
        meaning="multiplier of the entropy production in the action", equation="F = F′ + ln p/2μ",
    )  # fmt: skip
    wave: Literal["guided", "emergent"] = choice(
        "guided", symbol="law", group="Replicas",
        meaning="above κ = 1: guided by a wave (Nelson), or by the pressure of the replicas' own density",
    )  # fmt: skip
    replicas: int = knob(
        20_000, 4000, 60_000, symbol="M", group="Replicas", restarts=True, log=True,
        meaning="networks that learn, each with weights of its own",
    )  # fmt: skip
    tilt: float = knob(
        1.0, 0.2, 1.4, symbol="a", unit="loss", group="Replicas",
        meaning="tilt of the loss in which the packet rests until it is released", equation="V + a (q₁ + q₂)",
    )  # fmt: skip

    @property
    def hbar2(self) -> float:
        """ħ², signed, that the dial predicts."""
        return (self.kappa - 1.0) / self.multiplier**2

    @property
    def acting(self) -> tuple[str, float]:
        """The law that replicas follow, and its |ħ| or s."""
        h2 = self.kappa / self.multiplier**2 if self.breaks("dropped-term") else self.hbar2
        h = math.sqrt(abs(h2))
        if self.breaks("swapped-law"):
            return ("momentum", 0.0) if h2 < 0.0 else ("sgd", max(h, SLIGHT))
        if h2 < 0.0:
            return "sgd", h
        return (self.wave, h) if h >= SLIGHT else ("momentum", 0.0)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class KappaState:
    """q, v: (M, 2) replicas; psi: (n, n) the wave that guides them, if one does; before, here: places at marks.

    age: steps since the release; setting: the knobs of this stretch of the run; trail: what was measured before.
    """

    seed: int
    step: int
    q: Array
    witness: Witness
    half: NDArray[np.bool_]
    setting: tuple[Any, ...] = ()
    launches: int = 0
    age: int = 0
    v: Array = field(default_factory=lambda: np.zeros((0, 2)))
    psi: Array = field(default_factory=lambda: np.zeros((GRID.n, GRID.n), np.complex64))
    before: Array = field(default_factory=lambda: np.zeros((0, 2)))
    here: Array = field(default_factory=lambda: np.zeros((0, 2)))
    trail: Ring = field(default_factory=lambda: Ring(("kappa", "measured", "error"), 64))
    past: Ring = field(default_factory=lambda: Ring(("theta", "first", "second"), WINDOW))


@lru_cache(maxsize=1)
def _loss() -> tuple[Array, Array, Array]:
    """V and its force where replicas move, and V where they are measured."""
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    U = tabulate(sign_pair(PUPIL), NODES).U + 0.5 * DECAY * (NODES[:, None] ** 2 + NODES[None, :] ** 2)
    V, x = RectBivariateSpline(NODES, NODES, BARRIER / deepest_pass(U) * (U - U.min())), GRID.axis
    return V(x, x), -np.stack([V(x, x, dx=1), V(x, x, dy=1)]), V(LENS.axis, LENS.axis)


@lru_cache(maxsize=4)
def _packet(tilt: float) -> Array:
    """ψ of the packet before its release: the ground state, for ħ = .5, of the loss tilted into one valley."""
    tilted = _loss()[0] + tilt * (GRID.axis[:, None] + GRID.axis[None, :])
    packet: Array = SplitStep(GRID.axis, np.minimum(tilted - tilted.min(), CEILING), REST, DT).ground()
    return packet


@lru_cache(maxsize=4)
def _flow(hbar: float) -> SplitStep:
    return SplitStep(GRID.axis, np.minimum(_loss()[0], CEILING), hbar, DT, np.complex64)


def begin(params: KappaParams, seed: int, report: Report) -> KappaState:
    tabulate(sign_pair(PUPIL), NODES, report=report)
    M = params.replicas
    state = KappaState(seed, 0, np.zeros((M, 2)), Witness(LENS.n, LAUNCHES * ROWS), halves(M, seed))
    state.setting = _setting(params)
    _release(state, params)
    return state


def _setting(params: KappaParams) -> tuple[Any, ...]:
    return (params.kappa, params.multiplier, *params.acting, params.tilt)


def _release(state: KappaState, params: KappaParams) -> None:
    """Draw every replica anew from the packet, at rest."""
    packet, M = _packet(params.tilt), params.replicas
    z = np.empty((M, 3))
    philox.normals(z, state.seed, state.launches, STREAM_RELEASE)
    total = np.cumsum(density(packet).ravel())
    cell = np.minimum(np.searchsorted(total, ndtr(z[:, 0]) * total[-1]), GRID.n**2 - 1)
    place = np.column_stack([GRID.axis[cell // GRID.n], GRID.axis[cell % GRID.n]])
    state.q = place + GRID.spacing * (ndtr(z[:, 1:]) - 0.5)
    state.v, state.psi = np.zeros((M, 2)), packet.astype(np.complex64)
    state.before, state.here = state.q.copy(), state.q.copy()
    state.launches, state.age = state.launches + 1, 0
    state.witness.forget()


def step(state: KappaState, params: KappaParams) -> None:
    if state.setting != _setting(params):
        _keep(state)
        state.setting, state.witness.rows = _setting(params), 0
        _release(state, params)
    elif state.age >= LAUNCH:
        _release(state, params)
    _learn(state, params)
    state.step += STRIDE
    state.age += STRIDE
    phase = state.age % LOOK
    if phase == 0:
        state.here = state.q.copy()
    elif phase == LOOK // 2:
        if state.age > LOOK:
            _look(state)
        state.before = state.q.copy()


def _learn(state: KappaState, params: KappaParams) -> None:
    """STRIDE steps of the law that acts."""
    name, h = params.acting
    low, inverse, (_, force, _) = -GRID.half_width, 1.0 / GRID.spacing, _loss()
    if name == "momentum":
        guided.leapfrog(state.q, state.v, force, low, inverse, DT, STRIDE)
    elif name == "emergent":
        # Halves that push one another would not be independent, and what they share would pass for signal.
        for members in (state.half, ~state.half):
            q, v = state.q[members], state.v[members]
            blob.advance(q, v, force, low, GRID.spacing, h, WIDE, DT, STRIDE, FRICTION)
            state.q[members], state.v[members] = q, v
    else:
        for k in range(state.step, state.step + STRIDE):
            drift = GAMMA * force if name == "sgd" else np.add(*_flow(h).flow(state.psi))
            guided.nelson(state.q, drift, low, inverse, DT, math.sqrt(h * DT), state.seed, k)
            if name == "guided":
                state.psi = _flow(h).step(state.psi)


def _look(state: KappaState) -> None:
    v = current_velocity(state.before, state.q, LOOK * DT)
    if state.witness.look(LENS, state.here, v, state.half, _loss()[2], LOOK * DT, GAMMA):
        now = law(LENS, state.witness.recent(ROWS), 0)
        state.past.push(theta=now.theta, first=now.first, second=now.second)


def _keep(state: KappaState) -> None:
    """Leave the measurement of this stretch on the dial, when it is one."""
    found = _found(state)
    if state.witness.rows >= ROWS and math.isfinite(found.c_error):
        scale, (measured, error) = state.setting[1] ** 2, found.hbar2
        state.trail.push(kappa=state.setting[0], measured=scale * measured, error=scale * error)


def _found(state: KappaState) -> Law:
    """The law of this stretch; errors are those of whole launches, since replicas keep the noise of their start."""
    kept = state.witness.recent(LAUNCHES * ROWS)
    return law(LENS, kept, max(3, len(kept) // ROWS) if len(kept) >= ROWS else 0)


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "weights": Plane(
        "Weights that learn", "√p exp(iF′/|ħ|), measured",
        Axis("q₁", -3, 3), Axis("q₂", -3, 3), square=True,
    ),
    "dial": Plane(
        "The dial", "ħ² measured at every κ visited",
        Axis("κ", 0, 4), Axis("ħ²μ²", -1.8, 3.8),
    ),
    "needle": Plane(
        "Which law", "law index",
        Axis("age", -WINDOW * LOOK, 0, "steps"), Axis("θ", -4, 94, "°"),
        empty="The first answer comes after 28 steps.",
    ),
    "residuals": Plane(
        "Residuals", "of both laws",
        Axis("age", -WINDOW * LOOK, 0, "steps"), Axis("log₁₀ ε", -4, 0.6),
        empty="The first answer comes after 28 steps.",
    ),
}  # fmt: skip


def observe(state: KappaState, params: KappaParams) -> Mapping[str, Observable]:
    found, scale = _found(state), state.setting[1] ** 2
    measured, error, theta, turn = (
        x if math.isfinite(x) else 0.0 for x in (*found.hbar2, found.theta, found.theta_error)
    )
    points, spread = np.column_stack([state.trail["kappa"], state.trail["measured"]]), state.trail["error"]
    now = np.array([[state.setting[0], scale * measured]][: state.witness.rows])
    k, y, e = np.array([*np.column_stack([points, spread]), *([*now[0], scale * error] for _ in now)]).reshape(-1, 3).T
    bars = np.stack([[k, y - e], [k, y + e], [k - 0.03, y], [k + 0.03, y]]).transpose(2, 0, 1).reshape(-1, 2, 2)
    age = LOOK * (np.arange(len(state.past)) - len(state.past) + 1.0)
    first, second = (np.log10(state.past[name]) for name in ("first", "second"))
    return {
        "psi": ComplexField("weights", _psi(state, params), (-3.047, 2.953, -3.047, 2.953), 1.1, "ψ"),
        "loss": _lines(),
        "cloud": Cloud("weights", state.q[:SHOWN], len(state.q), "q", kind="replica"),
        "trail": Paths.of("dial", list(np.clip(bars, -10.0, 10.0))),
        "points": Cloud("dial", np.clip(points, -10.0, 10.0), len(points), "κ"),
        "now": Cloud("dial", np.clip(now.reshape(-1, 2), -10.0, 10.0), 1, "κ", role="tracer"),
        "hbar2": Scalar(measured, "ħ²", "", error, "dial"),
        "angle": Series("needle", age, state.past["theta"][None], ("θ",), ("net",)),
        "theta": Scalar(theta, "θ", "°", turn, "needle"),
        "residuals": Series("residuals", age, np.stack([first, second]), ("first order", "second order")),
    }


def _psi(state: KappaState, params: KappaParams) -> Array:
    """√p as it is, with the phase F'/|ħ| of the last look; a packet that was just released has none."""
    p = LENS.density(state.q, BANDWIDTHS[0])
    F = state.witness.fields[2, 0, :, 1].mean(axis=0) if state.witness.looks else np.zeros_like(p)
    psi: Array = np.sqrt(p) * np.exp(1j * F / max(math.sqrt(abs(params.hbar2)), SLIGHT))
    return psi


@lru_cache(maxsize=1)
def _lines() -> Paths:
    return Paths.of("weights", contours(GRID.axis, _loss()[0], LEVELS), "contour", static=True)


def theory(state: KappaState, params: KappaParams) -> Mapping[str, Observable]:
    """ħ²μ² = κ − 1; the needle at 0° below 1 and at 90° from 1 on."""
    expected = 0.0 if params.hbar2 < 0.0 else 90.0
    age = np.array([-float(WINDOW * LOOK), 0.0])
    return {
        "trail": Paths.of("dial", [[(0.0, -1.0), (4.0, 3.0)]]),
        "hbar2": Scalar(params.hbar2, "ħ²", plane="dial"),
        "angle": Series("needle", age, np.full((1, 2), expected), ("expected",)),
        "theta": Scalar(expected, "θ", "°", plane="needle"),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "derived: 2008.01540 §5 with F = F′ + ln p/2μ"
CLAIMS = (
    Claim("diffusive", "Below κ = 1, first order.", "2008.01540 §4", "θ", 0.0, (0.0, 10.0), "holds",
          "2.5 to 2.8 over 20 seeds, median 2.7", "°", {"kappa": 0.0}),
    Claim("width", "Its s is the dial's: ħ² = −s².", SOURCE, "s", 0.5, (0.45, 0.55), "holds",
          ".493 to .500 over 20 seeds, median .496", at={"kappa": 0.0}),
    Claim("classical", "At κ = 1, inertia without ħ.", SOURCE, "ħ²", 0.0, (-0.06, 0.06), "holds",
          "−.027 to −.026 over 20 seeds: a bias of smoothing where replicas cross", at={"kappa": 1.0}),
    Claim("unitary", "Above κ = 1, second order.", "2008.01540 §5", "θ", 90.0, (75.0, 90.0), "holds",
          "88.3 to 89.2 over 20 seeds, median 88.7; guided", "°"),
    Claim("hbar", "Guided: the ħ² of the dial.", SOURCE, "ħ²", 0.25, (0.21, 0.29), "holds",
          ".239 to .251 over 20 seeds, median .2425; guided by a wave, so a test of estimator and dial"),
    Claim("emergent", "Without any wave: the same ħ².", SOURCE, "ħ²", 0.25, (0.21, 0.29), "fails",
          ".197 to .200 over 20 seeds: .80 of the dial's; .33 of it at κ = 1.25, .85 at 3, .88 at 4; when the halves "
          "compared feel one another .239 is found, which is their shared noise", at={"wave": "emergent"}),
)  # fmt: skip
DIFFUSIVE, WIDTH, CLASSICAL, UNITARY, HBAR, EMERGENT = CLAIMS


def verdict(state: KappaState, params: KappaParams) -> tuple[Verdict, ...]:
    """One verdict per claim from all launches since the dial was turned."""
    found, h2, h = _found(state), params.hbar2, math.sqrt(abs(params.hbar2))
    launches = state.witness.rows // ROWS
    waiting = "" if launches >= 4 else f"Needs 4 launches of an unturned dial; {launches} have ended."
    below = "" if h2 < 0.0 else "The dial is at or above 1: no diffusion."
    at_one = "" if abs(h2) < SLIGHT**2 else "The dial is not at 1, where ħ vanishes."
    above = "" if h2 >= SLIGHT**2 else "The dial is not above 1: no wave."
    low, high = max(found.theta - found.theta_error, 0.0), min(found.theta + found.theta_error, 90.0)
    rest, turn = (low + high) / 2, (high - low) / 2
    other = "Replicas {} here; the claim is about those that {}."
    guided_ = above or ("" if params.wave == "guided" else other.format("feel one another", "a wave guides"))
    felt = above or ("" if params.wave == "emergent" else other.format("are guided by a wave", "feel one another"))
    said, share = f"From {launches} launches of {params.replicas} replicas", "the share of the first law's misfit"

    def of(claim: Claim, measured: float, error: float, text: str, outside: str, null: float, **rest: Any) -> Verdict:
        return judge(
            claim, measured, error, f"{said}: {text}.", null=null, outside=outside,
            waiting="" if outside and launches else waiting, **rest,
        )  # fmt: skip

    wave, near = "slope of ∂F′ + γ|∇F′|² + V on γ∇²√p/√p", {"predicted": h2, "band": (h2 - 0.04, h2 + 0.04)}
    width = {"predicted": h, "band": (h - 0.05, h + 0.05)}
    return (
        of(DIFFUSIVE, rest, turn, share, below, 90.0),
        of(WIDTH, found.s, found.s_error, "slope of F′ + V/2 on −½ ln p", below, 0.0, **width),
        of(CLASSICAL, found.c, found.c_error, wave, at_one, params.multiplier**-2),
        of(UNITARY, rest, turn, share, above, 0.0),
        of(HBAR, found.c, found.c_error, wave, guided_, 0.0, **near),
        of(EMERGENT, found.c, found.c_error, wave, felt, 0.0, **near),
    )


# -- the experiment ---------------------------------------------------------------------------------------------------

LAWS = {
    "sgd": "descent + noise (SGD)", "momentum": "momentum", "guided": "Nelson: guided by ψ",
    "emergent": "momentum + own pressure: emergent",
}  # fmt: skip


def derived(params: KappaParams) -> Mapping[str, str]:
    name, _ = params.acting
    size = math.sqrt(abs(params.hbar2))
    known = {"μₙ = 2πħ": f"{2 * math.pi * size:.3g}"} if params.hbar2 > 0.0 else {}
    D = f"{GAMMA * params.kappa / (4.0 * params.multiplier):.3g}"
    return {"law": LAWS[name], "ħ" if params.hbar2 >= 0.0 else "s": f"{size:.3g}", "D": D} | known


EXPERIMENT = Experiment(
    slug="kappa",
    title="From SGD to ħ",
    group="quantum",
    question="Can one dial turn learning by descent into classical, and then into quantum mechanics?",
    formula=r"\hbar^2=\frac{4D}{\mu\gamma}-\frac1{\mu^2}=\frac{\kappa-1}{\mu^2},\qquad"
    r"\partial_tF'+\gamma|\nabla F'|^2+V=\gamma\hbar^2\,\frac{\nabla^2\sqrt p}{\sqrt p}",
    sources=("2008.01540", "2012.05082", "derived"),
    by_hand="the law at each κ; isotropic noise; Nelson's wave, which listens to no replica",
    emergent="p, F′, θ, ħ² from places alone; with pressure, a smaller ħ without a wave",
    params=KappaParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("A wave guides", "The needle rests at 90° and the dot on the line: drag κ and watch dots fill it.", {}),
        Preset("Plain SGD", "The packet spreads and settles, the needle lies at 0°, the dot is at −1.", {"kappa": 0.0}),
        Preset("Classical", "Replicas fall together and cross: the needle is up, yet ħ² is zero.", {"kappa": 1.0}),
        Preset("Without any wave", "Momentum and their own pressure: second order, yet the dot stays short.",
               {"wave": "emergent"}),
        Preset("Wrong law", "SGD where the dial says wave: the needle drops, the dot falls to −1.",
               {"broken": "swapped-law"}),
    ),
    stride=STRIDE,
    verify_steps=5 * LAUNCH,
    begin=begin,
    step=step,
    clock=lambda s: DT * s.step,
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"cloud": s.q},
    time_unit="t",
    calibrations=("potential", "law-wave", "hbar", "law-diffusion"),
)  # fmt: skip
