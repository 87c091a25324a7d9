"""Cycles of neurons that copy their neighbour: the activation x ← f(Wx) when W is a permutation, and when it is not.

A tick has two halves. *Pull*: what each neuron reads, (Wx)_s, by index where W is a cyclic permutation
(`pull_shifted`) and by weights where it is dense (`pull_mixed`). *Fire*: the activation, with an optional random kick
and, where hops are lazy, a neuron that keeps its own state instead of reading (`fire`).

Certificate: the pull by index equals the matrix product bit for bit; a linear chain returns to itself bit for bit after
as many ticks as it has sites. Random numbers are keyed by (seed, member, step, stream, site), so results are bitwise
independent of how ticks are split into calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.philox import gaussian_pair, philox, uniform

__all__ = ["LINEAR", "TANH", "fire", "haar", "lengthen", "pull_mixed", "pull_shifted", "wave_sums"]

LINEAR, TANH = 0, 1


@njit(nogil=True, cache=True, error_model="numpy")
def pull_shifted(pulled, x, shifts):
    """(Wx)_s = x_{s − shift} on each cycle. pulled, x: (members, sites); shifts: (members,), +1 right, −1 left."""
    members, sites = x.shape
    for m in range(members):
        for s in range(sites):
            pulled[m, s] = x[m, (s - shifts[m]) % sites]


@njit(nogil=True, cache=True, error_model="numpy")
def pull_mixed(pulled, x, shifts, outgoing):
    """(Wx)_s = Σ_j W_sj x_j with one dense W for right movers and another for left movers.

    outgoing: (2, sites, sites), outgoing[d, j, s] = W_sj, d = 0 where shift > 0 and 1 elsewhere; the sum over j runs in
    ascending order, so the result does not depend on the machine's linear algebra.
    """
    members, sites = x.shape
    for m in range(members):
        d = 0 if shifts[m] > 0 else 1
        for s in range(sites):
            pulled[m, s] = 0.0
        for j in range(sites):
            xj = x[m, j]
            for s in range(sites):
                pulled[m, s] += outgoing[d, j, s] * xj


@njit(nogil=True, cache=True, error_model="numpy")
def fire(x, pulled, kind, noise, hop, seed, step, stream):
    """x_s ← f(y_s) + noise ξ_s in place, y_s = pulled_s with probability `hop`, else x_s; ξ standard normal.

    x, pulled: (members, sites); kind: LINEAR or TANH. hop ≥ 1 and noise = 0 draw no random number.
    """
    members, sites = x.shape
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    random = noise > 0.0 or hop < 1.0
    for m in range(members):
        for s in range(sites):
            y = pulled[m, s]
            kick = 0.0
            if random:
                a, b, c, _ = philox(np.uint32(m), np.uint32(step), np.uint32(stream), np.uint32(s), k0, k1)
                kick = noise * gaussian_pair(a, b)[0]
                if uniform(c) >= hop:
                    y = x[m, s]
            x[m, s] = (np.tanh(y) if kind == TANH else y) + kick


@njit(nogil=True, cache=True, error_model="numpy")
def haar(q, gaussian, row):
    """A Haar-random orthogonal q: (n, n) from standard normals (n, n), consumed; row: (n,) work space.

    q = Q_0 Q_1 … Q_{n−1}, where Q_k maps axis k to a direction uniform in the space of axes k … n−1 by one Householder
    reflection (Stewart 1980). All sums run in ascending order: library factorisations change bits with their threads.
    """
    n = q.shape[0]
    q[:] = 0.0
    for k in range(n - 1, -1, -1):
        q[k, k] = 1.0
        square = 0.0
        for i in range(k, n):
            square += gaussian[k, i] ** 2
        sign = 1.0 if gaussian[k, k] >= 0.0 else -1.0
        length = np.sqrt(square)
        square = 2.0 * length * (length + abs(gaussian[k, k]))
        gaussian[k, k] += sign * length
        row[k:] = 0.0
        for i in range(k, n):
            v = gaussian[k, i]
            for j in range(k, n):
                row[j] += v * q[i, j]
        for i in range(k, n):
            v = 2.0 * gaussian[k, i] / square
            for j in range(k, n):
                q[i, j] = -sign * (q[i, j] - v * row[j])


@njit(nogil=True, cache=True, error_model="numpy")
def lengthen(slopes, new, old):
    """Let every site's clock advance by the arc length |new_s − old_s| of its state change; slopes: (groups, sites).

    Clocks τ_s themselves grow without bound, so their differences slopes_s = τ_{s+1} − τ_s are kept. new, old:
    (groups, dims, sites); the arc length is Euclidean over dims.
    """
    groups, dims, sites = new.shape
    for g in range(groups):
        first = 0.0
        for d in range(dims):
            first += (new[g, d, 0] - old[g, d, 0]) ** 2
        first = np.sqrt(first)
        here = first
        for s in range(sites):
            there = 0.0
            if s + 1 < sites:
                for d in range(dims):
                    there += (new[g, d, s + 1] - old[g, d, s + 1]) ** 2
                there = np.sqrt(there)
            else:
                there = first
            slopes[g, s] += there - here
            here = there


@njit(nogil=True, cache=True, error_model="numpy")
def wave_sums(sums, history, newest):
    """Sums over dims and sites of (δ_tt X − δ_ss X)², (δ_tt X)², (δ_ss X)² for the middle ticks of a ring of ticks.

    history: (ticks, dims, sites), cyclic in ticks, its newest tick in row `newest`; sums: (n, 3), row i is centred
    i + 1 ticks ago. δ are second differences with unit steps, periodic in sites.
    """
    ticks, dims, sites = history.shape
    for i in range(sums.shape[0]):
        after, now, before = (newest - i) % ticks, (newest - i - 1) % ticks, (newest - i - 2) % ticks
        rr, tt2, ss2 = 0.0, 0.0, 0.0
        for d in range(dims):
            left, here = history[now, d, sites - 1], history[now, d, 0]
            for s in range(sites):
                right = history[now, d, s + 1 if s + 1 < sites else 0]
                tt = (history[after, d, s] + history[before, d, s]) - 2.0 * here
                ss = (right + left) - 2.0 * here
                rr += (tt - ss) ** 2
                tt2 += tt * tt
                ss2 += ss * ss
                left, here = here, right
        sums[i, 0], sums[i, 1], sums[i, 2] = rr, tt2, ss2
