"""Locality, learned: neurons that learn to tell each other's states gather their weights on neighbours nobody named.

*Claim.* N neurons see fields on a ring with ⟨x_i x_j⟩ = e^(−d/ξ), through noise, y = x + sξ'. A dense random network
without self-coupling descends by plain SGD on ½|yW − x|². Afterwards its weights are those of neighbours, and their
range is
    cosh(1/ℓ) = [(1 − ρ²)/s² + 1 + ρ²]/(2ρ),   ρ = e^(−1/ξ),
set by data and noise; the ring can be read off the weights alone, whatever the neurons are called.       [interview]
*Conventions.* Distance d counts places around the ring of the data. p(d) is the rms weight at d, ℓ from
p² = A e^(−2d/ℓ) + floor for d ≤ 8; the floor is the noise of minibatches. γ_c = 2/(λ + (N + Ns² + λ)/B) is where SGD
blows up on data whose covariance, noise and all, has the largest eigenvalue λ; γ falls as 1/(1 + s²) with noise.
*Put in by hand.* The correlations in the data, and with them the ring; one layer, linear, that may not read itself.
*What would refute it.* Weights that stay spread out; a range off by more than a tenth at any of five noises; an
embedding that is not the ring. One reading *is* refuted: the range is not that of the correlations, it is ten times
shorter, as it is the precision matrix that is learned. Shuffled labels hide locality from us and leave it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import locality
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels.learners import LINEAR, descend
from weltnet.kernels.philox import normals
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.correlated import correlate, power
from weltnet.theory import locality as theory_of
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "LocalityParams", "LocalityState"]

Array = NDArray[Any]

NEURONS = 64
STRIDE = 2
TAUGHT = 800
"""Learning steps before anything is judged."""
LADDER = (0.15, 0.5, 1.0, 2.0)
"""Noises of four networks that learn beside the one that is shown."""
NEAR, SHOWN = 2, 10
"""Distance up to which is near, and up to which p(d) is drawn."""
PARTS = tuple(np.arange(first, NEURONS, 4) for first in range(4))
"""Every fourth neuron, looked at apart for the error bars."""
START, DATA, SHUFFLE = range(3)
"""Streams of random numbers."""


class LocalityParams(Params):
    """The knobs of the data and of learning."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("unrelated-data", "neurons see related things", ("share", "ring", "nameless"),
                 ("weights", "ring", "profile", "reach"),
                 watch="Every neuron now sees noise of its own. There is nothing to learn of each other: all weights "
                 "die away alike, and no ring is left."),
    )  # fmt: skip

    learning_rate: float = knob(
        0.2, 0.02, 0.5, symbol="γ/γ_c", group="Learning", log=True,
        meaning="learning rate, in units of that at which minibatches of these data blow SGD up",
        equation="W ← W − γ ∂H/∂W, γ_c = 2/(λ + (N + Ns² + λ)/B)",
    )  # fmt: skip
    batch: int = knob(
        128, 4, 256, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step; few leave a floor of noise under the weights",
    )  # fmt: skip
    noise: float = knob(
        0.3, 0.05, 2.0, symbol="s", group="Data", log=True,
        meaning="noise through which the neurons see the field; more of it makes weights reach further",
        equation="y = x + s ξ′",
    )  # fmt: skip
    correlation: float = knob(
        6.0, 1.0, 12.0, symbol="ξ", unit="neurons", group="Data",
        meaning="distance over which the data are correlated", equation="⟨x_i x_j⟩ = e^(−d/ξ)",
    )  # fmt: skip
    labels: Literal["ring", "shuffled"] = choice(
        "ring", symbol="π", group="Data",
        meaning="whether neurons are numbered as they lie in the data, or at random",
    )  # fmt: skip


# ---- state and step


@dataclass(slots=True)
class LocalityState:
    """The network that is shown and four at other noises, from one start and on the same data."""

    seed: int
    step: int
    W: Array
    """(1 + len(LADDER), NEURONS, NEURONS): weight from input j to neuron i."""
    order: Array
    """(NEURONS,): where in the data a neuron lies while labels are shuffled."""


def begin(params: LocalityParams, seed: int, report: Report) -> LocalityState:
    """Dense random weights of variance 1/N, without self-coupling."""
    report(0.0, "drawing a random network")
    drawn, dice = np.empty((NEURONS, NEURONS)), np.empty((1, NEURONS))
    normals(drawn, seed, 0, START)
    normals(dice, seed, 0, SHUFFLE)
    np.fill_diagonal(drawn, 0.0)
    W = np.stack([drawn / np.sqrt(NEURONS)] * (1 + len(LADDER)))
    return LocalityState(seed, 0, W, np.argsort(dice[0], kind="stable"))


def _length(params: LocalityParams) -> float:
    return 0.0 if params.breaks("unrelated-data") else params.correlation


def _rate(params: LocalityParams, noise: float) -> float:
    total = 1.0 + noise**2
    largest = float(power(NEURONS, params.correlation)[0]) + noise**2
    return params.learning_rate * 2.0 / (largest + (NEURONS * total + largest) / params.batch) / total


def _places(state: LocalityState, params: LocalityParams) -> Array:
    """Where in the data each neuron lies."""
    return state.order if params.labels == "shuffled" else np.arange(NEURONS)


def step(state: LocalityState, params: LocalityParams) -> None:
    """STRIDE minibatches, the same fields and the same noise for all five networks."""
    drawn, errors = np.empty((params.batch, 2 * NEURONS)), np.empty((params.batch, NEURONS))
    for _ in range(STRIDE):
        normals(drawn, state.seed, state.step, DATA)
        x = correlate(drawn[:, :NEURONS], _length(params))[:, _places(state, params)]
        for W, noise in zip(state.W, (params.noise, *LADDER), strict=True):
            y = x + noise * drawn[:, NEURONS:]
            descend(W, y, x, _rate(params, noise), LINEAR, False, errors)
        state.step += 1


# ---- observe

PLANES = {
    "weights": Plane(
        "Weights", "by number",
        Axis("input j", 0, NEURONS), Axis("neuron i", 0, NEURONS), square=True,
    ),
    "ring": Plane(
        "Geometry of the weights", "modes of the links; the line joins neighbours in the data",
        Axis("mode 1", -2.4, 2.4), Axis("mode 2", -2.4, 2.4), square=True,
    ),
    "profile": Plane(
        "Weight against distance", "rms over all pairs; what is best",
        Axis("d", 0, SHOWN, "neurons"), Axis("log₁₀ p", -3, 0),
    ),
    "reach": Plane(
        "Range against noise", "five networks; the law",
        Axis("s", 0, 2.1), Axis("ℓ", 0, 6, "neurons"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Geometry:
    """What the weights say of the ring: places, turned and mirrored for the eye, and cos of what each is off."""

    places: Array
    cosines: Array
    found: Array
    """The neurons in the order in which they were found to lie."""


def _geometry(state: LocalityState, params: LocalityParams) -> _Geometry:
    places = locality.embedding(state.W[0])
    turn, mirrored, cosines = locality.ringness(places, 2.0 * np.pi * _places(state, params) / NEURONS)
    z = places[:, 0] + 1j * places[:, 1]
    z = (z.conj() if mirrored else z) / turn
    return _Geometry(np.stack([z.real, z.imag], axis=1), cosines, np.argsort(np.angle(z), kind="stable"))


def observe(state: LocalityState, params: LocalityParams) -> Mapping[str, Observable]:
    """The weights, the places they give the neurons, how they fall with distance, and the range at five noises."""
    W, ring = state.W[0], _geometry(state, params)
    shown = np.clip(ring.places, -2.4, 2.4)
    walk = np.argsort(_places(state, params))
    reaches = sorted((s, min(locality.reach(locality.profile(w)), 6.0)) for s, w in _by_noise(state, params))
    dots = np.array(reaches)
    return {
        "weights": Field("weights", W, (0, NEURONS, 0, NEURONS), (-0.5, 0.5), "W", signed=True),
        "share": Scalar(locality.share(W, NEAR), "d ≤ 2", plane="weights"),
        "chain": Paths.of("ring", [shown[np.append(walk, walk[0])]]),
        "places": Cloud("ring", shown, NEURONS, "mode", kind="neuron"),
        "ring": Scalar(float(ring.cosines.mean()), "⟨cos Δφ⟩", plane="ring"),
        "profile": _profile(locality.profile(W), "learned"),
        "range": Scalar(locality.reach(locality.profile(W)), "ℓ", "neurons", plane="profile"),
        "reaches": Series("reach", dots[:, 0], dots[None, :, 1], ("learned",), ("ink",)),
        "networks": Cloud("reach", dots, len(dots), "ℓ"),
    }


def _by_noise(state: LocalityState, params: LocalityParams) -> list[tuple[float, Array]]:
    return list(zip((params.noise, *LADDER), state.W, strict=True))


def _profile(p: Array, name: str) -> Series:
    d = np.arange(1, SHOWN + 1)
    return Series("profile", d, np.log10(np.maximum(np.abs(p[1 : SHOWN + 1]), 1e-4))[None], (name,), ("ink",))


# ---- theory


def theory(state: LocalityState, params: LocalityParams) -> Mapping[str, Observable]:
    """The best weights there are, their range at every noise, and a ring; never told of labels or of saboteurs."""
    best = theory_of.best(params.noise, params.correlation, NEURONS)
    s = np.linspace(0.05, 2.1, 83)
    law = np.array([theory_of.reach(x, params.correlation) for x in s])
    turn = np.linspace(0.0, 2.0 * np.pi, 97)
    return {
        "share": Scalar(_best_share(best), "d ≤ 2", plane="weights"),
        "chain": Paths.of("ring", [np.sqrt(2.0) * np.stack([np.cos(turn), np.sin(turn)], axis=1)]),
        "profile": _profile(best, "best"),
        "range": Scalar(theory_of.reach(params.noise, params.correlation), "ℓ", "neurons", plane="profile"),
        "reaches": Series("reach", s, law[None], ("law",), ("ink",)),
    }


def _best_share(best: Array) -> float:
    near = np.minimum(np.arange(NEURONS), NEURONS - np.arange(NEURONS)) <= NEAR
    return float((best[near] ** 2).sum() / (best**2).sum())


# ---- verdict

SOURCE = "interview"
CLAIMS = (
    Claim("share", "Weights gather on neighbours.", SOURCE, "P(d ≤ 2)", 0.999, (0.98, 1.001), "holds",
          "20 seeds: .9946 to .9952; .06 before learning, .999 but for the noise of minibatches."),
    Claim("range", "Their range is as predicted.", "derived", "ℓ/law", 1.0, (0.9, 1.1), "holds",
          "20 seeds: .996 to 1.016, median 1.001, at s = .3."),
    Claim("ladder", "So it is at four other noises.", "derived", "worst − 1", 0.0, (-0.1, 0.1), "holds",
          "20 seeds: −.015 to .038, median .025; s = .15 learns most slowly."),
    Claim("ring", "The weights alone draw the ring.", SOURCE, "⟨cos Δφ⟩", 1.0, (0.95, 1.001), "holds",
          "20 seeds: above .999; .08 to .21 with unrelated data."),
    Claim("nameless", "Locality needs no names.", SOURCE, "P′(d ≤ 2)", 0.999, (0.9, 1.001), "holds",
          "20 seeds: .995 in all; seeds 100 to 102 with shuffled numbers too."),
    Claim("correlation", "Weights reach as far as correlations.", SOURCE, "ℓ/ξ", 1.0, (0.8, 1.2), "fails",
          "20 seeds: .097 to .099: at s = .3 the range is .58 neurons where correlations have six."),
)  # fmt: skip
SHARE, RANGE, RUNGS, RING, NAMELESS, CORRELATION = CLAIMS


def verdict(state: LocalityState, params: LocalityParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from the present weights; error bars are over four groups of neurons."""
    W, ring, near = state.W[0], _geometry(state, params), _best_share(_best(params))
    waiting = f"{TAUGHT} steps of learning are needed; {state.step} have passed." if state.step < TAUGHT else ""
    named = "Numbers are shuffled: distance by number means nothing." if params.labels == "shuffled" else ""
    wide = f"With s = {params.noise:g} even the best weights have only {near:.2f} there." if near < 0.98 else ""
    law = theory_of.reach(params.noise, params.correlation)
    reached, spread = _reach(W)
    off, unsure = max(
        (
            (xi / theory_of.reach(s, params.correlation) - 1.0, e / theory_of.reach(s, params.correlation))
            for s, (xi, e) in ((s, _reach(w)) for s, w in _by_noise(state, params)[1:])
        ),
        key=lambda ratio: abs(ratio[0]) + ratio[1],
    )
    found = W[np.ix_(ring.found, ring.found)]
    return (
        judge(
            SHARE, locality.share(W, NEAR), _spread(lambda a: locality.share(W, NEAR, a)),
            "Share of |W|² within two neurons; the null is 4 of 63.", null=4 / 63, predicted=near,
            outside=named or wide, waiting=waiting,
        ),
        judge(
            RANGE, reached / law, spread / law, "Fitted to d ≤ 8; the null is a range as long as that of the data.",
            null=params.correlation / law, outside=named, waiting=waiting,
        ),
        judge(
            RUNGS, off, unsure, "The worst of s = .15, .5, 1 and 2; the null is the range of the data.",
            null=1.0, outside=named, waiting=waiting,
        ),
        judge(
            RING, float(ring.cosines.mean()), _unsure(state, params, float(ring.cosines.mean())),
            "Two modes of the links against the places in the data, turned to fit; the null is chance.",
            null=0.15, waiting=waiting,
        ),
        judge(
            NAMELESS, locality.share(found, NEAR), _spread(lambda a: locality.share(found, NEAR, a)),
            "The share again, by distance in the ring that the weights draw.", null=4 / 63, predicted=near,
            outside=wide, waiting=waiting,
        ),
        judge(
            CORRELATION, reached / params.correlation, spread / params.correlation,
            "Learned is the precision matrix, which reaches less far than correlations.", null=0.0,
            outside=named, waiting=waiting,
        ),
    )  # fmt: skip


def _best(params: LocalityParams) -> Array:
    return theory_of.best(params.noise, params.correlation, NEURONS)


def _reach(W: Array) -> tuple[float, float]:
    """ℓ and its 95 % half-width."""
    return locality.reach(locality.profile(W)), _spread(lambda a: locality.reach(locality.profile(W, a)))


def _spread(measure: Callable[[Array], float]) -> float:
    """The 95 % half-width of what is measured on four groups of neurons."""
    return mean_over_copies(np.array([measure(part) for part in PARTS]))[1]


def _unsure(state: LocalityState, params: LocalityParams, whole: float) -> float:
    """The 95 % half-width of ⟨cos Δφ⟩ by leaving out each quarter of the ring in turn, and fitting the turn anew."""
    angles = 2.0 * np.pi * _places(state, params) / NEURONS
    places, quarter = locality.embedding(state.W[0]), 4 * _places(state, params) // NEURONS
    without = [locality.ringness(places[quarter != k], angles[quarter != k])[2].mean() for k in range(4)]
    return mean_over_copies(4.0 * whole - 3.0 * np.array(without))[1]


# ---- experiment


def derived(params: LocalityParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    return {
        "γ": f"{_rate(params, params.noise):.3g}",
        "N": f"{NEURONS} neurons",
        "ℓ": f"{theory_of.reach(params.noise, params.correlation):.3g} neurons",
    }


EXPERIMENT = Experiment(
    slug="locality",
    title="Locality, learned",
    group="life",
    question="Do neurons that all read each other come to read their neighbours alone?",
    formula=r"\dot W=-\gamma\,\partial_W\tfrac12|yW-x|^2\;\Rightarrow\; W_d\propto e^{-d/\ell},\;"
    r"\cosh\frac1\ell=\frac{(1-\rho^2)/s^2+1+\rho^2}{2\rho}",
    sources=(SOURCE, "derived"),
    by_hand="correlations in the data that fall around a ring; one linear layer that may not read itself",
    emergent="local weights and their range, from dense random ones by SGD; the ring, from the weights alone",
    params=LocalityParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Everyone to neighbours", "Noise sharpens to a diagonal, and a tangle of neurons opens to a ring.", {}),
        Preset("Other names", "By number no diagonal appears; the ring does, as it asks for no number.",
               {"labels": "shuffled"}),
        Preset("Through much noise", "At s = 1 weights reach further, to average the noise away.", {"noise": 1.0}),
        Preset("Small minibatches", "A floor of noise under the weights: the slope stays, the ring frays.",
               {"batch": 8}),
        Preset("Nothing in common", "Unrelated data: no diagonal, no ring, weights die away.",
               {"broken": "unrelated-data"}),
    ),
    stride=STRIDE,
    verify_steps=1000,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    calibrations=("reach-planted", "share-even", "ring-planted", "over-copies"),
)  # fmt: skip
