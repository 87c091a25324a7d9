"""Knobs are read from their one declaration, and a refused value is one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from weltnet.experiments import ALL
from weltnet.params import Params
from weltnet_app.controls import Controls, describe, groups, tooltip


class Desk:
    """What stands behind the knobs: one validator and a list of complaints."""

    def __init__(self, experiment: Any) -> None:
        self.experiment, self.params = experiment, experiment.params()
        self.calls: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.controls = Controls(experiment, self.params, self.turn, self.complaints.append)

    def turn(self, **changes: Any) -> None:
        self.calls.append(changes)
        self.params = self.experiment.params.parse(changes, self.params)
        self.controls.follow(self.params)


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_every_knob_appears_once_in_the_order_of_declaration(experiment: Any) -> None:
    """Rests on `Params.knobs`: none is lost, none invented, none out of its group."""
    params: type[Params] = experiment.params
    shown = [k.name for _, knobs in groups(params) for k in knobs]
    assert sorted(shown) == sorted(params.knobs())
    names = [name for name, _ in groups(params)]
    assert names == list(dict.fromkeys(k.group for k in params.knobs().values()))


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_tooltips_say_meaning_equation_range_and_restart(experiment: Any) -> None:
    """Rests on the declaration of each knob."""
    for knob in experiment.params.knobs().values():
        said = tooltip(knob)
        assert knob.meaning in said and knob.equation in said and knob.allowed in said
        assert ("starts a new run" in said) == knob.restarts
        assert not describe(knob, experiment.planes)["log"] or knob.low > 0


def test_turning_reaches_the_validator_and_comes_back_as_taken() -> None:
    """Rests on `Params.parse`: the knobs show what was taken, not what was asked."""
    desk = Desk(ALL[0])
    number = next(k for k in ALL[0].params.knobs().values() if k.kind == "number")
    desk.controls._heard({"set": {number.name: number.low}})
    assert desk.calls == [{number.name: number.low}]
    assert desk.controls.knobs.values[number.name] == number.low


def test_a_refused_value_is_said_and_the_knob_goes_back() -> None:
    """Rests on `BadParams`: one sentence with field, value and range; the values shown do not change."""
    desk = Desk(ALL[0])
    number = next(k for k in ALL[0].params.knobs().values() if k.kind == "number")
    before = dict(desk.controls.knobs.values)
    desk.controls._heard({"set": {number.name: number.high * 10}})
    assert len(desk.complaints) == 1
    assert number.name in desk.complaints[0] and number.allowed in desk.complaints[0]
    assert desk.controls.knobs.values == before
    desk.controls._heard({"set": {"nonsense": 1}})
    desk.controls._heard({"other": 1})
    assert len(desk.complaints) == 2 and "nonsense" in desk.complaints[1]


@pytest.mark.parametrize("experiment", [e for e in ALL if e.presets], ids=lambda e: e.slug)
def test_presets_set_every_knob(experiment: Any) -> None:
    """Rests on the presets' own values: what a preset does not name returns to its default."""
    desk = Desk(experiment)
    for preset in experiment.presets:
        desk.controls._heard({"preset": preset.name})
        assert desk.params == experiment.params.parse(dict(preset.values))
    assert not desk.complaints


def test_following_does_not_turn() -> None:
    """Rests on the direction of flow: a change from elsewhere is shown and not sent again."""
    desk = Desk(ALL[0])
    number = next(k for k in ALL[0].params.knobs().values() if k.kind == "number")
    desk.controls.follow(ALL[0].params.parse({number.name: number.high}))
    assert desk.controls.knobs.values[number.name] == number.high and not desk.calls
