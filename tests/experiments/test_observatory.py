"""The observatory on its default network: what its pictures must show besides its verdicts."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from weltnet.estimators.curvature import curvature
from weltnet.estimators.generator import fit
from weltnet.experiments.observatory import CENTRE, EXPERIMENT, STRIDE, ObservatoryParams
from weltnet.observables import Field, MetricField, Scalar, Series
from weltnet.states import NEAR
from weltnet.timeline import Timeline

WELL = -0.25, 1.35
FEW = ObservatoryParams(replicas=2000, start="valley")


def at(y: float) -> tuple[float, float, float, float]:
    return (WELL[0], y, WELL[0], y)


@pytest.fixture(scope="module")
def line() -> Timeline[ObservatoryParams, object]:
    return Timeline(EXPERIMENT, FEW, 3)  # type: ignore[arg-type]


def dragging(line: Timeline) -> tuple[float, float]:
    """ω at the centre and its standard error."""
    c = curvature(fit(line.state.copies.moments), CENTRE, 1.0)
    return float(c.vorticity[0]), float(c.vorticity_error[0])


def test_mirror_wells_drag_frames_in_opposite_directions(line: Timeline) -> None:
    """Chain: generator estimator → selection. Two frames after a tap the other well drags the other way, seed 3."""
    found = []
    for y in (WELL[1], -WELL[1]):
        line.change(line.params.parse({"selected": at(y)}, line.params))
        for _ in range(2):
            line.advance()
        found.append(dragging(line))
    (up, up_error), (down, down_error) = found
    assert up * down < 0 and abs(up) > 0.1
    assert abs(up + down) < 5 * np.hypot(up_error, down_error)
    assert abs(up) > 10 * up_error


def test_ledger_starts_with_entropy_created_on_the_ridge() -> None:
    """Chain: destruction estimator → preset. From the ridge learning first creates entropy, so there is no cone."""
    preset = next(p for p in EXPERIMENT.presets if p.name == "Learning opens the cone")
    line = Timeline(EXPERIMENT, ObservatoryParams.parse({**preset.values, "replicas": 5000}), 1)
    line.advance()
    first = line.frame()
    line.seek(200)
    later = line.frame()
    lapse = [f.seen["lapse"] for f in (first, later)]
    assert isinstance(lapse[0], Scalar) and isinstance(lapse[1], Scalar)
    assert lapse[0].value < 0 < lapse[1].value
    closed, opened = first.seen["cones"], later.seen["cones"]
    assert isinstance(closed, MetricField) and isinstance(opened, MetricField)
    assert not closed.resolved.any() and not closed.radius.any()
    assert opened.resolved.mean() > 0.8
    field = first.seen["curvature"]
    assert isinstance(field, Field) and field.resolved is not None and not field.resolved.any()


def test_net_is_what_is_left(line: Timeline) -> None:
    """Chain: ledger → picture. The net line is production less destruction, newest at age 0."""
    series = line.frame().seen["ledger"]
    assert isinstance(series, Series)
    made, destroyed, net = series.y
    assert np.allclose(net, made + destroyed) and series.x[-1] == 0.0
    assert np.all(np.diff(series.x) == STRIDE)


def test_past_stays_when_the_rate_is_turned() -> None:
    """Chain: ledger → picture. Turning γ changes what follows, never the entries that were made under the old one."""
    line = Timeline(EXPERIMENT, FEW, 4)
    for _ in range(5):
        line.advance()
    before = line.frame().seen["ledger"]
    line.change(line.params.parse({"learning_rate": 1.0}, line.params))
    after = line.frame().seen["ledger"]
    assert isinstance(before, Series) and isinstance(after, Series)
    assert np.array_equal(before.y, after.y)


def test_threads_do_not_matter() -> None:
    """Chain: determinism. The digest after 20 steps is the same for one and two threads, whose neurons ever."""
    code = (
        "from weltnet.experiments.observatory import EXPERIMENT as e\n"
        "from weltnet.run import outcome\n"
        "print(*(outcome(e, e.params(replicas=3000, neurons=n), seed=9, steps=20).digest for n in ('copies', 'own')))"
    )
    digests = set()
    for threads in ("1", "2"):
        env = os.environ | {"NUMBA_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        digests.add(done.stdout.strip())
    assert len(digests) == 1 and len(set(digests.pop().split())) == 2


def test_replicas_show_the_space_time_of_copies() -> None:
    """Chain: copies held at q*, replica kernel → one ensemble. Both wells, N = 16, seed 3, means over 40 frames.

    In a well ω is that of copies within .02 and λ within .01, to which the mixture of weights and what the weights
    predict are known; the replicas that speak lie round q*.
    """
    for y in (WELL[1], -WELL[1]):
        found = []
        for neurons in ("copies", "own"):
            values = {"neurons_per_half": 8, "replicas": 8000, "start": "broad", "selected": at(y), "neurons": neurons}
            line = Timeline(EXPERIMENT, ObservatoryParams.parse(values), 3)
            line.seek(40)
            seen = []
            for _ in range(40):
                line.advance()
                c = curvature(fit(line.state.copies.moments), CENTRE, 1.0)
                seen.append((c.vorticity[0], -0.5 * c.expansion[0]))
            found.append(np.mean(seen, axis=0))
            assert np.hypot(*(line.state.copies.here - (WELL[0], y))) < NEAR
        (held, slow), (own, rate) = found
        assert abs(own - held) < 0.02 < 0.15 < abs(own) and abs(rate - slow) < 0.01
        assert own * y > 0


def test_nothing_is_said_where_no_network_lives() -> None:
    """Chain: one ensemble → verdicts. q* at the edge, where no replica comes: grey, no readout, nothing judged."""
    values = {"neurons_per_half": 4, "replicas": 1000, "start": "valley", "neurons": "own", "selected": (2.8,) * 4}
    line = Timeline(EXPERIMENT, ObservatoryParams.parse(values), 0)
    line.seek(600)
    frame = line.frame()
    field, light = frame.seen["curvature"], frame.seen["cones"]
    assert isinstance(field, Field) and field.resolved is not None and not field.resolved.any()
    assert isinstance(light, MetricField) and not light.resolved.any()
    assert not {"R0", "dragging", "closure"} & set(frame.seen)
    words = {v.claim: v.word for v in line.verdicts()}
    assert words["de-sitter"] == words["dragging"] == "outside-regime" and words["mirror"] == "holds"


def test_large_networks_run_in_fewer_replicas() -> None:
    """Chain: knobs → state. Neurons are as many as a frame can afford, and the line beside the knobs says so."""
    params = ObservatoryParams(neurons_per_half=32, neurons="own")
    state = EXPERIMENT.begin(params, 0, lambda fraction, text: None)
    assert state.copies.x.shape == (2500, 64) and len(state.replicas.q) == 20_000
    assert EXPERIMENT.derived(params)["x"].startswith("in 2500 of 20000 networks")
    assert "x" not in EXPERIMENT.derived(ObservatoryParams())
