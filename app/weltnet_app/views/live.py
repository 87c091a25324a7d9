"""The live layer as a Panel component: figures, cards and heading are its children, frames pass it by in JavaScript."""

from __future__ import annotations

from typing import Any

import panel as pn
import param

from weltnet_app import assets, theme
from weltnet_app.hearing import Hearing

__all__ = ["Live", "State"]


class State(pn.custom.JSComponent):
    """What the live layer must know of a run, at the pace of people. It draws nothing and has no children: Panel walks
    through all descendants of a component at each change of one of its values, which for `Live` means every figure."""

    _esm = "export function render() {}"

    greeted = param.Boolean(doc="Whether Python has heard that the browser has built the page.")
    playing = param.Boolean(default=True)
    seed = param.String()
    query = param.String(doc="The query that reproduces the run, less step and digest.")
    message = param.String(doc="One sentence of news.")
    error = param.String(doc="One sentence when the run was stopped by a fault.")
    progress = param.Dict(default=None, allow_None=True, doc="fraction and text while something is prepared.")
    broken = param.Dict(default={}, doc="plane → broken assumption.")
    told = param.String(doc="What is said of the assumption that was broken last.")
    speed = param.Number(1.0)
    touring = param.Dict(default={}, doc="Name of the tour, number of its stop, whether the run has strayed.")
    look = param.List(doc="Planes and claims that a tour points at.")
    apart = param.List(doc="Claims that are outside their regime.")
    end = param.Integer(doc="The furthest step of the run that is recorded.")
    kept = param.List(doc="Steps to which one can go at once.")
    pins = param.List(doc="Runs kept beside it: slot, label, seed and digest.")
    compared = param.List(doc="Rows of (heading, symbol, cells): the run and the pinned ones, as far as they differ.")
    layout = param.String(doc="Layout of the frames the figures were built for; another one waits for Python.")


LAYER = (
    "../icons",
    "look",
    "message",
    "isolines",
    "isophase",
    "painters",
    "picture",
    "feed",
    "keys",
    "touring",
    "presenter",
    "scrubber",
    "compare",
    "cloud",
    "linked",
    "brush",
    "throw",
    "spoken",
    "export",
    "download",
    "calm",
    "help",
    "page",
)
"""The files of the live layer, each of which may use those before it: together one script."""

SHEETS = ("page", "help", "scrubber", "compare", "cloud", "brush", "download", "touring")
"""Its style sheets."""


class Live(Hearing):
    """The main column of a page (see `assets/live/page.js`)."""

    _esm = assets.joined("live", LAYER)
    _stylesheets = [theme.sheet(f"live/{name}.css") for name in SHEETS]  # noqa: RUF012 (Panel reads a plain list)

    state = pn.custom.Child()
    heading = pn.custom.Child()
    figures = pn.custom.Children()
    cards = pn.custom.Children()
    calibrated = pn.custom.Child()

    run = param.String(doc="Id of the run whose frames are asked for.")
    slug = param.String()
    view = param.String()
    planes = param.List(doc="One dictionary per plane, in the order of `figures`.")
    palettes = param.Dict(default={})
    time_unit = param.String()
    claims = param.List(doc="Names of the claims, in the order of `cards`.")
    saboteurs = param.List(doc="Name and assumption of every switch.")

    def tell(self, **message: Any) -> None:
        """Say something to the browser once: `copy` a query as a link."""
        self._send_msg(message)
