"""The drift generator: recovered on planted maps, its orders, its errors, closure, and the response to a jump."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm, logm

from weltnet.estimators.curvature import curvature
from weltnet.estimators.generator import Basis, Moments, fit, fold, jackknife, stencil
from weltnet.kernels.copies import LINEAR, advance
from weltnet.systems.networks import train, weights

CENTRE = np.zeros((1, 2))
line = np.linspace(-0.35, 0.35, 9)
MAP = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
TURN = np.array([[0.0, -1.0], [1.0, 0.0]])


def planted(move, *, degree=5, count=6400, spread=0.05, seed=0, factor=None):
    """Moments of X ↦ move(X) + noise, launched uniformly."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-0.5, 0.5, (1, count, 2))
    mean = move(X)
    noise = spread * rng.standard_normal(X.shape) @ (np.eye(2) if factor is None else factor).T
    moments = Moments(Basis(degree))
    fold(moments, X, mean, mean + noise, np.full((1, count), 9))
    return moments


def network():
    return train(64, "rotation", 0, report=lambda fraction, text: None)


def watch(net, Q, copies, frames, *, seed, degree=5, start=None, halflife=16.0, tick=0):
    """Generators after each frame of four ticks at Q; `start` is the state left behind by earlier weights."""
    moments, W = Moments(Basis(degree)), weights(net, Q)
    state = np.zeros((copies, net.N), np.float32) if start is None else start.copy()
    out = []
    for f in range(frames):
        fold(moments, *advance(state, W, net.b, net.c, seed=seed, tick=tick + 4 * f, ticks=4), halflife=halflife)
        out.append(fit(moments))
    return out, state


@pytest.mark.parametrize("degree", [0, 3, 5])
def test_basis_derivatives_are_finite_differences(degree):
    """Link: finite differences → Chebyshev derivative columns."""
    basis, X, e = Basis(degree, 0.5), MAP, 1e-5
    step = np.array([e, 0.0]), np.array([0.0, e])
    for (dx, dy), s in (((1, 0), step[0]), ((0, 1), step[1])):
        assert np.allclose(basis(X, dx, dy), (basis(X + s) - basis(X - s)) / (2 * e), atol=1e-6)
        twice = (basis(X + s, dx, dy) - basis(X - s, dx, dy)) / (2 * e)
        assert np.allclose(basis(X, 2 * dx, 2 * dy), twice, atol=1e-4)
    assert basis(X).shape == (81, basis.size)


def test_newton_orders_against_the_matrix_logarithm():
    """Link: scipy logm → Newton series on a linear map: the error is |A − 1|^(k+1)/(k+1), each order gains."""
    A = expm(-0.05 * np.eye(2) + 0.25 * TURN)
    moments = planted(lambda X: X @ A.T, degree=3, count=25600)
    exact, size = logm(A).real, abs(np.exp(-0.05 + 0.25j) - 1)
    for order in (1, 2, 3, 4):
        error = np.abs(fit(moments, order=order).gradient(CENTRE)[0] - exact).max()
        assert 0.3 * size ** (order + 1) / (order + 1) < error < 1.3 * size ** (order + 1) / (order + 1)


def test_a_planted_curved_flow_is_recovered():
    """Link: closed-form R of v = −(λ + k r²) X + ω J X → map by Runge–Kutta → regression → R within 3 %."""
    rate, turn, k = 0.2, 0.25, 0.3

    def v(X):
        return -(rate + k * (X**2).sum(-1, keepdims=True)) * X + turn * X @ TURN.T

    def move(X):
        for _ in range(20):
            a = v(X)
            b = v(X + a / 40)
            c = v(X + b / 40)
            X = X + (a + 2 * b + 2 * c + v(X + c / 20)) / 120
        return X

    r2 = (MAP**2).sum(-1)
    a, theta = -(rate + k * r2), -(2 * rate + 4 * k * r2)
    exact = 2 * a**2 - 4 * a * k * r2 + 4 * k**2 * r2**2 + theta**2 - 16 * a * k * r2
    R = curvature(fit(planted(move)), stencil(Basis(), MAP), 1.0).R
    assert np.sqrt(((R - exact) ** 2).mean() / (exact**2).mean()) < 0.035


def test_noise_of_the_generator_undoes_the_lag_of_a_tick():
    """Link: C₁ = ∫₀¹ e^{As} C e^{Aᵀs} ds by quadrature → fitted C, within 4 standard errors (25 600 draws, seed 1)."""
    A, C = np.array([[-0.2, -0.3], [0.25, -0.1]]), np.array([[0.003, 0.001], [0.001, 0.002]])
    s, w = np.polynomial.legendre.leggauss(12)
    one_tick = sum(
        0.5 * wi * expm(A * (si + 1) / 2) @ C @ expm(A * (si + 1) / 2).T for si, wi in zip(s, w, strict=True)
    )
    factor = np.linalg.cholesky(one_tick)
    moments = planted(lambda X: X @ expm(A).T, spread=1.0, factor=factor, seed=1, count=25600)
    error = np.sqrt((C**2 + np.outer(np.diag(C), np.diag(C))) / 25600)
    fitted = fit(moments, order=6).noise[0]
    assert (np.abs(fitted - C) < 4 * error).all()
    assert (np.abs(one_tick - C) > 8 * error).any()


def test_closure_is_the_explained_share():
    """Link: a drift with a known hidden part of equal variance has closure ½ (standard error .01)."""
    rng = np.random.default_rng(3)
    X = rng.uniform(-0.5, 0.5, (1, 8000, 2))
    hidden = 0.1 / np.sqrt(12) * rng.standard_normal(X.shape)
    moments = Moments(Basis(3))
    mean = X - 0.1 * X + hidden
    fold(moments, X, mean, mean, np.full((1, 8000), 9))
    assert abs(fit(moments).closure[0] - 0.5) < 0.03
    assert fit(planted(lambda X: 0.9 * X)).closure[0] > 1 - 1e-7


def test_forgetting_and_selection():
    """Link: definition: weights halve per half-life; young copies and those outside the square never count."""
    X = np.zeros((4, 16, 2))
    X[0, :3] = 0.6
    age = np.full((4, 16), 5)
    age[1, :5] = 1
    moments = Moments(Basis(2))
    fold(moments, X, X, X, age, burn=2, halflife=4.0)
    assert moments.samples == 64 - 3 - 5
    fold(moments, X, X, X, age, burn=2, halflife=4.0)
    assert moments.samples == 1.5 * 56
    moments.reset()
    assert moments.samples == 0 and np.isfinite(fit(moments).flow).all()


def test_shuffled_increments_have_no_geometry():
    """Link: null: increments dealt to other copies give θ, ω and R that are zero within four of their errors."""
    net = network()
    state = np.zeros((4096, 64), np.float32)
    true, null = Moments(Basis(3)), Moments(Basis(3))
    W = weights(net, (-0.2, 0.2))
    rng = np.random.default_rng(0)
    for f in range(12):
        X, mean, after, age = advance(state, W, net.b, net.c, seed=2, tick=4 * f, ticks=4)
        fold(true, X, mean, after, age, halflife=1e9)
        deal = rng.permutation(4096)
        young = np.minimum(age, age[:, deal])
        fold(null, X, X + (mean - X)[:, deal], X + (after - X)[:, deal], young, halflife=1e9)
    seen, flat = (curvature(fit(m), stencil(Basis(3), CENTRE), 1.0) for m in (true, null))
    assert seen.resolved.all() and seen.R[0] > 10 * seen.R_error[0]
    assert abs(flat.expansion[0]) < 4 * flat.expansion_error[0] < 0.25 * abs(seen.expansion[0])
    assert abs(flat.vorticity[0]) < 4 * flat.vorticity_error[0] < 0.25 * abs(seen.vorticity[0])
    assert abs(flat.R[0]) < 0.1 * seen.R[0]


@pytest.mark.parametrize("Q", [(-0.05, 0.2), (-0.2, 0.2)])
def test_the_map_of_R_follows_a_jump_within_two_frames(Q):
    """Link: the same estimator at 16 times the samples; 1024 copies left behind by other weights, 4 seeds.

    The relative rms error of the R map is below .20 two frames after the jump, and below .15 after sixteen.
    """
    net = network()
    points = stencil(Basis(), MAP)
    reference = curvature(watch(net, Q, 16384, 12, seed=99, halflife=1e9)[0][-1], points, 1.0).R
    scale = np.sqrt((reference**2).mean())
    errors = []
    for seed in range(4):
        _, old = watch(net, (0.05, -0.3), 1024, 6, seed=seed)
        seen, _ = watch(net, Q, 1024, 16, seed=seed, start=old, tick=24)
        errors.append([np.sqrt(((curvature(seen[f], points, 1.0).R - reference) ** 2).mean()) / scale for f in (1, 15)])
    after_two, late = np.mean(errors, axis=0)
    assert after_two < 0.20
    assert late < 0.15


def test_jackknife_errors_are_the_spread_over_seeds():
    """Link: spread over 30 seeds (itself known to 13 %) → mean jackknife error of R, ratio within 30 %, two Q."""
    net = network()
    points = stencil(Basis(), np.concatenate([MAP, CENTRE]))
    for Q in ((-0.05, 0.2), (-0.2, 0.2)):
        seen = [curvature(watch(net, Q, 512, 4, seed=s)[0][-1], points, 1.0) for s in range(30)]
        R, error = np.array([c.R for c in seen]), np.array([c.R_error for c in seen])
        ratio = np.sqrt((error**2).mean(0) / R.var(0, ddof=1))
        assert 0.7 < np.sqrt((error**2).mean() / R.var(0, ddof=1).mean()) < 1.3
        assert 0.6 < ratio[-1] < 1.5


def test_jackknife_of_a_mean_is_its_standard_error():
    """Link: closed form: for a mean of groups the jackknife is the standard error of that mean, exactly."""
    x = np.random.default_rng(0).standard_normal(8)
    rows = np.concatenate([[x.mean()], (x.sum() - x) / 7])
    value, error = jackknife(rows)
    assert value == pytest.approx(x.mean())
    assert error == pytest.approx(x.std(ddof=1) / np.sqrt(8))


def test_linear_copies_are_fitted_through_the_whole_chain():
    """Link: W = (1 − λ) on a linear network: rate −ln(1 − λ), C = 2η²/N · 2λ_g/(1 − (1 − λ)²), within 4 errors."""
    n, rate, eta = 100, 0.05, 0.25
    state, moments = np.zeros((2048, n), np.float32), Moments(Basis(3))
    for f in range(10):
        fold(
            moments,
            *advance(state, (1 - rate) * np.eye(n), np.zeros(n), np.ones(n), seed=1, tick=4 * f, ticks=4, noise=eta,
                     kind=LINEAR),
            halflife=1e9,
        )  # fmt: skip
    g = fit(moments)
    exact = -np.log(1 - rate)
    assert np.allclose(g.gradient(CENTRE)[0], -exact * np.eye(2), atol=1e-5)
    C = 2 * eta**2 / n * 2 * exact / (1 - (1 - rate) ** 2)
    assert np.allclose(g.noise[0], C * np.eye(2), atol=4 * C * np.sqrt(2 / moments.samples))
