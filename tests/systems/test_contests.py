"""Networks that learn side by side by metrics κ^α: what they see, what κ is, and where rates end.

Chain of trust: optimizers → `systems.contests` → verdicts of `regimes`.
"""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems import contests, layered
from weltnet.systems.contests import ALPHAS, CONDITIONS, INPUTS, NOISE, Terms

LESSON = 100


def test_inputs_have_the_conditioning_they_are_named_by() -> None:
    """Chain of trust: definition. The variances of the inputs are h, along the axes of the lesson, and answers weigh
    alike along all of them."""
    task = contests.teach(3, 0, False, "answers")
    h = task.scales**2
    assert np.allclose(h[:, 0] / h[:, -1], CONDITIONS) and np.allclose(task.axes.T @ task.axes, np.eye(INPUTS))
    told = (task.truth @ task.axes) * task.scales
    assert np.allclose(told, told[0])
    assert np.allclose(contests.teach(3, 0, True, "answers").scales, 1.0)


def test_kappa_is_the_covariance_of_the_noise() -> None:
    """Chain of trust: Wick's theorem. At the goal, κ of single samples' gradients is σ² times the inputs' covariance,
    at every conditioning, and its mean over 40 minibatches is that within a tenth."""
    these, terms = contests.neurons(0, 0), Terms(rate=1e-9, batch=128, beta=0.999)
    task = contests.teach(0, 0, False, "answers")
    these.q[:] = task.truth[:, None]
    contests.study(these, terms, 40, LESSON)
    kappa = these.kappa[2, :, 0] / (1.0 - 0.999**40)
    along = np.diagonal(task.axes.T @ kappa @ task.axes, axis1=1, axis2=2)
    assert np.allclose(along, NOISE**2 * task.scales**2, rtol=0.1)


def test_plain_descent_is_written_out() -> None:
    """Chain of trust: an independent twin. α = 0 of the map is SGD on the same data, sample by sample."""
    from weltnet.kernels.philox import normals

    terms, steps = Terms(), 3
    these = contests.neurons(1, 2)
    contests.study(these, terms, steps, LESSON)
    task, row, column, z = contests.teach(1, 2, False, "answers"), 2, 4, np.empty((terms.batch, INPUTS + 1))
    q = np.zeros(INPUTS)
    for k in range(steps):
        normals(z, 1, 2 * LESSON + k, contests.DATA)
        x = [task.axes @ (task.scales[row] * one[:INPUTS]) for one in z]
        y = [one @ task.truth[row] + NOISE * each[INPUTS] for one, each in zip(x, z, strict=True)]
        g = np.mean([(one @ q - answer) * one for one, answer in zip(x, y, strict=True)], axis=0)
        q = q - contests.rates(terms)[0, row, column] * g
    assert np.allclose(these.q[0, row, column], q)


def test_the_bound_is_where_learning_ends() -> None:
    """Chain of trust: an independent run. A third above the bound networks blow up where κ is known; at two thirds they
    learn."""
    h = contests.spectrum(100.0, INPUTS)
    for alpha in ALPHAS:
        p = (h / h.mean() + 0.01) ** -alpha
        p /= p.mean()
        for factor, learns in ((1.35, False), (0.65, True)):
            rng, q = np.random.default_rng(0), np.ones(INPUTS)
            for _ in range(400):
                x = rng.standard_normal((32, INPUTS)) * np.sqrt(h)
                q = q - factor * contests.bound(alpha, h, 32) * p * (x.T @ (x @ q) / 32)
            assert (q @ (h * q) < 0.5 * h.sum()) == learns


def test_readers_learn_digits_and_all_alphas_see_the_same() -> None:
    """Chain of trust: definition. From one start; 120 minibatches leave less than a third of the loss at α = 0."""
    these, terms = contests.readers(0, 0), Terms()
    before = contests.read_loss(these, terms)
    assert np.ptp(before) == 0.0
    contests.read(these, terms, 0.0, 120, LESSON)
    after = contests.read_loss(these, terms)
    assert (after[0].min() < before[0] - 0.5).all()
    assert np.array_equal(after[0], after[3]), "the dial at 0 is α = 0"
    right = layered.accuracy(these.q[0, 0, 2], contests.WIDTHS, layered.digits().test_x, layered.digits().test_shown)
    assert right > 0.85


def test_races_are_the_same_in_other_coordinates_where_the_metric_is_fishers() -> None:
    """Chain of trust: covariance. To 1e-8 for the natural gradient, at every conditioning; not for α = ½."""
    for conditioning in (1.0, 100.0, 1e4):
        for number in range(3):
            these = contests.race(0, number)
            contests.run(these, Terms(), 0.5, conditioning, 60, LESSON)
            off = np.abs(these.q[4:6] - these.q[6:] @ contests.SHEAR.T).max(axis=1)
            assert off[0] < 1e-8
            assert conditioning < 100.0 or off[1] > 1e-4


def test_ellipses_are_those_of_the_optimizers() -> None:
    """Chain of trust: definition. Circles for SGD and momentum, upright for RMSProp and Adam, and for the natural one
    those of the inverse curvature."""
    these = contests.race(0, 0)
    contests.run(these, Terms(batch=128), 0.5, 100.0, 40, LESSON)
    L = contests.shapes(these, Terms(batch=128), 0.5)
    p = L @ np.swapaxes(L, -1, -2)
    assert np.allclose(p[:2], np.eye(2)) and np.allclose(p[2:4, 0, 1], 0.0)
    inverse = (contests.TURN / contests.valley(100.0)) @ contests.TURN.T
    assert np.allclose(p[4], inverse / np.trace(inverse) * 2.0, rtol=0.3, atol=0.02)


@pytest.mark.parametrize("terms", [Terms(other=True), Terms(strange=True), Terms(of="batches", teacher="weights")])
def test_no_terms_leave_the_numbers(terms: Terms) -> None:
    """Chain of trust: none. Everything stays finite, also above the bound."""
    terms = terms._replace(rate=4.0, batch=4)
    a, b, c = contests.neurons(0, 0), contests.readers(0, 0), contests.race(0, 0)
    contests.study(a, terms, 40, LESSON)
    contests.read(b, terms, 0.5, 20, LESSON)
    contests.run(c, terms, 1.0, 1e4, 40, LESSON)
    for found in (contests.height(a, terms), contests.read_loss(b, terms), contests.excess(c.q, 1e4)):
        assert np.isfinite(found).all()
