"""Hidden states of a layered network in a bath at temperature T, both ends clamped, and where they lie at T = 0.

    H = ½ Σ_l |e_l|²,   e_l = h_l − f_l,   f_l = tanh(W_l h_{l−1} + b_l),   d_l = e_l (1 − f_l²)
    ∂H/∂h_l = e_l − W_{l+1}ᵀ d_{l+1},       (∂H/∂q)·q̇ = −Σ_l d_l·(Ẇ_l h_{l−1} + ḃ_l)

`sample` goes on in ticks x ← x − τ ∂H/∂x + √(2Tτ)(ξ_n + ξ_{n+1})/2, of second order in τ and exact for a parabola
[Leimkuhler and Matthews 2013]; `settle` goes to the bottom by Gauss and Newton, x ← x − G⁻¹ ∂H/∂x, with G = JᵀJ as
LLᵀ within its skyline, and tells ln det G.

widths: (n_0, …, n_L); q: (P,), of every layer W row by row, then b, as in `weltnet.systems.layered`. What belongs to
samples has them last: x: (n, samples), the hidden layers one below the other; base: (n_1, samples), f_1, which data
and weights alone set; y: (n_L, samples). Samples are taken _LANES at a time, each by itself, and ξ is Philox keyed by
(seed, sample, tick, stream, row), so that bits do not depend on how ticks are split. Certificates: a NumPy twin;
U = nT/2 of a parabola at any τ; ln det G of `numpy.linalg`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.activation import quick_tanh
from weltnet.kernels.ensemble import fast_gaussian_pairs
from weltnet.kernels.philox import philox

__all__ = ["STREAM_BATH", "sample", "settle"]

STREAM_BATH = 0x91
_LANES = 16
_REACH = 0.5
"""Farthest that a state goes in one step of Gauss and Newton."""


@njit(nogil=True, cache=True, error_model="numpy")
def _affine(q, at, rows, columns, x, out):
    """out_i = b_i + Σ_j W_ij x_j per lane, with W: (rows, columns) and then b from q[at] on."""
    end = at + rows * columns
    for i in range(rows):
        here = out[i]
        for l in range(_LANES):
            here[l] = q[end + i]
        for j in range(columns):
            w, below = q[at + i * columns + j], x[j]
            for l in range(_LANES):
                here[l] += w * below[l]


@njit(nogil=True, cache=True, error_model="numpy")
def _forces(q, widths, x, base, y, e, d, g):
    """e and d of the layers above the input, one below the other, and g = ∂H/∂x of the hidden ones."""
    L = widths.size - 1
    at, row = widths[0] * widths[1] + widths[1], widths[1]
    for i in range(row):
        for l in range(_LANES):
            e[i, l] = x[i, l] - base[i, l]
            d[i, l] = e[i, l] * (1.0 - base[i, l] * base[i, l])
    for k in range(2, L + 1):
        n, m = widths[k], widths[k - 1]
        f = d[row : row + n]
        _affine(q, at, n, m, x[row - m : row], f)
        for i in range(n):
            above = y[i] if k == L else x[row + i]
            for l in range(_LANES):
                t = quick_tanh(f[i, l])
                e[row + i, l] = above[l] - t
                f[i, l] = (above[l] - t) * (1.0 - t * t)
        for j in range(m):
            for l in range(_LANES):
                g[row - m + j, l] = e[row - m + j, l]
        for i in range(n):
            for j in range(m):
                w = q[at + i * m + j]
                for l in range(_LANES):
                    g[row - m + j, l] -= w * f[i, l]
        at += n * m + n
        row += n


@njit(nogil=True, cache=True, error_model="numpy")
def _speeds(dq, widths, x, dbase, a):
    """Ẇ_l h_{l−1} + ḃ_l of the layers above the input, one below the other, for q̇ = dq."""
    at, row = widths[0] * widths[1] + widths[1], widths[1]
    a[:row] = dbase
    for k in range(2, widths.size):
        n, m = widths[k], widths[k - 1]
        _affine(dq, at, n, m, x[row - m : row], a[row : row + n])
        at += n * m + n
        row += n


@njit(nogil=True, cache=True, error_model="numpy")
def _kick(z, words, seed, first, tick, stream, n):
    """z: (n + 3, lanes) float32 normals of samples first … at a tick."""
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    for k in range(0, n, 4):
        for l in range(_LANES):
            a, b, c, e = philox(np.uint32(first + l), np.uint32(tick), np.uint32(stream), np.uint32(k >> 2), k0, k1)
            words[0, l] = a
            words[1, l] = b
            words[2, l] = c
            words[3, l] = e
        for h in range(0, 4, 2):
            two = z[k + h : k + h + 2]
            fast_gaussian_pairs(words[h], words[h + 1], two, two[0].view(np.int32), _LANES)


@njit(nogil=True, cache=True, error_model="numpy")
def sample(q, widths, x, base, y, temperature, tau, ticks, first, seed, stream, dq, dbase, dx, H, work):
    """Advance x: (n, samples) in place by `ticks` from number `first` on; samples a multiple of 16.

    Into H: (samples,) and work: (ways, samples) go the means over the ticks, taken before each, of H and, for every way
    dq: (ways, P) that weights may go, of (∂H/∂q)·dq + (∂H/∂x)·dx. dbase: (ways, n_1, samples), Ẇ_1 h_0 + ḃ_1 for dq;
    dx: (ways, n, samples), any constants: ∂H/∂x is 0 in the mean, and with dx the way the bottom goes it takes most of
    the noise away. Cost ticks · samples · ((2 + ways) P + n normals), P without the first layer.
    """
    n, samples = x.shape
    total = n + y.shape[0]
    e, d, g = np.empty((total, _LANES)), np.empty((total, _LANES)), np.empty((n, _LANES))
    s, b, t = np.empty((n, _LANES)), np.empty(base[:, :_LANES].shape), np.empty(y[:, :_LANES].shape)
    a = np.empty((total, _LANES))
    old, new = np.empty((n + 4, _LANES), np.float32), np.empty((n + 4, _LANES), np.float32)
    words = np.empty((4, _LANES), np.uint32)
    size, share = np.sqrt(0.5 * temperature * tau), 1.0 / ticks
    for start in range(0, samples, _LANES):
        end = start + _LANES
        s[:] = x[:, start:end]
        b[:] = base[:, start:end]
        t[:] = y[:, start:end]
        H[start:end] = 0.0
        work[:, start:end] = 0.0
        _kick(old, words, seed, start, first, stream, n)
        for tick in range(first, first + ticks):
            _forces(q, widths, s, b, t, e, d, g)
            for i in range(total):
                for l in range(_LANES):
                    H[start + l] += 0.5 * share * e[i, l] * e[i, l]
            for way in range(len(dq)):
                _speeds(dq[way], widths, s, dbase[way, :, start:end], a)
                done, to = work[way, start:end], dx[way, :, start:end]
                for i in range(total):
                    for l in range(_LANES):
                        done[l] -= share * d[i, l] * a[i, l]
                for i in range(n):
                    for l in range(_LANES):
                        done[l] += share * g[i, l] * to[i, l]
            _kick(new, words, seed, start, tick + 1, stream, n)
            for i in range(n):
                for l in range(_LANES):
                    s[i, l] += size * (np.float64(old[i, l]) + np.float64(new[i, l])) - tau * g[i, l]
            old, new = new, old
        x[:, start:end] = s


@njit(nogil=True, cache=True, error_model="numpy")
def _factor(q, widths, A, s, below):
    """L of G = LLᵀ into the lower half of A: (n, n, lanes), from s, 1 − f² of every layer; below: where rows begin."""
    n, L = A.shape[0], widths.size - 1
    at, row = widths[0] * widths[1] + widths[1], widths[1]
    for k in range(2, L + 1):
        rows, m = widths[k], widths[k - 1]
        low = row - m
        for i in range(m):
            below[low + i] = 0 if k == 2 else low - widths[k - 2]
        for j in range(m):
            for o in range(j + 1):
                here = A[low + j, low + o]
                for l in range(_LANES):
                    here[l] = 1.0 if o == j else 0.0
                for i in range(rows):
                    u, slope = q[at + i * m + j] * q[at + i * m + o], s[row + i]
                    for l in range(_LANES):
                        here[l] += u * slope[l] * slope[l]
        for i in range(rows if k < L else 0):
            for j in range(m):
                w = q[at + i * m + j]
                for l in range(_LANES):
                    A[row + i, low + j, l] = -w * s[row + i, l]
        at += rows * m + rows
        row += rows
    for i in range(n):
        for j in range(below[i], i + 1):
            here = A[i, j]
            for k in range(max(below[i], below[j]), j):
                one, two = A[i, k], A[j, k]
                for l in range(_LANES):
                    here[l] -= one[l] * two[l]
            for l in range(_LANES):
                here[l] = np.sqrt(here[l]) if i == j else here[l] / A[j, j, l]


@njit(nogil=True, cache=True, error_model="numpy")
def settle(q, widths, x, base, y, steps, H, logdet):
    """Move x: (n, samples) in place by `steps` of Gauss and Newton; samples a multiple of 16.

    Into H and logdet, (samples,), go the loss where they end and ln det G where the last step begins. From near the
    bottom it is reached in a few steps; no step goes farther than _REACH in a state. Cost samples · steps · n³/6.
    """
    n, samples = x.shape
    total = n + y.shape[0]
    e, d, g = np.empty((total, _LANES)), np.empty((total, _LANES)), np.empty((n, _LANES))
    s, A, below = np.empty((total, _LANES)), np.empty((n, n, _LANES)), np.empty(n, np.int64)
    c, b, t = np.empty((n, _LANES)), np.empty(base[:, :_LANES].shape), np.empty(y[:, :_LANES].shape)
    for start in range(0, samples, _LANES):
        end = start + _LANES
        c[:] = x[:, start:end]
        b[:] = base[:, start:end]
        t[:] = y[:, start:end]
        for step in range(steps + 1):
            _forces(q, widths, c, b, t, e, d, g)
            if step == steps:
                break
            for i in range(total):
                above = c[i] if i < n else t[i - n]
                for l in range(_LANES):
                    f = above[l] - e[i, l]
                    s[i, l] = 1.0 - f * f
            _factor(q, widths, A, s, below)
            logdet[start:end] = 0.0
            for i in range(n):
                for j in range(below[i], i):
                    for l in range(_LANES):
                        g[i, l] -= A[i, j, l] * g[j, l]
                for l in range(_LANES):
                    logdet[start + l] += 2.0 * np.log(A[i, i, l])
                    g[i, l] /= A[i, i, l]
            for i in range(n - 1, -1, -1):
                for l in range(_LANES):
                    g[i, l] /= A[i, i, l]
                for j in range(below[i], i):
                    for l in range(_LANES):
                        g[j, l] -= A[i, j, l] * g[i, l]
            for i in range(n):
                for l in range(_LANES):
                    v = g[i, l]
                    v = _REACH if v > _REACH else v
                    v = -_REACH if v < -_REACH else v
                    c[i, l] -= v
        H[start:end] = 0.0
        for i in range(total):
            for l in range(_LANES):
                H[start + l] += 0.5 * e[i, l] * e[i, l]
        x[:, start:end] = c
