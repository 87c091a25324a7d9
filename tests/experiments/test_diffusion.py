"""Learning is diffusion: the figures its verdicts rest on, and what its pictures show."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from weltnet.experiments.diffusion import BINS, EXPERIMENT, GRID, GUESSES, STRIDE, DiffusionParams, DiffusionState
from weltnet.observables import Paths, Scalar, Series
from weltnet.theory.fokker_planck import binned, noise_floor
from weltnet.timeline import Timeline

STEPS = 200


@cache
def line(**values: Any) -> Timeline[DiffusionParams, DiffusionState]:
    """A run carried to STEPS, seed 1."""
    made = Timeline(EXPERIMENT, EXPERIMENT.params.parse(values), 1)
    made.seek(STEPS)
    return made


def now(run: Timeline[DiffusionParams, DiffusionState], name: str) -> float:
    return float(run.state.ledger[name][-1])


def test_density_is_predicted() -> None:
    """Chain: matrix, replica kernel → density. L₁ < .12, and at most .02 above the noise of sampling M replicas.

    Seed 1; the standard error of L₁ is √((1 − 2/π)/M) = .0043.
    """
    run = line()
    assert now(run, "share") > 0.5
    assert now(run, "predicted") < 0.12
    assert abs(now(run, "predicted") - now(run, "floor")) < 0.02


@pytest.mark.parametrize(("guess", "least"), [("added", 0.4), ("halved", 0.18), ("doubled", 0.18)])
def test_wrong_diffusion_is_seen(guess: str, least: float) -> None:
    """Chain: density → null. Without minibatch noise, with half of D and with twice D the distance is large, seed 1."""
    assert now(line(), guess) > least


def test_distance_of_a_sample_is_the_floor() -> None:
    """Chain: calibration → density. As many independent draws from the prediction are at the floor, 4 σ, seed 3."""
    run, M = line(), len(line().state.q)
    p = binned(run.state.expected[0], BINS)
    drawn = np.random.default_rng(3).multinomial(M, p.ravel() / p.sum()).reshape(p.shape) / M
    off = float(np.abs(drawn - p).sum())
    assert abs(off - now(run, "floor")) < 4 * np.sqrt((1 - 2 / np.pi) / M)
    assert now(run, "floor") == noise_floor(p, M)


def test_smaller_jumps_are_more_diffusive() -> None:
    """Chain: limit → density. The excess of L₁ over its floor is small at γ = .1, and not at γ = .5, seed 1."""
    small, large = (line(learning_rate=rate) for rate in (0.1, 0.5))
    excess = [now(run, "predicted") - now(run, "floor") for run in (small, large)]
    assert excess[0] < 0.02 and excess[1] > 0.025


def test_large_minibatches_leave_added_noise() -> None:
    """Chain: regime → verdict. With B = 32 the claim about minibatch noise steps aside; the density still holds."""
    run = line(batch=32)
    words = {v.claim: v.word for v in run.verdicts()}
    assert now(run, "share") < 0.2
    assert (words["density"], words["minibatch"], words["balance"]) == ("holds", "outside-regime", "undecided")


def test_few_replicas_decide_nothing() -> None:
    """Chain: noise floor → verdict. Where sampling alone makes L₁ too large, no claim about the density is judged."""
    run = line(replicas=2000)
    words = {v.claim: v.word for v in run.verdicts()}
    assert {words[k] for k in ("density", "minibatch", "factor-two", "wells")} == {"outside-regime"}


@pytest.mark.parametrize("guess", ["halved", "doubled"])
def test_wrong_prediction_is_drawn(guess: str) -> None:
    """Chain: saboteur → picture. The ghost is the prediction that is judged; the replicas stay what they are."""
    run = line()
    honest = run.frame()
    params = run.params.parse({"broken": guess}, run.params)
    ghosts, seen = EXPERIMENT.theory(run.state, params), EXPERIMENT.observe(run.state, params)
    assert EXPERIMENT.verdict(run.state, params)[0].measured == now(run, guess)
    for key, plain in (("levels", seen["levels"]), ("marginals", seen["marginals"])):
        assert type(plain) is type(honest.seen[key])
    ghost, before, replicas = (side["marginals"] for side in (ghosts, honest.theory, honest.seen))
    assert isinstance(ghost, Series) and isinstance(before, Series) and isinstance(replicas, Series)
    assert np.abs(ghost.y - replicas.y).sum() > 4 * np.abs(before.y - replicas.y).sum()


def test_prediction_is_a_density() -> None:
    """Chain: matrix → picture. Masses stay positive and whole; level lines enclose what they say, to a cell's width."""
    run = line()
    for mass in run.state.expected:
        assert mass.min() >= 0.0 and mass.sum() == pytest.approx(1.0, abs=1e-12)
    frame = run.frame()
    lines, above = frame.theory["levels"], frame.theory["above"]
    assert isinstance(lines, Paths) and isinstance(above, Scalar)
    assert len(lines.starts) >= 3 and np.abs(lines.points).max() < GRID.half_width
    assert 0.8 < above.value < 0.95


def test_knobs_in_flight_keep_the_prediction() -> None:
    """Chain: knobs → matrix. After γ, B and T₀ are turned the prediction follows the replicas, seed 1."""
    run = Timeline(EXPERIMENT, DiffusionParams(), 1)
    run.seek(40)
    run.change(run.params.parse({"learning_rate": 0.1, "batch": 2, "noise": 0.04}, run.params))
    run.seek(160)
    assert now(run, "predicted") - now(run, "floor") < 0.02
    assert min(now(run, k) for k in GUESSES[1:]) > 0.15
    assert len(run.state.ledger) == 160 // STRIDE + 1
