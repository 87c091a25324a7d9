"""A trained network with the loss of its learned plane: everything a descent in that plane reads, made once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.systems.losses import HALF_WIDTH, LossTable, tabulate
from weltnet.systems.networks import AnyReport, Network, Report, train

__all__ = ["CEILING", "CELLS", "Landscape", "prepare"]

Array = NDArray[Any]

CELLS = 48
"""Cells per axis of the table of sample gradients."""

CEILING = 25.0
"""The height in barriers at which V is cut off: nothing that is shown climbs there, and phases stay resolved."""


@dataclass(frozen=True, eq=False)
class Landscape:
    """A network, its loss table, and the fields a kernel and a ledger need of it on `axis`: (n,)."""

    network: Network
    loss: LossTable
    axis: Array

    @cached_property
    def samples(self) -> Array:
        """Gradient of every sample: (P, CELLS + 1, CELLS + 1, 2) float32."""
        return self.loss.sample_gradients(CELLS)

    @cached_property
    def laplacian(self) -> Array:
        """∇²U: (n, n)."""
        return self.loss.laplacian(self.axis)

    @cached_property
    def covariance(self) -> Array:
        """C, the covariance of one sample's gradient, as fields xx, xy, yy: (3, n, n)."""
        return self.loss.covariance(self.axis)

    @cached_property
    def height(self) -> Array:
        """(U − U_min)/u: (n, n), in units of the barrier."""
        height: Array = (self.loss.mean(self.axis) - self.loss.minimum) / self.loss.energy_unit
        return height

    @cached_property
    def potential(self) -> Array:
        """V = (U − U_min)/u, cut off at CEILING: (n, n). What a wave or an inertial replica moves in."""
        V: Array = np.minimum(self.height, CEILING)
        return V

    @cached_property
    def force(self) -> Array:
        """−∇V: (2, n, n), zero where V is cut off."""
        force: Array = np.where(self.height < CEILING, -self.loss.gradient(self.axis) / self.loss.energy_unit, 0.0)
        return force

    @cached_property
    def heat(self) -> float:
        """s = D/γ of minibatches of one sample at learning rate 1, in barriers, at the bottom of a well: tr C/4u."""
        i, j = np.unravel_index(self.height.argmin(), self.height.shape)
        return float(self.covariance[0, i, j] + self.covariance[2, i, j]) / (4.0 * self.loss.energy_unit)

    @cached_property
    def asymmetry(self) -> float:
        """Depth of the upper well less that of the lower one, over the barrier; exactly 0 for mirror wells."""
        U = self.loss.mean(np.linspace(-HALF_WIDTH, HALF_WIDTH, 121))
        return float((U[:, 61:].min() - U[:, :60].min()) / self.loss.energy_unit)


@lru_cache(maxsize=4)
def _prepare(neurons: int, kind: str, seed: int, dense: bool, points: int, report: AnyReport) -> Landscape:
    network = train(neurons, kind, seed, report=lambda f, t: report(0.3 * f, t), dense=dense)
    loss = tabulate(network, seed, report=lambda f, t: report(0.3 + 0.7 * f, t))
    return Landscape(network, loss, -HALF_WIDTH + 2 * HALF_WIDTH / points * np.arange(points))


def prepare(neurons: int, kind: str, seed: int, points: int, *, report: Report, dense: bool = False) -> Landscape:
    """Train a network and tabulate its loss; `points` per axis of the periodic grid on which its fields are wanted.

    Cached by all arguments but `report`, which may raise to cancel it.
    """
    return _prepare(neurons, kind, seed, dense, points, AnyReport(report))
