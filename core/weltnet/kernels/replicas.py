"""Networks that learn, each replica with weights of its own: W(q) = W0 + q1 E1 + q2 E2, b(q) = b0 + q1 b1 + q2 b2.

A sample clamps the first `inputs` neurons to its first numbers; the others start at 0 and relax for T_a ticks of
x ← tanh(W x + b). Then the last `outputs` neurons are clamped to the sample's last numbers, and the loss is

    H = ½ Σ_i (x_i − f_i)²,   f = tanh(W x + b),   i over hidden and output neurons.

Its gradient is total, through the relaxation: the local one, at fixed x, is not the gradient of ⟨H⟩.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

__all__ = ["tabulate_networks"]

_SAMPLES = 64


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
