"""The Schrödinger equation on a periodic line or square: what a wave that listens to no replica does.

    iħ ∂_t ψ = −(ħ²/2m) ∇²ψ + V ψ,   m = 1/(2γ) = 1.                                  [2012.05082 §3, units of γ = ½]

Waves are (n,) or (n, n) complex, first index q1, with Σ|ψ|² · cell = 1; points are x_i = axis[i], and the box closes on
itself. On a line a wave can be stepped; what else is asked of one here is asked on a square.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, eigsh

__all__ = ["SplitStep", "density", "fidelity", "packet"]

Array = NDArray[Any]

DIM = 1e-6
"""A velocity is not asked of a wave where its density is below this fraction of the highest."""


@dataclass(frozen=True, eq=False)
class SplitStep:
    """Strang's splitting, ψ ← e^{−iVdt/2ħ} e^{iħ∇²dt/2} e^{−iVdt/2ħ} ψ, by fast Fourier transforms.

    Unitary to rounding; order 2 in dt, spectral in space. Valid while ħ k²_max dt/2 and V dt/2ħ of what ψ reaches stay
    below π. `dtype` complex64 keeps the norm to 1e-6 a step and is twice as fast.
    """

    axis: Array
    V: Array
    hbar: float
    dt: float
    dtype: Any = np.complex128

    def __post_init__(self) -> None:
        n = len(self.axis)
        if self.V.shape not in ((n,), (n, n)):
            raise ValueError(
                f"V of shape {self.V.shape} is refused; allowed: ({n},) or ({n}, {n}), one value per grid point"
            )
        if not (self.hbar > 0.0 and self.dt > 0.0):
            raise ValueError(
                f"hbar = {self.hbar:g}, dt = {self.dt:g} is refused; allowed: positive numbers (Planck's constant of "
                "the weights and the time step)"
            )

    @cached_property
    def wavenumbers(self) -> Array:
        """(n,) angular wave numbers in the order of the transform."""
        k: Array = 2.0 * np.pi * np.fft.fftfreq(len(self.axis), self.axis[1] - self.axis[0])
        return k

    @cached_property
    def _half(self) -> Array:
        half: Array = np.exp(-0.5j * self.dt / self.hbar * self.V).astype(self.dtype)
        return half

    @cached_property
    def _free(self) -> Array:
        k2 = self.wavenumbers**2
        total = k2 if self.V.ndim == 1 else k2[:, None] + k2[None, :]
        free: Array = np.exp(-0.5j * self.hbar * self.dt * total).astype(self.dtype)
        return free

    @cached_property
    def _slopes(self) -> tuple[Array, Array]:
        # the highest frequency of an even grid has no sign, hence no derivative
        k = np.where(np.arange(len(self.axis)) == len(self.axis) // 2, 0.0, self.wavenumbers)
        real = np.float32 if np.dtype(self.dtype) == np.complex64 else np.float64
        return k[:, None].astype(real), k[None, :].astype(real)

    def step(self, psi: Array, steps: int = 1) -> Array:
        """ψ after `steps` times dt; a new array."""
        psi = psi * self._half
        inner = self._half * self._half
        for left in range(steps - 1, -1, -1):
            psi = scipy.fft.fftn(psi, workers=1, overwrite_x=True)
            psi *= self._free
            psi = scipy.fft.ifftn(psi, workers=1, overwrite_x=True)
            psi *= inner if left else self._half
        return psi

    def flow(self, psi: Array) -> tuple[Array, Array]:
        """Current velocity v = ħ Im ∇ψ/ψ and osmotic velocity u = ħ Re ∇ψ/ψ, each (2, n, n) float64.

        Where |ψ|² is below DIM of its highest value both fade to zero.
        """
        f = scipy.fft.fft2(psi, workers=1)
        p = psi.real**2 + psi.imag**2
        scale = self.hbar / (p + DIM * p.max())
        kx, ky = self._slopes
        ratio = [scipy.fft.ifft2(1j * k * f, workers=1, overwrite_x=True) * psi.conj() * scale for k in (kx, ky)]
        return (
            np.stack([r.imag for r in ratio]).astype(np.float64),
            np.stack([r.real for r in ratio]).astype(np.float64),
        )

    def energy(self, psi: Array) -> float:
        """⟨ψ|H|ψ⟩ of a normalised wave."""
        f = scipy.fft.fft2(psi, norm="ortho", workers=1)
        k2 = self.wavenumbers**2
        kinetic = 0.5 * self.hbar**2 * (np.abs(f) ** 2 * (k2[:, None] + k2[None, :])).sum()
        return float((kinetic + (np.abs(psi) ** 2 * self.V).sum()) * (self.axis[1] - self.axis[0]) ** 2)

    def lowest(self, count: int) -> tuple[Array, Array]:
        """The `count` lowest energies, ascending, and their real orthonormal waves (count, n, n), by Lanczos on H.

        Spectral in space, free of dt. Levels may be degenerate: Lanczos meets one wave of each, and is run again with
        those it met lifted out of the way, so that levels up to twofold come complete.
        """
        n, cell = len(self.axis), (self.axis[1] - self.axis[0]) ** 2
        k2 = self.wavenumbers**2
        kinetic = 0.5 * self.hbar**2 * (k2[:, None] + k2[None, :])
        lift = 2.0 * float(self.V.max() - self.V.min()) + float(kinetic.max())
        start = np.cos(np.arange(n * n) % 7.3) * np.exp(-(self.V - self.V.min()).ravel() / self.hbar)
        known, levels = np.zeros((n * n, 0)), np.zeros(0)
        for _ in range(2):

            def apply(v: Array, met: Array = known) -> Array:
                psi = v.reshape(n, n)
                out: Array = scipy.fft.ifft2(kinetic * scipy.fft.fft2(psi, workers=1), workers=1).real + self.V * psi
                lifted: Array = out.ravel() + lift * (met @ (met.T @ v.ravel()))
                return lifted

            H = LinearOperator((n * n, n * n), matvec=apply, dtype=np.float64)
            found, waves = eigsh(H, k=count, which="SA", ncv=max(40, 4 * count), tol=1e-10, v0=start)
            known, levels = np.hstack([known, waves]), np.concatenate([levels, found])
        order = np.argsort(levels, kind="stable")[:count]
        return levels[order], known[:, order].T.reshape(count, n, n) / np.sqrt(cell)

    def ground(self, *, steps: int = 400, dt: float = 0.05) -> Array:
        """The wave of lowest energy, by imaginary time from a constant; real and positive.

        Converges as e^{−2(E₁−E₀)steps·dt/ħ}: two mirror wells give their even combination at once.
        """
        k2 = self.wavenumbers**2
        free = np.exp(-0.5 * self.hbar * dt * (k2[:, None] + k2[None, :]))
        half = np.exp(-0.5 * dt / self.hbar * (self.V - self.V.min()))
        psi = np.ones_like(self.V)
        for _ in range(steps):
            psi = half * scipy.fft.ifft2(free * scipy.fft.fft2(half * psi, workers=1), workers=1).real
            psi /= np.sqrt((psi**2).sum()) * (self.axis[1] - self.axis[0])
        lowest: Array = np.abs(psi).astype(self.dtype)
        return lowest


def packet(axis: Array, centre: tuple[float, float], spread: float, kick: tuple[float, float] = (0.0, 0.0)) -> Array:
    """A normalised Gaussian wave with |ψ|² of standard deviation `spread` and phase gradient `kick` = v/ħ."""
    x, y = axis[:, None] - centre[0], axis[None, :] - centre[1]
    psi = np.exp(-(x**2 + y**2) / (4.0 * spread**2) + 1j * (kick[0] * x + kick[1] * y))
    out: Array = psi / (np.sqrt((np.abs(psi) ** 2).sum()) * (axis[1] - axis[0]))
    return out


def density(psi: Array) -> Array:
    """|ψ|², float64."""
    p: Array = (psi.real**2 + psi.imag**2).astype(np.float64)
    return p


def fidelity(a: Array, b: Array) -> float:
    """|⟨a|b⟩|²/(⟨a|a⟩⟨b|b⟩), in [0, 1]."""
    return float(abs(np.vdot(a, b)) ** 2 / (np.vdot(a, a).real * np.vdot(b, b).real))
