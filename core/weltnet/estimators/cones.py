"""Is a response Lorentz invariant: does it depend on s² = t² − s² alone, and does it keep inside its cone?

A response G: (ticks + 1, sites) is that of one kicked site, drawn at column sites // 2, or the mean over several. Times
are counted from the apex of the cone, one tick before the kick is seen. Events are those of the checkerboard mean
(G_s + (G_{s−1} + G_{s+1})/2)/2, which joins the two sublattices that a light-cone lattice keeps apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Events", "agreement", "binned", "centred", "events", "front", "invariance", "leak", "smooth"]

Array = NDArray[Any]

EARLIEST, RIM, STRIP = 3, 1, 3
"""First tick of an event, sites on either side of the cone that are left out, sites outside of it that are kept."""
THRESHOLD, LAUNCH = 0.1, 15
"""Share of the strongest sites that marks a front, and the tick up to which a front is followed."""


@dataclass(frozen=True, slots=True)
class Events:
    """Where a response is looked at. interval: (events,) s²; chosen: (ticks + 1, sites) bool; bins: (events,) int."""

    interval: Array
    chosen: Array
    bins: Array

    @property
    def proper(self) -> Array:
        """√|s²| with the sign of s²: proper time inside the cone, minus the distance outside."""
        return np.asarray(np.sign(self.interval) * np.sqrt(np.abs(self.interval)))

    @property
    def centres(self) -> Array:
        """Proper time at the middle of each bin; the first bin is all that is outside the cone."""
        counts = np.bincount(self.bins)
        return np.asarray(np.bincount(self.bins, self.proper) / np.maximum(counts, 1))[counts > 0]


@lru_cache(maxsize=8)
def events(ticks: int, sites: int) -> Events:
    """The events of a response of this shape: bins are one tick of proper time wide, and one outside the cone."""
    s, t = np.abs(np.arange(sites) - sites // 2)[None], np.arange(ticks + 1)[:, None]
    chosen = (t >= EARLIEST) & (s < sites // 2 - 2) & (np.abs(s - t - 1) > RIM) & (s <= t + STRIP)
    interval = ((t + 1.0) ** 2 - s**2)[chosen]
    bins = np.where(interval < 0.0, 0, 1 + np.sqrt(np.maximum(interval, 0.0)).astype(np.int64))
    return Events(interval, chosen, np.unique(bins, return_inverse=True)[1])


def centred(G: Array, kicked: Array) -> Array:
    """Responses G: (ticks + 1, sources, sites) with each source, at site kicked[a], moved to column sites // 2."""
    sites = G.shape[-1]
    moved = (np.arange(sites)[None] + kicked[:, None] - sites // 2) % sites
    return np.asarray(np.take_along_axis(G, np.broadcast_to(moved, G.shape), axis=-1))


def smooth(G: Array) -> Array:
    """The checkerboard mean of a response, (ticks + 1, sites)."""
    return np.asarray(0.5 * (G + 0.5 * (np.roll(G, 1, axis=-1) + np.roll(G, -1, axis=-1))))


def _seen(G: Array) -> tuple[Events, Array]:
    these = events(G.shape[0] - 1, G.shape[1])
    return these, smooth(G)[these.chosen]


def binned(G: Array) -> Array:
    """Mean of the events of each bin of equal s²."""
    these, g = _seen(G)
    return np.asarray(np.bincount(these.bins, g) / np.bincount(these.bins))


def invariance(G: Array) -> float:
    """B, the share of the variance of the events that s² alone explains: 1 − Σ(g − ⟨g⟩_s²)²/Σ(g − ⟨g⟩)²; 0 for none."""
    these, g = _seen(G)
    whole = float(((g - g.mean()) ** 2).sum())
    within = float(((g - binned(G)[these.bins]) ** 2).sum())
    return 1.0 - within / whole if whole > 0.0 else 0.0


def agreement(G: Array, expected: Array) -> float:
    """R² = 1 − Σ(g − expected)²/Σ expected² over the events; nothing is fitted. expected: (events,)."""
    _, g = _seen(G)
    return 1.0 - float(((g - expected) ** 2).sum() / (expected**2).sum())


def leak(G: Array) -> float:
    """Share of the power outside the cone |s| ≤ t, over all ticks after the kick; 0 where nothing is left.

    G: (ticks + 1, sites) or (ticks + 1, sources, sites), where powers are added up.
    """
    ticks, sites = G.shape[0] - 1, G.shape[-1]
    power = (G * G).reshape(ticks + 1, -1, sites).sum(axis=1)[1:]
    outside = np.abs(np.arange(sites) - sites // 2)[None] > np.arange(1, ticks + 1)[:, None]
    whole = float(power.sum())
    return float(power[outside].sum()) / whole if whole > 0.0 else 0.0


def front(G: Array) -> float:
    """Sites per tick of the outermost site with THRESHOLD of the second strongest, by a line through LAUNCH ticks.

    G: (ticks + 1, sources, sites), rms over sources. 0 where the whole ring answers at once: there is no front.
    """
    height = np.sqrt((G[1:LAUNCH] ** 2).mean(axis=1))
    sites = G.shape[-1]
    strong = np.sort(height, axis=1)[:, -2:-1]
    distance = np.abs(np.arange(sites) - sites // 2)
    reach = np.where((height > THRESHOLD * strong) & (height > 0.0), distance[None], 0).max(axis=1)
    t = np.arange(1.0, LAUNCH) - 0.5 * LAUNCH
    return float((t * reach).sum() / (t * t).sum())
