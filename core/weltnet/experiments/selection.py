"""Selection of structures: which neurons and which links survive learning.

*Claim.* Learning keeps structures that are stable: neurons come and go under a chemical potential μ_n, and of links
those survive that are of use, loops above all, which hold what a network remembers.            [2110.14602, interview]
*Conventions.* Networks that read handwritten digits hold N neurons, which are born and die by Metropolis moves, so that
π ∝ e^((μ_n N − H)/T)/N!, H the loss of the best weights out. From one μ_n to the next p′(N) ∝ p(N) e^(Δμ N/T), and

    T d⟨N⟩/dμ_n = Var N,  the limit of small Δμ of: ln p′(N)/p(N) has the slope Δμ/T in N.

Others, recurrent, of 40 hidden neurons and 160 links, learn what to remember by full credit through time, while their
weakest links are cut and random ones grow. A *loop* is a link on a cycle of two or three links, a *chain* any other.
h is the share that a pruning cuts. h(loop)/h(chain) is taken among links of one age; then among those that also join
equally busy neurons, by how many links go in where they come from and out where they lead; then among those that were
also equally strong after the last pruning.
*Put in by hand.* μ_n, T, 256 candidates; that what is weak dies, which is selection of weights; decay, which lets links
that nobody needs get weak; lessons. Reweighting and response hold by construction of the moves, if they are right.
*Measured.* N; whether lessons are learned; who survives, against twins whose links live the same lives elsewhere.
*What would refute it.* Loops that die like chains. Where to remember takes loops, they do not: most of it as all links
of busy neurons, a twelfth as loops; where a chain will do, not at all. It is by |w| alone that selection knows them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import population as measure
from weltnet.estimators import survival
from weltnet.estimators.jackknife import left_out
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels.population import BALANCED, CARELESS
from weltnet.observables import Axis, Cloud, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems import memory
from weltnet.systems.population import Population, breed, populate, reading
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "SelectionParams", "SelectionState"]

Array = NDArray[Any]

STRIDE, MOVES = 4, 48
NETWORKS = 20
"""Networks that remember."""
RUNGS, GAP = 5, 0.5
"""Potentials at once, and T between two."""
GROUPS, EACH = 8, 2
CANDIDATES, MOST, NOISE = 256, 48, 0.1
BURN, ENOUGH = 30, 150
"""Frames after which N has forgotten how it began, and frames that are looked at before it is judged."""
TAUGHT, PRUNINGS = 120, 24
"""Steps of learning before lives are booked, and prunings that are booked before they are judged."""
FORGET, FORGOTTEN = 1.0 - 1.0 / 2000, 1.0 - 1.0 / 400
"""What is left of what is booked after a frame, and after a pruning: a run that goes on looks at its present."""
AGES = 64
OLD, YOUNG = slice(20, None), slice(8, 16)
"""Ages, in prunings, of links that have survived, and of those that are about to show of what use they are."""
AGE_EDGES, FAN_EDGES, STRENGTHS = (1, 2, 4, 8, 16, 24, 40), (3, 5, 7), 8
FANS = (len(FAN_EDGES) + 1) ** 2
FEW, SMOOTH = 10.0, 0.02
LEARNED = 1.0 / 3.0


# -- parameters -------------------------------------------------------------------------------------------------------


class SelectionParams(Params):
    """What rules the number of neurons; what is to be remembered, and how hard it is to survive."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("careless", "births and deaths are in balance", ("reweighting", "response"), ("numbers", "ladder"),
                 watch="Deaths now ask neither for use nor for μ_n: whoever is drawn dies. Births go on as before. "
                 "No potential rules such a crowd: numbers and their ghosts part."),
        Saboteur("by-lot", "answers belong to what was heard", ("survive", "endure"), ("lives", "network"),
                 watch="Each network is now taught the answers to another sequence. What it knew fades, no link is of "
                 "use for long, and loops die like chains."),
    )  # fmt: skip

    lesson: Literal["hold", "recall", "oscillate"] = choice(
        "hold", symbol="y(t)", group="Memory", restarts=True,
        meaning="what is learned: to hold the last pulse, to recall a bit, or to go on with a sine",
    )  # fmt: skip
    delay: int = knob(
        4, 1, 8, symbol="d", unit="ticks", group="Memory",
        meaning="how long ago the bit came that is to be recalled; a chain of d links will do",
        equation="recall: y(t) = .8 u(t − d)",
    )  # fmt: skip
    credit: float = knob(
        1.0, 0.0, 1.0, symbol="ζ", group="Memory",
        meaning="what an error is worth one tick earlier: at 1 credit goes all the way back, at 0 a single tick",
    )  # fmt: skip
    decay: float = knob(
        0.15, 0.01, 0.3, symbol="λ_q", unit="loss", group="Survival", log=True,
        meaning="weight decay: how fast a link fades that learning does not renew",
    )  # fmt: skip
    pruned: float = knob(
        0.1, 0.02, 0.3, symbol="h̄", group="Survival",
        meaning="share of the links that is cut at a pruning, the weakest; as many grow at random",
    )  # fmt: skip
    interval: int = knob(
        24, 8, 80, symbol="τ_p", unit="steps", group="Survival", log=True,
        meaning="steps of learning from one pruning to the next",
    )  # fmt: skip
    potential: float = knob(
        2.0, 1.5, 2.5, symbol="μ_n", unit="T", group="Neurons",
        meaning="chemical potential of neurons at the top of the ladder; four more lie below, ½ T apart",
        equation="π ∝ e^((μ_n N − H)/T)/N!",
    )  # fmt: skip
    temperature: float = knob(
        1e-2, 4e-3, 4e-2, symbol="T", unit="loss", group="Neurons", log=True,
        meaning="temperature at which neurons are born and die: what is cold keeps only what it needs",
    )  # fmt: skip

    @property
    def ladder(self) -> Array:
        """μ_n/T: (RUNGS,), rising."""
        return self.potential - GAP * np.arange(RUNGS - 1.0, -1.0, -1.0)


# -- state and step ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class SelectionState:
    """Networks that multiply and networks that remember, and what was booked of them since a knob was turned.

    numbers: (RUNGS, GROUPS, MOST + 1), networks by N; lives: (2, NETWORKS, 2, 2, AGES), of networks and their twins,
    loops and chains at risk and dead by age; alike: (NETWORKS, 2, 2, ages, STRENGTHS, FANS), the same of networks by
    all there is to match; strength: (NETWORKS, LINKS), rank of |w| after the last pruning, under STRENGTHS; heard:
    (NETWORKS,), loss, smoothed.
    """

    seed: int
    step: int
    these: Population
    crowd: memory.Crowd
    strength: Array
    setting: str = ""
    frames: int = 0
    prunings: int = 0
    heard: Array = field(default_factory=lambda: np.zeros(NETWORKS))
    numbers: Array = field(default_factory=lambda: np.zeros((RUNGS, GROUPS, MOST + 1)))
    lives: Array = field(default_factory=lambda: np.zeros((2, NETWORKS, 2, 2, AGES)))
    alike: Array = field(default_factory=lambda: np.zeros((NETWORKS, 2, 2, len(AGE_EDGES) + 1, STRENGTHS, FANS), "f4"))


RUNG, GROUP = (a.ravel() for a in np.mgrid[:RUNGS, :GROUPS, :EACH][:2])


def begin(params: SelectionParams, seed: int, report: Report) -> SelectionState:
    """Networks without a neuron, and random ones that have learned nothing."""
    report(0.0, "looking at images with 256 neurons")
    reading(seed, CANDIDATES)
    crowd = memory.draw(NETWORKS, seed)
    heard = np.full(NETWORKS, memory.blind(params.lesson))
    these = populate(len(RUNG), MOST, 10)
    return SelectionState(seed, 0, these, crowd, _ranks(crowd.w), params.canonical(), heard=heard)


def step(state: SelectionState, params: SelectionParams) -> None:
    """Births and deaths of neurons; then steps of learning, and a pruning when it is time."""
    if state.setting != params.canonical():
        state.setting, state.frames, state.prunings = params.canonical(), 0, 0
        state.numbers[:], state.lives[:], state.alike[:] = 0.0, 0.0, 0.0
    breed(
        state.these, reading(state.seed, CANDIDATES), params.temperature * params.ladder[RUNG],
        temperature=params.temperature, noise=NOISE, seed=state.seed, first=state.step, steps=1, moves=MOVES,
        balance=CARELESS if params.breaks("careless") else BALANCED,
    )  # fmt: skip
    state.frames += 1
    if state.frames > BURN:
        state.numbers *= FORGET
        np.add.at(state.numbers, (RUNG, GROUP, state.these.count), 1.0)
    for _ in range(STRIDE):
        u, target, first = memory.lesson(params.lesson, NETWORKS, params.delay, state.seed, state.step)
        if params.breaks("by-lot"):
            target = np.roll(target, 1, axis=2)
        memory.learn(state.crowd, u, target, first, decay=params.decay, credit=params.credit)
        state.heard += SMOOTH * (state.crowd.loss - state.heard)
        state.step += 1
        if state.step % params.interval == 0:
            _select(state, params)


def _select(state: SelectionState, params: SelectionParams) -> None:
    """Prune, and book who was there and who died."""
    crowd = state.crowd
    looped = memory.circles(crowd.source, crowd.sink), memory.circles(crowd.twin_source, crowd.twin_sink)
    out, into = (np.digitize(n, FAN_EDGES) for n in memory.fans(crowd.source, crowd.sink))
    busy, age = out * (len(FAN_EDGES) + 1) + into, crowd.age.copy()
    dead = memory.prune(crowd, round(params.pruned * memory.LINKS), state.seed, state.step)
    if state.step > TAUGHT:
        state.prunings += 1
        state.lives *= FORGOTTEN
        state.alike *= FORGOTTEN
        row = np.broadcast_to(np.arange(NETWORKS)[:, None], dead.shape)
        for died, who in ((0, np.ones_like(dead)), (1, dead)):
            for k, loop in enumerate(looped):
                at: Any = (row[who], (~loop[who]).astype(int), died, np.minimum(age[who], AGES - 1))
                np.add.at(state.lives[k], at, 1.0)
            stage, chain = np.digitize(age[who], AGE_EDGES), (~looped[0][who]).astype(int)
            at = (row[who], chain, died, stage, state.strength[who], busy[who])
            np.add.at(state.alike, at, 1.0)
    state.strength = _ranks(crowd.w)


def _ranks(w: Array) -> Array:
    """In which of STRENGTHS equal parts of its network's links |w| lies."""
    order = np.argsort(np.argsort(np.abs(w), axis=1, kind="stable"), axis=1, kind="stable")
    out: Array = order * STRENGTHS // w.shape[1]
    return out


# -- what is seen -----------------------------------------------------------------------------------------------------

NUMBERS = np.arange(MOST + 1.0)
NOBODY = 1e-6
SEEN = 40.0
"""Links at risk at an age, from which on it is drawn."""
EMPTY = f"Neurons are being born; {STRIDE * BURN} steps."
PLANES = {
    "network": Plane("One network", f"inside: who has links of {OLD.start} prunings; heavy: loops",
                     Axis("place 1", -1.15, 1.15), Axis("place 2", -1.15, 1.15), square=True),
    "lives": Plane("Lives of links", "share that lives on: loops (heavy), chains; if age or place meant nothing",
                   Axis("age", 0, 60, "prunings"), Axis("log₁₀ S", -2.8, 0.1),
                   empty=f"The lesson is being learned; {TAUGHT} steps."),
    "numbers": Plane("Neurons that read digits", "at three potentials; each from its neighbour",
                     Axis("N", 0, 30), Axis("p(N)", 0, 0.32), empty=EMPTY),
    "ladder": Plane("The ladder of potentials", "⟨N⟩, all networks; from fluctuations alone",
                    Axis("μ_n", -0.75, 2.75, "T"), Axis("N", 0, 30), empty=EMPTY),
}  # fmt: skip
RUNG_NAMES = tuple(f"rung {k + 1}" for k in range(0, RUNGS, 2))


def observe(state: SelectionState, params: SelectionParams) -> Mapping[str, Observable]:
    """How long links live, one network with its oldest, and how many neurons there are under five potentials."""
    counts, table = state.numbers.sum(axis=1), state.lives[0].sum(axis=0)
    seen = slice(0, RUNGS if counts.sum() > 0.0 else 0)
    faint, chains, loops, places = memory.drawn(state.crowd, OLD.start)
    N, mean = state.these.count.astype(float), measure.moments(counts)[0]
    crowd = np.stack([params.ladder[RUNG] + 0.05 * (GROUP - 3.5) / 3.5, np.minimum(N, 30.0)], axis=1)
    return {
        "links": Paths.of("network", faint, "contour"),
        "chains": Paths.of("network", chains),
        "loops": Paths.of("network", loops, "geodesic"),
        "neurons": Cloud("network", places, memory.NEURONS, "x", kind="neuron"),
        "loss": Scalar(float(state.heard.mean()) / memory.blind(params.lesson), "H/H₀", plane="network"),
        "lives": _surviving(table, ("loops", "chains"), ("net", "ink")),
        "ratio": Scalar(_finite(survival.hazard_ratio(table), 1.0), "h(loop)/h(chain)", plane="lives"),
        "numbers": _numbers(measure.shares(counts[::2]), RUNG_NAMES, ("ink",) * len(RUNG_NAMES)),
        "mean": Scalar(float(N[-GROUPS * EACH :].mean()), "N", "neurons", plane="numbers"),
        "ladder": Series("ladder", params.ladder[seen], np.minimum(mean[None, seen], 30.0), ("⟨N⟩",)),
        "crowd": Cloud("ladder", crowd, len(crowd), "N"),
        "coarse": Scalar(_coarse(counts), "TΔ⟨N⟩/Δμ Var N", plane="ladder"),
    }  # fmt: skip


def _finite(x: float, otherwise: float) -> float:
    return x if math.isfinite(x) else otherwise


def _surviving(table: Array, names: tuple[str, str], roles: tuple[str, ...] = ()) -> Series:
    """log₁₀ S of both kinds, as far as enough of them are seen; table: (2 kinds, 2, AGES)."""
    enough = (table[:, 0, : AGES - 1] >= SEEN).all(axis=0)
    ages = int(np.argmin(np.append(enough, False)))
    S = np.stack([survival.surviving(*kind[:, :ages]) for kind in table])
    points = slice(0, ages + 1 if ages else 0)
    return Series("lives", np.arange(ages + 1.0)[points], np.log10(np.maximum(S, NOBODY))[:, points], names, roles)


def _numbers(p: Array, names: tuple[str, ...], roles: tuple[str, ...] = ()) -> Series:
    """p(N), nothing before there is any; p: (curves, MOST + 1)."""
    seen = slice(0, None if p.any() else 0)
    return Series("numbers", NUMBERS[seen], p[:, seen], names, roles)


def _coarse(counts: Array) -> float:
    """T d⟨N⟩/dμ over Var N in the middle of the ladder, by the difference of its ends: right for small steps only."""
    mean, var = measure.moments(counts)
    middle = float(var[RUNGS // 2])
    return float(mean[-1] - mean[0]) / ((RUNGS - 1) * GAP * middle) if middle > 0.0 else 1.0


# -- what theory says -------------------------------------------------------------------------------------------------


def theory(state: SelectionState, params: SelectionParams) -> Mapping[str, Observable]:
    """Lives if all die alike and if places mean nothing; and numbers from neighbours and fluctuations."""
    counts, twins = state.numbers.sum(axis=1), state.lives[1].sum(axis=0)
    seen = slice(0, RUNGS if counts.sum() > 0.0 else 0)
    mean, var = measure.moments(counts)
    grown = mean[0] + np.append(0.0, np.cumsum(0.5 * GAP * (var[1:] + var[:-1])))
    anywhere = _surviving(twins, ("loops", "chains"))
    risk, dead = twins.sum(axis=(0, 2))
    alike = anywhere.x * np.log10(max(1.0 - dead / max(risk, 1.0), NOBODY))
    other = [measure.reweighted(c, -s * GAP) for c, s in zip(counts[[1, 3, 3]], (1, 1, -1), strict=True)]
    return {
        "lives": Series("lives", anywhere.x, np.stack([alike, anywhere.y[0]]), ("any age", "any place")),
        "ratio": Scalar(_finite(survival.hazard_ratio(twins), 1.0), "h(loop)/h(chain)", plane="lives"),
        "loss": Scalar(0.0, "H/H₀", plane="network"),
        "numbers": _numbers(np.stack(other), ("from 2", "from 4", "from 4, up")),
        "ladder": Series("ladder", params.ladder[seen], np.minimum(grown[None, seen], 30.0), ("⟨N⟩",)),
        "coarse": Scalar(1.0, "TΔ⟨N⟩/Δμ Var N", plane="ladder"),
    }


# -- verdict ----------------------------------------------------------------------------------------------------------

SOURCE = "interview"
CLAIMS = (
    Claim("survive", "Where to remember takes loops, loops outlive chains.", SOURCE, "h(loop)/h(chain)", 0.8,
          (0.0, 0.9), "holds", "20 seeds: .74 to .80; answers by lot .96 to 1.02. The same lives in random places: "
          ".99 to 1.01 (seeds 100 to 103). Where a chain will do, recall: .91 ± .02 (seeds 100 and 101)."),
    Claim("as-loops", "They do so among equally busy neurons too.", SOURCE, "h(loop)/h(chain), busy", 0.8, (0.0, 1.0),
          "holds", "20 seeds: .89 to .95, so most of it is busy neurons. Matched in all four degrees: .93 ± .02; "
          "recall 1.03 ± .02 (seeds 100 and 101)."),
    Claim("beyond-strength", "Selection sees more of a loop than its |w|.", SOURCE, "h(loop)/h(chain), alike", 0.8,
          (0.0, 0.9), "fails", "20 seeds: .99 to 1.02. What dies is what is weak: loops last as learning makes them "
          "strong, by nothing else. Matched on |w|, selection of loops is not shown."),
    Claim("endure", "What has survived goes on surviving.", "2110.14602", "h(old)/h(young)", 0.0, (0.0, 0.5), "holds",
          "20 seeds: .10 to .13. Idle links fade and die at 8 to 15 prunings; by lot all do, and nobody grows old."),
    Claim("reweighting", "p(N) at one potential tells it at the next.", "derived", "½ Σ|p − p′|", 0.0, (0.0, 0.12),
          "holds", "20 seeds: .020 to .037, .42 as it is. True by balance, and of any: it cannot tell whether N! is "
          "right, as births and deaths without 1/(N + 1) and N obey it too."),
    Claim("response", "Numbers answer μ_n as they fluctuate.", "derived", "T d⟨N⟩/dμ/Var N", 1.0, (0.9, 1.1), "holds",
          "20 seeds: .98 to 1.01. A prototype read 1.0 to 1.66 by differences of up to 1.7 T: chains ten times as long "
          "read .67 to 1.41 so, by likelihood 1.01 to 1.05."),
)  # fmt: skip
SURVIVE, AS_LOOPS, BEYOND, ENDURE, REWEIGHTING, RESPONSE = CLAIMS


def _apart(state: SelectionState, groups: Array, gap: float) -> float:
    """Mean total variation of each rung from its neighbour above, moved by `gap`."""
    counts = state.numbers[:, groups].sum(axis=1)
    return float(np.mean([measure.apart(measure.reweighted(high, -gap), low) for low, high in pairwise(counts)]))


def _response(state: SelectionState, groups: Array) -> float:
    """Mean over the ladder's gaps of the slope of ln p′/p in N, over the gap."""
    counts = state.numbers[:, groups].sum(axis=1)
    return float(np.mean([measure.response(a, b) for a, b in pairwise(counts)])) / GAP


def _ratio(table: Array) -> tuple[float, float]:
    """Hazard of loops over that of chains, and its error from leaving out networks; table: (networks, 2, 2, …)."""
    return left_out(lambda m: survival.hazard_ratio(table[m].sum(axis=0).reshape(2, 2, -1)), len(table))


def _endured(lives: Array) -> float:
    """Hazard of the old over that of the young; lives: (networks, 2, 2, AGES).

    FEW who died are added to both, so that where nobody grows old that hazard is 1 and no single link decides it.
    """
    risk, dead = lives.sum(axis=(0, 1))
    old, young = ((dead[ages].sum() + FEW) / (risk[ages].sum() + FEW) for ages in (OLD, YOUNG))
    return float(old / young)


def verdict(state: SelectionState, params: SelectionParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from all that was booked; errors by leaving out a network, or a group of them."""
    seen = max(state.frames - BURN, 0)
    few = f"{ENOUGH} frames of settled numbers are needed; there are {seen}." if seen < ENOUGH else ""
    early = (
        f"{PRUNINGS} prunings of networks that have learned are needed; there were {state.prunings}."
        if state.prunings < PRUNINGS
        else ""
    )
    share = float(state.heard.mean()) / memory.blind(params.lesson)
    ignorant = f"The lesson is not learned: H/H₀ = {share:.2f}, over {LEARNED:.2f}." if share > LEARNED else ""
    ignorant = "" if params.breaks("by-lot") else ignorant
    real, twins, busy = *state.lives, state.alike.sum(axis=4)
    ratio, among, alike, (anywhere, unsure) = (_ratio(table) for table in (real, busy, state.alike, twins))
    lasting = left_out(lambda m: _endured(real[m]), NETWORKS)
    null = _finite(anywhere, 1.0)
    apart = response = (math.nan, math.inf)
    if not few:
        apart = left_out(lambda g: _apart(state, g, GAP), GROUPS)
        response = left_out(lambda g: _response(state, g), GROUPS)
    control, coarse = _apart(state, np.arange(GROUPS), 0.0), _coarse(state.numbers.sum(axis=1))
    return (
        judge(SURVIVE, *ratio, f"Alike in age; lives in random places {null:.2f} ± {_finite(unsure, 0.0):.2f}.",
              null=null, waiting=early, outside=ignorant),
        judge(AS_LOOPS, *among, "Alike in age, and in how many links their neurons have.", null=1.0, waiting=early,
              outside=ignorant),
        judge(BEYOND, *alike, "Alike in |w| after the last pruning as well.", null=1.0, waiting=early,
              outside=ignorant),
        judge(ENDURE, *lasting, f"From {OLD.start} prunings on, over {YOUNG.start} to {YOUNG.stop - 1}; the null is a "
              "constant hazard.", null=1.0, waiting=early, outside=ignorant),
        judge(REWEIGHTING, *apart, "Total variation, mean of four gaps; the null leaves μ_n out of account.",
              null=control, waiting=few),
        judge(RESPONSE, *response, f"By ln p′/p, at any step; a difference over 2 T reads {coarse:.2f}.",
              null=0.0, waiting=few),
    )  # fmt: skip


# -- the experiment ---------------------------------------------------------------------------------------------------


def derived(params: SelectionParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    fading = 1.0 / (memory.RATE * params.decay * params.interval)
    return {"1/γλ_q": f"{fading:.3g} prunings in which an idle link fades"}


EXPERIMENT = Experiment(
    slug="selection",
    title="Selection of structures",
    group="life",
    question="Which neurons, links and loops survive learning?",
    formula=r"\pi\propto\frac{e^{(\mu_nN-H)/T}}{N!},\quad \frac{p'(N)}{p(N)}\propto e^{\Delta\mu N/T},\qquad"
    r"\frac{h(\mathrm{loop})}{h(\mathrm{chain})}<1\,?",
    sources=("2110.14602", SOURCE, "derived"),
    by_hand="μₙ, T and candidates; that the weakest links die and idle ones fade; lessons. The rules over N hold by "
    "construction of the moves, if they are right",
    emergent="N at each μₙ; what is learned; which links last, and that loops do where a lesson needs them",
    params=SelectionParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Hold a pulse", "To hold takes loops: old loops outlive old chains. What lasted thirty prunings stays.",
               {}),
        Preset("Recall a bit", "A chain will do: loops outlive chains by a tenth, among busy neurons by nothing.",
               {"lesson": "recall"}),
        Preset("Go on with a sine", "A rhythm that nobody gives any more goes round in loops.",
               {"lesson": "oscillate", "decay": 0.03}),
        Preset("Cold", "Fewer neurons are there for nothing: more are kept, for what they can read.",
               {"temperature": 4e-3, "potential": 1.5}),
        Preset("Credit for one tick", "Errors teach a single tick: nothing is remembered, no link grows old.",
               {"credit": 0.0}),
        Preset("Answers by lot", "Nothing to learn: no link is of use, none grows old, loops die like chains.",
               {"broken": "by-lot"}),
        Preset("Careless deaths", "Whoever is drawn dies, however useful: ghosts and numbers part.",
               {"broken": "careless"}),
    ),
    stride=STRIDE,
    verify_steps=1600,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    calibrations=("hazard-planted", "response-planted", "over-copies"),
)  # fmt: skip
