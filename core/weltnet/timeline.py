"""A run: seed + initial Params + the list of (step, Params change), and the states it passes through.

Nothing else may advance or alter a state, so every state can be reached again bit by bit: from a checkpoint, from the
log alone, in this process or another one. States are kept on the way, and stay good for as long as the log before
them does: time can be scrubbed back and forth.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np

from weltnet.experiment import Experiment, Frame, P, Report, S, Verdict
from weltnet.threads import algebra

__all__ = ["CHECKPOINT_EVERY", "Log", "Timeline", "pack", "restore", "silent", "snapshot", "twin", "unpack"]

CHECKPOINT_EVERY = 250
CHECKPOINTS = 64
RECENT = 32

ROOM = 256_000_000
"""Bytes that kept states may take, half of them as checkpoints: a million replicas are 16 to 50 MB a state."""

REPORT_EVERY = 10
"""Strides between two reports of a long way."""

BESIDE = 4
"""A run kept beside another has this fraction of its room."""

Snapshot = dict[str, Any]


def silent(fraction: float, text: str) -> None:
    """A report that nobody listens to."""


@dataclass(frozen=True, slots=True)
class Log:
    """What a run is a function of: its seed, its first Params and every later change, as plain values."""

    seed: int
    initial: Mapping[str, Any]
    changes: tuple[tuple[int, Mapping[str, Any]], ...] = ()

    def before(self, step: int) -> Log:
        """The same log without the changes made at `step` or later."""
        return Log(self.seed, self.initial, tuple(c for c in self.changes if c[0] < step))

    def plain(self) -> dict[str, Any]:
        """The log as JSON carries it."""
        return {"seed": self.seed, "initial": dict(self.initial), "changes": [[s, dict(c)] for s, c in self.changes]}

    @staticmethod
    def of(plain: Mapping[str, Any]) -> Log:
        """The log that `plain` made."""
        return Log(plain["seed"], plain["initial"], tuple((s, c) for s, c in plain["changes"]))


def snapshot(state: Any, prefix: str = "") -> Snapshot:
    """Every array and number of a state by dotted name, copied; frozen dataclasses are shared preparation."""
    out: Snapshot = {}
    for f in dataclasses.fields(state):
        value, name = getattr(state, f.name), prefix + f.name
        if dataclasses.is_dataclass(value):
            if not getattr(type(value), "__dataclass_params__").frozen:  # noqa: B009 (mypy does not know the attribute)
                out |= snapshot(value, name + ".")
        elif isinstance(value, np.ndarray):
            out[name] = value.copy()
        elif isinstance(value, bool | int | float | str | tuple) or value is None:
            out[name] = value
        else:
            raise TypeError(f"{name} is a {type(value).__name__}; a state holds arrays, numbers, words and dataclasses")
    return out


def restore(state: Any, saved: Snapshot) -> None:
    """Put a snapshot back into a state of the same shape."""
    for name, value in saved.items():
        *path, last = name.split(".")
        owner = state
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, value.copy() if isinstance(value, np.ndarray) else value)


def twin(state: Any) -> Any:
    """A state of its own with the same values, sharing its preparation."""
    out = copy.copy(state)
    for f in dataclasses.fields(state):
        value = getattr(state, f.name)
        if isinstance(value, np.ndarray):
            setattr(out, f.name, value.copy())
        elif dataclasses.is_dataclass(value) and not getattr(type(value), "__dataclass_params__").frozen:  # noqa: B009
            setattr(out, f.name, twin(value))
    return out


def digest(saved: Snapshot) -> str:
    """Sixteen hexadecimal digits that are equal when two snapshots are equal bit by bit."""
    out = hashlib.blake2b(digest_size=8)
    for name in sorted(saved):
        value = saved[name]
        out.update(name.encode())
        out.update(np.ascontiguousarray(value).data if isinstance(value, np.ndarray) else repr(value).encode())
    return out.hexdigest()


def pack(saved: Snapshot) -> bytes:
    """A snapshot as bytes (an uncompressed npz without pickles)."""
    arrays = {k: v for k, v in saved.items() if isinstance(v, np.ndarray)}
    rest = json.dumps({k: v for k, v in saved.items() if k not in arrays}).encode()
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays, **{"": np.frombuffer(rest, np.uint8)})
    return buffer.getvalue()


def unpack(data: bytes) -> Snapshot:
    """The snapshot in bytes made by `pack`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {k: archive[k] for k in archive.files}
    rest = json.loads(arrays.pop("").tobytes())
    return arrays | {k: tuple(v) if isinstance(v, list) else v for k, v in rest.items()}


@dataclass(frozen=True, slots=True)
class _Mark:
    step: int
    params: Any
    saved: Snapshot
    size: int


def _size(marks: Iterable[_Mark]) -> int:
    return sum(m.size for m in marks)


class Timeline(Generic[P, S]):
    """One run of one experiment that can be advanced, changed, stepped back, sought and rewound, bit-exactly."""

    end: int
    """The furthest step reached since the beginning or the last change."""

    def __init__(self, experiment: Experiment[P, S], params: P, seed: int, report: Report = silent) -> None:
        self.experiment = experiment
        self.seq = 0
        self.room = ROOM
        self.begin(params, seed, report)

    @classmethod
    def replay(cls, experiment: Experiment[P, S], log: Log, step: int, report: Report = silent) -> Timeline[P, S]:
        """The run of a log, carried to `step`."""
        line = cls(experiment, experiment.params.parse(log.initial), log.seed, report)
        line.adopt(log)
        line.seek(step, report)
        return line

    def begin(self, params: P, seed: int, report: Report = silent, before: P | None = None) -> None:
        """Start anew from step 0 with these Params, wished for after those `before` (the defaults), and this seed."""
        with algebra():
            state = self.experiment.begin(params, seed, report)
            params = self.experiment.settle(state, before or type(params)(), params)
        self.state, self.params, self.seed, self.initial = state, params, seed, params
        self.changes: list[tuple[int, P]] = []
        self.marks: list[_Mark] = []
        self.recent: dict[int, _Mark] = {}
        self.every = CHECKPOINT_EVERY
        self.origin = self._mark()
        self.end = 0

    def fork(self, *, whole: bool = False) -> Timeline[P, S]:
        """This run as a second one at the same step, sharing what was prepared and kept.

        It has the changes made up to now; `whole`: also those recorded for later, when this run has been stepped back.
        """
        other = copy.copy(self)
        other.state = twin(self.state)
        other.changes, other.marks, other.recent = list(self.changes), list(self.marks), dict(self.recent)
        other.room = self.room // BESIDE
        if not whole:
            other.changes = [c for c in self.changes if c[0] <= self.step]
            other._forget()
        return other

    def adopt(self, log: Log) -> None:
        """Take over the recorded changes of a log whose first Params and seed this run already has."""
        params, changes = self.initial, []
        for step, values in log.changes:
            params = self.experiment.params.parse(values, params)
            changes.append((int(step), params))
        self.changes = changes
        if changes and changes[0][0] == 0 and self.step == 0:
            self.params = changes[0][1]

    @property
    def step(self) -> int:
        """Learning steps since the beginning."""
        return int(self.state.step)  # type: ignore[attr-defined]

    @property
    def kept(self) -> tuple[int, ...]:
        """Steps of the checkpoints to which one can go at once, rising."""
        return tuple(m.step for m in self.marks)

    @property
    def log(self) -> Log:
        """What this run is a function of."""
        changes, last = [], self.initial
        for step, params in self.changes:
            changes.append((step, last.changed(params)))
            last = params
        return Log(self.seed, self.initial.model_dump(mode="json"), tuple(changes))

    def advance(self) -> None:
        """One stride forward, under the Params recorded for this step if there are any."""
        self._remember()
        with algebra():
            self.experiment.step(self.state, self.params)
        self._follow()
        self.end = max(self.end, self.step)
        self.seq += 1

    def change(self, params: P, report: Report = silent) -> None:
        """Turn knobs now: what was recorded from this step on is dropped; a restarting knob begins anew."""
        if self.params.restarts(params):
            self.begin(params, self.seed, report, self.params)
        elif (params := self.experiment.settle(self.state, self.params, params)) != self.params:
            self.changes = [c for c in self.changes if c[0] < self.step]
            self.changes.append((self.step, params))
            self.params = params
            self._forget()
        self.seq += 1

    def rewind(self, report: Report = silent) -> None:
        """Back to step 0 with the same seed and the knobs as they are now."""
        self.begin(self.params, self.seed, report, self.params)
        self.seq += 1

    def back(self) -> None:
        """One stride back, exactly."""
        self.seek(max(0, self.step - self.experiment.stride))

    def seek(self, step: int, report: Report = silent) -> None:
        """Go to an earlier or later step of the recorded run, exactly."""
        stride = self.experiment.stride
        target = step - step % stride
        known = [m for m in (self.origin, *self.marks, *self.recent.values()) if m.step <= target]
        best = max(known, key=lambda m: m.step)
        if target < self.step or best.step > self.step:
            self.load(best.step, best.params, best.saved)
        start = self.step
        while self.step < target:
            self.advance()
            if (self.step - start) // stride % REPORT_EVERY == 0:
                report((self.step - start) / max(1, target - start), f"carrying the run to step {target}")
        self.seq += 1

    def load(self, step: int, params: P, saved: Snapshot) -> None:
        """Put back a state of this run that was saved at `step` under `params`."""
        restore(self.state, saved)
        self.params = params
        self._follow()
        self.end = max(self.end, step)

    def digest(self) -> str:
        """The digest of the present state."""
        return digest(snapshot(self.state))

    def frame(self) -> Frame:
        """What is seen now, and what theory says for it."""
        e, s, p = self.experiment, self.state, self.params
        with algebra():
            return Frame(self.seq, self.step, e.clock(s), p, e.observe(s, p), e.theory(s, p), self.digest())

    def verdicts(self) -> tuple[Verdict, ...]:
        """What this run says about every claim."""
        with algebra():
            return self.experiment.verdict(self.state, self.params)

    def _mark(self) -> _Mark:
        saved = snapshot(self.state)
        return _Mark(self.step, self.params, saved, sum(v.nbytes for v in saved.values() if isinstance(v, np.ndarray)))

    def _remember(self) -> None:
        """Keep the present state: among the last ones, of which two are kept at any size, and perhaps as a checkpoint.

        When there are too many checkpoints every second one goes, and the rest are twice as far apart.
        """
        step, half = self.step, self.room // 2
        mark = self.recent.pop(step, None) or self._mark()
        self.recent[step] = mark
        while len(self.recent) > RECENT or (len(self.recent) > 2 and _size(self.recent.values()) > half):
            del self.recent[next(iter(self.recent))]
        if all(abs(step - m.step) >= self.every for m in (self.origin, *self.marks)):
            self.marks = sorted((*self.marks, mark), key=lambda m: m.step)
            while len(self.marks) > CHECKPOINTS or _size(self.marks) > half:
                self.marks = self.marks[1::2]
                self.every *= 2

    def _forget(self) -> None:
        """What comes after the present step is no longer what was kept of it."""
        self.end = self.step
        self.marks = [m for m in self.marks if m.step <= self.end]
        self.recent = {step: m for step, m in self.recent.items() if step <= self.end}

    def _follow(self) -> None:
        for step, params in self.changes:
            if step == self.step:
                self.params = params
