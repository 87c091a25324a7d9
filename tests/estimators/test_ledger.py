"""Chain of trust: planted books → `estimators.ledger` → verdicts of `first-law`."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators import ledger


def test_share_of_what_is_planted() -> None:
    """Groups with noise in what is missing: the share is covered by its 95 % error in about 95 of 100 draws."""
    rng, hits = np.random.default_rng(1), 0
    for _ in range(400):
        whole = -2.0 + 0.3 * rng.standard_normal(8)
        value, half = ledger.share(0.03 * whole + 0.02 * rng.standard_normal(8), whole)
        hits += abs(value - 0.03) < half
    assert 365 <= hits <= 395
    assert ledger.share(whole, whole) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert np.isnan(ledger.share(whole, 0.0 * whole)[0])


def test_running_means() -> None:
    """The mean of as many values as there are, then of the last three."""
    assert ledger.running(np.array([1.0, 3.0, 5.0, 1.0]), 3) == pytest.approx([1.0, 2.0, 3.0, 3.0])
    assert len(ledger.running(np.zeros(0), 3)) == 0


def test_stretches_add_up() -> None:
    """Changes between means over stretches; a ramp changes by a stretch each, but for half of one at the beginning."""
    ramp = np.maximum(np.arange(100) - 20.0, 0.0)[:, None] * np.ones(3)
    changes = ledger.stretches(ramp, 20, 8)
    assert changes.shape == (8, 3) and changes[1:] == pytest.approx(10.0) and changes[0] == pytest.approx(4.5)


def test_unevenness_is_a_ratio_of_rms() -> None:
    """A tenth of each change is missed, with either sign: what cancels over the path is seen."""
    changed = np.outer(np.arange(1.0, 9.0), np.ones(8))
    missed = 0.1 * changed * np.resize([1.0, -1.0], 8)[:, None]
    assert ledger.unevenness(missed, changed) == pytest.approx((0.1, 0.0), abs=1e-12)
