"""Slow float64 twin of the replica kernels: every replica a network of its own, its total gradient by two tangents.

The kernels go backwards through the relaxation and this goes forwards, so that the two share no derivation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.theory.twins import _normals, _reflect, _words

__all__ = ["descend_networks", "sample_gradients"]

Array = NDArray[Any]


def sample_gradients(
    q: Array,
    weights: Sequence[Array],
    data: Array,
    inputs: int,
    outputs: int,
    *,
    ticks: int,
    local: bool = False,
) -> tuple[Array, Array]:
    """Loss (M, B) and gradient (M, B, 2) of the samples data: (M, B, inputs + outputs) of replicas at q: (M, 2).

    weights: W0, E1, E2: (N, N), b0, b1, b2: (N,), with W(q) = W0 + q1 E1 + q2 E2 and b(q) likewise.
    H = ½ Σ_i (x_i − f_i)² over neurons that are not inputs, after `ticks` of relaxation from 0 with the inputs clamped,
    then with the outputs clamped too. `local` holds x fixed.
    """
    W0, E1, E2, b0, b1, b2 = (np.asarray(a, dtype=float) for a in weights)
    q1, q2 = q[:, 0, None, None], q[:, 1, None, None]
    W, b = W0 + q1 * E1 + q2 * E2, b0 + q1 * b1 + q2 * b2
    E, c = np.array([E1, E2]), np.array([b1, b2])
    free = slice(inputs, None)
    x = np.zeros((*data.shape[:2], len(b0)))
    x[..., :inputs] = data[..., :inputs]
    t = np.zeros((2, *x.shape))

    def fire(x: Array, t: Array) -> tuple[Array, Array]:
        f = np.tanh(x @ W.transpose(0, 2, 1) + b)
        slopes = t @ W.transpose(0, 2, 1) + np.einsum("kij,mbj->kmbi", E, x) + c[:, None, None]
        return f, (1.0 - f**2) * slopes

    for _ in range(ticks):
        f, s = fire(x, t)
        x[..., free], t[..., free] = f[..., free], s[..., free]
    x[..., len(b0) - outputs :] = data[..., inputs:]
    t[..., len(b0) - outputs :] = 0.0
    if local:
        t[:] = 0.0
    f, s = fire(x, t)
    e = (x - f)[..., free]
    return 0.5 * (e**2).sum(axis=-1), np.moveaxis((e * (t - s)[..., free]).sum(axis=-1), 0, -1)


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
    local: bool = False,
    wall: float = 2.9,
    streams: tuple[int, int] = (0x61, 0x62),
) -> Array:
    """q after `steps` of q ← q − γ g_B(q) + noise ξ; arguments and random words as the kernel's."""
    q = np.array(q, dtype=float)
    for step in range(first, first + steps):
        blocks = [_words(len(q), step, streams[0], block, seed) for block in range((batch + 3) // 4)]
        chosen = np.concatenate(blocks, axis=1)[:, :batch] * len(data) >> 32
        _, g = sample_gradients(q, weights, data[chosen], inputs, outputs, ticks=ticks, local=local)
        a, b = _words(len(q), step, streams[1], 0, seed)[:, :2].T
        q = _reflect(q - rate * g.mean(axis=1) + noise * _normals(a, b, -np.pi / 4.0), wall)
    return q
