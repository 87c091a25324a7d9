"""Pictures of every page in a real browser: what is to be looked at after a change, and the picture of README.md.

What is taken is the table STATES × VIEWS below; a new state is one line. A state is reached by a link (fixed seed and
step, paused) and a few keys and clicks, and a paused page is taken when two looks at it agree.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from weltnet.experiment import Experiment
from weltnet.experiments import ALL
from weltnet_app.chromium import Missing, Server, fault, opened

__all__ = ["HOME", "README", "STATES", "VIEWS", "Missing", "Shot", "State", "View", "picture", "shots", "take"]

SEED, STEP = 7, 600
HOME = "home"
PATIENCE_MS = 120_000
PAUSE_MS = 700
"""From one key to the next, so that the worker has had its say."""
LOOKS = 20
"""Looks at a page until two of them in a row agree."""
LARGEST = 400_000
"""Bytes of the picture in README.md."""

Args = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class View:
    """A kind of screen."""

    name: str
    width: int
    height: int
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Something a page can show: how its link asks for it, then what is pressed or clicked, in order.

    `doing` holds `press:<key>` and `click:<test id>`; `still` says that nothing moves once it is reached.
    """

    name: str
    query: Callable[[Experiment[Any, Any]], Args]
    views: tuple[str, ...]
    doing: tuple[str, ...] = ()
    still: bool = True
    home: bool = False
    """Whether it is the front page's, which has this state alone."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to take."""

    page: str
    path: str
    view: View
    state: State
    step: int = 0
    """The step at which it is taken, or after it where the page moves."""

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.page}-{self.view.name}-{self.state.name}.png"


VIEWS = {
    v.name: v
    for v in (
        View("light", 1440, 900),
        View("dark", 1440, 900, (("theme", "dark"),)),
        View("projector", 1920, 1080, (("view", "projector"),)),
        View("phone", 390, 844),
    )
}
EVERYWHERE, DESK, LIGHT = tuple(VIEWS), ("light", "dark"), ("light",)


def _live(e: Experiment[Any, Any]) -> Args:
    return {"seed": SEED}


def _paused(e: Experiment[Any, Any]) -> Args:
    return {"seed": SEED, "at": STEP // e.stride * e.stride, "paused": 1}


def _broken(e: Experiment[Any, Any]) -> Args:
    return _paused(e) | {"broken": e.saboteurs[0].name}


def _refused(e: Experiment[Any, Any]) -> Args:
    return _paused(e) | {next(iter(e.params.model_fields)): "nonsense"}


def _tour(e: Experiment[Any, Any]) -> Args:
    return {"tour": e.tours[0].name} if e.tours else _paused(e)


STATES = {
    s.name: s
    for s in (
        State("paused", _paused, EVERYWHERE),
        State("live", _live, LIGHT, still=False),
        State("broken", _broken, DESK),
        # A link that is refused is not followed: what is there instead is a fresh run, which moves.
        State("refused", _refused, LIGHT, still=False),
        State("picker", _paused, LIGHT, ("click:picker",)),
        State("help", _paused, DESK, ("press:?",)),
        State("compare", _paused, DESK, ("press:p", "press:r", "press:ArrowRight", "press:c")),
        State("explore", _paused, DESK, ("press:a",)),
        State("isophase", _paused, LIGHT, ("press:i",)),
        State("take", _paused, LIGHT, ("press:d",)),
        State("tour", _tour, EVERYWHERE),
        State("home", _live, EVERYWHERE, still=False, home=True),
    )
}
"""Of these every page has all but the last, which is the front page alone."""

TELLING = "A wave in two worlds"
README = State("readme", lambda e: _paused(e) | {"preset": TELLING, "at": 900}, LIGHT)

MOVING = "step => window.weltnet?.paints > 10 && window.weltnet.step >= step"
STILL = "step => window.weltnet?.state === 'paused' && window.weltnet.paints > 0 && window.weltnet.step >= step"
FONTS = "document.fonts.ready.then(() => document.fonts.status)"


def shots(pages: Sequence[str] = (), views: Sequence[str] = (), states: Sequence[str] = ()) -> list[Shot]:
    """The pictures of these pages, views and states; of all where none is named."""
    out = []
    chosen = [s for s in STATES.values() if s.name in (states or STATES)]
    for name, e in [(HOME, ALL[0]), *((e.slug, e) for e in ALL)]:
        for state in chosen if name in (pages or [name]) else ():
            if state.home == (name == HOME):
                kinds = [VIEWS[v] for v in state.views if v in (views or VIEWS)]
                out += [_shot(name, e, view, state) for view in kinds]
    return out


def _shot(name: str, e: Experiment[Any, Any], view: View, state: State) -> Shot:
    query = state.query(e)
    path = "" if name == HOME else name
    step = int(query.get("at", 0)) if state.still else STEP // 6
    return Shot(name, f"{path}?{urlencode(query | dict(view.query))}", view, state, step)


def picture() -> Shot:
    """The picture of README.md."""
    return _shot(ALL[0].slug, ALL[0], VIEWS["light"], README)


def take(wanted: Sequence[Shot], out: Callable[[Shot], Path], url: str = "") -> Iterator[tuple[Shot, list[str]]]:
    """Take pictures one after another and write each to `out(shot)`; with each come the sentences it complained in.

    Without the address of a served lab one is started, as on a machine that has verified and calibrated nothing yet.
    Raises `Missing` with one sentence where there is no browser.
    """
    with opened() as browser, contextlib.ExitStack() as stack:
        if not url:
            empty = stack.enter_context(tempfile.TemporaryDirectory(prefix="weltnet-screenshots-"))
            server = stack.enter_context(Server({"XDG_DATA_HOME": empty}))
            while not (server.health() or {}).get("ready"):
                if server.process.poll() is not None:
                    raise Missing(f"the server ended with exit code {server.process.returncode}.")
                time.sleep(0.1)
            url = server.url
        for shot in wanted:
            yield shot, _take(browser, shot, out(shot), url.rstrip("/"))


def _take(browser: Any, shot: Shot, file: Path, url: str) -> list[str]:
    complaints: list[str] = []
    # Whoever asks for less motion is shown a run that stands still.
    motion = "reduce" if shot.state.still else "no-preference"
    page = browser.new_page(viewport={"width": shot.view.width, "height": shot.view.height}, reduced_motion=motion)
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    try:
        page.goto(f"{url}/{shot.path}")
        page.wait_for_function(STILL if shot.state.still else MOVING, arg=shot.step, timeout=PATIENCE_MS)
        page.evaluate(FONTS)
        for what in shot.state.doing:
            page.wait_for_timeout(PAUSE_MS)
            how, _, name = what.partition(":")
            if how == "press":
                page.keyboard.press(name)
            else:
                page.get_by_test_id(name).click(timeout=5000)
    except fault() as error:
        complaints.append(f"not reached: {str(error).splitlines()[0]}")
    picture = _settled(page) if shot.state.still else bytes(page.screenshot())
    page.close()
    if shot.state is README and len(picture) > LARGEST:
        complaints.append(f"{len(picture)} bytes, of at most {LARGEST} for a picture in README.md")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(picture)
    return complaints


def _settled(page: Any) -> bytes:
    """The page once two looks at it, a while apart, agree."""
    page.wait_for_timeout(1000)
    last = page.screenshot()
    for _ in range(LOOKS):
        page.wait_for_timeout(500)
        now = page.screenshot()
        if now == last:
            break
        last = now
    return bytes(last)
