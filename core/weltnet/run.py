"""Drives any experiment in this process, headless: for scripts, tests and the command line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from weltnet.experiment import Experiment, Frame, P, Report, S, Verdict
from weltnet.timeline import Timeline, silent

__all__ = ["Outcome", "frames", "outcome", "sampled", "verified"]


def frames(
    experiment: Experiment[P, S], params: P | None = None, seed: int = 0, report: Report = silent
) -> Iterator[Frame]:
    """An endless stream of frames, one per stride, the first at step 0."""
    line = Timeline(experiment, params or experiment.params(), seed, report)
    while True:
        yield line.frame()
        line.advance()


def sampled(line: Timeline[P, S], steps: int, every: int, report: Report = silent) -> Iterator[Frame]:
    """Frames of a run as it is carried to `steps`: now, at every multiple of `every` on the way, and at the end.

    Both are taken in whole strides: `every` is rounded up, `steps` down.
    """
    stride = line.experiment.stride
    every, end = every + -every % stride, steps - steps % stride
    yield line.frame()
    for step in (*range((line.step // every + 1) * every, end, every), end):
        if step > line.step:
            line.seek(step, report)
            yield line.frame()


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


def verified(
    experiment: Experiment[P, S], seed: int, broken: str = "", report: Report = silent
) -> dict[str, tuple[Verdict, float]]:
    """Every claim's verdict at the knobs under which it is registered, with the seconds of the run that gave it.

    broken: the name of a saboteur to switch on; then only the claims it must turn are judged.
    """
    names = {c.name for c in experiment.claims}
    if broken:
        names = set(next(s.turns for s in experiment.saboteurs if s.name == broken))
    found: dict[str, tuple[Verdict, float]] = {}
    for setting in experiment.settings:
        wanted = [c.name for c in experiment.claims if c.at == setting and c.name in names]
        if wanted:
            end = outcome(experiment, experiment.params.parse({**setting, "broken": broken}), seed, report=report)
            found |= {v.claim: (v, end.seconds) for v in end.verdicts if v.claim in wanted}
    return {c.name: found[c.name] for c in experiment.claims if c.name in found}
