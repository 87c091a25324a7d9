"""Do members on a line flow as Hamilton and Jacobi say: one velocity at each place, the slope of one function S?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["hamilton_jacobi"]

Array = NDArray[Any]

FEWEST = 20
"""Members below which a bin has no velocity."""


def hamilton_jacobi(
    places: Array, lag: float, height: Callable[[Array], Array], half_width: float, bins: int = 80
) -> float:
    """Size of ∂_t S + ½(∂S)² + V over that of ½(∂S)² + V, both without their means: 0 where the law holds.

    places: (5, members), the same members at five times `lag` apart. Velocities are symmetric differences, ∂S is their
    mean in each of `bins` in [−half_width, half_width], S its integral from the first bin that is used; only bins with
    FEWEST members at the three middle times count, weighted by the density. Unit mass, γ = ½; order 2 in `lag`.
    """
    width = 2.0 * half_width / bins
    counts, means = [], []
    for k in (1, 2, 3):
        v = (places[k + 1] - places[k - 1]) / (2.0 * lag)
        cell = np.floor((places[k] + half_width) / width).astype(np.int64)
        inside = (cell >= 0) & (cell < bins)
        n = np.bincount(cell[inside], minlength=bins)
        counts.append(n)
        means.append(np.bincount(cell[inside], v[inside], bins) / np.maximum(n, 1))
    # S needs an unbroken stretch of bins: the one round the crowd.
    thin = np.min(counts, axis=0) < FEWEST
    middle = int(np.argmax(np.where(thin, 0, counts[1])))
    gaps = np.flatnonzero(thin)
    low, high = (int(e) for e in (gaps[gaps < middle].max(initial=-1) + 1, gaps[gaps > middle].min(initial=bins)))
    if high - low < 5:
        return 1.0
    S = [np.concatenate([[0.0], np.cumsum(0.5 * width * (u[low + 1 : high] + u[low : high - 1]))]) for u in means]
    p = counts[1][low:high] / counts[1][low:high].sum()
    energy = 0.5 * means[1][low:high] ** 2 + height(-half_width + width * (np.arange(low, high) + 0.5))
    missed = (S[2] - S[0]) / (2.0 * lag) + energy
    spread = [float(np.sqrt(p @ (f - p @ f) ** 2)) for f in (missed, energy)]
    return spread[0] / max(spread[1], 1e-12)
