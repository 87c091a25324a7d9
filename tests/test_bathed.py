"""Links of the chain: layered networks → hidden neurons in a bath, and their entropy."""

from __future__ import annotations

import numpy as np

from weltnet import bathed
from weltnet.systems import layered


def test_networks_read_digits() -> None:
    """Link: layered → bathed. Hmin falls to a tenth in 150 steps in a bath; the same seed gives the same bits."""
    q, again = (bathed.begun(1.0, 3, 0) for _ in range(2))
    before = bathed.states(q)[1]
    for k in range(150):
        bathed.read(q, 0.01, k, 3)
        if k < 3:
            bathed.read(again, 0.01, k, 3)
            assert np.array_equal(q, again)
    assert (bathed.states(q)[1] < 0.12 * before).all()
    assert len({bits.tobytes() for bits in (*q, *bathed.begun(1.0, 3, 1))}) == 2 * bathed.COPIES


def test_states_are_measured_at_the_least_of_the_loss() -> None:
    """Link: layered → bathed. After settling the hidden neurons are pushed by less than a hundredth."""
    q, data = bathed.begun(1.0, 4, 0), layered.digits()
    x, y = (np.broadcast_to(a[: bathed.SEEN], (bathed.COPIES, bathed.SEEN, a.shape[1])) for a in
            (data.test_x, data.test_y))  # fmt: skip
    h = layered.clamp(q, bathed.WIDTHS, x, y)
    first = max(np.abs(p).max() for p in layered.push(q, bathed.WIDTHS, h))
    bathed._relax(q, h, bathed.TICK, np.zeros((bathed.COPIES, 1, bathed.SETTLING, bathed.HIDDEN)))
    rms = [np.sqrt((p * p).mean()) for p in layered.push(q, bathed.WIDTHS, h)]
    assert first > 0.3 and max(rms) < 0.01
