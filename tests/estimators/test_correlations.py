"""Bell's sum and signals from counts: known tables, coverage of the error bars."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weltnet.estimators.correlations import chsh, correlations, marginals, over_cycles, signal, swayed, tally


def table(same, A, n=4000.0):
    """Counts whose E and ⟨A⟩ are given; B is as likely + as −."""
    return np.column_stack([np.full(4, n), n * np.asarray(A), np.zeros(4), n * np.asarray(same)])


def test_tally():
    """Link: definition. Signs of places, counted by hand; a weight at 0 counts as −."""
    assert tally(np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, -3.0]])).tolist() == [3.0, -1.0, 1.0, 1.0]


def test_known_tables():
    """Link: closed form. All agree: 2; the fourth pair of a Popescu–Rohrlich box: 4; nothing read: 0 ± 2."""
    assert chsh(table([1, 1, 1, 1], [0] * 4))[0] == 2.0
    assert chsh(table([1, -1, 1, 1], [0] * 4))[0] == chsh(table([-1, 1, -1, -1], [0] * 4))[0] == 4.0
    assert chsh(np.zeros((4, 4))) == (0.0, 2.0)
    assert correlations(table([0.6] * 4, [0] * 4))[1] == pytest.approx([1.96 * 0.8 / math.sqrt(4000)] * 4)


def test_signal_finds_the_difference():
    """Link: definition. What Bob's choice changes for Alice at her second setting is found with its sign."""
    far, error = signal(table([0] * 4, [0.1, 0.1, 0.4, 0.0]))
    assert far == pytest.approx(0.2) and 0.0 < error < 0.05
    assert marginals(table([0] * 4, [0.1, 0.1, 0.4, 0.0]))[0][2].tolist() == pytest.approx([0.7, 0.5])


def test_error_bars_hold_what_they_say():
    """Link: statistics. 2000 tables of independent outcomes, seed 0: S and all signals in their bars 95 ± 1.5 %."""
    rng = np.random.default_rng(0)
    inside = np.zeros(2)
    for _ in range(2000):
        q = rng.choice([-1.0, 1.0], (4, 500, 2), p=[0.4, 0.6])
        counts = np.array([tally(x) for x in q])
        # the expected |S| of equal correlations .04 is .08; the sign is lost only where S is near 0
        E, error = correlations(counts)
        inside[0] += abs(np.array([1, -1, 1, 1]) @ E - 0.08) < np.sqrt((error**2).sum())
        far, wide = signal(counts)
        inside[1] += abs(far) < wide
    assert np.abs(inside / 2000 - 0.95).max() < 0.015


def test_cycles() -> None:
    """Link: Student's interval of two cycles, S = 2.4 and 2.0: 2.2 ± 12.71 · .2; one alone has no error bar."""
    E = np.array([[0.6, 0.5], [-0.6, -0.5], [0.6, 0.5], [0.6, 0.5]])
    assert over_cycles(-E) == pytest.approx((2.2, 12.706 * 0.2), rel=1e-3)
    assert over_cycles(E[:, :1])[1] == math.inf and over_cycles(E[:, :0])[0] == 0.0


def test_swayed() -> None:
    """Link: definition. B's answer at b differs between a and a′: swayed; own settings may change anything."""
    worlds = np.ones((4, 3, 2))
    worlds[2, 0, 1] = -1.0
    worlds[[1, 3], 1, 1] = -1.0
    assert swayed(worlds).tolist() == [True, False, False]
