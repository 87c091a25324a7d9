"""Links of the chain: random sets, drawn and solved → the deterministic equivalent of random features."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.population import pool, turning
from weltnet.theory.population import enumerate_sets, held_back, loss, shrinkage


@pytest.mark.parametrize(("noise", "N"), [(0.1, 8), (0.1, 16), (0.1, 32), (0.3, 16)])
def test_random_sets_shrink_as_predicted(noise, N):
    """Slow twin → theory: mean −½ ln det of the map that 200 random sets learn, within 6 %, from eight neurons on."""
    candidates, rng = pool(100, 256), np.random.default_rng(0)
    added = []
    for _ in range(200):
        s = rng.choice(256, N, replace=False)
        A = candidates.gram[np.ix_(s, s)] + noise**2 * np.eye(N)
        w = np.linalg.solve(A, candidates.spread * candidates.tilt[s])
        added.append(-0.5 * np.log(np.linalg.det(w.T @ candidates.tilt[s])))
    assert -np.log(shrinkage(candidates, [N], noise))[0] == pytest.approx(np.mean(added), rel=0.06)


def test_limits_of_what_is_held_back():
    """Limit: with many neurons κ → η²/N, and λ − λ* falls nearly as 1/N; with one mode κ solves a quadratic."""
    many = held_back(np.array([1.0, 0.5]), np.array([1e6]), 0.1)[0]
    assert many == pytest.approx(0.01 / 1e6, rel=1e-5)
    k = held_back(np.array([0.3]), np.array([2.0]), 0.5)[0]
    assert 0.3 / (0.3 + k) + 0.25 / k == pytest.approx(2.0)
    few, more = -np.log(shrinkage(pool(100, 256), [200, 400], 0.1))
    assert 1.6 < few / more < 2.0


def test_an_ideal_gas_without_a_lesson():
    """Closed form: with nothing to learn p(N) is binomial in K = 6 candidates of activity e^(μ/T)/K."""
    candidates = pool(1, 6)
    p, held = enumerate_sets(candidates.gram, np.zeros((6, 2)), 0.1, 0.0, 1.0, 1.0)
    z = np.e / 6.0
    assert held == pytest.approx(np.full(6, z / (1.0 + z)))
    assert p @ np.arange(7) == pytest.approx(6.0 * z / (1.0 + z))
    assert loss(candidates.gram, np.zeros((6, 2)), 0.1, 0.7, []) == 0.7
    assert turning(0.0, np.pi / 2) == pytest.approx(np.array([[0.0, -1.0], [1.0, 0.0]]))
