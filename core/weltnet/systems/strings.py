"""Pairs of permutation cycles: the network whose neuron states are a string.

Every target dimension has two cycles of neurons: right movers R(t+1, s) = f(R(t, s−1)) and left movers
Q(t+1, s) = f(Q(t, s+1)). One cycle alone is chiral: it obeys the wave equation but can never satisfy both constraints.
Movers have shape (2, dims, sites), right movers first; plain cycles (members, sites), alternating right and left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels.chains import LINEAR, TANH, fire, haar, pull_mixed, pull_shifted
from weltnet.kernels.philox import normals

__all__ = [
    "Activation", "Mixing", "band_limited", "coupled", "cycle_matrix", "dyadic", "normalised", "random_orthogonal",
    "shifts", "tick",
]  # fmt: skip

Activation = Literal["linear", "tanh"]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mixing:
    """Dense weights of right and left movers. outgoing: (2, sites, sites), outgoing[d, j, s] = weight of j in s."""

    outgoing: Array


def band_limited(seed: int, members: int, sites: int, modes: int, stream: int) -> Array:
    """Random closed profiles of unit rms and zero mean with `modes` harmonics of amplitude 1/k; (members, sites).

    Rounded to multiples of 2⁻⁴⁰: sums and second differences of such numbers are exact in float64, so that a wave
    residual of zero means zero and not round-off.
    """
    coefficients = np.empty((members, 2 * modes))
    normals(coefficients, seed, 0, stream)
    k = np.arange(1, modes + 1)
    phase = 2.0 * np.pi * np.outer(k, np.arange(sites)) / sites
    waves = np.concatenate([np.cos(phase), np.sin(phase)])
    # einsum adds in one order; a matrix product's bits may change with the number of threads.
    profile = np.einsum("mk,ks->ms", coefficients / np.tile(k, 2), waves)
    return dyadic(profile / np.sqrt(np.mean(profile**2, axis=1, keepdims=True)))


def dyadic(x: Array) -> Array:
    """x rounded to multiples of 2⁻⁴⁰."""
    return np.asarray(np.round(x * 2.0**40) / 2.0**40)


def shifts(members: int, *, grouped: bool) -> NDArray[np.int64]:
    """Direction of each cycle: right movers first (grouped), or right and left in turn."""
    order = np.arange(members) < members // 2 if grouped else np.arange(members) % 2 == 0
    return np.where(order, 1, -1).astype(np.int64)


def cycle_matrix(sites: int, shift: int) -> Array:
    """The permutation matrix W with (Wx)_s = x_{s − shift}."""
    return np.roll(np.eye(sites), shift, axis=0)


def random_orthogonal(seed: int, sites: int, stream: int) -> Mixing:
    """One Haar-random orthogonal matrix for the right movers and its transpose for the left movers."""
    gaussian = np.empty((sites, sites))
    normals(gaussian, seed, 0, stream)
    w = np.empty_like(gaussian)
    haar(w, gaussian, np.empty(sites))
    return Mixing(np.ascontiguousarray(np.stack([w.T, w])))


def tick(
    x: Array,
    directions: NDArray[Any],
    activation: Activation,
    *,
    mixing: Mixing | None = None,
    noise: float = 0.0,
    hop: float = 1.0,
    seed: int = 0,
    step: int = 0,
    stream: int = 0,
) -> None:
    """One activation x ← f(Wx) + noise ξ of cycles x: (members, sites), in place.

    W is the cyclic permutation of each member's direction, or `mixing`; with probability 1 − hop a neuron's row of W is
    replaced by the row of the identity for this tick.
    """
    pulled = np.empty_like(x)
    if mixing is None:
        pull_shifted(pulled, x, directions)
    else:
        pull_mixed(pulled, x, directions, mixing.outgoing)
    fire(x, pulled, TANH if activation == "tanh" else LINEAR, noise, hop, seed, step, stream)


def coupled(before: Array, now: Array, mass: Array) -> Array:
    """The next tick of strings of which each neuron also reads its partners': X ← (1 − ½ mass)(X₊ + X₋) − X_before.

    before, now: (..., strings, sites); mass: (strings, strings), eigenvalues in [0, 4], where no wave grows.
    """
    y = np.roll(now, 1, axis=-1) + np.roll(now, -1, axis=-1)
    return np.asarray(y - 0.5 * np.einsum("ij,...js->...is", mass, y) - before)


def normalised(before: Array, now: Array) -> Array:
    """The next tick of strings whose neurons at one site divide by their common strength.

    n ← −n_before + 2 (y·n_before) y/|y|², y = n₊ + n₋: before, now: (..., strings, sites). It mirrors n_before at y, so
    that Σ n² at every site stays what it was; for strings of unit length it is the wave map into the sphere to second
    order in the tick, with geodesics exact.
    """
    y = np.roll(now, 1, axis=-1) + np.roll(now, -1, axis=-1)
    strength = np.maximum((y * y).sum(axis=-2, keepdims=True), np.finfo(float).tiny)
    return np.asarray(2.0 * (y * before).sum(axis=-2, keepdims=True) / strength * y - before)
