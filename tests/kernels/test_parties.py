"""Two weights that are far apart: guided together or each by itself; their slow twins, order, and what stays local."""

from __future__ import annotations

import math

import numpy as np
import pytest

from weltnet.kernels.ensemble import WALL
from weltnet.kernels.parties import descend_apart, guide, roll_apart
from weltnet.theory.doublets import Doublet, entangled, turned

AXIS = np.linspace(-3.0, 3.0, 96, endpoint=False)
TABLE = np.linspace(-3.0, 3.0, 4097)
LOW, INVERSE = -3.0, 4096 / 6.0
WELL = Doublet(AXIS, np.minimum(3.0 * (AXIS**2 - 1.0) ** 2, 40.0), 0.9)
MODES = WELL.at(TABLE)
STARTS = np.array([[-1.1, -0.9], [0.8, 1.2], [-0.7, -1.3], [1.0, 0.6]])
PACES = (0.5, 0.75)


MIXING = math.radians(35.0)


def carried(q, steps, mixing=MIXING, paces=PACES):
    share = np.arange(2 * steps + 1) / (2 * steps)
    c = turned(entangled(mixing), math.pi * paces[0] * share, math.pi * paces[1] * share)
    out = q.copy()
    guide(out, MODES, c, LOW, INVERSE, WELL.hbar, *paces, WELL.half_turn / steps)
    return out


def test_guided_paths_are_bohms():
    """Link: Bohm's path by adaptive steps of eighth order on the spectral waves, to what the table resolves."""
    c = entangled(math.radians(35.0))
    ends = [WELL.path(tuple(q), c, PACES, np.array([0.0, WELL.half_turn]))[-1] for q in STARTS]
    assert np.abs(carried(STARTS, 480) - ends).max() < 2e-5


def test_order():
    """Certificate: error against 4096 steps falls as dt⁴ (regressed over 30, 60 and 120 steps)."""
    errors = [np.abs(carried(STARTS, n) - carried(STARTS, 4096)).max() for n in (30, 60, 120)]
    slope = np.polyfit(np.log([30, 60, 120]), np.log(errors), 1)[0]
    assert slope < -3.0, errors


def test_replicas_stay_distributed_as_the_wave():
    """Invariant: 40 000 drawn from |ψ₀|² have the quantum share of both signs at the end, within 4σ; seed 5."""
    fine = MODES[:2, ::16]
    p = np.abs(fine.T @ entangled(math.radians(35.0)) @ fine).ravel() ** 2
    rng = np.random.default_rng(5)
    cell = rng.choice(len(p), 40_000, p=p / p.sum())
    q = np.column_stack([TABLE[::16][cell // 257], TABLE[::16][cell % 257]]) + (rng.random((40_000, 2)) - 0.5) * 6 / 256
    a, b = (math.pi * w for w in PACES)
    E = WELL.contrast**2 * (math.cos(a) * math.cos(b) - math.sin(math.radians(70.0)) * math.sin(a) * math.sin(b))
    found = np.sign(carried(q, 120)).prod(axis=1).mean()
    assert abs(found - E) < 4 * math.sqrt((1 - E * E) / 40_000)


def test_a_frozen_weight_stays_and_a_product_knows_of_no_other():
    """Exact cases: pace 0 moves nothing; in a product the path of q1 is the same, whatever q2's pace is."""
    frozen = carried(STARTS, 60, paces=(0.0, 0.75))
    assert np.array_equal(frozen[:, 0], STARTS[:, 0]) and not np.allclose(frozen[:, 1], STARTS[:, 1], atol=0.05)
    one, other = (carried(STARTS, 60, mixing=0.0, paces=(0.5, w)) for w in (0.25, 0.75))
    assert np.abs(one[:, 0] - other[:, 0]).max() < 1e-9
    one, other = (carried(STARTS, 60, paces=(0.5, w)) for w in (0.25, 0.75))
    assert np.abs(one[:, 0] - other[:, 0]).max() > 0.05


def test_each_by_itself_is_local_and_inertial():
    """Exact case: a spring, −q, at pace w is a clock of rate w; order 2; the other's pace changes no bit."""
    force = -TABLE
    q, v = np.array([[1.0, 0.5]]), np.zeros((1, 2))
    roll_apart(q, v, force, LOW, INVERSE, np.array([1.0, 0.5]), 0.001, 1000)
    assert q[0] == pytest.approx([math.cos(1.0), 0.5 * math.cos(0.5)], abs=1e-6)
    for law in (_rolled, _descended):
        assert np.array_equal(law(0.25)[:, 0], law(0.75)[:, 0])


def _rolled(pace):
    q, v = STARTS.copy(), np.zeros((4, 2))
    roll_apart(q, v, -TABLE, LOW, INVERSE, np.array([0.5, pace]), 0.05, 40)
    return q


def _descended(pace, members=4, steps=40):
    q = np.resize(STARTS, (members, 2)).copy()
    descend_apart(q, -TABLE, LOW, INVERSE, np.array([0.5, pace]), 0.5, 0.2, 0.05, steps, 7, 3)
    return q


def test_descent_finds_its_equilibrium_and_its_bits():
    """Link: exp(−γV/D) of a spring has variance D/γ = .4 at any pace, within 4σ; in two calls the bits are the same."""
    q = _descended(1.0, 20_000, 600)
    assert q.var(axis=0) == pytest.approx([0.4, 0.4], abs=4 * 0.4 * math.sqrt(2 / 20_000) + 0.006)
    assert np.abs(q).max() <= WALL
    whole, parts = _descended(0.75), _descended(0.75, steps=15)
    descend_apart(parts, -TABLE, LOW, INVERSE, np.array([0.5, 0.75]), 0.5, 0.2, 0.05, 25, 7, 18)
    assert np.array_equal(whole, parts)
