"""How often a phase goes round: vortices of a wave, circulation of an ensemble, coherence of free energies modulo μ_n.

Windings of wrapped differences are integers by construction: that they are integers is no evidence. What can fail is
which integer it is, and whether the members of a cell agree.                                         [2012.05082 §3]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.estimators.density import Grid

__all__ = ["Circulation", "circulation", "coherence", "plaquettes", "ring", "vortices", "winding"]

Array = NDArray[Any]


def _turn(after: Array, before: Array) -> Array:
    """The phase difference in turns, wrapped into (−½, ½]; 0 where either is 0."""
    turn: Array = np.angle(after * np.conj(before)) / (2.0 * np.pi)
    return turn


def winding(loop: ArrayLike) -> int:
    """Turns of the phase along a closed loop of complex values (points,), which turns by less than ½ a step."""
    psi = np.asarray(loop)
    return round(float(_turn(np.roll(psi, -1), psi).sum()))


def plaquettes(psi: Array) -> NDArray[np.int64]:
    """Windings (n−1, m−1) of a complex field (n, m), counter-clockwise round the cell above each point."""
    x = _turn(psi[1:, :], psi[:-1, :])
    y = _turn(psi[:, 1:], psi[:, :-1])
    found: NDArray[np.int64] = np.rint(x[:, :-1] + y[1:, :] - x[:, 1:] - y[:-1, :]).astype(np.int64)
    return found


def vortices(axis: Array, psi: Array, faint: float = 0.0) -> Array:
    """Vortices (count, 3) of a wave (n, n): q1, q2 of the cell's middle, and the winding round it.

    Cells that hold less than `faint` times the highest density at each of their corners are left out: where there is no
    wave, its phase is noise.
    """
    p = np.abs(psi) ** 2
    corners = np.maximum(np.maximum(p[1:, 1:], p[1:, :-1]), np.maximum(p[:-1, 1:], p[:-1, :-1]))
    turns = plaquettes(psi)
    i, j = np.nonzero((turns != 0) & (corners > faint * p.max()))
    half = 0.5 * (axis[1] - axis[0])
    return np.column_stack([axis[i] + half, axis[j] + half, turns[i, j]])


def ring(grid: Grid, psi: Array, centre: ArrayLike, radius: float, points: int = 256) -> Array:
    """A wave on the grid read bilinearly along a circle, counter-clockwise: (points,) complex."""
    phi = 2.0 * np.pi * np.arange(points) / points
    q = np.asarray(centre, dtype=float) + radius * np.column_stack([np.cos(phi), np.sin(phi)])
    real, imaginary = grid.at(np.stack([psi.real, psi.imag]), q).T
    loop: Array = real + 1j * imaginary
    return loop


@dataclass(frozen=True, slots=True)
class Circulation:
    """∮ v·dl of an ensemble round a ring, with its 95 % half-width; not-a-number when a sector is empty."""

    value: float
    error: float
    members: int
    """Members in the annulus."""
    shares: Array
    """(sectors,): what each sector adds, counter-clockwise from the first axis; zeros when one is empty."""


def circulation(q: Array, v: Array, centre: ArrayLike, radius: float, width: float, sectors: int = 32) -> Circulation:
    """Circulation of members q, v: (M, 2) within `width`/2 of a circle.

    Every sector counts alike, however many members it holds: Γ = Σ 2π/sectors · ⟨r v_φ⟩, which for a flow without
    vorticity in the annulus is ∮ v·dl round any circle in it.
    """
    x, y = (q - np.asarray(centre, dtype=float)).T
    near = np.abs(np.hypot(x, y) - radius) < 0.5 * width
    x, y, (a, b) = x[near], y[near], v[near].T
    spin = x * b - y * a
    sector = np.minimum((np.arctan2(y, x) / (2.0 * np.pi) % 1.0 * sectors).astype(np.int64), sectors - 1)
    count = np.bincount(sector, minlength=sectors)
    if count.min() < 2:
        return Circulation(math.nan, math.inf, len(spin), np.zeros(sectors))
    mean = np.bincount(sector, spin, sectors) / count
    variance = np.bincount(sector, (spin - mean[sector]) ** 2, sectors) / (count - 1)
    share = 2.0 * np.pi / sectors
    error = 1.96 * share * math.sqrt(float((variance / count).sum()))
    return Circulation(float(share * mean.sum()), error, len(spin), share * mean)


def coherence(F: Array, modulus: float, cells: NDArray[np.int64] | None = None, fair: bool = False) -> float:
    """|⟨e^{2πi F/μ_n}⟩| of free energies F: (members,), the mean over cells weighted by their members.

    1 when all members of a cell agree modulo `modulus`; about 1/√members for none. `fair` takes the root of the mean
    square over cells instead, less what members that agree on nothing would make of it: 0 for none, however few are in
    a cell; every cell then needs two. Exchanging neurons at a total rate r in steps of μ′ makes it
    exp(−r t (1 − cos 2πμ′/μ_n)).
    """
    phase = np.exp(2j * np.pi * np.asarray(F) / modulus)
    cells = np.zeros(len(phase), dtype=np.int64) if cells is None else cells
    count = int(cells.max()) + 1
    sums = np.bincount(cells, phase.real, count) + 1j * np.bincount(cells, phase.imag, count)
    if not fair:
        return float(np.abs(sums).sum() / len(phase))
    size = np.bincount(cells, minlength=count)
    square = (np.abs(sums) ** 2 - size) / (size - 1)
    return math.sqrt(max(float(square.sum() / len(phase)), 0.0))
