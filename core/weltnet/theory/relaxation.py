"""Einstein's equations of a universe and of a slice, solved without relaxing, and what is known in closed form.

    (a′)² = Λ a² + κρ a^(−2w) − k,   Δφ + Λ e^{2φ} + κ m(x) = 0,   2+1 dimensions.

Twins of `weltnet.kernels.relaxation`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import diags, eye, kron
from scipy.sparse.linalg import spsolve

__all__ = ["CONTENTS", "FROM", "SPAN", "arcs", "disc", "rippled", "solve", "spread", "universe"]

Array = NDArray[Any]

CONTENTS: dict[str, tuple[float, float, float]] = {
    "closed": (1.0, 0.0, 0.0),
    "flat": (0.0, 0.0, 0.0),
    "dust": (0.0, 1.0, 0.0),
    "radiation": (0.0, 1.0, 0.5),
}
"""k, κρ and w of universes with Λ = 1: closed and flat de Sitter, and flat ones with matter."""

FROM, SPAN = 0.2, 1.5
"""The time at which each begins, and how long it lasts."""


def universe(content: str, t: ArrayLike) -> Array:
    """a(t) with Λ = 1: cosh t, e^t, sinh t and sinh(3t/2)^(2/3)."""
    t = np.asarray(t, dtype=float)
    _, matter, w = CONTENTS[content]
    if matter:
        grown: Array = np.sinh((1.0 + w) * t) ** (1.0 / (1.0 + w))
        return grown
    empty: Array = np.cosh(t) if content == "closed" else np.exp(t)
    return empty


def rippled(content: str, steps: int) -> Array:
    """Where a universe begins to relax: (steps + 1,), a straight line between its exact ends, with ripples."""
    s = np.linspace(0.0, 1.0, steps + 1)
    first, last = universe(content, FROM + SPAN * np.array([0.0, 1.0]))
    a: Array = (first + (last - first) * s) * (1.0 + 0.3 * np.sin(np.pi * s) * np.sin(9.0 * s))
    return a


def disc(X: ArrayLike) -> Array:
    """φ of the hyperbolic plane with Λ = −1 on the unit disc: ln 2/(1 − |X|²), X: (..., 2)."""
    out: Array = np.log(2.0 / (1.0 - (np.asarray(X, dtype=float) ** 2).sum(axis=-1)))
    return out


def spread(axis: Array, place: ArrayLike, mass: float, cells: float = 1.0) -> Array:
    """A mass on a square grid: (n, n), a Gaussian of this many cells; its sum times the cell's area is the mass."""
    step = axis[1] - axis[0]
    x, y = np.asarray(place, dtype=float)
    blob = [np.exp(-0.5 * ((axis - p) / (cells * step)) ** 2) for p in (x, y)]
    out: Array = np.outer(blob[0] / blob[0].sum(), blob[1] / blob[1].sum()) * (mass / step**2)
    return out


def solve(axis: Array, source: Array, cosmological: float = -1.0, turns: int = 20) -> Array:
    """φ on a square grid with the hyperbolic plane's values on the rim, by Newton's method."""
    n, step = len(axis), axis[1] - axis[0]
    phi = disc(np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1))
    line = diags([np.ones(n - 3), -2.0 * np.ones(n - 2), np.ones(n - 3)], [-1, 0, 1]) / step**2
    laplace = kron(line, eye(n - 2)) + kron(eye(n - 2), line)
    for _ in range(turns):
        inner = phi[1:-1, 1:-1]
        around = phi[2:, 1:-1] + phi[:-2, 1:-1] + phi[1:-1, 2:] + phi[1:-1, :-2] - 4.0 * inner
        grown = cosmological * np.exp(2.0 * inner)
        left = around / step**2 + grown + source[1:-1, 1:-1]
        phi[1:-1, 1:-1] -= spsolve((laplace + diags(2.0 * grown.ravel())).tocsc(), left.ravel()).reshape(left.shape)
        if np.abs(left).max() < 1e-10:
            break
    return phi


def arcs(X: Array, angle: Array, ds: float, steps: int) -> Array:
    """Geodesics of the hyperbolic plane on its disc, from X: (lines, 2) at these angles: (steps + 1, lines, 2).

    Circles that meet the unit circle at right angles, in steps of ds as the plane measures it.
    """
    left = np.stack([-np.sin(angle), np.cos(angle)], axis=-1)
    bent = 2.0 * (X * left).sum(axis=-1) / (1.0 - (X**2).sum(axis=-1))
    s = ds * np.arange(steps + 1)[:, None]
    # Along and across an arc of this bend, also where the bend is zero.
    turn = 0.5 * bent * s
    chord = (s * np.sinc(turn / np.pi))[..., None]
    out: Array = X + chord * np.stack([np.cos(angle + turn), np.sin(angle + turn)], axis=-1)
    return out
