"""Tails that are known: of weights that learn from one sample at a time, and of slow weights that scale fast states."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

__all__ = ["coupled_ccdf", "coupled_quantile", "kesten"]

Array = NDArray[Any]


@lru_cache(maxsize=64)
def kesten(rate: float) -> float:
    """The a > 0 with ⟨|1 − γx²|^a⟩ = 1, x ~ N(0, 1): index of the tail of θ ← (1 − γx²) θ + noise (H. Kesten, 1973).

    γ = `rate` in [.1, 2]; weights settle while ⟨ln|1 − γx²|⟩ < 0, up to γ = 3.4.
    """
    x = np.linspace(0.0, 14.0, 56001)
    log = np.log(np.maximum(np.abs(1.0 - rate * x * x), 1e-12))
    weight = np.exp(-0.5 * x * x) * (x[1] - x[0]) * np.sqrt(2.0 / np.pi)
    weight[0] *= 0.5
    return float(brentq(lambda a: float(weight @ np.exp(a * log)) - 1.0, 1e-3, 40.0))


def coupled_ccdf(q: Array, index: float, mass: float) -> Array:
    """P(|q| > q) of p ∝ (m + q²)^−(a + 1)/2, the equilibrium of q in H = ½ (m + q²)|x|²; a = n T_x/T_q − 1.

    A Student distribution of a degrees of freedom, in units of √(m/a).
    """
    out: Array = 2.0 * stdtr(index, -np.abs(q) / np.sqrt(mass / index))
    return out


def coupled_quantile(p: Array, index: float, mass: float) -> Array:
    """The q that a share p of the same distribution lies below."""
    out: Array = stdtrit(index, p) * np.sqrt(mass / index)
    return out
