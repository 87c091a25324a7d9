"""What each factor of a two-level factorial does, alone and together with others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["effects"]

Array = NDArray[Any]


def effects(values: Array, errors: Array) -> tuple[Array, Array]:
    """The 2^k − 1 effects of 2^k cells in Yates' order, and their errors, those of cells added in squares.

    Cell c has factor i at its upper level where bit i of c is set. Effect e, at place e − 1, is the mean of the cells
    for which the product of the signs of the factors in e is +, less that of the others; signs are − at the lower
    level. So e with a single bit is a main effect, with two bits an interaction of two.
    """
    cells = np.arange(len(values))
    factors = [np.where(cells >> i & 1, 1.0, -1.0) for i in range(len(values).bit_length() - 1)]
    signs = np.ones((len(values), len(values)))
    for e in cells[1:]:
        signs[e] = np.prod([f for i, f in enumerate(factors) if e >> i & 1], axis=0)
    half = len(values) / 2
    error = math.sqrt(float(np.square(errors).sum())) / half
    return signs[1:] @ values / half, np.full(len(values) - 1, error)
