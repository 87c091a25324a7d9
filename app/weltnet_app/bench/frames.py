"""What a frame costs on one core: every experiment at its defaults, and the exact wave that some are held against."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from weltnet import codec
from weltnet.experiment import Experiment
from weltnet.experiments import ALL
from weltnet.theory.schroedinger import SplitStep, packet
from weltnet.timeline import Timeline
from weltnet_app.bench.figures import Figure, at_least, at_most

__all__ = ["budgets", "wave"]

SETTLE = 20
"""Frames before the first that counts."""
BUDGET = 15.0
"""CPU milliseconds a frame of the first experiment may take."""


def budgets(quick: bool, _python: str, experiments: Sequence[Experiment[Any, Any]] = ALL) -> Iterator[Figure]:
    """CPU time of a frame, median: advancing, observing with theory and digest, encoding."""
    for e in experiments:
        line = Timeline(e, e.params(), 0)
        spent = np.array([_frame(line) for _ in range(SETTLE + (40 if quick else 200))])[SETTLE:]
        parts = dict(zip(("step", "observe", "encode"), map(float, np.median(spent, axis=0)), strict=True))
        note = ", ".join(f"{name} {ms:.2g}" for name, ms in parts.items())
        whole = float(np.median(spent.sum(axis=1)))
        made = at_most(e.slug, whole, BUDGET, "ms", note) if e is ALL[0] else Figure(e.slug, whole, "ms", note=note)
        yield Figure(made.what, whole, "ms", made.target, made.met, note, parts)


def _frame(line: Timeline[Any, Any]) -> list[float]:
    clock = time.process_time
    times = [clock()]
    line.advance()
    times.append(clock())
    frame = line.frame()
    times.append(clock())
    codec.encode(frame)
    times.append(clock())
    return [1e3 * (b - a) for a, b in pairwise(times)]


def wave(quick: bool, _python: str) -> Iterator[Figure]:
    """Grid points of the exact wave per second of CPU, in both precisions."""
    n = 256
    axis = np.linspace(-3.0, 3.0, n, endpoint=False)
    V = 0.5 * (axis[:, None] ** 2 + axis[None, :] ** 2)
    for dtype, floor in ((np.complex64, 60.0), (np.complex128, None)):
        split = SplitStep(axis, V, 1.0, 0.01, dtype)
        psi = split.step(packet(axis, (0.5, 0.0), 0.5).astype(dtype), 2)
        steps, best = 5 if quick else 20, np.inf
        for _ in range(3 if quick else 8):
            begun = time.process_time()
            split.step(psi, steps)
            best = min(best, time.process_time() - begun)
        what, speed = f"exact wave, {n}², {np.dtype(dtype).name}", steps * n * n / best / 1e6
        unit = "Mpoints/s per core"
        yield Figure(what, speed, unit) if floor is None else at_least(what, speed, floor, unit)
