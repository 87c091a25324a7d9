"""F', the free energy whose gradient is the current of an ensemble, from nothing but where its members are and were.

    v = 2γ ∇F':   F' minimises Σ p |v − 2γ ∇F'|² over the edges of a grid, which is the Poisson equation ∇·(p ∇F') =
    ∇·(p v)/2γ weighted by the density.                                                              [2012.05082 §2]

It is solved by conjugate gradients with D^−½ ∇^−2 D^−½, D = p, as preconditioner. F' is known up to a constant, and
only where there are members; a circulation round a hole is not part of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.density import Grid
from weltnet.kernels.grid import deposit_moments

__all__ = ["Potential", "continuity", "current_velocity", "flow", "potential"]

Array = NDArray[Any]

FLOOR = 1e-6
"""Weight of an edge without members, over the highest: keeps F' smooth where nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Potential:
    """F', its mean over p removed, and how the solver ended."""

    F: Array
    """(n, n) float64."""
    iterations: int
    residual: float
    """|b − A F| / |b|; the solve is good when it is below the tolerance asked for."""


def current_velocity(before: Array, after: Array, time: float) -> Array:
    """v_i = (q_i(t + w) − q_i(t − w))/2w at time t, with time = 2w: (M, 2).

    Its mean over members at q is the current velocity of any diffusion up to O(w²); a forward difference would give the
    drift instead. Single members scatter by √(D/w), D their diffusion.
    """
    v: Array = (after - before) / time
    return v


def flow(grid: Grid, q: Array, v: Array, bandwidth: float) -> tuple[Array, Array]:
    """Density p: (n, n), which integrates to 1, and current p v: (2, n, n), of members q, v: (M, 2) smoothed alike."""
    low, inverse = -grid.half_width, 1.0 / grid.spacing
    moments = deposit_moments(q, np.ascontiguousarray(v), low, inverse, grid.n, True) / (len(q) * grid.cell)
    smooth = [grid.smooth(m, bandwidth) for m in moments]
    return np.maximum(smooth[0], 1e-30), np.stack(smooth[1:])


def continuity(grid: Grid, before: Array, after: Array, time: float, bandwidth: float) -> float:
    """|∂_t p + ∇·(p v)| over √(|∂_t p|² + |∇·(p v)|²), members (M, 2) having gone from `before` to `after` in `time`.

    An identity of members that are neither made nor lost, up to O(time²) and what the deposit makes of places between
    the points of the grid; √2 at most.
    """
    p, q = (grid.smooth(grid.counts(x), bandwidth) for x in (before, after))
    current = flow(grid, 0.5 * (before + after), (after - before) / time, bandwidth)[1]
    change, outflow = (q - p) / time, grid.gradient(current[0])[0] + grid.gradient(current[1])[1]
    scale = float(np.sqrt((change * change).sum() + (outflow * outflow).sum()))
    return float(np.sqrt(np.square(change + outflow).sum())) / max(scale, 1e-12)


@lru_cache(maxsize=8)
def _inverse_laplacian(n: int, spacing: float) -> Array:
    k = 2.0 * np.pi * np.fft.fftfreq(n)
    modes = (4.0 - 2.0 * np.cos(k)[:, None] - 2.0 * np.cos(k)[None, : n // 2 + 1]) / spacing**2
    modes[0, 0] = np.inf
    inverse: Array = 1.0 / modes
    return inverse


def _forward(f: Array, axis: int) -> Array:
    """f at the next point round the box less f, along an axis."""
    out = np.empty_like(f)
    if axis == 0:
        np.subtract(f[1:], f[:-1], out=out[:-1])
        np.subtract(f[0], f[-1], out=out[-1])
    else:
        np.subtract(f[:, 1:], f[:, :-1], out=out[:, :-1])
        np.subtract(f[:, 0], f[:, -1], out=out[:, -1])
    return out


def _divergence(x: Array, y: Array) -> Array:
    """Net inflow into every point of what flows along the edges that start at it: minus the adjoint of `_forward`."""
    out = x + y
    out[1:] -= x[:-1]
    out[0] -= x[-1]
    out[:, 1:] -= y[:, :-1]
    out[:, 0] -= y[:, -1]
    return out


def potential(
    grid: Grid,
    p: Array,
    current: Array,
    *,
    gamma: float = 0.5,
    guess: Array | None = None,
    tolerance: float = 1e-4,
    limit: int = 200,
) -> Potential:
    """F' of a density p: (n, n) with current p v: (2, n, n); `guess` is a former F' to start from.

    On an edge the weight is the mean p of its ends and the velocity the mean v: exact where F' is quadratic, whatever p
    is; order 2 in the spacing otherwise.
    """
    peak = float(p.max())
    weight = np.maximum(p / peak, FLOOR)
    known = p / (2.0 * gamma * np.maximum(p, FLOOR * peak))
    wx, wy = (0.5 * (weight + np.roll(weight, -1, axis)) for axis in (0, 1))
    vx, vy = (known * c / np.maximum(p, 1e-300) for c in current)
    h = grid.spacing
    bx, by = wx * 0.5 * (vx + np.roll(vx, -1, 0)) * h, wy * 0.5 * (vy + np.roll(vy, -1, 1)) * h
    b = -_divergence(bx, by)
    scale, inverse = 1.0 / np.sqrt(weight), _inverse_laplacian(grid.n, h) / h**2
    target = float(np.sqrt((b * b).sum()))
    F = np.zeros_like(p) if guess is None else guess.copy()
    r = b if guess is None else b + _divergence(wx * _forward(F, 0), wy * _forward(F, 1))
    d = np.zeros_like(r)
    old, used, left = 1.0, 0, float(np.sqrt((r * r).sum()))
    while left > tolerance * target and used < limit:
        z = scale * grid.field(grid.spectrum(scale * r) * inverse)
        new = float((r * z).sum())
        d *= new / old
        d += z
        Ad = -_divergence(wx * _forward(d, 0), wy * _forward(d, 1))
        step = new / float((d * Ad).sum())
        F += step * d
        r = r - step * Ad
        old, used, left = new, used + 1, float(np.sqrt((r * r).sum()))
    F -= (F * p).sum() / p.sum()
    return Potential(F, used, left / target if target > 0.0 else 0.0)
