"""What networks with a fluctuating number of neurons tell of the potential that rules it.

Trial: ⟨N⟩ = e^(μ/T) ⟨e^(−ΔH/T)⟩, ΔH what the birth of a neuron drawn at random would change.
Response: p′(N)/p(N) ∝ e^((μ′ − μ)N/T), of which d⟨N⟩/dμ = Var N/T is the limit of small steps.        [derived]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["apart", "insertion", "left_open", "moments", "power", "response", "reweighted", "shares"]

Array = NDArray[Any]


def insertion(tally: ArrayLike, guess: float) -> float:
    """μ/T from births and deaths on trial; tally: (4,) births, Σ r/(1 + r), deaths, Σ 1/(1 + r).

    r = e^(guess − ΔH/T)/(N + 1). In equilibrium ⟨r/(1 + r)⟩ over births is e^(guess − μ/T) ⟨1/(1 + r)⟩ over deaths,
    whatever the guess and whatever H (Bennett 1976, of Widom's test particle); no term exceeds 1. nan without trials.
    """
    births, born, deaths, died = np.asarray(tally, dtype=float)
    if min(births, born, deaths, died) <= 0.0:
        return np.nan
    return guess - float(np.log(born / births * deaths / died))


def response(low: ArrayLike, high: ArrayLike, turns: int = 25) -> float:
    """Slope b of ln p′(N)/p(N) = a + b N from two histograms of N, by maximum likelihood; it should be Δμ/T.

    Which of the two a network with N neurons comes from is a logistic law in N, whatever H is: nothing need be known
    of p, and no step Δμ is too coarse (Shirts 2013). nan where they do not overlap.
    """
    a, b = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    N = np.arange(len(a)) - float((a + b) @ np.arange(len(a))) / max(float((a + b).sum()), 1.0)
    basis, at = np.stack([np.ones_like(N), N], axis=1), np.zeros(2)
    for _ in range(turns):
        p = 1.0 / (1.0 + np.exp(-np.clip(basis @ at, -30.0, 30.0)))
        curve = (basis * ((a + b) * p * (1.0 - p))[:, None]).T @ basis
        if np.linalg.det(curve) <= 1e-9:
            return np.nan
        at = at + np.clip(np.linalg.solve(curve, basis.T @ (b - (a + b) * p)), -1.0, 1.0)
    return float(at[1])


def reweighted(counts: ArrayLike, step: float) -> Array:
    """p(N) at a potential that is higher by `step` T, from a histogram: ∝ counts e^(step N)."""
    c = np.asarray(counts, dtype=float)
    N = np.arange(len(c))
    p: Array = c * np.exp(step * (N - (N.max() if step > 0.0 else 0.0)))
    return p / max(float(p.sum()), 1e-300)


def shares(counts: Array) -> Array:
    """p(N) of every histogram, (..., N); nothing where nothing was counted."""
    p: Array = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1.0)
    return p


def moments(counts: Array) -> tuple[Array, Array]:
    """⟨N⟩ and Var N of every histogram, (..., N)."""
    p, N = shares(counts), np.arange(counts.shape[-1], dtype=float)
    mean = p @ N
    return mean, p @ N**2 - mean**2


def apart(p: ArrayLike, q: ArrayLike) -> float:
    """Total variation ½ Σ |p − q| of two histograms, each over its sum."""
    a, b = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    return 0.5 * float(np.abs(a / max(float(a.sum()), 1e-300) - b / max(float(b.sum()), 1e-300)).sum())


def power(N: ArrayLike, counts: ArrayLike, totals: ArrayLike, turns: int = 60) -> float:
    """p of ⟨y⟩ = c N^p from `counts` of networks with N and the `totals` of their y, errors of y a share of ⟨y⟩.

    A single y may be negative: it is ⟨y⟩ at given N whose logarithm is taken, never y (quasi-likelihood). nan without
    two different N.
    """
    n, weight, total = (np.asarray(x, dtype=float) for x in (N, counts, totals))
    seen = (weight > 0.0) & (n > 0.0)
    if seen.sum() < 2:
        return np.nan
    x, weight, y = np.log(n[seen]), weight[seen], total[seen] / weight[seen]
    p, spread = 0.0, x - float(weight @ x) / float(weight.sum())
    for _ in range(turns):
        shape = np.exp(p * x)
        c = float(weight @ (y / shape)) / float(weight.sum())
        if c <= 0.0:
            return np.nan
        p += float(np.clip(float(weight @ (spread * (y / (c * shape)))) / float(weight @ spread**2), -0.5, 0.5))
    return p


def left_open(known: Array, other: Array, columns: tuple[int, ...], target: int) -> float:
    """Σ of squared misses on `other` of the linear law learned on `known`; both are Σ vvᵀ of the same variables v."""
    at = list(columns)
    law = np.linalg.lstsq(known[np.ix_(at, at)], known[at, target], rcond=None)[0]
    return float(other[target, target] - 2.0 * law @ other[at, target] + law @ other[np.ix_(at, at)] @ law)
