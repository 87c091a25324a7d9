"""A figure beside its target, and the table in which people read it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["COLUMNS", "Figure", "Skipped", "at_least", "at_most", "cells", "load", "quantile"]

COLUMNS = ("figure", "measured", "target", "")


class Skipped(RuntimeError):
    """A section cannot be measured here; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    what: str
    value: float
    unit: str = ""
    target: str = ""
    """What it should be, in words; empty where nothing is asked."""
    met: bool | None = None
    note: str = ""
    parts: dict[str, float] = field(default_factory=dict)
    """What the number is made of, in its unit."""


def at_most(what: str, value: float, limit: float, unit: str = "", note: str = "") -> Figure:
    """A figure that should not be larger than a limit."""
    return Figure(what, value, unit, f"≤ {limit:g}", bool(value <= limit), note)


def at_least(what: str, value: float, limit: float, unit: str = "", note: str = "") -> Figure:
    """A figure that should not be smaller than a limit."""
    return Figure(what, value, unit, f"≥ {limit:g}", bool(value >= limit), note)


def cells(figure: Figure) -> tuple[str, str, str, str]:
    """A row of the table: one cell for each of COLUMNS."""
    what = figure.what + (f" ({figure.note})" if figure.note else "")
    word = {None: "", True: "met", False: "missed"}[figure.met]
    target = figure.target and f"{figure.target} {figure.unit}".rstrip()
    return what, f"{_short(figure.value)} {figure.unit}".rstrip(), target, word


def _short(x: float) -> str:
    return f"{x:.0f}" if abs(x) >= 100 else f"{x:.2g}" if abs(x) < 1 else f"{x:.3g}"


def quantile(values: Iterable[float], q: float) -> float:
    """The smallest value that a share q of the values does not exceed."""
    ordered: Sequence[float] = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def load() -> float:
    """How many processes wanted a core during the last minute; 0 where the system does not say."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0
