"""The future of an event in a fitted metric: its light against the twin, its inside against exact cases."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.futures import future
from weltnet.estimators.generator import Basis, Moments, fit, fold
from weltnet.theory import geodesics, spacetimes

C = np.array([[0.003, 0.001], [0.001, 0.002]])


def fitted(move, seed=0, count=20_000):
    """The generator of X ↦ move(X) + noise."""
    rng, moments = np.random.default_rng(seed), Moments(Basis(5, 0.5))
    X = rng.uniform(-0.5, 0.5, (1, count, 2))
    mean = move(X)
    after = mean + rng.standard_normal(X.shape) @ np.linalg.cholesky(C).T
    fold(moments, X, mean, after, np.full((1, count), 9))
    return fit(moments)


def bent(X):
    """A contraction that weakens outward, with a rotation that does not."""
    r2 = (X**2).sum(axis=-1, keepdims=True)
    return X - 0.08 * X * (1 - r2) + 0.1 * X[..., ::-1] * [-1, 1]


def test_light_is_a_null_geodesic():
    """Link: estimator → twin: rays of a curved flow pass where Christoffel symbols by differences lead them."""
    g, S, start = fitted(bent), 0.3, np.array([0.1, -0.05])
    seen = future(g, [S], start, 8)
    h = np.linalg.inv(g.noise[0])

    def metric(E):
        X = E[..., 1:]
        return spacetimes.adm(np.full(X.shape[:-1], S), g.drift(X), np.broadcast_to(h, (*X.shape[:-1], 2, 2)))

    angle = 2 * np.pi * np.arange(24) / 24
    u = g.drift(start) + np.sqrt(S) * np.stack([np.cos(angle), np.sin(angle)], -1) @ seen.frame.T
    at = np.concatenate([np.zeros((24, 1)), np.repeat(start[None], 24, 0)], axis=1)
    xs, Vs = geodesics.fall(metric, at, geodesics.unit(metric, at, u, 0.0), 5.5, 110)
    assert np.abs(geodesics.constants(metric, xs, Vs)[1]).max() < 1e-6
    # Where a ray of the estimator starts in another order or turn, its direction is the same: both go round once.
    for m in range(24):
        t = np.arange(1, 1 + int(min(xs[-1, m, 0], 8)))
        twin = np.stack([np.interp(t, xs[:, m, 0], xs[:, m, i]) for i in (1, 2)], -1)
        assert np.abs(twin - seen.rims[0, t, m]).max() < 2e-4 and len(t) > 4


@pytest.mark.parametrize("S", [0.05, 0.4])
def test_future_of_a_linear_flow_is_a_circle(S):
    """Link: estimator → closed form: in the frame of h the rim is a circle of radius `reach` round the carried launch.

    The rotation is one in that frame, so that it leaves h alone.
    """
    rate, turn, start = 0.1, 0.2, np.array([0.2, -0.1])
    L = np.linalg.cholesky(C)
    R = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    A = np.exp(-rate) * L @ R @ np.linalg.inv(L)
    seen = future(fitted(lambda X: X @ A.T), [S, 0.0, -1.0], start, 20)
    carried = np.array([np.linalg.matrix_power(A, t) @ start for t in range(21)])
    assert np.abs(seen.middle - carried).max() < 1e-4
    away = np.linalg.solve(L, (seen.rims[0] - seen.middle[:, None]).reshape(-1, 2).T)
    # C is measured from 20 000 steps, with the spread of a tick's flow in it.
    reach = np.hypot(*away).reshape(21, 24)[1:] / spacetimes.reach(S, rate, np.arange(1, 21))[:, None]
    assert np.abs(reach - 1).max() < 0.08 and np.ptp(reach.mean(axis=1)) < 1e-3
    assert np.abs(seen.rims[1:] - seen.middle[None, :, None]).max() == 0 and seen.whole.all()


def test_outside():
    """Link: definition: the middle is inside, the rim's far side outside; a cone that is none holds nobody."""
    seen = future(fitted(bent), [0.3, 0.0], np.array([0.1, 0.0]), 10)
    m, rim = seen.middle[10], seen.rims[0, 10]
    points = np.concatenate([m + 0.97 * (rim - m), m + 1.03 * (rim - m)])
    assert list(seen.outside(10, points)[0]) == [False] * 24 + [True] * 24
    assert seen.outside(10, points)[1].all()
    many = np.random.default_rng(0).normal(m, 0.1, (500, 2))
    far = np.linalg.norm(np.linalg.solve(seen.frame, (many - m).T), axis=0)
    near = np.linalg.norm(np.linalg.solve(seen.frame, (rim - m).T), axis=0)
    gone = seen.outside(10, many)[0]
    assert gone[far > near.max()].all() and not gone[far < near.min()].any() and 0 < gone.sum() < 500


def test_light_that_leaves_the_square_is_told():
    """Link: boundary: where the metric was not measured light stands still, and the cone says that it is not whole."""
    seen = future(fitted(bent), [0.05, 80.0], np.zeros(2), 20)
    assert list(seen.whole) == [True, False] and np.isfinite(seen.rims).all()
