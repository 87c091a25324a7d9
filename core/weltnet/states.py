"""How neurons live at given weights: the flow they reveal, and what the weights alone say of it.

The neurons are those of copies of one network, held at q*, or the replicas' own, whose weights move as they run; then
the replicas near q* speak for it. All start from a launch, run a few ticks and start again; only (X, where it goes, its
noise) is kept, in an exponentially forgetting regression. X are the means of the two halves.     [2111.00903 §5–6]
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.curvature import supported
from weltnet.estimators.einstein import SOURCES, Matter, observe, observed
from weltnet.estimators.generator import Basis, Moments, fit, fold, stencil
from weltnet.estimators.metric import Places, Squares, Tensor, gather, tensor
from weltnet.estimators.metric import noise as c_of
from weltnet.kernels import copies
from weltnet.systems.landscape import Landscape, prepare
from weltnet.systems.networks import Network, Report, contracting, train, weights
from weltnet.theory.spacetimes import contraction

__all__ = [
    "BASIS", "CENTRE", "MATTER", "NETWORKS", "Copies", "Seen", "Six", "Specimen", "Watched", "begin", "curved", "known",
    "linear", "live", "six", "specimen", "survey", "trained", "valley", "watch", "watched",
]  # fmt: skip

Array = NDArray[Any]

BASIS = Basis(5, 0.5)
TICKS, EXPECT = 4, 5
"""Ticks of copies per frame, and frames between two predictions from the weights, which move little in between.

For neurons of replicas a frame is one step of learning, half as long.
"""

NEAR, NEAREST = 0.25, 2048
"""How far in q from q* replicas speak for it, and how many at most.

Predicted is for their mean weights. In a well (N = 16, γ = 3, M = 20 000, seeds 1 and 2) the mixture adds .003 to .005
to λ of .035, so 16 to 28 % to R(0), .001 to ω of .2, and 5 % of its rms to the map of R: less than the .010 to which
weights predict λ. At a radius of .5 it adds .009. Weights that move while neurons run change λ and ω by less than .002.
"""

HELD, MOVING = 16.0, 4.0
"""Half-lives in ticks of what was seen of weights that are held, and of weights that every tick moves.

At 8 ticks a wave carries q* off faster than the regression follows: rms errors of ω were .036 to .042, at 4 they are
.024 to .032, those of copies .027 to .033 (N = 16, M = 10 000, κ = 2, seeds 0 to 2).
"""

CENTRE = stencil(BASIS, np.zeros((1, 2)))

JUMP = 0.4
"""A step of q* beyond which the old space-time says nothing about the new one."""


@dataclass(slots=True)
class Copies:
    """x: (K_c, N) float32 neurons of copies of the network at `here`, or (M, N), the replicas' own; part of a state.

    here: (2,), q*, or the mean weights of the replicas that speak for it; told: λ, ω per tick and R(0) S there from the
    weights alone (nan where there is no real logarithm); expected: the same, remembered for as long as the regression
    remembers, for it lags behind weights that move.
    """

    x: Array
    here: Array
    told: Array
    expected: Array
    moments: Moments


@dataclass(frozen=True, slots=True, eq=False)
class Specimen:
    """A network held at its weights W: (N, N), to be watched; where there is a loss, Q = loss.weights_at(here)."""

    network: Network
    W: Array
    world: Landscape | None = None
    here: tuple[float, float] = (0.0, 0.0)
    Q: tuple[float, float] = (0.0, 0.0)
    rate: float = 0.0
    rotation: float = 0.0
    kind: int = copies.TANH

    def told(self, noise: float, reach: float) -> Array:
        """λ and ω per tick from the weights alone, for copies launched over [−reach, reach]²."""
        if self.kind == copies.LINEAR:
            return np.array([self.rate, self.rotation])
        found = contraction(self.network, self.Q, noise, reach=reach)
        return np.array([found.rate, found.rotation])

    def run(self, x: Array, **how: Any) -> tuple[Array, Array, Array, Array]:
        """`kernels.copies.advance` of x: (copies, N) in place."""
        return copies.advance(x, self.W, self.network.b, self.network.c, kind=self.kind, **how)

    def foresee(self, x: Array) -> Array:
        """What a tick without noise makes of states x: (copies, N)."""
        y: Array = x @ self.W.T + self.network.b
        return y if self.kind == copies.LINEAR else np.tanh(y)


def valley(world: Landscape) -> Specimen:
    """The trained network at the lowest grid point of its upper valley, q₂ > 0."""
    i, j = np.unravel_index(np.argmin(np.where(world.axis > 0.0, world.height, np.inf)), world.height.shape)
    here = (float(world.axis[i]), float(world.axis[j]))
    Q1, Q2 = world.loss.weights_at(np.array(here))
    return Specimen(world.network, weights(world.network, (Q1, Q2)), world, here, (float(Q1), float(Q2)))


def linear(neurons: int, rate: float | tuple[float, float], rotation: float = 0.0) -> Specimen:
    """A linear network that contracts by `rate`, or by one in each half, turns by `rotation`, and was never trained."""
    network = contracting(neurons, rate, rotation)
    return Specimen(network, network.W0, rate=float(np.mean(rate)), rotation=rotation, kind=copies.LINEAR)


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


def specimen(kind: str, neurons: int, rate: float, points: int, report: Report) -> Specimen:
    """The `trained` one, the same for every seed, with `points` per axis of its loss, or the `linear` one, by hand."""
    if kind == "linear":
        return linear(neurons, rate)
    return valley(prepare(neurons, "rotation", 0, points, report=report))


def survey(
    specimen: Specimen,
    probes: Array,
    moments: Moments,
    *,
    seed: int,
    tick: int,
    ticks: int,
    reach: float,
    noise: float,
    shuffled: bool = False,
) -> None:
    """Let probes: (copies, N) live in bursts from all over the square, and enter what they did, all in place.

    A saboteur, `shuffled` gives every probe the increment of another.
    """
    X, mean, after, age = specimen.run(probes, seed=seed, tick=tick, ticks=ticks, reach=reach, noise=noise)
    if shuffled:
        other = np.roll(np.arange(len(probes)), len(probes) // 3)
        mean, after = (X + (a - X)[:, other] for a in (mean, after))
        age = np.minimum(age, age[:, other])
    fold(moments, X, mean, after, age, halflife=math.inf)


def begin(neurons: int, here: Array, replicas: int = 0) -> Copies:
    """Neurons that have not lived yet: of copies at q* = here, or of this many replicas."""
    rows = replicas or (1024 if neurons <= 64 else 512)
    return Copies(np.zeros((rows, neurons), np.float32), here, np.zeros(3), np.zeros(3), Moments(BASIS))


def live(
    these: Copies,
    world: Landscape,
    here: Array,
    *,
    noise: float,
    seed: int,
    frame: int,
    shuffled: bool = False,
    q: Array | None = None,
) -> None:
    """Let the neurons run and fold what they did into the regression at q* = here, in place.

    Copies run for TICKS ticks at q*. With q: (M, 2), the weights of the replicas, each runs its own neurons for one
    tick, and those near q* are looked at. noise: η per tick. A saboteur, `shuffled` gives every copy the increment of
    another.
    """
    network, loss = world.network, world.loss
    jumped = bool(np.abs(here - these.here).max() > JUMP) or these.moments.samples == 0.0
    halflife = HELD if q is None else MOVING
    own = None if q is None else loss.weights_at(q)
    W, ticks = (weights(network, loss.weights_at(here)), TICKS) if q is None else (network.W0, 1)
    X, mean, after, age = copies.advance(
        these.x, W, network.b, network.c, Q=own, seed=seed, tick=frame * ticks, ticks=ticks, noise=noise
    )
    if q is not None:
        near, counts = _near(q, here)
        X, mean, after, age = X[:, near], mean[:, near], after[:, near], np.where(counts, age[:, near], -1)
        here = q[near[counts]].mean(axis=0) if counts.any() else here
    these.here = here
    if jumped:
        these.moments.reset()
    if jumped or frame % (EXPECT if q is None else 2 * EXPECT) == 0:
        found = contraction(network, loss.weights_at(here), noise)
        these.told = np.array([found.rate, found.rotation, found.R])
    remembered = these.told + 0.5 ** (ticks / halflife) * (these.expected - these.told)
    these.expected = np.where(np.isfinite(remembered), remembered, these.told) if not jumped else these.told
    if shuffled:
        other = np.arange(X.shape[1])
        looked = np.flatnonzero((age >= 0).any(axis=0))
        other[looked] = np.roll(looked, len(looked) // 3)
        mean, after = (X + (a - X)[:, other] for a in (mean, after))
        age = np.minimum(age, age[:, other])
    fold(these.moments, X, mean, after, age, halflife=halflife)


def known(these: Copies) -> bool:
    """Whether enough was seen at the centre to say anything: not where no replica is."""
    return bool(supported(fit(these.moments), CENTRE.map)[0])


def _near(q: Array, here: Array) -> tuple[Array, Array]:
    """Indices of the replicas nearest to q*, as many in each of the groups of a regression, and which are NEAR."""
    groups = Moments(BASIS).groups
    per = len(q) // groups
    x, y = q[: groups * per].T.reshape(2, groups, per) - here[:, None, None]
    far = x * x + y * y
    k = min(NEAREST // groups, per)
    chosen = np.argpartition(far, k - 1, axis=1)[:, :k]
    counts = np.take_along_axis(far, chosen, axis=1) < NEAR**2
    return (chosen + per * np.arange(groups)[:, None]).ravel(), counts.ravel()
