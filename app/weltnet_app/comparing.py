"""The runs kept beside a run: in what they differ, in a few words and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from weltnet.experiment import Experiment, Verdict
from weltnet.params import Knob, Params
from weltnet.timeline import Log
from weltnet_app import theme

__all__ = ["chips", "table"]

MOST_WORDS = 3
"""Differences that a chip names."""

LONGEST_WORD = 24
"""Characters of a value in a chip."""


class Kept(Protocol):
    """What is compared of a run; `weltnet_app.runs.Run` and its `Pin` have it."""

    @property
    def log(self) -> Log: ...
    @property
    def params(self) -> Params: ...
    @property
    def digest(self) -> str: ...
    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...


class Pinned(Kept, Protocol):
    """A run kept in a slot."""

    @property
    def slot(self) -> int: ...


def chips(run: Kept, pins: Sequence[Pinned]) -> list[dict[str, Any]]:
    """For every pinned run its slot, seed, digest, and as `label` where it differs from the run."""
    return [
        {"slot": pin.slot, "label": _label(run, pin), "seed": str(pin.log.seed), "digest": pin.digest} for pin in pins
    ]


def table(experiment: Experiment[Any, Any], run: Kept, pins: Sequence[Pinned]) -> list[list[Any]]:
    """Rows of (heading, symbol, cells), a cell for each run: its seed, the knobs that differ, its digest, its claims.

    A claim's cells are pairs of its word and its number.
    """
    runs = [run, *pins]
    rows: list[list[Any]] = [["seed", "", [str(r.log.seed) for r in runs]]]
    rows += [
        [k.label, k.symbol, [_shown(k, getattr(r.params, name)) for r in runs]]
        for name, k in experiment.params.knobs().items()
        if any(getattr(r.params, name) != getattr(run.params, name) for r in pins)
    ]
    if any(r.params.broken != run.params.broken for r in pins):
        rows.append(["broken", "", [_broken(r.params) for r in runs]])
    if any(r.log.changes != run.log.changes for r in pins):
        rows.append(["knobs turned on the way", "", [str(len(r.log.changes)) for r in runs]])
    rows.append(["digest", "", [r.digest for r in runs]])
    for i, claim in enumerate(experiment.claims):
        rows.append([claim.name, claim.symbol, [_judged(r.verdicts, i) for r in runs]])
    return rows


def _label(run: Kept, pin: Pinned) -> str:
    knobs = pin.params.knobs()
    words = [
        f"{knobs[name].symbol} {_shown(knobs[name], getattr(pin.params, name), short=True)}"
        for name in run.params.changed(pin.params)
        if name in knobs
    ]
    if pin.params.broken != run.params.broken:
        words.append(_broken(pin.params))
    if pin.log.seed != run.log.seed:
        words.append(f"seed {pin.log.seed}")
    if not words:
        return "same so far" if pin.digest == run.digest else "another past"
    more = len(words) - MOST_WORDS
    return " · ".join(words[:MOST_WORDS]) + (f" · {more} more" if more > 0 else "")


def _shown(knob: Knob, value: Any, *, short: bool = False) -> str:
    if value is None:
        return "none"
    if knob.kind == "region":
        return ", ".join(theme.number(round(v, 3)) for v in value)
    if isinstance(value, str):
        return value if not short or len(value) <= LONGEST_WORD else value[: LONGEST_WORD - 1] + "…"
    return theme.number(value) + (f" {knob.unit}" if knob.unit and not short else "")


def _broken(params: Params) -> str:
    return "broken: " + ", ".join(params.broken) if params.broken else "nothing broken"


def _judged(verdicts: Sequence[Verdict], i: int) -> list[str]:
    if i >= len(verdicts):
        return ["", "–"]
    v = verdicts[i]
    error = f" ± {theme.number(v.error, v.error)}" if v.error else ""
    return [v.word, theme.number(v.measured, v.error) + error + (f" {v.unit}" if v.unit else "")]
