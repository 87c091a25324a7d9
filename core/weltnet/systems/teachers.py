"""A pupil that learns a noisy teacher's data in a plane of its weights, small enough for every replica to be one.

W(q) = W0 + q1 E1 + q2 E2, b(q) = b0 + q1 b1 + q2 b2; what a pupil does with a sample, and what its loss is, is said in
`weltnet.kernels.replicas`. In a sign pair, q1 is the only weight into one hidden neuron and q2 the only weight out of
it. Since tanh is odd, (q1, q2) → (−q1, −q2) with the sign of that neuron leaves the function as it was: two valleys,
which are the same function, face each other across q = 0.

In a wheel, hidden neuron k has one weight in and one weight out, and both are q·n_k, its share of q along a spoke n_k
of a wheel of SPOKES. What the network does is Σ_k (q·n_k) tanh(q·n_k u): up to high orders in u it depends on |q|
alone, and the valley of its loss is a ring.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.kernels.grid import deepest_pass
from weltnet.kernels.replicas import tabulate_networks
from weltnet.systems.losses import HALF_WIDTH
from weltnet.systems.networks import AnyReport, Report

__all__ = ["Pupil", "Table", "sign_pair", "tabulate", "wheel"]

Array = NDArray[Any]

TEACHER = 1.2
"""Both tagged weights of the teacher of a sign pair."""
RECURRENCE = 0.15
SPREAD = 1.3
SETTLED = 6


@dataclass(frozen=True, slots=True, eq=False)
class Pupil:
    """A network, the plane of weights in which it learns, and its data; arrays are read-only float64."""

    W0: Array
    """(N, N): weights at q = 0; row i holds the weights into neuron i."""
    E1: Array
    """(N, N): ∂W/∂q1."""
    E2: Array
    """(N, N): ∂W/∂q2."""
    b0: Array
    """(N,): biases at q = 0."""
    b1: Array
    """(N,): ∂b/∂q1."""
    b2: Array
    """(N,): ∂b/∂q2."""
    data: Array
    """(samples, inputs + outputs): what clamps the first and the last neurons."""
    inputs: int
    outputs: int
    ticks: int
    """T_a, ticks of relaxation per sample."""

    def __post_init__(self) -> None:
        for name in ("W0", "E1", "E2", "b0", "b1", "b2", "data"):
            private = np.array(getattr(self, name), dtype=float, order="C")
            private.setflags(write=False)
            object.__setattr__(self, name, private)

    @property
    def weights(self) -> tuple[Array, Array, Array, Array, Array, Array]:
        """W0, E1, E2, b0, b1, b2, the order in which kernels take them."""
        return self.W0, self.E1, self.E2, self.b0, self.b1, self.b2


@dataclass(frozen=True, eq=False)
class Table:
    """The loss of a pupil on the product of `axis` with itself, first index q1; arrays are read-only float64."""

    axis: Array
    """(n,), evenly spaced."""
    U: Array
    """(n, n): mean loss over all samples."""
    gradient: Array
    """(2, n, n): ∇U, total."""
    covariance: Array
    """(3, n, n): C_B, the covariance of one sample's gradient, as fields xx, xy, yy."""

    @property
    def spacing(self) -> float:
        """Distance between neighbouring points."""
        return float(self.axis[1] - self.axis[0])

    @cached_property
    def hessian(self) -> Array:
        """∂_i∂_j U as three fields xx, xy, yy: (3, n, n), from central differences of ∇U; second order in spacing."""
        (xx, xy), (yx, yy) = (np.gradient(g, self.spacing, edge_order=2) for g in self.gradient)
        return np.stack([xx, 0.5 * (xy + yx), yy])

    @cached_property
    def laplacian(self) -> Array:
        """∇²U: (n, n)."""
        total: Array = self.hessian[0] + self.hessian[2]
        return total

    @cached_property
    def minimum(self) -> float:
        """The lowest mean loss at a point of the table."""
        return float(self.U.min())

    @cached_property
    def barrier(self) -> float:
        """What must be climbed from the second deepest valley into a deeper one; 0 with a single valley."""
        return float(deepest_pass(self.U))


@lru_cache(maxsize=8)
def sign_pair(seed: int, *, noise: float = 0.8, samples: int = 256, ticks: int = 3) -> Pupil:
    """Two inputs, three hidden neurons, one output: q1 = W[2, 0] and q2 = W[5, 2] are learned from a noisy teacher.

    The teacher is the same network with both tagged weights 1.2; `noise` is the standard deviation of what is added to
    its answer. Cached by its arguments.
    """
    if samples < 1 or ticks < 1 or not noise >= 0.0:
        raise ValueError(
            f"samples = {samples}, ticks = {ticks}, noise = {noise} is refused; allowed: samples and ticks from 1 up, "
            "noise from 0 up (data of the teacher, ticks of relaxation, spread of the errors in its answers)"
        )
    rng = np.random.default_rng(seed)
    seen, tagged, hidden, answer = slice(0, 2), 2, slice(2, 5), 5
    W0 = np.zeros((6, 6))
    W0[hidden, seen] = rng.standard_normal((3, 2))
    W0[answer, hidden] = rng.standard_normal(3)
    W0[hidden, hidden] = RECURRENCE * rng.standard_normal((3, 3))
    W0[tagged], W0[:, tagged] = 0.0, 0.0
    E1, E2 = np.zeros((6, 6)), np.zeros((6, 6))
    E1[tagged, 0], E2[answer, tagged] = 1.0, 1.0
    W = W0 + TEACHER * (E1 + E2)
    u = SPREAD * rng.standard_normal((samples, 2))
    x = np.zeros((samples, 6))
    for _ in range(SETTLED):
        x[:, seen] = u
        x = np.tanh(x @ W.T)
    y = x[:, answer] + noise * rng.standard_normal(samples)
    zero = np.zeros(6)
    return Pupil(W0, E1, E2, zero, zero, zero, np.column_stack([u, y]), 2, 1, ticks)


SPOKES = 4
"""Hidden neurons of a wheel; its loss is even round to the order 2 SPOKES − 1 of q."""
RADIUS, FAINT = 1.6, 0.2
"""|q| of the teacher of a wheel, and the spread of its inputs: faint, so that no neuron saturates in the box."""


@lru_cache(maxsize=8)
def wheel(seed: int, *, noise: float = 0.1, samples: int = 256) -> Pupil:
    """One input, SPOKES hidden neurons, one output; weights into and out of hidden neuron k are q·n_k √(2/SPOKES).

    The teacher is the same network with |q| = RADIUS; `noise` is the standard deviation of what is added to its answer.
    Cached by its arguments.
    """
    if samples < 1 or not noise >= 0.0:
        raise ValueError(
            f"samples = {samples}, noise = {noise} is refused; allowed: samples from 1 up, noise from 0 up (data of "
            "the teacher, spread of the errors in its answers)"
        )
    rng = np.random.default_rng(seed)
    N = SPOKES + 2
    E1, E2, zero = np.zeros((N, N)), np.zeros((N, N)), np.zeros(N)
    for E, spokes in ((E1, np.cos), (E2, np.sin)):
        E[1:-1, 0] = E[-1, 1:-1] = np.sqrt(2.0 / SPOKES) * spokes(np.pi * np.arange(SPOKES) / SPOKES)
    u = FAINT * rng.standard_normal(samples)
    W = RADIUS * E1
    y = np.tanh(np.tanh(u[:, None] * W[1:-1, 0]) @ W[-1, 1:-1]) + noise * rng.standard_normal(samples)
    return Pupil(np.zeros((N, N)), E1, E2, zero, zero, zero, np.column_stack([u, y]), 1, 1, 2)


@lru_cache(maxsize=8)
def _tabulate(pupil: Pupil, axis: tuple[float, ...], report: AnyReport) -> Table:
    x = np.array(axis)
    n = len(x)
    U, G, C = np.empty((n, n)), np.empty((2, n, n)), np.empty((3, n, n))
    for i in range(n):
        if i % 8 == 0:
            report(i / n, f"loss of {len(pupil.data)} samples at column {i} of {n}")
        points = np.column_stack([np.full(n, x[i]), x])
        u, g, c = tabulate_networks(points, *pupil.weights, pupil.data, pupil.inputs, pupil.outputs, pupil.ticks)
        U[i], G[:, i], C[:, i] = u, g.T, c.T
    report(1.0, f"loss of {len(pupil.data)} samples at {n * n} points")
    for field in (x, U, G, C):
        field.setflags(write=False)
    return Table(x, U, G, C)


def tabulate(pupil: Pupil, axis: ArrayLike | None = None, *, report: Report | None = None) -> Table:
    """The loss of a pupil on axis × axis, by default 129 points from −3 to 3.

    Cached by pupil and axis; an exception raised by `report` cancels it.
    """
    x = np.linspace(-HALF_WIDTH, HALF_WIDTH, 129) if axis is None else np.asarray(axis, dtype=float)
    if x.ndim != 1 or len(x) < 3:
        raise ValueError(f"axis of shape {x.shape} is refused; allowed: (n,) with n from 3 up (points along q1 and q2)")
    return _tabulate(pupil, tuple(x.tolist()), AnyReport(report or (lambda fraction, text: None)))
