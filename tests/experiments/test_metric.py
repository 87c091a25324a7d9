"""Emergent metric: de Sitter space of linear networks, what is refused, and what is seen of a trained one."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from weltnet.estimators.generator import jackknife
from weltnet.experiments import metric
from weltnet.experiments.metric import EXPERIMENT, FAR, MAP, PURE
from weltnet.timeline import Timeline


@cache
def carried(ticks, seed=0, **values):
    line = Timeline(EXPERIMENT, EXPERIMENT.params.parse(values), seed)
    line.seek(ticks)
    return line


def seen(line):
    return metric._measured(line.state, line.params)


def test_figure_of_the_design():
    """Link: network → R: .0150 for λ = .05 and S = 1; from steps alone within its error, from all neurons to 1e-5."""
    line = carried(400, network="linear", contraction=0.05)
    value, error = jackknife(seen(line)[2].R.mean(axis=1))
    assert abs(value - 0.015) < 3.0 * error and error < 0.002
    line = carried(40, network="linear", contraction=0.05, seen="neurons")
    assert np.abs(seen(line)[2].R[0] - 0.015).max() < 1e-5


def test_it_is_vacuum_with_a_constant():
    """Link: network → G: that of a linear network is Λ g, Λ = λ²/S, for another lapse and a rotation, too."""
    line = carried(40, network="linear", rotation=0.2, lapse=2.0, seen="neurons")
    value = seen(line)[2].einstein[0]
    assert np.allclose(value, 0.005 * np.diag([1.0, -1.0, -1.0]), atol=5e-5)


def test_errors_fall_as_samples_come_in():
    """Link: past → picture: as 1/√n, stated and true, and the stated one is the true one within a factor of two."""
    past = carried(400, **PURE).state.past
    n, stated, true = past[past[:, 0] > 0].T
    late = n > 1e4
    for curve in (stated, true):
        slope = np.polyfit(np.log(n[late]), np.log(curve[late]), 1)[0]
        assert slope == pytest.approx(-0.5, abs=0.15)
    assert 0.5 < np.median(stated[late] / true[late]) < 2.0


def test_unresolved_places_are_left_blank():
    """Link: honesty: grey at first, where there is no curvature, and in corners which a long walk never sees."""
    assert carried(0, network="linear", contraction=0.03).frame().seen["R"].resolved.mean() < 0.5
    assert carried(40, network="linear", broken="shuffled-increments").frame().seen["R"].resolved.mean() < 0.2
    assert carried(400, **PURE).frame().seen["R"].resolved.all()
    walked = carried(400, network="linear", launch="walk")
    resolved = walked.frame().seen["R"].resolved.ravel()
    assert not resolved[FAR > 0.4].any()
    assert {v.claim: v.word for v in walked.verdicts()}["de-sitter"] == "undecided"


def test_trained_network():
    """Link: network → registered answers: λ and ω at the centre are those of the weights; R and C grow outward."""
    line = carried(400, seen="neurons")
    drift, C, tensor, closure = seen(line)
    slope = drift.gradient(np.zeros(2))
    rate, turn = line.state.told
    assert abs(-0.5 * np.trace(slope) - rate) < 0.03 * rate + 0.006
    assert abs(0.5 * (slope[1, 0] - slope[0, 1]) - turn) < 0.005
    assert tensor.R[0][FAR > 0.3].mean() > 10.0 * tensor.R[0][FAR < 0.1].mean() > 0.0
    # What X does not resolve of x adds to the neurons' own noise, most of all along the radius.
    own = 2.0 * 0.15**2 / 64
    along, across = (C(np.array([[0.35, 0.0]]))[0] / own).diagonal()
    assert 1.15 < along < 1.3 and 1.05 < across < 1.12 and 0.98 < closure[0] < 0.99


def test_steps_and_neurons_agree():
    """Link: two ways of seeing: R of the trained network from steps alone is that from all neurons, within errors."""
    one, other = (seen(carried(400, seen=how))[2] for how in ("steps", "neurons"))
    (a, da), (b, db) = one.scalar(), other.scalar()
    off = (a - b) / np.hypot(da, db)
    assert np.sqrt((off**2).mean()) < 2.0 and np.median(db / da) < 0.4


def test_a_place_can_be_tapped():
    """Link: knob → readout: R and C are those of the place that was tapped, without a restart."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params.parse({"seen": "neurons"}), 0)
    line.seek(40)
    centre = line.frame().seen
    line.change(EXPERIMENT.params.parse({"seen": "neurons", "place": (0.3, 0.0, 0.3, 0.0)}))
    there = line.frame().seen
    assert there["at"].value > 5.0 * centre["at"].value and there["noise"].value > centre["noise"].value
    assert np.allclose(there["here"].points, [[0.3, 0.0]]) and line.state.past.any()
    near = np.abs(MAP - [0.3, 0.0]).sum(axis=1).argmin()
    assert there["at"].value == pytest.approx(seen(line)[2].R[0][near], rel=0.2)
    assert math.isfinite(there["at"].error)
