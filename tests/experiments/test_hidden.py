"""Hidden variables: determinism to the last bit, predicted outcomes, Born's frequencies and where they come from."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from weltnet.experiments.hidden import EXPERIMENT, GRID, LAUNCH, RERUN, HiddenParams, HiddenState
from weltnet.kernels import guided
from weltnet.kernels.grid import deposit_moments
from weltnet.observables import Paths
from weltnet.theory.paths import bohm_paths
from weltnet.theory.schroedinger import SplitStep, density, packet
from weltnet.timeline import Timeline


def launched(**values: Any) -> Timeline[Any, Any]:
    """A run to the end of its first launch, seed 1."""
    line = Timeline(EXPERIMENT, HiddenParams.parse(values), 1)
    while line.step < LAUNCH:
        line.advance()
    return line


@cache
def honest() -> HiddenState:
    state: HiddenState = launched().state
    return state


def test_same_stream_same_bits_and_another_stream_not() -> None:
    """Link: kernel -> claim. 330 steps of 1000 networks: no bit differs from one stream, rms > .1 from another; and
    replicas that are guided once more, without the crowd, are alike in every bit."""
    sgd = honest().sgd
    assert sgd[0].tobytes() == sgd[1].tobytes()
    assert np.sqrt(np.square(sgd[2] - sgd[0]).mean()) > 0.1
    assert honest().again.tobytes() == honest().q[:RERUN].tobytes()


def test_born_frequency_and_predicted_outcomes() -> None:
    """Link: law -> claim. |f − Born| < 4σ, > .1 off a start that is not Born's, > .99 of outcomes said beforehand."""
    right, born, told, off, far, same = honest().ends[0]
    assert abs(right - born) < 4 * np.sqrt(born * (1 - born) / 20_000)
    assert abs(off - born) > 0.1 and told > 0.99 and same == 1.0 and far > 0.5
    assert 0.45 < born < 0.55


def test_the_crowd_stays_on_the_wave() -> None:
    """Link: equivariance. L₁ of 20 000 replicas to |ψ|², both smoothed by .12: at most twice sampling noise."""
    state = honest()
    p = density(state.psi)
    smooth = GRID.smooth(p, 0.12)
    l1 = np.abs(GRID.density(state.q, 0.12) - smooth).sum() * GRID.cell
    floor = np.sqrt(2 / np.pi * smooth / (4 * np.pi * 0.12**2 * len(state.q))).sum() * GRID.cell
    assert l1 < 2 * floor < 0.1


def test_bohm_on_a_grid_where_it_converges() -> None:
    """Link: kernel -> law. A coherent state in a bowl, half a period: L₁ < .02 from a start without sampling noise."""
    V = 0.5 * (GRID.axis[:, None] ** 2 + GRID.axis[None, :] ** 2)
    wave, dt = SplitStep(GRID.axis, V, 0.5, np.pi / 160), np.pi / 160
    psi = packet(GRID.axis, (1.0, 0.0), 0.4)
    # Each of a fine lattice of replicas carries the weight that |ψ₀|² gives its cell.
    side = np.linspace(-1.6, 1.6, 161)
    grid = np.stack(np.meshgrid(side + 1.0, side, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.exp(-np.square(grid - [1.0, 0.0]).sum(axis=1) / (2 * 0.4**2))
    q, before = grid.copy(), wave.flow(psi)[0]
    for _ in range(160):
        psi = wave.step(psi)
        after = wave.flow(psi)[0]
        guided.bohm(q, before, after, -3.0, 1 / GRID.spacing, dt)
        before = after
    seen = deposit_moments(q, weight[:, None], -3.0, 1 / GRID.spacing, GRID.n, True)[1] / (weight.sum() * GRID.cell)
    l1 = np.abs(GRID.smooth(seen, 0.08) - GRID.smooth(density(psi), 0.08)).sum() * GRID.cell
    assert l1 < 0.02


def test_paths_known_beforehand() -> None:
    """Link: theory. A free packet carries every place along as its spread grows; order 4, so .04 a step is enough."""
    axis = GRID.axis
    wave = SplitStep(axis, np.zeros((128, 128)), 0.3, 0.04)
    starts = np.array([[0.3, -0.2], [-0.5, 0.4]])
    paths = bohm_paths(wave, packet(axis, (0.0, 0.0), 0.4), starts, 12)
    grown = np.sqrt(1 + (0.3 * 0.08 * np.arange(13) / (2 * 0.4**2)) ** 2)
    assert np.abs(paths - starts * grown[:, None, None]).max() < 1e-3


def test_a_tapped_hidden_state_shows_its_own_path() -> None:
    """Link: knob -> picture. The network nearest to the tap; its path is the predicted one to .05, others' is not."""
    line = Timeline(EXPERIMENT, HiddenParams(), 1)
    at = line.state.hidden[7]
    line.change(HiddenParams(revealed=(*at, *at)))
    for _ in range(60):
        line.advance()
    frame = line.frame()
    seen, told = frame.seen["path"], frame.theory["path"]
    assert isinstance(seen, Paths) and isinstance(told, Paths)
    assert np.array_equal(seen.points[0], at) and np.abs(told.points[:30] - seen.points[:30]).max() < 0.05
    line.change(HiddenParams(revealed=(*at, *at), broken=("shuffled",)))
    line.advance()
    other = line.frame().theory["path"]
    assert isinstance(other, Paths) and np.abs(other.points[0] - at).max() > 0.05


@pytest.mark.parametrize("name", ["relaxes", "start"])
def test_where_born_comes_from(name: str) -> None:
    """Link: claim -> register. Off Born's start the frequency is wrong and the distance does not halve."""
    line = launched(replicas=2000)
    word = {v.claim: v.word for v in line.verdicts()}[name]
    assert word == {"relaxes": "fails", "start": "holds"}[name]
