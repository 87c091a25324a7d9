"""Diffusion of an ensemble, which law it obeys, and what waves leave in it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.calibrations.ensembles import FINE, GRID, MEMBERS, SIGMA, constant
from weltnet.estimators import alignment
from weltnet.estimators.density import Grid
from weltnet.estimators.fringes import Cut
from weltnet.estimators.law import BANDWIDTHS as LAW_BANDWIDTHS
from weltnet.estimators.law import Law, Witness, halves, law
from weltnet.estimators.potential import current_velocity, flow, potential
from weltnet.estimators.streams import hamilton_jacobi
from weltnet.estimators.windings import circulation, coherence, vortices
from weltnet.theory import fokker_planck, gaussians

__all__ = ["CASES"]

Array = NDArray[Any]

WALL, BINS = 2.9, 32
BOWL, KICK = np.array([[1.2, 0.4], [0.4, 0.7]]), np.array([[0.0016, 0.0004], [0.0004, 0.0012]])
"""A quadratic loss and a diffusion per step."""
GRAIN = 0.004
"""L₁ that nine points in a cell leave of a linear descent, two steps at a time."""


def _fokker_planck(seed: int) -> tuple[float, float]:
    rate, steps, rng = 0.02, 150, np.random.default_rng(seed)
    mean, cov = rng.uniform(-0.4, 0.4, 2), np.array([[0.2, 0.0], [0.0, 0.1]])
    mass = gaussians.density(FINE.axis, FINE.axis, mean, cov) * FINE.cell
    x, y = np.meshgrid(FINE.axis, FINE.axis, indexing="ij")
    slope = rate * np.stack([BOWL[0, 0] * x + BOWL[0, 1] * y, BOWL[1, 0] * x + BOWL[1, 1] * y])
    carry = fokker_planck.propagator(FINE.axis, slope, constant(rate * BOWL, FINE), constant(KICK, FINE), 2, WALL)
    for _ in range(steps // 2):
        mass = (carry @ mass.ravel()).reshape(mass.shape)
    shrink = np.eye(2) - rate * BOWL
    for _ in range(steps):
        mean, cov = shrink @ mean, shrink @ cov @ shrink.T + 2.0 * KICK
    exact = gaussians.density(FINE.axis, FINE.axis, mean, cov) * FINE.cell
    return float(np.abs(fokker_planck.binned(mass - exact, BINS)).sum()), GRAIN


def _binned_gaussian() -> Array:
    return fokker_planck.binned(gaussians.density(FINE.axis, FINE.axis, (0.0, 0.0), SIGMA) * FINE.cell, BINS)


def _floor(seed: int) -> tuple[float, float]:
    p, rng = _binned_gaussian(), np.random.default_rng(seed)
    p = p / p.sum()
    off = np.array([np.abs(rng.multinomial(MEMBERS, p.ravel()) / MEMBERS - p.ravel()).sum() for _ in range(20)])
    return float(off.mean()), float(off.std(ddof=1)) / math.sqrt(20)


LENS, OMEGA, HBAR, PACE = Grid(64, 3.0), 1.4, 0.5, 0.4
MIDDLE, WIDTH, APART, HALF_WINDOW = np.array([0.5, -0.3]), 0.45, 0.16, 0.08
LAUNCHES, LOOKS = 6, 4
BOWL_V = 0.5 * OMEGA**2 * (LENS.axis[:, None] ** 2 + LENS.axis[None, :] ** 2)
LEAST_ANGLE, LEAST_SQUARE, LEAST_PACE = 4.0, 0.01, 0.004
"""What the jackknife does not see of the law index (degrees; bounded, and skewed near its end), of ħ² and of s."""


def _quadratic(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    q = 0.5 * rng.standard_normal((MEMBERS, 2))
    p, current = flow(LENS, q, 0.8 * q + rng.standard_normal(q.shape), LAW_BANDWIDTHS[0])
    F = potential(LENS, p, current).F
    shape = 0.5 * (LENS.axis[:, None] ** 2 + LENS.axis[None, :] ** 2)
    shape = shape - (shape * p).sum() / p.sum()
    return float((F * shape * p).sum() / (shape**2 * p).sum()), 1.0 / (0.5 * math.sqrt(2.0 * MEMBERS))


KEPT_SLOPE = 0.8 * 0.25 / (0.25 + LAW_BANDWIDTHS[0] ** 2 + LENS.deposit_variance)


def _wave(q0: Array, t: float) -> Array:
    """Where Bohm's paths of a displaced Gaussian wave in the bowl are at time t, exactly."""
    c, s = math.cos(OMEGA * t), math.sin(OMEGA * t)
    place: Array = MIDDLE * c + (q0 - MIDDLE) * math.hypot(c, HBAR * s / (2.0 * OMEGA * WIDTH**2))
    return place


@lru_cache(maxsize=4)
def _guided(seed: int) -> Law:
    """The law that replicas of the wave follow, over launches of fresh ones."""
    witness = Witness(LENS.n, LAUNCHES * LOOKS)
    for launch in range(LAUNCHES):
        number = LAUNCHES * seed + launch
        q0 = MIDDLE + WIDTH * np.random.default_rng(number).standard_normal((MEMBERS, 2))
        half = halves(MEMBERS, number)
        witness.forget()
        for t in HALF_WINDOW + APART * np.arange(LOOKS):
            v = current_velocity(_wave(q0, t - HALF_WINDOW), _wave(q0, t + HALF_WINDOW), 2.0 * HALF_WINDOW)
            witness.look(LENS, _wave(q0, t), v, half, BOWL_V, APART)
    return law(LENS, witness.grams[: witness.filled], LAUNCHES)


def _hbar(seed: int) -> tuple[float, float]:
    found = _guided(seed)
    return float(found.c), math.hypot(float(found.c_error) / 2.571, LEAST_SQUARE)


def _multiple(seed: int) -> tuple[float, float]:
    rng, M = np.random.default_rng(seed), 10_000
    q, luck = rng.standard_normal((M, 2)), rng.standard_normal((2, M, 2))
    b = np.column_stack([np.sin(q[:, 1]), np.cos(q[:, 0])])
    rows = alignment.products(Grid(48, 3.0), q, (luck[0] - 0.5 * b, luck[1] + b), 0.2)
    c, half = alignment.jackknife(rows, alignment.multiple(np.eye(3)[0], np.eye(3)[1]))
    return c, half / alignment.T95


def _index(seed: int) -> tuple[float, float]:
    found = _guided(seed)
    return found.theta, math.hypot(found.theta_error / 2.571, LEAST_ANGLE)


def _pace(seed: int) -> tuple[float, float]:
    rate = 0.5 * OMEGA**2
    keep = math.exp(-rate * HALF_WINDOW)
    kick = math.sqrt(0.5 * PACE / rate * (1.0 - keep * keep))
    witness, launches = Witness(LENS.n, 4 * LOOKS), 4
    for launch in range(launches):
        rng, half = np.random.default_rng([seed, launch]), halves(MEMBERS, launches * seed + launch)
        path = [MIDDLE + WIDTH * rng.standard_normal((MEMBERS, 2))]
        for _ in range(2 * LOOKS):
            path.append(keep * path[-1] + kick * rng.standard_normal(path[0].shape))
        witness.forget()
        for k in range(1, 2 * LOOKS, 2):
            v = current_velocity(path[k - 1], path[k + 1], 2.0 * HALF_WINDOW)
            witness.look(LENS, path[k], v, half, BOWL_V, APART)
    found = law(LENS, witness.grams[: witness.filled], launches)
    return float(found.s), math.hypot(float(found.s_error) / 3.182, LEAST_PACE)


def _vortices(seed: int) -> tuple[float, float]:
    rng, x, y = np.random.default_rng(seed), GRID.axis[:, None], GRID.axis[None, :]
    place = np.array([[-1.2, -1.0], [1.1, -0.8], [0.1, 0.2], [-0.9, 1.2], [1.0, 1.3]]) + rng.uniform(-0.2, 0.2, (5, 2))
    turn = rng.choice([-1, 1], 5)
    psi = np.exp(-(x**2 + y**2) / 6.0 + 0.7j * x)
    for (a, b), sign in zip(place, turn, strict=True):
        psi = psi * ((x - a) + 1j * sign * (y - b))
    found = vortices(GRID.axis, psi, 1e-6)
    near = np.abs(found[:, None, :2] - place).max(axis=2) <= GRID.spacing
    right = near & (found[:, 2:] == turn)
    return float(right.any(axis=0).sum() - (~right.any(axis=1)).sum()), 0.0


CIRCULATION = 2.0 * math.pi * 1.3


def _circulation(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    phi = rng.uniform(0.0, 2.0 * np.pi, MEMBERS) + 0.6 * np.sin(rng.uniform(0.0, 2.0 * np.pi, MEMBERS))
    r = rng.uniform(0.8, 2.0, MEMBERS)
    out = np.column_stack([np.cos(phi), np.sin(phi)])
    v = (CIRCULATION / (2.0 * np.pi * r))[:, None] * out[:, ::-1] * [-1.0, 1.0]
    found = circulation(r[:, None] * out, v + 0.3 * rng.standard_normal(v.shape), (0.0, 0.0), 1.4, 0.6)
    return found.value, found.error / 1.96


MISMATCH = 1.05
COHERENCE = math.exp(-10.0 * (1.0 - math.cos(2.0 * math.pi * MISMATCH)))


def _coherence(seed: int) -> tuple[float, float]:
    rng, size = np.random.default_rng(seed), 4000
    cells = np.repeat(np.arange(48), size)
    jumps = rng.poisson(5.0, (2, len(cells)))
    F = cells / 160.0 + MISMATCH * (jumps[0] - jumps[1])
    return coherence(F, 1.0, cells), 1.0 / math.sqrt(2.0 * len(cells))


def _coherence_of_few(seed: int) -> tuple[float, float]:
    rng, cells = np.random.default_rng(seed), np.repeat(np.arange(9600), 50)
    jumps = rng.poisson(5.0, (2, len(cells)))
    F = cells / 160.0 + MISMATCH * (jumps[0] - jumps[1])
    return coherence(F, 1.0, cells, fair=True), 1.0 / math.sqrt(2.0 * len(cells))


FRINGES = 0.6


def _fringes(seed: int) -> tuple[float, float]:
    rng, cut = np.random.default_rng(seed), Cut(math.pi / 4)
    k, phase, tilt = rng.uniform(13.0, 18.0), rng.uniform(0.0, 2.0 * np.pi), rng.uniform(-0.2, 0.2)
    x, y = LENS.axis[:, None], LENS.axis[None, :]
    along, across = (x + y) / math.sqrt(2.0), (y - x) / math.sqrt(2.0)
    p = np.exp(-0.5 * (along - tilt) ** 2 - across**2) * (1.0 + FRINGES * np.cos(k * along + phase))
    found = cut.through(LENS.axis, p)
    return cut.sharpest(found, np.linspace(9.0, 30.0, 85))[1], 0.004


SWING = 0.8, 0.5  # angular frequency of an oscillator that is not the bowl's, and the time of the look
SWUNG = (1.0 - SWING[0] ** 2) / (1.0 + SWING[0] ** 2 * math.tan(SWING[0] * SWING[1]) ** 2)


def _swing(seed: int) -> tuple[float, float]:
    def look(s: int) -> float:
        start = 0.7 * np.random.default_rng(s).standard_normal(MEMBERS)
        times = SWING[1] + 0.04 * np.arange(-2, 3)
        return hamilton_jacobi(start * np.cos(SWING[0] * times)[:, None], 0.04, lambda x: 0.5 * x * x, 2.4)

    found = np.array([look(8 * seed + i) for i in range(8)])
    # A finite lag and bins of finite width leave some of the second derivative out.
    return float(found.mean()), math.hypot(float(found.std(ddof=1)) / math.sqrt(8), 0.003)


CASES = (
    Calibration(
        "fokker-planck", "Density of a linear descent",
        "Gaussians stay Gaussian in a bowl; their mean and covariance after 150 steps, as L₁ over 32 × 32 bins.",
        "theory.fokker_planck.propagator", "L₁", 0.0, 0.01, _fokker_planck,
    ),
    Calibration(
        "floor", "What sampling alone makes of L₁",
        "Twenty multinomial draws of 20 000 from a binned Gaussian, against the sum of de Moivre's deviations.",
        "theory.fokker_planck.noise_floor", "L₁", fokker_planck.noise_floor(_binned_gaussian(), MEMBERS), 0.002, _floor,
    ),
    Calibration(
        "potential", "Free energy of a linear flow",
        "v = .8 q has F′ = .4 q²; smoothing keeps σ²/(σ² + h²) of its slope.",
        "potential.potential", "slope of ∇F′", KEPT_SLOPE, 0.04, _quadratic,
    ),
    Calibration(
        "alignment", "One field as a multiple of another",
        "a = −½ b, each member's a and b with noise as large as b: least squares on raw fields would give less.",
        "alignment.multiple", "c", -0.5, 0.04, _multiple,
    ),
    Calibration(
        "law-wave", "Law index of a wave",
        "Bohm's paths of a displaced Gaussian wave in a bowl obey the second-order law: 90°.",
        "law.law", "θ / °", 90.0, 12.0, _index,
    ),
    Calibration(
        "hbar", "Planck's constant of a wave",
        "The same paths have ħ² = ¼.",
        "law.law", "ħ²", HBAR**2, 0.04, _hbar,
    ),
    Calibration(
        "law-diffusion", "Pace of diffusion",
        "Exact Ornstein–Uhlenbeck steps with D = γ s obey the first-order law with s = .4.",
        "law.law", "s", PACE, 0.02, _pace,
    ),
    Calibration(
        "streams", "A planted breach of Hamilton–Jacobi",
        "Members that swing at .8 of a bowl's frequency miss (1 − ω²)/(1 + ω² tan² ωt) of Hamilton–Jacobi.",
        "streams.hamilton_jacobi", "residual", SWUNG, 0.02, _swing,
    ),
    Calibration(
        "vortices", "Vortices of a wave",
        "Five planted at random, of either sign; the count of those found in place less those that are not there.",
        "windings.vortices", "vortices", 5.0, 0.5, _vortices,
    ),
    Calibration(
        "circulation", "Circulation round a ring",
        "A line vortex has the same Γ round any circle, however its members lie; here 2.6 π with scatter .3.",
        "windings.circulation", "Γ", CIRCULATION, 0.06, _circulation,
    ),
    Calibration(
        "coherence", "Coherence under a mismatched modulus",
        "Neurons that come and go r t = 10 times in steps of μ′ leave exp(−r t (1 − cos 2πμ′/μ_n)), μ′ = 1.05 μ_n.",
        "windings.coherence", "coherence", COHERENCE, 0.008, _coherence,
    ),
    Calibration(
        "coherence-few", "Coherence of few members",
        "Fifty members in a cell agree no less than 4000 when what none would make of it, 1/√50, is taken off.",
        "windings.coherence", "coherence", COHERENCE, 0.005, _coherence_of_few,
    ),
    Calibration(
        "fringes", "Depth of planted fringes",
        "1 + .6 cos(ku + φ) under a Gaussian, k from 13 to 18: the depth is .6; half of the range is the grid's.",
        "fringes.Cut.visibility", "V", FRINGES, 0.012, _fringes,
    ),
)  # fmt: skip
