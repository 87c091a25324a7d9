"""Relaxing universes and slices: orders, closed forms, and the slow twin.

Chain of trust: closed forms and Newton's method -> compiled relaxation -> experiment.
"""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.relaxation import bend, expand, sweep
from weltnet.theory import relaxation as theory_of


def relaxed(content, n, rate=0.4, turns=900):
    k, matter, w = theory_of.CONTENTS[content]
    s = np.linspace(0.0, 1.0, n + 1)
    exact = theory_of.universe(content, theory_of.FROM + theory_of.SPAN * s)
    a = exact[0] + (exact[-1] - exact[0]) * s
    span, missed = np.ones(1), np.ones(2)
    expand(a, span, k, 1.0, matter, w, rate, turns, missed)
    return float(span[0]), float(np.abs(a / exact - 1.0).max()), missed


@pytest.mark.parametrize("content", theory_of.CONTENTS)
def test_universe_has_its_exact_age(content):
    """Link: closed forms. T = 1.5 within 1e-3, the first equation to 1e-10, second order in the step."""
    sizes = np.array([50, 100, 200])
    ages, errors, missed = zip(*(relaxed(content, n) for n in sizes), strict=True)
    assert abs(ages[-1] - 1.5) < 1e-3 and errors[-1] < 1e-3 and missed[-1][0] < 1e-10
    order = -np.polyfit(np.log(sizes), np.log(np.abs(np.array(ages) - 1.5)), 1)[0]
    assert order == pytest.approx(2.0, abs=0.3)


def test_wrong_sign_grows():
    """Link: instability. A ripple of 1e-8 on the exact universe grows more than a thousandfold when a descends."""
    s = np.linspace(0.0, 1.0, 201)
    exact = theory_of.universe("closed", theory_of.FROM + theory_of.SPAN * s)
    for rate, grows in ((0.4, False), (-0.4, True)):
        a, span = exact + 1e-8 * np.sin(np.pi * 40 * s), np.array([1.5])
        expand(a, span, 1.0, 1.0, 0.0, 0.0, rate, 40, np.ones(2))
        rough = np.abs(np.diff(a, 2) - np.diff(exact, 2)).max()
        start = np.abs(1e-8 * np.diff(np.sin(np.pi * 40 * s), 2)).max()
        assert (rough > 1e3 * start) == grows


def slice_of(n, mass, place=(0.1, 0.05)):
    axis = np.linspace(-0.65, 0.65, n)
    phi = theory_of.disc(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1))
    source = theory_of.spread(axis, place, mass)
    residual = sweep(phi, source, axis[1] - axis[0], -1.0, 2.0 / (1.0 + np.sin(np.pi / (n - 1))), 12 * n)
    return axis, phi, source, residual


def test_slice_agrees_with_newton():
    """Link: the slow twin. Residual below 1e-8, φ to 1e-9."""
    axis, phi, source, residual = slice_of(49, 1.5)
    assert residual < 1e-8 and np.abs(phi - theory_of.solve(axis, source)).max() < 1e-9


def test_empty_slice_is_the_hyperbolic_plane():
    """Link: closed form ln 2/(1 − r²), second order by regression."""
    sizes, errors = np.array([17, 33, 65]), []
    for n in sizes:
        axis, phi, *_ = slice_of(n, 0.0)
        errors.append(np.abs(phi - theory_of.disc(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1))).max())
    order = -np.polyfit(np.log(sizes - 1.0), np.log(errors), 1)[0]
    assert order == pytest.approx(2.0, abs=0.2)


def test_geodesics_are_arcs():
    """Link: circles at right angles to the rim, on the exact φ; second order in the grid."""
    X, angle = np.array([[-0.6, -0.2], [-0.6, 0.0], [-0.6, 0.3]]), np.array([0.3, 0.0, -0.2])
    sizes, errors = np.array([33, 65, 129]), []
    for n in sizes:
        axis = np.linspace(-0.65, 0.65, n)
        phi = theory_of.disc(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1))
        out = np.empty((81, 3, 2))
        bend(phi, -0.65, axis[1] - axis[0], X, angle, 0.01, out)
        arcs = theory_of.arcs(X, angle, 0.01, 80)
        inside = np.abs(arcs).max(axis=-1) < 0.6
        errors.append(np.abs(out - arcs)[inside].max())
    order = -np.polyfit(np.log(sizes - 1.0), np.log(errors), 1)[0]
    assert errors[1] < 2e-3 and 1.5 < order < 2.6
