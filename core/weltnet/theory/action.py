"""The equations of the five-term action of learning, all terms kept, and what they leave of a solution on a line.

    S[p, F] = ∫ dt dq √p (−4D ∂² + γ ∂²F + μ ∂_tF + μγ (∂F)² + μV) √p                            [2008.01540 §5]

    ∂_tF + γ (∂F)² + (γ/μ) ∂²F + V = (4D/μ) ∂²√p/√p,   ∂_tp = −2γ ∂(p ∂F) + (γ/μ) ∂²p.

With F = F' + ln p/2μ they are those of Madelung for F', ħ² = 4D/(μγ) − 1/μ² = (κ − 1)/μ², nothing dropped: √p e^{iF'/ħ}
then obeys Schrödinger's equation with mass 1/2γ.                                                            [derived]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Action", "hbar_squared"]

Array = NDArray[Any]


def hbar_squared(D: float, mu: float, gamma: float) -> float:
    """ħ² = 4D/(μγ) − 1/μ²; negative when learning is diffusive."""
    return 4.0 * D / (mu * gamma) - 1.0 / mu**2


@dataclass(frozen=True, slots=True)
class Action:
    """The action with its three constants: entropy produced (D), its multiplier (μ), learning rate (γ)."""

    D: float
    mu: float
    gamma: float = 0.5

    @property
    def dial(self) -> float:
        """κ = 4Dμ/γ."""
        return 4.0 * self.D * self.mu / self.gamma

    def free_energy(self, p: Array, reduced: Array) -> Array:
        """F = F' + ln p/2μ of a density and F': (points,)."""
        F: Array = reduced + np.log(p) / (2.0 * self.mu)
        return F

    def residuals(self, x: Array, V: Array, p: Array, F: Array, apart: float) -> tuple[float, float]:
        """What both equations leave, relative to V (p-weighted rms, means removed) and to ∂_tp (rms).

        x, V: (points,) evenly spaced; p, F: (3, points) at times −apart, 0, apart. Central differences of order 2, over
        points where p is above 1e-4 of its highest value.
        """
        h = float(x[1] - x[0])

        def d(f: Array) -> Array:
            slope: Array = np.gradient(f, h)
            return slope

        def dd(f: Array) -> Array:
            return np.asarray((np.roll(f, -1) - 2.0 * f + np.roll(f, 1)) / h**2)

        g, mu, root = self.gamma, self.mu, np.sqrt(p[1])
        F_t, p_t = (F[2] - F[0]) / (2.0 * apart), (p[2] - p[0]) / (2.0 * apart)
        first = F_t + g * d(F[1]) ** 2 + g / mu * dd(F[1]) + V - 4.0 * self.D / mu * dd(root) / root
        second = p_t + 2.0 * g * d(p[1] * d(F[1])) - g / mu * dd(p[1])
        seen = p[1] > 1e-4 * p[1].max()
        weight = p[1][seen] / p[1][seen].sum()

        def spread(f: Array) -> float:
            f = f[seen] - (f[seen] * weight).sum()
            return float(np.sqrt((f * f * weight).sum()))

        return spread(first) / spread(V), float(np.sqrt((second[seen] ** 2).mean() / (p_t[seen] ** 2).mean()))
