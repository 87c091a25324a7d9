"""Where the files served to the browser are: beside the package when it is packed, at the root of a checkout else."""

from __future__ import annotations

from pathlib import Path

__all__ = ["ASSETS", "read"]

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1] / "assets"

# An editable install may hold a stale copy elsewhere in site-packages, so the checkout is looked at first.
ASSETS = _CHECKOUT if (_HERE.parents[1] / "pyproject.toml").exists() and _CHECKOUT.is_dir() else _HERE / "assets"


def read(name: str) -> str:
    """The text of an asset."""
    return (ASSETS / name).read_text(encoding="utf-8")
