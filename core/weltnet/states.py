"""How neurons live at given weights: the flow they reveal, and what the weights alone say of it.

The neurons are those of copies of one network, held at q*, or the replicas' own, whose weights move as they run; then
the replicas near q* speak for it. All start from a launch, run a few ticks and start again; only (X, where it goes, its
noise) is kept, in an exponentially forgetting regression. X are the means of the two halves.     [2111.00903 §5–6]
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.curvature import supported
from weltnet.estimators.generator import Basis, Moments, fit, fold, stencil
from weltnet.kernels import copies
from weltnet.systems.landscape import Landscape, prepare
from weltnet.systems.networks import Network, Report, contracting, weights
from weltnet.theory.spacetimes import contraction

__all__ = [
    "BASIS", "CENTRE", "Copies", "Specimen", "begin", "exchanged", "known", "linear", "live", "specimen", "survey",
    "valley",
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


def specimen(
    kind: str, neurons: int, rate: float, points: int, report: Report, rotation: float = 0.0
) -> Specimen:  # fmt: skip
    """The `trained` one, the same for every seed, with `points` per axis of its loss, or the `linear` one, by hand."""
    if kind == "linear":
        return linear(neurons, rate, rotation)
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
    seen = specimen.run(probes, seed=seed, tick=tick, ticks=ticks, reach=reach, noise=noise)
    fold(moments, *(exchanged(*seen) if shuffled else seen), halflife=math.inf)


def exchanged(X: Array, mean: Array, after: Array, age: Array) -> tuple[Array, Array, Array, Array]:
    """What `Specimen.run` returns, with the increment of another copy in the place of each one's own: a saboteur.

    Only copies that are looked at, age ≥ 0 at some tick, take part.
    """
    other = np.arange(X.shape[1])
    looked = np.flatnonzero((age >= 0).any(axis=0))
    other[looked] = np.roll(looked, len(looked) // 3)
    return X, X + (mean - X)[:, other], X + (after - X)[:, other], np.minimum(age, age[:, other])


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
        X, mean, after, age = exchanged(X, mean, after, age)
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
