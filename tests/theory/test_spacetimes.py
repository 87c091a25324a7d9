"""Planted space-times, the numeric curvature, the leak of the light cone, and λ, ω, R(0) from weights alone."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.curvature import curvature
from weltnet.estimators.generator import Basis, Moments, fit, fold, stencil
from weltnet.kernels.copies import LINEAR, advance
from weltnet.systems.networks import train, weights
from weltnet.theory import spacetimes
from weltnet.theory.spacetimes import contraction, leak

line = np.linspace(-0.6, 0.6, 12)
GRID = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
RING = GRID[(GRID**2).sum(-1) > 0.35**2]


@pytest.mark.parametrize(
    ("planted", "at"),
    [
        (spacetimes.de_sitter(0.05, 1.0), GRID),
        (spacetimes.de_sitter(0.7, 0.4, rotation=0.3), GRID),
        (spacetimes.sphere(0.8), GRID),
        (spacetimes.btz(0.15, 1.3), RING),
        (spacetimes.de_sitter(0.0, 1.0, rotation=0.5), GRID),
    ],
)
def test_numeric_curvature_of_planted_spacetimes(planted, at):
    """Link: closed form R → finite-difference Γ → Riemann → R: within 2e-6 of the scale."""
    R = spacetimes.curvature(planted.metric, at)["R"]
    assert np.abs(R - planted.R).max() < 2e-6 * max(abs(planted.R), 1.0)


def test_de_sitter_solves_the_vacuum_equations():
    """Link: closed form: G_ab = −Λ g_ab with Λ = λ²/S; full tensor, not only the trace."""
    planted = spacetimes.de_sitter(0.3, 0.5)
    full = spacetimes.curvature(planted.metric, GRID)
    assert np.abs(full["G"] + 0.3**2 / 0.5 * full["g"]).max() < 1e-7


def test_numeric_curvature_is_of_fourth_order():
    """Link: convergence: halving the step divides the error by 16."""
    planted = spacetimes.sphere(0.8)
    error = [np.abs(spacetimes.curvature(planted.metric, GRID, step)["R"] - planted.R).max() for step in (0.08, 0.04)]
    assert 12 < error[0] / error[1] < 20


@pytest.mark.parametrize("rate", [0.05, 0.15])
def test_leak_of_a_linear_network(rate):
    """Link: closed form → 102 400 copies of x' = e^{−λ} x + η ξ from X = 0 (seed 1): within .01 at every age."""
    n, copies, eta = 8, 102400, 0.25
    state = np.zeros((copies, n), np.float32)
    a = np.exp(-rate)
    C = 2 * eta**2 / n * 2 * rate / (1 - a**2)
    quiet = {"noise": eta, "kind": LINEAR, "life": 10**9, "reach": 0.0}
    _, _, after, _ = advance(state, a * np.eye(n), np.zeros(n), np.ones(n), seed=1, tick=0, ticks=20, **quiet)
    t = np.arange(1, 21)
    for sharpness in (1.0, 2.0, 4.0):
        S = sharpness * rate
        outside = ((after**2).sum(-1) / C > (S * ((1 - np.exp(-rate * t)) / rate) ** 2)[:, None]).mean(axis=1)
        assert np.abs(outside - leak(S, rate, t)).max() < 0.01


def test_leak_limits():
    """Link: limits: exp(−S t/2) as λ → 0, a floor exp(−S/λ), and expansion sharpens exactly as contraction does."""
    t = np.linspace(0.1, 50, 20)
    assert np.allclose(leak(0.2, 1e-9, t), np.exp(-0.1 * t)) and np.allclose(leak(0.2, 0.0, t), np.exp(-0.1 * t))
    assert leak(0.2, 0.1, 1e4) == pytest.approx(np.exp(-2))
    assert np.allclose(leak(0.2, -0.1, t), leak(0.2, 0.1, t))


def measured(net, Q, noise):
    """λ, ω and R(0) seen by 12 000 copies with a polynomial of degree 5."""
    state, moments = np.zeros((12000 * 64 // net.N, net.N), np.float32), Moments(Basis(5))
    for f in range(10):
        out = advance(state, weights(net, Q), net.b, net.c, seed=5, tick=4 * f, ticks=4, noise=noise)
        fold(moments, *out, halflife=1e9)
    seen = curvature(fit(moments, order=6), stencil(Basis(5), np.zeros((1, 2))), 1.0)
    return -seen.expansion[0] / 2, seen.vorticity[0], seen.R[0]


@pytest.mark.parametrize("kind", ["rotation", "cycle", "wells"])
@pytest.mark.parametrize("noise", [0.1, 0.25])
def test_weights_alone_predict_contraction_rotation_and_curvature(kind, noise):
    """Link: Gaussian closure → measured copies: λ within 3 % + .006, ω within .005; R(0) within 10 % at |λ| > .15."""
    net = train(64, kind, 0, report=lambda fraction, text: None)
    for Q in ((-0.05, 0.05), (-0.05, 0.2), (-0.2, 0.2), (-0.05, 0.4), (0.1, 0.2)):
        rate, rotation, R = measured(net, Q, noise)
        told = contraction(net, Q, noise)
        assert abs(told.rate - rate) < 0.03 * abs(rate) + 0.006, Q
        assert abs(told.rotation - rotation) < 0.005, Q
        if abs(rate) > 0.15:
            assert abs(told.R - R) < 0.10 * R, Q


def test_contraction_of_a_mirror_is_not_a_rotation():
    """Link: definition: a map that reverses X has no real logarithm, so its rotation is not a number."""
    net = train(16, "rotation", 0, report=lambda fraction, text: None)
    told = contraction(net, (-1.6, 0.0), 0.1)
    assert np.linalg.eigvals(told.A).real.max() < 0
    assert np.isfinite(told.rate)
