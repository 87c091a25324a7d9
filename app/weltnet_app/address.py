"""Params ↔ URL: every state of a run is a link.

The query carries the seed, the first Params that differ from their defaults, the later changes, the step it has
reached and the digest found there; opening it replays the run and compares the digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from weltnet.experiment import Experiment
from weltnet.params import BadParams
from weltnet.timeline import Log

__all__ = ["LONGEST_LINK", "RESERVED", "Address", "read", "write"]

RESERVED = ("seed", "changes", "at", "digest", "paused", "theme", "view", "v", "preset", "run")
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
    pins: tuple[Log, ...] = ()
    """Runs kept beside it."""


def write(log: Log, experiment: Experiment[Any, Any], at: int, digest: str, *, paused: bool, run: str) -> str:
    """The query string of a run's present state; beyond 4 kB the run's id stands for its changes."""
    initial = experiment.params.parse(log.initial)
    query: dict[str, Any] = {"seed": log.seed, **initial.as_text()}
    if log.changes:
        query["changes"] = json.dumps([[s, dict(c)] for s, c in log.changes], separators=(",", ":"))
    query |= {"at": at, "digest": digest}
    if paused:
        query["paused"] = 1
    text = urlencode(query)
    if len(text) > LONGEST_LINK:
        text = urlencode({"run": run, "at": at, "digest": digest, **({"paused": 1} if paused else {})})
    return text


def read(query: Mapping[str, str], experiment: Experiment[Any, Any], fresh_seed: int) -> Address:
    """What a query asks for. Raises `BadParams` with one sentence naming the field, the value and what is allowed."""
    rest = {k: v for k, v in query.items() if k not in RESERVED}
    values: dict[str, Any] = {}
    if preset := query.get("preset"):
        known = {p.name: p.values for p in experiment.presets}
        if preset not in known:
            raise BadParams(f"preset = {preset!r} is not known here; allowed: {', '.join(known)}")
        values |= known[preset]
    initial = experiment.params.parse(values | rest)
    seed = _whole(query, "seed", fresh_seed, LARGEST_SEED)
    at = _whole(query, "at", 0, MOST_STEPS)
    changes = _changes(query.get("changes", ""), experiment, initial)
    return Address(
        log=Log(seed, initial.model_dump(mode="json"), changes),
        at=at,
        digest=query.get("digest", "")[:32],
        paused=query.get("paused", "") == "1",
        run=query.get("run", "")[:64],
    )


def _whole(query: Mapping[str, str], name: str, default: int, high: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= high):
        raise BadParams(f"{name} = {text[:40]!r} is refused; allowed: a whole number from 0 to {high}")
    return int(text)


def _changes(text: str, experiment: Experiment[Any, Any], initial: Any) -> tuple[tuple[int, Mapping[str, Any]], ...]:
    if not text:
        return ()
    wrong = BadParams(
        f"changes = {text[:40]!r} is refused; allowed: a list [[step, {{knob: value}}], …] with rising steps, "
        "the knobs turned while the run went on"
    )
    if len(text) > 2 * LONGEST_LINK:
        raise wrong
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(given, list):
        raise wrong
    out: list[tuple[int, Mapping[str, Any]]] = []
    params, last = initial, -1
    for entry in given:
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
