"""A Chromium to look at the laboratory with, and a server of the laboratory in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

from weltnet_app.doctor import CHROMIUMS

__all__ = ["FLAGS", "Missing", "Server", "fault", "opened"]

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --force-color-profile=srgb"
)


class Missing(RuntimeError):
    """What is needed to look is not here; the message is one sentence that says what."""


@contextlib.contextmanager
def opened(*needed: str) -> Iterator[Any]:
    """The first Chromium on PATH, driven by Playwright. Raises `Missing` with one sentence, also when it gives up.

    `needed` names further modules without which its caller has no use for a browser.
    """
    chromium = next((p for name in CHROMIUMS if (p := shutil.which(name))), None)
    modules = ("playwright", *needed)
    if not chromium or not all(map(find_spec, modules)):
        raise Missing(f"needs {', '.join(modules)} and one of {', '.join(CHROMIUMS)} on PATH; not all are here.")
    api = import_module("playwright.sync_api")
    try:
        with api.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=FLAGS.split())
            try:
                yield browser
            finally:
                with contextlib.suppress(api.Error):
                    browser.close()
    except api.Error as error:
        raise Missing(f"the browser gave up ({str(error).splitlines()[0]}).") from None


def fault() -> type[Exception]:
    """What Playwright raises."""
    return import_module("playwright.sync_api").Error


class Server:
    """A server of the laboratory in processes of its own, from the command on; it is entered when it answers."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = str(s.getsockname()[1])
        self.url = f"http://127.0.0.1:{port}"
        self.begun = time.perf_counter()
        command = [sys.executable, "-m", "weltnet_app", "serve", "--no-browser", "--host", "127.0.0.1", "--port", port]
        given = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)} | (environment or {})
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=given)

    def __enter__(self) -> Self:
        while self.health() is None:
            if self.process.poll() is not None:
                raise Missing(f"the server ended with exit code {self.process.returncode}.")
            time.sleep(0.02)
        return self

    def __exit__(self, *fault: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def age(self) -> float:
        """Seconds since the command."""
        return time.perf_counter() - self.begun

    def health(self) -> dict[str, Any] | None:
        """What the server says of itself; nothing while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1) as answer:
                return dict(json.load(answer))
        except OSError:
            return None
