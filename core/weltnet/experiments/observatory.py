"""Observatory: one learning network, both descriptions at once.

Claim.   The weights of a network that learns are an ensemble with an entropy ledger; its neurons, at any weights, live
         in a space-time whose time runs by the entropy S that the learning of the weights destroys,

             ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt),   h = C⁻¹.                  [2111.00903 §4–6]

Conventions.   q ∈ [−3, 3]² is the learned plane of the weights, U(q) the boundary loss, u its barrier. A learning step
         is q ← q − γ g_B(q) + √(2 D0) ξ with each replica's own minibatch; rates are in nats per learning step, and
         S = γ⟨∇²U⟩ (gross and signed) counts one tick of the neurons per learning step. X are the means of the two
         halves of the network, v and C their drift and noise per tick, measured on copies of the network whose weights
         are held at q*, and λ their contraction rate at the centre.

Put in by hand.   The lapse S is one global number, defined as the entropy destroyed by learning, gross, not net: other
         definitions are possible and disagree. D0 is noise added to that of the minibatches. Two directions of weight
         space out of N² are shown.

What would refute it.   Mirror wells of different depth; a learning equilibrium in which noise produces more or less
         entropy than learning destroys; a curvature at the centre that is not the 6 λ²/S of de Sitter space, with λ
         computed from the weights alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.contours import contours
from weltnet.estimators.curvature import cones, curvature
from weltnet.estimators.density import Grid
from weltnet.estimators.entropy import destruction, entropy, production
from weltnet.estimators.generator import Basis, Moments, fit, fold, stencil
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import copies, ensemble
from weltnet.observables import Axis, Cloud, Field, MetricField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob, region
from weltnet.systems.landscape import CELLS, Landscape, prepare
from weltnet.systems.losses import HALF_WIDTH
from weltnet.systems.networks import weights
from weltnet.theory.spacetimes import contraction
from weltnet.verdicts import judge, mean_with_error

Array = NDArray[Any]

STRIDE = 2
WINDOW = 300  # strides kept for the ledger and the verdicts: 600 steps
SETTLED = 150  # strides at the end of the window over which the verdicts average
SHOWN = 400
LEVELS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # barriers
TICKS, EXPECT = 4, 5  # ticks of the copies per stride; strides between two predictions from the weights
JUMP = 0.4  # a step of q* beyond which the old space-time says nothing about the new one
# λ, ω per tick and relative shear where the prediction from the weights is good; the share of such frames needed
SLOW, FAST, SHEARED, FAIR = 0.03, 0.3, 0.15, 0.25
BASIS, GRID = Basis(5, 0.5), Grid(96, HALF_WIDTH)
STARTS = {"ridge": (2.0, 0.0, 0.25), "valley": (-0.2, 1.3, 0.2), "broad": (0.0, 0.0, 0.9)}


# -- parameters -------------------------------------------------------------------------------------------------------


class ObservatoryParams(Params):
    """The knobs of one network, its data, its ensemble and its learning."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("coupled-halves", "the halves are trained apart", ("mirror",), ("weights",), restarts=True),
        Saboteur("renewal", "only learning moves the weights", ("balance",), ("weights", "ledger")),
        Saboteur("shuffled-increments", "each step belongs to the state it started from", ("de-sitter",), ("space",)),
    )

    neurons_per_half: int = knob(
        32, 4, 128, symbol="N/2", group="Network", restarts=True,
        meaning="neurons in each half: one half is seen at the boundary, the other is bulk",
        equation="x ← tanh(W(q) x) + η ξ",
    )  # fmt: skip
    data: Literal["rotation", "cycle", "wells"] = choice(
        "rotation", symbol="p∂", group="Network", restarts=True,
        meaning="the planar flow whose episodes the boundary sees: damped rotation, limit cycle or two wells",
    )  # fmt: skip
    replicas: int = knob(
        20_000, 500, 100_000, symbol="M", group="Ensemble", restarts=True, log=True,
        meaning="networks that learn, each from its own minibatches",
    )  # fmt: skip
    start: Literal["ridge", "valley", "broad"] = choice(
        "ridge", symbol="p₀", group="Ensemble", restarts=True,
        meaning="where the replicas begin: on the ridge between the wells, in one valley, or all over",
    )  # fmt: skip
    learning_rate: float = knob(
        3.0, 0.1, 12.0, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="step along minus the gradient of the loss", equation="q ← q − γ g_B(q) + √(2 D0) ξ",
    )  # fmt: skip
    batch: int = knob(
        1, 1, 32, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step of each replica; minibatch noise falls as 1/B", equation="D = γ² C/(2B) + D0",
    )  # fmt: skip
    noise: float = knob(
        0.05, 0.01, 1.0, symbol="T₀", unit="barriers", group="Learning", log=True,
        meaning="added isotropic noise as a temperature in units of the barrier u", equation="D0 = γ T₀ u",
    )  # fmt: skip
    activation_noise: float = knob(
        0.15, 0.05, 0.6, symbol="η", group="States", log=True,
        meaning="noise of every neuron per tick", equation="x ← tanh(W x) + η ξ",
    )  # fmt: skip
    selected: tuple[float, float, float, float] | None = region(
        -HALF_WIDTH, HALF_WIDTH, plane="weights", symbol="q*", group="States",
        meaning="the weights whose space-time is shown: the middle of the box; nothing means the tracer replica",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ObservatoryState:
    """q: (M, 2) weights of the replicas; x: (K_c, N) neurons of the copies at q*; what their regression has summed.

    expected: λ, ω and R(0) S at q* as the weights alone predict them.
    """

    world: Landscape
    seed: int
    step: int
    q: Array
    x: Array
    moments: Moments
    ledger: Ring
    here: Array
    expected: Array


def begin(params: ObservatoryParams, seed: int, report: Report) -> ObservatoryState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    n, coupled = 2 * params.neurons_per_half, params.breaks("coupled-halves")
    world = prepare(n, params.data, 0, GRID.n, report=report, dense=coupled)
    *start, spread = STARTS[params.start]
    q = ensemble.initial(params.replicas, seed, np.array(start), spread)
    ledger = Ring(("produced", "destroyed", "entropy", "curved", "gamma", "rate", "rotation", "expected"), WINDOW)
    x = np.zeros((1024 if n <= 64 else 512, n), np.float32)
    state = ObservatoryState(world, seed, 0, q, x, Moments(BASIS), ledger, q[0].copy(), np.zeros(3))
    _live(state, params)
    _book(state, params)
    return state


def _added(world: Landscape, p: ObservatoryParams) -> float:
    """D0, the added diffusion per step."""
    return float(p.noise * p.learning_rate * world.loss.energy_unit)


def _selected(state: ObservatoryState, p: ObservatoryParams) -> Array:
    """q*: the middle of the selected box, or the tracer; never the ensemble mean, which sits on the barrier."""
    tracer = state.q[0]
    x0, y0, x1, y1 = p.selected or (*tracer, *tracer)
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2])


def step(state: ObservatoryState, params: ObservatoryParams) -> None:
    world, renewed = state.world, 0.01 if params.breaks("renewal") else 0.0
    ensemble.descend(
        state.q, world.samples, -HALF_WIDTH, 2 * HALF_WIDTH / CELLS, params.learning_rate,
        float(np.sqrt(2 * _added(world, params))), params.batch, STRIDE, state.step, state.seed, renewed,
        np.array(STARTS[params.start]),
    )  # fmt: skip
    state.step += STRIDE
    _live(state, params)
    _book(state, params)


def _book(state: ObservatoryState, params: ObservatoryParams) -> None:
    """Enter into the ledger what noise made and learning destroyed, and the curvature at the centre."""
    world, added = state.world, _added(state.world, params)
    diffusion = params.learning_rate**2 / (2 * params.batch) * world.covariance
    diffusion += added * np.array([1.0, 0.0, 1.0])[:, None, None]
    centre = curvature(fit(state.moments), CENTRE, 1.0)
    rate, rotation, expected = state.expected
    state.ledger.push(
        produced=production(GRID, state.q, diffusion),
        destroyed=destruction(GRID, state.q, params.learning_rate, world.laplacian),
        entropy=entropy(GRID, state.q),
        curved=_finite(centre.R[0]), gamma=params.learning_rate, rate=rate, rotation=rotation, expected=expected,
    )  # fmt: skip


def _finite(x: float) -> float:
    """A number that a picture can show: what is not resolved at all may be without bound."""
    return float(np.clip(np.nan_to_num(x), -1e6, 1e6))


def _live(state: ObservatoryState, params: ObservatoryParams) -> None:
    """Let the copies of the network at q* run for a few ticks, and fold what they did into the regression."""
    network, stride = state.world.network, state.step // STRIDE
    here = _selected(state, params)
    jumped = bool(np.abs(here - state.here).max() > JUMP)
    state.here = here
    Q = state.world.loss.weights_at(here)
    if jumped:
        state.moments.reset()
    if jumped or stride % EXPECT == 0:
        found = contraction(network, Q, params.activation_noise)
        state.expected = np.array([found.rate, found.rotation, found.R])
    X, mean, after, age = copies.advance(
        state.x, weights(network, Q), network.b, network.c, seed=state.seed, tick=stride * TICKS, ticks=TICKS,
        noise=params.activation_noise,
    )  # fmt: skip
    if params.breaks("shuffled-increments"):
        far = len(state.x) // 3
        mean, after = (X + np.roll(a - X, far, axis=1) for a in (mean, after))
        age = np.minimum(age, np.roll(age, far, axis=1))
    fold(state.moments, X, mean, after, age)


# -- what is seen -----------------------------------------------------------------------------------------------------

WIDEN = 6.0  # a cone after one tick would be a dot beside its drift; the caption says so
_g = np.linspace(-0.375, 0.375, 24)
MAP = np.stack(np.meshgrid(_g, _g, indexing="ij"), axis=-1).reshape(-1, 2)
_e = np.linspace(-0.36, 0.36, 7)
EVENTS = np.stack(np.meshgrid(_e, _e, indexing="ij"), axis=-1).reshape(-1, 2)
MAP_POINTS, CENTRE = stencil(BASIS, MAP), stencil(BASIS, np.zeros((1, 2)))
PLANES = {
    "weights": Plane(
        "Weight space", "replicas, loss, q*",
        Axis("q₁", -HALF_WIDTH, HALF_WIDTH), Axis("q₂", -HALF_WIDTH, HALF_WIDTH), square=True,
    ),
    "ledger": Plane(
        "Entropy ledger", "what noise makes and learning destroys",
        Axis("age", -WINDOW * STRIDE, 0, "steps"), Axis("dS/dτ", -0.05, 0.05, "nat per γ·step"),
    ),
    "space": Plane(
        "Emergent space-time", "cones (radius ×6), curvature",
        Axis("X¹", -0.45, 0.45), Axis("X²", -0.45, 0.45), square=True,
    ),
}  # fmt: skip


def observe(state: ObservatoryState, params: ObservatoryParams) -> Mapping[str, Observable]:
    density = np.sqrt(GRID.density(state.q, 0.08))
    return {
        "density": Field("weights", density, (-3.0, 3.0, -3.0, 3.0), (0.0, 1.2), "√p"),
        "loss": _lines(state.world),
        "replicas": Cloud("weights", state.q[1 : 1 + SHOWN], len(state.q), "q"),
        "tracer": Cloud("weights", state.here[None], 1, "q*", role="tracer"),
        "above": Scalar(float((state.q[:, 1] > 0).mean()), "P(q₂ > 0)", plane="weights"),
        "ledger": _ledger(state),
        "entropy": Scalar(float(state.ledger["entropy"][-1]), "S_q", "nat", plane="ledger"),
        **_space(state, float(state.ledger["destroyed"][-1])),
    }


@lru_cache(maxsize=4)
def _lines(world: Landscape) -> Paths:
    return Paths.of("weights", contours(GRID.axis, world.height, LEVELS), "contour", static=True)


def _ledger(state: ObservatoryState) -> Series:
    produced = state.ledger["produced"] / state.ledger["gamma"]
    destroyed = state.ledger["destroyed"] / state.ledger["gamma"]
    age = STRIDE * (np.arange(len(state.ledger)) - len(state.ledger) + 1.0)
    return Series(
        "ledger", age, np.stack([produced, -destroyed, produced - destroyed]), ("production", "destruction", "net"),
        ("production", "destruction", "net"),
    )  # fmt: skip


def _space(state: ObservatoryState, S: float) -> dict[str, Observable]:
    generator = fit(state.moments)
    # Where learning destroys no entropy the metric is Euclidean: there is no cone and no curvature to draw.
    lapse = S if S > 0 else 1.0
    map_, centre = curvature(generator, MAP_POINTS, lapse), curvature(generator, CENTRE, lapse)
    light = cones(generator, S, EVENTS)
    resolved = (map_.resolved & (S > 0)).reshape(len(_g), len(_g))
    extent = (-0.391, 0.391, -0.391, 0.391)
    shown = np.where(resolved, np.nan_to_num(map_.R).reshape(resolved.shape), 0.0)
    return {
        "curvature": Field("space", shown, extent, (-6.0, 6.0), "R", "tick⁻²", signed=True, resolved=resolved),
        "cones": MetricField(
            "space", light.at, np.clip(light.drift, -1, 1), WIDEN * light.radius, light.resolved & (S > 0)
        ),
        "lapse": Scalar(S, "S", "nat/tick", plane="space"),
        "R0": Scalar(_finite(centre.R[0]), "R(0)", error=2 * _finite(centre.R_error[0]), plane="space"),
        "closure": Scalar(_finite(generator.closure[0]), "closure", plane="space"),
    }


# -- what theory says -------------------------------------------------------------------------------------------------


def theory(state: ObservatoryState, params: ObservatoryParams) -> Mapping[str, Observable]:
    """At learning equilibrium production equals destruction; at the centre de Sitter curvature R = 6 λ²/S."""
    seen = _ledger(state)
    S = float(state.ledger["destroyed"][-1])
    ghosts: dict[str, Observable] = {
        "ledger": Series("ledger", seen.x, -seen.y[1:2], ("at equilibrium",), ("production",)),
    }
    if S > 0 and state.expected[0] > SLOW:
        ghosts["R0"] = Scalar(6 * float(state.expected[0]) ** 2 / S, "6 λ²/S", plane="space")
    return ghosts


# -- verdict ----------------------------------------------------------------------------------------------------------

MIRROR = Claim(
    "mirror", "The two wells of the loss are one function, mirrored.", "2111.00903 §4", "ΔU/u", 0.0, (-1e-9, 1e-9),
    "holds", "an exact symmetry of a network whose halves do not see each other at first",
)  # fmt: skip
BALANCE = Claim(
    "balance", "At learning equilibrium noise produces the entropy that learning destroys.", "2111.00903 §5",
    "production/destruction", 1.0, (0.85, 1.1), "holds",
    "0.95–0.98 for damped rotation, limit cycle and two wells at B = 1 and 4",
)  # fmt: skip
DE_SITTER = Claim(
    "de-sitter", "The neurons' space-time is de Sitter at its centre: R = 6 λ²/S.", "2111.00903 §6",
    "R(0) S/6λ²", 1.0, (0.8, 1.2), "holds",
    "λ from the weights alone, R from trajectories; rule and band were set after seeing seeds 0 to 11",
)  # fmt: skip


def verdict(state: ObservatoryState, params: ObservatoryParams) -> tuple[Verdict, ...]:
    ledger, last = state.ledger, slice(-SETTLED, None)
    waiting = (
        "" if len(ledger) >= 2 * SETTLED else "The last 300 of at least 600 steps decide; they have not passed yet."
    )
    destroyed = ledger["destroyed"][last]
    ratio, ratio_error = mean_with_error(ledger["produced"][last] / np.where(destroyed == 0, np.nan, destroyed))
    # q* wanders; only where the weights alone predict λ, and four orders resolve the flow, is there something to judge.
    rates, turns = ledger["rate"][last], np.abs(ledger["rotation"][last])
    fair = (rates >= SLOW) & (turns <= FAST)
    rate = float(rates[fair].mean()) if fair.any() else SLOW
    de_sitter = 6 * rate**2
    # q* takes what is seen and what is predicted along: their difference varies far less than either.
    more, bent_error = mean_with_error((ledger["curved"][last] - 6 * rates**2)[fair] / de_sitter)
    bent = 1 + more
    sheared = abs(float(ledger["expected"][last][fair].mean()) / de_sitter - 1) if fair.any() else 0.0
    outside = (
        f"In {fair.mean():.0%} of the frames λ ≥ {SLOW} and |ω| ≤ {FAST} per tick, where the weights alone predict R."
        if fair.mean() < FAIR
        else "The flow at the centre is sheared, so it is not de Sitter." if sheared > SHEARED else ""
    )  # fmt: skip
    return (
        judge(MIRROR, state.world.asymmetry, 1e-12, "Difference of the two wells' depths over the barrier."),
        judge(BALANCE, ratio, ratio_error, "Mean over the last 300 steps.", null=0.0, waiting=waiting),
        judge(DE_SITTER, bent, bent_error,
              "Mean over the last 300 steps of what trajectories show over what the weights predict.",
              null=0.0, waiting=waiting, outside="" if waiting else outside),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: ObservatoryParams) -> Mapping[str, str]:
    return {"N": f"{2 * params.neurons_per_half} neurons", "τ": f"{params.learning_rate:g} per step"}


EXPERIMENT = Experiment(
    slug="observatory",
    title="Observatory",
    group="all",
    question="One network learns. What do its weights do, and in what space-time do its neurons live?",
    formula=r"ds^2=-S\,dt^2+h_{ij}\,(dX^i-v^i dt)(dX^j-v^j dt),\qquad h=C^{-1},\quad S=\gamma\,\langle\nabla^2U\rangle",
    sources=("2111.00903", "2008.01540"),
    by_hand="the lapse is one number, defined as the gross entropy destroyed by learning; D0 is added noise",
    emergent="drift, noise, curvature and cones of the neurons; production and destruction of the weights' entropy",
    params=ObservatoryParams,
    planes=PLANES,
    claims=(MIRROR, BALANCE, DE_SITTER),
    presets=(
        Preset("Learning opens the cone", "From the ridge learning first creates entropy: no cone. Watch it open.",
               {"start": "ridge", "learning_rate": 1.0}),
        Preset("Two mirror worlds", "Tap one well, then the other: the space-time drags the other way round.",
               {"start": "broad", "selected": (-0.25, 1.35, -0.25, 1.35)}),
        Preset("Cold learning", "With large minibatches the replicas sit at the bottom and the ledger narrows.",
               {"start": "valley", "batch": 16}),
    ),
    stride=STRIDE,
    verify_steps=1200,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
)  # fmt: skip
