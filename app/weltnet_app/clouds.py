"""All members of a cloud, explored: counted into the pixels of whatever range a browser looks at, by datashader.

A frame carries a few hundred members. Who wants them all asks here, as often as the range or the run moves; a run that
nobody explores sends nothing of this.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import math
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import tornado.web
from numpy.typing import NDArray
from tornado.iostream import StreamClosedError

from weltnet.observables import Cloud
from weltnet.params import BadParams
from weltnet_app.runs import Members, Run, Runs

__all__ = ["Clouds", "View", "counts", "encode", "shades"]

Array = NDArray[Any]

SINGLE = 2000
"""Members in view from which down they are sent one by one."""

SPARSE = 0.05
"""Members per pixel below which they are counted into pixels twice as wide and high, to be seen at all."""

PALEST, DARKEST, WIDE = 40, 254, 64.0
"""Palette indices of a pixel with one member, where another has WIDE or more, and of one with the most; 0 is none."""

SIZES, SPANS, FARTHEST = (16, 2000), (1e-6, 1e6), 1e6


@dataclass(frozen=True, slots=True)
class View:
    """A range of a plane, and the pixels it is seen in."""

    x0: float
    x1: float
    y0: float
    y1: float
    w: int
    h: int

    @classmethod
    def parse(cls, given: dict[str, str]) -> View:
        """The view that a query names. Raises `BadParams`."""
        x0, x1, y0, y1 = (_number(k, given) for k in ("x0", "x1", "y0", "y1"))
        for low, high, names in ((x0, x1, "x0, x1"), (y0, y1, "y0, y1")):
            if not SPANS[0] <= high - low <= SPANS[1]:
                raise BadParams(
                    f"{names} = {low:g}, {high:g} is refused; allowed: rising numbers {SPANS[0]:g} to {SPANS[1]:g} "
                    "apart (the range that is looked at)"
                )
        return cls(x0, x1, y0, y1, _size("w", given), _size("h", given))


def _number(name: str, given: dict[str, str]) -> float:
    text = given.get(name, "")
    value = math.nan
    with contextlib.suppress(ValueError):
        value = float(text)
    if not abs(value) <= FARTHEST:
        raise BadParams(
            f"{name} = {text[:40]!r} is refused; allowed: a number from {-FARTHEST:g} to {FARTHEST:g} "
            "(an edge of the range that is looked at)"
        )
    return value


def _size(name: str, given: dict[str, str]) -> int:
    text = given.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 6 and SIZES[0] <= int(text) <= SIZES[1]):
        raise BadParams(
            f"{name} = {text[:40]!r} is refused; allowed: a whole number in [{SIZES[0]}, {SIZES[1]}] "
            "(pixels of the picture)"
        )
    return int(text)


# -- from members to pixels -------------------------------------------------------------------------------------------


@cache
def _datashader() -> tuple[Any, Any]:
    # Takes seconds, so it is imported by the first who explores.
    import datashader  # type: ignore[import-untyped]
    import pandas  # type: ignore[import-untyped]

    return datashader, pandas


def counts(points: Array, view: View) -> Array:
    """How many of points: (2, count) lie in every pixel: (h, w) uint32, the lowest y first; edges belong to it."""
    datashader, pandas = _datashader()
    canvas = datashader.Canvas(view.w, view.h, (view.x0, view.x1), (view.y0, view.y1))
    table = pandas.DataFrame({"x": points[0], "y": points[1]}, copy=False)
    found: Array = canvas.points(table, "x", "y", datashader.count()).values
    return found


def shades(found: Array) -> Array:
    """Palette indices of counts: 0 for none, then by the logarithm of the count, up to DARKEST for the most."""
    n = np.arange(1, int(found.max()) + 1)
    scale = np.log(n / n[-1]) / math.log(max(WIDE, n[-1]))
    table = np.concatenate([[0], np.rint(DARKEST + (DARKEST - PALEST) * scale)]).astype("<u1")
    shown: Array = table[found]
    return shown


def encode(members: Members, view: View) -> bytes:
    """A view of members as one message, laid out like a frame's (`weltnet.codec`).

    Its one item holds `shades`: (h, w), or when few are in view `points`: (inside, 2).
    """
    found = counts(members.points, view)
    inside = int(found.sum())
    if inside <= SINGLE:
        x, y = members.points
        x0, x1, y0, y1 = np.array([view.x0, view.x1, view.y0, view.y1])
        near = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        name, array = "points", np.ascontiguousarray(members.points[:, near].T)
    else:
        if inside < SPARSE * view.w * view.h:
            found = counts(members.points, replace(view, w=(view.w + 1) // 2, h=(view.h + 1) // 2))
        name, array = "shades", shades(found)
    head = {
        "seq": members.seq,
        "step": members.step,
        "count": members.points.shape[1],
        "inside": inside,
        "most": int(found.max()),
        "palest": int(shades(np.array([[1, found.max()]]))[0, 0]),
        "age": round(time.monotonic() - members.at, 3),
        "range": [view.x0, view.x1, view.y0, view.y1],
        "items": [{"arrays": {name: {"dtype": array.dtype.str[1:], "shape": array.shape, "offset": 0}}}],
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 4) % 8)
    return struct.pack("<I", len(text)) + text + array.tobytes()


# -- the route --------------------------------------------------------------------------------------------------------

# One view is counted at a time, and only if somebody still waits for it.
_COUNTING = ThreadPoolExecutor(1, "clouds")


class Clouds(tornado.web.RequestHandler):
    """`/cloud/<run>/<key>?x0&x1&y0&y1&w&h`: what a view of all members of a cloud looks like, as `encode` says.

    `have`: the state (`seq`) that is shown already; `viewer`: a name, of whose requests only the newest is answered.
    """

    newest: dict[str, Clouds] = {}  # noqa: RUF012 (shared by all requests)

    def initialize(self, runs: Runs) -> None:
        self.runs = runs
        self.gone = False

    def on_connection_close(self) -> None:
        self.gone = True

    async def get(self, run_id: str, key: str) -> None:
        self.set_header("Cache-Control", "no-store")
        given = {name: values[-1].decode(errors="replace") for name, values in self.request.arguments.items()}
        run = self.runs.get(run_id)
        if run is None:
            return self._refuse(404, "This run has ended; reload the page.")
        viewer = f"{run_id} {given.get('viewer', '')[:40]}"
        self.newest[viewer] = self
        try:
            body = await self._seen(run, key, View.parse(given), given, viewer)
        except BadParams as refused:
            return self._refuse(400, f"{refused}.")
        except TimeoutError:
            return self._refuse(503, run.error or "The simulation was not to be heard; try again.")
        finally:
            if self.newest.get(viewer) is self:
                del self.newest[viewer]
        if body is None:
            self.set_status(204)
            return None
        self.set_header("Content-Type", "application/octet-stream")
        if "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
        with contextlib.suppress(StreamClosedError):
            await self.finish(body)
        return None

    async def _seen(self, run: Run, key: str, view: View, given: dict[str, str], viewer: str) -> bytes | None:
        """The answer, or nothing when nobody waits for it any more."""
        clouds = [k for k, o in run.layout.seen.items() if isinstance(o, Cloud)] if run.layout else [key]
        members = await run.members(key, _have(given)) if key in clouds else None
        if members is None or not members.points.size:
            raise BadParams(f"key = {key!r} has no members to explore; clouds of this page: {', '.join(clouds)}")
        packed = "gzip" in self.request.headers.get("Accept-Encoding", "")

        def work() -> bytes | None:
            if self.gone or self.newest.get(viewer) is not self:
                return None
            body = encode(members, view)
            return gzip.compress(body, 1) if packed else body

        return await asyncio.get_running_loop().run_in_executor(_COUNTING, work)

    def _refuse(self, status: int, sentence: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(sentence)


def _have(given: dict[str, str]) -> int:
    text = given.get("have", "-1")
    if not (text.removeprefix("-").isdigit() and text.isascii() and len(text) < 16):
        raise BadParams(f"have = {text[:40]!r} is refused; allowed: the whole number of a state, or -1")
    return int(text)
