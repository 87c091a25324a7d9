"""Frame <-> bytes: one little-endian message read alike by workers, browsers, recordings and tests.

Layout: uint32 header length (a multiple of 8 minus 4) · JSON header · buffers, each padded to 8 bytes. The header lists
every observable with its type, its plain fields and, for each array, dtype, shape and byte offset from the end of the
header. Two profiles: `exact` keeps every bit (recordings, tests); `display` sends what a picture can show (fields as
palette indices on their native grid, coordinates as float32). Items have a side: `seen`, `theory`, or `pin1`, `pin2`, …
for what is seen of runs kept beside this one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet import observables
from weltnet.experiment import Frame
from weltnet.observables import ComplexField, Field, Observable
from weltnet.params import Params

__all__ = ["NotFinite", "Profile", "decode", "encode", "header", "layout"]

Profile = Literal["exact", "display"]

PHASES = MODULI = 256
"""A complex value is sent as 256 phase + modulus; phase 0 is positive real, modulus 255 the limit."""

INDICES = 255
"""Palette indices 0..254 carry a field's value between its limits; 255 marks what is not resolved."""


class NotFinite(ArithmeticError):
    """A number that is not finite was about to leave the simulation; the message says which and where."""

    def __init__(self, message: str, side: str) -> None:
        super().__init__(message)
        self.side = side


@dataclass(slots=True)
class _Buffers:
    chunks: list[bytes]
    size: int = 0

    def add(self, array: NDArray[Any]) -> dict[str, Any]:
        raw = np.ascontiguousarray(array).tobytes()
        entry = {"dtype": array.dtype.str[1:], "shape": list(array.shape), "offset": self.size}
        padding = -len(raw) % 8
        self.chunks += [raw, b"\0" * padding]
        self.size += len(raw) + padding
        return entry


def encode(
    frame: Frame, profile: Profile = "display", others: Mapping[int, Frame] = MappingProxyType({}), **extra: Any
) -> bytes:
    """A frame as one message; `extra` goes into the header as it is.

    others: slot → frame of a run kept beside this one; of it goes what was seen and moves, as side `pin<slot>`, and
    into the header's `pins` its slot, step and digest. Raises `NotFinite` naming the observable, and with its `side`,
    when any number is not finite.
    """
    buffers = _Buffers([])
    items = [
        _item(key, side, value, profile, buffers)
        for side, sights in (("seen", frame.seen), ("theory", frame.theory))
        for key, value in sights.items()
    ]
    items += [
        _item(key, f"pin{slot}", value, profile, buffers)
        for slot, other in others.items()
        for key, value in other.seen.items()
        if not getattr(value, "static", False)
    ]
    head = {
        "seq": frame.seq,
        "step": frame.step,
        "time": frame.time,
        "digest": frame.digest,
        "wall": time.time(),
        "profile": profile,
        "layout": layout(frame),
        "params": frame.params.model_dump(mode="json"),
        "items": items,
        "pins": [{"slot": slot, "step": other.step, "digest": other.digest} for slot, other in others.items()],
        **extra,
    }
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(len(text) + 4) % 8)
    return struct.pack("<I", len(text)) + text + b"".join(buffers.chunks)


def header(message: bytes) -> dict[str, Any]:
    """The JSON header of a message."""
    (n,) = struct.unpack_from("<I", message)
    head: dict[str, Any] = json.loads(message[4 : 4 + n])
    return head


def decode(message: bytes, params: type[Params]) -> Frame:
    """The frame in an `exact` message: every bit as it was encoded, without the runs kept beside it."""
    head = header(message)
    if head["profile"] != "exact":
        raise ValueError(
            f"profile = {head['profile']!r} cannot be decoded; allowed: exact (a display message has lost bits)"
        )
    base = 4 + struct.unpack_from("<I", message)[0]
    sides: dict[str, dict[str, Observable]] = {"seen": {}, "theory": {}}
    for item in (i for i in head["items"] if i["side"] in sides):
        cls = getattr(observables, item["type"])
        values = dict(item["plain"])
        for f in dataclasses.fields(cls):
            if f.name in values and isinstance(values[f.name], list):
                values[f.name] = tuple(values[f.name])
        for name, entry in item["arrays"].items():
            count = int(np.prod(entry["shape"], dtype=int))
            flat = np.frombuffer(message, "<" + entry["dtype"], count, base + entry["offset"])
            values[name] = flat.reshape(entry["shape"])
        sides[item["side"]][item["key"]] = cls(**values)
    checked = params.parse(head["params"])
    return Frame(head["seq"], head["step"], head["time"], checked, sides["seen"], sides["theory"], head["digest"])


def layout(frame: Frame) -> str:
    """A short digest of everything a figure is built from: keys, types, planes, limits and static arrays.

    While it stays the same, a page built for one frame can paint every other.
    """
    digest = hashlib.blake2b(digest_size=6)
    for side, sights in (("seen", frame.seen), ("theory", frame.theory)):
        for key, value in sights.items():
            plain = {k: v for k, v in _split(value)[0].items() if k not in _MOVING}
            digest.update(json.dumps([side, key, type(value).__name__, plain], allow_nan=False).encode())
            if getattr(value, "static", False):
                for array in _split(value)[1].values():
                    digest.update(array.tobytes())
    return digest.hexdigest()


_MOVING = ("value", "error", "count")


def _split(value: Observable) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    plain: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for f in dataclasses.fields(value):  # type: ignore[arg-type]
        v = getattr(value, f.name)
        if isinstance(v, np.ndarray):
            arrays[f.name] = v
        elif v is not None:
            plain[f.name] = v
    return plain, arrays


def _item(key: str, side: str, value: Observable, profile: Profile, buffers: _Buffers) -> dict[str, Any]:
    plain, arrays = _split(value)
    for name, number in [*plain.items(), *arrays.items()]:
        if isinstance(number, float | np.ndarray) and not np.isfinite(number).all():
            raise NotFinite(
                f"{key}.{name} stopped being finite, so the run was stopped before it reached a picture.", side
            )
    if profile == "display":
        arrays = {} if getattr(value, "static", False) else _shown(value, arrays)
        for name, shown in arrays.items():
            if not np.isfinite(shown).all():
                sentence = f"{key}.{name} grew beyond the 3e38 that a picture can hold, so the run was stopped."
                raise NotFinite(sentence, side)
    entries = {name: buffers.add(array) for name, array in arrays.items()}
    return {"key": key, "side": side, "type": type(value).__name__, "plain": plain, "arrays": entries}


def _shown(value: Observable, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    if isinstance(value, Field):
        low, high = value.limits
        index = np.clip((value.values - low) * ((INDICES - 1) / (high - low)) + 0.5, 0, INDICES - 1).astype("<u1")
        if value.resolved is not None:
            index[~value.resolved.astype(bool)] = INDICES
        return {"values": index}
    if isinstance(value, ComplexField):
        turn = np.angle(value.values) * (PHASES / (2 * np.pi))
        modulus = np.minimum(np.abs(value.values) * ((MODULI - 1) / value.limit) + 0.5, MODULI - 1)
        index = (np.rint(turn).astype(np.int64) % PHASES * MODULI + modulus.astype(np.int64)).astype("<u2")
        return {"values": index}
    with np.errstate(over="ignore"):
        return {name: a.astype("<u1") if a.dtype == np.bool_ else a.astype("<f4") for name, a in arrays.items()}
