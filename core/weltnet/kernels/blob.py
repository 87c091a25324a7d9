"""Replicas that feel the pressure of their own density, and no wave: an emergent Schrödinger dynamics without nodes.

    E = Σ_i [½ v_i² + V(q_i)]/M + (ħ²/8) ∫ |∇ρ_h|²/ρ_h,   ρ_h = G_h ∗ Σ_i δ(q − q_i)/M,   unit mass, γ = ½;
    dv_i/dt = −∇V − ∇(G_h ∗ Φ),   Φ = −(ħ²/4) [∇²ρ_h/ρ_h − |∇ρ_h|²/2ρ_h²].

The energy is bounded, ∫|∇ρ_h|²/ρ_h ≤ 2/h², so nothing blows up at nodes, and fringes are washed out there instead.
Smoothing weakens the dial: a Gaussian of variance σ² feels ħ/(1 + h²/σ²). Needs h ≥ 1.7 spacing, or it is unstable.

Density by cloud-in-cell deposit on the periodic (n, n) grid of `weltnet.kernels.grid`, derivatives by Fourier
transform, force by bilinear gather. Nothing here loops but the kernels it calls, so its bits
depend on no number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.ensemble import WALL
from weltnet.kernels.grid import deposit_moments, gather

__all__ = ["NARROWEST", "advance", "fisher", "pressure", "reflect", "smoothed"]

Array = NDArray[Any]

NARROWEST = 1.7
"""The smallest stable bandwidth, in spacings of the grid."""

_EMPTY = 1e-10


def smoothed(q: Array, values: Array, low: float, spacing: float, n: int, bandwidth: float) -> Array:
    """Fourier coefficients (1 + k, n, n/2 + 1) of ρ_h and of the smoothed Σ value; ρ_h integrates to 1."""
    fields = deposit_moments(q, values, low, 1.0 / spacing, n, True)
    k, l = _wavenumbers(n, spacing)
    spectra: Array = np.fft.rfft2(fields) * (np.exp(-0.5 * bandwidth**2 * (k * k + l * l)) / (len(q) * spacing**2))
    return spectra


def pressure(
    spectrum: Array, spacing: float, hbar: float, bandwidth: float, paces: tuple[float, float] = (1.0, 1.0)
) -> Array:
    """The quantum force −∇(G_h ∗ Φ): (2, n, n) of the density with Fourier coefficients (n, n/2 + 1).

    Where the density is below 1e-10 of its peak there is none. With `paces` each direction has its share of Φ.
    """
    n = spectrum.shape[0]
    k, l = _wavenumbers(n, spacing)
    a, b = paces
    rho, x, y, bend = np.fft.irfft2(
        np.stack([spectrum, 1j * _odd(k) * spectrum, 1j * _odd(l) * spectrum, -(a * k * k + b * l * l) * spectrum]),
        s=(n, n),
    )
    there = rho > _EMPTY * rho.max()
    safe = np.where(there, rho, 1.0)
    phi = np.where(there, -0.25 * hbar**2 * (bend / safe - (a * x * x + b * y * y) / (2.0 * safe * safe)), 0.0)
    f = np.fft.rfft2(phi) * np.exp(-0.5 * bandwidth**2 * (k * k + l * l))
    force: Array = np.fft.irfft2(np.stack([-1j * _odd(k) * f, -1j * _odd(l) * f]), s=(n, n))
    return force


def fisher(spectrum: Array, spacing: float) -> float:
    """∫ |∇ρ_h|²/ρ_h, of which ħ²/8 is energy."""
    n = spectrum.shape[0]
    k, l = _wavenumbers(n, spacing)
    rho, x, y = np.fft.irfft2(np.stack([spectrum, 1j * _odd(k) * spectrum, 1j * _odd(l) * spectrum]), s=(n, n))
    there = rho > _EMPTY * rho.max()
    return float(((x * x + y * y)[there] / rho[there]).sum() * spacing**2)


def advance(
    q: Array,
    v: Array,
    force: Array,
    low: float,
    spacing: float,
    hbar: float,
    bandwidth: float,
    dt: float,
    steps: int,
    friction: float,
    paces: tuple[float, float] = (1.0, 1.0),
) -> None:
    """Advance q, v: (M, 2) float64 in place by `steps` of dt. force: (2, n, n), −∇V on the grid.

    `paces` multiply, direction by direction, all that a replica does: dq_i/dt = w_i v_i, and in E both ½ w_i v_i² and
    w_i (∂_iρ_h)²; whoever gives them multiplies the force. v is then the momentum.

    Drift half a step, kick, drift half a step: order 2, and without friction symplectic. `friction` is the rate at
    which a velocity relaxes to the mean of its neighbourhood (G_h ∗ pv)/ρ_h: about 1.5 keeps streams from crossing,
    0 leaves the energy alone. Replicas are reflected at |q| = WALL.
    """
    n = force.shape[1]
    none, pace = np.empty((len(q), 0)), np.array(paces)
    for _ in range(steps):
        _drift(q, v, 0.5 * dt * pace)
        spectra = smoothed(q, v if friction > 0.0 else none, low, spacing, n, bandwidth)
        fields = force + pressure(spectra[0], spacing, hbar, bandwidth, paces)
        if friction > 0.0:
            rho, *momentum = np.fft.irfft2(spectra, s=(n, n))
            mean = np.stack(momentum) / np.maximum(rho, 1e-12)
            pull = gather(np.concatenate([fields, mean]), q, low, 1.0 / spacing)
            v += (1.0 - np.exp(-friction * dt)) * (pull[:, 2:] - v)
            v += dt * pull[:, :2]
        else:
            v += dt * gather(fields, q, low, 1.0 / spacing)
        _drift(q, v, 0.5 * dt * pace)


def _drift(q: Array, v: Array, dt: Array) -> None:
    q += dt * v
    reflect(q, v)


def reflect(q: Array, v: Array) -> None:
    """Replicas beyond |q| = WALL, with their velocities: (M, 2) in place; none is outside afterwards."""
    out = np.abs(q) > WALL
    if out.any():
        v[out] *= -1.0
        q[out] = np.clip(np.sign(q[out]) * 2.0 * WALL - q[out], -WALL, WALL)


def _wavenumbers(n: int, spacing: float) -> tuple[Array, Array]:
    k = 2.0 * np.pi * np.fft.fftfreq(n, spacing)
    return k[:, None], np.abs(k[None, : n // 2 + 1])


def _odd(k: Array) -> Array:
    """Wave numbers of a first derivative: the highest frequency of an even grid has no sign."""
    odd: Array = np.where(np.abs(k) == np.abs(k).max(), 0.0, k)
    return odd
