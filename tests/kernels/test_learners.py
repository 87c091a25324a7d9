"""Links of the chain: finite differences and slow twin → kernel, for a layer of neurons that learns."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.kernels.learners import LINEAR, TANH, descend, respond
from weltnet.systems.fields import Law, follow
from weltnet.theory import klein_gordon

RNG = np.random.default_rng(0)
INPUTS, NEURONS, BATCH = 10, 5, 7


def loss(W: np.ndarray, z: np.ndarray, y: np.ndarray, kind: int) -> float:
    f = z @ W
    return float((((np.tanh(f) if kind == TANH else f) - y) ** 2).sum() / (2 * len(z)))


@pytest.mark.parametrize("kind", [LINEAR, TANH])
def test_a_step_is_the_gradient_of_its_loss(kind: int) -> None:
    """Finite differences → kernel: the change of every weight is −γ ∂H/∂W to 1e-8, and H is what it returns."""
    W, z, y = RNG.normal(size=(INPUTS, NEURONS)), RNG.normal(size=(BATCH, INPUTS)), RNG.normal(size=(BATCH, NEURONS))
    after = W.copy()
    assert descend(after, z, y, 0.1, kind, True, np.empty((BATCH, NEURONS))) == pytest.approx(loss(W, z, y, kind))
    for at in np.ndindex(W.shape):
        nudge = np.zeros_like(W)
        nudge[at] = 1e-6
        slope = (loss(W + nudge, z, y, kind) - loss(W - nudge, z, y, kind)) / 2e-6
        assert after[at] - W[at] == pytest.approx(-0.1 * slope, abs=1e-8)


def test_a_neuron_that_may_not_read_itself_does_not() -> None:
    """Finite differences → kernel: without self-coupling the diagonal stays, bit for bit, and all else is as before."""
    W, z, y = RNG.normal(size=(NEURONS, NEURONS)), RNG.normal(size=(BATCH, NEURONS)), RNG.normal(size=(BATCH, NEURONS))
    free, held = W.copy(), W.copy()
    descend(free, z, y, 0.1, LINEAR, True, np.empty((BATCH, NEURONS)))
    descend(held, z, y, 0.1, LINEAR, False, np.empty((BATCH, NEURONS)))
    assert np.array_equal(np.diag(held), np.diag(W))
    off = ~np.eye(NEURONS, dtype=bool)
    assert np.array_equal(held[off], free[off]) and not np.array_equal(np.diag(free), np.diag(W))


def test_responses_are_powers_of_the_companion_matrix() -> None:
    """Slow twin → kernel: every source's response equals repeated matrix products to 1e-12."""
    sites, ticks = 12, 6
    W = RNG.normal(size=(2 * sites, sites)) / np.sqrt(2 * sites)
    G = np.empty((ticks + 1, sites, sites))
    respond(G, W, np.arange(sites))
    companion = np.block([[W[:sites], np.eye(sites)], [W[sites:], np.zeros((sites, sites))]])
    for t in range(ticks + 1):
        assert np.abs(G[t] - np.linalg.matrix_power(companion, t)[:sites, :sites]).max() < 1e-12
    few = np.empty((ticks + 1, 2, sites))
    respond(few, W, np.array([3, 7]))
    assert np.array_equal(few, G[:, [3, 7]])
    assert np.abs(G[:, 0] - klein_gordon.lattice(W, ticks)).max() < 1e-12


@pytest.mark.parametrize("law", ["klein-gordon", "damped", "diffusion"])
def test_laws_are_linear_and_local(law: Law) -> None:
    """Definition → system: a law reads the neighbours alone; the massless undamped wave is d'Alembert's."""
    now, before = np.zeros((1, 9)), np.zeros((1, 9))
    now[0, 4] = 1.0
    after = follow(law, now, before)
    assert np.flatnonzero(after[0]).tolist() == ([3, 5] if law != "diffusion" else [3, 4, 5])
    assert np.allclose(follow(law, 2 * now, before), 2 * after)
    if law == "klein-gordon":
        assert after[0, 3] == after[0, 5] == 1.0 and follow(law, before, now)[0, 4] == -1.0
