"""What two parties found at two settings each: correlations, CHSH's sum, and whether one learns of the other's choice.

Tables are (4, 4): a row for each pair of settings, (a, b), (a, b′), (a′, b), (a′, b′); in a row how many replicas were
read, then the sums of A, of B and of A·B, where A and B, what the parties found, are ±1.

    S = E(a, b) − E(a, b′) + E(a′, b) + E(a′, b′)                       [Clauser, Horne, Shimony and Holt 1969]
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = ["SIGNS", "chsh", "correlations", "marginals", "over_cycles", "signal", "swayed", "tally"]

Array = NDArray[Any]

SIGNS = np.array([1.0, -1.0, 1.0, 1.0])
FOUR = 2.498
"""Half-width, in standard errors, of intervals that hold four normal values at once in 95 of 100 cases."""


def tally(q: Array) -> Array:
    """A row of a table from where replicas are, q: (M, 2): each party reads the sign of its own weight."""
    A, B = np.where(q > 0.0, 1.0, -1.0).T
    return np.array([len(q), A.sum(), B.sum(), (A * B).sum()])


def correlations(table: Array) -> tuple[Array, Array]:
    """E and its 95 % half-width: (4,) each, for replicas that do not feel one another; 0 ± 1 where none was read."""
    return _mean(table[:, 3], table[:, 0])


def chsh(table: Array) -> tuple[float, float]:
    """|S| and its 95 % half-width, for replicas that do not feel one another."""
    E, error = correlations(table)
    return float(abs(SIGNS @ E)), float(np.sqrt((error**2).sum()))


def over_cycles(E: Array) -> tuple[float, float]:
    """|S| and its 95 % half-width from cycles, E: (4, cycles), where replicas feel one another within a launch."""
    each, n = SIGNS @ E, E.shape[1]
    spread = float(each.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return float(abs(each.mean())) if n else 0.0, float(stdtrit(max(n - 1, 1), 0.975)) * spread


def swayed(worlds: Array) -> Array:
    """Which replicas give a party another answer when only the far setting differs: (W,) bool.

    worlds: (4, W, 2), where each of them is at the end with each pair of settings. Who is not swayed adds 2 to |S| at
    most, who is 4, so that their share is at least (S − 2)/2.
    """
    A, B = (worlds > 0.0).transpose(2, 0, 1)
    found: Array = (A[0] != A[1]) | (A[2] != A[3]) | (B[0] != B[2]) | (B[1] != B[3])
    return found


def marginals(table: Array) -> tuple[Array, Array]:
    """P(A = +), P(B = +) and their 95 % half-widths: (4, 2) each."""
    mean, error = _mean(table[:, 1:3], table[:, :1])
    return 0.5 * (1.0 + mean), 0.5 * error


def signal(table: Array) -> tuple[float, float]:
    """The largest of the four differences that the other's choice makes to a party's P(+), and a half-width.

    The half-width holds all four differences at once in 95 of 100 cases.
    """
    P, error = marginals(table)
    pairs = np.array([(0, 1, 0), (2, 3, 0), (0, 2, 1), (1, 3, 1)])
    far = P[pairs[:, 0], pairs[:, 2]] - P[pairs[:, 1], pairs[:, 2]]
    wide = np.hypot(error[pairs[:, 0], pairs[:, 2]], error[pairs[:, 1], pairs[:, 2]]) * (FOUR / 1.96)
    most = int(np.abs(far).argmax())
    return float(far[most]), float(wide[most])


def _mean(total: Array, count: Array) -> tuple[Array, Array]:
    n = np.maximum(count, 1.0)
    mean = total / n
    error = 1.96 * np.sqrt(np.maximum(1.0 - mean**2, 1.0 / n) / n)
    return mean, np.where(count > 0.0, error, 1.0)
