"""Every state of a run is a link, and every bad link is one sentence."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weltnet import __version__
from weltnet.experiments import ALL
from weltnet.params import BadParams
from weltnet.timeline import Log
from weltnet_app import address

EXPERIMENT = ALL[-1]


def some_change(experiment: Any) -> dict[str, Any]:
    """A live change: the first number or region that does not restart, at its upper end."""
    knob = next(k for k in experiment.params.knobs().values() if k.kind not in ("choice", "formula") and not k.restarts)
    return {knob.name: [knob.high] * 4 if knob.kind == "region" else knob.high}


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_link_round_trip(experiment: Any) -> None:
    """params → link: what is written is read back as the same run at the same step."""
    change = some_change(experiment)
    initial = experiment.params().model_dump(mode="json")
    live = [s.name for s in experiment.saboteurs if not s.restarts][:1]
    default = {name: initial[name] for name in change}
    log = Log(12345, initial, ((40, change), (100, {"broken": live} if live else default)))
    text = address.write(log, experiment, 250, "0123456789abcdef", paused=True, run="x")
    back = address.read(dict(parse_qsl(text)), experiment, 0)
    assert (back.log.seed, back.at, back.digest, back.paused) == (12345, 250, "0123456789abcdef", True)
    assert back.log.initial == initial
    assert [s for s, _ in back.log.changes] == [40, 100]
    assert back.log.changes[0][1] == change


def test_long_log_becomes_a_run_id() -> None:
    """A log that would not fit into 4 kB is replaced by the run's id."""
    change = some_change(EXPERIMENT)
    log = Log(1, EXPERIMENT.params().model_dump(mode="json"), tuple((2 * s, change) for s in range(500)))
    text = address.write(log, EXPERIMENT, 1000, "d", paused=False, run="the-run")
    assert len(text) <= address.LONGEST_LINK and dict(parse_qsl(text))["run"] == "the-run"


def parsed(log: Log, **rest: Any) -> dict[str, str]:
    """The query of a link to step 100 of a run."""
    return dict(parse_qsl(address.write(log, EXPERIMENT, 100, "d" * 16, paused=True, run="the-run", **rest)))


def test_pins_travel_in_the_link() -> None:
    """params → link: the runs kept beside a run are read back as they were, in order, with the writing version."""
    change = some_change(EXPERIMENT)
    initial = EXPERIMENT.params().model_dump(mode="json")
    other = EXPERIMENT.params.parse(change).model_dump(mode="json")
    pins = [Log(3, other, ()), Log(4, initial, ((40, change),))]
    query = parsed(Log(12, initial), pins=pins)
    back = address.read(query, EXPERIMENT, 0)
    assert list(back.pins) == pins and back.log == Log(12, initial)
    assert back.version == __version__ == query["v"]
    assert "pins" not in parsed(Log(12, initial))
    assert address.read(query | {"v": "<b>1</b>"}, EXPERIMENT, 0).version == ""


def test_pins_leave_a_long_link_before_changes_do() -> None:
    """A link beyond 4 kB gives up the runs kept beside first, then the changes, and never the state it promises."""
    change = some_change(EXPERIMENT)
    initial = EXPERIMENT.params().model_dump(mode="json")

    def log(turns: int) -> Log:
        return Log(1, initial, tuple((2 * s, change) for s in range(turns)))

    turns = next(n for n in range(20, 200) if len(address.write(log(n), EXPERIMENT, 0, "", paused=True, run="")) > 3000)
    fits, long, longer = (parsed(log(n), pins=[log(m)]) for n, m in ((turns, 2), (turns, turns), (5 * turns, 2)))
    assert ["pins" in q for q in (fits, long, longer)] == [True, False, False]
    assert ["changes" in q for q in (fits, long, longer)] == [True, True, False]
    assert longer["run"] == "the-run"
    assert all((q["at"], q["digest"]) == ("100", "d" * 16) for q in (fits, long, longer))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"seed": "-1"}, ("seed", "-1")),
        ({"seed": "9" * 30}, ("seed",)),
        ({"at": "1e9"}, ("at", "1e9")),
        ({"nonsense": "1"}, ("nonsense", "allowed")),
        ({"broken": "gravity"}, ("broken", "gravity", "allowed")),
        ({"changes": "[[0]]"}, ("changes", "allowed")),
        ({"changes": "[" * 3000}, ("changes",)),
        ({"changes": json.dumps([[10, {}], [4, {}]])}, ("changes", "rising")),
        ({"preset": "no such"}, ("preset", "no such")),
        ({"pins": "{}"}, ("pins", "allowed")),
        ({"pins": "[[1, {}]]"}, ("pins", "[1, {}]", "allowed")),
        ({"pins": json.dumps([[-1, {}, []]])}, ("pins", "-1", "seed")),
        ({"pins": json.dumps([[True, {}, []]])}, ("pins", "True")),
        ({"pins": json.dumps([[1, {"nonsense": 1}, []]])}, ("nonsense", "allowed")),
        ({"pins": json.dumps([[1, {}, [[10, {}], [4, {}]]]])}, ("[4, {}]", "rising")),
        ({"pins": json.dumps([[1, {}, []]] * 5)}, ("pins", "5", "at most 4")),
    ],
)
def test_bad_link_is_one_sentence(query: dict[str, str], names: tuple[str, ...]) -> None:
    """The sentence names the field, the value and what is allowed."""
    with pytest.raises(BadParams) as refused:
        address.read(query, EXPERIMENT, 0)
    assert all(name in str(refused.value) for name in names)
    assert "\n" not in str(refused.value)


@given(st.dictionaries(st.sampled_from([*EXPERIMENT.params.model_fields, *address.RESERVED]), st.text(max_size=40)))
@settings(max_examples=400)
def test_any_query_is_read_or_refused(query: dict[str, str]) -> None:
    """No query whatever raises anything but `BadParams`, and what is read is inside every range."""
    try:
        found = address.read(query, EXPERIMENT, 7)
    except BadParams as refused:
        assert str(refused) and "\n" not in str(refused)
    else:
        EXPERIMENT.params.parse(found.log.initial)
        assert 0 <= found.at <= address.MOST_STEPS
        for pin in found.pins:
            EXPERIMENT.params.parse(pin.initial)
