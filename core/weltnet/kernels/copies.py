"""Many networks side by side, noisy activation ticks in staggered bursts, with the exact conditional drift.

    μ_i = f(W x + b + c (A(Q) X)_{s(i)}),   x(t+1) = μ + η ξ,   X = means of the two halves of x,   A(Q) = Q1 δ + Q2 J.

W is shared; Q is a copy's own: zero for copies of one network, its weights in the learned plane for a replica that
learns, because what these add to W is of rank 2 and acts on X alone.

Per tick are recorded X before the tick, its exact conditional mean E[X'|x] = means of the halves of μ, X' after it, and
the ticks since launch. A copy whose burst has lasted `life` ticks is relaunched at X uniform in [−a, a]²,
x_i = c_i X_{s(i)}; copies are staggered by (tick + copy) mod life, so that every tick relaunches the same share.

All noise is Philox keyed by (seed, copy, tick, stream): bitwise the same for any number of threads, any split of the
ticks into calls and any split of the copies (`first` numbers them). State and arithmetic are float32, without
reassociation. Certificates: a float64 twin fed the same words agrees to 1e-5 over 20 ticks; the normals have absolute
error below 4e-6 against float64 Box–Muller of the same words, and reach |ξ| ≤ 5.9.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from weltnet.kernels.philox import philox

__all__ = ["LAUNCH", "LINEAR", "NOISE", "TANH", "advance", "bursts", "normals32"]

TANH, LINEAR = 0, 1
NOISE, LAUNCH = 0x51, 0x52
"""Philox streams of the state noise and of the launches."""

_LANES, _QUEUES = 128, 16
"""Copies per block: the inner loop of every kernel here. Fewer leave the matrix product bound by loop set-up. Queues of
blocks share scratch, which for many replicas would otherwise be larger than their states."""

Array = NDArray[Any]

_f = np.float32


@njit(nogil=True, cache=True, error_model="numpy")
def _affine(W, b, c, turned, x, y, n, lanes):
    """y_i = b_i + c_i turned_{s(i)} + Σ_j W_ij x_j for every lane; x, y: flat (n, lanes), turned: flat (2, lanes).

    Four j at a time halve the traffic in y.
    """
    whole = n - n % 4
    for i in range(n):
        yi = y[i * lanes : (i + 1) * lanes]
        s = i // (n // 2)
        half = turned[s * lanes : (s + 1) * lanes]
        for l in range(lanes):
            yi[l] = b[i] + c[i] * half[l]
        for j in range(0, whole, 4):
            w0, w1, w2, w3 = W[i, j], W[i, j + 1], W[i, j + 2], W[i, j + 3]
            x0 = x[j * lanes : (j + 1) * lanes]
            x1 = x[(j + 1) * lanes : (j + 2) * lanes]
            x2 = x[(j + 2) * lanes : (j + 3) * lanes]
            x3 = x[(j + 3) * lanes : (j + 4) * lanes]
            for l in range(lanes):
                yi[l] = yi[l] + w0 * x0[l] + w1 * x1[l] + w2 * x2[l] + w3 * x3[l]
        for j in range(whole, n):
            w0 = W[i, j]
            x0 = x[j * lanes : (j + 1) * lanes]
            for l in range(lanes):
                yi[l] += w0 * x0[l]


@njit(nogil=True, cache=True, error_model="numpy")
def _tanh(y):
    """tanh in place: odd/even rational of degree 13/6 on [−7.9, 7.9], error below 4 units in the last place."""
    for k in range(y.size):
        v = min(max(y[k], _f(-7.90531110763549805)), _f(7.90531110763549805))
        z = v * v
        p = _f(-2.76076847742355e-16) * z + _f(2.00018790482477e-13)
        p = p * z + _f(-8.60467152213735e-11)
        p = p * z + _f(5.12229709037114e-08)
        p = p * z + _f(1.48572235717979e-05)
        p = p * z + _f(6.37261928875436e-04)
        p = p * z + _f(4.89352455891786e-03)
        q = _f(1.19825839466702e-06) * z + _f(1.18534705686654e-04)
        q = q * z + _f(2.26843463243900e-03)
        q = q * z + _f(4.89352518554385e-03)
        y[k] = v * p / q


@njit(nogil=True, cache=True, error_model="numpy")
def _words(w, first, tick, stream, k0, k1, n, lanes):
    """Philox words w: flat (n, lanes), keyed by (copy = first + lane, tick, stream, row); n a multiple of 4."""
    for j in range(0, n, 4):
        for l in range(lanes):
            a, b, c, d = philox(np.uint32(first + l), np.uint32(tick), np.uint32(stream), np.uint32(j), k0, k1)
            w[j * lanes + l] = a
            w[(j + 1) * lanes + l] = b
            w[(j + 2) * lanes + l] = c
            w[(j + 3) * lanes + l] = d


@njit(nogil=True, cache=True, error_model="numpy")
def _gaussians(w, g, n, lanes):
    """Box–Muller by polynomials: rows 2k (radius) and 2k + 1 (angle) of w give rows 2k and 2k + 1 of g; n even.

    ln by the Cephes polynomial on [1/√2, √2]; the angle is a half turn (sin, cos by Taylor to s¹¹) times a random sign.
    Branches are written as arithmetic because a select keeps the loop scalar.
    """
    for j in range(0, n, 2):
        wa, wb = w[j * lanes : (j + 1) * lanes], w[(j + 1) * lanes : (j + 2) * lanes]
        ga, gb = g[j * lanes : (j + 1) * lanes], g[(j + 1) * lanes : (j + 2) * lanes]
        for l in range(lanes):
            u = _f(np.int32(wa[l] >> np.uint32(8))) + _f(0.5)
            bits = _f(u).view(np.int32)
            e = np.int32((bits - np.int32(0x3F3504F3)) >> np.int32(23))
            m = np.int32(bits - np.int32(e << np.int32(23))).view(_f) - _f(1.0)
            z = m * m
            p = _f(7.0376836292e-2) * m + _f(-1.1514610310e-1)
            p = p * m + _f(1.1676998740e-1)
            p = p * m + _f(-1.2420140846e-1)
            p = p * m + _f(1.4249322787e-1)
            p = p * m + _f(-1.6668057665e-1)
            p = p * m + _f(2.0000714765e-1)
            p = p * m + _f(-2.4999993993e-1)
            p = p * m + _f(3.3333331174e-1)
            ln = m * z * p - _f(0.5) * z + m + (_f(e) - _f(24.0)) * _f(0.69314718056)
            ga[l] = np.sqrt(max(_f(-2.0) * ln, _f(0.0)))
        for l in range(lanes):
            word = wb[l]
            s = _f(np.int32(np.uint32(word << np.uint32(1)))) * _f(2.0**-32)
            sign = _f(1.0) - _f(2.0) * _f(np.int32(word >> np.uint32(31)))
            t = s * s
            sn = _f(-7.3704309457e-3) * t + _f(8.2145886611e-2)
            sn = sn * t + _f(-5.9926452932e-1)
            sn = sn * t + _f(2.5501640399)
            sn = sn * t + _f(-5.1677127800)
            sn = (sn * t + _f(3.1415926536)) * s
            cs = _f(1.9295743094e-3) * t + _f(-2.5806891390e-2)
            cs = cs * t + _f(2.3533063036e-1)
            cs = cs * t + _f(-1.3352627689)
            cs = cs * t + _f(4.0587121264)
            cs = cs * t + _f(-4.9348022005)
            cs = cs * t + _f(1.0)
            r = ga[l] * sign
            ga[l] = r * cs
            gb[l] = r * sn


@njit(nogil=True, cache=True, error_model="numpy")
def normals32(g, first, tick, stream, seed):
    """Fill g: (n, lanes) float32, n a multiple of 4, with the normals that copies first … first + lanes − 1 receive."""
    w = np.empty(g.size, np.uint32)
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    _words(w, first, tick, stream, k0, k1, g.shape[0], g.shape[1])
    _gaussians(w, g.ravel(), g.shape[0], g.shape[1])


@njit(nogil=True, cache=True, error_model="numpy")
def _means(x, n, lanes, sums):
    """sums: (2 lanes) = means of the two halves of x: flat (n, lanes)."""
    h = n // 2
    for s in range(2):
        row = sums[s * lanes : (s + 1) * lanes]
        for l in range(lanes):
            row[l] = _f(0.0)
        for i in range(s * h, (s + 1) * h):
            xi = x[i * lanes : (i + 1) * lanes]
            for l in range(lanes):
                row[l] += xi[l]
        for l in range(lanes):
            row[l] /= _f(h)


@njit(nogil=True, cache=True, error_model="numpy")
def _block(
    state, W, b, c, Q, before, mean, after, age, at, lanes, seed, first, tick, born, life, reach, eta, kind, scratch
):
    """All ticks of the copies at … at + lanes − 1, in scratch: three flat (padded n, lanes) pieces, means, A(Q)X."""
    n = state.shape[1]
    copies = min(lanes, state.shape[0] - at)
    rows = (n + 3) // 4 * 4
    size = rows * lanes
    x, y, sums = scratch[:size], scratch[size : 2 * size], scratch[3 * size : 3 * size + 2 * lanes]
    turned = scratch[3 * size + 2 * lanes :]
    w = scratch[2 * size : 3 * size].view(np.uint32)
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    h = n // 2
    for i in range(n):
        for l in range(copies):
            x[i * lanes + l] = state[at + l, i]
        for l in range(copies, lanes):
            x[i * lanes + l] = _f(0.0)
    for k in range(before.shape[0]):
        t = tick + k
        for l in range(copies):
            copy = first + at + l
            a = min((t + copy) % life, t - born)
            age[k, at + l] = a
            if a == 0:
                u, v, _, _ = philox(np.uint32(copy), np.uint32(t), np.uint32(LAUNCH), np.uint32(0), k0, k1)
                X0 = _f(reach) * (_f(np.int32(u)) * _f(2.0**-31))
                X1 = _f(reach) * (_f(np.int32(v)) * _f(2.0**-31))
                for i in range(h):
                    x[i * lanes + l] = c[i] * X0
                for i in range(h, n):
                    x[i * lanes + l] = c[i] * X1
        _means(x, n, lanes, sums)
        for l in range(copies):
            before[k, at + l, 0], before[k, at + l, 1] = sums[l], sums[lanes + l]
        for l in range(copies):
            Q1, Q2 = Q[at + l, 0], Q[at + l, 1]
            turned[l] = Q1 * sums[l] - Q2 * sums[lanes + l]
            turned[lanes + l] = Q2 * sums[l] + Q1 * sums[lanes + l]
        _affine(W, b, c, turned, x, y, n, lanes)
        if kind == TANH:
            _tanh(y)
        _means(y, n, lanes, sums)
        for l in range(copies):
            mean[k, at + l, 0], mean[k, at + l, 1] = sums[l], sums[lanes + l]
        _words(w, first + at, t, NOISE, k0, k1, rows, lanes)
        _gaussians(w, x, rows, lanes)
        for m in range(n * lanes):
            x[m] = y[m] + _f(eta) * x[m]
        _means(x, n, lanes, sums)
        for l in range(copies):
            after[k, at + l, 0], after[k, at + l, 1] = sums[l], sums[lanes + l]
    for l in range(copies):
        for i in range(n):
            state[at + l, i] = x[i * lanes + l]


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def bursts(state, W, b, c, Q, before, mean, after, age, seed, first, tick, born, life, reach, eta, kind, lanes):
    """Advance state: (copies, N) float32 in place by before.shape[0] ticks; W: (N, N), b, c: (N,), Q: (copies, 2).

    before, mean, after: (ticks, copies, 2) float32 are filled with X, E[X'|x], X'; age: (ticks, copies) int32 with the
    ticks since launch. `tick` numbers the first tick, `born` the tick at which all copies were launched. Blocks of
    `lanes` copies are independent.
    """
    copies, n = state.shape
    blocks = (copies + lanes - 1) // lanes
    queues = min(blocks, _QUEUES)
    scratch = np.zeros((queues, (3 * ((n + 3) // 4 * 4) + 4) * lanes), np.float32)
    for g in prange(queues):
        for k in range(g, blocks, queues):
            _block(
                state, W, b, c, Q, before, mean, after, age, k * lanes, lanes, seed, first, tick, born, life, reach,
                eta, kind, scratch[g],
            )  # fmt: skip


def advance(
    state: Array,
    W: Array,
    b: Array,
    c: Array,
    *,
    seed: int,
    tick: int,
    ticks: int,
    Q: Array | None = None,
    born: int = 0,
    life: int = 10,
    reach: float = 0.8,
    noise: float = 0.25,
    first: int = 0,
    kind: int = TANH,
) -> tuple[Array, Array, Array, Array]:
    """Run `ticks` ticks on state: (copies, N) float32 in place; returns X, E[X'|x], X': (ticks, copies, 2), and ages.

    N is even and its halves are the first and the last N/2 neurons. Copies are launched at tick `born` and then every
    `life` ticks, so a state of zeros is a valid beginning. `kind` is TANH or LINEAR. Q: (copies, 2), zero if left out.
    """
    copies = state.shape[0]
    before, mean, after = (np.empty((ticks, copies, 2), np.float32) for _ in range(3))
    age = np.empty((ticks, copies), np.int32)
    own = np.zeros((copies, 2)) if Q is None else Q
    W, b, c, own = (np.ascontiguousarray(a, dtype=np.float32) for a in (W, b, c, own))
    whole = (int(seed), int(first), int(tick), int(born), int(life))
    bursts(state, W, b, c, own, before, mean, after, age, *whole, float(reach), float(noise), int(kind), _LANES)
    return before, mean, after, age
