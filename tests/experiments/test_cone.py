"""Light cones: the share of copies outside, the S of learning, and the cone that can be grabbed."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet import learning
from weltnet.experiments import cone
from weltnet.experiments.cone import AGES, DRAWN, EXPERIMENT, LADDER, LADDERED, LIFE
from weltnet.theory import spacetimes
from weltnet.timeline import Timeline


def carried(launches, seed=0, **values):
    """The state after this many launches have ended."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params.parse(values), seed)
    line.seek(launches * LIFE + cone.STRIDE)
    return line.state


def test_share_outside_of_a_linear_network():
    """Link: copies → closed form: within .01 at every age and for every S/λ of the ladder, from 114 688 copies."""
    state = carried(7, **cone.EXACT)
    assert len(state.X) * state.launches > 1e5
    shares = state.shares[: state.launches].mean(axis=0)
    for s, share in zip((4.0, *LADDER), shares[[DRAWN, *range(*LADDERED.indices(len(shares)))]], strict=True):
        assert np.abs(share - spacetimes.leak(s * 0.1, 0.1, AGES)).max() < 0.01, s


def test_share_outside_of_a_trained_network():
    """Link: copies → weights: within .1 of the formula with λ from the weights alone; the measured λ is near."""
    state = carried(3)
    share, rate = state.shares[:3, DRAWN].mean(axis=0), state.told[0]
    assert np.abs(share - spacetimes.leak(4 * rate, rate, AGES)).max() < 0.1
    assert abs(state.measured[0] - rate) < 0.03 * rate + 0.008 and abs(state.measured[1] - state.told[1]) < 0.005


def test_lapse_of_learning():
    """Link: ledger → metric: the S of the thin cone is what `learning.rates` books as destroyed."""
    state, params = carried(1), EXPERIMENT.params()
    booked = learning.rates(state.replicas, state.specimen.world, params.dial)[1]
    assert cone._learned(state, params) == pytest.approx(booked, rel=0.1) and booked > 0.03


def test_cone_can_be_grabbed():
    """Link: knob → launch: a tap moves the launch at once; its cone is dragged round as the weights say."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params(), 0)
    line.advance()
    line.change(EXPERIMENT.params.parse({"place": (0.2, 0.0, 0.2, 0.0)}))
    line.advance()
    state = line.state
    assert np.allclose(state.future.middle[0], [0.2, 0.0]) and state.age == cone.STRIDE and state.launches == 0
    middle = state.future.middle[10]
    turned = np.arctan2(middle[1], middle[0])
    assert turned == pytest.approx(10 * state.told[1], rel=0.1) and np.linalg.norm(middle) < 0.2
    seen = line.frame().seen
    assert np.allclose(seen["event"].points, [[0.2, 0.0]])


def test_launch_elsewhere_is_outside_the_regime():
    """Link: verdict: λ from the weights is that at the centre, and the verdict says so."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params.parse({"place": (0.3, 0.0, 0.3, 0.0)}), 0)
    line.seek(3 * LIFE + cone.STRIDE)
    words = {v.claim: v.word for v in line.verdicts()}
    assert words["trained"] == words["linear"] == "outside-regime"
