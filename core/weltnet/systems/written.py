"""A loss that a person wrote down, where a network's would stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.formulas import parse
from weltnet.systems.landscape import CEILING
from weltnet.systems.losses import HALF_WIDTH

__all__ = ["Written"]

Array = NDArray[Any]

NEAR = 1e-4
"""Half the distance over which a slope is taken: its error is of order NEAR², and so is what rounding adds."""
STEEPEST = 8 * CEILING
"""The largest force per axis: no step may throw a replica through a wall, and what is steeper no grid resolves."""


@dataclass(frozen=True)
class Written:
    """V(q1, q2) = formula − its minimum in the box. Fields on axis × axis, first index q1, are float64 and finite."""

    text: str
    """As `weltnet.formulas.parse` takes it."""

    @cached_property
    def lowest(self) -> float:
        """The lowest value at 241 × 241 points of the box."""
        return float(self._at(np.linspace(-HALF_WIDTH, HALF_WIDTH, 241)).min())

    def height(self, axis: Array) -> Array:
        """V: (n, n)."""
        V: Array = np.maximum(self._at(axis) - self.lowest, 0.0)
        return V

    def force(self, axis: Array) -> Array:
        """−∇V: (2, n, n), by central differences of the formula, at most STEEPEST."""
        slopes = [
            self._at(axis - NEAR * i, axis - NEAR * j) - self._at(axis + NEAR * i, axis + NEAR * j)
            for i, j in ((1, 0), (0, 1))
        ]
        return np.clip(np.stack(slopes) / (2.0 * NEAR), -STEEPEST, STEEPEST)

    def _at(self, x: Array, y: Array | None = None) -> Array:
        # Between the points where a formula was tried it may still have no value.
        found = parse(self.text)(x[:, None], (x if y is None else y)[None, :])
        plain: Array = np.nan_to_num(found, nan=2 * CEILING, posinf=2 * CEILING, neginf=-2 * CEILING)
        return plain
