"""Rings of neurons that are coupled in two ways, and what their states say of the space they move in.

The first kind divides by the strength it shares with two other rings, and moves on a sphere; the second reads its
partner's neurons, and gets a mass. A launch runs for LIFE ticks, then the same strings start again: later waves on the
sphere are steeper than one neuron.                                                              [2008.01540 §8]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import target
from weltnet.systems.strings import band_limited, coupled, normalised
from weltnet.theory.strings import dalembert, position

__all__ = ["LIFE", "STRINGS", "Rings", "begin", "launch", "tick"]

Array = NDArray[Any]

STRINGS, AMPLITUDE, MODES, LIFE, HALFLIFE = 6, 0.15, 4, 1024, 128.0
"""Strings of each kind, the rms and the harmonics they start with, ticks of a launch, and of what is remembered."""

MASS = 0.002 * np.array([[1.0, 0.5], [0.5, 1.0]])


@dataclass(slots=True)
class Rings:
    """The last two ticks of normalised rings, (2, STRINGS, 3, sites), and of coupled ones, (2, STRINGS, 2, sites).

    start: the first two ticks of the normalised ones; part of a rewindable state.
    """

    start: Array
    curved: Array
    massive: Array
    of_curved: target.Sums
    of_massive: target.Sums
    age: int = 0


def begin(seed: int, sites: int, stream: int) -> Rings:
    """Random smooth strings that run in all directions, so that every part of Γ is felt."""
    movers = np.sqrt(2.0) * AMPLITUDE * band_limited(seed, 4 * STRINGS, sites, MODES, stream)
    start = movers.reshape(2, STRINGS, 2, sites)
    pair = np.stack([position(dalembert(start, t)) for t in (0, 1)])
    third = np.sqrt(np.maximum(1.0 - (pair**2).sum(axis=2, keepdims=True), 0.0))
    rings = Rings(
        np.concatenate([pair, third], axis=2), np.zeros((2, STRINGS, 3, sites)), np.zeros((2, STRINGS, 2, sites)),
        target.Sums.empty(STRINGS), target.Sums.empty(STRINGS),
    )  # fmt: skip
    launch(rings)
    return rings


def launch(rings: Rings) -> None:
    """Start all strings again; what was seen of them is kept."""
    rings.curved[:], rings.massive[:], rings.age = rings.start, rings.start[:, :, :2], 0


def tick(rings: Rings, free: bool = False) -> None:
    """One tick of all rings, and what it says. With `free` no ring divides by anything, as a saboteur."""
    if rings.age == LIFE:
        launch(rings)
    a, b = rings.curved
    _turn(rings.curved, coupled(a, b, np.zeros((3, 3))) if free else normalised(a, b), rings.of_curved)
    _turn(rings.massive, coupled(rings.massive[0], rings.massive[1], MASS), rings.of_massive)
    rings.age += 1


def _turn(two: Array, after: Array, sums: target.Sums) -> None:
    sums.fade(0.5 ** (1.0 / HALFLIFE))
    target.see(sums, two[0, :, :2], two[1, :, :2], after[:, :2])
    two[0], two[1] = two[1], after
