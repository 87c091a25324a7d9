"""Learning steps of an ensemble: every replica descends along its own minibatch and is kicked by its own noise.

    q(τ+1) = q(τ) − γ g_B(q) + √(2 D0) ξ,

g_B the mean gradient of B samples drawn with replacement by this replica at this step.

Gradients come from a table of every sample's gradient, interpolated bilinearly. Random words are keyed by (seed,
replica, step, stream, block): block 0 gives two words for ξ, the first sample and the lot of renewal; block 1 + k the
samples 4k + 1 … 4k + 4. So the result is bitwise the same for any number of threads and any split of the steps.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from weltnet.kernels.philox import gaussian_pair, philox

__all__ = ["STREAM_RENEWAL", "STREAM_START", "STREAM_STEP", "WALL", "descend", "fast_gaussian_pairs", "initial"]

STREAM_STEP, STREAM_START, STREAM_RENEWAL = 16, 17, 18
WALL = 2.9
"""Replicas are reflected at |q| = WALL."""

_LANES = 256
_SHIFT32, _SHIFT30 = np.uint64(32), np.uint32(30)
_LOW30 = np.uint32(0x3FFFFFFF)
_MANTISSA, _ONE, _ROOT_HALF = np.int32(0x007FFFFF), np.int32(0x3F800000), np.int32(0x3F3504F3)
_F = np.float32
_LN2, _QUARTER = _F(math.log(2.0)), _F(math.pi / 2.0)


@njit(nogil=True, cache=True, error_model="numpy")
def fast_gaussian_pairs(a, b, u, bits, n):
    """Two standard normals per lane by Box–Muller in float32 polynomials: r cos φ, r sin φ with φ = 2π b/2³² − π/4.

    a, b: (lanes,) uint32 words; u: (2, lanes) float32, out; bits: u[0] viewed as int32; n: lanes to fill. The radius
    uses all 32 bits of a (r ≤ 6.8); absolute error of a normal below 1e-6. Loops are kept apart so that they vectorise.
    """
    for i in range(n):
        u[0, i] = (_F(a[i]) + _F(0.5)) * _F(2.0**-32)
    for i in range(n):
        # u = 2^e (1 + f) with 1 + f in [√½, √2): log(1 + f) by its atanh series in s = f / (2 + f)
        word = bits[i] + (_ONE - _ROOT_HALF)
        e = _F((word >> np.int32(23)) - np.int32(127))
        u[1, i] = e
        bits[i] = (word & _MANTISSA) + _ROOT_HALF
    for i in range(n):
        f = u[0, i] - _F(1.0)
        s = f / (_F(2.0) + f)
        z = s * s
        series = _F(2.0) + z * (_F(2.0 / 3.0) + z * (_F(0.4) + z * (_F(2.0 / 7.0) + z * _F(2.0 / 9.0))))
        radius = np.sqrt(_F(-2.0) * (s * series + u[1, i] * _LN2))
        t = (_F(b[i] & _LOW30) * _F(2.0**-30) - _F(0.5)) * _QUARTER
        y = t * t
        sine = t * (_F(1.0) + y * (_F(-1 / 6) + y * (_F(1 / 120) + y * (_F(-1 / 5040) + y * _F(1 / 362880)))))
        cosine = _F(1.0) + y * (_F(-0.5) + y * (_F(1 / 24) + y * (_F(-1 / 720) + y * _F(1 / 40320))))
        turn = b[i] >> _SHIFT30
        odd = (turn & np.uint32(1)) != 0
        x0 = sine if odd else cosine
        x1 = cosine if odd else sine
        s0 = radius if (turn == 0 or turn == 3) else -radius
        s1 = radius if turn < 2 else -radius
        u[0, i] = s0 * x0
        u[1, i] = s1 * x1


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _reflect(x):
    x = 2.0 * WALL - x if x > WALL else x
    x = -2.0 * WALL - x if x < -WALL else x
    x = WALL if x > WALL else x
    return -WALL if x < -WALL else x


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def descend(q, table, low, spacing, rate, noise, batch, steps, first, seed, renewal, start):
    """Advance q: (replicas, 2) float64 in place by `steps` learning steps, the first of which is number `first`.

    table: (samples, n, n, 2) float32 gradients at low + spacing·(i, j); rate: γ; noise: √(2 D0); batch: B;
    renewal: probability per step that a replica is replaced by a fresh draw from N(start[:2], start[2]²), after the
    step; a saboteur, 0 normally. Positions outside the table use its edge; a NaN stays a NaN.
    """
    members = q.shape[0]
    chunks = (members + _LANES - 1) // _LANES
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    samples = np.uint64(table.shape[0])
    top = table.shape[1] - 1.0000001
    inverse = 1.0 / spacing
    share = rate / batch
    lot = np.uint64(min(max(renewal, 0.0), 1.0) * 4294967296.0)
    for chunk in prange(chunks):
        base = chunk * _LANES
        n = min(_LANES, members - base)
        w0 = np.empty(_LANES, np.uint32)
        w1 = np.empty(_LANES, np.uint32)
        w2 = np.empty(_LANES, np.uint32)
        w3 = np.empty(_LANES, np.uint32)
        z = np.empty((2, _LANES), np.float32)
        bits = z[0].view(np.int32)
        for s in range(steps):
            step = np.uint32(first + s)
            for i in range(n):
                a, b, c, d = philox(np.uint32(base + i), step, np.uint32(STREAM_STEP), np.uint32(0), k0, k1)
                w0[i] = a
                w1[i] = b
                w2[i] = c
                w3[i] = d
            fast_gaussian_pairs(w0, w1, z, bits, n)
            for i in range(n):
                x = (q[base + i, 0] - low) * inverse
                y = (q[base + i, 1] - low) * inverse
                x = x if x > 0.0 else 0.0
                y = y if y > 0.0 else 0.0
                x = x if x < top else top
                y = y if y < top else top
                j = int(x)
                k = int(y)
                f = x - j
                g = y - k
                m = (np.uint64(w2[i]) * samples) >> _SHIFT32
                gx = 0.0
                gy = 0.0
                e1, e2, e3, e4 = np.uint32(0), np.uint32(0), np.uint32(0), np.uint32(0)
                for r in range(batch):
                    if r > 0:
                        place = (r - 1) & 3
                        if place == 0:
                            block = np.uint32(1 + ((r - 1) >> 2))
                            e1, e2, e3, e4 = philox(np.uint32(base + i), step, np.uint32(STREAM_STEP), block, k0, k1)
                        word = e1 if place == 0 else e2 if place == 1 else e3 if place == 2 else e4
                        m = (np.uint64(word) * samples) >> _SHIFT32
                    gx += (1.0 - f) * ((1.0 - g) * table[m, j, k, 0] + g * table[m, j, k + 1, 0]) + f * (
                        (1.0 - g) * table[m, j + 1, k, 0] + g * table[m, j + 1, k + 1, 0]
                    )
                    gy += (1.0 - f) * ((1.0 - g) * table[m, j, k, 1] + g * table[m, j, k + 1, 1]) + f * (
                        (1.0 - g) * table[m, j + 1, k, 1] + g * table[m, j + 1, k + 1, 1]
                    )
                q[base + i, 0] = _reflect(q[base + i, 0] - share * gx + noise * z[0, i])
                q[base + i, 1] = _reflect(q[base + i, 1] - share * gy + noise * z[1, i])
                if np.uint64(w3[i]) < lot:
                    a, b, c, d = philox(np.uint32(base + i), step, np.uint32(STREAM_RENEWAL), np.uint32(0), k0, k1)
                    z0, z1 = gaussian_pair(a, b)
                    q[base + i, 0] = _reflect(start[0] + start[2] * z0)
                    q[base + i, 1] = _reflect(start[1] + start[2] * z1)


@njit(nogil=True, cache=True, error_model="numpy")
def initial(members, seed, start, spread):
    """q: (members, 2) float64, independent draws from N(start, spread²) reflected at the wall."""
    q = np.empty((members, 2))
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    for i in range(members):
        a, b, _c, _d = philox(np.uint32(i), np.uint32(0), np.uint32(STREAM_START), np.uint32(0), k0, k1)
        z0, z1 = gaussian_pair(a, b)
        q[i, 0] = _reflect(start[0] + spread * z0)
        q[i, 1] = _reflect(start[1] + spread * z1)
    return q
