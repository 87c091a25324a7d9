"""The density grid: normalisation, smoothing, derivatives, and the density of a Gaussian ensemble."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.density import Grid
from weltnet.theory import gaussians, twins

GRID = Grid(96)


def test_smoothing_equals_direct_summation():
    """Link: the Gaussian summed over periodic images in real space."""
    grid = Grid(32)
    field = np.random.default_rng(0).uniform(size=(32, 32))
    assert np.abs(grid.smooth(field, 0.5) - twins.smooth(field, grid.spacing, 0.5)).max() < 1e-12


def test_gradient_of_a_smooth_field_is_exact():
    """Link: derivatives of the closed-form Gaussian density."""
    g = GRID.axis
    cov = np.array([[0.12, 0.05], [0.05, 0.1]])
    p = gaussians.density(g, g, (0.2, -0.1), cov)
    d = np.stack(np.meshgrid(g - 0.2, g + 0.1, indexing="ij"))
    exact = -np.einsum("ij,jab->iab", np.linalg.inv(cov), d) * p
    assert np.abs(GRID.gradient(p) - exact).max() < 1e-9 * np.abs(exact).max()


def test_density_of_a_gaussian_ensemble():
    """Link: the density of N(μ, Σ + h² + deposit variance) in closed form. Seed 2, M = 50 000; L1 noise about .03."""
    cov, h = np.array([[0.16, 0.06], [0.06, 0.09]]), 0.08
    q = np.random.default_rng(2).multivariate_normal((0.3, -0.4), cov, 50_000)
    p = GRID.density(q, h)
    widened = cov + (h**2 + GRID.deposit_variance) * np.eye(2)
    exact = gaussians.density(GRID.axis, GRID.axis, (0.3, -0.4), widened)
    assert p.min() > 0 and abs(p.sum() * GRID.cell - 1) < 1e-6
    assert np.abs(p - exact).sum() * GRID.cell < 0.05
    shifted = gaussians.density(GRID.axis, GRID.axis, (0.4, -0.4), widened)
    assert np.abs(p - shifted).sum() * GRID.cell > 0.1


def test_deposit_variance_is_what_the_deposit_adds():
    """Link: variance of the deposited field minus the ensemble's own, spacing²/6 averaged over the cell. Seed 3."""
    grid = Grid(48)
    q = np.random.default_rng(3).uniform(-1, 1, (20_000, 2))
    p = grid.counts(q)
    x = grid.axis[:, None]
    m = (p * x).sum() * grid.cell
    added = (p * (x - m) ** 2).sum() * grid.cell - q[:, 0].var()
    assert abs(added / grid.deposit_variance - 1) < 0.02


def test_reading_fields_at_members():
    """Link: a linear field is reproduced; the point (i, j) is at axis[i], axis[j]."""
    q = np.random.default_rng(4).uniform(-2.5, 2.5, (100, 2))
    g = GRID.axis
    fields = np.stack([np.broadcast_to(g[:, None], (96, 96)), np.broadcast_to(g[None, :], (96, 96))])
    assert np.abs(GRID.at(fields, q) - q).max() < 1e-12


def test_refusal():
    """Link: one sentence for a grid that cannot be."""
    for bad in ({"n": 95}, {"n": 4}, {"half_width": 0.0}):
        with pytest.raises(ValueError, match="allowed: an even n from 8 up"):
            Grid(**bad)
