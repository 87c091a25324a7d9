"""The error of what is found of several groups that do not know of one another, by leaving out each in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.waves import mean_over_copies

__all__ = ["left_out"]

Array = NDArray[Any]


def left_out(found: Callable[[Array], float], groups: int) -> tuple[float, float]:
    """What is found of all groups, and its 95 % half-width by leaving out each in turn (jackknife)."""
    everyone = np.arange(groups)
    whole = found(everyone)
    without = np.array([found(np.delete(everyone, g)) for g in everyone])
    return whole, mean_over_copies(groups * whole - (groups - 1) * without)[1]
