"""Who dies sooner: life tables, and hazards of two kinds compared among their like."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["hazard_ratio", "surviving"]

Array = NDArray[Any]


def hazard_ratio(table: ArrayLike) -> float:
    """Risk of death of the first kind over that of the second, in strata of those who are alike (Mantel–Haenszel).

    table: (2 kinds, 2, strata), how many were at risk and how many of them died. Σ d₁n₂/n over Σ d₂n₁/n: a stratum
    counts by how much it can tell, and one with a single kind tells nothing. nan where nobody of the second died.
    """
    (risk, dead), (other, died) = np.asarray(table, dtype=float)
    n = np.maximum(risk + other, 1e-300)
    against = float((died * risk / n).sum())
    return float((dead * other / n).sum()) / against if against > 0.0 else np.nan


def surviving(risk: ArrayLike, dead: ArrayLike) -> Array:
    """Share that lives on at each age, (ages + 1,) from 1, of those who die at the rates of (ages,): Π (1 − d/n)."""
    n, d = np.asarray(risk, dtype=float), np.asarray(dead, dtype=float)
    out: Array = np.concatenate([[1.0], np.cumprod(1.0 - d / np.maximum(n, 1e-300))])
    return out
