"""Two systems with known tails: kernels against slow twins."""

from __future__ import annotations

import numpy as np

from weltnet.kernels.philox import normals, philox, uniform
from weltnet.kernels.tails import STREAM_COUPLE, STREAM_MULTIPLY, couple, multiply


def test_neurons_learn_from_single_samples() -> None:
    """Slow twin → kernel. Twenty steps at two rates equal SGD on ½(θx − e)² written out, to 1e-12, split or not."""
    theta, split = np.zeros((2, 50)), np.zeros((2, 50))
    rates, slow = np.array([0.3, 1.0]), np.zeros((2, 50))
    multiply(theta, rates, 0.5, False, 20, 3, 9)
    multiply(split, rates, 0.5, False, 7, 3, 9)
    multiply(split, rates, 0.5, False, 13, 10, 9)
    for s in range(3, 23):
        z = np.empty((50, 2))
        normals(z, 9, s, STREAM_MULTIPLY)
        x, e = z[:, 0], 0.5 * z[:, 1]
        slow -= rates[:, None] * (slow * x - e) * x
    assert np.abs(theta - slow).max() < 1e-12 and np.array_equal(theta, split)


def test_additive_noise_has_the_mean_factor() -> None:
    """Slow twin → kernel. With additive noise at γ = 1 a weight forgets all but its last sample."""
    theta = np.full((1, 50), 3.0)
    multiply(theta, np.array([1.0]), 0.5, True, 5, 0, 2)
    z = np.empty((50, 2))
    normals(z, 2, 4, STREAM_MULTIPLY)
    assert np.abs(theta[0] - 0.5 * z[:, 0] * z[:, 1]).max() < 1e-12


def test_slow_weights_scale_fast_states() -> None:
    """Slow twin → kernel. Four steps equal Euler's with |x|² drawn exponential of mean 2/(m + q²), to 1e-12."""
    q = np.linspace(-3.0, 3.0, 11)
    slow = q.copy()
    couple(q, 0.1, 0.7, 0.01, 2, 5, 4)
    for pair in (5, 6):
        z = np.empty((11, 2))
        normals(z, 4, pair, STREAM_COUPLE)
        words = [philox(*map(np.uint32, (m, pair, STREAM_COUPLE, 0, 4, 0))) for m in range(11)]
        for half in range(2):
            square = np.array([-2.0 * np.log(uniform(w[2 + half])) for w in words]) / (0.1 + slow**2)
            slow = slow - 0.01 * slow * square + np.sqrt(2.0 * 0.7 * 0.01) * z[:, half]
    assert np.abs(q - slow).max() < 1e-12
