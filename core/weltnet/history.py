"""A bounded memory of scalars that is part of a state, so that it rewinds with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ring"]


@dataclass(slots=True)
class Ring:
    """The last `capacity` rows of named scalars, one row per frame. rows: (capacity, names) float64."""

    names: tuple[str, ...]
    capacity: int
    count: int = 0
    rows: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        if self.rows.size == 0:
            self.rows = np.zeros((self.capacity, len(self.names)))

    def push(self, **values: float) -> None:
        """Append one row; every name must be given."""
        self.rows[self.count % self.capacity] = [values[n] for n in self.names]
        self.count += 1

    def __len__(self) -> int:
        return min(self.count, self.capacity)

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The kept values of one name, oldest first."""
        column = self.rows[:, self.names.index(name)]
        n = len(self)
        return np.array(column[:n]) if n < self.capacity else np.roll(column, -(self.count % self.capacity))
