"""Figures of planes, and the page built around them without a browser."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import holoviews as hv
import numpy as np
import pytest

from weltnet import calibrations, observables, provenance, verifications
from weltnet.experiment import Frame, Verdict
from weltnet.experiments import ALL, by_slug
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Series
from weltnet.timeline import Log
from weltnet_app import assets
from weltnet_app.calibrating import Calibrated, Command, missed
from weltnet_app.page import Desk, page
from weltnet_app.verdict_cards import WORDS, Cards, Stored, age, face, stored, strip
from weltnet_app.views.figure import Figure, borders, describe

PLANE = Plane("Weights", "replicas", Axis("q₁", -3, 3), Axis("q₂", -2, 2, "nat"), square=True)


def frame(experiment: Any, seen: dict[str, Observable]) -> Frame:
    return Frame(0, 0, 0.0, experiment.params(), seen, {}, "0" * 12)


class StillRun:
    """A run that does not run: it remembers what it was told."""

    def __init__(self, experiment: Any) -> None:
        self.id, self.experiment, self.version = "still", experiment, 0
        self.params, self.seed, self.step = experiment.params(), 7, 0
        self.playing, self.speed = True, 1.0
        self.layout: Frame | None = None
        self.layout_id, self.error, self.notice = "", "", ""
        self.verdicts: tuple[Verdict, ...] = ()
        self.progress: tuple[float, str] | None = None
        self.stoppable = True
        self.told: list[Any] = []
        self.end, self.kept, self.pins = 0, (), ()
        self.log, self.digest = Log(7, self.params.model_dump(mode="json")), ""

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args: self.told.append((name, *args))

    def set(self, **changes: Any) -> None:
        self.params = self.experiment.params.parse(changes, self.params)

    def link(self) -> str:
        return f"seed={self.seed}"


def render(figure: Figure) -> Any:
    return hv.renderer("bokeh").get_plot(figure.element).state


def test_figure_has_the_planes_axes_and_no_furniture() -> None:
    """Rests on HoloViews: limits and titles of the plane, no toolbar, no grid, fixed borders, one hover."""
    state = render(Figure("weights", PLANE))
    assert (state.x_range.start, state.x_range.end, state.y_range.start, state.y_range.end) == (-3, 3, -2, 2)
    assert (state.xaxis[0].axis_label, state.yaxis[0].axis_label) == ("q₁", "q₂ / nat")
    assert state.toolbar_location is None and not any(g.visible for g in state.grid)
    assert state.min_border_left == borders(1.0, labelled=False)["left"]
    assert sum(type(t).__name__ == "HoverTool" for t in state.tools) == 1
    assert state.tags == ["weltnet:weights"]


def test_static_paths_go_into_the_standing_figure() -> None:
    """Rests on HoloViews' pipe: the same Bokeh figure shows new contours after a restart; nothing is rebuilt."""
    figure = Figure("weights", PLANE)
    state = render(figure)
    lines = [r for r in state.renderers if "role:contour" in r.glyph.tags]
    assert len(lines) == 1 and len(lines[0].data_source.data["xs"]) == 0
    ring = np.stack([np.cos(np.linspace(0, 6, 9)), np.sin(np.linspace(0, 6, 9))], axis=1)
    seen = {
        "loss": Paths.of("weights", [ring, 2 * ring], "contour", static=True),
        "moving": Paths.of("weights", [ring], "ink"),
        "names": Series("weights", np.zeros(1), np.zeros((1, 1)), ("net",), ("net",)),
    }
    figure.show(frame(ALL[0], seen))
    data = lines[0].data_source.data
    assert len(data["xs"]) == 2 and np.allclose(data["xs"][1], 2 * ring[:, 0])
    assert state.min_border_right == borders(1.0, labelled=True)["right"] > borders(1.0, labelled=False)["right"]


def test_selections_stay_inside_the_plane() -> None:
    """Rests on the plane's axes: a brush that leaves the frame is cut at its edge, a tap is a box without size."""
    boxes: list[Any] = []
    figure = Figure("weights", PLANE, select=boxes.append)
    figure._brush.event(bounds=(-9.0, -1.0, 1.0, 9.0))
    figure._tap.event(x=0.5, y=-0.5)
    figure._clear.event(x=0.0, y=0.0)
    assert boxes == [(-3.0, -1.0, 1.0, 2.0), (0.5, -0.5, 0.5, -0.5), None]


def test_every_shape_of_evidence_has_a_painter() -> None:
    """Rests on `observables`: a type added there without a painter in the live layer fails here, not on a screen."""
    script = assets.read("live/painters.js")
    block = script[script.index("const PAINT = {") : script.index("function nameCurves")]
    painted = set(re.findall(r"^  (\w+)\(g, at, item.*\{$", block, flags=re.M))
    shapes = {c.__name__ for c in vars(observables).values() if isinstance(c, type) and issubclass(c, Observable)}
    assert painted == shapes - {"Observable", "Scalar"}


def test_text_alternative_says_what_is_drawn() -> None:
    """Rests on the frame: title, caption, axes with limits, and the evidence by name."""
    seen = {
        "p": Field("weights", np.zeros((2, 2)), (-3, 3, -2, 2), (0, 1), "p"),
        "elsewhere": Cloud("other", np.zeros((1, 2)), 1, "q"),
    }
    said = describe(PLANE, frame(ALL[0], seen), "weights")
    assert said == "Weights: replicas. Axes q₁ from -3 to 3 and q₂ / nat from -2 to 2. Shows p (Field)."


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
@pytest.mark.parametrize("view", ["", "projector"])
def test_page_builds_before_any_frame(experiment: Any, view: str) -> None:
    """Rests on Panel: axes, knobs and cards are there although the run has shown nothing yet."""
    root = page(StillRun(experiment), experiments=ALL, theme="dark", view=view)
    model = root.get_root()
    tags = [t for m in model.references() for t in m.tags if isinstance(t, str) and t.startswith("weltnet:")]
    assert sorted(tags) == sorted(f"weltnet:{k}" for k in experiment.planes)


def test_page_acts_on_the_run_and_says_refusals() -> None:
    """Rests on the contract of a run: each message of the browser is one call; a bad one is one sentence."""
    run = StillRun(ALL[0])
    desk = Desk(run, ALL, "light", "")
    for message in (
        {"act": "toggle"},
        {"act": "forward"},
        {"act": "seed", "value": "12"},
        {"act": "speed", "value": 2},
    ):
        desk._act(message)
    assert run.told == [("pause",), ("step_forward",), ("reseed", 12), ("set_speed", 2.0)]
    desk._act({"act": "seed", "value": "1e9"})
    assert desk.state.message == "seed = '1e9' is refused; allowed: a whole number from 0 up"
    desk._act({"act": "rewind"})
    assert desk.state.message == ""
    number = next(k for k in ALL[0].params.knobs().values() if k.kind == "number")
    desk._act({"act": "throw", "value": {number.name: number.high}})
    assert getattr(run.params, number.name) == number.high
    desk._act({"act": "throw", "value": {number.name: 10 * number.high}})
    assert number.allowed in desk.state.message and getattr(run.params, number.name) == number.high


def test_page_shows_the_state_of_the_run() -> None:
    """Rests on the contract of a run: error, notice, progress and broken planes reach the live layer as they are."""
    run = StillRun(ALL[0])
    desk = Desk(run, ALL, "light", "")
    saboteur = next(s for s in ALL[0].saboteurs if s.planes)
    run.set(broken=(saboteur.name,))
    run.error, run.progress, run.playing = "It stopped.", (0.5, "training"), False
    desk.refresh()
    state = desk.state
    assert (state.error, state.playing) == ("It stopped.", False)
    assert state.progress == {"fraction": 0.5, "text": "training", "stop": True}
    assert state.broken == dict.fromkeys(saboteur.planes, saboteur.assumption)


KEPT = Stored("what is stored", "what is stored, in more words")

# -- verdict cards ----------------------------------------------------------------------------------------------------


def verdict(**changes: Any) -> Verdict:
    plain: dict[str, Any] = {
        "claim": ALL[0].claims[0].name,
        "word": "holds",
        "symbol": "r",
        "measured": 1.0,
        "error": 0.1,
        "predicted": 1.1,
        "band": (0.8, 1.4),
        "null": 0.0,
        "sentence": "Mean.",
    }
    return Verdict(**(plain | changes))


@pytest.mark.parametrize("measured", [1.0, -1e6, 1e-12, 5.0])
def test_every_mark_stays_on_the_strip(measured: float) -> None:
    """Rests on the geometry of the strip: whatever was measured, no mark leaves 0…100 %."""
    marks = [float(x) for x in re.findall(r"left:(-?[\d.]+)%", strip(verdict(measured=measured)))]
    assert len(marks) == 5 and all(0 <= m <= 100 for m in marks)


@pytest.mark.parametrize("word", WORDS)
def test_card_says_word_shape_and_numbers(word: str) -> None:
    """Rests on the verdict: the four words differ in text and in shape, not by colour alone."""
    claim = ALL[0].claims[0]
    shown = face(claim, verdict(word=word), KEPT, broken=False)
    assert f'data-word="{word}"' in shown and WORDS[word] in shown and "<svg" in shown  # type: ignore[index]
    assert "1.00" in shown and "what is stored" in shown and "nan" not in shown.lower()
    assert "Nothing measured yet." in face(claim, None, KEPT, broken=False)


def test_card_of_an_estimator_that_is_off_gives_no_word() -> None:
    """Rests on the calibration: none of the four words, the number still there, and which known answer was missed."""
    shown = face(ALL[0].claims[0], verdict(), KEPT, broken=False, missed="Flat space: measured 1, known 0.")
    assert 'data-word="uncalibrated"' in shown and "estimator is off" in shown and "Flat space" in shown
    assert "1.00" in shown and not any(f'data-word="{w}"' in shown or f"</svg>{n}" in shown for w, n in WORDS.items())


STRINGS = by_slug("strings")
CLAIM = STRINGS.claims[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of this test's own for what is stored."""
    monkeypatch.setattr(provenance, "folder", lambda: tmp_path)
    return tmp_path


def rows(count: int, **values: Any) -> list[verifications.Row]:
    plain: dict[str, Any] = {"claim": CLAIM.name, "word": CLAIM.registered, "error": 0.1, "seconds": 1.0}
    return [verifications.Row(seed=s, measured=0.1 * s, **(plain | values)) for s in range(count)]


def line(**knobs: Any) -> Stored:
    params = STRINGS.params.parse(knobs)
    return stored(STRINGS, CLAIM, params, verifications.load(STRINGS.slug))


def test_card_says_what_verification_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests on the stored distribution: nothing yet, the count and its numbers, a seed that differs, older sources."""
    command = f"weltnet verify {STRINGS.slug} --seeds 20"
    assert line().line.endswith(f"not verified on this installation yet: {command}") and line().seeds == ()
    verifications.add(STRINGS.slug, rows(5))
    assert line().line == "5 seeds: 5 hold, as registered · median 0.20, 0.00–0.40 · today · v" + provenance.__version__
    assert line().seeds == pytest.approx((0.0, 0.1, 0.2, 0.3, 0.4))
    assert "revision" in line().words and "between seeds" in line().words
    verifications.add(STRINGS.slug, rows(1, word="undecided"))
    assert line().line.startswith("registered: holds · 5 seeds: 4 hold, 1 undecided · ")
    monkeypatch.setattr(provenance, "sources", lambda: "another")
    assert "of an older version" in line().line


def test_card_says_for_which_knobs(folder: Path) -> None:
    """Rests on the claim: at other knobs than those it is registered for, the line says so and draws no seeds."""
    verifications.add(STRINGS.slug, rows(5) + rows(3, broken="lazy-hop", word="fails"))
    elsewhere = line(modes=3)
    assert "at the defaults: 5 seeds: 5 hold" in elsewhere.line and elsewhere.seeds == ()
    broken = line(broken="lazy-hop")
    assert broken.line.startswith("3 seeds: 3 fail · broken") and len(broken.seeds) == 3
    assert "--sabotage" in line(broken="dense-mixing").line
    both = line(broken=("lazy-hop", "dense-mixing"))
    assert "at the defaults: 5 seeds" in both.line and both.seeds == ()


def test_stored_seeds_do_not_squeeze_the_strip() -> None:
    """Rests on the geometry of the strip: a wild seed is drawn at the edge, and at most sixty are drawn."""
    band = re.findall(r'class="band" style="left:([\d.]+)%;width:([\d.]+)%', strip(verdict(), (0.9, 1e9, -1e9)))
    assert float(band[0][1]) > 10
    marks = [float(x) for x in re.findall(r'class="seed" style="left:(-?[\d.]+)%', strip(verdict(), (0.9, 1e9, -1e9)))]
    assert len(marks) == 3 and all(0 <= m <= 100 for m in marks)


def test_age_is_said_in_words() -> None:
    """Rests on the calendar."""
    now = datetime.now(UTC)
    assert [age(now - timedelta(days=d)) for d in (0, 1, 9)] == ["today", "yesterday", "9 days ago"]
    assert age(datetime(2020, 2, 3, tzinfo=UTC)) == "2020-02-03"


def test_calibrations_of_a_page(folder: Path) -> None:
    """Rests on the stored results: nothing yet, some, all, and one that is missed; every row has its known answer."""
    shown = Calibrated(lambda message: None)
    shown.follow(STRINGS)
    assert (shown.state, shown.line) == ("none", "Not calibrated in this version yet")
    assert len(shown.rows) == len(STRINGS.calibrations) and all(r["known"] and not r["word"] for r in shown.rows)
    first, *rest = (calibrations.measure(calibrations.by_name(n)) for n in STRINGS.calibrations)
    calibrations.add([first])
    shown.follow(STRINGS)
    assert shown.state == "some" and shown.line.startswith(f"Calibrated: 1 of {len(shown.rows)} known answers")
    calibrations.add(rest)
    shown.follow(STRINGS)
    assert shown.state == "reproduced" and shown.line.endswith("reproduced · today") and not missed(STRINGS)
    calibrations.add([first.model_copy(update={"measured": 0.6})])
    shown.follow(STRINGS)
    assert shown.state == "missed" and "measured 0.6000 ± 0.0012, known 0.5774" in missed(STRINGS)


def test_calibrations_run_apart_and_can_be_stopped(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests on the command line: another process is asked, its progress is told, and stopping ends it."""
    script = (
        "import sys,time\nfor i in (1, 2): print(f'{i} of 2: Case {i} …', file=sys.stderr, flush=True)\ntime.sleep(60)"
    )
    real, asked = asyncio.create_subprocess_exec, []

    async def fake(*command: str, **named: Any) -> Any:
        asked.append((command, await real(sys.executable, "-c", script, **named)))
        return asked[-1][1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fake)
    command, heard = Command(), []
    command.watch(lambda: heard.append(command.progress))

    async def go() -> None:
        command.start(("a", "b"))
        command.start(("c",))
        for _ in range(500):
            await asyncio.sleep(0.02)
            if command.progress == (0.5, "2 of 2: Case 2"):
                break
        command.stop()
        while command.progress:
            await asyncio.sleep(0.02)
        await asked[0][1].wait()

    asyncio.run(go())
    assert len(asked) == 1 and asked[0][0][1:] == ("-m", "weltnet_app", "calibrate", "a", "b")
    assert heard[0] == (0.0, "starting") and (0.5, "2 of 2: Case 2") in heard and heard[-1] is None
    assert asked[0][1].returncode != 0 and command.fault == ""


def test_break_it_turns_the_switch_and_follows_without_an_echo() -> None:
    """Rests on Params: a person's switch is one call; a change from elsewhere moves the switch and calls nobody."""
    experiment = next(e for e in ALL if e.saboteurs)
    asked: list[tuple[str, ...]] = []
    cards = Cards(experiment, experiment.params(), asked.append)
    name = experiment.saboteurs[0].name
    cards._switches[name][0].value = True
    assert asked == [(name,)]
    cards.follow((), experiment.params.parse({"broken": (name,)}))
    assert asked == [(name,)] and all(s.value for s in cards._switches[name])
    cards.follow((), experiment.params())
    assert asked == [(name,)] and not any(s.value for s in cards._switches[name])
