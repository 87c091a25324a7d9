"""The entropy ledger on ensembles whose entropy, production and destruction are known."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.density import Grid
from weltnet.estimators.entropy import (
    compression,
    contraction,
    destruction,
    entropy,
    entropy_of,
    nearest_neighbours,
    production,
)
from weltnet.kernels.ensemble import descend, initial
from weltnet.systems.losses import tabulate
from weltnet.systems.networks import train
from weltnet.theory import gaussians

GRID = Grid(96)
M = 20_000


def _cloud(cov, seed, members=M):
    return np.random.default_rng(seed).multivariate_normal((0.0, 0.0), cov, members)


@pytest.mark.parametrize("cov", [np.diag([0.16, 0.16]), np.diag([0.36, 0.1]), np.array([[0.3, 0.15], [0.15, 0.2]])])
def test_entropy_of_gaussians(cov):
    """Link: ½ ln det(2πe Σ). Seed 0, M = 20 000, standard error .007 nats; 2 % of S or three standard errors."""
    exact, q = gaussians.entropy(cov), _cloud(cov, 0)
    tolerance = max(0.02 * abs(exact), 0.021)
    assert abs(entropy(GRID, q) - exact) < tolerance
    assert abs(nearest_neighbours(q) - exact) < tolerance
    assert abs(entropy_of(GRID, gaussians.density(GRID.axis, GRID.axis, (0, 0), cov)) - exact) < 2e-3


def test_entropy_estimators_agree_where_no_closed_form_is_used():
    """Link: grid against nearest neighbours on a ring of width .1; seed 1; they share nothing but the sample."""
    rng = np.random.default_rng(1)
    r, phi = 1.2 + 0.1 * rng.standard_normal(M), rng.uniform(0, 2 * np.pi, M)
    q = np.stack([r * np.cos(phi), r * np.sin(phi)], axis=1)
    assert abs(entropy(GRID, q) - nearest_neighbours(q)) < 0.04
    # smoothing alone widens the ring and must be seen to do so
    assert entropy_of(GRID, GRID.density(q, 0.085)) - nearest_neighbours(q) > 0.1


@pytest.mark.parametrize("widths", [(0.1, 0.1), (0.2, 0.2), (0.2, 0.35), (0.4, 0.4)])
def test_fisher_information_of_gaussians(widths):
    """Link: tr Σ⁻¹. Seeds 0–3, M = 20 000, .5–2 % each; the mean of four within 5 %."""
    cov = np.diag(np.square(widths))
    got = np.mean([production(GRID, _cloud(cov, seed), 1.0) for seed in range(4)])
    assert abs(got / gaussians.fisher_trace(cov) - 1) < 0.05


def test_production_with_a_diffusion_matrix_and_field():
    """Link: tr(D Σ⁻¹) for a constant matrix; for D_xx = a + b x², E[(a + b x²) x²]/σ⁴ = (a + 3 b σ²)/σ²; 5 %."""
    cov = np.array([[0.12, 0.04], [0.04, 0.09]])
    D = np.array([[0.3, -0.1], [-0.1, 0.2]])
    fields = np.broadcast_to(D[[0, 0, 1], [0, 1, 1]][:, None, None], (3, 96, 96)).copy()
    q = np.concatenate([_cloud(cov, s) for s in range(4)])
    assert abs(production(GRID, q, fields) / gaussians.production(cov, D) - 1) < 0.05
    # the sign of the off-diagonal part is seen
    assert (
        abs(production(GRID, q, fields * np.array([1, -1, 1])[:, None, None]) / gaussians.production(cov, D) - 1) > 0.1
    )
    x = GRID.axis
    varying = np.zeros((3, 96, 96))
    varying[0] = (0.2 + 1.5 * x**2)[:, None]
    q = np.concatenate([_cloud(np.diag([0.09, 0.09]), s) for s in range(4)])
    assert abs(production(GRID, q, varying) / ((0.2 + 3 * 1.5 * 0.09) / 0.09) - 1) < 0.05


def test_destruction_is_what_the_map_destroys():
    """Link: in U = ½ q·A q the map is linear: −ln |det(1 − γA)| exactly, γ tr A to first order."""
    A, rate = np.array([[1.2, 0.4], [0.4, -0.5]]), 0.05
    hessian = np.broadcast_to(A[[0, 0, 1], [0, 1, 1]][:, None, None], (3, 96, 96)).copy()
    q = _cloud(np.diag([0.2, 0.2]), 0, 500)
    assert abs(contraction(GRID, q, rate, hessian) + np.linalg.slogdet(np.eye(2) - rate * A)[1]) < 1e-12
    assert abs(destruction(GRID, q, rate, hessian[0] + hessian[2]) - rate * np.trace(A)) < 1e-12
    after = q @ (np.eye(2) - rate * A).T
    drop = gaussians.entropy(np.cov(q.T)) - gaussians.entropy(np.cov(after.T))
    assert abs(contraction(GRID, q, rate, hessian) - drop) < 1e-10


def test_ledger_of_an_ornstein_uhlenbeck_ensemble():
    """Link: Σ(t) in closed form; production − destruction is dS/dt before equilibrium, 0 at it. Seed 3, 20 000."""
    A, D0, rate = np.diag([1.0, 2.0]), 0.002, 0.02
    D, start = D0 * np.eye(2), np.array([0.0, 0.0, 0.25])
    x = np.linspace(-3, 3, 49)
    table = np.empty((1, 49, 49, 2), np.float32)
    table[0, :, :, 0], table[0, :, :, 1] = A[0, 0] * x[:, None], A[1, 1] * x[None, :]
    lap = np.full((96, 96), np.trace(A))
    q, step = initial(M, 3, start[:2], start[2]), 0
    for until in (30, 60, 600):
        descend(q, table, -3.0, 0.125, rate, np.sqrt(2 * D0), 1, until - step, step, 3, 0.0, start)
        step = until
        exact = gaussians.production(gaussians.ou_covariance(rate * A, D, start[2] ** 2 * np.eye(2), step), D)
        assert abs(production(GRID, q, D0) / exact - 1) < 0.05
        net = production(GRID, q, D0) - destruction(GRID, q, rate, lap)
        assert abs(net - (exact - rate * np.trace(A))) < 0.05 * exact


@pytest.fixture(scope="module")
def learning():
    """The showcase ensemble up to learning equilibrium, unbroken and renewed: rows (P, d, contraction) by renewal."""
    table = tabulate(train(16, "rotation", 0, report=lambda f, t: None), 0, report=lambda f, t: None)
    rate, start = 3.0, np.array([1.2, 0.0, 0.3])
    floor = 0.05 * rate * table.energy_unit
    G, x = table.sample_gradients(), GRID.axis
    D = 0.5 * rate**2 * table.covariance(x)
    D[[0, 2]] += floor
    hessian = table.hessian(x)
    out = {}
    for renewal in (0.0, 0.01):
        q, rows = initial(M, 1, start[:2], start[2]), []
        for first in range(0, 700, 10):
            descend(q, G, -3.0, 0.125, rate, np.sqrt(2 * floor), 1, 10, first, 1, renewal, start)
            d = destruction(GRID, q, rate, hessian[0] + hessian[2])
            rows.append((production(GRID, q, D), d, contraction(GRID, q, rate, hessian)))
        out[renewal] = np.array(rows)
    return out


def test_learning_balances_production_and_destruction(learning):
    """Link: dS/dτ = 0 at equilibrium. Registered band [.85, 1.1]; .975 ± .003 over seeds 0–4, and renewal leaves it."""
    late = {renewal: rows[-30:].mean(axis=0) for renewal, rows in learning.items()}
    assert 0.94 < late[0.0][0] / late[0.0][1] < 1.02
    assert late[0.01][0] / late[0.01][1] < 0.75


def test_destruction_against_its_operational_form(learning):
    """Link: −⟨ln |det(1 − γ∂∂U)|⟩ of the same members, ratio 1 ± .10 at every frame where it is not near zero."""
    rows = learning[0.0]
    assert (rows[10:, 1] > 0.02).all()
    assert np.abs(rows[10:, 2] / rows[10:, 1] - 1).max() < 0.10


def test_compression_of_a_gaussian():
    """Link: dS/dt = ∇·v. Members with v = −aq + ωJq lose 2a nats a unit of time, whatever ω; 5 %, seeds 0 to 4."""
    a, omega, found = 0.7, 3.0, []
    for seed in range(5):
        q = 0.4 * np.random.default_rng(seed).standard_normal((20_000, 2))
        found.append(compression(GRID, q, -a * q + omega * q[:, ::-1] * [-1, 1]))
    assert abs(np.mean(found) / (2 * a) - 1) < 0.05
    assert compression(GRID, q, np.zeros_like(q)) == 0.0


def test_refusal():
    """Link: one sentence for a neighbour that does not exist."""
    with pytest.raises(ValueError, match="k = 9"):
        nearest_neighbours(np.zeros((5, 2)), 9)
