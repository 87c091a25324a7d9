"""Links of the chain: contests, crossfit, descent → verdicts of `regimes`, and what a tap on its map does."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet.experiment import Verdict
from weltnet.experiments.regimes import EXPERIMENT, FRAMES, GROUPS, STRIDE, THOUSAND, RegimesParams, RegimesState
from weltnet.observables import Cloud, Field, Paths, Series
from weltnet.timeline import Timeline

LESSON = FRAMES * STRIDE


@cache
def taught(lessons: int = 2, **values: str) -> Timeline[RegimesParams, RegimesState]:
    line = Timeline(EXPERIMENT, RegimesParams.parse(values), 0)
    while line.step < lessons * LESSON:
        line.advance()
    return line


def judged(line: Timeline[RegimesParams, RegimesState]) -> dict[str, Verdict]:
    return {v.claim: v for v in line.verdicts()}


def means(line: Timeline[RegimesParams, RegimesState]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The map, in decades: (alphas, conditions)."""
    value = line.frame().seen["map"]
    assert isinstance(value, Field)
    return value.values


def test_at_conditioning_1000_a_half_beats_0_threefold() -> None:
    """Figure of the design, seed 0: loss(½) < loss(0)/3; it is below a thirtieth where rates are not cut short."""
    found = means(taught())
    assert found[2, THOUSAND] < found[0, THOUSAND] - np.log10(30.0)


def test_without_conditioning_all_are_alike() -> None:
    """Figure of the prototype, seed 0: at conditioning 1 no α differs from another by more than a factor of two."""
    assert np.ptp(means(taught())[:, 0]) < 0.3


def test_with_the_kappa_of_noise_the_best_alpha_is_1_on_uneven_inputs() -> None:
    """What a prototype missed, seed 0: with rates up to where learning ends, α = 1 is best from conditioning 100 on."""
    assert (means(taught())[:, 2:].argmin(axis=0) == 4).all()


def test_with_the_kappa_of_adam_it_wanders() -> None:
    """Seed 0: with squares of minibatch gradients, 0 is best at conditioning 1, and the best α grows with it."""
    line = taught(moment="gradient")
    best = means(line).argmin(axis=0)
    assert best[0] == 0 and best[-1] >= 3 and (np.diff(best) >= -1).all()
    assert judged(line)["foretold"].word in ("undecided", "outside-regime")


def test_verdicts_wait_for_a_lesson_in_every_group() -> None:
    """Definition: nothing is decided while a group is empty, and a knob that changes what is learned empties all."""
    line = taught()
    assert {v.word for v in line.verdicts()} == {"undecided"} and line.state.count.sum() == 2 < GROUPS
    branch = Timeline(EXPERIMENT, RegimesParams(), 0)
    while branch.step < LESSON:
        branch.advance()
    branch.change(RegimesParams.parse({"alpha": "0.25", "conditioning": "10"}))
    branch.advance()
    assert branch.state.count.sum() == 1, "the race's own knobs leave the lessons as they are"
    branch.change(RegimesParams.parse({"batch": "16"}))
    branch.advance()
    assert branch.state.count.sum() == 0 and branch.state.frame == 1


def test_a_tap_on_the_map_turns_the_race() -> None:
    """Definition: α and the conditioning are those of the place that was tapped, until either is turned."""
    line = Timeline(EXPERIMENT, RegimesParams(), 0)
    line.change(RegimesParams.parse({"cell": "0.75,3,0.75,3"}))
    assert (line.params.alpha, line.params.conditioning) == (0.75, 1000.0)
    mark = line.frame().seen["tapped"]
    assert isinstance(mark, Cloud) and np.allclose(mark.points, [[0.75, 3.0]])
    line.change(RegimesParams.parse({"alpha": "0.2"}, line.params))
    assert line.params.cell is None and (line.params.alpha, line.params.conditioning) == (0.2, 1000.0)
    line.change(RegimesParams.parse({"cell": "2,4,4,4"}, line.params))
    assert (line.params.alpha, line.params.conditioning) == (1.0, 10_000.0)


def test_every_race_begins_elsewhere() -> None:
    """Definition: pictures move on; when a lesson is over all begin anew, and mean ends are of all races."""
    line = Timeline(EXPERIMENT, RegimesParams(), 0)
    start = line.state.trail[0, 0].copy()
    while line.step < LESSON + STRIDE:
        line.advance()
    assert line.state.frame == 1 and np.abs(line.state.trail[0, 0] - start).max() > 0.05
    assert np.allclose((line.state.trail[0] ** 2).sum(axis=1), 1.0)


@pytest.mark.parametrize("conditioning", ["1", "100", "10000"])
def test_pictures_stay_inside_their_frames(conditioning: str) -> None:
    """Definition: lines of equal loss, trails and ellipses are drawn within the plane, whatever the valley."""
    seen = Timeline(EXPERIMENT, RegimesParams.parse({"conditioning": conditioning}), 0).frame().seen
    levels, trails, losses = seen["levels"], seen["trails"], seen["losses"]
    assert isinstance(levels, Paths) and isinstance(trails, Paths) and isinstance(losses, Series)
    assert len(levels.starts) >= 5 and np.abs(levels.points).max() <= 1.25 and np.abs(trails.points).max() <= 1.25
    assert losses.names[0] == "SGD" and losses.names[-1] == "α"
