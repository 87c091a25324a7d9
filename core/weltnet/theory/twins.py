"""Slow float64 twins of the kernels, written from their definitions in plain NumPy and Python integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["bohm", "deposit", "descend", "gather", "leapfrog", "nelson", "philox", "smooth"]

Array = NDArray[Any]


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox-4x32-10 in Python integers (Salmon et al. 2011)."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c3 ^ k1, p0 & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _words(count: int, step: int, stream: int, block: int, seed: int) -> Array:
    key = (seed & 0xFFFFFFFF, seed >> 32 & 0xFFFFFFFF)
    return np.array([philox((m, step, stream, block), key) for m in range(count)], dtype=np.int64)


def _normals(a: Array, b: Array, turn: float) -> Array:
    radius = np.sqrt(-2.0 * np.log((a + 0.5) / 2.0**32))
    phi = 2.0 * np.pi * b / 2.0**32 + turn
    return np.stack([radius * np.cos(phi), radius * np.sin(phi)], axis=-1)


def _reflect(q: Array, wall: float) -> Array:
    return np.clip(np.where(np.abs(q) > wall, 2.0 * wall * np.sign(q) - q, q), -wall, wall)


def descend(
    q: Array,
    table: Array,
    low: float,
    spacing: float,
    rate: float,
    noise: float,
    batch: int,
    steps: int,
    first: int,
    seed: int,
    renewal: float,
    start: Array,
    *,
    wall: float = 2.9,
    streams: tuple[int, int] = (16, 18),
) -> Array:
    """q after `steps` of q ← q − γ g_B(q) + √(2 D0) ξ; arguments and random words as the ensemble kernel's."""
    q = np.array(q, dtype=float)
    G = np.asarray(table, dtype=float)
    M, P = len(q), len(G)
    for step in range(first, first + steps):
        words = _words(M, step, streams[0], 0, seed)
        picks = [words[:, 2]]
        for block in range(1, 1 + (batch + 2) // 4):
            picks += list(_words(M, step, streams[0], block, seed).T)
        g = np.zeros((M, 2))
        for word in picks[:batch]:
            sample = word * P >> 32
            for m in range(M):
                g[m] += gather(G[sample[m]].transpose(2, 0, 1), q[m : m + 1], low, 1.0 / spacing)[0]
        q = _reflect(q - rate * g / batch + noise * _normals(words[:, 0], words[:, 1], -np.pi / 4.0), wall)
        renewed = words[:, 3] < int(renewal * 2.0**32)
        fresh = _words(M, step, streams[1], 0, seed)
        half_a_word = np.pi / 2.0**32
        drawn = _reflect(start[:2] + start[2] * _normals(fresh[:, 0], fresh[:, 1], half_a_word), wall)
        q = np.where(renewed[:, None], drawn, q)
    return q


def deposit(q: Array, low: float, inverse: float, n: int) -> Array:
    """Periodic cloud-in-cell deposit, one np.add.at per corner: (n, n)."""
    out = np.zeros((n, n))
    u = (np.asarray(q, dtype=float) - low) * inverse
    cell = np.floor(u).astype(int)
    f = u - cell
    for a in (0, 1):
        for b in (0, 1):
            share = (f[:, 0] if a else 1.0 - f[:, 0]) * (f[:, 1] if b else 1.0 - f[:, 1])
            np.add.at(out, ((cell[:, 0] + a) % n, (cell[:, 1] + b) % n), share)
    return out


def gather(fields: Array, q: Array, low: float, inverse: float) -> Array:
    """Bilinear interpolation of fields (k, n, n) at q: (members, 2), edge values outside: (members, k)."""
    n = fields.shape[1]
    u = np.clip((np.asarray(q, dtype=float) - low) * inverse, 0.0, n - 1.0000001)
    i, j = np.floor(u).astype(int).T
    f, g = u[:, 0] - i, u[:, 1] - j
    south = (1.0 - g) * fields[:, i, j] + g * fields[:, i, j + 1]
    north = (1.0 - g) * fields[:, i + 1, j] + g * fields[:, i + 1, j + 1]
    value: Array = ((1.0 - f) * south + f * north).T
    return value


def smooth(field: Array, spacing: float, bandwidth: float) -> Array:
    """Periodic Gaussian smoothing by direct summation over images, O(n³)."""
    n = len(field)
    distance = spacing * (np.arange(n)[:, None] - np.arange(n)[None, :])
    images = sum(np.exp(-0.5 * ((distance + m * n * spacing) / bandwidth) ** 2) for m in (-1, 0, 1))
    K = images * spacing / (np.sqrt(2.0 * np.pi) * bandwidth)
    out: Array = K @ field @ K.T
    return out


def leapfrog(
    q: Array, v: Array, force: Array, low: float, inverse: float, dt: float, steps: int, *, wall: float = 2.9
) -> tuple[Array, Array]:
    """q and v after `steps` of velocity Verlet with unit mass; arguments as the kernel's."""
    q, v = np.array(q, dtype=float), np.array(v, dtype=float)
    for _ in range(steps):
        v = v + 0.5 * dt * gather(force, q, low, inverse)
        q = q + dt * v
        v = np.where(np.abs(q) > wall, -v, v)
        q = _reflect(q, wall)
        v = v + 0.5 * dt * gather(force, q, low, inverse)
    return q, v


def bohm(
    q: Array,
    before: Array,
    after: Array,
    low: float,
    inverse: float,
    dt: float,
    *,
    wall: float = 2.9,
    leap: float = 0.15,
) -> Array:
    """q + ½ dt [v(q, t) + v(q + v(q, t) dt, t + dt)]; arguments as the kernel's."""
    q = np.array(q, dtype=float)
    first = np.clip(gather(before, q, low, inverse) * dt, -leap, leap)
    second = np.clip(gather(after, q + first, low, inverse) * dt, -leap, leap)
    return _reflect(q + 0.5 * (first + second), wall)


def nelson(
    q: Array,
    drift: Array,
    low: float,
    inverse: float,
    dt: float,
    noise: float,
    seed: int,
    step: int,
    *,
    wall: float = 2.9,
    leap: float = 0.15,
    stream: int = 19,
) -> Array:
    """q + b(q) dt + noise ξ; arguments and random words as the kernel's."""
    words = _words(len(q), step, stream, 0, seed)
    move = np.clip(gather(drift, q, low, inverse) * dt, -leap, leap)
    return _reflect(q + move + noise * _normals(words[:, 0], words[:, 1], -np.pi / 4), wall)
