"""The mean path of those copies, launched at A, that are seen near B: the conditional mean of a packet.

Who ends near B does not end at B. With y = X_T − B of those within the radius, X_t is regressed on (1, y): its value at
y = 0 is the mean of those that end at B itself, exactly where the process is Gaussian, to second order elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Packet", "Trail"]

Array = NDArray[np.float64]


@dataclass(slots=True)
class Packet:
    """Sums over copies that landed, one row per group of launches; part of a rewindable state.

    gram: (groups, 3, 3) Σ(1, y)(1, y)ᵀ and cross: (groups, 3, ticks + 1, 2) Σ(1, y) X_tᵀ over those seen; total:
    (groups, ticks + 1, 2) ΣX_t over all, of which there were count: (groups,).
    """

    ticks: int
    groups: int = 8
    gram: Array = field(default_factory=lambda: np.zeros(0))
    cross: Array = field(default_factory=lambda: np.zeros(0))
    total: Array = field(default_factory=lambda: np.zeros(0))
    count: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if self.gram.size == 0:
            g, n = self.groups, self.ticks + 1
            self.gram, self.cross = np.zeros((g, 3, 3)), np.zeros((g, 3, n, 2))
            self.total, self.count = np.zeros((g, n, 2)), np.zeros(g)

    @property
    def seen(self) -> int:
        """How many copies were seen near B."""
        return int(self.gram[:, 0, 0].sum())

    def land(self, launch: int, X: ArrayLike, target: ArrayLike, radius: float) -> Array:
        """Enter the paths X: (ticks + 1, copies, 2) of one launch; which copies were seen: (copies,) bool.

        An infinite radius sees all and corrects for nothing: the plain mean.
        """
        X, g = np.asarray(X, dtype=float), launch % self.groups
        y = X[-1] - np.asarray(target, dtype=float)
        seen = (y**2).sum(axis=1) <= radius**2
        D = np.column_stack([np.ones(len(y)), y if np.isfinite(radius) else np.zeros_like(y)])[seen]
        self.gram[g] += D.T @ D
        self.cross[g] += np.einsum("nk,tni->kti", D, X[:, seen])
        self.total[g] += X.sum(axis=1)
        self.count[g] += len(y)
        out: Array = seen
        return out

    def path(self) -> Array:
        """Mean path of those that end at B, from all groups and without each: (1 + groups, ticks + 1, 2).

        Zero before any were seen.
        """
        gram, cross = (np.concatenate([a.sum(0, keepdims=True), a.sum(0) - a]) for a in (self.gram, self.cross))
        out: Array = np.einsum("rk,rkti->rti", np.linalg.pinv(gram, hermitian=True)[:, 0], cross)
        return out

    def free(self) -> Array:
        """Mean path of all copies, whether seen or not, in the same rows; zero before any landed."""
        total, count = (np.concatenate([a.sum(0, keepdims=True), a.sum(0) - a]) for a in (self.total, self.count))
        out: Array = total / np.maximum(count, 1.0)[:, None, None]
        return out


@dataclass(slots=True)
class Trail:
    """Some numbers, noted four times while the count of launches doubles; part of a rewindable state.

    kept: (64, columns), of which the first `marks` rows were noted.
    """

    columns: int
    kept: Array = field(default_factory=lambda: np.zeros(0))
    marks: int = 0

    def __post_init__(self) -> None:
        if self.kept.size == 0:
            self.kept = np.zeros((64, self.columns))

    @property
    def rows(self) -> Array:
        """(marks, columns)."""
        out: Array = self.kept[: self.marks].copy()
        return out

    def mark(self, launches: int, values: ArrayLike) -> None:
        """Note the values, if it is time."""
        due = launches == 1 or int(4.0 * np.log2(launches)) > int(4.0 * np.log2(launches - 1))
        if due and self.marks < len(self.kept):
            self.kept[self.marks] = values
            self.marks += 1
