"""What a string does when nothing disturbs it: d'Alembert's solution, the fading under tanh, the light cone.

Source: 2008.01540 §8 (chains of neurons as strings). The fading law and the two nulls are derived here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["WHITE_WAVE_RESIDUAL", "dalembert", "faded", "light_cone", "position", "sphere"]

Array = NDArray[np.float64]

WHITE_WAVE_RESIDUAL = 1.0 / np.sqrt(3.0)
"""Wave residual of a field without any order: white X has ⟨(δ_tt − δ_ss)²⟩ = 4, ⟨δ_tt²⟩ = ⟨δ_ss²⟩ = 6."""


def dalembert(start: ArrayLike, ticks: int) -> Array:
    """Movers after `ticks`, exact for f linear: R(0, s − t) and Q(0, s + t). start: (2, dims, sites)."""
    r, q = np.asarray(start, dtype=float)
    return np.stack([np.roll(r, ticks, axis=-1), np.roll(q, -ticks, axis=-1)])


def position(movers: ArrayLike) -> Array:
    """X = (R + Q)/2. movers: (2, dims, sites); result: (dims, sites)."""
    r, q = np.asarray(movers, dtype=float)
    return np.asarray(0.5 * (r + q))


def faded(a: ArrayLike, ticks: float) -> Array:
    """a/√(1 + 2a²t/3): a value a carried through tanh `ticks` times, from coth²x = x⁻² + 2/3 + x²/15 + O(x⁴).

    Each tick adds 2/3 to 1/a². Valid to .5 % for |a| ≤ .5 at all times and, whatever a, to O(ln t / t).
    """
    a = np.asarray(a, dtype=float)
    return np.asarray(a / np.sqrt(1.0 + 2.0 * a * a * ticks / 3.0))


def light_cone(limit: float) -> list[Array]:
    """The two lines ω = ±k up to |k| = limit, as (2, 2) polylines."""
    return [np.array([[-limit, -limit], [limit, limit]]), np.array([[-limit, limit], [limit, -limit]])]


def sphere(X: ArrayLike) -> Array:
    """Γ^i_jk = X^i (δ_jk + X_j X_k/(1 − |X|²)) of the unit sphere in two of its three coordinates.

    X: (2, ...), |X| < 1; (3, 2, ...), by j k = 11, 12, 22, then i: g_jk is in the bracket, and Γ^i_jk = X^i g_jk.
    """
    x, y = np.asarray(X, dtype=float)
    rest = 1.0 - x * x - y * y
    metric = np.stack([1.0 + x * x / rest, x * y / rest, 1.0 + y * y / rest])
    return np.asarray(metric[:, None] * np.stack([x, y])[None])
