"""How ensembles stretch: M against entropy, its limit of small steps, and what is left of it at equilibrium."""

from __future__ import annotations

import numpy as np

from weltnet.theory.strain import Valley, strain


def valley(rate: float = 0.2, batch: int = 1, K: int = 3) -> Valley:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((200, K)) * np.array([1.0, 0.5, 0.3])[:K]
    e = rng.standard_normal(200) * (1.0 + x[:, 0] ** 2)
    return Valley(e[:, None] * x, x[:, :, None] * x[:, None, :], rate, batch, 1e-3)


def test_trace_is_the_entropy_of_a_step() -> None:
    """Chain: closed form. tr M is ½ ln det Σ′/Σ of the very step that carries Σ, to 1e-12."""
    v, sigma = valley(), np.array([[0.3, 0.1, 0.0], [0.1, 0.2, 0.05], [0.0, 0.05, 0.4]])
    gained = 0.5 * (np.linalg.slogdet(v.carried(sigma, 1))[1] - np.linalg.slogdet(sigma)[1])
    assert abs(np.trace(v.strain(sigma)) - gained) < 1e-12


def test_small_steps_give_production_less_destruction() -> None:
    """Chain: limit. M → sym(D Σ⁻¹) − γA: what is left falls as γ², order 2 ± .1 by halving."""
    sigma, D, A = np.diag([0.3, 0.2]), np.array([[0.3, 0.1], [0.1, 0.2]]), np.array([[1.0, 0.3], [0.3, 0.4]])
    left = []
    for g in (0.02, 0.01):
        produced = g * D @ np.linalg.inv(sigma)
        left.append(np.abs(strain(sigma, g * D, A, g) - 0.5 * (produced + produced.T) + g * A).max())
    assert abs(np.log2(left[0] / left[1]) - 2.0) < 0.1


def test_settled_moments_and_what_they_leave() -> None:
    """Chain: fixed point. tr M = 0; M = 0 where noise goes with curvature, both signs where noise circulates."""
    v = valley()
    assert np.abs(v.carried(v.settled, 50) - v.settled).max() < 1e-12
    m = np.linalg.eigvalsh(v.strain(v.settled))
    assert abs(m.sum()) < 1e-12 and m[0] < -1e-5 < 1e-5 < m[-1]
    even = Valley(np.zeros((2, 2)), np.stack([np.diag([1.0, 0.2])] * 2), 0.2, 1, 1e-3)
    assert np.abs(even.strain(even.settled)).max() < 1e-12


def test_number_of_signs_is_a_matter_of_width() -> None:
    """Chain: closed form. A direction of curvature a is time-like where γ a σ² > D: none, one, two as σ grows."""
    even = Valley(np.zeros((2, 2)), np.stack([np.diag([1.0, 0.1])] * 2), 0.01, 1, 1e-4)
    counts = [(np.linalg.eigvalsh(even.strain(s**2 * np.eye(2))) < 0).sum() for s in (0.05, 0.2, 0.5)]
    assert counts == [0, 1, 2]
