"""Effects of a factorial: planted ones come back, and errors add in squares."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.factorial import effects


def test_planted_effects_come_back() -> None:
    """Link: estimator. Of 1 + 2a + 3c + 4ab, signs ±1, the effects are twice the coefficients, all others 0."""
    a, b, c = (np.where(np.arange(8) >> i & 1, 1.0, -1.0) for i in range(3))
    found, error = effects(1.0 + 2.0 * a + 3.0 * c + 4.0 * a * b, np.arange(8.0))
    assert found == pytest.approx([4.0, 0.0, 8.0, 6.0, 0.0, 0.0, 0.0], abs=1e-12)
    assert error == pytest.approx(np.full(7, np.sqrt(np.square(np.arange(8.0)).sum()) / 4.0))


def test_errors_are_those_of_many_factorials() -> None:
    """Link: error bar. Over 4000 factorials of noisy cells every effect scatters as its error says, to 5 %."""
    rng, spread = np.random.default_rng(3), np.array([0.1, 0.4, 0.2, 0.3])
    many = np.array([effects(spread * rng.standard_normal(4), spread)[0] for _ in range(4000)])
    assert many.std(axis=0) == pytest.approx(effects(spread, spread)[1], rel=0.05)
