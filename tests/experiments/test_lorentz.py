"""Links of the chain: estimators → verdicts of `lorentz`, and the saboteurs that turn them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from weltnet.estimators import cones
from weltnet.experiment import Verdict
from weltnet.experiments.lorentz import EVENTS, EXPERIMENT, LorentzParams, LorentzState
from weltnet.observables import Cloud, Series
from weltnet.theory import klein_gordon
from weltnet.timeline import Timeline


@cache
def trained(seed: int = 0, steps: int = 500, **values: str) -> Timeline[LorentzParams, LorentzState]:
    line = Timeline(EXPERIMENT, LorentzParams.parse(values), seed)
    while line.step < steps:
        line.advance()
    return line


def judged(line: Timeline[LorentzParams, LorentzState]) -> dict[str, Verdict]:
    return {v.claim: v for v in line.verdicts()}


def test_the_four_numbers_before_and_after() -> None:
    """Figures of the design, together, seed 0: B > .95, leak < 1e-6, v = 1 ± .05, R² > .85; before, none of them."""
    line = Timeline(EXPERIMENT, LorentzParams(), 0)
    before = {k: float(line.state.ledger[k][-1]) for k in ("invariance", "leak", "front", "bessel")}
    assert before["invariance"] < 0.2 and before["leak"] > 0.3 and before["front"] < 0.2 and before["bessel"] < 0.2
    assert {v.word for v in line.verdicts()} == {"undecided"}
    after = judged(trained())
    assert after["invariance"].measured > 0.95 and after["leak"].measured < 1e-6
    assert abs(after["front"].measured - 1.0) < 0.05 and after["bessel"].measured > 0.85
    for claim in ("invariance", "bessel"):
        assert after[claim].measured == pytest.approx(after[claim].predicted, abs=1e-3)


def test_a_symmetry_that_is_not_in_the_data_is_not_learned() -> None:
    """Figure of the design: diffusing data leave B < .5, in the twin and in the network; the plume moves slowly."""
    twin, plume = judged(trained())["any-data"], judged(trained(broken="diffusive-data"))
    assert twin.measured < 0.5 and twin.word == "fails"
    assert plume["invariance"].measured < 0.5 and plume["front"].measured < 0.5 and plume["leak"].measured < 1e-6
    assert float(trained().state.ledger["loss"][-1]) < 1e-6


def test_invariance_alone_can_be_fooled() -> None:
    """Verdict → saboteur: friction leaves front and leak as they are, and only B and the Bessel function see it."""
    damped = judged(trained(broken="damped-data"))
    assert damped["leak"].word == damped["front"].word == "holds"
    assert 0.5 < damped["invariance"].measured < 0.95 and damped["bessel"].measured < 0.0


def test_other_names_hide_the_cone_and_do_not_destroy_it() -> None:
    """Figure of the prototype: with permuted data leak > .3; renamed back, the same weights have B > .98."""
    line = trained(broken="permuted-data")
    assert judged(line)["leak"].measured > 0.3
    back = np.argsort(line.state.order)
    W = line.state.W[0].reshape(2, 48, 48)[:, back][:, :, back].reshape(96, 48)
    G = np.stack([np.roll(klein_gordon.lattice(W, 20), 24, axis=1)], axis=1)
    assert cones.invariance(G[:, 0]) > 0.98 and cones.leak(G) < 1e-6


def test_a_run_can_be_broken_and_heals() -> None:
    """Verdict → saboteur, live: diffusing data turn the cone into a plume in 300 steps, and 500 bring it back."""
    line = Timeline(EXPERIMENT, LorentzParams(), 1)
    for broken, steps in (("", 400), ("diffusive-data", 300), ("", 500)):
        line.change(LorentzParams.parse({"broken": broken}))
        for _ in range(steps // EXPERIMENT.stride):
            line.advance()
        words = {v.claim: v.word for v in line.verdicts()}
        assert words["invariance"] == words["front"] == words["bessel"] == ("fails" if broken else "holds")


def test_a_mass_that_the_lattice_cannot_carry_is_outside_the_regime() -> None:
    """Theory → verdict: at m = .5 the law itself gives B = .88, and that decides nothing; without mass R² is 1."""
    heavy, light = judged(trained(mass="0.5")), judged(trained(mass="0"))
    assert heavy["invariance"].word == heavy["bessel"].word == "outside-regime" and heavy["leak"].word == "holds"
    assert light["bessel"].measured == pytest.approx(1.0, abs=1e-4) and light["invariance"].word == "holds"


def test_every_event_lies_on_one_curve() -> None:
    """Theory → picture: after learning, events against √s² lie on ½ J₀ to an rms of .03, as they do on the lattice."""
    line = trained()
    frame = line.frame()
    events, ghost = frame.seen["events"], frame.theory["curve"]
    assert isinstance(events, Cloud) and isinstance(ghost, Series)
    assert len(events.points) == len(EVENTS.interval) == events.count
    expected = klein_gordon.riemann(0.25, EVENTS.interval)
    assert np.sqrt(((events.points[:, 1] - expected) ** 2).mean()) < 0.03
    assert np.abs(ghost.y).max() <= 0.5
