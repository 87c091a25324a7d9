"""A universe that relaxes to its exact age, and then begins anew from ripples, so that who comes late sees it too."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.relaxation import expand
from weltnet.theory import relaxation as theory

__all__ = ["HALF", "POINTS", "SETTLED", "Universe", "follow", "turn"]

Array = NDArray[Any]

POINTS, RATE, EXPAND = 200, 0.4, 4  # steps of a universe, its pace, turns a frame
HALF = POINTS // 2
SETTLED, AGAIN = 400, 1200


@dataclass(slots=True)
class Universe:
    """a(t) in POINTS and in HALF as many steps, and the time each spans; part of a state."""

    content: str = ""
    wrong: bool = False
    """Whether it climbs its action."""
    turns: int = 0
    scale: Array = field(default_factory=lambda: np.ones(POINTS + 1))
    coarse: Array = field(default_factory=lambda: np.ones(HALF + 1))
    span: Array = field(default_factory=lambda: np.ones(1))
    coarse_span: Array = field(default_factory=lambda: np.ones(1))
    settled: Array = field(default_factory=lambda: np.zeros(3))
    """Both spans and the largest a as of the last turn beyond SETTLED; 0 before there was one."""
    missed: Array = field(default_factory=lambda: np.ones(2))


def follow(this: Universe, content: str, wrong: bool) -> None:
    """Begin anew what a knob has made something else."""
    if (this.content, this.wrong) != (content, wrong):
        this.content, this.wrong, this.settled[:] = content, wrong, 0.0
        _ripple(this)


def _ripple(this: Universe) -> None:
    this.turns = 0
    this.span[:] = this.coarse_span[:] = 1.0
    this.scale[:], this.coarse[:] = (theory.rippled(this.content, steps) for steps in (POINTS, HALF))


def turn(this: Universe) -> None:
    """EXPAND turns of relaxation, or, after AGAIN of them, new ripples first."""
    k, matter, w = theory.CONTENTS[this.content]
    rate = -RATE if this.wrong else RATE
    if this.turns >= AGAIN:
        _ripple(this)
    expand(this.coarse, this.coarse_span, k, 1.0, matter, w, rate, EXPAND, this.missed)
    expand(this.scale, this.span, k, 1.0, matter, w, rate, EXPAND, this.missed)
    this.turns += EXPAND
    if this.turns >= SETTLED:
        this.settled[:] = this.span[0], this.coarse_span[0], this.scale.max()
