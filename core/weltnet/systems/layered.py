"""Layered networks as one vector of weights, and scikit-learn's handwritten digits that they read.

widths = (n_0, …, n_L); q: (..., P) holds for every layer W: (n_l, n_{l−1}), row by row, and b: (n_l,). Leading indices
are networks that are treated at once. h_0 is the input, h_l = tanh(W_l h_{l−1} + b_l); states are lists of L + 1 arrays
(..., samples, n_l). The boundary loss is ½ |h_L − target|²; the bulk loss ½ Σ_l |e_l|² with the residual of a layer
e_l = h_l − tanh(W_l h_{l−1} + b_l), h_0 clamped, and h_L too, to the target. Gradients are means over samples.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.philox import normals
from weltnet.systems.digits import ANSWER, handwritten

__all__ = [
    "Digits", "accuracy", "backprop", "born", "bulk_gradient", "bulk_loss", "clamp", "digits", "forward",
    "gauss_newton", "loss", "moments", "push", "residuals", "sample_gradients", "size", "stiffness", "views",
]  # fmt: skip

Array = NDArray[Any]
Widths = tuple[int, ...]

TRAIN = 1400
"""Images to learn from, drawn once and for all; the other 397 test. Both are by the same hands: split as the set comes,
by writers, the same networks read .90 of the test and not .98."""


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Images (images, pixels or components), the digits they show (images,) and targets (images, 10), which are ANSWER
    for the digit shown and −ANSWER for the others; read-only."""

    x: Array
    y: Array
    shown: Array
    test_x: Array
    test_y: Array
    test_shown: Array


@lru_cache(maxsize=4)
def digits(components: int = 64) -> Digits:
    """All 1797 images, grey levels from −1 to 1, or their first principal components (of the training set)."""
    if not 1 <= components <= 64:
        raise ValueError(f"components = {components} is refused; allowed: 1 to 64 (principal components of an image)")
    images, shown = handwritten()
    order = np.random.default_rng(0).permutation(len(shown))
    x, shown = images[order] / 8.0 - 1.0, shown[order]
    if components < 64:
        x = x - x[:TRAIN].mean(axis=0)
        x = x @ np.linalg.svd(x[:TRAIN], full_matrices=False)[2][:components].T
    y = np.where(shown[:, None] == np.arange(10), ANSWER, -ANSWER)
    parts = [np.ascontiguousarray(a[of]) for of in (slice(TRAIN), slice(TRAIN, None)) for a in (x, y, shown)]
    for a in parts:
        a.setflags(write=False)
    return Digits(*parts)


def size(widths: Widths) -> int:
    """P, the number of weights and biases."""
    return sum(n * (below + 1) for below, n in itertools.pairwise(widths))


def views(q: Array, widths: Widths) -> list[tuple[Array, Array]]:
    """W: (..., n_l, n_{l−1}) and b: (..., n_l) of every layer, as views of q: (..., P)."""
    out, at = [], 0
    for below, n in itertools.pairwise(widths):
        W = q[..., at : at + n * below].reshape(*q.shape[:-1], n, below)
        out.append((W, q[..., at + n * below : at + n * (below + 1)]))
        at += n * (below + 1)
    return out


def born(widths: Widths, seed: int, *, gain: float = 1.0, number: int = 0, stream: int = 0) -> Array:
    """q: (P,) of network `number`, weights normal with variance gain²/n_{l−1}, biases 0."""
    z = np.empty((1, size(widths)))
    normals(z, seed, number, stream)
    q: Array = z[0]
    for W, b in views(q, widths):
        W *= gain / np.sqrt(W.shape[-1])
        b[:] = 0.0
    return q


def forward(q: Array, widths: Widths, x: Array) -> list[Array]:
    """h_0 … h_L of plain activation."""
    h = [x]
    for W, b in views(q, widths):
        h.append(np.tanh(h[-1] @ np.swapaxes(W, -1, -2) + b[..., None, :]))
    return h


def loss(q: Array, widths: Widths, x: Array, y: Array) -> Array:
    """Mean boundary loss: (...)."""
    out: Array = 0.5 * ((forward(q, widths, x)[-1] - y) ** 2).sum(axis=-1).mean(axis=-1)
    return out


def accuracy(q: Array, widths: Widths, x: Array, shown: Array) -> Array:
    """Share of images whose loudest output is the digit shown: (...)."""
    out: Array = (forward(q, widths, x)[-1].argmax(axis=-1) == shown).mean(axis=-1)
    return out


def _outer(d: Array, below: Array) -> Array:
    """Σ over samples of d hᵀ, and of d, flat: (..., n (n_below + 1))."""
    W = np.swapaxes(d, -1, -2) @ below
    return np.concatenate([W.reshape(*W.shape[:-2], -1), d.sum(axis=-2)], axis=-1)


def _backward(q: Array, widths: Widths, h: list[Array], d: Array) -> list[Array]:
    """∂/∂(Wh + b) of every layer from that of the last, d: (..., samples, n_L)."""
    layers = views(q, widths)
    out = [d]
    for l in range(len(layers) - 1, 0, -1):
        out.append((out[-1] @ layers[l][0]) * (1.0 - h[l] * h[l]))
    return out[::-1]


def backprop(q: Array, widths: Widths, x: Array, y: Array) -> tuple[Array, Array]:
    """Mean boundary loss (...) and its gradient (..., P)."""
    h = forward(q, widths, x)
    miss = h[-1] - y
    ds = _backward(q, widths, h, miss * (1.0 - h[-1] * h[-1]))
    g = np.concatenate([_outer(d, below) for d, below in zip(ds, h, strict=False)], axis=-1)
    return 0.5 * (miss * miss).sum(axis=-1).mean(axis=-1), g / x.shape[-2]


def sample_gradients(q: Array, widths: Widths, x: Array, y: Array) -> Array:
    """The gradient of every sample's boundary loss: (..., samples, P). Costs P numbers a sample."""
    h = forward(q, widths, x)
    ds = _backward(q, widths, h, (h[-1] - y) * (1.0 - h[-1] * h[-1]))
    parts = []
    for d, below in zip(ds, h, strict=False):
        W = d[..., :, None] * below[..., None, :]
        parts += [W.reshape(*W.shape[:-2], -1), d]
    return np.concatenate(parts, axis=-1)


def moments(q: Array, widths: Widths, x: Array, y: Array) -> tuple[Array, Array]:
    """Gradient of the mean boundary loss and the variance of single samples' gradients: (..., P) each.

    That of `sample_gradients`, without holding any: a weight's gradient is a product, and so is its square.
    """
    h = forward(q, widths, x)
    ds = _backward(q, widths, h, (h[-1] - y) * (1.0 - h[-1] * h[-1]))
    g, squares = (
        np.concatenate([_outer(d**power, below**power) for d, below in zip(ds, h, strict=False)], axis=-1) / x.shape[-2]
        for power in (1, 2)
    )
    return g, np.maximum(squares - g * g, 0.0)


def gauss_newton(q: Array, widths: Widths, x: Array) -> Array:
    """tr Σ_o ∂h_o ∂h_oᵀ, the mean over samples of |∂h_L/∂q|²: (...). Exact, one backward pass per output."""
    h, total = forward(q, widths, x), 0.0
    for o in range(widths[-1]):
        d = np.zeros_like(h[-1])
        d[..., o] = 1.0 - h[-1][..., o] ** 2
        for back, below in zip(_backward(q, widths, h, d), h, strict=False):
            total = total + ((back**2).sum(axis=-1) * ((below**2).sum(axis=-1) + 1.0)).mean(axis=-1)
    return np.asarray(total)


def clamp(q: Array, widths: Widths, x: Array, y: Array) -> list[Array]:
    """States after activation with the last layer set to the target: where relaxing begins."""
    h = forward(q, widths, x)
    return [*h[:-1], np.broadcast_to(y, h[-1].shape).copy()]


def residuals(q: Array, widths: Widths, h: list[Array]) -> tuple[list[Array], list[Array]]:
    """e_l and s_l of the layers above the input."""
    es, ss = [], []
    for (W, b), below, here in zip(views(q, widths), h, h[1:], strict=False):
        f = np.tanh(below @ np.swapaxes(W, -1, -2) + b[..., None, :])
        es.append(here - f)
        ss.append(1.0 - f * f)
    return es, ss


def bulk_loss(q: Array, widths: Widths, h: list[Array]) -> Array:
    """½ Σ_l |e_l|² of every sample: (..., samples)."""
    out: Array = 0.5 * sum((e * e).sum(axis=-1) for e in residuals(q, widths, h)[0])
    return out


def bulk_gradient(q: Array, widths: Widths, h: list[Array]) -> Array:
    """∂H/∂q at fixed states, the mean over samples: (..., P)."""
    es, ss = residuals(q, widths, h)
    g = [-_outer(e * s, below) for e, s, below in zip(es, ss, h, strict=False)]
    out: Array = np.concatenate(g, axis=-1) / h[0].shape[-2]
    return out


def push(q: Array, widths: Widths, h: list[Array]) -> list[Array]:
    """∂H/∂h_l of the hidden layers, l = 1 … L − 1: e_l − W_{l+1}ᵀ (e∘s)_{l+1}."""
    es, ss = residuals(q, widths, h)
    above = views(q, widths)[1:]
    return [e - (e1 * s1) @ W for e, e1, s1, (W, _) in zip(es, es[1:], ss[1:], above, strict=False)]


def stiffness(q: Array, widths: Widths, h: list[Array]) -> Array:
    """G = JᵀJ of the hidden neurons with both ends clamped, (samples, n, n); q: (P,), n = Σ hidden widths.

    Block tridiagonal: I + W_{l+1}ᵀ s_{l+1}² W_{l+1} on the diagonal, −s_l W_l beside it.
    """
    layers, (_, ss) = views(q, widths), residuals(q, widths, h)
    ends = np.cumsum((0, *widths[1:-1]))
    G = np.zeros((h[0].shape[-2], ends[-1], ends[-1]))
    for l, (low, high) in enumerate(itertools.pairwise(ends), 1):
        W = layers[l][0]
        G[:, low:high, low:high] = np.eye(high - low) + (W.T * (ss[l] ** 2)[:, None, :]) @ W
        if l > 1:
            before = slice(ends[l - 2], low)
            link = -ss[l - 1][:, :, None] * layers[l - 1][0]
            G[:, low:high, before], G[:, before, low:high] = link, np.swapaxes(link, -1, -2)
    return G
