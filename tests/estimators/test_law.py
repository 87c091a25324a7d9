"""The law index, ħ² and s on ensembles whose law is known in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weltnet.estimators.density import Grid
from weltnet.estimators.law import Law, Strain, Witness, halves, law
from weltnet.estimators.potential import current_velocity

GRID = Grid(64, 3.0)
X, Y = np.meshgrid(GRID.axis, GRID.axis, indexing="ij")
M, W, APART, OMEGA = 20_000, 0.08, 0.08, 1.4
V = 0.5 * OMEGA**2 * (X**2 + Y**2)
MIDDLE, WIDTH = np.array([0.5, -0.3]), 0.45


def wave(q0: np.ndarray, t: float, hbar: float) -> np.ndarray:
    """Exact trajectories in a harmonic loss, from rest: of a Gaussian wave (Bohm), classical for ħ = 0."""
    c, s = math.cos(OMEGA * t), math.sin(OMEGA * t)
    width = math.hypot(c, hbar * s / (2 * OMEGA * WIDTH**2))
    # Classical paths cross at the focus and come out mirrored.
    return MIDDLE * c + (q0 - MIDDLE) * (width if hbar else c)


def measure(path, launches: int, looks: int = 7) -> Law:
    """The law of path(q0, t), over launches of fresh replicas; each is a stretch of the jackknife."""
    witness = Witness(64, 200)
    for seed in range(launches):
        witness.forget()
        q, half = start(seed), halves(M, seed)
        for k in range(looks):
            t = W + k * APART
            v = current_velocity(path(q, t - W), path(q, t + W), 2 * W)
            assert witness.look(GRID, path(q, t), v, half, V, APART) == (k >= 2)
    return law(GRID, witness.recent(200), launches)


def start(seed: int) -> np.ndarray:
    return MIDDLE + WIDTH * np.random.default_rng(seed).standard_normal((M, 2))


@pytest.mark.parametrize("hbar", [0.35, 0.5, 0.6])
def test_a_guided_wave_is_second_order_with_its_hbar(hbar: float) -> None:
    """Link: closed-form Bohm paths, 8 launches, seeds 0–7; θ > 75°, c = ħ² within .04 and within 1.5 times its error.

    These paths freeze the sampling noise of their start, about 15 % of c a launch: only launches can tell the error.
    """
    found = measure(lambda q, t: wave(q, t, hbar), 8)
    assert found.theta > 75.0 and found.hbar2 == (found.c, found.c_error)
    assert abs(found.c - hbar**2) < min(0.04, 1.5 * found.c_error)


def test_classical_replicas_are_second_order_without_hbar() -> None:
    """Link: Newton's paths before they cross; |c| < .06, seeds 0–3."""
    assert abs(measure(lambda q, t: wave(q, t, 0.0), 4).c) < 0.06


@pytest.mark.parametrize("s", [0.3, 0.5])
def test_diffusion_is_first_order_with_its_s(s: float) -> None:
    """Link: exact Ornstein–Uhlenbeck steps, D_n = γ s; θ < 10°, |ŝ − s| < .05, seeds 0–2."""
    rate = 0.5 * OMEGA**2
    keep = math.exp(-rate * APART)
    kick = math.sqrt(0.5 * s / rate * (1 - keep**2))

    def path(q0: np.ndarray, t: float) -> np.ndarray:
        steps, rng = round(t / APART), np.random.default_rng(int(1e9 * abs(q0[0, 0])))
        q = q0
        for _ in range(steps):
            q = keep * q + kick * rng.standard_normal(q.shape)
        return q

    found = measure(path, 3)
    assert found.theta < 10.0
    assert abs(found.s - s) < 0.05
    assert found.hbar2 == (-(found.s**2), 2 * found.s * found.s_error)


def test_halves_are_random_and_equal() -> None:
    """Link: the definition; keyed by seed, and unlike the parity of the index."""
    half = halves(10_001, 3)
    assert half.sum() == 5000 and np.array_equal(half, halves(10_001, 3))
    assert not np.array_equal(half, halves(10_001, 4))
    assert abs(half[::2].mean() - 0.5) < 4 * 0.5 / math.sqrt(5000)


def test_a_split_by_place_ruins_it() -> None:
    """Link: why halves are random; left against right, as an index split of Sobol points would be, is off, seed 0."""
    q = start(0)
    witness, left = Witness(64, 20), q[:, 0] < MIDDLE[0]
    for k in range(5):
        t = W + k * APART
        v = current_velocity(wave(q, t - W, 0.5), wave(q, t + W, 0.5), 2 * W)
        witness.look(GRID, wave(q, t, 0.5), v, left, V, APART)
    found = law(GRID, witness.recent(200))
    assert abs(found.c - 0.25) > 0.08 or found.theta < 70.0


def test_nothing_measured_is_said() -> None:
    """Link: the definition; not-a-number without looks, no error bar from too few, and no look across a break."""
    assert math.isnan(law(GRID, np.zeros((0, 2, 2, 3, 3))).theta)
    witness, half, q = Witness(64, 4), halves(M, 0), start(0)
    for _ in range(2):
        witness.look(GRID, q, np.zeros_like(q), half, V, APART)
    witness.forget()
    for k in range(3):
        t = W + k * APART
        v = current_velocity(wave(q, t - W, 0.5), wave(q, t + W, 0.5), 2 * W)
        assert witness.look(GRID, wave(q, t, 0.5), v, half, V, APART) == (k == 2)
    assert math.isinf(law(GRID, witness.recent(200)).c_error)


def test_a_witness_keeps_its_newest_rows_in_order() -> None:
    """Link: the ring; after seven rows of a memory of four, the last three are the last three."""
    witness = Witness(64, 4)
    for k in range(7):
        witness.grams[witness.rows % 4] = k
        witness.rows += 1
    assert witness.recent(3)[:, 0, 0, 0, 0].tolist() == [4, 5, 6]
    assert witness.recent(9)[:, 0, 0, 0, 0].tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("bent", "spilt", "turned", "word"),
    [(9.0, 0.019, 0.009, ""), (11.0, 0.0, 0.0, "steep"), (0.0, 0.021, 0.0, "wall"), (0.0, 0.0, 0.011, "gradient")],
)
def test_strain_says_which_limit_was_passed(bent: float, spilt: float, turned: float, word: str) -> None:
    """Chain of trust: estimator -> verdict. Below all limits nothing is said, above one a sentence with its value."""
    strain = Strain(looks=4, bent=4 * bent, spilt=spilt, turned=4 * turned)
    assert word in strain.sentence and bool(strain.sentence) == bool(word)


def test_a_current_that_turns_is_seen() -> None:
    """Chain of trust: estimator. v = ω × q round a blob is no gradient: ⟨w²⟩ = ω²⟨q²⟩, seen within 5 %; a gradient,
    v = a q, is. 60 000 members, σ = .6, so 2 σ² within the part that is seen: 1 − .05 of it, less its tail."""
    grid, rng = Grid(64, 3.0), np.random.default_rng(3)
    q = 0.6 * rng.standard_normal((60_000, 2))
    half = halves(len(q), 3)
    inside = (q**2).sum(axis=1) < -2 * 0.36 * np.log(0.05)
    for v, expected in ((np.stack([-q[:, 1], q[:, 0]], axis=1), (q[inside] ** 2).sum(axis=1).mean()), (0.5 * q, 0.0)):
        witness, strain = Witness(64, 4), Strain()
        witness.look(grid, q, v, half, np.zeros((64, 64)), 0.1)
        strain.look(grid, q, np.ones((64, 64)), witness)
        assert witness.turned == pytest.approx(expected, rel=0.12, abs=2e-4)
        assert strain.looks == 1 and strain.bent == pytest.approx(1.0) and strain.spilt < 1e-3


def test_a_crowd_on_one_spot_follows_no_law() -> None:
    """Chain of trust: estimator. Where nothing is spread there is nothing to fit: 45°, and no number without value."""
    told = law(Grid(64, 3.0), np.zeros((6, 2, 2, 3, 3)), 3)
    assert (told.theta, told.c, told.s, told.theta_error) == (45.0, 0.0, 0.0, 0.0)
