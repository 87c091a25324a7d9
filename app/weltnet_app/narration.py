"""What a page says when somebody breaks an assumption: what is being broken, and what the verdicts then do.

Nothing is said of a verdict that this run has not measured, before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from weltnet.experiment import Experiment, Verdict, Word
from weltnet.params import Params, Saboteur
from weltnet.timeline import Log
from weltnet_app.verdict_cards import WORDS, verb

__all__ = ["Narration"]

DECIDED = ("holds", "fails")
NAMED = 2
"""Claims that are named in one sentence, where there are many."""


class Run(Protocol):
    """What a narration follows."""

    params: Params
    step: int
    verdicts: tuple[Verdict, ...]
    log: Log


class Narration:
    """The sentences of one page, about the switch that was turned last."""

    def __init__(self, experiment: Experiment[Any, Any]) -> None:
        self.experiment = experiment
        self._saboteur: Saboteur | None = None
        self._on = False
        self._broken: tuple[str, ...] | None = None
        self._run: object = None
        self._since = 0
        self._words: dict[str, Word] = {}
        self._before: dict[str, Word] = {}
        self._turned: dict[str, int] = {}

    def follow(self, run: Run) -> None:
        """Hear of the run; to be called whenever it has moved."""
        broken = run.params.broken
        here = (run.log.seed, {k: v for k, v in run.log.initial.items() if k != "broken"})
        if here != self._run:
            # What another run said proves nothing about this one, and what was broken there is not repaired here.
            self._broken = tuple(n for n in self._broken or () if n in broken)
            self._saboteur = self._saboteur if self._on and self._broken else None
            self._run, self._words, self._before, self._turned, self._since = here, {}, {}, {}, 0
        switched = set(broken) ^ set(self._broken or ())
        if switched:
            name = next(n for n in (*broken, *switched) if n in switched)
            self._saboteur = next(s for s in self.experiment.saboteurs if s.name == name)
            self._on, self._since, self._before = name in broken, run.step, dict(self._words)
            self._turned = {}
        self._broken = broken
        words = {v.claim: v.word for v in run.verdicts}
        if self._saboteur is None or not self._due(run):
            if not switched:
                self._words = words
            return
        # A verdict made before the first step with the switch is about the run as it was.
        self._words = words
        for claim in self._saboteur.turns:
            if self._has_turned(claim):
                self._turned.setdefault(claim, run.step - self._since)

    def _due(self, run: Run) -> bool:
        saboteur = self._saboteur
        if saboteur is not None and saboteur.restarts:
            if self._on != (saboteur.name in run.log.initial.get("broken", ())):
                return False
            self._since = 0
            return True
        if run.step < self._since:
            self._since = 0
        return run.step > self._since

    def _has_turned(self, claim: str) -> bool:
        word = self._words.get(claim)
        return word in DECIDED and word != self._before.get(claim)

    def dismiss(self) -> None:
        """Say no more of it."""
        self._saboteur = None

    @property
    def text(self) -> str:
        """What is to be said now, or nothing."""
        s = self._saboteur
        if s is None:
            return ""
        sentences = [s.watch] if self._on else [f"Repaired: {s.assumption} again."]
        alike: dict[tuple[int, Word | None, Word], list[str]] = {}
        for claim, after in self._turned.items():
            if self._has_turned(claim):
                how = after, self._before.get(claim), self._words[claim]
                alike.setdefault(how, []).append(self.experiment.claim(claim).sentence.rstrip("."))
        sentences += [_turn(*how, claims) for how, claims in alike.items()] or self._waiting(s)
        return " ".join(sentences)

    def _waiting(self, s: Saboteur) -> Sequence[str]:
        words = [self._words.get(claim) for claim in s.turns]
        if self._on and words and all(w == "outside-regime" for w in words):
            return ("At these knobs nothing can turn: the claims it breaks are outside their regime.",)
        return ()


def _turn(after: int, before: Word | None, now: Word, claims: Sequence[str]) -> str:
    when = f"after {after} steps" if after > 0 else "at once"
    turned = f"turned from {WORDS[before]} to {WORDS[now]}" if before in DECIDED else verb(now, len(claims))
    named = [f"“{claim}”" for claim in claims[: NAMED if len(claims) > NAMED + 1 else None]]
    if len(named) < len(claims):
        named.append(f"{len(claims) - len(named)} more")
    said = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"{said} {turned} {when}."
