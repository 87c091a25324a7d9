"""A run in its own process: controls in, newest encoded frame out, never a queue.

The child (`weltnet.child`) owns a `Timeline` and answers at most one outstanding `ask` with one frame; the parent holds
a `Worker`, which sends controls and hands what arrives to a listener.
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from weltnet import child, threads
from weltnet.pipe import Message, pack, unpack

__all__ = ["Process", "Spare", "Worker", "context"]

Listener = Callable[["Worker", Message, bytes], None]


def context() -> Any:
    """A fork server with the kernels imported but never run (OpenMP does not survive a fork); else spawn."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    method = multiprocessing.get_context("forkserver")
    method.set_forkserver_preload(["weltnet.child", "weltnet.experiments"])
    return method


@dataclasses.dataclass(frozen=True, slots=True)
class Process:
    """A running worker process and the parent's end of its pipe."""

    process: Any
    pipe: Connection

    @classmethod
    def start(cls, slug: str, *, waiting: bool = False) -> Process:
        """Start a process for one experiment, or one that rehearses it (by default the first) until it is taken."""
        method = context()
        pipe, theirs = method.Pipe()
        with threads.environment():
            name = f"weltnet {slug}".rstrip()
            process = method.Process(target=child.main, args=(theirs, slug, waiting), daemon=True, name=name)
            process.start()
        theirs.close()
        return cls(process, pipe)

    def end(self) -> None:
        """End the process, which has half a second to do so itself."""
        with contextlib.suppress(OSError):
            self.pipe.send_bytes(pack({"do": "quit"}))
        self.process.join(0.5)
        if self.process.is_alive():
            self.process.kill()


class Spare:
    """One worker process kept ready for the experiment that was asked for last; may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: Process | None = None
        self._slug = ""
        self._closed = False

    @property
    def process(self) -> Any:
        """The process that is waiting, if there is one."""
        return self._ready.process if self._ready else None

    def fill(self) -> None:
        """Start a process if none is waiting."""
        with self._lock:
            if not self._closed and (self._ready is None or not self._ready.process.is_alive()):
                self._ready = Process.start(self._slug, waiting=True)

    def take(self, slug: str) -> Process | None:
        """The waiting process, the caller's from now on; nothing while one is being started, or if it died.

        It serves any experiment, but only the rehearsed one at once.
        """
        self._slug = slug
        if not self._lock.acquire(blocking=False):
            return None
        try:
            ready, self._ready = self._ready, None
        finally:
            self._lock.release()
        return ready if ready is not None and ready.process.is_alive() else None

    def close(self) -> None:
        """End the waiting process, and start no other."""
        with self._lock:
            self._closed = True
            ready, self._ready = self._ready, None
        if ready is not None:
            ready.end()


class Worker:
    """The parent's handle on one worker process. `listen(worker, message, blob)` is called on a reader thread.

    The first words may come before the constructor has returned: a process that was taken answers at once.
    """

    def __init__(self, slug: str, listen: Listener, ready: Process | None = None) -> None:
        self._own = ready or Process.start(slug)
        self.process, self._pipe = self._own.process, self._own.pipe
        self._lock = threading.Lock()
        self._listen = listen
        self._closed = False
        threading.Thread(target=self._read, daemon=True, name=f"reader of {slug}").start()
        if ready:
            self.send("be", slug=slug)

    def send(self, name: str, blob: bytes = b"", **values: Any) -> None:
        """Send a control; silently nothing when the worker is gone (its death is reported to the listener)."""
        with self._lock, contextlib.suppress(OSError):
            self._pipe.send_bytes(pack({"do": name, **values}, blob))

    def close(self) -> None:
        """End the process; the listener hears nothing more."""
        self._closed = True
        with self._lock:
            self._own.end()

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                message, blob = unpack(self._pipe.recv_bytes())
                if not self._closed:
                    self._listen(self, message, blob)
        self._pipe.close()
        if not self._closed:
            self._listen(self, {"type": "died"}, b"")
