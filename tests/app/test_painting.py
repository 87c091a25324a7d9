"""What is painted: pinned runs, members selected in all pictures, axes that move together, lines of constant phase.

Chain of trust: frames carry what was seen of every pinned run (`codec`); here its pixels are on every canvas. Lines of
equal value are checked against circles and plane waves, whose places are known.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest

from weltnet import codec, observables
from weltnet.experiment import Frame
from weltnet.experiments import ALL, by_slug
from weltnet.observables import Cloud, ComplexField, Field, MetricField, Observable, Paths, Series
from weltnet.timeline import Timeline
from weltnet_app import assets, theme

STRINGS = by_slug("strings")

# -- scripts alone ----------------------------------------------------------------------------------------------------


@pytest.fixture
def script(browser: Any) -> Iterator[Any]:
    """run(body, argument): a function's body in a browser that holds the painters and no page."""
    layer = assets.joined("live", ("look", "message", "isolines", "isophase", "painters", "brush"))
    page = browser.new_page()
    yield lambda body, arg=None: page.evaluate(
        "([s, b, a]) => new Function('arg', `${s}\nreturn (() => {${b}})()`)(a)", [layer, body, arg]
    )
    page.close()


def test_lines_of_equal_value_are_where_they_must_be(script: Any) -> None:
    """Rests on geometry: one closed line within a hundredth of a cell of a circle; on noise every edge of the grid that
    a line crosses is on exactly one line; what is not kept is not crossed."""
    closed, error, edges, points, held = script(
        """
        const n = 96, f = new Float32Array(n * n), noise = new Float32Array(n * n), keep = new Uint8Array(n * n)
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
          f[i * n + j] = Math.hypot(i - 41.3, j - 52.1); noise[i * n + j] = Math.sin(999 * Math.sin(7 * i + 13 * j))
          keep[i * n + j] = i < 41
        }
        const [line, ...rest] = isolines(f, n, n, 30)
        let error = 0, edges = 0
        for (let k = 0; k < line.length; k += 2)
          error = Math.max(error, Math.abs(Math.hypot(line[k] - 41.3, line[k + 1] - 52.1) - 30))
        for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) for (const [a, b] of [[1, 0], [0, 1]])
          if (i + a < n && j + b < n && noise[i * n + j] > 0 !== noise[(i + a) * n + j + b] > 0) edges++
        const whole = l => l.length > 2 && l[0] === l.at(-2) && l[1] === l.at(-1)
        const points = isolines(noise, n, n, 0).reduce((s, l) => s + l.length / 2 - whole(l), 0)
        const held = Math.max(...isolines(f, n, n, 30, keep).flatMap(l => l.filter((_, k) => k % 2 === 0)))
        return [rest.length === 0 && whole(line), error, edges, points, held]
        """
    )
    assert closed and error < 0.01 and edges == points > 1000 and held <= 40


def test_lines_of_constant_phase_of_a_plane_wave(script: Any) -> None:
    """Rests on exp(ikx), as the codec sends it: a line of each phase once in a wavelength, in the right order, within
    the half of 1/256 turn by which a phase is rounded; none where the modulus is too small to have a phase."""
    n, turns = 64, 2
    x = (np.arange(n) + 0.5) / n
    psi = np.exp(2j * np.pi * turns * x)[:, None] * np.where(np.arange(n) < n // 2, 1.0, 0.01)[None, :]
    sent = _sent({"psi": ComplexField("p", psi, (0.0, 1.0, 0.0, 1.0), 1.0, "ψ")})
    lines = script(
        "const [psi] = parse(Uint8Array.from(atob(arg), c => c.charCodeAt(0)).buffer).items;"
        "return phases(psi, [1, 1]).map(ls => ls.map(l => [l[0], Math.max(...l.filter((_, k) => k % 2)), l.length]))",
        sent,
    )
    for quarter, found in enumerate(lines):
        places = sorted((i + 0.5) / n for i, *_ in found)
        known = [(turn + quarter / 4) / turns for turn in range(turns) if 1 / n < (turn + quarter / 4) / turns < 1]
        assert np.allclose(places, known, atol=0.6 / 256 / turns), quarter
        assert all(top <= n // 2 and points > n // 2 for _, top, points in found)


def test_painters_use_only_what_a_vector_figure_can(script: Any) -> None:
    """Rests on the names: every shape of evidence, seen, foretold and pinned, selected or with lines of phase, asks a
    context for paths, text, clips and one image only; and every one of them leaves a mark."""
    used = script(
        """
        const names = 'beginPath moveTo lineTo arc rect stroke fill clip save restore fillText setLineDash drawImage'
        const allowed = new Set(names.split(' '))
        const { items } = parse(Uint8Array.from(atob(arg.frame), c => c.charCodeAt(0)).buffer)
        const at = { x: v => 100 + 100 * v, y: v => 100 - 100 * v, left: 0, right: 200, top: 0, bottom: 200, room: 90 }
        const tables = { signed: new Uint32Array(256), positive: new Uint32Array(256), phase: new Uint32Array(65536) }
        const look = { k: 1, surface: 'paper', pins: ['', '#a', '#b', '#c', '#d'], tables, isophase: true, dark: false }
        const wrong = [], idle = [], inks = {}
        for (const item of items) for (const chosen of [null, Uint8Array.of(1, 0, 1, 1, 0, 0, 1)]) {
          const did = [], state = { measureText: s => ({ width: 6 * s.length }) }
          const call = name => (...given) => {
            did.push(name)
            if (name === 'stroke') (inks[item.side] ??= new Set()).add(state.strokeStyle)
            if (given.some(v => typeof v === 'number' && !Number.isFinite(v))) wrong.push(`${item.key} ${name}`)
          }
          const get = (t, name) => t[name] ?? (allowed.has(name) ? call(name) : wrong.push(name))
          const g = new Proxy(state, { get })
          PAINT[item.type](g, at, item, look, {}, item.side === 'seen' ? chosen : null)
          nameCurves(g, at, [item], look, slot => `run ${slot}`)
          if (!did.some(d => ['stroke', 'fill', 'drawImage'].includes(d))) idle.push(item.side + item.key)
        }
        return [wrong, idle, [...inks.pin2], Object.keys(PAINT).filter(type => !items.some(i => i.type === type))]
        """,
        {"frame": _sent(_one_of_each(), others=(1, 2, 3, 4))},
    )
    assert used == [[], [], ["#b", "paper"], []]


def _one_of_each() -> dict[str, Observable]:
    wave = np.exp(1j * np.linspace(0, 9, 64)).reshape(8, 8)
    points = np.linspace(-0.8, 0.8, 14).reshape(7, 2)
    extent = (-1.0, 1.0, -1.0, 1.0)
    return {
        "field": Field("p", 1.9 * wave.real, extent, (-2, 2), "f", signed=True, resolved=np.abs(wave.imag) < 0.95),
        "positive": Field("p", np.abs(wave.real), extent, (0, 1), "f"),
        "psi": ComplexField("p", wave * np.linspace(0, 1, 8), extent, 1.0, "ψ"),
        "curves": Series("p", points[:, 0], np.stack([points[:, 1], -points[:, 1]]), ("production", "net"),
                         ("production", "net"), "site"),
        "cloud": Cloud("p", points, 700, "q", kind="site"),
        "tracer": Cloud("p", points[:1], 1, "q*", role="tracer"),
        "paths": Paths.of("p", [np.concatenate([points, points[:1]])], "geodesic", kind="site"),
        "cones": MetricField("p", points, points, np.tile(np.eye(2), (7, 1, 1)), np.arange(7) % 2 == 0),
    }  # fmt: skip


def _sent(seen: dict[str, Observable], others: tuple[int, ...] = ()) -> str:
    frame = Frame(0, 0, 0.0, STRINGS.params(), seen, {}, "0" * 12)
    theory = {k: v for k, v in seen.items() if isinstance(v, Series | Cloud | Paths)}
    frame = Frame(0, 0, 0.0, STRINGS.params(), seen, theory, "0" * 12)
    return base64.b64encode(codec.encode(frame, others=dict.fromkeys(others, frame))).decode()


def test_one_kind_is_one_list_of_members() -> None:
    """Rests on the shapes: what the strings' page shows of its sites, in two pictures, has one point for each of them,
    a closed curve its first one twice; and a word that is not empty can be made a plural."""
    line: Timeline[Any, Any] = Timeline(STRINGS, STRINGS.params(), 1)
    line.advance()
    kinds = {k: v for k, v in line.frame().seen.items() if getattr(v, "kind", "")}
    assert {v.kind for v in kinds.values()} == {"site"} and len(kinds) == 2  # type: ignore[attr-defined]
    sites, closed, curve = STRINGS.params().sites, kinds["string"], kinds["profile"]
    assert isinstance(closed, observables.Paths) and isinstance(curve, observables.Series)
    assert len(closed.points) == sites + 1 and (closed.points[0] == closed.points[-1]).all()
    assert curve.y.shape[1] == sites and np.allclose(closed.points[:-1, 0], curve.y[0])


# -- pages ------------------------------------------------------------------------------------------------------------

NEAR = """(c, [r, g, b]) => {
  const copy = new OffscreenCanvas(c.width, c.height), pen = copy.getContext('2d', {willReadFrequently: true})
  pen.drawImage(c, 0, 0)
  const p = pen.getImageData(0, 0, c.width, c.height).data
  let n = 0
  for (let i = 0; i < p.length; i += 4) n += p[i + 3] > 80 && Math.hypot(p[i] - r, p[i + 1] - g, p[i + 2] - b) < 70
  return n
}"""
"""Pixels of a canvas near a colour."""

DIFFERENT = {
    "observatory": {"kappa": 4.0, "start": "valley", "replicas": 500},
    "diffusion": {"learning_rate": 0.45, "noise": 0.1},
    "kappa": {"kappa": 0.0, "replicas": 4000},
    "schrodinger": {"hbar": 0.3, "speed_1": 2.0, "replicas": 4000},
    "strings": {"broken": ["dense-mixing"], "modes": 2},
}


def near(visit: Any, plane: str, token: str) -> int:
    colour = theme.LIGHT[token]
    return int(visit.of(f"live-{plane}").evaluate(NEAR, [int(colour[i : i + 2], 16) for i in (1, 3, 5)]))


@pytest.mark.browser
@pytest.mark.sampled
@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_a_pinned_run_is_in_every_picture(visit: Any, experiment: Any) -> None:
    """A run pinned in slot 1 is painted in its ink on every plane, with a number in the readouts and a line under the
    pointer; unpinned again, at the same step, its ink is gone from every canvas and its words from the page."""
    few = "&replicas=4000" if "replicas" in experiment.params.knobs() else ""
    pin = quote(json.dumps([[7, DIFFERENT.get(experiment.slug, {}), []]]))
    visit.open(f"{experiment.slug}?seed=3{few}&pins={pin}", frames=30)
    visit.pause()
    with_pin = {plane: near(visit, plane, "pin1") for plane in experiment.planes}
    readouts = visit.page.locator(".readouts .pinned")
    assert 0 < readouts.count() <= visit.page.locator(".readouts [data-testid^=scalar-]").count()
    first = next(iter(experiment.planes))
    assert "beside it run 1, " in visit.stat(f"alt('{first}')")
    visit.of("chip-1").get_by_role("button").click()
    visit.wait(f"!window.weltnet.alt('{first}').includes('beside it')")
    visit.page.wait_for_timeout(800)
    for plane, pixels in with_pin.items():
        assert pixels > near(visit, plane, "pin1") + 8, f"{plane} shows nothing of the pinned run"
    assert readouts.count() == 0 and visit.complaints == []


WHERE = """([name, x, y]) => {
  for (const d of Bokeh.documents) for (const m of d._all_models.values()) if (m.tags?.includes(`weltnet:${name}`)) {
    const b = Bokeh.index.find_one(m).frame.bbox, r = m.x_range, s = m.y_range
    return [b.x + (x - r.start) / (r.end - r.start) * b.width,
            b.y + b.height - (y - s.start) / (s.end - s.start) * b.height]
  }
}"""


def screen_point(visit: Any, plane: str, x: float, y: float) -> tuple[float, float]:
    """Where a point of a plane is on the screen."""
    box, at = visit.of(f"live-{plane}").bounding_box(), visit.page.evaluate(WHERE, [plane, x, y])
    return box["x"] + at[0], box["y"] + at[1]


RANGE = """([name, axis]) => {
  for (const d of Bokeh.documents) for (const m of d._all_models.values())
    if (m.tags?.includes(`weltnet:${name}`)) return [m[axis].start, m[axis].end]
}"""

COLUMN = """(c, x) => {
  const copy = new OffscreenCanvas(c.width, c.height), pen = copy.getContext('2d', {willReadFrequently: true})
  pen.drawImage(c, 0, 0)
  let n = 0
  const p = pen.getImageData(Math.round(x) - 1, 0, 3, c.height).data
  for (let i = 3; i < p.length; i += 4) n += p[i] > 0
  return n
}"""


@pytest.mark.browser
def test_axes_move_and_members_light_up_together(visit: Any) -> None:
    """Two planes of the strings share s/L: the wheel over one changes the range of the other and of no third, the
    pointer is a hairline in both, a double tap resets both. A box drawn with shift over the one marks its sites in both
    pictures that show sites, says how many, alters nothing of the run, and Escape gives every pixel back."""
    visit.open("strings?seed=3", frames=8)
    visit.pause()
    mouse, ranges = visit.page.mouse, lambda plane, axis: visit.page.evaluate(RANGE, [plane, axis])
    y_before, third = ranges("profile", "y_range"), ranges("target", "x_range")
    mouse.move(*screen_point(visit, "history", 0.25, -128.0))
    visit.page.wait_for_timeout(300)
    column = visit.page.evaluate(WHERE, ["profile", 0.25, 0.0])[0]
    hair = visit.of("plane-profile").locator(".over")
    assert hair.evaluate(COLUMN, column) > 20 and hair.evaluate(COLUMN, column + 30) == 0
    mouse.wheel(0, -240)
    visit.page.wait_for_timeout(500)
    zoomed = ranges("history", "x_range")
    assert 0 < zoomed[0] < 0.25 < zoomed[1] < 1 and ranges("profile", "x_range") == zoomed
    assert ranges("profile", "y_range") == y_before and ranges("target", "x_range") == third
    mouse.dblclick(*screen_point(visit, "profile", 0.25, 0.0))
    visit.page.wait_for_timeout(500)
    assert ranges("history", "x_range") == ranges("profile", "x_range") == [0, 1]
    assert ranges("history", "y_range") == [-256, 0]

    mouse.move(5, 5)
    planes, digest = list(STRINGS.planes), visit.stat("digest")
    before, accent = {p: visit.pixels(p)[0] for p in planes}, near(visit, "target", "accent")
    select(visit, "profile", (0.2505, -2.4), (0.5005, 2.4))
    assert "64 of 256 sites selected" in visit.of("chosen").inner_text()
    assert "64 of 256 sites selected" in visit.stat("alt('target')")
    changed = {p for p in planes if visit.pixels(p)[0] != before[p]}
    assert changed == {"target", "profile"} and near(visit, "target", "accent") > accent
    assert visit.stat("digest") == digest and ranges("profile", "x_range") == [0, 1]
    visit.page.keyboard.press("Escape")
    visit.page.wait_for_timeout(300)
    assert {p: visit.pixels(p)[0] for p in planes} == before and visit.of("chosen").count() == 0
    assert visit.complaints == []


@pytest.mark.browser
def test_phase_without_colour(visit: Any) -> None:
    """I draws the lines of constant phase on ψ and on nothing else, the address keeps them over a reload, the wheel
    of the legend takes them off again. A box drawn with shift selects replicas, not the weights of the experiment; and
    the text alternative of the paused picture says the numbers that are read."""
    visit.open("observatory?kappa=3&start=valley&replicas=4000&seed=3", frames=25)
    visit.pause()
    planes = ("weights", "ledger", "space")
    before = {p: visit.pixels(p)[0] for p in planes}
    visit.page.keyboard.press("i")
    visit.page.wait_for_timeout(400)
    assert [p for p in planes if visit.pixels(p)[0] != before[p]] == ["weights"]
    wheel = visit.of("isophase")
    assert wheel.get_attribute("aria-pressed") == "true" and "iso=1" in visit.page.url
    lines = visit.pixels("weights")[0]
    visit.page.wait_for_timeout(1200)
    visit.page.reload()
    visit.wait("window.weltnet?.paints > 0 && window.weltnet.state === 'paused'")
    visit.page.wait_for_timeout(800)
    assert visit.pixels("weights")[0] == lines
    wheel.click()
    visit.page.wait_for_timeout(400)
    assert visit.pixels("weights")[0] == before["weights"] and "iso=1" not in visit.page.url

    select(visit, "weights", (-2.9, -2.9), (2.9, 2.9))
    assert "of the 400 replicas drawn selected" in visit.of("chosen").inner_text()
    assert visit.stat("params()")["selected"] is None
    said = visit.of("plane-weights").locator(".body").get_attribute("aria-label")
    value = visit.of("scalar-hbar2").locator("b").inner_text()
    assert f"ħ² {value}" in said and "4\u2009000 replicas" in said and f"At step {visit.stat('step')}" in said
    ledger = visit.of("plane-ledger").locator(".body").get_attribute("aria-label")
    assert "production ends at 0.0" in ledger and "destruction ends at −0.0" in ledger
    assert visit.complaints == []


def select(visit: Any, plane: str, low: tuple[float, float], high: tuple[float, float]) -> None:
    """Draw a box with shift from one corner to the other."""
    mouse, keyboard = visit.page.mouse, visit.page.keyboard
    keyboard.down("Shift")
    mouse.move(*screen_point(visit, plane, *low))
    mouse.down()
    mouse.move(*screen_point(visit, plane, *[(a + b) / 2 for a, b in zip(low, high, strict=True)]), steps=3)
    mouse.move(*screen_point(visit, plane, *high), steps=3)
    mouse.up()
    keyboard.up("Shift")
    mouse.move(5, 5)
    visit.page.wait_for_timeout(400)
