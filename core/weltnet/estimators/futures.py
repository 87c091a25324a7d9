"""The future of an event in a measured metric: where its light can be, and which copies are not there.

Light is followed by geodesics of ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt) with v and C = h⁻¹ as fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.estimators.generator import Generator
from weltnet.kernels.geodesics import fly

__all__ = ["WALL", "Future", "future"]

Array = NDArray[Any]

WALL = 1.4
"""Beyond this many half-widths of the basis light is no longer followed: the polynomials say nothing there."""


@dataclass(slots=True)
class Future:
    """The futures of one event for several lapses, in the metric of one generator; part of a state.

    S: (lapses,); middle: (ticks + 1, 2), who goes with the flow; rims: (lapses, ticks + 1, rays, 2), light; frame:
    (2, 2), L with L Lᵀ = C; whole: (lapses,), whether all its light stays on the square where the metric is measured.
    """

    S: Array
    middle: Array
    rims: Array
    frame: Array
    whole: Array

    def outside(self, age: int, X: ArrayLike) -> Array:
        """Which of X: (n, 2) are outside each cone at this age; (lapses, n) bool.

        In the frame in which h is the identity a rim is a star round the middle, read linearly between its rays.
        """
        here = np.linalg.solve(self.frame, (np.asarray(X, dtype=float) - self.middle[age]).T)
        edges = np.linalg.solve(self.frame, (self.rims[:, age] - self.middle[age]).swapaxes(1, 2))
        far, reach = np.hypot(here[0], here[1]), np.hypot(edges[:, 0], edges[:, 1])
        out: Array = far > reach.max(axis=1, keepdims=True)
        # Only between the nearest and the farthest light does the direction matter.
        for k, between in enumerate(~out & (far > reach.min(axis=1, keepdims=True))):
            toward = np.arctan2(edges[k, 1], edges[k, 0])
            order = np.argsort(toward)
            some = here[:, between]
            limit = np.interp(np.arctan2(some[1], some[0]), toward[order], reach[k, order], period=2.0 * np.pi)
            out[k, between] = far[between] > limit
        return out


def future(generator: Generator, S: ArrayLike, start: ArrayLike, ticks: int, rays: int = 24) -> Future:
    """The futures of the event at `start`: (2,) for every lapse² S: (lapses,); where S ≤ 0 the rim is the flow line.

    One Runge–Kutta step per tick: at the rotation of the networks here, .2 per tick, an error of 1e-5 of the reach.
    """
    C, lapses = generator.noise[0], np.asarray(S, dtype=float)
    L = np.linalg.cholesky(C)
    angle = 2.0 * np.pi * np.arange(rays) / rays
    directions = np.linalg.solve(L.T, np.stack([np.cos(angle), np.sin(angle)])).T
    coefficients = np.ascontiguousarray(generator.flow[0])
    noise = np.array([[C[0, 0], C[0, 1], C[1, 1]]])
    half, where = generator.basis.half, np.asarray(start, dtype=float)

    def flown(P: Array, slow: float, mass: float) -> Array:
        out, momenta = np.empty((2, ticks + 1, len(P), 2))
        X = np.repeat(where[None], len(P), axis=0)
        fly(X, P, coefficients, noise, half, slow, mass, 1.0, WALL * half, out, momenta)
        return out

    middle = flown(np.zeros((1, 2)), 0.0, 1.0)[:, 0]
    still = np.repeat(middle[:, None], rays, axis=1)
    rims = np.stack([flown(directions, 1.0 / s, 0.0) if s > 0.0 else still for s in lapses])
    return Future(lapses, middle, rims, L, np.abs(rims).max(axis=(1, 2, 3)) <= half)
