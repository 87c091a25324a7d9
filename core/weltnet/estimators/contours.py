"""Level lines of a field on a regular grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import contourpy
import numpy as np
from numpy.typing import NDArray

__all__ = ["contours"]

Array = NDArray[Any]


def contours(axis: Array, values: Array, levels: Sequence[float]) -> list[Array]:
    """Polylines (n, 2) on which a field has one of the levels. values: (nx, ny) with values[i, j] at (x_i, y_j)."""
    made = contourpy.contour_generator(axis, axis, np.ascontiguousarray(values.T))
    lines = [np.asarray(line, dtype=float) for level in levels for line in made.lines(level)]
    return [line for line in lines if len(line) > 1]
