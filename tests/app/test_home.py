"""The front page: what moves with no click, what it counts, what it draws in idle moments, and what it says when full.

Chain of trust: frames, painters and stored verdicts are tested elsewhere; here, that this page shows exactly those.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from weltnet import codec, provenance, timeline, verifications
from weltnet.experiment import Word
from weltnet.experiments import ALL, by_slug
from weltnet.timeline import Timeline
from weltnet.verifications import Row
from weltnet_app import home, stills, tally
from weltnet_app.address import Address
from weltnet_app.runs import Full, Runs
from weltnet_app.stills import Still

TOP = home.hero(ALL)
CHEAP = by_slug("strings")


def row(claim: str, seed: int, word: Word | None) -> Row:
    return Row(claim=claim, seed=seed, word=word, seconds=0.1)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


# -- the tally ---------------------------------------------------------------------------------------------------------


def test_nothing_is_counted_that_was_not_computed(data: None) -> None:
    """A fresh installation has verified nothing, and says how to."""
    counted = home.tally(ALL)
    assert counted.plain()["verified"] == 0 and counted.date is None and not any(counted.words.values())
    assert len(counted.answers) == sum(len(e.claims) for e in ALL)
    page = home._page(ALL, "light", 1.0)
    assert page.count('class="registered"') == len(counted.answers)
    assert 'class="found' not in page and "weltnet verify --seeds 20" in page


def test_the_tally_is_what_is_stored(data: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most seeds give the word, a tie none; broken runs do not count, and other sources are named as such."""
    first, second, third, *_ = CHEAP.claims
    rows = [row(first.name, s, first.registered if s else "undecided") for s in range(5)]
    rows += [row(second.name, s, "outside-regime") for s in range(3)]
    rows += [row(third.name, s, ("holds", "fails")[s]) for s in range(2)]
    rows += [row(first.name, s, "fails").model_copy(update={"broken": "dense-mixing"}) for s in range(9)]
    rows += [row("no-such-claim", 0, "holds")]
    verifications.add(CHEAP.slug, rows)
    counted = home.tally(ALL)
    plain = counted.plain()
    words = {first.registered: 1, "outside-regime": 1, "undecided": 1}
    assert plain["words"] == {w: words.get(w, 0) for w in ("holds", "fails", "undecided", "outside-regime")}
    assert (plain["verified"], plain["as_registered"], plain["seeds"], plain["older"]) == (3, 1, 10, 0)
    answer = next(a for a in counted.answers if (a.slug, a.claim) == (CHEAP.slug, first.name))
    assert (answer.seeds, answer.agreeing, answer.expected) == (5, 4, True)
    assert plain["by_every_seed"] == 0 and "1</b> as registered, 1 of them not by every seed" in home._page(
        ALL, "", 1.0
    )
    page = home._page(ALL, "light", 1.0)
    assert page.count('<li class="registered"') == len(counted.answers) - 3 and "2 to 5 seeds each" in page
    monkeypatch.setattr(provenance, "sources", lambda: "other")
    assert home.tally(ALL).plain()["older"] == 3 and "an older version" in home._page(ALL, "light", 1.0)
    verifications.path(CHEAP.slug).write_text("{", encoding="utf-8")
    assert home.tally(ALL).plain()["verified"] == 0


def test_what_a_group_rests_on(data: None) -> None:
    """Rests on the store: pages of a group say what follows from a failing keystone, as stored, or as registered."""
    for e in (e for e in ALL if e.keystone):
        claim = e.claim(e.keystone.claim)
        others = [o for o in ALL if o.group == e.group and o is not e]
        assert not tally.shaken(e, ALL)
        for word in ("fails", "holds"):
            verifications.add(e.slug, [row(claim.name, 0, word)])
            assert all(bool(tally.shaken(o, ALL)) is (word == "fails") for o in others)
            verifications.path(e.slug).unlink()
        assert all(bool(tally.shaken(o, ALL)) is (claim.registered == "fails") for o in others)
        assert not any(tally.shaken(o, ALL) for o in ALL if o.group != e.group)


# -- stills ------------------------------------------------------------------------------------------------------------


def test_a_still_is_kept_whole_or_not_at_all(data: None) -> None:
    """What was written is read back; one flipped bit, or half a file, is as good as none."""
    still = Still(b"message", 12, b"state" * 100)
    stills.write(stills.path("one"), still)
    assert stills.load("one") == still and stills.load("other") is None
    whole = stills.path("one").read_bytes()
    for damaged in (whole[:-1], whole[:30], b"", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        stills.path("one").write_bytes(damaged)
        assert stills.load("one") is None


def made(seconds: float, *, until: Callable[[Runs], bool], room: bool = True) -> None:
    """Let the idle worker of a lab with one core tick until something is true."""

    async def whole() -> None:
        runs = Runs(asyncio.get_running_loop(), most=1 if room else 0)
        worker = stills.Stills([CHEAP], runs)
        try:
            end = time.monotonic() + seconds
            while not until(runs) and time.monotonic() < end:
                worker.tick()
                await asyncio.sleep(0.05)
        finally:
            worker.close()

    asyncio.run(whole())


def test_an_idle_process_draws_what_is_missing(data: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame is that of the run it names, with its contours, and its state goes on bit by bit; else nothing is."""
    monkeypatch.setattr(stills, "STEPS", 6)
    monkeypatch.setattr(stills, "NICE", 0)
    monkeypatch.setattr(stills, "AFTER", 0.0)
    made(1.0, until=lambda runs: stills.load(CHEAP.slug) is not None, room=False)
    assert stills.load(CHEAP.slug) is None
    stale = stills.path("").parent.parent / "older" / "any.still"
    stale.parent.mkdir(parents=True)
    stale.touch()
    made(90.0, until=lambda runs: stills.load(CHEAP.slug) is not None)
    found = stills.load(CHEAP.slug)
    assert found is not None and not stale.exists()
    line = Timeline(CHEAP, CHEAP.params.parse(stills.cover(CHEAP).values), stills.SEED)
    line.seek(6)
    head = codec.header(found.message)
    assert (head["step"], head["digest"], found.step) == (6, line.digest(), 6)
    line.advance()
    other = Timeline(CHEAP, line.params, stills.SEED)
    other.load(6, other.params, timeline.unpack(found.state))
    other.advance()
    assert other.digest() == line.digest()


def test_what_stands_still_is_in_the_picture() -> None:
    """Static paths are no part of a displayed frame, so they are sent as moving ones."""
    frame = Timeline(TOP, TOP.params(), 0).frame()
    standing = [k for k, o in frame.seen.items() if getattr(o, "static", False)]
    items = codec.header(stills.standing(frame, standing=True))["items"]
    assert standing and [i["key"] for i in items] == standing and all(i["arrays"] for i in items)


# -- admission ---------------------------------------------------------------------------------------------------------


def test_a_passing_run_makes_room() -> None:
    """A full machine refuses a second front page, but not an experiment's; the run that was left is gone on with."""

    async def body() -> None:
        runs = Runs(asyncio.get_running_loop(), most=1)
        try:
            there = Address(stills.log(CHEAP), paused=True)
            passing = runs.open(CHEAP, there, passing=True)
            assert not runs.room
            with pytest.raises(Full):
                runs.open(CHEAP, there, passing=True)
            passing._checkpoint = (250, b"state")
            page = runs.open(CHEAP, Address(there.log, 300, run=passing.id))
            assert passing.error and not passing.busy and page.busy and page._checkpoint == (250, b"state")
            early = Address(there.log, 100, run=passing.id)
            runs.close(page)
            assert runs.open(CHEAP, early)._checkpoint is None
        finally:
            runs.stop()

    asyncio.run(body())


# -- in a browser ------------------------------------------------------------------------------------------------------

SERVED = """
import os, sys
if __name__ == "__main__":
    from weltnet_app import serve, stills
    stills.STEPS, stills.NICE, stills.AFTER = 6, 0, 1.0
    os.cpu_count = lambda: 2
    serve.serve("127.0.0.1", int(sys.argv[1]), False, ())
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A lab of two cores with a data folder of its own, in which one experiment is verified, and with quick stills."""
    folder = tmp_path_factory.mktemp("home")
    script = folder / "served.py"
    script.write_text(SERVED, encoding="utf-8")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = int(s.getsockname()[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        verifications.add(CHEAP.slug, [row(c.name, s, c.registered) for c in CHEAP.claims[1:] for s in range(20)])
        process = subprocess.Popen([sys.executable, str(script), str(port)], stderr=subprocess.DEVNULL)
        url, end = f"http://127.0.0.1:{port}", time.monotonic() + 120
        try:
            while True:
                assert process.poll() is None and time.monotonic() < end
                try:
                    with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                        if json.load(answer)["ready"]:
                            break
                except OSError:
                    pass
                time.sleep(0.2)
            yield SimpleNamespace(url=url, process=process)
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.browser
@pytest.mark.parametrize("drawn", [4, pytest.param(len(ALL), marks=pytest.mark.slow)])
def test_it_moves_with_no_click(visit: Any, drawn: int) -> None:
    """The pictures at the top move, the tally is what is stored, missing stills are said and then `drawn`, in order."""
    visit.open("")
    cards = [e.slug for e in ALL if e is not TOP]
    empty = visit.of(f"card-{cards[-1]}").locator(".empty")
    assert empty.is_visible() and "Not drawn yet" in empty.inner_text()
    before = {plane: visit.pixels(plane) for plane in list(TOP.planes)[:3]}
    visit.painted(visit.stat("paints") + 20)
    for plane, (pixels, _) in before.items():
        after, colours = visit.pixels(plane)
        assert colours > 8 and after != pixels, f"{plane} is blank or does not move"

    with urllib.request.urlopen(f"{visit.lab.url}/tally", timeout=10) as answer:
        counted = json.load(answer)
    n = len(CHEAP.claims) - 1
    assert (counted["verified"], counted["as_registered"], counted["seeds"]) == (n, n, 20 * n)
    said = visit.of("tally").inner_text()
    assert (
        f"{n} of {counted['claims']} claims verified" in said and f"{n} as registered · 20 seeds each · today" in said
    )
    for word, claims in counted["words"].items():
        assert visit.of("tally").locator(f'[data-word="{word}"] b').inner_text() == str(claims)
        assert visit.of(f"card-{CHEAP.slug}").locator(f'.marks [data-word="{word}"]').count() == claims

    for slug in cards[:drawn]:
        visit.wait(f"document.querySelector('[data-testid=card-{slug}]').dataset.filled")
        colours = visit.of(f"still-{slug}").evaluate(COLOURS)
        assert colours > 8, f"the still of {slug} is blank"
        assert not visit.of(f"card-{slug}").locator(".empty").is_visible()
    levels = visit.page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and all(b <= a + 1 for a, b in pairwise(levels))
    tops = visit.page.evaluate("[...document.querySelectorAll('.still')].map(e => e.getBoundingClientRect().top)")
    assert min(tops) < 860 and visit.page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert visit.complaints == [] and visit.outside == []


COLOURS = """c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size"""


@pytest.mark.browser
def test_the_way_to_the_very_state(visit: Any) -> None:
    """Space pauses, T changes every pixel but not the run, and the link opens this run at this step and digest."""
    visit.open("", frames=10)
    visit.page.keyboard.press("Space")
    visit.wait("window.weltnet.state === 'paused'")
    step, digest, plane = visit.stat("step"), visit.stat("digest"), next(iter(TOP.planes))
    light = visit.pixels(plane)[0]
    visit.page.keyboard.press("t")
    assert visit.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert visit.pixels(plane)[0] != light and visit.stat("digest") == digest
    visit.of("open").click()
    visit.wait(f"window.weltnet?.step === {step} && window.weltnet.params && document.querySelector('*')")
    visit.of("message").get_by_text(f"exactly (digest {digest})").wait_for(timeout=60_000)
    assert visit.stat("digest") == digest and "theme=dark" in visit.page.url
    assert visit.complaints == [] and visit.outside == []


@pytest.mark.browser
def test_a_full_machine_says_so(visit: Any) -> None:
    """With no core left the front page has everything but the run, and gives its own to an experiment's page."""
    visit.open("")
    experiment, late, third = (visit.page.context.new_page() for _ in range(3))
    experiment.goto(f"{visit.lab.url}/{CHEAP.slug}")
    experiment.wait_for_function("window.weltnet?.paints > 2", timeout=60_000)
    late.goto(visit.lab.url)
    late.get_by_test_id("instead").get_by_text("simulations are running").wait_for(timeout=30_000)
    assert late.get_by_test_id("tally").is_visible() and late.locator("h3").count() == len(ALL) - 1
    assert late.evaluate("window.weltnet.state") == "ended"
    third.goto(f"{visit.lab.url}/{CHEAP.slug}")
    third.wait_for_function("window.weltnet?.paints > 2", timeout=60_000)
    visit.of("instead").get_by_text("made room").wait_for(timeout=30_000)
    assert visit.complaints == []


@pytest.mark.browser
def test_less_motion_is_respected(browser: Any, lab: Any) -> None:
    """Nothing moves, and no simulation runs, until somebody who has asked for less motion asks for it."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    try:
        page = context.new_page()
        page.goto(lab.url)
        page.get_by_test_id("instead").get_by_text("less motion").wait_for()
        page.wait_for_timeout(1000)
        assert page.evaluate("[window.weltnet.paints, window.weltnet.state]") == [0, "still"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_test_id("again").click()
        page.wait_for_function("window.weltnet.paints > 3", timeout=60_000)
        assert not page.get_by_test_id("instead").is_visible()
    finally:
        context.close()
