"""Does a linear flow with constant noise solve the vacuum Einstein equations, and with which cosmological constant?

    v = M X,  h = C⁻¹ = constant,  lapse² S:   G_ab + Λ g_ab = 0.

In the frame of who goes with the flow, M ↦ L⁻¹ M L with C = L Lᵀ has a symmetric part θ, the expansion, and an
antisymmetric one w, and

    S G_nn = ½ ((tr θ)² − θ:θ),   S G_ij = θ_ij tr θ + [θ, w]_ij − ½ (θ:θ + (tr θ)²) δ_ij.

The best Λ is R/6 = (θ:θ + (tr θ)²)/6S: λ²/S for an isotropic contraction, and then nothing is left.    [derived]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["constant", "expansion", "logarithm", "missed", "regressed"]

Array = NDArray[Any]
TINY = 1e-12


def logarithm(A: ArrayLike) -> Array:
    """ln A of real 2 × 2 matrices (..., 2, 2), nan where it is not real; by Cayley and Hamilton."""
    a = np.asarray(A, dtype=float)
    half = 0.5 * np.trace(a, axis1=-2, axis2=-1)
    det = np.linalg.det(a)
    rest = a - half[..., None, None] * np.eye(2)
    turn = det - half**2
    size = np.sqrt(np.abs(turn))
    with np.errstate(all="ignore"):
        angle = np.where(turn > 0.0, np.arctan2(size, half), np.arctanh(size / half))
        factor = np.where(size > 1e-9, angle / size, 1.0 / half)
        real = (det > TINY) & ((turn > 0.0) | (half > 0.0))
        ln: Array = 0.5 * np.log(det)[..., None, None] * np.eye(2) + factor[..., None, None] * rest
    return np.where(real[..., None, None], ln, np.nan)


def expansion(A: ArrayLike, C: ArrayLike) -> tuple[Array, Array]:
    """θ and w, (..., 2, 2) each, of the flow whose time-one map is A, in a frame of the noise C: (..., 2, 2).

    C is that of one tick: its lag (of order λ) turns the frame only where C is uneven. nan where there is no real flow.
    """
    L = np.linalg.cholesky(np.asarray(C, dtype=float) + TINY * np.eye(2))
    M = np.linalg.solve(L, logarithm(A) @ L)
    return 0.5 * (M + M.swapaxes(-1, -2)), 0.5 * (M - M.swapaxes(-1, -2))


def constant(theta: Array, other: Array, S: ArrayLike) -> Array:
    """Λ (...) = (θ:θ′ + tr θ tr θ′)/6S; θ and θ′ from separate data, so that no square of an error enters."""
    trace = np.trace(theta, axis1=-2, axis2=-1) * np.trace(other, axis1=-2, axis2=-1)
    out: Array = ((theta * other).sum(axis=(-2, -1)) + trace) / (6.0 * np.asarray(S, dtype=float))
    return out


def missed(theta: Array, w: Array) -> Array:
    """Share of ΣG_ab² that no Λ explains, (...): |G + Λg|²/|G|² in the frame."""
    trace, square = np.trace(theta, axis1=-2, axis2=-1), (theta**2).sum(axis=(-2, -1))
    normal = 0.5 * (trace**2 - square)
    space = trace[..., None, None] * theta + theta @ w - w @ theta
    space = space - 0.5 * (square + trace**2)[..., None, None] * np.eye(2)
    best = (square + trace**2) / 6.0
    left = (normal - best) ** 2 + ((space + best[..., None, None] * np.eye(2)) ** 2).sum(axis=(-2, -1))
    out: Array = left / np.maximum(normal**2 + (space**2).sum(axis=(-2, -1)), 1e-300)
    return out


def regressed(sums: ArrayLike) -> tuple[Array, Array]:
    """A (..., 2, 2) and the noise C of one tick from Σ zzᵀ, z = (1, X, X′), (..., 5, 5): the regression of X′ on X."""
    s = np.asarray(sums, dtype=float)
    law = np.linalg.solve(s[..., :3, :3], s[..., :3, 3:])
    left = s[..., 3:, 3:] - law.swapaxes(-1, -2) @ s[..., :3, 3:]
    return law.swapaxes(-1, -2)[..., 1:], left / np.maximum(s[..., :1, :1] - 3.0, 1.0)
