"""The ensemble step: its slow twin, bitwise independence of threads and splits, its noise, its exact linear case."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numba
import numpy as np
import pytest
from scipy import stats

from weltnet.kernels.ensemble import WALL, descend, fast_gaussian_pairs, initial
from weltnet.kernels.grid import deposit, gather
from weltnet.theory import twins

START = np.array([0.3, -0.2, 0.4])


def _table(samples=7, n=13, seed=0):
    return np.random.default_rng(seed).standard_normal((samples, n, n, 2)).astype(np.float32)


@pytest.mark.parametrize("batch", [1, 2, 5, 6, 9])
def test_twin(batch):
    """Link: the step written from its definition in float64 with Philox in Python integers; 15 steps, 40 replicas."""
    table, seed = _table(), 3 + (5 << 32)
    q = initial(40, seed, START[:2], 1.2)
    arguments = (table, -3.0, 0.5, 0.05, 0.2, batch, 15, 4, seed, 0.1, START)
    slow = twins.descend(q, *arguments)
    descend(q, *arguments)
    assert np.abs(q - slow).max() < 1e-5


def _digest():
    table = _table(16, 25)
    q = initial(3001, 11, START[:2], 0.8)
    descend(q, table, -3.0, 0.25, 0.1, 0.05, 3, 20, 0, 11, 0.01, START)
    field = deposit(q, -3.0, 8.0, 48, True)
    out = gather(field[None], q, -3.0, 8.0)
    return hashlib.sha256(q.tobytes() + field.tobytes() + out.tobytes()).hexdigest()


def test_bits_do_not_depend_on_threads(tmp_path):
    """Link: bitwise equality of one thread here with three threads in another process; step, deposit and gather."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = _digest()
    finally:
        numba.set_num_threads(before)
    code = (
        "import importlib.util as u, numba, sys; s = u.spec_from_file_location('t', sys.argv[1]);"
        "m = u.module_from_spec(s); s.loader.exec_module(m); assert numba.get_num_threads() == 3; print(m._digest())"
    )
    environment = os.environ | {"NUMBA_NUM_THREADS": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, __file__], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == one


def test_bits_do_not_depend_on_splits_or_company():
    """Link: bitwise equality; n steps at once or in pieces, and a replica alone or among others."""
    table = _table()
    whole = initial(700, 2, START[:2], 1.0)
    parts, few = whole.copy(), whole[:300].copy()
    rest = (2, 0.02, START)
    descend(whole, table, -3.0, 0.5, 0.05, 0.1, 2, 12, 0, *rest)
    for first, steps in ((0, 5), (5, 1), (6, 6)):
        descend(parts, table, -3.0, 0.5, 0.05, 0.1, 2, steps, first, *rest)
    descend(few, table, -3.0, 0.5, 0.05, 0.1, 2, 12, 0, *rest)
    assert np.array_equal(whole, parts)
    assert np.array_equal(whole[:300], few)


def test_noise_is_normal():
    """Link: one step on a flat loss is noise alone. Seed 1, 200 000 replicas; bounds 5 standard errors, KS p > 1e-4."""
    q = np.zeros((200_000, 2))
    descend(q, np.zeros((1, 3, 3, 2), np.float32), -3.0, 3.0, 1.0, 0.1, 1, 1, 0, 1, 0.0, START)
    z, n = q / 0.1, len(q)
    assert np.abs(z.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert np.abs(z.var(axis=0) - 1).max() < 5 * np.sqrt(2 / n)
    assert np.abs((z**4).mean(axis=0) - 3).max() < 5 * np.sqrt(96 / n)
    assert abs(np.corrcoef(z.T)[0, 1]) < 5 / np.sqrt(n)
    assert abs(np.corrcoef((z**2).T)[0, 1]) < 5 / np.sqrt(n)
    for k in (0, 1):
        assert stats.kstest(z[:, k], "norm").pvalue > 1e-4
    radius = stats.kstest(0.5 * (z**2).sum(axis=1), "expon")
    assert radius.pvalue > 1e-4


def test_fast_gaussians_are_accurate_at_every_scale():
    """Link: Box–Muller in float64 with NumPy's logarithm and cosine, at random words and at the extreme ones."""
    edge = np.array([0, 1, 2, 2**20, 2**30, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1], dtype=np.uint32)
    a = np.concatenate([np.repeat(edge, 9), np.random.default_rng(4).integers(0, 2**32, 5000, dtype=np.uint32)])
    b = np.concatenate([np.tile(edge, 9), np.random.default_rng(5).integers(0, 2**32, 5000, dtype=np.uint32)])
    z = np.empty((2, len(a)), np.float32)
    fast_gaussian_pairs(a, b, z, z[0].view(np.int32), len(a))
    radius = np.sqrt(-2 * np.log((a + 0.5) / 2**32))
    phi = 2 * np.pi * b / 2**32 - np.pi / 4
    # float32 rounds 1 − u by 6e-8 at most, which moves a small radius by 6e-8 / r and never by more than √(2 · 6e-8)
    tolerance = 1e-6 + np.minimum(6e-8 / radius, 3.5e-4)
    assert np.isfinite(z).all()
    assert (np.abs(z[0] - radius * np.cos(phi)) < tolerance).all()
    assert (np.abs(z[1] - radius * np.sin(phi)) < tolerance).all()


def test_stationary_variance_of_a_linear_gradient():
    """Link: x ← (1 − γk) x + noise has variance σ²/(1 − (1 − γk)²). Seed 8, 20 000 replicas, standard error 1 %."""
    x = np.linspace(-3, 3, 49)
    k, rate, noise = np.array([1.0, 2.5]), 0.1, 0.15
    table = np.empty((1, 49, 49, 2), np.float32)
    table[0, :, :, 0], table[0, :, :, 1] = k[0] * x[:, None], k[1] * x[None, :]
    q = initial(20_000, 8, np.zeros(2), 0.3)
    descend(q, table, -3.0, 0.125, rate, noise, 1, 150, 0, 8, 0.0, START)
    exact = noise**2 / (1 - (1 - rate * k) ** 2)
    assert np.abs(q.var(axis=0) / exact - 1).max() < 0.05
    assert np.abs(q.mean(axis=0)).max() < 5 * np.sqrt(exact.max() / len(q))


def test_minibatch_noise_has_the_covariance_of_the_samples():
    """Link: var = γ² C / B for B independent draws. Seed 9, 50 000 replicas; standard error of a variance .6 %."""
    g = np.random.default_rng(1).standard_normal((5, 2))
    table = np.tile(g[:, None, None, :], (1, 4, 4, 1)).astype(np.float32)
    for batch in (1, 4):
        q = np.zeros((50_000, 2))
        descend(q, table, -3.0, 2.0, 0.1, 0.0, batch, 1, 0, 9, 0.0, START)
        expected = 0.01 * np.cov(g.T, bias=True) / batch
        assert np.abs(np.cov(q.T) / expected - 1).max() < 0.06
        assert np.abs(q.mean(axis=0) + 0.1 * g.mean(axis=0)).max() < 5 * np.sqrt(expected.max() / len(q))


def test_start_wall_and_renewal():
    """Link: the definition. Fresh draws have the asked mean and spread, none passes the wall, a share r is renewed."""
    q = initial(40_000, 6, START[:2], START[2])
    assert np.abs(q.mean(axis=0) - START[:2]).max() < 5 * 0.4 / 200
    assert np.abs(q.std(axis=0) - 0.4).max() < 5 * 0.4 / np.sqrt(2 * 40_000)
    far = np.full((2000, 2), 2.8)
    flat = np.zeros((1, 3, 3, 2), np.float32)
    descend(far, flat, -3.0, 3.0, 1.0, 3.0, 1, 5, 0, 6, 0.0, START)
    assert np.abs(far).max() <= WALL
    still = np.full((40_000, 2), -2.0)
    descend(still, flat, -3.0, 3.0, 1.0, 0.0, 1, 1, 0, 6, 0.25, START)
    renewed = (still != -2.0).all(axis=1)
    assert abs(renewed.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 40_000)
    assert np.abs(still[renewed].mean(axis=0) - START[:2]).max() < 5 * 0.4 / 100


def test_a_lost_replica_stays_lost_and_harms_nobody():
    """Link: IEEE arithmetic; not-a-number and infinite positions index inside the table."""
    q = np.zeros((5, 2))
    q[1] = np.nan
    q[3] = np.inf
    descend(q, _table(), -3.0, 0.5, 0.05, 0.1, 2, 3, 0, 1, 0.0, START)
    assert np.isnan(q[1]).all()
    assert np.isfinite(q[[0, 2, 3, 4]]).all()
