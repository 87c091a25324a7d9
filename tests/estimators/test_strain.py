"""Signs of a strain and when they change: the estimators on cases made by hand."""

from __future__ import annotations

import numpy as np

from weltnet.estimators.strain import (
    balance,
    clear,
    conic,
    missed,
    null_lines,
    slope_with_error,
    spread,
    timelike,
    turning_with_error,
)


def test_signs_within_two_errors_do_not_count() -> None:
    """Chain: definition. With production 1 and 800 members an eigenvalue must be below −.1."""
    A = np.eye(2)
    M = np.diag([-0.05, -0.2])
    assert timelike(M, A, 100) == 0 and timelike(M, A, 800) == 1 and timelike(M, A, 100_000) == 2
    assert np.linalg.matrix_rank(clear(M, A, 800)) == 1


def test_turning_is_found() -> None:
    """Chain: closed form → fit. e^(−t/20) + t/100 is least at 20 ln 5 = 32.2; falls and rises give the ends."""
    t = 2.0 * np.arange(60)
    sums = np.repeat((np.exp(-t / 20) + t / 100)[:, None], 8, axis=1)
    at, error = turning_with_error(2, sums)
    assert abs(at - 20 * np.log(5)) < 2.5 and error < 1e-6
    assert turning_with_error(2, -t[:, None])[0] == t[-1] and turning_with_error(2, t[:, None])[0] == 0.0


def test_slope_and_width() -> None:
    """Chain: closed form. An exact line has its slope and no error; Σ of `spread` has an unbiased inverse."""
    x = np.arange(10.0)
    slope, error = slope_with_error(x, 3.0 - 0.7 * x)
    assert abs(slope + 0.7) < 1e-12 and error < 1e-12
    rng = np.random.default_rng(0)
    found = np.mean([np.linalg.inv(spread(rng.standard_normal((40, 6)))) for _ in range(2000)], axis=0)
    assert np.abs(found - np.eye(6)).max() < 0.03
    assert abs(missed(rng.standard_normal((20_000, 2)))) < 0.01


def test_cone_and_conic() -> None:
    """Chain: definition → picture. Lines of a cone are null; a definite M has none, a vanishing one no conic."""
    M = np.array([[-0.5, 0.2], [0.2, 0.3]])
    for line in null_lines(M):
        assert abs(line[1] @ M @ line[1]) < 1e-9
    size = np.abs(np.linalg.eigvalsh(M)).max()
    for piece in conic(M):
        assert np.allclose(np.abs(np.einsum("pi,ij,pj->p", piece, M, piece)), size)
    assert len(null_lines(M)) == 2 and null_lines(np.eye(2)) == [] and conic(np.zeros((2, 2))) == []


def test_balance_does_not_chase_chance() -> None:
    """Chain: null. Pure scatter of M has no mean along a direction that the other half chose: 4 errors of 200 draws."""
    rng = np.random.default_rng(2)
    found = []
    for _ in range(200):
        noise = rng.standard_normal((8, 4, 4))
        found.append(balance(np.stack([noise + noise.transpose(0, 2, 1), 10 * np.array([np.eye(4)] * 8)])).mean())
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(200)
