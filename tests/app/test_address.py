"""Every state of a run is a link, and every bad link is one sentence."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weltnet.experiments import ALL
from weltnet.params import BadParams
from weltnet.timeline import Log
from weltnet_app import address

EXPERIMENT = ALL[-1]


def some_change(experiment: Any) -> dict[str, Any]:
    """A live change: the first number that does not restart, at its upper end."""
    knob = next(k for k in experiment.params.knobs().values() if k.kind == "number" and not k.restarts)
    return {knob.name: knob.high}


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_link_round_trip(experiment: Any) -> None:
    """params → link: what is written is read back as the same run at the same step."""
    change = some_change(experiment)
    initial = experiment.params().model_dump(mode="json")
    live = next(s for s in experiment.saboteurs if not s.restarts)
    log = Log(12345, initial, ((40, change), (100, {"broken": [live.name]})))
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
