"""The dial and its three laws, on the network of the Observatory: what crosses, what is conserved, what balances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weltnet import learning
from weltnet.kernels.ensemble import WALL
from weltnet.learning import GRID, Dial
from weltnet.systems.landscape import Landscape, prepare
from weltnet.theory.schroedinger import density, fidelity
from weltnet.timeline import silent

SGD = Dial(0.5, 1.5, 3.0, 1, 0.05)
WAVE = Dial(1.5625, 1.5, 3.0, 1, 0.05)
WELL = (-0.2, 1.3)


@pytest.fixture(scope="module")
def world() -> Landscape:
    return prepare(64, "rotation", 0, GRID.n, report=silent)


def begun(dial: Dial, members: int = 20_000, spread: float = 0.2) -> learning.Ensemble:
    return learning.begin(members, 1, WELL, spread, dial.regime)


def test_dial() -> None:
    """Link: the definition ħ² = (κ − 1)/μ² and the three regimes it separates."""
    assert [replace(WAVE, kappa=k).regime for k in (0.0, 0.9999, 1.0, 1.0001)] == [
        "diffusive", "diffusive", "classical", "quantum",
    ]  # fmt: skip
    assert WAVE.hbar == pytest.approx(0.5) and WAVE.hbar2 == pytest.approx(0.25)
    assert replace(SGD, kappa=0.0).hbar2 == pytest.approx(-1 / 1.5**2)


knob = st.floats(0.0, 4.0)


@settings(max_examples=200)
@given(knob, knob, st.floats(0.5, 4.0), st.floats(0.1, 12.0), st.integers(1, 32), st.floats(0.01, 1.0))
def test_settled_is_its_own_answer(
    kappa: float, other: float, mu: float, rate: float, batch: int, noise: float
) -> None:
    """Link: replay. Whatever the dial was before, a settled dial settles to itself; above 1 nothing is touched."""
    before, wanted = Dial(other, mu, rate, 1, noise), Dial(kappa, mu, rate, batch, noise)
    found = wanted.settled(before, 0.15)
    assert found.settled(before, 0.15) == found == found.settled(found, 0.15)
    assert (found == wanted) if kappa >= 1.0 else (0.0 <= found.kappa < 1.0 and 1 <= found.batch <= 32)


def test_turning_the_dial_below_one_chooses_the_minibatch(world: Landscape) -> None:
    """Link: s = γ heat/B + T₀; near 1 learning must be cold, so the minibatch grows, and γ moves the dial."""
    settled = SGD.settled(SGD, world.heat)
    colder = replace(settled, kappa=0.98).settled(settled, world.heat)
    assert colder.batch > 8 and abs(colder.kappa - 0.98) < 0.01
    faster = replace(settled, rate=4.0).settled(settled, world.heat)
    assert faster.kappa < settled.kappa and faster.batch == 1


def test_heat_is_the_temperature_of_the_well(world: Landscape) -> None:
    """Link: the fluctuation theorem of a quadratic well; ⟨V⟩ of a cold ensemble is s within 15 %, seed 1."""
    dial = replace(SGD, batch=16, noise=0.02)
    these = begun(dial, spread=0.1)
    learning.advance(these, world, dial, 1, 0, 600)
    s = dial.rate * world.heat / dial.batch + dial.noise
    height = GRID.at(world.height[None], these.q)[:, 0].mean() - world.height.min()
    assert height == pytest.approx(s, rel=0.15)


def test_wave_and_its_replicas_balance(world: Landscape) -> None:
    """Link: exact wave → ledger. Late production/destruction of ψ is 1 within 2 %; replicas follow |ψ|², L1 < .12."""
    these = begun(WAVE)
    ledger = []
    for first in range(0, 6000, 8):
        learning.advance(these, world, WAVE, 1, first, 8)
        ledger.append(learning.rates(these, world, WAVE))
    produced, destroyed = np.array(ledger).T
    assert 0.98 < produced.sum() / destroyed.sum() < 1.02
    p = density(these.psi)
    smooth = GRID.smooth(p / (p.sum() * GRID.cell), learning.BANDWIDTH)
    assert np.abs(GRID.density(these.q, learning.BANDWIDTH) - smooth).sum() * GRID.cell < 0.12
    assert abs(p.sum() * GRID.cell - 1.0) < 2e-3


def test_born_cannot_hide_behind_a_symmetry(world: Landscape) -> None:
    """Link: Born's rule. Guided replicas fill the denser half of |ψ|² by half; without osmosis they miss it, though
    both keep a share of one half in either well of a symmetric wave; 4σ, seed 1."""
    wells = {}
    for osmosis in (True, False):
        these = learning.begin(20_000, 1, (0.0, 0.0), 0.9, "quantum")
        learning.advance(these, world, WAVE, 1, 0, 300, osmosis=osmosis)
        wells[osmosis] = float((these.q[:, 1] > 0).mean())
        assert (abs(learning.dense_share(these) - 0.5) < 0.021) == osmosis
        assert learning.spilt(these) < 0.035
    assert all(abs(share - learning.born(these)) < 0.014 for share in wells.values())
    fallen = begun(replace(WAVE, kappa=1.0), 100)
    assert learning.dense_share(fallen) == 0.5 and learning.spilt(fallen) == 0.0


def test_live_wave_against_a_fine_one(world: Landscape) -> None:
    """Link: SplitStep of order 2. Single precision and the page's step keep fidelity > .999 over 100 learning steps."""
    these = begun(WAVE, 1000, 0.35)
    start = these.psi.astype(complex)
    learning.advance(these, world, WAVE, 1, 0, 100)
    fine = learning.SplitStep(world.axis, world.potential, WAVE.hbar, WAVE.lasts / 20).step(start, 2000)
    assert fidelity(these.psi, fine) > 0.999


def test_falling_keeps_the_energy(world: Landscape) -> None:
    """Link: leapfrog on the loss; the mean energy of replicas that fall from the valley's side stays within 1 %."""
    dial = replace(WAVE, kappa=1.0)
    these = begun(dial, 4000)

    def energy() -> float:
        return float((GRID.at(world.potential[None], these.q)[:, 0] + 0.5 * (these.v**2).sum(axis=1)).mean())

    before = energy()
    learning.advance(these, world, dial, 1, 0, 500)
    assert energy() == pytest.approx(before, rel=0.01)
    assert learning.rates(these, world, dial)[0] == 0.0


def test_one_run_through_all_three_regimes(world: Landscape) -> None:
    """Link: the dial turned in flight. Replicas keep their places at each crossing, and every array is finite."""
    these = begun(SGD, 3000)
    step = 0
    for dial in (
        SGD,
        WAVE,
        replace(WAVE, kappa=1.0),
        WAVE,
        replace(WAVE, kappa=4.0),
        SGD,
        replace(WAVE, kappa=1.0),
        SGD,
    ):
        before = these.q.copy()
        learning.advance(these, world, dial, 1, step, 1)
        assert these.regime == dial.regime
        assert np.abs(these.q - before).mean() < 0.25
        learning.advance(these, world, dial, 1, step + 1, 19)
        step += 20
        assert np.abs(these.q).max() <= WALL
        assert (len(these.v) == 3000) == (dial.regime == "classical")
        assert (these.psi.size > 0) == (dial.regime == "quantum") and np.isfinite(these.psi).all()
        assert np.isfinite(learning.rates(these, world, dial)).all()
    assert 0.0 < learning.born(begun(WAVE)) <= 1.0


def test_a_wave_hands_its_current_over(world: Landscape) -> None:
    """Link: v = ħ Im ∇ψ/ψ. A packet with a kick, let go at κ = 1, moves on with the velocity of its phase."""
    these = begun(WAVE, 2000, 0.35)
    these.hbar = WAVE.hbar
    these.psi = (these.psi * np.exp(1j * GRID.axis[:, None])).astype(np.complex64)
    learning._cross(these, world, replace(WAVE, kappa=1.0))
    near = np.hypot(*(these.q - WELL).T) < 0.5
    assert these.v[near, 0].mean() == pytest.approx(WAVE.hbar, rel=0.02)
    assert abs(these.v[near, 1].mean()) < 0.02


def test_a_current_hands_its_free_energy_over(world: Landscape) -> None:
    """Link: F' by weighted Poisson. Replicas that fly along q₁ at κ = 1 start a wave whose phase has that gradient."""
    these = begun(replace(WAVE, kappa=1.0), 20_000, 0.35)
    these.v = np.tile([0.6, 0.0], (20_000, 1))
    learning._cross(these, world, WAVE)
    v, _ = learning._wave(world, WAVE.hbar, WAVE.lasts).flow(these.psi)
    near = np.hypot(GRID.axis[:, None] - WELL[0], GRID.axis[None, :] - WELL[1]) < 0.5
    assert v[0][near].mean() == pytest.approx(0.6, rel=0.03)
    assert abs(v[1][near].mean()) < 0.03
    assert abs(density(these.psi).sum() * GRID.cell - 1.0) < 1e-3
