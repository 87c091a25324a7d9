"""What neurons on a ring have learned: responses to a kick, and weights that fall with distance."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators.cones import agreement, events, front, invariance, leak
from weltnet.estimators.locality import distances, embedding, profile, reach, ringness, share
from weltnet.systems.fields import follow
from weltnet.theory import klein_gordon
from weltnet.theory import locality as best_weights

__all__ = ["CASES"]

Array = NDArray[Any]

TICKS, SITES, NEURONS = 20, 48, 64
_t, _s = np.arange(TICKS + 1.0)[:, None], np.abs(np.arange(SITES) - SITES // 2)[None]
ROUNDING = 1e-12


def _invariance_of_noise() -> float:
    """⟨within⟩/⟨whole⟩ for white G: the checkerboard mean correlates neighbours of one tick by 3/8, 1/4 and 1/16."""
    these = events(TICKS, SITES)
    t, s = np.nonzero(these.chosen)
    apart = np.abs(s[:, None] - s[None])
    covariance = np.where(t[:, None] == t[None], np.array([0.375, 0.25, 0.0625, 0.0])[np.minimum(apart, 3)], 0.0)
    same = these.bins[:, None] == these.bins[None]
    trace = float(np.trace(covariance))
    within = trace - float((covariance * same / np.bincount(these.bins)[these.bins]).sum())
    return 1.0 - within / (trace - float(covariance.sum()) / len(t))


def _noise(seed: int) -> tuple[float, float]:
    fields = np.random.default_rng(seed).standard_normal((60, TICKS + 1, SITES))
    found = np.array([invariance(G) for G in fields])
    return float(found.mean()), float(found.std(ddof=1)) / math.sqrt(len(found))


def _free(seed: int) -> tuple[float, float]:
    now, before = np.roll(np.eye(SITES)[SITES // 2], seed), np.zeros(SITES)
    rows = [now]
    for _ in range(TICKS):
        now, before = follow("klein-gordon", now, before), now
        rows.append(now)
    return invariance(np.roll(rows, -seed, axis=1)), ROUNDING


def _half(seed: int) -> tuple[float, float]:
    whole = klein_gordon.riemann(0.0, events(TICKS, SITES).interval)
    return agreement(np.where(_s <= _t, 0.25, 0.0), whole), ROUNDING


def _everywhere(seed: int) -> tuple[float, float]:
    sign = np.sign(np.random.default_rng(seed).standard_normal((TICKS + 1, SITES)))
    return leak(sign), ROUNDING


def _slow(seed: int) -> tuple[float, float]:
    height = np.random.default_rng(seed).uniform(0.5, 1.0, (TICKS + 1, 1, SITES))
    return front(np.where(_s <= 0.5 * _t, height.transpose(1, 0, 2), 0.0).transpose(1, 0, 2)), 0.005


def _weights(noise: float) -> Array:
    """The best weights there are for data of correlation length 6."""
    i = np.arange(NEURONS)
    W: Array = best_weights.best(noise, 6.0, NEURONS)[(i[:, None] - i[None]) % NEURONS]
    return W


def _over(measure: Callable[[Array], float], W: Array, noise: float, seed: int) -> tuple[float, float]:
    """Mean over twelve networks with noise on their weights, and its standard error."""
    kicks = np.random.default_rng(seed).standard_normal((12, NEURONS, NEURONS)) * (distances(NEURONS) > 0)
    found = np.array([measure(W + noise * k) for k in kicks])
    return float(found.mean()), float(found.std(ddof=1)) / math.sqrt(len(found))


def _reach(seed: int) -> tuple[float, float]:
    return _over(lambda W: reach(profile(W)), _weights(0.5), 0.02, seed)


def _even(seed: int) -> tuple[float, float]:
    return _over(share, np.zeros((NEURONS, NEURONS)), 1.0, seed)


def _ring(seed: int) -> tuple[float, float]:
    order = np.random.default_rng(seed).permutation(NEURONS)
    places = embedding(_weights(0.5)[np.ix_(order, order)])
    return float(ringness(places, 2.0 * np.pi * order / NEURONS)[2].mean()), 1e-7


CASES = (
    Calibration(
        "invariance-noise", "Invariance of a response without order",
        "White noise gives what as many bins explain by chance, with the correlations of the checkerboard mean.",
        "cones.invariance", "B", _invariance_of_noise(), 0.02, _noise,
    ),
    Calibration(
        "invariance-free", "Invariance of the massless wave",
        "d'Alembert's response is one half inside the cone and nothing outside.",
        "cones.invariance", "B", 1.0, 1e-10, _free,
    ),
    Calibration(
        "half-a-cone", "A cone of half the height",
        "With half of what is expected everywhere, a quarter of its power is missed.",
        "cones.agreement", "R²", 0.75, 1e-10, _half,
    ),
    Calibration(
        "leak-everywhere", "Leak of a ring that answers at once",
        "With equal power everywhere the leak is the share of places outside the cone.",
        "cones.leak", "leak", 1.0 - TICKS * (TICKS + 2) / (TICKS * SITES), 1e-10, _everywhere,
    ),
    Calibration(
        "front-slow", "Front of a slow plume",
        "A plume that fills |s| ≤ t/2 has a front of speed one half, up to what whole neurons allow.",
        "cones.front", "v", 0.5, 0.02, _slow,
    ),
    Calibration(
        "reach-planted", "Range of weights under a floor of noise",
        "The best weights at s = ½ and ξ = 6 fall as e^(−d/ℓ), cosh(1/ℓ) = [(1 − ρ²)/s² + 1 + ρ²]/(2ρ).",
        "locality.reach", "ℓ", best_weights.reach(0.5, 6.0), 0.02, _reach,
    ),
    Calibration(
        "share-even", "Weights that prefer nobody",
        "Four of 63 other neurons are within two places.",
        "locality.share", "share of |W|²", 4 / 63, 0.005, _even,
    ),
    Calibration(
        "ring-planted", "The ring of shuffled neurons",
        "The links of the best weights have the ring's two lowest harmonics as modes, in whatever order.",
        "locality.embedding", "⟨cos Δφ⟩", 1.0, 1e-6, _ring,
    ),
)  # fmt: skip
