"""Tours as runs: which run a tour is in at each of its stops, from which step to which, headless or on a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from weltnet.experiment import Experiment, P, S, Shows, Tour
from weltnet.observables import Scalar
from weltnet.params import BadParams
from weltnet.timeline import Log, Timeline

__all__ = ["Leg", "legs", "named", "play", "untrue"]


@dataclass(frozen=True, slots=True)
class Leg:
    """What a tour does between two words: it takes a run from step `at` to step `until`, where the run waits."""

    stop: int
    reveal: bool
    """Whether it is what the stop's question asked for, rather than the stop itself."""
    log: Log
    """The run, with the knobs turned at `at`."""
    at: int
    until: int
    turned: Mapping[str, Any] | None
    """The knobs turned in the run of the leg before; None where a run begins."""
    shows: Shows


def named(experiment: Experiment[P, S], name: str) -> Tour:
    """The tour of this name. Raises `BadParams` with one sentence."""
    for tour in experiment.tours:
        if tour.name == name:
            return tour
    known = ", ".join(t.name for t in experiment.tours) or "none"
    raise BadParams(f"tour = {name[:40]!r} is not known here; allowed: {known}")


def legs(experiment: Experiment[P, S], tour: Tour) -> tuple[Leg, ...]:
    """The legs of a tour in their order: one for each stop, and one for each question after that of its stop."""
    found: list[Leg] = []
    parse = experiment.params.parse
    for k, stop in enumerate(tour.stops):
        turns = [(False, stop.set, stop.seed, stop.until, stop.shows)]
        if q := stop.question:
            turns.append((True, q.then, None, q.until, q.shows))
        for reveal, wanted, seed, steps, shows in turns:
            if seed is not None or not found:
                log, at, turned = Log(seed or 0, parse(wanted).model_dump(mode="json")), 0, None
            else:
                log, at, turned = found[-1].log, found[-1].until, wanted
                before = parse({k: v for _, c in log.changes for k, v in c.items()}, parse(log.initial))
                after = parse(wanted, before)
                if before.restarts(after):
                    log, at, turned = Log(log.seed, after.model_dump(mode="json")), 0, None
                elif changed := before.changed(after):
                    here = dict(log.changes).get(at, {})
                    log = Log(log.seed, log.initial, (*log.before(at).changes, (at, {**here, **changed})))
            found.append(Leg(k, reveal, log, at, at + steps, turned, shows))
    return tuple(found)


def play(experiment: Experiment[P, S], tour: Tour) -> Iterator[tuple[Leg, Timeline[P, S]]]:
    """Every leg of a tour with the run at its end."""
    line: Timeline[P, S] | None = None
    for leg in legs(experiment, tour):
        if line is None or leg.turned is None:
            line = Timeline(experiment, experiment.params.parse(leg.log.initial), leg.log.seed)
        else:
            line.change(experiment.params.parse(leg.turned, line.params))
        while line.step < leg.until:
            line.advance()
        yield leg, line


def untrue(shows: Shows, line: Timeline[P, S]) -> list[str]:
    """Everything that is said to be seen in a run and is not, as sentences."""
    frame, words = line.frame(), {v.claim: v.word for v in line.verdicts()}
    wrong = []
    for key, said in shows.items():
        if isinstance(said, str):
            if words[key] != said:
                wrong.append(f"{key} is {words[key]} at step {line.step}, not {said}")
            continue
        seen = frame.seen[key]
        if not isinstance(seen, Scalar) or not said[0] <= seen.value <= said[1]:
            value = f"{seen.value:.4g}" if isinstance(seen, Scalar) else "no number"
            wrong.append(f"{key} is {value} at step {line.step}, not in [{said[0]:g}, {said[1]:g}]")
    return wrong
