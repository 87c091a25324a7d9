"""What a command was given, understood or refused with one sentence that names what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weltnet.experiment import Experiment

__all__ = ["Refused", "assignment", "clip", "experiment", "file", "place", "preset", "whole"]

LARGEST_FILE = 64 * 1024


class Refused(ValueError):
    """A command was refused; the message is one sentence that names what is allowed."""


def whole(option: str, text: str, low: int, high: int, meaning: str) -> int:
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text) and low <= int(text) <= high:
        return int(text)
    raise Refused(f"{option} = {clip(text)} is refused; allowed: a whole number in [{low}, {high}] ({meaning})")


def clip(text: str) -> str:
    shown = repr(text)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def experiment(slug: str) -> Experiment[Any, Any]:
    from weltnet.experiments import by_slug

    try:
        return by_slug(slug)
    except KeyError as error:
        raise Refused(str(error.args[0])) from None


def preset(experiment: Experiment[Any, Any], name: str) -> Mapping[str, Any]:
    for preset in experiment.presets:
        if _plain(preset.name) == _plain(name):
            return preset.values
    allowed = ", ".join(repr(p.name) for p in experiment.presets) or "none"
    raise Refused(f"--preset = {clip(name)} is not a preset of {experiment.slug}; allowed: {allowed}")


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ").strip()


def assignment(experiment: Experiment[Any, Any], text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        allowed = ", ".join(experiment.params.model_fields)
        raise Refused(f"--set {clip(text)} is refused; allowed: name=value with one of the names {allowed}")
    return name.strip(), value.strip()


def place(name: str) -> Path:
    """Where a recording goes, before anything is computed for it."""
    from weltnet.recording import KINDS

    path = Path(name)
    if not name.endswith(KINDS):
        raise Refused(f"--out = {clip(name)} is refused; allowed: a name that ends in {', '.join(KINDS)}")
    if path.exists():
        raise Refused(f"--out = {clip(name)} is there already; allowed: a new name, or delete it first")
    return path


def file(path: Path) -> dict[str, Any]:
    allowed = f"allowed: a TOML file of at most {LARGEST_FILE // 1024} kB with lines name = value"
    try:
        if not path.is_file():
            raise Refused(f"--params = {str(path)!r} is not a file; {allowed}")
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        reason = getattr(error, "strerror", None) or error
        raise Refused(f"--params = {str(path)!r} cannot be read ({reason}); {allowed}") from None
    if len(data) > LARGEST_FILE:
        raise Refused(f"--params = {str(path)!r} is too large; {allowed}")
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise Refused(f"--params = {str(path)!r} is not TOML ({reason}); {allowed}") from None
