"""tanh for loops that must vectorise, in double precision; for single precision see `kernels.lanes`, `kernels.copies`.

Certificate: numpy's tanh, within 3e-7 everywhere.
"""

from __future__ import annotations

from numba import njit

__all__ = ["quick_tanh"]


@njit(nogil=True, cache=True, error_model="numpy", inline="always")
def quick_tanh(x):
    """tanh by a rational function of degree 13/6 of x in [−7.9, 7.9], to 3e-7: no branch and no call in the loop."""
    x = 7.90531110763549805 if x > 7.90531110763549805 else x
    x = -7.90531110763549805 if x < -7.90531110763549805 else x
    y = x * x
    p = -2.76076847742355e-16 * y + 2.00018790482477e-13
    p = p * y - 8.60467152213735e-11
    p = p * y + 5.12229709037114e-08
    p = p * y + 1.48572235717979e-05
    p = p * y + 6.37261928875436e-04
    p = p * y + 4.89352455891786e-03
    r = 1.19825839466702e-06 * y + 1.18534705686654e-04
    r = r * y + 2.26843463243900e-03
    r = r * y + 4.89352518554385e-03
    return x * p / r
