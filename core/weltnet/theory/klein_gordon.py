"""How a free relativistic field answers a kick: the response of the lattice, and the Bessel function it tends to.

x(t+1) = (1 − m²/2)(x₊ + x₋) − x(t−1) with x(0) = δ, x(−1) = 0 is a field kicked at t = −1: at tick t the cone has its
apex t + 1 ticks below, and s² = (t + 1)² − s². Measured from tick 0 instead, the same lattice agrees with J₀ only to
R² = .87 at m = ¼; from its apex, to .996 without any constant to fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import j0

__all__ = ["lattice", "riemann"]

Array = NDArray[Any]


def riemann(mass: float, interval: ArrayLike) -> Array:
    """The retarded response of ∂_t² − ∂_s² + m² to a point: ½ J₀(m √s²) where s² = t² − s² > 0, else 0."""
    s2 = np.asarray(interval, dtype=float)
    return np.asarray(np.where(s2 > 0.0, 0.5 * j0(mass * np.sqrt(np.maximum(s2, 0.0))), 0.0))


def lattice(step: Array, ticks: int) -> Array:
    """Response to a kick of neuron 0 of a ring, (ticks + 1, sites): the slow twin of the kernel, by matrix products.

    step: (2 sites, sites) weights, x(t+1) = [x(t), x(t−1)] @ step.
    """
    sites = step.shape[1]
    now, before = np.zeros(sites), np.zeros(sites)
    now[0] = 1.0
    rows = [now]
    for _ in range(ticks):
        now, before = np.concatenate([now, before]) @ step, now
        rows.append(now)
    return np.stack(rows)
