"""Who ranks with whom: measures of six kinds in five heats, whose rank correlation is planted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators.ranks import over_pieces, pieces, ranked, within

__all__ = ["CASES", "HEATS", "KINDS"]

Array = NDArray[Any]

KINDS, HEATS, RACES = 6, 6, 80
R, AMONG, APART = 0.7, 0.5, 4.0
"""Pearson correlations planted among all and at fixed kind, and how far apart kinds are, in standard deviations."""


def _pair(dice: np.random.Generator, r: float) -> Array:
    """Two measures of every kind in every heat, normal and correlated by r: (2, 1, KINDS, HEATS)."""
    z = dice.standard_normal((2, 1, KINDS, HEATS))
    z[1] = r * z[0] + math.sqrt(1.0 - r * r) * z[1]
    return z


def _mean(
    draw: Callable[[np.random.Generator], Array], measure: Callable[..., Array], seed: int
) -> tuple[float, float]:
    """Mean over all pieces of RACES races and its standard error."""
    dice = np.random.default_rng(seed)
    found = np.concatenate([pieces(measure, *draw(dice))[:, 0, 0] for _ in range(RACES)])
    mean, half = over_pieces(len(found), found.sum()[None], (found**2).sum()[None])
    return float(mean[0]), float(half[0]) / 1.96


def _all(seed: int) -> tuple[float, float]:
    return _mean(lambda dice: _pair(dice, R), ranked, seed)


def _fixed(seed: int) -> tuple[float, float]:
    kind = APART * np.arange(KINDS)[None, :, None] * np.array([1.0, -1.0])[:, None, None, None]
    return _mean(lambda dice: _pair(dice, AMONG) + kind, within, seed)


CASES = (
    Calibration(
        "rank-planted", "Rank correlation of normal measures",
        "Normal measures with Pearson's r have Spearman's ρ = (6/π) asin(r/2), also in races of 36.",
        "ranks.ranked", "ρ", 6.0 / math.pi * math.asin(0.5 * R), 0.03, _all,
    ),
    Calibration(
        "rank-within", "Correlation at fixed kind",
        "Kinds are ordered one way and what differs within a kind the other way: only the latter must be seen.",
        "ranks.within", "r", AMONG, 0.06, _fixed,
    ),
)  # fmt: skip
