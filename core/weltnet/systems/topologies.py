"""Who may read whom: the masks of networks of N neurons, M_ij = 1 where neuron i may read neuron j.

    dense        everyone reads all others             chain        i reads i − 1
    layered      a layer reads the one below it        ring         a chain that is closed
    sparse       any other, with a probability         permutation  everyone reads one, and is read by one
    lattice      the four neighbours on a torus        halves       everyone reads the others of its own half

A mask without loops can be numbered so that it lies below its diagonal; `loops` says whether there are any.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "MOST", "Kind", "layered", "loops", "topology"]

Array = NDArray[Any]
Kind = Literal["dense", "layered", "chain", "ring", "permutation", "sparse", "lattice", "halves"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST = 1024
"""Neurons of the largest network."""


def layered(widths: tuple[int, ...]) -> Array:
    """Layers of these widths, numbered from the first: (N, N) bool."""
    N, ends = sum(widths), np.cumsum((0, *widths))
    mask = np.zeros((N, N), bool)
    for low, middle, high in zip(ends, ends[1:], ends[2:], strict=False):
        mask[middle:high, low:middle] = True
    return mask


def topology(kind: Kind, neurons: int, *, seed: int = 0, density: float = 0.1, layers: int = 4) -> Array:
    """The mask of one kind: (N, N) bool, row i what neuron i reads. `seed` draws a sparse one and a permutation.

    A lattice needs a square number of neurons, halves an even one; `layers` are of equal width but for the last.
    """
    N = neurons
    side = round(N**0.5)
    if kind not in KINDS or not 2 <= N <= MOST or not 0.0 < density <= 1.0 or not 2 <= layers <= N:
        raise ValueError(
            f"topology {kind!r} of {N} neurons in {layers} layers with density {density:g} is refused; allowed: one of "
            f"{', '.join(KINDS)} of 2 to {MOST} neurons, 2 or more layers, a density in (0, 1] (who reads whom)"
        )
    if (kind == "lattice" and side * side != N) or (kind == "halves" and N % 2):
        raise ValueError(
            f"neurons = {N} is refused for {kind!r}; allowed: a square number for a lattice, an even one for halves"
        )
    i = np.arange(N)
    mask = np.zeros((N, N), bool)
    if kind == "dense":
        mask[:] = True
    elif kind == "layered":
        return layered((*[N // layers] * (layers - 1), N - N // layers * (layers - 1)))
    elif kind in ("chain", "ring"):
        mask[i[1:], i[:-1]] = True
        mask[0, -1] = kind == "ring"
    elif kind == "permutation":
        mask[np.random.default_rng([seed, N]).permutation(N), i] = True
        return mask
    elif kind == "sparse":
        mask = np.random.default_rng([seed, N]).random((N, N)) < density
    elif kind == "lattice":
        row, column = np.divmod(i, side)
        for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            mask[i, (row + down) % side * side + (column + right) % side] = True
    else:
        mask = (i[:, None] < N // 2) == (i[None, :] < N // 2)
    np.fill_diagonal(mask, False)
    return mask


def loops(mask: Array) -> bool:
    """Whether a signal can come back to the neuron that sent it."""
    left = np.asarray(mask, bool)
    while len(left):
        free = ~left.any(axis=1)
        if not free.any():
            return True
        left = left[np.ix_(~free, ~free)]
    return False
