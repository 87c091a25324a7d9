"""A pupil and its loss: two valleys that are one function, and the figures of the plane it learns in."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems.teachers import sign_pair, tabulate


@pytest.fixture(scope="module")
def pupil():
    return sign_pair(1)


@pytest.fixture(scope="module")
def table(pupil):
    return tabulate(pupil, np.linspace(-3, 3, 65))


def test_valleys_are_one_function(table):
    """Link: exact arithmetic of an odd tanh. U, ∇U and C have the symmetry (q1, q2) → (−q1, −q2) to the last bit."""
    assert np.array_equal(table.U, table.U[::-1, ::-1])
    assert np.array_equal(table.gradient, -table.gradient[:, ::-1, ::-1])
    assert np.array_equal(table.covariance, table.covariance[:, ::-1, ::-1])
    i, j = np.unravel_index(table.U.argmin(), table.U.shape)
    assert min(abs(table.axis[i]), abs(table.axis[j])) > 0.4


def test_figures_of_the_prototype(pupil):
    """Link: the measured prototype, trainable.md §1 and §3: barrier 2.97/25, and γC/2 at the minimum, γ = .06."""
    fine = tabulate(pupil, np.linspace(-3, 3, 129))
    assert abs(25 * fine.barrier - 2.97) < 0.02
    C = fine.covariance[:, *np.unravel_index(fine.U.argmin(), fine.U.shape)]
    assert np.abs(0.03 * C[[0, 2]] / [3.8e-3, 3.7e-4] - 1).max() < 0.02
    assert fine.covariance[0, 64].max() > 0 and fine.covariance[2, 64].max() == 0


def test_table_is_consistent(pupil, table):
    """Link: central differences. ∇U is the slope of U and the Hessian that of ∇U, with errors of second order."""
    errors = []
    for n in (65, 129):
        t = tabulate(pupil, np.linspace(-3, 3, n))
        slope = np.stack(np.gradient(t.U, t.spacing, edge_order=2))[:, 1:-1, 1:-1]
        curl = np.gradient(t.gradient[0], t.spacing, axis=1) - np.gradient(t.gradient[1], t.spacing, axis=0)
        errors.append(
            (np.sqrt(((slope - t.gradient[:, 1:-1, 1:-1]) ** 2).mean()), np.sqrt((curl[1:-1, 1:-1] ** 2).mean()))
        )
    assert 3.0 < errors[0][0] / errors[1][0] < 5.0
    assert 3.0 < errors[0][1] / errors[1][1] < 5.0
    assert np.array_equal(table.laplacian, table.hessian[0] + table.hessian[2])
    assert (table.covariance[0] * table.covariance[2] >= table.covariance[1] ** 2 - 1e-15).all()


def test_no_noise_leaves_a_perfect_pupil():
    """Link: the definition. With the teacher's weights, a noiseless answer leaves only what is unsettled."""
    clear = sign_pair(3, noise=0.0, ticks=6)
    x = np.array([-1.2, 0.0, 1.2])
    at_teacher = tabulate(clear, x).U
    assert at_teacher[0, 0] == at_teacher[2, 2] < 1e-6
    assert at_teacher[1, 1] > 1e-2


def test_data_come_from_the_seed():
    """Link: none; a run is its seed. Arrays cannot be written."""
    assert sign_pair(4) is sign_pair(4)
    assert not np.array_equal(sign_pair(4).data, sign_pair(5).data)
    assert np.array_equal(sign_pair(4, noise=0.1).W0, sign_pair(4).W0)
    with pytest.raises(ValueError, match="read-only"):
        sign_pair(4).data[0] = 0


def test_tables_are_cached_and_can_be_cancelled(pupil):
    """Link: the contract of slow preparation."""
    seen = []
    x = np.linspace(-2, 2, 17)
    table = tabulate(pupil, x, report=lambda fraction, text: seen.append(fraction))
    assert seen[0] == 0 and seen[-1] == 1 and seen == sorted(seen)
    assert tabulate(pupil, x) is table

    def stop(fraction, text):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        tabulate(pupil, np.linspace(-2, 2, 18), report=stop)
    with pytest.raises(ValueError, match="axis of shape"):
        tabulate(pupil, np.zeros((3, 3)))
    with pytest.raises(ValueError, match="samples = 0"):
        sign_pair(1, samples=0)
