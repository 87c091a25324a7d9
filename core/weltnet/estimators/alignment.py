"""How far one vector field of an ensemble is a multiple of another, free of sampling noise.

Every member has a place q and some vectors: its velocity, the push of its hidden neurons, and so on. Their smoothed
means at q are fields. Their inner products, weighted with the density p, are taken between groups of members that share
no luck, so that noise adds nothing to them on average, and after the mean over p is taken off, since a constant is the
gradient of no shape:

    ⟨a·b⟩ = Σ_{k≠l} ∫ p a_k·b_l / (G(G − 1)),   k, l = 1 … G groups.

They are linear, so rows of them may be summed over looks. The plane is a chessboard of FIT and TEST squares: a multiple
fitted on those of one colour is tested on those of the other. Errors: delete-one jackknife over groups (Student t).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.density import Grid
from weltnet.kernels.grid import deposit_moments

__all__ = ["GROUPS", "RIM", "angle", "explained", "jackknife", "multiple", "products", "resolved", "white"]

Array = NDArray[Any]

GROUPS = 8
T95 = 2.365
"""Student's t at 95 % for GROUPS − 1 degrees of freedom."""
SEEN = 0.05
"""Fields are compared where p is above this fraction of its highest value."""
RIM = 0.6
"""Nothing is compared nearer to the edge of the box, where reflections make a current that no field tells of."""
SQUARE = 0.75
"""Side of the chessboard's squares."""


@lru_cache(maxsize=4)
def white(grid: Grid) -> NDArray[np.bool_]:
    """Which points of the grid lie on white squares: (n, n)."""
    cell = np.floor((grid.axis + grid.half_width) / SQUARE).astype(int)
    odd: NDArray[np.bool_] = (cell[:, None] + cell[None, :]) % 2 == 1
    return odd


def products(grid: Grid, q: Array, vectors: Sequence[Array], bandwidth: float) -> Array:
    """⟨a·b⟩ of the fields of `vectors`, each (M, 2), of members at q: (M, 2), and, last, of ∇ln p.

    (1 + GROUPS, 2, F, F): all groups, then all but each; black and white squares; F = len(vectors) + 1. Groups go by
    index, so the order of the members must mean nothing.
    """
    low, inverse, F = -grid.half_width, 1.0 / grid.spacing, len(vectors)
    kernel, stacked = grid.kernel(bandwidth), np.concatenate(vectors, axis=1)
    spectra = [
        grid.spectrum(m) * kernel
        for k in range(GROUPS)
        for m in deposit_moments(
            np.ascontiguousarray(q[k::GROUPS]), np.ascontiguousarray(stacked[k::GROUPS]), low, inverse, grid.n, True
        )
    ]
    width = 1 + 2 * F
    N = np.maximum(sum(grid.field(s) for s in spectra[::width]), 1e-12)
    inside = np.abs(grid.axis) < grid.half_width - RIM
    seen = (SEEN * N.max() < N) & inside[:, None] & inside[None, :]
    weight = N[seen] / N[seen].sum()
    fields = np.empty((GROUPS, F + 1, 2, int(seen.sum())))
    for k in range(GROUPS):
        own = spectra[k * width : (k + 1) * width]
        fields[k, :F] = np.stack([grid.field(s)[seen] for s in own[1:]]).reshape(F, 2, -1)
        fields[k, F] = np.stack([slope[seen] for slope in grid.slopes(own[0])])
    fields *= GROUPS / N[seen]
    fields -= (fields @ weight)[..., None]
    rows = np.empty((1 + GROUPS, 2, F + 1, F + 1))
    for colour, squares in enumerate((~white(grid)[seen], white(grid)[seen])):
        x = (fields * np.sqrt(weight * squares)).reshape(GROUPS, F + 1, -1)
        total = x.sum(axis=0)
        own_ = x @ x.swapaxes(1, 2)
        mixed = x @ total.T
        whole, alone = total @ total.T, own_.sum(axis=0)
        rows[0, colour] = (whole - alone) / (GROUPS * (GROUPS - 1))
        less = whole - mixed - mixed.swapaxes(1, 2) + own_
        rows[1:, colour] = (less - (alone - own_)) / ((GROUPS - 1) * (GROUPS - 2))
    return rows


def jackknife(rows: Array, of: Callable[[Array], float]) -> tuple[float, float]:
    """A number made of summed products (2, F, F), and its 95 % half-width, from rows (1 + GROUPS, 2, F, F)."""
    found, without = of(rows[0]), np.array([of(row) for row in rows[1:]])
    spread = math.sqrt((GROUPS - 1) / GROUPS * float(((without - without.mean()) ** 2).sum()))
    return found, T95 * spread


def resolved(rows: Array, a: Array) -> bool:
    """Whether a field is there at all: its square above its own 95 % error."""
    size, error = jackknife(rows, lambda gram: float(a @ gram.sum(axis=0) @ a))
    return size > error


def multiple(a: Array, b: Array) -> Callable[[Array], float]:
    """c of a = c b by least squares; a and b: (F,) coefficients of the fields."""

    def of(gram: Array) -> float:
        both = gram.sum(axis=0)
        return float(a @ both @ b / (b @ both @ b))

    return of


def angle(a: Array, b: Array) -> Callable[[Array], float]:
    """The angle between a and b in degrees; 90 where either is lost in noise."""

    def of(gram: Array) -> float:
        both = gram.sum(axis=0)
        one, other = float(a @ both @ a), float(b @ both @ b)
        if one <= 0.0 or other <= 0.0:
            return 90.0
        return math.degrees(math.acos(min(max(float(a @ both @ b) / math.sqrt(one * other), -1.0), 1.0)))

    return of


def explained(a: Array, b: Array, given: float | None = None) -> Callable[[Array], float]:
    """R² = 1 − |a − c b|²/|a|², with c fitted on the squares of the other colour, or given."""

    def of(gram: Array) -> float:
        left = whole = 0.0
        for colour in (0, 1):
            other = gram[1 - colour]
            c = float(a @ other @ b / (b @ other @ b)) if given is None else given
            r = a - c * b
            left += float(r @ gram[colour] @ r)
            whole += float(a @ gram[colour] @ a)
        return 1.0 - left / whole if whole else 0.0

    return of
