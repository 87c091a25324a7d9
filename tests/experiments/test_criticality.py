"""Criticality: what the page draws is what its systems do, and knobs of the controls begin them anew."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet.estimators import tails
from weltnet.experiments.criticality import AGED, EXPERIMENT, KEPT, SETTLED, SGD, CriticalityParams, CriticalityState
from weltnet.observables import Series
from weltnet.systems.layered import accuracy, digits
from weltnet.systems.readers import WIDTHS
from weltnet.timeline import Timeline

Line = Timeline[CriticalityParams, CriticalityState]


@cache
def line() -> Line:
    made = Timeline(EXPERIMENT, CriticalityParams(), 1)
    made.seek(450)
    return made


def test_networks_read() -> None:
    """Chain: preparation → regime. All sixteen read more than .9 of the test images while they are judged."""
    data = digits()
    assert accuracy(line().state.networks, WIDTHS, data.test_x, data.test_shown).min() > 0.9


def test_jumps_are_no_power_law() -> None:
    """PHYSICS §6 → verdict. The lognormal is preferred, z < 0, for jumps, steps and avalanches alike."""
    state = line().state
    assert state.step * SGD > KEPT
    losses, lengths = (np.roll(a, -(state.step * SGD % KEPT), axis=1) for a in (state.losses, state.lengths))
    for what in ("jumps", "steps", "avalanches"):
        x, whose = tails.events(losses, lengths, what)
        found = tails.compare(x, whose, 0.2 if what != "avalanches" else 0.5, len(losses))
        assert found is not None and found.z < -3.0
        # the exponent depends on the cut, as no power law's does
        assert tails.index(x, 0.01, 1)[0] > 1.5 * tails.index(x, 0.2, 1)[0]


def test_control_is_within_a_quarter() -> None:
    """PHYSICS §6 → verdict. Index of all three rates within 25 % of ⟨|1 − γx²|^a⟩ = 1."""
    verdicts = {v.claim: v for v in line().verdicts()}
    assert abs(verdicts["kesten"].measured) < 0.25 and verdicts["passes"].word == "holds"


def test_equilibrium_stays_where_it_is_put() -> None:
    """Closed form → kernel. Weights that begin in equilibrium keep its index to 20 % to t = 20; cold ones lack it."""
    run = Timeline(EXPERIMENT, EXPERIMENT.params.parse({"broken": "warm-start", "exponent": 2.0}), 1)
    state = run.state
    before = np.sort(np.abs(state.q))
    from weltnet.kernels.tails import couple

    couple(state.q, 0.1, 2.0 / 3.0, 0.01, 3 * AGED, 0, 5)
    after = np.sort(np.abs(state.q))
    ranks = [int(len(after) * p) for p in (0.5, 0.9, 0.99)]
    assert after[ranks] == pytest.approx(before[ranks], rel=0.2)
    assert line().state.ended[0] > 1.5


def test_knobs_of_the_controls_begin_them_anew() -> None:
    """Chain: knob → state. Another γ′ empties the counts, another a releases the weights; the networks go on."""
    run = Timeline(EXPERIMENT, CriticalityParams(), 2)
    run.seek(SETTLED + 10)
    assert run.state.counts.sum() > 0
    run.change(EXPERIMENT.params.parse({"control_rate": 0.5, "exponent": 3.0}))
    run.advance()
    assert run.state.counts.sum() == 0 and run.state.age == EXPERIMENT.stride
    words = {v.claim: v.sentence for v in run.verdicts()}
    assert "Neurons are counted from" in words["kesten"] and "of 20" in words["attraction"]


def test_ghosts_meet_the_data() -> None:
    """Chain: fit → picture. Both laws pass through P₀ at x_min, where the curve of the data does."""
    frame = line().frame()
    seen, told = frame.seen["rare"], frame.theory["rare"]
    assert isinstance(seen, Series) and isinstance(told, Series)
    assert told.y[:, 0] == pytest.approx(np.log10(0.2), abs=1e-6)
    assert np.interp(told.x[0], seen.x, seen.y[0]) == pytest.approx(np.log10(0.2), abs=0.05)
    assert told.y[0, 45] > told.y[1, 45]
