"""Links of the chain: full tensors by differences → closed form of a linear flow's vacuum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from weltnet.estimators import vacuum
from weltnet.theory import spacetimes


@pytest.mark.parametrize("seed", range(4))
def test_closed_form_is_the_full_tensor(seed):
    """Link: Einstein tensor by differences, in a vielbein → Λ = R/6 and what it misses, for any M and C, to 1e-8."""
    rng = np.random.default_rng(seed)
    M, S = -0.1 * np.eye(2) + 0.1 * rng.standard_normal((2, 2)), 0.7
    C = 0.01 * np.eye(2) + 0.002 * np.diag(rng.standard_normal(2))
    theta, turn = vacuum.expansion(expm(M), C)
    h = np.linalg.inv(C)
    found = spacetimes.curvature(
        lambda X: spacetimes.adm(np.full(X.shape[:-1], S), X @ M.T, np.broadcast_to(h, (*X.shape[:-1], 2, 2))),
        np.array([0.01, 0.02]),
    )
    G = spacetimes.components(found["G"], spacetimes.vielbein(found["g"]))
    best = float(vacuum.constant(theta, theta, S))
    assert best == pytest.approx(float(found["R"]) / 6.0, abs=1e-8)
    left = ((G + best * np.diag([-1.0, 1.0, 1.0])) ** 2).sum() / (G**2).sum()
    assert float(vacuum.missed(theta, turn)) == pytest.approx(left, abs=1e-6)


def test_isotropic_contraction_is_a_vacuum():
    """Closed form: Λ = λ²/S, nothing missed, whatever the rotation, where noise is isotropic."""
    theta, turn = vacuum.expansion(expm(np.array([[-0.2, -0.3], [0.3, -0.2]])), 0.01 * np.eye(2))
    assert float(vacuum.constant(theta, theta, 0.5)) == pytest.approx(0.08) and vacuum.missed(theta, turn) < 1e-12


def test_logarithms_that_are_not_real_are_said_to_be_none():
    """Edge: a map that mirrors, or forgets a direction, is no flow's."""
    odd = vacuum.logarithm(np.array([np.diag([0.9, -0.5]), np.diag([0.9, 0.0]), -0.5 * np.eye(2), 0.5 * np.eye(2)]))
    assert np.isnan(odd[:3]).all() and odd[3] == pytest.approx(np.log(0.5) * np.eye(2))
