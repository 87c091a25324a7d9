"""A recurrent tanh network of two halves, and the two weight directions in which it learns.

One half is seen at the boundary, the other is bulk. With X the means of the halves and x_i = c_i X_{s(i)},

    x(t+1) = tanh(W(Q) x(t) + b),   W(Q) = W0 + c_i [Q1 δ + Q2 J]_{s(i) s(j)} / (N/2),   J = [[0, −1], [1, 0]].

Macroscopically z = a0 + Q1 + i Q2, where a0 is what W0 gives: −ln|z| is the contraction and arg z the rotation per
tick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weltnet.systems.flows import flow, tick

__all__ = ["AnyReport", "Network", "Report", "contracting", "lift", "subsystems", "train", "weights"]

Array = NDArray[Any]
Report = Callable[[float, str], None]

STEPS = 2000
BATCH = 64
RATE, LATE_RATE, LATE = 0.15, 0.2, 0.7
DECAY = 2e-3
GAIN = 0.2
AMPLITUDE = 0.5
NOISE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained network of N neurons in two halves; its arrays are read-only."""

    W0: Array
    """(N, N) float64, C-contiguous: weights at Q = 0."""
    b: Array
    """(N,) biases."""
    c: Array
    """(N,) loadings, positive, mean 1 over each half."""
    half: Array
    """(N,) int64: 0 for the half seen at the boundary, 1 for the bulk."""
    kind: str
    """The boundary flow it was trained on."""
    N: int

    def __post_init__(self) -> None:
        for name in ("W0", "b", "c", "half"):
            private = np.array(getattr(self, name), order="C")
            private.setflags(write=False)
            object.__setattr__(self, name, private)


def weights(network: Network, Q: ArrayLike) -> Array:
    """W(Q): (N, N) for a point Q = (Q1, Q2) of the learned plane; a new array."""
    Q1, Q2 = np.asarray(Q, dtype=float)
    s = network.half
    block = np.array([[Q1, -Q2], [Q2, Q1]])
    W: Array = network.W0 + network.c[:, None] * block[s[:, None], s[None, :]] / (network.N // 2)
    return W


def subsystems(network: Network) -> Array:
    """Projector P: (N, 2) onto the means of the halves, X = x @ P."""
    return np.eye(2)[network.half] / (network.N // 2)


def lift(network: Network, X: ArrayLike) -> Array:
    """The state x_i = c_i X_{s(i)} that carries X; X: (..., 2) in, x: (..., N) out, and lift(X) @ P = X."""
    x: Array = np.asarray(X, dtype=float)[..., network.half] * network.c
    return x


def contracting(neurons: int, rate: float | tuple[float, float], rotation: float = 0.0) -> Network:
    """A linear network in which every neuron contracts, x ← e^{−λ} x, so that X is closed; neurons even.

    Two rates are those of the two halves. With a rotation ω it also turns into its partner in the other half.
    """
    half = np.repeat([0, 1], neurons // 2)
    W = np.diag(np.exp(-np.broadcast_to(rate, 2)[half]))
    if rotation:
        turn = np.array([[np.cos(rotation), -np.sin(rotation)], [np.sin(rotation), np.cos(rotation)]])
        W = W @ np.kron(turn, np.eye(neurons // 2))
    return Network(W, np.zeros(neurons), np.ones(neurons), half, "linear", neurons)


class AnyReport:
    """A report that equals every other one: who listens must not distinguish two cached preparations."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def __call__(self, fraction: float, text: str) -> None:
        self._report(fraction, text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AnyReport)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=8)
def _train(neurons: int, kind: str, seed: int, dense: bool, report: AnyReport) -> Network:
    if neurons < 4 or neurons % 2:
        raise ValueError(f"neurons = {neurons} cannot be halved; allowed: an even number from 4 up (two equal halves)")
    F = flow(kind)
    rng = np.random.default_rng([seed, neurons])
    half = np.repeat([0, 1], neurons // 2)
    c = rng.uniform(0.5, 1.5, neurons)
    c /= np.array([c[half == s].mean() for s in (0, 1)])[half]
    mask = np.ones((neurons, neurons)) if dense else (half[:, None] == half[None, :]).astype(float)
    W = GAIN / np.sqrt(neurons) * rng.standard_normal((neurons, neurons)) * mask
    b = np.zeros(neurons)
    for step in range(STEPS):
        if step % 100 == 0:
            report(step / STEPS, f"training {neurons} neurons: step {step} of {STEPS}")
        X = rng.uniform(-AMPLITUDE, AMPLITUDE, (BATCH, 2))
        x = c * X[:, half] + NOISE * rng.standard_normal((BATCH, neurons))
        y = c * tick(F, X, substeps=2)[:, half]
        f = np.tanh(x @ W.T + b)
        d = (f - y) * (1.0 - f * f)
        rate = RATE if step < LATE * STEPS else LATE_RATE * RATE
        W -= rate * (d.T @ x / BATCH * mask + DECAY * W)
    report(1.0, f"trained {neurons} neurons")
    return Network(W, b, c, half, kind, neurons)


def train(neurons: int, kind: str, seed: int, *, report: Report, dense: bool = False) -> Network:
    """Train W0 by one-step SGD to continue the boundary flow, ½|tanh(W0 x + b) − y|² on clamped pairs (x, y).

    Pairs are x = lift(X) + noise, y = lift(one tick of the flow). The weights between the halves are masked, so that
    Q2 → −Q2 with X_bulk → −X_bulk is an exact symmetry; `dense` keeps them and breaks it. Cached by the four arguments;
    an exception raised by `report` cancels the training.
    """
    return _train(neurons, kind, seed, dense, AnyReport(report))
