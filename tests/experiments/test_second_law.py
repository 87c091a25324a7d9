"""Links of the chain: ledger → verdicts of `second-law`: the figures of the design, and what its pictures show."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet.experiment import Verdict
from weltnet.experiments.second_law import (
    EXPERIMENT,
    LAUNCH,
    SETTLED,
    STRIDE,
    SecondLawParams,
    SecondLawState,
    _changes,
)
from weltnet.observables import Series
from weltnet.timeline import Timeline


@cache
def launched() -> Timeline[SecondLawParams, SecondLawState]:
    """One launch, seed 0."""
    line = Timeline(EXPERIMENT, SecondLawParams(), 0)
    line.seek(LAUNCH)
    return line


def judged(line: Timeline[SecondLawParams, SecondLawState]) -> dict[str, Verdict]:
    return {v.claim: v for v in line.verdicts()}


def test_destruction_is_the_determinant() -> None:
    """Figure of the design, seed 0: destroyed over −⟨ln |det(1 + γ∂v)|⟩ is 1 ± .10; γ⟨∇²U⟩ alone is a tenth less."""
    found = judged(launched())["destruction"]
    assert abs(found.measured - 1.0) + found.error < 0.1
    assert found.null == pytest.approx(0.9, abs=0.05)


def test_production_meets_destruction() -> None:
    """Figure of the design, seed 0: late, produced over destroyed is in [.85, 1.1]; at first it is not."""
    line = launched()
    found, looks = judged(line)["balance"], line.state.looks
    assert found.measured - found.error > 0.85 and found.measured + found.error < 1.1
    first = [looks[f"produced{k}"][0] / looks[f"formula{k}"][0] for k in (0, 1)]
    assert first[0] < 0.5 and first[1] > 5.0


def test_broad_falls_and_narrow_rises() -> None:
    """Figure of the design, seed 0: dS broad < 0, dS narrow > 0, and both end within .1 nat of each other."""
    found = judged(launched())
    assert found["broad"].measured < -0.5 and found["broad"].null is not None and found["broad"].null > 3.0
    assert found["relaxation"].measured + found["relaxation"].error < 0.1
    assert found["any-start"].measured > 3.0


def test_even_a_broad_start_does_not_only_fall() -> None:
    """Seed 0: from the broad start entropy falls .2 nat below equilibrium, and rises again."""
    S = launched().state.looks["S0"]
    assert S[-20:].mean() - S.min() > 0.2


def test_entropy_is_as_predicted() -> None:
    """Chain: theory → experiment, seed 0. S_q is Fokker and Planck's within .1 nat, all along and from both starts."""
    looks = launched().state.looks
    for k in (0, 1):
        assert np.abs(looks[f"S{k}"] - looks[f"predicted{k}"]).max() < 0.1


def test_neighbours_and_smoothing_agree() -> None:
    """Chain: estimator → estimator, seed 0. Two entropies that share nothing differ by less than .05 nat."""
    counts, looks = launched().state.counts, launched().state.looks
    for k in (0, 1):
        late = (counts["which"] == k) & (counts["age"] >= SETTLED)
        assert counts["S"][late].mean() == pytest.approx(looks[f"S{k}"][looks["age"] >= SETTLED].mean(), abs=0.05)


def test_temperature_of_the_loss_is_circular() -> None:
    """Figure of the design, seed 0: at T := 2U/n S_x falls by dozens of nats, ½ n ln T by as much within 10 %; in a
    bath it rises."""
    line = launched()
    fixed, alone = _changes(line.state, line.params)
    assert fixed.min() > 0.5 and alone.max() < -20.0
    assert alone.sum() / (fixed + alone).sum() == pytest.approx(1.0, abs=0.1)


def test_a_launch_ends_and_a_knob_begins_another() -> None:
    """Chain: state. After LAUNCH steps both ensembles begin anew; so they do when a knob is turned, and forget."""
    line = Timeline(EXPERIMENT, SecondLawParams(replicas=2000), 0)
    line.state.age = LAUNCH
    line.advance()
    assert (line.state.launch, line.state.age, line.step) == (1, STRIDE, STRIDE)
    assert np.ptp(line.state.both[0]) > 5.0 * np.ptp(line.state.both[1])
    line.change(SecondLawParams(replicas=2000, noise=0.1))
    line.advance()
    assert (line.state.launch, line.state.age, len(line.state.looks)) == (2, STRIDE, 1)
    assert all(len(v.x) == 1 for v in line.frame().seen.values() if isinstance(v, Series))


def test_slow_learning_decides_nothing_about_equilibrium() -> None:
    """Chain: regime → verdict. γ = .1 does not settle within a launch, and the cards say so."""
    found = judged(Timeline(EXPERIMENT, SecondLawParams(learning_rate=0.1, replicas=2000), 0))
    assert found["relaxation"].word in ("undecided", "outside-regime")
    assert {c.name for c in EXPERIMENT.claims} == set(found)
