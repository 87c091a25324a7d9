"""The whole metric from bursts: planted space-times, the tensor against differences, and refusal."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from weltnet.estimators.curvature import curvature
from weltnet.estimators.generator import Basis, Moments, fit, fold, jackknife, stencil
from weltnet.estimators.metric import Squares, constant, gather, noise, places, tensor
from weltnet.theory import spacetimes

TAU, LIMIT = 0.01, 0.7
_line = np.linspace(-LIMIT, LIMIT, 15)
GRID = np.stack(np.meshgrid(_line, _line, indexing="ij"), axis=-1).reshape(-1, 2)
SPHERE, DE_SITTER = spacetimes.sphere(0.8), spacetimes.de_sitter(1.0, 1.0)


def planted(world, samples, seed, degree=None, told=False, p=4):
    """The tensor measured on uniform bursts of one tick τ; `told`: the conditional mean of X′ is known exactly."""
    rng, moments = np.random.default_rng(seed), Moments(Basis(p, 1.0))
    squares = Squares(Basis(degree or 0, 1.0))
    still = world is SPHERE
    for _ in range(max(samples // 100_000, 1)):
        X = rng.uniform(-1.0, 1.0, (1, min(samples, 100_000), 2))
        mean = X if still else X * np.exp(-TAU)
        spread = world.noise(X)[..., :1, 0] * (TAU if still else 0.5 * (1.0 - np.exp(-2.0 * TAU)))
        after = mean + np.sqrt(spread) * rng.standard_normal(X.shape)
        age = np.full(X.shape[:2], 9)
        fold(moments, X, mean if told else after, after, age, halflife=np.inf)
        if degree is not None:
            gather(squares, fit(moments), X, mean, after, age, halflife=np.inf)
    g = fit(moments)
    C = constant(g) if degree is None else noise(squares, g)
    # Ticks of τ: ds² is in units of τ, so S = τ and R is τ times that of the planted metric.
    return g, C, tensor(g, C, places(moments.basis, GRID, degree), TAU)


def misses(world, samples, degree, told=False, seeds=2):
    """Root mean square of R's relative error over |x| < .7, and of its stated error."""
    found = [planted(world, samples, s, degree, told)[2].scalar() for s in range(seeds)]
    off = np.mean([((R / TAU - world.R) ** 2).mean() for R, _ in found])
    said = np.mean([((e / TAU) ** 2).mean() for _, e in found])
    return np.sqrt(off) / world.R, np.sqrt(said) / world.R


def figures(samples, sphere, de_sitter):
    off, said = misses(SPHERE, samples, 4)
    assert off < sphere and 0.6 < said / off < 1.7
    off, said = misses(DE_SITTER, samples, None)
    assert off < de_sitter and 0.6 < said / off < 1.7


def test_figures_of_the_design():
    """Link: steps → R: sphere .23 and .05, de Sitter .45 and .17 in a draw; here two draws, by steps alone."""
    figures(100_000, 0.4, 0.6)
    figures(1_000_000, 0.06, 0.22)


@pytest.mark.slow
def test_figures_of_the_design_at_ten_million():
    """Link: steps → R: sphere .017, de Sitter .037."""
    figures(10_000_000, 0.02, 0.06)


def test_known_ticks_are_worth_more_samples():
    """Link: Rao–Blackwell: with E[X′|x] known 1e5 samples give what steps alone give at 1e6, or better."""
    assert misses(SPHERE, 100_000, 4, told=True)[0] < 0.15
    assert misses(DE_SITTER, 100_000, 2, told=True)[0] < 0.05
    assert misses(DE_SITTER, 100_000, None, told=True)[0] < 1e-3


def test_tensor_against_differences():
    """Link: kernel → frame: R_ab and G_ab in the frame agree with finite differences of the same fitted metric."""
    g, C, seen = planted(SPHERE, 100_000, 3, 4)

    def metric(X):
        return spacetimes.adm(np.full(X.shape[:-1], TAU), g.drift(X), np.linalg.inv(C(X)))

    slow = spacetimes.curvature(metric, GRID, 2e-3)
    frame = spacetimes.vielbein(slow["g"])
    for name, found in (("Ricci", seen.ricci[0]), ("G", seen.einstein[0])):
        exact = spacetimes.components(slow[name], frame)
        assert np.abs(found - exact).max() < 1e-5 * np.abs(exact).max(), name
    assert np.allclose(seen.R[0], slow["R"], rtol=1e-5, atol=1e-8)


def test_constant_noise_is_the_closed_form():
    """Link: two estimators of one thing: for constant C the tensor is `curvature.curvature`, value and error."""
    g, _, seen = planted(DE_SITTER, 100_000, 4)
    closed = curvature(g, stencil(g.map_basis, GRID), TAU)
    (R, error), (G, _) = seen.scalar(), seen.normal()
    assert np.allclose(R, closed.R, atol=1e-9) and np.allclose(error, closed.R_error, atol=1e-9)
    assert np.allclose(G, closed.normal, atol=1e-9) and (seen.resolved == closed.resolved).all()


def test_de_sitter_is_vacuum_with_a_constant():
    """Link: tensor → Einstein: G_ab = Λ diag(1, −1, −1) with Λ = λ²/S, G_nn = +Λ."""
    seen = planted(DE_SITTER, 100_000, 5, told=True)[2]
    value, _ = jackknife(seen.einstein)
    assert np.allclose(value / TAU, np.diag([1.0, -1.0, -1.0]), atol=0.01)


def test_noise_is_what_was_planted():
    """Link: squares → C(X): 6 % of a curved C everywhere, corrected for the lag of a turning, shrinking tick."""
    rng, basis = np.random.default_rng(6), Basis(3, 0.5)
    moments, squares = Moments(basis), Squares(Basis(2, 0.5))
    A, parts = np.array([[-0.1, -0.2], [0.2, -0.1]]), 20

    def C(X):
        out = np.zeros((*X.shape[:-1], 2, 2))
        out[..., 0, 0], out[..., 1, 1] = 0.002 * (1.0 + X[..., 0]), 0.003 * (1.0 + X[..., 1] ** 2)
        out[..., 0, 1] = out[..., 1, 0] = 5e-4
        return out

    for _ in range(4):
        X = rng.uniform(-0.5, 0.5, (1, 40_000, 2))
        age, mean, after = np.full(X.shape[:2], 9), X @ expm(A).T, X
        for k in range(parts):
            # The noise is that of the place which the flow alone has reached.
            here = X @ expm(A * (k + 0.5) / parts).T
            kick = np.linalg.cholesky(C(here) / parts) @ rng.standard_normal((*X.shape, 1))
            after = after @ expm(0.5 * A / parts).T + kick[..., 0]
            after = after @ expm(0.5 * A / parts).T
        fold(moments, X, mean, after, age, halflife=np.inf)
        gather(squares, fit(moments), X, mean, after, age, halflife=np.inf)
    found, at = noise(squares, fit(moments)), 0.6 * GRID
    assert np.abs(found(at) - C(at)).max() < 1.2e-4


def test_refuses_what_it_does_not_resolve():
    """Link: honesty: few samples resolve next to nothing, nothing is known where nothing was seen; no number fails."""
    few = planted(SPHERE, 2000, 7, 4)[2]
    assert few.resolved.mean() < 0.2 and np.isfinite(few.R).all() and np.isfinite(few.einstein).all()
    none = Moments(Basis(4, 1.0))
    nothing = tensor(fit(none), noise(Squares(Basis(4, 1.0)), fit(none)), places(none.basis, GRID, 4), 1.0)
    assert not nothing.known.any() and not nothing.resolved.any() and np.isfinite(nothing.R).all()
    with pytest.raises(ValueError, match="allowed: any number but 0"):
        tensor(fit(none), constant(fit(none)), places(none.basis, GRID), 0.0)
