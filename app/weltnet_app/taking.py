"""What people take away from a running page: its data, a script that makes the run again, and the manifest of both.

The worker hands over the exact frame of the moment; it becomes a file elsewhere than on the web loop, one at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import tornado.web
from tornado.iostream import StreamClosedError

from weltnet import recording
from weltnet.recording import Manifest
from weltnet.script import script
from weltnet_app import address
from weltnet_app.runs import Run, Runs, Taken, Untaken

__all__ = ["Take", "filename", "manifest"]

Made = Callable[[Run, Taken, Manifest], bytes]

_maker = ThreadPoolExecutor(1, thread_name_prefix="taking")


def _recorded(kind: str) -> Made:
    def make(run: Run, taken: Taken, manifest: Manifest) -> bytes:
        with tempfile.TemporaryDirectory(prefix="weltnet-taking-") as place:
            path = Path(place) / f"data{kind}"
            verdicts = taken.verdicts
            recording.save(
                [taken.frame], path, run.experiment, taken.log, verdicts=lambda: verdicts, link=manifest.link
            )
            return path.read_bytes()

    return make


MADE: Mapping[str, tuple[str, Made]] = {
    "data.csv.zip": ("application/zip", _recorded(".csv.zip")),
    "data.zarr.zip": ("application/zip", _recorded(".zarr.zip")),
    "script.py": ("text/x-python; charset=utf-8", lambda run, taken, manifest: script(manifest).encode()),
    "manifest.json": (
        "application/json",
        lambda run, taken, manifest: manifest.model_dump_json(indent=1).encode(),
    ),
}
"""What there is to take: its type, and how it is made."""


def manifest(run: Run, taken: Taken) -> Manifest:
    """Of which run, version and machine it is, and the address of its state."""
    frame, log = taken.frame, taken.log.before(taken.frame.step + 1)
    query = address.write(log, run.experiment, frame.step, frame.digest, paused=True, run=run.id)
    link = f"{run.experiment.slug}?{query}"
    return recording.manifest_of(run.experiment, log, frame, taken.verdicts, link)


def filename(manifest: Manifest, what: str) -> str:
    """A name that says of which run and state a file is: `weltnet-<slug>-seed<n>-step<n>-<digest8>.<ending>`."""
    ending = what.partition(".")[2]
    extra = "-manifest" if ending == "json" else ""
    stem = f"weltnet-{manifest.experiment}-seed{manifest.seed}-step{manifest.step}-{manifest.digest[:8]}"
    return f"{stem}{extra}.{ending}"


class Take(tornado.web.RequestHandler):
    """`/take/<run>/<what>` for pages of this laboratory."""

    def initialize(self, runs: Runs, origins: frozenset[str]) -> None:
        self.runs, self.origins = runs, origins

    def set_default_headers(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("X-Content-Type-Options", "nosniff")

    async def get(self, run_id: str, what: str) -> None:
        if not self.own():
            return self.refuse(403, "Only pages of this laboratory may take data away; open it there.")
        if what not in MADE:
            return self.refuse(404, f"{what[:40]!r} cannot be taken away; allowed: {', '.join(MADE)}.")
        run = self.runs.get(run_id)
        if run is None:
            return self.refuse(404, "This run has ended; reload its page and take it again.")
        try:
            taken = await run.take()
            said = manifest(run, taken)
            kind, make = MADE[what]
            data = await asyncio.get_running_loop().run_in_executor(_maker, make, run, taken, said)
        except Untaken as nothing:
            return self.refuse(503, str(nothing))
        except (OSError, MemoryError) as fault:
            return self.refuse(507, f"This machine has no room for the file ({type(fault).__name__}: {fault}).")
        self.set_header("Content-Type", kind)
        self.set_header("Content-Disposition", f'attachment; filename="{filename(said, what)}"')
        with contextlib.suppress(StreamClosedError):
            await self.finish(data)

    def own(self) -> bool:
        """Whether a page of this laboratory asks, or a person by typing the address."""
        origin, site = self.request.headers.get("Origin"), self.request.headers.get("Sec-Fetch-Site", "none")
        return site in ("same-origin", "none") and (origin is None or origin.lower() in self.origins)

    def refuse(self, status: int, sentence: str) -> None:
        """One sentence, and nothing else."""
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(sentence)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.refuse(status_code, "The file could not be made; the server's log says why.")
