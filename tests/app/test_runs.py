"""The web process's half of a run: relay, controls, death and resumption, admission."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from weltnet import __version__, codec
from weltnet.experiments import ALL
from weltnet.params import BadParams
from weltnet.run import outcome
from weltnet.timeline import Log
from weltnet.worker import Spare
from weltnet_app import address
from weltnet_app.address import Address
from weltnet_app.runs import Full, Run, Runs

EXPERIMENT = ALL[-1]


class Eye:
    """A viewer that keeps what it was given."""

    def __init__(self) -> None:
        self.have = -1
        self.frames: list[dict[str, Any]] = []

    def deliver(self, message: bytes) -> None:
        self.frames.append(codec.header(message))


def start(paused: bool = True, at: int = 0, digest: str = "") -> Address:
    return Address(Log(5, EXPERIMENT.params().model_dump(mode="json")), at, digest, paused)


def on_loop(body: Callable[[Runs], Awaitable[None]], spare: Spare | None = None) -> None:
    async def whole() -> None:
        runs = Runs(asyncio.get_running_loop(), most=2, spare=spare)
        try:
            await asyncio.wait_for(body(runs), 60)
        finally:
            runs.stop()

    asyncio.run(whole())


async def until(condition: Callable[[], Any]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_frames_are_relayed_only_when_asked() -> None:
    """Client-pull: one ask, one frame; a paused run has no second one to give."""

    async def body(runs: Runs) -> None:
        run, eye = runs.open(EXPERIMENT, start()), Eye()
        run.ask(eye)
        await until(lambda: eye.frames)
        run.ask(eye)
        await asyncio.sleep(0.3)
        assert len(eye.frames) == 1 and eye.frames[0]["playing"] is False
        run.step_forward()
        await until(lambda: len(eye.frames) == 2)
        assert eye.frames[1]["step"] == EXPERIMENT.stride

    on_loop(body)


def test_nobody_looking_nothing_steps() -> None:
    """A playing run without an ask goes to sleep."""

    async def body(runs: Runs) -> None:
        run, eye = runs.open(EXPERIMENT, start(paused=False)), Eye()
        run.ask(eye)
        await until(lambda: eye.frames and run.step > 0)
        await asyncio.sleep(4.0)
        before = run.step
        await asyncio.sleep(1.0)
        assert run.step == before

    on_loop(body)


def test_worker_reaches_the_digest_of_this_process() -> None:
    """Same Params and seed, same bits, in a worker and in-process; a link's promise is kept and said."""
    steps = 20 * EXPERIMENT.stride
    promised = outcome(EXPERIMENT, seed=5, steps=steps).digest

    async def body(runs: Runs) -> None:
        run = runs.open(EXPERIMENT, start(at=steps, digest=promised))
        await until(lambda: run.digest)
        assert (run.step, run.digest) == (steps, promised)
        assert "exactly" in run.notice
        run.step_forward()
        await until(lambda: run.step == steps + EXPERIMENT.stride)
        run.step_back()
        await until(lambda: run.step == steps)
        assert run.digest == promised

    on_loop(body)


def test_broken_promise_is_said() -> None:
    """A link whose digest is not reached says so with both digests."""

    async def body(runs: Runs) -> None:
        run = runs.open(EXPERIMENT, start(digest="0" * 16))
        await until(lambda: run.digest)
        assert "0" * 16 in run.notice and run.digest in run.notice

    on_loop(body)


def test_killed_worker_is_resumed() -> None:
    """SIGKILL costs at most what has passed since the last checkpoint, and one sentence says so."""

    async def body(runs: Runs) -> None:
        run, eye = runs.open(EXPERIMENT, start(at=300)), Eye()
        run.ask(eye)
        await until(lambda: eye.frames and run._checkpoint)
        before, digest = run._worker, run.digest
        assert before is not None and before.process.pid is not None
        os.kill(before.process.pid, signal.SIGKILL)
        await until(lambda: run._worker is not before and run.notice)
        run.ask(eye)
        await until(lambda: len(eye.frames) == 2)
        assert "resumed" in run.notice
        assert eye.frames[1]["seq"] > eye.frames[0]["seq"]
        assert (run.step, run.digest) == (300, digest)

    on_loop(body)


def test_link_of_another_version_says_both() -> None:
    """The same digest is the same run, whoever found it; another one names both versions."""

    async def body(runs: Runs) -> None:
        run = runs.open(EXPERIMENT, replace(start(digest="0" * 16), version="0.0.7"))
        await until(lambda: run.digest)
        assert all(said in run.notice for said in ("0.0.7", __version__, "0" * 16, run.digest))
        same = runs.open(EXPERIMENT, replace(start(digest=run.digest), version="0.0.7"))
        await until(lambda: same.digest)
        assert "exactly" in same.notice and "0.0.7" not in same.notice

    on_loop(body)


def test_pins_outlive_the_worker() -> None:
    """SIGKILL to the process costs no pinned run: slots, digests and the furthest step are as they were, and the link
    made before and after leads to the same ones."""

    async def body(runs: Runs) -> None:
        run, eye = runs.open(EXPERIMENT, start(at=60)), Eye()
        run.ask(eye)
        await until(lambda: eye.frames and run._checkpoint)
        run.pin()
        await until(lambda: len(run.pins) == 1)
        run.reseed(11)
        await until(lambda: run.seed == 11)
        run.branch()
        await until(lambda: len(run.pins) == 2)
        run.seek(60)
        await until(lambda: run.step == 60)
        run.unpin(1)
        run.pin()
        run.seek(20)
        await until(lambda: run.step == 20 and {p.slot for p in run.pins} == {1, 2})
        before = [(p.slot, p.log, p.digest) for p in run.pins]
        worker, link = run._worker, run.link()
        assert run.end == 60 and worker is not None and worker.process.pid is not None
        os.kill(worker.process.pid, signal.SIGKILL)
        await until(lambda: run._worker is not worker and "resumed" in run.notice)
        run.seek(20)
        await until(lambda: run.step == 20 and not run.progress)
        run.ask(eye)
        await until(lambda: eye.frames[-1]["step"] == 20)
        assert [(p.slot, p.log, p.digest) for p in run.pins] == before and run.end == 60
        assert [(p["slot"], p["digest"]) for p in eye.frames[-1]["pins"]] == [(n, d) for n, _, d in before]
        assert run.link() == link
        again = runs.open(EXPERIMENT, address.read(dict(parse_qsl(link)), EXPERIMENT, 0))
        await until(lambda: again.digest)
        assert [(p.slot, p.log, p.digest) for p in again.pins] == before and "exactly" in again.notice

    on_loop(body)


def test_checkpoint_is_kept_while_it_is_of_this_run() -> None:
    """A saved state is good for as long as it lies behind and the log before it stands; else it is not resumed from."""
    stride = EXPERIMENT.stride
    knob = next(k for k in EXPERIMENT.params.knobs().values() if k.kind == "number" and not k.restarts)
    value = {knob.name: knob.low if knob.default != knob.low else knob.high}

    async def body(runs: Runs) -> None:
        run = runs.open(EXPERIMENT, start(at=40 * stride))
        await until(lambda: run._checkpoint)
        run.step_forward()
        await until(lambda: run.step == 41 * stride)
        run.set(**value)
        await until(lambda: run.log.changes)
        run.step_back()
        await until(lambda: run.step == 40 * stride)
        assert run._checkpoint is not None and run._checkpoint[0] == 40 * stride
        run.seek(10 * stride)
        await until(lambda: run.step == 10 * stride and run._checkpoint)
        assert run._checkpoint is not None and run._checkpoint[0] == 10 * stride
        run.rewind()
        await until(lambda: run.step == 0)
        assert run._checkpoint is None

    on_loop(body)


def test_bad_knob_changes_nothing() -> None:
    """The whole object is checked before anything moves."""

    async def body(runs: Runs) -> None:
        run = runs.open(EXPERIMENT, start())
        before = run.params
        with pytest.raises(BadParams):
            run.set(nonsense=1)
        assert run.params is before
        with pytest.raises(BadParams):
            run.reseed(-4)

    on_loop(body)


def test_as_many_runs_as_cores() -> None:
    """One more than fits is refused with a sentence; a closed page makes room."""

    async def body(runs: Runs) -> None:
        one, _two = runs.open(EXPERIMENT, start()), runs.open(EXPERIMENT, start())
        with pytest.raises(Full, match="close one"):
            runs.open(EXPERIMENT, start())
        runs.close(one)
        assert isinstance(runs.open(EXPERIMENT, start()), Run)

    on_loop(body)


# -- the spare process ------------------------------------------------------------------------------------------------


def filled() -> Spare:
    spare = Spare()
    spare.fill()
    assert spare.process.is_alive()
    return spare


def alone(process: Any) -> bool:
    """Whether a process has ended, given a moment."""
    process.join(5)
    return not process.is_alive()


def test_spare_becomes_the_worker() -> None:
    """The waiting process is the one that runs, with the bits of this process, whatever it rehearsed before."""
    steps = 20 * EXPERIMENT.stride
    promised = outcome(EXPERIMENT, seed=5, steps=steps).digest
    spare = filled()
    waiting = spare.process

    async def body(runs: Runs) -> None:
        run = runs.open(EXPERIMENT, start(at=steps))
        assert run._worker is not None and run._worker.process is waiting and spare.process is None
        await until(lambda: run.digest)
        assert (run.step, run.digest) == (steps, promised)

    on_loop(body, spare)
    assert alone(waiting)


def test_spare_is_not_counted() -> None:
    """Admission counts runs: with a process waiting, as many may run as without."""
    spare = filled()

    async def body(runs: Runs) -> None:
        runs.open(EXPERIMENT, start())
        spare.fill()
        runs.open(EXPERIMENT, start())
        spare.fill()
        with pytest.raises(Full):
            runs.open(EXPERIMENT, start())

    on_loop(body, spare)


def test_killed_spare_is_replaced() -> None:
    """A process killed while it waits costs the next run nothing but its head start."""
    spare = filled()
    os.kill(spare.process.pid, signal.SIGKILL)
    assert alone(spare.process)

    async def body(runs: Runs) -> None:
        run, eye = runs.open(EXPERIMENT, start()), Eye()
        run.ask(eye)
        await until(lambda: eye.frames)
        assert run.notice == ""
        runs.refill()
        assert spare.process is None, "a page is being opened"
        run.born -= 60.0
        runs.refill()
        await until(lambda: spare.process and spare.process.is_alive())

    on_loop(body, spare)


def test_one_spare_and_none_at_the_end() -> None:
    """Filling twice starts one process; closing ends it, and nothing can be filled again."""
    spare = filled()
    waiting = spare.process
    spare.fill()
    assert spare.process is waiting
    spare.close()
    assert alone(waiting)
    spare.fill()
    assert spare.process is None and spare.take(EXPERIMENT.slug) is None


def test_rehearsal_gives_way() -> None:
    """A process taken while it rehearses another experiment ends that and answers within seconds."""

    async def body(runs: Runs) -> None:
        began = time.monotonic()
        run, eye = runs.open(EXPERIMENT, start()), Eye()
        run.ask(eye)
        await until(lambda: eye.frames)
        assert run.step == 0 and time.monotonic() - began < 45

    on_loop(body, filled())
