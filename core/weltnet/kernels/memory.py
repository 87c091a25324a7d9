"""Small networks with few links that learn what was, by full credit through time.

N hidden neurons, E links among them, one input u and one answer y per tick:

    x_i(t+1) = tanh(Σ_e w_e x_source(e)(t) + p_i u(t) + b_i),   y(t) = Σ_i r_i x_i(t+1),
    H = 1/2 ⟨(y(t) − target(t))²⟩ over the sequences of a batch and the ticks t ≥ first.

The gradient is exact: errors of all ticks go back along all links, one tick per link (Werbos 1990). Certificate:
`theory.memory`, a slow twin, and finite differences. Sequences lie side by side, so that inner loops run over them.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["BATCH", "answer", "descend", "slope"]

BATCH = 8
"""Sequences at a time, of each network: a constant, so that inner loops are unrolled into registers."""


@njit(nogil=True, cache=True, error_model="numpy")
def _bend(a):
    """a: (n,) becomes tanh a: its continued fraction at a/16, doubled four times over one division; within 1e-12."""
    for k in range(len(a)):
        z = 16.0 if a[k] > 16.0 else a[k]
        z = -16.0 if z < -16.0 else z
        z *= 0.0625
        s = z * z
        p = z * (1.0 + s * (17325.0 / 135135.0 + s * (378.0 / 135135.0 + s / 135135.0)))
        q = 1.0 + s * (62370.0 / 135135.0 + s * (3150.0 / 135135.0 + s * (28.0 / 135135.0)))
        p, q = 2.0 * p * q, q * q + p * p
        p, q = 2.0 * p * q, q * q + p * p
        p, q = 2.0 * p * q, q * q + p * p
        a[k] = 2.0 * p * q / (q * q + p * p)


@njit(nogil=True, cache=True, error_model="numpy")
def _forward(w, source, sink, node, u, x):
    """Fill x: (ticks + 1, N, BATCH) with the states of one network, at rest to begin with."""
    ticks, N = x.shape[0] - 1, x.shape[1]
    for i in range(N):
        for l in range(BATCH):
            x[0, i, l] = 0.0
    for t in range(ticks):
        for i in range(N):
            p, b = node[0, i], node[1, i]
            for l in range(BATCH):
                x[t + 1, i, l] = b + p * u[t, l]
        for e in range(len(w)):
            j, i, we = source[e], sink[e], w[e]
            for l in range(BATCH):
                x[t + 1, i, l] += we * x[t, j, l]
        _bend(x[t + 1].ravel())


@njit(nogil=True, cache=True, error_model="numpy")
def _read(node, x, answer):
    """Fill answer: (ticks, BATCH) with what is read from the states."""
    ticks = answer.shape[0]
    for t in range(ticks):
        for l in range(BATCH):
            answer[t, l] = 0.0
        for i in range(x.shape[1]):
            r = node[2, i]
            for l in range(BATCH):
                answer[t, l] += r * x[t + 1, i, l]


@njit(nogil=True, cache=True, error_model="numpy")
def _backward(w, source, sink, node, u, x, error, first, credit, gw, gn, s, d):
    """Fill gw: (E,) and gn: (3, N) with ∂H/∂w and ∂H/∂node; error: (ticks, BATCH) is y − target.

    s, d: (N, BATCH) work space. credit multiplies what an error is worth one tick earlier: 1 is the gradient.
    """
    ticks, N = x.shape[0] - 1, x.shape[1]
    share = 1.0 / (BATCH * (ticks - first))
    gw[:], gn[:], d[:] = 0.0, 0.0, 0.0
    for t in range(ticks - 1, -1, -1):
        for i in range(N):
            gp, gb, gr, r = 0.0, 0.0, 0.0, node[2, i] if t >= first else 0.0
            for l in range(BATCH):
                f, e = x[t + 1, i, l], error[t, l]
                s[i, l] = (d[i, l] + share * r * e) * (1.0 - f * f)
                gb += s[i, l]
                gp += s[i, l] * u[t, l]
                gr += e * f
                d[i, l] = 0.0
            gn[0, i] += gp
            gn[1, i] += gb
            gn[2, i] += share * gr if t >= first else 0.0
        for e in range(len(w)):
            j, i, we, total = source[e], sink[e], credit * w[e], 0.0
            for l in range(BATCH):
                total += s[i, l] * x[t, j, l]
                d[j, l] += we * s[i, l]
            gw[e] += total


@njit(nogil=True, cache=True, error_model="numpy")
def slope(w, source, sink, node, u, target, first, credit):
    """H and its gradient, (E,) and (3, N), of one network. Shapes as in `descend`."""
    ticks = u.shape[0]
    N = node.shape[1]
    x, error = np.empty((ticks + 1, N, BATCH)), np.empty((ticks, BATCH))
    gw, gn = np.empty(len(w)), np.empty((3, N))
    _forward(w, source, sink, node, u, x)
    _read(node, x, error)
    error -= target
    _backward(w, source, sink, node, u, x, error, first, credit, gw, gn, np.empty((N, BATCH)), np.empty((N, BATCH)))
    return 0.5 * (error[first:] ** 2).mean(), gw, gn


@njit(nogil=True, cache=True, error_model="numpy")
def answer(w, source, sink, node, u):
    """What one network answers to u: (ticks, BATCH), and its states: (ticks + 1, N, BATCH)."""
    ticks = u.shape[0]
    x, y = np.empty((ticks + 1, node.shape[1], BATCH)), np.empty((ticks, BATCH))
    _forward(w, source, sink, node, u, x)
    _read(node, x, y)
    return y, x


@njit(nogil=True, cache=True, error_model="numpy")
def descend(w, speed, source, sink, node, pace, u, target, first, credit, rate, inertia, decay, ceiling, loss):
    """One step of M networks, each with sequences of its own, in place:

        v ← inertia v − rate g·min(1, ceiling/|g|),   q ← q + v − rate · decay · q   (no decay of biases).

    w, speed: (M, E) and node, pace: (M, 3, N) for p, b, r; source, sink: (M, E) int32; u, target: (M, ticks, BATCH);
    loss: (M,) is H before the step. Cost M · ticks · BATCH · (3 E + 8 N) multiplications, about 1 ns each four.
    """
    M, E = w.shape
    N, ticks = node.shape[2], u.shape[1]
    x, error = np.empty((ticks + 1, N, BATCH)), np.empty((ticks, BATCH))
    s, d, gw, gn = np.empty((N, BATCH)), np.empty((N, BATCH)), np.empty(E), np.empty((3, N))
    for m in range(M):
        _forward(w[m], source[m], sink[m], node[m], u[m], x)
        _read(node[m], x, error)
        total = 0.0
        for t in range(ticks):
            for l in range(BATCH):
                error[t, l] -= target[m, t, l]
                if t >= first:
                    total += error[t, l] * error[t, l]
        loss[m] = 0.5 * total / (BATCH * (ticks - first))
        _backward(w[m], source[m], sink[m], node[m], u[m], x, error, first, credit, gw, gn, s, d)
        size = 0.0
        for e in range(E):
            size += gw[e] * gw[e]
        for k in range(3):
            for i in range(N):
                size += gn[k, i] * gn[k, i]
        size = np.sqrt(size)
        pull = rate * (ceiling / size if size > ceiling else 1.0)
        for e in range(E):
            speed[m, e] = inertia * speed[m, e] - pull * gw[e]
            w[m, e] += speed[m, e] - rate * decay * w[m, e]
        for k in range(3):
            held = 0.0 if k == 1 else rate * decay
            for i in range(N):
                pace[m, k, i] = inertia * pace[m, k, i] - pull * gn[k, i]
                node[m, k, i] += pace[m, k, i] - held * node[m, k, i]
