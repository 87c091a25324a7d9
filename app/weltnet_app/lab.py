"""The lab behind the door: one Panel application per experiment, the feed, and the clean-up of what pages leave."""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import tornado.web
from panel.io.server import get_server
from tornado.ioloop import PeriodicCallback

from weltnet.experiment import Experiment
from weltnet.experiments import ALL
from weltnet.params import BadParams
from weltnet.worker import Spare
from weltnet_app import address, home, stills
from weltnet_app.assets import ASSETS
from weltnet_app.clouds import Clouds
from weltnet_app.feed import Feed
from weltnet_app.lost import NOWHERE, Lost
from weltnet_app.page import page
from weltnet_app.runs import Full, Runs, fresh_seed
from weltnet_app.taking import Take

__all__ = ["open_lab"]

# A session must outlive a slow page load: expiring before its websocket connects makes Panel ask an outside host for
# style sheets.
UNUSED_SESSION_MS = 15_000
CLEAN_EVERY_MS = 5_000
LOOK_EVERY_MS = 1_000


def open_lab(
    loop: asyncio.AbstractEventLoop, port: int, origins: frozenset[str], own: Sequence[Any], spare: Spare | None = None
) -> tuple[tornado.web.Application, Callable[[], None]]:
    """The web application of the lab and the function that ends it."""
    runs = Runs(loop, spare=spare)
    server = get_server(
        {e.slug: page_of(e, runs) for e in ALL},
        port=0,
        address="127.0.0.1",
        websocket_origin=sorted(o.split("://", 1)[1] for o in origins),
        # Panel would read numbers and lists out of every address, for widgets that follow it.
        location=False,
        extra_patterns=[
            *own,
            (NOWHERE, Lost),
            (r"/frames/([\w-]{1,64})", Feed, {"runs": runs, "origins": origins}),
            (r"/cloud/([\w-]{1,64})/([\w-]{1,64})", Clouds, {"runs": runs}),
            (r"/take/([\w-]{1,64})/([\w.-]{1,64})", Take, {"runs": runs, "origins": origins}),
            (r"/", home.Home, {"experiments": ALL}),
            (r"/tally", home.TallyOf, {"experiments": ALL}),
            (r"/home/frames", home.Hero, {"runs": runs, "origins": origins, "experiment": home.hero(ALL)}),
            (r"/stills/([\w-]{1,64})", stills.Handler, {"slugs": [e.slug for e in ALL]}),
        ],
        static_dirs={"assets": str(ASSETS)},
        unused_session_lifetime_milliseconds=UNUSED_SESSION_MS,
        check_unused_sessions_milliseconds=CLEAN_EVERY_MS,
        use_index=False,
    )
    server._tornado.settings["default_handler_class"] = Lost
    # Panel can only build an application together with a listening socket; the door has its own.
    server.unlisten()
    server.start()
    regular = [PeriodicCallback(what, CLEAN_EVERY_MS) for what in (runs.clean, runs.refill)]
    drawing = stills.Stills(ALL, runs)
    regular.append(PeriodicCallback(drawing.tick, LOOK_EVERY_MS))
    for callback in regular:
        callback.start()

    def close() -> None:
        for callback in regular:
            callback.stop()
        drawing.close()
        runs.stop()
        server.stop(wait=False)

    return server._tornado, close


def page_of(experiment: Experiment[Any, Any], runs: Runs) -> Callable[[], Any]:
    """The function Panel calls for every new session of an experiment's page."""

    def session() -> Any:
        return _session(experiment, runs)

    return session


def _session(experiment: Experiment[Any, Any], runs: Runs) -> Any:
    query = {k: v[0].decode(errors="replace") for k, v in pn.state.session_args.items() if v}
    theme = query.get("theme", "")
    view = query.get("view", "")
    complaint = ""
    try:
        wanted = address.read(query, experiment, fresh_seed())
    except BadParams as refused:
        complaint = f"{refused}. The link was not followed; this is a fresh run."
        wanted = address.read({}, experiment, fresh_seed())
    try:
        run = runs.open(experiment, wanted)
    except Full as full:
        return _sentence(str(full))
    run.notice = complaint
    pn.state.on_session_destroyed(lambda context: runs.close(run))
    return page(run, experiments=ALL, theme=theme, view=view, tour=wanted.tour)


def _sentence(text: str) -> Any:
    return pn.pane.HTML(
        f"<p style='font:1.2rem Georgia,serif;margin:20vh auto;max-width:36rem'>{html.escape(text)}</p>"
    )
