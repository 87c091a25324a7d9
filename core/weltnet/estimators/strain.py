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

__all__ = [
    "balance", "clear", "conic", "information", "logdet", "missed", "null_lines", "slope_with_error", "spread",
    "timelike", "turning_with_error",
]  # fmt: skip

Array = NDArray[Any]

T = {7: 2.365, 8: 2.306}
"""Student's 95 % factors, by degrees of freedom."""
FAR, TURNS = 8.0, 240


def spread(q: Array) -> Array:
    """Σ of the members q: (M, K), such that its inverse is unbiased where they are Gaussian; M > K + 2."""
    members, K = q.shape
    d = q - q.mean(axis=0)
    out: Array = d.T @ d / (members - K - 2)
    return out


def logdet(q: Array) -> float:
    """½ ln det Σ of the members q: (M, K); S_q of a Gaussian up to a constant."""
    return 0.5 * float(np.linalg.slogdet(np.cov(q.T))[1])


def information(q: Array) -> Array:
    """Fisher information ∫ p ∂_i ln p ∂_j ln p of the members q: (M, K), by matching scores; (K, K).

    The score is sought among cubic polynomials of each principal coordinate z, as Σ_a θ_a φ_a with φ = z, z² − 1,
    z³ − 3z. The θ that fit best are −⟨φφᵀ⟩⁻¹⟨∇φ⟩ (Hyvärinen, 2005); what they miss of the score is missing
    from the result: low for other shapes, exact for a Gaussian, where it equals Σ⁻¹.
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


def _turning(times: Array, sums: Array) -> float:
    """When a sum stops falling: the first minimum of the quartic that fits it best; times, sums: (n,), n from 6 up.

    The last time where it falls to the end, and the first where it only rises.
    """
    fit = Polynomial.fit(times, sums, 4)
    slope = fit.deriv()
    at = np.sort([r.real for r in slope.roots() if abs(r.imag) < 1e-9 and times[0] < r.real < times[-1]])
    low = [t for t in at if slope.deriv()(t) > 0.0]
    return float(low[0] if len(low) else times[0] if sums[-1] > sums[0] else times[-1])


def turning_with_error(stride: float, sums: Array) -> tuple[float, float]:
    """When the mean of some sums stops falling, and its 95 % half-width by leaving out each of eight in turn.

    sums: (n, parts), entered every `stride` steps; 0 before there are nine of them, no error but for eight parts.
    """
    n, parts = sums.shape
    if n < 9:
        return 0.0, 0.0
    times = stride * np.arange(n)
    at = _turning(times, sums.mean(axis=1))
    without = [_turning(times, np.delete(sums, k, axis=1).mean(axis=1)) for k in range(parts)] if parts == 8 else [at]
    return at, T[7] * float(np.sqrt((parts - 1) * np.var(without)))


def slope_with_error(x: Array, y: Array) -> tuple[float, float]:
    """The slope of ten y on ten x and its 95 % half-width by what the line misses."""
    x, y = x - x.mean(), y - y.mean()
    size = max(float(x @ x), 1e-12)
    slope = float(x @ y) / size
    return slope, T[8] * float(np.sqrt(((y - slope * x) ** 2).sum() / (len(x) - 2) / size))


def balance(late: Array) -> Array:
    """M of every part over its mean production, (parts,), along the direction in which the other parts' is largest.

    late: (2, parts, K, K), M and γ⟨∂∂U⟩. Half of the parts choose a direction for the other half, so that what chance
    makes large in one is not looked for in the same.
    """
    found = np.empty(late.shape[1])
    for h in range(2):
        values, V = np.linalg.eigh(late[0, h::2].mean(axis=0))
        way = V[:, int(np.abs(values).argmax())]
        found[1 - h :: 2] = np.einsum("k,pkl,l->p", way, late[0, 1 - h :: 2], way)
    out: Array = found / float(np.trace(late.sum(axis=0).mean(axis=0))) * late.shape[-1]
    return out


def clear(M: Array, curvature: Array, members: int) -> Array:
    """M: (K, K) with 0 for those of its eigenvalues that `timelike`, or its like for positive ones, would not count."""
    values, V = np.linalg.eigh(M)
    produced = values + np.einsum("ki,kl,li->i", V, curvature, V)
    out: Array = V * np.where(np.abs(values) > 2.0 * np.sqrt(2.0 / members) * np.abs(produced), values, 0.0) @ V.T
    return out


def conic(M: Array, least: float = 1e-12) -> list[Array]:
    """Where |q·Mq| is its greatest at |q| = 1, for the first two weights: an ellipse, or a hyperbola and its conjugate.

    Nothing where no eigenvalue is as large as `least`: M is all but 0, and has no shape.
    """
    size = float(np.abs(np.linalg.eigvalsh(M[:2, :2])).max())
    if size < least:
        return []
    phi = np.linspace(0.0, 2.0 * np.pi, TURNS + 1)
    way = np.stack([np.cos(phi), np.sin(phi)], axis=1)
    m = np.einsum("pi,ij,pj->p", way, M[:2, :2] / size, way)
    r = 1.0 / np.sqrt(np.maximum(np.abs(m), FAR**-2))
    breaks = np.flatnonzero((np.sign(m[1:]) != np.sign(m[:-1])) | (np.maximum(r[1:], r[:-1]) >= FAR)) + 1
    return [piece for piece in np.split(r[:, None] * way, breaks) if len(piece) > 1]


def null_lines(M: Array, least: float = 1e-12) -> list[Array]:
    """Its two directions along which nothing stretches, if one direction is time-like and one is not."""
    (a, b), V = np.linalg.eigh(M[:2, :2])
    if max(-a, b) < least or not a < -1e-12 < 1e-12 < b:
        return []
    sides = [np.sqrt(b / (b - a)) * V[:, 0] + sign * np.sqrt(-a / (b - a)) * V[:, 1] for sign in (-1.0, 1.0)]
    return [FAR * np.stack([-side, side]) for side in sides]
