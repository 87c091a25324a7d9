"""Bulk and boundary: the figures its verdicts rest on, and what its pictures show."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from weltnet.experiments.duality import EXPERIMENT, ROUNDS, SITES, DualityParams, DualityState, boundary
from weltnet.observables import Field, Scalar, Series
from weltnet.systems import bulk
from weltnet.timeline import Timeline


@cache
def line(steps: int, **values: Any) -> Timeline[DualityParams, DualityState]:
    made = Timeline(EXPERIMENT, EXPERIMENT.params.parse(values), 1)
    made.seek(steps)
    return made


def test_figures_of_the_design() -> None:
    """Chain: system -> figures. Four layers within .05 above their cone; twelve below .03, seed 1."""
    ended = line(3 * ROUNDS).state.ended
    by = dict(zip(ended["depth"], ended["map"], strict=True))
    assert 0.0 < by[4] - bulk.cone(boundary("power-law", 1, 0), 4) < 0.05
    twelve = line(ROUNDS, depths="one", depth=12).state.ended
    assert twelve["map"][0] < 0.03 and twelve["two"][0] < 0.03


def test_way_back_is_exact_for_small_inputs_only() -> None:
    """Chain: limit -> figures. e(.1) < .03, e ∝ a² at the smallest amplitudes, e(2) > .2, seed 1."""
    ended = line(3 * ROUNDS).state.ended
    e = np.array([ended[f"back{i}"].mean() for i in range(6)])
    assert e[1] < 0.03 and e[5] > 0.2
    assert abs(np.log(e[1] / e[0]) / np.log(1 / 0.3) - 2.0) < 0.15


def test_pictures() -> None:
    """Chain: state -> pictures. A pulse stays inside its cone; what is seen is the boundary's at L = 12."""
    run = line(ROUNDS, depths="one", depth=12)
    shown, seen, ghost = run.frame().seen["signal"], run.frame().seen["seen"], run.frame().theory["seen"]
    assert isinstance(shown, Field) and isinstance(seen, Series) and isinstance(ghost, Series)
    assert shown.values.shape == (SITES, 13)
    outside = np.abs(np.arange(SITES) - SITES // 2)[:, None] > np.arange(13)
    ring = outside & outside[::-1]
    assert (shown.values[ring] == -3.0).all()
    assert np.abs(seen.y - ghost.y).max() < 0.03


def test_weights_are_counted() -> None:
    """Chain: definition. Twelve layers of three links each have 2.25 times the weights of a dense layer."""
    count = line(ROUNDS, depths="one", depth=12).frame().seen["weights"]
    assert isinstance(count, Scalar) and count.value == 2.25
