"""Layered networks that read digits by the bulk loss, their hidden neurons in a bath, and the entropy of those.

Hidden neurons at a temperature T have S_x = (n/2)(1 + ln 2πT) − ½⟨ln det G⟩, G = JᵀJ at the minimum of the bulk loss H,
both ends clamped, the mean over samples.                                                             [2004.09280 §7]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.kernels import philox
from weltnet.systems import layered

__all__ = ["COPIES", "HIDDEN", "begun", "read", "states"]

Array = NDArray[Any]

WIDTHS = (64, 24, 24, 10)
HIDDEN = sum(WIDTHS[1:-1])
"""n, free neurons."""
COPIES, BATCH, RATE = 4, 16, 0.1
TICKS, TICK = 10, 0.2
"""Steps in which hidden states relax before a learning step, and how long each is."""
SEEN, SETTLING = 32, 60
"""Images at which S_x is measured, and the steps in which hidden states settle there, without noise."""
STREAM_BORN, STREAM_IMAGES, STREAM_BATH = 0xB1, 0xB2, 0xB3


def begun(gain: float, seed: int, launch: int) -> Array:
    """Weights (COPIES, P) of networks that have learned nothing, normal with variance gain²/(inputs of the neuron)."""
    return np.stack([
        layered.born(WIDTHS, seed, gain=gain, number=COPIES * launch + k, stream=STREAM_BORN) for k in range(COPIES)
    ])  # fmt: skip


def read(q: Array, temperature: float, step: int, seed: int) -> None:
    """One learning step on the bulk loss, in place: images are clamped, hidden neurons relax in their bath."""
    data, which = layered.digits(), np.empty((COPIES, BATCH), np.int64)
    philox.picks(which, len(data.x), seed, step, STREAM_IMAGES)
    h = layered.clamp(q, WIDTHS, data.x[which], data.y[which])
    kicks = np.empty((COPIES * BATCH, TICKS * HIDDEN))
    philox.normals(kicks, seed, step, STREAM_BATH)
    kicks *= np.sqrt(2.0 * temperature * TICK)
    _relax(q, h, TICK, kicks.reshape(COPIES, BATCH, TICKS, HIDDEN))
    q -= RATE * layered.bulk_gradient(q, WIDTHS, h)


def _relax(q: Array, h: list[Array], tick: float, kicks: Array) -> None:
    for t in range(kicks.shape[2]):
        at = 0
        for l, slope in enumerate(layered.push(q, WIDTHS, h), 1):
            width = slope.shape[-1]
            h[l] = h[l] - tick * slope + kicks[..., t, at : at + width]
            at += width


def states(q: Array) -> tuple[Array, Array]:
    """−½⟨ln det G⟩ and ⟨Hmin⟩ of every network, (COPIES,) each, at images that no network learns from."""
    data = layered.digits()
    x, y = (np.broadcast_to(a[:SEEN], (COPIES, SEEN, a.shape[1])) for a in (data.test_x, data.test_y))
    h = layered.clamp(q, WIDTHS, x, y)
    _relax(q, h, TICK, np.zeros((COPIES, 1, SETTLING, HIDDEN)))
    G = (layered.stiffness(one, WIDTHS, [a[k] for a in h]) for k, one in enumerate(q))
    return (
        np.array([-0.5 * np.linalg.slogdet(g)[1].mean() for g in G]),
        layered.bulk_loss(q, WIDTHS, h).mean(axis=-1),
    )
