"""The page in a real browser: pixels and source values, not events.

Chain of trust: what is painted here was observed, encoded, relayed and decoded by links tested elsewhere.
"""

from __future__ import annotations

import re
import time
from typing import Any

import psutil
import pytest

from weltnet import verifications
from weltnet.experiments import ALL

pytestmark = pytest.mark.browser
each = pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)


WHERE = """([name, x, y]) => {
  for (const d of Bokeh.documents) for (const m of d._all_models.values()) if (m.tags?.includes(`weltnet:${name}`)) {
    const b = Bokeh.index.find_one(m).frame.bbox, r = m.x_range, s = m.y_range
    return [b.x + (x - r.start) / (r.end - r.start) * b.width,
            b.y + b.height - (y - s.start) / (s.end - s.start) * b.height]
  }
}"""


def turn(visit: Any, knob: str, where: str) -> None:
    """Drag a slider to its low (0) or high (1000) end, or in between."""
    visit.of(f"knob-{knob}").locator("input[type=range]").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", where
    )


def screen_point(visit: Any, plane: str, x: float, y: float) -> tuple[float, float]:
    """Where a point of a plane is on the screen."""
    box = visit.of(f"live-{plane}").bounding_box()
    at = visit.page.evaluate(WHERE, [plane, x, y])
    return box["x"] + at[0], box["y"] + at[1]


def still(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> list[str]:
    """Pictures whose pixels are the same."""
    return [plane for plane, (pixels, _) in after.items() if pixels == before[plane][0]]


@each
def test_every_picture_moves(visit: Any, experiment: Any) -> None:
    """Every plane of every experiment has a canvas whose pixels are not blank and, but for one that may show what does
    not change, move; it fits one screen, axe-core finds nothing, and nobody else is asked."""
    visit.open(experiment.slug)
    before = {plane: visit.pixels(plane) for plane in experiment.planes}
    visit.painted(visit.stat("paints") + 40)
    after, until = {plane: visit.pixels(plane) for plane in experiment.planes}, time.monotonic() + 20.0
    # Some pictures change with every launch only, and on a busy machine those are seconds apart.
    while len(still(before, after)) > 1 and time.monotonic() < until:
        visit.painted(visit.stat("paints") + 20)
        after = {plane: visit.pixels(plane) for plane in experiment.planes}
    assert [plane for plane, (_, colours) in after.items() if colours < 2] == [], "blank"
    assert after[next(iter(experiment.planes))][1] > 8, "the first picture shows next to nothing"
    assert len(still(before, after)) <= 1, "nothing moves"
    # On a busy machine a frame may be late just now, and the page says so.
    visit.of("state").filter(has_text=re.compile(r"^\s*live\s*$")).wait_for()
    visit.pause()
    size = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size[0] <= 1440 and size[1] <= 900
    assert visit.axe() == []
    assert visit.complaints == [] and visit.outside == []


@pytest.mark.sampled
@each
def test_one_screen_in_both_themes(visit: Any, experiment: Any) -> None:
    """At 1440×900 nothing scrolls, and the theme changes every picture's pixels without touching the run."""
    visit.open(experiment.slug)
    visit.pause()
    size = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size[0] <= 1440 and size[1] <= 900
    light = {plane: visit.pixels(plane)[0] for plane in experiment.planes}
    digest = visit.stat("digest")
    visit.of("theme").click()
    visit.wait("document.documentElement.dataset.theme === 'dark'")
    visit.page.wait_for_timeout(600)
    for plane, pixels in light.items():
        assert visit.pixels(plane)[0] != pixels, f"{plane} kept its colours"
    assert visit.stat("digest") == digest
    background = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(13, 17, 21)"
    assert visit.complaints == []


def test_a_slider_changes_the_picture(visit: Any) -> None:
    """A paused picture stays; turning a knob changes its pixels, and the readout says the new value."""
    visit.open("strings")
    visit.pause()
    still = visit.pixels("target")[0]
    visit.page.wait_for_timeout(700)
    assert visit.pixels("target")[0] == still
    turn(visit, "modes", "0")
    visit.wait("window.weltnet.params().modes === 1")
    visit.page.wait_for_timeout(500)
    assert visit.pixels("target")[0] != still
    assert visit.of("knob-modes").locator(".value").inner_text().startswith("1")


HUES = """c => {
  const copy = new OffscreenCanvas(c.width, c.height), pen = copy.getContext('2d', {willReadFrequently: true})
  pen.drawImage(c, 0, 0)
  const bytes = pen.getImageData(0, 0, c.width, c.height).data, found = new Set()
  for (let i = 0; i < bytes.length; i += 4) {
    const [r, g, b, a] = bytes.subarray(i, i + 4), top = Math.max(r, g, b), range = top - Math.min(r, g, b)
    if (a < 255 || range < 40) continue
    const h = top === r ? (g - b) / range : top === g ? 2 + (b - r) / range : 4 + (r - g) / range
    found.add(Math.floor((h + 6) % 6))
  }
  return found.size
}"""


def test_the_dial_from_diffusion_to_waves(visit: Any) -> None:
    """One run turned through its three laws: one hue while there is no phase, a wheel of them above κ = 1; and below 1
    the dial chooses the minibatch, whose slider follows."""
    visit.open("observatory?start=valley&replicas=4000", frames=10)
    hues = lambda: visit.of("live-weights").evaluate(HUES)  # noqa: E731
    assert hues() <= 2
    for where, kappa in (("500", 2), ("250", 1)):
        turn(visit, "kappa", where)
        visit.wait(f"window.weltnet.params().kappa === {kappa}")
        visit.painted(visit.stat("paints") + 60)
        until = time.monotonic() + 20.0
        while (hues() >= 4) != (kappa > 1) and time.monotonic() < until:
            visit.painted(visit.stat("paints") + 10)
        assert (hues() >= 4) == (kappa > 1)
    turn(visit, "kappa", "240")
    visit.wait("window.weltnet.params().kappa < 1")
    batch = visit.page.evaluate("window.weltnet.params().batch")
    visit.page.wait_for_timeout(500)
    assert batch > 1 and visit.of("knob-batch").locator(".value").inner_text().startswith(str(batch))
    assert visit.of("state").inner_text().strip() == "live" and visit.complaints == []


def test_tap_moves_the_space_time(visit: Any) -> None:
    """A tap on the weights selects them; the space-time of the mirror well is another picture within two frames."""
    visit.open("observatory", frames=60)
    for y in (1.35, -1.35):
        visit.page.mouse.click(*screen_point(visit, "weights", -0.25, y))
        visit.wait(f"Math.abs((window.weltnet.params().selected ?? [9, 9])[1] - {y}) < 0.05")
        visit.painted(visit.stat("paints") + 40)
        if y > 0:
            upper = visit.pixels("space")
    lower = visit.pixels("space")
    assert upper[1] > 8 and lower[1] > 8 and upper[0] != lower[0]
    assert abs(visit.stat("params()")["selected"][0] + 0.25) < 0.05


def test_brush_selects_a_box(visit: Any) -> None:
    """Dragging over weight space selects a box; clearing gives the tracer back."""
    visit.open("observatory")
    x0, y0 = screen_point(visit, "weights", -1.0, 0.5)
    x1, y1 = screen_point(visit, "weights", 0.5, 2.0)
    visit.page.mouse.move(x0, y0)
    visit.page.mouse.down()
    visit.page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2, steps=4)
    visit.page.mouse.move(x1, y1, steps=4)
    visit.page.mouse.up()
    visit.wait("window.weltnet.params().selected")
    box = visit.stat("params()")["selected"]
    assert all(abs(a - b) < 0.1 for a, b in zip(box, (-1.0, 0.5, 0.5, 2.0), strict=True))
    visit.of("knob-selected").get_by_role("button").click()
    visit.wait("window.weltnet.params().selected === null")


def test_zoom_repaints_the_live_layer(visit: Any) -> None:
    """The wheel moves the figure's range, and the canvas under it follows although the run is paused."""
    visit.open("strings")
    visit.pause()
    before = visit.pixels("target")[0]
    visit.page.mouse.move(*screen_point(visit, "target", 0.5, 0.5))
    visit.page.mouse.wheel(0, -300)
    visit.page.wait_for_timeout(600)
    assert visit.pixels("target")[0] != before


def test_picture_is_saved_whole(visit: Any) -> None:
    """The PNG holds the live layer and the figure's axes over it."""
    visit.open("observatory")
    visit.pause()
    size, colours = visit.page.evaluate(
        """async () => { const b = await window.weltnet.png('weights'), i = await createImageBitmap(b)
             const c = new OffscreenCanvas(i.width, i.height), g = c.getContext('2d'); g.drawImage(i, 0, 0)
             const d = new Uint32Array(g.getImageData(0, 0, i.width, i.height).data.buffer)
             return [i.width, new Set(d).size] }"""
    )
    assert size > 300 and colours > 200


def test_break_it_turns_the_card(visit: Any) -> None:
    """Switching a saboteur on turns the verdict it names and marks the pictures; off again, it comes back."""
    visit.open("strings")
    visit.of("speed").select_option("8")
    visit.page.locator('[data-testid="card-wave"][data-word="holds"]').wait_for(timeout=60_000)
    visit.page.locator(".break-dense-mixing input").first.click()
    visit.page.locator('[data-testid="card-wave"][data-word="fails"]').wait_for(timeout=30_000)
    assert visit.of("plane-target").locator(".brokenmark").is_visible()
    visit.page.wait_for_url("**broken**", timeout=10_000)


def test_stored_seeds_and_calibrations(visit: Any) -> None:
    """A card says what is stored and draws its seeds; the line of calibrations is run, opened, closed; no scrolling."""
    made = [
        verifications.Row(claim="mean-time", seed=s, word="fails", measured=0.6 + 0.02 * s, error=0.0, seconds=1.0)
        for s in range(20)
    ]
    verifications.add("strings", made)
    visit.open("strings")
    visit.of("speed").select_option("8")
    line, card = visit.of("stored-mean-time"), visit.page.locator('[data-testid="card-mean-time"]')
    line.get_by_text("20 seeds: 20 fail, as registered · median 0.79, 0.60–0.98 · today").wait_for(timeout=30_000)
    card.locator(".seed").nth(19).wait_for(timeout=60_000, state="attached")
    assert "not verified on this installation yet" in visit.of("stored-wave").inner_text()
    assert "Not calibrated in this version yet" in visit.of("calibrated").inner_text()
    visit.of("calibrate").click()
    known = len(next(e for e in ALL if e.slug == "strings").calibrations)
    visit.of("calibrated").get_by_text(f"Calibrated: {known} of {known} known answers reproduced · today").wait_for(
        timeout=90_000
    )
    table = visit.of("calibrations")
    assert not table.is_visible()
    visit.of("calibrated-line").click()
    assert table.is_visible() and table.locator("tbody tr").count() == known
    assert table.locator('tr[data-word="reproduced"]').count() == known
    visit.page.keyboard.press("Escape")
    assert not table.is_visible()
    size = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    page = visit.of("page").evaluate("e => e.scrollHeight - e.clientHeight")
    assert size == [1440, 900] and page <= 0
    assert visit.complaints == [] and visit.outside == []


def test_reload_restores_the_digest(visit: Any) -> None:
    """The address is the run: after a change made live, reloading it gives the same step and digest."""
    visit.open("strings")
    turn(visit, "noise", "300")
    visit.painted(visit.stat("paints") + 30)
    visit.pause()
    step, digest = visit.stat("step"), visit.stat("digest")
    visit.page.wait_for_timeout(1200)
    visit.page.reload()
    visit.wait(f"window.weltnet?.step === {step} && window.weltnet.paints > 0")
    assert visit.stat("digest") == digest
    visit.of("message").get_by_text("exactly").wait_for(timeout=20_000)
    # A paused run says nothing more, so its cards must have been drawn by now.
    assert "no number yet" not in visit.of("card-virasoro").inner_text()


def test_step_back_is_exact(visit: Any) -> None:
    """Forward and back again is the same state, bit by bit, and the same pixels."""
    visit.open("observatory", frames=10)
    visit.pause()
    step, digest, pixels = visit.stat("step"), visit.stat("digest"), visit.pixels("weights")[0]
    visit.of("forward").click()
    visit.wait(f"window.weltnet.step === {step + 2}")
    assert visit.stat("digest") != digest
    visit.of("back").click()
    visit.wait(f"window.weltnet.step === {step}")
    visit.page.wait_for_timeout(300)
    assert visit.stat("digest") == digest
    assert visit.pixels("weights")[0] == pixels


def test_keys(visit: Any) -> None:
    """Space pauses and plays, the arrow steps, R rewinds to the same seed."""
    visit.open("strings", frames=10)
    seed = visit.of("seed").inner_text()
    visit.page.keyboard.press("Space")
    visit.wait("window.weltnet.state === 'paused'")
    # The last frame of a run that pauses may come after the news that it has.
    visit.page.wait_for_timeout(500)
    step = visit.stat("step")
    visit.page.keyboard.press("ArrowRight")
    visit.wait(f"window.weltnet.step === {step + 2}")
    visit.page.keyboard.press("r")
    visit.wait("window.weltnet.step === 0")
    assert visit.of("seed").inner_text() == seed


def test_bad_link_is_a_sentence(visit: Any) -> None:
    """A wrong value in a link is named with what is allowed, and a fresh run lives on the page."""
    visit.open("strings?amplitude=1e9")
    said = visit.of("message").inner_text()
    assert re.search(r"amplitude.*1e9.*allowed", said)
    assert visit.stat("params()")["amplitude"] <= 1.5


def test_killed_worker_is_resumed(visit: Any) -> None:
    """SIGKILL to the simulation, and to the process that waits for the next page, costs one sentence."""
    visit.open("strings", frames=40)
    for child in psutil.Process(visit.lab.process.pid).children(recursive=True):
        if not child.children() and "resource_tracker" not in " ".join(child.cmdline()):
            child.kill()
    visit.page.wait_for_function("document.querySelector('*') && window.weltnet.state !== 'connecting'", timeout=60_000)
    end = time.monotonic() + 40
    while "resumed" not in visit.of("message").inner_text():
        assert time.monotonic() < end, "nobody said that the worker died"
        visit.page.wait_for_timeout(200)
    visit.painted(visit.stat("paints") + 10)


def test_unknown_origin_gets_no_frames(visit: Any) -> None:
    """A page of another origin cannot open the feed."""
    visit.page.goto("about:blank")
    closed = visit.page.evaluate(
        """url => new Promise(done => { const s = new WebSocket(url); s.onopen = () => done('open')
             s.onerror = () => done('refused') })""",
        visit.lab.url.replace("http", "ws") + "/frames/anything",
    )
    assert closed == "refused"
