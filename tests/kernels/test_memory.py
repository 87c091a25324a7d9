"""Links of the chain: a dense loss, neuron by neuron, and its differences → full credit through time along links."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels import memory as kernel
from weltnet.theory import memory as twin

N, E, TICKS, FIRST = 7, 17, 9, 3


@pytest.fixture
def network():
    rng = np.random.default_rng(2)
    places = rng.choice(N * N, E, replace=False)
    source, sink = (places % N).astype(np.int32), (places // N).astype(np.int32)
    u, target = rng.normal(size=(2, TICKS, kernel.BATCH))
    return rng.normal(size=E), source, sink, rng.normal(size=(3, N)), u, target


def test_gradient_is_that_of_finite_differences(network):
    """Link: central differences of the dense twin → gradient through nine ticks, within 1e-7; H to 1e-12."""
    loss, gw, gn = kernel.slope(*network, FIRST, 1.0)
    assert loss == pytest.approx(twin.loss(*network, FIRST), abs=1e-12)
    by_w, by_node = twin.differences(*network, FIRST)
    assert np.abs(gw - by_w).max() < 1e-7 and np.abs(gn - by_node).max() < 1e-7
    assert np.abs(kernel.slope(*network, FIRST, 0.0)[1] - by_w).max() > 1e-3


def test_differences_miss_the_gradient_by_the_square_of_their_step(network):
    """Link: order of the differences, 2.0 ± .1: it is their error that is seen, not the gradient's."""
    gw = kernel.slope(*network, FIRST, 1.0)[1]
    errors = [np.abs(gw - twin.differences(*network, FIRST, step)[0]).max() for step in (1e-2, 1e-3)]
    assert np.log10(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_activation_is_tanh():
    """Link: libm → continued fraction: within 1e-12 wherever tanh is not 1 to twelve digits, and there too."""
    a = np.linspace(-40.0, 40.0, 4001)
    f = a.copy()
    kernel._bend(f)
    assert np.abs(f - np.tanh(a)).max() < 1e-12


def test_descent_is_momentum_on_the_gradient(network):
    """Link: gradient → two steps of two networks, with momentum, decay that spares biases, and a ceiling."""
    w, source, sink, node, u, target = network
    both = [np.stack([x, x]) for x in (w, np.zeros(E), source, sink, node, np.zeros((3, N)), u, target)]
    loss, rate, inertia, decay, ceiling = np.zeros(2), 0.1, 0.9, 0.05, 0.02
    v, pace, held = 0.0, 0.0, np.array([1.0, 0.0, 1.0])[:, None]
    for _ in range(2):
        kernel.descend(*both, FIRST, 1.0, rate, inertia, decay, ceiling, loss)
        H, gw, gn = kernel.slope(w, source, sink, node, u, target, FIRST, 1.0)
        pull = rate * min(1.0, ceiling / np.sqrt((gw**2).sum() + (gn**2).sum()))
        v, pace = inertia * v - pull * gw, inertia * pace - pull * gn
        w, node = w + v - rate * decay * w, node + pace - rate * decay * held * node
        assert loss == pytest.approx([H, H], abs=1e-12)
    assert both[0] == pytest.approx(np.stack([w, w]), abs=1e-12)
    assert both[4] == pytest.approx(np.stack([node, node]), abs=1e-12)
