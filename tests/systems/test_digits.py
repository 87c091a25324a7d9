"""Handwritten digits and the network that tells two of them apart."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.grid import deepest_pass
from weltnet.kernels.philox import normals
from weltnet.kernels.replicas import tabulate_networks
from weltnet.systems import population
from weltnet.systems.digits import digits_pair, handwritten, reading, trained
from weltnet.systems.teachers import tabulate
from weltnet.theory.population import loss

DECAY = 0.1
AXIS = np.linspace(-3, 3, 33)


def test_data_are_those_of_the_set():
    """Link: the source. 1797 images of 8 × 8 in 17 grey levels, 183 of them a 3 and 174 an 8."""
    images, shown = handwritten()
    assert images.shape == (1797, 64) and set(np.unique(images)) == set(range(17))
    assert [int((shown == d).sum()) for d in (3, 8)] == [183, 174]


def test_what_is_read_are_principal_components():
    """Link: linear algebra. Uncorrelated, the first of spread 1 and the largest, each rising with the digit."""
    data = reading(3, 8)
    covariance = np.cov(data.T, ddof=0)
    assert covariance[0, 0] == pytest.approx(1.0) and covariance[1, 1] < 1.0 and abs(covariance[0, 1]) < 1e-12
    assert (covariance[:2, 2] > 0.0).all()


def test_what_was_learned_is_the_bottom_of_a_valley():
    """Link: training -> loss. The kernel's ∇U balances the decay where training came to rest; 94 % are told apart."""
    a, c = trained(reading(3, 8), DECAY)
    pupil, q = digits_pair(3, 8, DECAY), np.array([a[0], c[0]])
    _, slope, _ = tabulate_networks(q[None], *pupil.weights, pupil.data, pupil.inputs, pupil.outputs, pupil.ticks)
    assert np.abs(slope[0] + DECAY * q).max() < 1e-9
    assert (a > 0.2).all() and (c > 0.2).all()
    answers = np.tanh(np.tanh(pupil.data[:, :-1] * a) @ c)
    assert (answers * pupil.data[:, -1] > 0.0).mean() == pytest.approx(0.94, abs=0.005)


def test_two_valleys_are_one_function():
    """Link: exact arithmetic of an odd tanh, to the last bit. 3 and 8 have a pass between two valleys, 1 and 8 none."""
    for pair, passes in (((3, 8), True), ((1, 8), False)):
        U = tabulate(digits_pair(*pair, DECAY), AXIS).U
        assert np.array_equal(U, U[::-1, ::-1])
        U = U + 0.5 * DECAY * (AXIS[:, None] ** 2 + AXIS[None, :] ** 2)
        assert (deepest_pass(U) > 0.1) is passes


def test_a_pair_is_cached_and_refused_in_a_sentence():
    """Link: the contract of slow preparation."""
    assert digits_pair(3, 8, DECAY) is digits_pair(3, 8, DECAY)
    with pytest.raises(ValueError, match="read-only"):
        digits_pair(3, 8, DECAY).data[0] = 0
    with pytest.raises(ValueError, match="second = 10"):
        digits_pair(3, 10, DECAY)


def test_candidates_read_digits_as_their_products_say():
    """Link: least squares on all 1797 images → products of activations: H of ten candidates to 1e-9."""
    what = population.reading(3, 32)
    images, shown = handwritten()
    z = images - images.mean(axis=0)
    z = z @ np.linalg.svd(z, full_matrices=False)[2][: population.PIXELS].T
    drawn = np.empty((32, population.PIXELS + 1))
    normals(drawn, 3, 0, population.STREAM_READING)
    active = np.tanh((z / z[:, 0].std()) @ drawn[:10, :-1].T + population.TILT * drawn[:10, -1])
    y = np.eye(10)[shown] - np.eye(10)[shown].mean(axis=0)
    eta = 0.1
    w = np.linalg.solve(active.T @ active / len(y) + eta**2 * np.eye(10), active.T @ y / len(y))
    direct = 0.5 * ((y - active @ w) ** 2).sum() / len(y) + 0.5 * eta**2 * (w**2).sum()
    assert loss(what.gram, what.cross, eta, what.ground, range(10)) == pytest.approx(direct, abs=1e-9)
    assert direct < 0.9 * what.ground and what.ground == pytest.approx(0.45, abs=0.001)
