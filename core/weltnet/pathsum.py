"""A sum over networks in the plane of their weights: born on a lattice in phase space, carried along, added up.

    ψ = Σ_paths e^{2πi n μ′/μ_n} Σ_i a_i C_i e^{iF_i/ħ} g_i               [`weltnet.kernels.coherent`]

A *path* is all networks of one packet: they share the n neurons that it has gained or lost. A *copy* is one history of
such exchanges; densities are averaged over COPIES.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import spline_filter
from scipy.special import ndtr

from weltnet.estimators.density import Grid
from weltnet.kernels import coherent, philox
from weltnet.terrain import Terrain
from weltnet.theory.schroedinger import SplitStep, density, fidelity, packet

__all__ = [
    "COPIES", "DT", "GRID", "HERE", "RATIOS", "STIFF", "STRIDE", "Family", "Seen", "best", "beyond", "born", "course",
    "current", "drawn", "exchanged", "lowered", "middle", "nobody", "released", "seen", "solver", "spline",
]  # fmt: skip

Array = NDArray[Any]

STRIDE, DT = 2, 0.02
GRID, NODES = Grid(64, 3.0), np.linspace(-3.0, 3.0, 129)
BENT, CEILING = 15.0, 10.0
"""V bends over at BENT, and rises no more than CEILING above it."""
STIFF = 4.4
"""ħ/(2σ²) of a packet, of the order of a valley's frequency; w of replicas is STIFF/ħ."""
CROWD, SWEEPS, FASTEST = 5.0, 4, 0.75 * math.pi / GRID.spacing
FULL = 3500
"""Waves of a lattice of CROWD that a packet touches."""
RATIOS = (0.95, 1.0, 1.05)
"""ħ′/ħ of the exact waves against which a run is held."""
HERE = RATIOS.index(1.0)
COPIES, RATE = 400, 10.0
STREAM_LATTICE, STREAM_DRAW, STREAM_EXCHANGE = 41, 42, 43


@dataclass(slots=True)
class Family:
    """Replicas of one birth: q, p (m, 2), free energies F and prefactors C (m,), deformations M (m, 4, 4), amplitudes a
    (m,), and where in them each path ends: (paths,).
    """

    q: Array
    p: Array
    F: Array
    C: Array
    M: Array
    a: Array
    ends: Array

    def travel(self, spline: Array, pace: Array | float = 1.0) -> None:
        """STRIDE steps in the loss with these coefficients, each of length DT times the replica's pace: (m,)."""
        scale, dt = (len(NODES) - 1) / (2 * GRID.half_width), DT * np.broadcast_to(pace, len(self.q))
        coherent.travel(self.q, self.p, self.F, self.C, self.M, spline, NODES[0], scale, dt.copy(), STRIDE, STIFF)

    def foremost(self) -> Array:
        """q of all, those that count most first, inside the box: (m, 2)."""
        order = np.argsort(-np.abs(self.a), kind="stable") if len(self.a) else slice(None)
        return np.clip(self.q[order], NODES[0], NODES[-1])

    def waves(self, hbar: float) -> Array:
        """Each path's sum over its networks: (paths, n, n)."""
        weights, w = self.a * self.C * np.exp(1j / hbar * self.F), STIFF / hbar
        parts = [slice(a, b) for a, b in zip((0, *self.ends[:-1]), self.ends, strict=True)]
        return np.stack([coherent.summed(GRID.axis, self.q[s], self.p[s], weights[s], w, hbar) for s in parts])

    def fixed(self, hbar: float) -> Array:
        """The density Σ |a|² |g|² of networks that exchange no neurons."""
        p = coherent.summed(GRID.axis, self.q, 0.0 * self.p, np.abs(self.a) ** 2, 2.0 * STIFF / hbar, hbar).real
        out: Array = np.maximum(p, 0.0) / max(float(p.sum()) * GRID.cell, 1e-9)
        return out


def nobody() -> Family:
    return Family(*(np.zeros(shape) for shape in ((0, 2), (0, 2), 0, 0, (0, 4, 4), 0, 0)))


def lowered(V: Array) -> Array:
    """V, bent over smoothly above BENT."""
    out: Array = np.where(V > BENT, BENT + CEILING * np.tanh((V - BENT) / CEILING), V)
    return out


@lru_cache(maxsize=4)
def spline(terrain: Terrain) -> Array:
    """Coefficients of V through NODES."""
    inner: Array = spline_filter(lowered(terrain.height(NODES)), 3, mode="mirror")
    return np.pad(inner, 1, mode="reflect")


@lru_cache(maxsize=16)
def solver(terrain: Terrain, hbar: float) -> SplitStep:
    """The exact equation in this loss."""
    return SplitStep(GRID.axis, lowered(terrain.V), hbar, DT)


@lru_cache(maxsize=8)
def released(terrain: Terrain, release: tuple[Any, ...]) -> Array:
    """The waves of the paths that are released, (paths, n, n), with norm 1 together.

    release: ħ; packet, two-packets or resting; place and speed of the packet.
    """
    hbar, start, (x, y), (a, b) = release
    spread = math.sqrt(hbar / STIFF)
    if start == "resting":
        # of all waves of the lowest two levels, the one that has most of itself in the lower valley
        _, low = solver(terrain, hbar).lowest(2)
        below = GRID.axis[:, None] + GRID.axis[None, :] < 0.0
        _, mixture = np.linalg.eigh(np.einsum("aij,bij,ij->ab", low, low, below))
        waves = np.tensordot(mixture[:, -1], low, 1)[None].astype(complex)
    else:
        waves = packet(GRID.axis, (x, y), spread, (a / hbar, b / hbar))[None]
    if start == "two-packets":
        waves = np.stack([waves[0], packet(GRID.axis, (-x, -y), spread, (-a / hbar, -b / hbar))])
    out: Array = waves / math.sqrt(float(density(waves.sum(axis=0)).sum()) * GRID.cell)
    return out


def uniforms(seed: int, count: int, stream: int, rows: int, columns: int) -> Array:
    """(rows, columns) numbers in (0, 1), keyed by (seed, row, count, stream, column)."""
    z = np.empty((rows, columns))
    philox.normals(z, seed, count, stream)
    out: Array = ndtr(z)
    return out


def born(
    waves: Array, hbar: float, replicas: int, seed: int, birth: int, *, alone: bool = False, fastest: float = FASTEST
) -> tuple[Family, float]:
    """Replicas on a lattice in phase space, laid anew at random, whose waves add up to these: (paths, n, n).

    Returns them and the largest share of a wave that they miss. Those that will stay `alone`, never born again, lie the
    denser in phase space, the more they are. `fastest`: the highest wave number per axis at which one is born.
    """
    each, found = replicas // len(waves), []
    crowd = CROWD * max(1.0, math.sqrt(each / FULL)) if alone else CROWD
    for offset, wave in zip(uniforms(seed, birth, STREAM_LATTICE, 2, 4), waves, strict=False):
        found.append(coherent.born(GRID.axis, wave, each, STIFF / hbar, hbar, fastest * hbar, offset, crowd, SWEEPS))
    q, p, a, missed = zip(*found, strict=True)
    m = sum(len(x) for x in a)
    family = Family(
        np.concatenate(q), np.concatenate(p), np.zeros(m), np.ones(m, complex), np.tile(np.eye(4), (m, 1, 1)),
        np.concatenate(a), np.cumsum([len(x) for x in a]),
    )  # fmt: skip
    return family, float(max(missed))


def drawn(wave: Array, flow: SplitStep, replicas: int, seed: int, launch: int) -> Family:
    """Replicas drawn from |ψ|² with its current velocity, and nothing else."""
    family = nobody()
    family.q = GRID.drawn(density(wave), uniforms(seed, launch, STREAM_DRAW, replicas, 3))
    family.p = GRID.at(flow.flow(wave)[0], family.q)
    return family


def exchanged(seed: int, step: int) -> Array:
    """Neurons that the paths of every copy gain or lose in STRIDE steps: (COPIES, 2)."""
    u, odds = uniforms(seed, step, STREAM_EXCHANGE, COPIES, 2), 0.5 * RATE * DT * STRIDE
    gained: Array = (u < odds).astype(float) - (u > 1.0 - odds)
    return gained


@dataclass(frozen=True, slots=True)
class Seen:
    """What the replicas add up to: the wave of one copy, their density, and each path's wave, if phases add up."""

    psi: Array
    p: Array
    waves: Array | None
    turns: Array
    """(COPIES, paths) phases e^{2πi n μ′/μ_n} of the paths."""

    def fidelity(self, exact: Array) -> float:
        """Mean |⟨ψ|exact⟩|² over copies; of densities alone its upper bound, (∫ √p |exact|)²."""
        if self.waves is None:
            return fidelity(np.sqrt(self.p), np.abs(exact))
        parts = self.turns @ np.array([np.vdot(exact, w) for w in self.waves])
        return float((np.abs(parts) ** 2).mean() / (self.p.sum() * density(exact).sum()))


def seen(waves: Array, jumps: Array, ratio: float) -> Seen:
    """What waves of paths, (paths, n, n), make when their copies have exchanged `jumps` neurons of μ′ = ratio μ_n.

    Averaged over copies, the cross term of two paths is left with |⟨e^{2πi(n₁ − n₂)μ′/μ_n}⟩| of its size.
    """
    turns = np.exp(2j * np.pi * ratio * jumps[:, : len(waves)])
    p = density(waves).sum(axis=0)
    if len(waves) == 2:
        p = p + 2.0 * ((turns[:, 0] * turns[:, 1].conj()).mean() * waves[0] * waves[1].conj()).real
    p = np.maximum(p, 0.0)
    norm = 1.0 / max(float(p.sum()) * GRID.cell, 1e-9)
    return Seen(math.sqrt(norm) * np.tensordot(turns[0], waves, 1), norm * p, math.sqrt(norm) * waves, turns)


@lru_cache(maxsize=4)
def course(terrain: Terrain, tilt: float, rest: float, hbar: float, look: int, looks: int) -> tuple[Array, Array]:
    """A packet that rested in one valley and what becomes of it: the wave, (n, n), and exact |ψ|²: (1 + looks, n, n).

    The packet is the ground state, for ħ = rest, of the loss tilted by tilt (q1 + q2); a look is `look` steps.
    """
    tilted = terrain.V + tilt * (GRID.axis[:, None] + GRID.axis[None, :])
    packet = SplitStep(GRID.axis, np.minimum(tilted - tilted.min(), BENT + CEILING), rest, DT).ground().astype(complex)
    wave, seen = packet, [density(packet)]
    for _ in range(looks):
        wave = solver(terrain, hbar).step(wave, look)
        seen.append(density(wave))
    return packet, np.stack(seen)


def current(wave: Array, flow: SplitStep) -> Array:
    """|ψ|², made to integrate to 1, and its current: (3, n, n)."""
    p = density(wave)
    out: Array = np.stack([p, *(p * flow.flow(wave)[0])]) / (float(p.sum()) * GRID.cell)
    return out


def beyond(p: Array) -> float:
    """The share beyond the saddle, q1 + q2 > 0."""
    side = np.sign(GRID.axis[:, None] + GRID.axis[None, :])
    return float((p * (0.5 + 0.5 * side)).sum() / p.sum())


def middle(p: Array) -> Array:
    """The mean place of a density."""
    mass = p / p.sum()
    return np.array([(mass.sum(axis=1 - d) * GRID.axis).sum() for d in (0, 1)])


def best(seen: Seen, exact: Array) -> float:
    """The ħ′/ħ of the exact equation that fits the launch best: the top of a parabola through three fidelities."""
    f = np.array([seen.fidelity(wave) for wave in exact])
    top = int(np.clip(f.argmax(), 1, len(f) - 2))
    a, b, _ = np.polyfit(np.array(RATIOS[top - 1 : top + 2]) - 1.0, f[top - 1 : top + 2], 2)
    return 1.0 + float(np.clip(-b / (2.0 * a), RATIOS[0] - 1.0, RATIOS[-1] - 1.0)) if a < 0.0 else RATIOS[f.argmax()]
