"""Replicas of one layer: the kernel is the gradient of its own loss, and its noise is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.layers import disperse, look
from weltnet.systems.lessons import Lesson, lesson


def taught() -> Lesson:
    return lesson(4, "cycle", 0, report=lambda fraction, text: None)


def loss(it: Lesson, q: np.ndarray, p: int) -> float:
    """½|f − y|² of one sample over the neurons that learn, by itself."""
    n = -(-len(q) // 4)
    W = np.zeros(4 * n)
    W[: len(q)] = q
    f = np.tanh(it.base[p, :n] + W.reshape(n, 4) @ it.x[p])
    return 0.5 * float(((f - it.y[p, :n]) ** 2).sum())


def slope(it: Lesson, q: np.ndarray, p: int, h: float = 1e-5) -> np.ndarray:
    return np.array([(loss(it, q + h * e, p) - loss(it, q - h * e, p)) / (2 * h) for e in np.eye(len(q))])


@pytest.mark.parametrize("K", [2, 7, 16])
def test_look_is_the_derivative_of_the_loss(K: int) -> None:
    """Chain: finite differences → kernel. One replica's g gᵀ and ∂∂H agree with differences of its loss to 1e-6."""
    it, n = taught(), -(-K // 4)
    q = 0.3 * np.random.default_rng(1).standard_normal((1, K))
    H, C = np.zeros((2, K, K))
    look(q, it.base[:, :n].copy(), it.x, it.y[:, :n].copy(), 2, 5, H, C)
    seen = (5, 5 + len(it.x) // 2)
    g = [slope(it, q[0], p) for p in seen]
    assert np.abs(C - np.mean([np.outer(a, a) for a in g], axis=0)).max() < 1e-6
    h = 1e-4
    bend = np.mean([[(slope(it, q[0] + h * e, p) - slope(it, q[0] - h * e, p)) / (2 * h) for e in np.eye(K)]
                    for p in seen], axis=0)  # fmt: skip
    assert np.abs(H - bend).max() < 1e-5


def test_disperse_descends_and_splits() -> None:
    """Chain: counters → kernel. Two strides are one long one bit by bit; the mean step is −γ∇U, 4 standard errors."""
    it, K, M = taught(), 6, 20_000
    base, y = it.base[:, :2].copy(), it.y[:, :2].copy()
    one, two = (np.full((300, K), 0.1) for _ in range(2))
    disperse(one, base, it.x, y, 0.2, 0.01, 3, 7, 0, 9)
    disperse(two, base, it.x, y, 0.2, 0.01, 3, 4, 0, 9)
    disperse(two, base, it.x, y, 0.2, 0.01, 3, 3, 4, 9)
    assert (one == two).all()
    q = np.full((M, K), 0.1)
    disperse(q, base, it.x, y, 1.0, 0.1, 1, 1, 0, 3)
    moved = q - 0.1
    down = -np.mean([slope(it, np.full(K, 0.1), p) for p in range(len(it.x))], axis=0)
    assert (np.abs(moved.mean(axis=0) - down) < 4 * moved.std(axis=0) / np.sqrt(M)).all()


def test_lesson_ends_at_the_bottom() -> None:
    """Chain: Newton → lesson. At its best weights the mean gradient is 0 to 1e-6 and the curvature positive."""
    it = taught()
    assert np.abs(it.gradients(16).mean(axis=0)).max() < 1e-6
    assert np.linalg.eigvalsh(it.hessians(16).mean(axis=0)).min() > 0.0
