"""The cosmological constant: what decides how many neurons there are, and how curved the space-time of their states is.

*Claim.* In the Einstein equations of a network Λ is the Lagrange multiplier on the mean number of its neurons.
                                                                                              [2111.00903 eqs 8.12–8.13]
*Conventions.* Networks carry X ↦ Σ_j w_j (tanh(a_j·X + b_j) + ηξ_j); N counts their hidden neurons, which are born and
die at the temperature T by Metropolis moves under a potential μ_n, so that π ∝ e^((μ_n N − H)/T)/N!, H the loss of the
best weights. θ is the expansion of the flow ln A, A the linear part of the map over the square that is learned, in a
frame of its noise C. With the lapse S = γ⟨∇²U⟩, nats per tick, over all output weights,

    G_ab + Λ g_ab = 0 is best solved by  Λ = R/6 = (θ:θ + (tr θ)²)/6S,  λ²/S where the flow contracts alike by λ.

*Put in by hand.* μ_n, T, γ; 256 candidate neurons; a linear map as lesson. S is a sum over the weights, so that S ∝ N
and hence Λ ∝ λ²/N are definitions; the potential's rule over N holds by construction of the moves, if they are right.
*Measured.* N; λ and C of copies that live, and Σx² of their neurons for S. That λ depends on N is not put in: neurons
that are few and noisy learn a map that is too small, by as much as random sets of candidates do, drawn as a ghost.
*What would refute it.* Λ ∝ μ_n is refuted: Λ falls as μ_n rises. So is Λ ∝ 1/N at ordinary noise: few neurons add to λ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import population as measure
from weltnet.estimators import vacuum
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels.philox import normals
from weltnet.kernels.population import BALANCED, UNCOUNTED
from weltnet.observables import Axis, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob
from weltnet.systems.population import Population, breed, carrying, live, parts, pool, populate, turning
from weltnet.theory.population import shrinkage
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "LambdaParams", "LambdaState"]

Array = NDArray[Any]

STRIDE, MOVES = 2, 48
RUNGS, GAP = 6, 0.5
"""Potentials at once, and T between two."""
GROUPS, EACH = 8, 2
"""Groups of networks at every potential that are kept apart for the error bars, and networks in each."""
CHAINS, NETWORKS = GROUPS * EACH, RUNGS * GROUPS * EACH
CANDIDATES, MOST = 256, 40
SIDE, TICKS = 4, 12
"""Copies of a network along each side of the square, twice, and how long one of them is followed."""
GUESS = 2.0
"""What trials of births and deaths take μ_n/T for; they tell μ_n whatever it is."""
RATE = 0.05
"""γ of the output weights, whose S it scales."""
BURN, ENOUGH = 24, 100
"""Frames after which numbers have forgotten how they began, and frames that are looked at before anything is judged."""
SHUFFLE = 66
ALL, LABELLED, LIVED, TOLD, MISSED = range(5)
"""What is booked by potential, group and N: networks; those that have a flow, their Λ twice, and what Λ misses of G."""


# -- parameters -------------------------------------------------------------------------------------------------------


class LambdaParams(Params):
    """The ladder of potentials, the networks, and what they learn."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("reshuffled", "Λ and N are of the same network", ("between",), ("law",),
                 watch="Every network's Λ is now booked under the number of neurons of another. The curve goes flat: "
                 "a crowd and a handful seem to live in one space-time."),
        Saboteur("uncounted", "births and deaths count who is there", ("potential",), ("law", "numbers", "ladder"),
                 watch="A birth no longer weighs 1/(N + 1), a death no longer N. Neurons that are all alike count as "
                 "different, and every network fills to the brim."),
    )  # fmt: skip

    potential: float = knob(
        3.25, 2.75, 3.25, symbol="μ_n", unit="T", group="Neurons",
        meaning="chemical potential of neurons at the top of the ladder; five more lie below, ½ T apart",
        equation="π ∝ e^((μ_n N − H)/T)/N!",
    )  # fmt: skip
    temperature: float = knob(
        1e-3, 3e-5, 3e-3, symbol="T", unit="loss", group="Neurons", log=True,
        meaning="temperature at which neurons are born and die: what is cold keeps only what it needs",
    )  # fmt: skip
    activation_noise: float = knob(
        0.1, 0.02, 0.3, symbol="η", group="Neurons", log=True,
        meaning="noise of every neuron per tick", equation="x = tanh(a·X + b) + η ξ",
    )  # fmt: skip
    contraction: float = knob(
        0.1, 0.0, 0.5, symbol="λ*", unit="1/tick", group="Lesson",
        meaning="rate of contraction that is taught", equation="Y = e^(−λ*) R(ω*) X",
    )  # fmt: skip
    rotation: float = knob(
        0.0, 0.0, 0.3, symbol="ω*", unit="rad/tick", group="Lesson",
        meaning="rate of rotation that is taught; with uneven noise it shears, and the vacuum is no more",
    )  # fmt: skip

    @property
    def ladder(self) -> Array:
        """μ_n/T: (RUNGS,), rising."""
        return self.potential - GAP * np.arange(RUNGS - 1.0, -1.0, -1.0)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class LambdaState:
    """All networks, rung by rung and group by group, and what was seen of them since a knob was turned.

    table: (5, RUNGS, GROUPS, MOST + 1), see ALL; moments: (GROUPS, 4, 4), Σ vvᵀ of v = (1, ln N, ln S, ln Λ), by the
    weights; tracks: (NETWORKS, TICKS + 1, 2), a copy of each.
    """

    seed: int
    step: int
    these: Population
    setting: str = ""
    frames: int = 0
    table: Array = field(default_factory=lambda: np.zeros((5, RUNGS, GROUPS, MOST + 1)))
    moments: Array = field(default_factory=lambda: np.zeros((GROUPS, 4, 4)))
    tracks: Array = field(default_factory=lambda: np.zeros((NETWORKS, TICKS + 1, 2)))


RUNG, GROUP = (a.ravel() for a in np.mgrid[:RUNGS, :GROUPS, :EACH][:2])


def begin(params: LambdaParams, seed: int, report: Report) -> LambdaState:
    """Networks without a neuron."""
    report(0.0, "drawing candidate neurons")
    _shrunk(seed, params.activation_noise)
    return LambdaState(seed, 0, populate(NETWORKS, MOST), params.canonical())


def step(state: LambdaState, params: LambdaParams) -> None:
    """Births and deaths; then copies of all networks live for a while, and are booked."""
    if state.setting != params.canonical():
        state.setting, state.frames = params.canonical(), 0
        state.table[:], state.moments[:] = 0.0, 0.0
    these, candidates = state.these, pool(state.seed, CANDIDATES)
    breed(
        these, carrying(candidates, turning(params.contraction, params.rotation)),
        params.temperature * params.ladder[RUNG], temperature=params.temperature, noise=params.activation_noise,
        seed=state.seed, first=state.step, steps=1, moves=MOVES, guess=GUESS,
        balance=UNCOUNTED if params.breaks("uncounted") else BALANCED,
    )  # fmt: skip
    sums, active, state.tracks = live(
        these, candidates, noise=params.activation_noise, side=SIDE, ticks=TICKS, seed=state.seed, first=state.step
    )
    state.step += STRIDE
    state.frames += 1
    if state.frames <= BURN:
        these.tally[:] = 0.0
    else:
        _book(state, params, sums, active)


def _book(state: LambdaState, params: LambdaParams, sums: Array, active: Array) -> None:
    """Enter Λ of every network, as it lived and as its weights tell it, under its number of neurons."""
    A, C, own = parts(state.these, pool(state.seed, CANDIDATES), params.activation_noise)
    theta, turn = vacuum.expansion(A, C)
    told = vacuum.constant(theta, theta, lapse := 2.0 * RATE * own)
    C = vacuum.regressed(sums.sum(axis=1))[1]
    even, odd = (vacuum.expansion(vacuum.regressed(sums[:, k])[0], C)[0] for k in (0, 1))
    lived = vacuum.constant(even, odd, 2.0 * RATE * active)
    N = label = state.these.count
    flows = (N >= 2) & np.isfinite(told) & np.isfinite(lived) & (told > 0.0)
    if params.breaks("reshuffled"):
        dice = np.empty((1, NETWORKS))
        normals(dice, state.seed, state.step, SHUFFLE)
        label = N[np.argsort(dice[0], kind="stable")]
        flows = flows & (label >= 1)
    np.add.at(state.table[ALL], (RUNG, GROUP, N), 1.0)
    at = (RUNG[flows], GROUP[flows], label[flows])
    for what, value in (
        (LABELLED, np.ones(NETWORKS)),
        (LIVED, lived),
        (TOLD, told),
        (MISSED, vacuum.missed(theta, turn)),
    ):
        np.add.at(state.table[what], at, value[flows])
    v = np.stack([np.ones(flows.sum()), *np.log([x[flows] for x in (label, lapse, told)])], axis=1)
    np.add.at(state.moments, GROUP[flows], v[:, :, None] * v[:, None, :])


# -- what is seen -----------------------------------------------------------------------------------------------------

NUMBERS = np.arange(MOST + 1.0)
FEW, MANY = slice(0, CHAINS), slice(NETWORKS - CHAINS, None)
LOW = -4.4
SHOWN = slice(0, RUNGS, 2)
EMPTY = f"Neurons are being born; {2 * BURN} steps."
PLANES = {
    "law": Plane("Λ against neurons", "copies that lived, weights; random sets, 1/N",
                 Axis("log₁₀ N", 0.3, 1.7), Axis("log₁₀ Λ", LOW, 0.5), empty=EMPTY),
    "numbers": Plane("Neurons of a network", "at three potentials; each from the next higher",
                     Axis("N", 0, MOST), Axis("p(N)", 0, 0.32), empty=EMPTY),
    "lives": Plane("Lives of networks", "few neurons, many; what was taught the many",
                   Axis("X¹", -0.6, 0.6), Axis("X²", -0.6, 0.6), square=True),
    "ladder": Plane("The ladder of potentials", "⟨N⟩, Λ; from fluctuations, and Λ ∝ μₙ",
                    Axis("μ_n", 0, 3.6, "T"), Axis("log₁₀", LOW, 2), empty=EMPTY),
}  # fmt: skip


def observe(state: LambdaState, params: LambdaParams) -> Mapping[str, Observable]:
    booked = state.table.sum(axis=2)
    N, law = _curve(booked)
    rungs = _rungs(booked)
    seen = booked[ALL].sum() > 0
    missed = booked[MISSED].sum() / max(booked[LABELLED].sum(), 1.0)
    return {
        "law": Series("law", np.log10(N), law, ("lived", "told"), ("net", "ink")),
        "slope": Scalar(_finite(_power(state, np.arange(GROUPS))), "d ln Λ/d ln N", plane="law"),
        "numbers": Series("numbers", NUMBERS, _shares(booked[ALL, SHOWN]), RUNG_NAMES, ("ink",) * len(RUNG_NAMES)),
        "mean": Scalar(float(state.these.count[MANY].mean()), "N", "neurons", plane="numbers"),
        "few": Paths.of("lives", list(np.clip(state.tracks[FEW], -0.6, 0.6)), "contour"),
        "many": Paths.of("lives", list(np.clip(state.tracks[MANY], -0.6, 0.6)), "geodesic"),
        "missed": Scalar(float(missed), "|G + Λg|²/|G|²", plane="lives"),
        "ladder": Series("ladder", params.ladder if seen else params.ladder[:0], rungs if seen else rungs[:, :0],
                         ("⟨N⟩", "Λ"), ("ink", "net")),
        "trials": Scalar(_finite(_trials(state, params, np.arange(GROUPS))), "μ̂ − μ_n", "T", plane="ladder"),
    }  # fmt: skip


RUNG_NAMES = tuple(f"rung {k + 1}" for k in range(0, RUNGS, 2))


def _finite(x: float) -> float:
    return x if math.isfinite(x) else 0.0


def _log(x: Array) -> Array:
    """log₁₀ within the axis."""
    out: Array = np.log10(np.clip(x, 10.0**LOW, 1e2))
    return out


def _curve(booked: Array) -> tuple[Array, Array]:
    """The N of which enough networks were seen, and log₁₀ of their mean Λ as lived and as told: (2, n)."""
    count = booked[LABELLED].sum(axis=0)
    at = (count >= 20) & (NUMBERS >= 2)
    return NUMBERS[at], _log(booked[[LIVED, TOLD]].sum(axis=1)[:, at] / count[at])


def _shares(counts: Array) -> Array:
    """p(N): (RUNGS, MOST + 1)."""
    p: Array = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    return p


def _means(booked: Array) -> tuple[Array, Array, Array]:
    """⟨N⟩, Var N and the Λ that was lived, of every rung."""
    p = _shares(booked[ALL])
    mean = p @ NUMBERS
    return mean, p @ NUMBERS**2 - mean**2, booked[LIVED].sum(axis=1) / np.maximum(booked[LABELLED].sum(axis=1), 1.0)


def _rungs(booked: Array) -> Array:
    mean, _, curved = _means(booked)
    return _log(np.stack([mean, curved]))


# -- what theory says -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _shrunk(seed: int, noise: float) -> Array:
    """By how much 2, 3, … MOST random candidates shrink what they learn."""
    return shrinkage(pool(seed, CANDIDATES), NUMBERS[2:], noise)


def _predicted(state: LambdaState, params: LambdaParams) -> Array:
    """Λ at 2, 3, … MOST neurons drawn at random: (λ* − ln shrinkage)²/S."""
    own = float(np.diag(pool(state.seed, CANDIDATES).gram).mean()) + params.activation_noise**2
    rate = params.contraction - np.log(_shrunk(state.seed, params.activation_noise))
    out: Array = rate**2 / (2.0 * RATE * own * NUMBERS[2:])
    return out


def theory(state: LambdaState, params: LambdaParams) -> Mapping[str, Observable]:
    """Λ of random sets, never told of births; and what potentials must do, from their neighbours and fluctuations."""
    random = _predicted(state, params)
    plain = random[-1] * MOST / NUMBERS[2:]
    booked = state.table.sum(axis=2)
    mean, var, curved = _means(booked)
    grown = mean[0] + np.append(0.0, np.cumsum(0.5 * GAP * (var[1:] + var[:-1])))
    literal = curved[0] * params.ladder / params.ladder[0]
    seen = booked[ALL].sum() > 0
    ladder = _log(np.stack([grown, literal]))
    other = [measure.reweighted(higher, -GAP) for higher in booked[ALL, 1::2]]
    A = turning(params.contraction, params.rotation)
    taught = [state.tracks[MANY][:, 0]]
    for _ in range(TICKS):
        taught.append(taught[-1] @ A.T)
    return {
        "law": Series("law", np.log10(NUMBERS[2:]), _log(np.stack([random, plain])), ("random", "1/N")),
        "slope": Scalar(-1.0, "d ln Λ/d ln N", plane="law"),
        "numbers": Series("numbers", NUMBERS, np.stack(other), tuple(f"from {k}" for k in range(2, RUNGS + 1, 2))),
        "many": Paths.of("lives", list(np.stack(taught, axis=1)), "geodesic"),
        "missed": Scalar(0.0, "|G + Λg|²/|G|²", plane="lives"),
        "ladder": Series("ladder", params.ladder if seen else params.ladder[:0], ladder if seen else ladder[:, :0],
                         ("⟨N⟩", "Λ")),
        "trials": Scalar(0.0, "μ̂ − μ_n", "T", plane="ladder"),
    }  # fmt: skip


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2111.00903 eqs 8.12–8.13"
CLAIMS = (
    Claim("potential", "Births and deaths on trial tell the potential that was set.", "derived", "μ̂ − μ_n", 0.0,
          (-0.05, 0.05), "holds", "20 seeds: −.007 to .005. True of any H where moves balance: a check of the machine.",
          unit="T"),
    Claim("response", "Neurons answer it as they fluctuate, T d⟨N⟩/dμₙ = Var N.", "derived", "b/Δμ", 1.0,
          (0.9, 1.1), "holds", "20 seeds: .98 to 1.04, as it must be. Blind to N!: it stays 1 when nobody is counted."),
    Claim("multiplier", "Λ is the multiplier on the number of neurons, Λ ∝ μₙ.", SOURCE, "d ln Λ/d ln μ_n", 1.0,
          (0.8, 1.2), "fails", "20 seeds: −1.55 to −1.47. More potential: more neurons, less Λ."),
    Claim("inverse", "Λ falls as 1/N.", "derived", "d ln Λ/d ln N", -1.0, (-1.1, -0.9), "fails",
          "20 seeds: −1.43 to −1.39. S ∝ N alone would give −1; λ falls too. "
          "At η = .02, T = .0001, λ* = .3 it is −1.17 (one seed)."),
    Claim("between", "It falls faster: few neurons contract more, though less than ones drawn at random.", "derived",
          "d ln Λ/d ln N", -1.8, (-1.8, -1.0), "holds", "20 seeds: −1.43 to −1.39; random sets: −1.8. At N = 5, where "
          "births and deaths keep those who learn well, Λ is two thirds of a random set's; at N = 20 it is the same."),
    Claim("beyond", "Λ fixes N beyond what S does.", SOURCE, "1 − e²(S, Λ)/e²(S)", 1.0, (0.5, 1.0), "fails",
          "20 seeds: .09 to .18 of the error of ln N that S leaves. As Λ = λ²/S, what is new in it is λ."),
)  # fmt: skip
POTENTIAL, RESPONSE, MULTIPLIER, INVERSE, BETWEEN, BEYOND = CLAIMS


def _trials(state: LambdaState, params: LambdaParams, groups: Array) -> float:
    """Mean over the ladder of the potential that births and deaths on trial tell, less the one that was set."""
    tally = state.these.tally.reshape(RUNGS, GROUPS, EACH, 4)[:, groups].sum(axis=(1, 2))
    return float(np.mean([measure.insertion(t, GUESS) for t in tally] - params.ladder))


def _response(state: LambdaState, groups: Array) -> float:
    """Mean over the ladder's gaps of the slope of ln p′/p in N, over the gap."""
    counts = state.table[ALL][:, groups].sum(axis=1)
    return float(np.mean([measure.response(a, b) for a, b in pairwise(counts)])) / GAP


def _literal(state: LambdaState, params: LambdaParams, groups: Array) -> float:
    """Slope of ln Λ on ln μ_n along the ladder."""
    curved = _means(state.table[:, :, groups].sum(axis=2))[2]
    if curved.min() <= 0.0:
        return math.nan
    return float(np.polyfit(np.log(params.ladder), np.log(curved), 1)[0])


def _power(state: LambdaState, groups: Array) -> float:
    """Exponent of N in Λ, over all networks that lived."""
    table = state.table[:, :, groups].sum(axis=(1, 2))
    return measure.power(NUMBERS, table[LABELLED], table[LIVED])


def _random(state: LambdaState, params: LambdaParams) -> float:
    """The same exponent, of random sets as large as the networks that lived."""
    booked = state.table[ALL].sum(axis=(0, 1))[2:]
    slope = measure.power(NUMBERS[2:], booked, booked * _predicted(state, params))
    return slope if math.isfinite(slope) else BETWEEN.band[0]


def _beyond(state: LambdaState, groups: Array) -> float:
    """What Λ takes off the error of ln N once S is known: laws of each half of the groups, tried on the other."""
    half = len(groups) // 2
    one, two = state.moments[groups[:half]].sum(axis=0), state.moments[groups[half:]].sum(axis=0)
    both, alone = (sum(measure.left_open(*pair, columns, 1) for pair in ((one, two), (two, one)))
                   for columns in ((0, 2, 3), (0, 2)))  # fmt: skip
    return 1.0 - both / alone if alone > 0.0 else math.nan


def _jackknife(found: Callable[[Array], float]) -> tuple[float, float]:
    """What is found of all groups, and its 95 % half-width by leaving out each in turn."""
    groups = np.arange(GROUPS)
    whole = found(groups)
    without = np.array([found(np.delete(groups, g)) for g in groups])
    return whole, mean_over_copies(GROUPS * whole - (GROUPS - 1) * without)[1]


def verdict(state: LambdaState, params: LambdaParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all frames since a knob was turned; error bars are over eight groups of networks."""
    seen = max(state.frames - BURN, 0)
    waiting = "" if seen >= ENOUGH else f"Needs {ENOUGH} frames of settled numbers; there are {seen}."
    crowd = f"{NETWORKS} networks, {seen} frames."
    random = _random(state, params)
    given: tuple[tuple[Claim, Callable[[Array], float], str, float | None, float | None], ...] = (
        (POTENTIAL, lambda g: _trials(state, params, g), "Mean of six rungs; true of any H by balance", None, None),
        (RESPONSE, lambda g: _response(state, g), "Slope of ln p′/p in N, mean of five gaps; true of any H", 0.0, None),
        (MULTIPLIER, lambda g: _literal(state, params, g), "Λ of copies that lived, along six rungs", 0.0, None),
        (INVERSE, lambda g: _power(state, g), "Copies that lived; S is a sum over neurons, λ is free", 0.0, None),
        (BETWEEN, lambda g: _power(state, g), f"Copies that lived; random sets {random:.2f}", 0.0, random),
        (BEYOND, lambda g: _beyond(state, g), "Error of ln N held out, with and without Λ", 0.0, None),
    )  # fmt: skip
    verdicts = []
    for claim, found, sentence, null, edge in given:
        value = (math.nan, math.inf) if waiting else _jackknife(found)
        band = None if edge is None else (min(edge, -1.0), -1.0)
        said = f"{sentence}; {crowd}"
        verdicts.append(judge(claim, *value, said, null=null, waiting=waiting, predicted=edge, band=band))
    return tuple(verdicts)


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: LambdaParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    rungs = params.ladder
    return {"e^(μₙ/T)": f"{math.exp(rungs[0]):.2g} to {math.exp(rungs[-1]):.2g} neurons that nobody needs"}


EXPERIMENT = Experiment(
    slug="lambda",
    title="The cosmological constant",
    group="space-time",
    question="Is the curvature of empty space-time what decides how many neurons there are?",
    formula=r"G_{ab}+\Lambda g_{ab}=0,\quad \Lambda=\frac{\lambda^2}{S},\quad S=\gamma\langle\nabla^2U\rangle\propto N,"
    r"\qquad \pi\propto\frac{e^{(\mu_nN-H)/T}}{N!}",
    sources=("2111.00903", "derived"),
    by_hand="μₙ, T, γ and the candidates; S is a sum over weights, so that S ∝ N is a definition, as is Λ = R/6",
    emergent="N at each μₙ; λ and C of networks that live, so Λ; that few neurons contract more than they were taught",
    params=LambdaParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Six potentials", "More neurons, less curvature: Λ falls with N, faster than 1/N (lower dashes).", {}),
        Preset("Cold and quiet", "Few neurons learn nearly as well as many: Λ comes close to 1/N.",
               {"contraction": 0.3, "temperature": 1e-4, "activation_noise": 0.02}),
        Preset("Nothing to contract", "λ* = 0: all of Λ is made by the neurons' noise, and falls as 1/N³.",
               {"contraction": 0.0}),
        Preset("Loud neurons", "Noise three times as strong: few neurons contract twice as fast as taught.",
               {"activation_noise": 0.3}),
        Preset("A turning lesson", "Uneven noise makes rotation shear: no Λ explains all of G any more.",
               {"rotation": 0.2}),
        Preset("Reshuffled", "Each Λ is booked under another network's N: the curve goes flat.",
               {"broken": "reshuffled"}),
        Preset("Uncounted", "Without 1/(N + 1) and N neurons crowd in until there is no room.",
               {"broken": "uncounted"}),
    ),
    stride=STRIDE,
    verify_steps=2 * (BURN + 126),
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    calibrations=("insertion", "response-planted", "power-planted", "vacuum", "over-copies"),
)  # fmt: skip
