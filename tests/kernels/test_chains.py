"""Links of the chain: slow twin → kernel, and network → its fast form, for chains of neurons."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from weltnet.kernels.chains import LINEAR, TANH, fire, lengthen, pull_mixed, pull_shifted, wave_sums
from weltnet.kernels.philox import normals
from weltnet.systems.strings import Mixing, band_limited, cycle_matrix, random_orthogonal, shifts, tick

SITES = 64
DIRECTIONS = shifts(4, grouped=True)


def profiles(members: int = 4, sites: int = SITES) -> np.ndarray:
    return 0.7 * band_limited(3, members, sites, 6, 0)


@pytest.mark.parametrize("activation", ["linear", "tanh"])
def test_a_permutation_by_index_is_the_network_x_f_of_wx_plus_b(activation: str) -> None:
    """Network → fast form: index copies equal f(Wx + b), b = 0, bit for bit (linear) or to 1e-15 (another tanh)."""
    x, b = profiles(), np.zeros(SITES)
    f = np.tanh if activation == "tanh" else np.asarray
    expected = np.stack([f(cycle_matrix(SITES, int(d)) @ row + b) for row, d in zip(x, DIRECTIONS, strict=True)])
    tick(x, DIRECTIONS, activation)
    assert np.abs(x - expected).max() <= (1e-15 if activation == "tanh" else 0.0)


def test_the_dense_form_of_a_permutation_is_bitwise_its_index_form() -> None:
    """Network → fast form: the dense kernel with permutation matrices gives the bits of the index kernel."""
    outgoing = np.ascontiguousarray(np.stack([cycle_matrix(SITES, 1).T, cycle_matrix(SITES, -1).T]))
    by_index, by_weights = profiles(), profiles()
    for _ in range(5):
        tick(by_index, DIRECTIONS, "tanh")
        tick(by_weights, DIRECTIONS, "tanh", mixing=Mixing(outgoing))
    assert np.array_equal(by_index, by_weights)


def test_dense_mixing_is_an_orthogonal_network_and_its_transpose() -> None:
    """Network → fast form: dense ticks equal Wx and Wᵀx to 1e-14, and W is orthogonal to 1e-13."""
    mixing, x = random_orthogonal(7, SITES, 4), profiles()
    w = mixing.outgoing[1]
    assert np.abs(w @ w.T - np.eye(SITES)).max() < 1e-13
    expected = np.concatenate([x[:2] @ w.T, x[2:] @ w])
    tick(x, DIRECTIONS, "linear", mixing=mixing)
    assert np.abs(x - expected).max() < 1e-14


def test_random_orthogonal_matrices_have_no_preferred_entry() -> None:
    """Random numbers → kernel: over seeds 0–399 at n = 8, ⟨W⟩ = 0 and ⟨W²⟩ = 1/8 for every entry, within 4.5 se.

    ⟨W⁴⟩ = 3/(n(n + 2)) as on the uniform sphere, and both orientations occur.
    """
    w = np.stack([random_orthogonal(seed, 8, 4).outgoing[1] for seed in range(400)])
    assert np.abs(np.einsum("aij,akj->aik", w, w) - np.eye(8)).max() < 1e-14
    assert np.abs(w.mean(axis=0)).max() < 4.5 * np.sqrt(1 / 8 / 400)
    assert np.abs((w**2).mean(axis=0) - 1 / 8).max() < 4.5 * np.sqrt((3 / 80 - 1 / 64) / 400)
    assert (w**4).mean() == pytest.approx(3 / 80, rel=0.03)
    assert 120 < (np.linalg.det(w) > 0).sum() < 280


def test_lazy_hops_are_a_network_whose_rows_are_the_permutations_or_the_identitys() -> None:
    """Network → fast form: chains of site numbers reveal W(t); f(W(t)x) is then the tick, bit for bit."""
    numbers = np.tile(np.arange(SITES, dtype=float), (4, 1))
    x = profiles()
    key = {"hop": 0.4, "seed": 11, "step": 5, "stream": 2}
    expected = x.copy()
    tick(numbers, DIRECTIONS, "linear", **key)
    for m, d in enumerate(DIRECTIONS):
        read = numbers[m].astype(int)
        assert set((np.arange(SITES) - read) % SITES) == {0, int(d) % SITES}
        w = np.eye(SITES)[read]
        expected[m] = w @ x[m]
    tick(x, DIRECTIONS, "linear", **key)
    assert np.array_equal(x, expected)


def test_hops_happen_with_their_probability() -> None:
    """Random numbers → kernel: 40 000 draws at p = .3, seed 0; standard error .0023, asserted within four of them."""
    x, pulled = np.zeros((4, 10_000)), np.ones((4, 10_000))
    fire(x, pulled, LINEAR, 0.0, 0.3, 0, 0, 0)
    assert abs(x.mean() - 0.3) < 4 * np.sqrt(0.21 / 40_000)


def test_kicks_are_independent_standard_normals() -> None:
    """Random numbers → kernel: mean, variance and neighbour correlation of 40 000 kicks, seed 1, within 4 se."""
    x, pulled = np.zeros((4, 10_000)), np.zeros((4, 10_000))
    fire(x, pulled, LINEAR, 1.0, 1.0, 1, 9, 0)
    se = 1.0 / np.sqrt(x.size)
    assert abs(x.mean()) < 4 * se
    assert abs(x.var() - 1.0) < 4 * np.sqrt(2.0) * se
    assert abs((x[:, 1:] * x[:, :-1]).mean()) < 4 * se
    assert abs((x[1:] * x[:-1]).mean()) < 4 * se


def test_random_numbers_depend_on_every_part_of_their_key() -> None:
    """Random numbers → kernel: seed (both words), step and stream each change the bits; the same key repeats them."""

    def kicks(seed: int = 1, step: int = 2, stream: int = 3) -> np.ndarray:
        x = np.zeros((2, 8))
        fire(x, np.zeros((2, 8)), LINEAR, 1.0, 1.0, seed, step, stream)
        return x

    same = kicks()
    assert np.array_equal(same, kicks())
    others = [kicks(seed=2), kicks(seed=1 + (1 << 32)), kicks(step=3), kicks(stream=4)]
    assert all(not np.any(same == other) for other in others)


def test_a_linear_chain_returns_to_itself() -> None:
    """Invariant: after as many ticks as sites a linear permutation is the identity, bit for bit."""
    x = profiles()
    start = x.copy()
    for t in range(SITES):
        tick(x, DIRECTIONS, "linear", step=t)
        assert t == SITES - 1 or not np.array_equal(x, start)
    assert np.array_equal(x, start)


def test_pulls_move_right_and_left() -> None:
    """Exact case: a single spike moves one site up on a right mover and one down on a left mover, round the ring."""
    x = np.zeros((2, 5))
    x[:, 4] = 1.0
    pulled = np.empty_like(x)
    pull_shifted(pulled, x, np.array([1, -1]))
    assert pulled[0].tolist() == [1, 0, 0, 0, 0]
    assert pulled[1].tolist() == [0, 0, 0, 1, 0]
    pull_mixed(pulled, x, np.array([1, -1]), np.stack([2 * np.eye(5), 3 * np.eye(5)]))
    assert pulled[:, 4].tolist() == [2, 3]
    fire(x, pulled, TANH, 0.0, 1.0, 0, 0, 0)
    assert x[:, 4] == pytest.approx(np.tanh([2, 3]), abs=1e-15)


def test_clock_slopes_are_differences_of_accumulated_arc_length() -> None:
    """Slow twin → kernel: slopes after 20 random steps equal differences of explicitly summed |ΔX|, to 1e-13."""
    steps = np.empty((20, 2 * 3 * SITES))
    normals(steps, 5, 0, 0)
    path = np.cumsum(steps.reshape(20, 2, 3, SITES), axis=0)
    slopes = np.zeros((2, SITES))
    for old, new in pairwise(path):
        lengthen(slopes, new, old)
    clock = np.sqrt((np.diff(path, axis=0) ** 2).sum(axis=2)).sum(axis=0)
    assert np.abs(slopes - (np.roll(clock, -1, axis=-1) - clock)).max() < 1e-13


@pytest.mark.parametrize("newest", [0, 7, 31])
def test_wave_sums_are_those_of_the_slow_twin(newest: int) -> None:
    """Slow twin → kernel: sums over a ring of random ticks equal numpy's on the unrolled ring, to 1e-12 relative."""
    flat = np.empty((32, 2 * SITES))
    normals(flat, 6, 0, 0)
    x = flat.reshape(32, 2, SITES)
    ring = np.roll(x, newest + 1, axis=0)
    sums = np.empty((30, 3))
    wave_sums(sums, ring, newest)
    tt = x[2:] + x[:-2] - 2 * x[1:-1]
    ss = (np.roll(x, 1, axis=-1) + np.roll(x, -1, axis=-1) - 2 * x)[1:-1]
    twin = np.stack([((tt - ss) ** 2).sum((1, 2)), (tt**2).sum((1, 2)), (ss**2).sum((1, 2))], axis=1)
    assert np.allclose(sums, twin[::-1], rtol=1e-12, atol=0.0)


def test_initial_profiles_are_what_they_say() -> None:
    """Network: unit rms, zero mean, nothing above the last harmonic, multiples of 2⁻⁴⁰, cycles unlike each other."""
    x = band_limited(0, 4, 256, 12, 0)
    power = np.abs(np.fft.rfft(x)) ** 2
    assert np.abs(np.sqrt((x**2).mean(axis=1)) - 1.0).max() < 1e-11
    assert np.abs(x.mean(axis=1)).max() < 1e-11
    assert power[:, 13:].max() < 1e-18 * power.max()
    assert np.array_equal(x * 2.0**40, np.round(x * 2.0**40))
    assert np.abs(np.corrcoef(x) - np.eye(4)).max() < 0.9
