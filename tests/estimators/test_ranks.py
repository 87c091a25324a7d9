"""Links of the chain: planted ranks → rank correlations and their pieces. Calibrations plant noise; here are limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from weltnet.estimators.ranks import over_pieces, pieces, ranked, within
from weltnet.estimators.waves import mean_over_copies


def test_ranks_are_scipys() -> None:
    """Link: an independent twin. All pairs of measures at once, ties among them."""
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((3, 6, 4)), rng.integers(0, 5, (2, 6, 4)).astype(float)
    expected = [[spearmanr(u.ravel(), v.ravel()).statistic for v in b] for u in a]
    assert ranked(a, b) == pytest.approx(np.array(expected))


def test_limits() -> None:
    """Limit: what rises together has 1, what falls −1, what does not vary 0, whatever the curve."""
    a = np.random.default_rng(2).standard_normal((1, 6, 4))
    assert ranked(a, np.concatenate([np.exp(a), -(a**3), 0.3 + 0.0 * a]))[0] == pytest.approx([1.0, -1.0, 0.0])
    assert within(a, np.concatenate([a, -a, 0.3 + 0.0 * a]))[0] == pytest.approx([1.0, -1.0, 0.0])


def test_fixed_kind_does_not_see_kinds() -> None:
    """Invariant: an offset for every kind changes nothing; a heat alone has nothing within."""
    rng = np.random.default_rng(3)
    a, b, offset = rng.standard_normal((1, 6, 4)), rng.standard_normal((1, 6, 4)), rng.standard_normal((1, 6, 1))
    assert within(a + 9.0 * offset, b - 5.0 * offset) == pytest.approx(within(a, b))
    assert within(a[..., :1], b[..., :1]) == 0.0


def test_pieces_are_the_jackknife() -> None:
    """Limit: of a measure that is a mean over heats the pieces are what is averaged, and one heat is its own piece."""

    def mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        out: np.ndarray = (a * b).mean(axis=(1, 2))[:, None]  # type: ignore[type-arg]
        return out

    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((1, 6, 5)), rng.standard_normal((1, 6, 5))
    assert pieces(mean, a, b)[:, 0, 0] == pytest.approx((a * b)[0].mean(axis=0))
    assert pieces(ranked, a[..., :1], b[..., :1]).shape == (1, 1, 1)


def test_sums_give_the_interval_of_copies() -> None:
    """Link: an independent twin. From sums, the mean and half-width of `mean_over_copies`; infinite for one piece."""
    x = np.random.default_rng(5).standard_normal(7) + 3.0
    mean, half = over_pieces(7, x.sum()[None], (x**2).sum()[None])
    assert (float(mean[0]), float(half[0])) == pytest.approx(mean_over_copies(x))
    assert np.isinf(over_pieces(1, x[:1], x[:1] ** 2)[1]).all()
