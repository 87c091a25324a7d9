"""What networks of randomly many neurons must do: all sets of a few candidates one by one, and large random sets.

The slow twin of `kernels.population`: no moves, no updates, every set solved from nothing.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.systems.population import Pool

__all__ = ["enumerate_sets", "held_back", "loss", "shrinkage"]

Array = NDArray[Any]


def loss(gram: Array, cross: Array, noise: float, ground: float, held: ArrayLike) -> float:
    """H of the candidates `held` with the best weights: H₀ − ½ Σ cᵀ (G + η²)⁻¹ c."""
    s = np.asarray(held, dtype=int)
    if not len(s):
        return ground
    A = gram[np.ix_(s, s)] + noise**2 * np.eye(len(s))
    return ground - 0.5 * float((cross[s] * np.linalg.solve(A, cross[s])).sum())


def enumerate_sets(
    gram: Array, cross: Array, noise: float, ground: float, mu: float, temperature: float
) -> tuple[Array, Array]:
    """p(N), (K + 1,), and p(candidate is held), (K,), under π(s) ∝ K^(−N) e^((μN − H)/T), by all 2^K sets."""
    K = len(gram)
    numbers, occupied, total = np.zeros(K + 1), np.zeros(K), 0.0
    for n in range(K + 1):
        for s in combinations(range(K), n):
            weight = K ** (-float(n)) * np.exp((mu * n - loss(gram, cross, noise, ground, s) + ground) / temperature)
            numbers[n] += weight
            occupied[list(s)] += weight
            total += weight
    return numbers / total, occupied / total


def held_back(eigenvalues: Array, N: ArrayLike, noise: float) -> Array:
    """κ with N = Σ ξ/(ξ + κ) + η²/κ: what N neurons drawn at random cannot tell; N: (n,) positive; (n,).

    Ridge regression on N random features shrinks mode i of the kernel, of eigenvalue ξ_i, by ξ_i/(ξ_i + κ), to
    leading order in 1/N (the deterministic equivalent of Marchenko and Pastur). By bisection in ln κ.
    """
    n = np.asarray(N, dtype=float)
    low, high = np.full(n.shape, -60.0), np.full(n.shape, 20.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        k = np.exp(middle)[:, None]
        over = (eigenvalues / (eigenvalues + k)).sum(axis=1) + noise**2 / k[:, 0] > n
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    kappa: Array = np.exp(0.5 * (low + high))
    return kappa


@lru_cache(maxsize=8)
def _modes(candidates: Pool) -> tuple[Array, Array]:
    """Eigenvalues of the kernel ⟨φ(X) φ(X′)⟩ over the pool, and how much of a linear function is in each mode."""
    K = len(candidates.gram)
    xi, modes = np.linalg.eigh(candidates.gram / K)
    keep = xi > 1e-14
    xi, modes = xi[keep], modes[:, keep]
    # ⟨X|i⟩ = Σ_k ⟨X φ_k⟩ u_ki/√(K ξ_i).
    on = candidates.spread * candidates.tilt.T @ modes / np.sqrt(K * xi)
    return xi, (on**2).mean(axis=0) / candidates.spread


def shrinkage(candidates: Pool, N: ArrayLike, noise: float) -> Array:
    """By how much N candidates drawn at random shrink a linear map that they learn, (n,): e^(−λ) is e^(−λ*) times it.

    ξ are the eigenvalues of the kernel ⟨φ(X) φ(X′)⟩ over the pool, X over the square.
    """
    xi, share = _modes(candidates)
    kappa = held_back(xi, N, noise)
    out: Array = (share * xi / (xi + kappa[:, None])).sum(axis=1) / share.sum()
    return out
