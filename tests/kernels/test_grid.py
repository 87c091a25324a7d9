"""Deposit and gather against their slow twins, what they conserve, and their order; the deepest pass on known hills."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.grid import deepest_pass, deposit, deposit_moments, gather
from weltnet.theory import twins

LOW, N = -3.0, 32
INVERSE = N / 6.0


@pytest.fixture
def q():
    return np.random.default_rng(1).uniform(-3.2, 3.2, (3000, 2))


def test_deposit_equals_twin(q):
    """Link: np.add.at over the four corners."""
    assert np.abs(deposit(q, LOW, INVERSE, N, True) - twins.deposit(q, LOW, INVERSE, N)).max() < 1e-10


def test_deposit_conserves_count_and_mean(q):
    """Link: the four weights sum to 1 and have the member's position as their mean."""
    total = deposit(q, LOW, INVERSE, N, True)
    assert abs(total.sum() - len(q)) < 1e-9
    inside = q[(np.abs(q) < 2.7).all(axis=1)]
    axis = LOW + np.arange(N) / INVERSE
    field = deposit(inside, LOW, INVERSE, N, False)
    assert abs(field.sum() - len(inside)) < 1e-9
    assert abs((field.sum(axis=1) * axis).sum() - inside[:, 0].sum()) < 1e-8
    assert abs((field.sum(axis=0) * axis).sum() - inside[:, 1].sum()) < 1e-8


def test_deposit_drops_what_is_not_on_an_open_grid():
    """Link: the definition; members outside and not-a-number members add nothing."""
    lost = np.array([[9.0, 0.0], [0.0, -3.1], [np.nan, 0.0]])
    assert deposit(lost, LOW, INVERSE, N, False).sum() == 0.0
    assert deposit(lost[2:], LOW, INVERSE, N, True).sum() == 0.0


def test_moments_are_a_weighted_deposit(q):
    """Link: a member of value 3 is three members of value 1; the first field is the deposit itself, bit by bit."""
    values = np.column_stack([np.full(len(q), 3.0), np.sin(q[:, 0])])
    for periodic in (True, False):
        count, tripled, wave = deposit_moments(q, values, LOW, INVERSE, N, periodic)
        assert np.array_equal(count, deposit(q, LOW, INVERSE, N, periodic))
        assert np.abs(tripled - 3.0 * count).max() < 1e-12
        inside = (q >= LOW).all(axis=1) & (q < LOW + (N - 1) / INVERSE).all(axis=1)
        assert abs(wave.sum() - values[inside | periodic, 1].sum()) < 1e-9
    threes = deposit(np.repeat(q[:500], 3, axis=0), LOW, INVERSE, N, True)
    assert np.abs(deposit_moments(q[:500], values[:500], LOW, INVERSE, N, True)[1] - threes).max() < 1e-12


def test_gather_equals_twin_and_is_exact_for_bilinear_fields(q):
    """Link: bilinear interpolation written with fancy indexing; the field a + bx + cy + dxy is reproduced."""
    x = LOW + np.arange(N) / INVERSE
    bilinear = 1.0 + 2.0 * x[:, None] - 0.5 * x[None, :] + 0.25 * x[:, None] * x[None, :]
    fields = np.stack([bilinear, np.random.default_rng(2).standard_normal((N, N))])
    got = gather(fields, q, LOW, INVERSE)
    assert np.abs(got - twins.gather(fields, q, LOW, INVERSE)).max() < 1e-12
    p = np.clip(q, LOW, x[-1])
    exact = 1.0 + 2.0 * p[:, 0] - 0.5 * p[:, 1] + 0.25 * p[:, 0] * p[:, 1]
    assert np.abs(got[:, 0] - exact).max() < 1e-5


def test_gather_is_of_second_order():
    """Link: the interpolation error h² f''/8; slope by regression over four resolutions."""
    p = np.random.default_rng(3).uniform(-2.5, 2.5, (2000, 2))
    errors, sizes = [], np.array([24, 48, 96, 192])
    for n in sizes:
        x = LOW + np.arange(n) * 6.0 / n
        f = np.sin(1.3 * x[:, None]) * np.cos(0.7 * x[None, :])
        exact = np.sin(1.3 * p[:, 0]) * np.cos(0.7 * p[:, 1])
        errors.append(np.abs(gather(f[None], p, LOW, n / 6.0)[:, 0] - exact).max())
    order = -np.polyfit(np.log(sizes), np.log(errors), 1)[0]
    assert abs(order - 2.0) < 0.1


def test_deepest_pass():
    """Link: a double well x⁴/4 − x²/2 + y² + t x has its pass at 0 and its shallow well where the tilt says."""
    x = np.linspace(-2, 2, 201)
    well = x**4 / 4 - x**2 / 2
    for tilt in (0.0, 0.1):
        profile = well + tilt * x
        roots = np.sort(np.roots([1, 0, -1, tilt]).real)
        at = roots**4 / 4 - roots**2 / 2 + tilt * roots
        plane = profile[:, None] + x[None, :] ** 2
        assert abs(deepest_pass(plane) - (at[1] - max(at[0], at[2]))) < 2e-4
    assert deepest_pass(x[:, None] ** 2 + x[None, :] ** 2) == 0.0
