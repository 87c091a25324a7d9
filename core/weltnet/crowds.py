"""Ensembles of replicas of one trained network that learn some of its weights, side by side from several start widths.

The first ensemble, of PARTS parts, is the one that is shown; RUNGS more, of HALVES halves each, form a ladder of start
widths. Parts and halves are groups; of each group M is measured by itself, so that groups tell how far to trust a mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.entropy import nearest_neighbours
from weltnet.estimators.strain import logdet, spread
from weltnet.kernels.layers import disperse, look
from weltnet.kernels.philox import normals
from weltnet.systems.lessons import Lesson
from weltnet.theory.strain import Valley, strain

__all__ = [
    "HALVES", "PARTS", "RUNGS", "Crowd", "advance", "begin", "ensembles", "entropies", "groups", "means", "measured",
    "members", "rungs", "valley",
]  # fmt: skip

Array = NDArray[Any]

PARTS, HALVES, RUNGS = 8, 2, 9
RUNG, WIDE = 1024, 512
"""Members of a rung, and where more weights learn than lead into one neuron."""
LOOKS, LOOKERS = 2, 1024
"""Samples that a replica looks at for M, and how many of a group look."""
START = 0x5A


@dataclass(slots=True)
class Crowd:
    """q: (members, K), group by group; counts: (groups,), members of each."""

    lesson: Lesson
    q: Array
    counts: Array


def begin(lesson: Lesson, directions: int, shown: int, widths: Array, seed: int) -> Crowd:
    """Members drawn from N(0, σ²), one σ for each of the ensembles; `shown` of them in the first."""
    rung = RUNG if directions <= lesson.x.shape[1] else WIDE
    counts = np.array([shown // PARTS] * PARTS + [rung // HALVES] * (RUNGS * HALVES))
    q = np.empty((counts.sum(), directions))
    normals(q, seed, 0, START)
    q *= np.repeat(np.repeat(widths, [PARTS] + [HALVES] * RUNGS), counts)[:, None]
    return Crowd(lesson, q, counts)


def groups(these: Crowd) -> list[Array]:
    """The members of every group."""
    return np.split(these.q, np.cumsum(these.counts)[:-1])


def members(these: Crowd) -> Array:
    """How many the ensemble that is shown has, and then every rung."""
    whole: Array = np.add.reduceat(these.counts, [0, *range(PARTS, PARTS + RUNGS * HALVES, HALVES)])
    return whole


def ensembles(these: Crowd) -> list[Array]:
    """The members of the ensemble that is shown, and then of every rung."""
    return np.split(these.q, np.cumsum(members(these))[:-1])


def rungs(values: Array) -> Array:
    """The mean of the halves of every rung, from values of all groups."""
    mean: Array = values[PARTS:].reshape(RUNGS, HALVES, *values.shape[1:]).mean(axis=1)
    return mean


def means(values: Array) -> Array:
    """The mean of the parts, then those of the halves of every rung."""
    return np.concatenate([values[:PARTS].mean(axis=0, keepdims=True), rungs(values)])


def entropies(these: Crowd) -> Array:
    """S_q of every ensemble, from neighbours up to three directions, beyond as if Gaussian and up to a constant."""
    measure = nearest_neighbours if these.q.shape[1] <= 3 else logdet
    return np.array([measure(q) for q in ensembles(these)])


@lru_cache(maxsize=8)
def valley(lesson: Lesson, directions: int, rate: float, batch: int, noise: float) -> Valley:
    """The valley at the bottom of the loss, with added noise of temperature `noise`. Cached by its arguments."""
    return Valley(lesson.gradients(directions), lesson.hessians(directions), rate, batch, rate * noise)


def advance(these: Crowd, rate: float, batch: int, added: float, steps: int, first: int, seed: int) -> None:
    """Carry all members through learning steps, in place; added: D0."""
    x, y, base = _seen(these)
    disperse(these.q, base, x, y, rate, float(np.sqrt(2.0 * added)), batch, steps, first, seed)


def measured(these: Crowd, rate: float, batch: int, added: float, frame: int) -> tuple[Array, Array]:
    """M and γ⟨∂∂U⟩ of every group, (groups, K, K) each, from its width and from samples that its members look at."""
    (x, y, base), K, parts = _seen(these), these.q.shape[1], groups(these)
    H, sigma = np.zeros((2, len(parts), K, K)), np.empty((len(parts), K, K))
    for g, q in enumerate(parts):
        some = q[: min(LOOKERS, len(q) - len(q) % len(x))]
        look(some, base, x, y, LOOKS, 29 * g + 61 * frame, H[0, g], H[1, g])
        H[:, g] /= len(some)
        sigma[g] = spread(q)
    # What all samples agree on moves the ensemble, and does not spread it.
    C = H[1] - H[0] @ sigma @ H[0]
    D = rate**2 / (2 * batch) * C + added * np.eye(K)
    return strain(sigma, D, H[0], rate), rate * H[0]


def _seen(these: Crowd) -> tuple[Array, Array, Array]:
    """The lesson of the neurons whose weights learn."""
    it = these.lesson
    n = -(-these.q.shape[1] // it.x.shape[1])
    return it.x, np.ascontiguousarray(it.y[:, :n]), np.ascontiguousarray(it.base[:, :n])
