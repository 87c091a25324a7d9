"""Pages for everybody: axe-core finds nothing, every control has a key, a phone has a column to read.

Chain of trust: theme (contrast of every token) → page. axe-core reads the page as assistive technology does, through
every shadow root; the keyboard is a real one.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect

from weltnet.experiments import ALL

pytestmark = pytest.mark.browser
LONGEST = max(ALL, key=lambda e: len(e.title))
each = pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)

FOCUS = """() => {
  let e = document.activeElement
  while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement
  if (!e || e === document.body) return null
  const s = getComputedStyle(e), host = e.closest('.MuiSwitch-root, .MuiIconButton-root')
  // Material draws its own ring, as a ripple inside the control.
  const seen = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || !!host
  const named = e.closest('[data-testid]')?.dataset.testid ?? e.getAttribute('aria-label') ?? e.className
  return [e.tagName + ' ' + named + ' ' + (e.id || e.textContent.slice(0, 20)), seen]
}"""
"""What has the focus, wherever in nested shadow roots, and whether that can be seen."""

SMALL = """() => {
  const found = []
  const walk = root => { for (const e of root.querySelectorAll('*')) {
    if (e.shadowRoot) walk(e.shadowRoot)
    if (!e.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
    if (e.closest('.katex, .spoken, sub')) continue
    const box = e.getBoundingClientRect(), low = box.height < 40 || box.width < 40
    const name = `${e.tagName}.${e.className} ${Math.round(box.width)}×${Math.round(box.height)}`
    if (!box.width || box.bottom < 0) continue
    const words = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    if (words && parseFloat(getComputedStyle(e).fontSize) < 12) found.push('small words: ' + name)
    if (/^(BUTTON|A|SELECT|INPUT|SUMMARY)$/.test(e.tagName) && !e.matches('.wheel') && low)
      found.push('small target: ' + name)
    if (words && box.right > innerWidth + 1) found.push('too wide: ' + name)
  } }
  walk(document)
  return found
}"""
"""What is too small to read or to hit, or stands out of the screen."""


OPEN = """() => {
  const walk = root => { for (const e of root.querySelectorAll('*')) {
    if (e.shadowRoot) walk(e.shadowRoot)
    if (e.matches('details.picker')) e.open = true
  } }
  walk(document)
}"""


def dark(visit: Any) -> None:
    visit.page.evaluate("window.weltnet.toggle()")
    visit.wait("document.documentElement.dataset.theme === 'dark'")
    visit.page.wait_for_timeout(400)


@pytest.mark.sampled
@each
def test_axe_finds_nothing(visit: Any, experiment: Any) -> None:
    """At a desk with menus open, and on a phone; in light and dark: no violation of any impact."""
    visit.open(f"{experiment.slug}?broken={experiment.saboteurs[0].name}")
    visit.pause()
    visit.of("knobs").locator("button.value").first.click()
    visit.page.evaluate(OPEN)
    assert visit.of("knobs").locator("input.value").is_visible()
    assert visit.axe() == []
    dark(visit)
    assert visit.axe() == []
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.page.wait_for_timeout(600)
    assert visit.axe() == []


@pytest.mark.slow
@each
def test_axe_finds_nothing_in_a_hall(visit: Any, experiment: Any) -> None:
    """The same of the projector's view."""
    visit.page.set_viewport_size({"width": 1920, "height": 1080})
    visit.open(f"{experiment.slug}?view=projector")
    visit.pause()
    assert visit.axe() == []
    dark(visit)
    assert visit.axe() == []


def test_panels_are_clean_and_give_the_focus_back(visit: Any) -> None:
    """The map of keys, the calibrations and what can be taken away: named, closed by Escape, without a violation."""
    visit.open("strings")
    visit.pause()
    visit.of("keys").focus()
    visit.page.keyboard.press("?")
    dialog = visit.of("keymap")
    assert dialog.is_visible() and dialog.locator("dl div").count() >= 8
    keys = dialog.locator("kbd").all_inner_texts()
    assert {"space", "→", "←", "R", "T", "?"} <= set(keys)
    assert visit.axe() == []
    step = visit.stat("step")
    visit.page.keyboard.press("ArrowRight")
    visit.page.keyboard.press("Escape")
    assert not dialog.is_visible() and "keys" in visit.page.evaluate(FOCUS)[0]
    visit.page.wait_for_timeout(300)
    assert visit.stat("step") == step, "a key reached the page behind the map"
    visit.of("calibrated-line").click()
    visit.of("download").click()
    visit.page.wait_for_timeout(300)
    assert visit.axe() == []


def test_everything_by_keyboard(visit: Any) -> None:
    """Tab alone reaches every control, each shows that it has the focus, and the way round ends."""
    visit.open("strings")
    visit.pause()
    seen: dict[str, bool] = {}
    visit.page.evaluate("document.activeElement?.blur()")
    for _ in range(120):
        visit.page.keyboard.press("Tab")
        found = visit.page.evaluate(FOCUS)
        # Past the last control the browser's own come, and then the first.
        if found is not None:
            seen[found[0]] = found[1]
    names = " | ".join(seen)
    assert [name for name, visible in seen.items() if not visible] == []
    for name in ("rewind", "back", "toggle", "forward", "speed", "seed-input", "reseed", "link", "keys", "theme",
                 "presets", "knob-modes", "knob-activation", "calibrated-line", "picker"):  # fmt: skip
        assert name in names, f"Tab does not reach {name}: {names}"
    assert names.count("INPUT page") + names.count("MuiSwitch") + names.count("PrivateSwitchBase") >= 4


def test_knobs_by_keyboard(visit: Any) -> None:
    """Enter types an exact value, a refused one is a sentence and goes back, Delete is the default; the tip is told."""
    visit.open("observatory?paused=1", frames=1)
    knob = visit.of("knob-learning_rate")
    slider, value = knob.locator("input[type=range]"), knob.locator("button.value")
    said = visit.page.locator("[role=tooltip]")
    visit.of("knob-start").locator("select").focus()
    visit.page.keyboard.press("Tab")
    assert slider.evaluate("e => e.getRootNode().activeElement === e")
    assert said.is_visible() and "Allowed: a number in [0.1, 12]" in said.inner_text()
    assert "Allowed: a number in [0.1, 12]" in slider.get_attribute("aria-description")
    visit.page.keyboard.press("Escape")
    assert not said.is_visible()
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.type("4.25")
    visit.page.keyboard.press("Enter")
    visit.wait("window.weltnet.params().learning_rate === 4.25")
    reads = lambda text: expect(value).to_have_text(re.compile(f"^{text}"), timeout=10_000)  # noqa: E731
    reads("4.25")
    assert slider.evaluate("e => e.getRootNode().activeElement === e"), "the focus was lost"
    for wrong in ("99", "ink"):
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.type(wrong)
        visit.page.keyboard.press("Enter")
        visit.of("message").get_by_text(wrong).wait_for(timeout=10_000)
        refused = visit.of("message").inner_text()
        assert "learning_rate" in refused and "allowed: a number in [0.1, 12]" in refused
        reads("4.25")
    visit.page.keyboard.press("Delete")
    visit.wait("window.weltnet.params().learning_rate === 3")
    value.click()
    visit.page.keyboard.type("7")
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_timeout(300)
    assert visit.stat("params()")["learning_rate"] == 3
    reads("3")
    slider.evaluate("e => { e.value = 900; e.dispatchEvent(new Event('input', {bubbles: true})) }")
    visit.wait("window.weltnet.params().learning_rate > 5")
    slider.dblclick()
    visit.wait("window.weltnet.params().learning_rate === 3")


def test_a_preset_is_named_as_long_as_it_is_kept(visit: Any) -> None:
    """A page opens on a preset and says what to look for; a chosen one survives a reload, what follows from it belongs
    to it, and a knob that is turned leaves it."""
    visit.open("observatory", frames=1)
    chosen, look_for = visit.of("presets").locator("select"), visit.of("presets").locator(".lookfor")
    name = lambda: chosen.evaluate("e => e.selectedOptions[0].textContent")  # noqa: E731
    presets = {p.name: p for p in ALL[0].presets}
    assert name() == ALL[0].presets[0].name and look_for.inner_text() == ALL[0].presets[0].look_for
    chosen.select_option("Cold learning")
    visit.wait("window.weltnet.params().batch === 16 && window.weltnet.params().kappa > 0.5")
    visit.page.wait_for_timeout(1600)
    assert name() == "Cold learning" and look_for.inner_text() == presets["Cold learning"].look_for
    visit.page.reload()
    visit.wait("window.weltnet?.paints > 0 && window.weltnet.params().batch === 16")
    visit.page.wait_for_timeout(500)
    assert name() == "Cold learning" and look_for.inner_text() == presets["Cold learning"].look_for
    visit.of("knob-learning_rate").locator("input").focus()
    visit.page.keyboard.press("ArrowRight")
    visit.wait("window.weltnet.params().learning_rate > 3")
    visit.page.wait_for_timeout(500)
    assert name() == "changed from Cold learning" and look_for.inner_text() == ""
    visit.page.keyboard.press("Delete")
    visit.wait("window.weltnet.params().learning_rate === 3")
    visit.page.wait_for_timeout(500)
    assert name() == "Cold learning"


@pytest.mark.parametrize(
    "experiment",
    [pytest.param(e, marks=[] if e in (ALL[0], LONGEST) else [pytest.mark.slow], id=e.slug) for e in ALL],
)
def test_a_phone_reads_in_one_column(visit: Any, experiment: Any) -> None:
    """390 px: nothing beside the column, too small to read or to hit, or to be turned; the run can be paused."""
    visit.page.set_viewport_size({"width": 390, "height": 844})
    visit.open(experiment.slug)
    visit.page.wait_for_timeout(800)
    width, inner = visit.of("page").evaluate("e => [e.scrollWidth, e.clientWidth]")
    assert width <= inner <= 390 and visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    bar = visit.of("bar").bounding_box()
    assert bar["x"] >= 0 and bar["x"] + bar["width"] <= 390
    for shown in ("picker", "toggle", "theme", "status"):
        assert visit.of(shown).is_visible(), shown
    for hidden in ("rewind", "reseed", "link", "keys", "knobs"):
        assert not visit.of(hidden).is_visible(), hidden
    assert not visit.page.locator(".break").first.is_visible()
    assert visit.page.evaluate(SMALL) == []
    order = [f"plane-{k}" for k in experiment.planes] + [f"card-{c.name}" for c in experiment.claims] + ["status"]
    visit.of("toggle").click()
    visit.wait("window.weltnet.state === 'paused'")
    visit.page.wait_for_timeout(800)  # a card that is being written anew has no place
    tops = [visit.of(name).first.bounding_box()["y"] for name in order]
    assert tops == sorted(tops)


def test_the_bar_and_the_status_line_hold_everything(visit: Any) -> None:
    """At 1440 and 1280 px nothing in either lies over its neighbour or out of the screen, under the longest title."""
    visit.open(LONGEST.slug)
    visit.pause()
    for width, line in ((1440, "bar"), (1440, "status"), (1280, "bar"), (1280, "status")):
        visit.page.set_viewport_size({"width": width, "height": 900})
        visit.page.wait_for_timeout(300)
        boxes = visit.of(line).evaluate(
            "e => [...e.children].map(c => c.getBoundingClientRect()).filter(b => b.width).map(b => [b.left, b.right])"
        )
        assert len(boxes) >= 6
        assert all(a[1] <= b[0] + 0.5 for a, b in pairwise(boxes)), line
        assert boxes[0][0] >= 0 and boxes[-1][1] <= width
