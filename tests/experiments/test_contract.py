"""The contract, over every experiment in the table of contents: one body of tests, no line for any one of them.

Chain of trust: kernels, systems, estimators and theory -> experiment -> timeline, codec, page. What the page, the links
and the command line take for granted about an experiment is asserted here.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import itertools
import json
import math
import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from weltnet import codec, run, sources, tours
from weltnet.experiment import Experiment, Group, Verdict, Word
from weltnet.experiments import ALL, by_slug
from weltnet.observables import Observable, Scalar, Series
from weltnet.params import Knob, Params
from weltnet.timeline import Timeline, snapshot

ROOT = Path(__file__).resolve().parents[2]
FEW = 4
"""Strides after which an experiment has left its beginning."""

RESERVED = {"seed", "at", "digest", "changes", "paused", "theme", "view", "v"}
"""Words with a meaning of their own in a page's address."""

LONGEST = 445
"""Lines of an experiment's file that one must read to know what it does: its docstring, its logic and the declarations
of its knobs, planes and claims. Presets and tours are prose for who visits the page, and stand at the end."""

DECIDED = ("holds", "fails")

each = pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
AnyExperiment = Experiment[Any, Any]


def carried(experiment: AnyExperiment, strides: int = FEW, seed: int = 0, **values: Any) -> Timeline[Any, Any]:
    """A run some strides after its beginning."""
    line = Timeline(experiment, experiment.params.parse(values), seed)
    for _ in range(strides):
        line.advance()
    return line


def test_table_of_contents() -> None:
    """Chain of trust: the contract. There is something to show, and every slug finds its own experiment."""
    assert ALL
    assert len({e.slug for e in ALL}) == len(ALL)
    assert [by_slug(e.slug) for e in ALL] == list(ALL)
    with pytest.raises(KeyError, match="allowed: .*" + ALL[0].slug):
        by_slug("no-such-thing")


@each
def test_words(experiment: AnyExperiment) -> None:
    """Chain of trust: the contract. Everything a person reads about an experiment is there."""
    e = experiment
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", e.slug)
    assert e.group in get_args(Group)
    for text in (e.title, e.question, e.formula, e.by_hand, e.emergent, e.time_unit):
        assert text.strip() == text and text
    for claim in e.claims:
        assert claim.sentence.endswith(".") and claim.registered in get_args(Word) and claim.evidence
    assert e.claims and len({c.name for c in e.claims}) == len(e.claims)
    assert len({p.name for p in e.presets}) == len(e.presets) and all(p.look_for for p in e.presets)
    assert all(isinstance(v, str) and k for k, v in e.derived(e.params()).items())


@each
def test_sources_are_known(experiment: AnyExperiment) -> None:
    """Chain of trust: the contract. No claim without a reference, and no reference that cannot be looked up."""
    assert experiment.sources
    for text in (*experiment.sources, *(c.source for c in experiment.claims)):
        assert sources.source(text).key in sources.cite(text) or sources.source(text).title in sources.cite(text)


@each
def test_knobs_are_declared_once_and_whole(experiment: AnyExperiment) -> None:
    """Chain of trust: the ground. Each knob has a symbol, a meaning, a unit, and a default inside its range."""
    knobs = experiment.params.knobs()
    assert knobs and not RESERVED & {*knobs, "broken"}
    for k in knobs.values():
        assert k.meaning and isinstance(k.unit, str) and (k.symbol or k.kind == "choice"), k.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", k.name)
        if k.kind in ("number", "integer"):
            assert k.low <= k.default <= k.high and math.isfinite(k.low) and math.isfinite(k.high), k.name
            assert k.low > 0 or not k.log, k.name
        elif k.kind == "choice":
            assert k.default in k.choices
        elif k.kind == "formula":
            assert k.variables and experiment.params.parse({k.name: k.default}) == experiment.params()
            assert k.when is None or k.when[1] in knobs[k.when[0]].choices
        else:
            assert k.default is None and k.plane in experiment.planes
    assert experiment.params.parse(experiment.params().as_text()) == experiment.params()
    for knob in knobs.values():
        with pytest.raises(ValueError, match=re.escape(knob.meaning)):
            experiment.params.parse({knob.name: "no such value"})


@each
def test_knobs_are_in_the_glossary(experiment: AnyExperiment) -> None:
    """Chain of trust: the ground. One row of the glossary names the knob's code and its symbol together."""
    text = (ROOT / "core/GLOSSARY.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    for k in experiment.params.knobs().values():
        known = any(f"`{k.name}`" in row[3] and k.symbol in row[1].split(",") + row[1].split() for row in rows)
        assert known, f"core/GLOSSARY.md has no row with the symbol {k.symbol} and the code name `{k.name}`"


@each
def test_saboteurs_name_what_exists(experiment: AnyExperiment) -> None:
    """Chain of trust: verdict -> saboteur. Each claim's experiment can be broken, and says what breaks."""
    assert experiment.saboteurs
    claims = {c.name for c in experiment.claims}
    for s in experiment.saboteurs:
        assert s.turns and set(s.turns) <= claims and set(s.planes) <= set(experiment.planes) and s.assumption
        assert s.watch.endswith(".") and 10 <= len(s.watch.split()) <= 40, s.name
    assert len({s.name for s in experiment.saboteurs}) == len(experiment.saboteurs)


@each
def test_keystones_carry_a_group(experiment: AnyExperiment) -> None:
    """Chain of trust: the contract. What a group rests on is a claim of this experiment, and says what follows."""
    if (k := experiment.keystone) is not None:
        assert k.claim in {c.name for c in experiment.claims} and k.sentence and not k.sentence.endswith(".")
        assert any(e.group == experiment.group and e is not experiment for e in ALL)


@each
def test_presets_parse(experiment: AnyExperiment) -> None:
    """Chain of trust: the ground. A preset goes through the same door as everything else."""
    for preset in experiment.presets:
        params = experiment.params.parse(preset.values)
        assert experiment.params.parse(params.as_text()) == params


@each
def test_tours_are_whole(experiment: AnyExperiment) -> None:
    """Chain of trust: the ground. A tour of 3 to 8 minutes asks before it shows, and names only what exists.

    What it says is checked against its runs in `test_tours`.
    """
    e = experiment
    assert len({t.name for t in e.tours}) == len(e.tours)
    readouts = {k for k, v in Timeline(e, e.params(), 0).frame().seen.items() if isinstance(v, Scalar)}
    words = {c.name for c in e.claims}
    for tour in e.tours:
        assert re.fullmatch(r"[a-z][a-z0-9-]*", tour.name) and tour.title
        assert 3 <= tour.minutes <= 8, f"{tour.name} takes {tour.minutes:.1f} minutes"
        assert any(s.question for s in tour.stops) and tour.stops[0].seed is not None
        for stop in tour.stops:
            assert set(stop.look) <= set(e.planes) | words and stop.say.endswith(".")
            if q := stop.question:
                assert 2 <= len(q.choices) <= 4 and len(set(q.choices)) == len(q.choices)
                assert q.answer in range(len(q.choices)) and q.ask.endswith("?") and q.reveal.endswith(".")
                assert q.shows, f"{tour.name}: nothing checks what is revealed after {q.ask!r}"
        for leg in tours.legs(e, tour):
            assert leg.at % e.stride == leg.until % e.stride == 0
            for key, said in leg.shows.items():
                assert key in (words if isinstance(said, str) else readouts)
                assert said in get_args(Word) if isinstance(said, str) else said[0] < said[1]
        with pytest.raises(ValueError, match="allowed: .*" + tour.name):
            tours.named(e, "no-such-tour")
        assert tours.named(e, tour.name) is tour


@each
def test_same_seed_same_bits(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> timeline. Two runs of one seed agree bit by bit; another seed is another run."""
    first, again, other = (carried(experiment, seed=seed) for seed in (3, 3, 4))
    assert first.digest() == again.digest() != other.digest()
    assert bits(first) == bits(again)
    assert first.step == FEW * experiment.stride
    assert len({carried(experiment, strides).digest() for strides in range(FEW)}) == FEW


def bits(line: Timeline[Any, Any]) -> bytes:
    """The frame's numbers as an exact message would hold them, without the hour."""
    message = codec.encode(line.frame(), "exact")
    (n,) = np.frombuffer(message, "<u4", 1)
    head = codec.header(message)
    return json.dumps(head | {"wall": 0, "seq": 0}).encode() + message[4 + int(n) :]


@each
def test_looking_changes_nothing(experiment: AnyExperiment) -> None:
    """Chain of trust: state -> frame. Observing, predicting and judging leave every bit of the state as it was."""
    line, unseen = (carried(experiment, strides=0) for _ in range(2))
    for _ in range(FEW):
        line.advance()
        unseen.advance()
        before = line.digest()
        line.frame()
        line.verdicts()
        assert line.digest() == before
    assert line.digest() == unseen.digest()


def arrays_of(value: Observable) -> Iterator[Any]:
    for f in dataclasses.fields(value):  # type: ignore[arg-type]
        if isinstance(getattr(value, f.name), np.ndarray):
            yield getattr(value, f.name)


def state_arrays(state: Any) -> list[Any]:
    """Every array reachable in a state, shared preparation included."""
    found = []
    for f in dataclasses.fields(state):
        value = getattr(state, f.name)
        if isinstance(value, np.ndarray):
            found.append(value)
        elif dataclasses.is_dataclass(value):
            found += state_arrays(value)
    return found


@each
def test_frames_are_private_and_read_only(experiment: AnyExperiment) -> None:
    """Chain of trust: state -> frame. A frame shares no memory with the state and refuses writing."""
    line = carried(experiment)
    frame = line.frame()
    mine = state_arrays(line.state)
    assert mine
    for value in (*frame.seen.values(), *frame.theory.values()):
        for array in arrays_of(value):
            assert not array.flags.writeable
            assert not any(np.shares_memory(array, m) for m in mine)


@each
def test_theory_answers_what_is_seen(experiment: AnyExperiment) -> None:
    """Chain of trust: theory -> experiment. Ghosts have the keys, types, planes and units of what they stand behind."""
    for strides in (0, FEW):
        frame = carried(experiment, strides).frame()
        assert frame.seen and set(frame.theory) <= set(frame.seen)
        for key, ghost in frame.theory.items():
            seen = frame.seen[key]
            assert type(ghost) is type(seen), key
            assert getattr(ghost, "plane", "") == getattr(seen, "plane", ""), key
            assert getattr(ghost, "unit", "") == getattr(seen, "unit", ""), key
        for key, value in frame.seen.items():
            plane = getattr(value, "plane", "")
            assert plane in experiment.planes or (isinstance(value, Scalar) and not plane), key
            if isinstance(value, Series):
                assert value.y.shape == (len(value.names), len(value.x)) and len(value.roles) in (0, len(value.names))
    shown = {getattr(v, "plane", "") for v in frame.seen.values() if not isinstance(v, Scalar)}
    assert shown == set(experiment.planes)


@each
def test_planes_are_drawable(experiment: AnyExperiment) -> None:
    """Chain of trust: frame -> picture. Every axis has a symbol and finite limits in order, every plane words."""
    for plane in experiment.planes.values():
        assert plane.title and plane.caption and plane.empty
        for axis in (plane.x, plane.y):
            assert axis.symbol and math.isfinite(axis.low) and math.isfinite(axis.high) and axis.low < axis.high


@each
def test_message_round_trip(experiment: AnyExperiment) -> None:
    """Chain of trust: frame -> bytes. The exact message gives the frame back; the display message is strict JSON."""
    for strides in (0, FEW):
        frame = carried(experiment, strides).frame()
        again = codec.decode(codec.encode(frame, "exact"), experiment.params)
        one, other = (codec.encode(f, "exact") for f in (frame, again))
        # The head says when it was sent.
        tail = min(4096, len(one) - int.from_bytes(one[:4], "little") - 4)
        assert tail > 0 and one[-tail:] == other[-tail:]
        assert (again.params, again.digest, again.step) == (frame.params, frame.digest, frame.step)
        for side, other in ((frame.seen, again.seen), (frame.theory, again.theory)):
            assert list(side) == list(other)
            for key in side:
                assert type(side[key]) is type(other[key])
                for a, b in zip(arrays_of(side[key]), arrays_of(other[key]), strict=True):
                    assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), key
        assert codec.header(codec.encode(frame))["items"]


@each
def test_layout_stays(experiment: AnyExperiment) -> None:
    """Chain of trust: bytes -> picture. As the run goes on, the page built for its first frame keeps painting."""
    line = carried(experiment, strides=0)
    first = codec.layout(line.frame())
    for _ in range(3 * FEW):
        line.advance()
        assert codec.layout(line.frame()) == first, f"at step {line.step}"


@each
def test_state_is_what_is_saved(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> timeline. Going back gives the same bits, so a state hides nothing."""
    line = carried(experiment)
    before, frame = line.digest(), bits(line)
    for _ in range(FEW):
        line.advance()
    line.seek(FEW * experiment.stride)
    assert (line.digest(), bits(line)) == (before, frame)
    assert "step" in snapshot(line.state)


@each
def test_verdicts_answer_the_claims(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> verdict. One verdict per claim, in order, in words and finite numbers."""
    for strides in (0, FEW):
        verdicts = carried(experiment, strides).verdicts()
        assert [v.claim for v in verdicts] == [c.name for c in experiment.claims]
        for v in verdicts:
            check_verdict(v)


def check_verdict(v: Verdict) -> None:
    assert v.word in get_args(Word) and v.symbol and v.sentence.endswith("."), v.claim
    assert all(math.isfinite(n) for n in (v.measured, v.error, v.predicted)) and v.error >= 0, v.claim
    assert v.null is None or math.isfinite(v.null), v.claim
    assert v.band[0] <= v.band[1] and not any(map(math.isnan, v.band)), v.claim


@each
def test_file_fits_in_the_head(experiment: AnyExperiment) -> None:
    """Chain of trust: the reader. An experiment is one file that a person can read in one sitting."""
    path = Path(inspect.getfile(experiment.params))
    assert path.parent.name == "experiments"
    lines = len(set(enumerate(path.read_text(encoding="utf-8").splitlines(), 1)) - set(prose(path)))
    assert lines < LONGEST, f"{path.name} has {lines} lines besides its presets and tours"


def prose(path: Path) -> list[tuple[int, str]]:
    """The numbered lines of a file that are presets or tours."""
    text = path.read_text(encoding="utf-8")
    given = [
        node.value if isinstance(node, ast.keyword) else node
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.keyword) and node.arg == "presets")
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Tour")
    ]
    numbers = {n for node in given for n in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return [(n, line) for n, line in enumerate(text.splitlines(), 1) if n in numbers]


# -- the corners of the knobs -----------------------------------------------------------------------------------------


def ends(k: Knob) -> list[Any]:
    """The values of one knob at which something breaks if anything does."""
    if k.kind == "choice":
        return list(k.choices)
    if k.kind == "region":
        return [None, (k.low, k.low, k.low, k.low), (k.low, k.low, k.high, k.high)]
    if k.kind == "formula":
        return [k.default, "0", " + ".join(f"1e6*sin(9*{v})^2" for v in k.variables)]
    return [k.low, k.high] if k.kind == "number" else [int(k.low), int(k.high)]


def covering(factors: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Rows in which every pair of ends of every two knobs occurs: the shortest of some greedy searches."""
    found = [_covering({n: len(ends) for n, ends in factors.items()}, random.Random(seed)) for seed in range(20)]
    return [{n: factors[n][i] for n, i in row.items()} for row in min(found, key=len)]


def _covering(sizes: dict[str, int], dice: random.Random) -> list[dict[str, int]]:
    pairs = {
        frozenset([(a, i), (b, j)])
        for a, b in itertools.combinations(sizes, 2)
        for i, j in itertools.product(range(sizes[a]), range(sizes[b]))
    }
    rows = []
    while pairs:
        tries = [_row(sizes, pairs, dice) for _ in range(8)]
        row = max(tries, key=lambda r: len(pairs & _pairs(r)))
        pairs -= _pairs(row)
        rows.append(row)
    return rows


def _row(sizes: dict[str, int], pairs: set[Any], dice: random.Random) -> dict[str, int]:
    row: dict[str, int] = dict(dice.choice(sorted(map(sorted, pairs))))
    for name in dice.sample(sorted(sizes), len(sizes)):
        if name not in row:
            gains = [sum(frozenset([(name, i), other]) in pairs for other in row.items()) for i in range(sizes[name])]
            row[name] = dice.choice([i for i, gain in enumerate(gains) if gain == max(gains)])
    return row


def _pairs(row: dict[str, int]) -> set[Any]:
    return set(map(frozenset, itertools.combinations(row.items(), 2)))


def corners(experiment: AnyExperiment) -> list[dict[str, Any]]:
    factors = {k.name: ends(k) for k in experiment.params.knobs().values()}
    factors["broken"] = [(), *((s.name,) for s in experiment.saboteurs)]
    return covering(dict(sorted(factors.items())))


def test_covering_covers() -> None:
    """Chain of trust: the test itself. All pairs occur, in few rows."""
    factors = {name: list(range(2 + i % 2)) for i, name in enumerate("abcdefgh")}
    rows = covering(factors)
    for a, b in itertools.combinations(factors, 2):
        assert {(r[a], r[b]) for r in rows} == set(itertools.product(factors[a], factors[b]))
    assert len(rows) <= 16


def step_at(experiment: AnyExperiment, values: dict[str, Any], steps: int) -> None:
    line = Timeline(experiment, experiment.params.parse(values), 0)
    while True:
        # encode raises when a number is not finite, and names it
        codec.encode(line.frame())
        for v in line.verdicts():
            check_verdict(v)
        if line.step >= steps:
            return
        line.advance()


@each
def test_corners_stay_finite(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> frame. With knobs at their ends a run begins and steps, and no NaN leaves it.

    Three rows of the covering set here; the whole in `test_all_corners_stay_finite`.
    """
    for row in corners(experiment)[:3]:
        step_at(experiment, row, 3 * experiment.stride)


@pytest.mark.slow
@each
def test_all_corners_stay_finite(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> frame. Every pair of ends together, 200 steps each."""
    rows = corners(experiment)
    for row in rows:
        step_at(experiment, row, 200)


@each
def test_knobs_turn_in_flight(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> timeline. A knob that does not restart may be turned to its ends during a run."""
    line = carried(experiment)
    for k in experiment.params.knobs().values():
        if k.restarts:
            continue
        for value in ends(k):
            line.change(experiment.params.parse({k.name: value}))
            line.advance()
            codec.encode(line.frame())
    for saboteur in experiment.saboteurs:
        line.change(experiment.params.parse({"broken": saboteur.name}))
        line.advance()
        codec.encode(line.frame())
    assert Timeline.replay(experiment, line.log, line.step).digest() == line.digest()


# -- the register -----------------------------------------------------------------------------------------------------


@cache
def judged(slug: str, seed: int, broken: str = "") -> dict[str, Verdict]:
    return {name: v for name, (v, _) in run.verified(by_slug(slug), seed, broken).items()}


def against_the_register(experiment: AnyExperiment, seed: int) -> list[str]:
    """Every verdict that differs from its registered answer, as a sentence."""
    return [
        f"{experiment.slug}, seed {seed}: {c.name} is {v.word}, registered {c.registered}: {v.measured:g} ± {v.error:g}"
        for c in experiment.claims
        if (v := judged(experiment.slug, seed)[c.name]).word != c.registered
    ]


def unturned(experiment: AnyExperiment, seed: int) -> list[str]:
    """Every verdict that a saboteur names and does not turn, as a sentence."""
    honest = judged(experiment.slug, seed)
    sentences = []
    for s in experiment.saboteurs:
        broken = judged(experiment.slug, seed, s.name)
        for name in s.turns:
            word = broken[name].word
            if word not in DECIDED or word == honest[name].word:
                sentences.append(f"{experiment.slug}, seed {seed}: {s.name} leaves {name} {word}")
    return sentences


@each
def test_verdicts_are_as_registered(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> verdict, with seed 0. What the project says is what its code finds."""
    assert not (complaints := against_the_register(experiment, 0)), "\n".join(complaints)


@each
def test_saboteurs_turn_their_verdicts(experiment: AnyExperiment) -> None:
    """Chain of trust: verdict -> saboteur, with seed 0. A verdict that survives its broken assumption is decoration."""
    assert not (complaints := unturned(experiment, 0)), "\n".join(complaints)


@pytest.mark.slow
@each
def test_register_over_twenty_seeds(experiment: AnyExperiment) -> None:
    """Chain of trust: experiment -> verdict -> saboteur, with seeds 0 to 19. One seed could be luck."""
    complaints = [s for seed in range(20) for s in against_the_register(experiment, seed) + unturned(experiment, seed)]
    assert not complaints, "\n".join(complaints)


def test_parameters_are_each_their_own() -> None:
    """Chain of trust: the ground. Every experiment declares its own class of Params."""
    assert len({e.params for e in ALL}) == len(ALL)
    assert all(issubclass(e.params, Params) for e in ALL)
