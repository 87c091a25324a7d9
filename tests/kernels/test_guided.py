"""Inertial and guided replicas: their slow twins, bits, order and what they conserve."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numba
import numpy as np

from weltnet.kernels.ensemble import WALL, initial
from weltnet.kernels.guided import bohm, leapfrog, nelson
from weltnet.theory import twins

LOW, INVERSE, N = -3.0, 8.0, 49
AXIS = LOW + np.arange(N) / INVERSE


def _fields(seed=0):
    return np.random.default_rng(seed).standard_normal((2, N, N))


def _spring():
    """The force −q, which bilinear reading reproduces exactly."""
    return np.stack([np.repeat(-AXIS[:, None], N, 1), np.repeat(-AXIS[None, :], N, 0)])


def test_twins():
    """Link: all three steps written from their definitions in float64 numpy, walls and capped drift included."""
    q = initial(60, 1, np.array([0.5, -0.5]), 1.8)
    v = np.random.default_rng(2).standard_normal((60, 2))
    slow_q, slow_v = twins.leapfrog(q, v, _fields(), LOW, INVERSE, 0.05, 40)
    slow = twins.nelson(q, 5 * _fields(3), LOW, INVERSE, 0.05, 0.2, 7 + (9 << 32), 12)
    slow_path, path = twins.bohm(q, 5 * _fields(3), 5 * _fields(4), LOW, INVERSE, 0.05), q.copy()
    bohm(path, 5 * _fields(3), 5 * _fields(4), LOW, INVERSE, 0.05)
    assert np.abs(path - slow_path).max() < 1e-12 and np.abs(path).max() <= WALL
    fast = q.copy()
    nelson(fast, 5 * _fields(3), LOW, INVERSE, 0.05, 0.2, 7 + (9 << 32), 12)
    leapfrog(q, v, _fields(), LOW, INVERSE, 0.05, 40)
    assert np.abs(q - slow_q).max() < 1e-10 and np.abs(v - slow_v).max() < 1e-10
    assert np.abs(fast - slow).max() < 2e-6
    assert np.abs(q).max() <= WALL and np.abs(fast).max() <= WALL


def _digest():
    q = initial(3001, 11, np.zeros(2), 0.8)
    v = np.zeros_like(q)
    leapfrog(q, v, _fields(), LOW, INVERSE, 0.03, 20)
    for step in range(10):
        nelson(q, _fields(1), LOW, INVERSE, 0.03, 0.1, 5, step)
        bohm(q, _fields(1), _fields(2), LOW, INVERSE, 0.03)
    return hashlib.sha256(q.tobytes() + v.tobytes()).hexdigest()


def test_bits_do_not_depend_on_threads():
    """Link: bitwise equality of one thread here with three threads in another process."""
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
    """Link: bitwise equality; a replica alone or among others, and its inertia in one call or in three."""
    q = initial(700, 2, np.zeros(2), 0.9)
    v = np.ones_like(q)
    a, b, c, d = q.copy(), v.copy(), q[:300].copy(), v[:300].copy()
    leapfrog(a, b, _fields(), LOW, INVERSE, 0.02, 9)
    for steps in (4, 3, 2):
        leapfrog(c, d, _fields(), LOW, INVERSE, 0.02, steps)
    assert a[:300].tobytes() == c.tobytes() and b[:300].tobytes() == d.tobytes()
    nelson(a, _fields(), LOW, INVERSE, 0.02, 0.1, 3, 8)
    nelson(c, _fields(), LOW, INVERSE, 0.02, 0.1, 3, 8)
    assert a[:300].tobytes() == c.tobytes()
    bohm(a, _fields(), _fields(1), LOW, INVERSE, 0.02)
    bohm(c, _fields(), _fields(1), LOW, INVERSE, 0.02)
    assert a[:300].tobytes() == c.tobytes()


def test_bohm_order_and_equivariance():
    """Link: a free packet, |ψ|² of spread √(1 + t²/4), ħ = 1, carries every place along as its spread grows.

    v = q t/(4 + t²) is linear in q, so that reading it off a grid is exact: order 2 by regression, reversible to it.
    """

    def v(t):
        return -_spring() * t / (4.0 + t * t)

    start = np.array([[1.0, 0.5], [-0.3, 1.2]])
    steps, errors = (20, 40, 80), []
    for n in steps:
        q = start.copy()
        for k in range(n):
            bohm(q, v(2.0 * k / n), v(2.0 * (k + 1) / n), LOW, INVERSE, 2.0 / n)
        errors.append(np.abs(q - start * np.sqrt(2.0)).max())
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 1.95 < order < 2.05 and errors[-1] < 1e-4
    for k in range(80, 0, -1):
        bohm(q, -v(2.0 * k / 80), -v(2.0 * (k - 1) / 80), LOW, INVERSE, 2.0 / 80)
    assert np.abs(q - start).max() < 1e-4


def test_leapfrog_order_energy_and_reversal():
    """Link: the harmonic oscillator, solved by a cosine; order 2 by regression, energy, and time run backwards."""
    start = np.array([[1.0, 0.5], [-0.3, 1.2]])
    errors = []
    steps = (20, 40, 80)
    for n in steps:
        q, v = start.copy(), np.zeros((2, 2))
        leapfrog(q, v, _spring(), LOW, INVERSE, 1.0 / n, n)
        errors.append(np.abs(q - start * np.cos(1.0)).max())
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert 1.95 < order < 2.05
    q, v = start.copy(), np.zeros((2, 2))
    worst = 0.0
    for _ in range(200):
        leapfrog(q, v, _spring(), LOW, INVERSE, 0.05, 10)
        worst = max(worst, np.abs(((q**2 + v**2).sum(1) / (start**2).sum(1)) - 1).max())
    assert worst < 0.05**2
    v *= -1
    leapfrog(q, v, _spring(), LOW, INVERSE, 0.05, 2000)
    assert np.abs(q - start).max() < 1e-9


def test_nelson_keeps_the_ground_state():
    """Link: b = −q of the harmonic ground state with ħ = 1 leaves a normal of variance ½/(1 − dt/2); 4 sigma."""
    dt, members = 0.02, 20_000
    q = np.sqrt(0.5) * np.random.default_rng(0).standard_normal((members, 2))
    for step in range(300):
        nelson(q, _spring(), LOW, INVERSE, dt, np.sqrt(dt), 1, step)
    expected = 0.5 / (1.0 - dt / 2)
    assert np.abs(q.var(axis=0) / expected - 1).max() < 4 * np.sqrt(2 / members)
    assert np.abs(q.mean(axis=0)).max() < 4 * np.sqrt(expected / members)
