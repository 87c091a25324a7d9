"""The network of the papers on every topology: masks, exact gradients, determinants.

Chain of trust: finite differences and closed determinants → `systems.septuple` → what the learning half measures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from weltnet.kernels.philox import picks
from weltnet.systems import septuple
from weltnet.systems.topologies import KINDS, layered, loops, topology

STEP = 1e-6
SIZES = {"lattice": 9, "halves": 10}
kinds = pytest.mark.parametrize("kind", KINDS)


def network(kind: str) -> tuple[Any, Any, Any, Any]:
    N = SIZES.get(kind, 11)
    mask = topology(kind, N, seed=3, density=0.3)  # type: ignore[arg-type]
    W, b = septuple.born(mask, 5, gain=1.2)
    rng = np.random.default_rng(1)
    return mask, W, b + 0.3 * rng.standard_normal(N), 0.7 * rng.standard_normal((5, N))


def differences(f: Any, at: Any, where: Any) -> Any:
    """Central differences of f by the entries `where` of `at`."""
    out = np.zeros_like(at)
    for index in where:
        high, low = at.copy(), at.copy()
        high[index] += STEP
        low[index] -= STEP
        out[index] = (f(high) - f(low)) / (2.0 * STEP)
    return out


def off(found: Any, wanted: Any) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@kinds
def test_bulk_gradients(kind: str) -> None:
    """Chain of trust: the first link. By weights, biases and states, against central differences, < 1e-7."""
    mask, W, b, x = network(kind)
    inputs, mass = [0, 1], 0.1
    _, gW, gb, gx = septuple.bulk(W, b, x, mask, inputs=inputs, mass=mass)
    mean = lambda W, b, x: float(septuple.bulk(W, b, x, mask, inputs=inputs, mass=mass)[0].mean())  # noqa: E731
    assert off(gW, differences(lambda w: mean(w, b, x), W, zip(*np.nonzero(mask), strict=True))) < 1e-7
    assert off(gb, differences(lambda c: mean(W, c, x), b, [(i,) for i in range(len(b))])) < 1e-7
    assert off(gx / len(x), differences(lambda z: mean(W, b, z), x, np.ndindex(x.shape))) < 1e-7
    assert not gW[~mask].any()


@kinds
def test_boundary_gradients_through_time(kind: str) -> None:
    """Chain of trust: the first link. Credit reaches back through every tick, against central differences, < 1e-7."""
    mask, W, b, x = network(kind)
    how: dict[str, Any] = {"inputs": [0, 1], "outputs": [len(b) - 1], "ticks": 6}
    u, target = x[:, :2], x[:, -1:]
    _, gW, gb = septuple.boundary(W, b, u, target, mask, **how)
    mean = lambda W, b: float(septuple.boundary(W, b, u, target, mask, **how)[0].mean())  # noqa: E731
    for found, wanted in (
        (gW, differences(lambda w: mean(w, b), W, zip(*np.nonzero(mask), strict=True))),
        (gb, differences(lambda c: mean(W, c), b, [(i,) for i in range(len(b))])),
    ):
        assert np.abs(found - wanted).max() < 1e-7 * max(np.abs(wanted).max(), 1e-2)


@kinds
def test_determinants(kind: str) -> None:
    """Chain of trust: closed form. det(I − sW) is 1 without loops and 1 − Π s w on a ring, to 1e-10."""
    mask, W, b, x = network(kind)
    found = np.linalg.det(septuple.jacobian(W, b, x))
    if not loops(mask):
        assert np.abs(found - 1.0).max() < 1e-10
    elif kind == "ring":
        s = 1.0 - np.tanh(x @ W.T + b) ** 2
        assert np.abs(found - (1.0 - np.prod(s * W.sum(axis=1), axis=1))).max() < 1e-10
    else:
        assert np.abs(found - 1.0).max() > 1e-4


def test_stiffness_is_the_curvature_where_nothing_is_missed() -> None:
    """Chain of trust: the first link. G is the second difference of H in the free neurons where e = 0."""
    mask, W, b, x = network("layered")
    still = septuple.activate(W, b, x[:1, :2], [0, 1], len(b))[-1]
    free, mass = [3, 5, 8], 0.2
    G = septuple.stiffness(W, b, still[0], free, inputs=[0, 1], mass=mass)
    push = lambda z: septuple.bulk(W, b, z, mask, inputs=[0, 1], mass=mass)[3][0, free]  # noqa: E731
    shifts = STEP * np.eye(len(b))[free]
    found = np.stack([(push(still + s) - push(still - s)) / (2 * STEP) for s in shifts])
    assert np.abs(found - G).max() < 1e-7
    assert septuple.log_det(G) == pytest.approx(float(np.log(np.linalg.det(G))))


def test_relaxing_goes_downhill_and_holds_who_is_clamped() -> None:
    """Chain of trust: the law of motion. H falls with every tick, and clamped neurons do not move."""
    mask, W, b, x = network("dense")
    free = np.arange(2, 11)
    heights = [
        float(septuple.bulk(W, b, septuple.relax(W, b, x, free, ticks=t, rate=0.05), mask)[0].mean())
        for t in (0, 5, 50)
    ]
    assert heights[0] > heights[1] > heights[2]
    assert np.array_equal(septuple.relax(W, b, x, free, ticks=3)[:, :2], x[:, :2])


@kinds
def test_thousand_neurons(kind: str) -> None:
    """Chain of trust: none; a bound. Every topology is there up to 1024 neurons, reads nobody twice, and learns."""
    mask = topology(kind, 1024, density=0.02)  # type: ignore[arg-type]
    assert mask.shape == (1024, 1024) and mask.any() and (kind == "permutation" or not mask.diagonal().any())
    W, b = septuple.born(mask, 0, gain=0.5)
    x = np.random.default_rng(0).standard_normal((4, 1024))
    H, gW, _, _ = septuple.bulk(W, b, x, mask)
    assert septuple.bulk(W - 0.1 * gW, b, x, mask)[0].mean() < H.mean()


@kinds
@pytest.mark.parametrize("how", ["one step", "relaxed", "boundary"])
def test_every_topology_learns_by_every_loss(kind: str, how: str) -> None:
    """Chain of trust: gradients → learning. 60 steps of descent take a tenth off the bulk loss, N = 64, and .02 off the
    boundary loss even where six ticks carry little or nothing from what is seen to the answers."""
    mask = topology(kind, 64, seed=2, density=0.2)  # type: ignore[arg-type]
    W, b = septuple.born(mask, 1, gain=0.8)
    rng, inputs, outputs = np.random.default_rng(0), np.arange(8), np.arange(56, 64)
    u, y = rng.standard_normal((16, 8)), 0.5 * np.sign(rng.standard_normal((16, 8)))
    free, lost = np.arange(8, 56), []
    for _ in range(60):
        if how == "boundary":
            H, gW, gb = septuple.boundary(W, b, u, y, mask, inputs=inputs, outputs=outputs, ticks=6)
        else:
            x = septuple.activate(W, b, u, inputs, 6)[-1]
            x[:, outputs] = y
            if how == "relaxed":
                x = septuple.relax(W, b, x, free, inputs=inputs)
            H, gW, gb, _ = septuple.bulk(W, b, x, mask, inputs=inputs)
        lost.append(float(H.mean()))
        W, b = W - 0.1 * gW, b - 0.1 * gb
    assert lost[-1] < (0.98 if how == "boundary" else 0.9) * lost[0]


def test_layers_are_those_of_the_mask() -> None:
    """Chain of trust: none; a definition."""
    assert np.array_equal(np.nonzero(layered((1, 2, 1)))[0], [1, 2, 3, 3])
    assert not loops(topology("chain", 5)) and loops(topology("ring", 5)) and loops(topology("permutation", 6, seed=1))


@pytest.mark.parametrize("wrong", [("knot", 9), ("lattice", 8), ("halves", 9), ("dense", 1025)])
def test_refusals(wrong: tuple[Any, int]) -> None:
    """Chain of trust: the door. What cannot be is refused with what is allowed."""
    with pytest.raises(ValueError, match=r"refused.*allowed"):
        topology(*wrong)


def test_picks_are_even_and_keyed() -> None:
    """Chain of trust: the ground. 30 000 draws of 30 numbers, seed 4: χ² with 29 degrees, p = .001 at 58.3."""
    out = np.empty((300, 100), np.int64)
    picks(out, 30, 4, 7, 1)
    counts = np.bincount(out.ravel(), minlength=30)
    assert len(counts) == 30 and float(((counts - 1000.0) ** 2 / 1000.0).sum()) < 58.3
    again = np.empty((300, 50), np.int64)
    picks(again, 30, 4, 7, 1)
    assert np.array_equal(again, out[:, :50])
