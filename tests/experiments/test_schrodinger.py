"""Two valleys: what the sum over networks must do, besides its verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet import pathsum
from weltnet.experiments.schrodinger import EXPERIMENT, LOOK, MEETING, TUNNEL, SchrodingerParams
from weltnet.observables import Scalar
from weltnet.theory.schroedinger import density, fidelity
from weltnet.timeline import Timeline

AXIS = pathsum.GRID.axis
OWN = {"loss": "formula", "potential": "2*(q1^2 - 1)^2 + 1.5*q2^2 + q1*q2"}


def run(steps: int, **values: Any) -> Timeline[Any, Any]:
    line = Timeline(EXPERIMENT, SchrodingerParams.parse(values), 1)
    while line.step < steps:
        line.advance()
    return line


def words(line: Timeline[Any, Any]) -> dict[str, str]:
    return {v.claim: v.word for v in line.verdicts()}


def windowed(line: Timeline[Any, Any]) -> float:
    """L₁ between replicas and the exact wave, both through a window of .1, a spacing of the grid."""
    grid, state = pathsum.GRID, line.state
    apart = grid.smooth(grid.counts(state.now.q) - density(state.exact[pathsum.HERE]), 0.1)
    return float(np.abs(apart).sum()) * grid.cell


def test_no_network_feels_another_between_births() -> None:
    """Link: what is emergent. From birth to birth a network's path is its own: moving the others leaves its bits."""
    line, moved = run(LOOK, **OWN), run(LOOK, **OWN)
    moved.state.now.q[1:] += 0.1
    for _ in range(LOOK // EXPERIMENT.stride - 1):
        line.advance()
        moved.advance()
    for name in ("q", "p", "F", "C"):
        assert getattr(line.state.now, name)[0] == pytest.approx(getattr(moved.state.now, name)[0], abs=0.0)
    assert not np.allclose(line.state.now.q[1:], moved.state.now.q[1:])


def test_the_right_modulus_leaves_no_trace_of_exchange() -> None:
    """Link: F modulo μ_n. Neurons come and go; with μ′ = μ_n all copies agree, with 1.25 μ_n the cross term is lost."""
    line = run(3 * LOOK, **(MEETING | OWN))
    waves, jumps = line.state.now.waves(line.params.hbar), line.state.jumps
    assert np.abs(jumps).max() > 2
    right, none = pathsum.seen(waves, jumps, 1.0), pathsum.seen(waves, 0.0 * jumps, 1.25)
    assert np.allclose(right.p, none.p) and right.fidelity(waves.sum(axis=0)) == pytest.approx(1.0, abs=1e-6)
    wrong, apart = pathsum.seen(waves, jumps, 1.25), density(waves).sum(axis=0)
    apart /= apart.sum() * pathsum.GRID.cell
    assert np.abs(wrong.p - apart).sum() < 0.2 * np.abs(right.p - apart).sum()
    one = pathsum.seen(waves[:1], jumps, 1.25)
    assert one.fidelity(waves[0]) == pytest.approx(1.0, abs=1e-6)


def test_a_tap_places_the_packet() -> None:
    """Link: knob -> state. The middle of the region is where ψ₀ is, its speed is the knobs'; its mirror has both
    reversed; nothing restarts the run but a new launch begins."""
    params = {"place": (0.4, -1.0, 0.8, -0.6), "speed_1": 1.5, "speed_2": -0.5} | OWN
    line = run(0, **params)
    psi = line.state.exact[pathsum.HERE]
    assert pathsum.middle(density(psi)) == pytest.approx((0.6, -0.8), abs=1e-3)
    v = pathsum.solver(line.state.terrain, 0.5).flow(psi)[0][:, 38, 23]
    assert v == pytest.approx((1.5, -0.5), abs=0.02)
    both = pathsum.released(line.state.terrain, (0.5, "two-packets", (0.6, -0.8), (1.5, -0.5)))
    assert fidelity(both[1], np.roll(both[0][::-1, ::-1], 1, axis=(0, 1))) == pytest.approx(1.0, abs=1e-9)
    assert not SchrodingerParams().restarts(SchrodingerParams.parse({"place": (0.0, 0.0, 0.0, 0.0)}))


def test_planck_is_measured_not_copied() -> None:
    """Link: estimator. The exact wave of another ħ is recognised, whatever the dial says: within 1 % of itself."""
    line = run(0, **OWN)
    start, V = line.state.exact[0], line.state.terrain
    exact = np.stack([pathsum.solver(V, 0.5 * r).step(start, 200) for r in pathsum.RATIOS])
    for ratio in (0.97, 1.0, 1.03):
        wave = pathsum.solver(V, 0.5 * ratio).step(start, 200)
        found = pathsum.best(pathsum.seen(wave[None], np.zeros((1, 2)), 1.0), exact)
        assert found == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"law": "nelson", "replicas": 2000}, "no phase"), ({"law": "pressure", "replicas": 2000}, "no phase"),
        ({"rebirth": "never"}, "never re-born"), (OWN | {"potential": "0"}, "rim"),
    ],
)  # fmt: skip
def test_outside_its_regime_a_claim_says_why(values: dict[str, Any], why: str) -> None:
    """Link: verdict. Laws without a phase, no re-births, no walls: the claim is outside, with the reason."""
    line = run(2 * 60, span=1.2, **values)
    verdict = line.verdicts()[0]
    assert verdict.word == "outside-regime" and why in verdict.sentence


def test_live_numbers() -> None:
    """Link: state -> frame. After t = 1: fidelity, norm and energy drift as the page shows them, seed 1.

    Nelson's replicas: < .12 as they are (.074, of which .059 is sampling and smoothing of 20 000 replicas drawn from
    the exact wave itself), < .06, as PHYSICS §4 asks, when both densities are seen through one window (.045).
    """
    seen = run(50).frame().seen
    shown = {k: v.value for k, v in seen.items() if isinstance(v, Scalar)}
    assert shown["fidelity"] > 0.99 and shown["distance"] < 0.12
    assert shown["norm"] < 0.02 and abs(shown["energy"]) < 0.1
    line = run(50, law="nelson", replicas=20_000)
    guided = line.frame().seen["distance"]
    assert isinstance(guided, Scalar) and guided.value < 0.12
    assert windowed(line) < 0.06


def test_digits_are_a_loss_like_any_other() -> None:
    """Link: data -> loss -> wave. What tells 3 from 8 has two valleys V = 3 apart; after t = 1 all is as it should."""
    line = run(50, loss="digits")
    V = line.state.terrain.V
    assert V.min() < 0.02 and V[32, 32] == pytest.approx(3.0, abs=0.05)
    assert line.state.past["fidelity"][-1] > 0.99


@pytest.mark.slow
def test_fidelity_on_digits() -> None:
    """Link: data -> loss -> wave, t = 6, seeds 100 to 103: .980 to .983."""
    for seed in range(100, 104):
        line = Timeline(EXPERIMENT, SchrodingerParams(loss="digits"), seed)
        while line.step < 300:
            line.advance()
        assert line.state.ended["fidelity"][0] > 0.975


@pytest.mark.slow
def test_half_a_period_of_tunnelling() -> None:
    """Link: PHYSICS. Below the saddle at ħ = .5, to the other valley (t = 36, seed 1): > .98."""
    line = run(1800, **(TUNNEL | {"span": 60.0, "replicas": 4000}))
    assert line.state.past["expected"][-1] > 0.9
    assert line.state.past["fidelity"][-1] > 0.98
    assert line.state.past["there"][-1] == pytest.approx(line.state.past["expected"][-1], abs=0.05)


@pytest.mark.slow
def test_nelson_stays_with_the_wave() -> None:
    """Link: PHYSICS §4, real loss, 20 000 replicas, seed 1, t = 1 to 6: L₁ < .06 through a window of .1.

    Found: .045, .050, .038, .057, .052, .045; without it .07 to .10, which is not met, and cannot be: 20 000 replicas
    drawn from the exact wave itself are off by .06 to .08.
    """
    line = Timeline(EXPERIMENT, SchrodingerParams.parse({"law": "nelson", "replicas": 20_000}), 1)
    for t in range(1, 7):
        while line.step < 50 * t:
            line.advance()
        assert windowed(line) < 0.06


@pytest.mark.slow
def test_figures_of_the_design() -> None:
    """Link: PHYSICS §3, seed 1, t = 6. Re-born: fidelity > .975, and .9 in a steeper loss; no phases: < .4."""
    assert run(300).state.ended["fidelity"][0] > 0.975
    assert run(300, broken="no-phases").state.ended["fidelity"][0] < 0.4
    assert run(300, **OWN).state.ended["fidelity"][0] > 0.9
    two = run(300, **MEETING)
    assert np.abs(two.state.ended["seen"] - two.state.ended["exact"]).max() < 0.03
    assert two.state.ended["fixed"].max() < 0.15 and words(two)["fringes"] == "holds"
