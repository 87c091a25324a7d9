"""Where the files served to the browser are: beside the package when it is packed, at the root of a checkout else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["ASSETS", "joined", "read"]

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1] / "assets"

# An editable install may hold a stale copy elsewhere in site-packages, so the checkout is looked at first.
ASSETS = _CHECKOUT if (_HERE.parents[1] / "pyproject.toml").exists() and _CHECKOUT.is_dir() else _HERE / "assets"


def read(name: str) -> str:
    """The text of an asset."""
    return (ASSETS / name).read_text(encoding="utf-8")


def joined(folder: str, names: Sequence[str]) -> str:
    """The scripts of a folder as one: a component has one script, and no address of its own to import others from."""
    return "\n".join(read(f"{folder}/{name}.js") for name in names)
