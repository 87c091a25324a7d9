"""One layer of neurons that learns to continue what it is shown, and how it answers when one of them is kicked.

Weights are stored by input, W[j, i] from input j to neuron i. All sums run in one order, so that bits do not depend on
the machine's linear algebra or its threads. Certificate: `descend` is the gradient of its own loss to finite
differences, and `respond` the powers of the companion matrix.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["LINEAR", "TANH", "descend", "respond"]

LINEAR, TANH = 0, 1


@njit(nogil=True, cache=True, error_model="numpy")
def descend(W, z, y, rate, kind, own, errors):
    """One step of SGD on H = ½⟨|f(zW) − y|²⟩ over a minibatch: W ← W − rate ∂H/∂W, in place; returns H before it.

    W: (inputs, neurons); z: (batch, inputs); y: (batch, neurons); kind: LINEAR or TANH; own: whether a neuron may read
    itself, W[i, i] stays as it is where not; errors: (batch, neurons) work space. Cost 2 · batch · inputs · neurons.
    """
    inputs, neurons = W.shape
    batch = z.shape[0]
    loss = 0.0
    for b in range(batch):
        for i in range(neurons):
            errors[b, i] = 0.0
        for j in range(inputs):
            zj = z[b, j]
            for i in range(neurons):
                errors[b, i] += W[j, i] * zj
        for i in range(neurons):
            f = errors[b, i]
            slope = 1.0
            if kind == TANH:
                f = np.tanh(f)
                slope = 1.0 - f * f
            e = f - y[b, i]
            loss += e * e
            errors[b, i] = e * slope
    share = rate / batch
    for j in range(inputs):
        kept = W[j, j] if j < neurons else 0.0
        for b in range(batch):
            zj = share * z[b, j]
            for i in range(neurons):
                W[j, i] -= zj * errors[b, i]
        if not own and j < neurons:
            W[j, j] = kept
    return 0.5 * loss / batch


@njit(nogil=True, cache=True, error_model="numpy")
def respond(G, W, kicked):
    """Linear response of every neuron to a unit kick: G[t, a, i] at i, t ticks after neuron kicked[a] was kicked.

    x(t+1) = x(t) W_now + x(t−1) W_before, the two halves of W: (2 neurons, neurons), with x(0) = δ and x(−1) = 0: the
    Jacobian of x ← f(·) at rest where f′(0) = 1. G: (ticks + 1, sources, neurons); kicked: (sources,).
    Cost 2 · ticks · sources · neurons².
    """
    times, sources, neurons = G.shape
    for a in range(sources):
        for i in range(neurons):
            G[0, a, i] = 1.0 if i == kicked[a] else 0.0
        for t in range(1, times):
            for i in range(neurons):
                G[t, a, i] = 0.0
            for j in range(neurons):
                x = G[t - 1, a, j]
                before = G[t - 2, a, j] if t > 1 else 0.0
                for i in range(neurons):
                    G[t, a, i] += W[j, i] * x + W[neurons + j, i] * before
