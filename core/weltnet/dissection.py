"""What a step of learning does to the entropy of weights and of hidden neurons, taken apart.

q are the weights into and out of one hidden neuron of a network that tells two digits apart
(`weltnet.systems.digits`). Its loss U is known on a grid, so that a step q ← q − γ g_B(q) + √(2 D0) ξ can be set beside
q − γ∇U(q), what learning alone would have done to the same replicas: entropy S before, S′ after learning alone, S″
after the step. S″ − S′ was produced; S − S′ was destroyed, for a map that folds nothing −⟨ln |det(1 − γ∂∂U)|⟩ exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from weltnet.estimators.density import Grid
from weltnet.estimators.entropy import contraction, destruction, entropy, entropy_of, nearest_neighbours
from weltnet.kernels.ensemble import WALL
from weltnet.kernels.grid import deepest_pass
from weltnet.kernels.replicas import descend_networks
from weltnet.systems.digits import digits_pair
from weltnet.systems.losses import HALF_WIDTH
from weltnet.systems.networks import AnyReport, Report
from weltnet.systems.teachers import Pupil, tabulate
from weltnet.theory.fokker_planck import propagator
from weltnet.theory.hidden import free_energy

__all__ = ["COARSE", "GRID", "Plain", "carrier", "expected", "folded", "plain"]

Array = NDArray[Any]

GRID, COARSE = Grid(128, HALF_WIDTH), Grid(64, HALF_WIDTH)
"""Where entropy is measured, and where its density is predicted."""
NODES, STATE_NODES = np.linspace(-HALF_WIDTH, HALF_WIDTH, 65), np.linspace(-HALF_WIDTH, HALF_WIDTH, 25)
THINNED = 6
"""Of how many images one is looked at for det G in the plane."""


@dataclass(frozen=True, eq=False)
class Plain:
    """A network and the plane of two of its weights; fields on `GRID`, read-only."""

    pupil: Pupil
    barrier: float
    """u, between the two valleys."""
    height: Array
    """(U − min)/u: (n, n)."""
    gradient: Array
    """∇U: (2, n, n)."""
    hessian: Array
    """∂∂U as fields xx, xy, yy."""
    states: Array
    """−½⟨ln det G⟩ of the hidden neurons: (n, n)."""
    coarse: tuple[Array, Array, Array]
    """∇U, ∂∂U and the covariance of one sample's gradient, on `COARSE`."""

    def learn(self, q: Array, rate: float, batch: int, noise: float, first: int, seed: int) -> None:
        """One learning step of every replica, from a minibatch of its own, in place; noise: T₀, with D0 = γ T₀ u."""
        p = self.pupil
        descend_networks(
            q, p.weights, p.data, p.inputs, p.outputs, ticks=p.ticks, rate=rate, batch=batch,
            noise=float(np.sqrt(2.0 * rate * noise * self.barrier)), first=first, seed=seed,
        )  # fmt: skip

    def learned(self, q: Array, rate: float) -> Array:
        """Where a step along the mean gradient of all samples takes replicas, without noise."""
        out: Array = np.clip(q - rate * GRID.at(self.gradient, q), -WALL, WALL)
        return out

    def apart(self, before: Array, alone: Array, after: Array, rate: float) -> tuple[float, float, float, float]:
        """S_q before a step, what it produced and destroyed, by smoothing, and what the determinant says of that."""
        S, without, then = (entropy(GRID, q) for q in (before, alone, after))
        return S, then - without, S - without, contraction(GRID, before, rate, self.hessian)

    def level(self, q: Array) -> tuple[float, float]:
        """S_q by neighbours, and −½⟨ln det G⟩, of an ensemble."""
        return nearest_neighbours(q), float(GRID.at(self.states[None], q).mean())

    def counted(self, before: Array, alone: Array, rate: float) -> tuple[float, float, float, float, float]:
        """S_q by neighbours, −½⟨ln det G⟩, what learning alone destroyed, the determinant's and γ⟨∇²U⟩."""
        S, states = self.level(before)
        first = destruction(GRID, before, rate, self.hessian[0] + self.hessian[2])
        gone = S - nearest_neighbours(alone)
        return S, states, gone, contraction(GRID, before, rate, self.hessian), first


@lru_cache(maxsize=2)
def _plain(first: int, second: int, decay: float, report: AnyReport) -> Plain:
    pupil = digits_pair(first, second, decay)
    table = tabulate(pupil, NODES, report=lambda done, text: report(0.6 * done, text))
    splines = [RectBivariateSpline(NODES, NODES, f) for f in (table.U, *table.gradient, *table.covariance)]

    def fields(axis: Array) -> tuple[Array, Array, Array]:
        gx, gy = splines[1:3]
        bent = np.stack([gx(axis, axis, dx=1), 0.5 * (gx(axis, axis, dy=1) + gy(axis, axis, dx=1)),
                         gy(axis, axis, dy=1)])  # fmt: skip
        return np.stack([gx(axis, axis), gy(axis, axis)]), bent, np.stack([c(axis, axis) for c in splines[3:]])

    barrier = float(deepest_pass(table.U))
    report(0.6, "entropy of the hidden neurons in the plane")
    states = RectBivariateSpline(STATE_NODES, STATE_NODES, _states(pupil))(GRID.axis, GRID.axis)
    gradient, hessian, _ = fields(GRID.axis)
    height = (splines[0](GRID.axis, GRID.axis) - table.minimum) / barrier
    made = Plain(pupil, barrier, height, gradient, hessian, states, fields(COARSE.axis))
    for field in (height, gradient, hessian, states, *made.coarse):
        field.setflags(write=False)
    report(1.0, "the plane is known")
    return made


def plain(first: int, second: int, decay: float, *, report: Report) -> Plain:
    """The network that tells two digits apart, and its plane. Cached by all arguments but `report`."""
    return _plain(first, second, decay, AnyReport(report))


def _states(pupil: Pupil) -> Array:
    """−½⟨ln det G⟩ on STATE_NODES²: −∂F/∂T of the Gaussian formula, in which F is linear in T but for T ln 2πT."""
    few, n = replace(pupil, data=pupil.data[::THINNED]), len(pupil.W0) - pupil.inputs - pupil.outputs
    points = np.stack(np.meshgrid(STATE_NODES, STATE_NODES, indexing="ij"), axis=-1).reshape(-1, 2)
    half = len(points) // 2 + 1
    one, two = (free_energy(few, points[:half], T) + 0.5 * n * T * np.log(2.0 * np.pi * T) for T in (1.0, 2.0))
    # Negating q negates a hidden neuron, and leaves det G as it was.
    out: Array = np.concatenate([one - two, (one - two)[: half - 1][::-1]])
    return out.reshape(len(STATE_NODES), -1)


@lru_cache(maxsize=4)
def carrier(of: Plain, rate: float, batch: int, noise: float, steps: int) -> Any:
    """The matrix that carries masses on `COARSE` through these learning steps."""
    gradient, hessian, covariance = of.coarse
    D = rate**2 / (2 * batch) * covariance
    D[::2] += rate * noise * of.barrier
    return propagator(COARSE.axis, rate * gradient, rate * hessian, D, steps, WALL)


def folded(spread: float) -> Array:
    """Masses (n, n) on `COARSE` of a normal law about 0, folded at the wall as the replicas are."""
    x = COARSE.axis
    images = np.array([x, 2.0 * WALL - x, -2.0 * WALL - x]) / spread
    line = np.where(np.abs(x) <= WALL, np.exp(-0.5 * images**2).sum(axis=0), 0.0)
    line /= line.sum()
    mass: Array = np.outer(line, line)
    return mass


def expected(mass: Array) -> float:
    """S_q of masses on `COARSE`."""
    return entropy_of(COARSE, mass / COARSE.cell)
