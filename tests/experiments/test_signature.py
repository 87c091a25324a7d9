"""Where time comes from: how many directions are time-like at which width, and the picture of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet import crowds
from weltnet.estimators.strain import missed
from weltnet.experiments.signature import EXPERIMENT, SignatureParams, SignatureState
from weltnet.observables import Paths, Series
from weltnet.timeline import Timeline


@cache
def line(steps: int = 60, **values: str) -> Timeline[SignatureParams, SignatureState]:
    made = Timeline(EXPERIMENT, EXPERIMENT.params.parse({"replicas": 4096} | values), 1)
    made.seek(steps)
    return made


@pytest.mark.parametrize(("width", "signs"), [("3", 2), ("1", 1), ("0.3", 0)])
def test_start_width_decides_how_many(width: str, signs: int) -> None:
    """Chain: kernel, strain → claim. Of two directions both, one, none are time-like from broad, middling, narrow."""
    run = line(8, width=width)
    eigenvalues = np.linalg.eigvalsh(run.state.M[: crowds.PARTS].mean(axis=0))
    assert (eigenvalues < 0).sum() == signs
    cone = run.frame().seen["cone"]
    assert isinstance(cone, Paths) and len(cone.starts) == (2 if signs == 1 else 0)


def test_staircase_is_predicted() -> None:
    """Chain: valley → picture. The nine counts and their prediction differ by one direction at most, seed 1."""
    frame = line().frame()
    seen, told = frame.seen["count"], frame.theory["count"]
    assert isinstance(seen, Series) and isinstance(told, Series)
    assert np.abs(seen.y[0] - told.y[0]).max() <= 0.5 and np.abs(seen.y[0] - told.y[0]).mean() < 0.1
    assert seen.y[0, 0] == 0.0 and seen.y[0, -1] == 1.0


def test_ensembles_start_as_asked_and_stay_gaussian() -> None:
    """Chain: start → regime. Widths are those of the ladder to 4 standard errors; a Gaussian misses < 5 % of J."""
    state = line(0).state
    asked = np.sqrt(np.array([e[0, 0] for e in state.expected]))
    for q, sigma, n in zip(crowds.ensembles(state.crowd), asked, crowds.members(state.crowd), strict=True):
        assert np.abs(q.std(axis=0) / sigma - 1.0).max() < 4 / np.sqrt(2 * n)
    assert missed(crowds.ensembles(line().state.crowd)[0]) < 0.05


def test_minibatches_alone_have_one_sign() -> None:
    """Chain: limit. Without added noise D goes with curvature: predicted counts are none or all, but at one width."""
    p = EXPERIMENT.params.parse({"noise": 3e-5, "replicas": 4096})
    state = Timeline(EXPERIMENT, p, 1).state
    valley = crowds.valley(state.crowd.lesson, 2, p.learning_rate, p.batch, p.noise)
    m = np.linalg.eigvalsh(valley.strain(state.expected[1:]))
    assert ((m < 0).sum(axis=1) == 1).sum() <= 1
