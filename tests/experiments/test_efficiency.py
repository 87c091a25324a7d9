"""Links of the chain: estimators → verdicts of `efficiency`, and what a person can turn."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet.experiment import Verdict
from weltnet.experiments import efficiency
from weltnet.experiments.efficiency import EXPERIMENT, RACE, STRIDE, TIMES, EfficiencyParams, EfficiencyState
from weltnet.observables import Cloud, Field, Series
from weltnet.timeline import Timeline

Line = Timeline[EfficiencyParams, EfficiencyState]


def carried(steps: int, seed: int = 0, **values: object) -> Line:
    line: Line = Timeline(EXPERIMENT, EfficiencyParams.parse(values), seed)
    while line.step < steps:
        line.advance()
    return line


@cache
def race() -> Line:
    """One race from begin to end."""
    return carried(RACE)


def judged(line: Line) -> dict[str, Verdict]:
    return {v.claim: v for v in line.verdicts()}


def test_the_sign_flips_with_the_horizon() -> None:
    """Figure of the design, seed 0, one race of six heats: ρ > .4 at 50 steps and < −.4 at 400."""
    found = judged(race())
    assert found["early"].measured > 0.4 and found["late"].measured < -0.4
    assert found["law"].word == "fails" and found["readout"].measured < -0.3


def test_all_depths_learn() -> None:
    """Figure of the design: after 400 steps at γ = .15 the loss is a tenth of what it was, deep networks ahead."""
    mean = race().state.losses.mean(axis=2)
    assert (mean[-1] < 0.1 * mean[0]).all() and race().state.failed == 0
    assert mean[10, 0] < mean[10, 5] and mean[-1, 0] > mean[-1, 3:].max()


def test_traces_fall_with_depth_at_birth_and_rise_later() -> None:
    """Figure of the design: at birth from near 290 at depth 1 to near 180 at depth 6; at 100 steps the other way."""
    traces = race().state.traces.mean(axis=2)
    assert traces[0, 0] == pytest.approx(286, rel=0.1) and traces[0, 5] == pytest.approx(183, rel=0.1)
    assert traces[2, 0] < traces[2, 3]


def test_a_tap_stops_the_clock() -> None:
    """Knob → knob: a tap on the first picture sets the horizon, to whole takes of the loss, and leaves no box."""
    line = carried(STRIDE)
    line.change(EfficiencyParams.parse({"place": (301.7, 0.2, 301.7, 0.2)}))
    assert (line.params.horizon, line.params.place) == (300, None)
    line.change(EfficiencyParams.parse({"place": (0.0, 0.2, 3.0, 0.2)}))
    assert line.params.horizon == 10


def test_turning_the_clock_keeps_what_was_seen_and_turning_the_rate_does_not() -> None:
    """Knob → state: a horizon is a way of looking; another γ is another law, and begins with other networks."""
    line = race().fork()
    line.change(line.params.model_copy(update={"horizon": 400}))
    assert judged(line)["early"].measured == judged(race())["late"].measured
    assert judged(line)["early"].word == "fails"
    line.change(line.params.model_copy(update={"learning_rate": 0.05}))
    line.advance()
    assert (line.state.at, line.state.count, line.state.race) == (0, 0, 1) and not line.state.table.any()


def test_a_new_race_has_other_networks() -> None:
    """State: after the last step a race is booked and the next begins from other weights."""
    line = race().fork()
    assert (line.state.at, line.state.count) == (RACE, efficiency.HEATS)
    first = line.state.losses[0].copy()
    line.advance()
    assert line.state.at == 0 and not np.isclose(line.state.losses[0], first).any() and not line.state.losses[1:].any()


def test_pictures_show_what_is_judged() -> None:
    """Verdict → picture: the curve of all races at the horizon is the card's number, and the map's first column."""
    frame, card = race().frame(), judged(race())["early"].measured
    ranks, seen, dots = frame.seen["ranks"], frame.seen["map"], frame.seen["networks"]
    assert isinstance(ranks, Series) and isinstance(seen, Field) and isinstance(dots, Cloud)
    at = int(np.flatnonzero(TIMES == 50)[0])
    assert ranks.y[0, at] == pytest.approx(card) == pytest.approx(seen.values[0, at])
    assert seen.resolved is not None and seen.resolved.all() and dots.count == 6 * efficiency.HEATS


def test_what_learns_nothing_is_no_answer() -> None:
    """Regime → verdict: 1024 neurons at γ = .15 blow up, and who does not is no order of architectures."""
    line = carried(STRIDE, parameters=71260)
    assert len(line.state.q) == 1
    line.state.at = RACE
    line.state.losses[:], line.state.traces[:] = 1.8, 300.0
    for _ in range(efficiency.ENOUGH):
        efficiency._book(line.state)
    assert {v.word for v in line.verdicts()} == {"outside-regime"}
