"""Two learning systems whose learning equilibrium has a tail with an exponent that is known.

`multiply`: neurons with one weight θ learn to say nothing, y = e, from one sample each, H = ½ (θ x − e)²:

    θ ← θ − γ (x² θ − x e),  x, e/spread ~ N(0, 1),

a random recursion whose factor 1 − γ x² is now and then beyond 1 (H. Kesten, 1973). `couple`: H = ½ (m + q²)|x|² with
fast x, two numbers at temperature 1, drawn from equilibrium at every step, and slow q at temperature T_q:

    q ← q − q |x|² dt + √(2 T_q dt) ξ,  |x|² = −2 ln(u)/(m + q²).

Random words are keyed by (seed, member, step, stream). Certificate: equality with slow twins.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.philox import gaussian_pair, philox, uniform

__all__ = ["STREAM_COUPLE", "STREAM_MULTIPLY", "couple", "multiply"]

STREAM_MULTIPLY, STREAM_COUPLE = 0x93, 0x94


@njit(nogil=True, cache=True, error_model="numpy")
def multiply(theta, rates, spread, additive, steps, first, seed):
    """Advance theta: (rates, neurons) in place by `steps`, the first of which is number `first`.

    Neuron m has the same samples at all `rates`; additive: whether the factor is its mean, 1 − γ, instead.
    Cost steps · neurons · (normal pair + 4 rates).
    """
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    for s in range(steps):
        for m in range(theta.shape[1]):
            a, b, _, _ = philox(np.uint32(m), np.uint32(first + s), np.uint32(STREAM_MULTIPLY), np.uint32(0), k0, k1)
            x, e = gaussian_pair(a, b)
            square, pull = (1.0 if additive else x * x), spread * x * e
            for r in range(theta.shape[0]):
                theta[r, m] -= rates[r] * (square * theta[r, m] - pull)


@njit(nogil=True, cache=True, error_model="numpy")
def couple(q, mass, temperature, dt, pairs, first, seed):
    """Advance q: (replicas,) in place by 2 · pairs steps of dt; the first pair is number `first`.

    Cost 2 · pairs · replicas · (logarithm + ½ normal pair).
    """
    k0, k1 = np.uint32(seed & 0xFFFFFFFF), np.uint32((seed >> 32) & 0xFFFFFFFF)
    kick = np.sqrt(2.0 * temperature * dt)
    for m in range(q.shape[0]):
        z = q[m]
        for s in range(pairs):
            a, b, c, d = philox(np.uint32(m), np.uint32(first + s), np.uint32(STREAM_COUPLE), np.uint32(0), k0, k1)
            u, v = gaussian_pair(a, b)
            z += 2.0 * dt * z * np.log(uniform(c)) / (mass + z * z) + kick * u
            z += 2.0 * dt * z * np.log(uniform(d)) / (mass + z * z) + kick * v
        q[m] = z
