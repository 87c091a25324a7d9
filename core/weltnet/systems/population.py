"""Networks that adjust their number of neurons: candidates, populations of networks made of them, what they learn.

A network carries X, two numbers, from tick to tick through N hidden neurons with noise of their own,

    x_j = tanh(a_j·X + b_j) + η ξ_j,   X ← Σ_j w_j x_j,

and learns a map X ↦ Y(X) over the square [−r, r]². Its output weights are the best there are, of least mean loss
½ |X′ − Y|²; noise of the neurons makes that ridge regression with a decay of η², so that none need be put in. Which
neurons it has is decided by births and deaths, `kernels.population`. Others learn to read handwritten digits: the
first PIXELS principal components of an image instead of X, ten outputs, and the loss ½ Σ |y − Σ_j w_j x_j|² per image.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels import population as kernel
from weltnet.kernels.philox import normals
from weltnet.systems.digits import handwritten

__all__ = [
    "Pool", "Population", "Task", "breed", "carrying", "live", "parts", "pool", "populate", "reading", "turning",
]  # fmt: skip

Array = NDArray[Any]

GAIN, BIAS, REACH, NODES = 1.5, 1.0, 0.5, 12
"""Spread of a_j and of b_j, half of the square that is learned, and nodes of the quadrature along each side."""
PIXELS, FOCUS, TILT = 16, 1.0, 0.5
"""Components of an image that are read, and spread of the candidates' weights and biases for them."""
STREAM, STREAM_READING = 60, 65


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """K candidate neurons and the mean products of their activations over the square, without noise; read-only."""

    slopes: Array
    """(K, 2): a_j."""
    biases: Array
    """(K,): b_j."""
    gram: Array
    """(K, K): ⟨φ_j φ_k⟩."""
    tilt: Array
    """(K, 2): linear part of an activation, ⟨φ_j X⟩/⟨X²⟩."""
    spread: float
    """⟨X²⟩ along a side."""

    def __post_init__(self) -> None:
        for name in ("slopes", "biases", "gram", "tilt"):
            private = np.array(getattr(self, name), order="C")
            private.setflags(write=False)
            object.__setattr__(self, name, private)


@lru_cache(maxsize=8)
def pool(seed: int, size: int) -> Pool:
    """`size` candidates drawn with this seed: a_j normal, b_j normal too."""
    drawn = np.empty((size, 3))
    normals(drawn, seed, 0, STREAM)
    slopes, biases = GAIN * drawn[:, :2], BIAS * drawn[:, 2] / np.sqrt(3.0)
    node, weight = np.polynomial.legendre.leggauss(NODES)
    X = REACH * np.stack(np.meshgrid(node, node, indexing="ij"), axis=-1).reshape(-1, 2)
    share = 0.25 * np.outer(weight, weight).ravel()
    active = np.tanh(X @ slopes.T + biases)
    spread = REACH**2 / 3.0
    return Pool(slopes, biases, (active.T * share) @ active, (active.T * share) @ X / spread, spread)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What K candidate neurons make of all that is shown, and what is to be learned of it; read-only."""

    gram: Array
    """(K, K): ⟨φ_j φ_k⟩."""
    cross: Array
    """(K, outputs): ⟨φ_j y⟩."""
    ground: float
    """½⟨|y|²⟩, the loss without a neuron."""

    def __post_init__(self) -> None:
        self.gram.setflags(write=False)
        self.cross.setflags(write=False)


@lru_cache(maxsize=8)
def reading(seed: int, size: int) -> Task:
    """To tell digits, y one of ten less their mean, by `size` candidates tanh(a·z + b), z an image's components."""
    images, shown = handwritten()
    z = images - images.mean(axis=0)
    z = z @ np.linalg.svd(z, full_matrices=False)[2][:PIXELS].T
    drawn = np.empty((size, PIXELS + 1))
    normals(drawn, seed, 0, STREAM_READING)
    active = np.tanh(FOCUS * (z / z[:, 0].std()) @ drawn[:, :PIXELS].T + TILT * drawn[:, PIXELS])
    y = (shown[:, None] == np.arange(10)) - np.bincount(shown, minlength=10) / len(shown)
    return Task(
        active.T @ active / len(y), np.ascontiguousarray(active.T @ y / len(y)), 0.5 * float((y**2).sum() / len(y))
    )


def carrying(candidates: Pool, target: Array) -> Task:
    """To carry X on by the linear map `target`, (2, 2)."""
    cross = np.ascontiguousarray(candidates.spread * candidates.tilt @ target.T)
    return Task(candidates.gram, cross, 0.5 * candidates.spread * float((target**2).sum()))


def turning(rate: float, angle: float) -> Array:
    """The linear map (2, 2) that contracts by e^(−rate) and turns by `angle`."""
    c, s = np.cos(angle), np.sin(angle)
    A: Array = np.exp(-rate) * np.array([[c, -s], [s, c]])
    return A


@dataclass(slots=True)
class Population:
    """M networks of up to `most` neurons each; part of a state.

    held: (M, most) int32 candidates, the first count: (M,) of each row; w: (M, most, outputs) their output weights,
    anything beyond count; loss: (M,); tally: (M, 4), what `kernels.population.evolve` counts on trial.
    """

    held: Array
    count: Array
    w: Array
    loss: Array
    tally: Array = field(default_factory=lambda: np.zeros((0, 4)))


def populate(networks: int, most: int, outputs: int = 2) -> Population:
    """Networks without a neuron."""
    return Population(
        np.zeros((networks, most), np.int32), np.zeros(networks, np.int32), np.zeros((networks, most, outputs)),
        np.zeros(networks), np.zeros((networks, 4)),
    )  # fmt: skip


def breed(
    these: Population,
    task: Task,
    mu: Array,
    *,
    temperature: float,
    noise: float,
    seed: int,
    first: int,
    steps: int,
    moves: int,
    guess: float = 0.0,
    balance: int = kernel.BALANCED,
) -> None:
    """Steps of `moves` births, deaths and exchanges for every network, in place, the first of number `first`.

    mu: (M,) chemical potentials and the temperature, in units of the loss; noise: η; guess: what the trials of `tally`
    take μ/T for.
    """
    most = these.held.shape[1]
    kernel.evolve(
        these.held, these.count, these.w, these.loss, these.tally, guess, np.ascontiguousarray(mu, dtype=float),
        temperature, task.gram, task.cross, noise**2, task.ground, moves, steps, first, seed, balance,
        np.empty((most, most)), np.empty((most, most)), np.empty(most),
    )  # fmt: skip


def live(
    these: Population, candidates: Pool, *, noise: float, side: int, ticks: int, seed: int, first: int
) -> tuple[Array, Array, Array]:
    """2 side² copies of every network, launched over the square, and the life of one of them.

    Returns sums: (M, 2, 5, 5), Σ_j x_j²: (M,) and tracks: (M, ticks + 1, 2) of `kernels.population.live`.
    """
    M = len(these.count)
    sums, active, tracks = np.empty((M, 2, 5, 5)), np.empty(M), np.empty((M, ticks + 1, 2))
    kernel.live(
        sums, active, tracks, these.held, these.count, these.w, candidates.slopes, candidates.biases, noise, REACH,
        side, first, seed,
    )  # fmt: skip
    return sums, active, tracks


def parts(these: Population, candidates: Pool, noise: float) -> tuple[Array, Array, Array]:
    """What weights alone tell of every network: A (M, 2, 2), the linear part of its map, C (M, 2, 2), the noise of X
    per tick, and ⟨Σ_j x_j²⟩ (M,)."""
    alive = np.arange(these.held.shape[1]) < these.count[:, None]
    w = these.w * alive[..., None]
    A = np.einsum("mno,mni->moi", w, candidates.tilt[these.held])
    C = noise**2 * np.einsum("mno,mnp->mop", w, w)
    own = np.diag(candidates.gram) + noise**2
    return A, C, (own[these.held] * alive).sum(axis=1)
