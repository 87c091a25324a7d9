"""What verification found: every claim's verdict over many seeds, kept between sessions for the cards that show it.

    weltnet verify SLUG --seeds 20    →    verifications/SLUG.json in the user's data folder

A row is one verdict of one seed at the knobs under which its claim is registered, honest or with one assumption broken.
Rows of the same sources on the same machine add up; rows of other sources are replaced by the first new one. The file
is written after every run, so that an interrupted verification keeps what it has.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, stdev
from typing import Annotated, Any

from pydantic import AwareDatetime, Field

from weltnet import provenance, run, threads, worker
from weltnet.experiment import Experiment, Report, Verdict, Word
from weltnet.provenance import Document, Stamp, Unreadable

__all__ = [
    "FAULTS", "Distribution", "Row", "Task", "Verification", "add", "carry_out", "judge", "known", "load", "path",
]  # fmt: skip

FAULTS = (ArithmeticError, ValueError, RuntimeError, MemoryError)
"""What a run may raise with a sentence for a person, as in a worker."""

Name = Annotated[str, Field(max_length=80, pattern=r"^[a-z][a-z0-9-]*$")]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Row(Document):
    """One claim's verdict for one seed; `word` is nothing where the run broke down, and `fault` then says why."""

    claim: Name
    broken: str = Field("", max_length=80)
    """The saboteur that was on, or nothing."""
    seed: Seed
    word: Word | None
    measured: float | None = None
    error: float | None = None
    """Half the width of the run's own 95 % interval."""
    predicted: float | None = None
    null: float | None = None
    seconds: float = Field(ge=0.0)
    fault: str = Field("", max_length=2000)

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes a row one of its kind."""
        return self.claim, self.broken, self.seed


class Verification(Document):
    """All rows of one experiment, of which sources and when the last was made."""

    slug: Name
    stamp: Stamp
    date: AwareDatetime
    rows: tuple[Row, ...] = Field(max_length=200_000)

    def of(self, claim: str, broken: str = "") -> Distribution | None:
        """How one claim's verdicts are distributed over the seeds; nothing if it was never judged so."""
        rows = tuple(r for r in self.rows if (r.claim, r.broken) == (claim, broken))
        return Distribution(rows) if rows else None


@dataclass(frozen=True, slots=True)
class Distribution:
    """One claim over many seeds, by seed."""

    rows: tuple[Row, ...]

    @property
    def words(self) -> Counter[Word | None]:
        """How often each word was said; nothing stands for a run that broke down."""
        return Counter(r.word for r in self.rows)

    @property
    def measured(self) -> list[float]:
        """What was measured, by seed, where anything was."""
        return [r.measured for r in self.rows if r.measured is not None]

    @property
    def median(self) -> float | None:
        """The middle of what was measured."""
        return median(self.measured) if self.measured else None

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest of what was measured."""
        return (min(self.measured), max(self.measured)) if self.measured else None

    @property
    def spread(self) -> float | None:
        """Standard deviation between seeds."""
        return stdev(self.measured) if len(self.measured) > 1 else None

    @property
    def error(self) -> float | None:
        """The median over seeds of a run's own 95 % half-width: about twice `spread` where runs know their error."""
        errors = [r.error for r in self.rows if r.error is not None]
        return median(errors) if errors else None


# -- the file ---------------------------------------------------------------------------------------------------------


def path(slug: str) -> Path:
    """The file of an experiment."""
    return provenance.folder() / "verifications" / f"{slug}.json"


def load(slug: str) -> Verification | None:
    """What is stored for an experiment, of whatever sources. Raises `Unreadable`."""
    found = provenance.read(path(slug), Verification)
    if found is not None and found.slug != slug:
        raise Unreadable(f"{slug}.json is the verification of {found.slug}, so it was not read; delete it")
    return found


def comparable(slug: str) -> Verification | None:
    """What is stored for an experiment if it was made of these sources on this machine."""
    try:
        found = load(slug)
    except Unreadable:
        return None
    return found if found is not None and found.stamp.same() else None


def add(slug: str, rows: Sequence[Row]) -> Verification:
    """Store rows beside those that are comparable, in place of older ones of the same claim, saboteur and seed."""
    before = comparable(slug)
    merged = {r.key: r for r in (*(before.rows if before else ()), *rows)}
    ordered = tuple(sorted(merged.values(), key=lambda r: (r.broken, r.seed)))
    after = Verification(slug=slug, stamp=provenance.stamp(), date=datetime.now(UTC), rows=ordered)
    provenance.write(path(slug), after)
    return after


# -- the runs ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """One seed of one experiment, honest or with one assumption broken."""

    slug: str
    seed: int
    broken: str = ""

    @property
    def title(self) -> str:
        """As progress says it."""
        return f"{self.slug}, seed {self.seed}" + (f", broken by {self.broken}" if self.broken else "")


def known(tasks: Sequence[Task]) -> dict[Task, tuple[Row, ...]]:
    """The rows of those tasks that are stored and comparable, each claim with a word."""
    from weltnet.experiments import by_slug

    found: dict[Task, tuple[Row, ...]] = {}
    stored = {task.slug: comparable(task.slug) for task in tasks}
    rows = {(slug, r.key): r for slug, v in stored.items() if v is not None for r in v.rows if r.word is not None}
    for task in tasks:
        made = [rows.get((task.slug, (name, task.broken, task.seed))) for name in _names(by_slug(task.slug), task)]
        if all(r is not None for r in made):
            found[task] = tuple(r for r in made if r is not None)
    return found


def _names(experiment: Experiment[Any, Any], task: Task) -> list[str]:
    """The claims that a task judges, in their order."""
    turns = next((s.turns for s in experiment.saboteurs if s.name == task.broken), None)
    return [c.name for c in experiment.claims if turns is None or c.name in turns]


def judge(task: Task, report: Report = lambda fraction, text: None) -> tuple[Row, ...]:
    """The rows of one task, in order of the claims; of a run that broke down, rows without a word."""
    from weltnet.experiments import by_slug

    experiment, start = by_slug(task.slug), time.perf_counter()
    try:
        verdicts = run.verified(experiment, task.seed, task.broken, report)
    except FAULTS as fault:
        said, seconds = str(fault) or type(fault).__name__, time.perf_counter() - start
        return tuple(_row(task, name, None, seconds, said[:2000]) for name in _names(experiment, task))
    return tuple(_row(task, name, verdict, seconds) for name, (verdict, seconds) in verdicts.items())


def _row(task: Task, claim: str, v: Verdict | None, seconds: float, fault: str = "") -> Row:
    numbers = {}
    if v is not None:
        found = {"measured": v.measured, "error": v.error, "predicted": v.predicted, "null": v.null}
        numbers = {k: float(x) for k, x in found.items() if x is not None and math.isfinite(x)}
    return Row(
        claim=claim, broken=task.broken, seed=task.seed, word=v.word if v else None, seconds=round(seconds, 3),
        fault=fault, **numbers,
    )  # fmt: skip


def carry_out(
    tasks: Sequence[Task], jobs: int, report: Callable[[Task], Report]
) -> Iterator[tuple[Task, tuple[Row, ...]]]:
    """Every task with its rows, as each is done: here one by one, or in `jobs` processes of one thread each.

    The rows, their seconds apart, are the same for any number of jobs: randomness is keyed by (seed, step) alone.
    """
    provenance.stamp()  # of the sources as they are now, before they are run
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, judge(task, report(task))
        return
    with threads.environment():
        pool = ProcessPoolExecutor(min(jobs, len(tasks)), worker.context(), _deaf)
        try:
            pending = {pool.submit(judge, task): task for task in tasks}
            for done in as_completed(pending):
                report(pending[done])
                yield pending[done], done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        pool.shutdown()


def _deaf() -> None:
    # An interrupt is for the parent, which ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
