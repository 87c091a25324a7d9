"""What calibrations measured, and where that is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, Field

from weltnet import provenance
from weltnet.calibrations.case import Calibration
from weltnet.provenance import Document, Stamp, Unreadable

__all__ = ["Calibrated", "Result", "add", "current", "load", "measure", "path"]


class Result(Document):
    """What one calibration measured; `fault` says why where it broke down."""

    name: str = Field(max_length=80)
    measured: float | None = None
    error: float | None = None
    seconds: float = Field(ge=0.0)
    fault: str = Field("", max_length=2000)


class Calibrated(Document):
    """The results of one version of the sources, and when the last was made."""

    stamp: Stamp
    date: AwareDatetime
    results: tuple[Result, ...] = Field(max_length=1000)

    def of(self, name: str) -> Result | None:
        """The result of one calibration."""
        return next((r for r in self.results if r.name == name), None)


def path() -> Path:
    """The file of all calibrations."""
    return provenance.folder() / "calibrations.json"


def load() -> Calibrated | None:
    """What is stored, of whatever version. Raises `Unreadable`."""
    return provenance.read(path(), Calibrated)


def current() -> Calibrated | None:
    """What is stored if it is of these sources and this machine: an older calibration vouches for nothing."""
    try:
        found = load()
    except Unreadable:
        return None
    return found if found is not None and found.stamp.same() else None


def measure(calibration: Calibration, seed: int = 0) -> Result:
    """Run one calibration; one that breaks down is missed, with a sentence."""
    start, numbers, fault = time.perf_counter(), {}, ""
    try:
        measured, error = calibration.run(seed)
        numbers = {k: v for k, v in (("measured", measured), ("error", error)) if math.isfinite(v)}
    except (ArithmeticError, ValueError, RuntimeError, MemoryError) as said:
        fault = (str(said) or type(said).__name__)[:2000]
    return Result(name=calibration.name, seconds=round(time.perf_counter() - start, 3), fault=fault, **numbers)


def add(results: Iterable[Result]) -> Calibrated:
    """Store results beside those of the same sources, in place of older ones of the same name."""
    before = current()
    merged = {r.name: r for r in (*(before.results if before else ()), *results)}
    after = Calibrated(stamp=provenance.stamp(), date=datetime.now(UTC), results=tuple(merged.values()))
    provenance.write(path(), after)
    return after
