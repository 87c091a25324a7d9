"""Tours on a page: a panel above the knobs that says, asks, waits and reveals, while the run does what the tour says.

A tour's run is the tour's alone: the run that was there is left where it is, and taken up again when the tour ends. Who
turns a knob on the way may come back: the tour then opens its own run again, at the step at which the stop begins.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import param

from weltnet.experiment import Experiment, Stop, Tour, Verdict
from weltnet.params import BadParams, Params
from weltnet.timeline import Log
from weltnet.tours import Leg, legs, named
from weltnet_app import assets, theme
from weltnet_app.hearing import Hearing
from weltnet_app.runs import Place
from weltnet_app.verdict_cards import WORDS

__all__ = ["STRAYS", "Guide", "Touring", "menu"]

STRAYS = ("forward", "back", "seek", "rewind", "reseed", "seed", "branch", "last_good")
"""What people do that takes the run off the tour's way; pausing does not."""


class Run(Protocol):
    """What a tour needs of `weltnet_app.runs.Run`."""

    params: Params
    step: int
    playing: bool
    verdicts: tuple[Verdict, ...]
    digest: str
    log: Log

    def play(self, until: int | None = None) -> None: ...
    def place(self) -> Place: ...
    def go(self, place: Place) -> None: ...


class Guide(Hearing):
    """The panel of a tour (see `assets/tour.js`): nothing while there is none."""

    _esm = assets.ASSETS / "tour.js"
    _stylesheets = [theme.sheet("tour.css")]  # noqa: RUF012 (Panel reads a plain list)

    shown = param.Dict(default={})
    fraction = param.Number(0.0, doc="How much of the steps until the tour goes on has passed.")


def menu(experiments: Sequence[Experiment[Any, Any]]) -> list[dict[str, Any]]:
    """Every tour there is, by experiment, as a menu shows it."""
    return [
        {
            "slug": e.slug,
            "title": e.title,
            "tours": [{"name": t.name, "title": t.title, "minutes": max(1, round(t.minutes))} for t in e.tours],
        }
        for e in experiments
        if e.tours
    ]


class Touring:
    """The tour of one page, or none. `turn(**changes)` is the door through which people turn knobs."""

    def __init__(
        self,
        experiment: Experiment[Any, Any],
        run: Run,
        turn: Callable[..., None],
        changed: Callable[[], None],
        hear: Callable[[Any], None] | None = None,
    ) -> None:
        self.experiment, self.run = experiment, run
        self.tour: Tour | None = None
        self.turning = False
        """Whether it is the tour that turns a knob now."""
        # A page hears what its panels say at one place, where refusals become sentences.
        self.guide = Guide(hear or (lambda said: self.act(said.get("value"))), sizing_mode="stretch_width", margin=0)
        self._turn, self._changed = turn, changed
        self._legs: tuple[Leg, ...] = ()
        self._at = 0
        self._asking = self._strayed = False
        self._predicted: dict[tuple[str, int], int] = {}
        self._before: Place | None = None

    # -- what people do ----------------------------------------------------------------------------------------------

    def start(self, name: str, stop: int = 0, *, there: bool = False) -> None:
        """Begin a tour at a stop; `there`: the run is already the one of this stop. Raises `BadParams`."""
        tour = named(self.experiment, name)
        if self.tour is None and not there:
            self._before = self.run.place()
        self.tour, self._legs = tour, legs(self.experiment, tour)
        self._enter(self._index(min(stop, len(tour.stops) - 1)), go=not there)
        if there and (leg := self._legs[self._at]).until > leg.at:
            self.run.play(leg.until)

    def act(self, value: Any) -> None:
        """What a browser asks for: `{start: name}`, `{answer: i}`, `next`, `previous`, `again` or `leave`."""
        if isinstance(value, dict) and isinstance(name := value.get("start"), str):
            self.start(name)
        elif self.tour is None:
            return
        elif isinstance(value, dict) and isinstance(choice := value.get("answer"), int):
            self._answer(choice)
        elif value in ("next", "previous", "again", "leave"):
            getattr(self, "_" + value)()
        self._changed()

    def strayed(self) -> None:
        """Somebody has taken the run off the tour's way."""
        self._strayed = self._strayed or (self.tour is not None and not self.turning)

    def _next(self) -> None:
        if self._stop.question and not self._leg.reveal and not self._asked:
            self._asking = True
        elif self._at + 1 < len(self._legs):
            self._enter(self._at + 1)
        else:
            self._leave()

    def _previous(self) -> None:
        k = self._leg.stop
        if not (self._leg.reveal or (self._asking and self._stop.until)):
            k = max(0, k - 1)
        self._enter(self._index(k))

    def _again(self) -> None:
        self._enter(self._at, go=True)

    def _leave(self) -> None:
        self.tour, before, self._before = None, self._before, None
        if before is not None:
            self.run.go(before)

    def _answer(self, choice: int) -> None:
        question = self._stop.question
        if question and self._asked and not self._leg.reveal and 0 <= choice < len(question.choices):
            self._predicted[self._tour.name, self._leg.stop] = choice
            self._enter(self._at + 1)

    def _enter(self, index: int, *, go: bool | None = None) -> None:
        """Go on to a leg: in the run that is there, if that is where the leg begins, else in a run of its own."""
        leg, run = self._legs[index], self.run
        follows = index == self._at + 1 and leg.turned is not None and not self._strayed and run.step == leg.at
        self._at, self._asking, self._strayed = index, False, False
        if go is None:
            go = not follows
        if go:
            run.go(Place(leg.log, leg.at, leg.until > leg.at, leg.until))
        elif follows:
            self.turning = True
            try:
                self._turn(**(leg.turned or {}))
            finally:
                self.turning = False
            if leg.until > leg.at:
                run.play(leg.until)

    def _index(self, stop: int) -> int:
        return next(i for i, leg in enumerate(self._legs) if leg.stop == stop)

    # -- what they see -----------------------------------------------------------------------------------------------

    @property
    def _tour(self) -> Tour:
        if self.tour is None:
            raise BadParams("no tour is on")
        return self.tour

    @property
    def _leg(self) -> Leg:
        return self._legs[self._at]

    @property
    def _stop(self) -> Stop:
        return self._tour.stops[self._leg.stop]

    @property
    def _arrived(self) -> bool:
        """Whether the steps of this leg have passed."""
        return bool(self.run.digest) and self.run.step >= self._leg.until

    @property
    def _asked(self) -> bool:
        return self._asking or self._arrived

    @property
    def look(self) -> list[str]:
        """Planes and claims to look at."""
        return list(self._stop.look) if self.tour else []

    @property
    def here(self) -> dict[str, Any]:
        """Name and number of the stop, for the address, and whether somebody has gone another way."""
        if not self.tour:
            return {}
        return {"tour": self._tour.name, "stop": self._leg.stop + 1, "strayed": self._strayed}

    def follow(self) -> None:
        """Show where the tour is; a question that is due stays asked, wherever the run is taken."""
        self._asking = self._asking or (self.tour is not None and self._arrived)
        shown = self._shown() if self.tour else {}
        if shown != self.guide.shown:
            self.guide.shown = shown
        fraction = 0.0
        if self.tour:
            leg = self._leg
            passed = (self.run.step - leg.at) / (leg.until - leg.at) if leg.until > leg.at else 1.0
            fraction = 1.0 if self._arrived else math.floor(100 * min(max(passed, 0.0), 0.99)) / 100
        if fraction != self.guide.fraction:
            self.guide.fraction = fraction

    def _shown(self) -> dict[str, Any]:
        tour, stop, leg = self._tour, self._stop, self._leg
        question, reveal = stop.question, leg.reveal
        shown: dict[str, Any] = {
            "tour": tour.title,
            "stop": leg.stop + 1,
            "stops": len(tour.stops),
            "say": stop.say,
            "strayed": self._strayed,
            "waits": leg.until > leg.at and not self._arrived,
            "last": self._at + 1 == len(self._legs),
        }
        if question and (reveal or self._asked):
            shown |= {"ask": question.ask, "choices": list(question.choices)}
        if question and reveal:
            predicted = self._predicted.get((tour.name, leg.stop))
            shown |= {"answer": question.answer, "predicted": predicted, "reveal": question.reveal}
        if self._arrived and not self._strayed:
            shown["seen"] = self._seen(leg.shows)
        return shown

    def _seen(self, shows: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What this run says of the claims the tour speaks of: measured, whatever the tour has said."""
        said = {k: v for k, v in shows.items() if isinstance(v, str)}
        return [
            {
                "claim": self.experiment.claim(v.claim).sentence,
                "word": v.word,
                "as": WORDS[v.word],
                "said": said[v.claim] == v.word,
            }
            for v in self.run.verdicts
            if v.claim in said
        ]
