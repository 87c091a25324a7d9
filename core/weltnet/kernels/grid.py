"""Between particles and regular grids: cloud-in-cell deposit, bilinear gather, and the deepest pass of a landscape.

Grid point (i, j) of an (n, n) field lies at low + spacing·(i, j); `inverse` is 1/spacing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["deepest_pass", "deposit", "deposit_moments", "gather"]

Array = NDArray[Any]

_CHUNKS = 16


def deposit(q: Array, low: float, inverse: float, n: int, periodic: bool) -> Array:
    """Cloud-in-cell weights of q: (members, 2) on an (n, n) float64 grid; each member adds 1, shared by four points.

    Conserves the count and the mean position exactly; as a density it convolves with a triangle of variance spacing²/6
    per axis. `periodic` wraps members round the box, otherwise those outside the grid are dropped.
    """
    # Plain Python: a compiled caller of a parallel kernel that came from the cache is itself cached without what starts
    # the threads, and a process that uses it first jumps to address 0 (numba 0.68).
    field: Array = deposit_moments(q, np.empty((q.shape[0], 0)), low, inverse, n, periodic)[0]
    return field


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def deposit_moments(q, values, low, inverse, n, periodic):
    """Fields (1 + k, n, n): the deposit of q: (members, 2), then Σ value over members for values: (members, k) float64.

    Member m adds values[m] to the same four points, with the same weights, as its count. Summed in fixed chunks in
    chunk order, so that the bits do not depend on the number of threads.
    """
    members = q.shape[0]
    count = 1 + values.shape[1]
    size = (members + _CHUNKS - 1) // _CHUNKS
    partial = np.zeros((_CHUNKS, count, n, n))
    for chunk in prange(_CHUNKS):
        out = partial[chunk]
        for m in range(chunk * size, min((chunk + 1) * size, members)):
            x = (q[m, 0] - low) * inverse
            y = (q[m, 1] - low) * inverse
            if periodic:
                x -= n * np.floor(x / n)
                y -= n * np.floor(y / n)
                if not (x >= 0.0 and y >= 0.0):
                    continue
                i = int(x)
                j = int(y)
                f = x - i
                g = y - j
                # rounding can carry x to n itself
                i = i if i < n else 0
                j = j if j < n else 0
                k = i + 1 if i + 1 < n else 0
                l = j + 1 if j + 1 < n else 0
            else:
                if not (x >= 0.0 and y >= 0.0 and x < n - 1 and y < n - 1):
                    continue
                i = int(x)
                j = int(y)
                f = x - i
                g = y - j
                k = i + 1
                l = j + 1
            for c in range(count):
                value = values[m, c - 1] if c > 0 else 1.0
                out[c, i, j] += (1.0 - f) * (1.0 - g) * value
                out[c, k, j] += f * (1.0 - g) * value
                out[c, i, l] += (1.0 - f) * g * value
                out[c, k, l] += f * g * value
    total = np.zeros((count, n, n))
    for chunk in range(_CHUNKS):
        for c in range(count):
            for i in range(n):
                for j in range(n):
                    total[c, i, j] += partial[chunk, c, i, j]
    return total


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def gather(fields, q, low, inverse):
    """Bilinear values (members, k) of fields: (k, n, n) at q: (members, 2); outside the grid, its edge. Order 2."""
    count, n = fields.shape[0], fields.shape[1]
    members = q.shape[0]
    size = (members + _CHUNKS - 1) // _CHUNKS
    top = n - 1.0000001
    out = np.empty((members, count))
    for chunk in prange(_CHUNKS):
        for m in range(chunk * size, min((chunk + 1) * size, members)):
            x = (q[m, 0] - low) * inverse
            y = (q[m, 1] - low) * inverse
            x = x if x > 0.0 else 0.0
            y = y if y > 0.0 else 0.0
            x = x if x < top else top
            y = y if y < top else top
            i = int(x)
            j = int(y)
            f = x - i
            g = y - j
            for k in range(count):
                out[m, k] = (1.0 - f) * ((1.0 - g) * fields[k, i, j] + g * fields[k, i, j + 1]) + f * (
                    (1.0 - g) * fields[k, i + 1, j] + g * fields[k, i + 1, j + 1]
                )
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def deepest_pass(values):
    """The largest finite persistence of the sublevel sets of values: (n, m).

    That is a pass height minus the higher of the two minima it joins. Cells are flooded from the lowest up, with four
    neighbours; when two lakes meet, the shallower ends and its depth is its persistence. 0 with a single minimum.
    """
    n, m = values.shape
    flat = values.ravel()
    order = np.argsort(flat, kind="mergesort")
    root = np.full(n * m, -1)
    best = 0.0
    for cell in order:
        root[cell] = cell
        i = cell // m
        j = cell % m
        for side in range(4):
            a = i + (side == 0) - (side == 1)
            b = j + (side == 2) - (side == 3)
            if a < 0 or a >= n or b < 0 or b >= m or root[a * m + b] < 0:
                continue
            r = a * m + b
            while root[r] != r:
                root[r] = root[root[r]]
                r = root[r]
            s = cell
            while root[s] != s:
                root[s] = root[root[s]]
                s = root[s]
            if r != s:
                if flat[r] > flat[s]:
                    r, s = s, r
                best = max(best, flat[cell] - flat[s])
                root[s] = r
    return best
