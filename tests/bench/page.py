"""Measures the page in headless Chromium: `uv run python tests/bench/page.py [SLUG]`.

Prints, with the load of the machine: seconds from the command to the first answer, to the page and to the first moving
plot, warm and after a second visit; painted frames a second; frame age; slider to changed frame; CPU of the web process
and of the simulation.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
SECONDS = 15
SLIDERS = 12


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def healthy(url: str) -> bool | None:
    """Ready, not yet, or no answer."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as answer:
            return b'"ready": true' in answer.read()
    except OSError:
        return None


def quantile(values: list[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def cpu(process: psutil.Process) -> float:
    t = process.cpu_times()
    return float(t.user + t.system)


def latency(page: Any) -> float:
    """Milliseconds from a slider's event to the first painted frame that was made with its value."""
    return float(
        page.evaluate(
            """() => new Promise(done => {
              const knob = [...document.querySelectorAll('*')].flatMap(function deep(e) {
                return [e, ...(e.shadowRoot ? [...e.shadowRoot.querySelectorAll('*')].flatMap(deep) : [])] })
                .filter(e => e.dataset?.testid?.startsWith('knob-')).map(e => e.querySelector('input[type=range]'))
                .filter(Boolean).at(-1)
              const before = JSON.stringify(window.weltnet.params()), start = performance.now()
              knob.value = 200 + 600 * Math.random()
              knob.dispatchEvent(new Event('input', {bubbles: true}))
              const look = () => JSON.stringify(window.weltnet.params()) !== before
                ? done(performance.now() - start) : requestAnimationFrame(look)
              look()
            })"""
        )
    )


def main(slug: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    chromium = next(p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n)))
    start = time.perf_counter()
    command = [sys.executable, "-m", "weltnet_app", "serve", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while healthy(url) is None:
            time.sleep(0.02)
        answered = time.perf_counter() - start
        while not healthy(url):
            time.sleep(0.05)
        ready = time.perf_counter() - start
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=FLAGS.split())
            for visit in ("first", "second"):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                opened = time.perf_counter()
                page.goto(f"{url}/{slug}")
                page.wait_for_function("window.weltnet?.paints > 1", timeout=120_000)
                print(f"{visit} visit: first moving plot after {time.perf_counter() - opened:.1f} s")
                if visit == "first":
                    page.close()
                    time.sleep(2)
            page.wait_for_timeout(6000)
            web = psutil.Process(server.pid)
            simulation = max(
                (c for c in web.children(recursive=True) if not c.children()), key=lambda c: c.create_time()
            )
            before = cpu(web), cpu(simulation), page.evaluate("window.weltnet.paints"), time.perf_counter()
            page.wait_for_timeout(SECONDS * 1000)
            after = cpu(web), cpu(simulation), page.evaluate("window.weltnet.paints"), time.perf_counter()
            seconds = after[3] - before[3]
            paints = after[2] - before[2]
            ages = page.evaluate(f"window.weltnet.age.slice(-{max(paints, 1)})")
            costs = page.evaluate("window.weltnet.cost")
            turned = []
            for _ in range(SLIDERS):
                turned.append(latency(page))
                page.wait_for_timeout(300)
            browser.close()
        print(f"command to first answer {answered:.1f} s, to page {ready:.1f} s")
        print(f"painted {paints / seconds:.1f} frames/s; paint {quantile(costs, 0.5):.1f} ms median")
        print(f"frame age p50 {quantile(ages, 0.5):.0f} ms, p95 {quantile(ages, 0.95):.0f} ms")
        print(f"slider to changed frame p50 {quantile(turned, 0.5):.0f} ms, p95 {quantile(turned, 0.95):.0f} ms")
        print(f"web process {(after[0] - before[0]) / max(paints, 1) * 1e3:.1f} ms CPU per frame, "
              f"simulation {(after[1] - before[1]) / max(paints, 1) * 1e3:.1f} ms CPU per frame")  # fmt: skip
        print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "observatory")
