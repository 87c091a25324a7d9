"""Registers of float32: what their arithmetic and their tanh give."""

from __future__ import annotations

import numpy as np
from numba import njit

from weltnet.kernels.lanes import WIDTH, add, broadcast, fma, load, mul, store, sub, tanh


@njit(cache=True)
def _tanh(x, y):
    for k in range(0, x.size, 4 * WIDTH):
        a, b, c, d = tanh(load(x, k), load(x, k + WIDTH), load(x, k + 2 * WIDTH), load(x, k + 3 * WIDTH))
        store(y, k, a)
        store(y, k + WIDTH, b)
        store(y, k + 2 * WIDTH, c)
        store(y, k + 3 * WIDTH, d)


@njit(cache=True)
def _mixed(x, y, z):
    store(
        z, 1, sub(fma(load(x, 1), load(y, 0), broadcast(np.float32(0.5))), mul(add(load(x, 0), load(y, 1)), load(x, 0)))
    )


def test_arithmetic():
    """Link: NumPy, at offsets that no register is aligned to."""
    x, y = np.random.default_rng(0).standard_normal((2, WIDTH + 1)).astype(np.float32)
    z = np.zeros(WIDTH + 2, np.float32)
    _mixed(x, y, z)
    a, b, c, d = (v.astype(float) for v in (x[1:], y[:-1], x[:-1], y[1:]))
    assert np.abs(z[1:-1] - (a * b + 0.5 - (c + d) * c)).max() < 2e-6
    assert z[0] == z[-1] == 0


def test_tanh():
    """Link: NumPy's float64 tanh; relative error below 6 units in the last place, odd to the last bit, sign of zero."""
    x = np.concatenate([np.linspace(-12, 12, 2**16), np.geomspace(1e-30, 1e-2, 2**12), [0.0] * 64]).astype(np.float32)
    y, negative = np.empty_like(x), np.empty_like(x)
    _tanh(x, y)
    _tanh(-x, negative)
    exact = np.tanh(x.astype(float))
    assert np.abs(y - exact).max() < 4e-7
    assert np.abs(y / np.where(exact == 0, 1, exact) - (exact != 0)).max() < 6 * 2.0**-23
    assert (y == -negative).all()


def test_tanh_of_what_is_no_number():
    """Link: IEEE arithmetic; a lost replica must not come back as ±1, nor reach another lane."""
    x = np.zeros(4 * WIDTH, np.float32)
    x[1], x[2], x[3] = np.nan, np.inf, -np.inf
    y = np.empty_like(x)
    _tanh(x, y)
    assert np.isnan(y[1::WIDTH]).all()
    assert abs(y[2] - 1) < 1e-6 and abs(y[3] + 1) < 1e-6
    assert (np.delete(y.reshape(4, WIDTH), [1, 2, 3], axis=1) == 0).all()
