"""The loss of a plane of weights as an ensemble meets it: how high, steep and bent; of a network, or as written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, RectBivariateSpline

from weltnet.kernels.grid import deepest_pass
from weltnet.kernels.replicas import tabulate_networks
from weltnet.systems.losses import HALF_WIDTH
from weltnet.systems.networks import AnyReport, Report
from weltnet.systems.teachers import Pupil, tabulate
from weltnet.systems.written import Written

__all__ = ["Terrain", "learned", "tied", "written"]

Array = NDArray[Any]

NODES = np.linspace(-HALF_WIDTH, HALF_WIDTH, 65)
"""Where the loss of a network is computed; a spline runs through them."""


@dataclass(frozen=True, eq=False)
class Terrain:
    """V ≥ 0 on axis × axis, evenly spaced, first index q1, float64."""

    axis: Array
    V: Array
    """(n, n)."""
    force: Array
    """−∇V: (2, n, n)."""
    height: Callable[[Array], Array]
    """V on the product of any axis with itself."""

    @cached_property
    def bend(self) -> Array:
        """|∇∇V|, the root of the sum of squares of all second derivatives: (n, n), by differences of the force."""
        slopes = np.array(np.gradient(self.force, self.axis[1] - self.axis[0], axis=(1, 2)))
        bend: Array = np.sqrt(np.square(slopes).sum(axis=(0, 1)))
        return bend

    def uphill(self, height: float, way: tuple[float, float]) -> tuple[float, float]:
        """The first place of this height on a straight way from the lowest point, by steps of .005; `way` is a unit."""
        i, j = np.unravel_index(self.V.argmin(), self.V.shape)
        ray = np.array([self.axis[i], self.axis[j]]) + np.linspace(0.0, 1.4, 281)[:, None] * np.array(way)
        V = RectBivariateSpline(self.axis, self.axis, self.V, kx=1, ky=1).ev(ray[:, 0], ray[:, 1])
        x, y = ray[int(np.argmax(height <= V))]
        return float(x), float(y)


def learned(pupil: Pupil, decay: float, barrier: float, axis: Array, *, hill: bool = False, report: Report) -> Terrain:
    """V = barrier (U + ½ decay q² − min)/u of a network, u its own barrier; a spline through NODES.

    With `hill`, u is the height of the loss at q = 0: a ring has no other pass. Cached by all arguments but `report`,
    which may raise to cancel it.
    """
    return _learned(pupil, decay, barrier, tuple(axis.tolist()), hill, AnyReport(report))


@lru_cache(maxsize=4)
def _learned(
    pupil: Pupil, decay: float, barrier: float, axis: tuple[float, ...], hill: bool, report: AnyReport
) -> Terrain:
    U = tabulate(pupil, NODES, report=report).U + 0.5 * decay * (NODES[:, None] ** 2 + NODES[None, :] ** 2)
    u = float(U[len(NODES) // 2, len(NODES) // 2] - U.min()) if hill else deepest_pass(U)
    V, x = RectBivariateSpline(NODES, NODES, barrier / u * (U - U.min())), np.array(axis)
    return Terrain(x, V(x, x), -np.stack([V(x, x, dx=1), V(x, x, dy=1)]), lambda y: np.asarray(V(y, y)))


@lru_cache(maxsize=4)
def tied(pupil: Pupil, decay: float, barrier: float, axis: tuple[float, ...]) -> tuple[Array, Array]:
    """V and −V' of one weight, (n,) each: a sign pair's loss where both its weights are the same, q1 = q2 = q.

    V = barrier (U + decay q² − min)/(U(0) − min): a double well, V(−q) = V(q); a spline through NODES. Cached.
    """
    points = np.column_stack([NODES, NODES])
    U = tabulate_networks(points, *pupil.weights, pupil.data, pupil.inputs, pupil.outputs, pupil.ticks)[0]
    U = U + decay * NODES**2
    smooth = CubicSpline(NODES, U)
    x = np.array(axis)
    lowest = float(smooth(np.linspace(-HALF_WIDTH, HALF_WIDTH, 2049)).min())
    scale = barrier / (float(smooth(0.0)) - lowest)
    found: tuple[Array, Array] = scale * (smooth(x) - lowest), -scale * smooth(x, 1)
    for field in found:
        field.setflags(write=False)
    return found


def written(text: str, axis: Array) -> Terrain:
    """V = a formula less its minimum, as it is typed. Cached by its arguments."""
    return _written(text, tuple(axis.tolist()))


@lru_cache(maxsize=4)
def _written(text: str, axis: tuple[float, ...]) -> Terrain:
    loss, x = Written(text), np.array(axis)
    return Terrain(x, loss.height(x), loss.force(x), loss.height)
