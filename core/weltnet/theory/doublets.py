"""The two lowest levels of a double well, and what two parties find who each turn one of them.

A weight whose loss has two mirror valleys has a lowest pair of waves, φ0 even and φ1 odd, with energies E0 < E1. Left
to itself for a time t it is turned by the angle α = (E1 − E0) t/ħ: at 180° it has crossed from one valley to the other.
Two such weights, far apart, are ψ = Σ_mn c_mn φ_m(q1) φ_n(q2), and turned by α and β

    c_mn ← c_mn exp(−i(αm + βn)),   E(α, β) = ⟨sgn q1 sgn q2⟩,   ⟨φ0|sgn|φ1⟩ = s ≤ 1.

For c = cos ε |LL⟩ + sin ε |RR⟩, L and R = (φ0 ∓ φ1)/√2,

    E(α, β) = s² (cos α cos β − sin 2ε sin α sin β),   ⟨sgn q1⟩ = −s cos 2ε cos α.

With a local model of what is found, |E(a, b) − E(a, b′) + E(a′, b) + E(a′, b′)| ≤ 2; in quantum mechanics up to 2√2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import eigh

__all__ = ["FINE", "Doublet", "entangled", "expectations", "turned"]

Array = NDArray[Any]

FINE = 1025
"""Points of a doublet's table: read linearly, its waves are exact to 3e-5."""


@dataclass(frozen=True, eq=False)
class Doublet:
    """The lowest pair of waves in V: (n,), mirror symmetric, on a periodic axis: (n,) from −L to L − spacing; mass 1.

    The Hamiltonian is a dense matrix, spectral in space: exact as far as the waves have died out at ±L.
    """

    axis: Array
    V: Array
    hbar: float

    @cached_property
    def _pair(self) -> tuple[Array, Array]:
        n, spacing = len(self.axis), self.axis[1] - self.axis[0]
        k2 = (2.0 * np.pi * np.fft.fftfreq(n, spacing)) ** 2
        kinetic = np.fft.ifft(0.5 * self.hbar**2 * k2[:, None] * np.fft.fft(np.eye(n), axis=0), axis=0).real
        E, phi = eigh(0.5 * (kinetic + kinetic.T) + np.diag(self.V), subset_by_index=[0, 1])
        signs = np.sign([phi[:, 0].sum(), (phi[:, 1] * self.axis).sum()])
        return E, (phi * signs / math.sqrt(spacing)).T

    @property
    def levels(self) -> Array:
        """E0 and E1: (2,)."""
        return self._pair[0]

    @property
    def half_turn(self) -> float:
        """The time πħ/(E1 − E0) in which a weight crosses from one valley to the other."""
        return float(math.pi * self.hbar / (self.levels[1] - self.levels[0]))

    @property
    def waves(self) -> Array:
        """φ0 and φ1 on the axis: (2, n)."""
        return self._pair[1]

    @cached_property
    def table(self) -> Array:
        """φ0, φ1 and their slopes at FINE points from −L to L: (4, FINE)."""
        return self.at(np.linspace(self.axis[0], -self.axis[0], FINE))

    def at(self, x: Array) -> Array:
        """φ0, φ1 and their slopes at x: (4, points), by the trigonometric polynomial through the points of the axis."""
        n, spacing = len(self.axis), self.axis[1] - self.axis[0]
        k = 2.0 * np.pi * np.fft.fftfreq(n, spacing)
        # the highest frequency of an even grid has no sign
        f = np.where(np.abs(k) < np.abs(k).max(), np.fft.fft(self._pair[1], axis=1), 0.0) / n
        waves = np.exp(1j * np.multiply.outer(k, np.asarray(x) - self.axis[0]))
        found: Array = np.concatenate([(f @ waves).real, ((1j * k * f) @ waves).real])
        return found

    @cached_property
    def contrast(self) -> float:
        """s = ⟨φ0|sgn|φ1⟩: how well the pair tells one valley from the other."""
        x, width = np.polynomial.legendre.leggauss(200)
        half = -float(self.axis[0]) / 2.0
        even, odd = self.at(half * (x + 1.0))[:2]
        return float(2.0 * half * (width * even * odd).sum())

    def path(self, start: tuple[float, float], c: Array, paces: tuple[float, float], times: Array) -> Array:
        """Bohm's path of one replica at `times`: (times, 2), by adaptive steps of eighth order; slow."""
        pace = np.array(paces)
        energy = pace[0] * self.levels[:, None] + pace[1] * self.levels[None, :]

        def velocity(t: float, q: Array) -> Array:
            (a, s), (b, u) = self.at(q[:1]).reshape(2, 2), self.at(q[1:]).reshape(2, 2)
            now = c * np.exp(-1j * energy * t / self.hbar)
            slopes = np.array([s @ now @ b, a @ now @ u])
            v: Array = pace * self.hbar * np.imag(slopes / (a @ now @ b))
            return v

        solved = solve_ivp(velocity, (times[0], times[-1]), start, "DOP853", times, rtol=1e-9, atol=1e-11)
        found: Array = solved.y.T
        return found


def entangled(mixing: float) -> Array:
    """c of cos ε |LL⟩ + sin ε |RR⟩: (2, 2) complex128; ε = 0 is a product, ε = π/4 entangled most."""
    left, right = np.array([1.0, -1.0]), np.array([1.0, 1.0])
    c: Array = 0.5 * (math.cos(mixing) * np.outer(left, left) + math.sin(mixing) * np.outer(right, right)) + 0j
    return c


def turned(c: Array, alpha: Array | float, beta: Array | float) -> Array:
    """c after angles α and β, without the phase that all four share: (..., 2, 2)."""
    level = np.arange(2)
    a, b = (np.multiply.outer(np.asarray(x, dtype=float), level) for x in (alpha, beta))
    out: Array = c * np.exp(-1j * (a[..., :, None] + b[..., None, :]))
    return out


def expectations(c: Array, contrast: float) -> tuple[Array, Array, Array]:
    """⟨sgn q1 sgn q2⟩, ⟨sgn q1⟩ and ⟨sgn q2⟩ of normalised c: (..., 2, 2)."""
    other, seen = c[..., ::-1, :], c.conj()
    both, first, second = (np.real((seen * x).sum(axis=(-1, -2))) for x in (other[..., ::-1], other, c[..., ::-1]))
    return contrast**2 * both, contrast * first, contrast * second
