"""Networks that learn side by side by metrics g ∝ κ^α: one linear neuron each, readers of digits, and a race.

A neuron with n inputs of covariance h, from 1 down to 1/c along axes that nobody tells it, learns a noisy teacher from
minibatches: its conditioning is c. In all three contests a rate is one of a few, so that each α can be judged at its
best; and in all three the networks that are compared see the same samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.philox import normals, picks
from weltnet.systems import layered
from weltnet.systems.optimizers import LAWS, Law, Memory, covariant, kept, metric, move

__all__ = [
    "ALPHAS", "BLUR", "CONDITIONS", "INPUTS", "NOISE", "RACERS", "READ", "REGIMES", "SHARES", "SHEAR", "TURN",
    "WIDTHS", "Neurons", "Race", "Readers", "Task", "Terms", "bound", "excess", "height", "neurons", "paces", "race",
    "rates", "read", "read_loss", "readers", "run", "shapes", "spectrum", "study", "teach", "valley",
]  # fmt: skip

Array = NDArray[Any]

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
CONDITIONS = np.logspace(0.0, 4.0, 5)
INPUTS, NOISE = 10, 0.3
"""Of a neuron: inputs, and rms of what its teacher's answers are off by."""
SHARES = np.geomspace(0.02, 0.8, 6)
"""Rates of a neuron, over the one at which minibatches blow it up."""
FURTHEST = 1e4
"""Weights are stopped here where a rate is too large for them."""

WIDTHS = (64, 16, 10)
REGIMES = (0.0, 0.5, 1.0)
READ = np.array([0.08, 0.16, 0.32, 0.64])
"""Rates of readers of digits."""
STARTS, TESTED = 2, 200
"""Random networks that begin a lesson in reading, and images they are tested with."""

RACERS = ("SGD", "momentum", "RMSProp", "Adam", "natural", "α")
TURN = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
"""Axes of the race's valley."""
SHEAR = np.array([[1.0, 0.8], [-0.3, 0.5]])
"""The other coordinates r of a race, q = SHEAR r."""
BLUR = 0.05
"""The NOISE of a race."""
PACES = np.geomspace(0.003, 0.3, 9)
"""Rates of which a racer has the one that was best in races that do not count."""
NATURAL = Law(1.0, floor=0.0, whole=True, corrected=True)
"""As in LAWS, without the floor, which is not the same in all coordinates."""

DATA, TASK, AXES, IMAGES, BIRTH, START, RUN = range(0x70, 0x77)
"""Streams of random numbers."""


class Terms(NamedTuple):
    """What all contests are told."""

    rate: float = 1.0
    """A factor of all rates."""
    batch: int = 32
    beta: float = 0.95
    """Memory of κ."""
    of: str = "samples"
    """What κ is a mean of: "samples", the covariance of their gradients, or "batches", the square of theirs."""
    teacher: str = "answers"
    """Whether what is taught weighs alike in "answers", or in "weights"."""
    other: bool = False
    """Whether conditioning is exchanged: inputs of neurons are white, and pixels of digits uneven."""
    strange: bool = False
    """Whether κ's directions are those of nothing."""


def spectrum(conditioning: float | Array, n: int) -> Array:
    """Variances of n inputs, from 1 down to 1/conditioning: (..., n)."""
    out: Array = np.asarray(conditioning)[..., None] ** (-np.arange(n) / (n - 1.0))
    return out


def bound(alpha: float, h: Array, batch: int) -> Array:
    """About the rate at which minibatches blow up descent by κ^α on curvatures h where κ ∝ h: (...)."""
    ph = metric(covariant(alpha, whole=False), h)[0] * h
    out: Array = 2.0 / (ph.max(axis=-1) + ph.sum(axis=-1) / batch)
    return out


@lru_cache(maxsize=64)
def rates(terms: Terms) -> Array:
    """(alphas, conditions, shares)."""
    h = spectrum(np.ones_like(CONDITIONS) if terms.other else CONDITIONS, INPUTS)
    return terms.rate * np.stack([bound(a, h, terms.batch) for a in ALPHAS])[..., None] * SHARES


# -- linear neurons ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Neurons:
    """One neuron for every α, conditioning and rate, all with one teacher at each conditioning."""

    seed: int
    number: int
    """Which lesson this is."""
    count: int
    """Minibatches seen."""
    q: Array
    """(alphas, conditions, rates, INPUTS)."""
    kappa: Array
    """(alphas, conditions, rates, INPUTS, INPUTS)."""


class Task(NamedTuple):
    """What a lesson teaches, the same at every α."""

    scales: Array
    """(conditions, INPUTS): rms of the inputs along their axes."""
    axes: Array
    """(INPUTS, INPUTS)."""
    truth: Array
    """(conditions, INPUTS)."""
    strange: Array
    """(INPUTS, INPUTS): directions of nothing."""


@lru_cache(maxsize=8)
def teach(seed: int, number: int, other: bool, teacher: str) -> Task:
    """Axes and a teacher, drawn for this lesson; along each axis the teacher knows as much, of either sign."""
    drawn = np.empty((2 * INPUTS + 1, INPUTS))
    normals(drawn, seed, number, TASK)
    axes, strange = (np.linalg.qr(drawn[k * INPUTS : (k + 1) * INPUTS])[0] for k in range(2))
    scales = np.sqrt(spectrum(CONDITIONS, INPUTS))
    scales = np.ones_like(scales) if other else scales
    signs = np.sign(drawn[-1])
    truth = (signs / scales if teacher == "answers" else signs + 0.0 * scales) @ axes.T
    return Task(scales, axes, truth, strange)


def neurons(seed: int, number: int) -> Neurons:
    """They know nothing yet."""
    shape = (len(ALPHAS), len(CONDITIONS), len(SHARES), INPUTS)
    return Neurons(seed, number, 0, np.zeros(shape), np.zeros((*shape, INPUTS)))


def height(these: Neurons, terms: Terms) -> Array:
    """log₁₀ of what the loss is above the least there is: (alphas, conditions, rates), within −9 and 2."""
    task = teach(these.seed, these.number, terms.other, terms.teacher)
    d = (these.q - task.truth[:, None]) @ task.axes * task.scales[:, None]
    out: Array = np.log10(np.clip(0.5 * (d * d).sum(axis=-1), 1e-9, 1e2))
    return out


def study(these: Neurons, terms: Terms, steps: int, lesson: int) -> None:
    """Minibatches, of `lesson` that this lesson has; those of one conditioning are the same for all."""
    task = teach(these.seed, these.number, terms.other, terms.teacher)
    B, A, C, P = terms.batch, len(ALPHAS), len(CONDITIONS), INPUTS
    pace, z = rates(terms), np.empty((B, P + 1))
    for _ in range(steps):
        normals(z, these.seed, these.number * lesson + these.count, DATA)
        x = (z[:, :P] * task.scales[:, None]) @ task.axes.T
        e = (these.q - task.truth[:, None]) @ np.swapaxes(x, -1, -2) - NOISE * z[:, P]
        g = e @ x / B
        second = g[1:, ..., :, None] * g[1:, ..., None, :]
        if terms.of == "samples":
            pairs = (x[:, :, :, None] * x[:, :, None, :]).reshape(C, B, P * P)
            second = ((e[1:] ** 2) @ pairs / B).reshape(A - 1, C, -1, P, P) - second
        if terms.strange:
            second = task.strange @ second @ task.strange.T
        for k, alpha in enumerate(ALPHAS):
            law, memory = covariant(alpha, beta2=terms.beta), Memory(np.zeros_like(g[k]), these.kappa[k], these.count)
            move(law, memory, these.q[k], g[k], pace[k], second[k - 1])
        np.clip(these.q, -FURTHEST, FURTHEST, out=these.q)
        these.count += 1


# -- readers of digits ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Readers:
    """Networks 64–16–10 that learn digits, from each start for every rate at each of REGIMES and at one more α."""

    seed: int
    number: int
    count: int
    q: Array
    """(STARTS, 1 + regimes, rates, weights)."""
    kappa: Array
    """The same: κ is diagonal."""


def readers(seed: int, number: int) -> Readers:
    """Random networks."""
    born = [layered.born(WIDTHS, seed, number=number * STARTS + k, stream=BIRTH) for k in range(STARTS)]
    q = np.empty((STARTS, len(REGIMES) + 1, len(READ), layered.size(WIDTHS)))
    q[:] = np.array(born)[:, None, None]
    return Readers(seed, number, 0, q, np.zeros_like(q))


@lru_cache(maxsize=2)
def _pixels(uneven: bool) -> tuple[Array, Array]:
    """Images to learn from and to be tested with; scales of uneven pixels are from a tenth to ten."""
    data, dice = layered.digits(), np.empty((1, WIDTHS[0]))
    normals(dice, 0, 0, AXES)
    ranks = np.argsort(np.argsort(dice[0], kind="stable"), kind="stable")
    scale = 10.0 ** (2.0 * ranks / (WIDTHS[0] - 1.0) - 1.0) if uneven else np.ones(WIDTHS[0])
    return data.x * scale, data.test_x[:TESTED] * scale


@lru_cache(maxsize=1)
def _strangers() -> NDArray[np.int64]:
    dice = np.empty((1, layered.size(WIDTHS)))
    normals(dice, 1, 0, AXES)
    return np.argsort(dice[0], kind="stable")


def read_loss(these: Readers, terms: Terms) -> Array:
    """log₁₀ of the loss on test images, mean over starts: (1 + regimes, rates)."""
    x, y = _pixels(terms.other)[1], layered.digits().test_y[:TESTED]
    out: Array = np.log10(layered.loss(these.q, WIDTHS, x, y)).mean(axis=0)
    return out


def read(these: Readers, terms: Terms, alpha: float, steps: int, lesson: int) -> None:
    """Minibatches, the same for all."""
    data, x, chosen = layered.digits(), _pixels(terms.other)[0], np.empty((1, terms.batch), dtype=np.int64)
    pace = terms.rate * READ
    for _ in range(steps):
        picks(chosen, layered.TRAIN, these.seed, these.number * lesson + these.count, IMAGES)
        g, noise = layered.moments(these.q, WIDTHS, x[chosen[0]], data.y[chosen[0]])
        second = noise if terms.of == "samples" else g * g
        if terms.strange:
            second = second[..., _strangers()]
        for k, own in enumerate((*REGIMES, alpha)):
            law = covariant(own, beta2=terms.beta, whole=False)
            memory = Memory(np.zeros_like(g[:, k]), these.kappa[:, k], these.count)
            move(law, memory, these.q[:, k], g[:, k], pace, second[:, k])
        np.clip(these.q, -FURTHEST, FURTHEST, out=these.q)
        these.count += 1


# -- a race -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Race:
    """Six optimizers of the two weights of a linear neuron, and two that do the same in other coordinates.

    Rows: RACERS, then `natural` and α in coordinates r, q = SHEAR r. Weights are those of the teacher's off.
    """

    seed: int
    number: int
    count: int
    q: Array
    """(8, 2)."""
    m: Array
    """(8, 2)."""
    kappa: Array
    """(8, 2, 2); (8, 0, 2) where κ is diagonal."""


def valley(conditioning: float) -> Array:
    """The two curvatures of a race's valley, with product 1, along TURN: (2,)."""
    out: Array = spectrum(conditioning, 2) * np.sqrt(conditioning)
    return out


def _laws(alpha: float, beta: float) -> tuple[Law, ...]:
    natural, own = replace(NATURAL, beta2=beta), covariant(alpha, beta2=beta)
    return (LAWS["sgd"], LAWS["momentum"], LAWS["rmsprop"], LAWS["adam"], natural, own, natural, own)


def race(seed: int, number: int) -> Race:
    """All from one place on a circle round the goal."""
    z = np.empty((1, 2))
    normals(z, seed, number, START)
    q = np.broadcast_to(z / np.sqrt((z * z).sum()), (8, 2)).copy()
    q[6:] = np.linalg.solve(SHEAR, q[0])
    return Race(seed, number, 0, q, np.zeros((8, 2)), np.zeros((8, 2, 2)))


def excess(q: Array, conditioning: float) -> Array:
    """Loss above the least there is: (...)."""
    out: Array = 0.5 * ((q @ TURN) ** 2 @ valley(conditioning))
    return out


def run(these: Race, terms: Terms, alpha: float, conditioning: float, steps: int, lap: int) -> None:
    """Minibatches, of `lap` in a race, the same for all."""
    chosen = paces(terms, alpha, conditioning, lap)
    for _ in range(steps):
        _stride(these, terms, alpha, conditioning, terms.rate * chosen[[*range(6), 4, 5]], lap)


def _stride(these: Race, terms: Terms, alpha: float, conditioning: float, pace: Array, lap: int) -> None:
    z = np.empty((terms.batch, 3))
    normals(z, these.seed, these.number * lap + these.count, RUN)
    x = (z[:, :2] * np.sqrt(valley(conditioning))) @ TURN.T
    for k, law in zip(range(len(these.q)), _laws(alpha, terms.beta), strict=False):
        seen = x @ SHEAR if k > 5 else x
        e = these.q[k] @ seen.T - BLUR * z[:, 2]
        g = e @ seen / terms.batch
        second = None
        if k in (4, 6):
            second = seen.T @ seen / terms.batch
        elif k in (5, 7) and terms.of == "samples":
            second = (seen.T * (e * e)[..., None, :]) @ seen / terms.batch - g[..., :, None] * g[..., None, :]
        elif k in (5, 7):
            second = g[..., :, None] * g[..., None, :]
        if second is not None and terms.strange:
            second = TURN @ TURN @ second @ TURN.T @ TURN.T
        memory = Memory(these.m[k], these.kappa[k] if law.whole else these.kappa[k, ..., 0, :], these.count)
        move(law, memory, these.q[k], g, pace[k], second)
    np.clip(these.q, -FURTHEST, FURTHEST, out=these.q)
    these.count += 1


def paces(terms: Terms, alpha: float, conditioning: float, lap: int) -> Array:
    """The best of PACES of each racer, (6,), in a race that does not count."""
    return _paces(terms._replace(rate=1.0, strange=False), round(alpha, 6), round(conditioning, 6), lap)


@lru_cache(maxsize=64)
def _paces(terms: Terms, alpha: float, conditioning: float, lap: int) -> Array:
    these, tried = race(TRIAL, 0), np.zeros((6, len(PACES)))
    these.q = np.repeat(these.q[:6, None], len(PACES), axis=1)
    these.m, these.kappa = np.zeros_like(these.q), np.zeros((*these.q.shape, 2))
    for _ in range(lap):
        _stride(these, terms, alpha, conditioning, np.broadcast_to(PACES, (6, len(PACES))), lap)
        tried += np.log10(np.clip(excess(these.q, conditioning), 1e-6, 1e2))
    best: Array = PACES[tried.argmin(axis=1)]
    return best


TRIAL = 0x7E57
"""Seed of races that do not count."""


def shapes(these: Race, terms: Terms, alpha: float) -> Array:
    """L, L Lᵀ ∝ p, of the six: (6, 2, 2), the ellipse one step reaches, of mean radius 1."""
    out = []
    for k, law in enumerate(_laws(alpha, terms.beta)[:6]):
        p, axes = np.ones(2), np.eye(2)
        if law.alpha and these.count:
            own = these.kappa[k] if law.whole else these.kappa[k, 0]
            p, turned = metric(law, kept(law, Memory(these.m[k], own, these.count)))
            axes = turned if law.whole else axes
        p = np.clip(p / p.max(), 1e-4, 1.0)
        out.append(axes * np.sqrt(p / p.mean()))
    return np.array(out)
