"""A deep network of short links: its map, its light cone, and how it learns.

Chain of trust: quadrature and limits -> system.
"""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems import bulk

N, STREAM = 12, 900


def target(n: int = N) -> np.ndarray:
    M = 1.0 / (1.0 + bulk.distances(n))
    return M / np.linalg.norm(M, 2)


@pytest.mark.parametrize("reach", [1, 3])
def test_nothing_is_carried_outside_the_cone(reach: int) -> None:
    """Link: definition. After l layers a pulse has reached l r neurons, not one more; the last is the product."""
    layers = bulk.born(0, 0, STREAM, 3, N, reach)
    carried, apart = bulk.carried(layers), bulk.distances(N)
    for depth, M in enumerate(carried):
        assert (M[apart > depth * reach] == 0.0).all() and (M[apart == min(depth * reach, N // 2)] != 0.0).all()
    a, b, c = bulk.dense(layers)
    assert np.abs(carried[-1] - c @ b @ a).max() < 1e-14


def test_step_is_that_of_gauss_and_newton() -> None:
    """Link: finite differences. Nearly undamped, a step solves the linear problem: what is left is of second order."""
    layers, near = bulk.born(1, 0, STREAM, 6, N), []
    for size in (1e-2, 1e-3):
        wanted = bulk.carried(layers + size * bulk.born(2, 0, STREAM, 6, N))[-1]
        near.append(np.sqrt(bulk.improve(layers, wanted, 1e-12)[2]))
    assert near[1] < 0.02 * near[0]


def test_error_never_rises_and_stays_above_the_cone() -> None:
    """Link: the bound. The error falls at every step, and a bulk of 3 layers never misses less than its cone."""
    layers, damping, M = bulk.born(3, 0, STREAM, 3, N), 0.1, target()
    least = bulk.cone(M, 3) * np.linalg.norm(M)
    errors = []
    for _ in range(25):
        layers, damping, left = bulk.improve(layers, M, damping)
        errors.append(np.sqrt(left))
    assert (np.diff(errors) <= 0.0).all() and least < errors[-1] < 1.2 * least
    assert bulk.cone(M, N // 2) == 0.0 and bulk.cone(M, 0) == pytest.approx(
        np.sqrt(1 - (np.diag(M) ** 2).sum() / (M**2).sum())
    )


def test_dense_layer_learns_what_one_can() -> None:
    """Link: exact case. A dense layer that has been taught by a dense layer is that layer."""
    rng = np.random.default_rng(4)
    W, x = 0.15 * rng.standard_normal((2, N, N)), rng.standard_normal((2, 300, N))
    found = np.tile(np.eye(N), (2, 1, 1))
    for _ in range(200):
        found = bulk.taught(found, x, bulk.read(W, x), 0.5)
    assert np.abs(found - W).max() < 1e-6


def test_deep_is_linear_for_small_inputs() -> None:
    """Link: limit. With f = tanh and inputs of size a the answer is the carried one up to O(a³)."""
    layers, x = bulk.born(5, 0, STREAM, 4, N), np.random.default_rng(5).standard_normal((50, N))
    off = [np.abs(bulk.deep(layers, a * x) - a * x @ bulk.carried(layers)[-1].T).max() for a in (1e-2, 1e-3)]
    assert 500 < off[0] / off[1] < 2000
