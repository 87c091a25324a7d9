"""The sum over networks without haste: what `weltnet.kernels.coherent` must give, in numpy, term by term.

    d(q, p)/dt = (p, −∇V),   dF/dt = p²/2 − V,   dM/dt = [[0, 1], [−∇∇V, 0]] M,   ψ = Σ a C e^{iF/ħ} g,

by Runge and Kutta's fourth order, C followed along its branch from step to step, Gaussians by exponentials.
                                                                         [Herman and Kluk, Chem. Phys. 91, 27 (1984)]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["prefactor", "summed", "travel"]

Array = NDArray[Any]
Loss = Callable[[Array], tuple[Array, Array, Array]]
"""V (m,), ∇V (m, 2) and ∇∇V (m, 2, 2) at q: (m, 2)."""


def prefactor(M: Array, spread: float) -> Array:
    """det^½ [½(M_qq + M_pp − iħw M_qp + (i/ħw) M_pq)] of M: (m, 4, 4), on the principal branch; spread: ħw."""
    qq, qp, pq, pp = M[:, :2, :2], M[:, :2, 2:], M[:, 2:, :2], M[:, 2:, 2:]
    root: Array = np.sqrt(np.linalg.det(0.5 * (qq + pp - 1j * spread * qp + 1j / spread * pq)))
    return root


def travel(loss: Loss, q: Array, p: Array, dt: float, steps: int, spread: float) -> tuple[Array, ...]:
    """q, p: (m, 2), F: (m,), C: (m,) and M: (m, 4, 4) after `steps` of dt from F = 0, C = 1, M = 1."""
    m = len(q)
    z: tuple[Array, ...] = (q, p, np.zeros(m), np.tile(np.eye(4), (m, 1, 1)))
    C = np.ones(m, complex)
    for _ in range(steps):
        a = _rate(loss, z)
        b = _rate(loss, _moved(z, a, 0.5 * dt))
        c = _rate(loss, _moved(z, b, 0.5 * dt))
        d = _rate(loss, _moved(z, c, dt))
        z = _moved(z, tuple(x + 2.0 * y + 2.0 * u + w for x, y, u, w in zip(a, b, c, d, strict=True)), dt / 6.0)
        root = prefactor(z[3], spread)
        C = np.where((root * C.conj()).real < 0.0, -root, root)
    return z[0], z[1], z[2], C, z[3]


def _rate(loss: Loss, z: tuple[Array, ...]) -> tuple[Array, ...]:
    q, p, _, M = z
    V, slope, bend = loss(q)
    return p, -slope, 0.5 * (p**2).sum(axis=1) - V, np.concatenate([M[:, 2:], -bend @ M[:, :2]], axis=1)


def _moved(z: tuple[Array, ...], rate: tuple[Array, ...], dt: float) -> tuple[Array, ...]:
    return tuple(x + dt * r for x, r in zip(z, rate, strict=True))


def summed(axis: Array, q: Array, p: Array, weights: Array, width: float, hbar: float) -> Array:
    """Σ weight · (w/π)^½ exp(−w|x − q|²/2 + ip·(x − q)/ħ): (n, n) complex128 on axis × axis."""
    x = axis[None, :, None] - q[:, None, :]
    rows = np.exp(-0.5 * width * x**2 + 1j / hbar * p[:, None, :] * x)
    psi: Array = np.sqrt(width / np.pi) * np.einsum("m,mi,mj->ij", weights, rows[..., 0], rows[..., 1])
    return psi
