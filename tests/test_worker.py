"""A run in its own process: the same bits as here, never ahead of its viewer, and faults that become sentences.

Chain of trust: experiment -> timeline -> worker -> page. The processes are real, and so are the experiments: all of
them for the bits, the one that is soonest verified for the rest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import multiprocessing
import queue
import struct
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from weltnet import codec, timeline
from weltnet.child import PATIENCE, Child
from weltnet.experiment import Experiment
from weltnet.experiments import ALL
from weltnet.observables import Scalar
from weltnet.timeline import Timeline
from weltnet.worker import Spare, Worker

E = min(ALL, key=lambda e: e.verify_steps)
N = 6
SOON = 90.0
"""Seconds within which a worker answers, compiling included."""

Heard = tuple[dict[str, Any], bytes]


class Desk:
    """A worker and everything it said, in order."""

    def __init__(self, slug: str = E.slug) -> None:
        self.heard: queue.Queue[Heard] = queue.Queue()
        self.worker = Worker(slug, lambda worker, message, blob: self.heard.put((message, blob)))
        self.send = self.worker.send

    def open(self, **given: Any) -> dict[str, Any]:
        """Begin a run and return its first status."""
        log = {"seed": given.pop("seed", 3), "initial": given.pop("initial", {}), "changes": given.pop("changes", [])}
        blob = given.pop("blob", b"")
        plain = {"at": 0, "playing": False, "speed": 1.0, "saved_at": None, "seq": 0} | given
        self.send("open", blob, log=log, **plain)
        return self.next("status")[0]

    def next(self, kind: str, within: float = SOON) -> Heard:
        """The next message of a kind; what comes before it is passed over."""
        until = time.monotonic() + within
        while True:
            message, blob = self.heard.get(timeout=max(0.01, until - time.monotonic()))
            if message["type"] == kind:
                return message, blob

    def do(self, name: str, **values: Any) -> dict[str, Any]:
        """A control, and the status that answers it."""
        self.drain()
        self.send(name, **values)
        return self.next("status")[0]

    def drain(self) -> list[Heard]:
        """Everything said so far."""
        said = []
        with contextlib.suppress(queue.Empty):
            while True:
                said.append(self.heard.get_nowait())
        return said

    def picture(self) -> dict[str, Any]:
        """The header of the next frame that is asked for."""
        self.send("ask")
        return codec.header(self.next("frame")[1])


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.worker.close()
    assert not made.worker.process.is_alive()


def here(strides: int = N, seed: int = 3, experiment: Experiment[Any, Any] = E, **values: Any) -> Timeline[Any, Any]:
    """The same run in this process."""
    line = Timeline(experiment, experiment.params.parse(values), seed)
    line.seek(strides * experiment.stride)
    return line


def gentle() -> dict[str, Any]:
    """A change of one knob that does not restart."""
    k = next(k for k in E.params.knobs().values() if k.kind == "number" and not k.restarts)
    return {k.name: k.low + 0.25 * (k.high - k.low)}


@pytest.mark.parametrize("experiment", ALL, ids=lambda e: e.slug)
def test_same_bits_as_in_this_process(experiment: Experiment[Any, Any]) -> None:
    """Chain of trust: timeline -> worker. Steps, a step back and a far seek give the digests of a run here."""
    desk, stride = Desk(experiment.slug), experiment.stride
    line = here(0, experiment=experiment)
    digests = {0: line.digest()}
    for _ in range(4 * N):
        line.advance()
        digests[line.step] = line.digest()
    answers = [desk.open(), *(desk.do("forward") for _ in range(N)), desk.do("back")]
    answers += [desk.do("seek", step=steps * stride) for steps in (4 * N, 2, N)]
    desk.worker.close()
    assert [a["step"] // stride for a in answers] == [*range(N + 1), N - 1, 4 * N, 2, N]
    assert [a["digest"] for a in answers] == [digests[a["step"]] for a in answers]


def test_frame_is_the_frame(desk: Desk) -> None:
    """Chain of trust: worker -> page. What arrives is, byte for byte, what encoding here would have sent."""
    desk.open(at=N * E.stride)
    desk.send("ask")
    _, exact = desk.next("layout")
    message, shown = desk.next("frame")
    frame = here(N).frame()
    head = codec.header(shown)
    assert (head["step"], head["digest"], head["seq"]) == (frame.step, frame.digest, message["seq"])
    assert (head["playing"], head["seed"], head["profile"]) == (False, 3, "display")
    assert body(shown) == body(codec.encode(frame))
    assert body(exact) == body(codec.encode(frame, "exact"))
    assert codec.decode(exact, E.params).params == frame.params


def body(message: bytes) -> bytes:
    (n,) = struct.unpack_from("<I", message)
    return message[4 + n :]


def test_log_reproduces_the_run(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. Seed, Params and changes alone lead another process to the same bits."""
    line = here(2)
    line.change(E.params.parse(gentle()))
    line.seek(N * E.stride)
    changes = [[step, values] for step, values in line.log.changes]
    assert desk.open(changes=changes, at=N * E.stride)["digest"] == line.digest() != here(N).digest()


def test_set_is_recorded(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. A knob turned in flight is turned at that step, and reported as such."""
    desk.open(at=2 * E.stride)
    status = desk.do("set", values=gentle())
    assert status["log"]["changes"] == [[2 * E.stride, gentle()]]
    line = here(2)
    line.change(E.params.parse(gentle()))
    line.seek(N * E.stride)
    assert desk.do("seek", step=N * E.stride)["digest"] == line.digest()


def test_checkpoint_resumes_the_run(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. From a saved state and the log, a new process goes on with the same bits."""
    line = here(N)
    saved = timeline.pack(timeline.snapshot(line.state))
    status = desk.open(blob=saved, saved_at=line.step, at=line.step)
    assert (status["step"], status["digest"]) == (line.step, line.digest())
    assert desk.do("seek", step=2 * N * E.stride)["digest"] == here(2 * N).digest()
    assert desk.do("seek", step=E.stride)["digest"] == here(1).digest()


def test_checkpoint_is_what_it_resumes_from(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. The saved state itself is put back, not computed again from the seed."""
    line = here(N)
    saved = timeline.snapshot(line.state)
    name = next(n for n, v in saved.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.size)
    saved[name].flat[0] = np.nextafter(saved[name].flat[0], np.inf)
    status = desk.open(blob=timeline.pack(saved), saved_at=line.step, at=line.step)
    assert status["digest"] == timeline.digest(saved) != line.digest()


def test_own_checkpoint_is_the_state(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. What the worker hands out for a rainy day is the state, every bit of it."""
    desk.open(at=N * E.stride)
    message, blob = desk.next("checkpoint")
    saved = timeline.unpack(blob)
    assert message["step"] == N * E.stride
    assert timeline.digest(saved) == here(N).digest()


def test_plays_for_who_asks(desk: Desk) -> None:
    """Chain of trust: worker -> page. Playing, each ask is answered once, with a newer picture; pausing holds it."""
    desk.open(playing=True, speed=4.0)
    heads = [desk.picture() for _ in range(4)]
    assert [h["seq"] for h in heads] == sorted({h["seq"] for h in heads})
    assert heads[-1]["step"] > heads[0]["step"] and heads[-1]["playing"]
    desk.send("ask")
    time.sleep(0.4)
    assert [m["type"] for m, _ in desk.drain()].count("frame") == 1
    paused = desk.do("pause")
    assert desk.picture()["step"] == paused["step"] and not paused["playing"]
    desk.drain()
    time.sleep(0.3)
    assert [m for m, _ in desk.drain() if m["type"] == "frame"] == []
    again = desk.do("pause")
    assert (again["step"], again["digest"]) == (paused["step"], here(paused["step"] // E.stride).digest())


def test_nobody_asks_nothing_steps(desk: Desk) -> None:
    """Chain of trust: worker -> page. A run that nobody watches stops by itself, and goes on when somebody asks."""
    desk.open(playing=True)
    time.sleep(PATIENCE + 0.5)
    first = desk.do("speed", speed=1.0)
    time.sleep(0.6)
    second = desk.do("speed", speed=1.0)
    assert first["playing"] and first["step"] == second["step"] > 0
    desk.picture()
    time.sleep(0.3)
    assert desk.do("speed", speed=1.0)["step"] > first["step"]


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"no_such_knob": 1}, "no_such_knob is not a parameter here; allowed: broken, "),
        ({"broken": "no-such-saboteur"}, "allowed: " + E.saboteurs[0].name),
        ({"broken": 3}, "broken = 3"),
        (dict.fromkeys(gentle(), 1e12), "1000000000000.0 is refused; allowed: a number in ["),
    ],
)
def test_refusal_is_a_sentence(desk: Desk, values: dict[str, Any], named: str) -> None:
    """Chain of trust: worker -> page. A bad value is refused in one sentence, and the run is as it was."""
    before = desk.open(at=N * E.stride)
    desk.send("set", values=values)
    sentence = desk.next("refused")[0]["sentence"]
    assert named in sentence and "\n" not in sentence
    after = desk.do("pause")
    assert {k: after[k] for k in ("step", "digest", "params", "log")} == {
        k: before[k] for k in ("step", "digest", "params", "log")
    }


def test_restart_and_seed(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. A restarting knob, a rewind and a new seed each begin the run they name."""
    knob = next(k for k in E.params.knobs().values() if k.restarts and k.kind in ("integer", "choice"))
    value = knob.choices[-1] if knob.kind == "choice" else int(knob.low)
    desk.open(at=N * E.stride)
    status = desk.do("set", values={knob.name: value})
    assert (status["step"], status["digest"]) == (0, here(0, **{knob.name: value}).digest())
    status = desk.do("reseed", seed=11)
    assert (status["seed"], status["digest"]) == (11, here(0, 11, E, **{knob.name: value}).digest())
    desk.do("forward")
    assert desk.do("rewind")["digest"] == status["digest"]


def test_status_is_strict_json(desk: Desk) -> None:
    """Chain of trust: worker -> page. Verdicts come with the status, one per claim, and no NaN in sight."""
    status = desk.open(at=N * E.stride)
    json.dumps(status, allow_nan=False)
    assert [v["claim"] for v in status["verdicts"]] == [c.name for c in E.claims]


def test_status_says_how_far_one_can_go(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. The furthest step and the checkpoints stay while one goes back; a knob turned
    in the past ends both there; of several wishes to go somewhere only the newest is followed."""
    far = 260 - 260 % E.stride
    desk.open(at=far)
    status = desk.do("seek", step=0)
    assert (status["step"], status["end"], status["playing"]) == (0, far, False)
    assert status["kept"] and all(0 < step < far for step in status["kept"])
    first = status["kept"][0]
    assert desk.do("seek", step=first)["digest"] == here(first // E.stride).digest()
    desk.drain()
    for strides in (1, 2, 3):
        desk.send("seek", step=strides * E.stride)
    steps = [desk.next("status")[0]["step"]]
    while steps[-1] != 3 * E.stride:
        steps.append(desk.next("status")[0]["step"])
    assert len(steps) <= 3
    status = desk.do("set", values=gentle())
    assert (status["end"], status["kept"]) == (3 * E.stride, [])


def test_going_far_can_be_turned_round(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. Computing the way to a step is reported, and gives way to a newer wish."""
    desk.open()
    desk.drain()
    desk.send("seek", step=2_000_000)
    assert "carrying the run to step 2000000" in desk.next("progress")[0]["text"]
    desk.send("seek", step=2 * E.stride)
    status = desk.next("status")[0]
    assert (status["step"], status["digest"]) == (2 * E.stride, here(2).digest())


# -- pinned runs ------------------------------------------------------------------------------------------------------


def test_pinned_runs_are_carried_along(desk: Desk) -> None:
    """Chain of trust: timeline -> worker -> page. A pinned run goes on under its own log, at the step of the run, for
    whatever is done with that; frame and status say the bits a run here has, and the run itself does not notice."""
    line, free = here(2), here(2)
    desk.open(at=2 * E.stride)
    assert desk.do("pin")["pins"][0]["digest"] == line.digest()
    line.change(E.params.parse(gentle()))
    desk.do("set", values=gentle())
    knob = next(iter(gentle()))

    def same(strides: int, status: dict[str, Any]) -> None:
        line.seek(strides * E.stride)
        free.seek(strides * E.stride)
        (pin,) = status["pins"]
        head = desk.picture()
        assert (status["step"], status["digest"]) == (line.step, line.digest())
        assert (pin["slot"], pin["seed"], pin["changes"]) == (1, 3, 0)
        assert pin["digest"] == free.digest() and pin["params"][knob] == free.params.model_dump()[knob]
        assert [v["claim"] for v in pin["verdicts"]] == [c.name for c in E.claims]
        assert (head["step"], head["digest"]) == (line.step, line.digest())
        assert head["pins"] == [{"slot": 1, "step": line.step, "digest": free.digest()}]

    same(3, desk.do("forward"))
    same(N, desk.do("seek", step=N * E.stride))
    same(1, desk.do("seek", step=E.stride))
    desk.do("seek", step=N * E.stride)
    status = desk.do("rewind")
    line = here(0, **gentle())
    same(0, status)
    same(1, desk.do("forward"))
    status = desk.do("reseed", seed=8)
    line = here(0, seed=8, **gentle())
    same(0, status)
    assert desk.do("unpin", slot=1)["pins"] == [] == desk.picture()["pins"]


def test_items_of_pinned_runs_come_with_the_frame(desk: Desk) -> None:
    """Chain of trust: worker -> page. Beside its own items a frame holds, byte for byte, what moves of each pinned run;
    its layout is its own, and while nobody asks for a picture nothing of them is sent."""
    desk.open(at=N * E.stride)
    plain = desk.picture()
    desk.do("pin")
    desk.do("reseed", seed=4)
    desk.do("pin")
    desk.do("seek", step=N * E.stride)
    desk.send("ask")
    message, shown = desk.next("frame")
    head, run, others = codec.header(shown), here(N, 4).frame(), {1: here(N).frame(), 2: here(N, 4).frame()}
    assert head["layout"] == codec.layout(run)
    assert body(shown) == body(codec.encode(run, others=others))
    moving = [k for k, v in others[1].seen.items() if not getattr(v, "static", False)]
    assert [i["key"] for i in head["items"] if i["side"] == "pin1"] == moving
    assert [i["key"] for i in head["items"] if not i["side"].startswith("pin")] == [i["key"] for i in plain["items"]]
    assert message["seq"] > plain["seq"]


def test_four_runs_may_be_pinned(desk: Desk) -> None:
    """Chain of trust: worker -> page. The fifth is refused in one sentence; slots stay while pinned and free ones are
    taken again."""
    desk.open()
    for n in range(1, 5):
        assert [p["slot"] for p in desk.do("pin")["pins"]] == list(range(1, n + 1))
    desk.send("pin")
    assert "4 runs are pinned, the most" in desk.next("refused")[0]["sentence"]
    assert [p["slot"] for p in desk.do("unpin", slot=2)["pins"]] == [1, 3, 4]
    assert [p["slot"] for p in desk.do("branch")["pins"]] == [1, 2, 3, 4]


def test_branch_keeps_the_recorded_future(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. From a step gone back to, what was recorded later stays as a pinned run,
    said in one sentence; both are alike until a knob is turned."""
    desk.open()
    desk.do("seek", step=2 * E.stride)
    desk.do("set", values=gentle())
    end = desk.do("seek", step=N * E.stride)
    desk.do("seek", step=E.stride)
    desk.send("branch")
    said = desk.next("notice")[0]["sentence"]
    assert f"Branched at step {E.stride}" in said and f"up to step {end['end']}" in said and "run 1" in said
    status = desk.next("status")[0]
    assert status["pins"][0]["log"] == status["log"] and status["pins"][0]["digest"] == status["digest"]
    name, value = next(iter(gentle().items()))
    values = {name: 0.5 * (value + E.params.knobs()[name].high)}
    desk.do("set", values=values)
    both = desk.do("seek", step=N * E.stride)
    line = here(1)
    line.change(E.params.parse(values))
    line.seek(N * E.stride)
    assert (both["digest"], both["pins"][0]["digest"]) == (line.digest(), end["digest"])
    assert both["log"]["changes"] == [[E.stride, values]] and both["pins"][0]["changes"] == 1


def test_pinned_runs_are_opened_from_their_logs(desk: Desk) -> None:
    """Chain of trust: timeline -> worker. A new process begins them from seed, Params and changes, to the same bits; a
    log that cannot begin costs one sentence and nothing else."""
    other = here(2, seed=9)
    other.change(E.params.parse(gentle()))
    other.seek(N * E.stride)
    pins = {"3": other.log.plain(), "4": {"seed": 1, "initial": {"no_such_knob": 1}, "changes": []}}
    desk.send(
        "open",
        log={"seed": 3, "initial": {}, "changes": []},
        **{"at": N * E.stride, "playing": False, "speed": 1.0, "saved_at": None, "seq": 0, "end": 400, "pins": pins},
    )
    assert "Run 4 was unpinned" in desk.next("notice")[0]["sentence"]
    status = desk.next("status")[0]
    assert (status["digest"], status["end"]) == (here(N).digest(), 400)
    assert [(p["slot"], p["digest"]) for p in status["pins"]] == [(3, other.digest())]


@pytest.mark.parametrize("where", ["advance", "frame", "verdicts", "bytes"])
def test_a_pinned_run_that_faults_is_let_go(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: worker -> page. Wherever it fails it is unpinned with one sentence; picture and status of the run
    come as if it had never been there."""
    ours, theirs = multiprocessing.Pipe()
    child, said = Child(theirs, E.slug), list[Any]()
    monkeypatch.setattr(child, "tell", lambda kind, blob=b"", **values: said.append(({"type": kind, **values}, blob)))
    child.line = here(1)
    child.do_pin(b"")
    child.line.advance()
    (pin,) = child.pins.values()

    def fail(*given: Any) -> Any:
        raise FloatingPointError("the pinned run blew up")

    if where == "bytes":
        seen = pin.frame

        def broken() -> Any:
            bad = Scalar(float("nan"), "x")
            return dataclasses.replace(seen(), seen={"bad": bad})

        monkeypatch.setattr(pin, "frame", broken)
    else:
        monkeypatch.setattr(pin, where, fail)
    child.guard(child.picture, line=child.line)
    child.guard(child.status)
    kinds = [m["type"] for m, _ in said]
    assert kinds.count("notice") == 1 and "fault" not in kinds and child.pins == {}
    assert "Run 1 was unpinned" in next(m["sentence"] for m, _ in said if m["type"] == "notice")
    shown = codec.header(next(blob for m, blob in said if m["type"] == "frame"))
    assert shown["digest"] == here(2).digest()
    status = [m for m, _ in said if m["type"] == "status"][-1]
    assert (status["step"], status["digest"], status["pins"]) == (2 * E.stride, here(2).digest(), [])
    ours.close()
    theirs.close()


def test_killed_worker_is_reported(desk: Desk) -> None:
    """Chain of trust: worker -> page. A death is heard at once, and controls to the dead do no harm."""
    desk.open()
    desk.worker.process.kill()
    desk.next("died", within=5.0)
    desk.send("ask")
    desk.send("set", values=gentle())
    assert [m for m, _ in desk.drain() if m["type"] != "died"] == []


def test_closed_worker_is_silent() -> None:
    """Chain of trust: worker -> page. Closing ends the process, and is not reported as a death."""
    desk = Desk()
    desk.open()
    desk.drain()
    desk.worker.close()
    desk.worker.process.join(2.0)
    assert not desk.worker.process.is_alive()
    time.sleep(0.2)
    assert [m for m, _ in desk.drain() if m["type"] == "died"] == []


def test_first_words_of_a_spare_process_are_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chain of trust: pipe. A taken process may answer before its handle is returned: the answer names its worker."""
    spare, send = Spare(), Worker.send
    heard: list[tuple[Worker, str]] = []

    def slowly(worker: Worker, name: str, blob: bytes = b"", **values: Any) -> None:
        send(worker, name, blob, **values)
        end = time.monotonic() + 60
        while not heard and time.monotonic() < end:
            time.sleep(0.01)

    monkeypatch.setattr(Worker, "send", slowly)
    spare.fill()
    worker = Worker("strings", lambda who, message, blob: heard.append((who, message["type"])), spare.take("strings"))
    try:
        assert heard and heard[0] == (worker, "progress")
    finally:
        worker.close()
        spare.close()
