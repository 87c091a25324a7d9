"""Free energy is the phase: what hidden states push, what is fitted to it, and what the laws make of the two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.estimators.alignment import GROUPS, angle, explained, jackknife, multiple, products, resolved
from weltnet.estimators.density import Grid
from weltnet.experiments.phase import DECAY, EXPERIMENT, GRID, LAUNCH, PUPIL, SAMPLES, PhaseParams
from weltnet.kernels.hidden import push
from weltnet.kernels.philox import philox
from weltnet.systems.teachers import Pupil, sign_pair
from weltnet.theory.hidden import free_energy
from weltnet.thermal import thermal
from weltnet.timeline import Timeline

T = 0.1
A, B = np.eye(3)[:2]


def linear(pupil: Pupil, scale: float = 1e-3) -> Pupil:
    """The same pupil, so weak that tanh is a straight line."""
    data = pupil.data * scale
    return Pupil(*pupil.weights, data, pupil.inputs, pupil.outputs, pupil.ticks)


def test_gaussian_formula_is_exact_for_linear_activations() -> None:
    """Link: quadrature -> theory. Weak signals at a tiny temperature: both agree to 1e-5 of the formula's range."""
    pupil, q = linear(sign_pair(PUPIL, samples=8)), np.random.default_rng(0).uniform(-2, 2, (12, 2))
    plain, exact = (free_energy(pupil, q, 1e-6, order=order) for order in (0, 5))
    assert np.abs(plain - exact).max() < 1e-5 * np.ptp(plain)


def test_quadrature_converges_and_is_the_integral() -> None:
    """Link: theory. 5 and 7 nodes a neuron agree to 1e-3 of the range; so does brute force on a grid, one sample."""
    pupil, q = sign_pair(PUPIL, samples=4), np.array([[1.0, 0.7], [-1.2, 0.5], [0.3, -0.9]])
    few, many = (free_energy(pupil, q, T, order=order) for order in (5, 7))
    assert np.abs(few - many).max() < 1e-3
    one = Pupil(*pupil.weights, pupil.data[:1], 2, 1, 3)
    x = np.linspace(-3.0, 3.0, 61)
    hidden = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    W = pupil.W0 + 1.0 * pupil.E1 + 0.7 * pupil.E2
    state = np.column_stack([np.tile(one.data[0, :2], (len(hidden), 1)), hidden, np.full(len(hidden), one.data[0, 2])])
    H = 0.5 * ((state - np.tanh(state @ W.T))[:, 2:] ** 2).sum(axis=1)
    brute = -T * np.log(np.exp(-H / T).sum() * (x[1] - x[0]) ** 3)
    assert free_energy(one, q[:1], T, order=7)[0] == pytest.approx(brute, abs=1e-3)


def test_hidden_states_push_by_the_slope_of_their_free_energy() -> None:
    """Link: theory -> kernel. 3 places, 60 000 draws each, seed 5: 4 standard errors and 2 % of bias."""
    pupil = sign_pair(PUPIL, samples=SAMPLES)
    for q in np.array([[1.0, 0.7], [-1.2, 0.5], [0.3, -0.9]]):
        places = np.tile(q, (60_000, 1))
        g = push(places, pupil.weights, pupil.data, 2, 1, temperature=T, step=0, seed=5)
        ends = [free_energy(pupil, np.array([q + e, q - e]), T, order=5) for e in 0.02 * np.eye(2)]
        slope = np.array([(up - down) / 0.04 for up, down in ends])
        assert np.abs(g.mean(axis=0) - slope).max() < 4 * g.std() / np.sqrt(len(g)) + 0.02 * np.abs(slope).max() + 1e-3


def test_a_push_is_the_local_gradient_of_a_slow_twin() -> None:
    """Link: twin -> kernel. Without temperature and ticks the state is the silent network's: exact to float32."""
    pupil, rng = sign_pair(PUPIL, samples=SAMPLES), np.random.default_rng(1)
    q = rng.uniform(-2, 2, (70, 2))
    g = push(q, pupil.weights, pupil.data, 2, 1, temperature=0.0, step=3, seed=7, ticks=0)
    for r in range(len(q)):
        word = philox(np.uint32(r), np.uint32(3), np.uint32(0x71), np.uint32(0), np.uint32(7), np.uint32(0))[0]
        u, v, y = pupil.data[(int(word) * SAMPLES) >> 32]
        W = pupil.W0 + q[r, 0] * pupil.E1 + q[r, 1] * pupil.E2
        x = np.array([u, v, 0, 0, 0, y])
        x[2:5] = np.tanh(W[2:5, :2] @ x[:2])
        f = np.tanh(W @ x)
        d = ((x - f) * (1 - f * f))[2:]
        assert g[r] == pytest.approx([-d @ (E @ x)[2:] for E in (pupil.E1, pupil.E2)], abs=2e-5)


def test_bits_depend_on_no_company() -> None:
    """Link: kernel. The first replicas push the same alone, among others, and on another call; seed and step count."""
    pupil, q = sign_pair(PUPIL, samples=SAMPLES), np.random.default_rng(2).uniform(-2, 2, (200, 2))
    arguments: dict[str, Any] = {"temperature": T, "step": 4, "seed": 1}
    every = push(q, pupil.weights, pupil.data, 2, 1, **arguments)
    assert np.array_equal(push(q[:37], pupil.weights, pupil.data, 2, 1, **arguments), every[:37])
    for other in ({"step": 5}, {"seed": 2}):
        assert not np.allclose(push(q, pupil.weights, pupil.data, 2, 1, **(arguments | other)), every)


def planted(noise: float, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    q, luck = rng.standard_normal((8000, 2)), noise * rng.standard_normal((2, 8000, 2))
    b = np.column_stack([np.sin(q[:, 1]), np.cos(q[:, 0])])
    return products(Grid(48, 3.0), q, (luck[0] - 0.5 * b, luck[1] + b), 0.2)


def test_products_know_no_noise() -> None:
    """Link: estimator. a = −½b with and without noise as large as b, seed 0: c, R² and angle within their errors."""
    clean, noisy = planted(0.0), planted(1.0)
    assert multiple(A, B)(clean[0]) == pytest.approx(-0.5) and explained(A, B)(clean[0]) == pytest.approx(1.0)
    assert angle(A, -B)(clean[0]) < 1e-3
    for what, expected in ((multiple(A, B), -0.5), (explained(A, B), 1.0), (explained(A, B, -0.5), 1.0)):
        value, error = jackknife(noisy, what)
        assert abs(value - expected) < 1.5 * error < 0.2
    assert noisy.shape == (1 + GROUPS, 2, 3, 3) and resolved(noisy, A)


def test_what_has_no_place_is_not_resolved() -> None:
    """Link: estimator. Vectors that know nothing of their place have no field, and no angle to one: seeds 0 to 9."""
    seen = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        q, v = rng.standard_normal((2, 4000, 2))
        seen.append(resolved(products(Grid(48, 3.0), q, (v, v), 0.2), np.array([1.0, 0.0, 0.0])))
    assert sum(seen) <= 2


def test_the_loss_is_symmetric_and_its_slope_is_its_slope() -> None:
    """Link: system. F_n(−q) = F_n(q); ∇F_n by the spline is the difference of F_n to 1 % of its rms; decay is in it."""
    loss = thermal(sign_pair(PUPIL, samples=SAMPLES), T, DECAY, GRID.axis, report=lambda fraction, text: None)
    inner = slice(1, None)
    assert np.allclose(loss.F[inner, inner], loss.F[inner, inner][::-1, ::-1], atol=1e-9)
    steps = np.array(np.gradient(loss.F, GRID.spacing))[:, 2:-2, 2:-2]
    assert np.abs(steps - loss.gradient[:, 2:-2, 2:-2]).max() < 0.01 * loss.gradient.std() + 2e-3
    for psi in (loss.broad(), loss.settled(0.03)):
        assert (psi**2).sum() * GRID.cell == pytest.approx(1.0)
        q, _ = loss.place(psi, 20_000, 0, 0)
        mean = ((psi**2) * GRID.axis[:, None] ** 2).sum() * GRID.cell
        assert (q[:, 0] ** 2).mean() == pytest.approx(mean, rel=0.03)


def line(steps: int, **values: Any) -> Timeline[Any, Any]:
    run = Timeline(EXPERIMENT, PhaseParams.parse({"replicas": 4000} | values), 1)
    while run.step < steps:
        run.advance()
    return run


def test_looks_are_booked_where_they_belong() -> None:
    """Link: state. Descent: early until τ = 2; momentum: until t = .3; a settled start is late at once."""
    booked = {
        key: tuple(bool(s.any()) for s in line(10, **values).state.sums)
        for key, values in {
            "descent": {}, "momentum": {"law": "momentum"}, "settled": {"start": "settled"},
            "rest": {"law": "wave", "start": "settled"},
        }.items()
    }  # fmt: skip
    assert booked == {
        "descent": (True, False), "momentum": (True, False), "settled": (False, True), "rest": (False, False),
    }  # fmt: skip


def test_a_knob_releases_the_replicas_anew() -> None:
    """Link: state. A turned γ forgets what was measured with another, and a launch ends after LAUNCH steps."""
    run = line(30)
    assert run.state.launches == 1 and run.state.sums.any()
    run.change(PhaseParams.parse({"replicas": 4000, "learning_rate": 0.2}))
    run.advance()
    assert run.state.launches == 2 and not run.state.sums.any()
    run.state.age = LAUNCH
    run.advance()
    assert run.state.launches == 3 and run.state.age == EXPERIMENT.stride


def test_a_stationary_wave_has_no_slope_of_phase() -> None:
    """Link: law. The ground state: ∇F' is within its error of nothing, while ∇F_n is seen; 4000 replicas, seed 1."""
    past = line(100, law="wave", start="settled").state.past
    assert np.abs(past["c"]).mean() < 0.15 and (past["angle"] > 60).mean() > 0.5
