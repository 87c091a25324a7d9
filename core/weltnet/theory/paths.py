"""Where the paths of Bohm lead, from the wave alone: no replica is asked, and the integrator is not theirs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.theory.schroedinger import SplitStep
from weltnet.theory.twins import gather

__all__ = ["bohm_paths"]

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
