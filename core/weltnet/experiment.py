"""The one contract between the physics and everything that runs, tests or draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from weltnet.observables import Array, Observable, Plane
from weltnet.params import Params, Saboteur

__all__ = [
    "Cancelled", "Claim", "Experiment", "Frame", "Group", "Keystone", "Preset", "Question", "Report", "Saboteur",
    "Shows", "Stop", "Tour", "Verdict", "Word",
]  # fmt: skip

Word = Literal["holds", "fails", "undecided", "outside-regime"]
Group = Literal["all", "learning", "quantum", "space-time", "life"]

P = TypeVar("P", bound=Params)
S = TypeVar("S")

Report = Callable[[float, str], None]
"""Called by long preparation with (fraction done, what is being computed); raises `Cancelled` to stop it."""


class Cancelled(Exception):
    """Preparation was stopped because nobody wants its result any more."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A named statement that can fail, with the answer this project has registered for it."""

    name: str
    sentence: str
    source: str
    """Key into `weltnet.sources`, then the equation, as `2008.01540 §8`."""
    symbol: str
    """What is measured, as a formula's left side."""
    predicted: float
    band: tuple[float, float]
    """Tolerance round the prediction."""
    registered: Word
    evidence: str = ""
    """Why the registered answer is what it is."""
    unit: str = ""
    at: Mapping[str, Any] = field(default_factory=dict)
    """The knobs, where they differ from the defaults, under which the registered answer is checked."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What this run says about one claim.

    The claim holds when the 95 % interval measured ± error lies inside `band`, fails when it lies wholly outside, and
    is undecided when it straddles an edge; outside its regime the number is shown but decides nothing.
    """

    claim: str
    word: Word
    symbol: str
    measured: float
    error: float
    predicted: float
    band: tuple[float, float]
    null: float | None
    sentence: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A named setting with one sentence of what to look for."""

    name: str
    look_for: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Keystone:
    """A claim on which the reading of a whole group of experiments rests."""

    claim: str
    sentence: str
    """What all other pages of the group say while it fails; a clause without a full stop."""


Shows = Mapping[str, "Word | tuple[float, float]"]
"""What a tour says is to be seen: a claim's name and its word, or a readout's key and the range in which it lies."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to predict. Only when everyone has, `reveal` is said, `then` is turned and `until` steps pass."""

    ask: str
    choices: tuple[str, ...]
    answer: int
    """Index of the choice that the run bears out."""
    reveal: str
    then: Mapping[str, Any] = field(default_factory=dict)
    until: int = 0
    shows: Shows = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a tour: something is said, knobs are turned, `until` learning steps pass, and the run waits."""

    say: str
    set: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    """The run begins anew with this seed and, where `set` says nothing, the defaults; without one it goes on."""
    look: tuple[str, ...] = ()
    """Planes and claims to look at."""
    until: int = 0
    shows: Shows = field(default_factory=dict)
    """What is seen when the run waits; a test plays every tour and checks it."""
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Tour:
    """A walk through an experiment for a class. Played as written it is the same run, bit by bit, every time."""

    name: str
    title: str
    stops: tuple[Stop, ...]

    @property
    def minutes(self) -> float:
        """How long it takes: its words at 130 a minute, its learning steps at 50 a second."""
        asked = [s.question for s in self.stops if s.question]
        said = [s.say for s in self.stops] + [t for q in asked for t in (q.ask, *q.choices, q.reveal)]
        steps = sum(s.until for s in self.stops) + sum(q.until for q in asked)
        return sum(len(t.split()) for t in said) / 130 + steps / 3000


@dataclass(frozen=True, slots=True)
class Frame:
    """An immutable snapshot: what was seen at `step`, what theory says for it, and the Params it is a picture of."""

    seq: int
    step: int
    time: float
    params: Params
    seen: Mapping[str, Observable]
    theory: Mapping[str, Observable]
    digest: str


@dataclass(frozen=True, slots=True)
class Experiment(Generic[P, S]):
    """One claim of the theory (or several), how it is run, seen, predicted, judged and broken.

    `begin(params, seed, report)` prepares a state, a mutable dataclass with a field `step: int`, whose array fields are
    its memory and whose frozen dataclass fields are shared preparation. `step(state, params)` advances it in place by
    `stride` learning steps, using no randomness but counters keyed by (seed, step). `observe` and `theory` return the
    same keys and types (theory may leave keys out). `verdict` judges every claim from the state alone.
    """

    slug: str
    title: str
    group: Group
    question: str
    """One line under the title: what is asked, in plain words."""
    formula: str
    """The claim as LaTeX."""
    sources: tuple[str, ...]
    by_hand: str
    """What was put in by hand."""
    emergent: str
    """What was not put in, and is measured."""
    params: type[P]
    planes: Mapping[str, Plane]
    claims: tuple[Claim, ...]
    presets: tuple[Preset, ...]
    stride: int
    """Learning steps per frame; fixed, so that the state never depends on the display."""
    verify_steps: int
    """Learning steps after which the verdicts mean what they say."""
    begin: Callable[[P, int, Report], S]
    step: Callable[[S, P], None]
    clock: Callable[[S], float]
    observe: Callable[[S, P], Mapping[str, Observable]]
    theory: Callable[[S, P], Mapping[str, Observable]]
    verdict: Callable[[S, P], tuple[Verdict, ...]]
    derived: Callable[[P], Mapping[str, str]] = field(default=lambda params: {})
    """Quantities derived from the knobs, shown at their foot: symbol -> text."""
    settle: Callable[[S, P, P], P] = field(default=lambda state, before, wanted: wanted)
    """What becomes of the knobs `wanted` after `before` in this state, where one knob follows from others; what it
    returns is what the run records, and is its own answer whatever was before."""
    members: Callable[[S], Mapping[str, Array]] = field(default=lambda state: {})
    """All members, (count, 2), of every Cloud that draws only some of them, by the Cloud's key."""
    time_unit: str = "steps"
    tours: tuple[Tour, ...] = ()
    """Guided walks, each with something to predict; `weltnet.tours` says which runs they pass through."""
    calibrations: tuple[str, ...] = ()
    """Names of the calibrations (`weltnet.calibrations`) on which the verdicts rest; at least one."""
    keystone: Keystone | None = None
    """The claim here on which the other experiments of the group rest, if one does."""
    cover: Preset | None = None
    """The setting in which it shows itself on the front page, with what moves there; by default the first preset."""

    @property
    def saboteurs(self) -> tuple[Saboteur, ...]:
        """The switches that break this experiment's assumptions."""
        return self.params.saboteurs

    def claim(self, name: str) -> Claim:
        """The claim of this name."""
        return next(c for c in self.claims if c.name == name)

    @property
    def settings(self) -> tuple[Mapping[str, Any], ...]:
        """The distinct knobs under which claims are checked, the defaults among them or not, in order of the claims."""
        found: list[Mapping[str, Any]] = []
        for c in self.claims:
            if c.at not in found:
                found.append(c.at)
        return tuple(found)
