"""Waves on a ring of neurons, at the settings of the string."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.calibrations.case import Calibration
from weltnet.estimators import target, waves
from weltnet.systems.strings import band_limited, dyadic
from weltnet.theory.strings import WHITE_WAVE_RESIDUAL, dalembert, position

__all__ = ["CASES"]

Array = NDArray[Any]

TICKS, SITES, MODES = 256, 256, 12


def _free(seed: int) -> Array:
    start = dyadic(band_limited(seed, 4, SITES, MODES, 0)).reshape(2, 2, SITES)
    return np.stack([position(dalembert(start, t)) for t in range(TICKS)])


def _white(seed: int) -> Array:
    return np.random.default_rng(seed).standard_normal((TICKS, 2, SITES))


def _slow(seed: int) -> Array:
    """cos and sin of ks − ½kt, k = 8 cycles round the ring."""
    phase = 2.0 * np.pi * 8.0 * (np.arange(SITES) - 0.5 * np.arange(TICKS)[:, None]) / SITES + seed
    return np.stack([np.cos(phase), np.sin(phase)], axis=1)


_k = 2.0 * math.pi * 8.0 / SITES
_bend = 2.0 * (1.0 - math.cos(0.5 * _k)), 2.0 * (1.0 - math.cos(_k))
SLOW_RESIDUAL = abs(_bend[0] - _bend[1]) / math.hypot(*_bend)


def _residual(field: Callable[[int], Array], rounding: float = 0.0) -> Callable[[int], tuple[float, float]]:
    def run(seed: int) -> tuple[float, float]:
        value, half = waves.wave_residual(field(seed), TICKS - 1, TICKS)
        return value, half / 2.262 + rounding

    return run


def _shell(field: Callable[[int], Array]) -> Callable[[int], tuple[float, float]]:
    def run(seed: int) -> tuple[float, float]:
        light = waves.spectrum(field(seed), TICKS - 1, TICKS)
        return light.shell, math.hypot(light.shell_error / 3.182, SIDE_LOBES)

    return run


SIDE_LOBES = 1e-4
"""Share of a line's power that the Hann window leaves outside its main lobe, at any place between two bins."""


def _shell_of_noise(seed: int) -> tuple[float, float]:
    shares = np.array([waves.spectrum(_white(8 * seed + i), TICKS - 1, TICKS).shell for i in range(8)])
    return float(shares.mean()), float(shares.std(ddof=1)) / math.sqrt(8)


def _slow_clock(seed: int) -> tuple[float, float]:
    turn = 2.0 * np.pi * np.arange(SITES) / SITES + seed
    ds = waves.slopes(np.stack([np.stack([np.cos(turn), np.sin(turn)])] * 2))
    return waves.constraint_violation(ds, 0.5 * waves.uniform_slopes(ds)), 1e-12


def _over_copies(seed: int) -> tuple[float, float]:
    x = np.random.default_rng(seed).standard_normal((2000, 8))
    held = np.mean([abs(m) < e for m, e in map(waves.mean_over_copies, x)])
    return float(held), math.sqrt(0.95 * 0.05 / len(x))


def _bent(seed: int) -> Array:
    """Four free strings Y, each (TICKS, 2, SITES), seen as X¹ = Y¹ + BEND (Y²)², X² = Y²."""
    start = 0.2 * band_limited(seed, 16, SITES, 5, 0).reshape(2, 8, SITES)
    Y = np.stack([position(dalembert(start, t)) for t in range(TICKS)]).reshape(TICKS, 4, 2, SITES)
    Y[:, :, 0] += BEND * Y[:, :, 1] ** 2
    return Y


def _connection(seed: int) -> tuple[float, float]:
    X, sums = _bent(seed), target.Sums.empty(4)
    for t in range(1, TICKS - 1):
        target.see(sums, X[t - 1], X[t], X[t + 1])
    value, error = target.jackknife(target.connection(sums).at(np.zeros((2, 1)))[:, 2, 0, 0])
    return float(value), float(error) + RIDGED


BEND, RIDGED = 0.5, 1e-10
"""At one site per tick the differences of a square are exact; the ridge of the regression is what is left."""

CASES = (
    Calibration(
        "wave-noise", "Wave residual of white noise",
        "A field without order has 1/√3.",
        "waves.wave_residual", "wave residual", float(WHITE_WAVE_RESIDUAL), 0.01, _residual(_white),
    ),
    Calibration(
        "wave-free", "Wave residual of a free string",
        "d'Alembert's solution on the dyadic grid has residual 0, not round-off.",
        "waves.wave_residual", "wave residual", 0.0, 1e-12, _residual(_free),
    ),
    Calibration(
        "wave-slow", "Wave residual of a slow wave",
        "cos(ks − vkt) has |δ_ω − δ_k|/√(δ_ω² + δ_k²), δ_q = 2(1 − cos q); here v = ½.",
        "waves.wave_residual", "wave residual", SLOW_RESIDUAL, 1e-9, _residual(_slow, 1e-12),
    ),
    Calibration(
        "shell-free", "Power of a free string on the light cone",
        "d'Alembert's solution has all its power at |ω| = |k|.",
        "waves.spectrum", "power on cone", 1.0, 5e-4, _shell(_free),
    ),
    Calibration(
        "shell-noise", "Power of white noise on the light cone",
        "A flat spectrum has the share of bins that lie on the cone.",
        "waves.spectrum", "power on cone", waves.shell_of_noise(TICKS, SITES), 0.002, _shell_of_noise,
    ),
    Calibration(
        "slow-clock", "Constraints missed by a slow clock",
        "A clock slow by c on a string of constant speed misses by √2 (1 − c²)/(1 + c²); here c = ½.",
        "waves.constraint_violation", "violation", math.sqrt(2.0) * 0.75 / 1.25, 1e-10, _slow_clock,
    ),
    Calibration(
        "connection", "Connection of bent coordinates",
        "Free strings seen in X¹ = Y¹ + ½(Y²)², X² = Y² have Γ¹₂₂ = −1 and no other.",
        "target.connection", "Γ¹₂₂", -2.0 * BEND, 1e-9, _connection,
    ),
    Calibration(
        "over-copies", "Error bars over copies",
        "The 95 % interval over eight normal copies holds their mean in 95 of 100 cases.",
        "waves.mean_over_copies", "coverage", 0.95, 0.02, _over_copies,
    ),
)  # fmt: skip
