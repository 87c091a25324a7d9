"""Networks that adapt step and batch: what the rule does to noise, and what the two ways of moving must do without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from weltnet.adapting import RANGE, Local, Noisy, Rule, noisy
from weltnet.estimators.density import Grid
from weltnet.kernels import philox
from weltnet.systems.teachers import sign_pair
from weltnet.terrain import Terrain, learned

Array = NDArray[Any]
GRID = Grid(256, 3.0)
BOWL = np.array([1.0, 1.69])


@pytest.fixture(scope="module")
def bowl() -> Noisy:
    """V = ½ (q₁² + 1.69 q₂²), and noise of variance 1 to 4 along q1."""
    x, y = np.meshgrid(GRID.axis, GRID.axis, indexing="ij")
    V = 0.5 * (x**2 + BOWL[1] * y**2)
    terrain = Terrain(GRID.axis, V, -np.stack([x, BOWL[1] * y]), lambda at: np.zeros((len(at), len(at))))
    return Noisy(terrain, np.stack([2.0 + np.tanh(x), 0.3 + 0.0 * x, 0.5 + 0.0 * x]))


def places(count: int = 4000) -> Array:
    z = np.empty((count, 2))
    philox.normals(z, 5, 0, 90)
    return np.clip(0.6 * z, -2.0, 2.0)


def test_adapting_makes_noise_the_same_everywhere(bowl: Noisy) -> None:
    """Link: the paper's condition. Where step, batch or both adapt, γ tr C/B is one number; where none does, it is not;
    what they are does not depend on which of them does it, nor on how even noise is in direction."""
    here = bowl.at(places())
    trace = here.noise[:, 0] + here.noise[:, 2]
    for step, batch in ((True, False), (False, True), (True, True)):
        pace, size = Rule(step, batch, 32.0, False).adapted(here)
        assert np.log(pace / size * trace).std() < 0.01
        assert (pace == 1.0).all() or step
        assert (size == 32.0).all() or batch
    pace, size = Rule(False, False, 32.0, False).adapted(here)
    assert np.log(pace / size * trace).std() > 0.1
    assert 0.1 < here.evenness < 0.4


def test_range_and_least_batch() -> None:
    """Link: what is put in by hand. On a network γ/B stays within RANGE of its mean, and no batch is below 1."""
    pupil, axis = sign_pair(1), Grid(64, 3.0).axis
    terrain = learned(pupil, 0.02, 3.0, axis, report=lambda fraction, text: None)
    here = noisy(terrain, pupil, 0.02, 3.0).at(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    pace, _ = Rule(True, False, 4.0, False).adapted(here)
    assert 1.0 / RANGE <= pace.min() < 0.5 and 2.0 < pace.max() <= RANGE
    _, batch = Rule(False, True, 2.0, False).adapted(here)
    assert batch.min() == 1.0 and batch.max() > 4.0


def test_noise_has_the_covariance_of_the_batch() -> None:
    """Link: noise. Over 200 000 draws the covariance of a push is C γ/B after equal learning, C γ²/B after a step."""
    m, C = 200_000, np.array([2.0, 0.6, 0.7])
    z = np.empty((m, 2))
    philox.normals(z, 7, 0, 91)
    here = Local(np.zeros((m, 2)), np.tile(C, (m, 1)), np.full(m, 0.5))
    for common, size in ((False, 0.5 / 8.0), (True, 0.25 / 8.0)):
        pace, push = Rule(True, False, 8.0, common).push(here, z)
        assert (pace == (0.5 if common else 1.0)).all()
        xx, xy, yy = np.mean(push[:, 0] ** 2), np.mean(push[:, 0] * push[:, 1]), np.mean(push[:, 1] ** 2)
        assert np.array([xx, xy, yy]) / size == pytest.approx(C, rel=0.02)


def test_momentum_is_of_second_order(bowl: Noisy) -> None:
    """Link: exact case -> step. In a bowl without noise, order 2 in dt by regression, against the exact solution."""
    quiet, start, rule = Noisy(bowl.terrain, 0.0 * bowl.noise), places(50), Rule(False, False, 1e12, False)
    w = np.sqrt(BOWL)
    exact, errors, steps = start * np.cos(w), [], (0.1, 0.05, 0.025)
    for dt in steps:
        q, v = start.copy(), np.zeros_like(start)
        for _ in range(round(1.0 / dt)):
            rule.glide(quiet, q, v, np.zeros((50, 2)), dt)
        errors.append(np.abs(q - exact).max())
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(2.0, abs=0.1)


def test_descent_is_sgd(bowl: Noisy) -> None:
    """Link: exact case -> step. Without noise q shrinks by 1 − γ k a step; a network with half steps, compared after
    equally many of them, by 1 − γ k/2; nobody leaves the box."""
    q, z = places(50), np.zeros((50, 4))
    start, still = q.copy(), Noisy(bowl.terrain, 0.0 * bowl.noise)
    Rule(False, False, 1e12, False).descend(still, q, z, 0.1, 0.0)
    assert q == pytest.approx(start * (1.0 - 0.1 * BOWL), abs=1e-9)
    q, at = start.copy(), bowl.at(start)
    Rule(True, False, 1e12, True).descend(bowl, q, z, 0.1, 0.0)
    assert q == pytest.approx(start * (1.0 - 0.1 * BOWL * at.quiet[:, None]), abs=1e-9)
    Rule(False, False, 1.0, False).descend(bowl, q, z + 9.0, 1.0, 1.0)
    assert np.abs(q).max() <= 2.9
