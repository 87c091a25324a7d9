"""Gibbs' states of networks: what is known of U and S exactly or by Laplace.

Chain of trust: statistical mechanics → `theory.canonical` → `kernels.bath`, `first-law`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.systems import septuple
from weltnet.systems.topologies import topology
from weltnet.theory.canonical import entropy, langevin, one_neuron

N = 8


def energy(kind: Any, gain: float, T: float, *, seed: int = 1, tau: float = 0.05) -> tuple[float, float]:
    """U/(nT/2) of an unclamped network at mass 0, and its standard error over 400 copies."""
    rng, mask = np.random.default_rng(seed), topology(kind, N)
    W, _ = septuple.born(mask, seed, gain=gain)
    b = 0.3 * rng.standard_normal(N)

    def push(x: Any) -> Any:
        e, s = septuple.residual(W, b, x)
        return e - (e * s) @ W

    def noise(_: int) -> Any:
        return rng.standard_normal((400, N))

    x, _ = langevin(push, np.zeros((400, N)), T, tau, round(8 / tau), noise)
    _, H = langevin(push, x, T, tau, round(25 / tau), noise, lambda x: septuple.bulk(W, b, x, mask)[0])
    return float(H.mean()) / (0.5 * N * T), float(H.std() / np.sqrt(400)) / (0.5 * N * T)


def test_energy_of_a_dense_network_is_of_a_parabola() -> None:
    """Figure of the design: N = 8 dense, gain .5, T = .1: |U/(nT/2) − 1| < 2 % by the sampler."""
    ratio, error = energy("dense", 0.5, 0.1)
    assert abs(ratio - 1.0) < 0.02 and error < 0.006


def test_without_loops_it_is_so_at_any_weights() -> None:
    """Chain of trust: unit Jacobian. A layered network of gain 2.5 at T = .8, far from a parabola: U = nT/2 exactly."""
    ratio, error = energy("layered", 2.5, 0.8, tau=0.02)
    assert abs(ratio - 1.0) < 4.0 * error < 0.025


def test_with_strong_loops_it_is_not() -> None:
    """Figure of the design, where it stops: dense at gain 2 and T = .8 is off by more than 3 %."""
    ratio, error = energy("dense", 2.0, 0.8)
    assert abs(ratio - 1.0) > 0.03 > 3.0 * error


def test_heat_and_work_make_up_the_energy_of_one_neuron() -> None:
    """Chain of trust: quadrature. dF = ⟨∂H/∂w⟩ dw and U = F + TS; S is Laplace's at low T and not at high."""
    for T, near in ((0.002, 0.002), (0.5, 0.2)):
        (F0, *_), (F, U, slope), (F1, *_) = (one_neuron(0.4, w, 0.3, -0.9, T) for w in (1.49, 1.5, 1.51))
        assert slope == pytest.approx((F1 - F0) / 0.02, rel=1e-3)
        x = np.linspace(-2.0, 1.0, 300001)
        t = np.tanh(1.5 * x + 0.3)
        low = x[np.argmin(0.5 * (x - 0.4) ** 2 + 0.5 * (0.9 + t) ** 2)]
        s = 1.0 - np.tanh(1.5 * low + 0.3) ** 2
        e = -0.9 - np.tanh(1.5 * low + 0.3)
        whole = 1.0 + 1.5**2 * s * (s + 2.0 * e * np.tanh(1.5 * low + 0.3))
        assert (abs((U - F) / T - entropy(1, T, np.log(whole))) < near) == (T < 0.1)
