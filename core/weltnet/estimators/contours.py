"""Level lines of a field on a regular grid, arrows, and error bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import contourpy
import numpy as np
from numpy.typing import NDArray

__all__ = ["arrows", "bars", "contours"]

Array = NDArray[Any]


def contours(axis: Array, values: Array, levels: Sequence[float]) -> list[Array]:
    """Polylines (n, 2) on which a field has one of the levels. values: (nx, ny) with values[i, j] at (x_i, y_j)."""
    made = contourpy.contour_generator(axis, axis, np.ascontiguousarray(values.T))
    lines = [np.asarray(line, dtype=float) for level in levels for line in made.lines(level)]
    return [line for line in lines if len(line) > 1]


def arrows(tails: Array, vectors: Array, longest: float) -> list[Array]:
    """Polylines (5, 2) of arrows with heads, from tails: (n, 2) along vectors: (n, 2), none longer than `longest`."""
    along = vectors * np.minimum(1.0, longest / np.maximum(np.hypot(*vectors.T), 1e-9))[:, None]
    side, tip, barb = 0.12 * np.column_stack([-along[:, 1], along[:, 0]]), tails + along, tails + 0.72 * along
    return list(np.stack([tails, tip, barb + side, tip, barb - side], axis=1))


def bars(x: Array, y: Array, error: Array, width: float) -> list[Array]:
    """Polylines (2, 2) from y − error to y + error and across at y; where the error is infinite, only across."""
    ends, half = np.where(np.isfinite(error), error, 0.0), np.full_like(x, 0.5 * width)
    up, across = [[x, y - ends], [x, y + ends]], [[x - half, y], [x + half, y]]
    return [line for lines in (up, across) for line in np.array(lines).transpose(2, 0, 1)]
