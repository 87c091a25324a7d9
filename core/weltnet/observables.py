"""What an experiment can show. Each type is a shape of evidence, not a kind of plot.

Every observable but a `Scalar` lives on a named `Plane`; observables on the same plane share one picture, drawn in the
order in which `observe` lists them. Arrays are private, read-only copies: a frame never changes after it is made.

`kind`, where there is one, says in one word what each point is: "replica", "site". Observables of one kind list the
same members in the same order, so that those selected in one picture are found in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Axis", "Cloud", "ComplexField", "Field", "MetricField", "Observable", "Paths", "Plane", "Scalar", "Series"]

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """A coordinate with its symbol, unit and fixed limits."""

    symbol: str
    low: float
    high: float
    unit: str = ""

    @property
    def title(self) -> str:
        """Symbol and unit as an axis shows them."""
        return f"{self.symbol} / {self.unit}" if self.unit else self.symbol


@dataclass(frozen=True, slots=True)
class Plane:
    """A coordinate space in which evidence lives: one picture on the page."""

    title: str
    caption: str
    x: Axis
    y: Axis
    square: bool = False
    """Whether both coordinates are of one kind, so that a circle must look like a circle."""
    empty: str = "Nothing measured yet."
    """The sentence shown while there is nothing to draw."""


class Observable:
    """Base of all shapes of evidence. Subclasses are frozen; array fields are read-only float (or complex) copies."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for f in fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                kept: Any = {"b": np.bool_, "c": np.complex128}.get(value.dtype.kind, np.float64)
                private: Array = np.array(value, dtype=kept)
                private.setflags(write=False)
                object.__setattr__(self, f.name, private)


@dataclass(frozen=True, slots=True)
class Scalar(Observable):
    """One number with its symbol and unit; shown as a readout."""

    value: float
    symbol: str
    unit: str = ""
    error: float = 0.0
    plane: str = ""
    """The plane beside whose title the readout stands, or nothing."""


@dataclass(frozen=True, slots=True)
class Series(Observable):
    """Named curves over one coordinate. x: (points,); y: (curves, points)."""

    plane: str
    x: Array
    y: Array
    names: tuple[str, ...]
    roles: tuple[str, ...] = ()
    """What each curve is, which decides its hue and form: `production`, `destruction` (areas), `net`, `ink`."""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Field(Observable):
    """A real function on a regular grid. values: (nx, ny); values[i, j] is at (x_i, y_j), cell centres."""

    plane: str
    values: Array
    extent: tuple[float, float, float, float]
    """x_low, x_high, y_low, y_high of the outer cell edges."""
    limits: tuple[float, float]
    """Values mapped to the ends of the colour map; symmetric for signed fields."""
    symbol: str
    unit: str = ""
    signed: bool = False
    resolved: Array | None = None
    """(nx, ny) bool: False where the field is not resolved and must be drawn grey."""


@dataclass(frozen=True, slots=True)
class ComplexField(Observable):
    """A complex function on a regular grid: hue is its phase, lightness its modulus.

    values: (nx, ny) complex; values[i, j] is at (x_i, y_j), cell centres.
    """

    plane: str
    values: Array
    extent: tuple[float, float, float, float]
    """x_low, x_high, y_low, y_high of the outer cell edges."""
    limit: float
    """The modulus at the far end of the colour map; 0 is the colour of the paper."""
    symbol: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cloud(Observable):
    """Members of an ensemble. points: (shown, 2), at most a few hundred; `count` is how many there are in all."""

    plane: str
    points: Array
    count: int
    symbol: str
    role: str = "replica"
    """`replica` for the many; `tracer` for a single marked member."""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class MetricField(Observable):
    """Local light cones of ds² = −S dt² + h_ij (dX^i − v^i dt)(dX^j − v^j dt).

    at: (n, 2) event positions; drift: (n, 2) cone axis v per tick; radius: (n, 2, 2) factor L with L Lᵀ = S h⁻¹, so
    that the cone after one tick is at + v + L (cos φ, sin φ); resolved: (n,) bool. `scale` ticks are drawn.
    """

    plane: str
    at: Array
    drift: Array
    radius: Array
    resolved: Array
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Paths(Observable):
    """Polylines. points: (n, 2); starts: (paths,) index of each path's first point.

    A `static` one changes only when the run restarts: it is built into the figure instead of being sent each frame.
    """

    plane: str
    points: Array
    starts: Array
    role: str = "ink"
    """`contour`, `ink`, `geodesic`."""
    static: bool = False
    kind: str = ""
    """What the points of each path are; the last of a closed path is the first again."""

    @staticmethod
    def of(plane: str, lines: Sequence[ArrayLike], role: str = "ink", *, static: bool = False, kind: str = "") -> Paths:
        """Paths from a list of (n_i, 2) arrays."""
        arrays = [np.asarray(line, dtype=float).reshape(-1, 2) for line in lines]
        starts = np.cumsum([0, *[len(a) for a in arrays]])[: len(arrays)]
        points = np.concatenate(arrays) if arrays else np.zeros((0, 2))
        return Paths(plane, points, starts.astype(float), role, static, kind)
