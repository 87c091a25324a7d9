"""What is born and dies: potentials and hazards that are planted, powers of N, a vacuum with a known constant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators import vacuum
from weltnet.estimators.population import insertion, power, response
from weltnet.estimators.survival import hazard_ratio

__all__ = ["CASES"]

Array = NDArray[Any]

BATCHES = 8
RATE, LAPSE, SIGMA = 0.1, 0.5, 0.06


def _over(found: Callable[[np.random.Generator], float], seed: int) -> tuple[float, float]:
    """Mean over separate batches of data, and its standard error."""
    rng = np.random.default_rng(seed)
    values = np.array([found(rng) for _ in range(BATCHES)])
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(BATCHES)


def _ideal(rng: np.random.Generator) -> float:
    """μ/T told from trials in an ideal gas, guessing 2."""
    N = rng.poisson(math.exp(1.5), 20_000).astype(float)
    born = 1.0 / (1.0 + (N + 1.0) * math.exp(-2.0))
    died = np.where(N > 0.0, 1.0 / (1.0 + math.exp(2.0) / np.maximum(N, 1.0)), 0.0)
    return insertion((len(N), born.sum(), len(N), died.sum()), 2.0)


def _answer(rng: np.random.Generator) -> float:
    """ln p′/p in N of two samples of a law with two humps and its tilted twin."""
    N = np.arange(40.0)
    p = np.exp(-0.5 * ((N - 8.0) / 2.0) ** 2) + 0.3 * np.exp(-0.5 * ((N - 14.0) / 3.0) ** 2)
    tilted = p * np.exp(0.5 * N)
    low, high = (rng.multinomial(8_000, q / q.sum()) for q in (p, tilted))
    return response(low, high)


def _falling(rng: np.random.Generator) -> float:
    """Exponent of y = N^−1.4, each known only to its own size and of either sign."""
    N = np.clip(rng.poisson(12.0, 20_000), 2, None)
    y = N**-1.4 * (1.0 + rng.standard_normal(len(N)))
    return power(np.arange(60), np.bincount(N, minlength=60), np.bincount(N, weights=y, minlength=60))


def _vacuum(rng: np.random.Generator) -> float:
    """Λ of an isotropic contraction, from noisy steps of two halves of the data."""
    X = rng.uniform(-0.5, 0.5, (2, 4_000, 2))
    Y = math.exp(-RATE) * X + SIGMA * rng.standard_normal(X.shape)
    z = np.concatenate([np.ones((*X.shape[:2], 1)), X, Y], axis=2)
    sums = z.swapaxes(1, 2) @ z
    C = vacuum.regressed(sums.sum(axis=0))[1]
    even, odd = (vacuum.expansion(vacuum.regressed(s)[0], C)[0] for s in sums)
    return float(vacuum.constant(even, odd, LAPSE))


def _matched(rng: np.random.Generator) -> float:
    """Hazard of a kind that is four fifths of another's at each age, and more common at ages at which many die."""
    hazard, common = np.geomspace(0.02, 0.4, 12), np.linspace(0.1, 0.8, 12)
    n = rng.binomial(20_000, common)
    risk = np.stack([n, 20_000 - n])
    dead = rng.binomial(risk, np.stack([0.8 * hazard, hazard]))
    return hazard_ratio(np.stack([risk, dead], axis=1))


CASES = (
    Calibration(
        "insertion", "Chemical potential of an ideal gas",
        "Neurons that nobody needs are an ideal gas: N is Poisson with mean e^(μ/T), here μ = 1.5 T.",
        "population.insertion", "μ / T", 1.5, 0.01, lambda seed: _over(_ideal, seed),
    ),
    Calibration(
        "response-planted", "Two potentials half a T apart",
        "Whatever p(N), at a potential higher by ½ T it is ∝ p(N) e^(N/2).",
        "population.response", "Δμ / T", 0.5, 0.02, lambda seed: _over(_answer, seed),
    ),
    Calibration(
        "power-planted", "A power law behind errors of its own size",
        "y = N^−1.4 with errors as large as y: three of twenty are negative and have no logarithm.",
        "population.power", "p", -1.4, 0.04, lambda seed: _over(_falling, seed),
    ),
    Calibration(
        "vacuum", "Cosmological constant of a contraction",
        "X ↦ e^(−λ) X is de Sitter space, Λ = λ²/S; here λ = .1, S = ½, from noisy steps.",
        "vacuum.constant", "Λ / tick⁻²", RATE**2 / LAPSE, 0.002, lambda seed: _over(_vacuum, seed),
    ),
    Calibration(
        "hazard-planted", "A kind that dies less among its like",
        "It dies four fifths as often at every age, and yet more often on the whole: it abounds where many die.",
        "survival.hazard_ratio", "h / h′", 0.8, 0.02, lambda seed: _over(_matched, seed),
    ),
)  # fmt: skip
