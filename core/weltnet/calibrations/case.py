"""What a calibration is, and when it is reproduced."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Calibration", "reproduced"]


@dataclass(frozen=True, slots=True)
class Calibration:
    """One case with a known answer. `run(seed)` returns what the estimator measures and its standard error."""

    name: str
    title: str
    sentence: str
    """The known answer and where it is known from."""
    estimator: str
    """The function that is calibrated, as `module.function` of `weltnet.estimators` or of its neighbours."""
    symbol: str
    expected: float
    tolerance: float
    """Largest deviation that is still a reproduction, written down beforehand."""
    run: Callable[[int], tuple[float, float]]


def reproduced(calibration: Calibration, measured: float, error: float) -> bool:
    """Whether the known answer lies within the tolerance and within three standard errors, themselves no larger."""
    off, wide = abs(measured - calibration.expected), 3.0 * error
    return math.isfinite(off) and off <= calibration.tolerance and off <= wide and error <= calibration.tolerance
