"""Non-local hidden variables: what each law, and each party, can and cannot do, besides the verdicts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from weltnet.estimators.correlations import SIGNS
from weltnet.experiments.bell import CYCLE, EXPERIMENT, LAUNCH, WORLDS, BellParams
from weltnet.observables import Cloud, Paths, Scalar
from weltnet.timeline import Timeline

FEW = {"replicas": 2000}


def line(launches: float = 0, seed: int = 1, **values: Any) -> Timeline[Any, Any]:
    run = Timeline(EXPERIMENT, BellParams.parse(FEW | values), seed)
    for _ in range(round(launches * LAUNCH / EXPERIMENT.stride)):
        run.advance()
    return run


def test_what_is_expected_is_quantum_mechanics_of_the_wells() -> None:
    """Link: theory -> ghosts. At ε = 45° S = 2√2 s² at the best settings, at 0° s²√2; the page says so."""
    for mixing, share in ((45.0, 2.0), (0.0, 1.0)):
        run = line(entanglement=mixing)
        frame = run.frame()
        ghost, contrast = frame.theory["S"], frame.seen["contrast"]
        assert isinstance(ghost, Scalar) and isinstance(contrast, Scalar)
        assert ghost.value == pytest.approx(math.sqrt(2) * share * contrast.value**2, abs=0.004)


def test_launches_take_the_pairs_of_settings_in_turn() -> None:
    """Link: state. A cycle reads each pair once, M replicas each; turning a knob begins the count anew."""
    run = line(CYCLE)
    assert run.state.table[:, 0].tolist() == [2000.0] * 4 and run.state.sways[1] == CYCLE * WORLDS
    frame = run.frame()
    dots, lines = frame.seen["dots"], frame.seen["funnel"]
    assert isinstance(dots, Cloud) and isinstance(lines, Paths)
    assert dots.points[:, 0] == pytest.approx([135, 45, 135, 45]) and len(lines.points) == 3
    assert abs(SIGNS @ dots.points[:, 1]) == pytest.approx(frame.seen["S"].value)  # type: ignore[attr-defined]
    run.change(BellParams.parse(FEW | {"alice_other": 120.0}))
    run.advance()
    assert run.state.table.sum() == 0.0 and run.state.age == EXPERIMENT.stride


def test_the_other_worlds_are_the_same_replicas() -> None:
    """Link: what f counts. At the pair that is taken the copies end where the replicas do, to the bit, in every law."""
    for law in ("guided", "momentum", "sgd"):
        run = line(2, law=law)
        assert run.state.pair == 1 and np.array_equal(run.state.worlds[1], run.state.q[:WORLDS]), law


@pytest.mark.parametrize("law", ["momentum", "sgd"])
def test_laws_without_a_wave_are_local(law: str) -> None:
    """Link: local bound. Each party's places are the same bits at both of the other's settings."""
    w = line(1, law=law).state.worlds
    assert np.array_equal(w[0, :, 0], w[1, :, 0]) and np.array_equal(w[2, :, 0], w[3, :, 0])
    assert np.array_equal(w[0, :, 1], w[2, :, 1]) and np.array_equal(w[1, :, 1], w[3, :, 1])
    assert not np.allclose(w[0, :, 1], w[1, :, 1], atol=0.1)


def test_a_guided_weight_is_swayed_though_its_own_setting_is_the_same() -> None:
    """Link: parameter dependence. At a′ some read the other sign when b′ stands for b; at a = 0, frozen, none does."""
    w = line(1).state.worlds > 0
    assert 0.05 < (w[2, :, 0] != w[3, :, 0]).mean() < 0.5
    assert np.array_equal(w[0, :, 0], w[1, :, 0])
    product = line(1, broken="product").state.worlds
    assert np.abs(product[2, :, 0] - product[3, :, 0]).max() < 1e-3


def test_who_is_never_swayed_adds_at_most_two() -> None:
    """Link: the bound f ≥ (S − 2)/2 on the very replicas that are run at all four pairs; seed 1, guided."""
    A, B = np.where(line(1).state.worlds > 0, 1.0, -1.0).transpose(2, 0, 1)
    each = SIGNS @ (A * B)
    swayed = (A[0] != A[1]) | (A[2] != A[3]) | (B[0] != B[2]) | (B[1] != B[3])
    assert np.abs(each[~swayed]).max() <= 2.0 and abs(each.mean()) > 2.2
    assert swayed.mean() >= (abs(each.mean()) - 2.0) / 2.0


def test_claims_about_other_laws_are_outside() -> None:
    """Link: verdict. Each law is judged by its own claims; a blob needs whole cycles, for its replicas interact."""
    words = {law: {v.claim: v.word for v in line(1, law=law).verdicts()} for law in ("guided", "momentum", "blob")}
    assert words["guided"]["local-bound"] == words["guided"]["blob"] == words["momentum"]["chsh"] == "outside-regime"
    assert words["blob"]["non-local"] == words["blob"]["no-signalling"] == "outside-regime"
    assert words["blob"]["blob"] == words["guided"]["chsh"] == "undecided"
