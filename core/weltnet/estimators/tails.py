"""Whether what is rare falls off as a power law: exponents, and the tests of Clauset, Shalizi and Newman (2009).

The *index* a is that of P(x > s) ∝ s^−a, one less than the exponent of the density. Above x_min a power law is an
exponential of y = ln(x/x_min), and a lognormal a normal cut at y = 0; a power law is a limit of it, so that the best
lognormal is never worse. How much better it is per value, ⟨ln p_lognormal − ln p_power⟩, is here the *gain*. That of a
lognormal depends on the share beyond x_min alone (`lognormal_gain`), so that gains are told in units of it: 0 is a
power law, 1 a lognormal, more than 1 what falls off faster still. Errors are those of groups that are independent,
since neighbours in time are not; Vuong's z takes them for so.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri, stdtrit

__all__ = [
    "Tail", "avalanches", "beyond", "binned_index", "compare", "cut", "events", "index", "laws", "lognormal",
    "lognormal_gain", "package", "surrogate",
]  # fmt: skip

Array = NDArray[Any]

MOST = 2000
"""Values of a tail that are compared: more are thinned evenly."""
RANGES = {"alpha": (1.0, 40.0), "mu": (-100.0, 100.0), "sigma": (1e-3, 10.0)}
"""What is sought. The package's own bound on the exponent of a density, 3, makes every steeper tail look unlike a power
law; a lognormal that is one wanders off to σ → ∞, and at σ = 10 misses a power law by less than 1e-4 nats a value."""


@dataclass(frozen=True, slots=True)
class Tail:
    """What the tests say of the values beyond x_min."""

    least: float
    """x_min."""
    values: int
    index: float
    distance: float
    """Of Kolmogorov and Smirnov, to the best power law."""
    z: float
    """Vuong's; negative where the lognormal is preferred."""
    p: float
    gain: float
    """⟨ln p_lognormal − ln p_power⟩ per value, in units of a lognormal's."""
    error: float
    """Its 95 % half-width over groups."""


def _unsure(sums: Array, counts: Array) -> float:
    """The 95 % half-width of Σ sums / Σ counts over groups that are independent."""
    total, groups = float(counts.sum()), len(counts)
    off = sums - counts * (float(sums.sum()) / total)
    freedom = max(groups - 1, 1)
    return float(stdtrit(freedom, 0.975)) * math.sqrt(groups / freedom * float((off**2).sum())) / total


def index(x: Array, share: float, groups: int) -> tuple[float, float]:
    """Index of the largest `share` of |x| by maximum likelihood (Hill), and its 95 % half-width.

    x: a multiple of `groups` values, whose member of a group is its place modulo their number; 0 where values do not
    differ.
    """
    x = np.abs(x) if len(x) else np.zeros(1)
    least = float(np.quantile(x, 1.0 - share))
    beyond = np.flatnonzero(x > least)
    if len(beyond) < 2 * groups or least <= 0.0:
        return 0.0, 0.0
    y, whose = np.log(x[beyond] / least), beyond % groups
    a = 1.0 / float(y.mean())
    error = _unsure(np.bincount(whose, y, minlength=groups), np.bincount(whose, minlength=groups).astype(float))
    return a, a * a * error


def binned_index(counts: Array, width: float, share: float) -> tuple[float, float]:
    """The same of histograms of ln x with bins of this width, one a group: (groups, bins).

    A power law makes the number of the bin geometric, and 1/mean becomes ln(1 + 1/mean)/width, exactly.
    """
    above = np.cumsum(counts.sum(axis=0)[::-1])[::-1]
    if above[0] <= 0:
        return 0.0, 0.0
    low = int(np.flatnonzero(above >= share * above[0])[-1])
    sums = counts[:, low:] @ np.arange(counts.shape[1] - low, dtype=float)
    mean = float(sums.sum() / above[low])
    if mean <= 0.0:
        return 0.0, 0.0
    a = math.log1p(1.0 / mean) / width
    return a, a * _unsure(sums, counts[:, low:].sum(axis=1).astype(float)) / mean


def lognormal_gain(share: float) -> float:
    """Gain of the largest `share` of a lognormal, whatever its spread: with c the normal quantile and λ = φ(c)/share,

    ln(λ − c) + 1 − ½ ln 2π − ½ (1 + c λ) − ln share.
    """
    c = -float(ndtri(share))
    rate = math.exp(-0.5 * c * c) / math.sqrt(2.0 * math.pi) / share
    return math.log(rate - c) + 1.0 - 0.5 * math.log(2.0 * math.pi) - 0.5 * (1.0 + c * rate) - math.log(share)


def beyond(x: Array, at: Array) -> Array:
    """log₁₀ P(> 10^at), at least −8; at: ascending, evenly spaced."""
    if len(x) == 0:
        return np.full(len(at), -8.0)
    place = np.ceil((np.log10(np.maximum(x, 1e-30)) - at[0]) / (at[1] - at[0]))
    counts = np.bincount(np.clip(place, 0, len(at)).astype(int), minlength=len(at) + 1)
    out: Array = np.log10(np.maximum(np.cumsum(counts[::-1])[::-1][1:] / len(x), 1e-8))
    return out


def cut(x: Array) -> tuple[float, float]:
    """x_min and the share beyond it, where a power law is nearest in the sense of Kolmogorov and Smirnov."""
    kept = -np.sort(-x[x > 0.0], axis=None)
    best = (math.inf, float(kept[-1]) if len(kept) else 1.0, 1.0)
    for share in np.geomspace(min(50.0 / max(len(kept), 1), 0.9), 0.9, 60):
        k = int(share * len(kept))
        if k < 10 or kept[k] == kept[0]:
            continue
        y = np.log(kept[:k][::-1] / kept[k])
        F = -np.expm1(-y / y.mean())
        i = np.arange(k) / k
        best = min(best, (float(max((F - i).max(), (i + 1.0 / k - F).max())), float(kept[k]), k / len(kept)))
    return best[1:]


@lru_cache(maxsize=1)
def _cut_normals() -> tuple[Array, Array, Array]:
    """For normals z cut at c: ⟨y²⟩/⟨y⟩² and ⟨y⟩ of y = z − c, and c. They go from a normal, 1, to an exponential, 2."""
    c = np.linspace(-30.0, 30.0, 2401)
    rate = np.exp(-0.5 * c * c - log_ndtr(-c)) / math.sqrt(2.0 * math.pi)
    mean = np.maximum(rate - c, 1e-12)
    return (1.0 - c * mean) / mean**2, mean, c


def lognormal(y: Array) -> tuple[float, float]:
    """Mean and spread of the normal which, cut at 0, is likeliest for y > 0: the one with the ⟨y⟩ and ⟨y²⟩ of y."""
    mean = float(y.mean())
    ratios, means, c = _cut_normals()
    ratio = float((y * y).mean()) / mean**2
    at = float(np.interp(ratio, ratios, c))
    sigma = mean / float(np.interp(at, c, means))
    return -at * sigma, sigma


def laws(x: Array, share: float, far: float) -> tuple[Array, Array]:
    """log₁₀ P(> s) of the likeliest power law and lognormal for the largest `share` of x, from x_min on: s and both.

    far: log₁₀ of the last s that is asked for; (points,) and (2, points), at least −8.
    """
    least = float(np.quantile(x, 1.0 - share)) if len(x) else 1.0
    y = np.log(x[x > least] / least) if least > 0.0 else np.zeros(0)
    if len(y) < 20 or float(y.std()) < 1e-9:
        least, y = 1.0, np.linspace(0.1, 2.0, 20)
    mu, sigma = lognormal(y)
    s = np.linspace(min(math.log10(least), far - 0.1), far, 61)
    over = np.maximum(s * math.log(10.0) - math.log(least), 0.0)
    both = np.stack([-over / float(y.mean()), log_ndtr((mu - over) / sigma) - log_ndtr(mu / sigma)])
    return s, np.clip(both / math.log(10.0) + math.log10(share), -8.0, 0.0)


@lru_cache(maxsize=1)
def package() -> Any:
    """The package powerlaw. It brings matplotlib along, which takes seconds: whoever will `compare` may ask before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import powerlaw
    return powerlaw


def compare(x: Array, whose: Array, share: float, groups: int) -> Tail | None:
    """The tests of the package powerlaw on the largest `share` of x; whose: of which group each is, counted from 0.

    Nothing where fewer than twenty values are left, or where they do not differ.
    """
    least = float(np.quantile(x, 1.0 - share)) if len(x) else 0.0
    beyond = np.flatnonzero(x > least)
    beyond = beyond[:: max(1, math.ceil(len(beyond) / MOST))]
    beyond = beyond[np.argsort(x[beyond], kind="stable")]
    if len(beyond) < 20 or least <= 0.0 or float(np.log(x[beyond]).std()) < 1e-9:
        return None
    y, whose = np.log(x[beyond] / least), whose[beyond]
    scale = float(y.mean())
    # a power of x changes no ratio of likelihoods, and brings every power law to s^−1, where the package searches well
    x = np.exp(y / scale)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = package().Fit(x, xmin=1.0, verbose=0, parameter_ranges=RANGES)
        power, other = fit.power_law, fit.lognormal
        z, p = fit.distribution_compare("power_law", "lognormal", normalized_ratio=True)
        gains = np.asarray(other.loglikelihoods(x)) - np.asarray(power.loglikelihoods(x))
    unit = lognormal_gain(share)
    sums, counts = np.bincount(whose, gains, minlength=groups), np.bincount(whose, minlength=groups).astype(float)
    found = Tail(
        least, len(y), (float(power.alpha) - 1.0) / scale, float(power.D), float(z), float(p),
        float(gains.mean()) / unit, _unsure(sums, counts) / unit,
    )  # fmt: skip
    return found if all(map(math.isfinite, (found.gain, found.error, found.z, found.p, found.distance))) else None


def surrogate(series: Array, phases: Array) -> Array:
    """Gaussian series of the same spectrum, (series, times): Fourier phases are replaced by 2π phases.

    phases: (series, times // 2 + 1) in [0, 1).
    """
    amplitude = np.abs(np.fft.rfft(series - series.mean(axis=1, keepdims=True), axis=1))
    made: Array = np.fft.irfft(amplitude * np.exp(2j * np.pi * phases), series.shape[1], axis=1)
    return made


def avalanches(losses: Array) -> tuple[Array, Array]:
    """Sizes of the excursions above the median, Σ (H − median), and whose they are; losses: (networks, times).

    Excursions that are cut by the beginning or the end are left out.
    """
    sizes, whose = [], []
    for n, row in enumerate(losses):
        over = row - np.median(row)
        edges = np.flatnonzero(np.diff(np.signbit(over)))
        first = 0 if len(edges) and over[edges[0]] < 0.0 else 1
        total = np.concatenate([[0.0], np.cumsum(over)])
        found = total[edges[first + 1 :: 2] + 1] - total[edges[first::2][: len(edges[first + 1 :: 2])] + 1]
        sizes.append(found)
        whose.append(np.full(len(found), n))
    return np.concatenate(sizes), np.concatenate(whose)


def events(losses: Array, lengths: Array, what: str) -> tuple[Array, Array]:
    """Sizes x > 0 of `jumps` of the losses, of `steps`, or of `avalanches`, and whose they are: (networks, times) each.

    Jumps and steps are in units of each network's median, avalanches, of losses over their spread, in that of all.
    """
    if losses.shape[1] < 8:
        return np.zeros(0), np.zeros(0, int)
    if what == "avalanches":
        sizes, whose = avalanches(losses / np.maximum(losses.std(axis=1, keepdims=True), 1e-12))
        return (sizes / np.median(sizes) if len(sizes) else sizes), whose
    x = np.diff(losses, axis=1) if what == "jumps" else lengths
    medians = np.array([np.median(row[row > 0.0]) if (row > 0.0).any() else 1.0 for row in x])
    good = x > 0.0
    return (x / medians[:, None])[good], np.nonzero(good)[0]
