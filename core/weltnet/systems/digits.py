"""A network that reads handwritten digits, in the plane of the two weights of one of its hidden neurons.

Data: all images of two digits in scikit-learn's set (8 × 8; E. Alpaydin and C. Kaynak, 1998). z are their first NEURONS
principal components, over the spread of the first and with the sign that goes with y; y = ±ANSWER says which digit it
is. Hidden neuron k has one weight in, from z_k, and one out:

    f(z) = tanh Σ_k c_k tanh(a_k z_k),   minimised: ½⟨(y − f)²⟩ + ½ decay (|a|² + |c|²),   by gradient descent.

Nothing is drawn at random. Then a_0 and c_0 are set free as q1 and q2. As in `weltnet.systems.teachers`, (q1, q2) →
(−q1, −q2) leaves the function as it was, and what was learned lies at the bottom of one of two valleys.

Which two: 44 of the 45 pairs have two valleys at decays of .05, .1 and .2. 1 and 8 have none: their first component
does not tell them apart, and its neuron learns nothing. 3 and 8, alike to the eye, were taken because both neurons
learn (13 pairs do at .1), after an ensemble had seen them and 0 and 1; of ten more pairs only 1 and 2 would be worse.
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weltnet.systems.teachers import Pupil

__all__ = ["ANSWER", "NEURONS", "digits_pair", "handwritten", "reading", "trained"]

Array = NDArray[Any]

NEURONS, ANSWER = 2, 0.8
STEPS, RATE = 2000, 0.5


@lru_cache(maxsize=1)
def handwritten() -> tuple[Array, Array]:
    """Images (1797, 64), grey levels from 0 to 16, and the digits they show: (1797,)."""
    # The file that load_digits reads, where it is found: importing scikit-learn takes seconds.
    place = Path(str(distribution("scikit-learn").locate_file("sklearn/datasets/data/digits.csv.gz")))
    if place.is_file():
        with gzip.open(place, "rt") as file:
            rows = np.loadtxt(file, delimiter=",")
    else:
        from sklearn.datasets import load_digits

        rows = np.column_stack(load_digits(return_X_y=True))
    rows.setflags(write=False)
    return rows[:, :-1], rows[:, -1].astype(int)


def reading(first: int, second: int) -> Array:
    """z and y of every image of two digits, y > 0 for the second: (images, NEURONS + 1)."""
    images, shown = handwritten()
    among = (shown == first) | (shown == second)
    x, y = images[among] - images[among].mean(axis=0), np.where(shown[among] == second, ANSWER, -ANSWER)
    axes = np.linalg.svd(x, full_matrices=False)[2][:NEURONS]
    z = x @ axes.T
    z *= np.where(z.T @ y < 0.0, -1.0, 1.0) / z[:, 0].std()
    return np.column_stack([z, y])


def trained(data: Array, decay: float) -> tuple[Array, Array]:
    """Weights a into and c out of the hidden neurons that have learned these z and y: (NEURONS,) each."""
    z, y = data[:, :-1], data[:, -1]
    a, c = np.ones(NEURONS), np.ones(NEURONS)
    for _ in range(STEPS):
        h = np.tanh(z * a)
        f = np.tanh(h @ c)
        e = (y - f) * (1.0 - f * f) / len(y)
        a, c = a + RATE * (c * (e @ (z * (1.0 - h * h))) - decay * a), c + RATE * (e @ h - decay * c)
    return a, c


@lru_cache(maxsize=4)
def digits_pair(first: int, second: int, decay: float) -> Pupil:
    """The network that tells two digits apart, free in a_0 = q1 and c_0 = q2. Cached by its arguments."""
    if not (0 <= first <= 9 and 0 <= second <= 9 and first != second and 0.0 <= decay <= 1.0):
        raise ValueError(
            f"first = {first}, second = {second}, decay = {decay} is refused; allowed: two digits from 0 to 9 and a "
            "decay in [0, 1] (what is told apart, and how weights are held small)"
        )
    data = reading(first, second)
    a, c = trained(data, decay)
    hidden, answer = NEURONS + np.arange(1, NEURONS), 2 * NEURONS
    N = answer + 1
    W0, E1, E2, zero = np.zeros((N, N)), np.zeros((N, N)), np.zeros((N, N)), np.zeros(N)
    W0[hidden, hidden - NEURONS], W0[answer, hidden] = a[1:], c[1:]
    E1[NEURONS, 0], E2[answer, NEURONS] = 1.0, 1.0
    return Pupil(W0, E1, E2, zero, zero, zero, data, NEURONS, 1, 2)
