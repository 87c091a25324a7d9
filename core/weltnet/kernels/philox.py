"""Counter-based random numbers: the same (seed, member, step, stream, draw) always gives the same bits.

Philox-4x32 with ten rounds (Salmon et al. 2011, Random123). No kernel carries a generator state, so results are bitwise
independent of threads, chunks and of how a run is split into calls; rewind and replay are exact because of this file.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["gaussian_pair", "normals", "philox", "picks", "uniform"]

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint32(0x9E3779B9), np.uint32(0xBB67AE85)
_MASK, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
_TWO_PI = 2.0 * np.pi
_INV32 = 1.0 / 4294967296.0


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def philox(c0, c1, c2, c3, k0, k1):
    """Four uint32 words for a 128-bit counter (c0..c3) and a 64-bit key (k0, k1), all uint32."""
    for _ in range(10):
        p0 = np.uint64(c0) * _M0
        p1 = np.uint64(c2) * _M1
        c0 = np.uint32(p1 >> _SHIFT) ^ c1 ^ k0
        c1 = np.uint32(p1 & _MASK)
        c2 = np.uint32(p0 >> _SHIFT) ^ c3 ^ k1
        c3 = np.uint32(p0 & _MASK)
        k0 = np.uint32(k0 + _W0)
        k1 = np.uint32(k1 + _W1)
    return c0, c1, c2, c3


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def uniform(word):
    """A uint32 word as a float64 in the open interval (0, 1)."""
    return (np.float64(word) + 0.5) * _INV32


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def gaussian_pair(a, b):
    """Two independent standard normals from two uint32 words (Box–Muller)."""
    r = np.sqrt(-2.0 * np.log(uniform(a)))
    phi = _TWO_PI * uniform(b)
    return r * np.cos(phi), r * np.sin(phi)


@njit(nogil=True, cache=True, error_model="numpy")
def normals(out, seed, step, stream):
    """Fill out: (members, draws) float64 with standard normals keyed by (seed, member, step, stream, draw)."""
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    for m in range(out.shape[0]):
        for d in range(0, out.shape[1], 4):
            a, b, c, e = philox(np.uint32(m), np.uint32(step), np.uint32(stream), np.uint32(d), k0, k1)
            z0, z1 = gaussian_pair(a, b)
            z2, z3 = gaussian_pair(c, e)
            out[m, d] = z0
            if d + 1 < out.shape[1]:
                out[m, d + 1] = z1
            if d + 2 < out.shape[1]:
                out[m, d + 2] = z2
            if d + 3 < out.shape[1]:
                out[m, d + 3] = z3


@njit(nogil=True, cache=True, error_model="numpy")
def picks(out, count, seed, step, stream):
    """Fill out: (members, draws) int64 with whole numbers in [0, count), drawn with replacement and keyed alike."""
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    whole = np.uint64(count)
    words = np.empty(4, np.uint32)
    for m in range(out.shape[0]):
        for d in range(out.shape[1]):
            if d & 3 == 0:
                words[0], words[1], words[2], words[3] = philox(
                    np.uint32(m), np.uint32(step), np.uint32(stream), np.uint32(d), k0, k1
                )
            out[m, d] = np.int64((np.uint64(words[d & 3]) * whole) >> _SHIFT)
