"""Replicas of one layer of neurons, f = tanh(W x), that learn by SGD, each from its own minibatches and kicks.

The first K weights of W, row by row, are learned: W = W0 + q. Each replica has its own q; the rest of W is shared. A
sample (x, y) has the loss H = ½ Σ_i (f_i − y_i)² over the neurons into which a learned weight leads. With s = 1 − f²
and e = f − y its gradient is ∂_ij H = e_i s_i x_j and its second derivative s_i (s_i − 2 f_i e_i) x_j x_l, zero between
different neurons. A learning step is q ← q − γ g_B(q) + noise ξ.

Random words are keyed by (seed, replica, step, stream, block): STREAM_LESSON draws samples with replacement and
STREAM_KICK gives ξ, so that the result is bitwise the same for any split of the steps.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.ensemble import fast_gaussian_pairs
from weltnet.kernels.philox import philox

__all__ = ["STREAM_KICK", "STREAM_LESSON", "disperse", "look"]

STREAM_LESSON, STREAM_KICK = 0x75, 0x76
_LANES, _SHIFT32 = 256, np.uint64(32)


@njit(nogil=True, cache=True, error_model="numpy")
def _slopes(q, m, base, x, y, p, f, d):
    """f_i and d_i = e_i s_i of replica m for sample p, for every neuron that learns."""
    K, N = q.shape[1], x.shape[1]
    for i in range(base.shape[1]):
        a = base[p, i]
        for j in range(min(N, K - i * N)):
            a += q[m, i * N + j] * x[p, j]
        f[i] = np.tanh(a)
        d[i] = (f[i] - y[p, i]) * (1.0 - f[i] * f[i])


@njit(nogil=True, cache=True, error_model="numpy")
def disperse(q, base, x, y, rate, noise, batch, steps, first, seed):
    """Advance q: (replicas, K) float64 in place by `steps` learning steps, the first of which is number `first`.

    base: (samples, n), W0 x for the n = ⌈K/N⌉ neurons that learn; x: (samples, N); y: (samples, n); rate: γ; noise:
    √(2 D0); batch: B. Cost replicas · steps · (B (2 K + n tanh) + K normals).
    """
    members, K = q.shape
    n, N = base.shape[1], x.shape[1]
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    samples, share = np.uint64(x.shape[0]), rate / batch
    f, d, g, chosen = np.empty(n), np.empty(n), np.empty(K), np.empty(4, np.uint32)
    words, z = np.empty((4, _LANES), np.uint32), np.empty((K + 3, _LANES), np.float32)
    for s in range(first, first + steps):
        step = np.uint32(s)
        for start in range(0, members, _LANES):
            lanes = min(_LANES, members - start)
            for k in range(0, K, 4):
                for l in range(lanes):
                    a, b, c, e = philox(np.uint32(start + l), step, np.uint32(STREAM_KICK), np.uint32(k >> 2), k0, k1)
                    words[0, l] = a
                    words[1, l] = b
                    words[2, l] = c
                    words[3, l] = e
                for h in range(0, 4, 2):
                    if k + h < K:
                        two = z[k + h : k + h + 2]
                        fast_gaussian_pairs(words[h], words[h + 1], two, two[0].view(np.int32), lanes)
            for l in range(lanes):
                m = start + l
                g[:] = 0.0
                for b in range(batch):
                    if b & 3 == 0:
                        chosen[0], chosen[1], chosen[2], chosen[3] = philox(
                            np.uint32(m), step, np.uint32(STREAM_LESSON), np.uint32(b >> 2), k0, k1
                        )
                    p = np.int64((np.uint64(chosen[b & 3]) * samples) >> _SHIFT32)
                    _slopes(q, m, base, x, y, p, f, d)
                    for i in range(n):
                        for j in range(min(N, K - i * N)):
                            g[i * N + j] += d[i] * x[p, j]
                for k in range(K):
                    q[m, k] += noise * z[k, l] - share * g[k]


@njit(nogil=True, cache=True, error_model="numpy")
def look(q, base, x, y, looks, shift, H, C):
    """Add to H and C, (K, K) each, Σ of ∂∂H and of the squares g gᵀ of one sample's gradient over the replicas.

    Replica m looks at the samples m + shift + r c modulo their number, r < looks, c its `looks`th part: replicas, who
    are exchangeable, share all samples evenly. Cost replicas · looks · (N K + K²/2).
    """
    members, K = q.shape
    n, N, samples = base.shape[1], x.shape[1], x.shape[0]
    f, d, g = np.empty(n), np.empty(n), np.empty(K)
    for m in range(members):
        for r in range(looks):
            p = (m + shift + r * (samples // looks)) % samples
            _slopes(q, m, base, x, y, p, f, d)
            for i in range(n):
                s = 1.0 - f[i] * f[i]
                h = (s * s - 2.0 * f[i] * d[i]) / looks
                for j in range(min(N, K - i * N)):
                    g[i * N + j] = d[i] * x[p, j]
                    for l in range(j + 1):
                        H[i * N + j, i * N + l] += h * x[p, j] * x[p, l]
            for k in range(K):
                u = g[k] / looks
                for l in range(k + 1):
                    C[k, l] += u * g[l]
    for k in range(K):
        for l in range(k):
            H[l, k] = H[k, l]
            C[l, k] = C[k, l]
