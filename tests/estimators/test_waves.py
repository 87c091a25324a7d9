"""Links of the chain: the string's estimators where `weltnet.calibrations` does not go: other settings, and edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weltnet.estimators import waves
from weltnet.systems.strings import band_limited
from weltnet.theory.strings import WHITE_WAVE_RESIDUAL, dalembert, position

TICKS = 256


def free_string(sites: int = 256, modes: int = 12, ticks: int = TICKS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    start = band_limited(seed, 4, sites, modes, 0).reshape(2, 2, sites)
    return start, np.stack([position(dalembert(start, t)) for t in range(ticks)])


def white(seed: int, sites: int = 256) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((TICKS, 2, sites))


def harmonic(k: float, omega: float, sites: int = 256) -> np.ndarray:
    """cos(ks − ωt) and sin(ks − ωt), k and ω in cycles round the ring."""
    phase = 2 * np.pi * (k * np.arange(sites)[None] - omega * np.arange(TICKS)[:, None]) / sites
    return np.stack([np.cos(phase), np.sin(phase)], axis=1)


def test_the_wave_residual_of_noise_is_its_null_within_its_error() -> None:
    """Calibration: for white fields of seeds 0–39 the 95 % interval holds 1/√3 in 34 of 40 or more (p > .99)."""
    hits = 0
    for seed in range(40):
        residual, error = waves.wave_residual(white(seed, 64), TICKS - 1, TICKS)
        hits += abs(residual - WHITE_WAVE_RESIDUAL) < error
    assert hits >= 34


@pytest.mark.parametrize("speed", [0.5, 0.9])
def test_the_wave_residual_of_a_slow_wave_is_analytic(speed: float) -> None:
    """Calibration: cos(ks − vkt) gives |δ_ω − δ_k|/√(δ_ω² + δ_k²), δ_q = 2(1 − cos q)."""
    k = 2 * np.pi * 8 / 256
    a, b = 2 * (1 - math.cos(speed * k)), 2 * (1 - math.cos(k))
    residual, _ = waves.wave_residual(harmonic(8, 8 * speed), TICKS - 1, TICKS)
    assert residual == pytest.approx(abs(a - b) / math.hypot(a, b), rel=1e-9)


def test_rings_may_start_anywhere() -> None:
    """Estimator: a rolled ring and the place of its newest tick give the same numbers as the unrolled one."""
    x = white(3) + 3.0 * free_string()[1]
    straight = waves.spectrum(x, TICKS - 1, TICKS)
    rolled = waves.spectrum(np.roll(x, 100, axis=0), 99, TICKS)
    assert rolled.shell == pytest.approx(straight.shell, rel=1e-5)
    assert np.allclose(rolled.power, straight.power, rtol=1e-3, atol=1e-6 * straight.power.max())
    expected = waves.wave_residual(x, TICKS - 1, TICKS)
    assert waves.wave_residual(np.roll(x, 100, axis=0), 99, TICKS) == pytest.approx(expected, rel=1e-12)


def test_rows_that_were_not_lived_do_not_count() -> None:
    """Estimator: a half-filled ring gives the same numbers whatever stands in its other half."""
    x = free_string()[1]
    y = x.copy()
    y[100:] = 1e3 * white(4)[100:]
    assert waves.wave_residual(y, 99, 100) == (0.0, 0.0)
    assert waves.spectrum(y, 99, 100).shell == waves.spectrum(x, 99, 100).shell > 0.999


@pytest.mark.parametrize(("sites", "modes"), [(64, 24), (256, 1), (256, 12), (300, 12), (512, 24)])
def test_a_free_string_lies_on_the_light_cone(sites: int, modes: int) -> None:
    """Calibration: share above .9998 also where frequencies fall between bins, interval inside the verdict's band."""
    light = waves.spectrum(free_string(sites, modes)[1], TICKS - 1, TICKS)
    assert light.shell - light.shell_error > 0.9995
    assert light.shell + light.shell_error < 1.001
    assert light.shell > 0.9998


@pytest.mark.parametrize(("k", "omega"), [(8, 8), (8, -8), (-5, 5), (7, 3)])
def test_a_harmonic_is_found_at_its_wave_number_and_frequency(k: int, omega: int) -> None:
    """Calibration: exp i(ks − ωt) peaks at (k, ω) with both signs, so right movers lie on ω = +k."""
    light = waves.spectrum(harmonic(k, omega), TICKS - 1, TICKS)
    i, j = np.unravel_index(np.argmax(light.power), light.power.shape)
    assert (light.waves[i], light.frequencies[j]) == (k, omega)
    assert (light.shell > 0.999) == (abs(k) == abs(omega))


def test_decades_and_extent_describe_the_power() -> None:
    """Estimator: 0 at the peak, −depth where there is nothing, and cells half a bin beyond the outer centres."""
    light = waves.spectrum(harmonic(8, 8), TICKS - 1, TICKS, reach=31)
    decades = light.decades(6.0)
    assert (decades.max(), decades.min()) == (0.0, -6.0)
    assert light.power.shape == (63, 63)
    assert light.extent == (-31.5, 31.5, -31.5, 31.5)
    assert (waves.spectrum(np.zeros((TICKS, 2, 64)), 0, 1).decades(6.0) == -6.0).all()


def test_constraints_hold_for_arc_length_and_not_for_the_mean() -> None:
    """Calibration: arc length gives < 1e-15; the mean, over seeds 0–19, always more than .3."""
    violations = []
    for seed in range(20):
        ds = waves.slopes(free_string(seed=seed)[0])
        length = np.sqrt((ds**2).sum(axis=1))
        assert waves.constraint_violation(ds, length) < 1e-15
        assert waves.constraint_violation(ds, -length) < 1e-15
        violations.append(waves.constraint_violation(ds, waves.mean_slopes(ds)))
    assert min(violations) > 0.3


def test_constraints_are_missed_by_a_known_amount() -> None:
    """Calibration: a clock slow by a factor c on a string of constant speed misses by √2(1 − c²)/(1 + c²)."""
    s = 2 * np.pi * np.arange(64) / 64
    circle = np.stack([np.cos(s), np.sin(s)])
    ds = waves.slopes(np.stack([circle, circle]))
    clock = waves.uniform_slopes(ds)
    assert waves.constraint_violation(ds, clock) < 1e-14
    assert waves.constraint_violation(ds, 0.5 * clock) == pytest.approx(math.sqrt(2) * 0.75 / 1.25, rel=1e-12)
    assert waves.constraint_violation(0 * ds, 0 * clock) == 0.0
