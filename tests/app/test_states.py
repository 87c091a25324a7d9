"""Every state a page can be in, as a person sees it: what is drawn, what is said, what can be done about it.

Chain of trust: feed, worker and codec → page. States are provoked where they arise: a stopped process, a closed socket,
an ended server, a number that is not finite.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
import urllib.request
from typing import Any

import psutil
import pytest

from weltnet.experiments import ALL, by_slug

pytestmark = pytest.mark.browser

AXES = """name => {
  for (const d of Bokeh.documents) for (const m of d._all_models.values()) if (m.tags?.includes(`weltnet:${name}`)) {
    const c = Bokeh.index.find_one(m).export('png', true).canvas
    const bytes = c.getContext('2d').getImageData(0, 0, c.width, c.height).data
    let drawn = 0
    for (let i = 3; i < bytes.length; i += 4) drawn += bytes[i] > 0
    return drawn
  }
}"""
"""How many pixels of a figure are drawn, beneath which the live layer lies."""

LOOK = """e => { const s = getComputedStyle(e); return [s.backgroundColor, s.borderTopColor, s.color] }"""

TOKEN = """name => {
  const e = document.createElement('i'); e.style.color = `var(--${name})`; document.body.append(e)
  const colour = getComputedStyle(e).color; e.remove(); return colour
}"""

SPOILT = """
import numpy
from weltnet import timeline

whole = timeline.Timeline.advance

def advance(line):
    whole(line)
    if line.step == 60:
        saved = timeline.snapshot(line.state)
        floats = {k: v for k, v in saved.items() if isinstance(v, numpy.ndarray) and v.dtype.kind == "f"}
        timeline.restore(line.state, {k: v * numpy.nan for k, v in floats.items()})

timeline.Timeline.advance = advance
"""
"""A `sitecustomize` under which every number of every state is lost at step 60."""


@pytest.mark.slow
def test_pages_that_were_left_are_forgotten(browser: Any, serve_lab: Any) -> None:
    """Rests on Bokeh's sessions: tables of HoloViews, Panel and param outlive a page and must not hold it, or each
    visit keeps some 3 MB for good. The counter counts: a page that is open is in it."""
    with serve_lab() as lab:

        def pages() -> int:
            with urllib.request.urlopen(f"{lab.url}/healthz", timeout=10) as answer:
                return int(json.load(answer)["pages"])

        for i in range(9):
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{lab.url}/{ALL[i % len(ALL)].slug}")
            page.wait_for_function("window.weltnet?.paints >= 1", timeout=60_000)
            assert pages() >= 1
            context.close()
        until = time.monotonic() + 90.0
        while pages() > 2 and time.monotonic() < until:
            time.sleep(1.0)
        assert pages() <= 2


def words(visit: Any) -> str:
    """Everything the page's main column says."""
    return str(visit.of("page").inner_text())


def test_empty_planes_have_axes_and_a_sentence(visit: Any) -> None:
    """Chain: plane → figure. Before anything is measured the axes are there, and one sentence that says so."""
    visit.open("kappa?paused=1", frames=1)
    visit.wait("window.weltnet.state === 'paused'")
    for plane in ("needle", "residuals"):
        said = visit.of(f"plane-{plane}").locator(".empty")
        said.wait_for(timeout=10_000)  # one picture is painted after another
        assert said.inner_text() == by_slug("kappa").planes[plane].empty
        assert visit.page.evaluate(AXES, plane) > 500
    assert not visit.of("plane-weights").locator(".empty").is_visible()
    assert "NaN" not in words(visit)


def test_loading_says_what_and_how_long_and_can_be_stopped(visit: Any) -> None:
    """Chain: worker → page. A long replay draws its axes at once; stopping it leaves the run where it has come."""
    visit.page.goto(f"{visit.lab.url}/strings?seed=5&at=1800000&digest=0123456789abcdef")
    visit.wait("window.weltnet?.state === 'preparing'")
    progress = visit.of("progress")
    progress.get_by_text("carrying the run to step 1800000 (about").wait_for(timeout=60_000)
    assert progress.locator("progress").evaluate("e => e.value") < 1
    for plane in by_slug("strings").planes:
        assert visit.page.evaluate(AXES, plane) > 500
    visit.of("stop").click()
    visit.wait("window.weltnet.state === 'paused'")
    step = visit.stat("step")
    assert 0 < step < 1_800_000 and not progress.is_visible()
    visit.of("message").get_by_text(f"Stopped; the run is paused at step {step}.").wait_for(timeout=10_000)
    visit.of("forward").click()
    visit.wait(f"window.weltnet.step === {step + by_slug('strings').stride}")
    assert visit.complaints == []


def test_stale_keeps_the_picture_and_turns_amber(visit: Any) -> None:
    """Chain: worker → feed. A simulation that stands still is not taken for a live one, and comes back by itself."""
    visit.open("strings", frames=10)
    server = psutil.Process(visit.lab.process.pid)
    workers = [p for p in server.children(recursive=True) if not p.children()]
    workers = [p for p in workers if "resource_tracker" not in " ".join(p.cmdline())]
    try:
        for p in workers:
            p.send_signal(signal.SIGSTOP)
        visit.wait("window.weltnet.state === 'stale'")
        picture = visit.pixels("target")
        ring, age = visit.of("state").locator("i"), visit.of("age")
        amber = visit.page.evaluate(TOKEN, "undecided")
        back, border, _ = ring.evaluate(LOOK)
        assert back == "rgba(0, 0, 0, 0)" and border == amber and age.evaluate(LOOK)[2] == amber
        assert visit.of("state").inner_text().strip() == "stale"
        assert picture[1] > 8 and visit.pixels("target") == picture
    finally:
        for p in workers:
            p.send_signal(signal.SIGCONT)
    visit.wait("window.weltnet.state === 'live'")
    full = "([e, colour]) => getComputedStyle(e).backgroundColor === colour"
    visit.page.wait_for_function(full, arg=[ring.element_handle(), visit.page.evaluate(TOKEN, "holds")])
    visit.pause()
    assert visit.of("state").inner_text().strip() == f"paused at step {visit.page.evaluate(GROUPED)}"


GROUPED = r"String(window.weltnet.step).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')"


def test_broken_marks_every_affected_picture(visit: Any) -> None:
    """Chain: saboteur → page. All planes it names are marked, in words and by their border, and no other one."""
    experiment = by_slug("strings")
    saboteur = next(s for s in experiment.saboteurs if s.name == "dense-mixing")
    visit.open("strings?broken=dense-mixing")
    visit.of(f"plane-{saboteur.planes[0]}").locator(".brokenmark").wait_for(timeout=20_000)
    red = visit.page.evaluate(TOKEN, "fails")
    for plane in experiment.planes:
        root, hit = visit.of(f"plane-{plane}"), plane in saboteur.planes
        assert root.locator(".brokenmark").is_visible() == hit
        assert (root.evaluate(LOOK)[1] == red) == hit
        if hit:
            assert saboteur.assumption in root.locator(".brokenmark").get_attribute("title")


def test_a_cut_socket_reconnects(visit: Any) -> None:
    """Chain: feed → page. While the feed is cut the picture stays and the page says so; then it lives again."""
    cut: list[bool] = []
    routes: list[Any] = []

    def meet(route: Any) -> None:
        if cut:
            route.close(code=1012)
        else:
            route.connect_to_server()
            routes.append(route)

    visit.page.route_web_socket("**/frames/*", meet)
    visit.open("strings", frames=5)
    cut.append(True)
    routes[-1].close(code=1012)
    visit.wait("window.weltnet.state === 'reconnecting'")
    picture = visit.pixels("target")
    assert picture[1] > 8 and visit.of("state").inner_text().strip() == "reconnecting"
    assert visit.of("age").evaluate(LOOK)[2] == visit.page.evaluate(TOKEN, "undecided")
    cut.clear()
    visit.wait("window.weltnet.state === 'live'")
    visit.painted(visit.stat("paints") + 5)
    assert visit.pixels("target") != picture


def test_a_fault_is_a_sentence_and_an_ended_run_is_another(visit: Any, serve_lab: Any, tmp_path: Any) -> None:
    """Chain: codec → worker → page → address. Lost numbers never reach the screen: one sentence, a report, the last
    good state; and when the server is gone the page waits for it, then offers to load the same state again."""
    (tmp_path / "sitecustomize.py").write_text(SPOILT, encoding="utf-8")
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with serve_lab(PYTHONPATH=str(tmp_path)) as lab:
        visit.lab = lab
        visit.page.goto(f"{lab.url}/strings?seed=3&at=20&paused=1")
        visit.wait("window.weltnet?.state === 'paused'")
        visit.of("toggle").click()
        visit.wait("window.weltnet.state === 'error'")
        said = visit.of("message").locator("span").inner_text()
        good = int(re.fullmatch(r"[^\n]*stopped being finite[^\n]*\. The last good state is at step (\d+)\.", said)[1])
        assert 20 <= good < 60
        assert visit.of("message").get_attribute("role") == "alert"
        for plane in by_slug("strings").planes:
            assert visit.pixels(plane)[1] > 8
        assert "NaN" not in words(visit) and "Infinity" not in words(visit)
        visit.of("copy-report").click()
        visit.page.wait_for_timeout(300)
        report = json.loads(visit.page.evaluate("navigator.clipboard.readText()"))
        assert report["error"] == said and report["seed"] == "3" and report["digest"] == visit.stat("digest")
        visit.of("last-good").click()
        visit.wait(f"window.weltnet.state === 'paused' && window.weltnet.step === {good}")
        assert not visit.of("last-good").is_visible()
        digest, picture = visit.stat("digest"), visit.pixels("target")
        visit.page.wait_for_timeout(1200)
        os.kill(lab.process.pid, signal.SIGKILL)
        lab.process.wait(10)
        visit.wait("window.weltnet.state === 'reconnecting'")
        assert visit.pixels("target") == picture
    with serve_lab(port=int(lab.url.rsplit(":", 1)[1])) as lab:
        visit.wait("window.weltnet.state === 'ended'")
        assert "This run has ended" in visit.of("message").inner_text() and visit.pixels("target")[1] > 8
        visit.of("reload").click()
        visit.wait(f"window.weltnet?.state === 'paused' && window.weltnet.step === {good}")
        assert visit.stat("digest") == digest


def test_less_motion_starts_paused(visit: Any) -> None:
    """Chain: the system's wish → page. Nothing moves by itself, and one press lets time pass, also after a reload."""
    visit.page.emulate_media(reduced_motion="reduce")
    visit.open("strings", frames=1)
    visit.wait("window.weltnet.state === 'paused'")
    assert "less motion" in visit.of("message").inner_text()
    moving = visit.page.evaluate(
        """() => {
          const found = [], walk = root => { for (const e of root.querySelectorAll('*')) {
            if (e.shadowRoot) walk(e.shadowRoot)
            const s = getComputedStyle(e)
            if (s.transitionDuration.split(',').some(t => parseFloat(t)) && s.transitionProperty !== 'none')
              found.push(`${e.tagName}.${e.className}`)
          } }
          walk(document); return found
        }"""
    )
    assert moving == []
    visit.of("toggle").click()
    visit.wait("window.weltnet.state === 'live'")
    visit.page.wait_for_url("**paused=0**", timeout=10_000)
    visit.page.reload()
    visit.painted(10)
    visit.wait("window.weltnet.state === 'live'")


def test_every_plane_has_a_sentence_for_nothing() -> None:
    """Rests on the list of experiments: each plane has the sentence that an empty one shows."""
    for e in ALL:
        for plane in e.planes.values():
            assert plane.empty.endswith(".") and "\n" not in plane.empty
