"""Random words: published known answers, then the distribution of the normals made of them."""

from __future__ import annotations

import numpy as np
from scipy import stats

from weltnet.kernels.philox import normals, philox
from weltnet.theory import twins

KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
]


def _words(counter, key):
    return tuple(int(w) for w in philox(*[np.uint32(c) for c in counter], *[np.uint32(k) for k in key]))


def test_known_answers():
    """Link: the Random123 known-answer file for philox4x32-10."""
    for counter, key, answer in KNOWN:
        assert _words(counter, key) == answer
        assert twins.philox(counter, key) == answer


def test_twin_on_random_counters():
    """Link: Philox in Python integers, itself held to the known answers."""
    words = np.random.default_rng(7).integers(0, 2**32, (200, 6))
    for row in words.tolist():
        assert _words(row[:4], row[4:]) == twins.philox(tuple(row[:4]), tuple(row[4:]))


def test_normals_are_normal():
    """Link: moments of the normal law. Seed 5, 400 000 draws; every bound is 5 standard errors."""
    z = np.empty((100_000, 4))
    normals(z, 5, 3, 2)
    n = z.size
    assert abs(z.mean()) < 5 / np.sqrt(n)
    assert abs(z.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / n)
    assert np.abs(np.corrcoef(z.T) - np.eye(4)).max() < 5 / np.sqrt(len(z))
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-4


def test_every_part_of_the_key_matters():
    """Link: the known answers; here that no coordinate of the key is dropped, including the high half of the seed."""

    def draw(seed, step, stream):
        out = np.empty((3, 2))
        normals(out, seed, step, stream)
        return out

    base = draw(1, 1, 1)
    for other in (draw(2, 1, 1), draw(1 + 2**32, 1, 1), draw(1, 2, 1), draw(1, 1, 2)):
        assert not (other == base).any()
    assert len(np.unique(base)) == 6
