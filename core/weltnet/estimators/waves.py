"""Is it a wave, is it on the light cone, is it a string: measured on a ring of past ticks and on the present movers.

`history` is (ticks, dims, sites), cyclic in ticks with its newest tick in row `newest`; `lived` of its rows are filled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.special import stdtrit

from weltnet.kernels.chains import wave_sums

__all__ = [
    "LOBE",
    "Spectrum",
    "constraint_violation",
    "mean_over_copies",
    "mean_slopes",
    "rms",
    "shell_of_noise",
    "slopes",
    "spectrum",
    "uniform_slopes",
    "wave_residual",
]

Array = NDArray[np.float64]

LOBE = 2.5
"""Half-width of the light cone in frequency bins: the main lobe of the Hann window and half a bin of mismatch."""


def wave_residual(history: Array, newest: int, lived: int) -> tuple[float, float]:
    """rms(δ_tt X − δ_ss X)/√(ms δ_tt X + ms δ_ss X) over the lived ticks and its 95 % half-width over ten stretches.

    0 for a field that obeys the wave equation with unit speed, 1/√3 for white noise. Returns 0 ± 0 for fewer than three
    ticks and for a field at rest.
    """
    sums = np.empty((max(lived - 2, 0), 3))
    wave_sums(sums, history, newest)
    missed, scale = sums[:, 0], sums[:, 1] + sums[:, 2]
    if not scale.any():
        return 0.0, 0.0
    square, error = _share(missed, scale, min(10, len(sums)))
    residual = math.sqrt(square)
    return residual, 0.5 * error / residual if residual > 0.0 else 0.0


def _share(part: NDArray[Any], whole: NDArray[Any], stretches: int) -> tuple[float, float]:
    """Σ part / Σ whole, and its 95 % half-width as a ratio estimator over stretches (or arms) taken as independent."""
    share = float(part.sum() / whole.sum())
    if stretches < 2:
        return share, 0.0
    off = [piece.sum() for piece in np.array_split(part - share * whole, stretches)]
    spread = math.sqrt(stretches / (stretches - 1) * float(np.square(off).sum())) / float(whole.sum())
    return share, float(stdtrit(stretches - 1, 0.975)) * spread


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Power of X¹ + iX² over wave number and frequency, and the share of it on the light cone |ω| = |k|."""

    power: Array
    """(waves, frequencies), both in cycles around the ring and ascending."""
    waves: Array
    frequencies: Array
    """Right movers lie at frequency = + wave."""
    shell: float
    shell_error: float
    """95 % half-width over the four arms of the cone, which belong to different cycles or senses of rotation."""

    def decades(self, depth: float) -> Array:
        """log₁₀ of power over the largest power, cut off `depth` decades down; all cut off where there is no power."""
        largest = float(self.power.max())
        share = self.power / largest if largest > 0.0 else self.power
        return np.asarray(np.log10(np.maximum(share, 10.0**-depth)))

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Outer edges of the cells of `power`."""
        w, f = 0.5 * (self.waves[1] - self.waves[0]), 0.5 * (self.frequencies[1] - self.frequencies[0])
        return self.waves[0] - w, self.waves[-1] + w, self.frequencies[0] - f, self.frequencies[-1] + f


def spectrum(history: Array, newest: int, lived: int, *, reach: int = 31) -> Spectrum:
    """Hann-windowed power spectrum of the lived ticks, and the share within LOBE bins of |ω| = |k|, without k = 0.

    Complex64 inside: the floor is 1e-13 of the largest power. history must have two dims. The returned power is cropped
    to |wave|, |frequency| ≤ reach; the share is of all power.
    """
    ticks, _, sites = history.shape
    age = (newest - np.arange(ticks)) % ticks
    window = np.where(age < lived, np.sin(np.pi * (age + 1.0) / (lived + 1.0)) ** 2, 0.0)
    z = np.empty((ticks, sites), dtype=np.complex64)
    z.real, z.imag = history[:, 0] * window[:, None], history[:, 1] * window[:, None]
    f = scipy.fft.fft2(z, overwrite_x=True)
    power = f.real**2 + f.imag**2
    power[:, 0] = 0.0
    on_shell, arms = _shell(ticks, sites, lived)
    within = np.bincount(arms, weights=np.where(on_shell, power, 0.0).ravel(), minlength=4)
    total = np.bincount(arms, weights=power.ravel(), minlength=4)
    shell, error = _share(within, total, 4) if total.any() else (0.0, 0.0)
    top = min(int(reach * ticks / sites), ticks // 2 - 1)
    j, m = np.arange(-top, top + 1), np.arange(-reach, reach + 1)
    # The transform's kernel is exp(−i(ks + ωt)), so a right mover f(s − t) sits at ω = −k: frequencies are negated.
    cropped = power[np.ix_(-j, m)].T.astype(float)
    return Spectrum(cropped, m.astype(float), j * (sites / ticks), shell, error)


def shell_of_noise(ticks: int, sites: int) -> float:
    """The share of power on the light cone when there is no order at all: the share of bins that lie on it."""
    on_shell, _ = _shell(ticks, sites, ticks)
    return float(on_shell[:, 1:].mean())


@lru_cache(maxsize=8)
def _shell(ticks: int, sites: int, lived: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    omega = np.fft.fftfreq(ticks, 1.0 / ticks)[:, None]
    k = np.fft.fftfreq(sites, 1.0 / sites)[None, :] * (ticks / sites)
    on_shell = np.abs(np.abs(omega) - np.abs(k)) <= LOBE * ticks / lived
    arms = 2 * (omega >= 0.0).astype(np.int64) + (k > 0.0)
    return on_shell, arms.ravel()


def slopes(movers: Array) -> Array:
    """∂X of each mover along its ring, the difference of neighbours. movers: (2, dims, sites)."""
    return np.asarray(np.roll(movers, -1, axis=-1) - movers)


def mean_slopes(ds: Array) -> Array:
    """∂X⁰ for X⁰ = √D × the mean over all target dimensions. ds: (2, dims, sites); result: (2, sites)."""
    return np.asarray(np.sqrt(ds.shape[1]) * ds.mean(axis=1))


def uniform_slopes(ds: Array) -> Array:
    """∂X⁰ for a clock that ticks alike everywhere, at the rms speed of the string. ds: (2, dims, sites)."""
    rms = np.sqrt((ds**2).sum(axis=1).mean(axis=-1, keepdims=True))
    return np.asarray(np.broadcast_to(rms, (ds.shape[0], ds.shape[2])))


def constraint_violation(ds: Array, time_slopes: Array) -> float:
    """How far −(∂±X⁰)² + |∂±X|² = 0 is missed: √⟨T₊² + T₋²⟩ over the mean of (∂X⁰)² + |∂X|².

    ds: (2, dims, sites), time_slopes: (2, sites). 0 for a relativistic string in conformal gauge; 0 for one at rest.
    """
    space, time = (ds**2).sum(axis=1), time_slopes**2
    scale = float((space + time).mean())
    return float(np.sqrt(((space - time) ** 2).sum(axis=0).mean())) / scale if scale > 0.0 else 0.0


def rms(x: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """Root mean square over `axis`."""
    return np.sqrt(np.mean(np.square(x), axis=axis))


def mean_over_copies(values: Array) -> tuple[float, float]:
    """Mean over independent copies, (copies,), at least two, and its 95 % half-width (Student t)."""
    n = len(values)
    return float(values.mean()), float(stdtrit(n - 1, 0.975)) * float(values.std(ddof=1)) / math.sqrt(n)
