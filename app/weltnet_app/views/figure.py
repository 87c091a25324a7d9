"""One figure per plane: axes, hover, pan, zoom, brush and the contours that stand still, composed by HoloViews.

Nothing here is in the path of a frame. The figure has no background, and the live layer paints the moving evidence on
a canvas beneath it; what a run builds only once, its static `Paths`, is sent into the standing figure through a pipe.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import holoviews as hv
import numpy as np
from bokeh.events import DoubleTap
from bokeh.models import CustomJS, CustomJSHover, HoverTool

from weltnet.experiment import Frame
from weltnet.observables import Axis, Paths, Plane, Series
from weltnet_app.theme import LIGHT

__all__ = ["Figure", "borders", "static_paths"]

hv.extension("bokeh", logo=False)
# WebGL canvases are resized by every plot at every repaint, and nothing here is dense enough to repay that.
hv.renderer("bokeh").webgl = False

Box = tuple[float, float, float, float]

LABELS = 92
"""Width in px left free beside curves for their names."""

# Bokeh's tooltip keeps its own white ground, so ours covers it to the edge.
_TIP = (
    '<div style="margin:-5px;padding:6px 10px;background:var(--raised);color:var(--ink);white-space:pre-line;'
    "font:12px/1.45 'WN Sans',sans-serif;font-variant-numeric:tabular-nums\">$x{live}</div>"
)
_PROBE = "return window.weltnet ? window.weltnet.probe(plane, special_vars.x, special_vars.y) : ''"


class Figure:
    """The figure of one plane. `element` is for a HoloViews pane; `show` sends what stands still into it."""

    def __init__(
        self,
        key: str,
        plane: Plane,
        *,
        scale: float = 1.0,
        ticks: int = 5,
        select: Callable[[Box | None], None] | None = None,
        boxes: bool = True,
    ) -> None:
        self.key, self.plane, self.scale = key, plane, scale
        self._select, self._boxes = select, boxes
        self._plot: Any = None
        self._drawn: Any = None
        self._labelled = False
        self._pipe = hv.streams.Pipe(data=[])
        standing = hv.DynamicMap(self._standing, streams=[self._pipe])
        if select is not None:
            # A stream holds its source, so these live as long as the figure.
            self._brush = hv.streams.BoundsXY(source=standing)
            self._tap = hv.streams.SingleTap(source=standing)
            self._clear = hv.streams.DoubleTap(source=standing)
            self._brush.add_subscriber(self._brushed)
            self._tap.add_subscriber(self._tapped)
            self._clear.add_subscriber(self._cleared)
        self.element = (standing * self._sensor()).opts(
            hv.opts.Overlay(
                xlabel=plane.x.title,
                ylabel=plane.y.title,
                xlim=(plane.x.low, plane.x.high),
                ylim=(plane.y.low, plane.y.high),
                xticks=ticks,
                yticks=ticks,
                show_legend=False,
                responsive=True,
                toolbar=None,
                # HoloViews keeps options for as long as what they name is alive, so they must not name this figure.
                hooks=[_weakly(self._dress)],
            )
        )

    def show(self, frame: Frame) -> None:
        """Draw the static paths of this frame, and leave room for the names of its curves."""
        lines = [line for paths in static_paths(frame, self.key) for line in _split(paths)]
        self._pipe.send(lines)
        self._labelled = any(
            isinstance(o, Series) and o.plane == self.key and any(o.names) for o in frame.seen.values()
        )
        if self._plot is not None:
            self._plot.min_border_right = self._right

    def close(self) -> None:
        """Let go of what HoloViews keeps of a drawn figure in tables of its own."""
        if self._drawn is not None:
            for plot in self._drawn.traverse(lambda p: p):
                for callback in getattr(plot, "callbacks", ()):
                    callback.cleanup()
            self._drawn = self._plot = None

    @property
    def _right(self) -> int:
        return borders(self.scale, labelled=self._labelled)["right"]

    def _standing(self, data: Sequence[np.ndarray]) -> Any:
        # The role rides in the glyph's tags, from which the live layer recolours it when the theme changes.
        return hv.Path(list(data), kdims=["x", "y"]).opts(
            color=LIGHT["contour"], line_width=0.9 * self.scale, alpha=0.75, hooks=[_tag_contours]
        )

    def _sensor(self) -> Any:
        """What the pointer feels: an unseen rectangle over the plane, whose hover text the live layer writes."""
        x, y = self.plane.x, self.plane.y
        probe = CustomJSHover(args={"plane": self.key}, code=_PROBE)
        hover = HoverTool(
            tooltips=_TIP,
            formatters={"$x": probe},
            point_policy="follow_mouse",
            attachment="horizontal",
            show_arrow=False,
        )
        tools: list[Any] = [hover, "wheel_zoom", "pan"]
        active = ["wheel_zoom", "pan"]
        if self._select is not None:
            # Where a drag draws no box, it is the live layer's: no tool of the figure answers to it.
            drag = ["box_select"] if self._boxes else []
            tools, active = [hover, "wheel_zoom", *drag, "pan"], ["wheel_zoom", *drag]
        return hv.Rectangles([(x.low, y.low, x.high, y.high)]).opts(
            fill_alpha=0,
            line_alpha=0,
            nonselection_fill_alpha=0,
            nonselection_line_alpha=0,
            selection_fill_alpha=0,
            selection_line_alpha=0,
            tools=tools,
            active_tools=active,
            default_tools=[],
        )

    def _dress(self, plot: Any, element: Any) -> None:
        self._drawn, figure = plot, plot.state
        self._plot = figure
        edges = borders(self.scale, labelled=self._labelled)
        figure.min_border_left, figure.min_border_bottom = edges["left"], edges["bottom"]
        figure.min_border_right, figure.min_border_top = edges["right"], edges["top"]
        figure.tags = [f"weltnet:{self.key}"]
        figure.title = None
        if self._select is not None and not self._boxes:
            figure.toolbar.active_drag = None
        for grid in (*figure.xgrid, *figure.ygrid):
            grid.visible = False
        for axis in (*figure.xaxis, *figure.yaxis):
            axis.major_tick_in, axis.major_tick_out = 0, round(4 * self.scale)
            axis.minor_tick_out = 0
            axis.axis_label_standoff, axis.major_label_standoff = round(4 * self.scale), round(5 * self.scale)
        if not any(isinstance(c, CustomJS) for c in figure.js_event_callbacks.get("doubletap", [])):
            figure.js_on_event(DoubleTap, CustomJS(args={"figure": figure}, code="figure.reset.emit()"))

    def _brushed(self, bounds: Box | None = None) -> None:
        if bounds is not None and self._select is not None:
            self._select(self._inside(bounds))

    def _tapped(self, x: float | None = None, y: float | None = None) -> None:
        if x is not None and y is not None and self._select is not None:
            self._select(self._inside((x, y, x, y)))

    def _cleared(self, x: float | None = None, y: float | None = None) -> None:
        if x is not None and self._select is not None:
            self._select(None)

    def _inside(self, box: Box) -> Box:
        low, high = (self.plane.x.low, self.plane.y.low), (self.plane.x.high, self.plane.y.high)
        x0, y0, x1, y1 = (float(np.clip(v, low[i % 2], high[i % 2])) for i, v in enumerate(box))
        return (x0, y0, x1, y1)


def _weakly(method: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """A hook that keeps nobody alive."""
    kept = weakref.WeakMethod(method)

    def hook(plot: Any, element: Any) -> None:
        if (call := kept()) is not None:
            call(plot, element)

    return hook


def borders(scale: float, *, labelled: bool) -> dict[str, int]:
    """The fixed margins of a figure in px, so that frames never move while evidence streams."""
    return {
        "left": round(62 * scale),
        "bottom": round(48 * scale),
        "right": round((LABELS if labelled else 12) * scale),
        "top": round(8 * scale),
    }


def static_paths(frame: Frame, plane: str) -> list[Paths]:
    """The paths on a plane that change only when the run restarts."""
    return [o for o in frame.seen.values() if isinstance(o, Paths) and o.static and o.plane == plane]


def describe(plane: Plane, frame: Frame | None, key: str) -> str:
    """The text alternative of a picture: what is on it, over which coordinates."""
    shown = (
        [f"{k} ({type(o).__name__})" for k, o in frame.seen.items() if getattr(o, "plane", "") == key] if frame else []
    )
    what = f" Shows {', '.join(shown)}." if shown else ""
    return f"{plane.title}: {plane.caption}. Axes {_spoken(plane.x)} and {_spoken(plane.y)}.{what}"


def _spoken(axis: Axis) -> str:
    return f"{axis.title} from {axis.low:g} to {axis.high:g}"


def _split(paths: Paths) -> list[np.ndarray]:
    starts = paths.starts.astype(int)
    return [line for line in np.split(paths.points, starts[1:]) if len(line) > 1]


def _tag_contours(plot: Any, element: Any) -> None:
    plot.handles["glyph"].tags = ["role:contour"]
