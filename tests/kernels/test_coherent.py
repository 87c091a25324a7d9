"""The coherent law's kernel: its twin, its order, what it conserves, and the loss for which it is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import spline_filter

from weltnet.kernels import coherent
from weltnet.theory import coherent as slow
from weltnet.theory.schroedinger import SplitStep, density, fidelity, packet

Array = NDArray[Any]
HBAR, WIDTH, LOW, CELLS = 0.5, 8.0, -6.0, 512
AXIS = -6.0 + 12.0 / 96 * np.arange(96)
NODES = np.linspace(-6.0, 6.0, CELLS + 1)


def bowl(q: Array) -> tuple[Array, Array, Array]:
    """½(q₁² + 1.69 q₂² + .6 q₁q₂), for which the sum is exact."""
    H = np.array([[1.0, 0.3], [0.3, 1.69]])
    return 0.5 * np.einsum("...i,ij,...j->...", q, H, q), q @ H, np.broadcast_to(H, (*q.shape[:-1], 2, 2))


def wells(q: Array) -> tuple[Array, Array, Array]:
    """cos-shaped, smooth and bounded: 1 − cos q₁ cos q₂ + .1 q²."""
    (x, y), (c, s) = np.moveaxis(q, -1, 0), (np.cos(q), np.sin(q))
    cc, ss = c[..., 0] * c[..., 1], s[..., 0] * s[..., 1]
    slope = np.stack([s[..., 0] * c[..., 1], c[..., 0] * s[..., 1]], axis=-1) + 0.2 * q
    bend = np.stack([np.stack([cc + 0.2, -ss], axis=-1), np.stack([-ss, cc + 0.2], axis=-1)], axis=-2)
    return 1.0 - cc + 0.1 * (x * x + y * y), slope, bend


def spline(loss: Any) -> Array:
    V = loss(np.stack(np.meshgrid(NODES, NODES, indexing="ij"), axis=-1))[0]
    return np.pad(spline_filter(V, 3, mode="mirror"), 1, mode="reflect")


def travelled(
    loss: Any, q: Array, p: Array, dt: float, calls: int, steps: int = 1, width: float = WIDTH
) -> tuple[Array, ...]:
    m = len(q)
    out = (q.copy(), p.copy(), np.zeros(m), np.ones(m, complex), np.tile(np.eye(4), (m, 1, 1)))
    table = spline(loss)
    for _ in range(calls):
        coherent.travel(*out, table, LOW, CELLS / 12.0, np.full(m, dt), steps, HBAR * width)
    return out


@pytest.fixture
def replicas() -> tuple[Array, Array]:
    rng = np.random.default_rng(7)
    return rng.uniform(-1.5, 1.5, (40, 2)), rng.uniform(-1.5, 1.5, (40, 2))


def test_order_and_symplecticity(replicas: tuple[Array, Array]) -> None:
    """Link: slow twin -> kernel. Order 2 in q, p, F, C and M by regression against Runge–Kutta; MᵀJM = J to 1e-11."""
    exact = slow.travel(wells, *replicas, 0.01, 300, HBAR * WIDTH)
    steps, errors = (60, 120, 240), []
    for n in steps:
        found = travelled(wells, *replicas, 3.0 / n, n)
        errors.append([np.abs(a - b).max() for a, b in zip(found, exact, strict=True)])
    orders = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert (np.abs(orders - 2.0) < 0.12).all(), orders
    J = np.block([[np.zeros((2, 2)), np.eye(2)], [-np.eye(2), np.zeros((2, 2))]])
    M = found[4]
    assert np.abs(M.transpose(0, 2, 1) @ J @ M - J).max() < 1e-11
    assert np.abs(np.abs(found[3]) - np.abs(slow.prefactor(M, HBAR * WIDTH))).max() < 1e-9


def test_steps_of_one_call_are_steps_of_many(replicas: tuple[Array, Array]) -> None:
    """Link: kernel. Two steps in a call are two calls of a step, bit by bit."""
    for a, b in zip(travelled(wells, *replicas, 0.02, 10, 2), travelled(wells, *replicas, 0.02, 20), strict=True):
        assert np.array_equal(a, b)


def test_torn_replicas_stop(replicas: tuple[Array, Array]) -> None:
    """Link: kernel. On a saddle |C| grows without bound: beyond LOST a replica counts no more."""

    def saddle(q: Array) -> tuple[Array, Array, Array]:
        return 8.0 * (q[..., 0] ** 2 - q[..., 1] ** 2), q, q

    q, p, F, C, M = travelled(saddle, 1e-9 * replicas[0], 1e-9 * replicas[1], 0.02, 2000)
    assert (C == 0.0).all() and all(np.isfinite(x).all() for x in (q, p, F, M))


def test_sum_against_exponentials(replicas: tuple[Array, Array]) -> None:
    """Link: slow twin -> kernel. The sum by recurrences in single precision, to 1e-5 of its largest value."""
    a = np.random.default_rng(1).standard_normal((2, 40))
    weights = a[0] + 1j * a[1]
    exact = slow.summed(AXIS, *replicas, weights, WIDTH, HBAR)
    found = coherent.summed(AXIS, *replicas, weights, WIDTH, HBAR)
    assert found.dtype == np.complex64 and np.abs(found - exact).max() < 1e-5 * np.abs(exact).max()


def test_births_add_up_to_the_wave() -> None:
    """Link: closed form. 1500 replicas miss less than 1e-3 of two packets; those that count most come first."""
    psi = packet(AXIS, (1.0, -0.5), 0.35, (2.0, 1.0)) + 1j * packet(AXIS, (-1.5, 0.5), 0.3)
    q, p, a, missed = coherent.born(AXIS, psi, 1500, WIDTH, HBAR, 8.0, np.array([0.1, 0.7, 0.4, 0.9]), 5.0, 4)
    assert q.shape == p.shape == (len(a), 2) and len(a) <= 1501 and missed < 1e-3
    assert (np.diff(np.abs(a)) <= 0.0).all()
    again = coherent.summed(AXIS, q, p, a, WIDTH, HBAR)
    cell = (AXIS[1] - AXIS[0]) ** 2
    assert density(again - psi).sum() * cell == pytest.approx(missed * density(psi).sum() * cell, rel=0.05)
    few = coherent.born(AXIS, psi, 200, WIDTH, HBAR, 8.0, np.zeros(4), 5.0, 4)
    assert len(few[2]) == 200 and few[3] > missed


def test_exact_in_a_bowl() -> None:
    """Link: exact case. In a tilted, stretched bowl the sum is Schrödinger's wave: fidelity > .9999 after t = 4 without
    any re-birth, and norm 1 by the prefactor, which is the same for all and far from 1 there."""
    psi, width = packet(AXIS, (1.2, -0.4), 0.3, (1.0, 2.0)), 4.0
    V = bowl(np.stack(np.meshgrid(AXIS, AXIS, indexing="ij"), axis=-1))[0]
    exact = SplitStep(AXIS, V, HBAR, 0.01).step(psi, 400)
    q, p, a, _ = coherent.born(AXIS, psi, 6000, width, HBAR, 8.0, np.full(4, 0.3), 8.0, 4)
    q, p, F, C, _ = travelled(bowl, q, p, 0.01, 400, width=width)
    found = coherent.summed(AXIS, q, p, a * C * np.exp(1j / HBAR * F), width, HBAR)
    assert fidelity(found, exact) > 0.9999
    assert density(found).sum() * (AXIS[1] - AXIS[0]) ** 2 == pytest.approx(1.0, abs=2e-3)
    assert np.median(np.abs(C)) == pytest.approx(1.0808, abs=1e-3)
