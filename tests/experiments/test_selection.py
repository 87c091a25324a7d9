"""Selection: numbers under a potential, how finite steps of it mislead, who outlives whom, and what is learned."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from weltnet.estimators import population as measure
from weltnet.estimators import survival
from weltnet.experiments import selection
from weltnet.experiments.selection import EXPERIMENT
from weltnet.systems import memory
from weltnet.timeline import Timeline


@pytest.fixture(scope="module")
def state():
    """A run of three quarters of what the verdicts are given."""
    line = Timeline(EXPERIMENT, EXPERIMENT.params(), 1)
    line.seek(1200)
    return line.state


def test_histograms_predict_their_neighbours(state):
    """Figure: reweighted by e^(N/2) a histogram is its neighbour's within a total variation of .12; as it is, not."""
    for low, high in pairwise(state.numbers.sum(axis=1)):
        assert measure.apart(measure.reweighted(high, -selection.GAP), low) < 0.12
        assert 0.3 < measure.apart(low, high) < 0.6


def test_numbers_rise_as_they_fluctuate(state):
    """Figure: T d⟨N⟩/dμ_n = Var N, integrated up the ladder by trapezia, within 6 % of every ⟨N⟩."""
    mean, var = measure.moments(state.numbers.sum(axis=1))
    grown = mean[0] + np.cumsum(0.5 * selection.GAP * (var[1:] + var[:-1]))
    assert np.all(np.diff(mean) > 0.5) and grown == pytest.approx(mean[1:], rel=0.06)


def test_finite_steps_of_the_potential_read_too_much():
    """Link: ideal gas, Var N = ⟨N⟩ = e^(μ/T): a difference over ±Δ reads sinh Δ/Δ, the likelihood 1 at any step.

    With Δ = 5/3, the largest step of the prototype whose readings were 1.0 to 1.66, that is 1.53.
    """
    N, step = np.arange(120), 5.0 / 3.0
    log = np.cumsum(np.log(np.maximum(N, 1.0)))
    low, middle, high = (np.exp(N * (1.5 + k * step) - np.exp(1.5 + k * step) - log) for k in (-1, 0, 1))
    mean, var = N @ middle, N**2 @ middle - (N @ middle) ** 2
    assert (N @ high - N @ low) / (2.0 * step * var) == pytest.approx(np.sinh(step) / step, rel=1e-6)
    assert np.sinh(step) / step == pytest.approx(1.53, abs=0.01) and mean == pytest.approx(np.exp(1.5), rel=1e-6)
    assert measure.response(1e6 * low, 1e6 * middle) == pytest.approx(step, rel=1e-3)


def test_what_has_survived_survives(state):
    """Figure: the hazard of idle links peaks as they fade, at 8 to 11 prunings; past 30 it is a fifth of that, at most.

    The mean is what is put in: a tenth of all links is cut at a pruning.
    """
    risk, dead = state.lives[0].sum(axis=(0, 1))
    hazard = dead / np.maximum(risk, 1.0)
    assert dead.sum() / risk.sum() == pytest.approx(0.1, abs=1e-12)
    assert hazard[8:12].mean() > 3.0 * hazard[1:5].mean() and hazard[30:50].mean() < 0.2 * hazard[8:12].mean()


def test_lives_elsewhere_know_no_loops(state):
    """Link: exchangeable places → hazard ratio 1, though lives are those that are not alike where they were led."""
    real, twins = (lives.sum(axis=0) for lives in state.lives)
    assert survival.hazard_ratio(twins) == pytest.approx(1.0, abs=0.06)
    assert survival.hazard_ratio(real) < 0.88
    assert real.sum(axis=(0, 2)) == pytest.approx(twins.sum(axis=(0, 2)))


@pytest.mark.parametrize(("lesson", "decay"), [("hold", 0.15), ("recall", 0.15), ("oscillate", 0.03)])
def test_lessons_are_learned(lesson, decay):
    """Figure: under pruning, within 400 steps, H is under a third of that of the best answer without memory."""
    these = memory.draw(4, 7)
    for k in range(1, 401):
        memory.learn(these, *memory.lesson(lesson, 4, 4, 7, k), decay=decay, credit=1.0)
        if k % 24 == 0:
            memory.prune(these, 16, 7, k)
    assert these.loss.mean() < memory.blind(lesson) / 3.0
