"""Params: one validator behind every door; whole checked objects or one sentence.

Chain of trust: the ground. Every picture, link, file and verdict is a function of an object made here.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weltnet.params import BadParams, Params, Saboteur, choice, knob, region

Box = tuple[float, float, float, float]


class Toy(Params):
    """One knob of every kind."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("no-drift", "the mean stays put", turns=("drifts",)),
        Saboteur("no-noise", "nothing shakes", turns=("spreads",), restarts=True),
    )

    rate: float = knob(0.1, 1e-3, 1.0, symbol="γ", meaning="step of learning", unit="1/step", log=True)
    members: int = knob(64, 2, 512, symbol="M", meaning="how many learn", unit="replicas", restarts=True)
    law: Literal["sgd", "inertial"] = choice("sgd", symbol="", meaning="what a replica uses", restarts=True)
    brush: Box | None = region(-3.0, 3.0, plane="weights", symbol="Q*", meaning="whose states are shown")


values = st.fixed_dictionaries(
    {},
    optional={
        "rate": st.floats(1e-3, 1.0),
        "members": st.integers(2, 512),
        "law": st.sampled_from(["sgd", "inertial"]),
        "brush": st.none() | st.tuples(*[st.floats(-3.0, 3.0)] * 4),
        "broken": st.lists(st.sampled_from(["no-drift", "no-noise"]), unique=True),
    },
)


@given(values)
def test_text_round_trip(chosen: dict[str, Any]) -> None:
    """Chain of trust: the ground. A link or a command line carries every object exactly, to the last bit."""
    params = Toy.parse(chosen)
    again = Toy.parse(params.as_text())
    assert again == params
    assert again.canonical() == params.canonical()
    assert all(isinstance(text, str) for text in params.as_text().values())


@given(values)
def test_plain_values_round_trip(chosen: dict[str, Any]) -> None:
    """Chain of trust: the ground. What a worker is sent and what a frame carries is the same object again."""
    params = Toy.parse(chosen)
    assert Toy.parse(params.model_dump(mode="json")) == params


@given(values, values)
def test_change_is_what_differs(first: dict[str, Any], second: dict[str, Any]) -> None:
    """Chain of trust: the ground. The recorded change, put on the old object, gives the new one."""
    old, new = Toy.parse(first), Toy.parse(second)
    assert Toy.parse(old.changed(new), old) == new
    assert (old.canonical() == new.canonical()) == (not old.changed(new))
    about_the_beginning = old.breaks("no-noise") != new.breaks("no-noise")
    assert old.restarts(new) == (old.members != new.members or old.law != new.law or about_the_beginning)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("rate", "5e-2", 0.05),
        ("rate", "1", 1.0),
        ("members", "12", 12),
        ("law", "inertial", "inertial"),
        ("brush", "1,2,-1,-2", (-1.0, -2.0, 1.0, 2.0)),
        ("brush", "", None),
        ("broken", "no-noise", ("no-noise",)),
        ("broken", "no-noise,no-drift", ("no-drift", "no-noise")),
        ("broken", "", ()),
    ],
)
def test_text_is_read(key: str, text: str, value: object) -> None:
    """Chain of trust: the ground. Doors hand over text; boxes and saboteurs take one canonical order."""
    assert getattr(Toy.parse({key: text}), key) == value


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rate", "0.0001"),
        ("rate", 1.0000001),
        ("rate", "fast"),
        ("rate", None),
        ("rate", math.nan),
        ("rate", "nan"),
        ("rate", math.inf),
        ("rate", "-inf"),
        ("rate", 1e300),
        ("rate", "1e999"),
        ("rate", [0.1]),
        ("rate", {"a": 1}),
        ("members", 1),
        ("members", 513),
        ("members", 2.5),
        ("members", "1e400"),
        ("members", math.nan),
        ("members", math.inf),
        ("members", 10**30),
        ("members", "9" * 10_000),
        ("law", "SGD"),
        ("law", 3),
        ("law", "x" * 10_000),
        ("brush", "1,2,3"),
        ("brush", "1,2,3,4"),
        ("brush", "1,2,nan,0"),
        ("brush", (0.0, 0.0, math.inf, 1.0)),
        ("brush", "here"),
        ("brush", 7),
        ("broken", "no-sense"),
        ("broken", ["no-drift", "no-sense"]),
    ],
)
def test_refusal_is_one_sentence(key: str, value: object) -> None:
    """Chain of trust: the ground. What is refused is named with its value and what is allowed, in one short line."""
    with pytest.raises(BadParams) as refused:
        Toy.parse({key: value})
    sentence = str(refused.value)
    assert sentence.startswith(f"{key} = ")
    assert "allowed: " in sentence
    assert "\n" not in sentence and len(sentence) < 300
    if key == "broken":
        assert "no-drift, no-noise" in sentence
    else:
        knob_ = Toy.knobs()[key]
        assert knob_.allowed in sentence and knob_.meaning in sentence


@pytest.mark.parametrize("value", [3, True, 0.5, [1, 2], {"a": 1}, None, [["no-drift"]]])
def test_broken_of_a_wrong_kind_is_refused(value: object) -> None:
    """Chain of trust: the ground. A file may hold anything where names are meant; that is a sentence too."""
    with pytest.raises(BadParams, match="broken"):
        Toy.parse({"broken": value})


@pytest.mark.parametrize("value", [10**4500, -(16**5000)], ids=["large", "negative"])
def test_endless_number_is_refused(value: int) -> None:
    """Chain of trust: the ground. Python refuses to print such a whole number; a TOML file can still hold one."""
    for key in ("rate", "members"):
        with pytest.raises(BadParams, match=key):
            Toy.parse({key: value})


def test_unknown_key_names_the_known() -> None:
    """Chain of trust: the ground. A misspelt name is never ignored."""
    with pytest.raises(BadParams, match=r"^ratte is not a parameter here; allowed: .*rate, members, law, brush"):
        Toy.parse({"ratte": 1})


@given(values, st.sampled_from(["rate", "members", "law", "brush"]))
def test_refusal_leaves_nothing_half_done(chosen: dict[str, Any], key: str) -> None:
    """Chain of trust: the ground. One bad value among good ones, and no object comes out; the old one is as it was."""
    base = Toy.parse(chosen)
    before = base.canonical()
    with pytest.raises(BadParams):
        Toy.parse({"rate": 0.5, "members": 8} | {key: "no such value"}, base)
    assert base.canonical() == before


def test_objects_cannot_be_altered() -> None:
    """Chain of trust: the ground. A frame's Params are the ones it was computed with, for ever."""
    params = Toy()
    with pytest.raises(ValueError, match="frozen"):
        params.rate = 0.5  # type: ignore[misc]


def test_knob_is_read_back_as_declared() -> None:
    """Chain of trust: the ground. Sliders, help and schema read the one declaration."""
    knobs = Toy.knobs()
    assert list(knobs) == ["rate", "members", "law", "brush"]
    rate, members, law, brush = knobs.values()
    assert (rate.kind, rate.low, rate.high, rate.default, rate.log) == ("number", 1e-3, 1.0, 0.1, True)
    assert (members.kind, members.unit, members.restarts, members.symbol) == ("integer", "replicas", True, "M")
    assert (law.kind, law.choices) == ("choice", ("sgd", "inertial"))
    assert (brush.kind, brush.plane, brush.low, brush.high, brush.default) == ("region", "weights", -3.0, 3.0, None)
    assert brush.velocity == ()


def test_schema_carries_the_declaration() -> None:
    """Chain of trust: the ground. The JSON schema is read from the same declaration, ranges and meaning included."""
    rate = Toy.model_json_schema()["properties"]["rate"]
    assert (rate["minimum"], rate["maximum"], rate["description"]) == (1e-3, 1.0, "step of learning")


def test_undeclared_field_is_a_mistake() -> None:
    """Chain of trust: the ground. A field that is no knob has no symbol and no range, so it cannot be one."""

    class Careless(Params):
        rate: float = 0.1

    with pytest.raises(TypeError, match="not declared"):
        Careless.knobs()
