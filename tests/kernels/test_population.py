"""Links of the chain: all sets, one by one → births, deaths and exchanges of neurons; regression → copies that live."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels import population as kernel
from weltnet.systems import population as system
from weltnet.theory.population import enumerate_sets, loss

T, ETA, TAUGHT = 2e-3, 0.1, system.turning(0.1, 0.2)


def lesson(pool, target=TAUGHT):
    """⟨φ Y⟩ and H₀."""
    return pool.spread * pool.tilt @ target.T, 0.5 * pool.spread * float((target**2).sum())


def bred(pool, mu, networks=400, most=7, rounds=40, moves=60, skip=10, **how):
    """Histogram of N over networks (late rounds), and how often each candidate was held."""
    these, counts, held = system.populate(networks, most), np.zeros((networks, most + 1)), np.zeros(len(pool.gram))
    for k in range(rounds):
        system.breed(these, system.carrying(pool, TAUGHT), np.full(networks, mu * T), temperature=T, noise=ETA, seed=5,
                     first=k, steps=1, moves=moves, **how)  # fmt: skip
        if k >= skip:
            counts[np.arange(networks), these.count] += 1
            for k in range(most):
                held += np.bincount(these.held[these.count > k, k], minlength=len(held))
        else:
            these.tally[:] = 0.0
    return these, counts / (rounds - skip), held / (networks * (rounds - skip))


def test_balance_against_all_sets():
    """Link: enumeration of 2⁷ sets → Metropolis moves: p(N) and every candidate's share within 5 standard errors.

    Errors are over 400 independent networks; without 1/(N + 1) and N, or with exchanges alone judged wrongly, the
    histogram is off by tens of them.
    """
    pool = system.pool(3, 7)
    cross, ground = lesson(pool)
    exact, shares = enumerate_sets(pool.gram, cross, ETA, ground, 1.0 * T, T)
    _, counts, held = bred(pool, 1.0)
    error = counts.std(axis=0) / np.sqrt(len(counts)) + 1e-4
    assert np.abs((counts.mean(axis=0) - exact) / error).max() < 5.0
    assert np.abs(held - shares).max() < 0.02
    assert 1.5 < exact @ np.arange(8) < 6.0
    for balance in (kernel.UNCOUNTED, kernel.CARELESS):
        wrong = bred(pool, 1.0, rounds=14, balance=balance)[1]
        assert 0.5 * np.abs(wrong.mean(axis=0) - exact).sum() > 0.3


def test_losses_and_weights_are_those_solved_from_nothing():
    """Link: linear algebra → rank-one births and deaths: H to 1e-12 and weights to 1e-9 after 60 moves, no twins."""
    pool = system.pool(4, 64)
    cross, ground = lesson(pool)
    these = system.populate(20, 24)
    system.breed(
        these,
        system.carrying(pool, TAUGHT),
        np.full(20, 2.0 * T),
        temperature=T,
        noise=ETA,
        seed=1,
        first=0,
        steps=3,
        moves=60,
    )
    for m in range(20):
        s = these.held[m, : these.count[m]]
        assert len(set(s)) == len(s)
        assert these.loss[m] == pytest.approx(loss(pool.gram, cross, ETA, ground, s), abs=1e-12)
        solved = np.linalg.solve(pool.gram[np.ix_(s, s)] + ETA**2 * np.eye(len(s)), cross[s])
        assert np.abs(these.w[m, : len(s)] - solved).max() < 1e-9


def test_steps_may_be_split():
    """Certificate: four steps in one call and in four give the same bits."""
    pool, found = system.pool(4, 64), []
    for split in (1, 4):
        these = system.populate(12, 24)
        for first in range(0, 4, 4 // split):
            system.breed(these, system.carrying(pool, TAUGHT), np.full(12, 2.0 * T), temperature=T, noise=ETA, seed=1,
                         first=first, steps=4 // split, moves=30)  # fmt: skip
        found.append(these)
    a, b = found
    assert all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("held", "count", "w", "loss", "tally"))


def test_copies_live_as_weights_tell():
    """Link: linear regression → copies that live: A and Σx² within their errors; one is followed."""
    pool = system.pool(4, 64)
    these = system.populate(6, 24)
    system.breed(
        these,
        system.carrying(pool, TAUGHT),
        np.full(6, 2.0 * T),
        temperature=T,
        noise=ETA,
        seed=1,
        first=0,
        steps=3,
        moves=60,
    )
    side = 45
    copies = 2 * side**2
    sums, active, tracks = system.live(these, pool, noise=ETA, side=side, ticks=3, seed=2, first=7)
    A, C, own = system.parts(these, pool, ETA)
    whole = sums.sum(axis=1)
    slope = np.linalg.solve(whole[:, :3, :3], whole[:, :3, 3:]).swapaxes(1, 2)[..., 1:]
    error = np.sqrt(np.trace(C, axis1=1, axis2=2).max() / (copies * pool.spread)) + 2e-3
    assert whole[:, 0, 0] == pytest.approx(np.full(6, copies)) and sums[:, 0, 0, 0] == pytest.approx(sums[:, 1, 0, 0])
    assert np.abs(slope - A).max() < 5.0 * error
    assert active == pytest.approx(own, rel=0.05)
    m = 2
    s, w = these.held[m, : these.count[m]], these.w[m, : these.count[m]]
    mean = np.tanh(tracks[m, :3] @ pool.slopes[s].T + pool.biases[s]) @ w
    assert np.abs(tracks[m, 1:] - mean).max() < 5.0 * np.sqrt(C[m].trace())
