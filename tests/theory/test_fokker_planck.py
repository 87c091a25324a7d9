"""The matrix of k learning steps, against the exact Ornstein–Uhlenbeck process, and what is read off its masses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import expm

from weltnet.theory import gaussians
from weltnet.theory.fokker_planck import binned, double_divergence, noise_floor, propagator

Array = NDArray[np.float64]

AXIS = -3.0 + 6.0 / 128 * np.arange(128)
X, Y = np.meshgrid(AXIS, AXIS, indexing="ij")
A = np.array([[0.024, 0.008], [0.008, 0.016]])
D = np.array([[2.0, 0.8], [0.8, 1.0]]) * 1e-3
DECAY, LATE = expm(-A), gaussians.ou_stationary(A, D)
MEAN, START = np.array([0.9, -0.6]), np.diag([0.09, 0.04])


def constant(matrix: Array) -> Array:
    return np.stack([np.full(X.shape, matrix[i, j]) for i, j in ((0, 0), (0, 1), (1, 1))])


def linear(steps: int, wall: float = 2.9, more: float = 1.0) -> Any:
    """Steps that are the Ornstein–Uhlenbeck process of A and D (`more` times as much of it) at whole times."""
    slope = np.eye(2) - DECAY
    gradient = np.einsum("ij,jab->iab", slope, np.stack([X, Y]))
    noise = more * (LATE - DECAY @ LATE @ DECAY.T) / 2
    return propagator(AXIS, gradient, constant(slope), constant(noise), steps, wall)


def started() -> Array:
    mass = gaussians.density(AXIS, AXIS, MEAN, START).ravel()
    return mass / mass.sum()


def moments(mass: Array) -> tuple[Array, Array]:
    q = np.stack([X.ravel(), Y.ravel()])
    mean = q @ mass
    return mean, (q * mass) @ q.T - np.outer(mean, mean)


def distance(a: Array, b: Array) -> float:
    """L₁ over bins of four grid points: masses on single points are as grainy as the points they came from."""
    return float(np.abs(binned((a - b).reshape(X.shape), 32)).sum())


@pytest.mark.parametrize(("steps", "off"), [(2, 0.006), (10, 0.03)])
def test_ornstein_uhlenbeck(steps: int, off: float) -> None:
    """Chain: closed form → matrix. 200 linear steps give the exact mean and covariance to 1e-3, and the density."""
    carrier, mass = linear(steps), started()
    for _ in range(200 // steps):
        mass = carrier @ mass
    mean, covariance = moments(mass)
    expected = expm(-200 * A) @ MEAN, gaussians.ou_covariance(A, D, START, 200.0)
    assert np.abs(mean - expected[0]).max() < 1e-3
    assert np.abs(covariance - expected[1]).max() < 1e-3 * expected[1].max()
    exact = gaussians.density(AXIS, AXIS, *expected).ravel()
    assert distance(mass, exact / exact.sum()) < off


def test_masses_stay() -> None:
    """Chain: construction → matrix. Every column is positive and sums to 1, at the walls too."""
    carrier = linear(4, wall=1.5, more=20.0)
    assert carrier.data.min() >= 0.0
    assert np.abs(np.asarray(carrier.sum(axis=0)) - 1.0).max() < 1e-12
    assert np.abs(carrier.sum() - AXIS.size**2) < 1e-6
    mass = carrier @ started()
    outside = (np.maximum(np.abs(X), np.abs(Y)) > 1.5 + AXIS[1] - AXIS[0]).ravel()
    assert mass[outside].sum() == 0.0


def test_composition_of_linear_steps() -> None:
    """Chain: matrix → matrix. For a linear descent nothing is dropped: ten steps have the moments of five times two."""
    many, few = linear(10) @ started(), started()
    for _ in range(5):
        few = linear(2) @ few
    for a, b in zip(moments(many), moments(few), strict=True):
        assert np.abs(a - b).max() < 2e-5


def test_order_in_steps() -> None:
    """Chain: order → matrix. What k steps at once drop, the bend of a drift over a spread of k − 1 steps, is O(k − 1).

    Mean of a cloud after 24 steps of a drift −g sin 2q, against the same one step at a time.
    """
    zero = np.zeros_like(X)
    gradient, hessian = np.stack([0.04 * np.sin(2 * X), 0.02 * Y]), np.stack([0.08 * np.cos(2 * X), zero, zero + 0.02])

    def after(steps: int) -> Array:
        carrier = propagator(AXIS, gradient, hessian, constant(np.diag([3e-3, 3e-3])), steps, 2.9)
        mass = started()
        for _ in range(24 // steps):
            mass = carrier @ mass
        return moments(mass)[0]

    k = np.array([2, 3, 4, 6])
    errors = np.array([abs(after(int(n)) - after(1))[0] for n in k])
    order = np.polyfit(np.log(k - 1), np.log(errors), 1)[0]
    assert 0.8 < order < 1.2


def test_reflection_keeps_a_flat_density() -> None:
    """Chain: boundary → matrix. Free diffusion between walls on grid points leaves a uniform density uniform."""
    wall = -float(AXIS[2])
    zero = np.zeros((2, *X.shape))
    carrier = propagator(AXIS, zero, np.zeros((3, *X.shape)), constant(np.diag([2e-3, 1e-3])), 4, wall)
    x = np.where(np.isclose(np.abs(AXIS), wall), 0.5, (np.abs(AXIS) < wall) * 1.0)
    flat = np.outer(x, x).ravel()
    assert np.abs(carrier @ flat - flat).max() < 1e-12


def test_refuses() -> None:
    """Chain: none. A wall outside the grid, or no step at all, is refused with a sentence."""
    with pytest.raises(ValueError, match="allowed: steps from 1 up"):
        linear(0)
    with pytest.raises(ValueError, match="a wall inside the axis"):
        linear(2, wall=3.5)
    with pytest.raises(ValueError, match="a divisor of 128"):
        binned(np.zeros((128, 128)), 30)


def test_double_divergence() -> None:
    """Chain: calculus → difference. ∂_i∂_j A_ij of quadratic fields is exact."""
    fields = np.stack([X**2 + Y, X * Y, 3 * Y**2])
    assert np.allclose(double_divergence(fields, AXIS[1] - AXIS[0]), 2 + 2 + 6)


def test_bins_share_what_lies_between_them() -> None:
    """Chain: sum → bins. Nothing is lost; 400,000 draws differ from the bins by their noise floor, seed 5."""
    mass = started().reshape(128, 128)
    coarse = binned(mass, 32)
    assert coarse.sum() == pytest.approx(1.0, abs=1e-12)
    rng = np.random.default_rng(5)
    q = rng.multivariate_normal(MEAN, START, 400_000)
    counted = np.histogram2d(q[:, 0], q[:, 1], bins=32, range=[(-3.0, 3.0)] * 2)[0] / len(q)
    floor = noise_floor(coarse, len(q))
    assert np.abs(counted - coarse).sum() == pytest.approx(floor, abs=5 * np.sqrt(0.36 / len(q)))


@pytest.mark.parametrize("draws", [50, 5000])
def test_noise_floor(draws: int) -> None:
    """Chain: closed form → samples. The mean L₁ of multinomial draws, seed 2, to four standard errors."""
    p = binned(started().reshape(128, 128), 32).ravel()
    rng = np.random.default_rng(2)
    off = np.abs(rng.multinomial(draws, p / p.sum(), 400) / draws - p).sum(axis=1)
    assert abs(off.mean() - noise_floor(p, draws)) < 4 * off.std() / 20.0
    assert noise_floor(np.array([1.0]), draws) == 0.0
