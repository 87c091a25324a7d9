"""Lorentz symmetry, learned: neurons that learn to continue relativistic data answer a kick inside a light cone.

*Claim.* A dense random network x(t+1) = tanh(W [x(t), x(t−1)]) descends by plain SGD on ½|tanh(Wz) − y|², where y
continues a Klein–Gordon field by one tick. Afterwards the response G(t, s) to a kick of one neuron depends on
    s² = t² − s²   alone, is ½ J₀(m √s²) inside the cone |s| ≤ t, and nothing is outside.      [2111.00903 §5]
*Conventions.* Neurons and ticks are the units of length and time, so the speed of light is 1; signature (−, +). Times
count from the apex of the cone, one tick before the kick is seen. x = 0 is at rest, so W is the exact linear response
there. γ/γ_c is the learning rate over that at which minibatches of white data blow SGD up, γ_c = 2B/((B + 2N + 1) a²).
*Put in by hand.* The law in the data, and with it the symmetry; the order of the neurons on a ring, which is that of
the data; white, independent pairs [x(t), x(t−1)] instead of one long run; answers without noise, within reach of W.
*What would refute it.* B < .95, power outside the cone, a front unlike 1, a cone that is no Bessel function, after
500 steps; or a network that finds the symmetry in data that do not have it. The strong reading *is* refuted that way:
a second network, from the same start and on the same inputs, sees a field that diffuses. It learns as well, and its
response knows no cone: learning passes a symmetry on and does not make one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weltnet.estimators import cones
from weltnet.estimators.waves import mean_over_copies
from weltnet.experiment import Claim, Experiment, Preset, Question, Report, Stop, Tour, Verdict
from weltnet.history import Ring
from weltnet.kernels.learners import TANH, descend, respond
from weltnet.kernels.philox import normals
from weltnet.observables import Axis, Cloud, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, knob
from weltnet.systems.fields import Law, follow
from weltnet.theory import klein_gordon
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "LorentzParams", "LorentzState"]

Array = NDArray[Any]

SITES, TICKS = 48, 20
"""The cone must not meet itself behind the ring: TICKS < SITES/2 − 2."""
STRIDE, WINDOW = 2, 300
TAUGHT = 400
"""Learning steps before anything is judged."""
ARCS = 4
"""Stretches of the ring whose sources are looked at apart, for the error bars."""
EVERY, SOME = np.arange(SITES), np.arange(0, SITES, 6)
"""Neurons that are kicked: all of the network, eight of its twin."""
START, PAIRS, SHUFFLE, UNRELATED = range(4)
"""Streams of random numbers."""
EVENTS = cones.events(TICKS, SITES)


class LorentzParams(Params):
    """The knobs of the data and of learning."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur("diffusive-data", "the data obey a relativistic law", ("invariance", "front", "bessel"),
                 ("response", "interval", "training"),
                 watch="The field that is shown now diffuses and forgets its past. The cone dissolves into a plume "
                 "that hardly moves."),
        Saboteur("damped-data", "the field loses no speed", ("invariance", "bessel"), ("response", "interval"),
                 watch="The field that is shown now feels friction, and friction has a frame of rest. The cone keeps "
                 "its edges, and fades inside them."),
        Saboteur("unrelated-data", "what follows depends on what was",
                 ("leak", "front", "bessel"), ("response", "weights", "interval", "training"),
                 watch="What follows is now drawn at random. There is nothing to learn: the weights die away, and the "
                 "response with them."),
        Saboteur("permuted-data", "neurons are named as the data are", ("invariance", "leak", "front", "bessel"),
                 ("response", "weights", "interval", "training"),
                 watch="Neighbours in the field now go to neurons far apart. The network learns the same law, but in "
                 "our order of the neurons there is no cone to see."),
    )  # fmt: skip

    learning_rate: float = knob(
        0.1, 0.02, 0.8, symbol="γ/γ_c", group="Learning", log=True,
        meaning="learning rate, in units of that at which minibatches of white data blow SGD up",
        equation="W ← W − γ ∂H/∂W, γ_c = 2B/((B + 2N + 1) a²)",
    )  # fmt: skip
    batch: int = knob(
        32, 1, 128, symbol="B", unit="samples", group="Learning", log=True,
        meaning="samples per step: pairs of ticks and what follows them",
    )  # fmt: skip
    mass: float = knob(
        0.25, 0.0, 0.6, symbol="m", unit="1/neuron", group="Data",
        meaning="mass of the field that is shown: how many radians it turns per tick at rest",
        equation="y(s) = (1 − m²/2)(x₊ + x₋) − x(t−1)",
    )  # fmt: skip
    amplitude: float = knob(
        0.3, 0.05, 0.6, symbol="a", group="Data",
        meaning="rms of the field that is shown; tanh feels it, and learns all the same", equation="⟨x²⟩ = a²",
    )  # fmt: skip


# ---- state and step


@dataclass(slots=True)
class LorentzState:
    """The network, its twin on data that diffuse, their responses and what was measured on the way."""

    seed: int
    step: int
    W: Array
    """(2, 2 SITES, SITES): weights of the network and of its twin, from input j to neuron i."""
    G: Array
    """(TICKS + 1, SITES, SITES): the network's response in every source's own frame."""
    order: Array
    """(SITES,): the order of the neurons while labels are permuted."""
    ledger: Ring


BOOKED = ("invariance", "leak", "front", "bessel", "twin", "loss")


def begin(params: LorentzParams, seed: int, report: Report) -> LorentzState:
    """Two equal dense networks with random weights of variance 1/2N."""
    report(0.0, "drawing a random network")
    drawn, dice = np.empty((2 * SITES, SITES)), np.empty((1, SITES))
    normals(drawn, seed, 0, START)
    normals(dice, seed, 0, SHUFFLE)
    W = np.stack([drawn / np.sqrt(2 * SITES)] * 2)
    G = np.zeros((TICKS + 1, SITES, SITES))
    state = LorentzState(seed, 0, W, G, np.argsort(dice[0], kind="stable"), Ring(BOOKED, WINDOW))
    _book(state, params, 0.0)
    return state


def _rate(params: LorentzParams) -> float:
    B = params.batch
    return params.learning_rate * 2.0 * B / ((B + 2 * SITES + 1) * params.amplitude**2)


def step(state: LorentzState, params: LorentzParams) -> None:
    """STRIDE minibatches; the network and its twin see the same inputs."""
    loss, errors, z = 0.0, np.empty((params.batch, SITES)), np.empty((params.batch, 2 * SITES))
    for _ in range(STRIDE):
        normals(z, state.seed, state.step, PAIRS)
        z *= params.amplitude
        shown, y = _lesson(state, params, z)
        loss = descend(state.W[0], shown, y, _rate(params), TANH, True, errors)
        y = np.tanh(follow("diffusion", z[:, :SITES], z[:, SITES:]))
        descend(state.W[1], z, y, _rate(params), TANH, True, errors)
        state.step += 1
    _book(state, params, loss)


def _lesson(state: LorentzState, params: LorentzParams, z: Array) -> tuple[Array, Array]:
    """What the network is shown, and what it is to say."""
    now, before = z[:, :SITES], z[:, SITES:]
    law: Law = "klein-gordon"
    law = "damped" if params.breaks("damped-data") else "diffusion" if params.breaks("diffusive-data") else law
    after = follow(law, now, before, params.mass)
    if params.breaks("unrelated-data"):
        after = np.empty_like(now)
        normals(after, state.seed, state.step, UNRELATED)
        after *= params.amplitude
    if params.breaks("permuted-data"):
        z, after = np.concatenate([now[:, state.order], before[:, state.order]], axis=1), after[:, state.order]
    return z, np.tanh(after)


def _book(state: LorentzState, params: LorentzParams, loss: float) -> None:
    G = np.empty((TICKS + 1, len(SOME), SITES))
    respond(G, state.W[1], SOME)
    twin = cones.invariance(cones.centred(G, SOME).mean(axis=1))
    G = np.empty_like(state.G)
    respond(G, state.W[0], EVERY)
    state.G = cones.centred(G, EVERY)
    state.ledger.push(**_numbers(state.G, params.mass), twin=twin, loss=loss / params.amplitude**2)


def _numbers(G: Array, mass: float) -> dict[str, float]:
    """The four numbers of a response (TICKS + 1, sources, SITES)."""
    mean = G.mean(axis=1)
    return {
        "invariance": cones.invariance(mean),
        "leak": cones.leak(G),
        "front": cones.front(G),
        "bessel": cones.agreement(mean, klein_gordon.riemann(mass, EVENTS.interval)),
    }


@lru_cache(maxsize=32)
def _exact(mass: float) -> dict[str, float]:
    """What the law itself gives, without a network: a lattice is not quite invariant either."""
    unit = np.eye(SITES)
    law = np.concatenate([follow("klein-gordon", a, b, mass) for a, b in ((unit, 0 * unit), (0 * unit, unit))])
    G = np.roll(klein_gordon.lattice(law, TICKS), SITES // 2, axis=1)
    return _numbers(G[:, None], mass)


# ---- observe

PLANES = {
    "response": Plane(
        "Response", "G(t, s) to a kick of one neuron; cone",
        Axis("s", -SITES / 2, SITES / 2, "neurons"), Axis("t", 0, TICKS, "ticks"),
    ),
    "interval": Plane(
        "Invariance", "events of one neuron; mean; ½ J₀(m √s²)",
        Axis("√s², outside −√|s²|", -9.5, 21, "ticks"), Axis("G", -0.4, 0.7),
    ),
    "weights": Plane(
        "Weights", "from x(t), left, and x(t−1), right",
        Axis("input j", 0, 2 * SITES), Axis("neuron i", 0, SITES),
    ),
    "training": Plane(
        "Training", "four numbers; a twin on diffusing data",
        Axis("age", -WINDOW * STRIDE, 0, "steps"), Axis("B, leak, v, R²", -0.1, 1.2),
    ),
}  # fmt: skip
CONE = ([[-TICKS, TICKS], [0, 0], [TICKS, TICKS]],)
CURVES = ("B", "leak", "v", "R²", "B twin")


def observe(state: LorentzState, params: LorentzParams) -> Mapping[str, Observable]:
    """One neuron's response, the weights, its events against s², and the four numbers of the ring since some time."""
    mean, ledger, half = state.G.mean(axis=1), state.ledger, SITES / 2 + 0.5
    shown = cones.smooth(state.G[:, 0])
    age = STRIDE * np.arange(1.0 - len(ledger), 1.0)
    curves = np.stack([ledger[k] for k in ("invariance", "leak", "front", "bessel", "twin")])
    events = np.stack([EVENTS.proper, shown[EVENTS.chosen]], axis=1)
    return {
        "response": Field("response", shown.T, (-half, half - 1, -0.5, TICKS + 0.5), (-0.4, 0.4), "G", signed=True),
        "cone": Paths.of("response", CONE, "contour", static=True),
        "leak": Scalar(float(ledger["leak"][-1]), "leak", plane="response"),
        "weights": Field("weights", state.W[0], (0, 2 * SITES, 0, SITES), (-0.5, 0.5), "W", signed=True),
        "loss": Scalar(float(ledger["loss"][-1]), "H/a²", plane="weights"),
        "events": Cloud("interval", events, len(events), "G", kind="event"),
        "curve": Series("interval", EVENTS.centres[1:], cones.binned(mean)[None, 1:], ("mean",), ("ink",)),
        "invariance": Scalar(float(curves[0, -1]), "B", plane="interval"),
        "training": Series("training", age, np.clip(curves, -1.0, 2.0), CURVES),
        "front": Scalar(float(curves[2, -1]), "v", "neurons/tick", plane="training"),
        "bessel": Scalar(float(curves[3, -1]), "R²", plane="training"),
    }


# ---- theory


def theory(state: LorentzState, params: LorentzParams) -> Mapping[str, Observable]:
    """The Bessel function of the mass that is shown, and the four numbers of the lattice law itself."""
    exact, proper = _exact(params.mass), np.linspace(-9.0, 21.0, 241)
    law = klein_gordon.riemann(params.mass, np.sign(proper) * proper**2)
    return {
        "curve": Series("interval", proper, law[None], ("½ J₀",), ("ink",)),
        "invariance": Scalar(exact["invariance"], "B", plane="interval"),
        "front": Scalar(exact["front"], "v", "neurons/tick", plane="training"),
        "bessel": Scalar(exact["bessel"], "R²", plane="training"),
    }


# ---- verdict

SOURCE = "2111.00903 §5"
CLAIMS = (
    Claim("invariance", "The response depends on s² alone.", SOURCE, "B", 0.989, (0.95, 1.001), "holds",
          "20 seeds: .9893, which is what the lattice law gives; .94 already at step 100, when R² is .0."),
    Claim("leak", "Nothing is outside the light cone.", SOURCE, "leak", 0.0, (0.0, 1e-6), "holds",
          "20 seeds: 3.0e-9 to 6.3e-9 after 500 steps, falling tenfold every 60; .5 before."),
    Claim("front", "The front moves with the speed of light.", SOURCE, "v", 1.0, (0.95, 1.05), "holds",
          "20 seeds: 1 in all; a random network answers everywhere at once, 0.", "neurons/tick"),
    Claim("bessel", "Inside the cone it is a Bessel function.", SOURCE, "R²", 0.996, (0.95, 1.001), "holds",
          "20 seeds: .9957, which is what the lattice law gives; nothing is fitted."),
    Claim("any-data", "Learning makes the symmetry, whatever the data.", SOURCE, "B twin", 1.0, (0.95, 1.001), "fails",
          "20 seeds: .1423, the number of the diffusing law itself; with friction instead it would be .64."),
)  # fmt: skip


def verdict(state: LorentzState, params: LorentzParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from the present response; error bars are over four arcs of sources."""
    whole, exact = _numbers(state.G, params.mass), _exact(params.mass)
    arcs = [_numbers(part, params.mass) for part in np.split(state.G, ARCS, axis=1)]
    spread = {k: mean_over_copies(np.array([a[k] for a in arcs]))[1] for k in whole}
    waiting = f"{TAUGHT} steps of learning are needed; {state.step} have passed." if state.step < TAUGHT else ""
    null = {"invariance": 0.07, "leak": 0.5, "front": 0.0, "bessel": 0.0}
    said = {
        "invariance": "Share of the variance of G that s² explains; the null is a random network.",
        "leak": "Share of power outside the cone; the null is a random network.",
        "front": "Line through the 10 % front of ticks 1 to 14; the null answers everywhere at once.",
        "bessel": "Against ½ J₀(m √s²) with nothing fitted; the null is no response.",
    }
    found = [
        judge(
            claim, whole[k], spread[k], said[k], null=null[k], predicted=exact[k], waiting=waiting,
            outside="" if claim.band[0] <= exact[k] <= claim.band[1] else
            f"At m = {params.mass:g} the lattice law itself gives {exact[k]:.3f}: the field turns too fast for it.",
        )
        for k, claim in zip(whole, CLAIMS, strict=False)
    ]  # fmt: skip
    return (
        *found,
        judge(
            CLAIMS[-1], float(state.ledger["twin"][-1]), 0.0,
            "The same network on a field that diffuses; it learns its law, and that has no cone.",
            null=null["invariance"], waiting=waiting,
        ),
    )  # fmt: skip


# ---- tours

CONE_TOUR = Tour("cone", "A light cone is learned", (
    Stop(
        "48 neurons, each of which reads all of them, now and one tick ago, through random weights. The picture called "
        "Response is the answer to a kick of one neuron, tick by tick upwards. All neurons answer at once and in no "
        "order: that is noise, as the weights are.",
        {}, 11, ("response", "weights"), shows={"leak": (0.4, 0.7), "invariance": (0.0, 0.2)},
        question=Question(
            "Now the network learns to continue a field by one tick, from pairs of moments. The field obeys a "
            "relativistic wave equation, which nobody tells the network. What will become of the answer to a kick?",
            ("It stays noise.", "It spreads as a drop of ink does.", "It becomes a cone."), 2,
            "A cone is about to show: first the weights far from the two diagonals die, then the answer outside.",
            until=100, shows={"leak": (0.0, 0.05)},
        ),
    ),
    Stop(
        "Give it three hundred steps more.",
        look=("response", "interval"),
        question=Question(
            "How fast will the edge of the answer move?",
            ("One neuron a tick, the fastest there is.", "Half as fast.", "It will have no edge."), 0,
            "With the speed of light of the field it saw. Inside, the answer depends on s² = t² − s² alone: all "
            "events lie on one curve, a Bessel function into which nothing was fitted. That is Lorentz symmetry, in a "
            "network that was dense and random.",
            until=300, shows={"invariance": "holds", "leak": "holds", "front": "holds", "bessel": "holds"},
        ),
    ),
    Stop(
        "Did learning make this symmetry, or did it find it in the data? The card of the second reading says fails. "
        "See for yourselves: the same network, with the same rule of learning, is now shown a field that diffuses.",
        look=("any-data", "response"), shows={"any-data": "fails"},
        question=Question(
            "What will the cone turn into?",
            ("It stays: learning likes cones.", "A plume that hardly moves."), 1,
            "A plume. It learns this law as well as the other, and this law has no cone. Learning passes a symmetry "
            "on; it does not make one.",
            {"broken": "diffusive-data"}, 200,
            {"invariance": "fails", "front": "fails", "bessel": "fails", "any-data": "fails"},
        ),
    ),
    Stop(
        "The relativistic field again, but neighbours in the field now go to neurons far apart: they have other names.",
        look=("weights", "response"),
        question=Question(
            "Will it still learn the law?",
            ("Yes, but the cone is not seen.", "No: neighbours must be neighbours."), 0,
            "It learns it as well as before. Only our order of the neurons hides the cone: it is in the law, not in "
            "the names. On the page Locality, learned, neurons find their places by themselves.",
            {"broken": "permuted-data"}, 300, {"leak": "fails", "invariance": "fails", "loss": (0.0, 0.01)},
        ),
    ),
))  # fmt: skip


# ---- experiment


def derived(params: LorentzParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    wave = f"{1.0 / params.mass:.3g} neurons" if params.mass > 0.0 else "∞"
    return {"γ": f"{_rate(params):.3g}", "N": f"{SITES} neurons", "1/m": wave}


EXPERIMENT = Experiment(
    slug="lorentz",
    title="Lorentz symmetry, learned",
    group="space-time",
    question="Does a network that learns to continue relativistic data answer a kick inside a light cone?",
    formula=r"\dot W=-\gamma\,\partial_W\tfrac12|\tanh(Wz)-y|^2\;\Rightarrow\;"
    r"G(t,s)=\tfrac12 J_0\!\big(m\sqrt{t^2-s^2}\big)\,\theta(t-|s|)",
    sources=(SOURCE,),
    by_hand="the law in the data and with it the symmetry; the order of neurons on a ring; white, noiseless pairs",
    emergent="locality of the weights, the cone, its invariance and its ripples, from dense random weights by SGD",
    params=LorentzParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Noise becomes a cone", "Within ten seconds a square of noise becomes a sharp cone with ripples.", {}),
        Preset("Massless", "Without mass the cone is flat inside: every event in it answers alike.", {"mass": 0.0}),
        Preset("Few samples", "Four pairs a step and a bold rate: a rough way to the same cone.",
               {"batch": 4, "learning_rate": 0.4}),
        Preset("Heavy field", "At m = .5 ripples are as short as the lattice, which is not invariant: no verdict.",
               {"mass": 0.5}),
        Preset("Diffusing data", "A plume without a cone: what was not in the data is not learned.",
               {"broken": "diffusive-data"}),
        Preset("Other names", "The law is learned, but in our order of the neurons it looks like noise.",
               {"broken": "permuted-data"}),
    ),
    tours=(CONE_TOUR,),
    stride=STRIDE,
    verify_steps=500,
    begin=begin,
    step=step,
    clock=lambda s: float(s.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    calibrations=("invariance-noise", "invariance-free", "half-a-cone", "leak-everywhere", "front-slow", "over-copies"),
)  # fmt: skip
