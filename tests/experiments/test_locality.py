"""Links of the chain: estimators → verdicts of `locality`, and the saboteur that turns them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet.estimators import locality
from weltnet.experiment import Verdict
from weltnet.experiments.locality import EXPERIMENT, LADDER, LocalityParams, LocalityState
from weltnet.observables import Paths, Series
from weltnet.theory import locality as theory_of
from weltnet.timeline import Timeline


@cache
def trained(seed: int = 0, steps: int = 1000, **values: str) -> Timeline[LocalityParams, LocalityState]:
    line = Timeline(EXPERIMENT, LocalityParams.parse(values), seed)
    while line.step < steps:
        line.advance()
    return line


def judged(line: Timeline[LocalityParams, LocalityState]) -> dict[str, Verdict]:
    return {v.claim: v for v in line.verdicts()}


def test_weights_gather_on_neighbours() -> None:
    """Figure of the design, seed 0: the share within distance 2 goes from .064 to above .98."""
    assert locality.share(Timeline(EXPERIMENT, LocalityParams(), 0).state.W[0]) == pytest.approx(4 / 63, abs=0.02)
    assert judged(trained())["share"].measured > 0.98


@pytest.mark.parametrize("rung", range(len(LADDER)))
def test_the_range_is_as_predicted_at_every_noise(rung: int) -> None:
    """Figure of the design, seed 0: cosh(1/ℓ) = [(1 − ρ²)/s² + 1 + ρ²]/(2ρ) within 10 % at s = .15, .5, 1, 2."""
    found = locality.reach(locality.profile(trained().state.W[1 + rung]))
    assert found == pytest.approx(theory_of.reach(LADDER[rung], 6.0), rel=0.1)


def test_shuffled_labels_hide_locality_and_leave_it_there() -> None:
    """Figure of the design, seed 0: the share by number stays below .12, the ring is found above .95, and in the order
    found the share is again above .98."""
    verdicts = judged(trained(labels="shuffled"))
    assert verdicts["share"].measured < 0.12 and verdicts["share"].word == "outside-regime"
    assert verdicts["ring"].measured > 0.95 and verdicts["ring"].word == "holds"
    assert verdicts["nameless"].measured > 0.98


def test_unrelated_data_have_no_neighbours() -> None:
    """Figure of the design, seed 0: with iid data the share stays flat and weights die away to a tenth."""
    line = trained(broken="unrelated-data")
    verdicts = judged(line)
    assert verdicts["share"].measured < 0.12 and verdicts["ring"].measured < 0.5
    assert np.linalg.norm(line.state.W[0]) < 0.1 * 8.0


def test_weights_converge_to_the_best_there_are() -> None:
    """Theory → picture: p(d) at d = 1, 2 lies within 10 % of that of the best weights."""
    frame = trained().frame()
    seen, ghost = frame.seen["profile"], frame.theory["profile"]
    assert isinstance(seen, Series) and isinstance(ghost, Series)
    assert np.abs(seen.y[0, :2] - ghost.y[0, :2]).max() < np.log10(1.1)


def test_the_line_through_the_ring_joins_neighbours_in_the_data() -> None:
    """Estimator → picture: after learning each stretch of the line is short, with shuffled numbers too."""
    for labels in ("ring", "shuffled"):
        chain = trained(labels=labels).frame().seen["chain"]
        assert isinstance(chain, Paths) and len(chain.points) == 65
        assert np.linalg.norm(np.diff(chain.points, axis=0), axis=1).max() < 0.5


def test_a_run_can_be_broken_and_heals() -> None:
    """Verdict → saboteur, live: unrelated data undo the ring in 500 steps, and 1000 bring it back."""
    line = Timeline(EXPERIMENT, LocalityParams(), 1)
    for broken, steps in (("", 800), ("unrelated-data", 500), ("", 1000)):
        line.change(LocalityParams.parse({"broken": broken}))
        for _ in range(steps // EXPERIMENT.stride):
            line.advance()
        words = {v.claim: v.word for v in line.verdicts()}
        assert words["share"] == words["ring"] == words["nameless"] == ("fails" if broken else "holds")


def test_much_noise_is_no_locality_at_distance_two() -> None:
    """Theory → verdict: at s = 2 even the best weights reach past two neighbours, and that decides nothing."""
    verdicts = judged(trained(noise="2"))
    assert verdicts["share"].word == "outside-regime" and verdicts["range"].word == "holds"
