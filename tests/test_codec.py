"""Codec: what leaves a worker is what was computed, to the last bit or to half a level of a palette.

Chain of trust: state -> frame -> bytes -> picture; the experiment's numbers are above it, the painted pixels below.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from weltnet import codec
from weltnet.experiment import Frame
from weltnet.observables import Cloud, ComplexField, Field, MetricField, Observable, Paths, Scalar, Series
from weltnet.params import Params, knob


class Toy(Params):
    rate: float = knob(0.1, 0.0, 1.0, symbol="γ", meaning="step of learning")


finite = st.floats(allow_nan=False, allow_infinity=False)
drawable = st.floats(-1e30, 1e30)


def grid(shape: Any, elements: st.SearchStrategy[float] = finite) -> st.SearchStrategy[Any]:
    return arrays(np.float64, shape, elements=elements)


def frame(theory: dict[str, Observable] | None = None, **seen: Observable) -> Frame:
    return Frame(7, 140, 1.25, Toy(rate=0.25), seen, theory or {}, "0123456789abcdef")


def every_type(rng: np.random.Generator, largest: float = 1e30) -> dict[str, Observable]:
    """One observable of every shape, with the awkward values a float can take."""
    awkward = np.array([[0.0, -0.0], [5e-324, largest], [math.pi, -1 / 3]])
    resolved = rng.random((3, 4)) < 0.5
    return {
        "number": Scalar(0.1 + 0.2, "x", "nats", 1e-17, "plane"),
        "curves": Series("plane", np.arange(3.0), awkward.T.copy(), ("a", "b"), ("ink", "net")),
        "picture": Field("plane", rng.standard_normal((3, 4)), (0, 3, 0, 4), (-2.0, 2.0), "p", "", True, resolved),
        "plain picture": Field("plane", rng.standard_normal((2, 5)), (0, 2, 0, 5), (-2.0, 2.0), "p"),
        "wave": ComplexField(
            "plane", rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4)), (0, 3, 0, 4), 2, "ψ"
        ),
        "members": Cloud("plane", awkward, 20_000, "Q", "tracer"),
        "nobody": Cloud("plane", np.zeros((0, 2)), 0, "Q"),
        "cones": MetricField(
            "plane",
            rng.random((5, 2)),
            rng.random((5, 2)),
            rng.random((5, 2, 2)),
            np.array([True, False, True, True, False]),
            2.5,
        ),
        "still": Paths.of("plane", [rng.random((4, 2)), rng.random((2, 2))], "contour", static=True),
        "moving": Paths.of("plane", [], "geodesic"),
    }


def same(a: Observable, b: Observable) -> bool:
    """Equal type, plain fields and array bits."""
    if type(a) is not type(b):
        return False
    for f in dataclasses.fields(a):  # type: ignore[arg-type]
        x, y = getattr(a, f.name), getattr(b, f.name)
        if isinstance(x, np.ndarray):
            if not (isinstance(y, np.ndarray) and x.dtype == y.dtype and x.shape == y.shape):
                return False
            if x.tobytes() != y.tobytes():
                return False
        elif x != y or type(x) is not type(y):
            return False
    return True


def array_in(message: bytes, key: str, name: str) -> Any:
    """An array of a message, read as a browser reads it: header length, header, offset."""
    (n,) = struct.unpack_from("<I", message)
    item = next(i for i in json.loads(message[4 : 4 + n])["items"] if i["key"] == key)
    entry = item["arrays"][name]
    count = math.prod(entry["shape"])
    return np.frombuffer(message, "<" + entry["dtype"], count, 4 + n + entry["offset"]).reshape(entry["shape"])


def test_exact_round_trip_of_every_shape() -> None:
    """Chain of trust: frame -> bytes. Every observable comes back with every bit, and so do the frame's own words."""
    sent = frame(theory={"number": Scalar(1.0, "x")}, **every_type(np.random.default_rng(1), largest=1.7e308))
    got = codec.decode(codec.encode(sent, "exact"), Toy)
    assert (got.seq, got.step, got.time, got.params, got.digest) == (7, 140, 1.25, Toy(rate=0.25), sent.digest)
    assert list(got.seen) == list(sent.seen) and list(got.theory) == ["number"]
    assert all(same(sent.seen[k], got.seen[k]) for k in sent.seen)
    assert same(sent.theory["number"], got.theory["number"])


@given(grid((3, 2)), grid((2, 4)), finite)
def test_exact_round_trip_of_any_number(points: Any, values: Any, number: float) -> None:
    """Chain of trust: frame -> bytes. No finite double is altered, be it subnormal, huge or minus zero."""
    sent = frame(
        c=Cloud("p", points, 3, "Q"), f=Field("p", values, (0, 1, 0, 1), (0.0, 1.0), "p"), s=Scalar(number, "x")
    )
    got = codec.decode(codec.encode(sent, "exact"), Toy)
    assert all(same(sent.seen[k], got.seen[k]) for k in sent.seen)


@given(grid((4, 3), drawable), st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_display_field_is_within_half_a_level(values: Any, low: float, width: float) -> None:
    """Chain of trust: bytes -> picture. A palette of 255 levels misplaces no value by more than half a level."""
    high = low + width
    shown = array_in(codec.encode(frame(f=Field("p", values, (0, 1, 0, 1), (low, high), "p"))), "f", "values")
    assert shown.dtype == np.uint8 and shown.max() <= 254
    level = (high - low) / 254
    back = low + shown * level
    assert np.abs(back - np.clip(values, low, high)).max() <= level * (0.5 + 1e-6) + 1e-9 * abs(low)


def test_display_ends_and_unresolved() -> None:
    """Chain of trust: bytes -> picture. Both limits have their own colour, and what is not resolved has none."""
    values = np.array([[-1.0, 1.0], [0.0, 99.0]])
    resolved = np.array([[True, True], [True, False]])
    sent = frame(f=Field("p", values, (0, 1, 0, 1), (-1.0, 1.0), "p", "", True, resolved))
    assert array_in(codec.encode(sent), "f", "values").tolist() == [[0, 254], [127, 255]]


def test_display_complex_is_within_half_a_level() -> None:
    """Chain of trust: field -> picture. Phase within 1/512 turn, modulus within 1/510 of the limit, clipped."""
    z = np.array([[0.0, 1.0, 1j], [-1.0, -0.5j, 3 * np.exp(-0.01j)], [2 * np.exp(3.1j), 0.25 + 0.25j, 0.004j]])
    message = codec.encode(frame(psi=ComplexField("plane", z, (0, 3, 0, 3), 2.0, "ψ")))
    (item,) = codec.header(message)["items"]
    entry = item["arrays"]["values"]
    base = 4 + int(np.frombuffer(message, "<u4", 1)[0])
    index = np.frombuffer(message, "<u2", 9, base + entry["offset"]).reshape(3, 3).astype(int)
    assert entry["dtype"] == "u2"
    again = (index % 256) / 255 * 2.0 * np.exp(2j * np.pi * (index // 256) / 256)
    clipped = np.minimum(np.abs(z), 2.0) * np.exp(1j * np.angle(z))
    assert np.abs(np.abs(again) - np.abs(clipped)).max() <= 2.0 / 510 + 1e-12
    turn = np.angle(again * np.conj(clipped))[np.abs(clipped) > 0.1]
    assert np.abs(turn).max() <= np.pi / 256 + 1e-12
    assert index[0, 0] % 256 == 0


@given(grid((5, 2), drawable))
def test_display_points_are_single_precision(points: Any) -> None:
    """Chain of trust: bytes -> picture. A coordinate is rounded once, to the nearest float32."""
    shown = array_in(codec.encode(frame(c=Cloud("p", points, 5, "Q"))), "c", "points")
    assert shown.dtype == np.float32
    assert np.array_equal(shown, points.astype(np.float32))


def test_display_leaves_out_what_does_not_move() -> None:
    """Chain of trust: bytes -> picture. Static paths are built into the figure, from an exact message."""
    sent = frame(**every_type(np.random.default_rng(2)))
    arrays_of = {i["key"]: i["arrays"] for i in codec.header(codec.encode(sent))["items"]}
    assert arrays_of["still"] == {} and arrays_of["moving"] != {}
    assert codec.header(codec.encode(sent, "exact"))["items"][-2]["arrays"] != {}


def test_display_message_is_refused_by_decode() -> None:
    """Chain of trust: frame -> bytes. A message that has lost bits cannot pass for a recording."""
    with pytest.raises(ValueError, match="'display' cannot be decoded; allowed: exact"):
        codec.decode(codec.encode(frame(s=Scalar(1.0, "x"))), Toy)


def test_buffers_are_aligned() -> None:
    """Chain of trust: bytes -> picture. A browser can view every array in place only at multiples of eight bytes."""
    sent = frame(**every_type(np.random.default_rng(3)))
    for profile in ("exact", "display"):
        message = codec.encode(sent, profile)  # type: ignore[arg-type]
        (n,) = struct.unpack_from("<I", message)
        assert (4 + n) % 8 == 0 and len(message) % 8 == 0
        for item in codec.header(message)["items"]:
            assert all(entry["offset"] % 8 == 0 for entry in item["arrays"].values())


def test_header_carries_what_the_page_needs() -> None:
    """Chain of trust: frame -> bytes. The picture can say what it is a picture of."""
    sent = frame(s=Scalar(1.0, "x"))
    head = codec.header(codec.encode(sent, playing=True, seed=3))
    assert (head["seq"], head["step"], head["time"], head["digest"]) == (7, 140, 1.25, sent.digest)
    assert (head["playing"], head["seed"], head["layout"]) == (True, 3, codec.layout(sent))
    assert Toy.parse(head["params"]) == sent.params


BAD = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("profile", ["exact", "display"])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("sick.value", lambda bad: Scalar(bad, "x")),
        ("sick.error", lambda bad: Scalar(1.0, "x", "", bad)),
        ("sick.y", lambda bad: Series("p", np.arange(2.0), np.array([[0.0, bad]]), ("a",))),
        ("sick.values", lambda bad: Field("p", np.array([[0.0, bad]]), (0, 1, 0, 1), (0.0, 1.0), "p")),
        ("sick.points", lambda bad: Cloud("p", np.array([[bad, 0.0]]), 1, "Q")),
        ("sick.points", lambda bad: Paths.of("p", [[[0.0, bad]]], static=True)),
        (
            "sick.radius",
            lambda bad: MetricField("p", np.zeros((1, 2)), np.zeros((1, 2)), np.full((1, 2, 2), bad), np.ones(1, bool)),
        ),
    ],
)
def test_not_finite_is_named(name: str, make: Any, profile: Any, bad: float) -> None:
    """Chain of trust: frame -> bytes. NaN and infinity end here, in a sentence that says whose they were."""
    for sent in (frame(sick=make(bad), well=Scalar(1.0, "x")), frame({"sick": make(bad)}, well=Scalar(1.0, "x"))):
        with pytest.raises(codec.NotFinite, match=name):
            codec.encode(sent, profile)


def test_beyond_single_precision_is_not_drawn() -> None:
    """Chain of trust: bytes -> picture. A finite double that would become an infinite float32 ends here too."""
    sent = frame(far=Cloud("p", np.array([[1e300, 0.0]]), 1, "Q"))
    assert codec.decode(codec.encode(sent, "exact"), Toy).seen["far"].points[0, 0] == 1e300  # type: ignore[attr-defined]
    with pytest.raises(codec.NotFinite, match=r"far[.]points"):
        codec.encode(sent)


def test_layout_ignores_what_moves() -> None:
    """Chain of trust: bytes -> picture. While only numbers change, the page need not be built again."""
    a, b = (frame(**every_type(np.random.default_rng(4))) for _ in range(2))
    moved = dict(b.seen)
    moved["number"] = Scalar(5.0, "x", "nats", 2.0, "plane")
    moved["picture"] = dataclasses.replace(b.seen["picture"], values=np.zeros((3, 4)))  # type: ignore[type-var]
    moved["members"] = Cloud("plane", np.zeros((9, 2)), 30_000, "Q", "tracer")
    c = Frame(8, 160, 2.0, Toy(rate=0.5), moved, {}, "x")
    assert codec.layout(a) == codec.layout(b) == codec.layout(c)


@pytest.mark.parametrize(
    "change",
    [
        {"still": Paths.of("plane", [[[0.0, 0.0], [1.0, 1.5]]], "contour", static=True)},
        {"picture": Field("plane", np.zeros((3, 4)), (0, 3, 0, 4), (-2.0, 2.5), "p", "", True, np.ones((3, 4), bool))},
        {"curves": Series("plane", np.arange(3.0), np.zeros((2, 3)), ("a", "c"), ("ink", "net"))},
        {"number": Scalar(0.3, "x", "bits", 0.0, "plane")},
        {"members": Cloud("elsewhere", np.zeros((1, 2)), 20_000, "Q", "tracer")},
        {"newcomer": Scalar(1.0, "n")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_layout_notices_what_the_page_is_built_from(change: dict[str, Observable]) -> None:
    """Chain of trust: bytes -> picture. Static arrays, limits, names, units, planes and keys need a new page."""
    seen = every_type(np.random.default_rng(4))
    assert codec.layout(frame(**seen)) != codec.layout(frame(**(seen | change)))
    assert codec.layout(frame(**seen)) != codec.layout(frame({"number": Scalar(1.0, "x")}, **seen))


def test_frame_is_a_copy_that_refuses_writing() -> None:
    """Chain of trust: state -> frame. A frame never changes after it is made, whatever its maker does next."""
    mine = np.zeros((2, 2))
    cloud = Cloud("p", mine, 2, "Q")
    mine[:] = 9.0
    assert not cloud.points.any()
    with pytest.raises(ValueError, match="read-only"):
        cloud.points[0, 0] = 1.0
