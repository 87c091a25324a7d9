"""The binary feed: a browser asks for the next frame, the newest encoded one is relayed as it is."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from weltnet_app.runs import Run, Runs

__all__ = ["Feed"]

LONGEST_MESSAGE = 200


class Feed(WebSocketHandler):
    """`/frames/<run>`: the client sends `{"have": seq}` and gets one frame newer than that, when there is one."""

    def initialize(self, runs: Runs, origins: frozenset[str]) -> None:
        self.runs, self.origins = runs, origins
        self.run: Run | None = None
        self.have = -1

    def check_origin(self, origin: str) -> bool:
        """An exact allow-list: scheme, host and port, letter by letter."""
        return origin.lower() in self.origins

    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)
        self.run = self.runs.get(args[0])
        if self.run is None:
            self.close(4404, "This run has ended; reload the page.")

    def on_message(self, message: str | bytes) -> None:
        if self.run is None:
            return
        try:
            if len(message) > LONGEST_MESSAGE:
                raise ValueError
            have: Any = json.loads(message)["have"]
            if not isinstance(have, int) or isinstance(have, bool) or abs(have) > 2**53:
                raise ValueError
        except (ValueError, KeyError, TypeError, RecursionError):
            self.close(4400, 'Allowed: {"have": the whole number of the last frame, or -1}.')
            return
        self.have = have
        self.run.ask(self)

    def deliver(self, message: bytes) -> None:
        """Relay one frame; a reader that is gone is forgotten."""
        with contextlib.suppress(WebSocketClosedError):
            future = self.write_message(message, binary=True)
            future.add_done_callback(lambda done: done.exception())

    def on_close(self) -> None:
        if self.run is not None:
            self.run.leave(self)
