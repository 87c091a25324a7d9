"""Links of the chain: known responses → estimators of invariance, leak, front and Bessel function.

Their calibrations plant noise and free waves; here are limits and what must not change them.
"""

from __future__ import annotations

import numpy as np

from weltnet.estimators import cones

TICKS, SITES = 20, 48


def test_sources_are_moved_to_the_middle() -> None:
    """Definition: source a stands in column sites // 2, its right neighbour beside it."""
    G = np.zeros((2, 6, 6))
    G[0, np.arange(6), np.arange(6)] = 1.0
    G[1, np.arange(6), (np.arange(6) + 1) % 6] = 1.0
    moved = cones.centred(G, np.arange(6))
    assert np.array_equal(np.argmax(moved, axis=-1), np.repeat([[3], [4]], 6, axis=1))


def test_events_are_inside_the_ring_and_their_bins_are_full() -> None:
    """Definition: no event is on the rim, the first bin is outside, and centres ascend."""
    these = cones.events(TICKS, SITES)
    assert these.chosen.sum() == len(these.interval) == len(these.bins)
    assert np.bincount(these.bins).min() > 0 and np.all((these.bins == 0) == (these.interval < 0))
    assert np.all(np.diff(these.centres) > 0) and len(these.centres) == these.bins.max() + 1


def test_nothing_gives_no_number() -> None:
    """Limit: a response that is zero everywhere has B = 0, no leak, no front and R² = 0; nothing is not finite."""
    G = np.zeros((TICKS + 1, 3, SITES))
    expected = np.ones(len(cones.events(TICKS, SITES).interval))
    assert cones.invariance(G[:, 0]) == cones.leak(G) == cones.front(G) == cones.agreement(G[:, 0], expected) == 0.0


def test_a_frame_of_rest_is_seen() -> None:
    """Limit: a response that depends on t alone inside its cone has B well below that of one of s² alone."""
    t, s = np.arange(TICKS + 1.0)[:, None], np.abs(np.arange(SITES) - SITES // 2)[None]
    inside = s <= t
    proper = np.sqrt(np.maximum((t + 1) ** 2 - s**2, 0.0))
    assert cones.invariance(np.where(inside, np.exp(-0.15 * proper), 0.0)) > 0.97
    assert cones.invariance(np.where(inside, np.exp(-0.15 * t), 0.0)) < 0.85


def test_size_is_no_matter() -> None:
    """Invariant: B, leak and front do not change when the response is multiplied by a number."""
    G = np.random.default_rng(0).standard_normal((TICKS + 1, 4, SITES))
    for f in (cones.leak, cones.front, lambda g: cones.invariance(g.mean(axis=1))):
        assert abs(f(8.0 * G) - f(G)) < 1e-12
