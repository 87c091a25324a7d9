"""Links of the chain: people who are alike → hazards of two kinds; closed forms → life tables and jackknives."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators import survival
from weltnet.estimators.jackknife import left_out


def test_ratio_among_the_like_is_not_the_crude_one():
    """Link: Simpson's paradox, exact: half the risk in either stratum, and yet twice the deaths."""
    table = np.array([[[1000, 100], [200, 5]], [[100, 1000], [40, 100]]], dtype=float)
    crude = (205 / 1100) / (140 / 1100)
    assert crude > 1.0 and survival.hazard_ratio(table) == pytest.approx(0.5)
    assert np.isnan(survival.hazard_ratio(np.zeros((2, 2, 3))))


def test_ratio_counts_no_stratum_with_a_single_kind():
    """Link: definition: who has no like is no witness."""
    table = np.array([[[50, 80], [10, 70]], [[50, 0], [20, 0]]], dtype=float)
    assert survival.hazard_ratio(table) == pytest.approx(0.5)


def test_a_constant_hazard_is_exponential():
    """Link: closed form: S = (1 − h)^age."""
    S = survival.surviving(np.full(9, 200.0), np.full(9, 20.0))
    assert pytest.approx(0.9 ** np.arange(10.0)) == S


def test_leaving_out_is_the_error_of_a_mean():
    """Link: Student's t: of a mean, the jackknife's half-width is the usual one."""
    x = np.random.default_rng(1).normal(size=12)
    value, error = left_out(lambda g: float(x[g].mean()), 12)
    assert (value, error) == pytest.approx((x.mean(), 2.201 * x.std(ddof=1) / np.sqrt(12)), rel=1e-3)
