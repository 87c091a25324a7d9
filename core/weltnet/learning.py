"""How an ensemble of networks moves in its learned plane: one dial, three laws, one ledger.

κ = 4Dμ/γ, ħ² = (κ − 1)/μ²:

    κ < 1   diffusive   q ← q − γ g_B(q) + √(2 D0) ξ, every replica with its own minibatch     emergent, 2008.01540 §4
    κ = 1   classical   dq/dt = v, dv/dt = −∇V                                                  emergent, 2008.01540 §6
    κ > 1   quantum     iħ ∂_t ψ = −½ħ²∇²ψ + Vψ, dq = (v + u) dt + √ħ dw (Nelson)               guided, 2012.05082 §3

V = (U − U_min)/u is the loss in barriers. Below 1 the dial is not free: with s = D/γu at the bottom of a well it is
κ = 1 − (μ s)². From 1 on a learning step lasts t = min(γ, 4)/200.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.density import Grid
from weltnet.estimators.entropy import compression, destruction, production
from weltnet.estimators.potential import flow, potential
from weltnet.kernels import ensemble, guided
from weltnet.systems.landscape import CEILING, CELLS, Landscape
from weltnet.systems.losses import HALF_WIDTH
from weltnet.theory.schroedinger import SplitStep, density, packet

__all__ = [
    "BANDWIDTH", "GRID", "Dial", "Ensemble", "Regime", "advance", "begin", "born", "dense_share", "rates", "spilt",
]  # fmt: skip

Array = NDArray[Any]
Regime = Literal["diffusive", "classical", "quantum"]

GRID = Grid(96, HALF_WIDTH)
BANDWIDTH = 0.08
"""Smoothing of the density from which a wave starts."""

BATCHES = (1, 32)
FASTEST = float(np.sqrt(2 * CEILING))
"""The speed that climbs to where V is cut off: a replica near a node takes no more along."""

NO_VELOCITY, NO_WAVE = np.zeros((0, 2)), np.zeros((0, 0), np.complex64)


@dataclass(frozen=True, slots=True)
class Dial:
    """The knobs of learning: κ, μ, learning rate γ, minibatch B and added noise T₀ = D0/γu in barriers."""

    kappa: float
    multiplier: float
    rate: float
    batch: int
    noise: float

    @property
    def regime(self) -> Regime:
        """Which law holds here."""
        return "diffusive" if self.kappa < 1.0 else "classical" if self.kappa == 1.0 else "quantum"

    @property
    def hbar2(self) -> float:
        """ħ² = (κ − 1)/μ², negative where learning diffuses."""
        return (self.kappa - 1.0) / self.multiplier**2

    @property
    def hbar(self) -> float:
        """√|ħ²|: Planck's constant of the weights above κ = 1, s = D/γ below."""
        return float(np.sqrt(abs(self.hbar2)))

    @property
    def lasts(self) -> float:
        """Duration of a learning step from κ = 1 on."""
        return min(self.rate, 4.0) / 200.0

    def settled(self, before: Dial, heat: float) -> Dial:
        """Below κ = 1 the dial follows from γ, B and T₀; turning it there chooses B instead. Idempotent.

        heat: s of minibatches of one sample at learning rate 1 (`Landscape.heat`).
        """
        if self.kappa >= 1.0 or self.kappa == self._below(self.batch, heat):
            return self
        batch = self.batch
        if self.kappa != before.kappa and batch == before.batch:
            share = float(np.sqrt(1.0 - self.kappa)) / self.multiplier - self.noise
            batch = int(np.clip(np.rint(self.rate * heat / max(share, 1e-3)), *BATCHES))
        return replace(self, kappa=self._below(batch, heat), batch=batch)

    def _below(self, batch: int, heat: float) -> float:
        """The dial that minibatches of this size make, to the four digits that a page shows."""
        s = self.rate * heat / batch + self.noise
        return float(np.clip(round(1.0 - (self.multiplier * s) ** 2, 4), 0.0, 0.9999))


@dataclass(slots=True)
class Ensemble:
    """q: (M, 2) weights of the replicas; part of a state.

    v: (M, 2), their velocities, is empty but in the classical regime; psi: (n, n) complex64, the wave on GRID, and the
    ħ of its last step, but in the quantum one.
    """

    regime: str
    hbar: float
    q: Array
    v: Array
    psi: Array


def begin(members: int, seed: int, centre: tuple[float, float], spread: float, regime: Regime) -> Ensemble:
    """Replicas drawn from N(centre, spread²), at rest; in the quantum regime with the wave whose |ψ|² that is."""
    q = ensemble.initial(members, seed, np.array(centre), spread)
    v = np.zeros_like(q) if regime == "classical" else NO_VELOCITY
    psi = packet(GRID.axis, centre, spread).astype(np.complex64) if regime == "quantum" else NO_WAVE
    return Ensemble(regime, 1.0, q, v, psi)


def advance(
    these: Ensemble,
    world: Landscape,
    dial: Dial,
    seed: int,
    first: int,
    steps: int,
    *,
    renewal: float = 0.0,
    start: Array | None = None,
    osmosis: bool = True,
) -> None:
    """Carry the ensemble through `steps` learning steps, the first of which is number `first`, in place.

    Saboteurs: `renewal`, the share of replicas replaced per step by fresh draws from N(start[:2], start[2]²) where
    learning diffuses; without `osmosis` the drift u that balances Nelson's noise is left out.
    """
    if dial.regime != these.regime:
        _cross(these, world, dial)
    inverse, dt = 1.0 / GRID.spacing, dial.lasts
    if dial.regime == "diffusive":
        added = float(np.sqrt(2.0 * _added(world, dial)))
        ensemble.descend(
            these.q, world.samples, -HALF_WIDTH, 2 * HALF_WIDTH / CELLS, dial.rate, added, dial.batch, steps, first,
            seed, renewal, np.zeros(3) if start is None else start,
        )  # fmt: skip
    elif dial.regime == "classical":
        guided.leapfrog(these.q, these.v, world.force, -HALF_WIDTH, inverse, dt, steps)
    else:
        these.hbar = dial.hbar
        wave, kick = _wave(world, dial.hbar, dt), float(np.sqrt(dial.hbar * dt))
        for k in range(first, first + steps):
            v, u = wave.flow(these.psi)
            guided.nelson(these.q, v + u if osmosis else v, -HALF_WIDTH, inverse, dt, kick, seed, k)
            these.psi = wave.step(these.psi)


def rates(these: Ensemble, world: Landscape, dial: Dial) -> tuple[float, float]:
    """Entropy produced by noise and destroyed by learning, in nats per learning step, by the law of the last step.

    Diffusive: ∫ D_ij ∂_i p ∂_j p / p and γ⟨∇²U⟩, measured on the replicas. Classical: 0 and −dS_q/dt. Quantum: with
    D = ħ/2 and ∇p = 2pu/ħ, ∫ D|∇p|²/p = (2/ħ)⟨u²⟩ of the wave, and that less dS_q/dt = −(2/ħ)⟨v·u⟩.
    """
    if these.regime == "diffusive":
        diffusion = dial.rate**2 / (2 * dial.batch) * world.covariance
        diffusion += _added(world, dial) * np.array([1.0, 0.0, 1.0])[:, None, None]
        return production(GRID, these.q, diffusion), destruction(GRID, these.q, dial.rate, world.laplacian)
    if these.regime == "classical":
        return 0.0, compression(GRID, these.q, these.v) * dial.lasts
    v, u = _wave(world, dial.hbar, dial.lasts).flow(these.psi)
    p = density(these.psi)
    scale = 2.0 / dial.hbar / float(p.sum()) * dial.lasts
    produced = scale * float((p * (u * u).sum(axis=0)).sum())
    return produced, produced + scale * float((p * (v * u).sum(axis=0)).sum())


def born(these: Ensemble) -> float:
    """∫ |ψ|² over q₂ > 0, the share of replicas that quantum mechanics expects there; in other regimes one half."""
    if these.regime != "quantum":
        return 0.5
    p = density(these.psi)
    middle = GRID.n // 2
    return float((p[:, middle + 1 :].sum() + 0.5 * p[:, middle].sum()) / p.sum())


def dense_share(these: Ensemble) -> float:
    """The share of replicas where |ψ|² is dense, in the least room that holds half of it: ½ by Born's rule.

    Read bilinearly, and less the half that the grid's own cells make of it; ½ in other regimes than the quantum one.
    """
    if these.regime != "quantum":
        return 0.5
    p = density(these.psi)
    ranked = np.sort(p, axis=None)[::-1]
    held = np.cumsum(ranked)
    inside = p >= ranked[np.searchsorted(held, 0.5 * held[-1])]
    return float(GRID.at(inside[None].astype(float), these.q).mean() - p[inside].sum() / p.sum()) + 0.5


def spilt(these: Ensemble) -> float:
    """The share of |ψ|² beyond the wall that reflects replicas, where a wave goes round the box instead."""
    p = density(these.psi)
    beyond = np.abs(GRID.axis) > ensemble.WALL
    return float((p[beyond].sum() + p[:, beyond].sum()) / p.sum()) if p.size else 0.0


def _cross(these: Ensemble, world: Landscape, dial: Dial) -> None:
    """Into another regime the replicas take their places, and what velocity they have.

    A wave starts as √p e^{iF'/ħ}, F' the free energy of their current. Where learning diffused it is taken to be at
    rest, as it is at learning equilibrium; and a diffusion has no velocity to take over.
    """
    v, psi = NO_VELOCITY, NO_WAVE
    if dial.regime == "quantum":
        p, F = GRID.density(these.q, BANDWIDTH), np.zeros((GRID.n, GRID.n))
        if these.regime == "classical":
            p, current = flow(GRID, these.q, these.v, BANDWIDTH)
            F = potential(GRID, p, current).F
        psi = (np.sqrt(p) * np.exp(1j / dial.hbar * F)).astype(np.complex64)
    elif dial.regime == "classical" and these.regime == "quantum":
        v = np.clip(GRID.at(_wave(world, these.hbar, 1.0).flow(these.psi)[0], these.q), -FASTEST, FASTEST)
    elif dial.regime == "classical":
        v = np.zeros_like(these.q)
    these.regime, these.v, these.psi = dial.regime, v, psi


def _added(world: Landscape, dial: Dial) -> float:
    """D0, the added diffusion per step."""
    return dial.noise * dial.rate * world.loss.energy_unit


@lru_cache(maxsize=4)
def _wave(world: Landscape, hbar: float, dt: float) -> SplitStep:
    return SplitStep(world.axis, world.potential, hbar, dt, np.complex64)
