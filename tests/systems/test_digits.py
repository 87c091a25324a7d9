"""Handwritten digits and the network that tells two of them apart."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.grid import deepest_pass
from weltnet.kernels.replicas import tabulate_networks
from weltnet.systems.digits import digits_pair, handwritten, reading, trained
from weltnet.systems.teachers import tabulate

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
