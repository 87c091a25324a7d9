"""Closed forms for Gaussians against quadrature and finite differences."""

from __future__ import annotations

import numpy as np

from weltnet.theory import gaussians

COV = np.array([[0.3, 0.12], [0.12, 0.2]])
AXIS = np.linspace(-6, 6, 601)


def test_density_entropy_and_fisher_by_quadrature():
    """Link: the trapezoidal rule, spectrally accurate for densities that vanish at the edge."""
    p = gaussians.density(AXIS, AXIS, (0.1, -0.2), COV)
    cell = (AXIS[1] - AXIS[0]) ** 2
    assert abs(p.sum() * cell - 1) < 1e-10
    assert abs(-(p * np.log(p)).sum() * cell - gaussians.entropy(COV)) < 1e-8
    gx, gy = np.gradient(np.log(p), AXIS, AXIS, edge_order=2)
    assert abs(((gx**2 + gy**2) * p).sum() * cell / gaussians.fisher_trace(COV) - 1) < 1e-6
    D = np.array([[0.4, 0.1], [0.1, 0.2]])
    flow = (D[0, 0] * gx**2 + 2 * D[0, 1] * gx * gy + D[1, 1] * gy**2) * p
    assert abs(flow.sum() * cell / gaussians.production(COV, D) - 1) < 1e-6


def test_ornstein_uhlenbeck_covariance_solves_its_equation():
    """Link: dΣ/dt = −AΣ − ΣAᵀ + 2D by central differences, and the stationary limit."""
    A, D = np.array([[0.6, 2.0], [-2.0, 0.9]]), np.array([[0.3, 0.05], [0.05, 0.1]])
    e = 1e-4
    for t in (0.1, 0.7):
        at = gaussians.ou_covariance(A, D, COV, t)
        slope = (gaussians.ou_covariance(A, D, COV, t + e) - gaussians.ou_covariance(A, D, COV, t - e)) / (2 * e)
        assert np.abs(slope - (2 * D - A @ at - at @ A.T)).max() < 1e-6
    assert np.abs(gaussians.ou_covariance(A, D, COV, 0.0) - COV).max() < 1e-12
    assert np.abs(gaussians.ou_covariance(A, D, COV, 40.0) - gaussians.ou_stationary(A, D)).max() < 1e-8


def test_production_minus_destruction_is_the_change_of_entropy():
    """Link: dS/dt of the closed-form entropy by central differences equals tr(D Σ⁻¹) − tr A."""
    A, D, t, e = np.array([[0.6, 2.0], [-2.0, 0.9]]), 0.2 * np.eye(2), 0.3, 1e-4

    def entropy(time):
        return gaussians.entropy(gaussians.ou_covariance(A, D, COV, time))

    net = gaussians.production(gaussians.ou_covariance(A, D, COV, t), D) - np.trace(A)
    assert abs((entropy(t + e) - entropy(t - e)) / (2 * e) - net) < 1e-6
    late = gaussians.ou_stationary(A, D)
    assert abs(gaussians.production(late, D) - np.trace(A)) < 1e-10
