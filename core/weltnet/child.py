"""The process of a run: it owns a `Timeline`, obeys controls and answers at most one outstanding `ask` with one frame.

When nobody asks, it stops stepping. Runs may be pinned: kept beside the run, each with a log of its own, and carried to
the same step whenever it is shown. They cost what the run costs, and its digest never depends on them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from weltnet import codec, timeline
from weltnet.experiment import Cancelled, Frame
from weltnet.params import BadParams
from weltnet.pipe import LOADING, Message, pack, unpack
from weltnet.timeline import Log, Timeline

__all__ = ["PATIENCE", "PINS", "STEPS_PER_SECOND", "Child", "main"]

STEPS_PER_SECOND = 50
"""Learning steps a second at speed 1×."""

PATIENCE = 3.0
"""Seconds without an ask after which the child sleeps."""

NEWS_EVERY = 0.5
"""Seconds between two reports of verdicts and status."""

PINS = 4
"""Runs that may be kept beside the run."""

FAULTS = (ArithmeticError, ValueError, RuntimeError, MemoryError)
"""What physics and its arithmetic may raise, to be said in a sentence."""

ANEW = ("open", "rewind", "reseed", "quit")
"""Controls after which the present run is of no more use."""


def main(pipe: Connection, slug: str, waiting: bool) -> None:
    """Live until told to quit; a process that waits rehearses an experiment until it is taken."""
    with contextlib.suppress(EOFError, OSError, KeyboardInterrupt):
        if waiting:
            slug = _taken(pipe, slug)
        if slug:
            Child(pipe, slug).live()


def _taken(pipe: Connection, slug: str) -> str:
    """Rehearse until a worker takes this process; returns the slug of its experiment, or nothing at the end."""
    parts: list[str] = []
    rehearsal = threading.Thread(target=_rehearse, args=(slug, parts), daemon=True, name="rehearsal")
    rehearsal.start()
    message, _ = unpack(pipe.recv_bytes())
    parts.append(message.get("slug", ""))
    if parts[0]:
        pipe.send_bytes(LOADING)
        rehearsal.join()
    return parts[0]


def _rehearse(slug: str, parts: list[str]) -> None:
    """Begin an experiment at its defaults and make one frame: that loads kernels and fills what systems cache.

    Results do not depend on it: nothing is kept but caches that are keyed by all they are functions of. One experiment
    only, since each keeps tens of megabytes. Ends early when `parts` names another.
    """
    from weltnet.experiments import ALL, by_slug

    def report(fraction: float, text: str) -> None:
        if parts and parts[0] != experiment.slug:
            raise Cancelled

    # Whatever goes wrong will go wrong again in a run, which has somebody to tell.
    with contextlib.suppress(Exception):
        experiment = by_slug(slug) if slug else ALL[0]
        line = Timeline(experiment, experiment.params(), 0, report)
        line.advance()
        report(1.0, "")
        frame = line.frame()
        codec.encode(frame), codec.encode(frame, "exact"), codec.layout(frame)
        report(1.0, "")
        line.verdicts()


class Child:
    """One run, its controls and the runs that are kept beside it; every `do_` is a control."""

    def __init__(self, pipe: Connection, slug: str) -> None:
        from weltnet.experiments import by_slug

        self.pipe = pipe
        self.experiment = by_slug(slug)
        self.inbox: deque[tuple[Message, bytes]] = deque()
        self.line: Timeline[Any, Any] | None = None
        self.pins: dict[int, Timeline[Any, Any]] = {}
        self.playing, self.speed = False, 1.0
        self.until: int | None = None
        self.opening = 0
        self.wish: tuple[Any, int] | None = None
        self.cancelling: tuple[str, ...] = ()
        self.wanted, self.sent = False, -1
        self.layout = ""
        self.good_step = 0
        self.checkpoint_step = -timeline.CHECKPOINT_EVERY
        self.asked = self.due = self.told = 0.0
        self.preparing = 0.0

    def live(self) -> None:
        """Obey and work until the end."""
        while True:
            self.receive(self.patience())
            while self.inbox:
                message, blob = self.inbox.popleft()
                if message["do"] == "quit":
                    return
                self.guard(getattr(self, "do_" + message.pop("do")), blob=blob, **message)
            if self.wish is not None:
                self.guard(self.anew)
            elif self.line is not None:
                self.guard(self.work)

    def guard(self, action: Callable[..., None], **values: Any) -> None:
        """Turn every fault into a sentence for the page; the child stays alive, with its last good state."""
        try:
            action(**values)
        except Cancelled:
            pass
        except BadParams as refused:
            self.wish = None
            self.tell("refused", sentence=str(refused))
        except FAULTS as fault:
            self.playing, self.wish = False, None
            self.sent = self.line.seq if self.line else -1
            good = f" The last good state is at step {self.good_step}." if self.line else ""
            self.tell("fault", sentence=f"{str(fault).rstrip('.') or type(fault).__name__}.", good=good)

    # -- messages ----------------------------------------------------------------------------------------------------

    def receive(self, timeout: float | None) -> None:
        while self.pipe.poll(timeout):
            self.inbox.append(unpack(self.pipe.recv_bytes()))
            timeout = 0

    def tell(self, kind: str, blob: bytes = b"", **values: Any) -> None:
        self.pipe.send_bytes(pack({"type": kind, **values}, blob))

    def patience(self) -> float | None:
        """How long the child may wait for the next control."""
        if self.inbox or self.wish:
            return 0.0
        now = time.monotonic()
        if self.line is None or not self.playing or now - self.asked > PATIENCE:
            return 0.0 if self.unsent() else None
        return max(0.0, self.due - now)

    def report(self, fraction: float, text: str) -> None:
        """Progress of long preparation; a control that makes it pointless cancels it."""
        now = time.monotonic()
        if now - self.told < 0.05:
            return
        self.told = now
        elapsed = now - self.preparing
        left = elapsed * (1 - fraction) / fraction if fraction > 0.002 and elapsed > 0.5 else -1.0
        self.tell("progress", fraction=float(fraction), text=text, seconds=left, stop="stop" in self.cancelling)
        self.receive(0)
        if any(m["do"] in self.cancelling for m, _ in self.inbox):
            raise Cancelled

    # -- controls ----------------------------------------------------------------------------------------------------

    def do_open(
        self,
        blob: bytes,
        log: Message,
        at: int,
        playing: bool,
        speed: float,
        saved_at: int | None,
        seq: int,
        end: int = 0,
        pins: Mapping[str, Message] | None = None,
        until: int | None = None,
        opening: int = 0,
    ) -> None:
        """Begin the run of a log and carry it to `at`: from a checkpoint when there is one, else from its seed.

        end: the furthest step the run has reached; pins: slot → log of the runs kept beside it; until: the step at
        which it pauses by itself; opening: a number that all news of this run carries.
        """
        self.until, self.opening = until, opening
        # Frames of the run before may still be on their way: viewers take none that is older.
        seq = max(seq, self.line.seq + 1 if self.line else 0)
        self.preparing, self.cancelling = time.monotonic(), ("open", "quit")
        given = Log.of(log)
        self.line, self.pins = None, {}
        self.playing, self.speed = playing, speed
        initial = self.experiment.params.parse(given.initial)
        self.pipe.send_bytes(LOADING)
        line = Timeline(self.experiment, initial, given.seed, self.report)
        line.adopt(given)
        if saved_at is not None:
            line.seek(0)
            saved = timeline.unpack(blob)
            past = [values for step, values in given.changes if step <= saved_at]
            params = initial
            for values in past:
                params = self.experiment.params.parse(values, params)
            line.load(saved_at, params, saved)
        self.cancelling = ("open", "quit", "stop")
        try:
            line.seek(at, self.report)
        except Cancelled:
            if any(m["do"] in ("open", "quit") for m, _ in self.inbox):
                raise
        line.seq += seq
        line.end = max(line.end, end)
        self.line = line
        for slot, kept in (pins or {}).items():
            self.add(int(slot), Log.of(kept))
        self.started()

    def do_ask(self, blob: bytes) -> None:
        self.wanted, self.asked = True, time.monotonic()

    def do_members(self, blob: bytes, key: str) -> None:
        """All members of a cloud, one coordinate after the other, as fine as a picture can show."""
        if self.line is not None:
            found = self.experiment.members(self.line.state).get(key)
            points = b"" if found is None else np.ascontiguousarray(found.T, "<f4").tobytes()
            self.tell("members", points, key=key, seq=self.line.seq, step=self.line.step)

    def do_take(self, blob: bytes) -> None:
        """The present frame, exactly, and what it is a function of; a frame that cannot be sent is a sentence."""
        line = self.line
        if line is None:
            self.tell("taken", sentence="the simulation could not begin, so there is nothing to take away")
            return
        try:
            frame = codec.encode(line.frame(), "exact")
        except FAULTS as fault:
            self.tell("taken", sentence=str(fault) or type(fault).__name__)
        else:
            self.tell("taken", frame, log=line.log.plain(), verdicts=_judged(line))

    def do_play(self, blob: bytes, until: int | None = None) -> None:
        """Let time pass, and pause when it passes through step `until`."""
        self.playing, self.due = True, time.monotonic()
        self.until = self.until if until is None else until
        self.turned()

    def do_pause(self, blob: bytes) -> None:
        self.playing = False
        self.turned()

    def turned(self) -> None:
        """Playing or not is news for the picture too."""
        if self.line:
            self.line.seq += 1
        self.status()

    def do_speed(self, blob: bytes, speed: float) -> None:
        self.speed = speed
        self.status()

    def do_forward(self, blob: bytes) -> None:
        self.playing = False
        if self.line:
            self.line.advance()
            self.status()

    def do_back(self, blob: bytes) -> None:
        self.playing = False
        if self.line:
            self.line.back()
            self.status()

    def do_seek(self, blob: bytes, step: int) -> None:
        """Go to a step and pause there; only the newest of several wishes is followed."""
        self.playing = False
        if self.line and not any(m["do"] == "seek" for m, _ in self.inbox):
            self.preparing, self.cancelling = time.monotonic(), ("seek", "stop", *ANEW)
            self.line.seek(step, self.report)
            self.status()

    def do_stop(self, blob: bytes) -> None:
        """Give up what is being prepared: the last run stays, paused where it is."""
        self.playing, self.wish = False, None
        if self.line:
            self.tell("notice", sentence=f"Stopped; the run is paused at step {self.line.step}.")
            self.turned()

    def do_last_good(self, blob: bytes) -> None:
        self.do_seek(blob, self.good_step)

    def do_rewind(self, blob: bytes) -> None:
        if self.line:
            self.wish = self.wish or (self.line.params, self.line.seed)

    def do_reseed(self, blob: bytes, seed: int) -> None:
        if self.line:
            self.wish = (self.wish[0] if self.wish else self.line.params, seed)

    def do_pin(self, blob: bytes) -> None:
        """Keep the run as it is now beside itself."""
        if self.line:
            self.pins[self.free()] = self.line.fork()
            self.turned()

    def do_branch(self, blob: bytes) -> None:
        """Keep the run beside itself with all that is recorded of it, so that the next knob turned leaves that."""
        if self.line:
            slot = self.free()
            self.pins[slot] = self.line.fork(whole=True)
            past = f", as recorded up to step {self.line.end}," if self.line.end > self.line.step else ""
            sentence = (
                f"Branched at step {self.line.step}: this run{past} is kept beside itself as run {slot}, and the next "
                "knob you turn makes the two differ."
            )
            self.tell("notice", sentence=sentence)
            self.turned()

    def do_unpin(self, blob: bytes, slot: int) -> None:
        if self.pins.pop(slot, None):
            self.turned()

    def do_set(self, blob: bytes, values: Message) -> None:
        if self.line is None:
            return
        while self.inbox and self.inbox[0][0]["do"] == "set":
            values |= self.inbox.popleft()[0]["values"]
        now, seed = self.wish or (self.line.params, self.line.seed)
        params = self.experiment.params.parse(values, now)
        if self.wish or now.restarts(params):
            self.wish = (params, seed)
        else:
            self.line.change(params)
            self.status()

    def anew(self) -> None:
        """Begin the run that is wished for; cancelled half-way, the wish stays and the old run too."""
        if self.line is None or self.wish is None:
            return
        self.preparing, self.cancelling = time.monotonic(), ("set", "open", "reseed", "quit", "stop")
        params, seed = self.wish
        self.line.begin(params, seed, self.report, self.line.params)
        self.line.seq += 1
        self.wish = self.until = None
        self.started()

    # -- runs kept beside it -----------------------------------------------------------------------------------------

    def free(self) -> int:
        """The lowest slot that is free; refused when none is."""
        for slot in range(1, PINS + 1):
            if slot not in self.pins:
                return slot
        raise BadParams(f"{PINS} runs are pinned, the most that can be compared at once; unpin one of them first")

    def add(self, slot: int, log: Log) -> None:
        """Keep the run of a log; one that cannot even begin is given up with a sentence."""
        try:
            initial = self.experiment.params.parse(log.initial)
            line = Timeline(self.experiment, initial, log.seed, self.report)
        except (*FAULTS, BadParams) as fault:
            self.give_up(slot, fault)
            return
        line.room //= timeline.BESIDE
        line.adopt(log)
        self.pins[slot] = line

    def carry(self, step: int) -> None:
        """Bring every pinned run to the step of the run; one that faults on the way is given up with a sentence."""
        self.preparing, self.cancelling = time.monotonic(), ("seek", "back", "forward", "set", "unpin", *ANEW)
        for slot, line in list(self.pins.items()):
            try:
                if line.step != step:
                    line.seek(step, self.report)
            except FAULTS as fault:
                self.give_up(slot, fault)

    def beside(self, step: int) -> list[Message]:
        """What the page shows of the pinned runs at a step."""
        self.carry(step)
        said = []
        for slot, line in sorted(self.pins.items()):
            try:
                judged = _judged(line)
            except FAULTS as fault:
                self.give_up(slot, fault)
                continue
            said.append(
                {
                    "slot": slot,
                    "seed": line.seed,
                    "params": line.params.model_dump(mode="json"),
                    "changes": len(line.changes),
                    "digest": line.digest(),
                    "verdicts": judged,
                    "log": line.log.plain(),
                }
            )
        return said

    def give_up(self, slot: int, fault: Exception) -> None:
        self.pins.pop(slot, None)
        self.tell("notice", sentence=f"Run {slot} was unpinned, because it cannot go on: {fault}")

    # -- work --------------------------------------------------------------------------------------------------------

    def started(self) -> None:
        now = time.monotonic()
        self.due, self.asked, self.good_step = now, now, self.line.step if self.line else 0
        self.checkpoint_step = -timeline.CHECKPOINT_EVERY
        self.tell("progress", fraction=1.0, text="", seconds=0.0)
        self.status()

    def unsent(self) -> bool:
        return self.wanted and self.line is not None and self.sent != self.line.seq

    def work(self) -> None:
        line = self.line
        if line is None:
            return
        now = time.monotonic()
        if self.playing and now >= self.due and now - self.asked <= PATIENCE:
            line.advance()
            period = self.experiment.stride / (STEPS_PER_SECOND * self.speed)
            self.due = max(self.due + period, now - 0.25)
            if line.step == self.until:
                self.playing, self.until = False, None
                self.turned()
        if self.unsent():
            self.picture(line)
        if now - self.told > NEWS_EVERY and self.playing:
            self.status()
        if not self.checkpoint_step <= line.step < self.checkpoint_step + timeline.CHECKPOINT_EVERY:
            self.checkpoint_step = line.step
            saved = timeline.pack(timeline.snapshot(line.state))
            self.tell("checkpoint", saved, step=line.step, opening=self.opening)

    def picture(self, line: Timeline[Any, Any]) -> None:
        frame = line.frame()
        message = self.encoded(frame, line)
        self.good_step = line.step
        layout = codec.layout(frame)
        if layout != self.layout:
            self.layout = layout
            self.tell("layout", codec.encode(frame, "exact"), layout=layout)
        self.tell("frame", message, seq=line.seq)
        self.wanted, self.sent = False, line.seq

    def encoded(self, frame: Frame, line: Timeline[Any, Any]) -> bytes:
        """A frame with those of the pinned runs at the same step."""
        self.carry(line.step)
        others: dict[int, Frame] = {}
        for slot, pin in sorted(self.pins.items()):
            try:
                others[slot] = pin.frame()
            except FAULTS as fault:
                self.give_up(slot, fault)
        while True:
            try:
                return codec.encode(frame, others=others, playing=self.playing, seed=line.seed)
            except codec.NotFinite as fault:
                if not fault.side.startswith("pin"):
                    raise
                slot = int(fault.side.removeprefix("pin"))
                del others[slot]
                self.give_up(slot, fault)

    def status(self) -> None:
        """Everything the page's slow parts show."""
        line = self.line
        if line is None:
            return
        self.told = time.monotonic()
        pins = self.beside(line.step)
        self.tell(
            "status",
            opening=self.opening,
            step=line.step,
            end=line.end,
            kept=line.kept,
            digest=line.digest(),
            playing=self.playing,
            speed=self.speed,
            seed=line.seed,
            params=line.params.model_dump(mode="json"),
            log=line.log.plain(),
            verdicts=_judged(line),
            pins=pins,
        )


def _judged(line: Timeline[Any, Any]) -> list[Message]:
    """The verdicts of a run as plain values. Raises ArithmeticError when a number of theirs is not finite."""
    judged = [dataclasses.asdict(v) for v in line.verdicts()]
    for v in judged:
        numbers = (v["measured"], v["error"], v["predicted"], *v["band"], v["null"] or 0.0)
        if not all(map(math.isfinite, numbers)):
            raise ArithmeticError(
                f"{v['symbol']} stopped being finite, so the run was stopped before it reached the claim {v['claim']}"
            )
    return judged
