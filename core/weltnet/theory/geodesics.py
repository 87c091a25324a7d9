"""Geodesics of any metric, written from their definition, and the likeliest path between two events.

The slow twins of `weltnet.kernels.geodesics`, any number of dimensions, metrics that may depend on time:

    d²x^a/dτ² + Γ^a_bc (dx^b/dτ)(dx^c/dτ) = 0,   constants of motion: g_ab U^a U^b, and −g_0a U^a where ∂_t g = 0.

The Freidlin–Wentzell path from A to B in time T minimises ½∫(Ẋ − v)ᵀ C⁻¹ (Ẋ − v) dt: with a uniform lapse it is the
geodesic from A to B as S → ∞.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.theory.spacetimes import Metric, christoffel

__all__ = ["constants", "fall", "likeliest", "shoot", "unit"]

Array = NDArray[Any]


def unit(metric: Metric, at: ArrayLike, u: ArrayLike, norm: float = -1.0) -> Array:
    """U: (..., 1 + D) with U ∝ (1, u) and g(U, U) = norm, from places or events and the velocities u: (..., D).

    Not a number where (1, u) has not that sign. For a norm of 0 u is taken as it is.
    """
    u = np.asarray(u, dtype=float)
    U = np.concatenate([np.ones((*u.shape[:-1], 1)), u], axis=-1)
    if norm == 0.0:
        return U
    size = np.einsum("...ab,...a,...b->...", metric(np.asarray(at, dtype=float)), U, U)
    out: Array = U * np.sqrt(np.where(size * norm > 0.0, norm / np.where(size == 0.0, 1.0, size), np.nan))[..., None]
    return out


def fall(metric: Metric, at: ArrayLike, U: ArrayLike, span: float, steps: int) -> tuple[Array, Array]:
    """Runge–Kutta in the affine parameter: points (steps + 1, ..., D or 1 + D) and U (steps + 1, ..., 1 + D).

    at: places of a stationary metric, or events; U: (..., 1 + D) at the beginning.
    """
    x, V, h = np.asarray(at, dtype=float), np.asarray(U, dtype=float), span / steps
    d = x.shape[-1]

    def rate(x: Array, V: Array) -> tuple[Array, Array]:
        return V[..., -d:], -np.einsum("...abc,...b,...c->...a", christoffel(metric, x)[1], V, V)

    xs, Vs = [x], [V]
    for _ in range(steps):
        a, A = rate(x, V)
        b, B = rate(x + 0.5 * h * a, V + 0.5 * h * A)
        c, C = rate(x + 0.5 * h * b, V + 0.5 * h * B)
        e, E = rate(x + h * c, V + h * C)
        x, V = x + h / 6.0 * (a + 2.0 * b + 2.0 * c + e), V + h / 6.0 * (A + 2.0 * B + 2.0 * C + E)
        xs.append(x)
        Vs.append(V)
    return np.stack(xs), np.stack(Vs)


def constants(metric: Metric, at: ArrayLike, U: ArrayLike) -> tuple[Array, Array]:
    """Energy −g_0a U^a and norm g_ab U^a U^b."""
    g, V = metric(np.asarray(at, dtype=float)), np.asarray(U, dtype=float)
    low = np.einsum("...ab,...b->...a", g, V)
    return -low[..., 0], np.einsum("...a,...a->...", low, V)


def shoot(
    fly: Callable[[Array], Array], target: ArrayLike, guess: ArrayLike, *, rounds: int = 12, tolerance: float = 1e-11
) -> tuple[Array, Array]:
    """The start P with fly(P) = target, and the distance that is left: (n, D) and (n,).

    `fly` maps starts (n, D) to ends (n, D), row by row; target and guess: (n, D). Newton's method with a Jacobian by
    central differences and halved steps while a whole one does not come nearer; what does not arrive keeps its
    distance, which the caller must look at.
    """
    goal, P = np.asarray(target, dtype=float), np.array(guess, dtype=float)
    D = P.shape[-1]
    miss = fly(P) - goal
    size = np.linalg.norm(miss, axis=-1)
    for _ in range(rounds):
        if not (size > tolerance).any():
            break
        step = 1e-5 * np.maximum(1.0, np.abs(P).max(axis=-1, keepdims=True))
        shifts = [np.eye(D)[i] * step for i in range(D)]
        J = np.stack([(fly(P + e) - fly(P - e)) / (2.0 * step) for e in shifts], axis=-1)
        move = np.einsum("nij,nj->ni", np.linalg.pinv(np.nan_to_num(J)), miss)
        part = np.ones((len(P), 1))
        for _ in range(8):
            tried = P - part * move
            off = fly(tried) - goal
            far = np.linalg.norm(off, axis=-1)
            better = np.isfinite(far) & (far < size)
            P, miss = np.where(better[:, None], tried, P), np.where(better[:, None], off, miss)
            size = np.where(better, far, size)
            move = np.where(better[:, None], 0.0, move)
            if not np.abs(move).any():
                break
            part = 0.5 * part
    return P, size


def likeliest(
    drift: Callable[[Array], Array],
    noise: Callable[[Array], Array],
    start: ArrayLike,
    end: ArrayLike,
    span: float,
    *,
    steps: int = 40,
    rounds: int = 30,
) -> tuple[Array, float]:
    """The Freidlin–Wentzell path (steps + 1, D) from start to end in time `span`, and its cost, by Gauss–Newton.

    drift: X ↦ v, (..., D); noise: X ↦ C, (..., D, D). The cost ½ Σ |L⁻¹(ΔX/dt − v(X̄))|² dt, C = L Lᵀ, is taken at the
    middles of the segments, so that path and cost are of second order in 1/steps. Begins on the straight line; a step
    that would raise the cost is halved.
    """
    A, B = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    D, dt = len(A), span / steps
    x = A + np.linspace(0.0, 1.0, steps + 1)[:, None] * (B - A)

    def residuals(a: Array, b: Array) -> Array:
        middle = 0.5 * (a + b)
        missing = ((b - a) / dt - drift(middle))[..., None]
        out: Array = np.linalg.solve(np.linalg.cholesky(noise(middle)), missing)[..., 0] * np.sqrt(dt)
        return out

    def cost(x: Array) -> float:
        return 0.5 * float((residuals(x[:-1], x[1:]) ** 2).sum())

    now, eps = cost(x), 1e-6 * max(float(np.abs(x).max()), 1e-3)
    for _ in range(rounds):
        J = np.zeros((steps, D, steps + 1, D))
        here = np.arange(steps)
        for i in range(D):
            e = eps * np.eye(D)[i]
            J[here, :, here, i] = (residuals(x[:-1] + e, x[1:]) - residuals(x[:-1] - e, x[1:])) / (2.0 * eps)
            J[here, :, here + 1, i] = (residuals(x[:-1], x[1:] + e) - residuals(x[:-1], x[1:] - e)) / (2.0 * eps)
        inner = J[:, :, 1:-1].reshape(steps * D, (steps - 1) * D)
        move = np.linalg.lstsq(inner, -residuals(x[:-1], x[1:]).ravel(), rcond=None)[0].reshape(steps - 1, D)
        part = 1.0
        while part > 1e-3:
            tried = x.copy()
            tried[1:-1] += part * move
            then = cost(tried)
            if np.isfinite(then) and then <= now:
                break
            part *= 0.5
        else:
            break
        gain, x, now = now - then, tried, then
        if gain < 1e-13 * max(now, 1e-12):
            break
    return x, now
