"""The front page: the question, one network learning at once, what this installation has found, and every experiment.

It is a plain page without a session of Panel's, so that it moves within a second: the same frames from the same feed,
painted by the same painters as on an experiment's page (`assets/live`), on axes that it draws itself.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args

import tornado.web

from weltnet.experiment import Claim, Experiment, Group
from weltnet_app import assets, stills, theme
from weltnet_app.address import Address
from weltnet_app.feed import Feed
from weltnet_app.runs import Full, Runs, fresh_seed
from weltnet_app.tally import Answer, Tally, tally
from weltnet_app.verdict_cards import WORDS, age, mark, verb
from weltnet_app.views.figure import describe

__all__ = ["Hero", "Home", "TallyOf", "hero"]

QUESTION = "Is a learning network a world?"
LEDE = (
    "V. Vanchurin’s theory says that physics is what a learning neural network looks like from afar: its weights a "
    "quantum wave, its neurons a curved space-time. weltnet lets such networks learn before your eyes, measures what "
    "the theory predicts of them, and says of every claim whether it holds or fails."
)
COLUMNS: Mapping[Group, tuple[str, str]] = {
    "learning": ("Learning", "its thermodynamics"),
    "quantum": ("Quantum", "what the weights do"),
    "space-time": ("Space-time", "where the neurons live"),
    "life": ("Life", "what survives learning"),
}
SEEDS = 20
"""How many seeds the page proposes to verify."""


# -- the page ----------------------------------------------------------------------------------------------------------


class Home(tornado.web.RequestHandler):
    """`/`."""

    def initialize(self, experiments: Sequence[Experiment[Any, Any]]) -> None:
        self.experiments = experiments

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        given = {name: values[-1] for name, values in self.request.query_arguments.items()}
        dark = given.get("theme") == b"dark"
        scale = 1.5 if given.get("view") == b"projector" else 1.0
        self.write(_page(self.experiments, "dark" if dark else "light", scale))


class TallyOf(Home):
    """`/tally`: the tally as JSON."""

    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.write(tally(self.experiments).plain())


def hero(experiments: Sequence[Experiment[Any, Any]]) -> Experiment[Any, Any]:
    """The experiment that runs on the front page: the first that is about everything."""
    return next((e for e in experiments if e.group == "all"), experiments[0])


def _page(experiments: Sequence[Experiment[Any, Any]], mode: theme.Mode, scale: float) -> str:
    top, counted = hero(experiments), tally(experiments)
    answers = {(a.slug, a.claim): a for a in counted.answers}
    planes = {e.slug: [_plane(e, key) for key in e.planes] for e in experiments}
    data = json.dumps({"hero": top.slug, "planes": planes}).replace("<", "\\u003c")
    return (
        assets.read("home/page.html")
        .replace("{mode}", mode)
        .replace("{question}", html.escape(QUESTION))
        .replace("{lede}", html.escape(LEDE))
        .replace("{css}", _css(scale))
        .replace("{tally}", _counted(counted))
        .replace("{hero}", _hero(top, answers))
        .replace("{columns}", "".join(_column(g, experiments, answers) for g in get_args(Group) if g in COLUMNS))
        .replace("{data}", data)
        .replace("{script}", _script())
    )


@cache
def _css(scale: float) -> str:
    return theme.css(scale) + theme.sheet("bar.css") + theme.sheet("home/home.css")


@cache
def _script() -> str:
    live = assets.joined("live", ("look", "message", "isolines", "painters", "feed"))
    palettes = json.dumps(theme.palettes(), separators=(",", ":"))
    return f"const PALETTES = {palettes}\n{assets.read('icons.js')}\n{live}\n{assets.read('home/home.js')}"


def _plane(experiment: Experiment[Any, Any], key: str) -> dict[str, Any]:
    p = experiment.planes[key]
    return {
        "key": key, "square": p.square, "symbols": [p.x.symbol, p.y.symbol], "labels": [p.x.title, p.y.title],
        "x": [p.x.low, p.x.high], "y": [p.y.low, p.y.high],
    }  # fmt: skip


def _hero(e: Experiment[Any, Any], answers: Mapping[tuple[str, str], Answer]) -> str:
    figures = "".join(
        f'<figure class="plane{" square" if p.square else ""}" data-testid="plane-{key}"><figcaption><b>'
        f"{html.escape(p.title)}</b> <span>{html.escape(p.caption)}</span></figcaption>"
        f'<div class="body" role="img" aria-label="{html.escape(describe(p, None, key))}">'
        f'<canvas data-testid="live-{key}" aria-hidden="true"></canvas></div>'
        f'<span class="readout" data-testid="readouts-{key}"></span></figure>'
        for key, p in list(e.planes.items())[:3]
    )
    return (
        f'<div class="over"><h2>{html.escape(e.title)}</h2><p>{html.escape(e.question)}</p>'
        f"{_marks(e, answers)}"
        f'<a class="open" data-testid="open" data-slug="{e.slug}" href="./{e.slug}">Open the {html.escape(e.title)}'
        '<span aria-hidden="true"> →</span></a></div>'
        f'<div class="plate">{figures}<div class="instead" data-testid="instead" role="status" hidden></div></div>'
        '<div class="under"><button class="icon toggle" type="button" data-testid="toggle"></button>'
        f'<p class="moves">{html.escape(stills.cover(e).look_for)}</p><span class="gap"></span>'
        '<span class="state" data-testid="state"><i></i><b></b></span>'
        '<span>step <b data-testid="step">–</b></span></div>'
    )


def _column(group: Group, experiments: Sequence[Experiment[Any, Any]], answers: Mapping[Any, Answer]) -> str:
    title, what = COLUMNS[group]
    cards = "".join(_card(e, answers) for e in experiments if e.group == group)
    return (
        f'<section class="column" data-testid="column-{group}"><h2>{title} <small>{what}</small></h2>'
        + (cards or '<p class="none">No experiment of this kind has been built yet.</p>')
        + "</section>"
    )


def _card(e: Experiment[Any, Any], answers: Mapping[Any, Answer]) -> str:
    told = f"Picture of {e.title}: {stills.cover(e).look_for}"
    return (
        f'<article class="experiment" data-testid="card-{e.slug}" data-slug="{e.slug}">'
        f'<div class="still" role="img" aria-label="{html.escape(told)}"><canvas data-testid="still-{e.slug}" '
        'aria-hidden="true"></canvas><p class="empty">Not drawn yet: an idle moment will.</p></div>'
        f'<h3><a href="./{e.slug}" data-slug="{e.slug}">{html.escape(e.title)}</a></h3>'
        f"<p>{html.escape(e.question)}</p>{_marks(e, answers)}</article>"
    )


def _marks(e: Experiment[Any, Any], answers: Mapping[Any, Answer]) -> str:
    """One shape per claim: filled as it was decided here, else the outline of its registered answer."""
    return (
        f'<ul class="marks" aria-label="Claims of {html.escape(e.title)}">'
        + "".join(_mark(c, answers[e.slug, c.name]) for c in e.claims)
        + "</ul>"
    )


def _mark(claim: Claim, a: Answer) -> str:
    if a.word is None:
        said = f"registered: {WORDS[a.registered]}; not yet verified here"
        kind = "registered"
    else:
        same = "as registered" if a.expected else f"registered: {WORDS[a.registered]}"
        said = a.missed or f"{WORDS[a.word]}, {same}; {a.agreeing} of {_seeds(a.seeds)} as registered"
        kind = f"found is-{a.word}" + ("" if a.expected else " differs")
    words = html.escape(f"{claim.sentence} {said[0].upper()}{said[1:]}.")
    return (
        f'<li class="{kind}" data-claim="{claim.name}" data-word="{a.word or ""}" title="{words}">'
        f'{mark(a.word or a.registered)}<span class="unseen">{words}</span></li>'
    )


def _counted(t: Tally) -> str:
    verified, all_, day = t.verified, len(t.answers), t.date
    command = f"weltnet verify --seeds {SEEDS}"
    if not verified or day is None:
        body = (
            f'<p class="sum"><b>0</b> of {all_} claims verified on this installation</p>'
            f"<p>The shapes below are what is expected. <code>{command}</code> finds out.</p>"
        )
    else:
        words = "".join(
            f'<li class="found is-{word}" data-word="{word}">{mark(word, 14)} <b>{t.words[word]}</b> '
            f"{verb(word, t.words[word])}</li>"
            for word in WORDS
        )
        each = sorted({a.seeds for a in verified})
        seeds = f"{_seeds(each[0])} each" if len(each) == 1 else f"{each[0]} to {_seeds(each[-1])} each"
        older = sum(a.older for a in verified)
        version = "this version" if not older else "an older version" if older == len(verified) else f"{older} of older"
        left = all_ - len(verified)
        rest = "All claims are verified." if not left else f"{left} not yet: <code>{command}</code>"
        body = (
            f'<p class="sum"><b>{len(verified)}</b> of {all_} claims verified on this installation</p>'
            f'<ul class="words">{words}</ul>'
            f"<p><b>{sum(a.expected for a in verified)}</b> as registered{_all_of_them(verified)} · {seeds} "
            f"· {age(day)} · {version}"
            f"<br>{rest}</p>"
        )
    return (
        '<h2 class="unseen">What this installation has found</h2>'
        f'<div data-testid="tally">{body}<p class="known">{_calibrated(t)}</p></div>'
    )


def _all_of_them(verified: Sequence[Answer]) -> str:
    """Whether every seed said so: a claim has the word of most of its seeds."""
    divided = sum(a.expected and a.agreeing < a.seeds for a in verified)
    return f", {divided} of them not by every seed" if divided else ""


def _calibrated(t: Tally) -> str:
    if t.calibrated is None:
        return "Estimators not calibrated yet: <code>weltnet calibrate</code>"
    done = t.reproduced + t.missed
    rest = "" if done == t.known else f", {t.known - done} not tried: <code>weltnet calibrate</code>"
    missed = f", <b>{t.missed} missed</b>" if t.missed else ""
    return f"Estimators: {t.reproduced} of {t.known} known answers reproduced{missed}{rest} · {age(t.calibrated)}"


def _seeds(n: int) -> str:
    return f"{n} seed" if n == 1 else f"{n} seeds"


# -- what runs on it ---------------------------------------------------------------------------------------------------


class Hero(Feed):
    """`/home/frames`: a run that lives as long as its visitor looks, and its frames.

    It goes on from the hero's still where there is one. Besides the frames it sends news as JSON: the query that
    reproduces the run, whether it is playing, what is being prepared, or the sentence to show in its place. The word
    `toggle` pauses or plays.
    """

    def initialize(  # type: ignore[override]
        self, runs: Runs, origins: frozenset[str], experiment: Experiment[Any, Any]
    ) -> None:
        super().initialize(runs, origins)
        self.experiment = experiment
        self._layout, self._said = "", ""

    def open(self, *args: str, **kwargs: str) -> None:
        self.set_nodelay(True)
        still = stills.load(self.experiment.slug)
        at, state = (still.step, (still.step, still.state)) if still else (0, None)
        wanted = Address(stills.log(self.experiment, stills.SEED if still else fresh_seed()), at)
        try:
            self.run = self.runs.open(self.experiment, wanted, passing=True, state=state)
        except Full as full:
            self._end(str(full))
            return
        self.run.watch(self._news)
        self._news()

    def on_message(self, message: str | bytes) -> None:
        if message != "toggle":
            super().on_message(message)
        elif self.run is not None:
            (self.run.pause if self.run.playing else self.run.play)()

    def on_close(self) -> None:
        super().on_close()
        if self.run is not None:
            self.runs.leave(self.run)

    def _news(self) -> None:
        run = self.run
        if run is None or self.ws_connection is None:
            return
        if run.error:
            self._end(run.error)
            return
        if run.layout is not None and run.layout_id != self._layout:
            self._layout = run.layout_id
            self.deliver(stills.standing(run.layout, standing=True))
        self._tell(query=f"{run.link()}&run={run.id}", playing=run.playing, progress=run.progress)

    def _end(self, sentence: str) -> None:
        self._tell(sentence=sentence)
        self.close(4404, "This run has ended.")

    def _tell(self, **news: Any) -> None:
        text = json.dumps(news)
        if text != self._said and self.ws_connection is not None:
            self._said = text
            self.write_message(text).add_done_callback(lambda done: done.exception())
