"""Verdict cards: what this run says about each claim, in word, shape and number, and the switch that breaks it."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from weltnet.experiment import Claim, Experiment, Verdict, Word
from weltnet.params import Params, Saboteur
from weltnet_app import theme
from weltnet_app.theme import number

__all__ = ["WORDS", "Cards", "mark", "strip"]

WORDS: dict[Word, str] = {
    "holds": "holds",
    "fails": "fails",
    "undecided": "undecided",
    "outside-regime": "outside regime",
}

_SHAPES: dict[Word, str] = {
    "holds": '<circle cx="6" cy="6" r="4.6" fill="currentColor"/>',
    "fails": '<path d="M2 2 10 10M10 2 2 10" stroke="currentColor" stroke-width="2.4"/>',
    "undecided": '<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.4"/>'
    '<path d="M6 1.8a4.2 4.2 0 0 1 0 8.4z" fill="currentColor"/>',
    "outside-regime": '<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6" '
    'stroke-dasharray="1.7 1.6"/>',
}


def mark(word: Word, size: int = 12) -> str:
    """The shape of a verdict: told apart without its colour."""
    return f'<svg width="{size}" height="{size}" viewBox="0 0 12 12" aria-hidden="true">{_SHAPES[word]}</svg>'


def strip(verdict: Verdict) -> str:
    """The measured interval over the band of tolerance, with the prediction and the null as ticks."""
    lo, hi = verdict.band
    ends = [lo, hi, verdict.predicted, verdict.measured - verdict.error, verdict.measured + verdict.error]
    ends += [] if verdict.null is None else [verdict.null]
    low, high = min(ends), max(ends)
    pad = 0.12 * (high - low) or 1.0
    low, high = low - pad, high + pad

    def at(x: float) -> float:
        return round(100 * (x - low) / (high - low), 2)

    start, stop = at(verdict.measured - verdict.error), at(verdict.measured + verdict.error)
    null = "" if verdict.null is None else f'<i class="null" style="left:{at(verdict.null)}%"></i>'
    return (
        f'<div class="strip" role="img" aria-label="{html.escape(spoken(verdict))}"><i class="axis"></i>'
        f'<i class="band" style="left:{at(lo)}%;width:{max(0.6, at(hi) - at(lo)):.2f}%"></i>{null}'
        f'<i class="predicted" style="left:{at(verdict.predicted)}%"></i>'
        f'<i class="bar" style="left:{start}%;width:{max(0.0, stop - start):.2f}%"></i>'
        f'<i class="dot" style="left:{at(verdict.measured)}%"></i></div>'
    )


def spoken(verdict: Verdict) -> str:
    """A verdict's numbers in words."""
    unit = f" {verdict.unit}" if verdict.unit else ""
    null = "" if verdict.null is None else f", null {number(verdict.null)}"
    return (
        f"{verdict.symbol} = {number(verdict.measured, verdict.error)} ± {number(verdict.error, verdict.error)}{unit}, "
        f"predicted {number(verdict.predicted)}, tolerance {number(verdict.band[0])} to {number(verdict.band[1])}{null}"
    )


def face(claim: Claim, verdict: Verdict | None, *, broken: bool) -> str:
    """The card of one claim, as HTML."""
    word: Word = verdict.word if verdict else "undecided"
    note = html.escape(verdict.sentence if verdict else "Nothing measured yet.")
    badge = '<span class="tag">assumption broken</span>' if broken else ""
    numbers = '<div class="strip empty"><i class="axis"></i></div><div class="numbers"><span>no number yet</span></div>'
    if verdict:
        unit = f" <small>{html.escape(verdict.unit)}</small>" if verdict.unit else ""
        error = f" ± {number(verdict.error, verdict.error)}" if verdict.error else ""
        numbers = (
            f'{strip(verdict)}<div class="numbers"><span><i>{html.escape(verdict.symbol)}</i> '
            f"<b>{number(verdict.measured, verdict.error)}</b>{error}{unit}</span>"
            f'<span class="theory">predicted <b>{number(verdict.predicted)}</b></span></div>'
        )
    name = html.escape(claim.name)
    why = html.escape(f"Registered answer: {WORDS[claim.registered]}. {claim.evidence}")
    return (
        f'<article class="card" data-testid="card-{name}" data-claim="{name}" data-word="{word}" '
        f'style="--v:var(--{word});--vbg:var(--{word}bg)">'
        f'<div class="top"><span class="chip">{mark(word)}{WORDS[word]}</span>{badge}'
        f'<span class="note" title="{note}">{note}</span></div>'
        f'<h3 title="{html.escape(claim.sentence)} {html.escape(claim.source)}">{html.escape(claim.sentence)}</h3>'
        f"{numbers}"
        f'<div class="stored" title="{why}">registered: {WORDS[claim.registered]} · no stored verification yet</div>'
        "</article>"
    )


class Cards:
    """The cards of one page. `break_(names)` is called with the saboteurs that are to be on."""

    def __init__(
        self, experiment: Experiment[Any, Any], params: Params, break_: Callable[[tuple[str, ...]], None]
    ) -> None:
        self.experiment = experiment
        self._break = break_
        self._params = params
        self._faces: dict[str, Any] = {}
        self._switches: dict[str, list[Any]] = {}
        self._following = False
        self.panes = [self._card(claim) for claim in experiment.claims]
        self.follow((), params)

    def follow(self, verdicts: Sequence[Verdict], params: Params) -> None:
        """Show these verdicts and which assumptions are broken."""
        self._params = params
        by_claim = {v.claim: v for v in verdicts}
        for claim in self.experiment.claims:
            broken = any(params.breaks(s.name) for s in self._saboteurs(claim))
            text = face(claim, by_claim.get(claim.name), broken=broken)
            if self._faces[claim.name].object != text:
                self._faces[claim.name].object = text
        self._following = True
        try:
            for name, switches in self._switches.items():
                for switch in switches:
                    if switch.value != params.breaks(name):
                        switch.value = params.breaks(name)
        finally:
            self._following = False

    def _saboteurs(self, claim: Claim) -> list[Saboteur]:
        return [s for s in self.experiment.saboteurs if claim.name in s.turns]

    def _card(self, claim: Claim) -> Any:
        shown = self._faces[claim.name] = pn.pane.HTML(
            "", sizing_mode="stretch_width", margin=0, stylesheets=[theme.sheet("card.css")]
        )
        rows = [self._switch(s) for s in self._saboteurs(claim)]
        return pn.Column(
            shown,
            *rows,
            css_classes=["card"],
            stylesheets=[theme.sheet("card.css")],
            sizing_mode="stretch_width",
            margin=0,
        )

    def _switch(self, saboteur: Saboteur) -> Any:
        switch = pmui.Switch(
            label=f"Break it: {saboteur.assumption}",
            value=self._params.breaks(saboteur.name),
            size="small",
            margin=(0, 10, 2, 10),
            sizing_mode="stretch_width",
            css_classes=["break", f"break-{saboteur.name}"],
            stylesheets=[theme.sheet("switch.css")],
        )
        self._switches.setdefault(saboteur.name, []).append(switch)
        switch.param.watch(lambda event: self._turned(saboteur.name, bool(event.new)), "value")
        return switch

    def _turned(self, name: str, on: bool) -> None:
        if self._following or on == self._params.breaks(name):
            return
        now = set(self._params.broken)
        now = now | {name} if on else now - {name}
        self._break(tuple(s.name for s in self.experiment.saboteurs if s.name in now))
