"""The network of the papers: states, boundary, data, weights, biases, activation and loss, on any topology.

x: (samples, N) states, W: (N, N) with row i the weights into neuron i and 0 where the topology has no link, b: (N,).
With y = Wx + b, f = tanh, s = f′(y), e = x − f(y), d = e∘s, and e = 0 at neurons that only data set,

    bulk loss       H = ½ e·e + (m/2) x·x,      ∂H/∂W = −d xᵀ,  ∂H/∂b = −d,  ∂H/∂x = e − Wᵀd + m x
    boundary loss   H = ½ |x_out(T_a) − target|² after T_a ticks x ← f(Wx + b) from x = 0 with the inputs held

Close to where e = 0 a bulk at temperature T has the curvature G = JᵀJ + m, J = I − diag(s) W over the free neurons.
det J = 1 without loops; 1 − Π s_i w_i on a ring.                                             [2004.09280, 2008.01540]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.kernels.philox import normals

__all__ = ["activate", "born", "boundary", "bulk", "jacobian", "log_det", "relax", "residual", "stiffness"]

Array = NDArray[Any]


def born(mask: Array, seed: int, *, gain: float = 1.0, stream: int = 0) -> tuple[Array, Array]:
    """W normal with variance gain²/(number of neurons read) where the mask has a link, and b = 0."""
    z = np.empty(mask.shape)
    normals(z, seed, len(mask), stream)
    W: Array = gain * z * mask / np.sqrt(np.maximum(mask.sum(axis=1, keepdims=True), 1))
    return W, np.zeros(len(mask))


def residual(W: Array, b: Array, x: Array, inputs: ArrayLike = ()) -> tuple[Array, Array]:
    """e and s, (samples, N) each; e = 0 at the neurons numbered in `inputs`, whom nothing but data sets."""
    f = np.tanh(x @ W.T + b)
    e = x - f
    e[:, np.asarray(inputs, dtype=int)] = 0.0
    return e, 1.0 - f * f


def bulk(
    W: Array, b: Array, x: Array, mask: Array, *, inputs: ArrayLike = (), mass: float = 0.0
) -> tuple[Array, Array, Array, Array]:
    """H of every sample, (samples,), the means of ∂H/∂W and ∂H/∂b, and ∂H/∂x of every sample, (samples, N).

    The last is the push on a state if it were free; who is clamped feels none of it.
    """
    e, s = residual(W, b, x, inputs)
    d = e * s
    H = 0.5 * (e * e).sum(axis=1) + 0.5 * mass * (x * x).sum(axis=1)
    return H, -(d.T @ x) * mask / len(x), -d.mean(axis=0), e - d @ W + mass * x


def relax(
    W: Array, b: Array, x: Array, free: ArrayLike, *, inputs: ArrayLike = (), rate: float = 0.2, ticks: int = 20,
    mass: float = 0.0,
) -> Array:  # fmt: skip
    """The states after `ticks` steps x ← x − rate ∂H/∂x of the free neurons, the others held: predictive coding."""
    x, free = np.array(x, dtype=float), np.asarray(free, dtype=int)
    for _ in range(ticks):
        e, s = residual(W, b, x, inputs)
        x[:, free] -= rate * (e - (e * s) @ W + mass * x)[:, free]
    return x


def activate(W: Array, b: Array, u: Array, inputs: ArrayLike, ticks: int) -> list[Array]:
    """x(0) … x(T_a), each (samples, N): from 0 with the inputs held at u: (samples, inputs)."""
    held = np.asarray(inputs, dtype=int)
    x = np.zeros((len(u), len(W)))
    x[:, held] = u
    out = [x]
    for _ in range(ticks):
        x = np.tanh(x @ W.T + b)
        x[:, held] = u
        out.append(x)
    return out


def boundary(
    W: Array, b: Array, u: Array, target: Array, mask: Array, *, inputs: ArrayLike, outputs: ArrayLike, ticks: int
) -> tuple[Array, Array, Array]:
    """H of every sample after `ticks` of activation, and the means of ∂H/∂W and ∂H/∂b, with credit through all time."""
    held, read = np.asarray(inputs, dtype=int), np.asarray(outputs, dtype=int)
    path = activate(W, b, u, held, ticks)
    miss = path[-1][:, read] - target
    back, gW, gb = np.zeros_like(path[0]), np.zeros_like(W), np.zeros_like(b)
    back[:, read] = miss
    for before, after in zip(path[-2::-1], path[:0:-1], strict=True):
        back[:, held] = 0.0
        d = back * (1.0 - after * after)
        gW += d.T @ before
        gb += d.sum(axis=0)
        back = d @ W
    return 0.5 * (miss * miss).sum(axis=1), gW * mask / len(u), gb / len(u)


def jacobian(W: Array, b: Array, x: ArrayLike) -> Array:
    """J = I − diag(s) W at one state x: (N,) or at many: (..., N, N)."""
    s = 1.0 - np.tanh(np.asarray(x, dtype=float) @ W.T + b) ** 2
    J: Array = np.eye(len(W)) - s[..., :, None] * W
    return J


def stiffness(
    W: Array, b: Array, x: ArrayLike, free: ArrayLike, *, inputs: ArrayLike = (), mass: float = 0.0
) -> Array:  # fmt: skip
    """G = JᵀJ + m of the free neurons: (..., n, n); rows of neurons that have no residual do not count."""
    J = jacobian(W, b, x)[..., np.asarray(free, dtype=int)]
    rows = np.setdiff1d(np.arange(len(W)), np.asarray(inputs, dtype=int))
    J = J[..., rows, :]
    G: Array = np.swapaxes(J, -1, -2) @ J + mass * np.eye(J.shape[-1])
    return G


def log_det(G: Array) -> Array:
    """ln det G: (...) for (..., n, n); minus a half of it is the complexity C of a state."""
    found: Array = np.linalg.slogdet(G)[1]
    return found
