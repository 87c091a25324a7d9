"""Drives any experiment in this process, headless: for scripts, tests and the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from weltnet.experiment import Experiment, Frame, P, Report, S, Verdict
from weltnet.timeline import Timeline, silent

__all__ = ["Outcome", "frames", "outcome"]


def frames(
    experiment: Experiment[P, S], params: P | None = None, seed: int = 0, report: Report = silent
) -> Iterator[Frame]:
    """An endless stream of frames, one per stride, the first at step 0."""
    line = Timeline(experiment, params or experiment.params(), seed, report)
    while True:
        yield line.frame()
        line.advance()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: its verdicts, its digest and what it cost."""

    verdicts: tuple[Verdict, ...]
    steps: int
    digest: str
    seconds: float


def outcome(
    experiment: Experiment[P, S],
    params: P | None = None,
    seed: int = 0,
    steps: int | None = None,
    report: Report = silent,
) -> Outcome:
    """Run to `steps` learning steps (default: the experiment's `verify_steps`) and judge every claim."""
    start = time.perf_counter()
    line = Timeline(experiment, params or experiment.params(), seed, report)
    line.seek(experiment.verify_steps if steps is None else steps, report)
    return Outcome(line.verdicts(), line.step, line.digest(), time.perf_counter() - start)
