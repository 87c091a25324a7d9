"""Replicas whose free energies add up as phases: the wave of an ensemble as a sum over networks.

A replica is a network at q with velocity p (unit mass, γ = ½), its own free energy F, modulo μ_n = 2πħ, and the
deformation M = ∂(q, p)/∂(q₀, p₀) of its neighbourhood in a smooth loss V:

    dq/dt = p,   dp/dt = −∇V,   dF/dt = p²/2 − V,   dM/dt = [[0, 1], [−∇∇V, 0]] M;
    ψ(x) = Σ_i a_i C_i e^{iF_i/ħ} g_i(x),   g_i(x) = (w/π)^½ exp(−w|x − q_i|²/2 + i p_i·(x − q_i)/ħ),
    C = det^½ [½(M_qq + M_pp − iħw M_qp + (i/ħw) M_pq)],

Herman and Kluk's sum over frozen Gaussians (Chem. Phys. 91, 27 (1984)): exact for a quadratic V, and for any V to the
order t ħ of what V changes in third and higher derivatives across a Gaussian. a_i are amplitudes of birth: of the waves
on a lattice in phase space, the M that overlap most with ψ, by least squares (`born`).

V is a bicubic spline through a table: C² inside, continued outside with the slope of its edge. Sums are complex64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["LOST", "TOUCH", "born", "rows", "summed", "travel"]

Array = NDArray[Any]

LOST = 1e3
"""A replica whose |C| exceeds this has been torn out of its neighbourhood: it travels no further and counts no more."""
TOUCH = 1e-7
"""A Gaussian ends where it has fallen below this."""

_FAINT = 3e-4


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _local(c, x, y, low, inverse):
    """V, ∂₁V, ∂₂V, ∂₁∂₁V, ∂₁∂₂V, ∂₂∂₂V at (x, y) from spline coefficients (n + 2, n + 2)."""
    n = c.shape[0] - 2
    top = n - 1.0
    x = (x - low) * inverse
    y = (y - low) * inverse
    a = min(max(x, 0.0), top)
    b = min(max(y, 0.0), top)
    i = min(int(a), n - 2)
    j = min(int(b), n - 2)
    f = a - i
    g = b - j
    wf = ((1 - f) ** 3 / 6, (4 - 6 * f * f + 3 * f**3) / 6, (1 + 3 * f + 3 * f * f - 3 * f**3) / 6, f**3 / 6)
    df = (-((1 - f) ** 2) / 2, (3 * f * f - 4 * f) / 2, (1 + 2 * f - 3 * f * f) / 2, f * f / 2)
    ef = (1 - f, 3 * f - 2, 1 - 3 * f, f)
    wg = ((1 - g) ** 3 / 6, (4 - 6 * g * g + 3 * g**3) / 6, (1 + 3 * g + 3 * g * g - 3 * g**3) / 6, g**3 / 6)
    dg = (-((1 - g) ** 2) / 2, (3 * g * g - 4 * g) / 2, (1 + 2 * g - 3 * g * g) / 2, g * g / 2)
    eg = (1 - g, 3 * g - 2, 1 - 3 * g, g)
    v = vx = vy = vxx = vxy = vyy = 0.0
    for k in range(4):
        s = d = e = 0.0
        for l in range(4):
            z = c[i + k, j + l]
            s += wg[l] * z
            d += dg[l] * z
            e += eg[l] * z
        v += wf[k] * s
        vx += df[k] * s
        vy += wf[k] * d
        vxx += ef[k] * s
        vxy += df[k] * d
        vyy += wf[k] * e
    if a != x or b != y:
        v += vx * (x - a) + vy * (y - b)
        vxx = vxy = vyy = 0.0
    return v, vx * inverse, vy * inverse, vxx * inverse**2, vxy * inverse**2, vyy * inverse**2


@njit(nogil=True, cache=True, error_model="numpy")
def travel(q, p, F, C, M, spline, low, inverse, dt, steps, spread):
    """Carry q, p: (m, 2), F: (m,) float64, C: (m,) complex128 and M: (m, 4, 4) float64 through `steps`, in place.

    dt: (m,), how long a step of each replica is; spline: (n + 2, n + 2) coefficients of a bicubic spline of V, mirrored
    at its ends (`scipy.ndimage.spline_filter`), with node (i, j) = coefficient (i + 1, j + 1) at low + (i, j)/inverse;
    spread: ħw. Velocity Verlet: order 2, M symplectic to rounding; F by the trapezium in V. The branch of C follows
    continuity, which needs its phase to turn by less than π/2 a call. About 150 ns a replica and step.
    """
    for k in range(q.shape[0]):
        if C[k] == 0.0:
            continue
        x, y, a, b, s, c = q[k, 0], q[k, 1], p[k, 0], p[k, 1], F[k], C[k]
        m, h = M[k], dt[k]
        v, vx, vy, xx, xy, yy = _local(spline, x, y, low, inverse)
        for _ in range(steps):
            a -= 0.5 * h * vx
            b -= 0.5 * h * vy
            for l in range(4):
                m[2, l] -= 0.5 * h * (xx * m[0, l] + xy * m[1, l])
                m[3, l] -= 0.5 * h * (xy * m[0, l] + yy * m[1, l])
                m[0, l] += h * m[2, l]
                m[1, l] += h * m[3, l]
            before = v
            x += h * a
            y += h * b
            v, vx, vy, xx, xy, yy = _local(spline, x, y, low, inverse)
            s += 0.5 * h * (a * a + b * b - before - v)
            a -= 0.5 * h * vx
            b -= 0.5 * h * vy
            for l in range(4):
                m[2, l] -= 0.5 * h * (xx * m[0, l] + xy * m[1, l])
                m[3, l] -= 0.5 * h * (xy * m[0, l] + yy * m[1, l])
        d00 = complex(m[0, 0] + m[2, 2], m[2, 0] / spread - spread * m[0, 2])
        d01 = complex(m[0, 1] + m[2, 3], m[2, 1] / spread - spread * m[0, 3])
        d10 = complex(m[1, 0] + m[3, 2], m[3, 0] / spread - spread * m[1, 2])
        d11 = complex(m[1, 1] + m[3, 3], m[3, 1] / spread - spread * m[1, 3])
        z = 0.5 * np.sqrt(d00 * d11 - d01 * d10)
        c = -z if (z * c.conjugate()).real < 0.0 else z
        if not c.real * c.real + c.imag * c.imag < LOST * LOST:
            c = 0.0j
        q[k, 0], q[k, 1], p[k, 0], p[k, 1], F[k], C[k] = x, y, a, b, s, c


@njit(nogil=True, cache=True, error_model="numpy")
def rows(axis, q, p, width, hbar):
    """exp(−w(x − q)²/2 + ip(x − q)/ħ) for every x of an even axis: (m, n) complex64; q, p: (m,) float64.

    From the nearest point outwards by products, without an exponential per point; below TOUCH it is zero.
    """
    m, n = q.shape[0], axis.shape[0]
    dx = axis[1] - axis[0]
    out = np.zeros((m, n), np.complex64)
    shrink = np.exp(-width * dx * dx)
    for i in range(m):
        nearest = min(max(int(np.floor((q[i] - axis[0]) / dx + 0.5)), 0), n - 1)
        d = axis[nearest] - q[i]
        size = np.exp(-0.5 * width * d * d)
        turn = p[i] * d / hbar
        first = complex(size * np.cos(turn), size * np.sin(turn))
        if size < TOUCH:
            continue
        out[i, nearest] = first
        spin = complex(np.cos(p[i] * dx / hbar), np.sin(p[i] * dx / hbar))
        for side in range(2):
            sign = 1.0 - 2.0 * side
            ratio = np.exp(-width * dx * (sign * d + 0.5 * dx)) * (spin if side == 0 else spin.conjugate())
            z, decay = first, abs(ratio)
            j = nearest
            while True:
                j += 1 - 2 * side
                z *= ratio
                size *= decay
                ratio *= shrink
                decay *= shrink
                if j < 0 or j >= n or size < TOUCH:
                    break
                out[i, j] = z
            size = np.exp(-0.5 * width * d * d)
    return out


def summed(axis: Array, q: Array, p: Array, weights: Array, width: float, hbar: float) -> Array:
    """Σ weight · g: (n, n) complex64 on axis × axis; q, p: (m, 2), weights: (m,), those of the waves g."""
    x, y = (rows(axis, np.ascontiguousarray(q[:, d]), np.ascontiguousarray(p[:, d]), width, hbar) for d in (0, 1))
    x *= (np.sqrt(width / np.pi) * weights).astype(np.complex64)[:, None]
    psi: Array = x.T @ y
    return psi


def born(
    axis: Array, psi: Array, members: int, width: float, hbar: float, fastest: float, offset: Array, crowd: float,
    sweeps: int,
) -> tuple[Array, Array, Array, float]:  # fmt: skip
    """q, p: (m, 2) and amplitudes a: (m,) complex128 of replicas whose waves add up to ψ, and the share they miss.

    Those that count most come first.

    The lattice has `crowd` points in a cell (2πħ)^½ · (2πħ)^½ of phase space per degree of freedom, |p| ≤ fastest,
    shifted by offset: (4,) in [0, 1). Of its waves the `members` that overlap most with ψ: (n, n) are kept, m of them,
    and a minimises |ψ − Σ a g|² by `sweeps` conjugate gradients from the a that a full lattice would have.
    """
    pitch, edge = np.sqrt(2.0 * np.pi / crowd), axis[-1] - 2.0 * (axis[1] - axis[0])
    places, speeds, tables = [], [], []
    for d in range(2):
        x = _ladder(edge, pitch / np.sqrt(width), offset[d])
        v = _ladder(fastest, pitch * hbar * np.sqrt(width), offset[2 + d])
        places.append(np.repeat(x, len(v)))
        speeds.append(np.tile(v, len(x)))
        tables.append(rows(axis, places[d], speeds[d], width, hbar))
    cell = (axis[1] - axis[0]) ** 2
    left, right = tables[0], tables[1]
    up, down = np.ascontiguousarray(left.T), np.ascontiguousarray(right.conj().T)
    back, scale = left.conj(), np.float32(np.sqrt(width / np.pi))
    target = psi.astype(np.complex64)
    overlap = (back @ target @ down) * (scale * np.float32(cell))
    size = np.abs(overlap)
    least = np.float32(_FAINT) * size.max()
    if size.size > members:
        least = max(least, np.partition(size.ravel(), size.size - members)[size.size - members])
    kept = size >= least
    a = np.where(kept, overlap * np.float32((pitch**2 / (2.0 * np.pi)) ** 2), 0)
    rest = target - (up @ a @ right) * scale
    slope = np.where(kept, (back @ rest @ down) * (scale * np.float32(cell)), 0)
    way, steep = slope, float(np.vdot(slope, slope).real)
    for _ in range(sweeps if steep > 0.0 else 0):
        made = (up @ way @ right) * scale
        far = np.float32(steep / (float(np.vdot(made, made).real) * cell))
        a, rest = a + far * way, rest - far * made
        slope = np.where(kept, (back @ rest @ down) * (scale * np.float32(cell)), 0)
        steeper = float(np.vdot(slope, slope).real)
        way, steep = slope + np.float32(steeper / steep) * way, steeper
    i, j = np.nonzero(kept)
    first = np.argsort(-np.abs(a[i, j]), kind="stable")
    i, j = i[first], j[first]
    q = np.column_stack([places[0][i], places[1][j]])
    p = np.column_stack([speeds[0][i], speeds[1][j]])
    missed = float(np.vdot(rest, rest).real / max(float(np.vdot(target, target).real), 1e-30))
    return q, p, a[i, j].astype(np.complex128), missed


def _ladder(reach: float, pitch: float, offset: float) -> Array:
    rungs: Array = pitch * (np.arange(np.ceil(-reach / pitch - offset), np.floor(reach / pitch - offset) + 1) + offset)
    return rungs
