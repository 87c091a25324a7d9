"""Parameters: one frozen pydantic model per experiment, every field a knob declared once.

Sliders, links, files, the command line, REST and the JSON schema all read the declaration made here, and one validator
stands behind every door: `Params.parse` takes what a door received and returns a whole, checked object or raises
`BadParams`, whose message is one sentence fit for a person.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from weltnet import formulas

__all__ = ["BadParams", "Knob", "Params", "Saboteur", "choice", "formula", "knob", "region"]


class BadParams(ValueError):
    """A parameter was refused; the message names the field, the value, what is allowed and what the knob means."""


@dataclass(frozen=True, slots=True)
class Saboteur:
    """One switch that breaks the assumption a claim rests on, so that its verdict visibly turns."""

    name: str
    assumption: str
    """What is broken, as a person would say it: `Break it: <assumption>`."""
    turns: tuple[str, ...]
    """Names of the claims whose verdict must turn."""
    planes: tuple[str, ...] = ()
    """Planes whose pictures no longer mean what their title says."""
    restarts: bool = False
    """Whether the assumption is one about the beginning, so that breaking it starts a new run."""
    watch: str = ""
    """What is being broken and what will be seen, in a sentence or two for who watches."""


@dataclass(frozen=True, slots=True)
class Knob:
    """What a person may turn, read back from a declaration."""

    name: str
    kind: Literal["number", "integer", "choice", "region", "formula"]
    default: Any
    symbol: str
    unit: str
    meaning: str
    equation: str
    group: str
    restarts: bool
    low: float = -math.inf
    high: float = math.inf
    log: bool = False
    choices: tuple[str, ...] = ()
    plane: str = ""
    velocity: tuple[str, ...] = ()
    """The knobs that hold the velocity with which something leaves a region, along x and y; none if it has none."""
    variables: tuple[str, ...] = ()
    when: tuple[str, str] | None = None
    """The choice, and the word of it, with which this knob acts; always, if nothing is said."""

    @property
    def label(self) -> str:
        """The knob's name in English words."""
        return self.name.replace("_", " ")

    @property
    def allowed(self) -> str:
        """What the knob accepts, in words."""
        unit = f" {self.unit}" if self.unit else ""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "region":
            return f"four numbers x0, y0, x1, y1 in [{self.low:g}, {self.high:g}]{unit}, or nothing"
        if self.kind == "formula":
            return f"a formula of {formulas.allowed(self.variables)}"
        whole = "a whole number in " if self.kind == "integer" else "a number in "
        return f"{whole}[{self.low:g}, {self.high:g}]{unit}"

    def fault(self, text: str) -> str:
        """What is wrong with a formula, as a sentence without the rest of a refusal; nothing when it is accepted."""
        try:
            formulas.parse(text, self.variables, self.low, self.high)
        except formulas.BadFormula as bad:
            return f"Refused: {bad}."
        return ""


def knob(
    default: float,
    low: float,
    high: float,
    *,
    symbol: str,
    meaning: str,
    unit: str = "",
    equation: str = "",
    group: str = "",
    restarts: bool = False,
    log: bool = False,
) -> Any:
    """Declare a number: its range, unit, symbol, meaning and equation, and whether changing it restarts the run."""
    extra = _declared(symbol, meaning, unit=unit, equation=equation, group=group, restarts=restarts, log=log)
    return Field(default, ge=low, le=high, allow_inf_nan=False, description=meaning, json_schema_extra=extra)


def choice(
    default: str, *, symbol: str, meaning: str, equation: str = "", group: str = "", restarts: bool = False
) -> Any:
    """Declare a choice; the field's type is a `Literal` of the allowed words."""
    extra = _declared(symbol, meaning, equation=equation, group=group, restarts=restarts)
    return Field(default, description=meaning, json_schema_extra=extra)


def region(
    low: float,
    high: float,
    *,
    plane: str,
    symbol: str,
    meaning: str,
    group: str = "",
    velocity: tuple[str, str] | tuple[()] = (),
) -> Any:
    """Declare a selection on a plane: a box (x0, y0, x1, y1), a tapped point when the box is degenerate, or nothing.

    `velocity` names the two knobs that say how fast what is placed there leaves it, along x and y. A drag then draws no
    box: it places a point where it began and turns them, by an arrow whose length on the plane is the velocity.
    """
    extra = _declared(symbol, meaning, group=group, plane=plane, low=low, high=high, velocity=velocity)
    return Field(None, description=meaning, json_schema_extra=extra)


def formula(
    default: str,
    low: float,
    high: float,
    *,
    symbol: str,
    meaning: str,
    variables: tuple[str, ...] = ("q1", "q2"),
    unit: str = "",
    equation: str = "",
    group: str = "",
    restarts: bool = False,
    when: tuple[str, str] | None = None,
) -> Any:
    """Declare a formula of `variables`, each in [low, high]; the field's type is `str`, its value canonical text.

    `when` names a choice and the word of it with which the formula acts, so that it is shown only then.
    """
    text = formulas.parse(default, variables, low, high).text
    box: dict[str, Any] = {"variables": variables, "low": low, "high": high, "when": when}
    extra = _declared(symbol, meaning, unit=unit, equation=equation, group=group, restarts=restarts, **box)
    return Field(text, description=meaning, json_schema_extra=extra)


def _declared(symbol: str, meaning: str, **rest: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"unit": "", "equation": "", "group": "", "restarts": False}
    return {"knob": plain | {"symbol": symbol, "meaning": meaning} | rest}


class Params(BaseModel):
    """The whole state of an experiment's knobs: frozen, checked, never a torn mixture of old and new."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    saboteurs: ClassVar[tuple[Saboteur, ...]] = ()

    broken: tuple[str, ...] = Field((), description="names of the saboteurs that are switched on")

    @field_validator("broken", mode="before")
    @classmethod
    def _known_saboteurs(cls, value: Any) -> tuple[str, ...]:
        names = [s.name for s in cls.saboteurs]
        given = value.split(",") if isinstance(value, str) else value
        if not isinstance(given, list | tuple) or not all(isinstance(g, str) for g in given):
            raise ValueError(f"broken = {_shown(value)} is no list of names; allowed: {', '.join(names) or 'none'}")
        given = [g.strip() for g in given if g.strip()]
        for g in given:
            if g not in names:
                raise ValueError(f"broken = {_shown(g)} names no saboteur; allowed: {', '.join(names) or 'none'}")
        return tuple(n for n in names if n in given)

    @field_validator("*", mode="before")
    @classmethod
    def _read(cls, value: Any, info: Any) -> Any:
        extra = _extra(cls, info.field_name) if info.field_name != "broken" else {}
        if "variables" in extra:
            return formulas.parse(value, extra["variables"], extra["low"], extra["high"]).text
        if "plane" not in extra:
            return value
        if isinstance(value, str):
            if not value.strip():
                return None
            value = value.split(",")
        if value is None:
            return None
        try:
            box = tuple(float(v) for v in value)
        except (TypeError, ValueError, OverflowError):
            box = ()
        if len(box) != 4 or not all(extra["low"] <= v <= extra["high"] for v in box):
            raise ValueError("not a box inside the plane")
        return (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))

    @classmethod
    def knobs(cls) -> dict[str, Knob]:
        """Every knob of this class by field name, in the order of declaration."""
        return {name: _knob(cls, name) for name in cls.model_fields if name != "broken"}

    @classmethod
    def parse(cls, values: Mapping[str, Any], base: Self | None = None) -> Self:
        """Build a whole object from what a door received, on top of `base` (default: the defaults).

        Raises `BadParams` with one sentence naming the field, the value, what is allowed and what it means.
        """
        known = [*cls.model_fields]
        for key in values:
            if key not in known:
                name = key[:60] if isinstance(key, str) and key.isprintable() and key.strip() else _shown(key)
                raise BadParams(f"{name} is not a parameter here; allowed: {', '.join(known)}")
        start = base.model_dump() if base is not None else {}
        try:
            return cls.model_validate(start | dict(values))
        except ValidationError as error:
            raise BadParams(_sentence(cls, error)) from None

    def changed(self, other: Self) -> dict[str, Any]:
        """The fields in which `other` differs from this object, with the values of `other`."""
        mine, theirs = self.model_dump(), other.model_dump()
        return {k: v for k, v in theirs.items() if v != mine[k]}

    def restarts(self, other: Self) -> bool:
        """Whether going from this object to `other` starts a new run."""
        knobs = self.knobs()
        switched = set(self.broken) ^ set(other.broken)
        return any(k in knobs and knobs[k].restarts for k in self.changed(other)) or any(
            s.restarts for s in self.saboteurs if s.name in switched
        )

    def breaks(self, name: str) -> bool:
        """Whether the named saboteur is switched on."""
        return name in self.broken

    def as_text(self) -> dict[str, str]:
        """Every field that differs from its default, as text that `parse` reads back to the same object."""
        return {k: to_text(v) for k, v in type(self)().changed(self).items()}

    def canonical(self) -> str:
        """One line of JSON that is equal exactly when the objects are equal."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


def to_text(value: Any) -> str:
    """A parameter's value as text that `Params.parse` reads back to the same value."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return ",".join(to_text(v) for v in value)
    return repr(value) if isinstance(value, float) else str(value)


def _extra(cls: type[Params], name: str) -> dict[str, Any]:
    extra = cls.model_fields[name].json_schema_extra
    declared = extra.get("knob") if isinstance(extra, dict) else None
    if not isinstance(declared, dict):
        raise TypeError(f"{cls.__name__}.{name} is not declared with knob(), choice(), region() or formula()")
    return dict(declared)


def _knob(cls: type[Params], name: str) -> Knob:
    field, extra = cls.model_fields[name], _extra(cls, name)
    bounds: dict[str, Any] = {}
    if "plane" in extra or "variables" in extra:
        kind: Any = "region" if "plane" in extra else "formula"
    elif (words := get_args(field.annotation)) and all(isinstance(w, str) for w in words):
        kind, bounds = "choice", {"choices": words}
    else:
        kind = "integer" if field.annotation is int else "number"
        for m in field.metadata:
            bounds |= {"low": m.ge} if hasattr(m, "ge") else {"high": m.le} if hasattr(m, "le") else {}
    return Knob(name=name, kind=kind, default=field.default, **(extra | bounds))


def _sentence(cls: type[Params], error: ValidationError) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if name == "broken":
        return str(first["msg"]).removeprefix("Value error, ")
    k = _knob(cls, name)
    why = f": {first['ctx']['error']}" if k.kind == "formula" and "error" in first.get("ctx", {}) else ""
    return f"{name} = {_shown(first['input'])} is refused{why}; allowed: {k.allowed} ({k.symbol}: {k.meaning})"


def _shown(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to print whole numbers of more than some thousand digits
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "…"
