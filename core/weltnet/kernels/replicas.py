"""Networks that learn, each replica with weights of its own: W(q) = W0 + q1 E1 + q2 E2, b(q) = b0 + q1 b1 + q2 b2.

A sample clamps the first `inputs` neurons to its first numbers; the others start at 0 and relax for T_a ticks of
x ← tanh(W x + b). Then the last `outputs` neurons are clamped to the sample's last numbers, and the loss is

    H = ½ Σ_i (x_i − f_i)²,   f = tanh(W x + b),   i over hidden and output neurons.

TOTAL is its gradient through the relaxation. LOCAL, at fixed x, is cheaper but not the gradient of ⟨H⟩. A learning step
is q ← q − γ g_B(q) + noise ξ, with g_B the mean gradient of B samples drawn with replacement by this replica.

Random words are keyed by (seed, replica, step, stream, block): STREAM_BATCH, block k gives the samples 4k … 4k + 3,
STREAM_NOISE gives ξ. So the result is bitwise the same for any number of threads, split of the steps and company.

Sixteen replicas learn side by side, one per lane, four samples at a time, in float32; the weights of a block stay in
the nearest cache for all its steps. What inputs and biases add to W x + b is computed once per sample. The total
gradient goes backwards through the ticks, which costs two matrix products per tick where two tangents cost four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from weltnet.kernels.ensemble import WALL, fast_gaussian_pairs
from weltnet.kernels.lanes import WIDTH, add, broadcast, fma, load, mul, store, sub, tanh
from weltnet.kernels.philox import philox

__all__ = [
    "LARGEST",
    "LOCAL",
    "STREAM_BATCH",
    "STREAM_NOISE",
    "TOTAL",
    "descend_networks",
    "draw",
    "gradient_by_products",
    "plane",
    "tabulate_networks",
]

TOTAL, LOCAL = 0, 1
STREAM_BATCH, STREAM_NOISE = 0x61, 0x62
LARGEST = 128
"""Neurons up to which replicas are advanced side by side."""

Array = NDArray[Any]

_LANES, _TILE = 16, 64
"""Replicas side by side; numbers per neuron: four samples of each."""
_BLOCKS = 16
_ROWS = 256
_SAMPLES = 64
_SHIFT32 = np.uint64(32)
_f = np.float32


@njit(nogil=True, cache=True, error_model="numpy")
def _load4(s, at):
    return load(s, at), load(s, at + _LANES), load(s, at + 2 * _LANES), load(s, at + 3 * _LANES)


@njit(nogil=True, cache=True, error_model="numpy")
def _store4(s, at, a, b, c, d):
    store(s, at, a)
    store(s, at + _LANES, b)
    store(s, at + 2 * _LANES, c)
    store(s, at + 3 * _LANES, d)


@njit(nogil=True, cache=True, error_model="numpy")
def _product(s, w, row, column, x, n, start, stride, y, rows, squash):
    """y_i = start_i + Σ_j w_ij x_j for i < rows, j < n, per lane; then tanh if `squash`. All are offsets into s.

    w_ij is at w + i row + j column, start_i at start + i stride. Two rows at a time share what is read of x.
    """
    for h in range(0, _LANES, WIDTH):
        for i in range(0, rows - 1, 2):
            a0, a1, a2, a3 = _load4(s, start + i * stride + h)
            b0, b1, b2, b3 = _load4(s, start + (i + 1) * stride + h)
            k = w + i * row + h
            m = x + h
            for _ in range(n):
                u, v = load(s, k), load(s, k + row)
                z = load(s, m)
                a0, b0 = fma(u, z, a0), fma(v, z, b0)
                z = load(s, m + _LANES)
                a1, b1 = fma(u, z, a1), fma(v, z, b1)
                z = load(s, m + 2 * _LANES)
                a2, b2 = fma(u, z, a2), fma(v, z, b2)
                z = load(s, m + 3 * _LANES)
                a3, b3 = fma(u, z, a3), fma(v, z, b3)
                k += column
                m += _TILE
            if squash:
                a0, a1, a2, a3 = tanh(a0, a1, a2, a3)
                b0, b1, b2, b3 = tanh(b0, b1, b2, b3)
            _store4(s, y + i * _TILE + h, a0, a1, a2, a3)
            _store4(s, y + (i + 1) * _TILE + h, b0, b1, b2, b3)
        if rows & 1:
            i = rows - 1
            a0, a1, a2, a3 = _load4(s, start + i * stride + h)
            k = w + i * row + h
            m = x + h
            for _ in range(n):
                u = load(s, k)
                a0, a1 = fma(u, load(s, m), a0), fma(u, load(s, m + _LANES), a1)
                a2, a3 = fma(u, load(s, m + 2 * _LANES), a2), fma(u, load(s, m + 3 * _LANES), a3)
                k += column
                m += _TILE
            if squash:
                a0, a1, a2, a3 = tanh(a0, a1, a2, a3)
            _store4(s, y + i * _TILE + h, a0, a1, a2, a3)


@njit(nogil=True, cache=True, error_model="numpy")
def _contract(s, d, rows, x, plane, g):
    """g_k += Σ_ij E_k,ij Σ_samples d_i x_j for the two directions k; plane: (3, N, n), of which the last two are E."""
    n = plane.shape[2]
    for h in range(0, _LANES, WIDTH):
        u, v = load(s, g + h), load(s, g + _LANES + h)
        for i in range(rows):
            live = False
            for j in range(n):
                live |= plane[1, i, j] != 0.0 or plane[2, i, j] != 0.0
            if live:
                d0, d1, d2, d3 = _load4(s, d + i * _TILE + h)
                m = x + h
                for j in range(n):
                    x0, x1, x2, x3 = _load4(s, m)
                    p = fma(d3, x3, fma(d2, x2, fma(d1, x1, mul(d0, x0))))
                    u = fma(broadcast(plane[1, i, j]), p, u)
                    v = fma(broadcast(plane[2, i, j]), p, v)
                    m += _TILE
        store(s, g + h, u)
        store(s, g + _LANES + h, v)


@njit(nogil=True, cache=True, error_model="numpy")
def _weights(s, w, plane, q):
    """w_ij = W0_ij + q1 E1_ij + q2 E2_ij per lane."""
    for h in range(0, _LANES, WIDTH):
        q1, q2 = load(s, q + h), load(s, q + _LANES + h)
        k = w + h
        for i in range(plane.shape[1]):
            for j in range(plane.shape[2]):
                a = fma(q1, broadcast(plane[1, i, j]), broadcast(plane[0, i, j]))
                store(s, k, fma(q2, broadcast(plane[2, i, j]), a))
                k += _LANES


@njit(nogil=True, cache=True, error_model="numpy")
def _slope(s, x, y, size):
    """y ← y (1 − x²)."""
    one = broadcast(_f(1.0))
    for k in range(0, size, WIDTH):
        v = load(s, x + k)
        store(s, y + k, mul(load(s, y + k), sub(one, mul(v, v))))


@njit(nogil=True, cache=True, error_model="numpy")
def _clamp(s, x, data, column, count, samples):
    """Neurons from x on take columns of the data, for the samples of every lane."""
    for i in range(count):
        for k in range(_TILE):
            s[x + i * _TILE + k] = data[samples[k], column + i]


@njit(nogil=True, cache=True, error_model="numpy")
def _batch(words, first, step, block, seed):
    """words: (4, lanes) of (replica = first + lane, step, STREAM_BATCH, block)."""
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    for l in range(_LANES):
        a, b, c, d = philox(np.uint32(first + l), np.uint32(step), np.uint32(STREAM_BATCH), np.uint32(block), k0, k1)
        words[0, l] = a
        words[1, l] = b
        words[2, l] = c
        words[3, l] = d


@njit(nogil=True, cache=True, error_model="numpy")
def _kick(words, z, first, step, seed):
    """z: (2, lanes) standard normals of (replica = first + lane, step, STREAM_NOISE)."""
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    for l in range(_LANES):
        a, b, _c, _d = philox(np.uint32(first + l), np.uint32(step), np.uint32(STREAM_NOISE), np.uint32(0), k0, k1)
        words[0, l] = a
        words[1, l] = b
    fast_gaussian_pairs(words[0], words[1], z, z[0].view(np.int32), _LANES)


@njit(nogil=True, cache=True, error_model="numpy")
def _gradient(s, at, driven, recurrent, data, outputs, ticks, valid, samples, kind):
    """Add the gradient of up to four samples per lane to s[g], g = at; the layout of s is that of `_room`."""
    n, fixed = recurrent.shape[1], driven.shape[2]
    hidden, size = n - outputs, n * _TILE
    g = at
    weights = g + 4 * _LANES
    inward = weights + n * n * _LANES
    seen = inward + n * fixed * _LANES
    drive = seen + fixed * _TILE
    f, d, states = drive + size, drive + 2 * size, drive + 3 * size
    # The drive is not needed on the way back, which sums what reaches the inputs.
    total = drive if kind == TOTAL else d
    depth = ticks if kind == TOTAL else 2
    nought = states + depth * size
    _clamp(s, seen + _TILE, data, 0, fixed - 1, samples)
    _product(s, inward, fixed * _LANES, _LANES, seen, fixed, nought, 0, drive, n, False)
    x = states
    for t in range(ticks):
        # The outputs are about to be clamped.
        rows = n if t < ticks - 1 else hidden
        x = states + t % depth * size
        before = states + (t + depth - 1) % depth * size
        _product(s, weights, n * _LANES, _LANES, before, n if t > 0 else 0, drive, _TILE, x, rows, True)
    _clamp(s, x + hidden * _TILE, data, fixed - 1, outputs, samples)
    _product(s, weights, n * _LANES, _LANES, x, n, drive, _TILE, f, n, True)
    one, zero = broadcast(_f(1.0)), broadcast(_f(0.0))
    for i in range(n):
        for m in range(0, _TILE, WIDTH):
            k = i * _TILE + m
            v = load(s, f + k)
            e = sub(load(s, x + k), v) if m < valid * _LANES else zero
            store(s, f + k, e)
            # −e f′, the sign of ∂H/∂f
            e = mul(e, sub(mul(v, v), one))
            store(s, d + k, e)
            store(s, total + k, e)
    _contract(s, d, n, x, recurrent, g)
    if kind == TOTAL:
        rows = n
        back = hidden
        source, stride = f, _TILE
        for t in range(ticks - 1, -1, -1):
            # f holds ∂H/∂x after tick t, then through its tanh
            _product(s, weights, _LANES, n * _LANES, d, rows, source, stride, f, back, False)
            x = states + t * size
            _slope(s, x, f, back * _TILE)
            for k in range(0, back * _TILE, WIDTH):
                store(s, total + k, add(load(s, total + k), load(s, f + k)))
            if t > 0:
                _contract(s, f, back, x - size, recurrent, g)
            d, f = f, d
            rows, back, source, stride = back, n, nought, 0
    _contract(s, total, n, seen, driven, g)


@njit(nogil=True, cache=True, error_model="numpy")
def _room(n, fixed, ticks, kind):
    """Numbers of scratch per block: g and q, weights, drive, states and errors, and four rows of zeros."""
    depth = ticks if kind == TOTAL else 2
    return (4 + n * (n + fixed)) * _LANES + (fixed + (3 + depth) * n + 1) * _TILE


@njit(nogil=True, cache=True, error_model="numpy")
def _reflect(x, wall):
    x = 2.0 * wall - x if x > wall else x
    x = -2.0 * wall - x if x < -wall else x
    x = wall if x > wall else x
    return -wall if x < -wall else x


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def _descend(q, driven, recurrent, data, outputs, rate, noise, batch, ticks, steps, first, seed, kind, wall):
    members, n, fixed = q.shape[0], recurrent.shape[1], driven.shape[2]
    blocks = (members + _LANES - 1) // _LANES
    chunks = (blocks + _BLOCKS - 1) // _BLOCKS
    count = np.uint64(data.shape[0])
    share = rate / batch
    for chunk in prange(chunks):
        size = _room(n, fixed, ticks, kind)
        s = np.zeros(size + 16, np.float32)
        # to the beginning of a cache line
        g = ((64 - s.ctypes.data % 64) % 64) // 4
        point = g + 2 * _LANES
        weights = g + 4 * _LANES
        inward = weights + n * n * _LANES
        seen = inward + n * fixed * _LANES
        s[seen : seen + _TILE] = 1.0
        words = np.empty((4, _LANES), np.uint32)
        samples = np.empty(_TILE, np.int64)
        z = np.empty((2, _LANES), np.float32)
        for base in range(chunk * _BLOCKS * _LANES, min((chunk + 1) * _BLOCKS * _LANES, members), _LANES):
            lanes = min(_LANES, members - base)
            for step in range(first, first + steps):
                for l in range(lanes):
                    s[point + l] = q[base + l, 0]
                    s[point + _LANES + l] = q[base + l, 1]
                    s[g + l] = 0.0
                    s[g + _LANES + l] = 0.0
                _weights(s, weights, recurrent, point)
                _weights(s, inward, driven, point)
                for block in range((batch + 3) // 4):
                    _batch(words, base, step, block, seed)
                    for r in range(4):
                        for l in range(_LANES):
                            samples[r * _LANES + l] = (np.uint64(words[r, l]) * count) >> _SHIFT32
                    valid = min(4, batch - 4 * block)
                    _gradient(s, g, driven, recurrent, data, outputs, ticks, valid, samples, kind)
                if noise > 0.0:
                    _kick(words, z, base, step, seed)
                    for l in range(lanes):
                        q[base + l, 0] += noise * z[0, l]
                        q[base + l, 1] += noise * z[1, l]
                for l in range(lanes):
                    q[base + l, 0] = _reflect(q[base + l, 0] - share * s[g + l], wall)
                    q[base + l, 1] = _reflect(q[base + l, 1] - share * s[g + _LANES + l], wall)


def plane(weights: Sequence[Array], inputs: int) -> tuple[Array, Array]:
    """What adds to a free neuron: (3, free, 1 + inputs) from biases and inputs, (3, free, free) from its like."""
    W, b = (np.array(a, np.float32)[:, inputs:] for a in (weights[:3], weights[3:]))
    return np.concatenate([b[..., None], W[:, :, :inputs]], axis=2), np.ascontiguousarray(W[:, :, inputs:])


def gradient_by_products(
    q: Array, driven: Array, recurrent: Array, seen: Array, answers: Array, *, ticks: int, kind: int
) -> Array:
    """Mean gradient (M, 2) of samples seen: (M, B, inputs), answers: (M, B, outputs) by matrix products with shared W0.

    W(q) x = W0 x + q1 E1 x + q2 E2 x, one product with [W0 E1 E2] for all replicas; driven: (3, n, 1 + inputs) holds
    biases and inputs, recurrent: (3, n, n) the n free neurons. In the precision of `recurrent`.
    """
    (M, B, _), n, outputs = seen.shape, recurrent.shape[1], answers.shape[2]
    hidden = n - outputs
    q1, q2 = (np.repeat(q[:, k].astype(recurrent.dtype), B)[:, None] for k in (0, 1))
    A = recurrent.reshape(3 * n, n)
    one = np.ones((M * B, 1), recurrent.dtype)
    drive = np.concatenate([one, seen.reshape(M * B, -1)], axis=1) @ driven.reshape(3 * n, -1).T

    def fire(z: Array) -> Array:
        x: Array = np.tanh(z[:, :n] + q1 * z[:, n : 2 * n] + q2 * z[:, 2 * n :])
        return x

    def back(d: Array) -> Array:
        x: Array = np.concatenate([d, q1 * d, q2 * d], axis=1) @ A
        return x

    def along(d: Array, z: Array) -> Array:
        g: Array = np.einsum("mi,mki->mk", d, z.reshape(M * B, 3, n)[:, 1:])
        return g

    z = [drive]
    x = [fire(drive)]
    for _ in range(ticks - 1):
        z.append(drive + x[-1] @ A.T)
        x.append(fire(z[-1]))
    x[-1][:, hidden:] = answers.reshape(M * B, -1)
    last = drive + x[-1] @ A.T
    f = fire(last)
    e = x[-1] - f
    d = e * (f * f - 1.0)
    g = along(d, last)
    if kind == TOTAL:
        change = e + back(d)
        for t in range(ticks - 1, -1, -1):
            d = change * (1.0 - x[t] * x[t])
            if t == ticks - 1:
                d[:, hidden:] = 0.0
            g += along(d, z[t])
            if t > 0:
                change = back(d)
    mean: Array = g.reshape(M, B, 2).mean(axis=1, dtype=float)
    return mean


def _descend_by_products(
    q: Array, driven: Array, recurrent: Array, data: Array, outputs: int, rate: float, noise: float, batch: int,
    ticks: int, steps: int, first: int, seed: int, kind: int, wall: float,
) -> None:  # fmt: skip
    inputs, share = driven.shape[2] - 1, max(1, _ROWS // batch)
    for step in range(first, first + steps):
        chosen, z = draw(len(q), batch, len(data), step, seed)
        for base in range(0, len(q), share):
            # Always whole, since the last digits of a product may depend on how many rows it has.
            rows = np.minimum(np.arange(base, base + share), len(q) - 1)
            sample = data[chosen[rows]]
            seen, answers = sample[..., :inputs], sample[..., inputs:]
            g = gradient_by_products(q[rows], driven, recurrent, seen, answers, ticks=ticks, kind=kind)
            part = slice(base, base + share)
            q[part] += noise * z[part].astype(float) - rate * g[: len(q[part])]
        np.copyto(q, np.where(np.abs(q) > wall, np.clip(2.0 * wall * np.sign(q) - q, -wall, wall), q))


def descend_networks(
    q: Array,
    weights: Sequence[Array],
    data: Array,
    inputs: int,
    outputs: int,
    *,
    rate: float,
    batch: int,
    ticks: int,
    seed: int,
    noise: float = 0.0,
    steps: int = 1,
    first: int = 0,
    kind: int = TOTAL,
    wall: float = WALL,
) -> None:
    """Advance q: (replicas, 2) float64 in place by `steps` learning steps, the first of which is number `first`.

    weights: W0, E1, E2: (N, N), b0, b1, b2: (N,); data: (samples, inputs + outputs); rate: γ; noise: √(2 D0); batch: B;
    ticks: T_a; kind: TOTAL or LOCAL. Replicas are reflected at |q| = wall; a not-a-number stays one. q is float64, so
    that small steps add up; a gradient has float32's accuracy. B costs as much as the next multiple of 4. Above LARGEST
    neurons, where the weights of sixteen replicas would no longer stay close, all replicas share products with
    [W0 E1 E2]; there the bits may also depend on the threads of the linear algebra.
    """
    driven, recurrent = plane(weights, inputs)
    data = np.ascontiguousarray(data, np.float32)
    numbers = (float(rate), float(noise), int(batch), int(ticks), int(steps), int(first), int(seed), int(kind))
    method = _descend if len(weights[0]) <= LARGEST else _descend_by_products
    method(q, driven, recurrent, data, int(outputs), *numbers, float(wall))


@njit(nogil=True, cache=True, error_model="numpy")
def _draw(samples, z, count, step, seed):
    members, batch = samples.shape
    words, normals = np.empty((4, _LANES), np.uint32), np.empty((2, _LANES), np.float32)
    for base in range(0, members, _LANES):
        lanes = min(_LANES, members - base)
        for block in range((batch + 3) // 4):
            _batch(words, base, step, block, seed)
            for l in range(lanes):
                for r in range(min(4, batch - 4 * block)):
                    samples[base + l, 4 * block + r] = (np.uint64(words[r, l]) * np.uint64(count)) >> _SHIFT32
        _kick(words, normals, base, step, seed)
        for l in range(lanes):
            z[base + l, 0], z[base + l, 1] = normals[0, l], normals[1, l]


def draw(members: int, batch: int, samples: int, step: int, seed: int) -> tuple[Array, Array]:
    """What `descend_networks` draws at one step: samples (members, batch) int64, and ξ: (members, 2) float32."""
    chosen, z = np.empty((members, batch), np.int64), np.empty((members, 2), np.float32)
    _draw(chosen, z, int(samples), int(step), int(seed))
    return chosen, z


@njit(nogil=True, cache=True, error_model="numpy")
def _tick(q1, q2, W0, E1, E2, b0, b1, b2, inputs, x, t, f, s, n):
    """f = tanh(W x + b) and its tangents s_k = (1 − f²)(W t_k + E_k x + b_k) for n samples; rows from `inputs` on."""
    N = b0.size
    for i in range(inputs, N):
        b = b0[i] + q1 * b1[i] + q2 * b2[i]
        for m in range(n):
            f[i, m] = b
            s[0, i, m] = b1[i]
            s[1, i, m] = b2[i]
        for j in range(N):
            w = W0[i, j] + q1 * E1[i, j] + q2 * E2[i, j]
            if w != 0.0:
                for m in range(n):
                    f[i, m] += w * x[j, m]
                    s[0, i, m] += w * t[0, j, m]
                    s[1, i, m] += w * t[1, j, m]
            if E1[i, j] != 0.0:
                for m in range(n):
                    s[0, i, m] += E1[i, j] * x[j, m]
            if E2[i, j] != 0.0:
                for m in range(n):
                    s[1, i, m] += E2[i, j] * x[j, m]
        for m in range(n):
            v = np.tanh(f[i, m])
            f[i, m] = v
            s[0, i, m] *= 1.0 - v * v
            s[1, i, m] *= 1.0 - v * v


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def tabulate_networks(points, W0, E1, E2, b0, b1, b2, data, inputs, outputs, ticks):
    """U: (P,), ∇U: (P, 2) and C: (P, 3) at points: (P, 2), over all samples, in float64.

    U is the mean loss, ∇U its total gradient by forward tangents, C = (xx, xy, yy) the covariance of one sample's
    gradient. W0, E1, E2: (N, N), b0, b1, b2: (N,) float64; data: (samples, inputs + outputs) float64. Where negating q
    maps the network onto itself, the table has that symmetry to the last bit.
    """
    N, samples, P = b0.size, data.shape[0], points.shape[0]
    U, G, C = np.zeros(P), np.zeros((P, 2)), np.zeros((P, 3))
    for p in prange(P):
        q1, q2 = points[p, 0], points[p, 1]
        x, f = np.zeros((N, _SAMPLES)), np.zeros((N, _SAMPLES))
        t, s = np.zeros((2, N, _SAMPLES)), np.zeros((2, N, _SAMPLES))
        g = np.zeros((2, samples))
        total = 0.0
        for at in range(0, samples, _SAMPLES):
            n = min(_SAMPLES, samples - at)
            x[inputs:] = 0.0
            t[:, inputs:] = 0.0
            for i in range(inputs):
                for m in range(n):
                    x[i, m] = data[at + m, i]
                    f[i, m] = x[i, m]
            for _ in range(ticks):
                _tick(q1, q2, W0, E1, E2, b0, b1, b2, inputs, x, t, f, s, n)
                x, f = f, x
                t, s = s, t
            for i in range(N - outputs, N):
                for m in range(n):
                    x[i, m] = data[at + m, inputs + i - (N - outputs)]
                    t[0, i, m] = 0.0
                    t[1, i, m] = 0.0
            _tick(q1, q2, W0, E1, E2, b0, b1, b2, inputs, x, t, f, s, n)
            for i in range(inputs, N):
                for m in range(n):
                    e = x[i, m] - f[i, m]
                    total += 0.5 * e * e
                    g[0, at + m] += e * (t[0, i, m] - s[0, i, m])
                    g[1, at + m] += e * (t[1, i, m] - s[1, i, m])
        U[p] = total / samples
        for k in range(2):
            for m in range(samples):
                G[p, k] += g[k, m]
            G[p, k] /= samples
        for m in range(samples):
            u, v = g[0, m] - G[p, 0], g[1, m] - G[p, 1]
            C[p, 0] += u * u
            C[p, 1] += u * v
            C[p, 2] += v * v
        for k in range(3):
            C[p, k] /= samples
    return U, G, C
