"""Small recurrent networks that learn what was, while their weakest links are cut and others grow at random.

M networks of NEURONS hidden neurons and LINKS links learn one of

    hold        the sign of the last pulse before, however long ago: pulses ±1 come with the chance PULSE per tick,
    recall      the bit ±1 that came `delay` ticks ago; a chain of as many links will do,
    oscillate   to go on with a sine of period 8 whose first CUE ticks are given, whatever its phase,

by gradients through all TICKS ticks, `kernels.memory`. At a pruning the weakest links of every network are cut, and as
many of random weight grow in random free places; no link joins a neuron to itself. Every network has a twin without
weights: each of its links lives and dies with one link of the network, but in a random place of its own, so that lives
are the same and structure means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels import memory as kernel
from weltnet.kernels.memory import BATCH
from weltnet.kernels.philox import normals

__all__ = ["LINKS", "NEURONS", "Crowd", "blind", "circles", "draw", "drawn", "fans", "learn", "lesson", "prune"]

Array = NDArray[Any]

NEURONS, LINKS, TICKS = 40, 160, 20
LEVEL, CUE, PERIOD = 0.8, 4, 8
"""Size of an answer, and the sine of `oscillate`."""
PULSE, RARE = 0.15, 1.4395314709384563
"""Chance of a pulse, and the size that a normal number exceeds so often."""
STRENGTH, NEWBORN, ENTRY, EXIT = 0.25, 0.1, 0.5, 0.2
"""Spread of the first weights of links, of those that grow later, and of weights in and out."""
RATE, INERTIA, CEILING = 0.1, 0.9, 1.0
"""Step of descent, its momentum, and the largest gradient that is followed as it is."""
STREAM_LESSON, STREAM_WEIGHTS, STREAM_PLACES, STREAM_TWIN, STREAM_NEWBORN = 70, 71, 72, 73, 74


@dataclass(slots=True)
class Crowd:
    """M networks and their twins; part of a state.

    w, speed: (M, LINKS); source, sink: (M, LINKS) int32; twin_source, twin_sink: the same of the twins; age: (M, LINKS)
    int32 prunings lived; node, pace: (M, 3, NEURONS), weights in, biases, weights out; loss: (M,).
    """

    w: Array
    speed: Array
    source: Array
    sink: Array
    twin_source: Array
    twin_sink: Array
    age: Array
    node: Array
    pace: Array
    loss: Array


def _places(source: Array, sink: Array, dead: Array, seed: int, step: int, stream: int) -> None:
    """Move the links that are `dead`, (M, LINKS) bool, as many in each network, to random free places."""
    M = len(source)
    dice = np.empty((M, NEURONS * NEURONS))
    normals(dice, seed, step, stream)
    dice[:, :: NEURONS + 1] = np.inf
    row, link = np.nonzero(~dead)
    dice[row, sink[row, link] * NEURONS + source[row, link]] = np.inf
    count = int(dead[0].sum())
    free = np.argsort(dice, axis=1, kind="stable")[:, :count].ravel()
    at = np.nonzero(dead)
    sink[at], source[at] = free // NEURONS, free % NEURONS


def draw(networks: int, seed: int) -> Crowd:
    """Random networks, and twins in other random places."""
    drawn, entry = np.empty((networks, LINKS)), np.empty((networks, 2 * NEURONS))
    normals(drawn, seed, 0, STREAM_WEIGHTS)
    normals(entry, seed, 1, STREAM_WEIGHTS)
    node = np.zeros((networks, 3, NEURONS))
    node[:, 0], node[:, 2] = ENTRY * entry[:, :NEURONS], EXIT * entry[:, NEURONS:]
    source, sink, twin_source, twin_sink = (np.zeros((networks, LINKS), np.int32) for _ in range(4))
    everyone = np.ones((networks, LINKS), bool)
    _places(source, sink, everyone, seed, 0, STREAM_PLACES)
    _places(twin_source, twin_sink, everyone, seed, 0, STREAM_TWIN)
    return Crowd(
        STRENGTH * drawn, np.zeros_like(drawn), source, sink, twin_source, twin_sink,
        np.zeros((networks, LINKS), np.int32), node, np.zeros_like(node), np.zeros(networks),
    )  # fmt: skip


def lesson(name: str, networks: int, delay: int, seed: int, step: int) -> tuple[Array, Array, int]:
    """Inputs and answers, (M, TICKS, BATCH) each, and the first tick that counts."""
    drawn = np.empty((networks * BATCH, 2 * TICKS))
    normals(drawn, seed, step, STREAM_LESSON)
    size, sign = np.ascontiguousarray(drawn.reshape(networks, BATCH, 2, TICKS).transpose(2, 0, 3, 1))
    bit = np.where(sign > 0.0, 1.0, -1.0)
    if name == "recall":
        return bit, LEVEL * np.roll(bit, delay, axis=1), delay
    if name == "oscillate":
        tick = np.arange(TICKS)[:, None]
        sine = np.sin(2.0 * np.pi * tick / PERIOD + np.arctan2(size, sign)[:, :1])
        return np.where(tick < CUE, sine, 0.0), LEVEL * sine, CUE
    pulsed = np.abs(size) > RARE
    pulsed[:, 0] = True
    when = np.maximum.accumulate(np.where(pulsed, np.arange(TICKS)[:, None], 0), axis=1)
    last = np.take_along_axis(bit, when, axis=1)
    return np.where(pulsed, bit, 0.0), LEVEL * np.roll(last, 1, axis=1), 1


def blind(name: str) -> float:
    """Loss of the best answer to what is heard at this very tick, without memory: none is better than silence."""
    return 0.5 * LEVEL**2 * (0.5 if name == "oscillate" else 1.0)


def learn(these: Crowd, u: Array, target: Array, first: int, *, decay: float, credit: float) -> None:
    """One step of every network, on sequences of its own, in place."""
    kernel.descend(
        these.w, these.speed, these.source, these.sink, these.node, these.pace, u, target, first, credit, RATE, INERTIA,
        decay, CEILING, these.loss,
    )  # fmt: skip


def circles(source: Array, sink: Array) -> Array:
    """Whether links lie on a loop of two or three of them: (M, LINKS) bool."""
    M, row = len(source), np.arange(len(source))[:, None]
    joined = np.zeros((M, NEURONS, NEURONS))
    joined[row, sink, source] = 1.0
    back = joined + joined @ joined
    out: Array = back[row, source, sink] > 0.0
    return out


def fans(source: Array, sink: Array) -> tuple[Array, Array]:
    """How many links go out from where a link leads, and into where it comes from: (M, LINKS) each."""
    row = np.arange(len(source))[:, None]
    out, into = (np.zeros((len(source), NEURONS), int) for _ in range(2))
    np.add.at(out, (row, source), 1)
    np.add.at(into, (row, sink), 1)
    return out[row, sink], into[row, source]


def prune(these: Crowd, count: int, seed: int, step: int) -> Array:
    """Cut the `count` weakest links of every network and let as many grow, in place; (M, LINKS) bool, who died."""
    dead = np.zeros(these.w.shape, bool)
    weakest = np.argsort(np.abs(these.w), axis=1, kind="stable")[:, :count]
    np.put_along_axis(dead, weakest, True, axis=1)
    _places(these.source, these.sink, dead, seed, step, STREAM_PLACES)
    _places(these.twin_source, these.twin_sink, dead, seed, step, STREAM_TWIN)
    drawn = np.empty(these.w.shape)
    normals(drawn, seed, step, STREAM_NEWBORN)
    these.w[:] = np.where(dead, NEWBORN * drawn, these.w)
    these.speed[dead] = 0.0
    these.age[:] = np.where(dead, 0, these.age + 1)
    return dead


def drawn(these: Crowd, old: int) -> tuple[list[Array], list[Array], list[Array], Array]:
    """A picture of the first network: its young links, the chains and the loops of at least `old` prunings, as lines
    (7, 2), and the places of its neurons (NEURONS, 2).

    Neurons stand in a circle, the nearer to its middle the more old links they have. A link is bent to one side, so
    that two between the same neurons are seen as two.
    """
    source, sink, aged = these.source[0], these.sink[0], these.age[0] >= old
    busy = np.bincount(np.concatenate([source[aged], sink[aged]]), minlength=NEURONS)
    turn = 2.0 * np.pi * np.arange(NEURONS) / NEURONS
    places = (1.05 / (1.0 + 0.12 * busy))[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    a, b = places[source], places[sink]
    middle = 0.5 * (a + b) + 0.12 * np.stack([a[:, 1] - b[:, 1], b[:, 0] - a[:, 0]], axis=1)
    s = np.linspace(0.0, 1.0, 7)[:, None, None]
    lines = ((1.0 - s) ** 2 * a + 2.0 * s * (1.0 - s) * middle + s**2 * b).transpose(1, 0, 2)
    loop = circles(these.source[:1], these.sink[:1])[0]
    return list(lines[~aged]), list(lines[aged & ~loop]), list(lines[aged & loop]), places
