"""The whole metric from bursts, with C that may depend on the place, and its curvature as a tensor, with errors.

    ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt),   h(X) = C(X)⁻¹,   G_ab = R_ab − ½ R g_ab.

v is that of a `Generator`. C(X) is a second forgetting regression on Chebyshev polynomials, of what the drift leaves of
a step, squared. Where one tick of the whole state x is known exactly, as a network's is, this is what X does not
resolve of the drift, and the rest of the noise is added without sampling error. Every quantity is computed for all rows
of the generator (all groups, and without each in turn), so that the errors of v and of C, and what they have in common,
all enter the jackknife. S is taken as exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.estimators.curvature import Cones, cones, supported
from weltnet.estimators.generator import ENOUGH, RIDGE, Basis, Generator, Moments, Stencil, grouped, jackknife, stencil
from weltnet.estimators.waves import mean_over_copies
from weltnet.kernels.geodesics import curvatures

__all__ = [
    "Noise", "Places", "Squares", "Tensor", "by_chance", "constant", "gather", "light", "noise", "observed", "places",
    "repeats", "tensor",
]  # fmt: skip

Array = NDArray[Any]

HIGHER = 2
"""Degrees by which C exceeds the regression's own, to follow its correction for the lag of a tick."""
ORDERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
LEAST = 0.05
"""Smallest eigenvalue of C, in units of the mean of C over the data, that a polynomial is believed."""


@dataclass(slots=True)
class Squares:
    """Forgetting sums of what the drift leaves, one row per group of copies; part of a rewindable state.

    gram: (groups, n, n) ΣBBᵀ; cross: (groups, n, 3) ΣB (e₁e₁, e₁e₂, e₂e₂), e = X' − X − d(X).
    """

    basis: Basis = field(default_factory=lambda: Basis(2, 0.5))
    groups: int = 8
    gram: Array = field(default_factory=lambda: np.zeros(0))
    cross: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if self.gram.size == 0:
            self.reset()

    def reset(self) -> None:
        """Forget everything: the network has changed."""
        g, n = self.groups, self.basis.size
        self.gram, self.cross = np.zeros((g, n, n)), np.zeros((g, n, 3))


def gather(
    squares: Squares, generator: Generator, X: Array, mean: Array, after: Array, age: Array, *,
    exact: float | None = None, burn: int = 2, halflife: float = 16.0,
) -> None:  # fmt: skip
    """Forget by 2^(−ticks/halflife), then add what `kernels.copies.advance` returned, in place.

    X, mean, after: (ticks, copies, 2); age: (ticks, copies), as for `generator.fold`, to be called after it: d is the
    map of `generator`. `exact` is the variance of X' given the whole state, 2η²/N of a network; without it that noise
    is sampled, too. A square is booked half-way, at X + d/2, where one tick's lag does not shift C(X).
    """
    groups, half = squares.groups, squares.basis.half
    at = grouped(X, groups)
    d = generator.map_basis(np.clip(at, -half, half)) @ generator.map[0]
    keep = grouped((age >= burn)[..., None], groups) * (np.abs(at) < half).all(axis=-1, keepdims=True)
    e = grouped((after if exact is None else mean) - X, groups) - d
    B = squares.basis(np.clip(at + 0.5 * d, -half, half)) * keep
    added = 0.0 if exact is None else exact
    e2 = np.stack([e[..., 0] ** 2 + added, e[..., 0] * e[..., 1], e[..., 1] ** 2 + added], axis=-1)
    Bt, f = B.swapaxes(1, 2), 0.5 ** (len(age) / halflife)
    squares.gram = f * squares.gram + Bt @ B
    squares.cross = f * squares.cross + Bt @ e2


def observed(moments: Moments) -> Moments:
    """The moments as who sees X alone has them: steps X' − X in the place of their conditional means."""
    m = moments
    return Moments(m.basis, m.groups, m.gram, m.step, m.step, m.step_square, m.step_square)


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """C(X) per tick: (1 + groups, n, 3) coefficients of (xx, xy, yy) on `basis`, rows as in `Generator`."""

    basis: Basis
    coefficients: Array

    def __call__(self, X: ArrayLike) -> Array:
        """C at X: (..., 2) from all groups: (..., 2, 2)."""
        return _matrix(self.basis(X) @ self.coefficients[0])


def constant(generator: Generator) -> Noise:
    """The constant C of a generator."""
    C = generator.noise
    return Noise(Basis(0, generator.basis.half), np.stack([C[:, 0, 0], C[:, 0, 1], C[:, 1, 1]], axis=-1)[:, None])


def noise(squares: Squares, generator: Generator) -> Noise:
    """Solve the regression, and correct it for the lag of a tick.

    The covariance of a tick is that of noise which the flow has carried on: half-way it is
    C₁ = C + ½ (A C + C Aᵀ) + …, A = ∂v there, of which Z/(e^Z − 1), Z C = A C + C Aᵀ, gives C back to fourth order in A
    and, where C varies, to second: what is left out is (v·∂)²C/24. Where a polynomial leaves the positive matrices, see
    `tensor`.
    """
    gram, cross = (np.concatenate([a.sum(0, keepdims=True), a.sum(0) - a]) for a in (squares.gram, squares.cross))
    # The doubt pulls toward the mean, not toward zero, so that C stays positive where there are few data.
    middle = cross[:, :1] / np.maximum(gram[:, :1, :1], 1e-300)
    size = squares.basis.size
    prior = np.zeros((len(gram), size, 3))
    prior[:, :1] = RIDGE * middle
    found = np.linalg.solve(gram + RIDGE * np.eye(size), cross + prior)
    kept = Basis(squares.basis.degree + HIGHER, squares.basis.half)
    n = kept.degree + 2
    z = kept.half * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    nodes = np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    v = generator.basis
    here = np.concatenate([np.zeros((1, 2)), nodes])
    A = np.stack([v(here, 1, 0) @ generator.flow, v(here, 0, 1) @ generator.flow], axis=-1)
    # Where the data do not determine the drift its slope is that of the middle: a polynomial's own could be anything.
    known = generator.map_basis(nodes)
    trust = 1.0 / (1.0 + (ENOUGH * np.einsum("ni,ij,nj->n", known, generator.doubt, known)) ** 4)
    A = A[:, :1] + trust[:, None, None] * (A[:, 1:] - A[:, :1])

    def Z(C: Array) -> Array:
        AC: Array = A @ C
        return AC + AC.swapaxes(-1, -2)

    one_tick = _matrix(squares.basis(nodes) @ found)
    z1 = Z(one_tick)
    z2 = Z(z1)
    C = one_tick - z1 / 2 + z2 / 12 - Z(Z(z2)) / 720
    values = np.stack([C[..., 0, 0], C[..., 0, 1], C[..., 1, 1]], axis=-1)
    B = kept(nodes)
    return Noise(kept, np.linalg.solve(B.T @ B, B.T) @ values)


def _matrix(entries: Array) -> Array:
    """(..., 3) = xx, xy, yy; (..., 2, 2)."""
    return entries[..., [[0, 1], [1, 2]]]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """n places, and the bases of v and C and their derivatives there; computed once.

    noise: (6, n, size of C's basis), the value and ∂x, ∂y, ∂xx, ∂xy, ∂yy.
    """

    drift: Stencil
    noise: Array


def places(basis: Basis, X: ArrayLike, degree: int | None = None) -> Places:
    """X: (n, 2), for generators from moments on `basis` and squares of this degree; None: constant C."""
    own = Basis(0 if degree is None else degree + HIGHER, basis.half)
    at = stencil(basis, X)
    return Places(at, np.stack([own(at.at, a, b) for a, b in ORDERS]))


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """The metric and its curvature at n places, for all groups (row 0) and without each in turn (rows 1 …).

    drift: (1 + groups, n, 2); noise: (1 + groups, n, 2, 2); ricci, einstein: (1 + groups, n, 3, 3) components of R_ab
    and G_ab in the frame e₀ = (1, v)/√|S|, e_i = rows of L⁻¹ with h = L Lᵀ, of who goes with the flow; R: (1 + groups,
    n); resolved: (n,) bool, see `tensor`. All curvatures are per unit of ds², that is per tick² over S.
    """

    S: float
    drift: Array
    noise: Array
    ricci: Array
    einstein: Array
    R: Array
    expansion: Array
    """(1 + groups, n): θ = ∂_i v^i per tick."""
    known: Array
    """(n,) bool: there are data here, and C is positive in every row."""
    resolved: Array

    def normal(self) -> tuple[Array, Array]:
        """G_nn, what who goes with the flow calls energy: (n,), and its standard error."""
        return jackknife(self.einstein[..., 0, 0])

    def scalar(self) -> tuple[Array, Array]:
        """R: (n,), and its standard error."""
        return jackknife(self.R)


def tensor(generator: Generator, C: Noise, at: Places, S: float) -> Tensor:
    """The metric, its Ricci and Einstein tensors and R at n places, for lapse² S, positive or negative but not zero.

    A place is known where the data determine the drift and C has no eigenvalue below LEAST of its mean in any row;
    elsewhere a C of that size which does not vary stands in, so that every number is finite. It is resolved where,
    besides, twice the error of R is below |R| or below the rms R of the known places, whichever is larger.
    """
    if S == 0.0 or not np.isfinite(S):
        raise ValueError(f"S = {S} is no lapse²; allowed: any number but 0, positive for a metric with time")
    rows, n = len(generator.flow), len(at.drift.at)
    v, vx, vy, vxx, vxy, vyy = (at.drift.flow @ generator.flow[:, None]).swapaxes(0, 1)
    c = (at.noise @ C.coefficients[:, None]).swapaxes(0, 1)
    w = _matrix(c)
    typical = 0.5 * np.abs(np.trace(w, axis1=-2, axis2=-1)).mean(axis=(1, 2))[0] + 1e-300
    positive = np.linalg.eigvalsh(w[0])[..., 0] > LEAST * typical
    w = np.where(positive[None, ..., None, None], w, 0.0)
    w[0] = np.where(positive[..., None, None], w[0], typical * np.eye(2))
    dv = np.stack([vx, vy], axis=-1)
    ddv = np.stack([np.stack([vxx, vxy], axis=-1), np.stack([vxy, vyy], axis=-1)], axis=-2)
    dC = np.stack([w[1], w[2]], axis=-1)
    ddC = np.stack([np.stack([w[3], w[4]], axis=-1), np.stack([w[4], w[5]], axis=-1)], axis=-2)
    flat = [np.ascontiguousarray(a.reshape(rows * n, *a.shape[2:])) for a in (v, dv, ddv, w[0], dC, ddC)]
    ricci = np.empty((rows * n, 3, 3))
    scalar = np.empty(rows * n)
    curvatures(*flat, float(S), ricci, scalar)

    frame = np.zeros((rows, n, 3, 3))
    frame[..., 0, 0], frame[..., 0, 1:] = 1.0, v
    frame[..., 0, :] /= np.sqrt(abs(S))
    # L⁻¹ of h = C⁻¹ in closed form: Cᵀ Cholesky from the other end.
    xx, xy, yy = w[0, ..., 0, 0], w[0, ..., 0, 1], w[0, ..., 1, 1]
    frame[..., 1, 1] = np.sqrt(xx - xy * xy / yy)
    frame[..., 2, 1], frame[..., 2, 2] = xy / np.sqrt(yy), np.sqrt(yy)
    R = scalar.reshape(rows, n)
    framed: Array = frame @ ricci.reshape(rows, n, 3, 3) @ frame.swapaxes(-1, -2)
    einstein = framed - 0.5 * R[..., None, None] * np.diag([-np.sign(S), 1.0, 1.0])

    known = supported(generator, at.drift.map) & positive.all(axis=0)
    value, error = jackknife(R)
    scale = np.sqrt(max(float((value**2 - error**2)[known].mean()), 0.0)) if known.any() else 0.0
    resolved = known & np.isfinite(value + error) & (2.0 * error < np.maximum(np.abs(value), scale))
    return Tensor(S, v, w[0], framed, einstein, R, vx[..., 0] + vy[..., 1], known, resolved)


def light(generator: Generator, C: Noise, S: float, X: ArrayLike) -> Cones:
    """`curvature.cones` at X: (n, 2), each as wide as its own C(X) says."""
    constant_wide = cones(generator, S, X)
    wide = C(constant_wide.at)
    xx, xy, yy = wide[:, 0, 0], wide[:, 0, 1], wide[:, 1, 1]
    area2 = xx * yy - xy * xy
    positive = (area2 > 0.0) & (xx > 0.0)
    area = np.sqrt(np.where(positive, area2, 1.0))
    size = np.sqrt(np.where(positive, xx + yy + 2.0 * area, 1.0))
    root = (wide + area[:, None, None] * np.eye(2)) / size[:, None, None]
    radius = np.where(positive[:, None, None], np.sqrt(max(S, 0.0)) * root, constant_wide.radius)
    return Cones(constant_wide.at, constant_wide.drift, radius, constant_wide.resolved & positive)


def repeats(rows: Array) -> tuple[float, float]:
    """Correlation of the maps that separate copies draw, and its 95 % half-width; rows: (1 + groups, n).

    Each group alone, f_g = G f − (G − 1) f_(without g), against all the others: to first order they share no noise.
    """
    g = len(rows) - 1
    alone = g * rows[0] - (g - 1) * rows[1:]
    pairs = [(_centred(a), _centred(b)) for a, b in zip(alone, rows[1:], strict=True)]
    return mean_over_copies(np.array([float((a * b).sum()) for a, b in pairs]))


def _centred(f: Array) -> Array:
    off = f - f.mean()
    out: Array = off / max(float(np.sqrt((off**2).sum())), 1e-300)
    return out


@lru_cache(maxsize=8)
def _normals(draws: int, k: int) -> Array:
    return np.random.default_rng(0).standard_normal((draws, k))


def by_chance(f: Array, basis: Array, degrees: Array, draws: int = 400) -> float:
    """The |correlation| with the map f: (n,) that 95 % of smooth random maps as rough as it stay below.

    basis: (n, k) Chebyshev products of these total degrees: (k,). A random map has normal coefficients, of the mean
    square that those of f have at their degree. Pixels in random order would be rougher, and would let anything pass.
    """
    own = np.linalg.lstsq(basis, _centred(f), rcond=None)[0]
    rough = np.array([np.sqrt((own[degrees == d] ** 2).mean()) if d else 0.0 for d in degrees])
    maps = (_normals(draws, len(rough)) * rough) @ basis.T
    maps -= maps.mean(axis=1, keepdims=True)
    size = np.maximum(np.sqrt((maps**2).sum(axis=1)), 1e-300)
    return float(np.quantile(np.abs(maps @ _centred(f)) / size, 0.95))
