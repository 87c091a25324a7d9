"""Networks that adapt step and batch to the noise of their minibatches, so that it is the same for all weights.

A batch of B of n samples has the gradient ∇V + ξ, ⟨ξξᵀ⟩ = C(q)/B, C the covariance of one sample's. Of descent with
steps γ dt it makes D/γ = γ dt C/2B. That is the same for all q, up to its directions, when

    γ/B ∝ 1/tr C(q),                                                                          [2111.00903 §4, derived]

by γ alone, by B alone, or by the root of it each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RectBivariateSpline

from weltnet.kernels.blob import reflect
from weltnet.kernels.grid import deepest_pass, gather
from weltnet.systems.teachers import Pupil, tabulate
from weltnet.terrain import NODES, Terrain

__all__ = ["Local", "Noisy", "Rule", "noisy"]

Array = NDArray[Any]

RANGE = 4.0
"""How far γ/B may go from its mean, up or down."""
VALLEY = 1.5
"""The mean of tr C is taken where V is below this."""
FAINT = 1e-9


@dataclass(frozen=True, eq=False)
class Noisy:
    """A loss and the noise of its gradient."""

    terrain: Terrain
    noise: Array
    """C(q), fields xx, xy, yy: (3, n, n)."""

    @cached_property
    def fields(self) -> Array:
        """−∇V, C, and C̄/tr C within RANGE, where C̄ is the geometric mean over the valleys: (6, n, n)."""
        trace = np.maximum(self.noise[0] + self.noise[2], FAINT)
        mean = math.exp(float(np.log(trace[self.terrain.V < VALLEY]).mean()))
        return np.concatenate([self.terrain.force, self.noise, np.clip(mean / trace, 1.0 / RANGE, RANGE)[None]])

    def at(self, q: Array) -> Local:
        """What replicas meet at q: (m, 2)."""
        axis = self.terrain.axis
        read = gather(self.fields, q, axis[0], 1.0 / (axis[1] - axis[0]))
        return Local(read[:, :2], read[:, 2:5], read[:, 5])


@dataclass(frozen=True, slots=True)
class Local:
    """Of each replica: −∇V (m, 2), C (m, 3), and what γ/B should be over its mean (m,)."""

    force: Array
    noise: Array
    quiet: Array

    def drawn(self, z: Array) -> Array:
        """Noise of a batch of one: (m, 2) with covariance C, from normals z."""
        xx, xy, yy = self.noise.T
        a = np.sqrt(np.maximum(xx, FAINT))
        b = xy / a
        return np.column_stack([a * z[:, 0], b * z[:, 0] + np.sqrt(np.maximum(yy - b * b, 0.0)) * z[:, 1]])

    @property
    def evenness(self) -> float:
        """The noise of the quietest over that of the loudest direction, the mean over replicas: no step, no batch can
        change it."""
        xx, xy, yy = self.noise.T
        mean, split = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
        return float(((mean - split) / np.maximum(mean + split, FAINT)).mean())


@lru_cache(maxsize=2)
def noisy(terrain: Terrain, pupil: Pupil, decay: float, barrier: float) -> Noisy:
    """The noise that belongs to `weltnet.terrain.learned` of the same arguments. Cached by them."""
    table, x = tabulate(pupil, NODES), terrain.axis
    u = deepest_pass(table.U + 0.5 * decay * (NODES[:, None] ** 2 + NODES[None, :] ** 2))
    scale = (barrier / u) ** 2
    fields = [RectBivariateSpline(NODES, NODES, scale * c, kx=1, ky=1)(x, x) for c in table.covariance]
    return Noisy(terrain, np.stack(fields))


@dataclass(frozen=True, slots=True)
class Rule:
    """What adapts, and when networks are compared: after equal learning, or after equally many steps."""

    step: bool
    batch: bool
    mean: float
    """B where it does not adapt, and its mean where it does."""
    common: bool
    """Equally many steps."""

    def adapted(self, here: Local) -> tuple[Array, Array]:
        """Step of each replica, over the fixed one, and its batch, at least 1."""
        wanted, still = here.quiet ** (1.0 / max(self.step + self.batch, 1)), np.ones_like(here.quiet)
        pace = wanted if self.step else still
        return pace, np.maximum(self.mean / wanted if self.batch else self.mean * still, 1.0)

    def push(self, here: Local, z: Array) -> tuple[Array, Array]:
        """How far a step of each replica goes, (m, 1), and what its batch adds to −∇V in it, (m, 2); z: normals."""
        pace, batch = self.adapted(here)
        # in two steps half as long, each with a batch of its own, there is √½ of the noise of a whole one
        size = (pace if self.common else np.sqrt(pace)) / np.sqrt(batch)
        return (pace if self.common else np.ones_like(pace))[:, None], size[:, None] * here.drawn(z)

    def descend(self, loss: Noisy, q: Array, z: Array, rate: float, added: float) -> None:
        """A step of plain SGD, q ← q + rate (−∇V + ξ) + √added z, of q: (m, 2) in place; z: (m, 4) normals."""
        here = loss.at(q)
        pace, push = self.push(here, z)
        q += rate * (pace * here.force + push) + np.sqrt(added * pace) * z[:, 2:]
        reflect(q, q.copy())

    def glide(self, loss: Noisy, q: Array, v: Array, z: Array, dt: float) -> None:
        """A step of momentum, dq/dt = v, dv/dt = −∇V + ξ, of q, v: (m, 2) in place, by leapfrog; z: (m, 2) normals."""
        here = loss.at(q)
        pace, push = self.push(here, z)
        v += dt * (0.5 * pace * here.force + push)
        q += dt * pace * v
        v += 0.5 * dt * pace * loss.at(q).force
        reflect(q, v)
