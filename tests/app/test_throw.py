"""Something released on a plane: a tap says where, a drag also how fast.

Chain of trust: none; these guard the way from the pointer to the knobs, whose effect is tested with the experiment.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from weltnet.experiments import ALL

WHERE = """([name, x, y]) => {
  for (const d of Bokeh.documents) for (const m of d._all_models.values()) if (m.tags?.includes(`weltnet:${name}`)) {
    const b = Bokeh.index.find_one(m).frame.bbox, r = m.x_range, s = m.y_range
    return [b.x + (x - r.start) / (r.end - r.start) * b.width,
            b.y + b.height - (y - s.start) / (s.end - s.start) * b.height]
  }
}"""
INK = """(c, [x, y]) => {
  if (!c.width) return 0
  const r = c.width / c.clientWidth, copy = new OffscreenCanvas(c.width, c.height)
  const pen = copy.getContext('2d', {willReadFrequently: true}); pen.drawImage(c, 0, 0)
  return pen.getImageData(x * r, y * r, 1, 1).data[3]
}"""
MIDDLE = "window.weltnet.latest().items.find(i => i.key === 'middle').points"
RELEASED = "(p => [p.place?.[0], p.place?.[1], p.speed_1, p.speed_2])(window.weltnet.params())"


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_a_velocity_is_two_numbers_that_restart_nothing(experiment: Any) -> None:
    """Rests on the declaration: what a drag turns are two knobs of the same experiment, live, and rightly signed."""
    knobs = experiment.params.knobs()
    for region in (k for k in knobs.values() if k.velocity):
        assert [knobs[v].kind for v in region.velocity] == ["number", "number"] and not region.restarts
        assert not any(knobs[v].restarts for v in region.velocity)
        assert all(knobs[v].low < 0.0 < knobs[v].high for v in region.velocity)
        assert region.plane in experiment.planes


def inside(visit: Any, x: float, y: float) -> tuple[float, float]:
    """Where a point of the weights is on their picture."""
    at = visit.page.evaluate(WHERE, ["weights", x, y])
    return at[0], at[1]


def drag(visit: Any, *places: tuple[float, float]) -> None:
    """Press at the first of these places and move on to the others."""
    box = visit.of("live-weights").bounding_box()
    for i, (x, y) in enumerate(inside(visit, *p) for p in places):
        visit.page.mouse.move(box["x"] + x, box["y"] + y, steps=1 if i == 0 else 4)
        if i == 0:
            visit.page.mouse.down()


def ink(visit: Any, x: float, y: float) -> int:
    """How opaque what is drawn above the figure is at a point of the weights, once it has been drawn."""
    visit.page.wait_for_timeout(300)
    return int(visit.of("plane-weights").locator("canvas.over").evaluate(INK, inside(visit, x, y)))


@pytest.mark.browser
@pytest.mark.parametrize(("speed", "again"), [((1.6, 0.8), (-1.2, 1.2)), ((-1.5, -0.5), (2.0, 0.2))])
def test_a_drag_says_where_and_how_fast(visit: Any, speed: tuple[float, float], again: tuple[float, float]) -> None:
    """An arrow follows the pointer; its tail is the place and its length the speed, and the packet leaves that way. A
    tap moves the place alone, a drag from the marked place the speed alone, and Escape takes an arrow back."""
    visit.open("schrodinger")
    visit.pause()
    x, y = -0.8, -1.0
    drag(visit, (x, y), (x + 0.3 * speed[0], y), (x + speed[0], y + speed[1]))
    middle = (x + 0.5 * speed[0], y + 0.5 * speed[1])
    assert ink(visit, *middle) == 255
    visit.page.mouse.up()
    visit.wait("window.weltnet.params().place")
    assert ink(visit, *middle) == 0
    assert visit.page.evaluate(RELEASED) == pytest.approx([x, y, *speed], abs=0.04)

    step = visit.stat("step")
    for _ in range(6):
        visit.of("forward").click()
        step += 2
        visit.wait(f"window.weltnet.step === {step}")
    went = [visit.page.evaluate(f"{MIDDLE}[{i}]") - (x, y)[i] for i in (0, 1)]
    assert went[0] * speed[0] + went[1] * speed[1] > 0.95 * math.hypot(*went) * math.hypot(*speed) > 0.0
    assert math.hypot(*went) == pytest.approx(0.24 * math.hypot(*speed), rel=0.3)

    box = visit.of("live-weights").bounding_box()
    tap = inside(visit, 0.5, 0.5)
    visit.page.mouse.click(box["x"] + tap[0], box["y"] + tap[1])
    visit.wait("Math.abs(window.weltnet.params().place[0] - 0.5) < 0.03")
    assert visit.page.evaluate(RELEASED)[2:] == pytest.approx(speed, abs=0.04)
    visit.page.wait_for_timeout(400)  # two presses close in time are a double tap, which clears
    drag(visit, (0.56, 0.45), (0.8, 0.8), (0.5 + again[0], 0.5 + again[1]))
    visit.page.mouse.up()
    visit.wait(f"Math.abs(window.weltnet.params().speed_1 - {again[0]}) < 0.04")
    assert visit.page.evaluate(RELEASED) == pytest.approx([0.5, 0.5, *again], abs=0.04)

    before = visit.page.evaluate(RELEASED)
    drag(visit, (-1.5, 1.5), (-1.0, 1.5), (0.0, 1.8))
    visit.page.keyboard.press("Escape")
    visit.page.mouse.up()
    assert ink(visit, -0.75, 1.65) == 0 and visit.page.evaluate(RELEASED) == before
    assert visit.complaints == []
