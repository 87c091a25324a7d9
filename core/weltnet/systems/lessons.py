"""What a trained network still learns from: clamped pairs of its boundary flow, and the weights that fit them best.

A lesson is `samples` pairs (x, y): x is the lift of a boundary state with noise in every neuron, y what one tick of the
flow makes of it, with errors of spread σ_y. The loss of a pair is ½|tanh(W x + b) − y|², that on which the network was
trained (`weltnet.systems.networks`); now all its weights may change, between the halves too, and W0 is the bottom of
the mean loss over these pairs. Biases stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.systems.flows import flow, tick
from weltnet.systems.networks import AnyReport, Report, lift, train

__all__ = ["Lesson", "lesson"]

Array = NDArray[Any]

AMPLITUDE = 0.5
NEWTON = 12


@dataclass(frozen=True, eq=False)
class Lesson:
    """Pairs of one network of N neurons and the lowest point of its loss; arrays are read-only float64."""

    x: Array
    """(samples, N): clamped states."""
    y: Array
    """(samples, N): what they become."""
    base: Array
    """(samples, N): W0 x + b."""

    @cached_property
    def slopes(self) -> tuple[Array, Array]:
        """Of every sample and neuron at W0: ∂H/∂a and ∂²H/∂a² for a = W0 x + b, each (samples, N)."""
        f = np.tanh(self.base)
        s, e = 1.0 - f * f, f - self.y
        return e * s, s * (s - 2.0 * f * e)

    def gradients(self, directions: int) -> Array:
        """Gradient of every sample's loss at W0 by the first `directions` weights, row by row: (samples, K)."""
        d, _ = self.slopes
        g: Array = (d[:, :, None] * self.x[:, None, :]).reshape(len(d), -1)[:, :directions]
        return g

    def hessians(self, directions: int) -> Array:
        """Second derivatives of every sample's loss at W0 by these weights: (samples, K, K)."""
        _, h = self.slopes
        (P, N), K = self.x.shape, directions
        blocks = np.zeros((P, N, N, N, N))
        for i in range(N):
            blocks[:, i, :, i, :] = h[:, i, None, None] * self.x[:, :, None] * self.x[:, None, :]
        full: Array = blocks.reshape(P, N * N, N * N)[:, :K, :K]
        return np.ascontiguousarray(full)


@lru_cache(maxsize=8)
def _lesson(neurons: int, kind: str, seed: int, samples: int, noise: float, errors: float, report: AnyReport) -> Lesson:
    network = train(neurons, kind, seed, report=report)
    rng = np.random.default_rng([seed, neurons, samples])
    X = rng.uniform(-AMPLITUDE, AMPLITUDE, (samples, 2))
    x = lift(network, X) + noise * rng.standard_normal((samples, neurons))
    y = lift(network, tick(flow(kind), X)) + errors * rng.standard_normal((samples, neurons))
    W = network.W0.copy()
    for _ in range(NEWTON):
        f = np.tanh(x @ W.T + network.b)
        s = 1.0 - f * f
        for i in range(neurons):
            # Gauss and Newton: steps that go downhill wherever they begin
            J = s[:, i, None] * x
            W[i] -= np.linalg.solve(J.T @ J, J.T @ (f[:, i] - y[:, i]))
    base = x @ W.T + network.b
    for field in (x, y, base):
        field.setflags(write=False)
    return Lesson(x, y, base)


def lesson(
    neurons: int, kind: str, seed: int, *, report: Report, samples: int = 256, noise: float = 0.1, errors: float = 0.3
) -> Lesson:
    """Train a network, draw pairs, and go down to where their loss is least. Cached by all arguments but `report`."""
    return _lesson(neurons, kind, seed, samples, noise, errors, AnyReport(report))
