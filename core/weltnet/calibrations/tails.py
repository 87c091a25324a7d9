"""Tails that are drawn: power laws and lognormals, in groups as many as the experiment has."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators.tails import MOST, binned_index, compare, index, lognormal_gain

__all__ = ["CASES", "GROUPS", "SHARE"]

Array = NDArray[Any]

VALUES, GROUPS, SHARE, DRAWS = 10_000, 16, 0.2, 12
WIDTH, BINS, RARE = 0.04, 400, 0.002


def _pareto(rng: np.random.Generator, a: float, values: int) -> Array:
    x: Array = rng.random(values) ** (-1.0 / a)
    return x


def _gain(draw: Callable[[np.random.Generator], Array], draws: int) -> Callable[[int], tuple[float, float]]:
    def run(seed: int) -> tuple[float, float]:
        rng, groups = np.random.default_rng(seed), np.arange(VALUES) % GROUPS
        found = [compare(draw(rng), groups, SHARE, GROUPS) for _ in range(draws)]
        gains = np.array([t.gain for t in found if t is not None])
        # the likelier of two nested laws gains ½ nat in all where the other is true
        bias = 0.5 / min(VALUES * SHARE, MOST) / lognormal_gain(SHARE)
        return float(gains.mean()), math.hypot(float(gains.std(ddof=1)) / math.sqrt(len(gains)), bias)

    return run


def _index(seed: int) -> tuple[float, float]:
    a, half = index(_pareto(np.random.default_rng(seed), 1.5, 4 * VALUES), SHARE, GROUPS)
    return a, half / 2.131


def _binned(seed: int) -> tuple[float, float]:
    rng, counts = np.random.default_rng(seed), np.zeros((GROUPS, BINS))
    for row in counts:
        bins = np.log(_pareto(rng, 2.3, 40 * VALUES)) / WIDTH
        row += np.bincount(bins.astype(int), minlength=BINS)[:BINS]
    a, half = binned_index(counts, WIDTH, RARE)
    return a, half / 2.131


CASES = (
    Calibration(
        "tail-pareto", "A power law tested as one",
        "Of values from P(> s) = 1/s a lognormal gains nothing over a power law.",
        "tails.compare", "g/g_ln", 0.0, 0.1, _gain(lambda rng: _pareto(rng, 1.0, VALUES), 5),
    ),
    Calibration(
        "tail-lognormal", "A lognormal tested as a power law",
        "It gains what a lognormal gains by closed form, whatever its spread; here 1.",
        "tails.compare", "g/g_ln", 1.0, 0.15, _gain(lambda rng: np.exp(rng.standard_normal(VALUES)), DRAWS),
    ),
    Calibration(
        "tail-index", "Index of a power law",
        "P(> s) = s^−1.5, from the largest fifth.",
        "tails.index", "a", 1.5, 0.06, _index,
    ),
    Calibration(
        "tail-binned", "Index of a binned power law",
        "P(> s) = s^−2.3 in bins of .04 in ln s, from the largest two thousandths.",
        "tails.binned_index", "a", 2.3, 0.08, _binned,
    ),
)  # fmt: skip
