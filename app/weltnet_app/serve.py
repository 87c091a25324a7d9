"""The server: a door that answers at once, the browser side loaded behind it, and the routes.

Importing Panel takes seconds, so a plain page with progress is served from a socket bound before that import, and the
same door is handed to Panel's application when it is ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, Any

import tornado.web
from tornado import httputil, netutil
from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from weltnet import __version__, threads
from weltnet_app import assets

if TYPE_CHECKING:
    from weltnet.worker import Spare

__all__ = ["serve"]

log = logging.getLogger("weltnet")

PORTS_TRIED = 20


class _Door(httputil.HTTPServerConnectionDelegate):
    """Hands every connection to the application behind it, which may be exchanged while the door stays open."""

    def __init__(self, app: tornado.web.Application) -> None:
        self.app = app

    def start_request(self, server_conn: Any, request_conn: Any) -> Any:
        return self.app.start_request(server_conn, request_conn)

    def on_close(self, server_conn: Any) -> None:
        self.app.on_close(server_conn)


class _State:
    """How far the start has come."""

    def __init__(self) -> None:
        self.ready, self.say, self.part = False, "Loading the browser side; about five seconds.", 0.1
        self.pages: Sized = ()
        self.began = time.monotonic()


class _Waiting(tornado.web.RequestHandler):
    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write(assets.read("waiting.html"))


class _Health(tornado.web.RequestHandler):
    def initialize(self, state: _State) -> None:
        self.state = state

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        s = self.state
        self.write(
            json.dumps({"ready": s.ready, "say": s.say, "part": s.part, "version": __version__, "pages": len(s.pages)})
        )


def serve(host: str, port: int, browser: bool, origins: tuple[str, ...]) -> None:
    """Serve the lab until it is interrupted. A taken port moves to the next and says so."""
    try:
        sockets, bound = _bind(host, port)
    except (OSError, OverflowError) as error:
        sentence = f"port = {port} on host = {host} could not be opened ({error}); choose a free one with --port"
        raise SystemExit(sentence) from None
    url = f"http://{'localhost' if host in ('', '0.0.0.0', '::', '127.0.0.1', 'localhost') else host}:{bound}"
    if bound != port:
        print(f"Port {port} is taken, so weltnet moved to {bound}.", flush=True)
    print(f"weltnet {__version__} is at {url}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_live(sockets, bound, url, browser, _allowed(host, bound, origins)))


def _bind(host: str, port: int) -> tuple[list[socket.socket], int]:
    for candidate in range(port, port + PORTS_TRIED):
        try:
            sockets = netutil.bind_sockets(candidate, host or None)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or candidate == port + PORTS_TRIED - 1:
                raise
        else:
            return sockets, int(sockets[0].getsockname()[1])
    raise OSError("no free port")


def _allowed(host: str, port: int, origins: tuple[str, ...]) -> frozenset[str]:
    """Exact origins whose pages may open the websockets: this machine's own names, and what was allowed by hand."""
    own = {"localhost", "127.0.0.1"} | ({host} if host not in ("", "0.0.0.0", "::") else set())
    given = {o.lower().rstrip("/") for o in origins}
    return frozenset(
        {f"http://{name.lower()}:{port}" for name in own} | {o if "://" in o else f"http://{o}" for o in given}
    )


async def _live(sockets: list[socket.socket], port: int, url: str, browser: bool, origins: frozenset[str]) -> None:
    os.environ.update(threads.ONE)
    state = _State()
    own = [(r"/healthz", _Health, {"state": state})]
    door = _Door(tornado.web.Application([*own, (r"/.*", _Waiting)]))
    front = HTTPServer(door)
    front.add_sockets(sockets)
    if browser and _has_browser():
        webbrowser.open(url)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.set_exception_handler(_quiet)
    for name in ("SIGTERM", "SIGINT"):
        with contextlib.suppress(NotImplementedError, AttributeError):
            loop.add_signal_handler(getattr(signal, name), stop.set)
    close: Callable[[], None] = lambda: None  # noqa: E731
    try:
        spare = await loop.run_in_executor(None, _spare)
        close = spare.close
        await loop.run_in_executor(None, _prepare)
        state.say, state.part = "Building the first page.", 0.8
        from weltnet_app.lab import open_lab
        from weltnet_app.page import DESKS

        application, close = open_lab(loop, port, origins, own, spare)
        state.pages = DESKS
        state.ready, state.say, state.part = True, "Ready.", 1.0
        door.app = application
        log.info("ready after %.1f s", time.monotonic() - state.began)
        await stop.wait()
    finally:
        close()
        front.stop()


def _quiet(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A browser that leaves in the middle of a message is no news; everything else is."""
    if not isinstance(context.get("exception"), WebSocketClosedError | StreamClosedError):
        loop.default_exception_handler(context)


def _spare() -> Spare:
    """Processes of their own import and rehearse the physics while this one imports Panel."""
    from weltnet.worker import Spare

    spare = Spare()
    threading.Thread(target=spare.fill, daemon=True, name="spare").start()
    return spare


def _prepare() -> None:
    import holoviews as hv

    import weltnet_app.lab  # noqa: F401  (the slow import)

    # HoloViews looks at its first element with pandas, whose import the first page would wait for.
    hv.Rectangles([])


def _has_browser() -> bool:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    with contextlib.suppress(webbrowser.Error):
        return webbrowser.get() is not None
    return False
