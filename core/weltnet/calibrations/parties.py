"""Two parties and what they may agree on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators.correlations import chsh, tally

__all__ = ["CASES"]

Array = NDArray[Any]

SINGLETS = 20_000


def _singlets(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    rows = []
    for a, b in ((0.0, 45.0), (0.0, 135.0), (90.0, 45.0), (90.0, 135.0)):
        same = rng.random(SINGLETS) < 0.5 * (1.0 + math.cos(math.radians(a - b)))
        A = rng.choice([-1.0, 1.0], SINGLETS)
        rows.append(tally(np.column_stack([A, np.where(same, A, -A)])))
    S, half = chsh(np.array(rows))
    return S, half / 1.96


CASES = (
    Calibration(
        "chsh", "Bell's sum of the most entangled pairs",
        "Pairs that agree with probability ½ (1 + cos(a − b)) have S = 2√2 at the best settings.",
        "correlations.chsh", "S", 2.0 * math.sqrt(2.0), 0.04, _singlets,
    ),
)  # fmt: skip
