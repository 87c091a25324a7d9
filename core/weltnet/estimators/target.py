"""The connection of the space a string moves in, read from the states of its neurons alone.

    □X^i = −Γ^i_jk(X) S^jk,  □ = δ_tt − δ_ss,  S^jk = δ_tX^j δ_tX^k − δ_sX^j δ_sX^k   [2008.01540 §8, curved target]

is linear in Γ. With Γ^i_jk a cubic polynomial of X¹, X² (without squares) this is a regression on 21 functions; beside
it stands □X^i = −M^i_j X^j, a coupling that gives mass and no curvature. The share of □X that each explains decides:
Γ alone does not, for it is not zero where a mass is read as curvature. Differences are central, of second order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.estimators.generator import jackknife

__all__ = ["PAIRS", "Connection", "Sums", "connection", "forms", "jackknife", "see"]

Array = NDArray[Any]

PAIRS = ((0, 0), (0, 1), (1, 1))
"""The j k of Γ^i_jk, in the order of their coefficients."""

FORMS, RIDGE = 7, 1e-12


@dataclass(slots=True)
class Sums:
    """Forgetting sums over ticks and sites, one row per string; part of a rewindable state.

    gram: (strings, 21, 21), cross: (strings, 21, 2), square: (strings, 2) of □X; mass, pull: (strings, 2, 2).
    """

    gram: Array
    cross: Array
    square: Array
    mass: Array
    pull: Array

    @classmethod
    def empty(cls, strings: int) -> Sums:
        """Nothing seen yet."""
        n = FORMS * len(PAIRS)
        return cls(*(np.zeros((strings, *shape)) for shape in ((n, n), (n, 2), (2,), (2, 2), (2, 2))))

    def fade(self, factor: float) -> None:
        """Weigh what was seen so far by this factor, in place."""
        for sums in (self.gram, self.cross, self.square, self.mass, self.pull):
            sums *= factor


def forms(X: ArrayLike) -> Array:
    """1, x, y, x³, x²y, xy², y³ at X: (2, ...); (7, ...)."""
    x, y = np.asarray(X, dtype=float)
    return np.stack([np.ones_like(x), x, y, x**3, x * x * y, x * y * y, y**3])


def see(sums: Sums, before: Array, now: Array, after: Array) -> None:
    """Add three successive ticks of strings, each (strings, 2, sites), in place."""
    neighbours = np.roll(now, -1, axis=-1), np.roll(now, 1, axis=-1)
    box = after + before - neighbours[0] - neighbours[1]
    t, s = 0.5 * (after - before), 0.5 * (neighbours[0] - neighbours[1])
    # Γ is symmetric: its mixed component meets both orders.
    S = np.stack([(1 + (j != k)) * (t[:, j] * t[:, k] - s[:, j] * s[:, k]) for j, k in PAIRS], axis=1)
    shapes = forms(np.moveaxis(now, 1, 0)).swapaxes(0, 1)
    B = (S[:, :, None] * shapes[:, None]).reshape(len(now), FORMS * len(PAIRS), -1)
    back = box.swapaxes(1, 2)
    sums.gram += B @ B.swapaxes(1, 2)
    sums.cross -= B @ back
    sums.square += (box**2).sum(axis=-1)
    sums.mass += now @ now.swapaxes(1, 2)
    sums.pull -= now @ back


@dataclass(frozen=True, slots=True, eq=False)
class Connection:
    """Γ as fitted to all strings (row 0) and without each in turn, and what it explains.

    coefficients: (1 + strings, 3, 7, 2) by pair, form and i; explained, massive: (1 + strings,) shares of □X that Γ and
    a mass explain, zero where nothing accelerates.
    """

    coefficients: Array
    explained: Array
    massive: Array

    def at(self, X: ArrayLike) -> Array:
        """Γ^i_jk at X: (2, ...), of every row; (1 + strings, 3, 2, ...)."""
        out: Array = np.einsum("rpfi,f...->rpi...", self.coefficients, forms(X))
        return out

    def error(self, exact: ArrayLike, X: ArrayLike) -> tuple[float, float]:
        """rms of Γ − exact over X: (2, n) relative to that of exact: (3, 2, n), with its jackknife error."""
        true = np.asarray(exact, dtype=float)
        off = np.sqrt(((self.at(X) - true) ** 2).mean(axis=(1, 2, 3)) / (true**2).mean())
        value, error = jackknife(off)
        return float(value), float(error)


def connection(sums: Sums) -> Connection:
    """Solve both regressions."""

    def rows(a: Array) -> Array:
        out: Array = np.concatenate([a.sum(axis=0, keepdims=True), a.sum(axis=0) - a])
        return out

    gram, cross, square = rows(sums.gram), rows(sums.cross), rows(sums.square).sum(axis=-1)
    mass, pull = rows(sums.mass), rows(sums.pull)

    def solved(A: Array, b: Array) -> tuple[Array, Array]:
        n = A.shape[-1]
        weight = np.maximum(np.trace(A, axis1=1, axis2=2), 1e-200)[:, None, None]
        found = np.linalg.solve(A + RIDGE * weight * np.eye(n), b)
        won = (2.0 * b * found - found * (A @ found)).sum(axis=(1, 2))
        return found, np.where(square > 0.0, won / np.where(square > 0.0, square, 1.0), 0.0)

    Γ, explained = solved(gram, cross)
    _, massive = solved(mass, pull)
    return Connection(Γ.reshape(len(Γ), len(PAIRS), FORMS, 2), explained, massive)
