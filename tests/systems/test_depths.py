"""Links of the chain: `systems.layered`, which twins check, → networks of several depths side by side."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.philox import picks
from weltnet.systems import depths, layered

ALL = (1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize("P", [1000, 4000, 20000, 71260])
def test_architectures_are_of_equal_size(P: int) -> None:
    """Definition: as many weights within half a neuron's; the design's widths at P = 4000, 1024 neurons at 71260."""
    for (widths, at), k in zip(depths.plan(P, ALL), ALL, strict=True):
        n = widths[1]
        assert widths == (64, *[n] * k, 10) and at.stop - at.start == layered.size(widths)
        assert abs(layered.size(widths) - P) <= 0.51 * (74 + k + 2 * (k - 1) * n) + 1
    assert [depths.width(4000, k) for k in ALL] == [53, 36, 29, 26, 23, 21]
    assert sum(depths.plan(71260, ALL)[0][0]) == 1024


def test_heats_learn_as_if_alone() -> None:
    """Link: an independent twin. Each network of each heat follows backprop in double precision, on its own images."""
    these, q = depths.plan(1000, (1, 3)), np.zeros((2, depths.plan(1000, (1, 3))[-1][1].stop), np.float32)
    depths.born(q, these, 7, 4)
    start = q.astype(float)
    depths.learn(q, these, rate=0.2, batch=8, seed=7, first=30, steps=3)
    d, chosen = layered.digits(), np.empty((2, 8), np.int64)
    for k in range(30, 33):
        picks(chosen, len(d.x), 7, k, depths.BATCHES)
        for heat, images in enumerate(chosen):
            for widths, at in these:
                start[heat, at] -= 0.2 * layered.backprop(start[heat, at], widths, d.x[images], d.y[images])[1]
    assert q.dtype == np.float32 and np.abs(q - start).max() < 1e-5
    found, expected = depths.losses(q, these, 50), np.empty((2, 2))
    for k, (widths, at) in enumerate(these):
        expected[k] = layered.loss(start[:, at], widths, d.x[:50], d.y[:50])
    assert found == pytest.approx(expected, rel=1e-4)
    assert not np.array_equal(q[0], q[1])


def test_the_trace_is_what_weights_move_outputs_by() -> None:
    """Definition: Σ_o |∂h_o/∂q|² by differences of the outputs, at birth."""
    these = depths.plan(1000, (1, 2))
    q = np.zeros((1, these[-1][1].stop), np.float32)
    depths.born(q, these, 3, 0)
    x = layered.digits().x[:3]
    for (widths, at), trace in zip(these, depths.traces(q, these, 3)[:, 0], strict=True):
        one = q[0, at].astype(float)
        out = np.zeros(())
        for i in range(0, len(one), 1):
            kick = np.zeros_like(one)
            kick[i] = 1e-5
            up, down = (layered.forward(one + s * kick, widths, x)[-1] for s in (1, -1))
            out = out + (((up - down) / 2e-5) ** 2).sum(axis=1).mean()
        assert trace == pytest.approx(float(out), rel=1e-4)
