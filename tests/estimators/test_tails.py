"""Tails: closed forms against the package and against quadrature, and what is an avalanche."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from weltnet.estimators import tails
from weltnet.theory.tails import coupled_ccdf, coupled_quantile, kesten

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("share", [0.5, 0.2, 0.02])
def test_gain_of_a_lognormal(share: float) -> None:
    """Quadrature → closed form: ⟨ln p_lognormal − ln p_power⟩ beyond the quantile, to 1e-6."""
    c = norm.isf(share)
    mean = quad(lambda z: (z - c) * norm.pdf(z), c, 12)[0] / share

    def gain(z: float) -> float:
        other = norm.logpdf(z) - np.log(share)
        return float((other + np.log(mean) + (z - c) / mean) * norm.pdf(z) / share)

    assert tails.lognormal_gain(share) == pytest.approx(quad(gain, c, 12)[0], abs=1e-6)


def test_likeliest_cut_normal() -> None:
    """Definition → estimator: from the two moments comes the law that is likeliest: no neighbour is likelier."""
    y = np.abs(RNG.standard_normal(3000) * 0.7 + 0.2)
    mu, sigma = tails.lognormal(y)

    def likelihood(m: float, s: float) -> float:
        return float((norm.logpdf(y, m, s) - norm.logsf(0.0, m, s)).sum())

    best = likelihood(mu, sigma)
    for m, s in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)):
        assert likelihood(mu + m, sigma + s) < best + 1e-3
    exponential = RNG.exponential(size=3000)
    assert np.isfinite(tails.lognormal(exponential)).all()


def test_package_agrees() -> None:
    """powerlaw → estimators: index, x_min of a coarse scan, and the lognormal that it finds by search."""
    x = np.exp(0.8 * RNG.standard_normal(1500))
    groups = np.arange(1500) % 16
    found = tails.compare(x, groups, 0.2, 16)
    assert found is not None and found.index == pytest.approx(tails.index(x, 0.2, 16)[0], rel=1e-3)
    y = np.log(x[x > found.least] / found.least)
    mu, sigma = tails.lognormal(y)
    gains = norm.logpdf(y, mu, sigma) - norm.logsf(0.0, mu, sigma) - np.log(found.index) + found.index * y
    assert found.gain * tails.lognormal_gain(0.2) == pytest.approx(gains.mean(), abs=2e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import powerlaw

        whole = powerlaw.Fit(x[::3], verbose=0, parameter_ranges=tails.RANGES)
    least, _ = tails.cut(x[::3])
    assert tails.index(x[::3], float((x[::3] >= least).mean()), 1)[0] == pytest.approx(whole.alpha - 1.0, rel=0.15)


def test_avalanches_are_excursions() -> None:
    """Definition → estimator: whole excursions above the median, by hand, and none of what is cut off."""
    row = np.array([3.0, 0.0, 2.5, 4.0, 0.0, 0.0, 2.4, 0.0, 2.2, 1.0])  # its median is 1.6
    sizes, whose = tails.avalanches(np.stack([row, row[::-1]]))
    assert sizes == pytest.approx([3.3, 0.8, 0.6, 0.6, 0.8, 3.3]) and whose.tolist() == [0, 0, 0, 1, 1, 1]
    assert len(tails.avalanches(np.ones((2, 9)))[0]) == 0


def test_surrogates_keep_the_spectrum() -> None:
    """Definition → estimator: amplitudes stay to 1e-9, and a heavy tail is gone."""
    x = RNG.standard_t(2.0, (4, 4000))
    made = tails.surrogate(x, RNG.random((4, 2001)))
    a, b = (np.abs(np.fft.rfft(v - v.mean(axis=1, keepdims=True), axis=1))[:, 1:-1] for v in (x, made))
    assert np.abs(a - b).max() < 1e-9 * a.max()
    assert tails.index(made.ravel(), 0.01, 4)[0] > 4.0 > 3.0 > tails.index(x.ravel(), 0.01, 4)[0]


def test_rarity_counts() -> None:
    """Definition → estimator: log₁₀ of the share beyond each point, and −8 where there is nothing."""
    x, at = RNG.lognormal(size=500), np.linspace(-1.0, 1.0, 21)
    assert np.allclose(10 ** tails.beyond(x, at), [max((x > 10**s).mean(), 1e-8) for s in at])
    assert (tails.beyond(np.zeros(0), at) == -8.0).all()


def test_index_that_is_due() -> None:
    """Exact case → theory: ⟨(1 − γx²)²⟩ = 1 − 2γ + 3γ² is 1 at γ = ⅔; and the figures of the three rates."""
    assert kesten(2.0 / 3.0) == pytest.approx(2.0, abs=1e-4)
    assert [kesten(g) for g in (0.3, 0.6, 1.0)] == pytest.approx([5.31, 2.30, 1.09], abs=0.01)


def test_equilibrium_of_slow_weights() -> None:
    """Quadrature → theory: ∫ (m + q²)^−(a+1)/2, and its inverse."""
    for a in (0.5, 1.0, 3.0):
        whole = quad(lambda q, a=a: (0.1 + q * q) ** (-(a + 1) / 2), 0, np.inf)[0]
        part = quad(lambda q, a=a: (0.1 + q * q) ** (-(a + 1) / 2), 2.0, np.inf)[0]
        assert coupled_ccdf(np.array([2.0]), a, 0.1)[0] == pytest.approx(part / whole, rel=1e-6)
        assert coupled_quantile(np.array([1.0 - 0.5 * part / whole]), a, 0.1)[0] == pytest.approx(2.0, rel=1e-6)
