"""Where the paths of Bohm lead, from the wave alone: no replica is asked, and the integrator is not theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.theory.schroedinger import SplitStep, density
from weltnet.theory.twins import gather

__all__ = ["Guide", "bohm_paths", "guide"]

Array = NDArray[Any]


def bohm_paths(wave: SplitStep, psi: Array, starts: Array, steps: int) -> Array:
    """Places (steps + 1, points, 2), every 2 dt of `wave`, of paths dq/dt = ħ Im ∇ψ/ψ from starts: (points, 2).

    The classical Runge–Kutta method of order 4 with the step 2 dt, so that its midpoints are steps of the wave; the
    velocity is read bilinearly.
    """
    low, inverse, h = float(wave.axis[0]), 1.0 / float(wave.axis[1] - wave.axis[0]), 2.0 * wave.dt
    q, out = np.array(starts, dtype=float), [np.array(starts, dtype=float)]
    before = wave.flow(psi)[0]
    for _ in range(steps):
        psi = wave.step(psi)
        middle = wave.flow(psi)[0]
        psi = wave.step(psi)
        after = wave.flow(psi)[0]
        a = gather(before, q, low, inverse)
        b = gather(middle, q + 0.5 * h * a, low, inverse)
        c = gather(middle, q + 0.5 * h * b, low, inverse)
        d = gather(after, q + h * c, low, inverse)
        q = q + h / 6.0 * (a + 2.0 * b + 2.0 * c + d)
        out.append(q)
        before = after
    return np.array(out)


@dataclass(frozen=True, eq=False)
class Guide:
    """A wave and, for a lattice of places at t = 0, where the path from each leads: made from the wave alone."""

    wave: SplitStep
    psi: Array
    """(n, n): ψ₀."""
    low: Array
    """(2,): the first place of the lattice."""
    step: Array
    """(2,): distances between its places along q1 and q2."""
    paths: Array
    """(marks, 2, side, side): places at each mark."""

    def predicted(self, hidden: Array, mark: int = -1) -> Array:
        """Places (members, 2) at a mark of those that begin at hidden: (members, 2); bilinear in the lattice."""
        return gather(self.paths[mark], (hidden - self.low) / self.step, 0.0, 1.0)


def guide(wave: SplitStep, coarser: SplitStep, psi: Array, side: int, marks: int) -> Guide:
    """The guide of ψ₀ with side² paths over the box in which |ψ₀|² exceeds 1e-6 of its peak.

    `coarser` is the same wave equation with half the time between marks for its step.
    """
    inside = density(psi) > 1e-6 * density(psi).max()
    spans = [wave.axis[np.flatnonzero(inside.any(axis=1 - k))[[0, -1]]] for k in (0, 1)]
    axes = [np.linspace(low, high, side) for low, high in spans]
    starts = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    paths = bohm_paths(coarser, psi, starts, marks).transpose(0, 2, 1).reshape(marks + 1, 2, side, side)
    low, step = (np.array(x) for x in zip(*((a[0], a[1] - a[0]) for a in axes), strict=True))
    return Guide(wave, psi, low, step, np.ascontiguousarray(paths))
