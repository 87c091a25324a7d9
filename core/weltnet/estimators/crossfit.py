"""The best of several settings, judged on what it was not chosen on.

The least of several noisy means is too small: it was chosen because of its noise. Here a group of runs is judged at the
setting that was best in all the other groups, and the groups are independent pieces of the error bar.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["judged", "lag", "lowest"]

Array = NDArray[Any]


def judged(total: Array, count: Array) -> Array:
    """Mean of every group that has runs, at the setting whose mean is least in the others: (groups, ...).

    total: (groups, ..., settings), sums over the runs of a group; count: (groups,). Two groups at least must have runs;
    with fewer the result has no groups.
    """
    total, count = total[count > 0], count[count > 0]
    if len(count) < 2:
        return np.zeros((0, *total.shape[1:-1]))
    n = count.reshape(-1, *[1] * (total.ndim - 1))
    others = (total.sum(axis=0) - total) / (n.sum(axis=0) - n)
    chosen = others.argmin(axis=-1, keepdims=True)
    out: Array = np.take_along_axis(total / n, chosen, axis=-1)[..., 0]
    return out


def lag(found: Array, choice: int | None = None) -> Array:
    """How far a choice is behind the best one where it is furthest behind: (groups,).

    found: (groups, choices, tasks), what should be small. The task and the best choice there are those of the other
    groups, as is the choice itself, if none is given: the one that is least behind.
    """
    out = []
    for g in range(len(found)):
        others = np.delete(found, g, axis=0).mean(axis=0)
        behind = others - others.min(axis=0)
        mine = int(behind.max(axis=1).argmin()) if choice is None else choice
        task = int(behind[mine].argmax())
        out.append(found[g, mine, task] - found[g, others[:, task].argmin(), task])
    return np.array(out)


def lowest(x: Array, y: Array) -> Array:
    """Where y(x) is least: (...), by a parabola through the least of (..., n) and its neighbours; x: (n,), evenly."""
    n = len(x)
    k = np.clip(y.argmin(axis=-1), 1, n - 2)[..., None]
    below, here, above = (np.take_along_axis(y, k + by, axis=-1)[..., 0] for by in (-1, 0, 1))
    bent = np.maximum(below - 2.0 * here + above, 1e-12)
    at = x[k[..., 0]] + 0.5 * (below - above) / bent * (x[1] - x[0])
    ends = np.minimum(y[..., 0], y[..., -1]) <= y.min(axis=-1)
    out: Array = np.where(ends, x[y.argmin(axis=-1)], np.clip(at, x[0], x[-1]))
    return out
