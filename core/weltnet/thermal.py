"""A plane of weights whose loss is the free energy of hidden neurons at a temperature, and what moves in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from weltnet.estimators.density import Grid
from weltnet.kernels import hidden, philox
from weltnet.kernels.ensemble import WALL
from weltnet.kernels.grid import deepest_pass
from weltnet.systems.landscape import CEILING
from weltnet.systems.networks import AnyReport, Report
from weltnet.systems.teachers import Pupil
from weltnet.theory.hidden import surface
from weltnet.theory.schroedinger import SplitStep, density

__all__ = ["STREAM_RELEASE", "Thermal", "ground", "thermal", "wave"]

Array = NDArray[Any]

FLAT = 2.7
"""Half the width of the flat top of a broad start."""
STREAM_RELEASE = 41


@dataclass(frozen=True, eq=False)
class Thermal:
    """F_n + ½ decay q² of a sign pair on axis × axis, evenly spaced, first index q1, float64, by quadrature."""

    pupil: Pupil
    temperature: float
    decay: float
    axis: Array
    F: Array
    """(n, n)."""
    gradient: Array
    """∇F_n: (2, n, n)."""

    @cached_property
    def barrier(self) -> float:
        """u, between the two valleys."""
        return float(deepest_pass(self.F))

    def height(self, barrier: float) -> Array:
        """V = barrier (F_n − min)/u, as momentum and waves feel it."""
        V: Array = np.minimum(barrier / self.barrier * (self.F - self.F.min()), CEILING)
        return V

    def push(self, q: Array, step: int, seed: int) -> Array:
        """∂H/∂q of every replica q: (M, 2), from one draw of its hidden states and one sample, with the decay."""
        p, T = self.pupil, self.temperature
        g = hidden.push(q, p.weights, p.data, p.inputs, p.outputs, temperature=T, step=step, seed=seed)
        g += self.decay * q
        return g

    def broad(self) -> Array:
        """√p: (n, n) of a flat top that ends at the wall."""
        edge = np.exp(-0.5 * (self.axis / FLAT) ** 8)
        return self._normed(edge[:, None] * edge[None, :])

    def settled(self, spread: float) -> Array:
        """√p: (n, n) of p ∝ exp(−F_n/spread) inside the wall."""
        inside = np.abs(self.axis) < WALL
        return self._normed(np.exp(-0.5 * (self.F - self.F.min()) / spread) * inside[:, None] * inside[None, :])

    def _normed(self, psi: Array) -> Array:
        whole: Array = psi / (math.sqrt(float((psi * psi).sum())) * (self.axis[1] - self.axis[0]))
        return whole

    def place(self, psi: Array, members: int, seed: int, launch: int) -> tuple[Array, Array]:
        """Places (M, 2) drawn from |ψ|², and as many standard normals."""
        z = np.empty((members, 5))
        philox.normals(z, seed, launch, STREAM_RELEASE)
        q = Grid(len(self.axis), -float(self.axis[0])).drawn(density(psi), ndtr(z[:, :3]))
        return np.clip(q, -WALL, WALL), z[:, 3:]


@lru_cache(maxsize=4)
def wave(loss: Thermal, barrier: float, hbar: float, dt: float) -> SplitStep:
    """The wave in V = barrier (F_n − min)/u."""
    return SplitStep(loss.axis, loss.height(barrier), hbar, dt, np.complex64)


@lru_cache(maxsize=4)
def ground(loss: Thermal, barrier: float, hbar: float, dt: float) -> Array:
    """Its lowest stationary state."""
    return wave(loss, barrier, hbar, dt).ground()


def thermal(pupil: Pupil, temperature: float, decay: float, axis: Array, *, report: Report) -> Thermal:
    """Cached by all arguments but `report`, which may raise to cancel it."""
    return _thermal(pupil, temperature, decay, tuple(axis.tolist()), AnyReport(report))


@lru_cache(maxsize=8)
def _thermal(pupil: Pupil, temperature: float, decay: float, axis: tuple[float, ...], report: AnyReport) -> Thermal:
    table, x = surface(pupil, temperature, decay, report=report), np.array(axis)
    return Thermal(pupil, temperature, decay, x, table.mean(x), table.gradient(x))
