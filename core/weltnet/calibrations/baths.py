"""Hidden states in a bath, and the books that are kept of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators import ledger
from weltnet.kernels import bath
from weltnet.systems import septuple
from weltnet.systems.topologies import topology
from weltnet.theory.canonical import langevin, one_neuron

__all__ = ["CASES"]

Array = NDArray[Any]

NEURONS, GAIN, HOT, REPLICAS = 8, 2.0, 0.4, 1000
WARM, COPIES = 0.3, 4096
"""Temperature of one neuron, at which it is far from a parabola, and how many copies of it there are."""
NEURON = {"f": 0.4, "w": 2.0, "b": 0.3, "y": -0.9}
PLANTED = 0.03


def _canonical(seed: int) -> tuple[float, float]:
    rng, mask = np.random.default_rng(seed), topology("layered", NEURONS, layers=4)
    W, _ = septuple.born(mask, seed, gain=GAIN)
    b, x = 0.3 * rng.standard_normal(NEURONS), np.zeros((REPLICAS, NEURONS))

    def push(x: Array) -> Array:
        e, s = septuple.residual(W, b, x)
        g: Array = e - (e * s) @ W
        return g

    def loss(x: Array) -> Array:
        H: Array = 0.5 * (septuple.residual(W, b, x)[0] ** 2).sum(axis=1)
        return H

    def noise(_: int) -> Array:
        return rng.standard_normal(x.shape)

    x, _ = langevin(push, x, HOT, 0.05, 200, noise)
    H = langevin(push, x, HOT, 0.05, 600, noise, loss)[1] / (0.5 * NEURONS * HOT)
    return float(H.mean()), float(H.std(ddof=1)) / math.sqrt(REPLICAS)


def _one(seed: int) -> tuple[Array, Array]:
    """Means of H and of ∂H/∂w of copies of one neuron between two that are held."""
    widths, way = np.array([1, 1, 1]), np.array([0.0, 0.0, 1.0, 0.0])
    q = np.array([0.0, 0.0, NEURON["w"], NEURON["b"]])
    base, y, ends = np.full((1, COPIES), NEURON["f"]), np.full((1, COPIES), NEURON["y"]), np.zeros((2, 1, COPIES))
    H, work, none = np.empty(COPIES), np.empty((1, COPIES)), np.empty(COPIES)
    for end, h in zip(ends, (-0.01, 0.01), strict=True):
        bath.settle(q + h * way, widths, end, base, y, 40, H, none)
    to = np.diff(ends, axis=0) / 0.02
    x = ends[0].copy()
    for first, ticks in ((0, 100), (100, 300)):
        bath.sample(q, widths, x, base, y, WARM, 0.1, ticks, first, seed, 0, way[None], 0.0 * to, to, H, work)
    return H, work[0]


_, ENERGY, SLOPE = one_neuron(**NEURON, temperature=WARM)


def _energy(seed: int) -> tuple[float, float]:
    H, _ = _one(seed)
    return float(H.mean()) / ENERGY, float(H.std(ddof=1)) / math.sqrt(len(H)) / ENERGY


def _work(seed: int) -> tuple[float, float]:
    _, w = _one(seed)
    return float(w.mean()) / SLOPE, float(w.std(ddof=1)) / math.sqrt(len(w)) / abs(SLOPE)


def _share(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, 8])
    whole = -2.0 + 0.3 * rng.standard_normal(8)
    value, half = ledger.share(PLANTED * whole + 0.004 * rng.standard_normal(8), whole)
    return value, half / 2.365


CASES = (
    Calibration(
        "canonical", "Energy of a network without loops in a bath",
        "Eight neurons in four layers, gain 2, nothing clamped, T = .4: U = nT/2 exactly, since det J = 1.",
        "theory.canonical.langevin", "U/(nT/2)", 1.0, 0.02, _canonical,
    ),
    Calibration(
        "bath", "Energy of one clamped neuron",
        "One hidden neuron between two that are held, at T = .3 no parabola: U by quadrature.",
        "kernels.bath.sample", "U/U₀", 1.0, 0.005, _energy,
    ),
    Calibration(
        "bath-work", "Work on one clamped neuron",
        "The same neuron's ⟨∂H/∂w⟩ by quadrature.",
        "kernels.bath.sample", "w/w₀", 1.0, 0.012, _work,
    ),
    Calibration(
        "ledger-share", "Share of a ledger that is missing",
        "Eight groups' books with three hundredths of ΔU left out, and noise.",
        "ledger.share", "r/ΔU", PLANTED, 0.005, _share,
    ),
)  # fmt: skip
