"""How the neurons of one network live at given weights: copies of it, the flow they reveal, and what weights alone say.

Copies start together from a launch, run a few ticks and start again; only (X, where it goes, its noise) is kept, in an
exponentially forgetting regression. X are the means of the two halves.                           [2111.00903 §5–6]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.generator import Basis, Moments, fold
from weltnet.kernels import copies
from weltnet.systems.landscape import Landscape
from weltnet.systems.networks import weights
from weltnet.theory.spacetimes import contraction

__all__ = ["BASIS", "Copies", "begin", "live"]

Array = NDArray[Any]

BASIS = Basis(5, 0.5)
TICKS, EXPECT = 4, 5
"""Ticks per frame, and frames between two predictions from the weights, which move little in between."""

JUMP = 0.4
"""A step of q* beyond which the old space-time says nothing about the new one."""


@dataclass(slots=True)
class Copies:
    """x: (K_c, N) float32 neurons of copies of the network at `here`, q*: (2,); part of a state.

    expected: λ, ω per tick and R(0) S at q* from the weights alone (nan where there is no real logarithm).
    """

    x: Array
    here: Array
    expected: Array
    moments: Moments


def begin(neurons: int, here: Array) -> Copies:
    """Copies at q* = here that have not lived yet."""
    return Copies(np.zeros((1024 if neurons <= 64 else 512, neurons), np.float32), here, np.zeros(3), Moments(BASIS))


def live(
    these: Copies, world: Landscape, here: Array, *, noise: float, seed: int, frame: int, shuffled: bool = False
) -> None:
    """Let the copies run for TICKS ticks at q* = here, and fold what they did into the regression, in place.

    noise: η per tick. A saboteur, `shuffled` gives every copy the increment of another.
    """
    network, Q = world.network, world.loss.weights_at(here)
    jumped = bool(np.abs(here - these.here).max() > JUMP)
    these.here = here
    if jumped:
        these.moments.reset()
    if jumped or frame % EXPECT == 0:
        found = contraction(network, Q, noise)
        these.expected = np.array([found.rate, found.rotation, found.R])
    X, mean, after, age = copies.advance(
        these.x, weights(network, Q), network.b, network.c, seed=seed, tick=frame * TICKS, ticks=TICKS, noise=noise
    )
    if shuffled:
        far = len(these.x) // 3
        mean, after = (X + np.roll(a - X, far, axis=1) for a in (mean, after))
        age = np.minimum(age, np.roll(age, far, axis=1))
    fold(these.moments, X, mean, after, age)
