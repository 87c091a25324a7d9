"""Two weights that are far apart, each learning at a pace of its own: guided together by one wave, or each by itself.

The state of a replica is (q1, q2), one weight of each of two parties. The pace w of a party multiplies all that its
own weight does, H1 = w (p²/2 + V(q1)), and touches nothing else; a pace of 0 freezes the weight where it is.

Tables are (rows, n) float64 on n points, point i at low + i/inverse, read linearly, outside at their edge.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from weltnet.kernels.guided import mirror
from weltnet.kernels.philox import gaussian_pair, philox

__all__ = ["LEAP", "STREAM_PARTIES", "descend_apart", "guide", "roll_apart"]

STREAM_PARTIES = 41
LEAP = 0.15
"""The longest step of a guided replica per axis: near a node of the wave its velocity is without bound."""

_FLOOR = 1e-14
"""Added to |ψ|², so that a velocity stays finite on a node; wells have densities near 1."""
_CHUNK = 256


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _place(x, n, low, inverse):
    """Index and fraction of x in a table of n points."""
    x = (x - low) * inverse
    x = x if x > 0.0 else 0.0
    top = n - 1.0000001
    x = x if x < top else top
    i = int(x)
    return i, x - i


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _velocity(x, y, modes, c, low, inverse, hbar, pace1, pace2):
    """Both components of v_i = w_i ħ Im(∂_iψ/ψ) for ψ = Σ c[m, n] φ_m(x) φ_n(y); rows of modes: φ0, φ1, φ0', φ1'."""
    n = modes.shape[1]
    i, f = _place(x, n, low, inverse)
    j, g = _place(y, n, low, inverse)
    a0 = (1.0 - f) * modes[0, i] + f * modes[0, i + 1]
    a1 = (1.0 - f) * modes[1, i] + f * modes[1, i + 1]
    s0 = (1.0 - f) * modes[2, i] + f * modes[2, i + 1]
    s1 = (1.0 - f) * modes[3, i] + f * modes[3, i + 1]
    b0 = (1.0 - g) * modes[0, j] + g * modes[0, j + 1]
    b1 = (1.0 - g) * modes[1, j] + g * modes[1, j + 1]
    t0 = (1.0 - g) * modes[2, j] + g * modes[2, j + 1]
    t1 = (1.0 - g) * modes[3, j] + g * modes[3, j + 1]
    u0 = c[0, 0] * b0 + c[0, 1] * b1
    u1 = c[1, 0] * b0 + c[1, 1] * b1
    psi = a0 * u0 + a1 * u1
    d1 = s0 * u0 + s1 * u1
    d2 = a0 * (c[0, 0] * t0 + c[0, 1] * t1) + a1 * (c[1, 0] * t0 + c[1, 1] * t1)
    scale = hbar / (psi.real * psi.real + psi.imag * psi.imag + _FLOOR)
    return (
        pace1 * scale * (d1.imag * psi.real - d1.real * psi.imag),
        pace2 * scale * (d2.imag * psi.real - d2.real * psi.imag),
    )


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def guide(q, modes, weights, low, inverse, hbar, pace1, pace2, dt):
    """Carry q: (replicas, 2) float64 in place along Bohm's paths of a wave of two modes a party.

        dq_i/dt = w_i ħ Im(∂_iψ/ψ),   ψ(q1, q2, t) = Σ_mn c_mn(t) φ_m(q1) φ_n(q2).

    modes: (4, n), φ0, φ1 and their slopes; weights: (2 steps + 1, 2, 2) complex128, c at every half step. Runge and
    Kutta's fourth order where the tables are smooth; a step is at most LEAP an axis, for near a node the velocity is
    without bound. Reflected at |q| = WALL. Paths of one wave do not cross, and |ψ|² stays the density of replicas drawn
    from it. About 0.2 µs a replica and step.
    """
    members = q.shape[0]
    steps = (weights.shape[0] - 1) // 2
    chunks = (members + _CHUNK - 1) // _CHUNK
    for chunk in prange(chunks):
        for m in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, members)):
            x, y = q[m, 0], q[m, 1]
            for k in range(steps):
                first, middle, last = weights[2 * k], weights[2 * k + 1], weights[2 * k + 2]
                a1, a2 = _velocity(x, y, modes, first, low, inverse, hbar, pace1, pace2)
                h = 0.5 * dt
                b1, b2 = _velocity(x + h * a1, y + h * a2, modes, middle, low, inverse, hbar, pace1, pace2)
                c1, c2 = _velocity(x + h * b1, y + h * b2, modes, middle, low, inverse, hbar, pace1, pace2)
                d1, d2 = _velocity(x + dt * c1, y + dt * c2, modes, last, low, inverse, hbar, pace1, pace2)
                dx = dt / 6.0 * (a1 + 2.0 * b1 + 2.0 * c1 + d1)
                dy = dt / 6.0 * (a2 + 2.0 * b2 + 2.0 * c2 + d2)
                dx = dx if dx < LEAP else LEAP
                dx = dx if dx > -LEAP else -LEAP
                dy = dy if dy < LEAP else LEAP
                dy = dy if dy > -LEAP else -LEAP
                x, _a = mirror(x + dx, 0.0)
                y, _b = mirror(y + dy, 0.0)
            q[m, 0], q[m, 1] = x, y


@njit(nogil=True, cache=True, error_model="numpy")
def roll_apart(q, v, force, low, inverse, paces, dt, steps):
    """Newton's second law for each weight by itself: dq_i/dt = w_i v_i, dv_i/dt = w_i force(q_i), in place.

    force: (n,), −V'; paces: (2,). Velocity Verlet, order 2 in dt, time-reversible. What a party finds depends on
    nothing of the other's. Reflected at |q| = WALL.
    """
    n = force.shape[0]
    for m in range(q.shape[0]):
        for party in range(2):
            x, p, h = q[m, party], v[m, party], paces[party] * dt
            i, f = _place(x, n, low, inverse)
            push = (1.0 - f) * force[i] + f * force[i + 1]
            for _ in range(steps):
                p += 0.5 * h * push
                x, p = mirror(x + h * p, p)
                i, f = _place(x, n, low, inverse)
                push = (1.0 - f) * force[i] + f * force[i + 1]
                p += 0.5 * h * push
            q[m, party], v[m, party] = x, p


@njit(nogil=True, cache=True, error_model="numpy")
def descend_apart(q, force, low, inverse, paces, rate, noise, dt, steps, seed, first):
    """Descent with noise for each weight by itself: q_i ← q_i + w_i γ force dt + √(2 w_i D dt) ξ_i, in place.

    rate: γ; noise: D, so that exp(−γV/D) stays; the steps are numbers first … first + steps − 1. ξ is keyed by (seed,
    replica, step), one word pair for both parties. Euler and Maruyama: weak order 1. Reflected at |q| = WALL.
    """
    n = force.shape[0]
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    for m in range(q.shape[0]):
        for step in range(first, first + steps):
            a, b, _c, _d = philox(np.uint32(m), np.uint32(step), np.uint32(STREAM_PARTIES), np.uint32(0), k0, k1)
            kicks = gaussian_pair(a, b)
            for party in range(2):
                h = paces[party] * dt
                i, f = _place(q[m, party], n, low, inverse)
                push = (1.0 - f) * force[i] + f * force[i + 1]
                x = q[m, party] + rate * h * push + np.sqrt(2.0 * noise * h) * kicks[party]
                q[m, party], _v = mirror(x, 0.0)
