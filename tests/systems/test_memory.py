"""Links of the chain: lessons → what they ask for; prunings → who is cut, where others grow; loops, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from weltnet.systems import memory
from weltnet.systems.memory import LEVEL, LINKS, NEURONS, TICKS


def test_lessons_ask_for_what_was():
    """Link: definition of the three lessons, tick by tick; without memory the best answer is silence."""
    u, y, first = memory.lesson("recall", 4, 5, 1, 0)
    assert first == 5 and np.array_equal(y[:, 5:], LEVEL * u[:, :-5]) and set(np.unique(u)) == {-1.0, 1.0}
    u, y, first = memory.lesson("hold", 400, 5, 1, 0)
    last = u[:, 0]
    for t in range(1, TICKS):
        assert np.array_equal(y[:, t], LEVEL * last)
        last = np.where(u[:, t] != 0.0, u[:, t], last)
    assert first == 1 and (u[:, 1:] != 0.0).mean() == pytest.approx(memory.PULSE, abs=0.01)
    u, y, first = memory.lesson("oscillate", 400, 5, 1, 0)
    assert not u[:, first:].any() and y[:, : -memory.PERIOD] == pytest.approx(y[:, memory.PERIOD :], abs=1e-12)
    for name in ("hold", "recall", "oscillate"):
        _, y, first = memory.lesson(name, 400, 5, 1, 0)
        assert 0.5 * (y[:, first:] ** 2).mean() == pytest.approx(memory.blind(name), rel=0.02)


def test_loops_are_those_that_are_found_by_walking():
    """Link: walks of two and three links, neuron by neuron → products of matrices."""
    these = memory.draw(2, 3)
    found = memory.circles(these.source, these.sink)
    for m in range(2):
        links = list(zip(these.source[m].tolist(), these.sink[m].tolist(), strict=True))
        there = set(links)
        for (a, b), loop in zip(links, found[m], strict=True):
            assert loop == ((b, a) in there or any((b, c) in there and (c, a) in there for c in range(NEURONS)))
        out, into = memory.fans(these.source, these.sink)
        assert out[m, 0] == sum(a == links[0][1] for a, _ in links)
        assert into[m, 0] == sum(b == links[0][0] for _, b in links)


def test_the_weakest_are_cut_and_others_grow_where_nobody_is():
    """Link: definition of a pruning: the weakest die, no place is held twice, nobody is joined to itself."""
    these = memory.draw(3, 4)
    for step in range(1, 6):
        before, age = np.sort(np.abs(these.w), axis=1), these.age.copy()
        kept, held = these.w.copy(), these.source.copy()
        dead = memory.prune(these, 16, 4, step)
        assert (dead.sum(axis=1) == 16).all() and np.abs(kept[dead]).max() <= before[:, 16].max()
        assert np.array_equal(these.w[~dead], kept[~dead]) and np.array_equal(these.source[~dead], held[~dead])
        assert np.array_equal(these.age, np.where(dead, 0, age + 1))
        for source, sink in ((these.source, these.sink), (these.twin_source, these.twin_sink)):
            assert all(len(set(p)) == LINKS for p in (NEURONS * sink + source).tolist()) and (source != sink).all()
