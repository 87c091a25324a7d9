"""Links of the chain: limits → theory of a relativistic field on a ring."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.fields import follow
from weltnet.theory.klein_gordon import lattice, riemann


def law(mass: float, sites: int) -> np.ndarray:
    unit, nothing = np.eye(sites), np.zeros((sites, sites))
    return np.concatenate([follow("klein-gordon", a, b, mass) for a, b in ((unit, nothing), (nothing, unit))])


def test_the_massless_response_is_a_checkerboard() -> None:
    """Limit: without mass the response is 1 on every second site of the cone and 0 elsewhere, exactly."""
    G = np.roll(lattice(law(0.0, 64), 20), 32, axis=1)
    t, s = np.arange(21)[:, None], np.abs(np.arange(64) - 32)[None]
    assert np.array_equal(G, ((s <= t) & ((s + t) % 2 == 0)).astype(float))
    assert np.array_equal(riemann(0.0, [-1.0, 0.5, 9.0]), [0.0, 0.5, 0.5])


def test_a_kicked_ring_turns_with_its_mass() -> None:
    """Limit: summed over the ring the field is sin(ω(t + 1))/sin ω with cos ω = 1 − m²/2 … of both sides, to 1e-12."""
    mass = 0.25
    total = lattice(law(mass, 48), 20).sum(axis=1)
    omega = np.arccos(1.0 - 0.5 * mass**2)
    assert np.abs(total - np.sin(omega * (np.arange(21) + 1)) / np.sin(omega)).max() < 1e-12


def test_the_lattice_tends_to_the_bessel_function_at_second_order() -> None:
    """Limit: at fixed mass × distance the checkerboard mean approaches ½ J₀ with order 2 ± .1 in the spacing."""
    missed = []
    for finer in (1, 2, 4):
        ticks, sites = 20 * finer, 128 * finer
        G = np.roll(lattice(law(0.25 / finer, sites), ticks), sites // 2, axis=1)[-1]
        mean = 0.5 * (G + 0.5 * (np.roll(G, 1) + np.roll(G, -1)))
        s = np.arange(sites) - sites // 2
        inside = np.abs(s) < ticks / 2
        missed.append(np.abs(mean - riemann(0.25 / finer, (ticks + 1.0) ** 2 - s**2))[inside].max())
    orders = np.log2(np.array(missed[:-1]) / missed[1:])
    assert orders == pytest.approx([2.0, 2.0], abs=0.3), (missed, orders)
