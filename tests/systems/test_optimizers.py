"""Optimizers against implementations that were written by others, and against what each must do exactly.

Chain of trust: scikit-learn's optimizers and closed forms → `systems.optimizers` → every race on a landscape.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from weltnet.systems import optimizers
from weltnet.systems.optimizers import LAWS, Law, covariant

P, STEPS, RATE = 7, 60, 0.05


def landscape(q: Any) -> Any:
    """Gradient of an uneven landscape."""
    return np.linspace(0.1, 3.0, P) * q + 0.3 * np.sin(3.0 * q)


def path(law: Law, rate: float = RATE, steps: int = STEPS) -> Any:
    q, memory, out = np.linspace(-1.0, 1.1, P), optimizers.begin(law, P), []
    for _ in range(steps):
        optimizers.move(law, memory, q, landscape(q), rate)
        out.append(q.copy())
    return np.array(out)


def other(make: Any) -> Any:
    """The path of an optimizer of scikit-learn."""
    q, out = np.linspace(-1.0, 1.1, P), []
    theirs = make([q])
    for _ in range(STEPS):
        theirs.update_params([q], [landscape(q)])
        out.append(q.copy())
    return np.array(out)


@pytest.mark.parametrize(
    ("name", "make", "rate"),
    [
        ("sgd", lambda p: SGDOptimizer(p, RATE, momentum=0.0, nesterov=False), RATE),
        # Theirs sums gradients where ours averages them.
        ("momentum", lambda p: SGDOptimizer(p, RATE, momentum=0.9, nesterov=False), RATE / 0.1),
        ("adam", lambda p: AdamOptimizer(p, RATE, epsilon=0.0), RATE),
    ],
)
def test_agrees_with_scikit_learn(name: str, make: Any, rate: float) -> None:
    """Chain of trust: an independent implementation, along the whole path."""
    # Their ε is added where ours is, but before means are corrected: it is left out of both.
    law = LAWS[name] if name != "adam" else Law(0.5, 0.9, 0.999, 0.0, corrected=True)
    assert np.allclose(path(law, rate), other(make), atol=1e-12)


def test_rmsprop_is_its_formula() -> None:
    """Chain of trust: Tieleman and Hinton's rule, written out; v = .9 v + .1 g², q ← q − γ g/(√v + ε)."""
    q, v, out = np.linspace(-1.0, 1.1, P), np.zeros(P), []
    for _ in range(STEPS):
        g = landscape(q)
        v = 0.9 * v + 0.1 * g * g
        q = q - RATE * g / (np.sqrt(v) + 1e-8)
        out.append(q)
    assert np.allclose(path(LAWS["rmsprop"]), out, atol=1e-12)


def test_natural_gradient_reaches_the_bottom_of_a_gaussian_model_in_one_step() -> None:
    """Chain of trust: closed form. With the Fisher matrix of a linear Gaussian model it is Newton's step."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, P)) * np.logspace(0, -1.0, P)
    truth = rng.standard_normal(P)
    fisher, q = X.T @ X / 200, np.zeros(P)
    law = Law(1.0, floor=0.0, whole=True, corrected=True)
    optimizers.move(law, optimizers.begin(law, P), q, fisher @ (q - truth), 1.0, fisher)
    assert np.allclose(q, truth)


def test_natural_gradient_does_not_depend_on_coordinates() -> None:
    """Chain of trust: covariance. In other coordinates, q = A r, the path is the same; that of α = ½ is not."""
    rng = np.random.default_rng(1)
    A, H = rng.standard_normal((P, P)), np.diag(np.linspace(0.2, 2.0, P))

    def walk(alpha: float, to: Any) -> Any:
        law, q = Law(alpha, beta2=0.9, floor=0.0, whole=True, corrected=True), np.linalg.solve(to, np.ones(P))
        memory = optimizers.begin(law, P)
        for _ in range(20):
            optimizers.move(law, memory, q, to.T @ H @ to @ q, 0.1, to.T @ H @ to)
        return to @ q

    assert np.allclose(walk(1.0, A), walk(1.0, np.eye(P)), atol=1e-8)
    assert np.abs(walk(0.5, A) - walk(0.5, np.eye(P))).max() > 1e-2


def test_the_dial_passes_through_them() -> None:
    """Chain of trust: limits. α = 0 is SGD; a whole metric of unrelated directions is the diagonal one."""
    assert np.array_equal(path(covariant(0.0)), path(LAWS["sgd"]))
    scale = np.logspace(0.0, 1.0, P)
    for alpha in (0.25, 0.5, 1.0):
        found = []
        for whole in (False, True):
            law, q = covariant(alpha, whole=whole), np.ones(P)
            memory = optimizers.begin(law, P)
            for _ in range(10):
                optimizers.move(law, memory, q, q.copy(), 0.1, np.diag(scale) if whole else scale)
            found.append(q)
        assert np.allclose(*found) and np.ptp(found[0]) > 0.05


def test_relative_metrics_have_mean_one() -> None:
    """Chain of trust: none; a definition. So that a rate means the same at every α and at every scale of κ."""
    kappa = np.diag(np.logspace(0, 3, P))
    for alpha in (0.0, 0.5, 1.0):
        p, axes = optimizers.metric(covariant(alpha), kappa)
        assert p.mean() == pytest.approx(1.0)
        assert np.allclose(p, optimizers.metric(covariant(alpha), 100.0 * kappa)[0]) and axes.shape == (P, P)


def test_many_at_once_are_each_their_own() -> None:
    """Chain of trust: definition. Networks that are moved at once, each at its rate, go where each goes alone."""
    rates = np.array([0.02, 0.05, 0.1])
    for law in (*LAWS.values(), covariant(0.5), covariant(1.0, whole=False)):
        q = np.tile(np.linspace(-1.0, 1.1, P), (3, 1))
        memory = optimizers.begin(law, 3, P)
        for _ in range(5):
            optimizers.move(law, memory, q, landscape(q), rates)
        assert np.allclose(q, [path(law, rate, 5)[-1] for rate in rates], rtol=1e-9)
