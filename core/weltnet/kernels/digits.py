"""Independent networks of two layers of tanh neurons that learn by SGD, and the loss they have after every step.

    h = tanh(W₁ x + b₁),  f = tanh(W₂ h + b₂),  H = ½ |f − y|²,  q ← q − γ s ⟨∂H/∂q⟩_B.

With d₂ = (f − y)(1 − f²) and d₁ = (W₂ᵀ d₂)(1 − h²) the gradient is d₁ xᵀ, d₁, d₂ hᵀ, d₂. The trainable variables of a
network lie in one row as in `systems.layered`: W₁ (hidden, inputs), b₁, W₂ (outputs, hidden), b₂; while it learns W₁
is kept by inputs, so that loops over hidden neurons vectorise. Random words are keyed by (seed, network, step, stream,
block), so that the result is bitwise the same for any split of the steps. Certificate: steps and losses are those of
`systems.layered.backprop`, whose gradient is that of its loss to finite differences.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.activation import quick_tanh
from weltnet.kernels.philox import philox, uniform

__all__ = ["STREAM_FACTOR", "STREAM_IMAGE", "learn"]

STREAM_IMAGE, STREAM_FACTOR = 0x91, 0x92
_SHIFT32 = np.uint64(32)


@njit(nogil=True, cache=True, error_model="numpy")
def _loss(q, seen, told, hidden, a, f):
    """⟨H⟩ of one network on images seen: (inputs, images), told: (outputs, images), by `quick_tanh`; q by inputs."""
    inputs, images = seen.shape
    outputs = told.shape[0]
    bias, second = hidden * inputs, hidden * (inputs + 1)
    for i in range(hidden):
        for p in range(images):
            a[i, p] = q[bias + i]
        # four at once, since each pass over a[i] costs more than what is added to it
        for j in range(0, inputs - 3, 4):
            w0, w1 = q[j * hidden + i], q[(j + 1) * hidden + i]
            w2, w3 = q[(j + 2) * hidden + i], q[(j + 3) * hidden + i]
            for p in range(images):
                a[i, p] += (w0 * seen[j, p] + w1 * seen[j + 1, p]) + (w2 * seen[j + 2, p] + w3 * seen[j + 3, p])
        for j in range(inputs - inputs % 4, inputs):
            for p in range(images):
                a[i, p] += q[j * hidden + i] * seen[j, p]
        for p in range(images):
            a[i, p] = quick_tanh(a[i, p])
    total = 0.0
    for o in range(outputs):
        for p in range(images):
            f[p] = q[second + outputs * hidden + o]
        for i in range(hidden):
            w = q[second + o * hidden + i]
            for p in range(images):
                f[p] += w * a[i, p]
        for p in range(images):
            e = quick_tanh(f[p]) - told[o, p]
            f[p] = e * e
        for p in range(images):
            total += f[p]
    return 0.5 * total / images


@njit(nogil=True, cache=True, error_model="numpy")
def learn(q, x, y, seen, told, rate, batch, index, first, seed, losses, lengths):
    """Advance q: (networks, size) in place by losses.shape[1] steps, the first of which is number `first`.

    x: (images, inputs) and y: (images, outputs), from which each network draws its own minibatch with replacement;
    seen, told: images whose loss is looked at, transposed, or none; rate: γ; batch: B; index: s is 1 where this is 0,
    and else drawn at every step by P(s > u) = u^−index. losses, lengths: (networks, steps), the loss after and |Δq|
    of each step, out. Cost per step and network: (3 B + images seen) · size.
    """
    networks, steps = losses.shape
    inputs, outputs = x.shape[1], y.shape[1]
    hidden = (q.shape[1] - outputs) // (inputs + 1 + outputs)
    bias, second = hidden * inputs, hidden * (inputs + 1)
    last = second + outputs * hidden
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    h, d, back, g = np.empty(hidden), np.empty(outputs), np.empty(hidden), np.empty(q.shape[1])
    a, f, chosen = np.empty((hidden, seen.shape[1])), np.empty(seen.shape[1]), np.empty(4, np.uint32)
    w = np.empty(q.shape[1])
    for n in range(networks):
        w[bias:] = q[n, bias:]
        for i in range(hidden):
            for j in range(inputs):
                w[j * hidden + i] = q[n, i * inputs + j]
        for s in range(steps):
            step = np.uint32(first + s)
            g[:] = 0.0
            for b in range(batch):
                if b & 3 == 0:
                    chosen[0], chosen[1], chosen[2], chosen[3] = philox(
                        np.uint32(n), step, np.uint32(STREAM_IMAGE), np.uint32(b >> 2), k0, k1
                    )
                p = np.int64((np.uint64(chosen[b & 3]) * np.uint64(x.shape[0])) >> _SHIFT32)
                for i in range(hidden):
                    h[i] = w[bias + i]
                    back[i] = 0.0
                for j in range(inputs):
                    xj, row = x[p, j], j * hidden
                    for i in range(hidden):
                        h[i] += w[row + i] * xj
                for i in range(hidden):
                    h[i] = np.tanh(h[i])
                for o in range(outputs):
                    u, row = w[last + o], second + o * hidden
                    for i in range(hidden):
                        u += w[row + i] * h[i]
                    u = np.tanh(u)
                    u = (u - y[p, o]) * (1.0 - u * u)
                    d[o] = u
                    g[last + o] += u
                    for i in range(hidden):
                        g[row + i] += u * h[i]
                        back[i] += u * w[row + i]
                for i in range(hidden):
                    back[i] *= 1.0 - h[i] * h[i]
                    g[bias + i] += back[i]
                for j in range(inputs):
                    xj, row = x[p, j], j * hidden
                    for i in range(hidden):
                        g[row + i] += back[i] * xj
            share = rate / batch
            if index > 0.0:
                word, _, _, _ = philox(np.uint32(n), step, np.uint32(STREAM_FACTOR), np.uint32(0), k0, k1)
                share *= uniform(word) ** (-1.0 / index)
            total = 0.0
            for k in range(q.shape[1]):
                total += g[k] * g[k]
            for k in range(q.shape[1]):
                w[k] -= share * g[k]
            lengths[n, s] = share * np.sqrt(total)
            losses[n, s] = _loss(w, seen, told, hidden, a, f) if seen.shape[1] > 0 else 0.0
        q[n, bias:] = w[bias:]
        for i in range(hidden):
            for j in range(inputs):
                q[n, i * inputs + j] = w[j * hidden + i]
