"""Params ↔ knobs: what a person may turn, read from its one declaration, and the refusal of what is not allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import param

from weltnet.experiment import Experiment
from weltnet.params import BadParams, Knob, Params
from weltnet_app import assets, theme
from weltnet_app.hearing import Hearing

__all__ = ["Controls", "Knobs", "describe", "groups", "tooltip"]


def groups(params: type[Params]) -> list[tuple[str, list[Knob]]]:
    """Knobs by group, groups and knobs in the order of their declaration."""
    out: dict[str, list[Knob]] = {}
    for knob in params.knobs().values():
        out.setdefault(knob.group, []).append(knob)
    return list(out.items())


def tooltip(knob: Knob) -> str:
    """Meaning, equation, allowed values, and whether turning it starts a new run."""
    lines = [f"{knob.symbol}: {knob.meaning}.", knob.equation, f"Allowed: {knob.allowed}."]
    lines.append("Turning it starts a new run." if knob.restarts else "Turning it takes effect at once.")
    return "\n".join(line for line in lines if line)


def describe(knob: Knob, planes: Mapping[str, Any]) -> dict[str, Any]:
    """A knob as the browser needs it."""
    named = planes[knob.plane].title if knob.plane in planes else knob.plane
    numeric = knob.kind in ("number", "integer")
    return {
        "name": knob.name,
        "kind": knob.kind,
        "symbol": knob.symbol,
        "label": knob.label,
        "unit": knob.unit,
        "tip": tooltip(knob),
        "default": knob.default,
        "log": knob.log and knob.low > 0,
        "low": knob.low if numeric else 0,
        "high": knob.high if numeric else 0,
        "choices": list(knob.choices),
        "plane": named[:1].lower() + named[1:],
        "velocity": bool(knob.velocity),
        "when": list(knob.when) if knob.when else None,
    }


class Knobs(Hearing):
    """All knobs of a page in one component (see `assets/knobs.js`)."""

    _esm = assets.ASSETS / "knobs.js"
    _stylesheets = [theme.sheet("knobs.css")]  # noqa: RUF012 (Panel reads a plain list)

    folded = param.Boolean(doc="Whether they lie under a disclosure.")
    groups = param.List()
    presets = param.List()
    values = param.Dict(default={})
    derived = param.List()

    def back(self) -> None:
        """Show the last values that were taken."""
        self._send_msg({"back": True})

    def say(self, **said: Any) -> None:
        """Say under a knob what is wrong with what is being typed there, or that it was taken."""
        self._send_msg({"said": said})


class Controls:
    """The knobs of one page. `turn(**changes)` is called for every change and may raise `BadParams`."""

    def __init__(
        self,
        experiment: Experiment[Any, Any],
        params: Params,
        turn: Callable[..., None],
        refuse: Callable[[str], None],
        *,
        folded: bool = False,
    ) -> None:
        self.experiment = experiment
        self._turn, self._refuse = turn, refuse
        self.knobs = Knobs(
            self._heard,
            folded=folded,
            groups=[
                [name, [describe(k, experiment.planes) for k in knobs]] for name, knobs in groups(experiment.params)
            ],
            presets=[
                {
                    "name": p.name,
                    "look_for": p.look_for,
                    "named": [*p.values],
                    "values": experiment.params.parse(p.values).model_dump(mode="json"),
                }
                for p in experiment.presets
            ],
            sizing_mode="stretch_width",
            margin=0,
        )
        self.follow(params)

    def follow(self, params: Params) -> None:
        """Show these Params, wherever they were changed."""
        values = params.model_dump(mode="json")
        if values != self.knobs.values:
            self.knobs.values = values
            self.knobs.derived = [[k, v] for k, v in self.experiment.derived(params).items()]

    def set(self, /, **changes: Any) -> None:
        """Turn knobs; a refused change is said in one sentence and the knobs go back."""
        known = self.experiment.params.knobs()
        try:
            self._turn(**changes)
        except BadParams as refused:
            self._refuse(str(refused))
            self.knobs.back()
        except TypeError:
            self._refuse(f"Allowed: a value for one of {', '.join(known)}.")
            self.knobs.back()

    def _heard(self, message: dict[str, Any]) -> None:
        if isinstance(changes := message.get("set"), dict):
            self.set(**{k if isinstance(k, str) else "": v for k, v in changes.items()})
        elif isinstance(typed := message.get("check"), dict):
            self._check(typed.get("name"), typed.get("text"), enter=typed.get("enter") is True)
        elif name := message.get("preset"):
            for preset in self.experiment.presets:
                if preset.name == name:
                    defaults = self.experiment.params().model_dump(mode="json")
                    self.set(**(defaults | dict(preset.values)))

    def _check(self, name: Any, text: Any, *, enter: bool) -> None:
        knob = self.experiment.params.knobs().get(name) if isinstance(name, str) else None
        if knob is None or knob.kind != "formula" or not isinstance(text, str):
            return
        fault = knob.fault(text)
        if enter and not fault:
            self.set(**{name: text})
        self.knobs.say(name=name, text=text[:1000], fault=fault, taken=enter and not fault)
