"""The best of several settings, judged on what it was not chosen on.

Chain of trust: hand-made tables → `estimators.crossfit` → verdicts of `regimes`. That nothing is gained by choosing
among equals is a calibration.
"""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.crossfit import judged, lag, lowest


def test_a_group_is_judged_at_what_was_best_for_the_others() -> None:
    """Chain of trust: by hand. Group 0 likes setting 0 and is judged at 1, which the others like; they at 0."""
    total = np.array([[[0.0, 9.0]], [[6.0, 2.0]], [[7.0, 1.0]]])
    assert np.array_equal(judged(total, np.ones(3)), [[9.0], [6.0], [7.0]])
    twice = judged(2.0 * total, np.full(3, 2.0))
    assert np.array_equal(twice, judged(total, np.ones(3)))


def test_fewer_than_two_groups_judge_nothing() -> None:
    """Chain of trust: definition. Groups without runs are left out, and one alone has no others."""
    total = np.zeros((4, 5, 3))
    assert judged(total, np.zeros(4)).shape == judged(total, np.array([0.0, 2.0, 0.0, 0.0])).shape == (0, 5)
    assert judged(total, np.array([0.0, 2.0, 1.0, 0.0])).shape == (2, 5)


def test_the_lag_is_where_a_choice_is_furthest_behind() -> None:
    """Chain of trust: by hand. Choice 0 is 5 behind in task 1, choice 1 is 2 behind in task 0; least behind is 1."""
    table = np.array([[0.0, 6.0], [2.0, 1.0]])
    found = np.stack([table] * 4)
    assert np.array_equal(lag(found, 0), np.full(4, 5.0)) and np.array_equal(lag(found, 1), np.full(4, 2.0))
    assert np.array_equal(lag(found), lag(found, 1)) and lag(found[:0]).shape == (0,)


def test_the_lowest_point_of_a_curve() -> None:
    """Chain of trust: closed form. Exact for a parabola; an end where the curve falls towards it."""
    x = np.linspace(0.0, 1.0, 5)
    y = np.stack([(x - 0.37) ** 2, (x - 0.8) ** 2 + 3.0, x, -x, 0.0 * x])
    assert lowest(x, y) == pytest.approx([0.37, 0.8, 0.0, 1.0, 0.0])
