"""The network, its learned plane and the flows it is trained to continue."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.flows import FLOWS, flow, tick
from weltnet.systems.networks import lift, subsystems, train, weights


def _quiet(fraction, text):
    pass


@pytest.fixture(scope="module")
def network():
    return train(32, "rotation", 3, report=_quiet)


def test_flow_map_of_the_rotation_is_exact():
    """Link: the linear flow's map is exp((−g + iΩ) T); the midpoint rule converges to it with order 2."""
    X = np.random.default_rng(0).uniform(-0.5, 0.5, (50, 2))
    z = (X[:, 0] + 1j * X[:, 1]) * np.exp((-0.6 + 2.0j) * 0.1)
    errors = []
    for substeps in (1, 2, 4, 8):
        Y = tick(flow("rotation"), X, substeps=substeps)
        errors.append(np.abs(Y[:, 0] + 1j * Y[:, 1] - z).max())
    assert errors[2] < 1e-4
    assert abs(np.polyfit(np.log([1, 2, 4, 8]), np.log(errors), 1)[0] + 2.0) < 0.1


def test_attractors_of_the_flows():
    """Link: fixed points and cycle in closed form; |X| = .35 on the cycle, X = (±.35, 0) in the wells."""
    X = np.random.default_rng(1).uniform(-0.5, 0.5, (40, 2))
    around, apart = X.copy(), X.copy()
    for _ in range(200):
        around, apart = tick(flow("cycle"), around), tick(flow("wells"), apart)
    assert np.abs(np.hypot(*around.T) - 0.35).max() < 1e-3
    assert np.abs(apart - np.stack([0.35 * np.sign(X[:, 0]), 0 * X[:, 1]], axis=1)).max() < 1e-6
    with pytest.raises(ValueError, match="names no boundary flow; allowed: rotation, cycle, wells"):
        flow("saddle")


def test_lift_and_projector_are_inverse(network):
    """Link: the loadings have mean 1 over each half, so the means of lift(X) are X."""
    X = np.random.default_rng(2).uniform(-1, 1, (20, 2))
    assert np.abs(lift(network, X) @ subsystems(network) - X).max() < 1e-14
    assert network.c.min() > 0.25


def test_learned_plane_acts_as_a_complex_number(network):
    """Link: (W(Q) − W0) x = c_i ([Q1 + Q2 J] X)_{s(i)} by hand, and z = a0 + Q1 + iQ2 on the means."""
    rng = np.random.default_rng(3)
    Q, x = np.array([0.13, -0.21]), rng.standard_normal(network.N)
    P = subsystems(network)
    z = (Q[0] + 1j * Q[1]) * ((x @ P)[0] + 1j * (x @ P)[1])
    added = (weights(network, Q) - network.W0) @ x
    assert np.abs(added - lift(network, [z.real, z.imag])).max() < 1e-13
    assert weights(network, (0, 0)).base is None and np.array_equal(weights(network, (0, 0)), network.W0)


def test_halves_do_not_touch_unless_dense(network):
    """Link: the mask. The saboteur `dense` must fill what it leaves empty."""
    across = network.half[:, None] != network.half[None, :]
    assert not network.W0[across].any()
    dense = train(32, "rotation", 3, report=_quiet, dense=True)
    assert (dense.W0[across] != 0).all()


@pytest.mark.parametrize("kind", FLOWS)
def test_training_learns_what_the_mask_allows(kind):
    """Link: one tick of the flow, held-out clamped states. Seed 0.

    Without weights between the halves only the part of the flow that keeps them apart can be learned; the dense network
    must do better on flows that rotate, and beats its own untrained scale by far.
    """
    F = flow(kind)
    X = np.random.default_rng(9).uniform(-0.5, 0.5, (400, 2))
    Y = tick(F, X)
    error = {}
    for dense in (False, True):
        network = train(32, kind, 0, report=_quiet, dense=dense)
        got = np.tanh(lift(network, X) @ network.W0.T + network.b) @ subsystems(network)
        error[dense] = float(np.sqrt(((got - Y) ** 2).mean()))
    assert error[True] < 0.03
    if kind == "wells":
        assert error[False] < 0.03
    else:
        assert error[False] > 1.5 * error[True]


def test_training_is_deterministic_cached_reported_and_cancellable():
    """Link: equality of objects; the report sees rising fractions and may stop the work."""
    seen = []
    first = train(8, "cycle", 41, report=lambda fraction, text: seen.append((fraction, text)))
    assert [f for f, _ in seen] == sorted(f for f, _ in seen) and seen[-1][0] == 1.0 and len(seen) > 15
    assert train(8, "cycle", 41, report=_quiet) is first
    assert not np.array_equal(train(8, "cycle", 42, report=_quiet).W0, first.W0)

    class Enough(Exception):
        pass

    def stop(fraction, text):
        if fraction > 0.3:
            raise Enough

    with pytest.raises(Enough):
        train(8, "cycle", 43, report=stop)
    with pytest.raises(ValueError, match="even number from 4 up"):
        train(7, "cycle", 0, report=_quiet)
    with pytest.raises(ValueError, match="read-only"):
        first.W0[0, 0] = 1.0
