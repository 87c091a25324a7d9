"""Ways from an event A to a place B in a measured metric: its geodesics for several lapses, and what they compete with.

ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt). A geodesic is shot on the compiled kernel, from the momentum with
which the Freidlin–Wentzell path from A to B starts; that path is the geodesic for S → ∞.               [2111.00903 §7]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.futures import WALL
from weltnet.estimators.generator import Basis, Generator
from weltnet.kernels.geodesics import energy, fly
from weltnet.theory.geodesics import likeliest, shoot

__all__ = ["FLOW", "LEARNED", "LIMIT", "SET", "SIGMA", "STRAIGHT", "WAYS", "Routes", "routes"]

Array = NDArray[Any]

WAYS = LIMIT, STRAIGHT, FLOW, SIGMA, SET, LEARNED = range(6)
"""S → ∞; the straight line; the flow line, which misses B; N² = σ(X); two finite S."""

COARSE, PARTS = 4, 16
"""Runge–Kutta steps per tick, to aim and to fly: then the energy of a geodesic drifts by less than 1e-8."""

TURNING = 0.02
"""Rotation per tick below which a flow produces no entropy to speak of, and N² = σ is no lapse."""

ARRIVED = 1e-5


@dataclass(slots=True)
class Routes:
    """Ways from A to B; part of a state.

    lines: (WAYS, ticks + 1, 2), at every tick; found: (WAYS,), 1 where there is such a way, elsewhere its line is
    straight; drift: (WAYS,), by which share the energy of a geodesic changes on its way; fan: (ticks + 1, rays, 2),
    matter from A at half the speed of light; basis, flow and C: what v and h are made of.
    """

    lines: Array
    found: Array
    drift: Array
    fan: Array
    basis: Basis
    flow: Array
    C: Array

    def cost(self, paths: Array) -> Array:
        """|Ẋ − v|²_h per tick along paths: (..., ticks + 1, 2); (..., ticks)."""
        middle = 0.5 * (paths[..., 1:, :] + paths[..., :-1, :])
        missing = np.diff(paths, axis=-2) - self.basis(middle) @ self.flow
        out: Array = np.einsum("...i,ij,...j->...", missing, np.linalg.inv(self.C), missing)
        return out

    def off(self, paths: Array, way: int) -> Array:
        """Rms distance over the ticks of paths: (rows, ticks + 1, 2) from a way; (rows,)."""
        out: Array = np.sqrt(((paths - self.lines[way]) ** 2).sum(axis=-1)[:, 1:].mean(axis=1))
        return out

    def share(self, paths: Array, way: int) -> Array:
        """e = d/(d + d′), d the distance from a way and d′ that from straight or flow line, the nearer; (rows,)."""
        d, other = self.off(paths, way), np.minimum(self.off(paths, STRAIGHT), self.off(paths, FLOW))
        out: Array = d / np.maximum(d + other, 1e-12)
        return out

    def bent(self, paths: Array, way: int) -> Array:
        """β: by least squares paths are at (1 − β) × S → ∞ + β × a way; 0 where there is no such way; (rows,)."""
        apart = self.found[way] * (self.lines[way] - self.lines[LIMIT])
        out: Array = ((paths - self.lines[LIMIT]) * apart).sum(axis=(1, 2)) / max(float((apart**2).sum()), 1e-18)
        return out


def routes(
    generator: Generator, start: Array, target: Array, ticks: int, lapses: tuple[float, float], rays: int = 24
) -> Routes:
    """All ways from `start` to `target`: (2,) in so many ticks; `lapses` are the two finite S, the first one positive.

    A lapse that is not above the mean cost |Ẋ − v|²_h of the way of least cost has no timelike way at all.
    """
    C, flow, half = generator.noise[0], np.ascontiguousarray(generator.flow[0]), generator.basis.half
    even, wall = np.array([[C[0, 0], C[0, 1], C[1, 1]]]), WALL * half

    def flown(P: Array, noise: Array, slow: float, parts: int = PARTS) -> tuple[Array, Array]:
        out, momenta = np.empty((2, ticks * parts + 1, len(P), 2))
        fly(np.repeat(start[None], len(P), axis=0), P, flow, noise, half, slow, 1.0, 1.0 / parts, wall, out, momenta)
        return out, momenta

    straight = start + np.linspace(0.0, 1.0, ticks + 1)[:, None] * (target - start)
    lines, found, drift = np.repeat(straight[None], len(WAYS), axis=0), np.zeros(len(WAYS)), np.zeros(len(WAYS))
    found[[STRAIGHT, FLOW]] = 1.0

    def shot(way: int, guess: Array, noise: Array, slow: float) -> Array:
        P = shoot(lambda P: flown(P, noise, slow, COARSE)[0][-1], target[None], guess[None], rounds=8, tolerance=1e-8)[
            0
        ]
        out, momenta = flown(P, noise, slow)
        if np.abs(out[-1, 0] - target).max() < ARRIVED and np.abs(out).max() < wall and np.isfinite(momenta).all():
            lines[way], found[way] = out[::PARTS, 0], 1.0
            H = np.empty((2, 1))
            for k, end in enumerate((0, -1)):
                energy(out[end], momenta[end], flow, noise, half, slow, 1.0, H[k])
            whole = H[:, 0] + (1.0 / slow if slow else 0.0)
            drift[way] = abs(whole[1] / whole[0] - 1.0) if whole[0] else 0.0
        return momenta[:, 0]

    lines[FLOW] = flown(np.zeros((1, 2)), even, 0.0)[0][::PARTS, 0]
    likely, _ = likeliest(
        generator.drift, lambda X: np.broadcast_to(C, (*X.shape[:-1], 2, 2)), start, target, float(ticks), steps=ticks
    )
    P = np.linalg.solve(C, likely[1] - likely[0] - generator.drift(0.5 * (likely[0] + likely[1])))
    momenta = shot(LIMIT, P, even, 0.0)
    if found[LIMIT]:
        cost = np.einsum("ti,ij,tj->t", momenta, C, momenta)
        for way, S in zip((SET, LEARNED), lapses, strict=True):
            if cost.mean() < S:
                shot(way, momenta[0] / math.sqrt(max(1.0 - cost[0] / S, 0.05)), even, 1.0 / S)
        lapse = _sigma(generator)
        n = math.sqrt(max(float(start @ lapse @ start), 0.0))
        if n > 0.1:
            shot(SIGMA, momenta[0] / n, _with_lapse(even, lapse, half), 1.0)
    angle = 2.0 * np.pi * np.arange(rays) / rays
    directions = np.linalg.solve(np.linalg.cholesky(C).T, np.stack([np.cos(angle), np.sin(angle)])).T
    # Half the speed of light is a momentum of √(S/3).
    fan = flown(math.sqrt(lapses[0] / 3.0) * directions, even, 1.0 / lapses[0], COARSE)[0][::COARSE]
    return Routes(lines, found, drift, fan, generator.basis, flow, C)


def _sigma(generator: Generator) -> Array:
    """(2, 2), Q of σ = Xᵀ Q X: 2 |u|²_h of that part u of the linear flow that only turns; zero where nothing does."""
    A, C = generator.gradient(np.zeros(2)), generator.noise[0]
    turn = 0.5 * (A - C @ A.T @ np.linalg.inv(C))
    out: Array = 2.0 * turn.T @ np.linalg.inv(C) @ turn
    return out if math.sqrt(max(float(np.linalg.det(turn)), 0.0)) > TURNING else 0.0 * out


def _with_lapse(even: Array, Q: Array, half: float) -> Array:
    """C and n² = Xᵀ Q X as coefficients of T_i T_j, i + j ≤ 2, j fastest: (6, 4)."""
    out = np.zeros((6, 4))
    out[0, :3] = even[0]
    out[[0, 2, 4, 5], 3] = 0.5 * half**2 * np.array([Q[0, 0] + Q[1, 1], Q[1, 1], 4.0 * Q[0, 1], Q[0, 0]])
    return out
