"""Are weights local, how far do they reach, and which geometry do they have of their own?

W: (neurons, neurons) without self-coupling; distance d counts neurons around the ring of their numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

__all__ = ["FARTHEST", "distances", "embedding", "profile", "reach", "ringness", "share"]

Array = NDArray[Any]

FARTHEST = 8
"""Distances up to which an exponential and a floor are fitted."""
SALIENT = 0.2
"""A link is no weaker than this share of the strongest one of both its ends."""
_GRID = np.geomspace(0.15, 50.0, 400)
_FALLS = np.exp(-2.0 * np.arange(1.0, FARTHEST + 1.0)[None] / _GRID[:, None])
_FALLS -= _FALLS.mean(axis=1, keepdims=True)


@lru_cache(maxsize=8)
def distances(neurons: int) -> Array:
    """(neurons, neurons) distance around the ring."""
    i = np.arange(neurons)
    apart = np.abs(i[:, None] - i[None])
    out: Array = np.minimum(apart, neurons - apart)
    out.setflags(write=False)
    return out


def profile(W: Array, some: Array | None = None) -> Array:
    """p(d), rms of the weights at distance d = 0 … neurons // 2, into all neurons or into `some`."""
    neurons = len(W)
    columns = slice(None) if some is None else some
    d = distances(neurons)[:, columns].ravel()
    counts = np.bincount(d, minlength=neurons // 2 + 1)
    return np.asarray(np.sqrt(np.bincount(d, (W[:, columns] ** 2).ravel(), minlength=neurons // 2 + 1) / counts))


def share(W: Array, within: int = 2, some: Array | None = None) -> float:
    """Share of |W|² at d ≤ `within`; 4/63 for 64 neurons that prefer none, 0 where there are no weights."""
    columns = slice(None) if some is None else some
    power = W[:, columns] ** 2
    whole = float(power.sum())
    return float(power[distances(len(W))[:, columns] <= within].sum()) / whole if whole > 0.0 else 0.0


def reach(p: Array) -> float:
    """ℓ of p² = A e^(−2d/ℓ) + floor at d = 1 … FARTHEST by least squares; the longest there is if nothing falls."""
    y = p[1 : FARTHEST + 1] ** 2
    if not y.any():
        return float(_GRID[-1])
    y = (y - y.mean()) / y.max()
    height = (_FALLS @ y) / (_FALLS**2).sum(axis=1)
    missed = np.where(height > 0.0, ((y - height[:, None] * _FALLS) ** 2).sum(axis=1), np.inf)
    if not np.isfinite(missed).any():
        return float(_GRID[-1])
    i = int(np.argmin(missed))
    if not 0 < i < len(_GRID) - 1 or not np.isfinite(missed[i - 1 : i + 2]).all():
        return float(_GRID[i])
    below, here, above = missed[i - 1 : i + 2]
    bend = below - 2.0 * here + above
    part = 0.5 * (below - above) / bend if bend > 0.0 else 0.0
    return float(_GRID[i] * (_GRID[1] / _GRID[0]) ** part)


def embedding(W: Array) -> Array:
    """Places of the neurons, (neurons, 2), from the strengths of their links alone: no number of a neuron is used.

    Links are |W| + |Wᵀ|, without those that are faint for both their ends; places are the two smoothest modes of their
    Laplacian, unit rms each.
    """
    links = np.abs(W) + np.abs(W.T)
    strongest = links.max(axis=0)
    links = np.where(links >= SALIENT * np.minimum(strongest[:, None], strongest), links, 0.0)
    laplacian = np.diag(links.sum(axis=0)) - links
    modes = eigh(laplacian, subset_by_index=(1, 2))[1]
    return np.asarray(modes * np.sqrt(len(W)))


def ringness(places: Array, angles: Array) -> tuple[complex, bool, Array]:
    """How well places go round as `angles` do: the turn e^{iφ} that fits best, whether mirrored, cos of what is off.

    The mean of the third, (neurons,), is 1 for the ring in its order, turned or mirrored, and some .15 by chance.
    """
    z = places[:, 0] + 1j * places[:, 1]
    phase = z / np.maximum(np.abs(z), 1e-300)
    sums = [(p * np.exp(-1j * angles)).mean() for p in (phase, phase.conj())]
    mirrored = bool(abs(sums[1]) > abs(sums[0]))
    turn = sums[mirrored] / max(abs(sums[mirrored]), 1e-300)
    off = (phase.conj() if mirrored else phase) * np.exp(-1j * angles) / turn
    return complex(turn), mirrored, np.asarray(off.real)
