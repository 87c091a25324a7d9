"""Stills: one encoded frame of every experiment, made in idle moments, for pages that show an experiment at rest.

A still is what the feed would send at a telling step of the setting an experiment shows itself in (`weltnet.codec`,
display profile), with what stands still in it, and the state it is a picture of, from which a run can go on. It is kept
in the user's data folder, by the digest of the sources that made it: other sources make their own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
import struct
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tornado.web

from weltnet import codec, provenance, threads, timeline, worker
from weltnet.experiment import Experiment, Frame, Preset
from weltnet.observables import Observable, Paths
from weltnet.timeline import Log, Timeline

if TYPE_CHECKING:
    from weltnet_app.runs import Runs

__all__ = ["SEED", "Handler", "Still", "Stills", "cover", "load", "log", "path", "standing", "write"]

SEED = 1
"""Every still is of this seed."""

STEPS = 1200
SECONDS = 10.0
"""A still is taken where verdicts mean what they say, but no later than after so many steps or seconds."""

NICE = 19
"""By how much the process that makes stills is nicer than pages; 19 is the most."""

AFTER = 8.0
"""Seconds from the start of the lab to the first still."""

ATTEMPTS = 2
"""Processes that may fail to make a still before it is given up."""


@dataclass(frozen=True, slots=True)
class Still:
    """A frame's bytes, its step, and the packed state it is a picture of (see `weltnet.timeline.pack`)."""

    message: bytes
    step: int
    state: bytes


def cover(experiment: Experiment[Any, Any]) -> Preset:
    """The setting in which an experiment shows itself to who does not know it."""
    return experiment.cover or next(iter(experiment.presets), Preset("", experiment.question, {}))


def log(experiment: Experiment[Any, Any], seed: int = SEED) -> Log:
    """The run of which a still is a picture."""
    return Log(seed, experiment.params.parse(cover(experiment).values).model_dump(mode="json"))


def standing(frame: Frame, **extra: Any) -> bytes:
    """What stands still in a frame, as a message of its own: the feed leaves it to figures."""
    seen = {k: _moving(o) for k, o in frame.seen.items() if isinstance(o, Paths) and o.static}
    return codec.encode(dataclasses.replace(frame, seen=seen, theory={}), **extra)


def _moving(sight: Observable) -> Observable:
    return dataclasses.replace(sight, static=False) if isinstance(sight, Paths) else sight


# -- the files --------------------------------------------------------------------------------------------------------

_CHECK = 16


def path(slug: str) -> Path:
    """The file of an experiment's still."""
    return provenance.folder() / "stills" / provenance.sources() / f"{slug}.still"


def write(place: Path, still: Still) -> None:
    """Keep a still: a reader finds a whole one or none."""
    body = struct.pack("<II", still.step, len(still.message)) + still.message + still.state
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.blake2b(body, digest_size=_CHECK).digest() + body)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(slug: str) -> Still | None:
    """The still of an experiment, or nothing: one that is damaged is as good as missing."""
    try:
        data = path(slug).read_bytes()
    except OSError:
        return None
    check, body = data[:_CHECK], data[_CHECK:]
    if len(body) < 8 or hashlib.blake2b(body, digest_size=_CHECK).digest() != check:
        return None
    step, size = struct.unpack_from("<II", body)
    return Still(body[8 : 8 + size], step, body[8 + size :])


class Handler(tornado.web.RequestHandler):
    """`/stills/<slug>`: the frame's bytes, or no content while there are none."""

    def initialize(self, slugs: Sequence[str]) -> None:
        self.slugs = slugs

    def get(self, slug: str) -> None:
        if slug not in self.slugs:
            raise tornado.web.HTTPError(404)
        self.set_header("Cache-Control", "no-cache")
        self.set_header("Content-Type", "application/octet-stream")
        found = load(slug)
        if found is None:
            self.set_status(204)
        else:
            self.write(found.message)


# -- who makes them ---------------------------------------------------------------------------------------------------


class Stills:
    """Has missing stills made, one after another, by one process that waits whenever pages need the cores."""

    def __init__(self, experiments: Sequence[Experiment[Any, Any]], runs: Runs) -> None:
        self.runs = runs
        self._wanted = [e.slug for e in experiments]
        self._began = time.monotonic()
        self._attempts = dict.fromkeys(self._wanted, 0)
        self._process: Any = None
        self._pipe: Any = None
        self._starting = self._going = False
        self._clear()

    def tick(self) -> None:
        """Start the next process, let it go on, or have it wait; called about once a second on the web loop."""
        now = time.monotonic()
        if self._starting:
            return
        if self._process is not None:
            if self._process.is_alive():
                self._let(self.runs.room)
                return
            self._end()
        if now - self._began < AFTER or not self.runs.room:
            return
        while self._wanted:
            slug = self._wanted[0]
            if self._attempts[slug] < ATTEMPTS and load(slug) is None:
                self._attempts[slug] += 1
                self._starting = True
                # Elsewhere, because the fork server may still be importing.
                self.runs.loop.run_in_executor(None, self._start, slug)
                return
            self._wanted.pop(0)

    def close(self) -> None:
        """End the process."""
        self._began = float("inf")
        self._end()

    def _start(self, slug: str) -> None:
        method = worker.context()
        pipe, child = method.Pipe()
        # The place is said here: a fork server keeps the environment, and so the folder, of its own start.
        process = method.Process(
            target=_make, args=(child, slug, path(slug), STEPS, SECONDS, NICE), daemon=True, name=f"still of {slug}"
        )
        try:
            with threads.environment():
                process.start()
            self._process, self._pipe, self._going = process, pipe, True
        finally:
            child.close()
            self._starting = False

    def _let(self, going: bool) -> None:
        if going != self._going:
            self._going = going
            with contextlib.suppress(OSError):
                self._pipe.send_bytes(b"go" if going else b"wait")

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(1)
            self._pipe.close()
            self._process = self._pipe = None

    def _clear(self) -> None:
        """Delete what other sources have made."""
        kept = path("").parent
        with contextlib.suppress(OSError):
            for other in kept.parent.iterdir():
                if other != kept:
                    shutil.rmtree(other, ignore_errors=True)


def _make(pipe: Any, slug: str, place: Path, steps: int, seconds: float, nice: int) -> None:
    """Make one still at a low priority; whatever goes wrong will go wrong again in a run, which has a page."""
    from weltnet.experiments import by_slug

    if hasattr(os, "nice"):
        os.nice(nice)

    def heed(fraction: float = 0.0, text: str = "") -> None:
        while pipe.poll(0 if going[0] else None):
            going[0] = pipe.recv_bytes() == b"go"

    going = [True]
    with contextlib.suppress(Exception):
        experiment = by_slug(slug)
        run = log(experiment)
        line = Timeline(experiment, experiment.params.parse(run.initial), run.seed, heed)
        spent = time.process_time()
        while line.step < min(experiment.verify_steps, steps) and time.process_time() - spent < seconds:
            line.advance()
            heed()
        write(place, Still(_picture(line), line.step, timeline.pack(timeline.snapshot(line.state))))


def _picture(line: Timeline[Any, Any]) -> bytes:
    """The frame of this moment with what stands still in it."""
    frame = line.frame()
    seen = {k: _moving(o) for k, o in frame.seen.items()}
    return codec.encode(dataclasses.replace(frame, seen=seen), playing=False, seed=line.seed)
