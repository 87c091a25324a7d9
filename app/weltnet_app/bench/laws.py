"""What one step of each learning law costs: 20 000 networks on a grid of 128², or one frame of a sum over networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from weltnet import pathsum
from weltnet.kernels import blob, guided
from weltnet.terrain import written
from weltnet.theory.schroedinger import SplitStep, packet
from weltnet_app.bench import kernel
from weltnet_app.bench.figures import Figure, at_most

__all__ = ["laws"]

REPLICAS, POINTS, HALF = 20_000, 128, 3.0
DT, HBAR = 0.02, 0.5
SUMMED = 4000
"""Networks whose waves are added up."""
FORMULA = "0.45*(q1^2 + q2^2 - 2)^2"


def laws(quick: bool, _python: str) -> Iterator[Figure]:
    """CPU milliseconds of one core for each law's step; guided laws with the step of the wave that guides them."""
    rng = np.random.default_rng(1)
    spacing = 2.0 * HALF / POINTS
    axis = -HALF + spacing * np.arange(POINTS)
    V = 0.5 * (axis[:, None] ** 2 + axis[None, :] ** 2)
    force = np.stack([np.broadcast_to(-axis[:, None], V.shape), np.broadcast_to(-axis[None, :], V.shape)]).copy()
    split = SplitStep(axis, V, HBAR, DT)
    wave = packet(axis, (0.5, 0.0), 0.5)
    q, v = rng.normal(0.0, 0.5, (2, REPLICAS, 2))
    low, inverse = float(axis[0]), 1.0 / spacing

    def bohm() -> None:
        guided.bohm(q, split.flow(wave)[0], split.flow(split.step(wave))[0], low, inverse, DT)

    def nelson() -> None:
        guided.nelson(q, np.add(*split.flow(split.step(wave))), low, inverse, DT, 0.1, 1, 0)

    def pressed() -> None:
        blob.advance(q, v, force, low, spacing, HBAR, 1.75 * spacing, DT, 1, 1.5)

    def inertial() -> None:
        guided.leapfrog(q, v, force, low, inverse, DT, 1)

    tries = 3 if quick else 8
    yield at_most("sgd, N = 6", 1e3 * kernel.seconds(6, REPLICAS), 15.0, "ms per step", "its own minibatches")
    for name, law, limit in (("inertial", inertial, 2.0), ("blob", pressed, 3.6), ("nelson", nelson, 4.9),
                             ("bohm", bohm, 4.5)):  # fmt: skip
        yield at_most(name, _least(law, tries), limit, "ms per step")
    terrain = written(FORMULA, pathsum.GRID.axis)
    waves = pathsum.released(terrain, (HBAR, "packet", (-1.4, 0.0), (0.0, 0.0)))
    family, _ = pathsum.born(waves, HBAR, SUMMED, 1, 1)

    def frame() -> None:
        family.travel(pathsum.spline(terrain))
        family.waves(HBAR)

    what = f"coherent, M = {len(family.q)}, {len(pathsum.GRID.axis)}²"
    yield at_most(what, _least(frame, tries), 21.0, "ms per frame", "two steps and the sum")
    birth = _least(lambda: pathsum.born(waves, HBAR, SUMMED, 1, 1), tries)
    yield Figure("coherent, a birth", birth, "ms", note="one in five frames")


def _least(work: Callable[[], object], tries: int) -> float:
    """CPU milliseconds, the least of several."""
    work()
    best = np.inf
    for _ in range(tries):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return 1e3 * float(best)
