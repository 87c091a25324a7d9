"""Layered networks on digits, against the general network of `systems.septuple` with the mask of layers.

Chain of trust: `systems.septuple`, which finite differences check, → `systems.layered`, which is written apart from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.kernels.philox import picks
from weltnet.systems import layered as net
from weltnet.systems import septuple
from weltnet.systems.topologies import layered

WIDTHS = (5, 4, 3, 2)
ENDS = np.cumsum((0, *WIDTHS))
INPUTS, HIDDEN, OUTPUTS = np.arange(5), np.arange(5, 12), np.arange(12, 14)


def whole(q: Any) -> tuple[Any, Any]:
    """The same network as one matrix."""
    W, b = np.zeros((14, 14)), np.zeros(14)
    for l, (w, c) in enumerate(net.views(q, WIDTHS)):
        here = slice(ENDS[l + 1], ENDS[l + 2])
        W[here, ENDS[l] : ENDS[l + 1]], b[here] = w, c
    return W, b


def flat(gW: Any, gb: Any) -> Any:
    rows = [(slice(ENDS[l + 1], ENDS[l + 2]), slice(ENDS[l], ENDS[l + 1])) for l in range(3)]
    return np.concatenate([part for to, of in rows for part in (gW[to, of].ravel(), gb[to])])


def case() -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(2)
    q = net.born(WIDTHS, 3, gain=1.3) + 0.1 * rng.standard_normal(net.size(WIDTHS))
    return q, 0.8 * rng.standard_normal((6, 5)), 0.5 * rng.standard_normal((6, 2))


def test_backprop_is_credit_through_time() -> None:
    """Chain of trust: an independent twin. Gradients of the boundary loss, the means of those of samples."""
    q, x, y = case()
    W, b = whole(q)
    H, gW, gb = septuple.boundary(W, b, x, y, layered(WIDTHS), inputs=INPUTS, outputs=OUTPUTS, ticks=3)
    found, g = net.backprop(q, WIDTHS, x, y)
    assert found == pytest.approx(H.mean()) and np.allclose(g, flat(gW, gb), atol=1e-14)
    samples = net.sample_gradients(q, WIDTHS, x, y)
    assert np.allclose(samples.mean(axis=0), g, atol=1e-14)
    assert np.allclose(net.moments(q, WIDTHS, x, y), (g, samples.var(axis=0)), atol=1e-14)
    assert net.loss(q, WIDTHS, x, y) == pytest.approx(found)


def test_bulk_is_the_bulk_of_the_whole() -> None:
    """Chain of trust: an independent twin. Loss, gradient, push on hidden states and stiffness of a clamped bulk."""
    q, x, y = case()
    W, b = whole(q)
    h = net.clamp(q, WIDTHS, x, y)
    h[1] = h[1] + 0.1
    states = np.concatenate(h, axis=-1)
    H, gW, gb, gx = septuple.bulk(W, b, states, layered(WIDTHS), inputs=INPUTS)
    assert np.allclose(net.bulk_loss(q, WIDTHS, h), H) and np.allclose(net.bulk_gradient(q, WIDTHS, h), flat(gW, gb))
    assert np.allclose(np.concatenate(net.push(q, WIDTHS, h), axis=-1), gx[:, HIDDEN])
    G = septuple.stiffness(W, b, states, HIDDEN, inputs=INPUTS)
    assert np.allclose(net.stiffness(q, WIDTHS, h), G)


def test_gauss_newton_is_the_trace_of_the_tangent_kernel() -> None:
    """Chain of trust: finite differences of the outputs by every weight."""
    q, x, _ = case()
    steps = 1e-6 * np.eye(len(q))
    J = (net.forward(q + steps, WIDTHS, x)[-1] - net.forward(q - steps, WIDTHS, x)[-1]) / 2e-6
    assert net.gauss_newton(q, WIDTHS, x) == pytest.approx((J**2).sum(axis=(0, 2)).mean(), rel=1e-8)


def test_many_networks_at_once() -> None:
    """Chain of trust: none; a definition. Leading indices are networks."""
    q, x, y = case()
    two = np.stack([q, 0.5 * q])
    values, g = net.backprop(two, WIDTHS, x, y)
    one, slope = net.backprop(two[1], WIDTHS, x, y)
    assert values[1] == pytest.approx(one) and np.allclose(g[1], slope)
    assert np.allclose(net.gauss_newton(two, WIDTHS, x)[0], net.gauss_newton(q, WIDTHS, x))
    assert np.allclose(
        net.bulk_gradient(two, WIDTHS, net.clamp(two, WIDTHS, x, y))[0],
        net.bulk_gradient(q, WIDTHS, net.clamp(q, WIDTHS, x, y)),
    )


def taught(relaxed: bool, seed: int, steps: int = 800, rate: float = 0.3) -> float:
    """Accuracy on digits that were not learned, of 64-24-24-10 after learning by the bulk loss."""
    data, widths = net.digits(), (64, 24, 24, 10)
    q, chosen = net.born(widths, seed), np.empty((1, 32), np.int64)
    for t in range(steps):
        picks(chosen, len(data.x), seed, t, 9)
        h = net.clamp(q, widths, data.x[chosen[0]], data.y[chosen[0]])
        for _ in range(20 if relaxed else 0):
            for layer, d in zip(h[1:-1], net.push(q, widths, h), strict=True):
                layer -= 0.2 * d
        q -= rate * net.bulk_gradient(q, widths, h)
    return float(net.accuracy(q, widths, data.test_x, data.test_shown))


def test_relaxing_trains_what_activation_does_not() -> None:
    """PHYSICS §1: after plain activation the bulk loss trains the last layer alone; relaxed, all. Accuracy differs by
    more than .10: .106 to .141 on seeds 0 to 5."""
    gaps = [taught(True, seed) - taught(False, seed) for seed in range(4)]
    assert np.mean(gaps) > 0.10, gaps
