"""Verdict cards: what this run says about each claim, in word, shape and number, and the switch that breaks it."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import panel as pn
import panel_material_ui as pmui

from weltnet import provenance, verifications
from weltnet.experiment import Claim, Experiment, Verdict, Word
from weltnet.params import Params, Saboteur
from weltnet.verifications import Distribution, Verification
from weltnet_app import theme
from weltnet_app.theme import number

__all__ = ["WORDS", "Cards", "Stored", "age", "mark", "strip", "verb"]

WORDS: dict[Word, str] = {
    "holds": "holds",
    "fails": "fails",
    "undecided": "undecided",
    "outside-regime": "outside regime",
}


def verb(word: Word, n: int) -> str:
    """The word as n claims do it: one holds, two hold."""
    return WORDS[word] if n == 1 else {"holds": "hold", "fails": "fail"}.get(word, WORDS[word])


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


@dataclass(frozen=True, slots=True)
class Stored:
    """What a card says of the stored verification, and the seeds it may draw beside this run."""

    line: str
    words: str
    """The same and more, for who points at it."""
    seeds: tuple[float, ...] = ()


_VERBS: Mapping[Word | None, tuple[str, str]] = {
    "holds": ("holds", "hold"),
    "fails": ("fails", "fail"),
    "undecided": ("undecided", "undecided"),
    "outside-regime": ("outside regime", "outside regime"),
    None: ("broke down", "broke down"),
}
MOST_DOTS = 60
MOST_KNOBS = 3
"""More of them are named by their preset, or counted: a card is narrow."""


def stored(experiment: Experiment[Any, Any], claim: Claim, params: Params, verification: Verification | None) -> Stored:
    """What `weltnet verify` found for a claim at the knobs the page shows, or at which knobs it did, or nothing yet."""
    registered = f"registered: {WORDS[claim.registered]}"
    why = f"Registered answer: {WORDS[claim.registered]}. {claim.evidence}".rstrip(". ") + "."
    command = f"weltnet verify {experiment.slug} --seeds 20"
    broken = params.broken[0] if len(params.broken) == 1 else ""
    here = _agree(experiment.params.parse({**claim.at, "broken": params.broken}), params)
    found = verification.of(claim.name, broken if here else "") if verification else None
    if verification is None or found is None:
        what = "with this assumption broken" if broken and here and verification else "on this installation"
        option = " --sabotage" if broken and here and verification else ""
        return Stored(f"{registered} · not verified {what} yet: {command}{option}", f"{why} {command}{option}")
    counted = _counted(found)
    agreed = not broken and set(found.words) == {claim.registered}
    when = age(verification.date)
    old = verification.stamp.sources != provenance.sources()
    version = f"of an older version, v{verification.stamp.version}" if old else f"v{verification.stamp.version}"
    if not here or len(params.broken) > 1:
        line = f"{registered} · at {_knobs(experiment, claim)}: {counted} · {when} · {version}"
        return Stored(line, f"{why} {line[0].upper()}{line[1:]}.")
    head = f"{counted}, as registered" if agreed else f"{counted} · broken" if broken else f"{registered} · {counted}"
    line = f"{head} · {_numbers(found)}{when} · {version}"
    stamp = verification.stamp
    made = f"Stored {verification.date:%Y-%m-%d} on {stamp.machine} ({stamp.cores} cores), revision {stamp.revision}."
    between = "" if found.spread is None else f" Standard deviation between seeds {number(found.spread)}."
    return Stored(line, f"{why} {line}.{between} {made}", _thinned(found.measured))


def _agree(a: Params, b: Params) -> bool:
    """Whether two settings are the same to the digits a knob shows: one may follow from others."""

    def same(x: Any, y: Any) -> bool:
        return math.isclose(x, y, rel_tol=1e-3) if isinstance(x, float) and isinstance(y, float) else bool(x == y)

    return all(same(getattr(a, name), getattr(b, name)) for name in type(a).model_fields)


def _counted(found: Distribution) -> str:
    n = len(found.rows)
    words = ", ".join(f"{k} {_VERBS[word][k > 1]}" for word, k in found.words.most_common())
    return f"{n} {'seed' if n == 1 else 'seeds'}: {words}"


def _numbers(found: Distribution) -> str:
    if found.median is None or found.range is None or len(found.measured) < 2:
        return ""
    middle, low, high = (number(x, found.spread or 0.0) for x in (found.median, *found.range))
    between = " to " if high.startswith("−") else "–"
    return f"median {middle}, {low}{between}{high} · " if low != high else f"always {middle} · "


def _knobs(experiment: Experiment[Any, Any], claim: Claim) -> str:
    knobs = experiment.params.knobs()
    if len(claim.at) > MOST_KNOBS:
        preset = next((p.name for p in experiment.presets if dict(p.values) == dict(claim.at)), "")
        return f"preset “{preset}”" if preset else f"{len(claim.at)} other knobs"
    values = {k: number(v) if isinstance(v, int | float) else str(v) for k, v in claim.at.items()}
    shown = [f"{knobs[k].symbol or k} = {v}" if k in knobs else f"{k} {v}" for k, v in values.items()]
    return ", ".join(shown) or "the defaults"


def _thinned(values: Sequence[float]) -> tuple[float, ...]:
    ordered = sorted(values)
    every = max(1, math.ceil(len(ordered) / MOST_DOTS))
    return tuple(ordered[::every])


def age(date: datetime) -> str:
    """How long ago, as a person would say it."""
    days = (datetime.now(UTC).date() - date.astimezone(UTC).date()).days
    if days <= 0:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago" if days < 15 else f"{date:%Y-%m-%d}"


def strip(verdict: Verdict, seeds: Sequence[float] = ()) -> str:
    """The measured interval over the band of tolerance, with the prediction and the null as ticks, over other seeds.

    A stored seed far off the rest is drawn at the edge: it must not squeeze the band to nothing.
    """
    lo, hi = verdict.band
    ends = [lo, hi, verdict.predicted, verdict.measured - verdict.error, verdict.measured + verdict.error]
    ends += [] if verdict.null is None else [verdict.null]
    low, high = min(ends), max(ends)
    wide = high - low
    low = min(low, max(min(seeds, default=low), low - wide))
    high = max(high, min(max(seeds, default=high), high + wide))
    pad = 0.12 * (high - low) or 1.0
    low, high = low - pad, high + pad

    def at(x: float) -> float:
        return round(min(max(100 * (x - low) / (high - low), 0.0), 100.0), 2)

    start, stop = at(verdict.measured - verdict.error), at(verdict.measured + verdict.error)
    null = "" if verdict.null is None else f'<i class="null" style="left:{at(verdict.null)}%"></i>'
    others = "".join(f'<i class="seed" style="left:{at(x)}%"></i>' for x in seeds)
    return (
        f'<div class="strip" role="img" aria-label="{html.escape(spoken(verdict))}"><i class="axis"></i>'
        f'<i class="band" style="left:{at(lo)}%;width:{max(0.6, at(hi) - at(lo)):.2f}%"></i>{null}'
        f'<i class="predicted" style="left:{at(verdict.predicted)}%"></i>'
        f'<i class="bar" style="left:{start}%;width:{max(0.0, stop - start):.2f}%"></i>'
        f'<i class="dot" style="left:{at(verdict.measured)}%"></i>{others}</div>'
    )


def spoken(verdict: Verdict) -> str:
    """A verdict's numbers in words."""
    unit = f" {verdict.unit}" if verdict.unit else ""
    null = "" if verdict.null is None else f", null {number(verdict.null)}"
    return (
        f"{verdict.symbol} = {number(verdict.measured, verdict.error)} ± {number(verdict.error, verdict.error)}{unit}, "
        f"predicted {number(verdict.predicted)}, tolerance {number(verdict.band[0])} to {number(verdict.band[1])}{null}"
    )


def face(claim: Claim, verdict: Verdict | None, kept: Stored, *, broken: bool, missed: str = "") -> str:
    """The card of one claim, as HTML. `missed` says which calibration its estimators miss: then no word is given."""
    word = "uncalibrated" if missed else verdict.word if verdict else "undecided"
    note = html.escape(missed or (verdict.sentence if verdict else "Nothing measured yet."))
    badge = '<span class="tag"><span class="wide">assumption </span>broken</span>' if broken else ""
    chip = f"{mark('fails')}estimator is off" if missed else f"{mark(word)}{WORDS[word]}"  # type: ignore[arg-type,index]
    hue = "fails" if missed else word
    numbers = '<div class="strip empty"><i class="axis"></i></div><div class="numbers"><span>no number yet</span></div>'
    if verdict:
        unit = f" <small>{html.escape(verdict.unit)}</small>" if verdict.unit else ""
        error = f" ± {number(verdict.error, verdict.error)}" if verdict.error else ""
        numbers = (
            f'{strip(verdict, kept.seeds)}<div class="numbers"><span><i>{html.escape(verdict.symbol)}</i> '
            f"<b>{number(verdict.measured, verdict.error)}</b>{error}{unit}</span>"
            f'<span class="theory"><span class="wide">predicted</span><span class="narrow">vs</span> '
            f"<b>{number(verdict.predicted)}</b></span></div>"
        )
    name = html.escape(claim.name)
    return (
        f'<article class="card" data-testid="card-{name}" data-claim="{name}" data-word="{word}" '
        f'style="--v:var(--{hue});--vbg:var(--{hue}bg)">'
        f'<div class="top"><span class="chip">{chip}</span>{badge}'
        f'<span class="note wide" title="{note}">{note}</span>'
        f'<i class="symbol narrow" title="{note}">{html.escape(claim.symbol).replace("/", "/<wbr>")}</i></div>'
        f'<h3 title="{html.escape(claim.sentence)} {html.escape(claim.source)}">{html.escape(claim.sentence)}</h3>'
        f"{numbers}"
        f'<div class="stored" data-testid="stored-{name}" title="{html.escape(kept.words)}">{_wrapped(kept.line)}'
        "</div></article>"
    )


def _wrapped(line: str) -> str:
    """A stored line whose command a narrow card leaves to the tooltip."""
    said, colon, command = html.escape(line).partition(": weltnet ")
    return f'{said}<span class="wide">: <code>weltnet {command}</code></span>' if colon else said


class Cards:
    """The cards of one page. `break_(names)` is called with the saboteurs that are to be on."""

    def __init__(
        self,
        experiment: Experiment[Any, Any],
        params: Params,
        break_: Callable[[tuple[str, ...]], None],
        *,
        switches: bool = True,
    ) -> None:
        self.experiment = experiment
        self._switched = switches
        self._break = break_
        self._params = params
        self._faces: dict[str, Any] = {}
        self._switches: dict[str, list[Any]] = {}
        self._following = False
        self.panes = [self._card(claim) for claim in experiment.claims]
        self.follow((), params)

    def follow(self, verdicts: Sequence[Verdict], params: Params, missed: str = "") -> None:
        """Show these verdicts, which assumptions are broken, and what is stored; `missed` names a calibration."""
        self._params = params
        by_claim = {v.claim: v for v in verdicts}
        try:
            kept = verifications.load(self.experiment.slug)
        except provenance.Unreadable:
            kept = None
        for claim in self.experiment.claims:
            broken = any(params.breaks(s.name) for s in self._saboteurs(claim))
            said = stored(self.experiment, claim, params, kept)
            text = face(claim, by_claim.get(claim.name), said, broken=broken, missed=missed)
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
        rows = [self._switch(s) for s in self._saboteurs(claim)] if self._switched else []
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
