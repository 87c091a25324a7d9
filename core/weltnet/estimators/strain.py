"""Along what an ensemble of learning replicas stretches and shrinks, direction by direction of its weights.

What p(q, t) loses and gains is carried by u = −γ∇U − p⁻¹∇·(Dp), and dS_q/dt = ⟨∂_i u_i⟩: the trace of the mean strain

    M_ij = sym ⟨∂_i u_j⟩ = −sym ⟨D_ik ∂_k ∂_j ln p⟩ − γ⟨∂_i ∂_j U⟩.

A direction is *time-like* where M is negative along it, so that learning destroys more than noise produces. For an
ensemble of Gaussian shape −∂∂ ln p is Σ⁻¹, of any other shape more: `missed` says how much.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import Polynomial
from numpy.typing import NDArray

__all__ = ["information", "missed", "spread", "timelike", "turning"]

Array = NDArray[Any]


def spread(q: Array) -> Array:
    """Σ of the members q: (M, K), such that its inverse is unbiased where they are Gaussian; M > K + 2."""
    members, K = q.shape
    d = q - q.mean(axis=0)
    out: Array = d.T @ d / (members - K - 2)
    return out


def information(q: Array) -> Array:
    """Fisher information ∫ p ∂_i ln p ∂_j ln p of the members q: (M, K), by matching scores; (K, K).

    The score is sought among cubic polynomials of each principal coordinate z, as Σ_a θ_a φ_a with φ = z, z² − 1,
    z³ − 3z. The θ that fit best are −⟨φφᵀ⟩⁻¹⟨∇φ⟩ (Hyvärinen, 2005); what they miss of the score they miss of the result,
    so it is low for other shapes, and exact for a Gaussian, where it equals Σ⁻¹.
    """
    d = q - q.mean(axis=0)
    variance, V = np.linalg.eigh(d.T @ d / len(q))
    root = np.sqrt(np.maximum(variance, 1e-300))
    z = d @ V / root
    phi = np.concatenate([z, z * z - 1.0, z * (z * z - 3.0)], axis=1)
    slope = np.concatenate(
        [np.eye(q.shape[1]), np.diag(2.0 * z.mean(axis=0)), np.diag(3.0 * (z * z).mean(axis=0) - 3.0)]
    )
    J = slope.T @ np.linalg.lstsq(phi.T @ phi / len(q), slope, rcond=None)[0]
    W = V / root
    out: Array = W @ J @ W.T
    return out


def missed(q: Array) -> float:
    """The share of tr J that a Gaussian of the same Σ misses: 0 for a Gaussian."""
    d = q - q.mean(axis=0)
    whole = float(np.trace(information(q)))
    return 1.0 - float(np.trace(np.linalg.inv(d.T @ d / len(q)))) / whole


def timelike(M: Array, curvature: Array, members: int) -> Array:
    """How many directions are time-like, M: (..., K, K); those closer to zero than two standard errors do not count.

    curvature: γ⟨∂∂U⟩. What noise produces is known to √(2/members) along each direction; members ≥ 1e12 stands for
    a prediction.
    """
    values, V = np.linalg.eigh(M)
    produced = values + np.einsum("...ki,...kl,...li->...i", V, np.broadcast_to(curvature, M.shape), V)
    error = np.sqrt(2.0 / members) * np.abs(produced)
    out: Array = (values < -2.0 * error).sum(axis=-1)
    return out


def turning(times: Array, sums: Array) -> float:
    """When a sum stops falling: the first minimum of the quartic that fits it best; times, sums: (n,), n from 6 up.

    The last time where it falls to the end, and the first where it only rises.
    """
    fit = Polynomial.fit(times, sums, 4)
    slope = fit.deriv()
    at = np.sort([r.real for r in slope.roots() if abs(r.imag) < 1e-9 and times[0] < r.real < times[-1]])
    low = [t for t in at if slope.deriv()(t) > 0.0]
    return float(low[0] if len(low) else times[0] if sums[-1] > sums[0] else times[-1])
