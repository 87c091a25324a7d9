"""One experiment's page in one browser: it shows a run and turns its knobs, and the run does not depend on it."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui
import param
from panel.util import edit_readonly

from weltnet.experiment import Experiment, Frame, Verdict
from weltnet.params import BadParams, Knob, Params
from weltnet.timeline import Log
from weltnet_app import assets, calibrating, comparing, theme
from weltnet_app.controls import Controls
from weltnet_app.hearing import Hearing
from weltnet_app.narration import Narration
from weltnet_app.runs import Place
from weltnet_app.tally import shaken
from weltnet_app.touring import STRAYS, Touring, menu
from weltnet_app.verdict_cards import Cards
from weltnet_app.views.figure import Figure, describe
from weltnet_app.views.live import Live, State

__all__ = ["page"]

pn.extension("katex", notifications=False)

VIEWS = {"": 1.0, "desk": 1.0, "projector": 1.5}
"""View → scale of fonts, lines and marks."""

VERDICTS_EVERY = 0.5
"""Seconds between two updates of the verdict cards."""


class Run(Protocol):
    """What the page needs of `weltnet_app.runs.Run`."""

    id: str
    experiment: Experiment[Any, Any]
    version: int
    params: Params
    seed: int
    step: int
    playing: bool
    speed: float
    layout: Frame | None
    layout_id: str
    verdicts: tuple[Verdict, ...]
    progress: tuple[float, str] | None
    stoppable: bool
    error: str
    notice: str
    end: int
    kept: tuple[int, ...]
    log: Log
    digest: str

    @property
    def pins(self) -> Sequence[comparing.Pinned]: ...
    def play(self, until: int | None = None) -> None: ...
    def place(self) -> Place: ...
    def go(self, place: Place) -> None: ...
    def pause(self) -> None: ...
    def halt(self) -> None: ...
    def step_forward(self) -> None: ...
    def step_back(self) -> None: ...
    def seek(self, step: int) -> None: ...
    def pin(self) -> None: ...
    def branch(self) -> None: ...
    def unpin(self, slot: int) -> None: ...
    def rewind(self) -> None: ...
    def reseed(self, seed: int | None = None) -> None: ...
    def set(self, **changes: Any) -> None: ...
    def set_speed(self, x: float) -> None: ...
    def resume_last_good(self) -> None: ...
    def link(self) -> str: ...
    def watch(self, callback: Callable[[], None]) -> Callable[[], None]: ...


def page(
    run: Run, *, experiments: Sequence[Experiment[Any, Any]], theme: str, view: str, tour: tuple[str, int] | None = None
) -> pn.viewable.Viewable:
    """The whole page of a run. `theme` is `light`, `dark` or nothing; `view` is `desk`, `projector` or nothing; `tour`
    is the name and the stop of a tour that the run is already at."""
    mode, view = theme if theme in ("light", "dark") else "light", view if view in VIEWS else ""
    return Desk(run, experiments, mode, view, tour).root


class Bar(Hearing):
    """Where we are, time, luck and links (see `assets/bar.js`)."""

    _esm = assets.joined(".", ("icons", "bar"))
    _stylesheets = [theme.sheet("bar.css")]  # noqa: RUF012 (Panel reads a plain list)

    experiments = param.List()
    tours = param.List()
    slug = param.String()
    playing = param.Boolean()
    speed = param.Number(1.0)
    seed = param.String()


class Heading(pn.custom.JSComponent):
    """Title, question, formula, and what was put in by hand (see `assets/heading.js`)."""

    _esm = assets.ASSETS / "heading.js"
    _stylesheets = [theme.sheet("heading.css"), theme.katex()]  # noqa: RUF012 (Panel reads a plain list)

    title = param.String()
    question = param.String()
    formula = param.String()
    by_hand = param.String()
    emergent = param.String()
    shaken = param.List()
    """What this page must say because another claim fails: [sentence, slug]."""


DESKS: weakref.WeakSet[Desk] = weakref.WeakSet()
"""The pages that are in memory: a handful more than are open."""


class Desk:
    """A page and the run it shows. Everything people do goes through `_act`; everything they see through `refresh`."""

    def __init__(
        self,
        run: Run,
        experiments: Sequence[Experiment[Any, Any]],
        mode: str,
        view: str,
        tour: tuple[str, int] | None = None,
    ) -> None:
        DESKS.add(self)
        self.run, self.experiment = run, run.experiment
        self._complaint = ""
        self._judged = 0.0
        self._scheduled = self._served = False
        self._layout = ""
        scale = VIEWS[view]
        e = self.experiment
        regions = {k.plane: k for k in e.params.knobs().values() if k.kind == "region"}
        self.figures = {
            key: Figure(
                key,
                plane,
                scale=scale,
                ticks=5 if i == 0 else max(3, min(5, 8 - len(e.planes))),
                select=self._selector(regions[key].name) if key in regions else None,
                boxes=key in regions and not regions[key].velocity,
            )
            for i, (key, plane) in enumerate(e.planes.items())
        }
        self.controls = Controls(e, run.params, self._set, self._complain, folded=view == "projector")
        self.touring = Touring(e, run, self.controls.set, self.refresh, self._act)
        self.narration = Narration(e)
        # In front of a hall the presenter's large controls break things.
        self.cards = Cards(e, run.params, lambda names: self.controls.set(broken=names), switches=view != "projector")
        self.calibrated = calibrating.Calibrated(self._calibrate, margin=0)
        self.bar = Bar(
            self._act,
            slug=e.slug,
            experiments=[{"slug": x.slug, "title": x.title, "group": x.group} for x in experiments],
            tours=menu(experiments),
            sizing_mode="stretch_width",
            margin=0,
        )
        self.state = State(visible=False)
        self.live = Live(
            self._act,
            state=self.state,
            heading=Heading(
                title=e.title,
                question=e.question,
                formula=e.formula,
                by_hand=e.by_hand,
                emergent=e.emergent,
                shaken=[[keystone.sentence, slug] for slug, keystone in shaken(e, experiments)],
            ),
            figures=[
                pn.pane.HoloViews(f.element, sizing_mode="stretch_both", linked_axes=False, margin=0)
                for f in self.figures.values()
            ],
            cards=self.cards.panes,
            claims=[c.name for c in e.claims],
            saboteurs=[{"name": s.name, "assumption": s.assumption, "turns": list(s.turns)} for s in e.saboteurs],
            calibrated=self.calibrated,
            run=run.id,
            slug=e.slug,
            view=view or "desk",
            planes=_planes(e, regions, run.layout),
            palettes=theme.palettes(),
            time_unit=e.time_unit,
            sizing_mode="stretch_both",
            margin=0,
        )
        self.acts = self._acts()
        if tour:
            self.touring.start(*tour, there=True)
        self.root = self._shell(mode, view, scale)
        self.refresh()
        self._follow()

    # -- what people do ----------------------------------------------------------------------------------------------

    def _acts(self) -> dict[str, Callable[[Any], None]]:
        """What a browser may ask for by name, with one value."""
        run = self.run
        return {
            "ready": lambda _: self._greet(),
            "toggle": lambda _: run.pause() if run.playing else run.play(),
            "pause": lambda _: run.pause(),
            "stop": lambda _: run.halt(),
            "forward": lambda _: run.step_forward(),
            "back": lambda _: run.step_back(),
            "seek": lambda value: run.seek(_whole("step", value)),
            "pin": lambda _: run.pin(),
            "branch": lambda _: run.branch(),
            "unpin": lambda value: run.unpin(_whole("pin", value)),
            "rewind": lambda _: run.rewind(),
            "reseed": lambda _: run.reseed(),
            "seed": lambda value: run.reseed(_whole("seed", value)),
            "speed": lambda value: run.set_speed(_number(value)),
            "last_good": lambda _: run.resume_last_good(),
            "link": lambda _: self._copy(run.link()),
            "dismiss": lambda _: self._dismiss(),
            "tour": lambda value: self._tour(value),
            "break": lambda value: self._break(value),
            "heard": lambda _: self._heard(),
            "throw": lambda value: self._throw(value),
        }

    def _act(self, message: Mapping[str, Any]) -> None:
        name = message.get("act")
        act = self.acts.get(name) if isinstance(name, str) else None
        if act is None:
            return
        try:
            act(message.get("value"))
            if name in STRAYS:
                self.touring.strayed()
        except BadParams as refused:
            self._complain(str(refused))
        else:
            if self._complaint:
                self._complaint = ""
                self.refresh()

    def _copy(self, query: str) -> None:
        left = " without the pinned runs, which it is too long for" if self.run.pins and "pins=" not in query else ""
        self.live.tell(copy=query, said=f"The link to this exact state is in the clipboard{left}.")

    def _dismiss(self) -> None:
        self._complaint = self.run.notice = ""
        self.refresh()

    def _tour(self, value: Any) -> None:
        self.touring.act(value)
        self.root.sidebar_open = self.root.sidebar_open or self.touring.tour is not None

    def _break(self, name: Any) -> None:
        on = set(self.run.params.broken) ^ ({name} if isinstance(name, str) else set())
        self.controls.set(broken=tuple(s.name for s in self.experiment.saboteurs if s.name in on))

    def _heard(self) -> None:
        self.narration.dismiss()
        self.refresh()

    def _calibrate(self, message: Mapping[str, Any]) -> None:
        if message.get("act") == "calibrate":
            calibrating.COMMAND.start(self.experiment.calibrations)
        elif message.get("act") == "stop":
            calibrating.COMMAND.stop()

    def _greet(self) -> None:
        # The browser calls until it is heard: Panel drops every change it makes before the whole page has reported.
        if pn.state.loaded:
            self.state.greeted = True
            self.refresh()

    def _set(self, /, **changes: Any) -> None:
        self.run.set(**changes)
        self.touring.strayed()
        self._complaint = ""
        self.refresh()

    def _throw(self, value: Any) -> None:
        if isinstance(value, dict):
            self._set(**{k if isinstance(k, str) else "": v for k, v in value.items()})

    def _selector(self, name: str) -> Callable[[Any], None]:
        return lambda box: self.controls.set(**{name: box})

    def _complain(self, sentence: str) -> None:
        self._complaint = sentence
        self.refresh()

    # -- what they see -----------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the run as it is now; the pictures need none of this."""
        if self._served and not self.state.greeted:
            return
        run, state, bar = self.run, self.state, self.bar
        self.narration.follow(run)
        with pn.io.hold():
            self.touring.follow()
            _update(bar, playing=run.playing, speed=run.speed, seed=str(run.seed))
            on = [s for s in self.experiment.saboteurs if run.params.breaks(s.name)]
            broken = {plane: s.assumption for s in on for plane in s.planes}
            progress = None
            if run.progress is not None:
                progress = {"fraction": run.progress[0], "text": run.progress[1], "stop": run.stoppable}
            _update(
                state,
                playing=run.playing,
                seed=str(run.seed),
                query=run.link(),
                message=self._complaint or run.notice,
                error=run.error,
                progress=progress,
                broken=broken,
                told=self.narration.text,
                speed=run.speed,
                touring=self.touring.here,
                look=self.touring.look,
                apart=[v.claim for v in run.verdicts if v.word == "outside-regime"],
                end=run.end,
                kept=list(run.kept),
                pins=comparing.chips(run, run.pins),
                compared=comparing.table(self.experiment, run, run.pins) if run.pins else [],
            )
            if run.layout is not None and run.layout_id != self._layout:
                self._layout = run.layout_id
                for figure in self.figures.values():
                    figure.show(run.layout)
                state.layout = run.layout_id
            self.controls.follow(run.params)
            now = time.monotonic()
            if (
                not run.playing
                or now - self._judged >= VERDICTS_EVERY
                or run.params.broken != self.cards._params.broken
            ):
                self._judged = now
                self.cards.follow(run.verdicts, run.params, calibrating.missed(self.experiment))
            self.calibrated.follow(self.experiment)

    def _follow(self) -> None:
        document = pn.state.curdoc
        if document is None or not document.session_context:
            return
        self._served = True
        unwatch = [watch(lambda: self._soon(document)) for watch in (self.run.watch, calibrating.COMMAND.watch)]

        def leave(context: Any) -> None:
            for end in (*unwatch, *(figure.close for figure in self.figures.values())):
                end()

        pn.state.on_session_destroyed(leave)

    def _soon(self, document: Any) -> None:
        # A run may move many times before the session's turn comes: one refresh shows them all.
        if self.state.greeted and not self._scheduled:
            self._scheduled = True
            document.add_next_tick_callback(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        self.refresh()

    # -- the frame of the page ---------------------------------------------------------------------------------------

    def _shell(self, mode: str, view: str, scale: float) -> Any:
        if (document := pn.state.curdoc) is not None:
            document.theme = theme.bokeh()
            document.template_variables["html_attrs"] = f'data-theme="{mode}"'
        height = "calc(56px * var(--k))"
        shell = pmui.Page(
            title=f"{self.experiment.title} · weltnet",
            favicon=assets.ASSETS / "icon.svg",
            header=[self.bar],
            sidebar=[self.touring.guide, self.controls.knobs],
            main=[self.live],
            sidebar_open=view != "projector" or self.touring.tour is not None,
            sidebar_width=round(256 * scale),
            sidebar_resizable=False,
            dark_theme=mode == "dark",
            theme_toggle=False,
            theme_config=theme.material(),
            busy_indicator=None,
            raw_css=[theme.css(scale)],
            sx={
                ".MuiAppBar-root": {
                    "backgroundColor": "var(--paper)", "backgroundImage": "none", "color": "var(--ink)",
                    "boxShadow": "none", "borderBottom": "1px solid var(--line)",
                },
                # The frame's own link, headings and progress line say nothing: what has no words must not be read out.
                ".MuiAppBar-root a, .MuiToolbar-root > h5, .MuiLinearProgress-root": {"display": "none !important"},
                ".MuiDrawer-paper": {
                    "backgroundColor": "var(--paper)", "backgroundImage": "none", "borderRight": "1px solid var(--line)"
                },
                "@media (prefers-reduced-motion: reduce)": {"*": {"transition": "none !important"}},
                "@media (max-width: 700px)": {".MuiAppBar-root .MuiIconButton-root": {"display": "none"}},
                ".MuiToolbar-root": {"minHeight": f"{height} !important", "height": height},
                ".main": {"padding": "0 !important", "backgroundColor": "var(--paper) !important"},
                "backgroundColor": "var(--paper)",
            },
        )  # fmt: skip
        # A page follows Panel's busy flag: each flip of it walks through all models of the page (40 ms here), and the
        # flag, which outlives every page, would keep this one alive.
        with edit_readonly(shell):
            shell.busy = False
        for watcher in list(pn.state.param.watchers["busy"]["value"]):
            if getattr(getattr(watcher.fn, "__self__", None), "self", None) is shell:
                pn.state.param.unwatch(watcher)
        return shell


def _planes(experiment: Experiment[Any, Any], regions: Mapping[str, Knob], frame: Frame | None) -> list[dict[str, Any]]:
    planes, knobs = list(experiment.planes.items()), experiment.params.knobs()
    wide = next((k for k, p in planes[1:] if not p.square), "")
    return [
        {
            "key": key,
            "title": p.title,
            "caption": p.caption,
            "alt": describe(p, frame, key),
            "empty": p.empty,
            "square": p.square,
            "wide": key == wide,
            "region": regions[key].name if key in regions else "",
            "velocity": [
                {"name": name, "symbol": knobs[name].symbol, "low": knobs[name].low, "high": knobs[name].high}
                for name in (regions[key].velocity if key in regions else ())
            ],
            "symbols": [p.x.symbol, p.y.symbol],
            "axes": [p.x.title, p.y.title],
            "x": [p.x.low, p.x.high],
            "y": [p.y.low, p.y.high],
        }
        for key, p in planes
    ]


def _update(component: Any, **values: Any) -> None:
    changed = {k: v for k, v in values.items() if getattr(component, k) != v}
    if changed:
        component.param.update(**changed)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, int) and 0 <= value < 10**19:
        return value
    text = value if isinstance(value, str) else type(value).__name__
    if not (isinstance(value, str) and text.isascii() and text.isdigit() and len(text) <= 19):
        raise BadParams(f"{name} = {text[:40]!r} is refused; allowed: a whole number from 0 up")
    return int(text)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) <= 1e9 else 1.0
