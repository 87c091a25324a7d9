"""Closed forms for Gaussian ensembles: entropy, Fisher information, the Ornstein–Uhlenbeck process."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import expm, solve_continuous_lyapunov

__all__ = ["density", "entropy", "fisher_trace", "ou_covariance", "ou_stationary", "production"]

Array = NDArray[Any]


def density(x: ArrayLike, y: ArrayLike, mean: ArrayLike, covariance: ArrayLike) -> Array:
    """The planar normal density on the product of the axes x and y: (nx, ny)."""
    mu, cov = np.asarray(mean, dtype=float), np.asarray(covariance, dtype=float)
    d = np.stack(np.meshgrid(np.asarray(x) - mu[0], np.asarray(y) - mu[1], indexing="ij"), axis=-1)
    exponent = -0.5 * np.einsum("...i,ij,...j->...", d, np.linalg.inv(cov), d)
    p: Array = np.exp(exponent) / (2.0 * np.pi * np.sqrt(np.linalg.det(cov)))
    return p


def entropy(covariance: ArrayLike) -> float:
    """Differential entropy ½ log det(2πe Σ) in nats; covariance: (d, d)."""
    cov = np.atleast_2d(np.asarray(covariance, dtype=float))
    return float(0.5 * np.linalg.slogdet(2.0 * np.pi * np.e * cov)[1])


def fisher_trace(covariance: ArrayLike) -> float:
    """∫ |∇p|²/p = tr Σ⁻¹."""
    return float(np.trace(np.linalg.inv(np.asarray(covariance, dtype=float))))


def production(covariance: ArrayLike, diffusion: ArrayLike) -> float:
    """Entropy produced per unit time by a constant diffusion matrix D: ∫ D_ij ∂_i p ∂_j p / p = tr(D Σ⁻¹)."""
    D, cov = np.asarray(diffusion, dtype=float), np.asarray(covariance, dtype=float)
    return float(np.trace(D @ np.linalg.inv(cov)))


def ou_stationary(drift: ArrayLike, diffusion: ArrayLike) -> Array:
    """Stationary covariance of dX = −A X dt + √(2D) dW: A Σ + Σ Aᵀ = 2 D, for a stable A."""
    A, D = np.asarray(drift, dtype=float), np.asarray(diffusion, dtype=float)
    sigma: Array = solve_continuous_lyapunov(A, 2.0 * D)
    return sigma


def ou_covariance(drift: ArrayLike, diffusion: ArrayLike, start: ArrayLike, time: float) -> Array:
    """Covariance at `time` of dX = −A X dt + √(2D) dW from a Gaussian of covariance `start`.

    Σ(t) = Σ∞ + e^{−At} (Σ0 − Σ∞) e^{−Aᵀt}; production tr(D Σ⁻¹) minus destruction tr A is dS/dt at every t.
    """
    A = np.asarray(drift, dtype=float)
    late = ou_stationary(A, diffusion)
    E = expm(-A * time)
    sigma: Array = late + E @ (np.asarray(start, dtype=float) - late) @ E.T
    return sigma
