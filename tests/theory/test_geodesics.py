"""Geodesics where they are known in closed form, the shot from event to event, and the likeliest path."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.theory import geodesics, spacetimes


def test_flow_lines_of_a_uniform_lapse_are_geodesics():
    """Link: closed form: who goes with the flow of de Sitter space falls freely, X = X₀ e^{−λt}."""
    planted = spacetimes.de_sitter(0.7, 0.4, rotation=0.3)
    X = np.array([[0.4, -0.2], [0.1, 0.5]])
    U = geodesics.unit(planted.metric, X, planted.drift(X))
    xs, _ = geodesics.fall(planted.metric, X, U, 1.0 * np.sqrt(0.4), 40)
    turn = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    assert np.abs(xs[-1] - np.exp(-0.7) * X @ turn.T).max() < 1e-6


def test_light_leaves_an_event_on_its_cone():
    """Link: closed form → `reach`: light from the centre of de Sitter space is at √S (1 − e^{−λt})/λ."""
    S, rate = 0.4, 0.7
    planted = spacetimes.de_sitter(rate, S)
    start = np.array([[1.0, 0.0, 0.0]])
    U = geodesics.unit(lambda E: planted.metric(E[..., 1:]), start, [[np.sqrt(S), 0.0]], 0.0)
    xs, _ = geodesics.fall(lambda E: planted.metric(E[..., 1:]), start, U, 0.8, 60)
    t = xs[:, 0, 0] - 1.0
    assert np.abs(xs[:, 0, 1] - spacetimes.reach(S, rate, t)).max() < 1e-6 and t[-1] > 1.0


def test_circular_orbit_of_schwarzschild():
    """Link: closed form: at r = 6M an orbit closes after 2π √(r³/M) of t and both constants stay; three dimensions."""
    M, r = 0.1, 0.6
    planted, rate = spacetimes.schwarzschild(M), np.sqrt(M / r**3)
    X, u = np.array([[r, 0.0, 0.0]]), np.array([[0.0, r * rate, 0.0]])
    U = geodesics.unit(planted.metric, X, u)
    span = 2 * np.pi / rate / U[0, 0]
    xs, Vs = geodesics.fall(planted.metric, X, U, span, 200)
    E, norm = geodesics.constants(planted.metric, xs, Vs)
    assert np.abs(np.linalg.norm(xs[:, 0], axis=-1) / r - 1).max() < 1e-5 and np.abs(xs[-1] - X).max() < 1e-4
    assert np.abs(E / E[0] - 1).max() < 1e-7 and np.abs(norm + 1).max() < 1e-7


def test_peculiar_motion_dies_in_an_expanding_space():
    """Link: closed form: a² dX/dτ is constant in a metric that depends on time; the norm stays, the energy does not."""
    space = spacetimes.Friedmann(2 / 3, 3)
    start = np.array([[1.0, 0.0, 0.0, 0.0]])
    U = geodesics.unit(space.metric, start, [[0.3, 0.1, 0.0]])
    xs, Vs = geodesics.fall(space.metric, start, U, 1.0, 60)
    kept = xs[:, 0, 0] ** (4 / 3) * Vs[:, 0, 1]
    E, norm = geodesics.constants(space.metric, xs, Vs)
    assert np.abs(kept / kept[0] - 1).max() < 1e-6 and np.abs(norm + 1).max() < 1e-6 and abs(E[-1] / E[0] - 1) > 0.01


def test_twin_is_of_fourth_order():
    """Link: convergence: halving the step divides the error by 16."""
    planted = spacetimes.sphere(0.8)
    X, U = np.array([[0.3, 0.1]]), np.array([[1.0, 0.8, -0.9]])
    ends = [geodesics.fall(planted.metric, X, U, 1.0, n)[0][-1] for n in (8, 16, 128)]
    assert 12 < np.abs(ends[0] - ends[2]).max() / np.abs(ends[1] - ends[2]).max() < 20


def test_shooting_finds_the_great_circle():
    """Link: closed form: on a sphere of radius a two points at angle α are aα apart."""
    a = 0.8
    planted = spacetimes.sphere(a)
    A, B = np.array([0.5, 0.0]), np.array([[-0.2, 0.6], [0.1, 0.7]])

    def fly(u):
        U = np.concatenate([np.ones((len(u), 1)), u], axis=1)
        return geodesics.fall(planted.metric, np.repeat(A[None], len(u), 0), U, 1.0, 40)[0][-1]

    u, left = geodesics.shoot(fly, B, B - A)

    def up(X):
        r2 = (X**2).sum(-1, keepdims=True) / (4 * a * a)
        return np.concatenate([X / a, 1 - r2], -1) / (1 + r2)

    length = np.sqrt(np.einsum("ni,ij,nj->n", u, spacetimes.split(planted.metric(A))[2], u))
    assert left.max() < 1e-10 and np.abs(length - a * np.arccos(up(B) @ up(A))).max() < 1e-5


@pytest.mark.parametrize("steps", [20, 40])
def test_likeliest_path_of_a_linear_flow(steps):
    """Link: closed form: with v = −λX the path is A sinh λ(T − t)/sinh λT + B sinh λt/sinh λT, to order 1/steps²."""
    rate, T, A, B = 0.8, 2.0, np.array([0.5, 0.2]), np.array([0.1, -0.6])
    noise = np.array([[0.3, 0.1], [0.1, 0.2]])
    x, cost = geodesics.likeliest(
        lambda X: -rate * X, lambda X: np.broadcast_to(noise, (*X.shape[:-1], 2, 2)), A, B, T, steps=steps
    )
    t = np.linspace(0, T, steps + 1)[:, None]
    exact = (A * np.sinh(rate * (T - t)) + B * np.sinh(rate * t)) / np.sinh(rate * T)
    d = B - A * np.exp(-rate * T)
    known = d @ np.linalg.inv(noise) @ d * rate / (1 - np.exp(-2 * rate * T))
    assert np.abs(x - exact).max() < 0.03 * (20 / steps) ** 2 / 20 and abs(cost / known - 1) < 0.01
