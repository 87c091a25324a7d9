"""Links of the chain: planted weights → estimators of share, range and geometry.

Their calibrations plant noise and the best weights; here are limits and what must not change them.
"""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators import locality
from weltnet.theory.locality import best

N = 64
D = locality.distances(N)


def test_shares_and_profiles_of_neighbours() -> None:
    """Limit: weights at d = 1 alone have share 1, those at d = 3 share 0, and a profile of one entry."""
    for d, share in ((1, 1.0), (3, 0.0)):
        W = np.where(np.equal(D, d), 1.0, 0.0)
        assert locality.share(W) == share
        assert np.array_equal(np.flatnonzero(locality.profile(W)), [d])
    assert locality.share(np.zeros((N, N))) == 0.0


@pytest.mark.parametrize("length", [0.4, 1.0, 3.0])
def test_a_range_is_found_whatever_its_height_and_floor(length: float) -> None:
    """Invariant: p² = A e^(−2d/ξ) + floor gives back ξ within .5 %, for heights 1 and 1e-3 and floors up to .1 A."""
    d = np.arange(33.0)
    for height in (1.0, 1e-3):
        for floor in (0.0, 0.1):
            p = np.sqrt(height * (np.exp(-2.0 * d / length) + floor * np.exp(-2.0 / length)))
            assert locality.reach(p) == pytest.approx(length, rel=5e-3)


def test_what_does_not_fall_has_the_longest_range() -> None:
    """Limit: a flat, a rising and an empty profile give the longest length, never what is not a number."""
    for p in (np.ones(33), np.arange(33.0), np.zeros(33)):
        assert locality.reach(p) == pytest.approx(50.0) or locality.reach(p) < 50.0
        assert np.isfinite(locality.reach(p))


def test_a_ring_is_found_turned_or_mirrored() -> None:
    """Invariant: turning, mirroring and renumbering change nothing; unrelated angles give a mean cos of about .1."""
    i = np.arange(N)
    W = best(0.5, 6.0, N)[(i[:, None] - i[None]) % N]
    places = locality.embedding(W)
    angles = 2.0 * np.pi * i / N
    for seen in (angles, -angles, angles + 1.0):
        assert locality.ringness(places, seen)[2].mean() == pytest.approx(1.0, abs=1e-6)
    chance = [locality.ringness(places, np.random.default_rng(k).permutation(angles))[2].mean() for k in range(50)]
    assert 0.05 < np.mean(chance) < 0.25
    assert np.isfinite(locality.embedding(np.zeros((N, N)))).all()
