"""Links of the chain: limits and slow iteration → closed forms of the string."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.theory.strings import WHITE_WAVE_RESIDUAL, dalembert, faded, light_cone, position


def test_dalembert_is_the_initial_data_carried_both_ways() -> None:
    """Limits → theory: nothing at t = 0, the identity after one trip, right movers to the right, left to the left."""
    start = np.random.default_rng(0).standard_normal((2, 2, 16))
    assert np.array_equal(dalembert(start, 0), start)
    assert np.array_equal(dalembert(start, 16), start)
    r, q = dalembert(start, 3)
    assert np.array_equal(r[:, 3:], start[0, :, :-3])
    assert np.array_equal(q[:, :-3], start[1, :, 3:])


def test_dalembert_solves_the_wave_equation_exactly() -> None:
    """Theory: second differences in t and in s of X agree to round-off for data without any smoothness."""
    start = np.random.default_rng(1).standard_normal((2, 2, 32))
    before, now, after = (position(dalembert(start, t)) for t in (4, 5, 6))
    tt = after + before - 2 * now
    ss = np.roll(now, 1, axis=-1) + np.roll(now, -1, axis=-1) - 2 * now
    assert np.abs(tt - ss).max() < 1e-14
    assert np.abs(tt).max() > 0.1


def test_fading_is_the_iterated_tanh_within_one_per_cent() -> None:
    """Slow twin → theory: 2000 times tanh from a = .5 stays within 1 % of the law at every tick (.5 % measured)."""
    a, worst, unfaded = 0.5, 0.0, 0.0
    for t in range(1, 2001):
        a = np.tanh(a)
        law = float(faded(0.5, t))
        worst, unfaded = max(worst, abs(a / law - 1.0)), 0.5 / law
    assert 0.002 < worst < 0.01
    assert unfaded > 15.0


def test_fading_has_its_limits() -> None:
    """Limits → theory: identity at t = 0, odd, 1/√(2t/3) from any height, and 1/a² grows by exactly 2/3 a tick."""
    a = np.array([0.01, 0.3, 2.0])
    assert np.array_equal(faded(a, 0), a)
    assert np.array_equal(faded(-a, 7), -faded(a, 7))
    assert faded(50.0, 600) == pytest.approx(0.05, rel=1e-5)
    assert 1 / faded(a, 9) ** 2 - 1 / a**2 == pytest.approx(6.0, rel=1e-9)


def test_each_tick_of_tanh_adds_two_thirds_to_the_inverse_square() -> None:
    """Quadrature and limits → theory: coth²a − a⁻² → 2/3 with error a²/15, the origin of the law."""
    a = np.array([0.05, 0.1, 0.2])
    excess = 1 / np.tanh(a) ** 2 - 1 / a**2 - 2 / 3
    assert excess == pytest.approx(a**2 / 15, rel=0.02)


def test_white_noise_misses_the_wave_equation_by_its_null() -> None:
    """Null: 2·10⁶ white points, seed 2, give 1/√3; its standard error is below 5e-4."""
    x = np.random.default_rng(2).standard_normal((2000, 1000))
    tt = (x[2:] + x[:-2] - 2 * x[1:-1])[:, 1:-1]
    ss = (x[1:-1, 2:] + x[1:-1, :-2]) - 2 * x[1:-1, 1:-1]
    measured = np.sqrt(((tt - ss) ** 2).mean() / ((tt**2).mean() + (ss**2).mean()))
    assert measured == pytest.approx(WHITE_WAVE_RESIDUAL, abs=2e-3)


def test_the_light_cone_has_unit_slope() -> None:
    """Theory: two lines through the origin, |ω| = |k|."""
    for line in light_cone(3.0):
        assert np.array_equal(np.abs(line[:, 0]), np.abs(line[:, 1]))
        assert np.array_equal(line.sum(axis=0), [0.0, 0.0])
