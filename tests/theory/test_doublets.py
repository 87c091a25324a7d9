"""Two levels of a double well: against the wave equation on the plane, closed forms, and the bounds of Bell's sum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weltnet.theory.doublets import Doublet, entangled, expectations, turned
from weltnet.theory.schroedinger import SplitStep, density

AXIS = np.linspace(-3.0, 3.0, 96, endpoint=False)
V = np.minimum(3.0 * (AXIS**2 - 1.0) ** 2, 40.0)
WELL = Doublet(AXIS, V, 0.9)


def test_levels_of_a_spring():
    """Link: closed form. ½x² has levels ħ/2 and 3ħ/2 and ⟨φ0|sgn|φ1⟩ = √(2/π)."""
    x = np.linspace(-6.0, 6.0, 128, endpoint=False)
    spring = Doublet(x, 0.5 * x**2, 0.5)
    assert spring.levels == pytest.approx([0.25, 0.75], abs=1e-9)
    assert spring.contrast == pytest.approx(math.sqrt(2 / math.pi), abs=1e-6)
    assert spring.half_turn == pytest.approx(math.pi)


def test_two_turned_weights_are_schroedingers():
    """Link: split steps on the plane, both weights at pace 1 for a third of a half turn: |ψ|² as four terms say."""
    flow = SplitStep(AXIS, V[:, None] + V[None, :], 0.9, WELL.half_turn / 3 / 400)
    waves = WELL.at(AXIS)[:2]
    c = entangled(math.radians(35.0))
    exact = waves.T @ turned(c, math.pi / 3, math.pi / 3) @ waves
    assert np.abs(density(flow.step(waves.T @ c @ waves, 400)) - density(exact)).max() < 1e-4


def test_expectations():
    """Link: closed form of E and of both marginals, at any angles and mixing; with quadrature of |ψ|² at one."""
    s = WELL.contrast
    for mixing, a, b in ((0.3, 0.4, 2.0), (math.pi / 4, 1.0, 0.2), (0.0, 2.5, 1.5)):
        E, A, B = expectations(turned(entangled(mixing), a, b), s)
        interference = math.sin(2 * mixing) * math.sin(a) * math.sin(b)
        assert float(E) == pytest.approx(s * s * (math.cos(a) * math.cos(b) - interference))
        assert pytest.approx([-s * math.cos(2 * mixing) * math.cos(x) for x in (a, b)]) == [A, B]
    x = np.linspace(-2.999, 2.999, 1200)
    fine = WELL.at(x)[:2]
    p = density(fine.T @ turned(entangled(0.3), 0.4, 2.0) @ fine)
    quadrature = (p * np.sign(x)[:, None] * np.sign(x)[None, :]).sum() / p.sum()
    assert quadrature == pytest.approx(float(expectations(turned(entangled(0.3), 0.4, 2.0), s)[0]), abs=1e-4)


def test_bounds():
    """Link: limits. A product never exceeds 2 s², the most entangled start reaches 2√2 s² and no more."""
    angles = np.linspace(0.0, math.pi, 25)
    for mixing, most in ((0.0, 2.0), (math.pi / 4, 2 * math.sqrt(2))):
        c = turned(entangled(mixing), angles[:, None], angles[None, :])
        E = expectations(c, 1.0)[0]
        S = np.abs(E[:, None, :, None] - E[:, None, None, :] + E[None, :, :, None] + E[None, :, None, :])
        assert S.max() == pytest.approx(most, abs=0.02) and S.max() <= most + 1e-9
