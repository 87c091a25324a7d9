"""Quantised circulation: births and deaths, what they leave of phases, and the wave that slips."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.estimators.windings import coherence
from weltnet.experiments.circulation import EXPERIMENT, RINGS, CirculationParams
from weltnet.kernels.exchange import exchange
from weltnet.theory.exchange import distribution, remaining, weights
from weltnet.timeline import Timeline


def carried(steps: int, **values: Any) -> Timeline[Any, Any]:
    run = Timeline(EXPERIMENT, CirculationParams.parse(values), 1)
    while run.step < steps:
        run.advance()
    return run


def test_births_and_deaths_are_as_convolved() -> None:
    """Link: kernel -> slow twin. 200 000 members after 40 steps: χ² of n below its 99.9 % point; any split of steps."""
    n, split = np.zeros(200_000, np.int32), np.zeros(200_000, np.int32)
    exchange(n, 0.05, 40, 0, 7)
    exchange(split, 0.05, 15, 0, 7)
    exchange(split, 0.05, 25, 15, 7)
    assert np.array_equal(n, split)
    p = distribution(0.05, 40)[36:45]
    seen = np.array([(n == k).sum() for k in range(-4, 5)])
    assert ((seen - p * len(n)) ** 2 / (p * len(n))).sum() < 27.9
    assert distribution(0.05, 40).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 1.0), (1.02, 0.924), (1.05, 0.613), (1.25, 0.0)])
def test_the_law_is_that_of_the_twin(ratio: float, expected: float) -> None:
    """Link: theory. exp(−rt(1 − cos)) against Fourier's sum of the convolved distribution, r = .05, t = 200."""
    p = distribution(0.05, 200)
    twin = abs((p * np.exp(2j * np.pi * ratio * np.arange(-200, 201))).sum())
    assert remaining(ratio, 10.0) == pytest.approx(twin, abs=1e-3) == pytest.approx(expected, abs=1e-3)


def test_coherence_of_few_has_no_floor() -> None:
    """Link: estimator. Ten members a cell that agree on nothing: .28 by the mean, below .05 by the fair one, seed 3."""
    F, cells = np.random.default_rng(3).uniform(0, 1, 40_000), np.repeat(np.arange(4000), 10)
    assert coherence(F, 1.0, cells) > 0.25 and coherence(F, 1.0, cells, fair=True) < 0.05
    assert coherence(0.0 * F, 1.0, cells, fair=True) == pytest.approx(1.0)


@pytest.mark.parametrize(("ratio", "low", "high"), [(1.0, 0.99, 1.0), (1.02, 0.9, 0.94), (1.25, 0.0, 0.05)])
def test_coherence_after_two_hundred_steps(ratio: float, low: float, high: float) -> None:
    """Link: experiment -> claim, seed 1: above .99 at μ′ = μ_n, below .05 at 1.25."""
    run = carried(200, modulus=ratio)
    assert low <= run.state.coherent <= high


def test_any_number_without_exchange_and_an_integer_with_it() -> None:
    """Link: which integer. Γ to .01 from F; nearly all rings choose the integer next to Γ·47/48, not to Γ."""
    state = carried(100).state
    assert np.sqrt(np.mean((state.plain - state.gamma) ** 2)) < 0.01
    assert np.mean(state.wound == np.rint(state.gamma * 47 / 48)) > 0.98 and len(state.wound) == RINGS
    assert abs(np.abs(state.plain - np.rint(state.plain)).mean() - 0.25) < 0.04


def test_winding_is_no_probability() -> None:
    """Link: ψ. At 1.3 it winds once at every look; sinc² gives .737, and an integer all of 1."""
    assert set(carried(60, circulation=1.3, replicas=480).state.winding["winding"]) == {1.0}
    assert weights(1.3, 1) == pytest.approx(0.737, abs=1e-3) and weights(2.0, 2) == 1.0
