"""How weights follow a gradient: covariant gradient descent, and the optimizers that are cases of it.

With running means m of the gradient g (memory β₁) and κ of the second moment of the gradient (memory β₂),

    q ← q − γ p m,   p = 1/(κ^α + ε).

    α      κ          β₁   β₂     name             |  relative: κ over its mean eigenvalue + ε, and p over its own
    0      –          0    –      sgd              |  mean, so that γ means the same at every α: the metric–noise law
    0      –          .9   –      momentum         |  g ∝ κ^α of 2504.14728, α = 0, ½, 1, diagonal or with a whole
    ½      diagonal   0    .9     rmsprop          |  matrix (covariant)
    ½      diagonal   .9   .999   adam (both means |
    1      matrix     0    .95    natural           over 1 − βᵗ)

The second moment is that of the minibatch gradient, g gᵀ, unless another is given: the covariance of single samples'
gradients, or a Fisher matrix, with which `natural` is Amari's. [2504.05279, from a secondary reading]

Leading indices are networks that are moved at once, each with a rate of its own if there are several.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAWS", "NAMES", "Law", "Memory", "Name", "begin", "covariant", "kept", "metric", "move"]

Array = NDArray[Any]
Name = Literal["sgd", "momentum", "rmsprop", "adam", "natural", "covariant"]
NAMES: tuple[Name, ...] = get_args(Name)


@dataclass(frozen=True, slots=True)
class Law:
    """One optimizer."""

    alpha: float = 0.0
    """Exponent of the metric, g ∝ κ^α."""
    beta1: float = 0.0
    beta2: float = 0.95
    floor: float = 1e-8
    """ε."""
    whole: bool = False
    """Whether κ is a matrix."""
    corrected: bool = False
    """Whether means are over 1 − βᵗ, so that they are not drawn to where they began, 0."""
    relative: bool = False
    """Whether κ is over its mean eigenvalue before ε is added, and p over its own mean."""


LAWS: dict[str, Law] = {
    "sgd": Law(),
    "momentum": Law(beta1=0.9),
    "rmsprop": Law(0.5, beta2=0.9),
    "adam": Law(0.5, 0.9, 0.999, corrected=True),
    "natural": Law(1.0, floor=1e-4, whole=True, corrected=True),
}


def covariant(alpha: float, *, beta1: float = 0.0, beta2: float = 0.95, floor: float = 1e-2, whole: bool = True) -> Law:
    """Covariant gradient descent with the metric κ^α; means are unbiased."""
    return Law(alpha, beta1, beta2, floor, whole, corrected=True, relative=True)


@dataclass(slots=True)
class Memory:
    """What an optimizer remembers; part of a state. m: (..., P); kappa: (..., P) or (..., P, P)."""

    m: Array = field(default_factory=lambda: np.zeros(0))
    kappa: Array = field(default_factory=lambda: np.zeros(0))
    count: int = 0


def begin(law: Law, *shape: int) -> Memory:
    """An optimizer of (..., P) weights that has seen no gradient."""
    return Memory(np.zeros(shape), np.zeros((*shape, shape[-1]) if law.whole else shape))


def metric(law: Law, kappa: Array) -> tuple[Array, Array]:
    """p as its eigenvalues (..., P) and directions (..., P, P), or (..., P) and nothing where κ is diagonal."""
    size, axes = np.linalg.eigh(kappa) if law.whole else (kappa, np.zeros((0, 0)))
    size = np.maximum(size, 0.0)
    if not law.relative:
        return 1.0 / np.maximum(size**law.alpha + (law.floor if law.alpha else 0.0), 1e-300), axes
    p = (size / np.maximum(size.mean(axis=-1, keepdims=True), 1e-300) + law.floor) ** -law.alpha
    return p / p.mean(axis=-1, keepdims=True), axes


def kept(law: Law, memory: Memory) -> Array:
    """κ of what has been seen so far."""
    out: Array = memory.kappa / (1.0 - law.beta2 ** max(memory.count, 1)) if law.corrected else memory.kappa
    return out


def move(law: Law, memory: Memory, q: Array, g: Array, rate: float | Array, second: Array | None = None) -> None:
    """One step of q: (..., P) in place along minus the gradient g, at a rate or (...,) of them.

    `second`, (..., P) or (..., P, P), is what κ is a mean of.
    """
    memory.count += 1
    memory.m += (1.0 - law.beta1) * (g - memory.m)
    past = 1.0 - law.beta1**memory.count if law.corrected else 1.0
    pace = np.asarray(rate)[..., None] / past
    if not law.alpha:
        q -= pace * memory.m
        return
    if second is None:
        second = g[..., :, None] * g[..., None, :] if law.whole else g * g
    memory.kappa += (1.0 - law.beta2) * (second - memory.kappa)
    p, axes = metric(law, kept(law, memory))
    if not law.whole:
        q -= pace * (p * memory.m)
        return
    along = p[..., None] * (np.swapaxes(axes, -1, -2) @ memory.m[..., None])
    q -= pace * (axes @ along)[..., 0]
