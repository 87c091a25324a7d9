"""Timeline: a run is a function of seed, first Params and recorded changes, and of nothing else.

Chain of trust: experiment -> timeline -> frame. Rewinding, sharing and replaying stand on it. The experiment is a toy
of random walkers, so that nothing here depends on physics.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from weltnet import run, timeline
from weltnet.experiment import Claim, Experiment, Report, Verdict
from weltnet.experiments import by_slug
from weltnet.history import Ring
from weltnet.observables import Axis, Cloud, Observable, Plane, Scalar
from weltnet.params import Params, knob
from weltnet.timeline import CHECKPOINT_EVERY, CHECKPOINTS, RECENT, Log, Timeline
from weltnet.verdicts import judge

STRIDE = 5


class Walk(Params):
    pull: float = knob(0.1, 0.0, 1.0, symbol="k", meaning="how strongly walkers are drawn to the centre")
    noise: float = knob(0.2, 0.0, 1.0, symbol="η", meaning="how far a step goes")
    walkers: int = knob(3, 1, 9, symbol="M", meaning="how many walk", restarts=True)


@dataclass(frozen=True)
class Ground:
    """Shared preparation: never copied, never part of a digest."""

    centre: Any


@dataclass
class Walkers:
    seed: int
    step: int
    x: Any
    ground: Ground
    past: Ring
    label: str = "walk"
    span: tuple[float, ...] = (-1.0, 1.0)
    last: float | None = None
    moved: bool = False
    unused: Any = field(default_factory=lambda: np.zeros((0, 2)))


def begin(params: Walk, seed: int, report: Report) -> Walkers:
    report(0.5, "placing the walkers")
    x = np.random.default_rng(seed).standard_normal((params.walkers, 2))
    return Walkers(seed, 0, x, Ground(np.array([0.3, -0.2])), Ring(("mean",), 7))


def step(state: Walkers, params: Walk) -> None:
    for _ in range(STRIDE):
        kick = np.random.default_rng([state.seed, state.step]).standard_normal(state.x.shape)
        state.x += params.pull * (state.ground.centre - state.x) + params.noise * kick
        state.step += 1
    state.last, state.moved = float(state.x.mean()), True
    state.past.push(mean=state.last)


def observe(state: Walkers, params: Walk) -> Mapping[str, Observable]:
    return {"walkers": Cloud("ground", state.x, len(state.x), "X"), "mean": Scalar(float(state.x.mean()), "m")}


CLAIM = Claim("stays", "Walkers stay near.", "derived", "|m|", 0.0, (0.0, 5.0), "holds")


def verdict(state: Walkers, params: Walk) -> tuple[Verdict, ...]:
    return (judge(CLAIM, abs(float(state.x.mean())), 0.0, "Walkers stay near."),)


TOY: Experiment[Walk, Walkers] = Experiment(
    slug="toy",
    title="Toy",
    group="learning",
    question="Do walkers walk?",
    formula="x",
    sources=("derived",),
    by_hand="everything",
    emergent="nothing",
    params=Walk,
    planes={"ground": Plane("Ground", "Walkers.", Axis("x", -3, 3), Axis("y", -3, 3))},
    claims=(CLAIM,),
    presets=(),
    stride=STRIDE,
    verify_steps=50,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=lambda state, params: {},
    verdict=verdict,
)


def started(seed: int = 1, **values: Any) -> Timeline[Walk, Walkers]:
    return Timeline(TOY, Walk.parse(values), seed)


def digests(line: Timeline[Walk, Walkers], strides: int) -> dict[int, str]:
    """The digest at every step of so many strides."""
    seen = {line.step: line.digest()}
    for _ in range(strides):
        line.advance()
        seen[line.step] = line.digest()
    return seen


def test_same_seed_same_run() -> None:
    """Chain of trust: experiment -> timeline. Seed and Params decide every bit; another seed or knob another run."""
    first = digests(started(), 20)
    assert first == digests(started(), 20)
    assert len(set(first.values())) == len(first)
    assert not set(first.values()) & set(digests(started(seed=2), 20).values())
    assert set(first.values()) & set(digests(started(pull=0.2), 20).values()) == {first[0]}


@pytest.mark.parametrize("strides", [3, RECENT - 1, RECENT + 1, CHECKPOINT_EVERY // STRIDE, 130])
def test_step_back_is_exact(strides: int) -> None:
    """Chain of trust: timeline. Each step back gives the bits that were there, near by and past a checkpoint."""
    line = started()
    seen = digests(line, strides)
    for step_ in sorted(seen, reverse=True)[1:]:
        line.back()
        assert (line.step, line.digest()) == (step_, seen[step_])
    line.back()
    assert line.step == 0


def test_threads_of_algebra_do_not_matter() -> None:
    """Link: floating point. Products of matrices on two threads have other last digits; a run must not have them.

    Without the timeline's guard the same beginning had another digest on two cores.
    """
    e = by_slug("schrodinger")

    def begun(threads: int) -> str:
        with threadpool_limits(threads, user_api="blas"):
            return Timeline(e, e.params(), 3).digest()

    assert begun(1) == begun(2)


def test_seek_goes_anywhere() -> None:
    """Chain of trust: timeline. Earlier, later, off the stride: the bits of the straight run, and of its frame."""
    line = started()
    seen = digests(line, 200)
    for target in (0, 995, 250, 251, 254, 255, 3, 640, 1000, 500):
        line.seek(target)
        assert line.step == target - target % STRIDE
        assert line.frame().digest == line.digest() == seen[line.step]
    fresh = started()
    fresh.seek(1000)
    assert fresh.digest() == seen[1000]


def test_checkpoints_span_the_whole_run() -> None:
    """Chain of trust: timeline. However long the run, its checkpoints lie evenly over it, and it is exact."""
    line = started(walkers=1)
    line.seek(100)
    early = line.digest()
    line.seek(CHECKPOINT_EVERY * (CHECKPOINTS + 2))
    assert CHECKPOINTS / 2 <= len(line.kept) <= CHECKPOINTS
    assert set(np.diff([0, *line.kept])) == {2 * CHECKPOINT_EVERY}
    line.seek(100)
    assert line.digest() == early


def test_scrubbing_is_exact_and_forgets_nothing() -> None:
    """Chain of trust: timeline. Back and forth over a recorded run with a change in it: each step has the bits it had
    first, the same checkpoints stay, and a kept step is reached without one step of computing."""
    line = started()
    seen = digests(line, 60)
    line.change(Walk(pull=0.6))
    seen |= digests(line, 140)
    kept, end = line.kept, line.end
    assert (kept, end) == ((250, 500, 750), 1000)
    for target in (500, 250, 750, 0, 745, 305, 300, 295, 990, 1000, 750, 5, 500):
        before = line.seq
        line.seek(target)
        assert (line.step, line.digest()) == (target, seen[target])
        assert (line.kept, line.end) == (kept, end)
        assert line.params == Walk(pull=0.1 if target < 300 else 0.6)
        if target in kept:
            assert line.seq == before + 1
    line.advance()
    assert line.digest() == seen[505] and line.end == end


def test_change_drops_the_future_it_leaves() -> None:
    """Chain of trust: timeline. A knob turned in the past ends the record there: `end`, checkpoints, recent states."""
    line = started()
    old = digests(line, 200)
    line.seek(600)
    line.change(Walk())
    assert line.end == 1000, "a knob that was not turned drops nothing"
    line.change(Walk(pull=0.9))
    assert (line.end, line.kept) == (600, (250, 500)) and max(line.recent, default=0) <= 600
    line.seek(1000)
    assert line.digest() != old[1000]
    for target in (750, 995, 605):
        line.seek(target)
        assert line.digest() == Timeline.replay(TOY, line.log, target).digest() != old[target]
    line.rewind()
    assert (line.end, line.kept) == (0, ())


@pytest.mark.parametrize("states", [1.5, 5, 9, 40])
def test_kept_states_are_bounded_in_bytes(states: float) -> None:
    """Chain of trust: timeline. With room for so many states no more are kept, but always the last two, and a seek
    over all of the run finds the bits of one that kept everything."""
    line, free = started(), started()
    one = line.origin.size
    line.room = int(states * one)
    for _ in range(600):
        line.advance()
        assert len(line.recent) >= min(2, line.step // STRIDE)
        taken = sum(m.size for m in (*line.marks, *line.recent.values()))
        assert taken <= max(line.room, 2 * one)
    assert (len(line.kept) >= 1) == (states > 2)
    for target in (2995, 1500, 2500, 20):
        line.seek(target)
        free.seek(target)
        assert line.digest() == free.digest()


def test_fork_is_the_same_run_and_then_its_own() -> None:
    """Chain of trust: timeline. A second run begins with the bits of the first and shares nothing that moves; with its
    own knobs it goes its own way, and the first never hears of it."""
    line = started()
    line.seek(300)
    line.change(Walk(pull=0.5))
    seen = digests(line, 100)
    line.seek(400)
    now, whole = line.fork(), line.fork(whole=True)
    line.change(Walk(noise=0.0))
    for other in (now, whole):
        assert (other.step, other.digest()) == (400, seen[400])
        other.seek(800)
        assert other.digest() == seen[800]
    assert (now.log, whole.log) == (Timeline.replay(TOY, now.log, 0).log, now.log)
    line.seek(300)
    line.change(Walk(pull=0.7))
    line.seek(310)
    line.change(Walk(pull=0.8))
    line.seek(300)
    past, future = line.fork(), line.fork(whole=True)
    assert [len(f.log.changes) for f in (past, future)] == [1, 2]
    assert (past.end, future.end) == (300, 310)
    before = line.digest()
    future.seek(900)
    future.change(Walk(pull=0.0))
    assert (line.step, line.digest(), len(line.log.changes)) == (300, before, 2)
    assert Timeline.replay(TOY, future.log, 900).digest() == future.digest()


def test_changes_are_part_of_the_run() -> None:
    """Chain of trust: timeline. Knobs turned on the way are turned again at the same step in a replay."""
    line = started()
    line.seek(40)
    line.change(Walk(pull=0.7))
    line.seek(80)
    line.change(Walk(pull=0.7, noise=0.0))
    line.seek(400)
    end = line.digest()
    assert line.log.changes == ((40, {"pull": 0.7}), (80, {"noise": 0.0}))
    line.seek(60)
    assert line.params == Walk(pull=0.7)
    line.seek(20)
    assert line.params == Walk()
    line.seek(400)
    assert (line.params, line.digest()) == (Walk(pull=0.7, noise=0.0), end)
    again = Timeline.replay(TOY, line.log, 400)
    assert (again.digest(), again.log) == (end, line.log)
    assert started().log.changes == () and end not in digests(started(), 80).values()


def test_change_drops_the_old_future() -> None:
    """Chain of trust: timeline. After going back, turning a knob begins another future and forgets the first."""
    line = started()
    line.seek(40)
    line.change(Walk(pull=0.7))
    line.seek(100)
    line.seek(40)
    line.change(Walk(pull=0.9))
    assert line.log.changes == ((40, {"pull": 0.9}),)
    line.seek(20)
    line.change(Walk(noise=0.0))
    assert line.log.changes == ((20, {"noise": 0.0}),)
    line.seek(100)
    assert line.digest() == Timeline.replay(TOY, Log(1, {}, ((20, {"noise": 0.0}),)), 100).digest()


def test_checkpoints_of_a_dropped_future_are_dropped() -> None:
    """Chain of trust: timeline. A checkpoint from before a change is never taken for a state of the run after it."""
    line = started()
    line.seek(CHECKPOINT_EVERY + 400)
    line.seek(100)
    line.change(Walk(pull=0.7))
    line.seek(CHECKPOINT_EVERY + 400)
    line.seek(CHECKPOINT_EVERY + 20)
    assert line.digest() == Timeline.replay(TOY, line.log, line.step).digest()


def test_turning_a_knob_back_is_remembered_too() -> None:
    """Chain of trust: timeline. The list says what was done; at one step only the last turn counts."""
    line = started()
    line.seek(10)
    line.change(Walk(pull=0.7))
    line.change(Walk(pull=0.8))
    line.change(Walk(pull=0.8))
    assert line.log.changes == ((10, {"pull": 0.8}),)
    line.seek(20)
    line.change(Walk())
    line.seek(50)
    assert line.digest() == Timeline.replay(TOY, line.log, 50).digest()


def test_restarting_knob_begins_anew() -> None:
    """Chain of trust: timeline. A knob that restarts gives the run of the new Params from step 0 with the same seed."""
    line = started(pull=0.2)
    line.seek(60)
    line.change(Walk(pull=0.2, walkers=5))
    assert line.step == 0 and line.log == started(pull=0.2, walkers=5).log
    line.seek(30)
    assert line.digest() == digests(started(pull=0.2, walkers=5), 6)[30]


def test_rewind_keeps_the_knobs() -> None:
    """Chain of trust: timeline. Rewinding is the run from step 0 with the knobs as they are now."""
    line = started()
    line.seek(40)
    line.change(Walk(pull=0.7))
    line.rewind()
    assert line.step == 0 and line.log == started(pull=0.7).log
    assert digests(line, 5) == digests(started(pull=0.7), 5)


commands = st.lists(
    st.one_of(
        st.tuples(st.just("advance"), st.integers(1, 70)),
        st.tuples(st.just("back"), st.integers(1, 3)),
        st.tuples(st.just("seek"), st.integers(0, 700)),
        st.tuples(st.just("pull"), st.sampled_from([0.0, 0.1, 0.5])),
        st.tuples(st.just("walkers"), st.integers(2, 4)),
        st.tuples(st.just("rewind"), st.just(0)),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(commands)
def test_log_reproduces_whatever_was_done(doings: list[tuple[str, Any]]) -> None:
    """Chain of trust: timeline. After any sequence of controls the log alone, in a new run, gives the same bits."""
    line = started()
    seqs = [line.seq]
    for doing, value in doings:
        if doing == "advance":
            for _ in range(value):
                line.advance()
        elif doing == "back":
            for _ in range(value):
                line.back()
        elif doing == "seek":
            line.seek(value)
        elif doing == "rewind":
            line.rewind()
        else:
            line.change(Walk.parse({doing: value}, line.params))
        seqs.append(line.seq)
    again = Timeline.replay(TOY, line.log, line.step)
    assert (again.step, again.params, again.digest()) == (line.step, line.params, line.digest())
    assert all(a < b for a, b in itertools.pairwise(seqs))


def test_seq_grows_with_every_control() -> None:
    """Chain of trust: timeline -> frame. A newer picture always has a larger number, also after going back."""
    line = started()
    seqs = [line.seq]
    for act in (line.advance, line.back, line.rewind, lambda: line.seek(20), lambda: line.change(Walk(pull=0.3))):
        act()
        seqs.append(line.seq)
    assert all(a < b for a, b in itertools.pairwise(seqs))


def test_snapshot_holds_everything_that_moves() -> None:
    """Chain of trust: timeline. Arrays, numbers, words and nested memory are saved; shared preparation is not."""
    line = started()
    line.seek(20)
    saved = timeline.snapshot(line.state)
    assert set(saved) == {
        *("seed", "step", "x", "label", "span", "last", "moved", "unused"),
        *("past.names", "past.capacity", "past.count", "past.rows"),
    }
    ground, before = line.state.ground, line.digest()
    line.seek(60)
    assert not np.shares_memory(saved["x"], line.state.x)
    timeline.restore(line.state, saved)
    assert line.digest() == before and line.state.ground is ground
    line.state.x += 1.0
    assert timeline.digest(saved) == before


def test_snapshot_refuses_what_it_cannot_keep() -> None:
    """Chain of trust: timeline. A state that hides a mutable thing cannot be rewound, so it is refused by name."""
    line = started()
    line.state.unused = {"a": 1}
    with pytest.raises(TypeError, match="unused is a dict"):
        line.digest()


def test_pack_is_exact() -> None:
    """Chain of trust: timeline. A checkpoint that travels between processes keeps every bit and every type."""
    line = started()
    line.seek(20)
    line.state.x[0] = [-0.0, 5e-324]
    line.state.last = 0.1 + 0.2
    saved = timeline.snapshot(line.state)
    again = timeline.unpack(timeline.pack(saved))
    assert set(again) == set(saved) and timeline.digest(again) == timeline.digest(saved)
    for name, value in saved.items():
        assert type(again[name]) is type(value), name
        if isinstance(value, np.ndarray):
            assert (again[name].dtype, again[name].shape) == (value.dtype, value.shape)


def test_packed_checkpoint_continues_the_run() -> None:
    """Chain of trust: timeline. From bytes saved at step 50 another run goes on as the first did."""
    line = started()
    line.seek(50)
    data = timeline.pack(timeline.snapshot(line.state))
    line.seek(120)
    other = started()
    other.load(50, other.params, timeline.unpack(data))
    other.seek(120)
    assert other.digest() == line.digest()


def test_digest_feels_one_bit() -> None:
    """Chain of trust: timeline. The least change anywhere, even of a sign of zero, is another digest."""
    line = started()
    line.seek(20)
    line.state.x[0, 0] = 0.0
    saved = timeline.snapshot(line.state)
    seen = {timeline.digest(saved)}
    for i in np.ndindex(*saved["x"].shape):
        near = saved["x"].copy()
        near[i] = np.nextafter(near[i], np.inf)
        seen.add(timeline.digest(saved | {"x": near}))
    signed = saved["x"].copy()
    signed[0, 0] = -0.0
    variants: list[Mapping[str, Any]] = [
        {"x": signed},
        {"step": saved["step"] + 1},
        {"last": np.nextafter(saved["last"], 1.0).item()},
        {"moved": False},
        {"label": "wall"},
        {"span": (-1.0, 1.5)},
    ]
    seen |= {timeline.digest(saved | v) for v in variants}
    assert len(seen) == 1 + saved["x"].size + len(variants)


def test_frames_and_outcome_are_the_timeline() -> None:
    """Chain of trust: timeline -> run. The headless drivers pass through the same states as any other."""
    seen = digests(started(), 20)
    got = list(itertools.islice(run.frames(TOY, seed=1), 21))
    assert {f.step: f.digest for f in got} == seen
    assert [f.seq for f in got] == sorted({f.seq for f in got})
    done = run.outcome(TOY, Walk(), 1, 100)
    assert (done.steps, done.digest) == (100, seen[100])
    assert run.outcome(TOY, seed=1).steps == TOY.verify_steps
    assert [v.claim for v in done.verdicts] == ["stays"]


def test_frame_is_not_the_state() -> None:
    """Chain of trust: timeline -> frame. A frame keeps its picture and its Params while the run goes on."""
    line = started()
    frame = line.frame()
    points = frame.seen["walkers"].points.copy()  # type: ignore[attr-defined]
    line.change(Walk(pull=0.9))
    line.seek(50)
    assert np.array_equal(frame.seen["walkers"].points, points)  # type: ignore[attr-defined]
    assert frame.params == Walk() and frame.step == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        frame.step = 1  # type: ignore[misc]


def test_long_replay_reports_and_can_be_stopped() -> None:
    """Chain of trust: timeline. Going far says how far it is, and whoever listens may end it."""
    heard: list[float] = []

    def listen(fraction: float, text: str) -> None:
        heard.append(fraction)
        if len(heard) == 3:
            raise InterruptedError(text)

    line = started()
    with pytest.raises(InterruptedError, match="carrying the run to step 2000"):
        line.seek(2000, listen)
    assert heard == sorted(heard) and 0 < heard[0] < heard[-1] < 1
    near: list[float] = []
    line.seek(line.step + STRIDE, lambda fraction, text: near.append(fraction))
    assert near == []
    line.seek(100)
    assert line.digest() == digests(started(), 20)[100]
