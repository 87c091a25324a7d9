"""Strings from permutations: neurons that copy their neighbour around a ring are a relativistic string.

*Claim.* Let W be a permutation made of two cycles per target dimension i = 1, 2 and let x ← f(Wx):
    R(t+1, s) = f(R(t, s−1)),   Q(t+1, s) = f(Q(t, s+1)),   X^i = (R^i + Q^i)/2.
For f linear (∂_t² − ∂_s²) X^i = 0; all power lies on |ω| = |k|; and with a clock X⁰ that advances at every neuron by
the arc length of its own change of state, the constraints −(∂_± X⁰)² + |∂_± X|² = 0 hold: X^μ is a closed string in
2 + 1 dimensions. For f = tanh the waves keep their speed and lose their height, a → a/√(1 + 2a²t/3).
Two more strings run beside the main one. Neurons that divide by the common strength of their three rings move in a
curved space, a sphere, whose connection Γ can be read from their states alone; neurons that merely read their partners
do not: what the paper calls minimal coupling gives the string a mass and no curvature.
*Source.* 2008.01540 §8 (secondary reading; the fading law is derived in `weltnet.theory.strings`).
*Conventions.* One tick and one site are the unit of time and length, so the speed of light is 1; signature (−, +, +);
wave residual rms(δ_tt X − δ_ss X)/√(ms δ_tt X + ms δ_ss X); amplitudes are rms values of one mover.
*Put in by hand.* The permutation, the pairing of a right with a left cycle, smooth initial data, both couplings.
*What would refute it.* A residual above round-off, power off the light cone, a constraint that is missed, a height
that does not fade as predicted, a Γ that is off by 6 %. Two readings *are* refuted: that of minimal coupling, and that
of X⁰ as the overall mean, taken literally: the form induced on the target has signature (0, +, …) and the constraints
hold only where X¹ and X² agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from weltnet import rings
from weltnet.estimators import target, waves
from weltnet.experiment import Claim, Experiment, Preset, Question, Report, Stop, Tour, Verdict
from weltnet.kernels.chains import lengthen
from weltnet.observables import Axis, Field, Observable, Paths, Plane, Scalar, Series
from weltnet.params import Params, Saboteur, choice, knob
from weltnet.systems.strings import Activation, Mixing, band_limited, dyadic, random_orthogonal, shifts, tick
from weltnet.theory import strings as theory_of
from weltnet.verdicts import judge

__all__ = ["EXPERIMENT", "StringParams", "StringState"]

Array = NDArray[np.float64]

DIMS = 2
WINDOW = 256
"""Ticks of memory: the history picture, the spectrum and the wave residual look this far back."""
STRIDE = 2
COMPANIONS, COMPANION_AMPLITUDE = 8, 0.5
"""Cycles, and their rms, of the tanh string that runs beside the main one to measure friction."""
BENT = 0.25
"""Largest A²L at which a tanh string is still a free wave: A = .03 at L = 256, 8 % of the height lost in one trip."""
T95 = 2.571
"""Half a 95 % interval in standard errors of a jackknife over six."""
PLACES = np.stack(np.meshgrid(*[np.linspace(-0.4, 0.4, 9)] * 2)).reshape(2, -1)
ALONG = np.stack([np.linspace(-0.4, 0.4, 41), np.zeros(41)])
"""Where Γ is judged, and where it is drawn."""
SHAPE, COMPANION_SHAPE, KICKS, COMPANION_KICKS, MIXING, CURVED_SHAPE = range(6)
"""Streams of random numbers."""
FADE_TICKS = np.unique(np.round(np.logspace(0, 5, 81)).astype(np.int64)) - 1
REACH = 31


class StringParams(Params):
    """The knobs of a string of neurons."""

    saboteurs: ClassVar[tuple[Saboteur, ...]] = (
        Saboteur(
            "dense-mixing",
            "a neuron reads one neighbour only",
            turns=("wave", "shell", "virasoro", "friction"),
            planes=("target", "profile", "history", "spectrum", "friction"),
            watch="Every neuron now reads all neurons of its ring, in a random mixture. The string dissolves, and its "
            "light leaves the cone.",
        ),
        Saboteur(
            "lazy-hop",
            "a neuron copies at every tick",
            turns=("wave", "virasoro"),
            planes=("target", "profile", "history", "spectrum"),
            watch="A neuron now copies its neighbour only with probability p and otherwise keeps its state. Waves get "
            "slower than light, and ragged.",
        ),
        Saboteur(
            "free-strength",
            "neurons of one site share their strength",
            turns=("sphere",),
            planes=("connection",),
            watch="The normalised rings no longer divide by their common strength. Nothing bends them any more, and "
            "the connection that is read from their states falls to the line of flat space.",
        ),
    )

    activation: Activation = choice(
        "linear", symbol="f", meaning="what a neuron does with the state it reads; tanh bends large ones",
        equation="x ← f(Wx)", group="Network", restarts=True,
    )  # fmt: skip
    sites: int = knob(
        256, 64, 512, symbol="L", unit="neurons", meaning="neurons in each cycle; a wave returns after L ticks",
        equation="X(t + L, s) = X(t, s)", group="Network", restarts=True,
    )  # fmt: skip
    amplitude: float = knob(
        0.5, 0.003, 1.5, symbol="A",
        meaning="rms height of each cycle at the start; tanh feels it, a linear neuron does not",
        equation="⟨R²⟩ = ⟨Q²⟩ = A²", group="Initial string", restarts=True, log=True,
    )  # fmt: skip
    modes: int = knob(
        12, 1, 24, symbol="n", unit="harmonics",
        meaning="harmonics in the initial string, with random phases and heights falling as 1/k",
        equation="R(0, s) = Σ_{k≤n} a_k cos(2πks/L + φ_k), a_k ∝ 1/k", group="Initial string", restarts=True,
    )  # fmt: skip
    noise: float = knob(
        0.0, 0.0, 0.05, symbol="η", unit="A",
        meaning="random kick to every neuron at every tick, as a fraction of the amplitude",
        equation="x ← f(Wx) + ηAξ", group="Network",
    )  # fmt: skip
    hop: float = knob(
        0.5, 0.1, 0.9, symbol="p",
        meaning="probability that a neuron copies its neighbour while hops are lazy; unused otherwise",
        equation="R(t+1, s) = R(t, s−1) with probability p, else R(t, s)", group="Broken",
    )  # fmt: skip


# ---- state and step


@dataclass
class StringState:
    """The string, its clock, its memory, and the tanh companion."""

    seed: int
    step: int
    movers: Array
    """(2, DIMS, sites): R and Q."""
    start: Array
    clock: Array
    """(2, sites): ∂_s X⁰ of each mover."""
    companion: Array
    """(COMPANIONS, sites)."""
    companion_start: Array
    fade: Array
    """rms height of the companion, as a share of its first, FADE_TICKS after `anchored`."""
    history: Array
    """(WINDOW, DIMS, sites): X at tick t in row t mod WINDOW."""
    anchored: int
    """Tick at which the clock and the companion were last set going."""
    troubled: bool
    mixing: Mixing
    bent: rings.Rings


def begin(params: StringParams, seed: int, report: Report) -> StringState:
    """A random smooth closed string at tick 0."""
    report(0.0, "shaking the string")
    sites = params.sites
    start = dyadic(params.amplitude * band_limited(seed, 2 * DIMS, sites, params.modes, SHAPE)).reshape(2, DIMS, sites)
    companion = COMPANION_AMPLITUDE * band_limited(seed, COMPANIONS, sites, params.modes, COMPANION_SHAPE)
    history = np.zeros((WINDOW, DIMS, sites))
    history[0] = theory_of.position(start)
    mixing = random_orthogonal(seed, sites, MIXING)
    fade, clock = np.ones(len(FADE_TICKS)), np.zeros((2, sites))
    state = StringState(
        seed, 0, start.copy(), start, clock, companion.copy(), companion, fade, history, 0, False, mixing,
        rings.begin(seed, sites, CURVED_SHAPE),
    )  # fmt: skip
    _anchor(state)
    return state


def _anchor(state: StringState) -> None:
    """Set the clock to the arc length along each mover, and the companion to its first shape."""
    length = np.sqrt((waves.slopes(state.movers) ** 2).sum(axis=1))
    # A right mover f(s − t) meets ever smaller s: where its clock runs forward in t it runs backward in s.
    state.clock[:] = length * np.array([[-1.0], [1.0]])
    state.companion[:] = state.companion_start
    rings.launch(state.bent)
    state.bent.of_curved = target.Sums.empty(rings.STRINGS)
    state.anchored = state.step


def step(state: StringState, params: StringParams) -> None:
    """Advance by STRIDE ticks; a network that has just been repaired gets a new clock and a new companion."""
    trouble = bool(params.broken) or params.noise > 0.0
    if state.troubled and not trouble:
        _anchor(state)
    state.troubled = trouble
    hop = params.hop if params.breaks("lazy-hop") else 1.0
    weights: dict[str, Any] = {"mixing": state.mixing if params.breaks("dense-mixing") else None, "hop": hop}
    cycles, grouped, paired = 2 * DIMS, shifts(2 * DIMS, grouped=True), shifts(COMPANIONS, grouped=False)
    for _ in range(STRIDE):
        key: dict[str, Any] = weights | {"seed": state.seed, "step": state.step}
        before = state.movers.copy()
        flat = state.movers.reshape(cycles, -1)
        tick(flat, grouped, params.activation, noise=params.noise * params.amplitude, stream=KICKS, **key)
        kick = params.noise * COMPANION_AMPLITUDE
        tick(state.companion, paired, "tanh", noise=kick, stream=COMPANION_KICKS, **key)
        rings.tick(state.bent, params.breaks("free-strength"))
        lengthen(state.clock, state.movers, before)
        state.step += 1
        state.history[state.step % WINDOW] = theory_of.position(state.movers)
        i = int(np.searchsorted(FADE_TICKS, state.step - state.anchored))
        if i < len(FADE_TICKS) and FADE_TICKS[i] == state.step - state.anchored:
            state.fade[i] = waves.rms(state.companion) / waves.rms(state.companion_start)


# ---- observe


def observe(state: StringState, params: StringParams) -> Mapping[str, Observable]:
    """The string in its target, along itself, over the last 256 ticks, and in wave number and frequency."""
    newest, lived, sites = state.step % WINDOW, min(state.step + 1, WINDOW), params.sites
    edges = (-0.5 / sites, 1.0 - 0.5 / sites)
    past = np.roll(state.history[:, 0], -(newest + 1), axis=0).T / params.amplitude
    light = waves.spectrum(state.history, newest, lived, reach=REACH)
    residual, residual_error = waves.wave_residual(state.history, newest, lived)
    ds = waves.slopes(state.movers)
    known = int(np.searchsorted(FADE_TICKS, state.step - state.anchored, side="right"))
    return (
        _shapes(state.movers, params, "neurons")
        | {
            "history": Field("history", past, (*edges, 0.5 - WINDOW, 0.5), (-2, 2), "X¹/A", signed=True),
            "wave": Scalar(residual, "wave residual", "", residual_error, "history"),
            "spectrum": Field("spectrum", light.decades(8.0), light.extent, (-8, 0), "log₁₀ power"),
            "light cone": Paths.of("spectrum", theory_of.light_cone(float(REACH)), "contour", static=True),
            "shell": Scalar(light.shell, "power on cone", "", light.shell_error, "spectrum"),
            "virasoro": Scalar(waves.constraint_violation(ds, state.clock), "V arc", "", 0.0, "profile"),
            "mean time": Scalar(waves.constraint_violation(ds, waves.mean_slopes(ds)), "V mean", "", 0.0, "profile"),
            "friction": _fading(FADE_TICKS[:known], state.fade[:known], "neurons"),
        }
        | _bent(state)
    )


def _bent(state: StringState) -> dict[str, Observable]:
    bends, pulls = target.connection(state.bent.of_curved), target.connection(state.bent.of_massive)
    return {
        "connection": _connection(bends.at(ALONG)[0], "neurons"),
        "by connection": Scalar(float(bends.explained[0]), "by Γ", "", 0.0, "connection"),
        "coupled by connection": Scalar(float(pulls.explained[0]), "coupled, by Γ", "", 0.0, "connection"),
    }


def _connection(found: Array, name: str) -> Series:
    return Series("connection", ALONG[0], np.ascontiguousarray(found[:1, 0]), (name,), ("ink",))


def _shapes(movers: Array, params: StringParams, name: str) -> dict[str, Observable]:
    x = theory_of.position(movers) / params.amplitude
    place = np.arange(params.sites) / params.sites
    return {
        "string": Paths.of("target", [np.append(x, x[:, :1], axis=1).T], kind="site"),
        "profile": Series("profile", place, x[:1], (name,), ("ink",), "site"),
        "amplitude": Scalar(float(waves.rms(movers)) / params.amplitude, "A(t)/A", "", 0.0, "target"),
    }


def _fading(ticks: NDArray[np.int64], share: Array, name: str) -> Series:
    return Series("friction", np.log10(1.0 + ticks), np.log10(share)[None], (name,), ("ink",))


# ---- theory


def theory(state: StringState, params: StringParams) -> Mapping[str, Observable]:
    """d'Alembert's solution of the *initial* data, faded where f bends; never told of noise or of saboteurs."""
    movers = theory_of.dalembert(state.start, state.step)
    if params.activation == "tanh":
        movers = theory_of.faded(movers, state.step)
    first = waves.rms(state.companion_start)
    law = [waves.rms(theory_of.faded(state.companion_start, t)) / first for t in FADE_TICKS[::4]]
    return (
        _shapes(movers, params, "d'Alembert")
        | {"friction": _fading(FADE_TICKS[::4], np.array(law), "law")}
        | {"connection": _connection(theory_of.sphere(ALONG), "sphere")}
    )


# ---- verdict

SOURCE = "2008.01540 §8"

CLAIMS = (
    Claim(
        "wave", "The neuron states obey the wave equation.", SOURCE, "wave residual", 0.0, (0.0, 1e-12), "holds",
        "Exact for linear f; over 20 seeds .4 % for tanh at A = .03 and at most 4 % while A²L ≤ 1/4.",
    ),
    Claim(
        "friction", "tanh is a friction: heights fade as the law says.", SOURCE, "height/law", 1.0, (0.99, 1.01),
        "holds", "Within .1 % from tick 256 on, at A = .5, over 20 seeds.",
    ),
    Claim(
        "virasoro", "With arc length as time, the string's constraints hold.", SOURCE, "violation", 0.0, (0.0, 1e-12),
        "holds", "By construction of the clock, for linear f without noise.",
    ),
    Claim(
        "mean-time", "With the overall mean as time, they hold too.", SOURCE, "violation", 0.0, (0.0, 1e-12), "fails",
        "The literal reading: ∂X·∂X minus the squared mean is a sum of squares; .60 to 1.16 over 20 seeds.",
    ),
    Claim(
        "shell", "All power lies on the light cone, |ω| = |k|.", SOURCE, "power on cone", 1.0, (0.999, 1.001), "holds",
        "Above .9999 over 20 seeds, for linear f and for tanh at every amplitude.",
    ),
    Claim(
        "sphere", "Rings that divide by their strength move on a sphere.", SOURCE, "error of Γ", 0.0, (0.0, 0.06),
        "holds", "Off by .019 to .026 (95 %: .003) over 20 seeds; a free string is off by 1.",
    ),
    Claim(
        "minimal", "Minimal coupling of rings curves their target.", SOURCE, "by Γ", 1.0, (0.9, 1.0),
        "fails", "A Γ explains .10 to .21 of it over 20 seeds (.28 to .36 with 512 neurons), a mass all of it.",
    ),
)  # fmt: skip
WAVE, FRICTION, VIRASORO, MEAN_TIME, SHELL, SPHERE, MINIMAL = CLAIMS


def verdict(state: StringState, params: StringParams) -> tuple[Verdict, ...]:
    """One verdict per claim, from the last 256 ticks, the present movers and the companion."""
    newest, lived = state.step % WINDOW, min(state.step + 1, WINDOW)
    since = state.step if state.troubled else state.step - state.anchored
    waiting = f"Needs {WINDOW} ticks of an unchanged network; {since} have passed." if since < WINDOW else ""
    at_rest = np.ptp(state.history, axis=-1).max() == 0.0
    still = "The string has come to rest: nothing moves that could be judged." if at_rest and not waiting else waiting
    noisy = "Noise kicks every neuron at every tick: waves are born and driven, not free." if params.noise > 0.0 else ""
    curved = params.activation == "tanh"
    worn = curved and params.amplitude**2 * params.sites > BENT
    bent = f"tanh wears a string with A²L > {BENT} down by more than 8 % in one trip: no free wave." if worn else ""
    tanh = "tanh shortens the string as it moves, and its clock with it." if curved else ""

    residual, residual_error = waves.wave_residual(state.history, newest, lived)
    light = waves.spectrum(state.history, newest, lived, reach=REACH)
    ds = waves.slopes(state.movers)
    uniform = waves.constraint_violation(ds, waves.uniform_slopes(ds))
    law = waves.rms(theory_of.faded(state.companion_start, state.step - state.anchored), axis=1)
    height, error = waves.mean_over_copies(waves.rms(state.companion, axis=1) / law)
    bends, pulls = target.connection(state.bent.of_curved), target.connection(state.bent.of_massive)
    off, off_error = bends.error(theory_of.sphere(PLACES), PLACES)
    by_gamma, gamma_error = (float(v) for v in target.jackknife(pulls.explained))
    unfaded = float((waves.rms(state.companion_start, axis=1) / law).mean())
    return (
        judge(
            WAVE, residual, residual_error,
            f"Neuron states against the wave equation over {WINDOW} ticks; a field without order gives .577.",
            null=theory_of.WHITE_WAVE_RESIDUAL, outside=noisy or bent, waiting=still,
            band=(0.0, 0.06) if curved else None,
        ),
        judge(
            FRICTION, height, error,
            f"Height of {COMPANIONS} tanh cycles against the law; the null is a height that never fades.",
            null=unfaded, outside=noisy, waiting=waiting,
        ),
        judge(
            VIRASORO, waves.constraint_violation(ds, state.clock), 0.0,
            "Constraints with X⁰ the arc length each neuron has travelled; null: one clock for all neurons.",
            null=uniform, outside=noisy or tanh, waiting=waiting,
        ),
        judge(
            MEAN_TIME, waves.constraint_violation(ds, waves.mean_slopes(ds)), 0.0,
            "Constraints with X⁰ the overall mean: (∂X¹ − ∂X²)²/2 is left over, zero only if X¹ and X² agree.",
            null=uniform, waiting=waiting,
        ),
        judge(
            SHELL, light.shell, light.shell_error,
            f"Share of spectral power within {waves.LOBE} bins of the light cone; the null is a flat spectrum.",
            null=waves.shell_of_noise(WINDOW, params.sites), outside=noisy, waiting=still,
        ),
        judge(
            SPHERE, off, T95 * off_error,
            f"Γ over |X| < .4 from {rings.STRINGS} strings of normalised rings; flat space is off by 1.",
            null=1.0, waiting=waiting,
        ),
        judge(
            MINIMAL, by_gamma, T95 * gamma_error,
            f"Share of the acceleration of coupled rings that any Γ explains; a mass explains {pulls.massive[0]:.3f}.",
            null=0.0, waiting=waiting,
        ),
    )  # fmt: skip


# ---- tours

RING = Tour("ring", "A string of neurons", (
    Stop(
        "Four rings of 256 neurons. At every tick each neuron copies the state of its neighbour, and that is all the "
        "network does. That rule is put in by hand: in two rings states wander to the right, in two to the left. Take "
        "the sum of one right and one left ring as a place, X¹, and that of the other pair as X²: then the network is "
        "a closed curve in a plane. That is the picture called The string.",
        {}, 0, ("target", "history"),
        question=Question(
            "What will the curve do in 256 ticks?",
            ("It falls apart.", "It moves and is then itself again.", "It stands still."), 1,
            "It swings about and is itself again: after 256 ticks every state is back where it was. The ghost under "
            "the curve is d'Alembert's solution of the wave equation, of 1747, and the ink never leaves it.",
            until=256, shows={"wave": "holds", "virasoro": "holds", "amplitude": (0.999, 1.001)},
        ),
    ),
    Stop(
        "The spectrum shows the same motion by wave number and frequency. Light would lie on the two lines of the X, "
        "where both are equal.",
        look=("spectrum", "shell"),
        question=Question(
            "One site per tick is the speed of light here. How much of the motion lies on the X?",
            ("All of it.", "About half.", "Very little."), 0,
            "All of it. Nobody put in relativity: a neuron that copies its neighbour at every tick has no other speed "
            "to offer.",
            until=44, shows={"shell": "holds"},
        ),
    ),
    Stop(
        "A relativistic string obeys two constraints more. They need a time. The paper proposes the mean of all "
        "neurons as time. The card for that reading says fails, and it always will: what is left over is a sum of "
        "squares. It was registered as failing. The card beside it takes another time, the distance each neuron has "
        "travelled, and that one holds, by the way it is made.",
        look=("virasoro", "mean-time"), shows={"mean-time": "fails", "virasoro": "holds"},
    ),
    Stop(
        "Now break it. The assumption is that a neuron copies at every tick. Let it do so only with probability one "
        "half, and otherwise keep its state.",
        look=("history", "spectrum", "wave"),
        question=Question(
            "The string hops half as often. What is left of the wave equation after 100 ticks?",
            ("It holds: the waves are only slower.", "It fails."), 1,
            "It fails. The waves are slower than light; and since each neuron waits at random, neighbours lose step "
            "and the waves get ragged as well.",
            {"broken": "lazy-hop"}, 100, {"wave": "fails", "virasoro": "fails"},
        ),
    ),
    Stop(
        "Repair it, and let the 256 ticks pass that the instrument looks back.",
        look=("wave", "shell"),
        question=Question(
            "The curve is ragged now. Will the wave equation come back?",
            ("No: the damage is done.", "Yes, for the ragged curve too."), 1,
            "Yes. The law is in the wiring, not in the shape: any curve that is copied on obeys it, the ragged one as "
            "well. But it has left its ghost for good.",
            {"broken": ""}, 300, {"wave": "holds", "virasoro": "holds", "shell": "holds"},
        ),
    ),
))  # fmt: skip


# ---- experiment


def derived(params: StringParams) -> Mapping[str, str]:
    """What follows from the knobs."""
    left = float(theory_of.faded(params.amplitude, params.sites)) / params.amplitude
    shown = f"{left:.0%} of A" if params.activation == "tanh" else "100 % of A"
    return {"one trip": f"{params.sites} ticks", "height after a trip": shown}


PLANES = {
    "target": Plane("The string", "states of paired neurons as places",
                    Axis("X¹/A", -2.5, 2.5), Axis("X²/A", -2.5, 2.5), square=True),
    "profile": Plane("Along the ring", "states and d'Alembert's solution",
                     Axis("s/L", 0, 1), Axis("X¹/A", -2.5, 2.5)),
    "history": Plane("Worldsheet", "X¹ over the last 256 ticks",
                     Axis("s/L", 0, 1), Axis("age", -WINDOW, 0, "ticks")),
    "spectrum": Plane("Spectrum", "light cone ω = ±k",
                      Axis("kL/2π", -32, 32), Axis("ωL/2π", -32, 32), square=True),
    "connection": Plane("Target space", "what bends normalised rings, on X² = 0",
                        Axis("X¹", -0.4, 0.4), Axis("Γ¹₁₁", -0.55, 0.55)),
    "friction": Plane("Friction", "a tanh string beside the main one",
                      Axis("log₁₀(1 + t)", 0, 5), Axis("log₁₀ A(t)/A", -2.2, 0.2)),
}  # fmt: skip

EXPERIMENT = Experiment(
    slug="strings",
    title="Strings from permutations",
    group="space-time",
    question="If every neuron only copies its neighbour, does the network move like a relativistic string?",
    formula=r"R_{t+1}(s)=f\big(R_t(s-1)\big),\; Q_{t+1}(s)=f\big(Q_t(s+1)\big),\; X=\tfrac12(R+Q)"
    r"\;\Rightarrow\; (\partial_t^2-\partial_s^2)X^i=0,\;\; |\partial_\pm X|^2=(\partial_\pm X^0)^2",
    sources=(SOURCE,),
    by_hand="the permutation, a left cycle for every right cycle, smooth initial data, how rings are coupled",
    emergent="the wave equation, the light cone, the constraints, the friction of tanh, the curved target",
    params=StringParams,
    planes=PLANES,
    claims=CLAIMS,
    presets=(
        Preset("Linear string", "The curve never leaves its ghost and is itself again after 256 ticks.", {}),
        Preset(
            "Rotating ellipses",
            "One harmonic: the curve swings through itself, and the spectrum is four points of the cone.",
            {"modes": 1},
        ),
        Preset(
            "tanh is a friction",
            "The curve shrinks exactly as its ghost does, yet the X of light stays as sharp as before.",
            {"activation": "tanh", "amplitude": 0.15},
        ),
        Preset(
            "Nearly a string",
            "At small amplitude tanh hardly bends: the wave residual is half a per cent instead of zero.",
            {"activation": "tanh", "amplitude": 0.03},
        ),
        Preset(
            "Kicked string",
            "Noise travels as waves too: the ink leaves its ghost, the X stays bright, the verdicts step aside.",
            {"noise": 0.01},
        ),
        Preset(

            "Lazy neurons", "The arms of the X bend down to the slope p, below the light cone.", {"broken": "lazy-hop"}
        ),
        Preset(
            "Rings that share their strength",
            "Neurons that divide by a common strength move on a sphere: its Γ, read from states, lies on the ghost.",
            {"sites": 512},
        ),
        Preset("Everyone reads everyone", "The string dissolves and the X goes dark.", {"broken": "dense-mixing"}),
    ),
    tours=(RING,),
    stride=STRIDE,
    verify_steps=2 * WINDOW,
    begin=begin,
    step=step,
    clock=lambda state: float(state.step),
    observe=observe,
    theory=theory,
    verdict=verdict,
    derived=derived,
    time_unit="ticks",
    calibrations=(
        "wave-noise", "wave-free", "wave-slow", "shell-free", "shell-noise", "slow-clock", "over-copies", "connection",
    ),
)  # fmt: skip
