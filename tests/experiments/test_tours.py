"""Every tour, played: what it says of its runs is true of its runs.

Chain of trust: experiment -> timeline -> tour. A class is shown these very runs, bit by bit.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import eigsh

from weltnet import learning
from weltnet.experiment import Experiment, Question, Stop, Tour
from weltnet.experiments import ALL, by_slug
from weltnet.timeline import Timeline
from weltnet.tours import legs, play, untrue

BRIEF = 1000
"""Learning steps up to which a tour is played in the default lane; all of them in the slow one."""

EVERY = [(e, t) for e in ALL for t in e.tours]


def steps(tour: Tour) -> int:
    return sum(s.until + (s.question.until if s.question else 0) for s in tour.stops)


def lane(experiment: Experiment[Any, Any], tour: Tour) -> Any:
    marks = () if steps(tour) < BRIEF else (pytest.mark.slow,)
    return pytest.param(experiment, tour, id=f"{experiment.slug}-{tour.name}", marks=marks)


@pytest.mark.parametrize(("experiment", "tour"), [lane(e, t) for e, t in EVERY])
def test_tours_tell_the_truth(experiment: Experiment[Any, Any], tour: Tour) -> None:
    """Chain of trust: experiment -> tour. All that is said to be seen at a stop is seen there, with the tour's seeds;
    and a link into the middle of the tour opens the same run, by its digest."""
    wrong, last = [], None
    for leg, line in play(experiment, tour):
        where = f"{tour.name}, stop {leg.stop + 1}{' revealed' if leg.reveal else ''}"
        wrong += [f"{where}: {what}" for what in untrue(leg.shows, line)]
        assert line.step == leg.until and line.seed == leg.log.seed
        last = (leg, line.digest())
    assert not wrong, "\n".join(wrong)
    assert last is not None
    assert Timeline.replay(experiment, last[0].log, last[0].until).digest() == last[1]


def test_a_false_tour_is_caught() -> None:
    """Chain of trust: the test itself. A word, a range and a knob that are not so are each found."""
    experiment = by_slug("strings")
    said = Question("?", ("a", "b"), 0, ".", {"broken": "lazy-hop"}, 20, {"wave": "holds", "amplitude": (2.0, 3.0)})
    tour = Tour("false", "False", (Stop(".", {}, 0, until=256, shows={"wave": "holds"}, question=said),))
    first, second = (untrue(leg.shows, line) for leg, line in play(experiment, tour))
    assert first == [] and len(second) == 2
    assert second[0] == "wave is fails at step 276, not holds" and "amplitude is" in second[1]


def test_legs_are_runs() -> None:
    """Chain of trust: tour -> log. Knobs turned on the way are changes of one log; one that restarts, or a seed, begins
    another; turning back is a change too."""
    experiment = by_slug("strings")
    asked = Question("?", ("a", "b"), 0, ".", {"noise": 0.01}, 4)
    stops = (
        Stop(".", {"modes": 3}, 5, until=10, question=asked),
        Stop(".", {"noise": 0.0}, until=6),
        Stop(".", {"sites": 128}, until=2),
        Stop(".", {}, 6),
    )
    found = legs(experiment, Tour("t", "T", stops))
    assert [(leg.stop, leg.reveal, leg.at, leg.until) for leg in found] == [
        (0, False, 0, 10), (0, True, 10, 14), (1, False, 14, 20), (2, False, 0, 2), (3, False, 0, 0),
    ]  # fmt: skip
    assert found[2].log.changes == ((10, {"noise": 0.01}), (14, {"noise": 0.0}))
    assert [leg.log.seed for leg in found] == [5, 5, 5, 5, 6]
    assert found[3].log.initial["sites"] == 128 and found[3].log.initial["modes"] == 3 and not found[3].log.changes
    assert [leg.turned is None for leg in found] == [True, False, False, True, True]


def test_minutes_count_words_and_steps() -> None:
    """Chain of trust: none. 130 words and 3000 steps are two minutes."""
    tour = Tour("t", "T", (Stop(" ".join(["word"] * 130), until=3000),))
    assert tour.minutes == pytest.approx(2.0)
    asked = dataclasses.replace(tour.stops[0], question=Question("a", ("b", "c"), 0, "d", until=3000))
    assert dataclasses.replace(tour, stops=(asked,)).minutes == pytest.approx(3.0 + 4 / 130)


@pytest.mark.parametrize(("kappa", "below", "slowest"), [(2.0, 0.0, 0.0), (1.2025, 0.6, 60_000)])
def test_what_the_tunnelling_tour_says_of_energies(kappa: float, below: float, slowest: float) -> None:
    """Chain of trust: the lowest levels of the grid's own Hamiltonian. At ħ = .667 no wave fits in below the ridge; at
    .3 three fifths of the packet do, and the two lowest levels exchange it in more than 60 000 steps."""
    experiment = by_slug("observatory")
    line = Timeline(experiment, experiment.params.parse({"kappa": kappa, "start": "valley"}), 500)
    axis, psi = learning.GRID.axis, line.state.replicas.psi.ravel()
    n, hbar = len(axis), np.sqrt(kappa - 1) / 1.5
    weights = {0: -30.0, 1: 16.0, 2: -1.0}
    second = sparse.diags([np.full(n - abs(k), weights[abs(k)]) for k in range(-2, 3)], range(-2, 3)) / (
        12 * learning.GRID.spacing**2
    )
    one = sparse.identity(n)
    height = np.minimum(line.state.world.height, 12.0).ravel()
    H = -0.5 * hbar**2 * (sparse.kron(second, one) + sparse.kron(one, second)) + sparse.diags(height)
    levels, waves = eigsh(H.tocsc(), k=4, sigma=0.2, which="LM")
    share = np.abs(waves.T @ psi) ** 2 / np.vdot(psi, psi).real
    assert share[levels < 1.0].sum() == pytest.approx(below, abs=0.05)
    energy = np.vdot(psi, H @ psi).real / np.vdot(psi, psi).real
    assert energy == pytest.approx(3.3 if kappa == 2.0 else 1.1, abs=0.1)
    low, next_ = np.sort(levels)[:2]
    assert np.pi * hbar / (next_ - low) / line.params.learning_rate * 200 > slowest
