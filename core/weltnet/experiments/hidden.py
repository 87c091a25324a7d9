"""Hidden variables: who knows the state of every network knows what it will do; who does not finds Born's frequencies.

Claim.   The evolution of a network, its data and hidden states given, is deterministic: learned again from the same
         stream it ends in the same weights, bit by bit. And of networks that follow a wave,

             dq/dt = v(q, t) = 2γ ∇F' = ħ Im ∇ψ/ψ,   p₀ = |ψ₀|²   ⇒   P(q₁ > 0) = ∫_{q₁>0} |ψ|² dq,   [2012.05082]

         which networks end on the right is decided by where they began, and can be said beforehand.

Conventions.   Above: small networks (`weltnet.systems.teachers`) learn by SGD with B = 1, three times from one start:
         twice from one stream of samples, once from another. Below: V = ½ (q₁² − 1.69)² + .8 q₂², γ = ½, ħ = .8; the
         wave is the ground state of the loss tilted to the left, and t = 6.6 is half of its way to the right valley. A
         step is .02. Replicas go by Heun's method (`guided.bohm`); a lattice of paths, integrated beforehand from the
         wave alone by another method with four times the step (`theory.paths`), says for any place where it will end.

Put in by hand.   The wave, which listens to no replica; the two valleys, which are a formula; the start: that
         hidden states are distributed as |ψ₀|². Born's frequencies are then no emergence: the law carries |ψ|² into
         |ψ|² (equivariance), whatever ħ or V. What would have to emerge is the start; see `relaxes`.

What would refute it.   One bit of difference between two runs of one stream; a frequency 4 standard errors off Born's;
         a share of predicted outcomes below .99.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from weltnet.estimators.contours import contours
from weltnet.estimators.density import Grid
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.history import Ring
from weltnet.kernels import guided, philox
from weltnet.kernels.ensemble import WALL, initial
from weltnet.kernels.replicas import descend_networks
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob, region
from weltnet.systems.landscape import CEILING
from weltnet.systems.teachers import Pupil, sign_pair
from weltnet.terrain import Terrain, written
from weltnet.theory import fokker_planck
from weltnet.theory.paths import Guide, guide
from weltnet.theory.schroedinger import SplitStep, density
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "HiddenParams", "HiddenState"]

Array = NDArray[Any]

STRIDE, DT = 2, 0.02
GRID = Grid(128, 3.0)
WELLS, TILT, BOTTOM = "0.5*(q1^2 - 1.69)^2 + 0.8*q2^2", 0.3, (-1.3, 0.0)
LAUNCH = 330  # steps: half the way to the other valley, for ħ = .8
LATTICE, EVERY = 61, 4  # paths per axis that are known beforehand, and steps between their known places
SHOWN, RERUN, OFF = 400, 1000, 5000  # members drawn, run again alone, and begun out of equilibrium
PUPIL, RATE, ADDED, START = 14, 0.06, 0.04, (0.15, 0.3, 0.25)  # the networks that learn: γ, √(2 D0), p₀
COARSE = 16  # bins per axis in which relaxation is looked for
CROSSER = (-0.7, -0.1, -0.7, -0.1)  # a hidden state that leads to the right
STREAM_START, STREAM_OFF = 22, 23
BOOKED = ("right", "born", "off", "far", "twin", "stranger", "again")


# -- parameters -------------------------------------------------------------------------------------------------------


class HiddenParams(Params):
    """How many networks, how they begin, and which of them is looked at."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("off-born", "the start obeys Born's rule", ("born",), ("weights", "outcome"), restarts=True,
                 watch="The hidden states now begin in a narrow spot instead of as |ψ|². The wave and the law are the "
                 "same, and yet the frequency on the right is no longer Born's."),
        Saboteur("shuffled", "one knows whose hidden state it is", ("predicted",), ("hidden",),
                 watch="Each outcome is now predicted from the hidden state of some other network. Born's frequencies "
                 "stay as they are; of single networks nothing is known any more."),
        Saboteur("other-stream", "the data are the same", ("stream",), ("twins",),
                 watch="The second run now learns from another stream of samples. From the same start every network "
                 "goes a way of its own."),
    )  # fmt: skip

    revealed: tuple[float, float, float, float] | None = region(
        -3.0, 3.0, plane="hidden", symbol="q₀", group="Hidden state",
        meaning="hidden state at which a network is looked for: its path is shown, as it is and as it was predicted",
    )  # fmt: skip
    spread: float = knob(
        0.15, 0.05, 0.6, symbol="σ₀", group="Hidden state", restarts=True,
        meaning="spread of the hidden states that begin in one spot and not as Born's rule says",
    )  # fmt: skip
    hbar: float = knob(
        0.8, 0.7, 1.2, symbol="ħ", unit="action", group="Wave", restarts=True,
        meaning="Planck's constant of the wave that guides the replicas", equation="dq/dt = ħ Im ∇ψ/ψ",
    )  # fmt: skip
    replicas: int = knob(
        20_000, 2000, 60_000, symbol="M", group="Wave", restarts=True, log=True,
        meaning="replicas that follow the wave, each with a hidden state of its own",
    )  # fmt: skip


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class HiddenState:
    """q: (M, 2) replicas, hidden: where they began; again: (RERUN, 2) the first of them run alone; off: (OFF, 2).

    sgd: (3, RERUN, 2) networks that learn: a run, its twin, and one from another stream; trail: (marks, SHOWN, 2).
    ends: (16, 6) of each launch: frequency, Born's, share predicted, frequency off Born, relaxation, share rerun.
    """

    seed: int
    step: int
    terrain: Terrain
    guide: Guide
    pupil: Pupil
    q: Array
    psi: Array
    hidden: Array
    again: Array
    off: Array
    sgd: Array
    trail: Array
    book: Ring = field(default_factory=lambda: Ring(BOOKED, LAUNCH // STRIDE + 1))
    ends: Array = field(default_factory=lambda: np.zeros((16, 6)))
    ended: int = 0
    launches: int = 0
    age: int = 0


@lru_cache(maxsize=4)
def _guide(hbar: float) -> Guide:
    V = np.minimum(written(WELLS, GRID.axis).V, CEILING)
    tilted = V + TILT * GRID.axis[:, None]
    psi = SplitStep(GRID.axis, np.minimum(tilted - tilted.min(), CEILING), hbar, DT).ground()
    coarser = SplitStep(GRID.axis, V, hbar, EVERY * DT / 2.0)
    return guide(SplitStep(GRID.axis, V, hbar, DT), coarser, psi, LATTICE, -(-LAUNCH // EVERY))


def begin(params: HiddenParams, seed: int, report: Report) -> HiddenState:
    report(0.0, "paths of the wave, beforehand")
    none = np.zeros((0, 2))
    terrain, pupil = written(WELLS, GRID.axis), sign_pair(PUPIL)
    state = HiddenState(seed, 0, terrain, _guide(params.hbar), pupil, none, none, none, none, none, none, none)
    _launch(state, params)
    return state


def _launch(state: HiddenState, params: HiddenParams) -> None:
    """New hidden states: as |ψ₀|², unless that is broken; in one spot for those off Born; and networks begun anew."""
    psi, M, k = state.guide.psi, params.replicas, state.launches
    z, spot = np.empty((M, 3)), np.empty((max(OFF, M), 2))
    philox.normals(z, state.seed, k, STREAM_START)
    philox.normals(spot, state.seed, k, STREAM_OFF)
    drawn = GRID.drawn(density(psi), ndtr(z))
    spot = np.clip(np.array(BOTTOM) + params.spread * spot, -WALL, WALL)
    state.hidden = spot[:M].copy() if params.breaks("off-born") else drawn
    state.q, state.off, state.psi = state.hidden.copy(), spot[:OFF].copy(), psi.astype(np.complex128)
    state.again = state.hidden[:RERUN].copy()
    state.sgd = np.array([initial(RERUN, state.seed + (k << 32), np.array(START[:2]), START[2])] * 3)
    state.trail = np.zeros((LAUNCH // EVERY + 1, min(SHOWN, M), 2))
    state.trail[0] = state.q[:SHOWN]
    state.book = Ring(BOOKED, LAUNCH // STRIDE + 1)
    state.launches, state.age = k + 1, 0
    _book(state)


def step(state: HiddenState, params: HiddenParams) -> None:
    if state.age >= LAUNCH:
        _launch(state, params)
    _follow(state)
    _learn(state, params)
    state.step += STRIDE
    state.age += STRIDE
    if state.age % EVERY == 0:
        state.trail[state.age // EVERY] = state.q[:SHOWN]
    _book(state)
    if state.age == LAUNCH:
        right, born, off = (float(state.book[k][-1]) for k in BOOKED[:3])
        same = float((state.again == state.q[: len(state.again)]).all(axis=1).mean())
        far = state.book["far"]
        told = _told(state, params)
        state.ends[state.ended % len(state.ends)] = [right, born, told, off, far[-1] / far[0], same]
        state.ended += 1


def _follow(state: HiddenState) -> None:
    """STRIDE steps of Bohm: the crowd, a thousand of them once more by themselves, and those off Born."""
    low, inverse = -GRID.half_width, 1.0 / GRID.spacing
    wave = state.guide.wave
    before = wave.flow(state.psi)[0]
    for _ in range(STRIDE):
        state.psi = wave.step(state.psi)
        after = wave.flow(state.psi)[0]
        for q in (state.q, state.again, state.off):
            guided.bohm(q, before, after, low, inverse, DT)
        before = after


def _learn(state: HiddenState, params: HiddenParams) -> None:
    """STRIDE steps of SGD: a run, its twin that is given the steps one by one, and a stranger."""
    pupil, seed = state.pupil, state.seed
    streams = (seed, seed + 1 if params.breaks("other-stream") else seed, seed + 1)
    for q, stream, parts in zip(state.sgd, streams, (1, STRIDE, 1), strict=True):
        for part in range(parts):
            descend_networks(
                q, pupil.weights, pupil.data, pupil.inputs, pupil.outputs, ticks=pupil.ticks, rate=RATE, batch=1,
                noise=ADDED, steps=STRIDE // parts, first=state.step + part, seed=stream,
            )  # fmt: skip


def _book(state: HiddenState) -> None:
    p, twin, stranger = density(state.psi), state.sgd[1] - state.sgd[0], state.sgd[2] - state.sgd[0]
    state.book.push(
        right=_right(state.q), born=_born(p), off=_right(state.off), far=_far(state.off, p),
        twin=_rms(twin), stranger=_rms(stranger), again=_rms(state.again - state.q[: len(state.again)]),
    )  # fmt: skip


def _right(q: Array) -> float:
    return float((q[:, 0] > 0.0).mean())


def _rms(difference: Array) -> float:
    return float(np.sqrt(np.square(difference).sum(axis=1).mean()))


def _born(p: Array) -> float:
    """∫ |ψ|² over q₁ > 0."""
    return float(fokker_planck.binned(p / p.sum(), 2)[1].sum())


def _far(q: Array, p: Array) -> float:
    """L₁ between members and |ψ|² in COARSE × COARSE bins."""
    i, j = ((q + GRID.half_width) * (COARSE / 2.0 / GRID.half_width)).astype(np.int64).T
    seen = np.bincount(i * COARSE + j, minlength=COARSE**2).reshape(COARSE, COARSE) / len(q)
    return float(np.abs(seen - fokker_planck.binned(p / p.sum(), COARSE)).sum())


def _told(state: HiddenState, params: HiddenParams) -> float:
    """The share of replicas on the side where they were predicted to be; the prediction is at the lattice's marks."""
    hidden = np.roll(state.hidden, 1, axis=0) if params.breaks("shuffled") else state.hidden
    share = state.age / EVERY
    low = min(int(share), len(state.guide.paths) - 2)
    a, b = (state.guide.predicted(hidden, low + k)[:, 0] for k in (0, 1))
    return float(((a + (share - low) * (b - a) > 0.0) == (state.q[:, 0] > 0.0)).mean())


# -- what is seen -----------------------------------------------------------------------------------------------------

PLANES = {
    "weights": Plane(
        "Weights", "replicas on |ψ|², and the path of one of them",
        Axis("q₁", -3.0, 3.0), Axis("q₂", -3.0, 3.0), square=True,
    ),
    "hidden": Plane(
        "Hidden states", "where those on the right now began; tap one",
        Axis("q₁ at t = 0", -3.0, 3.0), Axis("q₂ at t = 0", -3.0, 3.0), square=True,
        empty="Nobody is on the right yet.",
    ),
    "outcome": Plane(
        "On the right", "share of replicas with q₁ > 0",
        Axis("t", 0.0, DT * LAUNCH), Axis("P(q₁ > 0)", 0.0, 0.6),
    ),
    "twins": Plane(
        "Run again", "rms distance of the second run from the first",
        Axis("t", 0.0, DT * LAUNCH), Axis("Δq", -0.1, 2.0),
    ),
}  # fmt: skip


def observe(state: HiddenState, params: HiddenParams) -> Mapping[str, Observable]:
    low, p, chosen = -GRID.half_width - GRID.spacing / 2, density(state.psi), _chosen(state, params)
    marks, book = state.age // EVERY + 1, state.book
    t = STRIDE * DT * np.arange(len(book))
    path = np.concatenate([state.trail[:marks, chosen], state.q[chosen : chosen + 1]])
    right = state.hidden[:SHOWN][state.q[:SHOWN, 0] > 0.0]
    return {
        "wave": Field("weights", np.sqrt(p), (low, low + 6.0, low, low + 6.0), (0.0, 1.0), "|ψ|"),
        "loss": _lines(state.terrain),
        "replicas": Cloud("weights", state.q[:SHOWN], len(state.q), "q", kind="replica"),
        "path": Paths.of("weights", [path]),
        "here": Cloud("weights", state.q[chosen : chosen + 1], 1, "q", role="tracer"),
        "divide": Paths.of("hidden", []),
        "began": Cloud("hidden", right, round(book["right"][-1] * len(state.q)), "q₀"),
        "this": Cloud("hidden", state.hidden[chosen : chosen + 1], 1, "q₀", role="tracer"),
        "told": Scalar(_told(state, params), "predicted", plane="hidden"),
        "share": Series("outcome", t, np.stack([book["right"], book["off"]]), ("replicas", "off Born"), ("net", "ink")),
        "right": Scalar(float(book["right"][-1]), "P", plane="outcome"),
        "again": Series("twins", t, np.stack([book[k] for k in ("again", "twin", "stranger")]),
                        ("guided, again", "SGD, same data", "other data"), ("ink", "net", "ink")),
    }  # fmt: skip


def theory(state: HiddenState, params: HiddenParams) -> Mapping[str, Observable]:
    """The whole path of one network and the line between fates, both from the wave alone; and Born's frequency."""
    hidden, book = state.hidden[_chosen(state, params)], state.book
    if params.breaks("shuffled"):
        hidden = state.hidden[_chosen(state, params) - 1]
    t = STRIDE * DT * np.arange(len(book))
    path = np.concatenate([state.guide.predicted(hidden[None], k) for k in range(len(state.guide.paths))])
    return {
        "path": Paths.of("weights", [path]),
        "divide": Paths.of("hidden", _divide(state.guide, state.age)),
        "share": Series("outcome", t, book["born"][None], ("Born",)),
        "right": Scalar(float(book["born"][-1]), "P", plane="outcome"),
    }


def _chosen(state: HiddenState, params: HiddenParams) -> int:
    """Of the networks that are drawn, the one whose hidden state is nearest to what was tapped."""
    x0, y0, x1, y1 = CROSSER if params.revealed is None else params.revealed
    at = np.array([(x0 + x1) / 2.0, (y0 + y1) / 2.0])
    return int(np.square(state.hidden[:SHOWN] - at).sum(axis=1).argmin())


@lru_cache(maxsize=256)
def _divide(guide: Guide, age: int) -> list[Array]:
    """The hidden states from which one is just on the border between right and left at this age."""
    final = guide.paths[min(age // EVERY, len(guide.paths) - 1), 0]
    if not final.min() < 0.0 < final.max():
        return []
    return [guide.low + guide.step * np.asarray(line) for line in contours(np.arange(float(LATTICE)), final, [0.0])]


@lru_cache(maxsize=2)
def _lines(terrain: Terrain) -> Paths:
    return Paths.of("weights", contours(GRID.axis, terrain.V, (0.25, 0.5, 1.0, 1.43, 3.0, 6.0, 12.0)), "contour",
                    static=True)  # fmt: skip


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "2012.05082 §2"
CLAIMS = (
    Claim("stream", "Same data, same outcome, bit by bit.", "interview", "Δq", 0.0, (0.0, 0.0), "holds",
          "no bit differs over 20 seeds; another stream leaves them 3.7 to 4.6 apart at most"),
    Claim("rerun", "Guided again, alone: the same path.", SOURCE, "share", 1.0, (1.0, 1.0), "holds",
          "all of 1000, over 20 seeds: a path listens to its own place and to the wave, to no other replica"),
    Claim("predicted", "Hidden states known, outcomes are known.", SOURCE, "share", 1.0, (0.99, 1.0), "holds",
          ".996 to .997 over 20 seeds; the rest lie on the line, closer than lattice and step resolve"),
    Claim("born", "Hidden states unknown, Born's frequency.", SOURCE, "f − Born", 0.0, (-4.0, 4.0), "holds",
          "−1.9 to 2.8 σ over 20 seeds, spread 1.2. Equivariance, not emergence: the start obeys Born, the law keeps "
          "it. On a network's loss this integrator does not converge: 10 σ off at this step, 6 σ at a quarter", "σ"),
    Claim("start", "It needs a start that obeys Born.", SOURCE, "|f − Born|", 0.0, (0.1, 1.0), "holds",
          ".35 to .37 over 20 seeds, from a spot of spread .15 at the bottom of the valley"),
    Claim("relaxes", "Any start relaxes to Born's.", SOURCE, "L₁/L₁(0)", 0.0, (0.0, 0.5), "fails",
          "1.10 to 1.12 over 20 seeds: within half a crossing it moves away; longer runs were not tried"),
)  # fmt: skip
STREAM, AGAIN, PREDICTED, BORN, BEGUN, RELAXES = CLAIMS


def verdict(state: HiddenState, params: HiddenParams) -> tuple[Verdict, ...]:
    """One verdict per claim: of the runs as they are now, and of the launches that have ended."""
    ended, M, book = state.ends[: min(state.ended, len(state.ends))], len(state.q), state.book
    waiting = "" if len(ended) else f"Decided at t = {DT * LAUNCH:g}, when a launch ends."
    right, born, told, off, far, same = ended.mean(axis=0) if len(ended) else np.full(6, np.nan)
    count = max(len(ended), 1) * M
    sigma = math.sqrt(max(born * (1.0 - born), 1e-9) / count)
    early = "" if state.age >= 100 else f"Needs 100 steps; {state.age} have passed."
    alike = state.sgd[1] - state.sgd[0]
    said = f"From {len(ended)} launches of {M} replicas"
    spread = 1.96 * math.sqrt(max(off * (1.0 - off), 1e-9) / (max(len(ended), 1) * OFF))
    return (
        judge(STREAM, float(np.abs(alike).max()), 0.0, f"Largest difference of {RERUN} networks and their twins.",
              null=float(book["stranger"][-1]), waiting=early),
        judge(AGAIN, same, 0.0, f"Share of {RERUN} replicas that are alike in every bit.", null=0.0, waiting=waiting),
        judge(PREDICTED, told, 1.96 * math.sqrt(max(told * (1.0 - told), 1e-9) / count),
              f"{said}: on the side where another integrator put their hidden states.",
              null=None if waiting else born**2 + (1.0 - born) ** 2, waiting=waiting),
        judge(BORN, (right - born) / sigma, 0.0, f"{said}: {right:.4f} on the right, Born {born:.4f}.",
              null=None if waiting else (off - born) / sigma, waiting=waiting),
        judge(BEGUN, abs(off - born), spread, f"Begun in a spot of spread {params.spread:g}: {off:.3f} on the right.",
              null=0.0, waiting=waiting),
        judge(RELAXES, far, 0.0, f"Distance from |ψ|² in {COARSE} × {COARSE} bins, of those begun in a spot.", null=1.0,
              waiting=waiting),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: HiddenParams) -> Mapping[str, str]:
    return {"V": "½ (q₁² − 1.69)² + .8 q₂², by hand", "barrier": "1.43", "law": "Bohm: guided by ψ"}


EXPERIMENT = Experiment(
    slug="hidden-variables",
    title="Hidden variables",
    group="quantum",
    question="If the hidden states of networks were known, would chance be gone?",
    formula=r"\dot q=\hbar\,\mathrm{Im}\frac{\nabla\psi}{\psi},\quad p_0=|\psi_0|^2\;\Rightarrow\;"
    r"P(q_1>0)=\int_{q_1>0}|\psi|^2\,dq",
    sources=("2012.05082", "interview"),
    by_hand="the wave, which listens to no replica; two valleys; a start that obeys Born: the law only carries it on",
    emergent="nothing: Born's frequencies here are equivariance; measured is that the run is deterministic",
    params=HiddenParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Known and unknown", "Dots right of the dashed line at t = 0 are those that cross; half of all do.", {}),
        Preset("Not Born's start", "Begun in one spot: the same wave, and hardly anybody crosses.",
               {"broken": "off-born"}),
        Preset("A wide start", "A wider spot, yet not Born's packet: still too few on the right.", {"spread": 0.6}),
        Preset("Mixed-up files", "Predicted from another network's hidden state: a coin would do as well.",
               {"broken": "shuffled"}),
        Preset("Other data", "The twin learns from other samples: from one start, two fates.",
               {"broken": "other-stream"}),
    ),
    stride=STRIDE,
    verify_steps=LAUNCH,
    begin=begin,
    step=step,
    clock=lambda s: DT * s.step,
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    members=lambda s: {"replicas": s.q, "began": s.hidden[s.q[:, 0] > 0.0]},
    time_unit="t",
    calibrations=("hbar",),
)  # fmt: skip
