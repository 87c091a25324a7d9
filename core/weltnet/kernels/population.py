"""Networks whose neurons are born and die, and the lives they lead meanwhile.

Each of many networks holds N of K candidate neurons, no candidate twice. Its neurons are read with the best weights
W = A⁻¹c there are, A = G + η², so that a set s of neurons has the loss

    H(s) = H₀ − ½ Σ cᵀ A⁻¹ c,

with G: (K, K) the mean products of the candidates' activations, c: (K, outputs) those with what is to be learned and
η² what noise of their own adds to G. Moves are proposed and accepted after Metropolis:

    birth      a candidate drawn from all K, min(1, e^((μ − ΔH)/T)/(N + 1)),
    death      a neuron drawn from all N,    min(1, e^((−μ − ΔH)/T) N),
    exchange   both at once,                 min(1, e^(−ΔH/T)),

which leaves π(s) ∝ K^(−N) e^((μN − H(s))/T) as it is: the grand canonical ensemble, N! included, since a set has no
order. [derived]

Certificate: detailed balance against an enumeration of all sets, `theory.population.enumerate_sets`. Random numbers are
keyed by (seed, network, step, stream, move), and A⁻¹ is computed anew at every step, so that bits depend on no split
of the steps into calls.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.philox import gaussian_pair, philox, uniform

__all__ = ["BALANCED", "CARELESS", "UNCOUNTED", "evolve", "live"]

BALANCED, UNCOUNTED, CARELESS = 0, 1, 2
"""How births and deaths are accepted: as above; or, saboteurs, without 1/(N + 1) and N, which are in balance with
another π that answers to μ as before; or every death, which is in balance with none."""

STREAM_MOVES, STREAM_LAUNCH, STREAM_NEURONS = 61, 62, 64


@njit(nogil=True, cache=True, error_model="numpy")
def _grow(P, w, held, n, k, gram, cross, noise, reach):
    """What the birth of candidate k would change: returns ½|r|²/q = −ΔH and q; reach: (n,) becomes P g_k.

    P: (N, N) is A⁻¹ of the neurons held: (N,), w: (N, outputs) their weights. q = A_kk − g P g is what k has of its
    own, r = c_k − g w what is left for it to say. O(n²).
    """
    own = gram[k, k] + noise
    for i in range(n):
        total = 0.0
        for j in range(n):
            total += P[i, j] * gram[held[j], k]
        reach[i] = total
        own -= total * gram[held[i], k]
    gain = 0.0
    for o in range(cross.shape[1]):
        rest = cross[k, o]
        for i in range(n):
            rest -= gram[held[i], k] * w[i, o]
        gain += rest * rest
    return 0.5 * gain / own, own


@njit(nogil=True, cache=True, error_model="numpy")
def _add(P, w, held, n, k, gram, cross, own, reach):
    """Let candidate k be born, after `_grow`. O(n²)."""
    for o in range(cross.shape[1]):
        rest = cross[k, o]
        for i in range(n):
            rest -= gram[held[i], k] * w[i, o]
        rest /= own
        for i in range(n):
            w[i, o] -= rest * reach[i]
        w[n, o] = rest
    for i in range(n):
        for j in range(n):
            P[i, j] += reach[i] * reach[j] / own
        P[i, n] = -reach[i] / own
        P[n, i] = -reach[i] / own
    P[n, n] = 1.0 / own
    held[n] = k


@njit(nogil=True, cache=True, error_model="numpy")
def _remove(P, w, held, n, j):
    """Let neuron j die; the last takes its place. O(n²)."""
    last, own = n - 1, P[j, j]
    for o in range(w.shape[1]):
        spoken = w[j, o] / own
        for i in range(n):
            if i != j:
                w[i, o] -= P[i, j] * spoken
        w[j, o] = w[last, o]
        w[last, o] = 0.0
    for a in range(n):
        if a != j:
            factor = P[a, j] / own
            for b in range(n):
                if b != j:
                    P[a, b] -= factor * P[j, b]
    for a in range(n):
        P[a, j] = P[a, last]
    for a in range(n):
        P[j, a] = P[last, a]
    held[j] = held[last]


@njit(nogil=True, cache=True, error_model="numpy")
def evolve(
    held, count, w, loss, tally, guess, mu, temperature, gram, cross, noise, ground, moves, steps, first, seed, balance,
    P, Q, v,
):  # fmt: skip
    """Propose `moves` births, deaths and exchanges to every network at each of `steps` steps, in place.

    held: (M, most) int32 candidates, the first count: (M,) int32 of each row; w: (M, most, outputs) their weights;
    loss: (M,) H, where `ground` is H₀; mu: (M,); noise: η². P, Q: (most, most) and v: (most,) are work space. A network
    of `most` neurons is full. tally: (M, 4) grows by what was on trial, with r = e^(guess − ΔH/T)/(N + 1) of a birth
    and of what a death undoes: births, Σ r/(1 + r) (0 where no birth can be), deaths, Σ 1/(1 + r) (0 where nobody can
    die). O(N²) a move, O(N³) a step: about .5 μs and 5 μs at N = 12.
    """
    M, most = held.shape
    K, outputs = cross.shape
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    other, wq = np.empty(most, np.int32), np.empty((most, outputs))
    for m in range(M):
        mine, wm = held[m], w[m]
        for s in range(steps):
            step = np.uint32(first + s)
            n, H = 0, ground
            for i in range(count[m]):
                gain, own = _grow(P, wm, mine, n, mine[i], gram, cross, noise, v)
                _add(P, wm, mine, n, mine[i], gram, cross, own, v)
                n, H = n + 1, H - gain
            for move in range(moves):
                a, b, c, d = philox(np.uint32(m), step, np.uint32(STREAM_MOVES), np.uint32(move), k0, k1)
                lot = uniform(a) * 3.0
                chance = uniform(b)
                k = int(uniform(c) * K)
                j = int(uniform(d) * n)
                there = False
                for i in range(n):
                    there = there or mine[i] == k
                if lot < 1.0:
                    tally[m, 0] += 1.0
                    if there or n == most:
                        continue
                    gain, own = _grow(P, wm, mine, n, k, gram, cross, noise, v)
                    tally[m, 1] += 1.0 / (1.0 + (n + 1.0) * np.exp(-guess - gain / temperature))
                    crowd = 1.0 if balance == UNCOUNTED else n + 1.0
                    if chance * crowd < np.exp((mu[m] + gain) / temperature):
                        _add(P, wm, mine, n, k, gram, cross, own, v)
                        n, H = n + 1, H - gain
                elif lot < 2.0:
                    tally[m, 2] += 1.0
                    if n == 0:
                        continue
                    rise = 0.0
                    for o in range(outputs):
                        rise += 0.5 * wm[j, o] ** 2 / P[j, j]
                    tally[m, 3] += 1.0 / (1.0 + np.exp(guess + rise / temperature) / n)
                    crowd = 1.0 if balance == UNCOUNTED else float(n)
                    fate = 1.0 if balance == CARELESS else crowd * np.exp((-mu[m] - rise) / temperature)
                    if chance < fate:
                        _remove(P, wm, mine, n, j)
                        n, H = n - 1, H + rise
                elif n > 0 and not there:
                    rise = 0.0
                    for o in range(outputs):
                        rise += 0.5 * wm[j, o] ** 2 / P[j, j]
                    for i in range(n):
                        other[i] = mine[i]
                        for o in range(outputs):
                            wq[i, o] = wm[i, o]
                        for e in range(n):
                            Q[i, e] = P[i, e]
                    _remove(Q, wq, other, n, j)
                    gain, own = _grow(Q, wq, other, n - 1, k, gram, cross, noise, v)
                    if chance < np.exp((gain - rise) / temperature):
                        _add(Q, wq, other, n - 1, k, gram, cross, own, v)
                        for i in range(n):
                            mine[i] = other[i]
                            for o in range(outputs):
                                wm[i, o] = wq[i, o]
                            for e in range(n):
                                P[i, e] = Q[i, e]
                        H += rise - gain
            count[m], loss[m] = n, H


@njit(nogil=True, cache=True, error_model="numpy")
def live(sums, active, tracks, held, count, w, slopes, biases, eta, reach, side, first, seed):
    """Launch 2 side² copies of every network over [−reach, reach]² for a tick, one of them for more.

        x_j = tanh(a_j·X + b_j) + η ξ_j,   X ← Σ_j w_j x_j.

    Each half of the copies is spread evenly, one to each of side² cells and anywhere in it: so few copies dropped at
    random would tell too steep a map where it bends. sums: (M, 2, 5, 5) is filled with Σ zzᵀ, z = (1, X, X′), of each
    half; active: (M,) with the mean of Σ_j x_j²; tracks: (M, ticks + 1, 2) the life of copy 5m mod 2 side²; slopes:
    (K, 2), biases: (K,) of the candidates. Every neuron of every copy has noise of its own, keyed by (seed, network,
    copy, tick, neuron); about 50 ns a neuron and tick.
    """
    M, ticks, copies = tracks.shape[0], tracks.shape[1] - 1, 2 * side * side
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    z, xi = np.empty(5), np.empty(4)
    z[0] = 1.0
    for m in range(M):
        busy, followed = 0.0, 5 * m % copies
        sums[m] = 0.0
        for copy in range(copies):
            at = np.uint32(m * copies + copy)
            a, b, _, _ = philox(at, np.uint32(first), np.uint32(STREAM_LAUNCH), np.uint32(0), k0, k1)
            cell = copy // 2
            z[1] = reach * (2.0 * (cell // side + uniform(a)) / side - 1.0)
            z[2] = reach * (2.0 * (cell % side + uniform(b)) / side - 1.0)
            for t in range(ticks if copy == followed else 1):
                if copy == followed:
                    tracks[m, t, 0], tracks[m, t, 1] = z[1], z[2]
                z[3], z[4] = 0.0, 0.0
                squares = 0.0
                for i in range(0, count[m], 4):
                    a, b, c, d = philox(at, np.uint32(first), np.uint32(STREAM_NEURONS + t), np.uint32(i), k0, k1)
                    xi[0], xi[1] = gaussian_pair(a, b)
                    xi[2], xi[3] = gaussian_pair(c, d)
                    for l in range(i, min(i + 4, count[m])):
                        k = held[m, l]
                        x = np.tanh(slopes[k, 0] * z[1] + slopes[k, 1] * z[2] + biases[k]) + eta * xi[l - i]
                        squares += x * x
                        z[3] += w[m, l, 0] * x
                        z[4] += w[m, l, 1] * x
                if t == 0:
                    busy += squares
                    for i in range(5):
                        for j in range(5):
                            sums[m, copy % 2, i, j] += z[i] * z[j]
                z[1], z[2] = z[3], z[4]
            if copy == followed:
                tracks[m, ticks, 0], tracks[m, ticks, 1] = z[1], z[2]
        active[m] = busy / copies
