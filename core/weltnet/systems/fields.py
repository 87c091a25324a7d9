"""Fields on a ring: the laws whose data a network is shown, one tick at a time.

A law says what a field x(s) is at the next tick from what it is now and was before; s counts neurons around a ring.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["FRICTION", "SPREAD", "Law", "follow"]

Array = NDArray[Any]
Law = Literal["klein-gordon", "damped", "diffusion"]

FRICTION = 0.25
"""Share of a damped wave's velocity that is lost per tick."""

SPREAD = 0.25
"""Diffusion constant, in squared neurons per tick."""


def follow(law: Law, now: Array, before: Array, mass: float = 0.0) -> Array:
    """The field after one tick of `law`; now, before: (..., sites).

    klein-gordon: (1 − m²/2)(x₊ + x₋) − x(t−1), so that cos ω = (1 − m²/2) cos k: light moves by one site per tick. It
    is the five-point scheme on the light-cone lattice, where sites of unlike parity never meet.
    damped: (1 − f/2)(x₊ + x₋) − (1 − f) x(t−1), a massless wave that loses the share f of its velocity per tick.
    diffusion: x + D (x₊ − 2x + x₋); it does not look back.
    """
    sides = np.roll(now, 1, axis=-1) + np.roll(now, -1, axis=-1)
    if law == "klein-gordon":
        return np.asarray((1.0 - 0.5 * mass * mass) * sides - before)
    if law == "damped":
        return np.asarray((1.0 - 0.5 * FRICTION) * sides - (1.0 - FRICTION) * before)
    return np.asarray(now + SPREAD * (sides - 2.0 * now))
