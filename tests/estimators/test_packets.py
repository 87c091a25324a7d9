"""The mean path of copies that are seen near B, and notes that thin out."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.generator import jackknife
from weltnet.estimators.packets import Packet, Trail


def walks(rng, copies=20_000, ticks=10):
    """Random walks from the origin with a kick of 1 per tick: (ticks + 1, copies, 2)."""
    return np.concatenate([np.zeros((1, copies, 2)), rng.standard_normal((ticks, copies, 2)).cumsum(axis=0)])


def test_brownian_bridge():
    """Link: closed form: random walks seen at B were at B t/T, within .05; the plain mean is biased."""
    rng, packet, B = np.random.default_rng(0), Packet(10), np.array([4.0, -2.0])
    for launch in range(16):
        seen = packet.land(launch, walks(rng), B, 1.5)
    mean, error = jackknife(packet.path())
    exact = np.arange(11)[:, None] / 10 * B
    assert np.abs(mean - exact).max() < 0.05 and 0.005 < error.max() < 0.03 and 0 < seen.sum() < 2000
    plain = packet.cross[:, 0].sum(axis=0) / packet.seen
    assert np.abs(plain - exact)[10].max() > 0.15


def test_everyone_and_the_free():
    """Link: definition: an infinite radius gives the plain mean of all, which is also what `free` says."""
    rng, packet = np.random.default_rng(1), Packet(10)
    for launch in range(8):
        assert packet.land(launch, walks(rng, 500), [3.0, 0.0], np.inf).all()
    assert np.allclose(packet.path(), packet.free()) and packet.seen == 4000


def test_nobody_seen_is_zero():
    """Link: boundary: before anybody is seen all numbers are finite."""
    packet = Packet(4)
    packet.land(0, np.zeros((5, 10, 2)), [9.0, 9.0], 0.1)
    assert not packet.path().any() and not packet.free().any() and packet.seen == 0


def test_trail():
    """Link: definition: four notes per doubling, none lost before that, and never more than there is room for."""
    trail = Trail(1)
    for n in range(1, 5000):
        trail.mark(n, [n])
    noted = trail.rows[:, 0]
    assert noted[0] == 1 and len(noted) <= 64 and (np.diff(noted) > 0).all()
    assert 3 <= ((noted >= 256) & (noted < 512)).sum() <= 4
    assert noted[-1] == pytest.approx(4872, rel=0.02)
