"""The block of README.md that the bench writes: between two comments, never typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from weltnet_app.bench.figures import COLUMNS, Figure, cells

__all__ = ["BEGIN", "END", "block", "place", "replaced", "write"]

BEGIN, END = "<!-- weltnet bench -->", "<!-- end of weltnet bench -->"


def place() -> Path | None:
    """README.md of the checkout this runs from; nothing for an installed package."""
    root = Path(__file__).resolve().parents[3]
    found = root / "README.md"
    return found if (root / "pyproject.toml").is_file() and found.is_file() else None


def block(document: Mapping[str, Any], sections: Mapping[str, Sequence[Figure]]) -> str:
    """The lines between the comments: where and when, one table, what was left out."""
    machine, load = document["machine"], document["load"]
    said = (
        f"Measured on {document['date']} by `weltnet bench --readme` on {machine['cores']} cores "
        f"({machine['processor']}), load average {load[0]:g} before and {load[1]:g} after."
    )
    rows = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for title, figures in sections.items():
        rows += [f"| *{title}* |" + " |" * (len(COLUMNS) - 1)] if figures else []
        rows += ["| " + " | ".join(cells(f)) + " |" for f in figures]
    return "\n\n".join([said, "\n".join(rows), *document["skipped"]])


def replaced(text: str, block: str) -> str:
    """A README with its block exchanged. Raises `ValueError` with one sentence when it has no place for one."""
    head, begun, rest = text.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not begun or not ended:
        raise ValueError(f"README.md lacks {BEGIN} or {END} after it")
    return f"{head}{BEGIN}\n\n{block}\n\n{END}{tail}"


def write(place: Path, block: str) -> None:
    """Exchange the block of a file."""
    place.write_text(replaced(place.read_text(encoding="utf-8"), block), encoding="utf-8")
