"""The entropy ledger of a learning ensemble: its entropy S_q, what noise produces of it, what descent destroys.

For ∂_t p = ∇·(γ p ∇U) + ∂_i ∂_j (D_ij p), all rates in nats per learning step:

    dS_q/dτ = production − destruction − ⟨∂_i ∂_j D_ij⟩,   production = ∫ D_ij ∂_i p ∂_j p / p,   destruction = γ ⟨∇²U⟩.

At learning equilibrium they balance up to the last term and O(γ²). The gross rates are far larger than dS_q/dτ: never
integrate their difference. Estimates carry the smoothing of the density, which is removed by extrapolating to h_b → 0
in the form that is exact for an isotropic Gaussian.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from weltnet.estimators.density import Grid

__all__ = [
    "BANDWIDTHS", "compression", "contraction", "destruction", "entropy", "entropy_of", "nearest_neighbours",
    "production",
]  # fmt: skip

Array = NDArray[Any]

BANDWIDTHS = (0.06, 0.085)
FLOOR = 1e-3
"""Cells below this fraction of the highest density are left out of a Fisher integral: nothing resolves them."""


def entropy_of(grid: Grid, density: Array) -> float:
    """−∫ p ln p of a density on the grid, in nats."""
    return float(-(density * np.log(np.maximum(density, 1e-300))).sum() * grid.cell)


def entropy(grid: Grid, q: Array, bandwidths: tuple[float, float] = BANDWIDTHS) -> float:
    """S_q of the members q: (M, 2), in nats: the entropy power e^S of two smoothings, extrapolated linearly in h².

    Valid where the narrowest structure is wider than the smaller bandwidth; then the bias is below .01 for M ≥ 5000.
    """
    spectrum = grid.spectrum(grid.counts(q))
    power = []
    for h in bandwidths:
        p = np.maximum(grid.field(spectrum * grid.kernel(h)), 1e-30)
        power.append(np.exp(entropy_of(grid, p)))
    limit = _to_zero(grid, bandwidths, power)
    return float(np.log(limit if limit > 0.0 else power[0]))


def nearest_neighbours(q: Array, k: int = 4) -> float:
    """Kozachenko–Leonenko entropy of q: (M, d) in nats from the distance to the k-th neighbour; needs no grid.

    Standard error about √((var ln p + ψ′(k)) / M). Coincident members, which make it −∞, count as 1e-12 apart.
    """
    members, dims = q.shape
    if not 1 <= k < members:
        raise ValueError(f"k = {k} is refused; allowed: 1 to {members - 1} (neighbours among {members} members)")
    distance = np.maximum(cKDTree(q).query(q, k + 1)[0][:, k], 1e-12)
    log_ball = {1: np.log(2.0), 2: np.log(np.pi), 3: np.log(4.0 * np.pi / 3.0)}[dims]
    return float(digamma(members) - digamma(k) + log_ball + dims * np.log(distance).mean())


def production(grid: Grid, q: Array, diffusion: float | Array, bandwidths: tuple[float, float] = BANDWIDTHS) -> float:
    """Entropy produced by noise, ∫ D_ij ∂_i p ∂_j p / p, in nats per step.

    q: (M, 2), exchangeable members: the two gradients come from the even and the odd ones, so that their sampling noise
    does not add a square. diffusion: a number D, or the fields D_xx, D_xy, D_yy as (3, n, n) on the grid, per step.
    1/I at two bandwidths is extrapolated linearly in h² to zero.
    """
    fa, fb = (grid.spectrum(grid.counts(np.ascontiguousarray(q[s::2]))) for s in (0, 1))
    flow = []
    for h in bandwidths:
        kernel = grid.kernel(h)
        sa, sb = fa * kernel, fb * kernel
        p = grid.field(0.5 * (sa + sb))
        ax, ay = grid.slopes(sa)
        bx, by = grid.slopes(sb)
        if isinstance(diffusion, np.ndarray):
            xx, xy, yy = diffusion
            numerator = xx * ax * bx + xy * (ax * by + ay * bx) + yy * ay * by
        else:
            numerator = diffusion * (ax * bx + ay * by)
        seen = p > FLOOR * p.max()
        flow.append(float((numerator[seen] / p[seen]).sum() * grid.cell))
    if min(flow) <= 0.0:
        return flow[0]
    limit = _to_zero(grid, bandwidths, [1.0 / f for f in flow])
    return 1.0 / limit if limit > 0.0 else flow[0]


def destruction(grid: Grid, q: Array, rate: float, laplacian: Array) -> float:
    """Entropy destroyed by descent, γ ⟨∇²U⟩ over the members, in nats per step; negative on ridges.

    laplacian: (n, n) on the grid. Gross and signed.
    """
    return rate * float(grid.at(laplacian[None], q).mean())


def contraction(grid: Grid, q: Array, rate: float, hessian: Array) -> float:
    """The exact entropy destroyed by the map q → q − γ∇U: −⟨ln |det(1 − γ ∂∂U)|⟩ over the members, in nats per step.

    hessian: fields xx, xy, yy (3, n, n) on the grid. Equals `destruction` up to O(γ²).
    """
    xx, xy, yy = rate * grid.at(hessian, q).T
    return -float(np.log(np.abs((1.0 - xx) * (1.0 - yy) - xy * xy)).mean())


def compression(grid: Grid, q: Array, v: Array, bandwidth: float = BANDWIDTHS[0]) -> float:
    """−dS/dt of replicas that only move, ⟨v · ∇ ln p⟩ over the members, in nats per unit of time.

    q, v: (M, 2). Each half of the members reads the density of the other, so that no member sees itself. Smoothing
    biases it towards zero by about bandwidth² over the variance of the ensemble.
    """
    total = 0.0
    for mine, other in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        spectrum = grid.spectrum(grid.counts(np.ascontiguousarray(q[other]))) * grid.kernel(bandwidth)
        p = grid.field(spectrum)
        slopes = np.stack(grid.slopes(spectrum)) * (p > FLOOR * p.max()) / np.maximum(p, FLOOR * p.max())
        total += float((grid.at(slopes, np.ascontiguousarray(q[mine])) * v[mine]).sum())
    return total / len(q)


def _to_zero(grid: Grid, bandwidths: tuple[float, float], values: list[float]) -> float:
    """The value at zero smoothing of a quantity linear in the variance added to every member."""
    low, high = (h * h + grid.deposit_variance for h in bandwidths)
    return values[0] - (values[1] - values[0]) / (high - low) * low
