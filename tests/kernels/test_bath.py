"""The bath of hidden states and its bottom.

Chain of trust: `systems.layered`, quadrature and `theory.canonical` → `kernels.bath` → `first-law`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.kernels import bath
from weltnet.systems import layered as net
from weltnet.theory import twins
from weltnet.theory.canonical import langevin, one_neuron

WIDTHS, SAMPLES = (5, 4, 7, 3), 16
SIZES, N = np.array(WIDTHS), 11


def case() -> tuple[Any, ...]:
    """q, images, targets (last index samples) and hidden states of a random network."""
    rng = np.random.default_rng(4)
    q = net.born(WIDTHS, 2, gain=0.8) + 0.1 * rng.standard_normal(net.size(WIDTHS))
    images, y = rng.standard_normal((SAMPLES, 5)), 0.5 * rng.standard_normal((3, SAMPLES))
    return q, images, y, rng.standard_normal((N, SAMPLES))


def layers(images: Any, x: Any, y: Any) -> list[Any]:
    return [images, x[:4].T, x[4:].T, y.T]


def first(q: Any, images: Any) -> Any:
    W, b = net.views(q, WIDTHS)[0]
    return np.ascontiguousarray(W @ images.T + b[:, None])


def ran(x: Any, spans: list[tuple[int, int]], T: float = 0.1, tau: float = 0.2) -> tuple[Any, Any, Any]:
    """States, and the last means of H and of work along two ways, after stretches of (first tick, ticks)."""
    q, images, y, _ = case()
    rng = np.random.default_rng(5)
    dq, dx = rng.standard_normal((2, len(q))), rng.standard_normal((2, N, SAMPLES))
    x, H, work = x.copy(), np.empty(SAMPLES), np.empty((2, SAMPLES))
    speeds = np.array([first(d, images) for d in dq])
    for start, ticks in spans:
        bath.sample(q, SIZES, x, np.tanh(first(q, images)), y, T, tau, ticks, start, 9, 3, dq, speeds, dx, H, work)
    return x, H, work


def test_sampler_is_its_twin() -> None:
    """Chain of trust: a NumPy twin fed the same words. States, energy and work after seven ticks, to 1e-5."""
    q, images, y, x = case()
    rng = np.random.default_rng(5)
    dq, dx = rng.standard_normal((2, len(q))), rng.standard_normal((2, N, SAMPLES))

    def noise(tick: int) -> Any:
        rows = []
        for k in range(0, N, 4):
            w = twins._words(SAMPLES, 30 + tick, 3, k // 4, 9)
            rows += [*twins._normals(w[:, 0], w[:, 1], -np.pi / 4).T, *twins._normals(w[:, 2], w[:, 3], -np.pi / 4).T]
        return np.array(rows[:N])

    def push(x: Any) -> Any:
        return np.concatenate(net.push(q, WIDTHS, layers(images, x, y)), axis=1).T

    def look(x: Any) -> Any:
        h = layers(images, x, y)
        each = [[a[i : i + 1] for a in h] for i in range(SAMPLES)]
        g = np.array([net.bulk_gradient(q, WIDTHS, a) for a in each])
        along = [g @ d + (push(x) * v).sum(axis=0) for d, v in zip(dq, dx, strict=True)]
        return np.array([net.bulk_loss(q, WIDTHS, h), *along])

    after, seen = langevin(push, x, 0.1, 0.2, 7, noise, look)
    found, H, work = ran(x, [(30, 7)])
    assert np.abs(found - after).max() < 1e-5
    assert np.abs(H - seen[0]).max() < 1e-5 and np.abs(work - seen[1:]).max() < 1e-4


def test_bits_do_not_depend_on_how_ticks_are_split() -> None:
    """Chain of trust: counters. Seven ticks at once, or three and four."""
    _, _, _, x = case()
    assert np.array_equal(ran(x, [(30, 7)])[0], ran(x, [(30, 3), (33, 4)])[0])


def test_settling_is_gauss_and_newton() -> None:
    """Chain of trust: `numpy.linalg`. One step, ln det G where it begins, and no force where steps end."""
    q, images, y, x = case()
    found, H, log_det = 0.2 * x, np.empty(SAMPLES), np.empty(SAMPLES)
    h = layers(images, found.copy(), y)
    G, g = net.stiffness(q, WIDTHS, h), np.concatenate(net.push(q, WIDTHS, h), axis=1)
    bath.settle(q, SIZES, found, np.tanh(first(q, images)), y, 1, H, log_det)
    assert log_det == pytest.approx(np.linalg.slogdet(G)[1], abs=1e-6)
    far = np.clip(np.linalg.solve(G, g[..., None])[..., 0].T, -0.5, 0.5)
    assert np.abs(found - (0.2 * x - far)).max() < 1e-6
    assert pytest.approx(net.bulk_loss(q, WIDTHS, layers(images, found, y)), abs=1e-6) == H
    bath.settle(q, SIZES, found, np.tanh(first(q, images)), y, 60, H, log_det)
    assert np.abs(np.concatenate(net.push(q, WIDTHS, layers(images, found, y)), axis=1)).max() < 1e-6


def energy(w: float, T: float, tau: float, seed: int, copies: int = 8192) -> tuple[float, float]:
    """⟨H⟩ of copies of one neuron between f = .4 and y = −.9, and its standard error."""
    q, zero = np.array([0.0, 0.0, w, 0.3]), np.zeros((1, 1, copies))
    x, H, work = np.full((1, copies), 0.4), np.empty(copies), np.empty((1, copies))
    base, y = np.full((1, copies), 0.4), np.full((1, copies), -0.9)
    for start, time in ((0, 8), (8, 60)):
        bath.sample(q, np.array([1, 1, 1]), x, base, y, T, tau, round(time / tau), round(start / tau), seed, 0,
                    np.zeros((1, 4)), zero, zero, H, work)  # fmt: skip
    return float(H.mean()), float(H.std() / np.sqrt(copies))


def test_a_parabola_is_sampled_exactly_at_any_tick() -> None:
    """Chain of trust: T/2 per state. With w = 0 a neuron has U = T/2 above its bottom, at τ = 1.2 too."""
    for tau in (0.1, 1.2):
        U, error = energy(0.0, 0.1, tau, 1)
        assert abs(U - 0.5 * (0.9 + np.tanh(0.3)) ** 2 - 0.05) < 4.0 * error < 0.0015


def test_error_is_of_second_order_in_the_tick() -> None:
    """Chain of trust: quadrature. What ⟨H⟩ of one hot neuron is off by falls at least as τ², by regression."""
    exact = one_neuron(0.4, 1.2, 0.3, -0.9, 1.5)[1]
    ticks = np.array([0.4, 0.6, 0.8])
    off = np.array([energy(1.2, 1.5, tau, 2)[0] - exact for tau in ticks])
    assert np.polyfit(np.log(ticks), np.log(np.abs(off)), 1)[0] > 1.8
    U, error = energy(1.2, 1.5, 0.1, 3)
    assert abs(U - exact) < 4.0 * error < 0.015
