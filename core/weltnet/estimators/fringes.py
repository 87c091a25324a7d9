"""Fringes: a density along a line through it, and how deep a wave number is engraved there.

    V(k) = 2 |Σ c w e^{−iku}| / Σ c w,   w = e^{−u²/2σ²},

is the depth v of c ∝ 1 + v cos(ku + φ) wherever kσ ≫ 1, and at most 2; a Gaussian of variance s² alone gives
2 e^{−k²τ²/2}, 1/τ² = 1/s² + 1/σ².                               [derived]
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

__all__ = ["Cut"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Cut:
    """The line u ↦ u·(cos, sin)(angle) through the origin, averaged over ± breadth across it."""

    angle: float
    reach: float = 1.2
    breadth: float = 0.5
    window: float = 0.3
    """σ of the window in which fringes are looked for."""

    @cached_property
    def u(self) -> Array:
        """(161,) places along the line."""
        return np.linspace(-self.reach, self.reach, 161)

    @cached_property
    def _points(self) -> tuple[Array, Array]:
        w = np.linspace(-self.breadth, self.breadth, 21)
        c, s = np.cos(self.angle), np.sin(self.angle)
        return self.u[:, None] * c - w * s, self.u[:, None] * s + w * c

    @cached_property
    def _window(self) -> Array:
        out: Array = np.exp(-0.5 * (self.u / self.window) ** 2)
        return out

    def through(self, axis: Array, p: Array) -> Array:
        """Mean of p: (n, n) on axis × axis across the line, (161,), by bicubic splines."""
        at = [(x - axis[0]) / (axis[1] - axis[0]) for x in self._points]
        out: Array = map_coordinates(p, at, order=3, mode="mirror").mean(axis=1)
        return out

    def visibility(self, c: Array, k: float) -> float:
        """V(k) of a cut c: (161,); 0 where nothing is."""
        held = float((c * self._window).sum())
        return 2.0 * float(abs((c * self._window * np.exp(-1j * k * self.u)).sum())) / held if held > 1e-9 else 0.0

    def sharpest(self, c: Array, numbers: Array) -> tuple[float, float]:
        """The wave number among `numbers` of the deepest fringes of a cut, and their V."""
        waves = np.exp(-1j * numbers[:, None] * self.u[None, :])
        k = float(numbers[np.abs(waves @ (c * self._window)).argmax()])
        return k, self.visibility(c, k)

    def held(self, c: Array) -> float:
        """Σ c w du: what lies in the window, per unit of width."""
        return float((c * self._window).sum() * (self.u[1] - self.u[0]))
