"""Networks whose space-times are compared: two linear ones, written by hand, and four that were trained.

Each is watched live, by copies of its own: drift, noise and what may be taken for matter.          [2111.00903 §8]
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.einstein import SOURCES, Matter, observe, observed
from weltnet.estimators.generator import Basis, Moments, fit, fold
from weltnet.estimators.metric import Places, Squares, Tensor, gather, tensor
from weltnet.estimators.metric import noise as c_of
from weltnet.kernels import copies
from weltnet.states import Specimen, linear, valley
from weltnet.systems.landscape import Landscape
from weltnet.systems.networks import Report, train

__all__ = ["MATTER", "NETWORKS", "Seen", "Six", "Watched", "curved", "six", "trained", "watch", "watched"]

Array = NDArray[Any]


def trained(neurons: int, flow: str, report: Report) -> Specimen:
    """A tanh network that was trained to continue the flow of this name, at the weights where training left it."""
    network = train(neurons, flow, 0, report=report, dense=True)
    return Specimen(network, network.W0)


@dataclass(slots=True)
class Watched:
    """x: (copies, N) float32 of one specimen, and all that was seen of them: drift, noise, matter; part of a state."""

    x: Array
    moments: Moments
    squares: Squares
    matter: Matter

    def reset(self) -> None:
        """Forget what was seen: the network or its noise has changed. The neurons live on."""
        for seen in (self.moments, self.squares, self.matter):
            seen.reset()


def watched(specimen: Specimen, rows: int, basis: Basis, degree: int) -> Watched:
    """This many copies of a specimen that have not lived yet; C(X) of this degree, everything else on `basis`."""
    x = np.zeros((rows, specimen.network.N), np.float32)
    return Watched(x, Moments(basis), Squares(Basis(degree, basis.half)), Matter(basis))


def watch(these: Watched, specimen: Specimen, *, noise: float, seed: int, tick: int, ticks: int) -> None:
    """Let the copies run, in bursts from all over the square, and enter what they did; nothing is forgotten."""
    seen = specimen.run(these.x, seed=seed, tick=tick, ticks=ticks, noise=noise)
    fold(these.moments, *seen, halflife=math.inf)
    exact = 2.0 * noise**2 / specimen.network.N
    gather(these.squares, fit(these.moments), *seen, exact=exact, halflife=math.inf)
    x, old = these.x.astype(float), seen[3][-1] >= 2
    observe(these.matter, seen[2][-1].astype(float), x, specimen.foresee(x), old)


MATTER = (*SOURCES, "kinetic")
"""What may be taken for matter: what is measured on the neurons, and ½ |v|²_h."""


def curved(these: Watched, at: Places) -> tuple[Tensor, Array]:
    """The metric with S = 1 and its curvature at n places, and ρ of every kind of matter there: (matters, n)."""
    generator = fit(these.moments)
    found = tensor(generator, c_of(these.squares, generator), at, 1.0)
    v, h = found.drift[0], np.linalg.inv(found.noise[0])
    kinetic = 0.5 * np.einsum("ni,nij,nj->n", v, h, v)
    rho = these.matter.basis(at.drift.at) @ observed(these.matter)
    return found, np.concatenate([rho.T, kinetic[None]])


NETWORKS = ("linear", "stretched", "trained", "orbit", "wells", "quartic")


@dataclass(frozen=True, slots=True)
class Six:
    """Networks whose space-times are compared; the linear ones are made anew for every rate."""

    trained: Specimen
    orbit: Specimen
    wells: Specimen
    quartic: Specimen

    def specimen(self, name: str, rate: float, bent: bool = False) -> Specimen:
        """The network of this name; the linear one contracts by `rate`, the stretched one by 1½ and ½ of it.

        A saboteur, `bent` lets both of these pass through tanh.
        """
        if name not in NETWORKS[:2]:
            found: Specimen = getattr(self, name)
            return found
        made = linear(self.orbit.network.N, rate if name == "linear" else (1.5 * rate, 0.5 * rate))
        return replace(made, kind=copies.TANH) if bent else made


@dataclass(slots=True)
class Seen:
    """What was seen of each of them; part of a state."""

    linear: Watched
    stretched: Watched
    trained: Watched
    orbit: Watched
    wells: Watched
    quartic: Watched

    def of(self, name: str) -> Watched:
        """What was seen of the network of this name."""
        found: Watched = getattr(self, name)
        return found


def six(world: Landscape, neurons: int, rows: int, basis: Basis, degree: int, report: Report) -> tuple[Six, Seen]:
    """The network of a landscape in its valley and five others of this many neurons, with copies to be watched."""
    found = Six(valley(world), *(trained(neurons, kind, report) for kind in NETWORKS[3:]))
    return found, Seen(*(watched(found.specimen(name, 0.1), rows, basis, degree) for name in NETWORKS))
