"""The best of several settings where none is better than another: nothing may be gained by choosing."""

from __future__ import annotations

import math

import numpy as np

from weltnet.calibrations.case import Calibration
from weltnet.estimators.crossfit import judged, lag

__all__ = ["CASES"]

GROUPS, ALPHAS, CONDITIONS, SETTINGS, TASKS = 6, 5, 5, 6, 6
"""As in `regimes`."""


def _judged(seed: int) -> tuple[float, float]:
    total = np.random.default_rng(seed).standard_normal((GROUPS, ALPHAS, 80 * CONDITIONS, SETTINGS))
    found = judged(total, np.ones(GROUPS)).mean(axis=0)
    return float(found.mean()), float(found.std(ddof=1)) / math.sqrt(found.size)


def _lag(seed: int) -> tuple[float, float]:
    worlds = np.random.default_rng(seed).standard_normal((400, GROUPS, 3, TASKS))
    found = np.array([lag(world).mean() for world in worlds])
    return float(found.mean()), float(found.std(ddof=1)) / math.sqrt(len(found))


CASES = (
    Calibration(
        "best-of-many", "The best of six settings that are alike",
        "Judged in groups other than those it was chosen in, the best of many is no better than any.",
        "crossfit.judged", "mean", 0.0, 0.04, _judged,
    ),
    Calibration(
        "lag-of-none", "How far one of three that are alike is behind",
        "Where there is nothing but noise, nobody is behind anyone.",
        "crossfit.lag", "lag", 0.0, 0.12, _lag,
    ),
)  # fmt: skip
