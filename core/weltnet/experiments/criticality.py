"""Criticality: whether networks in learning equilibrium are scale-free.

*Claim.* Learning is attracted to a critical state in which fluctuations are power laws, P(x > s) ∝ s^−a, on a wide
range of scales, as in H = ½ (m + q²)|x|² with fast x and slow q.                                   [2107.03402]
*Conventions.* Sixteen networks 64–16–10, tanh, read the digits of scikit-learn by plain SGD on ½|f − y|² at a fixed γ;
the loss H that is watched is that of 128 images after every step. A *jump* is a rise of H in one step, a *step* |Δq|,
an *avalanche* an excursion of H above its median, of size Σ (H − median); jumps and steps are in units of each
network's median. The largest `tail` of jumps and steps, and the larger half of avalanches, which are few, are fitted
by a power law and by a lognormal; the gain of the lognormal is told in units of the gain that it has for values that
are lognormal: 0 is a power law, 1 a lognormal (`weltnet.estimators.tails`). Errors are over networks.
*Controls.* A neuron that learns from single samples, θ ← θ − γ'(x²θ − xe), has a power law with ⟨|1 − γ'x²|^a⟩ = 1: the
same tests must find it. And H above with n = 2, T_x = 1: p(q) ∝ (m + q²)^(−n T_x/2T_q), so a = n T_x/T_q − 1. That is
scale-free but not universal, as a is set by temperatures; and P(|q| > s) is filled by diffusion, up to s² ~ T_q t only.
*Put in by hand.* 6000 steps of learning before anything is watched; the fast x are drawn from their equilibrium.
*What would refute it.* It is refuted: for jumps and steps a lognormal gains some four times what it gains for lognormal
values, for avalanches twice, and a doubles from the top fifth to the top 1 %. Beyond the x_min that the method of
Clauset et al. chooses, some percent of the values over a decade at most, a power law cannot be told from a lognormal.
Nor would a straight line have said much: Gaussian series with the spectrum of the loss have nearly its avalanches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import tails
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels.philox import normals
from weltnet.kernels.tails import couple, multiply
from weltnet.observables import Axis, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.layered import size
from weltnet.systems.readers import WIDTHS, go_on, prepared
from weltnet.theory import tails as theory_of
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "CriticalityParams", "CriticalityState"]

Array = NDArray[Any]

STRIDE, SGD = 2, 5  # SGD steps of a network per step of the page
NETWORKS = 16
KEPT, ENOUGH, SHOWN = 2000, 1000, 300  # SGD steps remembered, needed for a verdict, drawn
HEAVY, SHORT = 1.2, 0.005  # index of steps that have a tail of their own, and their scale

NEURONS, RATES, SPREAD = 16_384, (0.3, 0.6), 0.5  # of the neurons that learn from single samples
SETTLED, EVERY, RARE = 50, 5, 0.002  # steps before they are counted, between two counts, share that is tail
FLOOR, BIN, BINS = -2.0, 0.04, 600  # of the histogram of ln |θ|

REPLICAS, MASS, DT, PAIRS, AGED = 8192, 0.1, 0.01, 3, 334  # of q in ½ (m + q²)|x|²; AGED steps are t = 20
COLD, FAR = 0.1, 0.04  # spread of q at the start; share that is tail
UNREAD = 0.6  # loss from which on networks do not read
HALF = 0.5  # of the avalanches, which are few
GROUPS = 16  # of neurons, and twice as many of q, for error bars
STREAM_PHASE, STREAM_COLD = 1, 2


class CriticalityParams(Params):
    """The knobs of the digits, of the tests and of the two controls."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("heavy-steps", "steps of learning have no tail of their own", ("jumps", "steps"), ("jumps", "trace"),
                 restarts=True,
                 watch="Every step is multiplied by a number drawn from a power law. What was put in comes out: jumps "
                 "and steps are power laws now, and the same tests say so."),
        Saboteur("additive-noise", "noise multiplies what is learned", ("kesten", "passes"), ("control",),
                 watch="The factor 1 − γ′x² of each neuron is replaced by its mean. The noise is as large as before, "
                 "yet added: the tail falls off, and the tests say so."),
        Saboteur("warm-start", "weights begin cold", ("attraction",), ("toy",),
                 watch="The weights q now begin in equilibrium, tail and all, drawn by hand. They stay: the power law "
                 "is there because it was put in."),
    )  # fmt: skip

    learning_rate: float = knob(
        0.2, 0.02, 0.4, symbol="γ", unit="per loss", group="Digits", restarts=True, log=True,
        meaning="step along minus the gradient of the loss, fixed while networks read digits",
    )  # fmt: skip
    batch: int = knob(
        4, 1, 32, symbol="B", unit="samples", group="Digits", restarts=True, log=True,
        meaning="images per step of a network",
    )  # fmt: skip
    looked: Literal["jumps", "steps", "avalanches"] = choice(
        "jumps", symbol="x", group="Tests",
        meaning="whose tail is drawn: rises of the loss, steps of the weights, or excursions of the loss",
    )  # fmt: skip
    tail: float = knob(
        0.2, 0.02, 0.5, symbol="P₀", group="Tests", log=True,
        meaning="share of the values that is tested as their tail; less of it says less",
        equation="P(x > x_min) = P₀",
    )  # fmt: skip
    control_rate: float = knob(
        1.0, 0.2, 1.2, symbol="γ′", unit="per loss", group="Controls",
        meaning="learning rate of neurons that learn from single samples; it sets the index of their tail",
        equation="⟨|1 − γ′x²|^a⟩ = 1",
    )  # fmt: skip
    exponent: float = knob(
        1.0, 0.5, 4.0, symbol="a", group="Controls",
        meaning="index of the equilibrium of weights that scale fast states, by their temperature T_q",
        equation="a = 2 T_x/T_q − 1",
    )  # fmt: skip

    @property
    def rates(self) -> tuple[float, ...]:
        """Learning rates of the neurons that learn from single samples."""
        return (*RATES, self.control_rate)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CriticalityState:
    """Sixteen networks and what they did lately, neurons at three rates, and weights q that scale fast states."""

    seed: int
    step: int
    networks: Array
    """(NETWORKS, size)."""
    losses: Array
    """(NETWORKS, KEPT): of the last SGD steps; step s is at s modulo KEPT."""
    lengths: Array
    """(NETWORKS, KEPT): |Δq| likewise."""
    theta: Array
    """(rates, NEURONS)."""
    counts: Array
    """(rates, groups, BINS): histograms of ln |θ|."""
    tuned: tuple[Any, ...]
    """What the counts are counts of."""
    q: Array
    """(REPLICAS,)."""
    coupling: tuple[Any, ...]
    age: int
    """Steps since q was released."""
    ended: tuple[float, float]
    """Index of the last release at t = 20 with its error, or zeros."""


def begin(params: CriticalityParams, seed: int, report: Report) -> CriticalityState:
    """Networks that have learned, neurons and weights at their start."""
    report(0.0, "networks learn to read, until their loss is steady")
    q = prepared(seed, NETWORKS, params.learning_rate, params.batch).copy()
    report(0.5, "fetching the tests of tails")
    tails.package()
    state = CriticalityState(
        seed, 0, q, np.zeros((NETWORKS, KEPT)), np.zeros((NETWORKS, KEPT)), np.zeros((len(RATES) + 1, NEURONS)),
        np.zeros((len(RATES) + 1, GROUPS, BINS)), (), np.zeros(REPLICAS), (), 0, (0.0, 0.0),
    )  # fmt: skip
    _retune(state, params)
    return state


def _retune(state: CriticalityState, params: CriticalityParams) -> None:
    """Count and release anew where a knob of the controls was turned."""
    additive, warm = params.breaks("additive-noise"), params.breaks("warm-start")
    if state.tuned[:2] != (params.control_rate, additive):
        state.tuned, state.counts = (params.control_rate, additive, state.step), np.zeros_like(state.counts)
    if state.coupling != (params.exponent, warm):
        state.coupling, state.ended = (params.exponent, warm), (0.0, 0.0)
        _release(state, params)


def _release(state: CriticalityState, params: CriticalityParams) -> None:
    """Lay q anew: narrow, or by the saboteur in equilibrium, ξ √(m/χ²) with as many degrees of freedom as a."""
    drawn = np.empty((REPLICAS, 1))
    normals(drawn, state.seed, state.step, STREAM_COLD)
    q = COLD * drawn[:, 0]
    if params.breaks("warm-start"):
        order = (np.argsort(np.argsort(drawn[:, 0])) + 0.5) / REPLICAS
        q = theory_of.coupled_quantile(order, params.exponent, MASS)
    state.q, state.age = q, 0


def step(state: CriticalityState, params: CriticalityParams) -> None:
    """STRIDE times: SGD steps of every network, one sample for every neuron, and Δt = .06 of the weights q."""
    _retune(state, params)
    heavy = params.breaks("heavy-steps")
    rate, index = (params.learning_rate * SHORT, HEAVY) if heavy else (params.learning_rate, 0.0)
    done, rates = state.step * SGD, np.array(params.rates)
    losses, lengths = go_on(state.networks, rate, params.batch, index, STRIDE * SGD, done, state.seed)
    at = slice(done % KEPT, done % KEPT + STRIDE * SGD)
    state.losses[:, at], state.lengths[:, at] = losses, lengths
    for _ in range(STRIDE):
        multiply(state.theta, rates, SPREAD, params.breaks("additive-noise"), 1, state.step, state.seed)
        if state.step >= state.tuned[2] + SETTLED and state.step % EVERY == 0:
            _count(state)
        if state.age == AGED:
            _release(state, params)
        couple(state.q, MASS, 2.0 / (1.0 + params.exponent), DT, PAIRS, state.step * PAIRS, state.seed)
        state.age += 1
        if state.age == AGED:
            state.ended = tails.index(state.q, FAR, 2 * GROUPS)
        state.step += 1


def _count(state: CriticalityState) -> None:
    bins = np.clip((np.log(np.abs(state.theta) + 1e-12) - FLOOR) / BIN, 0, BINS - 1).astype(int)
    groups = np.arange(NEURONS) % GROUPS * BINS
    for counts, row in zip(state.counts, bins, strict=True):
        counts += np.bincount(groups + row, minlength=GROUPS * BINS).reshape(GROUPS, BINS)


# -- what is seen and what theory says --------------------------------------------------------------------------------

PLANES = {
    "jumps": Plane(
        "Rare events of learning", "networks that read digits",
        Axis("log₁₀ x/median", -1.0, 2.5), Axis("log₁₀ P(>x)", -4.5, 0.0),
        empty="Networks have not learned a step yet.",
    ),
    "trace": Plane(
        "Loss", "one network; avalanches marked",
        Axis("age", -SHOWN, 0, "SGD steps"), Axis("(H − median)/σ", -2.0, 9.0),
        empty="Networks have not learned a step yet.",
    ),
    "control": Plane(
        "Control: one sample, one weight", "neurons at three rates; a from ⟨|1 − γ′x²|^a⟩ = 1",
        Axis("log₁₀ |θ|", -1.0, 3.5), Axis("log₁₀ P(>|θ|)", -4.2, 0.0),
    ),
    "toy": Plane(
        "Weights that scale fast states", "from a cold start, again and again; equilibrium",
        Axis("log₁₀ |q|", -1.5, 2.0), Axis("log₁₀ P(>|q|)", -3.6, 0.0),
    ),
}  # fmt: skip


def observe(state: CriticalityState, params: CriticalityParams) -> Mapping[str, Observable]:
    """How often what is looked at is larger than x, the loss of a network, neurons, and weights q."""
    losses, lengths = _lately(state)
    x, _ = tails.events(losses, lengths, params.looked)
    rare = [tails.beyond(v, _grid("jumps")) for v in (x, _surrogate(state, losses, lengths, params.looked))]
    neurons = [tails.beyond(np.abs(row), _grid("control")) for row in state.theta]
    return {
        "rare": Series("jumps", _grid("jumps"), np.stack(rare), (params.looked, "Gaussian"), ("net", "ink")),
        "index": Scalar(tails.index(x, _share(params, params.looked), 1)[0], "a", plane="jumps"),
        "steep": Scalar(tails.index(x, 0.01, 1)[0], "a, top 1 %", plane="jumps"),
        **_trace(losses),
        "control": Series("control", _grid("control"), np.stack(neurons), tuple(f"γ′ {r:g}" for r in params.rates)),
        "kesten": Scalar(tails.binned_index(state.counts[-1], BIN, RARE)[0], "a", plane="control"),
        "toy": Series("toy", _grid("toy"), tails.beyond(np.abs(state.q), _grid("toy"))[None], ("q",), ("ink",)),
        "attracted": Scalar(tails.index(state.q, FAR, 2 * GROUPS)[0], "a", plane="toy"),
        "time": Scalar(state.age * 2 * PAIRS * DT, "t", plane="toy"),
    }


def _lately(state: CriticalityState) -> tuple[Array, Array]:
    """Losses and lengths of the last SGD steps, oldest first."""
    done = state.step * SGD
    kept, turn = min(done, KEPT), -(done % KEPT) if done > KEPT else 0
    return np.roll(state.losses, turn, axis=1)[:, :kept], np.roll(state.lengths, turn, axis=1)[:, :kept]


@lru_cache(maxsize=4)
def _phases(seed: int, times: int) -> Array:
    """Phases of Gaussian surrogates, in turns: (NETWORKS, times // 2 + 1)."""
    drawn = np.empty((NETWORKS, 2 * (times // 2 + 1)))
    normals(drawn, seed, 0, STREAM_PHASE)
    out: Array = np.arctan2(drawn[:, ::2], drawn[:, 1::2]) / (2.0 * np.pi)
    return out


def _share(params: CriticalityParams, what: str) -> float:
    """The share of the values that is tested as their tail."""
    return HALF if what == "avalanches" else params.tail


def _grid(plane: str) -> Array:
    axis = PLANES[plane].x
    return np.linspace(axis.low, axis.high, 91)


def _surrogate(state: CriticalityState, losses: Array, lengths: Array, what: str) -> Array:
    """The same of Gaussian series with the spectra of the losses and of the lengths."""
    if losses.shape[1] < 8:
        return np.zeros(0)
    series = lengths if what == "steps" else losses
    made = tails.surrogate(series, _phases(state.seed, series.shape[1])) + series.mean(axis=1, keepdims=True)
    return tails.events(made, made, what)[0]


def _trace(losses: Array) -> dict[str, Observable]:
    """The loss of the first network above its median, over its spread, and its avalanches."""
    row = losses[0] if losses.shape[1] else np.zeros(1)
    row = np.clip((row - np.median(row)) / max(float(row.std()), 1e-12), -9.0, 99.0)[-SHOWN:]
    age = np.arange(1.0 - len(row), 1.0)
    edges = np.flatnonzero(np.diff(row > 0.0)) + 1
    line = np.column_stack([age, row])
    over = [part for part in np.split(line, edges) if len(part) > 1 and part[0, 1] > 0.0]
    return {
        "loss": Series("trace", age, np.stack([row, np.zeros(len(row))]), ("H", "median"), ("ink", "ink")),
        "avalanches": Paths.of("trace", over, "geodesic"),
    }


def theory(state: CriticalityState, params: CriticalityParams) -> Mapping[str, Observable]:
    """The likeliest power law and lognormal beyond x_min; power laws with the index that is due; the equilibrium."""
    due = [theory_of.kesten(rate) for rate in params.rates]
    at = _grid("control")
    lines = [_line(np.abs(row), at, a) for row, a in zip(state.theta, due, strict=True)]
    x, _ = tails.events(*_lately(state), params.looked)
    fits = tails.laws(x, _share(params, params.looked), PLANES["jumps"].x.high)
    equilibrium = theory_of.coupled_ccdf(10.0 ** _grid("toy"), params.exponent, MASS)
    return {
        "rare": Series("jumps", *fits, ("power law", "lognormal"), ("ink", "ink")),
        "control": Series("control", at, np.stack(lines), ("power laws that are due", "", "")),
        "kesten": Scalar(due[-1], "a", plane="control"),
        "toy": Series("toy", _grid("toy"), np.log10(np.maximum(equilibrium, 1e-8))[None], ("equilibrium",), ("ink",)),
        "attracted": Scalar(params.exponent, "a", plane="toy"),
    }


def _line(x: Array, at: Array, index: float) -> Array:
    """log₁₀ of s^−index, through the rarest hundredth of x."""
    least = max(float(np.quantile(x, 0.99)), 1e-8)
    out: Array = np.clip(-2.0 - index * (at - np.log10(least)), -8.0, 0.0)
    return out


# -- verdict ----------------------------------------------------------------------------------------------------------

PAPER, BAND = "2107.03402", (-0.5, 0.5)
CLAIMS = (
    Claim("jumps", "Jumps of the loss are scale-free.", PAPER, "g/g_ln", 0.0, BAND, "fails",
          "20 seeds: 2.6 to 4.2, z = −7.7 to −6.1; with steps drawn from a power law −.11 to −.02."),
    Claim("steps", "Steps of the weights are scale-free.", PAPER, "g/g_ln", 0.0, BAND, "fails",
          "20 seeds: 3.4 to 5.2, z = −10.5 to −8.3; with steps drawn from a power law −.02 to .13."),
    Claim("avalanches", "Avalanches of the loss are scale-free.", PAPER, "g/g_ln", 0.0, BAND, "fails",
          "20 seeds: 1.3 to 2.2, z = −9.5 to −7.1. While H still falls they can look like a power law."),
    Claim("attraction", "Cold weights are attracted to a power law.", PAPER, "a₂₀/a", 1.0, (0.65, 1.35), "fails",
          "20 seeds: 2.0 to 2.4, .95 to 1.12 from equilibrium; ⟨q²⟩ grows by 2 T_q t at most, and a ≤ 2 asks for ∞."),
    Claim("kesten", "Where a power law is due, its index is found.", "kesten", "worst a/due − 1", 0.0, (-0.25, 0.25),
          "holds", "20 seeds: −.17 to −.09, at γ′ = .3, whose a = 5.3 is reached far out only."),
    Claim("passes", "That power law passes the test.", "clauset", "g/g_ln", 0.0, BAND, "holds",
          "20 seeds: −.03 to .08; 2.1 to 3.6 with additive noise."),
)  # fmt: skip
JUMPS, STEPS, AVALANCHES, ATTRACTION, KESTEN, PASSES = CLAIMS


def verdict(state: CriticalityState, params: CriticalityParams) -> tuple[Verdict, ...]:
    """One verdict per claim; error bars are over networks, and over groups of neurons and of weights."""
    series = _lately(state)
    learned = series[0].shape[1]
    waiting = f"{ENOUGH} SGD steps are needed; {learned} have passed." if learned < ENOUGH else ""
    outside = "" if waiting else _regime(series[0])
    neurons = np.arange(NEURONS) % GROUPS
    begun = state.tuned[2] + 4 * SETTLED if len(state.tuned) > 2 else 4 * SETTLED
    counted = f"Neurons are counted from step {begun} on." if state.step < begun else ""
    a, error = state.ended
    released = f"Weights are at t = {state.age * 2 * PAIRS * DT:.1f} of 20." if a == 0.0 else ""
    off, unsure = max(_ratios(state, params), key=lambda found: abs(found[0]) + found[1])
    return (
        *(
            _tested(claim, *tails.events(*series, claim.name), _share(params, claim.name), NETWORKS, waiting, outside)
            for claim in (JUMPS, STEPS, AVALANCHES)
        ),
        judge(
            ATTRACTION, a / params.exponent, error / params.exponent,
            f"Index of the outer {100 * FAR:g} % after a cold start; the null is the Gaussian it began as.",
            null=8.0 / params.exponent, waiting=released,
        ),
        judge(
            KESTEN, off, unsure, "The worst of three rates; found in the outer .2 % of all that was counted.",
            waiting=counted,
        ),
        _tested(PASSES, np.abs(state.theta[-1]), neurons, params.tail, GROUPS, counted, ""),
    )  # fmt: skip


def _regime(losses: Array) -> str:
    """Why this is no learning equilibrium, if it is none."""
    if (H := float(np.median(losses))) > UNREAD:
        return f"Networks do not read: H = {H:.2f}, where always the same answer has 1.15."
    half = losses.shape[1] // 2
    fallen = (losses[:, :half].mean(axis=1) - losses[:, half:].mean(axis=1)) / np.maximum(losses.std(axis=1), 1e-12)
    off = float(fallen.mean())
    return f"No equilibrium: the loss still falls, by {off:.1f} of its spread." if off > 1.0 else ""


def _ratios(state: CriticalityState, params: CriticalityParams) -> list[tuple[float, float]]:
    """a/due − 1 and its error, for each rate."""
    found = [tails.binned_index(counts, BIN, RARE) for counts in state.counts]
    due = [theory_of.kesten(rate) for rate in params.rates]
    return [(a / d - 1.0, e / d) for (a, e), d in zip(found, due, strict=True)]


def _tested(claim: Claim, x: Array, whose: Array, share: float, groups: int, waiting: str, outside: str) -> Verdict:
    """The gain of a lognormal, in units of a lognormal's."""
    found = None if waiting else tails.compare(x, whose, share, groups)
    if found is None:
        return judge(claim, 0.0, 0.0, "", null=1.0, waiting=waiting or "There are too few values to test.")
    word = "A power law is as good" if found.gain + found.error < BAND[1] else "Not a power law"
    rest = ""
    if claim is not PASSES:
        least, best = tails.cut(x)
        far = tails.index(x, best, 1)[0]
        rest = f"; a = {far:.1f} beyond the best x_min, {100 * best:.2g} %, {np.log10(x.max() / least):.1f} decades"
    sentence = f"{word}: z = {found.z:.1f}, p = {found.p:.0e}, KS {found.distance:.2f}, a = {found.index:.2f}{rest}."
    return judge(claim, found.gain, found.error, sentence, null=1.0, waiting="", outside=outside)


# -- experiment -------------------------------------------------------------------------------------------------------


def derived(params: CriticalityParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    return {
        "a of γ′": f"{theory_of.kesten(params.control_rate):.3g}",
        "T_q": f"{2.0 / (1.0 + params.exponent):.3g}",
        "weights": f"{size(WIDTHS)} of each of {NETWORKS} networks",
    }


EXPERIMENT = Experiment(
    slug="criticality",
    title="Criticality",
    group="learning",
    question="Are networks that have learned scale-free, with power laws for what is rare?",
    formula=r"P(>x)\propto x^{-a}\;?\qquad \langle|1-\gamma'x^2|^a\rangle=1,\qquad "
    r"H=\tfrac12(m+q^2)|x|^2\Rightarrow a=\frac{nT_x}{T_q}-1",
    sources=(PAPER, "kesten", "clauset"),
    by_hand="6000 steps of learning before; fast states at their equilibrium; the share that is called a tail",
    emergent="the tails of what real networks do, and of weights that learn by the two laws of the controls",
    params=CriticalityParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Not a power law", "Jumps bend away from the straight line of a power law and follow a lognormal.", {}),
        Preset("Avalanches", "Excursions of the loss, marked in its trace: they too fall off faster.",
               {"looked": "avalanches"}),
        Preset("Steps of one image", "At B = 1 sizes spread over three decades, and still end abruptly.",
               {"looked": "steps", "batch": 1, "learning_rate": 0.05}),
        Preset("The far end", "Of the outer 2 % nothing can be said: the far end of anything looks straight.",
               {"tail": 0.02}),
        Preset("A tail that is reached", "At a = 3 cold weights fill their power law soon; at a = 1 they never do.",
               {"exponent": 3.0}),
        Preset("A tail put in", "Steps drawn from a power law: jumps are one too, and the tests say so.",
               {"broken": "heavy-steps"}),
    ),
    stride=STRIDE,
    verify_steps=400,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step * SGD),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    time_unit="SGD steps",
    calibrations=("tail-pareto", "tail-lognormal", "tail-index", "tail-binned"),
)  # fmt: skip
