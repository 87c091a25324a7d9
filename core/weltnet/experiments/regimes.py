"""Three regimes: which metric learns fastest depends on what is learned.

*Claim.* Learning follows −γ g⁻¹ ∂H with a metric g ∝ κ^α, κ the covariance of the noise in the gradient: α = 0 is plain
descent, α = 1 the natural gradient, and α = ½, of RMSProp and Adam, "efficient learning". [2504.14728, 2504.05279]
Asked here is which α learns best:

    p = (κ/⟨κ⟩ + ε)^−α/⟨·⟩,   q ← q − γ p ∂H,   κ ← β κ + (1 − β) cov ∂H of single samples.

*Conventions.* The map is of neurons with ten inputs, of variances from 1 to 1/c along axes nobody names, that learn a
teacher whose answers are off by σ = .3: loss above the least there is after 150 minibatches, in the mean of its
logarithm. Digits are read by networks 64–16–10 with a diagonal κ: loss on test images, the mean of minibatches 120 to
150. The race is of a neuron with two inputs. Every α is judged at the rate that was best for it in *other* lessons
(`estimators.crossfit`), of six on the map, from a fiftieth to four fifths of what blows it up, and of four for digits.
*Put in by hand.* The law itself, ε = .01 and that p has mean 1; what the teacher knows, alike along all axes, so that
directions that are hard to learn matter; the samples, which are the same for all α.
*What would refute it.* That one α is best everywhere is refuted: the worst place of each is far behind another α. That
½ is best on ill-conditioned inputs is, too: a prototype had it, with rates that ended at 1.5 where α = 1 needs 5. What
could fail of the rest: threefold gain at conditioning 1000, none on digits, a map that theory foretells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.crossfit import judged, lag, lowest
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.observables import Axis, Cloud, Field, MetricField, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob, region
from weltnet.systems import contests
from weltnet.systems.contests import ALPHAS, CONDITIONS, RACERS, READ, REGIMES, SHARES, TURN, Neurons, Race, Readers
from weltnet.theory.descent import expected
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "RegimesParams", "RegimesState"]

Array = NDArray[Any]

STRIDE, FRAMES, TAIL, GROUPS = 2, 50, 10, 6
"""Strides of a race per frame, frames of a lesson, of them judged on digits, and groups of lessons."""
STUDY = 3
"""Minibatches per frame of the neurons on the map, and of the readers of digits."""
FLOOR = 0.01
"""ε."""
LOG_C, HALVES, THOUSAND = np.log10(CONDITIONS), (0, 2, 4), 3
"""Rows of the map; where REGIMES are among ALPHAS; the row of conditioning 1000."""


class RegimesParams(Params):
    """The knobs of the metric, of what is learned, and of learning."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur(
            "other-conditioning", "conditioning is as named", ("threefold", "digits", "foretold"), ("map", "race"),
            watch="All inputs of the neurons are white now, and the digits' pixels uneven, from a tenth to ten. "
            "Up the map α no longer gains anything, and on digits α = 0 falls behind.",
        ),
        Saboteur(
            "strange-directions", "directions are κ's own", ("threefold", "foretold", "coordinates"), ("map", "race"),
            watch="κ keeps its sizes, but its directions are now turned into others. Metrics stretch steps where "
            "nothing is steep: the more α, the worse, and paths depend on coordinates.",
        ),
    )  # fmt: skip

    alpha: float = knob(
        0.5, 0.0, 1.0, symbol="α", group="Metric",
        meaning="exponent of the metric of the sixth racer, and of one more reader of digits", equation="g ∝ κ^α",
    )  # fmt: skip
    moment: Literal["noise", "gradient"] = choice(
        "noise", symbol="κ", group="Metric",
        meaning="whether κ is the covariance of single samples' gradients, or the square of their mean, as in Adam",
    )  # fmt: skip
    memory: float = knob(
        0.95, 0.5, 0.99, symbol="β", group="Metric",
        meaning="memory of κ: its share that is kept from step to step", equation="κ ← β κ + (1 − β) κ_now",
    )  # fmt: skip
    conditioning: float = knob(
        100.0, 1.0, 1e4, symbol="c", group="Lesson", log=True,
        meaning="largest over smallest variance of the inputs in the race",
    )  # fmt: skip
    cell: tuple[float, float, float, float] | None = region(
        0.0, 4.0, plane="map", symbol="α×c", group="Lesson",
        meaning="a place on the map, whose α and c the race then has: a tap",
    )  # fmt: skip
    teacher: Literal["answers", "weights"] = choice(
        "answers", symbol="w*", group="Lesson",
        meaning="whether the teacher's knowledge is spread evenly over its answers, or over its weights",
    )  # fmt: skip
    learning_rate: float = knob(
        1.0, 0.25, 4.0, symbol="γ/γ₀", group="Learning", log=True,
        meaning="factor of all rates, of which each network has the best of a few",
    )  # fmt: skip
    batch: int = knob(
        32, 4, 128, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step; κ is seen in them, and they make noise",
    )  # fmt: skip

    @property
    def terms(self) -> contests.Terms:
        """What all networks are told."""
        return contests.Terms(
            self.learning_rate, self.batch, self.memory, "samples" if self.moment == "noise" else "batches",
            self.teacher, self.breaks("other-conditioning"), self.breaks("strange-directions"),
        )  # fmt: skip

    @property
    def hidden(self) -> float:
        """The conditioning that inputs in the race really have."""
        return 1.0 if self.breaks("other-conditioning") else self.conditioning


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class RegimesState:
    """A lesson of each kind, and what became of all lessons since a knob was turned; lesson n is of group n mod 6."""

    seed: int
    step: int
    frame: int
    """Of this lesson."""
    told: Array
    """The knobs of these lessons, as numbers."""
    neurons: Neurons
    readers: Readers
    race: Race
    reading: Array
    """(FRAMES + 1, 1 + regimes, rates): log₁₀ of the loss on test images in this lesson."""
    racing: Array
    """(FRAMES + 1, 6): the same in this race."""
    trail: Array
    """(FRAMES + 1, 6, 2)."""
    apart: Array
    """(2,): how far `natural` and α were, at most, from where they were in other coordinates, in this race."""
    count: Array
    """(GROUPS,): lessons."""
    heights: Array
    """(GROUPS, alphas, conditions, rates): sums of log₁₀ of what the loss is above the least."""
    reads: Array
    """(GROUPS, 1 + regimes, rates): of the loss on test images."""
    ends: Array
    """(GROUPS, 6): of the racers' loss."""
    turned: Array
    """(GROUPS, 2): of `apart`."""


def begin(params: RegimesParams, seed: int, report: Report) -> RegimesState:
    """The first lesson."""
    report(0.0, "six optimizers try their rates")
    contests.paces(params.terms, params.alpha, params.hidden, FRAMES * STRIDE)
    shape = (len(ALPHAS), len(CONDITIONS), len(SHARES))
    reads = (len(REGIMES) + 1, len(READ))
    state = RegimesState(
        seed, 0, 0, _told(params), contests.neurons(seed, 0), contests.readers(seed, 0), contests.race(seed, 0),
        np.zeros((FRAMES + 1, *reads)), np.zeros((FRAMES + 1, 6)), np.zeros((FRAMES + 1, 6, 2)), np.zeros(2),
        np.zeros(GROUPS), np.zeros((GROUPS, *shape)), np.zeros((GROUPS, *reads)), np.zeros((GROUPS, 6)),
        np.zeros((GROUPS, 2)),
    )  # fmt: skip
    _note(state, params)
    return state


def _told(p: RegimesParams) -> Array:
    t = p.terms
    return np.array([t.rate, t.batch, t.beta, t.of == "samples", t.teacher == "answers", t.other, t.strange], float)


def settle(state: RegimesState, before: RegimesParams, wanted: RegimesParams) -> RegimesParams:
    """A tap on the map turns α and the race's conditioning; turning either leaves the place that was tapped."""
    if wanted.cell is None:
        return wanted
    if wanted.cell == before.cell and (wanted.alpha, wanted.conditioning) != (before.alpha, before.conditioning):
        return wanted.model_copy(update={"cell": None})
    x0, y0, x1, y1 = wanted.cell
    place = {"alpha": min(round(0.5 * (x0 + x1), 3), 1.0), "conditioning": round(10 ** (0.5 * (y0 + y1)), 3)}
    return wanted.model_copy(update=place)


def step(state: RegimesState, params: RegimesParams) -> None:
    """All networks go on; a lesson that is over is booked, and the next begins from other starts, with other data."""
    terms, told = params.terms, _told(params)
    changed = not np.array_equal(told, state.told)
    if changed:
        state.told = told
        for sums in (state.count, state.heights, state.reads, state.ends, state.turned):
            sums[:] = 0.0
    if changed or state.frame == FRAMES:
        _next(state, params)
    contests.study(state.neurons, terms, STUDY, FRAMES * STUDY)
    contests.read(state.readers, terms, params.alpha, STUDY, FRAMES * STUDY)
    contests.run(state.race, terms, params.alpha, params.hidden, STRIDE, FRAMES * STRIDE)
    state.frame += 1
    state.step += STRIDE
    _note(state, params)
    if state.frame == FRAMES:
        _book(state, params)


def _next(state: RegimesState, params: RegimesParams) -> None:
    number = state.race.number + 1
    state.neurons = contests.neurons(state.seed, number)
    state.readers, state.race = contests.readers(state.seed, number), contests.race(state.seed, number)
    state.frame, state.apart = 0, np.zeros(2)
    _note(state, params)


def _note(state: RegimesState, params: RegimesParams) -> None:
    """Enter where everyone is now."""
    race, at = state.race, state.frame
    state.reading[at] = contests.read_loss(state.readers, params.terms)
    state.racing[at] = np.log10(np.clip(contests.excess(race.q[:6], params.hidden), 1e-9, 1e2))
    state.trail[at] = race.q[:6]
    off = np.abs(race.q[4:6] - race.q[6:] @ contests.SHEAR.T).max(axis=1)
    state.apart = np.maximum(state.apart, off)


def _book(state: RegimesState, params: RegimesParams) -> None:
    group = state.race.number % GROUPS
    state.count[group] += 1.0
    state.heights[group] += contests.height(state.neurons, params.terms)
    state.reads[group] += state.reading[-TAIL:].mean(axis=0)
    state.ends[group] += state.racing[-TAIL:].mean(axis=0)
    state.turned[group] += state.apart


# -- what is seen -----------------------------------------------------------------------------------------------------

SIZE, RADIUS = 1.25, 0.12
PLANES = {
    "race": Plane("A race of two weights", "bold: α; ellipses: what one step reaches",
                  Axis("q₁", -SIZE, SIZE), Axis("q₂", -SIZE, SIZE), square=True),
    "map": Plane("Loss by metric and conditioning", "bold: best α so far; thin: now; tap to race there",
                 Axis("α", 0, 1), Axis("log₁₀ c", 0, 4)),
    "losses": Plane("Loss of the racers", "this race; dots: mean of all",
                    Axis("minibatches", 0, STRIDE * FRAMES), Axis("log₁₀ loss", -6, 1)),
    "digits": Plane("Reading digits", "test loss by α; dots: mean of all",
                    Axis("minibatches", 0, STUDY * FRAMES), Axis("log₁₀ loss", -0.9, 0.7)),
}  # fmt: skip


def observe(state: RegimesState, params: RegimesParams) -> Mapping[str, Observable]:
    """The map so far, the race with its metrics, and the losses of racers and of readers."""
    now = contests.height(state.neurons, params.terms).min(axis=-1)
    found = _found(state)[0]
    so_far = found.mean(axis=0) if len(found) else now
    kept = slice(0, state.frame + 1)
    trails = np.clip(state.trail[kept], -SIZE, SIZE).swapaxes(0, 1)
    L = RADIUS * contests.shapes(state.race, params.terms, params.alpha)
    ends, readers = _means(state)
    return {
        "map": Field("map", so_far, (-0.125, 1.125, -0.5, 4.5), (-3.8, 0.3), "log₁₀ loss"),
        "now": Paths.of("map", [np.stack([lowest(np.array(ALPHAS), now.T), LOG_C], axis=1)]),
        "best": Paths.of("map", [np.stack([lowest(np.array(ALPHAS), so_far.T), LOG_C], axis=1)], "geodesic"),
        "tapped": Cloud("map", np.array([[params.alpha, np.log10(params.conditioning)]]), 1, "α, c", role="tracer"),
        "gain": Scalar(10 ** float(so_far[2, THOUSAND] - so_far[0, THOUSAND]), "½ over 0 at c = 1000", plane="map"),
        "levels": Paths.of("race", _levels(params.hidden), "contour"),
        "trails": Paths.of("race", list(trails[:5])),
        "own": Paths.of("race", [trails[5]], "geodesic"),
        "metrics": MetricField("race", trails[:, -1], np.zeros((6, 2)), L, np.ones(6, dtype=bool)),
        "apart": Scalar(float(state.apart[0]), "natural, apart", plane="race"),
        "losses": Series("losses", STRIDE * np.arange(state.frame + 1.0), np.clip(state.racing[kept], -6, 1).T,
                         RACERS, ("ink",) * 5 + ("net",)),
        "ends": Cloud("losses", ends, len(ends), "mean"),
        "digits": Series("digits", STUDY * np.arange(state.frame + 1.0), np.clip(_reading(state)[kept], -0.9, 0.7).T,
                         ("α = 0", "½", "1", "dial"), ("ink", "ink", "ink", "net")),
        "read": Cloud("digits", readers, len(readers), "mean"),
        "ratio": Scalar(float(10 ** (readers[1, 1] - readers[0, 1])), "½ over 0", plane="digits"),
    }  # fmt: skip


def _found(state: RegimesState) -> tuple[Array, Array]:
    """Of the map (groups, alphas, conditions) and digits (groups, 1 + regimes), at rates best in other lessons."""
    return judged(state.heights, state.count), judged(state.reads, state.count)


def _reading(state: RegimesState) -> Array:
    """(FRAMES + 1, 1 + regimes), at the rate that was best so far."""
    sums = state.reads.sum(axis=0) if state.count.any() else state.reading[state.frame]
    out: Array = np.take_along_axis(state.reading, sums.argmin(axis=-1)[None, :, None], axis=-1)[..., 0]
    return out


def _means(state: RegimesState) -> tuple[Array, Array]:
    """Mean ends of racers and of readers as points at the right; of this lesson while there is no other."""
    n = state.count.sum()
    racing = state.ends.sum(axis=0) / n if n else state.racing[state.frame]
    found = _found(state)[1]
    reading = found.mean(axis=0) if len(found) else _reading(state)[state.frame]
    return (
        np.stack([np.full(6, 0.99 * STRIDE * FRAMES), np.clip(racing, -6, 1)], axis=1),
        np.stack([np.full(len(reading), 0.99 * STUDY * FRAMES), np.clip(reading, -0.9, 0.7)], axis=1),
    )


def _levels(conditioning: float) -> list[Array]:
    """Where the loss of the race is a power of ten, within the picture."""
    turn = np.linspace(0.0, 2.0 * np.pi, 721)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    out = []
    for level in 10.0 ** np.arange(-4, 3):
        line = circle * np.sqrt(2.0 * level / contests.valley(conditioning)) @ TURN.T
        inside = np.abs(line).max(axis=1) <= SIZE
        cuts = np.flatnonzero(np.diff(inside.astype(int))) + 1
        out += [part for part in np.split(line, cuts) if len(part) > 1 and np.abs(part).max() <= SIZE]
    return out


# -- what theory says -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _foretold(terms: contests.Terms) -> Array:
    """(alphas, conditions): log₁₀ of the loss above the least, at the best rate; never told of saboteurs."""
    told = terms._replace(other=False, strange=False, of="samples")
    h = contests.spectrum(CONDITIONS, contests.INPUTS)[:, None]
    d2 = 1.0 / h if told.teacher == "answers" else np.ones_like(h)
    loss = expected(
        h, d2, np.array(ALPHAS)[:, None, None], contests.rates(told), STUDY * FRAMES,
        batch=told.batch, beta=told.beta, noise=contests.NOISE, floor=FLOOR,
    )[-1]  # fmt: skip
    best: Array = np.log10(np.clip(loss, 1e-9, 1e2)).min(axis=-1)
    return best


@lru_cache(maxsize=16)
def _expected_race(terms: contests.Terms, alpha: float, conditioning: float, q1: float, q2: float) -> Array:
    """log₁₀ of the loss of the sixth racer from (q1, q2), after every minibatch."""
    pace = terms.rate * contests.paces(terms, alpha, conditioning, FRAMES * STRIDE)[5]
    loss = expected(
        contests.valley(conditioning), (np.array([q1, q2]) @ TURN) ** 2, alpha, pace, STRIDE * FRAMES,
        batch=terms.batch, beta=terms.beta, noise=contests.BLUR, floor=FLOOR,
    )  # fmt: skip
    out: Array = np.clip(np.log10(np.maximum(loss, 1e-9)), -6, 1)
    return out


def theory(state: RegimesState, params: RegimesParams) -> Mapping[str, Observable]:
    """The best α at each conditioning, and the loss of the sixth racer, in the mean over minibatches."""
    best = lowest(np.array(ALPHAS), _foretold(params.terms).T)
    curve = _expected_race(params.terms, params.alpha, params.conditioning, *state.trail[0, 5])
    return {
        "best": Paths.of("map", [np.stack([best, LOG_C], axis=1)], "geodesic"),
        "losses": Series("losses", np.arange(len(curve), dtype=float), curve[None], ("α",)),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2504.14728"
CLAIMS = (
    Claim("half", "α = ½ learns best wherever one looks.", SOURCE, "log₁₀ L(½)/L(best)", 0.0, (-0.02, 0.02), "fails",
          "20 seeds: 1.60 to 2.01: at conditioning 10⁴ it leaves a hundred times what α = 1 leaves."),
    Claim("one", "One of the three regimes is best everywhere.", SOURCE, "log₁₀ L/L(best)", 0.0, (-0.02, 0.02),
          "fails", "20 seeds: .11 to .26. α = 1 is best on uneven inputs, and the worst on digits, by half; on white "
          "inputs all are alike."),
    Claim("threefold", "At conditioning 1000, ½ beats 0 threefold.", "derived", "log₁₀ L(½)/L(0)", -2.0,
          (-4.0, -0.477), "holds", "20 seeds: −2.27 to −1.54, a hundredth of the loss; α = 1 leaves a tenth of that. "
          "With rates that end at 1.5 ½ is the best, as a prototype found: .072, .007, .086 (seeds 100 to 103)."),
    Claim("digits", "On digits ½ gains nothing.", "derived", "log₁₀ L(½)/L(0)", 0.0, (-0.07, 0.5), "holds",
          "20 seeds: −.01 to .08, it leaves 7 % more; with uneven pixels it gains a third. With the κ of Adam it gains "
          "a quarter as they are: what κ is of decides, too."),
    Claim("coordinates", "The natural gradient does not depend on coordinates.", "2504.05279", "|q − A r|", 0.0,
          (-1e-8, 1e-8), "holds", "20 seeds: below 2e-14; α = ½ is off by .2."),
    Claim("foretold", "Conditioning alone foretells the map.", "derived", "⟨|log₁₀ L/L_th|⟩", 0.0, (0.0, 0.5), "holds",
          "20 seeds: .10 to .20 of a decade, over four decades; .9 and more when broken."),
)  # fmt: skip
HALF, ONE, THREEFOLD, DIGITS, COORDINATES, FORETOLD = CLAIMS


def verdict(state: RegimesState, params: RegimesParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all lessons since a knob was turned; error bars are over six groups of lessons."""
    n = int(state.count.sum())
    waiting = "" if state.count.all() else f"Needs {GROUPS} lessons of {FRAMES * STRIDE} steps; {n} are over."
    found, digits = _found(state)
    crowd = f"{n} lessons" if n != 1 else "1 lesson"
    tasks = np.concatenate([found[:, HALVES], digits[:, :3, None]], axis=2)
    behind, nobody = lag(tasks, 1), lag(tasks)
    gain = found[:, 2, THOUSAND] - found[:, 0, THOUSAND]
    half = digits[:, 1] - digits[:, 0]
    off = np.abs(found - _foretold(params.terms)).mean(axis=(1, 2))
    turned = state.turned[state.count > 0] / state.count[state.count > 0, None]
    wrong = "" if params.moment == "noise" else "Theory is of the κ of noise."

    def said(claim: Claim, values: Array, sentence: str, **more: Any) -> Verdict:
        mean, error = (np.nan, np.inf) if waiting else mean_over_copies(values)
        return judge(claim, mean, error, f"{sentence}; {crowd}.", waiting=waiting, **more)

    return (
        said(HALF, behind, "Where it is furthest behind: digits and five conditionings, of 0, ½ and 1"),
        said(ONE, nobody, "The one that is least behind, where it is furthest behind"),
        said(THREEFOLD, gain, "Neurons with ten inputs, 150 minibatches", null=0.0),
        said(DIGITS, half, "Loss on test images of networks 64–16–10", null=-0.5),
        said(COORDINATES, turned[:, 0] if len(turned) else turned, "Races in two coordinates, at their furthest",
             null=float(turned[:, 1].mean()) if len(turned) else None),
        said(FORETOLD, off, "Five α by five conditionings, in decades", outside=wrong),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: RegimesParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    ways = contests.paces(params.terms, params.alpha, params.hidden, FRAMES * STRIDE)
    rates = (f"{name} {params.learning_rate * g:.2g}" for name, g in zip(RACERS, ways, strict=True))
    return {"γ in the race": ", ".join(rates)}


EXPERIMENT = Experiment(
    slug="regimes",
    title="Three regimes",
    group="learning",
    question="Is there one metric of the space of weights by which everything is learned fastest?",
    formula=r"\dot q=-\gamma\,g^{-1}\nabla H,\qquad g\propto\kappa^\alpha,\qquad\alpha=0,\ \tfrac12,\ 1",
    sources=("2504.14728", "2504.05279", "derived"),
    by_hand="the law g ∝ κ^α, ε, that p has mean 1; what teachers know; the rates to choose from",
    emergent="κ, from samples seen; the loss that networks reach by it, and so which α is best at what",
    params=RegimesParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Map and race", "The bold line leaves α = 0 once inputs are uneven; digits are read best without.", {}),
        Preset("As Adam does", "κ from the gradient itself: now the best α wanders from 0 to 1 with conditioning, and "
               "on digits ½ wins.", {"moment": "gradient"}),
        Preset("A steep valley", "Conditioning 1000: SGD is stuck on the floor, the natural gradient does not notice.",
               {"conditioning": 1000.0, "alpha": 1.0}),
        Preset("A round valley", "Conditioning 1: all ellipses are circles, and no metric gains anything.",
               {"conditioning": 1.0}),
        Preset("An easy teacher", "It knows little along small inputs: α matters a tenth as much.",
               {"teacher": "weights"}),
        Preset("Conditioning exchanged", "White inputs, uneven pixels: nobody wins on the map, and ½ on digits.",
               {"broken": "other-conditioning"}),
    ),
    stride=STRIDE,
    verify_steps=STRIDE * FRAMES * GROUPS,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    settle=settle,
    calibrations=("best-of-many", "over-copies"),
)  # fmt: skip
