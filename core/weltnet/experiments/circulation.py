"""Quantised circulation: when neurons come and go, free energy counts only modulo μ_n, and so does circulation.

Claim.   A network that gains or loses a neuron has its free energy F shifted by ±μ_n, the chemical potential. Then only
         exp(2πiF/μ_n) has a meaning, and round a loop F may grow only by a multiple of μ_n:

             Γ = ∮ dF ∈ μ_n Z;   shifts by another μ′ leave of its coherence exp(−r t (1 − cos 2πμ′/μ_n)).
                                                                                                    [2012.05082 §3]

Conventions.   200 rings, each of M networks spread evenly over 48 cells of a loop, begin with F = Γφ/2π and a noise of
         .015 μ_n, Γ/μ_n drawn evenly from (−2.5, 2.5). At each step a network gains a neuron with probability r/2 and
         loses one with r/2. Coherence is that of the networks of a cell (`estimators.windings.coherence`, fair), Γ of
         the phases the sum of the wrapped differences between neighbouring cells; of a fixed N, 48/47 of what the
         ordinary mean of F gains from the first cell to the last. Everything begins anew every 400 steps. Beside the
         rings a wave ψ = f(r) e^{iΓ₀φ} moves by Schrödinger's equation in the ring valley of `madelung`, ħ = .5.

Put in by hand.   That a birth shifts F by μ_n and that phases are taken modulo μ_n: this shows what follows from the
         rule, not where the rule comes from. ψ stands for it; nothing in ψ exchanges neurons.

What would refute it.   Coherence lost at μ′ = μ_n, or kept at another modulus. That Γ/μ_n of the phases is an integer
         is no evidence: sums of wrapped differences are integers by construction. Which integer is evidence. It is
         the one next to Γ·47/48: the jump of F sits between the last cell and the first, so that of 200 rings about
         1.7 % choose another than the nearest. The share of time that ψ winds k times is not the probability
         sinc²(Γ₀ − k) of finding k in a measurement, and a claim that it is fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from weltnet.estimators.contours import contours
from weltnet.estimators.density import Grid
from weltnet.estimators.windings import coherence, ring, vortices, winding
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import philox
from weltnet.kernels.exchange import exchange
from weltnet.observables import Axis, Cloud, ComplexField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob
from weltnet.systems.landscape import CEILING
from weltnet.systems.teachers import RADIUS, wheel
from weltnet.terrain import Terrain, learned
from weltnet.theory.exchange import remaining, weights
from weltnet.theory.schroedinger import SplitStep
from weltnet.verdicts import judge, mean_with_error

__all__ = ["EXPERIMENT", "CirculationParams", "CirculationState"]

Array = NDArray[Any]

STRIDE, DT, HBAR = 2, 0.02, 0.5
PUPIL, HILL, GRID, WIDTH = 0, 5.0, Grid(96, 3.0), 0.28  # the valley of ψ, and the spread of ψ across it
LAUNCH, LOOK, DECIDED = 400, 10, 100  # steps from start to start and from look to look; after which one may judge
RINGS, CELLS, WIDEST, ROUGH = 200, 48, 2.5, 0.015  # how many, in how many parts, largest |Γ/μ_n|, noise of F/μ_n
WRONG = 1.25  # the modulus of sabotage
KEPT = 8 * RINGS  # rings in the histogram
BINS = np.linspace(-3.0, 3.0, 61)
SWEPT = np.linspace(0.7, 1.5, 161)
REACH = 40  # n beyond which births and deaths are not counted in the sweep
FAINT, FEW, SHOWN = 0.02, 40, 400
LEVELS = (0.25, 1.0, 2.0, 4.0, 8.0)
STREAM_NOISE, STREAM_GAMMA = 44, 45


# -- parameters -------------------------------------------------------------------------------------------------------


class CirculationParams(Params):
    """How neurons come and go, and how the wave is set going."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("mismatch", "a neuron shifts F by the μₙ of the phase", ("coherent", "nearest"),
                 ("ring", "coherence", "histogram"),
                 watch="A neuron now shifts free energy by 1.25 μₙ. The line of phases splits into four that cancel, "
                 "and each ring picks an integer at random."),
        Saboteur("no-exchange", "neurons come and go", ("mean",), ("coherence",), restarts=True,
                 watch="No neuron comes or goes. The ordinary mean of F tells the circulation, and that is any "
                 "number."),
    )  # fmt: skip

    modulus: float = knob(
        1.0, 0.75, 1.5, symbol="μ′/μₙ", group="Exchange", meaning="what a neuron shifts F by, over the modulus of F",
        equation="F → F ± μ′,  phase exp(2πiF/μₙ)",
    )  # fmt: skip
    exchange: float = knob(
        0.05, 0.01, 0.1, symbol="r", unit="1/step", group="Exchange",
        meaning="probability per step that a network gains or loses a neuron",
        equation="coherence e^{−rt(1−cos 2πμ′/μₙ)}",
    )  # fmt: skip
    replicas: int = knob(
        1200, 480, 2400, symbol="M", group="Exchange", restarts=True, log=True, meaning="networks in each of 200 rings",
    )  # fmt: skip
    circulation: float = knob(
        0.5, -2.0, 2.0, symbol="Γ₀", unit="μₙ", group="Wave",
        meaning="circulation with which ψ is released; each turn of the knob releases it anew",
        equation="ψ = f(r) e^{iΓ₀φ}",
    )  # fmt: skip

    @property
    def acting(self) -> float:
        """μ′/μ_n, by the knob or by sabotage."""
        return WRONG if self.breaks("mismatch") else self.modulus

    @property
    def rate(self) -> float:
        """r, or none."""
        return 0.0 if self.breaks("no-exchange") else self.exchange


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CirculationState:
    """F: (200 M,) free energies over μ_n before any neuron came or went, ring by ring; n: (200 M,) neurons since.

    gamma: (200,) Γ/μ_n given to each ring; plain, wound, ordinary: what was found of it with N fixed, by the phases and
    by the ordinary mean; phases: of the cells of the first ring; coherent: coherence, `first` of it when no neuron has
    come or gone; turnover: Σ r since the start; psi: (n, n), released `aged` steps ago with `setting`.
    """

    seed: int
    step: int
    terrain: Terrain
    F: Array
    n: NDArray[np.int32]
    gamma: Array = field(default_factory=lambda: np.zeros(RINGS))
    plain: Array = field(default_factory=lambda: np.zeros(RINGS))
    wound: Array = field(default_factory=lambda: np.zeros(RINGS))
    ordinary: Array = field(default_factory=lambda: np.zeros(RINGS))
    phases: Array = field(default_factory=lambda: np.zeros(CELLS))
    starts: int = 0
    age: int = 0
    turnover: float = 0.0
    coherent: float = 1.0
    first: float = 1.0
    scatter: float = 0.0
    ratio: float = 0.0
    setting: float = 0.0
    aged: int = 0
    psi: Array = field(default_factory=lambda: np.zeros((GRID.n, GRID.n), np.complex64))
    rings: Ring = field(default_factory=lambda: Ring(("fixed", "exchanged"), KEPT))
    winding: Ring = field(default_factory=lambda: Ring(("step", "given", "winding"), LAUNCH // STRIDE))


@lru_cache(maxsize=4)
def _places(replicas: int) -> tuple[Array, NDArray[np.int64]]:
    """φ/2π of the networks of a ring, evenly spread, and the cell in which each of all rings' is."""
    phi = (np.arange(replicas) + 0.5) / replicas
    cell = (phi * CELLS).astype(np.int64)
    return phi, (np.arange(RINGS)[:, None] * CELLS + cell).ravel()


@lru_cache(maxsize=2)
def _wave(terrain: Terrain) -> SplitStep:
    return SplitStep(GRID.axis, np.minimum(terrain.V, CEILING), HBAR, DT, np.complex64)


def begin(params: CirculationParams, seed: int, report: Report) -> CirculationState:
    # The network whose valley ψ goes round is part of the apparatus: every seed has the same one.
    terrain = learned(wheel(PUPIL), 0.0, HILL, GRID.axis, hill=True, report=report)
    size = RINGS * params.replicas
    state = CirculationState(seed, 0, terrain, np.zeros(size), np.zeros(size, np.int32))
    _start(state, params)
    _release(state, params)
    return state


def _start(state: CirculationState, params: CirculationParams) -> None:
    """New rings, in which no neuron has come or gone."""
    phi, cells = _places(params.replicas)
    noise, given = np.empty((len(state.F), 1)), np.empty((RINGS, 1))
    philox.normals(noise, state.seed, state.starts, STREAM_NOISE)
    philox.normals(given, state.seed, state.starts, STREAM_GAMMA)
    state.gamma = WIDEST * (2.0 * ndtr(given[:, 0]) - 1.0)
    state.F = (state.gamma[:, None] * phi).ravel() + ROUGH * noise[:, 0]
    state.n[:] = 0
    state.plain = _ordinary(state.F, cells)
    state.starts, state.age, state.turnover = state.starts + 1, 0, 0.0
    _look(state, params)


def _release(state: CirculationState, params: CirculationParams) -> None:
    """The wave anew, going round."""
    x, y = np.meshgrid(GRID.axis, GRID.axis, indexing="ij")
    f = np.exp(-((np.hypot(x, y) - RADIUS) ** 2) / (4.0 * WIDTH**2))
    psi = f * np.exp(1j * params.circulation * np.arctan2(y, x))
    state.psi = (psi / math.sqrt(float((f * f).sum()) * GRID.cell)).astype(np.complex64)
    state.setting, state.aged, state.winding.count = params.circulation, 0, 0


def step(state: CirculationState, params: CirculationParams) -> None:
    if state.age >= LAUNCH:
        for fixed, exchanged in zip(state.plain, state.wound, strict=True):
            state.rings.push(fixed=fixed, exchanged=exchanged)
        _start(state, params)
    if state.setting != params.circulation or state.aged >= LAUNCH:
        _release(state, params)
    exchange(state.n, params.rate, STRIDE, state.step, state.seed)
    state.turnover += STRIDE * params.rate
    state.psi = _wave(state.terrain).step(state.psi, STRIDE)
    state.step += STRIDE
    state.age += STRIDE
    state.aged += STRIDE
    turns = winding(ring(GRID, state.psi, (0.0, 0.0), RADIUS))
    state.winding.push(step=state.step, given=state.setting, winding=turns)
    if state.age % LOOK == 0 or state.ratio != params.acting:
        _look(state, params)


def _look(state: CirculationState, params: CirculationParams) -> None:
    """What the phases of the cells say now, and what the ordinary mean of F says."""
    _, cells = _places(params.replicas)
    state.ratio = params.acting
    F = state.F + state.ratio * state.n
    turn = np.exp(2j * np.pi * F)
    sums = np.bincount(cells, turn.real) + 1j * np.bincount(cells, turn.imag)
    loops = sums.reshape(RINGS, CELLS)
    steps = np.angle(np.roll(loops, -1, axis=1) * np.conj(loops)) / (2.0 * np.pi)
    state.wound, state.ordinary = np.rint(steps.sum(axis=1)), _ordinary(F, cells)
    # Ten lots of rings know nothing of one another.
    lots = [slice(k * len(F) // 10, (k + 1) * len(F) // 10) for k in range(10)]
    each = np.array([coherence(F[at], 1.0, cells[at] - cells[at.start], fair=True) for at in lots])
    state.coherent = math.sqrt(float((each**2).mean()))
    state.scatter = 2.262 * float(each.std(ddof=1)) / math.sqrt(10.0)
    state.phases = np.angle(loops[0]) / (2.0 * np.pi)
    state.first = state.coherent if state.age == 0 else state.first


def _ordinary(F: Array, cells: NDArray[np.int64]) -> Array:
    """Γ/μ_n as the ordinary mean of F has it: (200,)."""
    mean = (np.bincount(cells, F) / np.bincount(cells)).reshape(RINGS, CELLS)
    found: Array = (mean[:, -1] - mean[:, 0]) * CELLS / (CELLS - 1)
    return found


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "ring": Plane(
        "Phases on one ring", "F modulo μₙ of networks; dashes: their cells",
        Axis("φ/2π", 0, 1), Axis("F/μₙ mod 1", -0.5, 0.5),
    ),
    "coherence": Plane(
        "Coherence", "of the births and deaths, at any modulus", Axis("μ′/μₙ", 0.7, 1.5), Axis("coherence", 0, 1.1),
    ),
    "histogram": Plane(
        "Circulation of 200 rings", "N fixed: any number; exchanged: integers, by construction",
        Axis("Γ/μₙ", -3, 3), Axis("share of rings", 0, 0.3),
    ),
    "weights": Plane(
        "A wave round the valley", "ψ = f e^{iΓ₀φ}, later, and its vortices",
        Axis("q₁", -3, 3), Axis("q₂", -3, 3), square=True,
    ),
    "winding": Plane(
        "Winding of the wave", "slips are vortices that cross",
        Axis("age", -LAUNCH, 0, "steps"), Axis("turns", -2.6, 2.6),
        empty="The first turn is counted after two steps.",
    ),
}  # fmt: skip
INTEGERS = Paths.of("winding", [[(-LAUNCH, n), (0, n)] for n in range(-2, 3)], "contour", static=True)
MIDDLES = 0.5 * (BINS[1:] + BINS[:-1])
_SWEEP = np.exp(2j * np.pi * np.outer(SWEPT, np.arange(-REACH, REACH + 1)))


def _wrapped(turns: Array) -> Array:
    found: Array = turns - np.round(turns)
    return found


def _first_ring(state: CirculationState) -> Array:
    """(M, 2): φ/2π and the phase of the networks of the first ring; those that are drawn come first."""
    M = len(state.F) // RINGS
    shown = np.zeros(M, dtype=np.bool_)
    shown[:: max(M // SHOWN, 1)] = True
    order = np.argsort(~shown, kind="stable")
    phase = _wrapped(state.F[:M] + state.ratio * state.n[:M])
    points: Array = np.column_stack([_places(M)[0], phase])[order]
    return points


def observe(state: CirculationState, params: CirculationParams) -> Mapping[str, Observable]:
    p = np.bincount(np.clip(state.n, -REACH, REACH) + REACH, minlength=2 * REACH + 1) / len(state.n)
    points, left = _first_ring(state), (np.arange(CELLS) + 0.1) / CELLS
    ends = np.stack([np.column_stack([left + d, state.phases]) for d in (0.0, 0.8 / CELLS)], axis=1)
    found = [np.append(state.rings[k], x) for k, x in (("fixed", state.plain), ("exchanged", state.wound))]
    share = np.stack([np.histogram(x, BINS)[0] / len(x) for x in found])
    marks = vortices(GRID.axis, state.psi, FAINT)[:FEW, :2]
    edge = (-GRID.half_width - GRID.spacing / 2, GRID.half_width - GRID.spacing / 2)
    kept, counted = state.winding, _counts(state, params)
    return {
        "phases": Cloud("ring", points[: min(SHOWN, len(points))], len(points), "F/μₙ"),
        "cells": Paths.of("ring", list(ends)),
        "swept": Series("coherence", SWEPT, np.abs(_SWEEP @ p)[None], ("births and deaths",), ("ink",)),
        "here": Cloud("coherence", np.array([[state.ratio, state.coherent]]), 1, "μ′/μₙ", role="tracer"),
        "coherence": Scalar(state.coherent, "coherence", "", state.scatter, "coherence"),
        "histogram": Series("histogram", MIDDLES, share, ("N fixed", "exchanged"), ("net", "ink")),
        "psi": ComplexField("weights", state.psi, (*edge, *edge), 0.5, "ψ"),
        "loss": _lines(state.terrain),
        "vortices": Cloud("weights", marks, len(marks), "vortex", role="tracer"),
        "integers": INTEGERS,
        "winding": Series("winding", kept["step"] - state.step, kept["winding"][None], ("winding of ψ",), ("ink",)),
        "share": Scalar(counted[1], f"time at {counted[0]}", plane="winding"),
    }


@lru_cache(maxsize=2)
def _lines(terrain: Terrain) -> Paths:
    return Paths.of("weights", contours(GRID.axis, terrain.V, LEVELS), "contour", static=True)


def _counts(state: CirculationState, params: CirculationParams) -> tuple[int, float]:
    """The integer next to Γ₀, and the share of time that ψ winds so often."""
    k = round(params.circulation)
    seen = state.winding["winding"]
    return k, float((seen == k).mean()) if len(seen) else 0.0


def theory(state: CirculationState, params: CirculationParams) -> Mapping[str, Observable]:
    """F grows evenly round the ring, coherence by the law, Γ evenly spread with N fixed, sinc² for the wave."""
    x = np.linspace(0.0, 1.0, 481)
    y = _wrapped(state.gamma[0] * x)
    pieces = np.split(np.column_stack([x, y]), np.nonzero(np.abs(np.diff(y)) > 0.5)[0] + 1)
    flat = np.where(np.abs(MIDDLES) < WIDEST, (BINS[1] - BINS[0]) / (2.0 * WIDEST), 0.0)
    k, kept = round(params.circulation), state.winding
    return {
        "cells": Paths.of("ring", pieces),
        "swept": Series("coherence", SWEPT, remaining(SWEPT, state.turnover)[None], ("law",)),
        "coherence": Scalar(float(remaining(params.modulus, state.turnover)), "coherence", plane="coherence"),
        "histogram": Series("histogram", MIDDLES, flat[None], ("any number",)),
        "winding": Series("winding", kept["step"] - state.step, kept["given"][None], ("Γ₀",)),
        "share": Scalar(float(weights(params.circulation, k)), f"time at {k}", plane="winding"),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2012.05082 §3"
OTHER = {"modulus": 1.05, "circulation": 1.3}
CLAIMS = (
    Claim("coherent", "At μ′ = μₙ neurons come and go unseen.", SOURCE, "c", 1.0, (0.99, 1.001), "holds",
          ".994 over 20 seeds; the rest is the noise of F and the width of a cell"),
    Claim("law", "At another modulus coherence dies as said.", SOURCE, "c", 0.613, (0.593, 0.633), "holds",
          ".611 to .614 over 20 seeds after rt = 10; .023 at 1.25, the floor of 1200 networks in 48 cells", at=OTHER),
    Claim("nearest", "Exchange picks the nearest integer.", SOURCE, "P", 0.983, (0.92, 1.04), "holds",
          ".97 to .995 over 20 seeds, median .985; by chance .15 at 1.25. That it is an integer is no evidence"),
    Claim("fixed", "Without it, circulation is quantised too.", SOURCE, "⟨|δ|⟩", 0.0, (0.0, 0.03), "fails",
          ".235 to .267 over 20 seeds, median .250: evenly spread. Γ itself is found to .004 rms"),
    Claim("mean", "The ordinary mean of F still tells Γ.", SOURCE, "rms", 0.0, (0.0, 0.05), "fails",
          ".86 to .99 over 20 seeds; .004 without exchange"),
    Claim("counts", "Winding counts are probabilities.", SOURCE, "Δ", 0.0, (0.0, 0.05), "fails",
          "At Γ₀ = 1.3 ψ winds once all the time; sinc² gives .737. The same for every seed", at=OTHER),
)  # fmt: skip
COHERENT, LAW, NEAREST, FIXED, MEAN, COUNTS = CLAIMS


def verdict(state: CirculationState, params: CirculationParams) -> tuple[Verdict, ...]:
    """One verdict per claim from the rings as they are, and from the wave since its release."""
    waiting = f"Needs {DECIDED} steps of new rings; {state.age} have passed." if state.age < DECIDED else ""
    early = f"Needs {DECIDED} steps of the wave; {state.aged} have passed." if state.aged < DECIDED else ""
    same = params.modulus == 1.0
    off = "" if same else f"μ′ = {params.modulus:g} μₙ; the claim is about μ′ = μₙ."
    on = "μ′ = μₙ; the claim is about another modulus." if same else ""
    left = float(remaining(params.modulus, state.turnover))
    chosen = float((state.wound == np.rint(state.gamma)).mean())
    doubt = 1.96 * math.sqrt(max(chosen * (1.0 - chosen), 1.0 / RINGS) / RINGS)
    away = np.abs(_wrapped(state.plain))
    rms = math.sqrt(float(np.square(state.ordinary - state.gamma).mean()))
    k, share = _counts(state, params)
    expected = float(weights(params.circulation, k))
    seen = state.winding["winding"] == k
    whole = "An integer: there is nothing to choose." if params.circulation == k else ""
    said = f"{RINGS} rings of {params.replicas} networks, rt = {state.turnover:.3g}"
    return (
        judge(COHERENT, state.coherent, state.scatter, f"{said}; null: of phases that agree on nothing.", null=0.0,
              outside=off, waiting="" if off else waiting),
        judge(LAW, state.coherent / state.first, state.scatter, f"{said}; null: as if no neuron came or went.",
              null=1.0, outside=on, waiting="" if on else waiting, predicted=left, band=(left - 0.02, left + 0.02)),
        judge(NEAREST, chosen, doubt, f"{said}; null: one of five integers by chance.", null=0.2, outside=off,
              waiting="" if off else waiting),
        judge(FIXED, float(away.mean()), 1.96 * float(away.std(ddof=1)) / math.sqrt(RINGS),
              f"{RINGS} rings before any neuron comes or goes; null: evenly spread.", null=0.25),
        judge(MEAN, rms, 1.96 * rms / math.sqrt(2.0 * RINGS), f"{said}; null: no exchange.", null=0.003,
              waiting=waiting),
        judge(COUNTS, abs(share - expected), mean_with_error(seen)[1],
              f"ψ winds {k} times {share:.0%} of the time; a measurement finds {k} with probability {expected:.0%}.",
              outside=whole, waiting="" if whole else early),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: CirculationParams) -> Mapping[str, str]:
    return {"coherence at rt = 10": f"{float(remaining(params.acting, 10.0)):.3g}"}


EXPERIMENT = Experiment(
    slug="circulation",
    title="Quantised circulation",
    group="quantum",
    question="If networks gain and lose neurons, why must their flow turn by whole quanta?",
    formula=r"F\to F\pm\mu'_n:\qquad\left|\left\langle e^{2\pi iF/\mu_n}\right\rangle\right|"
    r"=e^{-rt\,(1-\cos2\pi\mu'_n/\mu_n)},\qquad\oint dF\in\mu_n\mathbb Z",
    sources=("2012.05082", "derived"),
    by_hand="that a birth shifts F by μ′ and that phases count modulo μₙ; ψ, which stands for that rule",
    emergent="the coherence and its loss, which integer a ring chooses, the slips of ψ",
    params=CirculationParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("The right modulus", "Neurons come and go, yet the phases stay on their line: coherence stays 1.", {}),
        Preset("A quarter off", "The line of phases splits into four, and the dot falls to zero.",
               {"modulus": 1.25}),
        Preset("Five per cent off", "The dot slides down as the peak narrows: .61 after 200 steps.", {"modulus": 1.05}),
        Preset("Between integers", "The wave begins at 1.3 and winds once, all the time; 1.3 is its mean.",
               {"circulation": 1.3}),
        Preset("Two quanta", "A whole number of turns: no slip, no vortex in the valley.", {"circulation": 2.0}),
        Preset("No neuron comes or goes", "Phases stay as they were, and the ordinary mean tells any circulation.",
               {"broken": "no-exchange"}),
    ),
    stride=STRIDE,
    verify_steps=200,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"phases": _first_ring(s)},
    calibrations=("coherence", "coherence-few", "vortices"),
)  # fmt: skip
