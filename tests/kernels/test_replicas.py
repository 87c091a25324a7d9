"""Replicas that are networks: a slow twin that derives the gradient otherwise; independence, symmetry, sampling."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numba
import numpy as np
import pytest

from weltnet.kernels import replicas
from weltnet.kernels.replicas import LOCAL, TOTAL, descend_networks, draw, gradient_by_products, tabulate_networks
from weltnet.theory import replicas as twins

SEED = 5 + (7 << 32)


def network(N, inputs=2, outputs=1, samples=23, seed=0):
    """Dense weights of gain .9, two dense directions of unit norm, biases, and data."""
    rng = np.random.default_rng([seed, N])
    W0 = 0.9 * rng.standard_normal((N, N)) / np.sqrt(N)
    E1, E2 = rng.standard_normal((2, N, N)) / N
    b0, b1, b2 = 0.2 * rng.standard_normal((3, N))
    data = rng.uniform(-1, 1, (samples, inputs + outputs))
    return (W0, E1, E2, b0, b1, b2), data, inputs, outputs


def sign_symmetric():
    """Neuron 2 of six hangs on q1 alone and is read by q2 alone."""
    (W0, E1, E2, b0, _, _), data, inputs, outputs = network(6)
    W0[2], W0[:, 2], b0[2] = 0, 0, 0
    E1[:], E2[:] = 0, 0
    E1[2, 0], E2[5, 2] = 1, 1
    return (W0, E1, E2, b0, 0 * b0, 0 * b0), data, inputs, outputs


def start(members, seed=1):
    return np.random.default_rng(seed).uniform(-2, 2, (members, 2))


@pytest.mark.parametrize("kind", [TOTAL, LOCAL])
@pytest.mark.parametrize(
    ("N", "inputs", "outputs", "batch", "ticks", "members"),
    [(3, 1, 1, 1, 1, 1), (6, 2, 1, 1, 3, 17), (8, 2, 1, 4, 4, 37), (16, 2, 1, 5, 2, 16), (17, 3, 2, 7, 4, 33),
     (33, 1, 4, 3, 1, 40), (64, 5, 4, 2, 3, 20)],
)  # fmt: skip
def test_twin(N, inputs, outputs, batch, ticks, members, kind):
    """Link: the step from its definition in float64, total gradients by tangents where the kernel goes backwards."""
    weights, data, *ends = network(N, inputs, outputs)
    rest = {"rate": 0.1, "batch": batch, "ticks": ticks, "seed": SEED, "noise": 0.05, "first": 3}
    fast, slow = start(members), start(members)
    for step in range(3, 6):
        rest["first"] = step
        slow = twins.descend_networks(fast, weights, data, *ends, local=kind == LOCAL, **rest)
        descend_networks(fast, weights, data, *ends, kind=kind, **rest)
        assert np.abs(fast - slow).max() < 1e-6


def test_the_total_gradient_is_the_gradient_of_the_loss():
    """Link: central differences of the loss in float64; the local gradient is not it, which is why there are two."""
    for N, ticks in ((6, 1), (9, 3), (16, 4)):
        weights, data, inputs, outputs = network(N)
        q, h = start(8), 1e-5
        rest = {"ticks": ticks}
        samples = np.broadcast_to(data, (8, *data.shape))
        _, g = twins.sample_gradients(q, weights, samples, inputs, outputs, **rest)
        _, local = twins.sample_gradients(q, weights, samples, inputs, outputs, local=True, **rest)
        for k in (0, 1):
            d = h * np.eye(2)[k]
            up, _ = twins.sample_gradients(q + d, weights, samples, inputs, outputs, **rest)
            down, _ = twins.sample_gradients(q - d, weights, samples, inputs, outputs, **rest)
            assert np.abs((up - down) / (2 * h) - g[..., k]).max() < 1e-7
        assert np.abs(local - g).mean() > 0.2 * np.abs(g).mean()


@pytest.mark.parametrize("kind", [TOTAL, LOCAL])
def test_the_gradient_by_products(kind):
    """Link: the float64 twin. In float64 this form is what every contender of the benchmark is held against."""
    weights, data, inputs, outputs = network(9, 3, 2)
    q, sample = start(5), data[draw(5, 4, len(data), 0, 1)[0]]
    free = slice(inputs, None)
    biases = np.array(weights[3:])[:, free, None]
    driven = np.concatenate([biases, np.array(weights[:3])[:, free, :inputs]], axis=2)
    recurrent = np.array(weights[:3])[:, free, free]
    g = gradient_by_products(q, driven, recurrent, sample[..., :inputs], sample[..., inputs:], ticks=3, kind=kind)
    _, exact = twins.sample_gradients(q, weights, sample, inputs, outputs, ticks=3, local=kind == LOCAL)
    assert np.abs(g - exact.mean(axis=1)).max() < 1e-13


def test_table():
    """Link: the float64 twin over all samples, more of them than a block holds."""
    weights, data, inputs, outputs = network(9, samples=150)
    points = start(11)
    U, G, C = tabulate_networks(points, *weights, data, inputs, outputs, 3)
    H, g = twins.sample_gradients(points, weights, np.broadcast_to(data, (11, *data.shape)), inputs, outputs, ticks=3)
    assert np.abs(U - H.mean(axis=1)).max() < 1e-13
    assert np.abs(G - g.mean(axis=1)).max() < 1e-13
    d = g - g.mean(axis=1, keepdims=True)
    assert (
        np.abs(C - np.stack([(d[..., i] * d[..., j]).mean(axis=1) for i, j in ((0, 0), (0, 1), (1, 1))], 1)).max()
        < 1e-13
    )


def test_one_step_has_the_mean_and_covariance_of_the_table():
    """Link: the table. 40 000 replicas at one point, seed 2: mean within 5 standard errors, variance (se .7 %) 4 %."""
    weights, data, inputs, outputs = network(8)
    point = np.array([[0.7, -1.1]])
    _, G, C = tabulate_networks(point, *weights, data, inputs, outputs, 3)
    for batch in (1, 6):
        q = np.tile(point, (40_000, 1))
        descend_networks(q, weights, data, inputs, outputs, rate=0.5, batch=batch, ticks=3, seed=2)
        g = (point - q) / 0.5
        expected = C[0, [0, 2]] / batch
        assert (np.abs(g.mean(axis=0) - G[0]) < 5 * np.sqrt(expected / len(q))).all()
        assert np.abs(g.var(axis=0) / expected - 1).max() < 0.04
        assert abs(np.cov(g.T)[0, 1] - C[0, 1] / batch) < 0.04 * np.sqrt(expected.prod())


def test_noise_is_the_ensemble_normal():
    """Link: without learning a step is noise alone. Seed 1, 100 000 replicas, bounds 5 standard errors."""
    weights, data, inputs, outputs = network(4)
    q = np.zeros((100_000, 2))
    descend_networks(q, weights, data, inputs, outputs, rate=0.0, batch=1, ticks=1, seed=1, noise=0.1)
    z, n = q / 0.1, len(q)
    assert np.abs(z.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert np.abs(z.var(axis=0) - 1).max() < 5 * np.sqrt(2 / n)
    assert np.abs((z**4).mean(axis=0) - 3).max() < 5 * np.sqrt(96 / n)
    assert abs(np.corrcoef(z.T)[0, 1]) < 5 / np.sqrt(n)
    assert np.abs(z).max() > 3.8


def test_symmetry_is_exact():
    """Link: tanh is odd, so that negating q negates the whole history; to the last bit, noise apart."""
    weights, data, inputs, outputs = sign_symmetric()
    q = start(50)
    mirror = -q
    for kind in (TOTAL, LOCAL):
        rest = {"rate": 0.2, "batch": 3, "ticks": 3, "seed": 4, "steps": 25, "kind": kind}
        descend_networks(q, weights, data, inputs, outputs, **rest)
        descend_networks(mirror, weights, data, inputs, outputs, **rest)
        assert np.array_equal(q, -mirror)


def _digest():
    weights, data, inputs, outputs = network(7)
    q = start(1203)
    rest = {"rate": 0.1, "batch": 2, "ticks": 3, "seed": SEED, "noise": 0.1}
    descend_networks(q, weights, data, inputs, outputs, steps=6, **rest)
    table = tabulate_networks(q[:50], *weights, data, inputs, outputs, 3)
    return hashlib.sha256(q.tobytes() + b"".join(field.tobytes() for field in table)).hexdigest()


def _digest_elsewhere(**environment):
    code = (
        "import importlib.util as u, sys; s = u.spec_from_file_location('t', sys.argv[1]);"
        "m = u.module_from_spec(s); s.loader.exec_module(m); from weltnet.kernels.lanes import WIDTH;"
        "print(m._digest(), m.numba.get_num_threads(), WIDTH)"
    )
    environment = os.environ | environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = [sys.executable, "-c", code, __file__]
    return subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_bits_do_not_depend_on_threads():
    """Link: bitwise equality of one thread here with three threads in another process; step and table."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = _digest()
    finally:
        numba.set_num_threads(before)
    assert _digest_elsewhere(NUMBA_NUM_THREADS="3")[:2] == [one, "3"]


@pytest.mark.slow
def test_bits_do_not_depend_on_the_width_of_registers():
    """Link: bitwise equality with code for a processor with registers of eight numbers, compiled in another process."""
    features = "+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+avx,+avx2,+fma,+bmi,+bmi2,+popcnt,+lzcnt,+cmov,+cx8,+fxsr"
    digest, _, width = _digest_elsewhere(NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES=features)
    assert width == "8"
    assert digest == _digest()


def test_bits_do_not_depend_on_splits_or_company():
    """Link: bitwise equality; 40 steps or four times 10, and a replica alone, among others, or past a chunk's edge."""
    weights, data, inputs, outputs = network(6)
    rest = {"rate": 0.1, "batch": 5, "ticks": 2, "seed": 9, "noise": 0.05}
    whole, parts, few = start(300), start(300), start(300)[:21]
    descend_networks(whole, weights, data, inputs, outputs, steps=40, **rest)
    for first in range(0, 40, 10):
        descend_networks(parts, weights, data, inputs, outputs, steps=10, first=first, **rest)
    descend_networks(few, weights, data, inputs, outputs, steps=40, **rest)
    assert np.array_equal(whole, parts)
    assert np.array_equal(whole[:21], few)


@pytest.mark.parametrize("kind", [TOTAL, LOCAL])
def test_products_with_shared_weights_are_the_same_law(kind, monkeypatch):
    """Link: the form for large networks against the form for small ones at N = 16, with the same random words."""
    weights, data, inputs, outputs = network(16, outputs=2)
    rest = {"rate": 0.1, "batch": 3, "ticks": 3, "seed": 9, "noise": 0.05, "kind": kind}
    fused, shared, few = start(400), start(400), start(400)[:5]
    descend_networks(fused, weights, data, inputs, outputs, **rest)
    monkeypatch.setattr(replicas, "LARGEST", 0)
    descend_networks(shared, weights, data, inputs, outputs, **rest)
    descend_networks(few, weights, data, inputs, outputs, **rest)
    assert 0 < np.abs(fused - shared).max() < 3e-7
    assert np.array_equal(few, shared[:5])


def test_a_large_network():
    """Link: the float64 twin at N = 256, where products with shared weights take over."""
    weights, data, inputs, outputs = network(256)
    assert len(data) < 256 and replicas.LARGEST < 256
    rest = {"rate": 0.1, "batch": 2, "ticks": 3, "seed": 9, "noise": 0.05}
    q = start(3)
    slow = twins.descend_networks(q, weights, data, inputs, outputs, **rest)
    descend_networks(q, weights, data, inputs, outputs, **rest)
    assert np.abs(q - slow).max() < 1e-6


@pytest.mark.parametrize("largest", [128, 0])
def test_walls_and_lost_replicas(largest, monkeypatch):
    """Link: the definition. None passes the wall; a not-a-number stays one and harms nobody, in either form."""
    monkeypatch.setattr(replicas, "LARGEST", largest)
    weights, data, inputs, outputs = network(6)
    rest = {"rate": 0.1, "batch": 1, "ticks": 2, "seed": 3, "noise": 2.0, "steps": 4}
    q, sound = start(40), start(40)
    q[7] = np.nan
    descend_networks(q, weights, data, inputs, outputs, wall=1.5, **rest)
    descend_networks(sound, weights, data, inputs, outputs, wall=1.5, **rest)
    assert np.isnan(q[7]).all()
    others = np.arange(40) != 7
    assert np.array_equal(q[others], sound[others])
    assert np.abs(sound).max() <= 1.5
    descend_networks(sound, weights, data, inputs, outputs, wall=np.inf, **rest)
    assert np.abs(sound).max() > 3


def test_draws_are_uniform():
    """Link: χ² of 120 000 draws of 23 samples, seed 6, p > 1e-3; replicas, places and steps draw differently."""
    chosen, z = draw(20_000, 6, 23, 4, 6)
    counts = np.bincount(chosen.ravel(), minlength=23)
    expected = chosen.size / 23
    assert ((counts - expected) ** 2 / expected).sum() < 48.3
    assert z.shape == (20_000, 2) and z.dtype == np.float32
    other, _ = draw(20_000, 6, 23, 5, 6)
    for a, b in ((chosen, other), (chosen[1:], chosen[:-1]), (chosen[:, 1:], chosen[:, :-1])):
        assert abs((a == b).mean() * 23 - 1) < 5 * np.sqrt(22 / a.size)
