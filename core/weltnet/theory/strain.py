"""How wide an ensemble of learning replicas is, and along what it stretches, where the loss is a valley.

Near the bottom of a loss each sample's gradient is g = g0 + G q with its own g0 and G, whose means are 0 and A. A step
q ← q − γ g_B(q) + √(2 D0) ξ then carries the covariance Σ of q exactly as

    Σ ← (1 − γA) Σ (1 − γA) + 2 D(Σ),   D(Σ) = γ²/(2B) (⟨g0 g0ᵀ⟩ + ⟨GΣG⟩ − AΣA) + D0,

since samples are drawn with replacement: a linear map of Σ and a constant. An ensemble of Gaussian shape stretches by

    M = sym(D Σ⁻¹) − γA,   tr M = dS/dt,

to first order in γA. Steps as large as they are first shrink it to Σ₋ = (1 − γA) Σ (1 − γA), then spread it:

    M = sym ½ ln(1 + 2 D Σ₋⁻¹) + ln(1 − γA),   tr M = ½ ln(det Σ'/det Σ), the entropy that one step adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Valley", "strain"]

Array = NDArray[Any]


def strain(covariance: Array, diffusion: Array, curvature: Array, rate: float) -> Array:
    """M of one step for Gaussian ensembles, (..., K, K); every eigenvalue of γA must be below 1."""
    slow, V = np.linalg.eigh(np.eye(covariance.shape[-1]) - rate * curvature)
    shrunk, U = np.linalg.eigh(_sandwich(V * slow[..., None, :] @ _turned(V), covariance))
    thin, wide = (U * np.sqrt(shrunk)[..., None, :] ** way @ _turned(U) for way in (-1, 1))
    spread, Z = np.linalg.eigh(_sandwich(thin, diffusion))
    produced = wide @ (0.5 * np.log1p(2.0 * np.maximum(spread, 0.0))[..., None, :] * Z @ _turned(Z)) @ thin
    M: Array = 0.5 * (produced + _turned(produced))
    M += np.log(np.maximum(slow, 1e-3))[..., None, :] * V @ _turned(V)
    return M


def _turned(A: Array) -> Array:
    out: Array = np.swapaxes(A, -1, -2)
    return out


def _sandwich(A: Array, B: Array) -> Array:
    """A B A of symmetric matrices, symmetric to the last bit."""
    C = A @ B @ A
    out: Array = 0.5 * (C + _turned(C))
    return out


@dataclass(frozen=True, eq=False)
class Valley:
    """The second moments of SGD at the bottom of a loss. gradients: (P, K), G: (P, K, K) of the samples there."""

    gradients: Array
    G: Array
    rate: float
    batch: int
    added: float
    """D0."""

    @cached_property
    def curvature(self) -> Array:
        """A: (K, K)."""
        A: Array = self.G.mean(axis=0)
        return A

    @cached_property
    def _noise(self) -> tuple[Array, Array]:
        """What D is at Σ = 0, (K²,), and how it grows with Σ, (K², K²)."""
        P, K = self.gradients.shape
        share, A = self.rate**2 / (2 * self.batch), self.curvature
        g = self.gradients - self.gradients.mean(axis=0)
        flat = self.G.reshape(P, K * K)
        # ⟨G_ia G_jb⟩ as a matrix from (a, b) to (i, j)
        pairs = (flat.T @ flat / P).reshape(K, K, K, K).transpose(0, 2, 1, 3).reshape(K * K, K * K)
        still = share * (g.T @ g / P) + self.added * np.eye(K)
        return still.ravel(), share * (pairs - np.kron(A, A))

    @cached_property
    def _step(self) -> Array:
        move = np.eye(len(self.curvature)) - self.rate * self.curvature
        step: Array = np.kron(move, move) + 2.0 * self._noise[1]
        return step

    def diffusion(self, covariance: Array) -> Array:
        """D(Σ): (..., K, K)."""
        still, grows = self._noise
        flat = covariance.reshape(*covariance.shape[:-2], -1)
        D: Array = (still + flat @ grows.T).reshape(covariance.shape)
        return D

    def carried(self, covariance: Array, steps: int) -> Array:
        """Σ: (..., K, K) after so many learning steps."""
        step, still = self._step.T, 2.0 * self._noise[0]
        flat = covariance.reshape(*covariance.shape[:-2], -1)
        for _ in range(steps):
            flat = flat @ step + still
        out: Array = flat.reshape(covariance.shape)
        return out

    @cached_property
    def settled(self) -> Array:
        """Σ at learning equilibrium."""
        K = len(self.curvature)
        flat: Array = np.linalg.solve(np.eye(K * K) - self._step, 2.0 * self._noise[0])
        return flat.reshape(K, K)

    def strain(self, covariance: Array) -> Array:
        """M of ensembles that are this wide."""
        return strain(covariance, self.diffusion(covariance), self.curvature, self.rate)
