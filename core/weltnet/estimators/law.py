"""Which law an ensemble obeys: first order, as diffusion does, or second order, as a wave does. Measured on replicas.

Two equations are held against the density p and the free energy F' of an ensemble in a loss V, m = 1/(2γ):

    first order    F' + V/2 + (s/2) ln p = const(t),                              plain SGD with D_n = γ s;
    second order   ∂_t F' + γ |∇F'|² + V − c γ ∇²√p/√p = const(t),               Madelung with ħ² = c; c = 0 classical.

ε1 and ε2 are their squared residuals over the sum of the squares of their terms, with s and c fitted, and the *law
index* is θ = 90° · ε1/(ε1 + ε2): 0° diffusive, 90° unitary or classical, which only c tells apart. It is a diagnostic
of two models, not the phase of a propagator.                                                                 [derived]

Every inner product is one between two halves of the ensemble, drawn at random, so that the sampling noise of one does
not correlate with that of the other. Members that push one another must do so within their half only: what the halves
share passes for signal. All is done at two bandwidths and extrapolated linearly in h_b² to zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.density import Grid
from weltnet.estimators.potential import flow, potential
from weltnet.kernels.grid import gather

__all__ = ["BANDWIDTHS", "Law", "Strain", "Witness", "halves", "law", "misfit"]

Array = NDArray[Any]

BANDWIDTHS = (0.14, 0.2)
SEEN = 0.05
"""Fields are compared where p is above this fraction of its highest value, with weight p."""

TOLERANCE = 1e-2
"""Of the Poisson solves: their error is then a tenth of that of sampling."""

RIM, SPILT, BENT, TURNED = 0.2, 0.02, 10.0, 0.01
"""How near a member is at the wall, the share of members that may be, the mean |∇∇V| they may feel, and the mean square
of velocity, in units of V, that may come from no F'."""

T95 = {3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306}
"""Student's t for 95 %, by the number of pieces."""

LEAST = 1e-4
"""No residual counts for less: what is below it the estimator does not resolve."""


def halves(members: int, seed: int) -> NDArray[np.bool_]:
    """A random half of the members: (members,) bool. By index would not do: in a Sobol sequence order is place."""
    mask = np.zeros(members, dtype=np.bool_)
    mask[np.random.default_rng([seed, members]).permutation(members)[: members // 2]] = True
    return mask


@dataclass(slots=True)
class Witness:
    """What is remembered of an ensemble between looks: three snapshots of (p, F') and the sums that the fits need.

    fields: (3, bandwidths, halves, 2, n, n), newest last; grams: (kept, bandwidths, 2, 3, 3), the cross-half inner
    products of the terms of both laws, one row per look that had a neighbour before and behind.
    """

    n: int
    kept: int
    looks: int = 0
    """Since the last `forget`."""
    rows: int = 0
    """Ever filled."""
    turned: float = 0.0
    """⟨w·w⟩ between the halves at the last look, w = v − 2γ ∇F' the current velocity that no F' causes."""
    fields: Array = field(default_factory=lambda: np.zeros(0))
    grams: Array = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        if self.fields.size == 0:
            self.fields = np.zeros((3, len(BANDWIDTHS), 2, 2, self.n, self.n))
            self.grams = np.zeros((self.kept, len(BANDWIDTHS), 2, 3, 3))

    def forget(self) -> None:
        """The next look is the first of another motion: no time derivative reaches across."""
        self.looks = 0

    def look(
        self,
        grid: Grid,
        q: Array,
        v: Array,
        half: NDArray[np.bool_],
        V: Array,
        apart: float,
        gamma: float = 0.5,
        swirl: Array | None = None,
    ) -> bool:
        """Take the members q, v: (M, 2), `apart` later than the last look; True when a row was added (for that one).

        v: current velocities; V: (n, n) loss on the grid. `swirl`: (2, n, n), a steady flow without vorticity where
        there are members, that is 2γ times the slope of a part of F' which goes round and is no single function; both
        laws then have ∇F' with it.
        """
        sides = (half, ~half)
        return self._take(grid, lambda h: [flow(grid, q[m], v[m], h) for m in sides], V, apart, gamma, swirl)

    def see(self, grid: Grid, currents: Sequence[Array], V: Array, apart: float, gamma: float = 0.5) -> bool:
        """`look` at two halves without members, of which p and p v are known: (3, n, n) each."""

        def seen(h: float) -> list[tuple[Array, Array]]:
            smooth = [np.stack([grid.smooth(f, h) for f in fields]) for fields in currents]
            return [(np.maximum(s[0], 1e-30), s[1:]) for s in smooth]

        return self._take(grid, seen, V, apart, gamma, None)

    def _take(
        self,
        grid: Grid,
        seen: Callable[[float], Sequence[tuple[Array, Array]]],
        V: Array,
        apart: float,
        gamma: float,
        swirl: Array | None,
    ) -> bool:
        """Take p: (n, n) and p v: (2, n, n) of both halves as they are when smoothed by a bandwidth."""
        self.fields[:-1] = self.fields[1:]
        currents = np.empty((len(BANDWIDTHS), 2, 2, grid.n, grid.n))
        for b, h in enumerate(BANDWIDTHS):
            for side, (p, current) in enumerate(seen(h)):
                current = current if swirl is None else current - p * swirl
                guess = self.fields[1, b, side, 1] if self.looks else None
                found = potential(grid, p, current, gamma=gamma, guess=guess, tolerance=TOLERANCE)
                self.fields[2, b, side], currents[b, side] = (p, found.F), current
        self.turned = _turning(grid, self.fields[2, 0], currents[0], gamma)
        self.looks += 1
        if self.looks < 3:
            return False
        for b in range(len(BANDWIDTHS)):
            self.grams[self.rows % self.kept, b] = _gram(grid, self.fields[:, b], V, apart, gamma, swirl)
        self.rows += 1
        return True

    @property
    def filled(self) -> int:
        """Rows that hold something."""
        return min(self.rows, self.kept)

    def recent(self, count: int) -> Array:
        """The inner products of the last `count` rows, or of as many as are kept, oldest first."""
        count = min(count, self.filled)
        found: Array = self.grams[np.arange(self.rows - count, self.rows) % self.kept]
        return found


def _turning(grid: Grid, fields: Array, currents: Array, gamma: float) -> float:
    """⟨w·w⟩, w = v − 2γ ∇F', between the halves where p is seen; fields, (p, F'), and currents, p v: (2, 2, n, n)."""
    p = fields[:, 0].mean(axis=0)
    weight = np.where(p > SEEN * p.max(), p, 0.0)
    slopes = [[0.5 * (np.roll(F, -1, a) - np.roll(F, 1, a)) / grid.spacing for a in (0, 1)] for F in fields[:, 1]]
    a, b = currents / fields[:, :1] - 2.0 * gamma * np.array(slopes)
    return float((weight * (a * b).sum(axis=0)).sum() / weight.sum())


@dataclass(slots=True)
class Strain:
    """Whether an ensemble is one that the estimator can judge: off the wall, slow enough, its current a gradient.

    In 25 harmonic, ring-shaped, double and triple losses at κ from 0 to 4 the law and its s or ħ² were found wherever
    all three limits were kept. They were missed from 2.9 %, 12 and .013 on: the last where a wave meets itself and
    leaves nodes, round which F' is not one function.                                                    [measured]
    """

    looks: int = 0
    bent: float = 0.0
    """The sum over looks of the mean |∇∇V| of the members: their frequencies, squared."""
    spilt: float = 0.0
    """The largest share of members that was next to the wall."""
    turned: float = 0.0
    """The sum over looks of what a `Witness` says of it."""

    def look(self, grid: Grid, q: Array, bend: Array, witness: Witness) -> None:
        """Take the members q: (M, 2) that the witness has looked at; bend: (n, n), |∇∇V| on the grid."""
        self.looks += 1
        self.bent += float(gather(bend[None], q, -grid.half_width, 1.0 / grid.spacing).mean())
        self.turned += witness.turned
        self.spilt = max(self.spilt, float((np.abs(q).max(axis=1) > grid.half_width - RIM).mean()))

    @property
    def sentence(self) -> str:
        """Why the estimator cannot be trusted with this loss; nothing when it can."""
        if self.spilt > SPILT:
            return f"The loss does not hold the replicas: {self.spilt:.0%} came to the wall, more than {SPILT:.0%}."
        if self.bent > BENT * self.looks:
            bent = self.bent / self.looks
            return f"The loss is too steep to resolve: ⟨|∇∇V|⟩ = {bent:.3g} where replicas are, above {BENT:g}."
        if self.turned > TURNED * self.looks:
            turned = self.turned / self.looks
            return f"The current is no gradient, as round nodes: ⟨(v − 2γ∇F′)²⟩ = {turned:.2g}, above {TURNED:g}."
        return ""


def _gram(grid: Grid, fields: Array, V: Array, apart: float, gamma: float, swirl: Array | None) -> Array:
    """(2, 3, 3): inner products between the halves of F, V/2, ln p/2 and of Y = ∂_tF + γ|∇F|², V, X = γ∇²√p/√p."""
    p, F = fields[1, :, 0], fields[1, :, 1]
    mean = p.mean(axis=0)
    seen = mean > SEEN * mean.max()
    weight = mean[seen] / mean[seen].sum()
    sides = []
    for s in (0, 1):
        fx, fy = (0.5 * (np.roll(F[s], -1, a) - np.roll(F[s], 1, a)) / grid.spacing for a in (0, 1))
        if swirl is not None:
            fx, fy = fx + swirl[0] / (2.0 * gamma), fy + swirl[1] / (2.0 * gamma)
        Y = (fields[2, s, 1] - fields[0, s, 1]) / (2.0 * apart) + gamma * (fx * fx + fy * fy)
        px, py = grid.gradient(p[s])
        (pxx, _), (_, pyy) = grid.gradient(px), grid.gradient(py)
        X = gamma * (0.5 * (pxx + pyy) / p[s] - 0.25 * (px * px + py * py) / p[s] ** 2)
        terms = np.stack([F[s], 0.5 * V, 0.5 * np.log(p[s]), Y, V, X])[:, seen]
        terms -= (terms @ weight)[:, None]
        sides.append(terms)
    a, b = sides
    cross = (a * weight) @ b.T
    cross = 0.5 * (cross + cross.T)
    return np.stack([cross[:3, :3], cross[3:, 3:]])


@dataclass(frozen=True, slots=True)
class Law:
    """Which law, with 95 % half-widths; not-a-number where nothing was measured."""

    theta: float
    """Law index in degrees."""
    c: float
    """ħ² of the second-order law, at h_b → 0."""
    s: float
    """s of the first-order law, at h_b → 0."""
    first: float
    """ε1."""
    second: float
    """ε2."""
    theta_error: float = math.inf
    c_error: float = math.inf
    s_error: float = math.inf

    @property
    def hbar2(self) -> tuple[float, float]:
        """ħ² and its error as the law that fits better has it: c of the second, −s² of the first."""
        if self.theta > 45.0:
            return self.c, self.c_error
        return -(self.s**2), 2.0 * abs(self.s) * self.s_error


def misfit(grams: Array, c: float, blocks: int = 10) -> tuple[float, float]:
    """What the second-order law leaves over when its ħ² is told, not fitted: a share in [0, 1] and its 95 % half-width.

    grams: (rows, bandwidths, 2, 3, 3), of which the first bandwidth counts; errors as in `law`.
    """
    if len(grams) == 0:
        return math.nan, math.inf
    first = grams[:, 0, 1]
    share = _share(first.sum(axis=0), (1.0, 1.0, -c))
    count = min(blocks, len(first))
    if count < 3:
        return share, math.inf
    parts = np.stack([piece.sum(axis=0) for piece in np.array_split(first, count)])
    without = np.array([_share(parts.sum(axis=0) - part, (1.0, 1.0, -c)) for part in parts])
    return share, T95.get(count, 2.262) * float(
        np.sqrt((count - 1) / count * np.square(without - without.mean()).sum())
    )


def _fit(gram: Array, deposit: float) -> tuple[float, float, float, float, float]:
    """θ, c, s, ε1, ε2 of summed inner products: (bandwidths, 2, 3, 3). A crowd on one spot follows no law: θ = 45°."""
    if not (gram[:, :, 2, 2] > 0.0).all():
        return 45.0, 0.0, 0.0, 1.0, 1.0
    found = []
    for g1, g2 in gram:
        s = -(g1[0, 2] + g1[1, 2]) / g1[2, 2]
        c = (g2[2, 0] + g2[2, 1]) / g2[2, 2]
        found.append((s, c, _share(g1, (1.0, 1.0, s)), _share(g2, (1.0, 1.0, -c))))
    near, far = (h * h + deposit for h in BANDWIDTHS)
    s, c = (found[0][k] - (found[1][k] - found[0][k]) / (far - near) * near for k in (0, 1))
    first, second = found[0][2:]
    return 90.0 * first / (first + second), c, s, first, second


def _share(gram: Array, coefficients: tuple[float, float, float]) -> float:
    k = np.array(coefficients)
    whole = float(k * k @ np.diag(gram))
    return max(float(k @ gram @ k) / whole, LEAST) if whole > 0.0 else LEAST


def law(grid: Grid, grams: Array, blocks: int = 10, *, deposited: bool = True) -> Law:
    """The law that rows of inner products, (rows, bandwidths, 2, 3, 3), follow together.

    `deposited`: whether members were laid on the grid, which widens p a little more.

    Errors: delete-one jackknife over stretches of rows in time (Student t), fair when a stretch is longer than the
    memory of the sampling noise.
    """
    if len(grams) == 0:
        return Law(*(math.nan,) * 5)
    width = grid.deposit_variance if deposited else 0.0
    theta, c, s, first, second = _fit(grams.sum(axis=0), width)
    count = min(blocks, len(grams))
    if count < 3:
        return Law(theta, c, s, first, second)
    parts = np.stack([piece.sum(axis=0) for piece in np.array_split(grams, count)])
    without = np.array([_fit(parts.sum(axis=0) - part, width)[:3] for part in parts])
    spread = T95.get(count, 2.262) * np.sqrt((count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return Law(theta, c, s, first, second, *(float(e) for e in spread))
