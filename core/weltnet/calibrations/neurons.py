"""Space-time of the neurons, at the settings of the copies of one network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from weltnet.calibrations.case import Calibration
from weltnet.estimators import einstein as law
from weltnet.estimators import waves
from weltnet.estimators.curvature import cones, curvature
from weltnet.estimators.einstein import added, deficit
from weltnet.estimators.futures import future
from weltnet.estimators.generator import Basis, Generator, Moments, fit, fold, jackknife, stencil
from weltnet.estimators.metric import Squares, gather, noise, places, tensor
from weltnet.estimators.packets import Packet
from weltnet.kernels.copies import LINEAR, advance
from weltnet.theory import relaxation, spacetimes

__all__ = ["CASES"]

Array = NDArray[Any]

BASIS, COPIES, NEURONS, NOISE = Basis(5, 0.5), 1024, 64, 0.15
CENTRE = stencil(BASIS, np.zeros((1, 2)))
_line = np.linspace(-0.35, 0.35, 9)
MAP = np.stack(np.meshgrid(_line, _line, indexing="ij"), axis=-1).reshape(-1, 2)
TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
LINEAR_FLOW = -0.1 * np.eye(2) + 0.15 * TURN
SPREAD = np.array([[0.003, 0.001], [0.001, 0.002]])
BTZ = spacetimes.btz(-0.9625, math.sqrt(150.0))
HOLE = np.array([1.5, 0.0])
"""Where the square of the basis is laid over the black hole's plane."""


def _planted(
    seed: int, move: Callable[[Array], Array], covariance: Array, *, order: int = 4, count: int = 8 * COPIES
) -> Generator:
    """The generator fitted to X ↦ move(X) + noise, launched uniformly over the square."""
    rng, moments = np.random.default_rng(seed), Moments(BASIS)
    X = rng.uniform(-0.5, 0.5, (1, count, 2))
    mean = move(X)
    root: Array = np.linalg.cholesky(covariance)
    after = mean + rng.standard_normal(X.shape) @ root.T
    fold(moments, X, mean, after, np.full((1, count), 9))
    return fit(moments, order=order)


def _flowed(v: Callable[[Array], Array], X: Array, parts: int = 20) -> Array:
    """Where the flow v carries X in one tick, by Runge–Kutta."""
    h = 1.0 / parts
    for _ in range(parts):
        a = v(X)
        b = v(X + 0.5 * h * a)
        c = v(X + 0.5 * h * b)
        X = X + h / 6.0 * (a + 2.0 * b + 2.0 * c + v(X + h * c))
    return X


def _falling(X: Array) -> Array:
    return BTZ.drift(X + HOLE)


def _one_tick(A: Array, C: Array) -> Array:
    """∫₀¹ e^{As} C e^{Aᵀs} ds by quadrature."""
    s, w = np.polynomial.legendre.leggauss(12)
    moved = [expm(0.5 * A * (t + 1.0)) for t in s]
    total: Array = sum(0.5 * u * m @ C @ m.T for u, m in zip(w, moved, strict=True))
    return total


def _drift_linear(seed: int) -> tuple[float, float]:
    A = expm(LINEAR_FLOW)
    found = [
        -0.5 * float(np.trace(_planted(seed, lambda X: X @ A.T, SPREAD, order=k).gradient(np.zeros(2)))) for k in (3, 4)
    ]
    return found[1], abs(found[1] - found[0])


def _drift_curved(seed: int) -> tuple[float, float]:
    exact = _falling(MAP)
    three, four = (_planted(seed, lambda X: _flowed(_falling, X), SPREAD, order=k).drift(MAP) for k in (3, 4))
    size = waves.rms(exact)
    return float(waves.rms(four - exact) / size), float(waves.rms(four - three) / size)


def _noise_linear(seed: int) -> tuple[float, float]:
    A = expm(LINEAR_FLOW)
    g = _planted(seed, lambda X: X @ A.T, _one_tick(LINEAR_FLOW, SPREAD))
    return float(g.noise[0, 0, 0]), float(SPREAD[0, 0]) * math.sqrt(2.0 / g.samples)


def _closure(seed: int) -> tuple[float, float]:
    rng, moments = np.random.default_rng(seed), Moments(BASIS)
    X = rng.uniform(-0.5, 0.5, (1, 8 * COPIES, 2))
    mean = 0.9 * X + 0.1 / math.sqrt(12.0) * rng.standard_normal(X.shape)
    fold(moments, X, mean, mean, np.full((1, 8 * COPIES), 9))
    value, error = jackknife(fit(moments).closure)
    return float(value), float(error)


def _linear_network(seed: int, rate: float, rotation: float, frames: int = 12) -> Generator:
    """A linear network whose halves shrink and turn, with loadings that hide part of the drift (closure < 1)."""
    n = NEURONS
    half, ring = np.repeat([0, 1], n // 2), np.tile(np.arange(n // 2), 2)
    A = expm(-rate * np.eye(2) + rotation * TURN)
    c = 1.0 + 0.5 * np.cos(4.0 * np.pi * ring / n)
    W = c[:, None] * A[half][:, half] * c / (c[: n // 2] ** 2).sum()
    state, moments = np.zeros((COPIES, n), np.float32), Moments(BASIS)
    for f in range(frames):
        fold(moments, *advance(state, W, np.zeros(n), c, seed=seed, tick=4 * f, ticks=4, noise=NOISE, kind=LINEAR))
    return fit(moments)


def _curved(rate: float, rotation: float) -> Callable[[int], tuple[float, float]]:
    def run(seed: int) -> tuple[float, float]:
        seen = curvature(_linear_network(seed, rate, rotation), CENTRE, 1.0)
        return float(seen.R[0]), float(seen.R_error[0])

    return run


def _turning(seed: int) -> tuple[float, float]:
    seen = curvature(_linear_network(seed, 0.05, 0.1), CENTRE, 1.0)
    return float(seen.vorticity[0]), float(seen.vorticity_error[0])


def _black_hole(seed: int) -> tuple[float, float]:
    R = []
    for order in (3, 4):
        g = _planted(seed, lambda X: _flowed(_falling, X), 0.002 * np.eye(2), order=order)
        R.append(curvature(g, CENTRE, BTZ.S))
    return float(R[1].R[0]), math.hypot(float(R[1].R_error[0]), float(R[1].R[0] - R[0].R[0]))


def _sphere(seed: int) -> tuple[float, float]:
    planted, at = spacetimes.sphere(1.3), np.random.default_rng(seed).uniform(-0.5, 0.5, (16, 2))
    coarse, fine = (spacetimes.curvature(planted.metric, at, step)["R"] for step in (1e-2, 5e-3))
    far = int(np.abs(fine - planted.R).argmax())
    return float(fine[far]), float(np.abs(fine - coarse).max())


BALL = (0.4, 0.002)
"""Radius of a sphere, and its noise per tick where it touches the plane."""


def _measured_sphere(seed: int) -> tuple[float, float]:
    radius, kick = BALL
    planted, rng = spacetimes.sphere(radius), np.random.default_rng(seed)
    moments, squares = Moments(Basis(3, 0.5)), Squares(Basis(4, 0.5))
    for _ in range(4):
        X = rng.uniform(-0.5, 0.5, (1, 64 * COPIES, 2))
        after = X + np.sqrt(kick * planted.noise(X)[..., :1, 0]) * rng.standard_normal(X.shape)
        age = np.full(X.shape[:2], 9)
        fold(moments, X, X, after, age, halflife=math.inf)
        gather(squares, fit(moments), X, X, after, age, halflife=math.inf)
    found = fit(moments)
    seen = tensor(found, noise(squares, found), places(moments.basis, MAP, 4), 1.0)
    value, error = jackknife(seen.R.mean(axis=1))
    return float(value), float(error)


LEAK = (1.5, 0.1, 4)
"""Lapse², contraction rate and age of the cone that copies leak out of."""


def _leak(seed: int) -> tuple[float, float]:
    S, rate, ticks = LEAK
    rng, C, A = np.random.default_rng(seed), 0.002, math.exp(-rate)
    kick = C * (1.0 - A * A) / (2.0 * rate)
    g = _planted(seed, lambda X: A * X, kick * np.eye(2))
    light = cones(g, S, np.zeros((1, 2)))
    found = -0.5 * float(np.trace(g.gradient(np.zeros(2))))
    reach = light.radius[0] * (1.0 - math.exp(-found * ticks)) / found
    x = np.zeros((20 * COPIES, 2))
    for _ in range(ticks):
        x = A * x + math.sqrt(kick) * rng.standard_normal(x.shape)
    outside = ((np.linalg.solve(reach, x.T) ** 2).sum(axis=0) > 1.0).mean()
    # What the fit leaves open in C moves the cone: d ln(leak) = −ln(leak) d ln C, C known to √(1/n) as a determinant.
    share = float(outside)
    doubt = -share * math.log(share) / math.sqrt(8 * COPIES)
    return share, math.hypot(math.sqrt(share * (1.0 - share) / len(x)), doubt)


FUTURE = (0.4, 0.1, 20)
"""The same of a future that light has drawn, long after."""


def _future(seed: int) -> tuple[float, float]:
    S, rate, ticks = FUTURE
    rng, C, A = np.random.default_rng(seed), 0.002, math.exp(-rate)
    kick = C * (1.0 - A * A) / (2.0 * rate)
    g = _planted(seed, lambda X: A * X, kick * np.eye(2))
    x = math.sqrt(C * (1.0 - A ** (2 * ticks)) / (2.0 * rate)) * rng.standard_normal((20 * COPIES, 2))
    share = float(future(g, [S], np.zeros(2), ticks).outside(ticks, x).mean())
    doubt = -share * math.log(share) / math.sqrt(8 * COPIES)
    return share, math.hypot(math.sqrt(share * (1.0 - share) / len(x)), doubt)


def _matter(seed: int) -> tuple[float, float]:
    """Planted Λ, κ_E and T besides smooth dust that is not in G, in eight groups with noise."""
    rng = np.random.default_rng(seed)
    T = law.fluid(0.02 + 0.1 * (MAP**2).sum(axis=1), 0.5)
    G = 0.4 * T - 0.01 * np.diag([-1.0, 1.0, 1.0]) + 0.002 * rng.standard_normal((8, len(MAP), 3, 3))
    rows = np.concatenate([G.mean(axis=0)[None], (G.sum(axis=0) - G) / 7.0])
    products = law.products(T, rows)
    value, error = jackknife(law.fit(products).coupling)
    return float(value), float(error)


def _lent(seed: int) -> tuple[float, float]:
    """Twice the coupling that is true explains as much as none: 2k − k² in units of the true one."""
    rng = np.random.default_rng(seed)
    T = law.fluid(0.02 + 0.1 * (MAP**2).sum(axis=1), 0.0)
    G = 0.4 * T - 0.01 * np.diag([-1.0, 1.0, 1.0]) + 1e-4 * rng.standard_normal((8, len(MAP), 3, 3))
    rows = np.concatenate([G.mean(axis=0)[None], (G.sum(axis=0) - G) / 7.0])
    value, error = jackknife(added(law.products(T, rows), 0.6))
    return float(value), float(error)


def _missing(seed: int) -> tuple[float, float]:
    axis = np.linspace(-0.65, 0.65, 49)
    place = np.random.default_rng(seed).uniform(-0.3, 0.3, 2)
    found = deficit(axis, relaxation.solve(axis, relaxation.spread(axis, place, 1.5)), place, [0.18, 0.22, 0.26], -1.0)
    return float(found.mean()), float(np.ptp(found))


BRIDGE = (0.1, 8, 0.3, 0.27)
"""Contraction rate, ticks, and where copies are launched and seen, 1.5 standard deviations off the flow."""


def _bridge(seed: int) -> tuple[float, float]:
    rate, ticks, start, end = BRIDGE
    rng, A, packet = np.random.default_rng(seed), math.exp(-rate), Packet(ticks)
    for launch in range(packet.groups):
        X = np.empty((ticks + 1, 8 * COPIES, 2))
        X[0] = start, 0.0
        for t in range(ticks):
            X[t + 1] = A * X[t] + math.sqrt(0.002) * rng.standard_normal(X[t].shape)
        packet.land(launch, X, (end, 0.0), 0.06)
    value, error = jackknife(packet.path()[:, ticks // 2, 0])
    return float(value), float(error)


CASES = (
    Calibration(
        "drift-linear", "Contraction of a planted linear map",
        "The flow of X ↦ exp(A) X is A X: λ = −½ tr A.",
        "generator.fit", "λ / tick⁻¹", 0.1, 2e-4, _drift_linear,
    ),
    Calibration(
        "drift-curved", "Drift of a planted curved flow",
        "The time-one map of a black hole's inflow, by Runge–Kutta: rms deviation of the drift over its rms.",
        "generator.fit", "|v − v̂|/|v|", 0.0, 0.01, _drift_curved,
    ),
    Calibration(
        "noise-linear", "Noise behind a tick's lag",
        "Noise C of a linear flow shows in one tick as ∫ exp(As) C exp(Aᵀs) ds; the fit must give C back.",
        "generator.fit", "C₁₁ / tick⁻¹", float(SPREAD[0, 0]), 2e-4, _noise_linear,
    ),
    Calibration(
        "closure", "Share of the drift that X explains",
        "A hidden part as large as the visible one leaves a closure of ½.",
        "generator.fit", "closure", 0.5, 0.03, _closure,
    ),
    Calibration(
        "de-sitter", "Curvature of de Sitter space",
        "Copies of a linear network with W = exp(−λ) live in de Sitter space: R(0) = 6 λ²/S, here λ = .05.",
        "curvature.curvature", "R(0) / tick⁻²", spacetimes.de_sitter(0.05, 1.0).R, 0.002, _curved(0.05, 0.0),
    ),
    Calibration(
        "flat", "Curvature of flat space",
        "Copies of a linear network that only turns live in flat space: R(0) = 0.",
        "curvature.curvature", "R(0) / tick⁻²", 0.0, 2e-4, _curved(0.0, 0.1),
    ),
    Calibration(
        "turning", "Dragging of frames",
        "Copies of a linear network that turns by ω a tick are dragged round by ω, whatever λ; here ω = .1.",
        "curvature.curvature", "ω(0) / tick⁻¹", 0.1, 0.01, _turning,
    ),
    Calibration(
        "black-hole", "Curvature outside a black hole",
        "The inflow of a BTZ black hole is anti-de Sitter: R = −6/l² away from its centre, here l² = 150.",
        "curvature.curvature", "R / tick⁻²", BTZ.R, 0.002, _black_hole,
    ),
    Calibration(
        "sphere", "Curvature of a sphere, from the full tensor",
        "Static time and a sphere of radius a have R = 2/a²; C varies here, which the closed form does not allow.",
        "theory.spacetimes.curvature", "R / length⁻²", spacetimes.sphere(1.3).R, 1e-4, _sphere,
    ),
    Calibration(
        "sphere-seen", "Curvature of a sphere, from steps",
        "Noise alone, whose size depends on the place, is measured to live on a sphere: R = 2/a², mean over the map.",
        "metric.tensor", "R / tick⁻¹", 2.0 * BALL[1] / BALL[0] ** 2, 0.0025, _measured_sphere,
    ),
    Calibration(
        "leak", "Copies outside their light cone",
        "Of an Ornstein–Uhlenbeck process exp(−(S/λ) tanh(λt/2)) have left the cone at age t.",
        "curvature.cones", "leak", float(spacetimes.leak(*LEAK)), 0.01, _leak,
    ),
    Calibration(
        "future", "Copies outside a future drawn by light",
        "The same share by null geodesics of the fitted metric, at an age of two relaxation times.",
        "futures.future", "leak", float(spacetimes.leak(*FUTURE)), 0.01, _future,
    ),
    Calibration(
        "matter", "Coupling of planted matter",
        "A map with G_ab = −Λ g_ab + κ_E T_ab and noise, T radiation: the fit must give κ_E back.",
        "einstein.fit", "κ_E", 0.4, 0.03, _matter,
    ),
    Calibration(
        "matter-lent", "What a lent coupling explains",
        "With k times the true κ_E matter explains 2k − k² of what Λ leaves; here k = 1.5.",
        "einstein.added", "R²", 0.75, 0.01, _lent,
    ),
    Calibration(
        "deficit", "Angle missing round a mass",
        "A slice solved by Newton's method with a mass of 1.5 at a random place: 1.5 of 2π are missing.",
        "einstein.deficit", "angle / rad", 1.5, 2e-3, _missing,
    ),
    Calibration(
        "bridge", "Mean path of copies seen at B",
        "An Ornstein–Uhlenbeck process held at both ends is half way at ½ (A + B)/cosh(λ t_B/2).",
        "packets.Packet", "X(t_B/2)", 0.5 * (BRIDGE[2] + BRIDGE[3]) / math.cosh(0.5 * BRIDGE[0] * BRIDGE[1]), 0.005,
        _bridge,
    ),
)  # fmt: skip
