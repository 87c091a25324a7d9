"""Einstein's equations as boundary problems in 2+1 dimensions, relaxed a little at a time, and geodesics of a slice.

A universe: ds² = −N² dt² + a(t)² dΣ², t from 0 to 1, its action and what is stationary of it,

    S = ∫ (−ȧ²/N − N V(a)) dt,   V = Λa² + κρ a^(−2w) − k,   2 ä/N = N V′(a),   (ȧ/N)² = V(a).

a climbs S, which for this mode of the metric is the stable direction; T = N is the time that passes in all.

A slice of a space-time at rest at this moment, h = e^{2φ} δ, with matter m(x) on it:

    Δφ + Λ e^{2φ} + κ m(x) = 0,   solved by red-black relaxation with Newton's derivative at every place.

Twins: `weltnet.theory.relaxation`. Certificates: both of second order in the step; the residual of a slice falls below
1e-8. A sweep of 81 × 81 costs .4 ms, most of it exp.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["HIGHEST", "LOWEST", "bend", "expand", "sweep"]

Array = NDArray[Any]

LOWEST, HIGHEST = 0.02, 20.0
"""Where a scale factor or a time that runs away is stopped."""


@njit(nogil=True, cache=True, error_model="numpy")
def expand(a, span, k, cosmological, matter, w, rate, turns, out):
    """Relax a: (n + 1,), its ends held, and span: (1,) = T by this many turns in place; out: (2,) = residuals.

    A turn moves a by rate × (second difference)⁻¹ of what the first equation misses, by elimination, and T by a share
    of the mean of what the second one does. A negative rate goes down S. out: rms of what both miss over their terms.
    """
    n = a.size - 1
    dt = 1.0 / n
    upper, right = np.empty(n), np.empty(n)
    for _ in range(turns):
        T = span[0]
        weight = 2.0 / (T * dt * dt)
        missed, size = 0.0, 0.0
        for i in range(1, n):
            bent = (a[i + 1] - 2.0 * a[i] + a[i - 1]) * weight
            pull = T * (2.0 * cosmological * a[i] - 2.0 * w * matter * a[i] ** (-2.0 * w - 1.0))
            left = bent - pull
            missed += left * left
            size += bent * bent + pull * pull
            below = -weight * (upper[i - 1] if i > 1 else 0.0)
            pivot = 2.0 * weight + below
            upper[i] = weight / pivot
            right[i] = (left + weight * (right[i - 1] if i > 1 else 0.0)) / pivot
        out[0] = np.sqrt(missed / max(size, 1e-300))
        moved = 0.0
        for i in range(n - 1, 0, -1):
            moved = right[i] + (upper[i] * moved if i < n - 1 else 0.0)
            a[i] = min(max(a[i] + rate * moved, LOWEST), HIGHEST)
        total, square, speed, height = 0.0, 0.0, 0.0, 0.0
        for i in range(n):
            middle = 0.5 * (a[i] + a[i + 1])
            rush = ((a[i + 1] - a[i]) / (dt * T)) ** 2
            V = cosmological * middle * middle + matter * middle ** (-2.0 * w) - k
            total += rush - V
            square += (rush - V) ** 2
            speed += rush
            height += abs(V)
        out[1] = np.sqrt(square * n) / max(speed + height, 1e-300)
        push = 0.25 * abs(rate) * total / max(speed, 1e-12)
        span[0] = min(max(T * np.exp(min(max(push, -0.1), 0.1)), LOWEST), HIGHEST)


@njit(nogil=True, cache=True, error_model="numpy")
def sweep(phi, source, step, cosmological, omega, sweeps):
    """Over-relax phi: (n, n) in place, its rim held, for a source κm: (n, n); the largest residual after the sweeps."""
    n, inverse = phi.shape[0], 1.0 / (step * step)
    worst = 0.0
    for s in range(2 * sweeps + 2):
        for i in range(1, n - 1):
            for j in range(1 + (i + s + 1) % 2, n - 1, 2):
                around = phi[i - 1, j] + phi[i + 1, j] + phi[i, j - 1] + phi[i, j + 1]
                grown = cosmological * np.exp(2.0 * min(phi[i, j], 20.0))
                left = (around - 4.0 * phi[i, j]) * inverse + grown + source[i, j]
                if s < 2 * sweeps:
                    phi[i, j] -= omega * left / (2.0 * grown - 4.0 * inverse)
                else:
                    worst = max(worst, abs(left))
    return worst


@njit(nogil=True, cache=True, error_model="numpy")
def _slope(phi, low, step, x, y, out):
    """∇φ at (x, y), bilinear between central differences at the places of the grid."""
    n = phi.shape[0]
    u, v = (x - low) / step, (y - low) / step
    i, j = min(max(int(u), 1), n - 3), min(max(int(v), 1), n - 3)
    u, v = u - i, v - j
    out[0], out[1] = 0.0, 0.0
    for di in range(2):
        for dj in range(2):
            weight = (u if di else 1.0 - u) * (v if dj else 1.0 - v) * 0.5 / step
            p, q = i + di, j + dj
            out[0] += weight * (phi[p + 1, q] - phi[p - 1, q])
            out[1] += weight * (phi[p, q + 1] - phi[p, q - 1])


@njit(nogil=True, cache=True, error_model="numpy")
def bend(phi, low, step, X, angle, ds, out):
    """Fill out: (steps + 1, lines, 2) with geodesics of e^{2φ}δ from X: (lines, 2) at these angles: (lines,).

    In steps of ds as the plane measures it a geodesic turns by the slope of φ to its left: θ′ = ∇φ·n. Midpoint rule.
    One that leaves the grid, [low, −low]², stays where it left.
    """
    steps = out.shape[0] - 1
    slope = np.empty(2)
    for m in range(X.shape[0]):
        x, y, theta = X[m, 0], X[m, 1], angle[m]
        inside = True
        for s in range(steps + 1):
            out[s, m, 0], out[s, m, 1] = x, y
            inside = inside and max(abs(x), abs(y)) <= -low
            if not inside or s == steps:
                continue
            _slope(phi, low, step, x, y, slope)
            half = theta + 0.5 * ds * (slope[1] * np.cos(theta) - slope[0] * np.sin(theta))
            _slope(phi, low, step, x + 0.5 * ds * np.cos(theta), y + 0.5 * ds * np.sin(theta), slope)
            theta += ds * (slope[1] * np.cos(half) - slope[0] * np.sin(half))
            x += ds * np.cos(half)
            y += ds * np.sin(half)
