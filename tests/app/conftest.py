"""A served lab and a real browser, once for all browser tests."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
READY_S, FRAME_MS = 120, 60_000


@dataclass
class Lab:
    """A server of the lab in its own process."""

    url: str
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextlib.contextmanager
def served(port: int = 0, **environment: str) -> Iterator[Lab]:
    """A lab of one's own, at a port of one's own, with these variables in its environment."""
    port = port or free_port()
    command = [sys.executable, "-m", "weltnet_app", "serve", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    url, end = f"http://127.0.0.1:{port}", time.monotonic() + READY_S
    try:
        while True:
            assert process.poll() is None, "the server ended before it was ready"
            assert time.monotonic() < end, f"the server was not ready after {READY_S} s"
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                    if json.load(answer)["ready"]:
                        break
            except OSError:
                pass
            time.sleep(0.2)
        yield Lab(url, process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with served() as made:
        yield made


@pytest.fixture
def serve_lab() -> Callable[..., contextlib.AbstractContextManager[Lab]]:
    """How a test that ends or spoils its lab gets one of its own."""
    return served


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield opened
        opened.close()


@dataclass
class Visit:
    """One page in the browser, and what it complained about or asked of other hosts."""

    page: Any
    lab: Lab
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, path: str, frames: int = 3) -> None:
        """Go to a page and wait until its pictures have been painted a few times."""
        self.page.goto(f"{self.lab.url}/{path}")
        self.painted(frames)

    def painted(self, frames: int = 1) -> None:
        self.wait(f"window.weltnet?.paints >= {frames}")

    def wait(self, condition: str) -> None:
        self.page.wait_for_function(condition, timeout=FRAME_MS)

    def of(self, testid: str) -> Any:
        """The element a page names for tests."""
        return self.page.get_by_test_id(testid)

    def stat(self, name: str) -> Any:
        return self.page.evaluate(f"window.weltnet.{name}")

    def pixels(self, plane: str) -> tuple[int, int]:
        """A hash of every pixel of a picture's live canvas, and how many distinct colours it has."""
        hashed, colours = self.of(f"live-{plane}").evaluate(
            """c => {
              const copy = new OffscreenCanvas(c.width, c.height)
              const pen = copy.getContext('2d', {willReadFrequently: true})
              pen.drawImage(c, 0, 0)
              const image = pen.getImageData(0, 0, c.width, c.height)
              let hash = 7; const colours = new Set()
              for (const v of new Uint32Array(image.data.buffer)) { hash = (hash * 31 + v) | 0; colours.add(v) }
              return [hash, colours.size]
            }"""
        )
        return hashed, colours

    def axe(self) -> list[str]:
        """What axe-core finds wrong with the page as it is now, of any impact: one line for each element."""
        from axe_playwright_python.sync_playwright import Axe

        return [
            f"{rule['id']} ({rule['impact']}): {node['target']} {node['html'][:160]}"
            for rule in Axe().run(self.page).response["violations"]
            for node in rule["nodes"]
        ]

    def pause(self) -> None:
        """Pause, and wait until the picture that says so is on the screen."""
        self.of("toggle").click()
        self.wait("window.weltnet.state === 'paused'")
        self.page.wait_for_timeout(300)


@pytest.fixture
def visit(browser: Any, lab: Lab) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    made = Visit(page, lab)
    page.on("response", lambda r: made.complaints.append(f"{r.status} {r.url}") if r.status >= 500 else None)
    page.on("console", lambda m: made.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: made.complaints.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith((lab.url, "data:", "blob:")) else made.outside.append(r.url))
    yield made
    context.close()
