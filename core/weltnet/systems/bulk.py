"""A deep network of short links round a ring, and the dense layer that it is to be equal to.

    bulk:      x_{l+1} = f(A_l x_l),  l = 1 … L,   (A_l)_ij = 0 where i and j lie more than r apart on the ring
    boundary:  y = f(W x),            W dense

A bulk of L layers carries nothing further than L r neurons: whatever it learns, its error against a linear boundary M
is at least the part of M that lies beyond (`cone`). Layers are (L, n, 2 r + 1): what neuron i reads of i − r … i + r.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.philox import normals

__all__ = ["born", "carried", "cone", "deep", "dense", "distances", "improve", "read", "taught"]

Array = NDArray[Any]

SCATTER = 0.2
"""Standard deviation of what a layer that has not learned adds to copying."""
TRIES, EASIER, HARDER = 8, 0.3, 4.0
"""How often a step is tried, and by what the damping is multiplied after one that was good, and one that was not."""
LIGHTEST = 1e-14


def distances(n: int) -> Array:
    """How far apart neurons lie on a ring of n: (n, n)."""
    apart = (np.arange(n)[None, :] - np.arange(n)[:, None]) % n
    out: Array = np.minimum(apart, n - apart)
    return out


def cone(target: Array, reach: int) -> float:
    """Share of a boundary's norm that lies further than `reach`: no bulk that reaches as far misses less."""
    out: float = float(np.sqrt((target[distances(len(target)) > reach] ** 2).sum() / (target**2).sum()))
    return out


def born(seed: int, launch: int, stream: int, depth: int, n: int, reach: int = 1, scatter: float = SCATTER) -> Array:
    """A bulk that has not learned: every neuron copies the one below it, and a little of its neighbours."""
    z = np.empty((depth * n, 2 * reach + 1))
    normals(z, seed, launch, stream)
    layers = scatter * z.reshape(depth, n, 2 * reach + 1)
    layers[:, :, reach] += 1.0
    return layers


def _readers(n: int, reach: int) -> tuple[Array, Array]:
    """Rows and columns of the links of a layer, each (n, 2 reach + 1)."""
    rows = np.repeat(np.arange(n)[:, None], 2 * reach + 1, axis=1)
    return rows, (rows + np.arange(-reach, reach + 1)) % n


def dense(layers: Array) -> Array:
    """The layers as matrices, (L, n, n)."""
    depth, n, width = layers.shape
    rows, columns = _readers(n, width // 2)
    out = np.zeros((depth, n, n))
    for k in range(width):  # links that go round a small ring may meet
        out[:, rows[:, k], columns[:, k]] += layers[:, :, k]
    return out


def carried(layers: Array) -> Array:
    """What a linear bulk carries to each depth: (L + 1, n, n), products of the layers below; the last is its map."""
    out = [np.eye(layers.shape[1])]
    for A in dense(layers):
        out.append(np.einsum("ij,jk->ik", A, out[-1]))
    return np.stack(out)


def improve(layers: Array, target: Array, damping: float) -> tuple[Array, float, float]:
    """One step of Levenberg and Marquardt of a linear bulk towards a target (n, n): layers, damping, |error|².

    δ = −Jᵀ (J Jᵀ + λ)⁻¹ e with J = ∂(A_L … A_1)/∂links, n² × n (2r + 1) L; λ grows until |e|² falls. The error never
    rises; where no λ helps it stays. Cost n⁴ (2r + 1) n L: 4 ms for n = 16, L = 16.
    """
    depth, n, width = layers.shape
    rows, columns = _readers(n, width // 2)
    below = carried(layers)
    above = [np.eye(n)]
    for A in dense(layers)[::-1]:
        above.append(np.einsum("ij,jk->ik", above[-1], A))
    above = above[::-1]
    out, into = rows.ravel(), columns.ravel()
    parts = (above[k + 1][:, None, out] * below[k][into].T[None] for k in range(depth))
    J = np.concatenate([part.reshape(n * n, -1) for part in parts], axis=1)
    error = (below[-1] - target).ravel()
    least, normal = float(error @ error), J @ J.T
    for _ in range(TRIES):
        move = -J.T @ np.linalg.solve(normal + damping * np.eye(n * n), error)
        tried = layers + move.reshape(layers.shape)
        found = float(((carried(tried)[-1] - target) ** 2).sum())
        if found < least:
            return tried, max(EASIER * damping, LIGHTEST), found
        damping *= HARDER
    return layers, min(damping, 1e6), least


def deep(layers: Array, x: Array) -> Array:
    """What a bulk with f = tanh answers to x: (..., n)."""
    for A in dense(layers):
        x = np.tanh(x @ A.T)
    return x


def read(W: Array, x: Array) -> Array:
    """What a dense boundary with f = tanh answers to x: (..., samples, n); W: (..., n, n)."""
    out: Array = np.tanh(x @ np.swapaxes(W, -1, -2))
    return out


def taught(W: Array, x: Array, answers: Array, rate: float) -> Array:
    """One step of a boundary towards answers: its gradient, measured by the covariance of what it sees."""
    f = read(W, x)
    slope = np.swapaxes((f - answers) * (1.0 - f * f), -1, -2) @ x
    out: Array = W - rate * np.swapaxes(np.linalg.solve(np.swapaxes(x, -1, -2) @ x, np.swapaxes(slope, -1, -2)), -1, -2)
    return out
