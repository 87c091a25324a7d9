"""Planar flows dX/dT = F(X): the boundary processes a network is trained to continue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLOWS", "TICK", "Flow", "flow", "tick"]

Array = NDArray[Any]
Flow = Callable[[Array], Array]

TICK = 0.1
"""Flow time T per activation tick t."""


def _turn(X: Array) -> Array:
    """J X with J = [[0, −1], [1, 0]]: a quarter turn anticlockwise."""
    return np.stack([-X[..., 1], X[..., 0]], axis=-1)


def rotation(X: Array, contraction: float = 0.6, frequency: float = 2.0) -> Array:
    """Drift of the rotating Ornstein–Uhlenbeck process, −g X + Ω J X."""
    return -contraction * X + frequency * _turn(X)


def cycle(X: Array, contraction: float = 0.6, frequency: float = 2.0, radius: float = 0.35) -> Array:
    """A limit cycle of radius r0, g (1 − |X|²/r0²) X + Ω J X."""
    growth: Array = contraction * (1.0 - (X**2).sum(axis=-1, keepdims=True) / radius**2)
    return growth * X + frequency * _turn(X)


def wells(X: Array, contraction: float = 1.5, radius: float = 0.35) -> Array:
    """A double well along X1 with minima at ±r0, (g (X1 − X1³/r0²), −g X2)."""
    x, y = X[..., 0], X[..., 1]
    return np.stack([contraction * (x - x**3 / radius**2), -contraction * y], axis=-1)


def orbit(X: Array) -> Array:
    """A limit cycle that draws in so strongly that a network trained on it is far from linear; r0 = .35."""
    return cycle(X, contraction=2.0, frequency=2.0)


def quartic(X: Array, strength: float = 12.0, frequency: float = 1.0) -> Array:
    """Descent in the potential k |X|⁴/4 with a rotation, −k |X|² X + Ω J X."""
    descent: Array = -strength * (X**2).sum(axis=-1, keepdims=True) * X
    return descent + frequency * _turn(X)


FLOWS: dict[str, Flow] = {"rotation": rotation, "cycle": cycle, "wells": wells, "orbit": orbit, "quartic": quartic}


def flow(kind: str) -> Flow:
    """The drift F of the named boundary flow; X: (..., 2) in, dX/dT: (..., 2) out."""
    if kind not in FLOWS:
        raise ValueError(f"kind = {kind!r} names no boundary flow; allowed: {', '.join(FLOWS)}")
    return FLOWS[kind]


def tick(F: Flow, X: Array, *, duration: float = TICK, substeps: int = 4) -> Array:
    """The flow map over one tick by midpoint (second-order Runge–Kutta) substeps; error O((duration/substeps)²)."""
    h = duration / substeps
    for _ in range(substeps):
        X = X + h * F(X + 0.5 * h * F(X))
    return X
