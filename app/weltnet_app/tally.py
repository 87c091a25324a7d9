"""What this installation has found about the claims of the register, and what one of them says to all of its group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from weltnet import __version__, calibrations, provenance, verifications
from weltnet.experiment import Claim, Experiment, Keystone, Word
from weltnet_app import calibrating
from weltnet_app.verdict_cards import WORDS

__all__ = ["Answer", "Tally", "shaken", "tally"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is stored about one claim: the word that most of its seeds say, nothing where none is stored."""

    slug: str
    claim: str
    registered: Word
    word: Word | None
    """A tie decides nothing."""
    seeds: int
    agreeing: int
    """Seeds whose word is the registered one."""
    missed: str = ""
    """Why nothing is decided, where an estimator misses a known answer."""
    date: datetime | None = None
    older: bool = False
    """Whether it was found by other sources than these."""

    @property
    def expected(self) -> bool:
        """Whether it is as registered."""
        return self.word == self.registered


@dataclass(frozen=True, slots=True)
class Tally:
    """Every claim of the register with what this installation has computed about it, and nothing else."""

    answers: tuple[Answer, ...]
    known: int
    """Calibrations on which the verdicts rest."""
    reproduced: int
    missed: int
    calibrated: datetime | None

    @property
    def verified(self) -> list[Answer]:
        """Claims that have been decided here, or tried."""
        return [a for a in self.answers if a.word is not None]

    @property
    def words(self) -> Counter[Word]:
        """How many claims were decided how."""
        return Counter(a.word for a in self.verified if a.word is not None)

    @property
    def date(self) -> datetime | None:
        """When the last verdict was made."""
        return max((a.date for a in self.verified if a.date), default=None)

    def plain(self) -> dict[str, Any]:
        """The tally as JSON carries it."""
        verified = self.verified
        return {
            "version": __version__,
            "claims": len(self.answers),
            "verified": len(verified),
            "words": {word: self.words[word] for word in WORDS},
            "as_registered": sum(a.expected for a in verified),
            "by_every_seed": sum(a.agreeing == a.seeds for a in verified),
            "seeds": sum(a.seeds for a in verified),
            "older": sum(a.older for a in verified),
            "date": self.date.isoformat() if self.date else None,
            "calibrations": {
                "known": self.known,
                "reproduced": self.reproduced,
                "missed": self.missed,
                "date": self.calibrated.isoformat() if self.calibrated else None,
            },
            "answers": [asdict(a) | {"date": a.date.isoformat() if a.date else None} for a in self.answers],
        }


def tally(experiments: Iterable[Experiment[Any, Any]]) -> Tally:
    """What is stored about every claim of these experiments."""
    chosen = list(experiments)
    found = calibrations.current()
    names = dict.fromkeys(name for e in chosen for name in e.calibrations)
    results = [r for name in names if found and (r := found.of(name)) is not None]
    good = sum(calibrations.passed(r) for r in results)
    answers = tuple(answer for e in chosen for answer in _answers(e))
    return Tally(answers, len(names), good, len(results) - good, found.date if found and results else None)


def _answers(experiment: Experiment[Any, Any]) -> list[Answer]:
    try:
        stored = verifications.load(experiment.slug)
    except provenance.Unreadable:
        stored = None
    missed = calibrating.missed(experiment)
    return [_answer(experiment.slug, claim, stored, missed) for claim in experiment.claims]


def _answer(slug: str, claim: Claim, stored: verifications.Verification | None, missed: str) -> Answer:
    found = stored.of(claim.name) if stored else None
    if stored is None or found is None:
        return Answer(slug, claim.name, claim.registered, None, 0, 0, missed)
    first, *others = found.words.most_common()
    tied = bool(others) and others[0][1] == first[1]
    # A run that broke down has said nothing, and neither has an estimator that is off.
    word: Word = "undecided" if tied or missed or first[0] is None else first[0]
    old = stored.stamp.sources != provenance.sources()
    agreeing = found.words[claim.registered]
    return Answer(slug, claim.name, claim.registered, word, len(found.rows), agreeing, missed, stored.date, old)


def shaken(experiment: Experiment[Any, Any], experiments: Iterable[Experiment[Any, Any]]) -> list[tuple[str, Keystone]]:
    """By slug, keystones of this experiment's group that fail: here or, where nothing is stored, by the register."""
    found = []
    for other in experiments:
        if (k := other.keystone) is not None and other is not experiment and other.group == experiment.group:
            answer = next(a for a in _answers(other) if a.claim == k.claim)
            if (answer.word or answer.registered) == "fails":
                found.append((other.slug, k))
    return found
