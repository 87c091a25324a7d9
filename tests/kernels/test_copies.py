"""Many networks: the words, the normals made of them, the ticks, and independence of threads and splits."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from scipy import stats

from weltnet.kernels.copies import LAUNCH, LINEAR, NOISE, TANH, advance, normals32

M0, M1, W0, W1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85


def words(copy, tick, stream, draw, seed):
    """Philox-4x32-10 in numpy uint64, broadcasting its arguments; (..., 4)."""
    mask, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    c = [np.asarray(a, np.uint64) for a in np.broadcast_arrays(copy, tick, stream, draw)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c[0] * np.uint64(M0), c[2] * np.uint64(M1)
        c = [(p1 >> shift) ^ c[1] ^ np.uint64(k0), p1 & mask, (p0 >> shift) ^ c[3] ^ np.uint64(k1), p0 & mask]
        k0, k1 = (k0 + W0) & 0xFFFFFFFF, (k1 + W1) & 0xFFFFFFFF
    return np.stack(c, axis=-1)


def exact_normals(first, lanes, tick, stream, rows, seed):
    """Box–Muller in float64 of the words behind `normals32`; (rows, lanes)."""
    w = words(first + np.arange(lanes)[None, :], tick, stream, 4 * np.arange(rows // 4)[:, None], seed)
    w = np.moveaxis(w, -1, 1).reshape(rows, lanes)
    radius = np.sqrt(-2 * np.log(((w[0::2] >> np.uint64(8)).astype(float) + 0.5) / 2**24))
    word = w[1::2].astype(np.int64)
    half_turn = ((word << 1) & 0xFFFFFFFF).astype(np.uint32).view(np.int32) / 2.0**32
    angle = np.pi * (half_turn + (word >> 31))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(rows, lanes)


def network(n, seed=0):
    rng = np.random.default_rng(seed)
    c = rng.uniform(0.5, 1.5, n)
    half = np.repeat([0, 1], n // 2)
    c /= np.array([c[half == s].mean() for s in (0, 1)])[half]
    W = c[:, None] * np.array([[0.9, -0.2], [0.2, 0.9]])[half][:, half] / (n // 2)
    return W + 0.2 * rng.standard_normal((n, n)) / np.sqrt(n), 0.1 * rng.standard_normal(n), c


def twin(copies, W, b, c, ticks, *, seed, life, reach, noise, kind, Q=None):
    """The same ticks in float64 numpy; with Q: (copies, 2), the matrix of every copy is written out."""
    n = len(b)
    x, half = np.zeros((copies, n)), np.repeat([0, 1], n // 2)
    P = np.eye(2)[half] / (n // 2)
    k = np.arange(copies)
    Q1, Q2 = np.zeros((2, copies)) if Q is None else Q.T
    A = np.moveaxis(np.array([[Q1, -Q2], [Q2, Q1]]), -1, 0)
    W = W + c[:, None] * A[:, half][:, :, half] / (n // 2)
    rows = (n + 3) // 4 * 4
    out = []
    for t in range(ticks):
        age = np.minimum((t + k) % life, t)
        u = words(k, t, LAUNCH, 0, seed)[:, :2].astype(np.uint32).view(np.int32) / 2.0**31
        x = np.where((age == 0)[:, None], c * (reach * u)[:, half], x)
        mean = np.einsum("kij,kj->ki", W, x) + b
        mean = np.tanh(mean) if kind == TANH else mean
        after = mean + noise * exact_normals(0, copies, t, NOISE, rows, seed)[:n].T
        out.append((x @ P, mean @ P, after @ P, age))
        x = after
    return tuple(np.array(a) for a in zip(*out, strict=True))


def test_normals_are_box_muller_of_the_philox_words():
    """Link: closed form in float64 → float32 polynomials, word for word."""
    g = np.empty((64, 300), np.float32)
    normals32(g, 7, 11, 3, 2**40 + 5)
    exact = exact_normals(7, 300, 11, 3, 64, 2**40 + 5)
    assert np.abs(g - exact).max() < 4e-6


def test_normals_are_normal():
    """Link: the distribution itself; 1e6 draws, seed 5: moments within 4 standard errors, KS p > .01."""
    g = np.empty((1000, 1000), np.float32)
    normals32(g, 0, 0, NOISE, 5)
    x = g.astype(float).ravel()
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs((x**power).mean() - moment) < 4 * np.sqrt(variance / x.size)
    assert stats.kstest(x, "norm").pvalue > 0.01
    assert abs(np.corrcoef(g[0::2].ravel(), g[1::2].ravel())[0, 1]) < 4 / np.sqrt(x.size / 2)


@pytest.mark.parametrize(
    ("n", "kind", "own"), [(64, TANH, 0), (10, TANH, 0), (16, LINEAR, 0), (16, TANH, 1), (6, LINEAR, 1)]
)
def test_ticks_agree_with_the_slow_twin(n, kind, own):
    """Link: slow float64 numpy twin → kernel, through relaunches and padding, to 1e-5; also with weights of its own."""
    W, b, c = network(n)
    state = np.zeros((150, n), np.float32)
    settings = {"life": 6, "reach": 0.8, "noise": 0.25, "kind": kind, "seed": 3}
    settings |= {"Q": np.random.default_rng(1).normal(-0.1, 0.2, (150, 2)) if own else None}
    got = advance(state, W, b, c, tick=0, ticks=20, **settings)
    want = twin(150, W, b, c, 20, **settings)
    for name, g, w in zip(("X", "E[X'|x]", "X'"), got, want, strict=False):
        assert np.abs(g - w).max() < 1e-5, name
    assert np.array_equal(got[3], want[3])
    assert got[3].max() == 5 and (got[3] == 0).sum(axis=1).min() >= 150 // 6


def test_the_mean_is_the_exact_conditional_drift():
    """Link: X' − E[X'|x] is pure noise of variance 2η²/N in each half (40 000 draws, within 4 standard errors)."""
    W, b, c = network(32)
    state = np.zeros((1000, 32), np.float32)
    X, mean, after, _ = advance(state, W, b, c, seed=9, tick=0, ticks=20, noise=0.25)
    residual = (after - mean).astype(float)
    expected = 0.25**2 / 16
    assert np.allclose((residual**2).mean((0, 1)), expected, rtol=4 * np.sqrt(2 / 20000), atol=0)
    assert abs((residual * (mean - X)).mean()) < 4 * np.sqrt(expected * ((mean - X) ** 2).mean() / 40000)


@pytest.mark.parametrize(("n", "copies"), [(64, 300), (16, 5000)])
def test_bits_do_not_depend_on_threads_or_splits(n, copies):
    """Link: counter-based noise: 1 and 2 threads, ticks split in calls and copies split in calls give equal bits."""
    W, b, c = network(n)
    Q = np.random.default_rng(1).normal(-0.1, 0.2, (copies, 2))
    settings = {"seed": 4, "life": 6, "noise": 0.25}

    def run(pieces):
        state = np.zeros((copies, n), np.float32)
        outs, tick = [], 0
        for ticks in pieces:
            outs.append(advance(state, W, b, c, tick=tick, ticks=ticks, Q=Q, **settings))
            tick += ticks
        return [np.concatenate(a) for a in zip(*outs, strict=True)], state

    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        one, state_one = run([12])
        numba.set_num_threads(min(2, numba.config.NUMBA_NUM_THREADS))
        two, state_two = run([12])
    finally:
        numba.set_num_threads(threads)
    split, state_split = run([1, 4, 7])
    assert all(np.array_equal(p, q) and np.array_equal(p, r) for p, q, r in zip(one, two, split, strict=True))
    assert np.array_equal(state_one, state_two) and np.array_equal(state_one, state_split)
    tail = np.zeros((copies - 211, n), np.float32)
    part = advance(tail, W, b, c, tick=0, ticks=12, first=211, Q=Q[211:], **settings)
    assert all(np.array_equal(p[:, 211:], q) for p, q in zip(one, part, strict=True))
    assert np.array_equal(state_one[211:], tail)
    assert not np.array_equal(one[2][:, : len(tail)], part[2])


def test_replicas_with_equal_weights_are_copies():
    """Link: the kernel at W(Q) = W + c A(Q)/(N/2) → the same words with Q a replica's own, to 1e-5 over 20 ticks."""
    W, b, c = network(16)
    Q1, Q2 = -0.03, 0.2
    half = np.repeat([0, 1], 8)
    at = W + c[:, None] * np.array([[Q1, -Q2], [Q2, Q1]])[half][:, half] / 8
    one, many = np.zeros((2, 200, 16), np.float32)
    held = advance(one, at, b, c, seed=1, tick=0, ticks=20)
    own = advance(many, W, b, c, seed=1, tick=0, ticks=20, Q=np.tile([Q1, Q2], (200, 1)))
    assert all(np.abs(p - q).max() < 1e-5 for p, q in zip(held, own, strict=True))
    plain = advance(np.zeros((200, 16), np.float32), W, b, c, seed=1, tick=0, ticks=20)
    assert np.abs(plain[1] - own[1]).max() > 0.05
