"""Links of the chain: systems, kernels → ledger: the plane of a network's loss, and hidden neurons in a bath."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet import ledger
from weltnet.estimators.entropy import contraction, nearest_neighbours
from weltnet.kernels.replicas import TOTAL, gradient_by_products, plane
from weltnet.systems import layered


def made() -> ledger.Plain:
    return ledger.plain(3, 8, 0.1, report=lambda done, text: None)


def test_learning_alone_follows_the_mean_gradient_of_all_samples() -> None:
    """Link: replica kernel → table. −γ∇U of the table is what all samples say through the network, within 1 %."""
    of, q = made(), np.random.default_rng(1).normal(size=(50, 2))
    p = of.pupil
    driven, recurrent = plane(p.weights, p.inputs)
    seen, answers = (np.broadcast_to(a, (50, *a.shape)) for a in (p.data[:, : p.inputs], p.data[:, p.inputs :]))
    g = gradient_by_products(q, driven, recurrent, seen, answers, ticks=p.ticks, kind=TOTAL)
    assert np.abs(of.learned(q, 0.1) - (q - 0.1 * g)).max() < 0.01 * np.abs(0.1 * g).max()


def test_determinant_is_what_a_map_takes_from_entropy() -> None:
    """Link: table → ledger. Neighbours see −⟨ln |det(1 − γ∂∂U)|⟩ leave an ensemble, within 3 %."""
    of, q = made(), 0.6 * np.random.default_rng(2).normal(size=(20_000, 2))
    gone = nearest_neighbours(q) - nearest_neighbours(of.learned(q, 0.2))
    assert gone == pytest.approx(contraction(ledger.GRID, q, 0.2, of.hessian), rel=0.03)


def test_states_of_the_plane_are_those_of_a_chain() -> None:
    """Link: closed form. Two hidden neurons that one output reads have det G = 1 + f′² |c|², at the least of H."""
    of = made()
    q1, q2 = ledger.GRID.axis[[40, 84]], ledger.GRID.axis[[90, 70]]
    W, data = of.pupil.W0, of.pupil.data[:: ledger.THINNED]
    for a, c, i, j in zip(q1, q2, (40, 84), (90, 70), strict=True):
        seen = np.tanh(data[:, :2] * [a, W[3, 1]])
        out, h = np.array([c, W[4, 3]]), seen.copy()
        for _ in range(300):
            f = np.tanh(h @ out)
            h -= 0.2 * (h - seen - ((data[:, 2] - f) * (1.0 - f * f))[:, None] * out)
        s = 1.0 - np.tanh(h @ out) ** 2
        assert of.states[i, j] == pytest.approx(-0.5 * np.log1p(s * s * (out @ out)).mean(), abs=0.01)


def test_predicted_masses_stay_masses() -> None:
    """Link: theory → ledger. A start is normed, has its width, and is carried without loss."""
    mass = ledger.folded(0.4)
    carried = ledger.carrier(made(), 0.25, 1, 0.05, 4) @ mass.ravel()
    assert mass.sum() == pytest.approx(1.0) == carried.sum()
    assert (mass.sum(axis=1) * ledger.COARSE.axis**2).sum() == pytest.approx(0.16, rel=1e-3)


def test_networks_read_digits() -> None:
    """Link: layered → ledger. Hmin falls to a tenth in 150 steps in a bath; the same seed gives the same bits."""
    q, again = (ledger.begun(1.0, 3, 0) for _ in range(2))
    before = ledger.states(q)[1]
    for k in range(150):
        ledger.read(q, 0.01, k, 3)
        if k < 3:
            ledger.read(again, 0.01, k, 3)
            assert np.array_equal(q, again)
    assert (ledger.states(q)[1] < 0.12 * before).all()
    assert len({bits.tobytes() for bits in (*q, *ledger.begun(1.0, 3, 1))}) == 2 * ledger.COPIES


def test_states_are_measured_at_the_least_of_the_loss() -> None:
    """Link: layered → ledger. After settling the hidden neurons are pushed by less than a hundredth."""
    q, data = ledger.begun(1.0, 4, 0), layered.digits()
    x, y = (np.broadcast_to(a[: ledger.SEEN], (ledger.COPIES, ledger.SEEN, a.shape[1])) for a in
            (data.test_x, data.test_y))  # fmt: skip
    h = ledger._clamped(q, x, y)
    first = max(np.abs(p).max() for p in layered.push(q, ledger.WIDTHS, h))
    ledger._relax(q, h, ledger.TICK, np.zeros((ledger.COPIES, 1, ledger.SETTLING, ledger.HIDDEN)))
    rms = [np.sqrt((p * p).mean()) for p in layered.push(q, ledger.WIDTHS, h)]
    assert first > 0.3 and max(rms) < 0.01
