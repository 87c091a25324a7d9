"""Geodesic packets: the way of copies that are seen at B, and the ways that the measured metric allows."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet import routes
from weltnet.experiments import geodesics
from weltnet.experiments.geodesics import EXACT, EXPERIMENT, FAST
from weltnet.kernels.geodesics import fly
from weltnet.routes import FLOW, LEARNED, LIMIT, SET, SIGMA, STRAIGHT
from weltnet.theory import spacetimes
from weltnet.theory.geodesics import fall, unit
from weltnet.timeline import Timeline


def carried(launches, seed=0, **values):
    """The run after this many launches have ended."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params.parse(values), seed)
    line.seek(launches * (line.params.flight + line.params.flight % 2) + geodesics.STRIDE)
    return line


@pytest.fixture(scope="module")
def trained():
    return carried(24).state


def test_packet_of_a_trained_network_follows_the_geodesic(trained):
    """Link: copies → metric of other copies: the design's figures, < .3 × straight and < .2 × flow line."""
    rows, ways = trained.packet.path()[:1], trained.routes
    geodesic, straight, flow = (ways.off(rows, k)[0] for k in (LIMIT, STRAIGHT, FLOW))
    assert trained.packet.seen > 1000 and geodesic < 0.3 * straight and geodesic < 0.2 * flow
    assert ways.off(rows, SIGMA)[0] > 2 * straight and ways.found[SIGMA]
    plain = trained.packet.cross[:, 0].sum(axis=0) / trained.packet.seen
    assert ways.off(plain[None], LIMIT)[0] > 2 * geodesic  # what the radius alone would do


def test_packet_of_a_linear_network_follows_the_closed_form():
    """Link: copies → closed form: A sinh λ(t_B − t)/sinh λt_B + B sinh λt/sinh λt_B, and so does the measured way."""
    state = carried(12, **EXACT).state
    t = np.arange(13.0)[:, None]
    start = np.array([0.3, 0.0])
    exact = (start * np.sinh(0.1 * (12 - t)) + state.target * np.sinh(0.1 * t)) / np.sinh(1.2)
    straight = state.routes.lines[STRAIGHT]
    assert np.abs(state.packet.path()[0] - exact).max() < 2e-3 < 0.1 * np.abs(straight - exact).max()
    assert np.abs(state.routes.lines[LIMIT] - exact).max() < 1e-3
    assert state.packet.seen > 10_000 and not state.routes.found[SIGMA]


def test_flow_line_is_a_geodesic_of_a_uniform_lapse_alone(trained):
    """Link: twin: launched with u = v, Christoffel symbols by differences keep it on the flow line; N² = σ does not."""
    ways, start = trained.routes, np.array([[0.3, 0.0]])
    h = np.linalg.inv(ways.C)

    def v(X):
        return ways.basis(X) @ ways.flow

    def metric(E):
        return spacetimes.adm(np.full(E.shape[:-1], 0.5), v(E[..., 1:]), np.broadcast_to(h, (*E.shape[:-1], 2, 2)))

    at = np.concatenate([np.zeros((1, 1)), start], axis=1)
    U = unit(metric, at, v(start))
    xs, _ = fall(metric, at, U, 8.0 / U[0, 0], 32)
    assert xs[-1, 0, 0] == pytest.approx(8.0) and np.abs(xs[-1, 0, 1:] - ways.lines[FLOW][8]).max() < 2e-5
    turned = trained.told[1] * np.array([[0.0, -1.0], [1.0, 0.0]])
    even = np.array([[ways.C[0, 0], ways.C[0, 1], ways.C[1, 1]]])
    lapse = routes._with_lapse(even, 2 * turned.T @ h @ turned, ways.basis.half)
    out, momenta = np.empty((2, 97, 1, 2))
    fly(start, np.zeros((1, 2)), ways.flow, lapse, ways.basis.half, 1.0, 1.0, 1 / 8, 1.0, out, momenta)
    assert np.linalg.norm(out[::8, 0] - ways.lines[FLOW], axis=1).max() > 0.1


def test_ways_arrive_and_keep_their_energy():
    """Link: shooting → event: every way that was found ends at B; its energy drifts by less than 1e-8."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params.parse(FAST), 0)
    ways, target = line.state.routes, line.state.target
    assert ways.found[[LIMIT, STRAIGHT, SIGMA, SET, LEARNED]].all()
    for k in (LIMIT, SIGMA, SET, LEARNED):
        assert np.abs(ways.lines[k][-1] - target).max() < 1e-5 and ways.drift[k] < 1e-8, k
    # The smaller S, the farther from the way of least cost; and least it is.
    apart = [ways.off(ways.lines[None, k], LIMIT)[0] for k in (SET, LEARNED)]
    assert 0.001 < apart[0] < apart[1]
    cost = ways.cost(ways.lines[[LIMIT, SET, LEARNED, STRAIGHT]]).mean(axis=1)
    assert (np.diff(cost) > 0).all() and ways.cost(ways.lines[FLOW]).max() < 1e-3


def test_no_timelike_way_where_the_least_cost_is_above_the_lapse(trained):
    """Link: definition: by the S of an ordinary learner nothing that is matter goes from A to B."""
    ways = trained.routes
    S = geodesics._learned(trained, EXPERIMENT.params())[0]
    assert 0.03 < S < 0.1 < ways.cost(ways.lines[LIMIT]).mean() and not ways.found[LEARNED] and ways.found[SET]


def test_event_can_be_grabbed():
    """Link: knob → launch: a tap moves A, or B, at once, and light, geodesics and packet begin there."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params(), 0)
    line.change(EXPERIMENT.params.parse({"place": (0.1, 0.2, 0.1, 0.2), "target": (-0.2, 0.1, -0.2, 0.1)}))
    line.advance()
    state, seen = line.state, line.frame().seen
    assert np.allclose(seen["event"].points, [[0.1, 0.2]]) and np.allclose(state.target, [-0.2, 0.1])
    assert np.allclose(state.routes.fan[0], [0.1, 0.2]) and np.allclose(state.future.middle[0], [0.1, 0.2])
    assert np.allclose(state.tracks[0], [0.1, 0.2]) and state.launches == 0
    ways = state.routes
    assert ways.found[LIMIT] and np.allclose(ways.lines[LIMIT][[0, -1]], [[0.1, 0.2], [-0.2, 0.1]], atol=1e-5)
    # Slower matter stays inside the light of the same S.
    middle, rim = state.future.middle[6], state.future.rims[0, 6]
    assert (np.linalg.norm(ways.fan[6] - middle, axis=1) < np.linalg.norm(rim - middle, axis=1)).all()
    assert not np.isnan(ways.lines).any()


def test_few_copies_decide_nothing():
    """Link: verdict: where B is hardly reached the packet is undecided, and the flow line is judged all the same."""
    line = carried(9, target=(0.44, -0.44, 0.44, -0.44))
    words = {v.claim: v.word for v in line.verdicts()}
    assert words["trained"] in ("undecided", "outside-regime") and words["free"] == "holds"


def test_everyone_goes_with_the_flow():
    """Link: saboteur → verdict: without the condition at B the same copies do not follow the geodesic."""
    line = carried(9, broken="everyone")
    words = {v.claim: v.word for v in line.verdicts()}
    assert (words["trained"], words["timelike"], words["free"]) == ("fails", "holds", "holds")
    ways, rows = line.state.routes, line.state.packet.path()[:1]
    assert ways.off(rows, FLOW)[0] < 0.1 * ways.off(rows, LIMIT)[0]
