"""Windings, circulation and coherence on phases whose answer is planted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weltnet.estimators.density import Grid
from weltnet.estimators.windings import circulation, coherence, plaquettes, ring, vortices, winding

GRID = Grid(96, 3.0)
X, Y = np.meshgrid(GRID.axis, GRID.axis, indexing="ij")
PLANTED = {(0.71, -0.38): 1, (-1.13, 0.84): -1, (0.2, 1.6): 1}


def planted() -> np.ndarray:
    psi = np.exp(-(X**2 + Y**2) / 6) * np.ones_like(X, dtype=complex)
    for (x, y), sign in PLANTED.items():
        psi *= (X - x) + 1j * sign * (Y - y)
    return psi * np.exp(0.7j * X)


def test_planted_vortices_are_found_with_their_signs() -> None:
    """Link: estimator on a known answer; each within half a spacing per axis, no other."""
    found = vortices(GRID.axis, planted(), 1e-6)
    assert len(found) == len(PLANTED)
    for (x, y), sign in PLANTED.items():
        near = found[np.argmin(np.hypot(found[:, 0] - x, found[:, 1] - y))]
        assert np.abs(near[:2] - (x, y)).max() <= GRID.spacing / 2 and near[2] == sign


def test_a_loop_counts_what_it_encloses() -> None:
    """Link: Stokes; plaquettes inside a box add up to the winding round its edge, and a circle to its vortices."""
    psi = planted()
    turns = plaquettes(psi)
    box = psi[20:70, 20:70]
    edge = np.concatenate([box[:-1, 0], box[-1, :-1], box[:0:-1, -1], box[0, :0:-1]])
    assert winding(edge) == turns[20:69, 20:69].sum()
    for at, radius, inside in (
        ((0.71, -0.38), 0.4, 1),
        ((-1.13, 0.84), 0.4, -1),
        ((0.0, 0.5), 2.0, 1),
        ((-2, -2), 0.5, 0),
    ):
        assert winding(ring(GRID, psi, at, radius)) == inside


@pytest.mark.parametrize("charge", [-3, 0, 2])
def test_winding_of_a_pure_phase(charge: int) -> None:
    """Link: the definition; a mirrored loop has the opposite sign."""
    loop = np.exp(1j * charge * 2 * np.pi * np.arange(64) / 64)
    assert winding(loop) == charge == -winding(loop[::-1])


def test_circulation_of_a_line_vortex_is_any_number() -> None:
    """Link: v = Γ φ̂/2πr, unevenly filled ring: Γ exactly, and within 3.1 standard errors with scatter .3, seed 1."""
    rng = np.random.default_rng(1)
    M, gamma = 40_000, 2 * np.pi * 1.3
    phi = rng.uniform(0, 2 * np.pi, M) + 0.6 * np.sin(rng.uniform(0, 2 * np.pi, M))
    r = rng.uniform(0.8, 2.0, M)
    q = np.column_stack([r * np.cos(phi) + 0.3, r * np.sin(phi) - 0.2])
    v = gamma / (2 * np.pi * r)[:, None] * np.column_stack([-np.sin(phi), np.cos(phi)])
    clean = circulation(q, v, (0.3, -0.2), 1.4, 0.6)
    assert clean.value == pytest.approx(gamma, rel=1e-9)
    noisy = circulation(q, v + 0.3 * rng.standard_normal((M, 2)), (0.3, -0.2), 1.4, 0.6)
    assert abs(noisy.value - gamma) < 1.6 * noisy.error < 0.06
    assert math.isnan(circulation(q[:10], v[:10], (0.3, -0.2), 1.4, 0.6).value)


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 1.0), (1.02, 0.924), (1.05, 0.612), (1.25, 0.0)])
def test_coherence_dies_when_the_modulus_is_mismatched(ratio: float, expected: float) -> None:
    """Link: neurons come and go at rate .05 for 200 steps in units of μ′: exp(−10 (1 − cos 2πμ′/μ_n)), 48 · 4000.

    Seed 2; standard error of a cell's mean 1/√4000 = .016, of 48 about .002, and a floor of .014 where nothing agrees.
    """
    rng = np.random.default_rng(2)
    cells = np.repeat(np.arange(48), 4000)
    jumps = rng.poisson(5.0, (2, len(cells)))
    F = 0.3 * cells / 48 + ratio * (jumps[0] - jumps[1])
    law = math.exp(-10 * (1 - math.cos(2 * np.pi * ratio)))
    assert law == pytest.approx(expected, abs=1e-3)
    assert abs(coherence(F, 1.0, cells) - law) < (0.008 if law > 0.1 else 0.02)
    assert coherence(F, 1.0) < coherence(F, 1.0, cells) or law < 0.1
