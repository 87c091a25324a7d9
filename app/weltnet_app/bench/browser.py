"""The page in headless Chromium: how soon it moves, how fast, how late, and what it costs the server."""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from weltnet.child import PATIENCE
from weltnet.experiments import ALL
from weltnet_app.bench.figures import Figure, Skipped, at_least, at_most, quantile
from weltnet_app.chromium import Missing, Server, opened
from weltnet_app.runs import REFILL

__all__ = ["browse"]

MOVING = "window.weltnet?.paints > 1"
VIEWERS = 8
ENDS = 300, 700

TURN = """([last, value]) => new Promise(done => {
  const knob = [...document.querySelectorAll('*')].flatMap(function deep(e) {
    return [e, ...(e.shadowRoot ? [...e.shadowRoot.querySelectorAll('*')].flatMap(deep) : [])] })
    .filter(e => e.dataset?.testid?.startsWith('knob-')).map(e => e.querySelector('input[type=range]'))
    .filter(Boolean).at(-last)
  if (!knob) return done(-1)
  const before = JSON.stringify(window.weltnet.params()), start = performance.now()
  knob.value = value
  knob.dispatchEvent(new Event('input', {bubbles: true}))
  const look = () => {
    const took = performance.now() - start, turned = JSON.stringify(window.weltnet.params()) !== before
    if (turned || took > 3000) done(took); else requestAnimationFrame(look)
  }
  look()
})"""
"""Milliseconds from a slider's event to the first painted frame that was made with its value; 3000 where none came.

The slider is counted from the last; −1 where there are not so many.
"""

WATCH = """([url, count]) => {
  for (let i = 0; i < count; i++) {
    const feed = new WebSocket(url)
    let have = -1
    const ask = () => feed.readyState === 1 && feed.send(JSON.stringify({have}))
    feed.binaryType = 'arraybuffer'
    feed.onopen = ask
    feed.onmessage = m => {
      const n = new DataView(m.data).getUint32(0, true)
      have = JSON.parse(new TextDecoder().decode(new Uint8Array(m.data, 4, n))).seq
      setTimeout(ask, 100)
    }
  }
}"""
"""More viewers of one run, each at ten frames a second."""


def browse(quick: bool, _python: str) -> Iterator[Figure]:
    """Start times, frames, ages, latency, CPU and memory of the first experiment's page."""
    try:
        with opened("psutil") as browser:
            yield from _measure(browser, quick)
    except Missing as missing:
        raise Skipped(str(missing)) from None


def _measure(browser: Any, quick: bool) -> Iterator[Figure]:
    if not quick and sys.platform.startswith("linux"):
        # The user's cache folder can be moved by a variable only there.
        with tempfile.TemporaryDirectory() as empty, _Server({"XDG_CACHE_HOME": empty}) as server:
            page = _page(browser)
            server.visit(page)
            yield at_most("very first start to first moving plot", server.age, 40.0, "s", "from the command")
            page.close()
    with _Server() as server:
        answered = server.age
        page = _page(browser)
        feeds: list[str] = []
        page.on("websocket", lambda s: feeds.append(s.url) if "/frames/" in s.url else None)
        server.visit(page)
        yield at_most("plain page after the command", answered, 1.0, "s")
        yield at_most("cold start to first moving plot", server.age, 12.0, "s", "from the command, kernels cached")
        page.wait_for_timeout(1000 * (REFILL + 6))
        yield from _watch(page, server, feeds[-1], 5 if quick else 12)
        page.close()
        times = []
        for i in range(1 if quick else 3):
            # Until the page before has gone to sleep, and the next process is ready.
            time.sleep(PATIENCE + 1 if i == 0 else REFILL + 9)
            page = _page(browser)
            times.append(server.visit(page))
            page.close()
        yield at_most("warm server to first moving plot", statistics.median(times), 4.0, "s", f"median of {len(times)}")


def _page(browser: Any) -> Any:
    return browser.new_page(viewport={"width": 1440, "height": 900})


def _watch(page: Any, server: _Server, feed: str, seconds: float) -> Iterator[Figure]:
    alone = server.memory()
    cpu, paints, begun = server.cpu(), page.evaluate("window.weltnet.paints"), time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    spent, took = server.cpu() - cpu, time.perf_counter() - begun
    painted = max(1, page.evaluate("window.weltnet.paints") - paints)
    ages = page.evaluate(f"window.weltnet.age.slice(-{painted})") or [0.0]
    # A knob that follows from others does not answer.
    slider = next((i for i in range(1, 30) if all(page.evaluate(TURN, [i, v]) < 3000 for v in ENDS)), 1)
    turns = []
    for i in range(int(seconds)):
        page.wait_for_timeout(250)
        turns.append(float(page.evaluate(TURN, [slider, ENDS[i % 2]])))
    yield at_least("frames painted a second", painted / took, 30.0, "", f"{len(ALL[0].planes)} plots")
    yield Figure("age of a frame, p50", quantile(ages, 0.5), "ms")
    yield at_most("age of a frame, p95", quantile(ages, 0.95), 100.0, "ms")
    yield at_most("slider to changed frame, p95", quantile(turns, 0.95), 200.0, "ms", f"{len(turns)} turns")
    yield at_most("web process per frame", 1e3 * spent / painted, 3.0, "ms CPU")
    yield at_most("memory with one run", alone, 400.0, "MB", "all processes, the spare one too, shared pages once")
    page.evaluate(WATCH, [feed, VIEWERS])
    page.wait_for_timeout(1500)
    cpu, begun = server.cpu(), time.perf_counter()
    page.wait_for_timeout(1000 * seconds)
    more = (server.cpu() - cpu) / (time.perf_counter() - begun) - spent / took
    yield at_most("each further viewer at 10 frames a second", max(0.0, more) / VIEWERS, 0.01, "cores")
    yield at_most("memory of each further viewer", max(0.0, server.memory() - alone) / VIEWERS, 15.0, "MB")


class _Server(Server):
    """A server whose processes are measured."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        super().__init__(environment)
        self.own = import_module("psutil").Process(self.process.pid)

    def visit(self, page: Any) -> float:
        """Seconds from opening the link to the second painted frame."""
        begun = time.perf_counter()
        page.goto(f"{self.url}/{ALL[0].slug}", wait_until="commit")
        page.wait_for_function(MOVING, timeout=120_000)
        return time.perf_counter() - begun

    def cpu(self) -> float:
        """CPU seconds of the web process so far."""
        t = self.own.cpu_times()
        return float(t.user + t.system)

    def memory(self) -> float:
        """Megabytes of all its processes, shared pages counted once where the system tells."""
        total = 0.0
        for process in [self.own, *self.own.children(recursive=True)]:
            with contextlib.suppress(Exception):
                told = process.memory_full_info()
                total += getattr(told, "pss", 0) or told.rss
        return total / 1e6
