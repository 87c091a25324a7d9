"""Madelung fluid: the ring valley, the fluid that goes round it, and what exchange changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.estimators.density import Grid
from weltnet.estimators.law import misfit
from weltnet.experiments.madelung import EXPERIMENT, GRID, LAUNCH, LOOK, MadelungParams
from weltnet.observables import Cloud, Series
from weltnet.systems.teachers import RADIUS, wheel
from weltnet.terrain import learned
from weltnet.timeline import Timeline

FEW = {"replicas": 8000}


def carried(steps: int, **values: Any) -> Timeline[Any, Any]:
    run = Timeline(EXPERIMENT, MadelungParams.parse(FEW | values), 1)
    while run.step < steps:
        run.advance()
    return run


def test_the_valley_of_a_wheel_is_a_ring() -> None:
    """Link: network -> V. Round the ring V changes by 1 % of the hill at most; its bottom is at the teacher's |q|."""
    terrain = learned(wheel(0), 0.0, 5.0, GRID.axis, hill=True, report=lambda fraction, text: None)
    phi, r = 2 * np.pi * np.arange(64) / 64, np.linspace(1.2, 2.0, 81)
    q = np.stack(np.broadcast_arrays(r[:, None] * np.cos(phi), r[:, None] * np.sin(phi)), axis=-1)
    V = Grid(96, 3.0).at(terrain.V[None], q.reshape(-1, 2)).reshape(81, 64)
    bottom = V.mean(axis=1).argmin()
    assert np.ptp(V[bottom]) < 0.05 and abs(r[bottom] - RADIUS) < 0.05
    assert terrain.V[48, 48] == pytest.approx(5.0)


@pytest.mark.parametrize("given", [0.5, -1.7])
def test_a_fraction_of_a_quantum_persists(given: float) -> None:
    """Link: kernel -> claim. 150 steps of 8000 replicas, seed 1: Γ/μ_n within .03 of what it was at every look."""
    run = carried(150, circulation=given)
    turned = run.state.turned
    assert len(turned) == 150 // LOOK and np.abs(turned["measured"] - given).max() < 0.03
    assert misfit(run.state.witness.recent(20), 0.25)[0] < 0.1


def test_exchange_takes_the_fluid_to_an_integer() -> None:
    """Link: saboteur. ψ winds once or twice at 1.7, replicas with it, and vortices are marked only with exchange."""
    run = carried(200, circulation=1.7, neurons="exchanged")
    frame = run.frame()
    wound = frame.seen["wound"]
    assert isinstance(wound, Series) and set(wound.y[0]) <= {1.0, 2.0}
    assert abs(run.state.turned["measured"][-10:].mean() - 2.0) < 0.15
    fixed = carried(20).frame()
    assert isinstance(fixed.seen["vortices"], Cloud) and fixed.seen["vortices"].count == 0


def test_a_knob_releases_the_replicas_anew() -> None:
    """Link: state. The same draw of places with another Γ₀; what earlier launches found is forgotten."""
    run = carried(20)
    run.change(MadelungParams.parse(FEW | {"circulation": -1.0}))
    run.advance()
    assert run.state.age == EXPERIMENT.stride and run.state.launches == 2 and len(run.state.ended) == 0
    assert LAUNCH % LOOK == 0 == LOOK % EXPERIMENT.stride
    while run.state.age < LOOK:
        run.advance()
    assert run.state.turned["measured"][-1] == pytest.approx(-1.0, abs=0.01)
