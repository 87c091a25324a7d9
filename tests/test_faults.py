"""What a worker does when its experiment breaks down: one sentence, no frame, the last good state on request."""

from __future__ import annotations

import dataclasses
import multiprocessing
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from weltnet import child, codec, pipe
from weltnet.experiments import ALL
from weltnet.observables import Observable, Scalar

E = min(ALL, key=lambda e: e.verify_steps)
POISONED = 5 * E.stride


class Broken:
    """A worker's child in a thread, whose experiment shows a number that is not finite from some step on."""

    def __init__(self) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        made = child.Child(theirs, E.slug)
        made.experiment = dataclasses.replace(E, observe=self.observe)
        self.thread = threading.Thread(target=made.live, daemon=True)
        self.thread.start()

    @staticmethod
    def observe(state: Any, params: Any) -> Mapping[str, Observable]:
        plane = next(iter(E.planes))
        value = float("nan") if state.step >= POISONED else 1.0
        return {"energy": Scalar(value, "E", plane=plane)}

    def send(self, name: str, **values: Any) -> None:
        self.pipe.send_bytes(pipe.pack({"do": name, **values}))

    def until(self, kind: str) -> tuple[dict[str, Any], bytes]:
        while True:
            assert self.pipe.poll(20), f"no {kind} came"
            message, blob = pipe.unpack(self.pipe.recv_bytes())
            if message["type"] == kind:
                return message, blob


@pytest.fixture
def broken() -> Iterator[Broken]:
    made = Broken()
    log = {"seed": 1, "initial": {}, "changes": []}
    made.send("open", log=log, at=0, playing=False, speed=1.0, saved_at=None, seq=0)
    made.until("status")
    yield made
    made.send("quit")
    made.thread.join(10)
    assert not made.thread.is_alive()


def test_nan_never_leaves(broken: Broken) -> None:
    """Chain: codec → worker. The number is named, the run stops, no frame with it is sent, the last good one stays."""
    broken.send("ask")
    assert codec.header(broken.until("frame")[1])["step"] == 0
    for _ in range(4):
        broken.send("forward")
        broken.send("ask")
        good = codec.header(broken.until("frame")[1])["step"]
    assert good == POISONED - E.stride
    broken.send("forward")
    broken.send("ask")
    fault, _ = broken.until("fault")
    assert "energy.value" in fault["sentence"] and "\n" not in fault["sentence"]
    assert f"step {good}" in fault["good"]
    assert not broken.pipe.poll(0.5), "something was sent after the fault"
    broken.send("last_good")
    assert broken.until("status")[0]["step"] == good
    assert codec.header(broken.until("frame")[1])["step"] == good
