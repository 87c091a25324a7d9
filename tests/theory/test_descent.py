"""Learning by a metric κ^α in the mean over minibatches, against many networks that learn.

Chain of trust: closed forms, an independent simulation → `theory.descent` → the claim `foretold` of `regimes`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.theory.descent import expected

h = np.array([1.0, 0.3, 0.1])
GIVEN: dict[str, Any] = {"batch": 16, "beta": 0.95, "noise": 0.3, "floor": 0.01}


def test_without_noise_it_is_descent() -> None:
    """Chain of trust: closed form. In endless batches d² falls by (1 − γ h)² a step at α = 0."""
    loss = expected(h, np.ones(3), 0.0, 0.5, 20, **GIVEN | {"batch": 10**12})
    told = [0.5 * (h * (1.0 - 0.5 * h) ** (2 * k)).sum() for k in range(21)]
    assert np.allclose(loss, told)


def test_noise_keeps_it_from_the_goal() -> None:
    """Chain of trust: closed form. With one input it settles at d² = γ h σ²/(B (2 − γ h) − 2γ h), whatever α."""
    for alpha in (0.0, 0.5, 1.0):
        loss = expected([1.0], [1.0], alpha, 0.2, 400, **GIVEN)[-1]
        assert loss == pytest.approx(0.5 * 0.2 * 0.09 / (16 * 1.8 - 2 * 0.2))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_many_networks_do_as_the_mean(alpha: float) -> None:
    """Chain of trust: an independent run. 4000 networks with the κ of theory, and data of their own; within a tenth."""
    rng, M, rate, steps, d2 = np.random.default_rng(0), 4000, 0.3, 30, 1.0 / h
    d = rng.standard_normal((M, 3)) * np.sqrt(d2)
    kappa = np.zeros(3)
    for _ in range(steps):
        power = (h * d * d).mean(axis=0)
        kappa = 0.95 * kappa + 0.05 * h * (0.09 + power.sum() + power)
        p = (kappa / kappa.mean() + 0.01) ** -alpha
        p /= p.mean()
        x = rng.standard_normal((M, 16, 3)) * np.sqrt(h)
        e = (x @ d[..., None])[..., 0] - 0.3 * rng.standard_normal((M, 16))
        d = d - rate * p * (e[:, None, :] @ x)[:, 0] / 16
    loss = expected(h, d2, alpha, rate, steps, **GIVEN)[-1]
    assert loss == pytest.approx(0.5 * (h * d * d).sum(axis=1).mean(), rel=0.1)
