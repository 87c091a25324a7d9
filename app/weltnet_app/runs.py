"""The runs of this server: each in its own worker process, admitted, relayed to its viewers and cleaned up.

The web process keeps the newest encoded frame of a run and hands the same bytes to every viewer that asks. Everything
here lives on the web loop; a worker's reader thread only ever posts to it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from weltnet import __version__, codec
from weltnet.experiment import Experiment, Frame, Verdict
from weltnet.params import BadParams, Params
from weltnet.timeline import Log
from weltnet.worker import Spare, Worker
from weltnet_app import address
from weltnet_app.address import Address

__all__ = ["Full", "Pin", "Place", "Run", "Runs", "Taken", "Untaken", "Viewer"]

HANDED_OVER = 60.0
"""Seconds for which the run of a page that was left can be gone on with elsewhere."""

YOUNG = 10.0
"""Seconds a run may wait for its first viewer."""

IDLE = 60.0
"""Seconds without a viewer after which a worker process is ended; the run itself can be resumed."""

REFILL = 4.0
"""Seconds after a run has begun before the next process is made ready: its page is painted first."""

SPEEDS = (0.25, 8.0)

TAKEN_WITHIN = 20.0
"""Seconds after which nobody waits any longer for what was to be taken away."""

MEMBERS_EVERY, MEMBERS_WITHIN, MEMBERS_KEPT = 0.25, 10.0, 5.0
"""Seconds between two askings for all members of a cloud, within which a worker must answer, and until they go."""


class Full(RuntimeError):
    """No more simulations may run now; the message is one sentence for the page."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A run kept beside another in the same process, at the same step; `slot` is its number while it is kept."""

    slot: int
    log: Log
    params: Params
    digest: str = ""
    verdicts: tuple[Verdict, ...] = ()


class Untaken(RuntimeError):
    """Nothing could be taken away from a run; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame, bit by bit, with what it is a function of and what it said about the claims."""

    frame: Frame
    log: Log
    verdicts: tuple[Verdict, ...]


class Viewer(Protocol):
    """One browser's end of the feed."""

    have: int

    def deliver(self, message: bytes) -> None:
        """Send one frame."""


@dataclass(frozen=True, slots=True)
class Members:
    """All members of a cloud in one state of a run. points: (2, count) float32; at: monotonic seconds of arrival."""

    seq: int
    step: int
    points: NDArray[np.float32]
    at: float


@dataclass(frozen=True, slots=True)
class Place:
    """A run of an experiment at a step, playing or not, up to the step where it pauses by itself."""

    log: Log
    at: int
    playing: bool = True
    until: int | None = None
    checkpoint: tuple[int, bytes] | None = None
    """A step of this run no later than `at`, and the packed state there."""


class Run:
    """One simulation in its worker process, as the web process sees it."""

    def __init__(
        self,
        experiment: Experiment[Any, Any],
        wanted: Address,
        loop: asyncio.AbstractEventLoop,
        spare: Spare | None = None,
    ) -> None:
        self.id = secrets.token_urlsafe(12)
        self.experiment = experiment
        self.version = 0
        self.log = wanted.log
        self.params = self._last(wanted.log)
        self.seed = wanted.log.seed
        self.step = self.end = wanted.at
        self.kept: tuple[int, ...] = ()
        self.pins = tuple(Pin(i, log, self._last(log)) for i, log in enumerate(wanted.pins, 1))
        self.digest = ""
        self.playing = not wanted.paused
        self.speed = 1.0
        self.layout: Frame | None = None
        self.layout_id = ""
        self.verdicts: tuple[Verdict, ...] = ()
        self.progress: tuple[float, str] | None = (0.0, "starting the simulation")
        self.stoppable = False
        self.error = ""
        self.notice = ""
        self.passing = False
        """Whether it makes room for others when the machine is full."""
        self.born = time.monotonic()
        self.seen = self.born
        self.viewers: set[Viewer] = set()
        self._waiting: set[Viewer] = set()
        self._newest: tuple[int, bytes] | None = None
        self._asked = False
        self._promised, self._promised_by = wanted.digest, wanted.version
        self._members: dict[str, Members] = {}
        self._fetching: dict[str, asyncio.Future[Members]] = {}
        self._expected: dict[str, asyncio.Future[Members]] = {}
        self._taking: asyncio.Future[Taken] | None = None
        self._checkpoint: tuple[int, bytes] | None = None
        self._opening = 0
        self._deaths: list[float] = []
        self._watchers: list[Callable[[], None]] = []
        self._loop = loop
        self._spare = spare
        self._worker: Worker | None = None

    def _last(self, log: Log) -> Params:
        """The knobs as a log leaves them."""
        params: Params = self.experiment.params.parse(log.initial)
        for _, values in log.changes:
            params = self.experiment.params.parse(values, params)
        return params

    # -- what a page may do ------------------------------------------------------------------------------------------

    def play(self, until: int | None = None) -> None:
        """Let time pass, and pause when it passes through step `until`."""
        self._tell("play", until=until)

    def pause(self) -> None:
        """Stop at once."""
        self._tell("pause")

    def halt(self) -> None:
        """Give up what is being prepared: the last run stays, paused where it is."""
        self._promised = ""
        self._tell("stop")

    def step_forward(self) -> None:
        """Pause and go one stride forward."""
        self._tell("forward")

    def step_back(self) -> None:
        """Pause and go one stride back, exactly."""
        self._tell("back")

    def seek(self, step: int) -> None:
        """Pause and go to a step, exactly: at once where a state was kept, else by computing the way there again."""
        self._tell("seek", step=min(max(0, step), address.MOST_STEPS))

    def pin(self) -> None:
        """Keep the run as it is now beside itself."""
        self._tell("pin")

    def branch(self) -> None:
        """Keep the run beside itself with all that is recorded of it, and go on from here."""
        self._tell("branch")

    def unpin(self, slot: int) -> None:
        """Keep the run in this slot no longer."""
        self._tell("unpin", slot=slot)

    def rewind(self) -> None:
        """Begin again with the same seed and the knobs as they are."""
        self._tell("rewind")

    def reseed(self, seed: int | None = None) -> None:
        """Begin again with another seed (a fresh one if none is given)."""
        if seed is not None and not 0 <= seed <= address.LARGEST_SEED:
            raise BadParams(f"seed = {seed} is refused; allowed: a whole number from 0 to {address.LARGEST_SEED}")
        self._tell("reseed", seed=fresh_seed() if seed is None else seed)

    def set(self, /, **changes: Any) -> None:
        """Turn knobs. Raises `BadParams` with one sentence, before anything has changed."""
        after = self.experiment.params.parse(changes, self.params)
        values = self.params.changed(after)
        if values:
            self.params = after
            self._tell("set", values=after.model_dump(mode="json", include=set(values)))

    def set_speed(self, x: float) -> None:
        """Frames pass x times faster than 50 learning steps a second; the states they pass through stay the same."""
        self.speed = min(max(float(x), SPEEDS[0]), SPEEDS[1])
        self._tell("speed", speed=self.speed)

    def resume_last_good(self) -> None:
        """After a fault: back to the last state that could be shown."""
        self.error = ""
        self._tell("last_good")

    def place(self) -> Place:
        """Where this run is, to `go` back to."""
        return Place(self.log, self.step, self.playing, checkpoint=self._checkpoint)

    def go(self, place: Place) -> None:
        """Leave this run for another one of the same experiment."""
        self.params, self.log, self.step, self.playing = self._last(place.log), place.log, place.at, place.playing
        self.seed, self.end, self._checkpoint, self.error = place.log.seed, place.at, place.checkpoint, ""
        self.progress, self.digest, self.verdicts = (0.0, f"going to step {place.at}"), "", ()
        self._opening += 1
        if self._worker is None:
            self.start(place.until)
        else:
            self._open(self._worker, place.until)

    def link(self) -> str:
        """The query string that reproduces this exact state."""
        logs = [pin.log for pin in self.pins]
        paused = not self.playing
        return address.write(self.log, self.experiment, self.step, self.digest, paused=paused, run=self.id, pins=logs)

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back on the web loop whenever `version` has moved; returns the way to stop it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    # -- viewers -----------------------------------------------------------------------------------------------------

    def ask(self, viewer: Viewer) -> None:
        """A viewer wants a frame newer than the one it has."""
        self.viewers.add(viewer)
        self.seen = time.monotonic()
        self.start()
        self._waiting.add(viewer)
        self._serve()

    def leave(self, viewer: Viewer) -> None:
        """A viewer is gone."""
        self.viewers.discard(viewer)
        self._waiting.discard(viewer)
        self.seen = time.monotonic()

    def _serve(self) -> None:
        if self._newest is not None:
            seq, message = self._newest
            for viewer in [v for v in self._waiting if v.have < seq]:
                self._waiting.discard(viewer)
                viewer.have = seq
                viewer.deliver(message)
        if self._waiting and not self._asked and self._worker is not None:
            self._asked = True
            self._worker.send("ask")

    async def members(self, key: str, newer: int = -1) -> Members:
        """All members of a cloud: those at hand if they are of a state newer than `newer`, else the worker's present.

        However many ask, at most one asking is under way, and four are made a second. No members at all are what the
        experiment does not hand over. Raises `TimeoutError` when the worker is not to be heard.
        """
        kept = self._members.get(key)
        if kept is not None and kept.seq > newer:
            return kept
        if key not in self._fetching:
            self._fetching[key] = task = asyncio.ensure_future(self._fetch(key))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(self._fetching[key])

    async def _fetch(self, key: str) -> Members:
        try:
            if (kept := self._members.get(key)) is not None:
                await asyncio.sleep(kept.at + MEMBERS_EVERY - time.monotonic())
            self._expected[key] = self._loop.create_future()
            self._tell("members", key=key)
            return await asyncio.wait_for(self._expected[key], MEMBERS_WITHIN)
        finally:
            del self._fetching[key]

    def _take_members(self, message: dict[str, Any], blob: bytes) -> None:
        key, expected = message["key"], self._expected.pop(message["key"], None)
        points = np.frombuffer(blob, "<f4").reshape(2, -1)
        found = self._members[key] = Members(message["seq"], message["step"], points, time.monotonic())
        self._loop.call_later(MEMBERS_KEPT, self._let_go, key, found.seq)
        if expected is not None and not expected.done():
            expected.set_result(found)

    async def take(self) -> Taken:
        """The present frame, exactly, and the log that leads to it. Raises `Untaken` with one sentence."""
        if self.error:
            raise Untaken(self.error)
        if self._taking is None or self._taking.done():
            self._taking = self._loop.create_future()
            # Nobody may be waiting any more when it fails.
            self._taking.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._tell("take")
        self.seen = time.monotonic()
        try:
            return await asyncio.wait_for(asyncio.shield(self._taking), TAKEN_WITHIN)
        except TimeoutError:
            self._taking = None
            raise Untaken(
                f"The simulation did not answer within {TAKEN_WITHIN:.0f} s; try again when its pictures move."
            ) from None

    def _take(self, message: dict[str, Any], blob: bytes) -> None:
        taking, self._taking = self._taking, None
        if taking is None or taking.done():
            return
        if sentence := message.get("sentence"):
            taking.set_exception(Untaken(f"There is nothing to take away: {sentence}"))
        else:
            frame = codec.decode(blob, self.experiment.params)
            taking.set_result(Taken(frame, Log.of(message["log"]), _judged(message)))

    def _let_go(self, key: str, seq: int) -> None:
        if (kept := self._members.get(key)) is not None and kept.seq == seq:
            del self._members[key]

    # -- the worker --------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether it takes part in the count of running simulations."""
        young = time.monotonic() - self.born < YOUNG and self.seen == self.born
        return self._worker is not None and (bool(self.viewers) or young)

    def start(self, until: int | None = None) -> None:
        """Start the worker if there is none: from the last checkpoint, or from the seed."""
        if self._worker is not None or self.error:
            return
        ready = self._spare.take(self.experiment.slug) if self._spare else None
        worker = Worker(self.experiment.slug, self._post, ready)
        self._worker, self._asked = worker, False
        self._open(worker, until)

    def _open(self, worker: Worker, until: int | None) -> None:
        saved_at, blob = self._checkpoint or (None, b"")
        worker.send(
            "open",
            blob,
            log=self.log.plain(),
            end=self.end,
            pins={str(pin.slot): pin.log.plain() for pin in self.pins},
            at=max(self.step, saved_at or 0),
            playing=self.playing,
            speed=self.speed,
            saved_at=saved_at,
            seq=self._newest[0] + 1 if self._newest else 0,
            until=until,
            opening=self._opening,
        )

    def stop(self) -> None:
        """End the worker process; the run can be started again where it was."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def give_way(self) -> None:
        """End the worker process for somebody else, and say so."""
        self.stop()
        self.error = "This simulation has made room for another page's."
        self.playing = False
        for callback in list(self._watchers):
            callback()

    def _tell(self, name: str, **values: Any) -> None:
        self.start()
        if self._worker is not None:
            self._worker.send(name, **values)

    def _post(self, worker: Worker, message: dict[str, Any], blob: bytes) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hear, worker, message, blob)

    def _hear(self, worker: Worker, message: dict[str, Any], blob: bytes) -> None:
        if worker is not self._worker:
            return
        kind = message["type"]
        if message.get("opening", self._opening) != self._opening:
            return
        if kind == "frame":
            self._asked = False
            self._newest = (message["seq"], blob)
            self._serve()
            return
        if kind == "members":
            self._take_members(message, blob)
            return
        if kind == "taken":
            self._take(message, blob)
            return
        if kind == "checkpoint":
            self._checkpoint = (message["step"], blob)
            return
        getattr(self, "_hear_" + kind)(message, blob)
        self.version += 1
        for callback in list(self._watchers):
            callback()

    def _hear_progress(self, message: dict[str, Any], blob: bytes) -> None:
        text, left = message["text"], message["seconds"]
        long = f"{left / 60:.0f} min" if left >= 100 else f"{left:.0f} s"
        about = f" (about {long} more)" if left >= 0.5 else ""
        self.progress = (message["fraction"], text + about) if text else None
        self.stoppable = bool(text) and message.get("stop", False)

    def _hear_layout(self, message: dict[str, Any], blob: bytes) -> None:
        self.layout, self.layout_id = codec.decode(blob, self.experiment.params), message["layout"]

    def _hear_status(self, message: dict[str, Any], blob: bytes) -> None:
        log = Log.of(message["log"])
        if self._checkpoint is not None:
            saved_at = self._checkpoint[0]
            if message["step"] < saved_at or log.before(saved_at) != self.log.before(saved_at):
                self._checkpoint = None
        self.progress = None
        self.step, self.digest, self.seed = message["step"], message["digest"], message["seed"]
        self.end, self.kept = message["end"], tuple(message["kept"])
        self.playing, self.speed = message["playing"], message["speed"]
        self.params = self.experiment.params.parse(message["params"])
        self.log = log
        self.verdicts = _judged(message)
        self.pins = tuple(
            Pin(
                p["slot"],
                Log.of(p["log"]),
                self.experiment.params.parse(p["params"]),
                p["digest"],
                _judged(p),
            )
            for p in message["pins"]
        )
        if self._promised:
            self.notice = self._kept_promise()
            self._promised = ""

    def _kept_promise(self) -> str:
        """Whether the state of a link was found, and if not, which version promised it."""
        if self._promised == self.digest:
            return f"This link reproduced its state exactly (digest {self.digest})."
        by, here = self._promised_by, f"weltnet {__version__}"
        if by and by != __version__:
            return (
                f"This link was made by weltnet {by}, which found digest {self._promised}; {here} on this machine "
                f"found {self.digest}: another version computes another run."
            )
        return f"This link promises digest {self._promised} but this machine and version found {self.digest}."

    def _hear_refused(self, message: dict[str, Any], blob: bytes) -> None:
        self.notice = message["sentence"]
        self.progress = None

    def _hear_notice(self, message: dict[str, Any], blob: bytes) -> None:
        self.notice = message["sentence"]

    def _hear_fault(self, message: dict[str, Any], blob: bytes) -> None:
        self.error = message["sentence"] + message["good"]
        self.playing, self.progress, self._asked = False, None, False

    def _hear_died(self, message: dict[str, Any], blob: bytes) -> None:
        now = time.monotonic()
        self._worker, self._asked = None, False
        self._take({"sentence": "the simulation process died"}, b"")
        self._deaths = [t for t in self._deaths if now - t < 60] + [now]
        if len(self._deaths) > 3:
            self.error = "The simulation process died four times within a minute, so it was not started again."
            self.playing = False
            return
        if self._checkpoint is not None:
            self.step = self._checkpoint[0]
        else:
            self.step = 0
        self.notice = f"The simulation process died and was resumed from its checkpoint at step {self.step}."
        self.start()
        self._serve()


def _judged(message: dict[str, Any]) -> tuple[Verdict, ...]:
    return tuple(Verdict(**{**v, "band": tuple(v["band"])}) for v in message["verdicts"])


def fresh_seed() -> int:
    """A seed short enough to read aloud."""
    return secrets.randbelow(90_000) + 10_000


class Runs:
    """All runs of this server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, most: int | None = None, spare: Spare | None = None) -> None:
        self.loop = loop
        self.spare = spare
        self.most = max(1, os.cpu_count() or 1) if most is None else most
        self._runs: dict[str, Run] = {}

    def get(self, run_id: str) -> Run | None:
        """The run of this id."""
        return self._runs.get(run_id)

    def open(
        self,
        experiment: Experiment[Any, Any],
        wanted: Address,
        *,
        passing: bool = False,
        state: tuple[int, bytes] | None = None,
    ) -> Run:
        """A new run for a page. Raises `Full` when as many are running as this machine has cores.

        passing: it gives way to the next one that is not. state: step and packed state of `wanted` to go on from.
        """
        saved, known = None, self._runs.get(wanted.run)
        if known is not None and known.experiment is experiment:
            beside = tuple(pin.log for pin in known.pins)
            wanted = replace(wanted, log=known.log.before(wanted.at + 1), pins=beside)
            saved = known._checkpoint
        self.clean()
        running = sum(r.busy for r in self._runs.values())
        if running >= self.most and not passing and (guest := self._guest()) is not None:
            guest.give_way()
            running -= 1
        if running >= self.most:
            raise Full(
                f"{running} simulations are running, the most that the {self.most} cores of this machine allow; "
                "close one of their pages and reload this one."
            )
        run = Run(experiment, wanted, self.loop, self.spare)
        run.passing, saved = passing, state or saved
        if saved is not None and saved[0] <= wanted.at:
            run._checkpoint = saved
        self._runs[run.id] = run
        run.start()
        return run

    def _guest(self) -> Run | None:
        """The oldest running simulation that makes room for others."""
        return next((r for r in self._runs.values() if r.passing and r.busy), None)

    def leave(self, run: Run) -> None:
        """A page is gone, but its run may be gone on with for a while by who has its id."""
        run.stop()
        self.loop.call_later(HANDED_OVER, self.close, run)

    @property
    def room(self) -> bool:
        """Whether a core is free and no page is just being opened."""
        now, runs = time.monotonic(), self._runs.values()
        return sum(r.busy for r in runs) < self.most and all(now - r.born > REFILL for r in runs)

    def close(self, run: Run) -> None:
        """A page is gone for good."""
        run.stop()
        self._runs.pop(run.id, None)

    def clean(self) -> None:
        """End the workers of runs that nobody has looked at for a while."""
        now = time.monotonic()
        for run in list(self._runs.values()):
            if not run.viewers and now - run.seen > IDLE:
                run.stop()

    def refill(self) -> None:
        """Make the next process ready, unless a page is just being opened."""
        now = time.monotonic()
        if self.spare and all(now - run.born > REFILL for run in self._runs.values()):
            # Elsewhere, because the fork server may still be importing.
            self.loop.run_in_executor(None, self.spare.fill)

    def stop(self) -> None:
        """End every worker."""
        for run in list(self._runs.values()):
            self.close(run)
        if self.spare:
            self.spare.close()
