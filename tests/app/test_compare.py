"""Scrubbing, pinning and branching on a page: what differs in words, and the controls in a real browser.

Chain of trust: timeline -> worker -> run -> page. Which bits a digest stands for is tested below; here it is tested
that the controls of a page lead to them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from weltnet.experiments import ALL
from weltnet.timeline import Log, Timeline
from weltnet_app import comparing
from weltnet_app.runs import Pin

E = min(ALL, key=lambda e: e.verify_steps)


def kept(slot: int, seed: int = 3, digest: str = "a", changes: Any = (), **values: Any) -> Pin:
    """A run at the knobs `values`, with verdicts of its own."""
    params = E.params.parse(values)
    line = Timeline(E, params, seed)
    return Pin(slot, Log(seed, E.params().model_dump(mode="json"), changes), params, digest, line.verdicts())


def numbers() -> list[str]:
    """Symbols of the knobs that are numbers, and their names."""
    return [name for name, k in E.params.knobs().items() if k.kind == "number" and k.low < k.high]


def moved(name: str) -> float:
    """A value of a knob that is not its default."""
    k = E.params.knobs()[name]
    return k.low if k.default != k.low else k.high


def test_a_chip_names_what_differs() -> None:
    """Rests on `Params.changed`: at most three differences by symbol and value, then how many more; else whether it is
    the same or only has the same knobs."""
    run = kept(0)
    knobs = E.params.knobs()
    name = numbers()[0]
    one = comparing.chips(run, [kept(2, **{name: moved(name)})])[0]
    assert (one["slot"], one["seed"]) == (2, "3")
    assert one["label"].startswith(f"{knobs[name].symbol} {moved(name):.4g}") and " · " not in one["label"]
    many = {name: moved(name) for name in numbers()[:3]}
    label = comparing.chips(run, [kept(1, seed=17, broken=(E.saboteurs[0].name,), **many)])[0]["label"]
    assert label.count(" · ") == 3 and label.endswith(" · 2 more")
    assert comparing.chips(run, [kept(1, seed=17)])[0]["label"] == "seed 17"
    assert E.saboteurs[0].name in comparing.chips(run, [kept(1, broken=(E.saboteurs[0].name,))])[0]["label"]
    assert comparing.chips(run, [kept(1)])[0]["label"] == "same so far"
    assert comparing.chips(run, [kept(1, digest="b", changes=((4, {}),))])[0]["label"] == "another past"


def test_the_table_has_exactly_what_differs() -> None:
    """Rests on `Params.knobs`: the seed, each knob in which any run differs and no other, the digest, each claim."""
    run, names = kept(0), numbers()[:2]
    pins = [kept(1, digest="b", **{names[0]: moved(names[0])}), kept(4, **{names[1]: moved(names[1])})]
    rows = comparing.table(E, run, pins)
    labels = [E.params.knobs()[n].label for n in names]
    order = [k.label for k in E.params.knobs().values() if k.label in labels]
    assert [r[0] for r in rows] == ["seed", *order, "digest", *(c.name for c in E.claims)]
    assert all(len(cells) == 3 for _, _, cells in rows)
    by = {name: cells for name, _, cells in rows}
    assert by["seed"] == ["3", "3", "3"] and by["digest"] == ["a", "b", "a"]
    assert by[labels[0]][0] == by[labels[0]][2] != by[labels[0]][1]
    assert [word for word, _ in by[E.claims[0].name]] == [r.verdicts[0].word for r in (run, *pins)]
    json.dumps(rows, allow_nan=False)
    waiting = comparing.table(E, replace(run, verdicts=()), [replace(pins[0], verdicts=())])
    assert waiting[-1][2] == [["", "–"], ["", "–"]]


# -- in the browser ---------------------------------------------------------------------------------------------------


def turn(visit: Any, knob: str, where: str) -> None:
    """Drag a slider to a place between 0 and 1000."""
    visit.of(f"knob-{knob}").locator("input[type=range]").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", where
    )


def scrub(visit: Any, step: int) -> None:
    """Drag the thumb to a step, and wait until the picture shows it."""
    visit.of("scrubber").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})) }", str(step)
    )
    visit.wait(f"window.weltnet.step === {step} && window.weltnet.state === 'paused'")


def pins(visit: Any) -> list[dict[str, Any]]:
    """The pinned runs of the newest frame."""
    found: list[dict[str, Any]] = visit.page.evaluate("window.weltnet.latest().pins")
    return found


def cells(visit: Any, row: str) -> list[str]:
    """A row of the open table."""
    found: list[str] = visit.of("comparison").locator(f'tr[data-row="{row}"] td').all_inner_texts()
    return found


@pytest.mark.browser
def test_scrub_pin_branch_and_share(visit: Any) -> None:
    """A run scrubbed back shows the digest first seen there; a pinned run goes on under its own knobs in every frame
    and the table names exactly the knob that was turned; a branch keeps the recorded future; a copied link opens to
    the same run and the same pinned runs, bit by bit."""
    visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.open("strings?seed=5&at=252&paused=1", frames=1)
    visit.wait("window.weltnet.step === 252 && window.weltnet.state === 'paused'")
    digest = visit.stat("digest")
    # Scrubbing: Home, a kept state, the end; the same bits on the way back.
    scrubber = visit.of("scrubber")
    visit.page.locator('.scrubber path[d="M992.1 3v8"]').wait_for(state="attached")
    visit.page.keyboard.press("Home")
    visit.wait("window.weltnet.step === 0")
    first = visit.stat("digest")
    visit.page.keyboard.press("Shift+ArrowRight")
    visit.wait("window.weltnet.step === 250")
    visit.page.wait_for_timeout(1200)
    assert scrubber.get_attribute("aria-valuetext") == "step 250 of 252"
    assert scrubber.evaluate("e => [+e.value, +e.max]") == [250, 252]
    visit.page.keyboard.press("End")
    visit.wait("window.weltnet.step === 252")
    assert visit.stat("digest") == digest
    scrub(visit, 100)
    middle = visit.stat("digest")
    scrub(visit, 0)
    assert visit.stat("digest") == first
    scrub(visit, 100)
    assert visit.stat("digest") == middle != digest
    # Pinning: the empty panel says what it is for; then one run beside the other.
    assert not visit.of("chips").is_visible()
    visit.of("bar").get_by_label("Pin and compare").click()
    assert "Pin this run, then turn a knob" in visit.of("comparison").inner_text()
    visit.of("comparison").get_by_role("button", name="Pin this run").click()
    visit.wait("window.weltnet.latest().pins.length === 1")
    assert pins(visit) == [{"slot": 1, "step": 100, "digest": middle}]
    visit.page.keyboard.press("Escape")
    turn(visit, "noise", "600")
    visit.wait("window.weltnet.params().noise > 0")
    for _ in range(3):
        visit.page.keyboard.press("ArrowRight")
    visit.wait("window.weltnet.step === 106")
    own = visit.stat("digest")
    assert pins(visit)[0]["step"] == 106 and pins(visit)[0]["digest"] != own
    sides = visit.page.evaluate("[...new Set(window.weltnet.latest().items.map(i => i.side))]")
    assert sorted(sides) == ["pin1", "seen", "theory"]
    visit.of("chip-1").get_by_text("η 0").wait_for()
    visit.page.keyboard.press("c")
    visit.of("comparison").locator(f'tr[data-row="digest"] td:text-is("{own}")').wait_for()
    rows = visit.of("comparison").locator("tbody tr").evaluate_all("r => r.map(e => e.dataset.row)")
    claims = [c.name for c in next(e for e in ALL if e.slug == "strings").claims]
    assert rows == ["seed", "noise", "knobs turned on the way", "digest", *claims]
    assert cells(visit, "digest") == [own, pins(visit)[0]["digest"]] and cells(visit, "seed") == ["5", "5"]
    assert visit.axe() == []
    visit.page.keyboard.press("Escape")
    # Branching: gone back to the past, what was recorded stays beside the run, and the next knob leaves it.
    scrub(visit, 102)
    visit.page.keyboard.press("b")
    visit.of("message").get_by_text("Branched at step 102").wait_for()
    visit.wait("window.weltnet.latest().pins.length === 2")
    turn(visit, "noise", "900")
    visit.wait("window.weltnet.params().noise > 0.04")
    for step in (104, 106):
        visit.page.keyboard.press("ArrowRight")
        visit.wait(f"window.weltnet.step === {step}")
    assert pins(visit)[1] == {"slot": 2, "step": 106, "digest": own} and visit.stat("digest") != own
    # Sharing: the link opens to the same three states.
    before = (visit.stat("step"), visit.stat("digest"), pins(visit))
    visit.page.wait_for_timeout(700)
    visit.of("link").click()
    visit.of("message").get_by_text("in the clipboard").wait_for()
    link = visit.page.evaluate("navigator.clipboard.readText()")
    assert len(json.loads(dict(parse_qsl(urlsplit(link).query))["pins"])) == 2
    visit.page.goto(link)
    visit.wait("window.weltnet?.latest?.()?.pins.length === 2")
    assert (visit.stat("step"), visit.stat("digest"), pins(visit)) == before
    visit.of("message").get_by_text("reproduced its state exactly").wait_for()
    # Unpinning: the slot goes from the row and from the frames, the other keeps its number.
    visit.of("chip-1").get_by_role("button").click()
    visit.wait("window.weltnet.latest().pins.length === 1")
    assert pins(visit)[0]["slot"] == 2 and visit.of("chip-1").count() == 0
    size = visit.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1440, 900] and visit.of("page").evaluate("e => e.scrollHeight - e.clientHeight") <= 0
    assert visit.complaints == [] and visit.outside == []
