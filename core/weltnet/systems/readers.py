"""Networks that read handwritten digits and have come to learning equilibrium, and the images that are watched."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.digits import learn
from weltnet.systems.layered import born, digits

__all__ = ["PREPARED", "WIDTHS", "go_on", "prepared", "watched"]

Array = NDArray[Any]

WIDTHS = (64, 16, 10)
PREPARED, LARGEST, LAST = 6000, 8, 500
"""Steps of preparation, their largest minibatch, and how many at the end are with the minibatch that was asked for."""
IMAGES = 128
"""Images whose loss is watched."""


@lru_cache(maxsize=8)
def prepared(seed: int, networks: int, rate: float, batch: int) -> Array:
    """Networks after PREPARED steps of SGD: (networks, size); read-only."""
    data = digits()
    q = np.stack([born(WIDTHS, seed, number=n) for n in range(networks)])
    blind = np.zeros((64, 0)), np.zeros((10, 0))
    for steps, first, images in ((PREPARED - LAST, 0, min(batch, LARGEST)), (LAST, PREPARED - LAST, batch)):
        out = np.empty((2, networks, steps))
        learn(q, data.x, data.y, *blind, rate, images, 0.0, first, seed, out[0], out[1])
    q.setflags(write=False)
    return q


@lru_cache(maxsize=1)
def watched() -> tuple[Array, Array]:
    """Images (pixels, images) and targets (10, images) whose loss is watched."""
    data = digits()
    return np.ascontiguousarray(data.x[:IMAGES].T), np.ascontiguousarray(data.y[:IMAGES].T)


def go_on(q: Array, rate: float, batch: int, index: float, steps: int, done: int, seed: int) -> tuple[Array, Array]:
    """`steps` more steps after `done` since preparation, in place: the losses after each and their lengths.

    index: where it is not 0, every step is multiplied by an s with P(s > u) = u^−index.
    """
    data, (seen, told) = digits(), watched()
    out = np.empty((2, len(q), steps))
    learn(q, data.x, data.y, seen, told, rate, batch, index, PREPARED + done, seed, out[0], out[1])
    return out[0], out[1]
