"""What is left of free energies when neurons come and go in steps of μ′ and only F modulo μ_n counts.

|⟨e^{2πi n μ′/μ_n}⟩| = (1 − r (1 − cos 2πμ′/μ_n))^t ≈ exp(−r t (1 − cos 2πμ′/μ_n)).                  [2012.05082 §3]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["distribution", "remaining", "weights"]

Array = NDArray[Any]


def remaining(ratio: ArrayLike, turnover: float) -> Array:
    """exp(−r t (1 − cos 2π ratio)), ratio = μ′/μ_n, turnover = r t: exact when births and deaths are Poisson."""
    left: Array = np.exp(-turnover * (1.0 - np.cos(2.0 * np.pi * np.asarray(ratio, dtype=float))))
    return left


def distribution(rate: float, steps: int) -> Array:
    """Probabilities (2 steps + 1,) of n = −steps … steps: the step's three probabilities convolved, one by one."""
    p = np.ones(1)
    for _ in range(steps):
        p = np.convolve(p, [0.5 * rate, 1.0 - rate, 0.5 * rate])
    return p


def weights(circulation: float, windings: ArrayLike) -> Array:
    """sinc²(α − k), the probability that a measurement finds f(r) e^{iαφ} to wind k times."""
    out: Array = np.sinc(circulation - np.asarray(windings, dtype=float)) ** 2
    return out
