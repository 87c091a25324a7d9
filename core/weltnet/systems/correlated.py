"""Correlated data on a ring: Gaussian fields whose correlation falls as e^(−d/ξ) with the distance d around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["correlate", "power"]

Array = NDArray[Any]


def power(sites: int, length: float) -> Array:
    """Power over k = 2πj/sites, j ≤ sites/2, of the stationary chain on a ring, ⟨x x_d⟩ = (ρ^d + ρ^(N−d))/(1 − ρ^N).

    (1 − ρ²)/(1 + ρ² − 2ρ cos k), ρ = e^(−1/ξ); white noise for ξ = 0.
    """
    rho = np.exp(-1.0 / length) if length > 0.0 else 0.0
    k = 2.0 * np.pi * np.arange(sites // 2 + 1) / sites
    return np.asarray((1.0 - rho**2) / (1.0 + rho**2 - 2.0 * rho * np.cos(k)))


def correlate(white: Array, length: float) -> Array:
    """Fields with this correlation length from white noise, (samples, sites); one is the other at ξ = 0."""
    sites = white.shape[-1]
    return np.fft.irfft(np.fft.rfft(white, axis=-1) * np.sqrt(power(sites, length)), n=sites, axis=-1)
