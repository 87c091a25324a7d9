"""Estimators on cases whose answer is known: a verdict may be believed only where its estimator has passed these.

A calibration plants a case with a known answer, hands it to the very function an experiment calls, at the settings the
experiment uses, and compares. It is *reproduced* when what was measured lies within the tolerance, which is written
down beforehand, and within three of the standard errors that are stated for it: a wide error excuses nothing.
"""

from __future__ import annotations

from weltnet.calibrations import (
    baths,
    chains,
    choices,
    ensembles,
    laws,
    neurons,
    parties,
    populations,
    ranks,
    rings,
    tails,
)
from weltnet.calibrations.case import Calibration, reproduced
from weltnet.calibrations.kept import Calibrated, Result, add, current, load, measure, path

__all__ = [
    "ALL", "Calibrated", "Calibration", "Result", "add", "by_name", "current", "load", "measure", "passed", "path",
    "reproduced",
]  # fmt: skip

ALL: tuple[Calibration, ...] = (
    *ensembles.CASES, *laws.CASES, *neurons.CASES, *chains.CASES, *parties.CASES,
    *rings.CASES, *populations.CASES, *ranks.CASES, *baths.CASES, *tails.CASES,
    *choices.CASES,
)  # fmt: skip
"""In reading order."""


def by_name(name: str) -> Calibration:
    """The calibration of this name; an unknown one is refused with a sentence naming all."""
    for calibration in ALL:
        if calibration.name == name:
            return calibration
    raise KeyError(f"{name!r} is not a calibration; allowed: {', '.join(c.name for c in ALL)}")


def passed(result: Result) -> bool:
    """Whether a result reproduces its known answer; a name that is no calibration's reproduces nothing."""
    known = next((c for c in ALL if c.name == result.name), None)
    if known is None or result.measured is None or result.error is None:
        return False
    return reproduced(known, result.measured, result.error)
