"""First law ledger: what becomes of the energy of hidden states while weights learn to read digits.

*Claim.* A network 64-24-24-10, inputs and outputs clamped to an image and its answer, has hidden states x in a bath at
temperature T. While its weights q learn, energy changes by heat and work, and by nothing else:
    dU = T dS + ⟨∂H/∂q⟩·dq,   H = ½ Σ|e|²,   S = (n/2)(1 + ln 2πT) − ½⟨ln det G⟩.          [2004.09280 eq 7.11]
*Conventions.* U = ⟨H⟩ and ⟨∂H/∂q⟩ are means over the bath, of 256 images, sampled; S is Laplace's, from G = JᵀJ at the
bottom of H. The three are measured apart from each other, and T is the bath's, never 2U/n. A learning step is walked in
sub-steps of at most δ of work each; work is the mean of both ends of each, a trapezoid. States are carried along as the
bottom of H moves, and ∂H/∂x along that way, 0 in the mean, is added to the work: it takes its noise away. The product
form Z = Z_th(T) Z_c(q) knows no work: dU = T dS_th + T dC, C = −½⟨ln det G⟩, which is T dS by Laplace: heat alone.
*Put in by hand.* The bath; that learning waits for the states; the loss whose gradient is followed, whichever it be.
*What would refute it.* More than 5 % of ΔU unbooked over a path, on any of three ways to learn: an identity of Gibbs
states must hold along any dq, so what can fail is that states are Gibbs', that S is Laplace's, or that learning is slow
enough. The product form *is* refuted: nearly all of ΔU is the fall of the bottom, which is work.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import ledger
from weltnet.experiment import Claim, Experiment, Preset, Report, Verdict
from weltnet.kernels import bath
from weltnet.kernels.philox import picks
from weltnet.observables import Axis, Cloud, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems import layered as net
from weltnet.systems import optimizers
from weltnet.theory.canonical import entropy
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "FirstLawParams", "FirstLawState"]

Array = NDArray[Any]

IMAGES, GROUPS = 256, 8
HELD, PATH = 60, 380
"""Frames during which weights are held, so that U can be taken where a path begins, and frames of a path in all."""
BURN = 16
"""Of the frames held, those in which states forget where they began."""
LAST, PARTS = 80, 8
"""Frames over which the end of a path is taken, and stretches that are looked at apart."""
TICKS, TAU = 10, 0.2
"""Ticks of the bath per frame, and their length."""
DRIFT = 0.03
"""By how much of itself T changes in a frame when its knob is turned."""
MEMORY = 0.05
"""Share of a frame in the running means of single images."""
U, HEAT, WORK, COMPLEXITY, BOTTOM, PARABOLA = range(6)
"""What is booked: ⟨H⟩, ∫T dS, ∫⟨∂H/∂q⟩·dq, ∫T dC, H_min and nT/2."""
STREAM_BATCH = 0x92
RATES = {"sgd": 1.0, "momentum": 1.0, "adam": 0.01}
"""γ of an optimizer over that of the knob: Adam's steps have the size of γ in every weight."""


class FirstLawParams(Params):
    """The knobs of the bath and of learning."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("no-work", "moving weights costs or yields work", ("ledger", "stretches", "heat"),
                 ("ledger", "left", "images"), restarts=True,
                 watch="The work is left out of the books. Energy falls and nothing but a little heat is booked for "
                 "it: what stays is the product form."),
        Saboteur("warming", "the bath keeps its temperature", ("ledger", "stretches", "heat", "bottom", "parabola"),
                 ("ledger", "left", "energies", "images"), restarts=True,
                 watch="The bath warms to twice its temperature while the books say T. Heat flows in that nobody "
                 "booked, and all images drift above the line."),
        Saboteur("hurried", "learning waits for the states", ("ledger", "stretches", "heat", "bottom", "parabola"),
                 ("ledger", "left", "energies", "images"), restarts=True,
                 watch="States get one tick per step and are not carried along. They lag behind the weights, so work "
                 "is done on states that are not Gibbs'."),
    )  # fmt: skip

    temperature: float = knob(
        0.03, 0.01, 0.3, symbol="T_x", unit="loss", group="Bath", log=True,
        meaning="temperature of the bath of hidden states; it follows by 3 % a step, and that heat is booked",
    )  # fmt: skip
    hidden: int = knob(
        24, 8, 32, symbol="n_l", unit="neurons", group="Network", restarts=True,
        meaning="neurons in each of the two hidden layers",
    )  # fmt: skip
    learning: Literal["relaxed", "activation", "boundary"] = choice(
        "relaxed", symbol="∂H", group="Learning",
        meaning="loss that is followed: bulk at relaxed states, bulk after plain activation, or boundary (backprop)",
        equation="relaxed = predictive coding",
    )  # fmt: skip
    optimizer: Literal["sgd", "momentum", "adam"] = choice(
        "sgd", symbol="dq", group="Learning", meaning="how weights follow that gradient; Adam with γ/100",
    )  # fmt: skip
    learning_rate: float = knob(
        0.1, 0.01, 0.5, symbol="γ", unit="per loss", group="Learning", log=True,
        meaning="step along minus the gradient of the loss",
    )  # fmt: skip
    batch: int = knob(
        32, 1, 256, symbol="B", unit="samples", group="Learning", log=True,
        meaning="images per learning step; few make weights wander, which takes work and gives it back",
    )  # fmt: skip
    sub_step: float = knob(
        0.04, 0.01, 3.0, symbol="δ", unit="loss", group="Learning", log=True,
        meaning="most work of one sub-step; a learning step that would do more is walked in several",
    )  # fmt: skip


# ---- state and step


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """The images that are learned, and the network's widths."""

    widths: tuple[int, ...]
    sizes: Array
    x: Array
    y: Array
    """(10, IMAGES)."""


@lru_cache(maxsize=4)
def _task(hidden: int) -> _Task:
    data, widths = net.digits(), (64, hidden, hidden, 10)
    return _Task(widths, np.array(widths), data.x[:IMAGES], np.ascontiguousarray(data.y[:IMAGES].T))


@dataclass(slots=True)
class FirstLawState:
    """A network between two sub-steps, its states in the bath and at the bottom, and the books."""

    seed: int
    step: int
    path: int
    """Paths begun before this one."""
    frame: int
    """Frames of this path that have passed."""
    left: int
    """Sub-steps that are left of the present learning step."""
    T: float
    memory: optimizers.Memory
    q: Array
    """(P,)."""
    move: Array
    """(P,): the sub-step that led here."""
    share: Array
    """(P,): a sub-step of the present learning step."""
    x: Array
    """(n, IMAGES): states in the bath, hidden layers one below the other."""
    bottom: Array
    """(n, IMAGES): where H is least."""
    way: Array
    """(n, IMAGES): the last step of it."""
    depth: Array
    """(2, IMAGES): H_min and ln det G there."""
    sums: Array
    """(4, IMAGES): ∫T dS, ∫⟨∂H/∂q⟩·dq, ∫T dC, and ⟨∂H/∂q⟩·dq at the beginning of the sub-step that led here."""
    start: Array
    """(IMAGES,): U where the path begins."""
    mean: Array
    """(2, IMAGES): running means of ΔU and of what is booked for it."""
    book: Array
    """(PATH, 6, GROUPS): U, HEAT, WORK, COMPLEXITY, BOTTOM, PARABOLA of every frame."""
    whole: Array
    """The same of the last path that came to its end."""
    ended: int
    """Paths that did."""


def begin(params: FirstLawParams, seed: int, report: Report) -> FirstLawState:
    """A network with random weights, its states not yet at the temperature of the bath."""
    report(0.0, "reading digits")
    _task(params.hidden)
    report(0.5, "bringing hidden states to the bottom of the loss")
    return FirstLawState(seed, 0, **_path(params, seed, 0), book=np.zeros((PATH, 6, GROUPS)),
                         whole=np.zeros((PATH, 6, GROUPS)), ended=0)  # fmt: skip


def _path(params: FirstLawParams, seed: int, number: int) -> dict[str, Any]:
    """What is new where a path begins."""
    task = _task(params.hidden)
    q = net.born(task.widths, seed, number=number)
    h = net.clamp(q, task.widths, task.x, task.y.T)
    bottom = np.ascontiguousarray(np.concatenate(h[1:-1], axis=1).T)
    depth, zero = _settle(bottom, q, task, 2), np.zeros(len(q))
    return {
        "path": number, "frame": 0, "left": 0, "T": params.temperature, "q": q, "move": zero,
        "share": zero.copy(), "memory": optimizers.begin(optimizers.LAWS["sgd"], len(q)), "x": bottom.copy(),
        "bottom": bottom, "way": np.zeros_like(bottom), "depth": depth, "sums": np.zeros((4, IMAGES)),
        "start": np.zeros(IMAGES), "mean": np.zeros((2, IMAGES)),
    }  # fmt: skip


def _base(q: Array, task: _Task) -> Array:
    """W_1 h_0 + b_1: (n_1, IMAGES)."""
    W, b = net.views(q, task.widths)[0]
    return np.ascontiguousarray(W @ task.x.T + b[:, None])


def _settle(bottom: Array, q: Array, task: _Task, steps: int) -> Array:
    """H_min and ln det G of every image, (2, IMAGES); `bottom` goes on in place."""
    depth = np.empty((2, IMAGES))
    bath.settle(q, task.sizes, bottom, np.tanh(_base(q, task)), task.y, steps, depth[0], depth[1])
    return depth


def _draw(state: FirstLawState, params: FirstLawParams, task: _Task) -> None:
    """Draw a minibatch and the step it asks for, and part it so that no sub-step does more work than δ."""
    drawn = np.empty((1, params.batch), np.int64)
    picks(drawn, IMAGES, state.seed, state.step, STREAM_BATCH)
    i, q, widths = drawn[0], state.q, task.widths
    layers = np.split(state.bottom, np.cumsum(widths[1:-2]))
    h = [task.x, *(layer.T for layer in layers), task.y.T]
    if params.learning == "boundary":
        g = net.backprop(q, widths, task.x[i], task.y.T[i])[1]
    else:
        here = [a[i] for a in h] if params.learning == "relaxed" else net.clamp(q, widths, task.x[i], task.y.T[i])
        g = net.bulk_gradient(q, widths, here)
    law, after = optimizers.LAWS[params.optimizer], q.copy()
    optimizers.move(law, state.memory, after, g, RATES[params.optimizer] * params.learning_rate)
    work = abs(float(net.bulk_gradient(q, widths, h) @ (after - q)))
    state.left = max(1, math.ceil(min(work / params.sub_step, PATH)))
    state.share = (after - q) / state.left


def step(state: FirstLawState, params: FirstLawParams) -> None:
    """Say where weights go next, let the bath tell the work before and behind, enter the books, and go there."""
    if state.frame == PATH:
        for name, value in _path(params, state.seed, state.path + 1).items():
            setattr(state, name, value)
        state.book[:] = 0.0
    task, held = _task(params.hidden), state.frame < HELD
    hurried, gone = params.breaks("hurried") and not held, (state.frame - HELD) / (PATH - HELD)
    ahead, move, T = state.bottom.copy(), np.zeros_like(state.q), state.T
    if not held:
        if state.left == 0:
            _draw(state, params, task)
        state.left -= 1
        move, T = state.share, T * min(max(params.temperature / T, 1.0 - DRIFT), 1.0 + DRIFT)
    depth = _settle(ahead, state.q + move, task, 1)
    way = np.zeros_like(ahead) if held or hurried else ahead - state.bottom
    H, work = np.empty(IMAGES), np.empty((2, IMAGES))
    bath.sample(
        state.q, task.sizes, state.x, np.tanh(_base(state.q, task)), task.y,
        state.T * (1.0 + gone if params.breaks("warming") and not held else 1.0), TAU, 1 if hurried else TICKS,
        TICKS * state.step, state.seed, bath.STREAM_BATH, np.array([state.move, move]),
        np.array([_base(state.move, task), _base(move, task)]), np.array([state.way, way]), H, work,
    )  # fmt: skip
    if params.breaks("no-work"):
        work[:] = 0.0
    state.sums[1] += 0.5 * (state.sums[3] + work[0])
    state.sums[3] = work[1]
    _enter(state, H)
    n, mean = len(ahead), 0.5 * (state.T + T)
    if not held:
        state.sums[0] += mean * (entropy(n, T, depth[1]) - entropy(n, state.T, state.depth[1]))
        state.sums[2] -= 0.5 * mean * (depth[1] - state.depth[1])
    state.q, state.x = state.q + move, state.x + way
    state.bottom, state.depth, state.move, state.way, state.T = ahead, depth, move, way, T
    state.step += 1
    state.frame += 1
    if state.frame == PATH:
        state.whole, state.ended = state.book.copy(), state.ended + 1


def _enter(state: FirstLawState, H: Array) -> None:
    """Into the books, with the mean of H at the present weights."""
    if BURN <= state.frame < HELD:
        state.start += H / (HELD - BURN)
    elif state.frame >= HELD:
        now = np.array([H - state.start, state.sums[0] + state.sums[1]])
        state.mean += max(MEMORY, 1.0 / (state.frame - HELD + 1)) * (now - state.mean)
    rows = np.array([H, *state.sums[:3], state.depth[0], np.full(IMAGES, 0.5 * len(state.x) * state.T)])
    state.book[state.frame] = rows.reshape(6, GROUPS, -1).mean(axis=2)


# ---- observe

LONG = PATH - HELD
PLANES = {
    "ledger": Plane(
        "Ledger", "ΔU as seen, dashes heat + work; heat alone is the product form",
        Axis("step", -HELD, LONG), Axis("ΔU", -3, 0.5, "loss"),
    ),
    "left": Plane(
        "Not booked", "ΔU − heat − work; dashes 5 % of ΔU",
        Axis("step", -HELD, LONG), Axis("r", -0.15, 0.15, "loss"),
    ),
    "energies": Plane(
        "Where the energy is", "dashes Hₘᵢₙ + nT/2",
        Axis("step", -HELD, LONG), Axis("energy", -0.5, 4.0, "loss"),
    ),
    "images": Plane(
        "Image by image", "256 books",
        Axis("TΔS + work", -4, 1, "loss"), Axis("ΔU", -4, 1, "loss"), square=True,
    ),
}  # fmt: skip
SMOOTH = 40


def observe(state: FirstLawState, params: FirstLawParams) -> Mapping[str, Observable]:
    """The books of this path so far, and of each image."""
    book, steps, changed, missed = _so_far(state)
    data, widths, smooth = net.digits(), _task(params.hidden).widths, ledger.running(missed, SMOOTH)
    past, before = np.arange(BURN, PATH if state.ended else BURN) - HELD, state.whole[BURN:, U].mean(axis=1)
    before = (before - before[: HELD - BURN].mean())[: len(past)]
    score = net.accuracy(state.q, widths, data.test_x, data.test_shown)
    energies = np.stack([book[:, U], book[:, BOTTOM], book[:, COMPLEXITY]])
    return {
        "parts": _series("ledger", steps, np.stack([book[:, WORK], book[:, HEAT]]), ("work", "heat"), ("net", "net")),
        "ledger": _series("ledger", steps, changed[None], ("ΔU",), ("ink",)),
        "before": _series("ledger", past, before[None], ("path before",), ("ink",)),
        "left": _series("left", steps, np.stack([missed, smooth]), ("step", "mean"), ("ink", "net")),
        "unbooked": Scalar(_ratio(smooth, changed), "r/ΔU", plane="left"),
        "energies": _series("energies", steps, energies, ("U", "Hₘᵢₙ", "TΔC"), ("ink", "net", "net")),
        "line": Paths.of("images", [[(-4.0, -4.0), (1.0, 1.0)]], "geodesic", static=True),
        "images": Cloud("images", np.clip(state.mean[::-1].T, -4.0, 1.0), IMAGES, "image"),
        "accuracy": Scalar(float(score), "digits read", plane="images"),
    }  # fmt: skip


def _so_far(state: FirstLawState) -> tuple[Array, Array, Array, Array]:
    """Books since states have forgotten where they began, steps, ΔU and what is not booked of it, over all images."""
    book = state.book[BURN : max(state.frame, BURN)].mean(axis=2)
    changed = book[:, U] - (book[: HELD - BURN, U].mean() if len(book) else 0.0)
    return book, np.arange(len(book)) + BURN - HELD, changed, changed - book[:, HEAT] - book[:, WORK]


def _series(plane: str, x: Array, y: Array, names: tuple[str, ...], roles: tuple[str, ...]) -> Series:
    axis = PLANES[plane].y
    return Series(plane, x, np.clip(y, axis.low, axis.high), names, roles)


def _ratio(part: Array, whole: Array) -> float:
    return float(part[-1] / whole[-1]) if len(whole) and abs(whole[-1]) > 0.1 else 0.0


def theory(state: FirstLawState, params: FirstLawParams) -> Mapping[str, Observable]:
    """Heat and work for ΔU, 5 % of it for what is left, and H_min + nT/2 for U."""
    book, steps, changed, _ = _so_far(state)
    return {
        "ledger": _series("ledger", steps, (book[:, HEAT] + book[:, WORK])[None], ("heat + work",), ("ink",)),
        "left": _series("left", steps, 0.05 * np.stack([changed, -changed]), ("5 %", "−5 %"), ("ink", "ink")),
        "unbooked": Scalar(0.0, "r/ΔU", plane="left"),
        "energies": _series("energies", steps, (book[:, BOTTOM] + book[:, PARABOLA])[None], ("Hₘᵢₙ + nT/2",), ("ink",)),
    }  # fmt: skip


# ---- verdict

SOURCE = "2004.09280 eq 7.11"
CLAIMS = (
    Claim("ledger", "Energy changes by heat and by work, and by nothing else.", SOURCE, "r/ΔU", 0.0, (-0.05, 0.05),
          "holds", "20 seeds: −.003 to .004, median −.0003. Backprop, last layer alone, Adam (100, 101): within .01. "
          "At T = .1 it is .04, at .3 .24: S is not Laplace's there; with S = ∫dU/T it is −.07 (one seed)."),
    Claim("stretches", "So it is over eighths of the path, rms.", "derived", "rms r/rms ΔU", 0.0, (-0.1, 0.1), "holds",
          "20 seeds: .005 to .010."),
    Claim("heat", "What is not work is T ΔS, with Laplace's S.", SOURCE, "(ΔU − W)/TΔS", 1.0, (0.5, 1.5), "holds",
          "20 seeds: .78 to 1.13, median 1.01, each ± .14; heat is a fiftieth of ΔU. Laplace's S is the leading order "
          "in T: .82 at T = .02, .78 at .03, .67 at .05, .41 at .1 (seed 103)."),
    Claim("product", "States and weights part: dU = T dSₜₕ + T dC.", SOURCE, "1 − Q/ΔU", 0.0, (-0.2, 0.2),
          "fails", "20 seeds: 1.01 to 1.03: what it says of ΔU is heat alone, and of the wrong sign."),
    Claim("bottom", "Nearly all of ΔU is the fall of the bottom, which is work.", "derived", "ΔHₘᵢₙ/ΔU", 1.0,
          (0.9, 1.1), "holds", "20 seeds: .996 to .999; .97 at T = .1."),
    Claim("parabola", "Above the bottom each hidden neuron has T/2.", "derived", "2(U − Hₘᵢₙ)/nT", 1.0,
          (0.95, 1.05), "holds", "20 seeds: .994 to .998; .99 at T = .3, where Laplace's S is long off."),
)  # fmt: skip
LEDGER, STRETCHES, HEATED, PRODUCT, DEPTH, EQUAL = CLAIMS
ENOUGH = 160
"""Steps of a first path after which it is judged before it is whole."""
LITTLE = 0.2
"""ΔU below which there is nothing to part."""


def verdict(state: FirstLawState, params: FirstLawParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from the last whole path or the first so far; errors are over groups of 32 images."""
    book = state.whole if state.ended else state.book[: state.frame]
    passed = max(len(book) - HELD, 0)
    lacking = "" if passed >= ENOUGH else f"{ENOUGH} steps are needed; {passed} have passed."
    if lacking:
        book = np.ones((HELD + ENOUGH, 6, GROUPS))
    late = book[-min(LAST, (len(book) - HELD) // 2) :]
    change = late.mean(axis=0) - book[BURN:HELD].mean(axis=0)
    dU, heat, work = change[U], change[HEAT], change[WORK]
    parts = [ledger.stretches(book[BURN:, kind], HELD - BURN, PARTS) for kind in (U, HEAT, WORK)]
    above = (late[:, U] - late[:, BOTTOM]).mean(axis=0)
    path = f"Path {state.ended or 1}, {GROUPS} groups of images."
    little = f"ΔU = {dU.mean():.2g} is too little to be parted." if abs(dU.mean()) < LITTLE and not lacking else ""
    given: tuple[tuple[Claim, tuple[float, float], str, float], ...] = (
        (LEDGER, ledger.share(dU - heat - work, dU), "Means over the last 80 steps; the null books no work.", 1.0),
        (STRETCHES, ledger.unevenness(parts[0] - parts[1] - parts[2], parts[0]), "The null books no work.", 1.0),
        (HEATED, ledger.share(dU - work, heat), "S from ln det G alone; the null is no heat.", 0.0),
        (PRODUCT, ledger.share(dU - heat, dU), "Q = TΔSₜₕ + TΔC; the null is that it explains nothing.", 1.0),
        (DEPTH, ledger.share(change[BOTTOM], dU), "The null is that none is.", 0.0),
        (EQUAL, ledger.share(above, late[:, PARABOLA].mean(axis=0)), "Late in the path; the null is a cold bath.", 0.0),
    )
    return tuple(
        judge(claim, *found, f"{sentence} {path}", null=null, waiting=lacking, outside="" if claim is EQUAL else little)
        for claim, found, sentence, null in given
    )


# ---- experiment


def derived(params: FirstLawParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    n = 2 * params.hidden
    return {"n": f"{n} hidden neurons", "nT/2": f"{0.5 * n * params.temperature:.3g}",
            "P": f"{net.size(_task(params.hidden).widths)} weights"}  # fmt: skip


EXPERIMENT = Experiment(
    slug="first-law",
    title="First law ledger",
    group="learning",
    question="Where does the energy of a network go while it learns?",
    formula=r"dU=T\,dS+\langle\partial_qH\rangle\cdot dq,\qquad S=\frac n2(1+\ln2\pi T)-\frac12\langle\ln\det G\rangle",
    sources=("2004.09280", "derived"),
    by_hand="the bath and its T; that learning waits for the states; S by Laplace's formula",
    emergent="U, work and heat, each measured apart; that the books balance; that nearly all is work on the bottom",
    params=FirstLawParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Books that balance", "Dashes cover ΔU: what is seen is heat and work; heat alone, near 0, is not.", {}),
        Preset("Backprop", "Weights follow another loss along another path; the books balance as well.",
               {"learning": "boundary"}),
        Preset("After activation", "Only the last layer learns: U falls less far, and is booked as well.",
               {"learning": "activation"}),
        Preset("Adam", "Another optimizer takes another way; the law asks for none in particular.",
               {"optimizer": "adam"}),
        Preset("A hot bath", "At T = .3 S is no longer Laplace's: what is not booked leaves the dashes.",
               {"temperature": 0.3}),
        Preset("One leap", "Steps are not parted: the first one's work is so coarse that as much as all heat is lost.",
               {"sub_step": 3.0, "learning_rate": 0.2}),
        Preset("No work booked", "Only heat is booked: the product form, which explains nothing of ΔU.",
               {"broken": "no-work"}),
    ),
    stride=1,
    verify_steps=PATH,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    calibrations=("canonical", "bath", "bath-work", "ledger-share"),
)  # fmt: skip
