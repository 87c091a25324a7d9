"""Emergent metric: drift and noise of the neurons' averages are a curved space-time, measured as samples come in.

*Claim.* The averages X of a network's two halves move as dX = v dt + noise of covariance C. In

    ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt),   h = C⁻¹,

a linear network that contracts alike in all directions, v = −λX, is de Sitter space in Painlevé–Gullstrand form,

    R = 6 λ²/S everywhere; a rotation of X is a symmetry and does not curve.                [2111.00903 §6, derived]

*Conventions.* t counts ticks; v and C per tick are Chebyshev polynomials fitted to bursts of copies of one network,
launched all over the square; v is the logarithm of the map of one tick, and C is corrected for that lag. R is the full
scalar of the 2+1 metric, errors are jackknifed over eight groups of copies. Seen are the steps of X alone, or of the
whole state x, of which one tick is known exactly. H = ±√(|R|S/6) is the λ of the de Sitter space that is as curved.
*Put in by hand.* The lapse S is one number. The linear network is written by hand, its X is closed. Neurons are split
into halves as they were trained.
*What would refute it.* A linear network with another R, or one that varies; a rotation that curves. What *is* refuted:
that a trained network is de Sitter space, that its X is closed, and that its space is flat.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet import knobs, learning, states
from weltnet.estimators import metric
from weltnet.estimators.generator import Basis, Generator, Moments, fit, fold, jackknife
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.observables import Axis, Cloud, Field, MetricField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob, region
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "MetricParams", "MetricState"]

Array = NDArray[Any]

TICKS, COPIES = 4, 1024
HALF, REACH = 0.5, 0.8
BURSTS, WALK = (10, 2), (2**30, 60)  # ticks of a burst, and how many of its first do not count
BEND = 2  # degree of C(X)
SIDE, EDGE = 15, 0.35
MIDDLE, RIM = 0.1, 0.3  # the centre is within, the rim beyond
SLOTS, OCTAVE, FIRST = 72, 4, 500.0
T95 = 2.365  # eight groups
_line = np.linspace(-EDGE, EDGE, SIDE)
MAP = np.stack(np.meshgrid(_line, _line, indexing="ij"), axis=-1).reshape(-1, 2)
FAR = np.hypot(MAP[:, 0], MAP[:, 1])
RINGS = np.minimum((FAR / 0.05).astype(int), 8)
SHARE = np.array([ring / ring.sum() for ring in (np.arange(9)[:, None] == RINGS)])
RADII = SHARE @ FAR
SMOOTH = Basis(6, EDGE)
DEGREES = np.array([i + j for i in range(7) for j in range(7 - i)])
_seven = np.linspace(-0.3, 0.3, 7)
EVENTS = np.stack(np.meshgrid(_seven, _seven, indexing="ij"), axis=-1).reshape(-1, 2)


# -- parameters -------------------------------------------------------------------------------------------------------


class MetricParams(Params):
    """The network, what is seen of it, and how the metric is fitted."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("shuffled-increments", "each step belongs to the state it started from",
                 ("de-sitter", "rotation"), ("map", "cones", "profile"),
                 watch="Every step is now booked to the state of another copy. The drift is gone, so is the curvature, "
                 "and what is left of the map differs from copy to copy."),
        Saboteur("no-logarithm", "a tick is as short as an instant", ("de-sitter", "rotation"), ("profile",),
                 watch="The step of one tick is now taken for the velocity. A rotation then looks like a contraction, "
                 "and curves; a contraction looks slower than it is."),
    )  # fmt: skip

    network: Literal["trained", "linear"] = knobs.NETWORK
    neurons_per_half: int = knobs.NEURONS_PER_HALF
    contraction: float = knobs.CONTRACTION
    rotation: float = knob(
        0.0, 0.0, 0.3, symbol="ω", unit="rad/tick", group="Network", restarts=True,
        meaning="rate at which the linear network turns one half's average into the other's",
    )  # fmt: skip
    activation_noise: float = knobs.ACTIVATION_NOISE
    lapse: float = knob(
        1.0, 0.05, 20.0, symbol="S", unit="nat/tick", group="Metric", log=True,
        meaning="lapse², one number by hand; a network that learns at an ordinary rate destroys about .05",
    )  # fmt: skip
    seen: Literal["steps", "neurons"] = choice(
        "steps", symbol="dX", group="Metric",
        meaning="what is looked at: steps of X alone, or all neurons, whose mean next step is then known exactly",
    )  # fmt: skip
    launch: Literal["bursts", "walk"] = choice(
        "bursts", symbol="X₀", group="Metric",
        meaning="short bursts from all over the square, or one long walk, which leaves the corners empty",
    )  # fmt: skip
    space: Literal["curved", "flat"] = choice(
        "curved", symbol="h", group="Metric", meaning="whether C, and so h, may depend on X, or is taken as constant",
    )  # fmt: skip
    degree: int = knob(
        5, 3, 6, symbol="p", group="Metric", restarts=True,
        meaning="degree of the polynomials fitted to the drift; each more needs more samples",
    )  # fmt: skip
    place: tuple[float, float, float, float] | None = region(
        -EDGE, EDGE, plane="map", symbol="X*", group="Metric",
        meaning="where the readouts are taken: a tap; nothing means the centre",
    )  # fmt: skip

    @property
    def here(self) -> tuple[float, float]:
        """X*."""
        x0, y0, x1, y1 = self.place or (0.0, 0.0, 0.0, 0.0)
        return 0.5 * (x0 + x1), 0.5 * (y0 + y1)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class MetricState:
    """Copies of the network and what was seen of them.

    x: (COPIES, N); told: λ, ω of the weights; past: (SLOTS, 3), samples, stated and true error of R over its size, each
    time there are a fourth of an octave more samples; zero where there were none yet.
    """

    seed: int
    step: int
    specimen: states.Specimen
    x: Array
    moments: Moments
    squares: metric.Squares
    setting: tuple[Any, ...] = ()
    told: Array = field(default_factory=lambda: np.zeros(2))
    past: Array = field(default_factory=lambda: np.zeros((SLOTS, 3)))


def begin(params: MetricParams, seed: int, report: Report) -> MetricState:
    # The network is part of the apparatus, not of the luck of a run: every seed looks at the same one.
    n = 2 * params.neurons_per_half
    specimen = states.specimen(params.network, n, params.contraction, learning.GRID.n, report, params.rotation)
    squares = metric.Squares(Basis(BEND, HALF))
    state = MetricState(
        seed, 0, specimen, np.zeros((COPIES, n), np.float32), Moments(Basis(params.degree, HALF)), squares
    )
    _live(state, params)
    return state


def step(state: MetricState, params: MetricParams) -> None:
    state.step += TICKS
    _live(state, params)


def _live(state: MetricState, params: MetricParams) -> None:
    """TICKS ticks of all copies, seen and folded; afresh where what is seen has changed."""
    setting = (params.activation_noise, params.seen, params.launch, params.broken)
    if state.setting != setting:
        state.setting = setting
        state.moments.reset()
        state.squares.reset()
        state.past[:] = 0.0
        state.told = state.specimen.told(params.activation_noise, REACH)
    life, burn = BURSTS if params.launch == "bursts" else WALK
    seen = state.specimen.run(
        state.x, seed=state.seed, tick=state.step, ticks=TICKS, reach=REACH, noise=params.activation_noise, life=life
    )  # fmt: skip
    seen = states.exchanged(*seen) if params.breaks("shuffled-increments") else seen
    fold(state.moments, *seen, burn=burn, halflife=math.inf)
    exact = None if params.seen == "steps" else 2.0 * params.activation_noise**2 / state.specimen.network.N
    metric.gather(state.squares, _drift(state, params), *seen, exact=exact, burn=burn, halflife=math.inf)
    slot = min(int(OCTAVE * math.log2(max(state.moments.samples / FIRST, 1.0))), SLOTS - 1)
    if state.past[slot, 0] == 0.0:
        state.past[slot] = state.moments.samples, *_errors(_measured(state, params)[2], state, params)


def _drift(state: MetricState, params: MetricParams) -> Generator:
    moments = metric.observed(state.moments) if params.seen == "steps" else state.moments
    return fit(moments, order=1 if params.breaks("no-logarithm") else 4)


@lru_cache(maxsize=32)
def _places(degree: int, here: tuple[float, float] | None, curved: bool) -> metric.Places:
    return metric.places(Basis(degree, HALF), MAP if here is None else np.array([here]), BEND if curved else None)


_latest: list[Any] = []


def _measured(state: MetricState, params: MetricParams) -> tuple[Generator, metric.Noise, metric.Tensor, Array]:
    """Drift, noise, curvature over the map and closure, as seen so far."""
    # A frame asks thrice of the same sums, whose arrays are never written in place.
    key = (params.lapse, params.space, params.seen, params.broken)
    if _latest and _latest[0] is state.squares.gram and _latest[1] == key:
        found: tuple[Generator, metric.Noise, metric.Tensor, Array] = _latest[2]
        return found
    drift = _drift(state, params)
    curved = params.space == "curved"
    C = metric.noise(state.squares, drift) if curved else metric.constant(drift)
    closure = np.clip(fit(state.moments).closure, -9.0, 1.0)
    found = drift, C, metric.tensor(drift, C, _places(params.degree, None, curved), params.lapse), closure
    _latest[:] = [state.squares.gram, key, found]
    return found


def _errors(seen: metric.Tensor, state: MetricState, params: MetricParams) -> tuple[float, float]:
    """Stated and, on a linear network, true rms error of R over the map, over its rms."""
    (R, error), true = seen.scalar(), 6.0 * float(state.told[0]) ** 2 / params.lapse
    size = max(float(np.sqrt((R**2).mean())), 1e-12)
    off = float(np.sqrt(((R - true) ** 2).mean())) / true if state.specimen.world is None else 0.0
    return float(np.sqrt((error**2).mean())) / size, off


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "map": Plane("Curvature", "R S over the square; grey: not resolved; ring: X*",
                 Axis("X¹", -0.375, 0.375), Axis("X²", -0.375, 0.375), square=True),
    "cones": Plane("Metric", "where light is after one tick",
                   Axis("X¹", -0.45, 0.45), Axis("X²", -0.45, 0.45), square=True),
    "profile": Plane("Is it de Sitter space?", "H and −θ/2 round the centre; both are λ in de Sitter space",
                     Axis("|X|", 0, 0.45), Axis("H", -0.05, 0.35, "1/tick"), empty="Nothing is resolved yet."),
    "errors": Plane("What samples buy", "error of R, stated and true; dashed: as 1/√n",
                    Axis("log₁₀ n", 2.5, 7.5, "samples"), Axis("log₁₀ σ/R", -4, 2)),
}  # fmt: skip
EXTENT = (-0.375, 0.375, -0.375, 0.375)


def observe(state: MetricState, params: MetricParams) -> Mapping[str, Observable]:
    drift, C, seen, closure = _measured(state, params)
    cones, top = metric.light(drift, C, params.lapse, EVENTS), _top(params)
    shift = np.where(cones.resolved[:, None], np.clip(cones.drift, -1.0, 1.0), 0.0)
    R = np.clip(seen.R[0] * params.lapse, -top, top).reshape(SIDE, SIDE)
    x, y = params.here
    tapped = _places(params.degree, params.here, params.space == "curved")
    at, at_error = metric.tensor(drift, C, tapped, params.lapse).scalar()
    G = _value(*jackknife(seen.einstein[:, :, 0, 0] @ SHARE[0]))
    H, low, high, theta, shown = _profile(seen, params.lapse)
    lines = [[(r, a), (r, b)] for r, a, b in zip(RADII[shown], low[shown], high[shown], strict=True)]
    n, stated, true = state.past[state.past[:, 0] > 0.0].T
    rows = np.stack([stated, true] if state.specimen.world is None else [stated])
    names = ("stated", "true")[: len(rows)]
    own = 2.0 * params.activation_noise**2 / state.specimen.network.N
    return {
        "R": Field("map", R, EXTENT, (-top, top), "R S", "tick⁻²", signed=True,
                   resolved=seen.resolved.reshape(SIDE, SIDE)),
        "here": Cloud("map", np.array([[x, y]]), 1, "X*", role="tracer"),
        "at": Scalar(_finite(at[0]), "R(X*)", error=_finite(2.0 * at_error[0]), plane="map"),
        "cones": MetricField("cones", cones.at, shift, np.clip(cones.radius, -1.0, 1.0), cones.resolved),
        "noise": Scalar(_finite(0.5 * np.trace(C([(x, y)])[0]) / own), "C(X*) N/2η²", plane="cones"),
        "H": Series("profile", RADII[shown], np.stack([H[shown], theta[shown]]), ("H", "−θ/2"), ("net", "ink")),
        "bars": Paths.of("profile", lines, "contour"),
        "energy": Scalar(G[0], "G_nn(0)", error=G[1], plane="profile"),
        "error": Series("errors", np.log10(n), _log(rows), names, ("ink", "net")[: len(rows)]),
        "closure": Scalar(float(closure[0]), "closure", plane="errors"),
    }  # fmt: skip


def _top(params: MetricParams) -> float:
    return 0.25 if params.network == "trained" else 12.0 * params.contraction**2


def _finite(x: float) -> float:
    return float(np.clip(np.nan_to_num(x), -99.0, 99.0))


def _value(value: Array, error: Array) -> tuple[float, float]:
    return _finite(float(value)), _finite(2.0 * float(error))


def _log(x: Array) -> Array:
    return np.clip(np.log10(np.maximum(x, 1e-9)), -4.0, 2.0)


def _rate(R: Array, S: float) -> Array:
    """H = ±√(|R| S/6)."""
    out: Array = np.clip(np.sign(R) * np.sqrt(np.abs(R) * S / 6.0), -0.05, 0.35)
    return out


def _profile(seen: metric.Tensor, S: float) -> tuple[Array, Array, Array, Array, Array]:
    """H round the centre at RADII, its lower and upper end, −θ/2, and where R is resolved there."""
    R, error = jackknife(seen.R @ SHARE.T)
    known = (SHARE[:, ~seen.known] == 0.0).all(axis=1)
    size = math.sqrt(max(float((R**2 - error**2).mean()), 0.0))
    shown = known & (2.0 * error < np.maximum(np.abs(R), size))
    theta = np.clip(-0.5 * (SHARE @ seen.expansion[0]), -0.05, 0.35)
    return _rate(R, S), _rate(R - 2.0 * error, S), _rate(R + 2.0 * error, S), theta, shown


# -- what theory says -------------------------------------------------------------------------------------------------


def theory(state: MetricState, params: MetricParams) -> Mapping[str, Observable]:
    """De Sitter space with λ and ω of the weights and the neurons' own noise, never told of saboteurs."""
    rate, turn = (float(v) for v in state.told)
    n, stated, _ = state.past[state.past[:, 0] > 0.0].T
    drift = -rate * EVENTS + turn * np.stack([-EVENTS[:, 1], EVENTS[:, 0]], axis=-1)
    size = math.sqrt(2.0 * params.lapse * params.activation_noise**2 / len(state.x[0]))
    radius = np.broadcast_to(size * np.eye(2), (len(EVENTS), 2, 2))
    fine = np.linspace(0.0, 0.45, 2)
    return {
        "at": Scalar(6.0 * rate**2 / params.lapse, "R(X*)", plane="map"),
        "cones": MetricField("cones", EVENTS, drift, radius, np.ones(len(EVENTS), bool)),
        "H": Series("profile", fine, np.full((1, 2), np.clip(rate, -0.05, 0.35)), ("λ of the weights",)),
        "energy": Scalar(rate**2 / params.lapse, "G_nn(0)", plane="profile"),
        "error": Series("errors", np.log10(n), _log(stated[-1:] * np.sqrt(n[-1:] / n))[None], ("1/√n",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

PURE = {"network": "linear"}
TURNING = {"network": "linear", "rotation": 0.2}
CLAIMS = (
    Claim("de-sitter", "A linear network is de Sitter space: R = 6 λ²/S.", "derived", "RS/6λ²", 1.0, (0.95, 1.05),
          "holds", "20 seeds, mean over the map from steps alone: .989 to 1.011, each ± .010 to .022. With all neurons "
          "seen: 1.000.", at=PURE),
    Claim("rotation", "A rotation of X does not curve.", "derived", "ΔRS/6ω²", 0.0, (-0.03, 0.03), "holds",
          "20 seeds, ω = .2: −.005 to .006, each ± .003 to .009. A step taken for a velocity would give .07.",
          at=TURNING),
    Claim("uniform", "A trained network is de Sitter space, too: R at the rim is R at the centre.",
          "2111.00903 §6", "ΔR/R", 0.0, (-0.2, 0.2), "fails",
          "20 seeds: 1.36 to 1.37. R is .15 beyond .3 and .005 within .1 of the centre; contraction triples by .27."),
    Claim("flat", "Its space is flat: C at the rim is C at the centre.", "2111.00903 §6", "ΔC/C", 0.0, (-0.03, 0.03),
          "fails", "20 seeds: .088 to .105. What X does not resolve adds 8 % to C at the centre, and along the radius "
          "20 % at .35."),
    Claim("closed", "Its X is closed: it says how all neurons drift on average.", "2111.00903 §6", "closure", 1.0,
          (0.99, 1.01), "fails",
          "20 seeds: .9876 to .9877. Most of the drift is rotation, which X knows; of 8 neurons: .93."),
    Claim("structure", "R has a shape: every group of copies draws the same map.", "2111.00903 §6", "correlation", 1.0,
          (0.9, 1.0), "holds",
          "20 seeds: .990 to .996; random maps as smooth as this one reach .91 to .93, pixels in random order .12."),
)  # fmt: skip
DE_SITTER, ROTATION, UNIFORM, FLAT, CLOSED, STRUCTURE = CLAIMS


def verdict(state: MetricState, params: MetricParams) -> tuple[Verdict, ...]:
    """One verdict per claim from everything seen since a knob of the copies was turned."""
    _, C, seen, closures = _measured(state, params)
    curved = _places(params.degree, None, params.space == "curved").noise[0]
    rate, turn = (float(v) for v in state.told)
    n = int(state.moments.samples)
    known = int(seen.known.sum())
    waiting = "" if known == len(MAP) else f"Of {len(MAP)} places {known} are known so far."
    written = "" if state.specimen.world is None else "This network is a trained one."
    mean, error = _judged(seen.R.mean(axis=1) * params.lapse)
    rows = curved @ C.coefficients
    size = rows[..., 0] + rows[..., 2]
    closure, doubt = _judged(closures)
    same, spread = metric.repeats(seen.R)
    chance = metric.by_chance(seen.R[0], SMOOTH(MAP), DEGREES)
    if known < len(MAP) or not math.isfinite(same):
        same, spread = math.nan, math.inf
    part = 1.0 / (6.0 * turn**2) if turn else 0.0
    told = f"From {n} samples, in eight groups of copies."
    return (
        judge(DE_SITTER, mean / (6.0 * rate**2), error / (6.0 * rate**2), told, waiting=waiting, outside=written),
        judge(ROTATION, (mean - 6.0 * rate**2) * part, error * part, told,
              waiting=waiting, outside=written or ("" if turn else "This network does not turn.")),
        judge(UNIFORM, *_judged(_contrast(seen.R)), told, null=0.0, waiting=waiting),
        judge(FLAT, *_judged(_contrast(size)), told, null=0.0, waiting=waiting,
              outside="" if params.space == "curved" else "C is taken as constant."),
        judge(CLOSED, closure, doubt, f"Share of the variance of the drift that X explains; {n} samples.",
              waiting=waiting),
        judge(STRUCTURE, same, spread, "Each group against the seven others; the null is that of smooth random maps.",
              null=chance, waiting=waiting, band=(chance, 1.0)),
    )  # fmt: skip


def _judged(rows: Array) -> tuple[float, float]:
    """Value and 95 % half-width of what was computed from every row."""
    value, error = jackknife(rows)
    return float(value), T95 * float(error)


def _contrast(f: Array) -> Array:
    """(rim − centre)/rms of the two, for every row of f: (rows, places)."""
    rim, middle = f[:, FAR > RIM].mean(axis=1), f[:, FAR < MIDDLE].mean(axis=1)
    out: Array = (rim - middle) / np.maximum(np.sqrt(0.5 * (rim**2 + middle**2)), 1e-30)
    return out


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: MetricParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    n = 2 * params.neurons_per_half
    C = {"2η²/N": f"{2.0 * params.activation_noise**2 / n:.2g} per tick"}
    bent = {"6λ²/S": f"{6.0 * params.contraction**2 / params.lapse:.3g}"} if params.network == "linear" else {}
    return C | bent


EXPERIMENT = Experiment(
    slug="metric",
    title="Emergent metric",
    group="space-time",
    question="In what curved space-time do the neurons of a network live?",
    formula=r"ds^2=-S\,dt^2+h_{ij}(dX^i-v^i dt)(dX^j-v^j dt),\qquad h=C^{-1},\qquad R=\frac{6\lambda^2}{S}",
    sources=("2111.00903", "derived"),
    by_hand="S as one number; the split into halves; the linear network",
    emergent="v and C from steps, and with them the metric, its curvature, its errors and its closure",
    params=MetricParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("A trained network", "Grey gives way to a map: R grows thirtyfold from the centre to the rim, so this "
               "is no de Sitter space.", {}),
        Preset("De Sitter space", "A linear network: the same R everywhere, and ink lies on its ghost λ.", PURE),
        Preset("Rotation does not curve", "The cones are dragged round, and H stays λ.", TURNING),
        Preset("All neurons seen", "The mean next step is known exactly: the error starts a hundred times smaller.",
               {"seen": "neurons"}),
        Preset("One long walk", "Copies that are never launched again gather at the centre. There R is 6 λ²/S; the "
               "corners stay grey.", {"launch": "walk", "network": "linear", "degree": 3, "contraction": 0.2}),
        Preset("Eight neurons", "X hardly closes: look at the closure.", {"neurons_per_half": 4}),
        Preset("Slow contraction", "λ = .03: R is eleven times smaller, and samples hardly resolve it.",
               {"network": "linear", "contraction": 0.03}),
        Preset("Shuffled increments", "Every step is booked to another state: no drift, no curvature.",
               PURE | {"broken": "shuffled-increments"}),
    ),
    stride=TICKS,
    verify_steps=600,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    time_unit="ticks",
    calibrations=("drift-linear", "noise-linear", "closure", "de-sitter", "sphere-seen", "over-copies"),
)  # fmt: skip
