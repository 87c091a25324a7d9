"""Distances with error bars, and the one rule that turns them into words."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from weltnet.experiment import Claim, Verdict, Word

__all__ = ["judge", "mean_with_error", "ratio_with_error"]


def judge(
    claim: Claim,
    measured: float,
    error: float,
    sentence: str,
    *,
    null: float | None = None,
    outside: str = "",
    waiting: str = "",
    predicted: float | None = None,
    band: tuple[float, float] | None = None,
) -> Verdict:
    """The verdict on one claim: the interval measured ± error (95 %) against the band of tolerance.

    Inside: holds. Wholly outside: fails. Straddling: undecided. `outside` names a violated regime condition and
    `waiting` what has not been measured yet; either outranks the number. Non-finite numbers decide nothing.
    `predicted` and `band` are the claim's own unless they depend on the state.
    """
    predicted = claim.predicted if predicted is None else predicted
    band = claim.band if band is None else band
    finite = math.isfinite(measured) and math.isfinite(error)
    word: Word
    if waiting or not finite:
        word, sentence = "undecided", waiting or "The measurement is not finite yet."
        measured, error = (measured if math.isfinite(measured) else predicted), (error if math.isfinite(error) else 0.0)
    elif outside:
        word, sentence = "outside-regime", outside
    elif band[0] <= measured - error and measured + error <= band[1]:
        word = "holds"
    elif measured + error < band[0] or measured - error > band[1]:
        word = "fails"
    else:
        word = "undecided"
    return Verdict(claim.name, word, claim.symbol, measured, error, predicted, band, null, sentence, claim.unit)


def mean_with_error(series: ArrayLike, batches: int = 10) -> tuple[float, float]:
    """Mean of a correlated stationary series and its 95 % half-width by batch means (Student t).

    Valid when a batch is longer than the correlation time; returns an infinite error for fewer than 2 values a batch.
    """
    x = np.asarray(series, dtype=float)
    size = len(x) // batches
    if size < 2:
        return (float(x.mean()) if len(x) else math.nan), math.inf
    means = x[-size * batches :].reshape(batches, size).mean(axis=1)
    t95 = {5: 2.776, 8: 2.365, 10: 2.262, 20: 2.093}.get(batches, 2.3)
    return float(means.mean()), t95 * float(means.std(ddof=1)) / math.sqrt(batches)


def ratio_with_error(part: ArrayLike, whole: ArrayLike, batches: int = 10) -> tuple[float, float]:
    """Σ part / Σ whole of two correlated stationary series and its 95 % half-width by batch means of the residual.

    Valid where the mean of `whole` is many of its errors away from zero; not finite where it is zero.
    """
    a, b = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    scale = float(b.mean()) if len(b) else 0.0
    if scale == 0.0:
        return math.nan, math.inf
    ratio = float(a.mean()) / scale
    return ratio, mean_with_error((a - ratio * b) / abs(scale), batches)[1]
