"""Adjusting itself: what its eight cells must do, besides their verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.experiments.adjust import CELLS, EXPERIMENT, LAUNCH, ROWS, AdjustParams, N
from weltnet.observables import Paths
from weltnet.timeline import Timeline


def run(steps: int, seed: int = 1, **values: Any) -> Timeline[Any, Any]:
    line = Timeline(EXPERIMENT, AdjustParams.parse(values), seed)
    while line.step < steps:
        line.advance()
    return line


def test_cells_take_turns() -> None:
    """Link: run -> cell. A launch ends in its own cell with all its rows, and a turned knob begins all cells anew."""
    line = run(2 * LAUNCH, replicas=2000)
    state = line.state
    assert list(state.ended) == [1, 1, 0, 0, 0, 0, 0, 0] and state.cell == N
    assert (np.abs(state.grams[:2]).sum(axis=(3, 4, 5, 6))[:, 0] > 0.0).all() and state.witness.rows == 2 * ROWS
    line.change(AdjustParams.parse({"replicas": 2000, "hbar": 0.4}))
    line.advance()
    assert not state.ended.any() and not np.isfinite(state.found).any()
    assert state.launches == 3 and state.cell == 2


def test_exchange_is_what_makes_the_pressure() -> None:
    """Link: PHYSICS §4, one launch of each, seed 1. Fixed N: |ħ²| < .06; neurons adapt: ħ² within .04 of .25, θ > 75°,
    and a density within .12 of the exact one, from which momentum alone is off by more than .3."""
    state = run(2 * LAUNCH).state
    fixed, adapts = state.found[:2]
    assert abs(fixed[2]) < 0.06 and fixed[0] > 70.0
    assert adapts[2] == pytest.approx(0.25, abs=0.04) and adapts[0] > 75.0
    assert state.l1[1, 0] < 0.12 and state.l1[0, 0] > 0.3


def test_exchange_acts_on_nothing_in_sgd() -> None:
    """Link: what is put in by hand. Plain SGD has no free energy of its own: with N nothing else happens than without,
    first order, θ < 10° as PHYSICS §4 asks."""
    state = run(2 * LAUNCH, base="sgd").state
    assert not len(state.one.q) and len(state.q) == 3000
    assert state.found[0, 0] < 10.0 and state.found[1, 0] < 10.0
    assert state.found[0, 0] == pytest.approx(state.found[1, 0], abs=1.5)


def test_the_page_waits_for_the_last_cell() -> None:
    """Link: state -> frame. Effects are drawn when all eight cells are known, and their ghosts from the beginning."""
    line = run(LAUNCH, replicas=2000)
    frame = line.frame()
    seen, ghost = frame.seen["effects"], frame.theory["effects"]
    assert isinstance(seen, Paths) and isinstance(ghost, Paths)
    assert not len(seen.starts) and len(ghost.starts) == CELLS - 1
    line.state.ended[:], line.state.found[:] = 1.0, np.array([80.0, np.inf, 0.1, np.inf])
    drawn = line.frame().seen["effects"]
    assert isinstance(drawn, Paths) and len(drawn.starts) == 4 * (CELLS - 1)


@pytest.mark.slow
def test_heat_passes_for_pressure() -> None:
    """Link: a bias that is known. Batches of 2 shake momentum: with fixed N an ħ² of .02 to .2 is found, of no wave."""
    found = run(3 * CELLS * LAUNCH, batch=2.0).state.found[::2, 2]
    assert 0.02 < found.mean() < 0.2
