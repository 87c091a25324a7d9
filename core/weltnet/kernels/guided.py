"""Replicas that follow fields on a grid: by inertia in a force, or guided by a wave.

Grid point (i, j) of an (n, n) field lies at low + spacing·(i, j); `inverse` is 1/spacing. Fields are read bilinearly,
outside the grid at its edge. Replicas are reflected at |q| = WALL, and their velocity with them.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from weltnet.kernels.ensemble import WALL, fast_gaussian_pairs
from weltnet.kernels.philox import philox

__all__ = ["LEAP", "STREAM_GUIDE", "bohm", "leapfrog", "mirror", "nelson"]

STREAM_GUIDE = 19
LEAP = 0.15
"""The longest drift of one guided step per axis: near a node of the wave its velocity is without bound."""

_LANES = 256


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _read(fields, x, y, low, inverse):
    """Both components of fields: (2, n, n) at (x, y)."""
    top = fields.shape[1] - 1.0000001
    x = (x - low) * inverse
    y = (y - low) * inverse
    x = x if x > 0.0 else 0.0
    y = y if y > 0.0 else 0.0
    x = x if x < top else top
    y = y if y < top else top
    i = int(x)
    j = int(y)
    f = x - i
    g = y - j
    a = (1.0 - f) * (1.0 - g)
    b = (1.0 - f) * g
    c = f * (1.0 - g)
    d = f * g
    return (
        a * fields[0, i, j] + b * fields[0, i, j + 1] + c * fields[0, i + 1, j] + d * fields[0, i + 1, j + 1],
        a * fields[1, i, j] + b * fields[1, i, j + 1] + c * fields[1, i + 1, j] + d * fields[1, i + 1, j + 1],
    )


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def mirror(x, v):
    """x reflected at |x| = WALL, and v with it; never outside, however far x was."""
    if x > WALL:
        x, v = 2.0 * WALL - x, -v
    elif x < -WALL:
        x, v = -2.0 * WALL - x, -v
    x = WALL if x > WALL else x
    return -WALL if x < -WALL else x, v


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def leapfrog(q, v, force, low, inverse, dt, steps):
    """Newton's second law with unit mass, dq/dt = v, dv/dt = force(q): (replicas, 2) float64 q and v in place.

    Velocity Verlet: order 2 in dt, time-reversible; the energy error stays bounded and is O(dt²) for a smooth force,
    plus what the bilinear reading of the force does not conserve, O(spacing²). Needs dt < 2/ω_max. About 40 ns a
    replica and step.
    """
    members = q.shape[0]
    chunks = (members + _LANES - 1) // _LANES
    for chunk in prange(chunks):
        base = chunk * _LANES
        for m in range(base, min(base + _LANES, members)):
            x, y, a, b = q[m, 0], q[m, 1], v[m, 0], v[m, 1]
            fx, fy = _read(force, x, y, low, inverse)
            for _ in range(steps):
                a += 0.5 * dt * fx
                b += 0.5 * dt * fy
                x, a = mirror(x + dt * a, a)
                y, b = mirror(y + dt * b, b)
                fx, fy = _read(force, x, y, low, inverse)
                a += 0.5 * dt * fx
                b += 0.5 * dt * fy
            q[m, 0], q[m, 1], v[m, 0], v[m, 1] = x, y, a, b


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _capped(x):
    x = x if x < LEAP else LEAP
    return x if x > -LEAP else -LEAP


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def bohm(q, before, after, low, inverse, dt):
    """One step along the paths of Bohm, dq/dt = v(q, t), in place; q: (replicas, 2) float64. No chance is in it.

    before, after: (2, n, n) float64, the current velocity ħ Im ∇ψ/ψ of a wave at t and at t + dt. Heun's method,
    q ← q + ½ dt [v(q, t) + v(q + v(q, t) dt, t + dt)]: order 2 in dt, plus what the bilinear reading of v leaves,
    O(spacing²). Either slope moves at most LEAP per axis. Carries |ψ|² into |ψ|² as far as both orders and LEAP allow:
    not where nodes pass between grid points. About 50 ns a replica.
    """
    members = q.shape[0]
    chunks = (members + _LANES - 1) // _LANES
    for chunk in prange(chunks):
        base = chunk * _LANES
        for m in range(base, min(base + _LANES, members)):
            x, y = q[m, 0], q[m, 1]
            vx, vy = _read(before, x, y, low, inverse)
            ax, ay = _capped(vx * dt), _capped(vy * dt)
            vx, vy = _read(after, x + ax, y + ay, low, inverse)
            q[m, 0], _a = mirror(x + 0.5 * (ax + _capped(vx * dt)), 0.0)
            q[m, 1], _b = mirror(y + 0.5 * (ay + _capped(vy * dt)), 0.0)


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def nelson(q, drift, low, inverse, dt, noise, seed, step):
    """One step of Nelson's stochastic mechanics, q ← q + b(q) dt + noise ξ, in place; q: (replicas, 2) float64.

    drift: (2, n, n), b = v + u, the current and osmotic velocity of a wave; noise: √(ħ dt) for unit mass. ξ is
    keyed by (seed, replica, step). Euler–Maruyama: weak order 1. The drift of one step is at most LEAP per axis. About
    55 ns a replica.
    """
    members = q.shape[0]
    chunks = (members + _LANES - 1) // _LANES
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    for chunk in prange(chunks):
        base = chunk * _LANES
        n = min(_LANES, members - base)
        w0 = np.empty(_LANES, np.uint32)
        w1 = np.empty(_LANES, np.uint32)
        z = np.empty((2, _LANES), np.float32)
        bits = z[0].view(np.int32)
        for i in range(n):
            a, b, _c, _d = philox(np.uint32(base + i), np.uint32(step), np.uint32(STREAM_GUIDE), np.uint32(0), k0, k1)
            w0[i] = a
            w1[i] = b
        fast_gaussian_pairs(w0, w1, z, bits, n)
        for i in range(n):
            x, y = q[base + i, 0], q[base + i, 1]
            bx, by = _read(drift, x, y, low, inverse)
            q[base + i, 0], _a = mirror(x + _capped(bx * dt) + noise * z[0, i], 0.0)
            q[base + i, 1], _b = mirror(y + _capped(by * dt) + noise * z[1, i], 0.0)
