"""F' on known potentials, its order, its solver, and the velocity it is made from."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.density import Grid
from weltnet.estimators.potential import current_velocity, flow, potential

Array = np.ndarray


def fields(n: int = 128, spread: float = 0.4) -> tuple[Grid, Array, Array, Array, Array]:
    grid = Grid(n, 3.0)
    x, y = np.meshgrid(grid.axis, grid.axis, indexing="ij")
    p = np.exp(-((x - 0.5) ** 2 + (y + 0.3) ** 2) / (2 * spread**2))
    return grid, x, y, p / (p.sum() * grid.cell), np.stack([x, y])


def rms(grid: Grid, p: Array, found: Array, F: Array) -> float:
    error = found - F
    error = error - (error * p).sum() / p.sum()
    return float(np.sqrt((error**2 * p).sum() / p.sum()))


def test_a_quadratic_potential_is_recovered() -> None:
    """Link: v = ∇F for γ = ½ and F quadratic, 128²: p-weighted rms error below 1e-3, the mean over p removed."""
    grid, x, y, p, _ = fields()
    F = 0.6 * x**2 - 0.4 * y**2 + 0.5 * x * y + 0.3 * x
    v = np.stack([1.2 * x + 0.5 * y + 0.3, -0.8 * y + 0.5 * x])
    found = potential(grid, p, p * v)
    assert rms(grid, p, found.F, F) < 1e-3
    assert abs((found.F * p).sum()) < 1e-9 * p.sum()
    assert found.residual < 1e-4 and found.iterations < 40
    slow = potential(grid, p, p * v, gamma=1.0)
    assert np.abs(slow.F - found.F / 2).max() < 1e-9


def test_order_two_in_the_spacing() -> None:
    """Link: F = sin 1.5x cos y by regression over four grids; a potential of the box, so only the stencil errs."""
    errors, sizes = [], np.array([32, 48, 64, 96])
    for n in sizes:
        grid, x, y, p, _ = fields(n, 0.6)
        F = np.sin(np.pi * x / 3) * np.cos(np.pi * y / 3)
        k = np.pi / 3
        v = k * np.stack([np.cos(k * x) * np.cos(k * y), -np.sin(k * x) * np.sin(k * y)])
        errors.append(rms(grid, p, potential(grid, p + 0.01, (p + 0.01) * v, tolerance=1e-8).F, F))
    order = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert abs(order - 2.0) < 0.15


def test_a_former_answer_saves_work_and_changes_nothing() -> None:
    """Link: conjugate gradients; from the answer none is needed, from a near one fewer."""
    grid, x, y, p, _ = fields(64)
    current = p * np.stack([np.sin(x), np.cos(2 * y)])
    cold = potential(grid, p, current, tolerance=1e-6)
    assert potential(grid, p, current, guess=cold.F, tolerance=1e-5).iterations == 0
    warm = potential(grid, p, 1.02 * current, guess=cold.F, tolerance=1e-3)
    assert warm.iterations < potential(grid, p, 1.02 * current, tolerance=1e-3).iterations
    assert potential(grid, p, current, limit=3).residual > 1e-4


def test_no_current_no_potential() -> None:
    """Link: the definition; and a circulating flow has none either: F' only sees the gradient part."""
    grid, x, y, p, _ = fields(64)
    assert np.abs(potential(grid, p, np.zeros((2, 64, 64))).F).max() == 0.0
    turning = p * np.stack([-(y + 0.3), x - 0.5])
    assert rms(grid, p, potential(grid, p, turning).F, np.zeros_like(p)) < 2e-3


def test_replicas_give_it_too() -> None:
    """Link: the weighted deposit; v linear with scatter 1, h_b = .14: smoothing keeps σ²/(σ² + h²) of its slope.

    20 000 replicas, seed 1; standard error of the slope 1/σ√2M = .01.
    """
    grid, x, y, _, _ = fields(64)
    rng = np.random.default_rng(1)
    q = 0.5 * rng.standard_normal((20_000, 2))
    v = 0.8 * q + rng.standard_normal(q.shape)
    p, current = flow(grid, q, v, 0.14)
    F = potential(grid, p, current).F
    kept = 0.8 * 0.25 / (0.25 + 0.14**2 + grid.deposit_variance)
    shape = 0.5 * (x**2 + y**2)
    shape = shape - (shape * p).sum() / p.sum()
    assert (F * shape * p).sum() / (shape**2 * p).sum() == pytest.approx(kept, abs=0.03)
    assert abs(p.sum() * grid.cell - 1.0) < 1e-6


def test_the_symmetric_difference_is_the_current_velocity() -> None:
    """Link: Ornstein–Uhlenbeck at equilibrium has no current, but a drift −q; exact steps of w = .05, seed 2.

    200 000 members; slope of the mean difference on q now: 0 symmetric (4 standard errors are .04), −1 forward.
    """
    rng = np.random.default_rng(2)
    w, M = 0.05, 200_000
    keep, kick = np.exp(-w), np.sqrt(1 - np.exp(-2 * w))
    before = rng.standard_normal(M)
    now = keep * before + kick * rng.standard_normal(M)
    after = keep * now + kick * rng.standard_normal(M)
    symmetric = current_velocity(before, after, 2 * w)
    assert abs((symmetric * now).mean()) < 4 * np.sqrt(1 / w / M)
    assert ((after - now) / w * now).mean() == pytest.approx(-1.0, abs=0.1)
