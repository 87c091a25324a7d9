"""Planted space-times, the numeric curvature, the leak of the light cone, and λ, ω, R(0) from weights alone."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

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


def symbolic(g, coordinates):
    """Ricci tensor and Christoffel symbols of a sympy matrix, straight from the definition."""
    n, x, up = len(coordinates), coordinates, g.inv()
    gamma = [
        [[sum(up[a, d] * (g[d, b].diff(x[c]) + g[d, c].diff(x[b]) - g[b, c].diff(x[d])) for d in range(n)) / 2
          for c in range(n)] for b in range(n)] for a in range(n)
    ]  # fmt: skip
    ricci = sympy.Matrix(n, n, lambda b, d: sum(
        gamma[a][b][d].diff(x[a]) - gamma[a][b][a].diff(x[d])
        + sum(gamma[a][a][e] * gamma[e][b][d] - gamma[a][d][e] * gamma[e][b][a] for e in range(n)) for a in range(n)
    ))  # fmt: skip
    return ricci, gamma


@pytest.mark.parametrize("dims", [2, 3])
def test_numeric_curvature_against_symbols(dims):
    """Link: definition, in sympy → differences: Γ and R_ab of a metric without symmetry that depends on time."""
    t, *X = x = sympy.symbols("t x y z")[: dims + 1]
    v = [sympy.sin(X[(i + 1) % dims]) * (1 + t / 3) for i in range(dims)]
    h = sympy.diag(*[sympy.exp(X[i] / 2 + t / 5) for i in range(dims)])
    h[0, 1] = h[1, 0] = X[0] / 5
    low = h * sympy.Matrix(v)
    g = sympy.zeros(dims + 1)
    g[0, 0] = -(1 + X[0] ** 2 / 4) + (sympy.Matrix(v).T * low)[0]
    for i in range(dims):
        g[0, i + 1] = g[i + 1, 0] = -low[i]
    g[1:, 1:] = h
    at = np.array([0.3, -0.2, 0.4, 0.1])[: dims + 1]
    # Derivatives first, then numbers: simplifying the whole would take minutes.
    point = dict(zip(x, map(sympy.Float, at), strict=True))
    number = sympy.lambdify(x, g, "numpy")

    def metric(events):
        flat = [np.array(number(*e), dtype=float) for e in events.reshape(-1, dims + 1)]
        return np.array(flat).reshape(*events.shape[:-1], dims + 1, dims + 1)

    seen = spacetimes.curvature(metric, at[None])
    ricci, gamma = taken_at(g, x, point)
    assert np.abs(seen["Gamma"][0] - gamma).max() < 1e-9 and np.abs(seen["Ricci"][0] - ricci).max() < 1e-7


def taken_at(g, x, point):
    """Ricci and Γ at a point from sympy's derivatives of g: ∂Γ from ∂g⁻¹ = −g⁻¹ ∂g g⁻¹, so that no inverse expands."""
    n = len(x)
    value = lambda m: np.array(m.subs(point).evalf(), dtype=float)  # noqa: E731
    up = np.linalg.inv(value(g))
    d1 = np.array([value(g.diff(c)) for c in x])
    d2 = np.array([[value(g.diff(c).diff(d)) for d in x] for c in x])
    low = (np.einsum("bac->abc", d1) + np.einsum("cab->abc", d1) - d1) / 2
    dlow = (np.einsum("fbac->fabc", d2) + np.einsum("fcab->fabc", d2) - d2) / 2
    gamma = np.einsum("ad,dbc->abc", up, low)
    dup = -np.einsum("ae,feg,gd->fad", up, d1, up)
    dgamma = np.einsum("fad,dbc->fabc", dup, low) + np.einsum("ad,fdbc->fabc", up, dlow)
    ricci = np.einsum("aabd->bd", dgamma) - np.einsum("daba->bd", dgamma)
    ricci += np.einsum("aae,ebd->bd", gamma, gamma) - np.einsum("ade,eba->bd", gamma, gamma)
    assert n == len(ricci)
    return ricci, gamma


def test_schwarzschild_is_empty_in_symbols_too():
    """Link: sympy: every component of R_ab of the Painlevé–Gullstrand form in spherical coordinates is 0."""
    t, r, a, b = sympy.symbols("t r a b", positive=True)
    v = -sympy.sqrt(1 / r)
    g = sympy.Matrix([[-1 + v**2, -v, 0, 0], [-v, 1, 0, 0], [0, 0, r**2, 0], [0, 0, 0, r**2 * sympy.sin(a) ** 2]])
    ricci, _ = symbolic(g, [t, r, a, b])
    assert sympy.simplify(ricci) == sympy.zeros(4)


def test_schwarzschild():
    """Link: closed form, three dimensions: R_ab = 0 on both sides of the horizon at r = 2M."""
    planted = spacetimes.schwarzschild(0.4)
    X = np.random.default_rng(0).standard_normal((40, 3))
    X *= np.linspace(0.5, 2.0, 40)[:, None] / np.linalg.norm(X, axis=1, keepdims=True)
    seen = spacetimes.curvature(planted.metric, X, 2e-3)
    assert np.abs(seen["Ricci"]).max() < 1e-6 < np.abs(seen["Gamma"]).max()


@pytest.mark.parametrize(("power", "dims"), [(2 / 3, 3), (0.5, 3), (1.0, 2), (0.5, 2)])
def test_friedmann(power, dims):
    """Link: closed form, a metric that depends on time: R, and the energy density that who rests in X finds."""
    space = spacetimes.Friedmann(power, dims)
    events = np.random.default_rng(1).uniform(0.8, 2.0, (30, dims + 1))
    seen = spacetimes.curvature(space.metric, events)
    frame = spacetimes.components(seen["G"], spacetimes.vielbein(seen["g"]))
    assert np.abs(seen["R"] - space.R(events[:, 0])).max() < 1e-6
    assert np.abs(frame[:, 0, 0] - space.normal(events[:, 0])).max() < 1e-6
    assert np.abs(frame[:, 0, 1:]).max() < 1e-6


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_adm_and_back(dims):
    """Link: definition: lapse, drift and h make g and come back; the vielbein makes it diag(−1, 1, …)."""
    rng = np.random.default_rng(2)
    S, v, a = rng.uniform(0.5, 2, 7), rng.standard_normal((7, dims)), rng.standard_normal((7, dims, dims))
    h = a @ a.swapaxes(1, 2) + 0.5 * np.eye(dims)
    g = spacetimes.adm(S, v, h)
    back = spacetimes.split(g)
    assert all(np.allclose(x, y) for x, y in zip((S, v, h), back, strict=True))
    e = spacetimes.vielbein(g)
    assert np.abs(spacetimes.components(g, e) - np.diag([-1.0] + [1.0] * dims)).max() < 1e-12
    assert np.allclose(e[:, 0, 1:] / e[:, 0, :1], v)


def test_metric_of_the_wrong_size_is_refused():
    """Link: the ground: points must be places or events of the metric's own dimension."""
    with pytest.raises(ValueError, match=r"points of 1; allowed: 2 \(places\), 3 \(events\)"):
        spacetimes.curvature(lambda X: np.broadcast_to(np.eye(3), (*X.shape[:-1], 3, 3)), np.zeros((4, 1)))


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
