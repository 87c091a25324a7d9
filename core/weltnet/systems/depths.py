"""Networks of several depths with as many weights as one another, which learn digits side by side.

All hidden layers of a network are of one width. q: (heats, Σ P) single precision holds, heat by heat, one network of
each depth after the other; a heat's networks see the same minibatches, other heats other ones. Plain SGD.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.philox import picks
from weltnet.systems import layered

__all__ = ["Plan", "born", "images", "learn", "losses", "plan", "traces", "width"]

Array = NDArray[Any]
Plan = tuple[tuple[tuple[int, ...], slice], ...]

PIXELS, ANSWERS = 64, 10
BATCHES = 99
"""Stream of random numbers for minibatches; those of weights are the depths."""


def width(P: int, depth: int) -> int:
    """Neurons n of every hidden layer: (depth − 1) n² + (74 + depth) n + 10 = P, to the nearest whole, at least 2."""
    b, c = PIXELS + ANSWERS + depth, P - ANSWERS
    return max(2, round(2.0 * c / (b + math.sqrt(b * b + 4.0 * (depth - 1) * c))))


@lru_cache(maxsize=8)
def plan(P: int, depths: tuple[int, ...]) -> Plan:
    """Layers of each depth, and where its weights are in a row of q."""
    widths = [(PIXELS, *[width(P, k)] * k, ANSWERS) for k in depths]
    ends = [0]
    for w in widths:
        ends.append(ends[-1] + layered.size(w))
    return tuple((w, slice(a, b)) for w, a, b in zip(widths, ends, ends[1:], strict=False))


@lru_cache(maxsize=1)
def images() -> tuple[Array, Array]:
    """The digits to learn from and their targets, in single precision, which is twice as fast."""
    d = layered.digits()
    return d.x.astype(np.float32), d.y.astype(np.float32)


def born(q: Array, these: Plan, seed: int, first: int) -> None:
    """Weights of variance 1/fan-in for all heats, numbered from `first`, in place."""
    for widths, at in these:
        for heat, row in enumerate(q):
            row[at] = layered.born(widths, seed, number=first + heat, stream=len(widths))


def learn(q: Array, these: Plan, *, rate: float, batch: int, seed: int, first: int, steps: int) -> None:
    """Steps of plain SGD in place; minibatches are numbered from `first`."""
    x, y = images()
    chosen = np.empty((len(q), batch), np.int64)
    for k in range(first, first + steps):
        picks(chosen, len(x), seed, k, BATCHES)
        given = x[chosen], y[chosen]
        for widths, at in these:
            q[:, at] -= np.float32(rate) * layered.backprop(q[:, at], widths, *given)[1]


def losses(q: Array, these: Plan, count: int) -> Array:
    """Boundary loss on the first `count` images: (depths, heats)."""
    x, y = images()
    return np.stack([layered.loss(q[:, at], widths, x[:count], y[:count]) for widths, at in these])


def traces(q: Array, these: Plan, count: int) -> Array:
    """Trace of the Gauss–Newton matrix on the first `count` images: (depths, heats)."""
    x = images()[0][:count]
    return np.stack([layered.gauss_newton(q[:, at], widths, x) for widths, at in these])
