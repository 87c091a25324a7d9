"""The boundary loss of a network in its learned plane, sample by sample, as a polynomial.

A sample is a boundary episode X(0..K_t) of the flow. The seen half starts at X(0), the bulk starts silent, the network
runs freely, and the loss of the sample is ½ mean_i (x_i(t) − c_i X1(t))² over the seen half, averaged over t = 1..K_t.
The learned plane is Q = offset + scale q with q in [−3, 3]²; in it the loss of every sample is a Chebyshev polynomial
through n × n nodes, plus a weight decay ½ λ_q |q|².

With no weights between the halves in W0, (Q2, x_bulk) → (−Q2, −x_bulk) maps the network onto itself and leaves what is
seen unchanged: U(q1, q2) = U(q1, −q2) exactly, and a valley of one rotation sense has a mirror valley of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from weltnet.kernels.grid import deepest_pass
from weltnet.systems.flows import flow, tick
from weltnet.systems.networks import AnyReport, Network, Report, lift

__all__ = ["HALF_WIDTH", "LossTable", "episodes", "sample_losses", "tabulate"]

Array = NDArray[Any]

HALF_WIDTH = 3.0
OFFSET, SCALE = (0.0, 0.0), (0.12, 0.15)
DECAY = 2e-5
AMPLITUDE = 0.5
NOISE = 0.05
CHUNK = 8


@dataclass(frozen=True, eq=False)
class LossTable:
    """The loss of P samples over the plane q in [−half_width, half_width]²; arrays are read-only float64.

    Methods take axis coordinates `x: (nx,)` for q1 and `y: (ny,)` for q2 (default: the same) and returns values on
    their product, first index q1. Derivatives are exact derivatives of the polynomial with respect to q.
    """

    samples: Array
    """(P, n, n) Chebyshev coefficients of every sample's loss, without the weight decay."""
    offset: tuple[float, float]
    scale: tuple[float, float]
    decay: float
    half_width: float = HALF_WIDTH

    @cached_property
    def coefficients(self) -> Array:
        """(n, n) Chebyshev coefficients of the mean loss."""
        mean: Array = self.samples.mean(axis=0)
        return mean

    def weights_at(self, q: ArrayLike) -> Array:
        """The point Q = offset + scale q of the network's learned plane; (..., 2) in and out."""
        Q: Array = np.asarray(self.offset) + np.asarray(self.scale) * np.asarray(q, dtype=float)
        return Q

    def mean(self, x: ArrayLike, y: ArrayLike | None = None) -> Array:
        """U(q): (nx, ny), the mean over samples with weight decay."""
        x, y = _axes(x, y)
        U: Array = self._product(x, y, 0, 0) + 0.5 * self.decay * (x[:, None] ** 2 + y[None, :] ** 2)
        return U

    def gradient(self, x: ArrayLike, y: ArrayLike | None = None) -> Array:
        """∇U: (2, nx, ny)."""
        x, y = _axes(x, y)
        field: Array = np.stack([self._product(x, y, 1, 0), self._product(x, y, 0, 1)])
        field[0] += self.decay * x[:, None]
        field[1] += self.decay * y[None, :]
        return field

    def hessian(self, x: ArrayLike, y: ArrayLike | None = None) -> Array:
        """∂_i∂_j U as three fields xx, xy, yy: (3, nx, ny)."""
        x, y = _axes(x, y)
        xx, xy, yy = (self._product(x, y, i, 2 - i) for i in (2, 1, 0))
        return np.stack([xx + self.decay, xy, yy + self.decay])

    def laplacian(self, x: ArrayLike, y: ArrayLike | None = None) -> Array:
        """∇²U: (nx, ny)."""
        xx, _, yy = self.hessian(x, y)
        total: Array = xx + yy
        return total

    def sample_gradients(self, cells: int = 48) -> Array:
        """Gradient of every sample's loss with weight decay on the (cells + 1)² corners of cells²: what a kernel reads.

        (P, cells + 1, cells + 1, 2) float32, C-contiguous, from −half_width in steps of 2 half_width / cells.
        """
        x = np.linspace(-self.half_width, self.half_width, cells + 1)
        value, slope = self._basis(x, 0), self._basis(x, 1)
        G = np.empty((len(self.samples), len(x), len(x), 2), np.float32)
        G[..., 0] = slope @ self.samples @ value.T + self.decay * x[:, None]
        G[..., 1] = value @ self.samples @ slope.T + self.decay * x[None, :]
        return G

    def covariance(self, x: ArrayLike, y: ArrayLike | None = None) -> Array:
        """C(q), the covariance of one sample's gradient over samples, as three fields xx, xy, yy: (3, nx, ny)."""
        x, y = _axes(x, y)
        fluctuation = self.samples - self.coefficients
        gx = self._basis(x, 1) @ fluctuation @ self._basis(y, 0).T
        gy = self._basis(x, 0) @ fluctuation @ self._basis(y, 1).T
        return np.stack([(gx * gx).mean(axis=0), (gx * gy).mean(axis=0), (gy * gy).mean(axis=0)])

    @cached_property
    def minimum(self) -> float:
        """The lowest mean loss on the plane."""
        return float(self.mean(np.linspace(-self.half_width, self.half_width, 241)).min())

    @cached_property
    def barrier(self) -> float:
        """What must be climbed to leave the second deepest valley for a deeper one; 0 with a single valley.

        The mountain pass is found by flooding (the largest finite persistence of the sublevel sets) on 161² points.
        """
        return float(deepest_pass(self.mean(np.linspace(-self.half_width, self.half_width, 161))))

    @cached_property
    def energy_unit(self) -> float:
        """The loss that counts as 1 in V = (U − U_min)/energy_unit: the barrier, where there is one worth the name.

        Otherwise half the level under which 15 % of the box |q_i| < 2/3 half_width lies.
        """
        g = np.linspace(-self.half_width, self.half_width, 61) * 2.0 / 3.0
        typical = 0.5 * float(np.quantile(self.mean(g) - self.minimum, 0.15))
        return max(self.barrier, typical)

    def _product(self, x: Array, y: Array, i: int, j: int) -> Array:
        value: Array = self._basis(x, i) @ self.coefficients @ self._basis(y, j).T
        return value

    def _basis(self, x: Array, order: int) -> Array:
        """d^order T_k(x / half_width) / dx^order: (len(x), n)."""
        n = self.samples.shape[-1]
        derived = np.zeros((n, n))
        for k in range(n):
            column = chebyshev.chebder(np.eye(n)[k], order) if order else np.eye(n)[k]
            derived[: len(column), k] = column
        vander: Array = chebyshev.chebvander(x / self.half_width, n - 1)
        return vander @ derived / self.half_width**order


def _axes(x: ArrayLike, y: ArrayLike | None) -> tuple[Array, Array]:
    first = np.asarray(x, dtype=float)
    return first, first if y is None else np.asarray(y, dtype=float)


def episodes(network: Network, count: int, ticks: int, seed: int) -> tuple[Array, Array]:
    """Boundary episodes and the seen half's first state.

    Returns X: (ticks + 1, count, 2) from X(0) uniform in [−½, ½]² along the flow, and x: (count, N/2), the lift of X(0)
    with Gaussian noise.
    """
    rng = np.random.default_rng([seed, ticks])
    F = flow(network.kind)
    X = [rng.uniform(-AMPLITUDE, AMPLITUDE, (count, 2))]
    for _ in range(ticks):
        X.append(tick(F, X[-1]))
    seen = network.half == 0
    x = lift(network, X[0])[:, seen] + NOISE * rng.standard_normal((count, int(seen.sum())))
    return np.array(X), x


def sample_losses(network: Network, Q: ArrayLike, count: int, ticks: int, seed: int) -> Array:
    """The loss of every sample at the points Q: (points, 2); returns (points, count) float64, without weight decay."""
    Q = np.asarray(Q, dtype=float)
    X, start = episodes(network, count, ticks, seed)
    n = network.N // 2
    (W11, W12), (W21, W22) = (
        [np.ascontiguousarray(network.W0[i : i + n, j : j + n].T) for j in (0, n)] for i in (0, n)
    )
    b1, b2, c1, c2 = network.b[:n], network.b[n:], network.c[:n], network.c[n:]
    a, o = Q[:, 0, None, None], Q[:, 1, None, None]
    x1 = np.broadcast_to(start, (len(Q), count, n))
    x2 = np.zeros((len(Q), count, n))
    loss = np.zeros((len(Q), count))
    joined = bool(W12.any() or W21.any())
    for k in range(1, ticks + 1):
        X1, X2 = x1.mean(axis=-1, keepdims=True), x2.mean(axis=-1, keepdims=True)
        y1 = (x1.reshape(-1, n) @ W11).reshape(x1.shape)
        y2 = (x2.reshape(-1, n) @ W22).reshape(x2.shape)
        if joined:
            y1 += (x2.reshape(-1, n) @ W12).reshape(x1.shape)
            y2 += (x1.reshape(-1, n) @ W21).reshape(x2.shape)
        y1 += (a * X1 - o * X2) * c1 + b1
        y2 += (o * X1 + a * X2) * c2 + b2
        x1, x2 = np.tanh(y1, out=y1), np.tanh(y2, out=y2)
        e = x1 - X[k, :, 0, None] * c1
        loss += 0.5 * np.einsum("qpi,qpi->qp", e, e) / n
    return loss / ticks


@lru_cache(maxsize=4)
def _tabulate(network: Network, seed: int, nodes: int, count: int, ticks: int, report: AnyReport) -> LossTable:
    # Chebyshev points of the first kind, written as a sine so that they are odd to the last bit.
    z = np.sin(np.pi * (nodes - 1 - 2 * np.arange(nodes)) / (2 * nodes))
    table = LossTable(np.zeros((1, 1, 1)), OFFSET, SCALE, DECAY)
    points = HALF_WIDTH * np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    values = np.empty((len(points), count))
    for i in range(0, len(points), CHUNK):
        if i % (4 * CHUNK) == 0:
            report(i / len(points), f"loss of {count} samples at node {i} of {len(points)}")
        values[i : i + CHUNK] = sample_losses(network, table.weights_at(points[i : i + CHUNK]), count, ticks, seed)
    analysis = 2.0 / nodes * chebyshev.chebvander(z, nodes - 1).T
    analysis[0] /= 2.0
    samples = analysis @ values.T.reshape(count, nodes, nodes) @ analysis.T
    samples.setflags(write=False)
    report(1.0, f"loss of {count} samples at {len(points)} nodes")
    return LossTable(samples, OFFSET, SCALE, DECAY)


def tabulate(
    network: Network, seed: int, *, report: Report, nodes: int = 24, count: int = 256, ticks: int = 8
) -> LossTable:
    """The loss of `count` samples of `ticks` boundary ticks at nodes² Chebyshev points of the box.

    Interpolation error falls exponentially with `nodes`. Cached by the other arguments; an exception raised by `report`
    cancels it.
    """
    if nodes < 4 or count < 1 or ticks < 1:
        raise ValueError(
            f"nodes = {nodes}, count = {count}, ticks = {ticks} is refused; allowed: nodes from 4, count and ticks "
            "from 1 up (nodes per axis, samples and boundary ticks of the loss)"
        )
    return _tabulate(network, seed, nodes, count, ticks, AnyReport(report))
