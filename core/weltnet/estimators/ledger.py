"""Books of energy, heat and work along a path, kept by several groups of members at once.

Groups went the same path, each with members and noise of its own, so that their spread is the error of what they say of
that path. What is booked is a mean over a group's members, energies from an origin common to all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.jackknife import left_out

__all__ = ["running", "share", "stretches", "unevenness"]

Array = NDArray[Any]


def running(y: Array, length: int) -> Array:
    """Means over the last `length` values, or as many as there are: (n,) for (n,)."""
    total, n = np.cumsum(np.append(0.0, y)), np.arange(1, len(y) + 1)
    first = np.maximum(n - length, 0)
    out: Array = (total[n] - total[first]) / (n - first)
    return out


def share(part: Array, whole: Array) -> tuple[float, float]:
    """Σ part / Σ whole over groups, (groups,), and its 95 % half-width by leaving out each group in turn."""
    return left_out(lambda g: _ratio(part[g], whole[g]), len(whole))


def stretches(booked: Array, held: int, parts: int) -> Array:
    """Change over each of `parts` equal stretches of a path, (parts, groups), between means over whole stretches.

    booked: (frames, groups), of which the first `held` are from before the path begins; a rest at the end is left out.
    """
    size = (len(booked) - held) // parts
    means = booked[held : held + size * parts].reshape(parts, size, -1).mean(axis=1)
    changes: Array = np.diff(means, axis=0, prepend=booked[:held].mean(axis=0, keepdims=True))
    return changes


def unevenness(missed: Array, changed: Array) -> tuple[float, float]:
    """rms over stretches of what is missed over that of what changed, (stretches, groups) each, with its 95 % error."""
    return left_out(
        lambda g: math.sqrt(_ratio(missed[:, g].mean(axis=1) ** 2, changed[:, g].mean(axis=1) ** 2)), changed.shape[1]
    )


def _ratio(part: Array, whole: Array) -> float:
    total = float(whole.sum())
    return float(part.sum()) / total if total else math.nan
