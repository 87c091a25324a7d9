"""Links of the chain: linear algebra and limits → theory of weights that fall with distance, and the data they see."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.correlated import correlate, power
from weltnet.theory.locality import best, reach

N = 64


def ring(length: float) -> np.ndarray:
    """Covariance matrix of the data."""
    i = np.arange(N)
    C: np.ndarray = np.fft.irfft(power(N, length), n=N)[(i[:, None] - i[None]) % N]
    return C


@pytest.mark.parametrize("noise", [0.15, 0.5, 2.0])
def test_the_best_weights_are_the_regression_on_all_others(noise: float) -> None:
    """Slow twin → theory: normal equations of x_0 on y_j, j ≠ 0, solved directly, to 1e-12."""
    C = ring(6.0)
    others = np.arange(1, N)
    solved = np.linalg.solve(C[np.ix_(others, others)] + noise**2 * np.eye(N - 1), C[others, 0])
    assert np.abs(best(noise, 6.0, N)[1:] - solved).max() < 1e-12 and best(noise, 6.0, N)[0] == 0.0


@pytest.mark.parametrize("noise", [0.15, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("length", [2.0, 6.0])
def test_they_fall_exponentially_with_the_predicted_range(noise: float, length: float) -> None:
    """Limit: ln w(d)/w(d + 1) = 1/ℓ for d = 1 … 4, up to what comes round the ring, e^(−N/ℓ)."""
    w = best(noise, length, N)
    assert np.log(w[1:5] / w[2:6]) == pytest.approx(np.full(4, 1.0 / reach(noise, length)), abs=1e-6)


def test_figures_of_the_prototype() -> None:
    """Figure: ℓ = .354, .900, 1.685, 3.008 at s = .15, .5, 1, 2 and ξ = 6; without noise the next neighbour alone."""
    assert [round(reach(s, 6.0), 3) for s in (0.15, 0.5, 1.0, 2.0)] == [0.354, 0.9, 1.685, 3.008]
    assert reach(1e-6, 6.0) < 0.05


def test_data_have_the_correlations_they_are_said_to_have() -> None:
    """System: ⟨x_0 x_d⟩ = e^(−d/6) within 4 standard errors of 40 000 fields and what comes round; at ξ = 0, white."""
    white = np.random.default_rng(0).standard_normal((40_000, N))
    x = correlate(white, 6.0)
    found = (x * np.roll(x, 3, axis=1)).mean()
    assert ring(6.0)[0, :8] == pytest.approx(np.exp(-np.arange(8) / 6.0), abs=1e-3)
    assert found == pytest.approx(np.exp(-0.5), abs=0.005)
    assert np.abs(correlate(white, 0.0) - white).max() < 1e-12
