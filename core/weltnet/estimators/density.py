"""The density of an ensemble, in the plane or on a line: cloud-in-cell deposit, then Gaussian smoothing by Fourier."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from weltnet.kernels.grid import deposit, gather

__all__ = ["Grid", "Line"]

Array = NDArray[Any]


@dataclass(frozen=True)
class Grid:
    """A periodic n × n grid over the box [−half_width, half_width)²; points are x_i = −half_width + i spacing.

    Fields are (n, n) float64, first index q1. An ensemble must stay a few bandwidths off the edge, or it is smoothed
    round the box.
    """

    n: int = 96
    half_width: float = 3.0

    def __post_init__(self) -> None:
        if self.n < 8 or self.n % 2 or not self.half_width > 0.0:
            raise ValueError(
                f"n = {self.n}, half_width = {self.half_width:g} is refused; allowed: an even n from 8 up and a "
                "positive half_width (points per axis and half the side of the box)"
            )

    @cached_property
    def axis(self) -> Array:
        """(n,) coordinates of the points on either axis."""
        return -self.half_width + self.spacing * np.arange(self.n)

    @cached_property
    def spacing(self) -> float:
        """Distance between neighbouring points."""
        return 2.0 * self.half_width / self.n

    @cached_property
    def cell(self) -> float:
        """Area of one cell, so that ∫ f = f.sum() · cell."""
        return self.spacing**2

    @property
    def deposit_variance(self) -> float:
        """Variance per axis that the cloud-in-cell deposit adds to a member, averaged over positions in the cell."""
        return self.spacing**2 / 6.0

    @cached_property
    def _wavenumbers(self) -> tuple[Array, Array]:
        kx = 2.0 * np.pi * np.fft.fftfreq(self.n, self.spacing)
        return kx[:, None], np.abs(kx[None, : self.n // 2 + 1])

    def counts(self, q: Array) -> Array:
        """Density of q: (members, 2) without smoothing; integrates to 1."""
        field: Array = deposit(q, -self.half_width, 1.0 / self.spacing, self.n, True)
        return field / (len(q) * self.cell)

    def spectrum(self, field: Array) -> Array:
        """Fourier coefficients of a real field: (n, n/2 + 1) complex."""
        out: Array = scipy.fft.rfft2(field, workers=1)
        return out

    def field(self, spectrum: Array) -> Array:
        """The real field of Fourier coefficients."""
        out: Array = scipy.fft.irfft2(spectrum, s=(self.n, self.n), workers=1)
        return out

    def kernel(self, bandwidth: float) -> Array:
        """Fourier transform of the Gaussian of standard deviation `bandwidth`."""
        kx, ky = self._wavenumbers
        out: Array = np.exp(-0.5 * bandwidth**2 * (kx**2 + ky**2))
        return out

    def smooth(self, field: Array, bandwidth: float) -> Array:
        """The field convolved with a Gaussian of standard deviation `bandwidth` (h_b); keeps the integral."""
        return self.field(self.spectrum(field) * self.kernel(bandwidth))

    def density(self, q: Array, bandwidth: float) -> Array:
        """Kernel density estimate p(q): positive, integrates to 1 up to rounding; biased by a variance bandwidth²."""
        return np.maximum(self.smooth(self.counts(q), bandwidth), 1e-30)

    def slopes(self, spectrum: Array) -> tuple[Array, Array]:
        """Spectral derivatives ∂1 and ∂2 of the field with these coefficients."""
        kx, ky = self._wavenumbers
        # the highest frequency of an even grid has no sign, hence no derivative
        kx = np.where(np.arange(self.n)[:, None] == self.n // 2, 0.0, kx)
        ky = np.where(np.arange(self.n // 2 + 1)[None, :] == self.n // 2, 0.0, ky)
        return self.field(1j * kx * spectrum), self.field(1j * ky * spectrum)

    def gradient(self, field: Array) -> Array:
        """∇f by Fourier derivatives: (2, n, n); spectrally exact for smooth periodic fields."""
        return np.stack(self.slopes(self.spectrum(field)))

    def drawn(self, p: Array, u: Array) -> Array:
        """Places (members, 2) of density p: (n, n), not normed, constant in each cell, from uniform u: (members, 3)."""
        total = np.cumsum(p.ravel())
        cell = np.minimum(np.searchsorted(total, u[:, 0] * total[-1]), self.n**2 - 1)
        middle = np.column_stack([self.axis[cell // self.n], self.axis[cell % self.n]])
        places: Array = middle + self.spacing * (u[:, 1:] - 0.5)
        return places

    def at(self, fields: Array, q: Array) -> Array:
        """Bilinear values of fields (k, n, n) at q: (members, 2); returns (members, k)."""
        out: Array = gather(np.ascontiguousarray(fields), q, -self.half_width, 1.0 / self.spacing)
        return out


@dataclass(frozen=True)
class Line:
    """A periodic grid of n points over [−half_width, half_width): for one weight what `Grid` is for two."""

    n: int
    half_width: float

    @cached_property
    def axis(self) -> Array:
        """(n,) coordinates of the points."""
        return -self.half_width + self.cell * np.arange(self.n)

    @cached_property
    def cell(self) -> float:
        """Distance between neighbouring points, so that ∫ f = f.sum() · cell."""
        return 2.0 * self.half_width / self.n

    def counts(self, q: Array) -> Array:
        """Density of q: (members,) without smoothing; integrates to 1."""
        u = (q + self.half_width) / self.cell
        i = np.floor(u).astype(np.int64)
        f, n = u - i, self.n
        field: Array = np.bincount(i % n, 1.0 - f, n) + np.bincount((i + 1) % n, f, n)
        return field / (len(q) * self.cell)

    def smooth(self, field: Array, bandwidth: float) -> Array:
        """The field convolved with a Gaussian of standard deviation `bandwidth` (h_b); keeps the integral."""
        k = 2.0 * np.pi * np.fft.rfftfreq(self.n, self.cell)
        out: Array = scipy.fft.irfft(scipy.fft.rfft(field) * np.exp(-0.5 * (bandwidth * k) ** 2), self.n)
        return out
