"""Links of the chain: systems, kernels → a step taken apart in the plane of a network's loss."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet import dissection
from weltnet.estimators.entropy import contraction, nearest_neighbours
from weltnet.kernels.replicas import TOTAL, gradient_by_products, plane


def made() -> dissection.Plain:
    return dissection.plain(3, 8, 0.1, report=lambda done, text: None)


def test_learning_alone_follows_the_mean_gradient_of_all_samples() -> None:
    """Link: replica kernel → table. −γ∇U of the table is what all samples say through the network, within 1 %."""
    of, q = made(), np.random.default_rng(1).normal(size=(50, 2))
    p = of.pupil
    driven, recurrent = plane(p.weights, p.inputs)
    seen, answers = (np.broadcast_to(a, (50, *a.shape)) for a in (p.data[:, : p.inputs], p.data[:, p.inputs :]))
    g = gradient_by_products(q, driven, recurrent, seen, answers, ticks=p.ticks, kind=TOTAL)
    assert np.abs(of.learned(q, 0.1) - (q - 0.1 * g)).max() < 0.01 * np.abs(0.1 * g).max()


def test_determinant_is_what_a_map_takes_from_entropy() -> None:
    """Link: table → dissection. Neighbours see −⟨ln |det(1 − γ∂∂U)|⟩ leave an ensemble, within 3 %."""
    of, q = made(), 0.6 * np.random.default_rng(2).normal(size=(20_000, 2))
    gone = nearest_neighbours(q) - nearest_neighbours(of.learned(q, 0.2))
    assert gone == pytest.approx(contraction(dissection.GRID, q, 0.2, of.hessian), rel=0.03)


def test_states_of_the_plane_are_those_of_a_chain() -> None:
    """Link: closed form. Two hidden neurons that one output reads have det G = 1 + f′² |c|², at the least of H."""
    of = made()
    q1, q2 = dissection.GRID.axis[[40, 84]], dissection.GRID.axis[[90, 70]]
    W, data = of.pupil.W0, of.pupil.data[:: dissection.THINNED]
    for a, c, i, j in zip(q1, q2, (40, 84), (90, 70), strict=True):
        seen = np.tanh(data[:, :2] * [a, W[3, 1]])
        out, h = np.array([c, W[4, 3]]), seen.copy()
        for _ in range(300):
            f = np.tanh(h @ out)
            h -= 0.2 * (h - seen - ((data[:, 2] - f) * (1.0 - f * f))[:, None] * out)
        s = 1.0 - np.tanh(h @ out) ** 2
        assert of.states[i, j] == pytest.approx(-0.5 * np.log1p(s * s * (out @ out)).mean(), abs=0.01)


def test_predicted_masses_stay_masses() -> None:
    """Link: theory → dissection. A start is normed, has its width, and is carried without loss."""
    mass = dissection.folded(0.4)
    carried = dissection.carrier(made(), 0.25, 1, 0.05, 4) @ mass.ravel()
    assert mass.sum() == pytest.approx(1.0) == carried.sum()
    assert (mass.sum(axis=1) * dissection.COARSE.axis**2).sum() == pytest.approx(0.16, rel=1e-3)
