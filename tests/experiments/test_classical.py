"""The classical limit: the figures of the lens and of the network, and what the knobs do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

from weltnet import calibrations
from weltnet.estimators.streams import hamilton_jacobi
from weltnet.experiments.classical import EXPERIMENT, LADDERS, LENGTH, ClassicalParams
from weltnet.observables import Series
from weltnet.timeline import Timeline


def launched(**values: Any) -> Timeline[Any, Any]:
    """A run to the end of its first launch, seed 1."""
    line = Timeline(EXPERIMENT, ClassicalParams.parse(values), 1)
    while line.step < LENGTH[line.params.loss]:
        line.advance()
    return line


def test_the_lens() -> None:
    """Link: theory -> experiment. L₁ at ħ = .4 … .0125, prototype .448 .359 .232 .079 .022 .007; .025 below .03."""
    line = launched()
    l1 = line.state.ends[0, :6]
    assert LADDERS["lens"] == (0.4, 0.2, 0.1, 0.05, 0.025, 0.0125)
    assert np.abs(l1 - [0.448, 0.359, 0.232, 0.079, 0.022, 0.007]).max() < 0.006
    assert l1[0] > 0.4 and l1[4] < 0.03
    # Each wave keeps its norm, and replicas their energy.
    norm = (np.abs(line.state.psi) ** 2).sum(axis=1) * (np.pi / 512)
    assert np.abs(norm - 1).max() < 1e-9
    start = -np.cos(np.sort(ndtri((np.arange(20_000) + 0.5) / 20_000)))
    assert (0.5 * line.state.v**2 - np.cos(line.state.q)).mean() == pytest.approx(start.mean(), abs=1e-3)


def test_before_paths_cross_and_after() -> None:
    """Link: estimator -> claim. One function F′ until t = π/2, none from there on; the planted breach is found."""
    residual = launched().state.residual
    times = 0.04 * np.arange(len(residual))
    early, late = residual[(times > 0.3) & (times < 1.2)], residual[(times > 1.7) & (times < 2.0)]
    assert early.max() < 0.02 and late.min() > 0.5
    assert calibrations.passed(calibrations.measure(calibrations.by_name("streams")))


def test_too_few_members_are_no_stream() -> None:
    """Link: estimator. Where hardly anybody is, the law counts as missed rather than kept."""
    assert hamilton_jacobi(np.zeros((5, 8)), 0.04, np.square, 2.4) == 1.0


def test_the_network() -> None:
    """Link: learned loss -> claim. L₁ falls to a tenth from ħ = .8 to .05; with the height of the start, not."""
    ladder = launched(loss="network", hbar=0.2).state.ends[0, :5]
    assert (np.diff(ladder) < 0).all() and ladder[-1] < 0.1 * ladder[0]
    heights = launched(loss="network", hbar=0.2, ladder="height").state
    assert heights.q.shape == (4, 20_000, 2) and len(heights.psi) == 5
    assert 0.9 < heights.ends[0, 3] / heights.ends[0, 0] < 1.2


def test_turning_the_wave_launches_anew() -> None:
    """Link: state. Another ħ forgets what was measured; a launch begins with waves that lie on their replicas."""
    line = launched()
    line.change(ClassicalParams(hbar=0.1))
    line.advance()
    state = line.state
    assert (state.ended, state.age, state.launches) == (0, EXPERIMENT.stride, 2)
    assert state.l1[:, 1].max() < 0.05
    ghost = line.frame().theory["rungs"]
    assert isinstance(ghost, Series) and len(ghost.x) == 0
