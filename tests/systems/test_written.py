"""A loss as a person wrote it: its height, its force, and what becomes of formulas that have no value in places.

Chain of trust: formulas (test_formulas) -> loss.
"""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.written import STEEPEST, Written
from weltnet.terrain import written

AXIS = np.linspace(-3, 3, 61)
X, Y = np.meshgrid(AXIS, AXIS, indexing="ij")


def test_height_and_force_are_those_of_the_formula() -> None:
    """Chain of trust: formulas -> loss. V = ½·3 q₁² + q₂² + 5 loses its constant; −∇V is exact for a quadratic."""
    loss = Written("1.5*q1^2 + q2^2 + 5")
    assert loss.lowest == pytest.approx(5, abs=1e-12)
    assert np.allclose(loss.height(AXIS), 1.5 * X**2 + Y**2, atol=1e-12)
    assert np.allclose(loss.force(AXIS), -np.stack([3 * X, 2 * Y]), atol=1e-7)


def test_bend_of_a_quadratic_loss() -> None:
    """Chain of trust: loss -> terrain. |∇∇V| of ½(a q₁² + b q₂²) + c q₁q₂ is √(a² + b² + 2c²) everywhere."""
    terrain = written("1.5*q1^2 + q2^2 + 0.5*q1*q2", AXIS)
    assert np.allclose(terrain.bend, np.sqrt(3**2 + 2**2 + 2 * 0.5**2), atol=1e-5)
    assert written("1.5*q1^2 + q2^2 + 0.5*q1*q2", AXIS) is terrain
    assert np.array_equal(terrain.height(AXIS), terrain.V) and terrain.V.min() >= 0


@pytest.mark.parametrize(
    "text", ["1/(q1 - 0.0123)", "log(abs(q1 - 0.0123))", "1e6*sin(9*q1)^2", "3e8*q1", "1e8*abs(q1)^0.5"]
)
def test_every_loss_is_finite(text: str) -> None:
    """Chain of trust: loss -> kernel. Steep or torn, no field is without value and no force throws a replica."""
    loss = Written(text)
    V, force = loss.height(AXIS), loss.force(AXIS)
    assert np.isfinite(V).all() and np.isfinite(force).all() and V.min() >= 0
    assert np.abs(force).max() <= STEEPEST
