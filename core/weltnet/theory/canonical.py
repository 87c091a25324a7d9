"""States in a bath: a slow twin of the sampler, Laplace's formulas, and one neuron by quadrature.

Close to the bottom of H, with n free states and G the curvature there,

    U = H_min + nT/2,    S = (n/2)(1 + ln 2πT) + C,    C = −½ ln det G,    dU = T dS + ⟨∂H/∂q⟩·dq.   [2004.09280 §7]

Without loops, at mass 0 and with nothing clamped, x ↦ x − f(Wx + b) has unit Jacobian: U = nT/2 and C = 0 at any T, W.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["entropy", "langevin", "one_neuron"]

Array = NDArray[Any]


def langevin(
    push: Callable[[Array], Array], x: Array, temperature: float, tau: float, ticks: int,
    noise: Callable[[int], Array], look: Callable[[Array], Array] | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """x after `ticks` of x ← x − τ ∂H/∂x + √(2Tτ)(ξ_n + ξ_{n+1})/2, ξ_n = noise(n); the mean of look(x) before each.

    Leimkuhler and Matthews 2013: averages are off by τ² of what is not a parabola, and by nothing else.
    """
    old, seen, size = noise(0), np.zeros(()), np.sqrt(0.5 * temperature * tau)
    for n in range(ticks):
        if look is not None:
            seen = seen + look(x) / ticks
        new = noise(n + 1)
        x = x - tau * push(x) + size * (old + new)
        old = new
    return x, seen


def entropy(n: int, temperature: ArrayLike, log_det: ArrayLike) -> Array:
    """S of n states by Laplace, in nats."""
    return np.asarray(0.5 * n * (1.0 + np.log(2.0 * np.pi * np.asarray(temperature))) - 0.5 * np.asarray(log_det))


def one_neuron(f: float, w: float, b: float, y: float, temperature: float) -> tuple[float, float, float]:
    """F, U and ⟨∂H/∂w⟩ of H = ½ (x − f)² + ½ (y − tanh(w x + b))², x free, by quadrature."""
    x = np.linspace(f - 12.0, f + 12.0, 48001)
    t = np.tanh(w * x + b)
    H = 0.5 * (x - f) ** 2 + 0.5 * (y - t) ** 2
    p = np.exp(-(H - H.min()) / temperature)
    Z = p.sum()
    slope = -(y - t) * (1.0 - t * t) * x
    F = float(H.min() - temperature * np.log(Z * (x[1] - x[0])))
    return F, float((p * H).sum() / Z), float((p * slope).sum() / Z)
