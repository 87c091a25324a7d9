"""Networks that read digits: the kernel is the slow gradient, and a run may be split anywhere."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.digits import learn
from weltnet.systems.layered import born, digits, loss, sample_gradients

WIDTHS, NETWORKS = (64, 5, 10), 3


def run(q: np.ndarray, batch: int, steps: int, first: int = 0, index: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    data, out = digits(), np.empty((2, NETWORKS, steps))
    seen, told = data.x[:30].T.copy(), data.y[:30].T.copy()
    learn(q, data.x, data.y, seen, told, 0.3, batch, index, first, 7, out[0], out[1])
    return out[0], out[1]


def start() -> np.ndarray:
    return np.stack([born(WIDTHS, 1, number=n) for n in range(NETWORKS)])


def test_a_step_is_the_gradient_of_one_image() -> None:
    """Slow twin → kernel. With B = 1 the step is −γ times some image's gradient, to 1e-14; loss and length agree."""
    q, data = start(), digits()
    before = q.copy()
    losses, lengths = run(q, 1, 1)
    for n in range(NETWORKS):
        each = sample_gradients(before[n], WIDTHS, data.x, data.y)
        off = np.abs(q[n] - before[n] + 0.3 * each).max(axis=1)
        assert off.min() < 1e-14
    assert losses[:, 0] == pytest.approx(loss(q, WIDTHS, data.x[:30], data.y[:30]), abs=1e-5)
    assert lengths[:, 0] == pytest.approx(np.linalg.norm(q - before, axis=1), rel=1e-12)


def test_gradient_by_finite_differences() -> None:
    """Finite differences → kernel. The step of one image is −γ ∂H/∂q of that image, to 1e-8."""
    q, data = start()[:1], digits()
    before = q.copy()
    out = np.empty((2, 1, 1))
    x, y = data.x[4:5], data.y[4:5]
    learn(q, x, y, x.T.copy(), y.T.copy(), 0.1, 2, 0.0, 0, 1, out[0], out[1])
    for k in (0, 63, 64, 319, 320, 324, 325, 330, 374, 375, 384):
        nudge = np.zeros(q.shape[1])
        nudge[k] = 1e-6
        slope = (loss(before[0] + nudge, WIDTHS, x, y) - loss(before[0] - nudge, WIDTHS, x, y)) / 2e-6
        assert q[0, k] - before[0, k] == pytest.approx(-0.1 * slope, abs=1e-8)


def test_split_runs_have_the_same_bits() -> None:
    """Counters → kernel. Seven steps at once are three and four, bit by bit, for any minibatch and with factors."""
    for batch, index in ((1, 0.0), (6, 0.0), (2, 1.5)):
        one, two = start(), start()
        whole = run(one, batch, 7, index=index)
        parts = run(two, batch, 3, index=index), run(two, batch, 4, 3, index)
        assert np.array_equal(one, two)
        assert np.array_equal(whole[0], np.hstack([parts[0][0], parts[1][0]]))


def test_factors_have_their_law() -> None:
    """Definition → kernel. P(s > u) = u^−2 to 4 standard errors: lengths with factors over those without."""
    data, q0 = digits(), born(WIDTHS, 1)
    q, plain = np.tile(q0, (4000, 1)), np.tile(q0, (4000, 1))
    out = np.empty((2, 4000, 1))
    blind = np.zeros((64, 0)), np.zeros((10, 0))
    lengths = []
    for networks, index in ((plain, 0.0), (q, 2.0)):
        learn(networks, data.x, data.y, *blind, 0.01, 1, index, 0, 3, out[0], out[1])
        lengths.append(out[1, :, 0].copy())
    s = lengths[1] / lengths[0]
    assert s.min() >= 1.0 - 1e-9
    for u in (2.0, 5.0):
        assert (s > u).mean() == pytest.approx(u**-2, abs=4 * np.sqrt(u**-2 / 4000))
