"""From SGD to ħ: what the dial does to the run, besides its verdicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.experiments.kappa import EXPERIMENT, LAUNCH, LOOK, ROWS, KappaParams
from weltnet.observables import Paths, Scalar
from weltnet.timeline import Timeline

FEW = {"replicas": 4000}


def line(**values: Any) -> Timeline[Any, Any]:
    return Timeline(EXPERIMENT, KappaParams.parse(FEW | values), 1)


@pytest.mark.parametrize(
    ("values", "law"),
    [
        ({"kappa": 0.3}, "sgd"), ({"kappa": 1.0}, "momentum"), ({"kappa": 1.02}, "momentum"), ({}, "guided"),
        ({"wave": "emergent"}, "emergent"), ({"kappa": 0.3, "broken": "swapped-law"}, "momentum"),
        ({"broken": "swapped-law"}, "sgd"), ({"kappa": 1.0, "broken": "dropped-term"}, "guided"),
        ({"kappa": 0.0, "broken": "dropped-term"}, "momentum"),
    ],
)  # fmt: skip
def test_the_dial_chooses_the_law(values: dict[str, Any], law: str) -> None:
    """Link: ħ² = (κ − 1)/μ², signed; without its second term κ/μ²."""
    params = KappaParams.parse(values)
    assert params.acting[0] == law
    assert params.hbar2 == pytest.approx((params.kappa - 1) / 4)


def test_turning_the_dial_leaves_a_measured_point_on_it() -> None:
    """Link: experiment -> picture. 2 launches each at κ = 0, 1, 2: the line is the theory, points stay, seed 1.

    4000 replicas: ħ²μ² within .3 of κ − 1, where the whole dial spans 4.
    """
    run = line(kappa=0.0)
    for kappa, launches in ((0.0, 2), (1.0, 2), (2.0, 2)):
        run.change(KappaParams.parse(FEW | {"kappa": kappa}))
        for _ in range(launches * LAUNCH // EXPERIMENT.stride + 1):
            run.advance()
    run.change(KappaParams.parse(FEW | {"kappa": 3.0}))
    run.advance()
    trail = run.state.trail
    assert trail["kappa"].tolist() == [0.0, 1.0, 2.0]
    assert np.abs(trail["measured"] - (trail["kappa"] - 1)).max() < 0.3
    frame = run.frame()
    ghost, number = frame.theory["trail"], frame.theory["hbar2"]
    assert isinstance(ghost, Paths) and np.array_equal(ghost.points, [(0, -1), (4, 3)])
    assert isinstance(number, Scalar) and number.value == 0.5
    assert run.state.witness.rows == 0


def test_every_launch_starts_from_the_same_packet_and_other_draws() -> None:
    """Link: state. At any κ the first places agree bit by bit; the second launch draws anew, and ends as many rows."""
    first, other = line(kappa=0.0), line(kappa=3.0)
    assert np.array_equal(first.state.q, other.state.q)
    start = first.state.q.copy()
    for _ in range(LAUNCH // EXPERIMENT.stride + 1):
        first.advance()
    assert first.state.age == EXPERIMENT.stride and first.state.launches == 2
    assert first.state.witness.rows == ROWS == (LAUNCH - LOOK // 2) // LOOK - 2
    assert abs(first.state.q.mean() - start.mean()) < 0.05 and not np.allclose(first.state.q, start, atol=0.05)


def test_the_wave_listens_to_no_replica() -> None:
    """Link: what is put in by hand. Moving every replica leaves the guiding wave as it is; there is none elsewhere."""
    run, moved = line(), line()
    moved.state.q += 0.3
    for _ in range(5):
        run.advance()
        moved.advance()
    assert np.array_equal(run.state.psi, moved.state.psi)
    emergent, kicked = line(wave="emergent"), line(wave="emergent")
    before = emergent.state.psi.copy()
    kicked.state.psi *= 1j
    for _ in range(5):
        emergent.advance()
        kicked.advance()
    assert np.array_equal(emergent.state.q, kicked.state.q) and np.array_equal(emergent.state.psi, before)


def test_outside_its_regime_a_claim_says_so_before_it_waits() -> None:
    """Link: verdict. One launch at κ = 2: claims about other κ are outside, claims about this one wait for launches."""
    run = line()
    for _ in range(LAUNCH // EXPERIMENT.stride):
        run.advance()
    words = {v.claim: v.word for v in run.verdicts()}
    assert {c for c, w in words.items() if w == "outside-regime"} == {"diffusive", "width", "classical", "emergent"}
    assert words["unitary"] == words["hbar"] == "undecided"


RING = next(dict(p.values) for p in EXPERIMENT.presets if p.name == "Ring")


def launched(launches: int = 4, **values: Any) -> Timeline[Any, Any]:
    run = line(**values)
    for _ in range(launches * LAUNCH // EXPERIMENT.stride + 1):
        run.advance()
    return run


def words(run: Timeline[Any, Any]) -> dict[str, str]:
    return {v.claim: v.word for v in run.verdicts()}


def test_a_formula_is_the_loss_everywhere() -> None:
    """Link: formula -> V. What is tilted, contoured, pushes and is measured is the formula, and the page says so."""
    run = line(loss="formula", potential="q1^2 + 2*q2^2", kappa=1.0, tilt=0.5)
    axis = run.state.terrain.axis
    assert np.allclose(run.state.terrain.V, axis[:, None] ** 2 + 2 * axis[None, :] ** 2)
    # V + a (q₁ + q₂) has its minimum at −a/2, −a/4.
    assert run.state.q.mean(axis=0) == pytest.approx([-0.25, -0.125], abs=0.02)
    assert EXPERIMENT.derived(run.params)["V"] == "a formula, by hand" and "V" not in EXPERIMENT.derived(KappaParams())
    contours = run.frame().seen["loss"]
    assert isinstance(contours, Paths)
    V = contours.points[:, 0] ** 2 + 2 * contours.points[:, 1] ** 2
    assert np.abs(V[:, None] - np.array([0.25, 0.5, 1, 2, 3, 6, 12])).min(axis=1).max() < 0.02
    other = line(loss="formula", potential="q1^2 + 2*q2^2", kappa=1.0, tilt=0.5)
    assert run.digest() == other.digest() and line().params.restarts(run.params)


@pytest.mark.parametrize(
    ("potential", "kappa", "why"),
    [
        ("0", 2.0, "wall"), ("q1^2 - q2^2", 0.0, "wall"), ("8*(q1^2 + q2^2)", 2.0, "steep"),
        (RING["potential"], RING["kappa"], "gradient"),
    ],
)  # fmt: skip
def test_a_loss_that_cannot_be_judged_says_why(potential: str, kappa: float, why: str) -> None:
    """Link: regime. No walls, too steep, or a wave that meets itself: every claim is outside, with one reason."""
    run = launched(2, loss="formula", potential=potential, kappa=kappa)
    assert set(words(run).values()) == {"outside-regime"}
    assert all(why in v.sentence for v in run.verdicts())


def test_the_laws_hold_in_a_loss_of_ones_own() -> None:
    """Link: claims -> any loss. 4 launches of 20 000 replicas in a ring, and in two valleys, seed 1: what is registered
    for the network holds there too, and a saboteur turns it."""
    ring = {"loss": "formula", "potential": "0.25*(q1^2 + q2^2 - 3)^2", "replicas": 20_000}
    for kappa, claims in ((0.0, ("diffusive", "width")), (1.0, ("classical",)), (2.0, ("unitary", "hbar"))):
        own = ring if kappa < 2 else ring | {"potential": KappaParams().potential}
        found = words(launched(kappa=kappa, **own))
        assert {c: found[c] for c in claims} == dict.fromkeys(claims, "holds"), kappa
    assert words(launched(kappa=0.0, broken="swapped-law", **ring))["diffusive"] == "fails"
    assert words(launched(kappa=2.0, broken="dropped-term", **ring))["hbar"] == "fails"
