"""Neurons that come and go: every network gains or loses one at random, each independently of all others.

    n → n + 1 with probability r/2, n → n − 1 with probability r/2, at every step.                     [2012.05082 §3]

After t steps ⟨e^{iθn}⟩ = (1 − r (1 − cos θ))^t.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from weltnet.kernels.philox import philox

__all__ = ["STREAM_EXCHANGE", "exchange"]

STREAM_EXCHANGE = 43
_CHUNK = 4096


@njit(nogil=True, cache=True, error_model="numpy", parallel=True)
def exchange(n, rate, steps, first, seed):
    """Advance n: (members,) int32, neurons more than at the start, in place by `steps`, the first of number `first`.

    rate: r, in [0, 1]. One random word per member and step, keyed by (seed, member/4, step), so the bits depend on no
    number of threads and no split of the steps. Exact, no order; about 4 ns a member and step.
    """
    members = n.size
    chunks = (members + _CHUNK - 1) // _CHUNK
    k0 = np.uint32(seed & 0xFFFFFFFF)
    k1 = np.uint32((seed >> 32) & 0xFFFFFFFF)
    lot = np.uint64(rate * 4294967296.0)
    born = lot >> np.uint64(1)
    for chunk in prange(chunks):
        low = chunk * _CHUNK
        top = min(low + _CHUNK, members)
        for s in range(steps):
            step = np.uint32(first + s)
            for m in range(low, top, 4):
                a, b, c, e = philox(np.uint32(m >> 2), step, np.uint32(STREAM_EXCHANGE), np.uint32(0), k0, k1)
                for d in range(min(4, top - m)):
                    word = np.uint64(a if d == 0 else b if d == 1 else c if d == 2 else e)
                    if word < lot:
                        n[m + d] += 1 if word < born else -1
