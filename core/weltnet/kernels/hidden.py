"""Hidden neurons at a temperature: what they push the weights with is the slope of their free energy.

A sample clamps the inputs and the outputs of a network W(q) = W0 + q1 E1 + q2 E2, b(q) = b0 + q1 b1 + q2 b2; its hidden
states x are drawn from

    exp(−H(x, q)/T),   H = ½ Σ_i (x_i − f_i)²,   f = tanh(W x + b),   i over hidden and output neurons,

by `ticks` steps of Leimkuhler and Matthews, x ← x − h ∂H/∂x + √(hT/2) (ξ_k + ξ_k+1), from what the inputs alone make of
the hidden neurons, with thermal noise √T ξ. The mean of the local gradient at fixed x,

    ∂H/∂q_k = −Σ_i d_i (E_k x + b_k)_i,   d_i = (x_i − f_i)(1 − f_i²),

is then ∇F_n with F_n = −T ⟨ln ∫dx e^{−H/T}⟩ over samples, up to O(h²) and what is left of the start.
                                                                                       [2004.09280 §7; 2012.05082 §2]

Random words are keyed by (seed, replica, step, stream, block): STREAM_SAMPLE gives the sample, STREAM_STATE, block
64 k + j, the kicks at tick k of the hidden neurons 2j, 2j + 1. So bits depend on no split of the steps. Sixty-four
replicas go side by side in float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from weltnet.kernels.ensemble import fast_gaussian_pairs
from weltnet.kernels.lanes import WIDTH, load, store, tanh
from weltnet.kernels.philox import philox

__all__ = ["STREAM_SAMPLE", "STREAM_STATE", "push"]

Array = NDArray[Any]

STREAM_SAMPLE, STREAM_STATE = 0x71, 0x72
_LANES = 64
_SHIFT32 = np.uint64(32)
_f = np.float32


@njit(nogil=True, cache=True, error_model="numpy")
def _kicks(z, pair, bits, a, b, first, step, tick, k0, k1):
    """z: (hidden, lanes) standard normals of the replicas first … first + lanes at one tick."""
    hidden = z.shape[0]
    for j in range((hidden + 1) // 2):
        for l in range(_LANES):
            u, v, _c, _d = philox(
                np.uint32(first + l), np.uint32(step), np.uint32(STREAM_STATE), np.uint32(64 * tick + j), k0, k1
            )
            a[l] = u
            b[l] = v
        fast_gaussian_pairs(a, b, pair, bits, _LANES)
        for l in range(_LANES):
            z[2 * j, l] = pair[0, l]
        if 2 * j + 1 < hidden:
            for l in range(_LANES):
                z[2 * j + 1, l] = pair[1, l]


@njit(nogil=True, cache=True, error_model="numpy")
def _squash(y):
    """y ← tanh y, y: (rows, lanes) float32, flat, rows by fours: what is squashed together shares its rounding."""
    for row in range(0, y.size, 4 * _LANES):
        for k in range(row, row + _LANES, WIDTH):
            a, b, c, d = tanh(load(y, k), load(y, k + _LANES), load(y, k + 2 * _LANES), load(y, k + 3 * _LANES))
            store(y, k, a)
            store(y, k + _LANES, b)
            store(y, k + 2 * _LANES, c)
            store(y, k + 3 * _LANES, d)


@njit(nogil=True, cache=True, error_model="numpy")
def _push(q, W, b, data, outputs, temperature, h, ticks, step, seed, g):
    members, free = q.shape[0], W.shape[1]
    inputs, hidden = W.shape[2] - free, free - outputs
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    heat, kick, pace = _f(math.sqrt(temperature)), _f(math.sqrt(0.5 * h * temperature)), _f(h)
    one = _f(1.0)
    rows = (free + 3) // 4 * 4
    flat = np.zeros(rows * _LANES, np.float32)
    f = flat.reshape((rows, _LANES))
    d = np.empty((free, _LANES), np.float32)
    # The state of all neurons: inputs, hidden, outputs.
    x = np.empty((inputs + free, _LANES), np.float32)
    drive = np.empty((free, _LANES), np.float32)
    w = np.empty((free, hidden, _LANES), np.float32)
    old, new = np.empty((hidden, _LANES), np.float32), np.empty((hidden, _LANES), np.float32)
    pair = np.empty((2, _LANES), np.float32)
    bits = pair[0].view(np.int32)
    u, v = np.empty(_LANES, np.uint32), np.empty(_LANES, np.uint32)
    q1, q2 = np.empty(_LANES, np.float32), np.empty(_LANES, np.float32)
    g1, g2 = np.empty(_LANES, np.float32), np.empty(_LANES, np.float32)
    for base in range(0, members, _LANES):
        for l in range(_LANES):
            q1[l] = _f(q[base + l, 0])
            q2[l] = _f(q[base + l, 1])
            word, _b, _c, _d = philox(
                np.uint32(base + l), np.uint32(step), np.uint32(STREAM_SAMPLE), np.uint32(0), k0, k1
            )
            s = (np.uint64(word) * np.uint64(data.shape[0])) >> _SHIFT32
            for j in range(inputs):
                x[j, l] = data[s, j]
            for j in range(outputs):
                x[inputs + hidden + j, l] = data[s, inputs + j]
        for i in range(free):
            for l in range(_LANES):
                drive[i, l] = b[0, i] + q1[l] * b[1, i] + q2[l] * b[2, i]
            for j in range(inputs):
                for l in range(_LANES):
                    drive[i, l] += (W[0, i, j] + q1[l] * W[1, i, j] + q2[l] * W[2, i, j]) * x[j, l]
            for j in range(hidden):
                for l in range(_LANES):
                    w[i, j, l] = W[0, i, inputs + j] + q1[l] * W[1, i, inputs + j] + q2[l] * W[2, i, inputs + j]
        _kicks(old, pair, bits, u, v, base, step, 0, k0, k1)
        for i in range(free):
            for l in range(_LANES):
                f[i, l] = drive[i, l]
        _squash(flat)
        for i in range(hidden):
            for l in range(_LANES):
                x[inputs + i, l] = f[i, l] + heat * old[i, l]
        _kicks(old, pair, bits, u, v, base, step, 1, k0, k1)
        for tick in range(ticks + 1):
            for i in range(free):
                for l in range(_LANES):
                    f[i, l] = drive[i, l]
                for j in range(hidden):
                    for l in range(_LANES):
                        f[i, l] += w[i, j, l] * x[inputs + j, l]
            _squash(flat)
            for i in range(free):
                for l in range(_LANES):
                    d[i, l] = (x[inputs + i, l] - f[i, l]) * (one - f[i, l] * f[i, l])
            if tick < ticks:
                _kicks(new, pair, bits, u, v, base, step, tick + 2, k0, k1)
                for i in range(hidden):
                    for l in range(_LANES):
                        f[i, l] -= x[inputs + i, l]
                    for j in range(free):
                        for l in range(_LANES):
                            f[i, l] += w[j, i, l] * d[j, l]
                for i in range(hidden):
                    for l in range(_LANES):
                        x[inputs + i, l] += pace * f[i, l] + kick * (old[i, l] + new[i, l])
                        old[i, l] = new[i, l]
        for l in range(_LANES):
            g1[l] = _f(0.0)
            g2[l] = _f(0.0)
        for i in range(free):
            for l in range(_LANES):
                g1[l] -= d[i, l] * b[1, i]
                g2[l] -= d[i, l] * b[2, i]
            for j in range(inputs + free):
                if W[1, i, j] != 0.0 or W[2, i, j] != 0.0:
                    for l in range(_LANES):
                        g1[l] -= d[i, l] * x[j, l] * W[1, i, j]
                        g2[l] -= d[i, l] * x[j, l] * W[2, i, j]
        for l in range(_LANES):
            g[base + l, 0] = g1[l]
            g[base + l, 1] = g2[l]


def push(
    q: Array,
    weights: Sequence[Array],
    data: Array,
    inputs: int,
    outputs: int,
    *,
    temperature: float,
    step: int,
    seed: int,
    ticks: int = 8,
    h: float = 0.3,
) -> Array:
    """∂H/∂q: (M, 2) float64 of one sample and one draw of hidden states per replica q: (M, 2) at a learning step.

    weights: W0, E1, E2: (N, N), b0, b1, b2: (N,); data: (samples, inputs + outputs); temperature: T; h: the sampler's
    step, stable below 2/(1 + |w|²), w the weights into an output. Cost O(M ticks N²); at N = 6 some .2 µs a replica.
    """
    W, b = (np.stack([np.asarray(a, np.float32)[inputs:] for a in part]) for part in (weights[:3], weights[3:]))
    # Whole chunks only.
    whole = np.zeros((-(-len(q) // _LANES) * _LANES, 2))
    whole[: len(q)] = q
    g = np.empty_like(whole)
    numbers = (int(outputs), float(temperature), float(h), int(ticks), int(step), int(seed))
    _push(whole, W, b, np.asarray(data, np.float32), *numbers, g)
    return g[: len(q)]
