"""Loss of a small recurrent network, and its gradient by differences: the slow twin of `kernels.memory`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["differences", "loss"]

Array = NDArray[Any]


def loss(w: Array, source: Array, sink: Array, node: Array, u: Array, target: Array, first: int) -> float:
    """H, with the links as one dense matrix; u, target: (ticks, batch)."""
    N = node.shape[1]
    W = np.zeros((N, N))
    np.add.at(W, (sink, source), w)
    x, errors = np.zeros((N, u.shape[1])), []
    for t in range(len(u)):
        x = np.tanh(W @ x + np.outer(node[0], u[t]) + node[1][:, None])
        errors.append(node[2] @ x - target[t])
    return 0.5 * float((np.array(errors[first:]) ** 2).mean())


def differences(
    w: Array, source: Array, sink: Array, node: Array, u: Array, target: Array, first: int, step: float = 1e-5
) -> tuple[Array, Array]:
    """∂H/∂w and ∂H/∂node by central differences."""
    gw, gn = np.zeros_like(w), np.zeros_like(node)
    for gradient, which in ((gw, w), (gn, node)):
        for k in np.ndindex(which.shape):
            kept = which[k]
            which[k] = kept + step
            up = loss(w, source, sink, node, u, target, first)
            which[k] = kept - step
            gradient[k] = (up - loss(w, source, sink, node, u, target, first)) / (2.0 * step)
            which[k] = kept
    return gw, gn
