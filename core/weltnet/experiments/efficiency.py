"""Which architecture learns: does the curvature of a network at birth say how fast it will learn?

*Claim.* The Laplacian of the free energy ranks architectures: the larger it is, the faster one learns. [2004.09280 §8]
*Conventions.* Networks of depth 1 … 6 with as many weights as one another, P, and one width for all hidden layers read
digits: tanh, boundary loss ½|h − y|², plain SGD at γ with minibatches of B. Speed at a horizon is less the loss there,

    ρ(t_G, t_h) = rank correlation over all networks of Σ_o |∂h_o/∂q|² at step t_G with −H at step t_h.

The trace of the Gauss–Newton matrix, Σ_o |∂h_o/∂q|² as a mean over images, is the Laplacian where the loss is fitted:
∇²H = Σ_o |∂h_o/∂q|² + Σ_o (h_o − y_o) ∇²h_o. At birth the second part makes the Hessian indefinite, and random
probes of its trace tell nothing (a prototype: 2.7 ± 5.8 for 6.9); the first is exact and cheap, and is taken here.
A *heat* is one network of each depth on the same minibatches; heats are independent, and error bars leave each out in
turn. After 400 steps all networks begin anew from other weights.
*Put in by hand.* The data, the widths, γ, B and where the clock is stopped.
*What would refute it.* One sign of ρ at all horizons, above .4, would bear the claim out; ρ > .4 at 50 steps and < −.4
at 400 refutes it: who is ahead depends on when one looks. Depth goes along with both and ranks better than the trace;
at fixed depth the trace at birth ranks nobody, and 100 steps later it has turned round itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators.ranks import over_pieces, pieces, ranked, within
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob, region
from weltnet.systems import depths
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "EfficiencyParams", "EfficiencyState"]

Array = NDArray[Any]

DEPTHS = (1, 2, 3, 4, 5, 6)
HEATS, WEIGHTS = 6, 24_000
"""Heats at once, and weights of each depth in all heats together, which leaves fewer of them to large networks."""
STRIDE, RACE = 5, 400
TIMES = np.arange(0, RACE + 1, STRIDE)
"""Steps at which losses are taken, that is horizons."""
GAP = 50
MEASURED = np.arange(0, RACE + 1, GAP)
"""Steps at which traces are taken."""
LATER = 2
"""Index of the trace that the one at birth is held against."""
PROBES, SEEN = 256, 40
"""Images for losses, and for traces."""
FIRST = 20 // STRIDE
"""Index of the first horizon at which a law is asked for."""
ENOUGH = 3
"""Heats that must have come to their end before anything is judged."""
KEPT = 60
"""Heats whose traces at birth and losses are kept, for what is asked at fixed depth."""
RANKED, MISFILED = range(2)
"""What is booked: ρ, and ρ with every trace filed under another depth."""
BY_DEPTH, BEYOND = len(MEASURED), len(MEASURED) + 1
"""Rows after those of traces: ρ of depth (less is faster), and what ρ of the trace at birth exceeds it by."""
ROWS, COLUMNS = len(MEASURED) + 2, len(TIMES) + len(MEASURED)


# -- parameters -------------------------------------------------------------------------------------------------------


class EfficiencyParams(Params):
    """The clock, the networks and how they learn."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("chosen-horizon", "a law is asked at every horizon", ("late", "law"), ("ranks", "map"),
                 watch="The clock is stopped once, where it suits: all is judged at the horizon that is set. At 50 "
                 "steps curvature now is a law, and nobody will ever be overtaken."),
        Saboteur("misfiled", "a trace and a loss are of one network", ("early", "late"), ("ranks", "points", "map"),
                 watch="Every trace is filed under another depth. What ranked at 50 steps ranks no more, nor does it "
                 "at 400: it was the networks and not the way of counting."),
    )  # fmt: skip

    horizon: int = knob(
        50, 10, RACE, symbol="t_h", unit="steps", group="Clock",
        meaning="step at which the clock is stopped and losses are compared; a tap on the first picture sets it",
        equation="speed = −H(t_h)",
    )  # fmt: skip
    place: tuple[float, float, float, float] | None = region(
        -1.0, RACE, plane="ranks", symbol="t_h", meaning="tap where the clock shall be stopped", group="Clock",
    )  # fmt: skip
    learning_rate: float = knob(
        0.15, 0.005, 0.6, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="learning rate; all networks begin anew when it is turned. Large ones bear less",
        equation="q ← q − γ ∂H/∂q",
    )  # fmt: skip
    batch: int = knob(
        64, 4, 128, symbol="B", unit="images", group="Learning", log=True,
        meaning="images in a minibatch; all networks begin anew when it is turned",
    )  # fmt: skip
    parameters: int = knob(
        4000, 1000, 71260, symbol="P", unit="weights", group="Networks", restarts=True, log=True,
        meaning="weights and biases of every network, up to 1024 neurons at depth 1",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class EfficiencyState:
    """All networks, their race so far, and what whole races have said.

    q: (heats, Σ P), depth by depth; losses: (times, depths, heats), traces: (measured, depths, heats), 0 where still to
    come; table: (2, 2, ROWS, COLUMNS), Σ and Σ² of pieces, see RANKED and BY_DEPTH; a column is a horizon or, beyond, a
    later trace; kept: (1 + times, depths, KEPT), ln of the trace at birth and of speeds, of heats that have ended.
    """

    seed: int
    step: int
    q: Array
    losses: Array
    traces: Array
    setting: str = ""
    race: int = 0
    at: int = 0
    """Steps into the race."""
    count: int = 0
    """Heats that have come to their end."""
    failed: int = 0
    """Networks among them that have not taken half off their loss."""
    table: Array = field(default_factory=lambda: np.zeros((2, 2, ROWS, COLUMNS)))
    kept: Array = field(default_factory=lambda: np.zeros((1 + len(TIMES), len(DEPTHS), KEPT)))


def _setting(params: EfficiencyParams) -> str:
    return f"{params.learning_rate!r} {params.batch}"


def _plan(params: EfficiencyParams) -> depths.Plan:
    return depths.plan(params.parameters, DEPTHS)


def _heats(params: EfficiencyParams) -> int:
    return min(max(WEIGHTS // params.parameters, 1), HEATS)


def begin(params: EfficiencyParams, seed: int, report: Report) -> EfficiencyState:
    """Random networks."""
    report(0.0, "drawing six architectures")
    n = _heats(params)
    losses, traces = (np.zeros((len(times), len(DEPTHS), n)) for times in (TIMES, MEASURED))
    state = EfficiencyState(seed, 0, np.zeros((n, _plan(params)[-1][1].stop), np.float32), losses, traces)
    state.setting = _setting(params)
    _born(state, params)
    return state


def _born(state: EfficiencyState, params: EfficiencyParams) -> None:
    """A new race: other weights, and nothing known of them but what they are at birth."""
    state.at, state.losses[:], state.traces[:] = 0, 0.0, 0.0
    depths.born(state.q, _plan(params), state.seed, HEATS * state.race)
    _look(state, params)


def _look(state: EfficiencyState, params: EfficiencyParams) -> None:
    """Take the losses, and the traces where it is time."""
    state.losses[state.at // STRIDE] = depths.losses(state.q, _plan(params), PROBES)
    if state.at % GAP == 0:
        state.traces[state.at // GAP] = depths.traces(state.q, _plan(params), SEEN)


def step(state: EfficiencyState, params: EfficiencyParams) -> None:
    """STRIDE minibatches, the same for all depths of a heat; after the last one the race is booked, then the next."""
    turned = state.setting != _setting(params)
    if turned:
        state.setting, state.count, state.failed = _setting(params), 0, 0
        state.table[:] = 0.0
    if turned or state.at == RACE:
        state.race += 1
        _born(state, params)
    else:
        depths.learn(
            state.q, _plan(params), rate=params.learning_rate, batch=params.batch, seed=state.seed,
            first=(RACE + 1) * state.race + state.at, steps=STRIDE,
        )  # fmt: skip
        state.at += STRIDE
        _look(state, params)
        if state.at == RACE:
            _book(state)
    state.step += STRIDE


def _book(state: EfficiencyState) -> None:
    """Enter a race that has come to its end."""
    for kind in (RANKED, MISFILED):
        found = _found(state, kind, apart=True)
        state.table[kind, 0] += found.sum(axis=0)
        state.table[kind, 1] += (found**2).sum(axis=0)
    places = (state.count + np.arange(len(state.q))) % KEPT
    state.kept[..., places] = np.concatenate([_filed(state, RANKED)[:1], _speeds(state)])
    state.count += len(state.q)
    state.failed += int((state.losses[-1] > 0.5 * state.losses[0]).sum())


# -- what is measured -------------------------------------------------------------------------------------------------


def _filed(state: EfficiencyState, kind: int) -> Array:
    """ln of the traces so far, under the networks whose they are; misfiled, each under another depth."""
    traces = np.log(np.maximum(state.traces[: state.at // GAP + 1], 1e-6))
    if kind == MISFILED:
        for heat in range(traces.shape[-1]):
            traces[..., heat] = np.roll(traces[..., heat], 1 + heat % (len(DEPTHS) - 1), axis=1)
    return traces


def _speeds(state: EfficiencyState) -> Array:
    """−ln of the losses so far."""
    out: Array = -np.log(np.maximum(state.losses[: state.at // STRIDE + 1], 1e-6))
    return out


def _found(state: EfficiencyState, kind: int, *, apart: bool) -> Array:
    """Correlations of the race so far, (1, ROWS, COLUMNS), or what each heat stands for in them; 0 is still to come."""
    traces, speeds = _filed(state, kind), _speeds(state)
    shallow = np.broadcast_to(-np.array(DEPTHS)[:, None], traces.shape[1:])[None]
    a, b = np.concatenate([traces, shallow]), np.concatenate([speeds, traces])
    found = pieces(ranked, a, b) if apart else ranked(a, b)[None]
    out = np.zeros((len(found), ROWS, COLUMNS))
    rows = [*range(len(traces)), BY_DEPTH]
    columns = [*range(len(speeds)), *range(len(TIMES), len(TIMES) + len(traces))]
    out[np.ix_(range(len(found)), rows, columns)] = found
    out[:, BEYOND] = out[:, 0] - out[:, BY_DEPTH]
    return out


def _filing(params: EfficiencyParams) -> int:
    return MISFILED if params.breaks("misfiled") else RANKED


def _mean(state: EfficiencyState, kind: int) -> tuple[Array, Array]:
    """Mean over all heats that have ended and its 95 % half-width: (ROWS, COLUMNS) each."""
    return over_pieces(state.count, *state.table[kind])


def _among(state: EfficiencyState, at: int) -> tuple[float, float]:
    """Correlation at fixed depth of the trace at birth with speed at a horizon, and its 95 % half-width."""
    these = state.kept[..., : state.count]
    apart = pieces(within, these[:1], these[1 + at : 2 + at])
    mean, half = over_pieces(len(apart), apart.sum(axis=0), (apart**2).sum(axis=0))
    return float(mean[0, 0]), float(half[0, 0])


def _at(horizon: int) -> int:
    """Index of the horizon that is nearest."""
    return round(horizon / STRIDE)


# -- what is seen -----------------------------------------------------------------------------------------------------

LOSSES = (-1.4, 0.6)
PLANES = {
    "ranks": Plane("Rank correlation with speed", "trace at birth; dashes: depth alone; tap to stop the clock",
                   Axis("t_h", 0, RACE, "steps"), Axis("ρ", -1, 1)),
    "curves": Plane("Loss of six depths", "mean over heats; the line is the horizon",
                    Axis("t", 0, RACE, "steps"), Axis("log₁₀ H", *LOSSES)),
    "points": Plane("Speed against trace at birth", "over their means; the line goes from depth 1, ringed, to 6",
                    Axis("log₁₀ tr G/⟨tr G⟩", -0.4, 0.4), Axis("log₁₀ ⟨H⟩/H", -0.4, 0.4)),
    "map": Plane("When measured, when seen", "ρ of the trace at t_G with speed at t_h",
                 Axis("t_G", -0.5 * GAP, RACE + 0.5 * GAP, "steps"), Axis("t_h", 0, RACE, "steps")),
}  # fmt: skip


def observe(state: EfficiencyState, params: EfficiencyParams) -> Mapping[str, Observable]:
    """ρ against the horizon, the race so far, its networks at the horizon, and ρ for all times of measurement."""
    kind, now, at = _filing(params), state.at // STRIDE + 1, _at(params.horizon)
    live = _found(state, kind, apart=False)[0]
    mean, error = (a[0, : len(TIMES)] for a in _mean(state, kind))
    t = TIMES if state.count else TIMES[:0]
    edges = [np.stack([t, np.clip(mean[: len(t)] + s * error[: len(t)], -1, 1)], axis=1) for s in (-1, 1)]
    curves = np.log10(np.clip(state.losses[:now].mean(axis=2), *10.0 ** np.array(LOSSES)))
    dots = _dots(state, kind, min(at, now - 1))
    line = dots.mean(axis=1)
    seen, resolved = _map(state, live, kind)
    reached = float(mean[at] if state.count else live[0, min(at, now - 1)])
    return {
        "level": Paths.of("ranks", [[(0, 0), (RACE, 0)], _clock(params, -1, 1)], "contour"),
        "band": Paths.of("ranks", edges if state.count > 1 else [], "contour"),
        "race": Series("ranks", TIMES[:now], live[:1, :now], ("this race",), ("ink",)),
        "ranks": Series("ranks", t, mean[None, : len(t)], ("all races",), ("net",)),
        "rho": Scalar(reached, "ρ(t_h)", plane="ranks"),
        "clock": Paths.of("curves", [_clock(params, *LOSSES)], "contour"),
        "curves": Series("curves", TIMES[:now], curves.T, NAMES, ("ink",) * len(NAMES)),
        "heats": Scalar(float(state.count), "heats", plane="curves"),
        "order": Paths.of("points", [line]),
        "networks": Cloud("points", dots.reshape(-1, 2), dots[..., 0].size, "tr G", kind="network"),
        "first": Cloud("points", line[:1], 1, "depth 1", "tracer"),
        "map": Field("map", seen, (-0.5 * GAP, RACE + 0.5 * GAP, -0.5 * STRIDE, RACE + 0.5 * STRIDE),
                     (-1.0, 1.0), "ρ", signed=True, resolved=resolved),
        "here": Paths.of("map", [_clock(params, -0.5 * GAP, RACE + 0.5 * GAP)[:, ::-1]], "contour"),
    }  # fmt: skip


NAMES = tuple(f"depth {k}" for k in DEPTHS)


def _clock(params: EfficiencyParams, low: float, high: float) -> Array:
    """The line at the horizon."""
    return np.array([(params.horizon, low), (params.horizon, high)])


def _dots(state: EfficiencyState, kind: int, at: int) -> Array:
    """Trace at birth and speed of every network of this race, over their means: (depths, heats, 2)."""
    traces, losses = np.exp(_filed(state, kind)[0]), np.exp(-_speeds(state)[at])
    out: Array = np.log10(np.stack([traces / traces.mean(), losses.mean() / losses], axis=-1))
    return np.clip(out, -0.4, 0.4)


def _map(state: EfficiencyState, live: Array, kind: int) -> tuple[Array, Array]:
    """ρ(t_G, t_h) of all races, this one as far as it goes, and where that is known."""
    heats = np.zeros((len(MEASURED), len(TIMES)))
    heats[: state.at // GAP + 1, : state.at // STRIDE + 1] = 0.0 if state.at == RACE else len(state.q)
    total = state.table[kind, 0, : len(MEASURED), : len(TIMES)] + heats * live[: len(MEASURED), : len(TIMES)]
    return np.clip(total / np.maximum(state.count + heats, 1), -1, 1), state.count + heats > 0


# -- what theory says -------------------------------------------------------------------------------------------------


def theory(state: EfficiencyState, params: EfficiencyParams) -> Mapping[str, Observable]:
    """What depth alone says, never told a trace."""
    mean = _mean(state, RANKED)[0][BY_DEPTH, : len(TIMES)]
    now = state.at // STRIDE + 1
    live = _found(state, RANKED, apart=False)[0, BY_DEPTH, :now]
    t, shown = (TIMES, mean) if state.count else (TIMES[:now], live)
    return {"ranks": Series("ranks", t, shown[None], ("depth",), ("ink",))}


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2004.09280 §8"
CLAIMS = (
    Claim("early", "More curvature at birth learns faster, at the horizon that is set.", SOURCE, "ρ(0, t_h)", 1.0,
          (0.4, 1.001), "holds", "20 seeds: .68 to .83, median .74, at 50 steps, γ = .15 and P = 4000. At γ = .3 it is "
          "−.17 ± .22 (seed 100): the rate turns it round, too."),
    Claim("late", "After 400 steps it has learned slower.", "derived", "ρ(0, 400)", -1.0, (-1.001, -0.4), "holds",
          "20 seeds: −.70 to −.52, median −.63. At γ = .05 or P = 1000 the turn comes after 400 steps (seed 100)."),
    Claim("law", "Curvature ranks architectures, whenever one looks.", SOURCE, "min ρ(0, t)", 1.0, (0.4, 1.001),
          "fails", "20 seeds: −.74 to −.58 at the worst of all horizons from 20 steps on; ρ is 0 near 190 steps."),
    Claim("readout", "Whenever it is measured, it ranks them alike.", "derived", "ρ(G₀, G₁₀₀)", 1.0, (0.4, 1.001),
          "fails", "20 seeds: −.72 to −.45. The trace at 100 steps ranks late speed as the one at birth does early."),
    Claim("within", "It ranks networks of one depth as well.", "derived", "r(0, t_h)", 1.0, (0.5, 1.001), "fails",
          "20 seeds: −.21 to .18, median −.01: at fixed depth it tells nothing. What ranks goes along with depth."),
    Claim("beyond", "It tells more than depth does.", "derived", "|ρ| − |ρ_d|", 0.07, (0.0, 2.0), "fails",
          "20 seeds: −.25 to −.12; depth alone, which needs no derivative, has .94 at 50 steps."),
)  # fmt: skip
EARLY, LATE, LAW, READOUT, AMONG, MORE = CLAIMS


def verdict(state: EfficiencyState, params: EfficiencyParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all heats that came to their end; each is a piece of its own for the error."""
    waiting = "" if state.count >= ENOUGH else f"{ENOUGH} heats must come to their end; {state.count} have."
    lost = state.failed / max(state.count * len(DEPTHS), 1)
    outside = f"{lost:.0%} of the networks learn nothing at this γ: what ranks is who does." if lost > 0.1 else ""
    at, end, here = _at(params.horizon), len(TIMES) - 1, f"{state.count} heats of six networks, "
    mean, error = _mean(state, _filing(params))
    among = (0.0, math.inf) if waiting else _among(state, at)
    last = at if params.breaks("chosen-horizon") else end
    worst = at if params.breaks("chosen-horizon") else FIRST + int(mean[0, FIRST : end + 1].argmin())
    again, depth = len(TIMES) + LATER, float(mean[BY_DEPTH, at])
    way = math.copysign(1.0, depth)
    given: tuple[tuple[Claim, float, float, str], ...] = (
        (EARLY, mean[0, at], error[0, at], f"{here}at {TIMES[at]} steps; the null is no relation."),
        (LATE, mean[0, last], error[0, last], f"{here}at {TIMES[last]} steps; the null is no relation."),
        (LAW, mean[0, worst], error[0, worst], f"{here}lowest at {TIMES[worst]} steps; the null is no relation."),
        (READOUT, mean[0, again], error[0, again], f"{here}the trace at birth with that at {MEASURED[LATER]} steps."),
        (AMONG, *among, f"{min(state.count, KEPT)} heats, each depth's mean taken off, at {TIMES[at]} steps."),
        (MORE, way * mean[BEYOND, at], error[BEYOND, at], f"{here}at {TIMES[at]} steps; depth has {depth:.2f}."),
    )  # fmt: skip
    best = {MORE.name: 1.0 - abs(depth)}
    return tuple(
        judge(claim, float(value), float(half), said, null=0.0, outside=outside, waiting=waiting,
              predicted=best.get(claim.name))
        for claim, value, half, said in given
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def settle(state: EfficiencyState, before: EfficiencyParams, wanted: EfficiencyParams) -> EfficiencyParams:
    """A tap on the first picture stops the clock there; the clock keeps to steps at which losses are taken."""
    x0, _, x1, _ = wanted.place or (float(wanted.horizon), 0.0, float(wanted.horizon), 0.0)
    horizon = min(max(STRIDE * _at(round(0.5 * (x0 + x1))), 10), RACE)
    return wanted.model_copy(update={"horizon": horizon, "place": None})


def derived(params: EfficiencyParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    widths = [w[1] for w, _ in _plan(params)]
    return {
        "n": f"{', '.join(map(str, widths))} neurons a layer at depth 1 to 6",
        "heats": f"{_heats(params)} at once",
        "N": f"{74 + widths[0]} neurons at depth 1",
    }


EXPERIMENT = Experiment(
    slug="efficiency",
    title="Which architecture learns",
    group="learning",
    question="Does the curvature of a network at birth say how fast it will learn?",
    formula=r"\rho\big(\nabla^2 F,\ \text{speed}\big)>0\ ?\qquad \nabla^2H=\sum_o|\partial_q h_o|^2+"
    r"\sum_o(h_o-y_o)\,\nabla^2h_o",
    sources=("2004.09280", "derived"),
    by_hand="digits, six depths with as many weights as one another, plain SGD, and where the clock is stopped",
    emergent="the traces, the losses, who is ahead and when; that the order turns round",
    params=EfficiencyParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Six depths race", "ρ is high at 50 steps and falls through zero near 200: the order turns round.", {}),
        Preset("The clock at 400", "The same races, stopped late: the slope of the dots is turned round.",
               {"horizon": 400}),
        Preset("Slow learners", "At γ = .05 ρ has only begun to fall by 400 steps: stop there, and it is a law.",
               {"learning_rate": 0.05}),
        Preset("Fast learners", "At γ = .3 large curvature is close to blowing up: ρ is never high.",
               {"learning_rate": 0.3}),
        Preset("A thousand weights", "Deep networks are too narrow to learn: ρ stays up to the end.",
               {"parameters": 1000}),
        Preset("A thousand neurons", "P = 71 260, up to 1024 neurons a network: the turn comes late, near 400 steps.",
               {"parameters": 71260, "learning_rate": 0.02}),
        Preset("Misfiled", "Every trace under another depth: nothing ranks, at any horizon.", {"broken": "misfiled"}),
    ),
    stride=STRIDE,
    verify_steps=4 * (RACE + STRIDE),
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    settle=settle,
    calibrations=("rank-planted", "rank-within"),
)  # fmt: skip
