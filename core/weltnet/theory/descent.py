"""What learning by a metric g ∝ κ^α comes to, in the mean over minibatches, along the axes of the inputs.

A linear neuron is off by d along axes of variance h, with answers off by σ. Samples' gradients then have the covariance
C = h [σ² + Σ h d² + h d²] (Wick's theorem), κ is its mean with memory β, p = κ^−α as in `systems.optimizers`, and

    d² ← (1 − γ p h)² d² + γ² p² C/B.

Correlations between axes, and the noise in κ, are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["expected"]

Array = NDArray[Any]


def expected(
    h: ArrayLike,
    d2: ArrayLike,
    alpha: ArrayLike,
    rate: ArrayLike,
    steps: int,
    *,
    batch: int,
    beta: float,
    noise: float,
    floor: float,
) -> Array:
    """Loss above the least there is, after 0, 1, … steps: (steps + 1, ...).

    h, d2: (..., n); alpha, rate: (...).
    """
    h = np.asarray(h, dtype=float)
    a, r = np.asarray(alpha, dtype=float)[..., None], np.asarray(rate, dtype=float)[..., None]
    d2 = np.broadcast_to(np.asarray(d2, dtype=float), np.broadcast_shapes(h.shape, np.shape(d2), a.shape, r.shape))
    kappa, out = np.zeros_like(d2), [0.5 * (h * d2).sum(axis=-1)]
    for k in range(steps):
        C = h * (noise**2 + (h * d2).sum(axis=-1, keepdims=True) + h * d2)
        kappa = beta * kappa + (1.0 - beta) * C
        now = kappa / (1.0 - beta ** (k + 1))
        p = (now / now.mean(axis=-1, keepdims=True) + floor) ** -a
        p = p / p.mean(axis=-1, keepdims=True)
        d2 = np.minimum((1.0 - r * p * h) ** 2 * d2 + (r * p) ** 2 * C / batch, 1e9)
        out.append(0.5 * (h * d2).sum(axis=-1))
    return np.array(out)
