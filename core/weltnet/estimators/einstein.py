"""How well G_ab = −Λ g_ab + κ_E T_ab holds over a map, and what of it is due to matter.

All six components of every tensor count, in the orthonormal frame of who goes with the flow, and the measure is the sum
of squares of G_ab itself (R² uncentred). T_ab is that of a fluid at rest in that frame, ρ n_a n_b + w ρ h_ab. Λ and κ_E
are free unless given. Rows are those of a `Generator`: everything carries a jackknife error.

A null that shuffles T over the map passes anything smooth, because G is smooth as well. The right one is a field with
the same power in every total degree of the polynomials and random coefficients otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import RectBivariateSpline

from weltnet.estimators.generator import RIDGE, Basis

__all__ = [
    "CURVATURE", "FLAT", "LAMBDA", "MATTER", "SIX", "SOURCES", "Fit", "Matter", "added", "alike", "chance", "deficit",
    "fit", "fluid", "observe", "observed", "products", "share", "shuffled", "smooth",
]  # fmt: skip

Array = NDArray[Any]

SIX = (np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 2, 1, 2, 2]))
FLAT = np.diag([-1.0, 1.0, 1.0])
LAMBDA, MATTER, CURVATURE = 0, 1, 2
SOURCES = ("activity", "loss")
"""½ of the mean square of a neuron; ½ of the mean square by which a tick without noise changes it, the bulk loss."""


@dataclass(slots=True)
class Matter:
    """Sums over states x of networks with their X: gram (n, n) ΣBBᵀ and cross (n, 2) ΣB ρ; part of a state."""

    basis: Basis = field(default_factory=Basis)
    gram: Array = field(default_factory=lambda: np.zeros((0, 0)))
    cross: Array = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if self.gram.size == 0:
            self.reset()

    def reset(self) -> None:
        """Forget everything: the network has changed."""
        n = self.basis.size
        self.gram, self.cross = np.zeros((n, n)), np.zeros((n, len(SOURCES)))


def observe(matter: Matter, X: Array, x: Array, foreseen: Array, counts: Array) -> None:
    """Add states x: (copies, N) with their X: (copies, 2), and what a tick without noise makes of them, in place."""
    half = matter.basis.half
    counts = counts & (np.abs(X) < half).all(axis=-1)
    B = matter.basis(np.clip(X, -half, half)) * counts[:, None]
    rho = 0.5 * np.stack([(x**2).mean(axis=1), ((x - foreseen) ** 2).mean(axis=1)], axis=1)
    matter.gram = matter.gram + B.T @ B
    matter.cross = matter.cross + B.T @ (rho * counts[:, None])


def observed(matter: Matter) -> Array:
    """Coefficients (n, 2) of each ρ(X) on the basis."""
    out: Array = np.linalg.solve(matter.gram + RIDGE * np.eye(len(matter.gram)), matter.cross)
    return out


def fluid(rho: ArrayLike, pressure: float) -> Array:
    """T_ab = ρ n_a n_b + w ρ h_ab in the frame: (..., 3, 3); w = 0 is dust, ½ radiation in two dimensions."""
    out: Array = np.asarray(rho, dtype=float)[..., None, None] * np.diag([1.0, pressure, pressure])
    return out


def products(T: Array, G: Array) -> Array:
    """Mean products over the map of −g, T and G with each other: (rows, 3, 3). G: (rows, n, 3, 3); T: the same or one.

    All that follows is a function of these: [LAMBDA, MATTER] of each row and column, then G itself.
    """
    rows, n = G.shape[:2]
    three = np.empty((rows, 3, n, len(SIX[0])))
    three[:, LAMBDA] = -FLAT[SIX]
    three[:, MATTER] = T[..., SIX[0], SIX[1]]
    three[:, CURVATURE] = G[..., SIX[0], SIX[1]]
    flat = three.reshape(rows, 3, -1)
    out: Array = flat @ flat.swapaxes(1, 2) / n
    return out


@dataclass(frozen=True, slots=True)
class Fit:
    """Λ and κ_E that fit best, the share R² of G² they explain, and the share `alone` of Λ without matter."""

    cosmological: Array
    coupling: Array
    R2: Array
    alone: Array


TINY = 1e-300


def fit(products: Array) -> Fit:
    """The best Λ and κ_E of each row of products: (..., 3, 3)."""
    a, b = products[..., LAMBDA, LAMBDA], products[..., LAMBDA, MATTER]
    d, y = products[..., MATTER, MATTER], products[..., :2, CURVATURE]
    whole = np.maximum(products[..., CURVATURE, CURVATURE], TINY)
    det = a * d - b * b
    # Matter that looks like −g everywhere is not told from Λ, and Λ takes it all.
    apart = det > 1e-9 * a * d
    det = np.where(apart, det, 1.0)
    first = np.where(apart, (d * y[..., 0] - b * y[..., 1]) / det, y[..., 0] / a)
    second = np.where(apart, (a * y[..., 1] - b * y[..., 0]) / det, 0.0)
    return Fit(first, second, (first * y[..., 0] + second * y[..., 1]) / whole, y[..., 0] ** 2 / (a * whole))


def added(products: Array, coupling: ArrayLike) -> Array:
    """Share of what Λ leaves of G that matter explains with this κ_E, Λ being fitted anew; 1 is Einstein's law.

    Negative where this κ_E makes it worse.
    """
    a, b = products[..., LAMBDA, LAMBDA], products[..., LAMBDA, MATTER]
    free = products[..., MATTER, MATTER] - b * b / a
    pull = products[..., MATTER, CURVATURE] - b * products[..., LAMBDA, CURVATURE] / a
    left = products[..., CURVATURE, CURVATURE] - products[..., LAMBDA, CURVATURE] ** 2 / a
    k = np.asarray(coupling, dtype=float)
    out: Array = (2.0 * k * pull - k * k * free) / np.maximum(left, TINY)
    return out


DRAWS = 200


@lru_cache(maxsize=4)
def _dice(size: int) -> Array:
    """Fixed standard normals (DRAWS, size): a null is part of the ruler, not of the luck of a run."""
    return np.random.default_rng(7).standard_normal((DRAWS, size))


def smooth(basis: Basis, at: Array, rho: Array) -> Array:
    """Random ρ of the same power per function in every total degree as ρ: (n,) at X: (n, 2); (DRAWS, n)."""
    p = basis.degree
    degree = np.array([i + j for i in range(p + 1) for j in range(p + 1 - i)])
    B = basis(at)
    coefficients = np.linalg.solve(B.T @ B + 1e-9 * np.eye(basis.size), B.T @ rho)
    power = np.array([(coefficients[degree == d] ** 2).mean() for d in range(p + 1)])
    out: Array = (_dice(basis.size) * np.sqrt(power)[degree]) @ B.T
    return out


def chance(rho: Array, pressure: float, G: Array) -> float:
    """The R² that 95 % of random fields ρ: (draws, n) stay below on G: (n, 3, 3)."""
    found = fit(products(fluid(rho, pressure), np.broadcast_to(G, (len(rho), *G.shape)))).R2
    return float(np.quantile(found, 0.95))


def shuffled(rho: Array) -> Array:
    """ρ: (n,) shuffled over the map, a null that anything smooth passes: (DRAWS, n)."""
    out: Array = rho[np.argsort(_dice(len(rho)), axis=1)]
    return out


def alike(rho: Array, normal: Array) -> Array:
    """Squared correlation of ρ: (..., n) with G_nn: (n,) over the map: one component, a mean and a factor free."""
    a, b = rho - rho.mean(axis=-1, keepdims=True), normal - normal.mean()
    out: Array = (a @ b) ** 2 / np.maximum((a * a).sum(axis=-1) * (b @ b), TINY)
    return out


def share(products: Array, cosmological: float) -> Array:
    """R² of a Λ that is told, without matter."""
    gained = 2.0 * cosmological * products[..., LAMBDA, CURVATURE] - cosmological**2 * products[..., LAMBDA, LAMBDA]
    out: Array = gained / np.maximum(products[..., CURVATURE, CURVATURE], TINY)
    return out


def deficit(axis: Array, phi: Array, centre: ArrayLike, radii: ArrayLike, cosmological: float) -> Array:
    """Angle that is missing round a place on the slice e^{2φ}δ, by Gauss–Bonnet on circles of these radii: (radii,).

    2π − ∮ (1 + r ∂_r φ) dθ − Λ·area, from a spline of φ: nothing is taken from the equation that φ solves but Λ.
    """
    x, y = np.asarray(centre, dtype=float)
    # Six places beyond the largest circle its end is not felt, and a spline of all places is slow.
    reach = float(np.max(radii)) + 6.0 * (axis[1] - axis[0])
    i, j = (np.flatnonzero(np.abs(axis - c) <= reach) for c in (x, y))
    smooth = RectBivariateSpline(axis[i], axis[j], phi[np.ix_(i, j)])
    angle = 2.0 * np.pi * np.arange(64) / 64
    c, s = np.cos(angle), np.sin(angle)
    r = np.asarray(radii, dtype=float)[:, None]
    out = smooth.ev(x + r * c, y + r * s, dx=1) * c + smooth.ev(x + r * c, y + r * s, dy=1) * s
    turned = 2.0 * np.pi * (1.0 + r[:, 0] * out.mean(axis=1))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    inner = 0.5 * r[..., None] * (nodes[:, None] + 1.0)
    square = np.exp(2.0 * smooth.ev(x + inner * c, y + inner * s)).mean(axis=-1)
    area = np.pi * r[:, 0] * (weights * inner[..., 0] * square).sum(axis=1)
    missing: Array = 2.0 * np.pi - turned - cosmological * area
    return missing
