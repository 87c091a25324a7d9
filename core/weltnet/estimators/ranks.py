"""Rank correlations of many measures at once, with error bars from groups that do not know of one another.

Measures are (measures, kinds, heats): each kind of thing, an architecture say, runs once in every heat. Heats are
independent, so that each can be left out in turn (jackknife).

    ρ = Pearson correlation of ranks over all kinds and heats  [Spearman],  piece_h = n ρ − (n − 1) ρ without heat h
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = ["over_pieces", "pieces", "ranked", "within"]

Array = NDArray[Any]


def ranked(a: Array, b: Array) -> Array:
    """ρ of every measure a: (A, kinds, heats) with every b: (B, kinds, heats), as (A, B). What is tied shares its rank;
    where all are, ρ is 0."""
    from scipy.stats import rankdata  # 10 MB, which no other process need hold

    return _cosines(*(rankdata(m.reshape(len(m), -1), axis=-1) for m in (a, b)))


def within(a: Array, b: Array) -> Array:
    """Correlation of a with b at fixed kind: every kind's mean over heats is taken off first. (A, B); 0 in one heat."""
    return _cosines(*((m - m.mean(axis=-1, keepdims=True)).reshape(len(m), -1) for m in (a, b)))


def pieces(measure: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """What each heat stands for in a measure: (heats, A, B), with the measure, less its bias in few heats, as mean."""
    whole, n = measure(a, b), a.shape[-1]
    if n == 1:
        return whole[None]
    left = [measure(np.delete(a, h, axis=-1), np.delete(b, h, axis=-1)) for h in range(n)]
    out: Array = n * whole - (n - 1) * np.stack(left)
    return out


def over_pieces(count: int, total: Array, squares: Array) -> tuple[Array, Array]:
    """Mean of pieces and its 95 % half-width (Student t) from their number, their sum and the sum of their squares."""
    mean = total / max(count, 1)
    if count < 2:
        return mean, np.full_like(mean, math.inf)
    spread = np.sqrt(np.maximum(squares / count - mean**2, 0.0) / (count - 1))
    return mean, float(stdtrit(count - 1, 0.975)) * spread


def _cosines(a: Array, b: Array) -> Array:
    a, b = (m - m.mean(axis=-1, keepdims=True) for m in (a, b))
    # Rounding leaves some 1e-16 of a measure that does not vary.
    size = [np.sqrt((m * m).sum(axis=-1)) for m in (a, b)]
    unit = [np.where(s > 1e-9, 1.0 / np.maximum(s, 1e-9), 0.0)[:, None] * m for m, s in zip((a, b), size, strict=True)]
    out: Array = unit[0] @ unit[1].T
    return out
