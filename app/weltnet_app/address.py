"""Params ↔ URL: every state of a run is a link.

The query carries the seed, the first Params that differ from their defaults, the later changes, the runs kept beside
it, the step it has reached, the digest found there and the version that found it; opening it replays the run and
compares the digest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from weltnet import __version__, tours
from weltnet.child import PINS
from weltnet.experiment import Experiment, Tour
from weltnet.params import BadParams, Params
from weltnet.timeline import Log

__all__ = ["LONGEST_LINK", "RESERVED", "Address", "read", "write"]

RESERVED = (
    "seed", "changes", "pins", "at", "digest", "paused", "theme", "view", "iso", "v", "preset", "run", "tour", "stop",
)  # fmt: skip
LONGEST_LINK = 4000
MOST_STEPS = 2_000_000
LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Address:
    """What a link asks for: a run, how far to carry it, and the digest it promises there."""

    log: Log
    at: int = 0
    digest: str = ""
    paused: bool = False
    run: str = ""
    """The id of a run of this server whose log was too long for a link."""
    tour: tuple[str, int] | None = None
    """Name of a tour and index of the stop where this is."""
    pins: tuple[Log, ...] = ()
    """Runs kept beside it."""
    version: str = ""
    """The version of weltnet that wrote it."""


def write(
    log: Log,
    experiment: Experiment[Any, Any],
    at: int,
    digest: str,
    *,
    paused: bool,
    run: str,
    pins: Sequence[Log] = (),
) -> str:
    """The query string of a run's present state; beyond 4 kB without the pinned runs, then with the run's id alone."""
    initial = experiment.params.parse(log.initial)
    what: dict[str, Any] = {"seed": log.seed, **initial.as_text()}
    if log.changes:
        what["changes"] = _json([[s, dict(c)] for s, c in log.changes])
    beside = {"pins": _json([_pin(kept, experiment) for kept in pins])} if pins else {}
    where = {"at": at, "digest": digest, **({"paused": 1} if paused else {}), "v": __version__}
    texts = [urlencode(query) for query in (what | beside | where, what | where, {"run": run} | where)]
    return next((text for text in texts if len(text) <= LONGEST_LINK), texts[-1])


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _pin(log: Log, experiment: Experiment[Any, Any]) -> list[Any]:
    """A pinned run in a link: its seed, the first knobs that differ from their defaults, the changes."""
    first = experiment.params.parse(log.initial)
    differing = set(experiment.params().changed(first))
    return [log.seed, first.model_dump(mode="json", include=differing), [[s, dict(c)] for s, c in log.changes]]


def read(query: Mapping[str, str], experiment: Experiment[Any, Any], fresh_seed: int) -> Address:
    """What a query asks for. Raises `BadParams` with one sentence naming the field, the value and what is allowed."""
    if name := query.get("tour"):
        return _stop(query, tours.named(experiment, name), experiment)
    rest = {k: v for k, v in query.items() if k not in RESERVED}
    values: dict[str, Any] = {}
    if preset := query.get("preset"):
        known = {p.name: p.values for p in experiment.presets}
        if preset not in known:
            raise BadParams(f"preset = {preset[:40]!r} is not known here; allowed: {', '.join(known)}")
        values |= known[preset]
    initial = experiment.params.parse(values | rest)
    seed = _whole(query, "seed", fresh_seed, LARGEST_SEED)
    at = _whole(query, "at", 0, MOST_STEPS)
    changes = _changes(_list(query, "changes", CHANGES), experiment, initial, CHANGES)
    pins = _list(query, "pins", KEPT)
    if len(pins) > PINS:
        raise BadParams(f"pins are {len(pins)} runs, which is refused; allowed: at most {PINS}")
    version = query.get("v", "")
    return Address(
        log=Log(seed, initial.model_dump(mode="json"), changes),
        at=at,
        digest=query.get("digest", "")[:32],
        paused=query.get("paused", "") == "1",
        run=query.get("run", "")[:64],
        pins=tuple(_kept(pin, experiment) for pin in pins),
        version=version if re.fullmatch(r"[0-9A-Za-z.+-]{1,30}", version) else "",
    )


def _stop(query: Mapping[str, str], tour: Tour, experiment: Experiment[Any, Any]) -> Address:
    """The run of a tour at one of its stops; the first is 1."""
    stop = max(1, _whole(query, "stop", 1, len(tour.stops))) - 1
    leg = next(leg for leg in tours.legs(experiment, tour) if leg.stop == stop)
    return Address(leg.log, leg.at, paused=leg.until == leg.at, tour=(tour.name, stop))


def _whole(query: Mapping[str, str], name: str, default: int, high: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= high):
        raise BadParams(f"{name} = {text[:40]!r} is refused; allowed: a whole number from 0 to {high}")
    return int(text)


CHANGES = "a list [[step, {knob: value}], …] with rising steps, the knobs turned while the run went on"
KEPT = "a list [[seed, {knob: value}, [[step, {knob: value}], …]], …] with rising steps, the runs kept beside this"


def _list(query: Mapping[str, str], name: str, allowed: str) -> list[Any]:
    text = query.get(name, "")
    if not text:
        return []
    wrong = BadParams(f"{name} = {text[:40]!r} is refused; allowed: {allowed}")
    if len(text) > 2 * LONGEST_LINK:
        raise wrong
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(given, list):
        raise wrong
    return given


def _kept(given: Any, experiment: Experiment[Any, Any]) -> Log:
    wrong = BadParams(f"pins hold {str(given)[:40]!r}, which is refused; allowed: {KEPT}")
    if not (isinstance(given, list) and len(given) == 3 and isinstance(given[1], dict) and isinstance(given[2], list)):
        raise wrong
    seed, values, changes = given
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= LARGEST_SEED:
        raise wrong
    initial = experiment.params.parse(values)
    return Log(seed, initial.model_dump(mode="json"), _changes(changes, experiment, initial, KEPT))


def _changes(
    given: list[Any], experiment: Experiment[Any, Any], initial: Params, allowed: str
) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    out: list[tuple[int, Mapping[str, Any]]] = []
    params, last = initial, -1
    for entry in given:
        wrong = BadParams(f"changes hold {str(entry)[:40]!r}, which is refused; allowed: {allowed}")
        if not (isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], dict)):
            raise wrong
        step, values = entry
        if not isinstance(step, int) or isinstance(step, bool) or not last < step <= MOST_STEPS:
            raise wrong
        then = experiment.params.parse(values, params)
        if params.restarts(then):
            raise BadParams(f"changes at step {step} would restart the run; allowed: only knobs that do not restart it")
        out.append((step, values))
        params, last = then, step
    return tuple(out)
