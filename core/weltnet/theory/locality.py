"""How far weights reach that have learned to tell a neuron's state from those of all others, seen through noise.

The best linear guess of x_i from y_j = x_j + s ξ_j, j ≠ i, has the weights −K_ij/K_ii, K = (C + s²)⁻¹. For a chain with
C = e^(−d/ξ) the power of K is a ratio of two cosines, so that for d ≥ 1 weights fall exactly as e^(−d/ℓ), with

    cosh(1/ℓ) = [(1 − ρ²)/s² + 1 + ρ²]/(2ρ),   ρ = e^(−1/ξ):

the range is that of the precision matrix, not that of the data; without noise it is the next neighbour alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.systems.correlated import power

__all__ = ["best", "reach"]

Array = NDArray[Any]


def reach(noise: float, length: float) -> float:
    """ℓ in neurons for noise s > 0 and data of correlation length ξ > 0."""
    rho = float(np.exp(-1.0 / length))
    return 1.0 / float(np.arccosh(((1.0 - rho**2) / noise**2 + 1.0 + rho**2) / (2.0 * rho)))


def best(noise: float, length: float, sites: int) -> Array:
    """The best weights to a neuron at distance d = 0 … sites − 1 on a ring; the weight to itself is 0."""
    K = np.fft.irfft(1.0 / (power(sites, length) + noise**2), n=sites)
    w = -K / K[0]
    w[0] = 0.0
    return np.asarray(w)
