"""Curvature and light cones of ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt), h = C⁻¹ constant, S one number.

In the frame in which h is the identity, with K_ij the symmetric part of ∂_j v^i, θ = tr K and units of 1/S:

    R = (K_ij K^ij + θ² + 2 v·∂θ) / S,   G_nn = (θ² − K_ij K^ij) / (2 S) = det K / S.

C is not quite constant: X' given x has exactly the noise 2η²/N, but what X does not resolve of x adds 5 to 10 % that
depends on X. Over the map C varies by 1.4 to 2.8 % in all (N = 16, 64, 256; both wells, slope, ridge). That moves R(0)
by less than a fifth of the error it has in a live picture, and the map by .8 to 2 % of its rms: a sixth to a third of
the sampling error there, three quarters at N = 256. `estimators.metric` lets C vary: far from the centre, where R is
largest, its map is 8 % lower (N = 64, |X| > .3).

S < 0 is allowed: the metric is then Euclidean, R keeps its formula and there is no cone. S = 0 has no metric.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.estimators.generator import ENOUGH, Generator, Stencil, jackknife

__all__ = ["Cones", "Curvature", "cones", "curvature", "supported"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """Curvature and kinematics of the flow at n points, each (n,), with standard errors where they are drawn.

    R and normal (G_nn) per tick² at the given S; expansion θ, vorticity ω and shear per tick, whatever S.
    """

    R: Array
    R_error: Array
    normal: Array
    normal_error: Array
    expansion: Array
    expansion_error: Array
    vorticity: Array
    vorticity_error: Array
    shear: Array
    resolved: Array
    """(n,) bool: twice the error of R is below |R| or below the rms R of the points where there are data,
    whichever is larger, and the point is one of these."""


def supported(generator: Generator, basis: Array) -> Array:
    """Whether the data determine d where `basis`: (n, size) was evaluated; (n,) bool."""
    doubt = np.einsum("ni,ij,nj->n", basis, generator.doubt, basis)
    out: Array = doubt < 1.0 / ENOUGH
    return out


def curvature(generator: Generator, points: Stencil, S: float) -> Curvature:
    """Curvature at n points, kept as a stencil.

    Valid for constant C (see above) and uniform lapse. The errors are those of sampling; S is taken as exact
    (R ∝ 1/S), and what a polynomial of this degree cannot follow is not in them.
    """
    flow, C = generator.flow, generator.noise
    v, vx, vy, vxx, vxy, vyy = (points.flow @ flow[:, None]).swapaxes(0, 1)
    frame = _root(C)[:, None]
    g = np.linalg.inv(frame) @ np.stack([vx, vy], axis=-1) @ frame
    K = 0.5 * (g + g.swapaxes(-1, -2))
    square = (K**2).sum(axis=(-1, -2))
    theta = vx[..., 0] + vy[..., 1]
    along = v[..., 0] * (vxx[..., 0] + vxy[..., 1]) + v[..., 1] * (vxy[..., 0] + vyy[..., 1])
    R, R_error = jackknife((square + theta**2 + 2.0 * along) / S)
    normal, normal_error = jackknife(0.5 * (theta**2 - square) / S)
    expansion, expansion_error = jackknife(theta)
    vorticity, vorticity_error = jackknife(0.5 * (g[..., 1, 0] - g[..., 0, 1]))
    shear = np.sqrt(np.maximum(square - 0.5 * theta**2, 0.0))[0]
    resolved = supported(generator, points.map)
    scale = np.sqrt(max(float((R**2 - R_error**2)[resolved].mean()), 0.0)) if resolved.any() else 0.0
    resolved &= np.isfinite(R + R_error) & (2.0 * R_error < np.maximum(np.abs(R), scale))
    return Curvature(
        R, R_error, normal, normal_error, expansion, expansion_error, vorticity, vorticity_error, shear, resolved
    )  # fmt: skip


def _root(C: Array) -> Array:
    """The symmetric square root of C: (..., 2, 2), a frame in which h = C⁻¹ is the identity.

    Too few samples can leave C without a positive direction; it gets a tiny one, so that the error, not a fault, says
    that nothing is resolved.
    """
    w, V = np.linalg.eigh(np.nan_to_num(C))
    floor = np.maximum(1e-9 * np.abs(w).max(axis=-1, keepdims=True), 1e-30)
    root: Array = (V * np.sqrt(np.maximum(w, floor))[..., None, :]) @ V.swapaxes(-1, -2)
    return root


@dataclass(frozen=True, slots=True, eq=False)
class Cones:
    """Light cones at n points: drift (n, 2) per tick and radius (n, 2, 2) with L Lᵀ = S C, zero where S ≤ 0."""

    at: Array
    drift: Array
    radius: Array
    resolved: Array


def cones(generator: Generator, S: float, X: ArrayLike | None = None) -> Cones:
    """Cones at X: (n, 2), by default the 7 × 7 grid over [−.9 L, .9 L]².

    A cone is resolved when the standard error of v is below half the cone's mean radius √(S √det C), or, without a
    cone, below half of |v|, and the data determine the drift there.
    """
    if X is None:
        g = np.linspace(-0.9, 0.9, 7) * generator.basis.half
        X = np.stack(np.meshgrid(g, g, indexing="ij"), axis=-1).reshape(-1, 2)
    at = np.asarray(X, dtype=float)
    drift, error = jackknife(generator.basis(at) @ generator.flow)
    C = generator.noise[0]
    L = np.sqrt(S) * _root(C) if S > 0 else np.zeros((2, 2))
    size = np.sqrt(abs(np.linalg.det(L)))
    off = np.sqrt((error**2).sum(axis=-1))
    resolved = off < 0.5 * np.maximum(size, np.sqrt((drift**2).sum(axis=-1)))
    resolved &= supported(generator, generator.map_basis(at))
    return Cones(at, drift, np.broadcast_to(L, (len(at), 2, 2)).copy(), resolved)
