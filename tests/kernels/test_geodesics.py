"""Geodesics of a fitted uniform-lapse metric: twins, order, constants of motion; and its full curvature."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.estimators.generator import Basis
from weltnet.kernels.geodesics import curvatures, energy, fly
from weltnet.theory import geodesics, spacetimes

HALF, SLOW = 0.5, 1.0 / 1.7
FLOW, NOISE = Basis(9, HALF), Basis(2, HALF)


def metric():
    """A smooth flow that contracts and turns, and a noise that depends on X."""
    rng = np.random.default_rng(3)
    order = np.array([i + j for i in range(FLOW.degree + 1) for j in range(FLOW.degree + 1 - i)])
    flow = 0.08 * np.exp(-1.5 * order)[:, None] * rng.standard_normal((FLOW.size, 2))
    flow[[FLOW.degree + 1, 1], [0, 1]] -= 0.1 * HALF
    noise = np.zeros((NOISE.size, 3))
    noise[0] = 0.02, 0.004, 0.015
    noise[1:] = 0.001 * rng.standard_normal((NOISE.size - 1, 3))
    return flow, noise


def slow_metric(flow, noise, S=1.0 / SLOW):
    def g(X):
        c = NOISE(X) @ noise
        C = np.stack([c[..., [0, 1]], c[..., [1, 2]]], axis=-2)
        return spacetimes.adm(np.full(X.shape[:-1], S), FLOW(X) @ flow, np.linalg.inv(C))

    return g


def flown(X, P, flow, noise, slow, mass, span, steps, wall=9.0):
    out, momenta = np.empty((2, steps + 1, len(X), 2))
    fly(X, P, flow, noise, HALF, slow, mass, span / steps, wall, out, momenta)
    return out, momenta


def starts(n=50, seed=1, size=1.0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.2, 0.2, (n, 2)), size * rng.standard_normal((n, 2))


@pytest.mark.parametrize("mass", [1.0, 0.0])
def test_twin(mass):
    """Link: kernel → twin: Christoffel symbols by differences, in proper time, pass through the same points."""
    flow, noise = metric()
    X, P = starts(4)
    out, _ = flown(X, P, flow, noise, SLOW, mass, 2.0, 200)
    g = slow_metric(flow, noise)
    # The kernel's first velocity, from two tiny steps.
    early, _ = flown(X, P, flow, noise, SLOW, mass, 2e-4, 2)
    U = geodesics.unit(g, X, (-3 * early[0] + 4 * early[1] - early[2]) / 2e-4, -mass)
    events = np.concatenate([np.zeros((4, 1)), X], axis=1)
    xs, Vs = geodesics.fall(lambda E: g(E[..., 1:]), events, U, 1.5, 150)
    E, norm = geodesics.constants(g, xs[..., 1:], Vs)
    assert np.abs(E / E[0] - 1).max() < 1e-6 and np.abs(norm - norm[0]).max() < 1e-6
    for m in range(4):
        t = np.linspace(0, min(xs[-1, m, 0], 2.0), 9)[1:-1]
        twin = np.stack([np.interp(t, xs[:, m, 0], xs[:, m, i]) for i in (1, 2)], -1)
        fast = np.stack([np.interp(t, np.linspace(0, 2, 201), out[:, m, i]) for i in (0, 1)], -1)
        assert np.abs(twin - fast).max() < 3e-5


def test_order():
    """Link: convergence: halving the step divides the error by 16, for matter, light and infinite S."""
    flow, noise = metric()
    X, P = starts()
    for slow, mass in ((SLOW, 1.0), (SLOW, 0.0), (0.0, 1.0)):
        ends = [flown(X, P, flow, noise, slow, mass, 4.0, n)[0][-1] for n in (5, 10, 20, 320)]
        errors = [np.sqrt(((e - ends[-1]) ** 2).mean()) for e in ends[:-1]]
        slopes = np.diff(np.log(errors)) / -np.log(2)
        assert 3.5 < slopes[1] < 4.6, (slow, mass, slopes)


def test_constants_of_motion():
    """Link: invariant: over 60 steps the energy along ∂_t drifts by less than 1e-8, and so does the norm."""
    flow, noise = metric()
    X, P = starts()
    out, momenta = flown(X, P, flow, noise, SLOW, 1.0, 3.0, 60)
    H = np.empty((2, len(X)))
    for k, i in enumerate((0, -1)):
        energy(out[i], momenta[i], flow, noise, HALF, SLOW, 1.0, H[k])
    whole = H + 1.0 / SLOW
    assert np.abs(whole[1] / whole[0] - 1).max() < 1e-8
    # The norm, from U_a = (−H, P)/√S with the energy of the start: g^ab U_a U_b.
    low = np.concatenate([-whole[:1].T, momenta[-1]], axis=1) * np.sqrt(SLOW)
    inverse = np.linalg.inv(slow_metric(flow, noise)(out[-1]))
    assert np.abs(np.einsum("mab,ma,mb->m", inverse, low, low) + 1).max() < 1e-8


def test_infinite_lapse_is_the_likeliest_path():
    """Link: limit: for S → ∞ the geodesic between two events is the Freidlin–Wentzell path, found without it."""
    flow, noise = metric()
    A, B, T = np.array([0.2, -0.1]), np.array([-0.15, 0.2]), 3.0
    g = slow_metric(flow, noise, 1.0)
    path, cost = geodesics.likeliest(
        lambda X: FLOW(X) @ flow, lambda X: np.linalg.inv(spacetimes.split(g(X))[2]), A, B, T, steps=60
    )
    P, left = geodesics.shoot(
        lambda P: flown(np.repeat(A[None], len(P), 0), P, flow, noise, 0.0, 1.0, T, 60)[0][-1], B[None], [[1.0, 1.0]]
    )
    out, _ = flown(A[None], P, flow, noise, 0.0, 1.0, T, 60)
    assert left[0] < 1e-10 and cost > 0.1
    assert np.abs(out[:, 0] - path).max() < 1e-3
    straight = A + np.linspace(0, 1, 61)[:, None] * (B - A)
    assert np.abs(path - straight).max() > 0.02


def test_wall():
    """Link: boundary: who leaves the square stays where it left, and nothing is not a number."""
    flow, noise = metric()
    X, P = starts(size=60.0)
    out, momenta = flown(X, P, flow, noise, 0.0, 1.0, 40.0, 200, wall=HALF)
    assert np.isfinite(out).all() and np.isfinite(momenta).all() and (np.abs(out[-1]) > HALF).any()


def test_curvature():
    """Link: kernel → twin: the full Ricci tensor from analytic derivatives, C depending on X, against differences."""
    flow, noise = metric()
    line = np.linspace(-0.3, 0.3, 6)
    X = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    slow = spacetimes.curvature(slow_metric(flow, noise), X, 2e-3)
    ricci, R = np.empty((len(X), 3, 3)), np.empty(len(X))
    curvatures(*jets(X, FLOW, flow), *symmetric(jets(X, NOISE, noise)), 1.0 / SLOW, ricci, R)
    scale = np.abs(slow["Ricci"]).max()
    assert np.abs(ricci - slow["Ricci"]).max() < 1e-6 * scale and np.abs(R - slow["R"]).max() < 1e-6 * np.abs(R).max()


def jets(X, basis, coefficients):
    """Values, first and second derivatives of Σ c B at X, derivatives last."""
    d = lambda a, b: basis(X, a, b) @ coefficients  # noqa: E731
    first = np.stack([d(1, 0), d(0, 1)], axis=-1)
    second = np.stack([np.stack([d(2, 0), d(1, 1)], -1), np.stack([d(1, 1), d(0, 2)], -1)], -1)
    return d(0, 0), first, second


def symmetric(fields):
    """(n, 3, …) to (n, 2, 2, …)."""
    return tuple(np.stack([f[:, [0, 1]], f[:, [1, 2]]], axis=1) for f in fields)


def test_schwarzschild_is_empty():
    """Link: exact case: three space dimensions, R_ab = 0 outside and inside the horizon."""
    X = np.random.default_rng(0).standard_normal((40, 3)) + 1.0
    r = np.linalg.norm(X, axis=1)
    M, e = 0.4, np.eye(3)
    f = -np.sqrt(2 * M) * r**-1.5
    v = f[:, None] * X
    n = X / r[:, None]
    df = (-1.5 * f / r)[:, None] * n
    ddf = (3.75 * f / r**2)[:, None, None] * n[:, :, None] * n[:, None]
    ddf -= (1.5 * f / r**2)[:, None, None] * (e - n[:, :, None] * n[:, None])
    dv = f[:, None, None] * e + X[:, :, None] * df[:, None]
    ddv = X[:, :, None, None] * ddf[:, None] + e[:, :, None] * df[:, None, None] + e[:, None] * df[:, None, :, None]
    C, dC, ddC = np.broadcast_to(e, (40, 3, 3)).copy(), np.zeros((40, 3, 3, 3)), np.zeros((40, 3, 3, 3, 3))
    ricci, R = np.empty((40, 4, 4)), np.empty(40)
    curvatures(v, dv, ddv, C, dC, ddC, 1.0, ricci, R)
    assert np.abs(ricci).max() < 1e-12 * np.abs(ddv).max() ** 2 + 1e-11


def test_lapse_that_depends_on_the_place():
    """Link: kernel → twin: with N² = S n²(X) matter passes where Christoffel symbols lead it, and keeps its energy."""
    flow, noise = metric()
    wide = np.zeros((NOISE.size, 4))
    wide[:, :3], wide[0, 3], wide[1:, 3] = noise, 1.0, 0.1
    X, P = starts(4, size=0.5)
    out, momenta = flown(X, P, flow, wide, SLOW, 1.0, 2.0, 200)

    def g(E):
        c, Y = NOISE(E[..., 1:]) @ wide, E[..., 1:]
        C = np.stack([c[..., [0, 1]], c[..., [1, 2]]], axis=-2)
        return spacetimes.adm(c[..., 3] / SLOW, FLOW(Y) @ flow, np.linalg.inv(C))

    early, _ = flown(X, P, flow, wide, SLOW, 1.0, 2e-4, 2)
    at = np.concatenate([np.zeros((4, 1)), X], axis=1)
    U = geodesics.unit(g, at, (-3 * early[0] + 4 * early[1] - early[2]) / 2e-4)
    xs, _ = geodesics.fall(g, at, U, 1.2, 120)
    for m in range(4):
        t = np.linspace(0, min(xs[-1, m, 0], 2.0), 9)[1:-1]
        twin = np.stack([np.interp(t, xs[:, m, 0], xs[:, m, i]) for i in (1, 2)], -1)
        fast = np.stack([np.interp(t, np.linspace(0, 2, 201), out[:, m, i]) for i in (0, 1)], -1)
        assert np.abs(twin - fast).max() < 3e-5
    H = np.empty((2, 4))
    for k, i in enumerate((0, -1)):
        energy(out[i], momenta[i], flow, wide, HALF, SLOW, 1.0, H[k])
    assert np.abs((H[1] + 1 / SLOW) / (H[0] + 1 / SLOW) - 1).max() < 1e-8
    plain, _ = flown(X, P, flow, noise, SLOW, 1.0, 2.0, 200)
    assert np.abs(plain - out).max() > 0.01
