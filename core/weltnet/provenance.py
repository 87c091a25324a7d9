"""Of which sources, libraries and machine a stored result is, and how small documents are kept between sessions.

A document is a pydantic model in one JSON file of the user's data folder, written whole or not at all. Its model is the
one validator: what is too large, corrupt or of another shape is not read, and says so in one sentence.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from weltnet import __version__

__all__ = ["Document", "Stamp", "Unreadable", "folder", "read", "sources", "stamp", "write"]

LARGEST = 16 * 1024 * 1024
LIBRARIES = ("numpy", "scipy", "numba")
"""What the core computes with: another release may compute something else."""


class Unreadable(ValueError):
    """A file was not read; the message is one sentence with the reason and what to do."""


class Document(BaseModel):
    """Base of what is kept: immutable, finite numbers, no keys but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Stamp(Document):
    """Where a result comes from. Two results are comparable bit by bit only if their `sources` and `machine` agree."""

    version: str = Field(max_length=40)
    sources: str = Field(max_length=40)
    """Digest of the core's sources and of the releases of the libraries it computes with."""
    revision: str = Field(max_length=80)
    """Git revision of the checkout, with `-dirty` where files differ from it; empty for an installed package."""
    machine: str = Field(max_length=120)
    """Processor and system."""
    cores: int = Field(ge=1)

    def same(self) -> bool:
        """Whether a run made now, here, would give the same bits."""
        return self.sources == sources() and self.machine == _machine()


D = TypeVar("D", bound=Document)


@lru_cache(maxsize=1)
def sources() -> str:
    """Digest of every module of the core, as they were when it was first asked for, and of the libraries' releases."""
    return _digest(Path(__file__).parent)


def _digest(root: Path) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for module in sorted(root.rglob("*.py")):
        digest.update(str(module.relative_to(root)).encode() + b"\0" + module.read_bytes() + b"\0")
    for name in LIBRARIES:
        digest.update(f"{name} {importlib.metadata.version(name)}\0".encode())
    digest.update(platform.python_version().encode())
    return digest.hexdigest()


def stamp() -> Stamp:
    """The stamp of what is computed now."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Stamp(version=__version__, sources=sources(), revision=_revision(), machine=_machine(), cores=usable)


@lru_cache(maxsize=1)
def _machine() -> str:
    name = platform.processor()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{name or platform.machine()}, {platform.system()}"[:120]


@lru_cache(maxsize=1)
def _revision() -> str:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()[:80]


def folder() -> Path:
    """Where documents are kept; XDG_DATA_HOME moves it on Linux."""
    return Path(platformdirs.user_data_dir("weltnet", appauthor=False))


def write(path: Path, document: Document) -> None:
    """Keep a document: a reader finds the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(document.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path, model: type[D]) -> D | None:
    """The document in a file, nothing if there is no file. Raises `Unreadable`."""
    try:
        found = path.stat()
    except OSError:
        return None
    document: D = _parsed(path, found.st_mtime_ns, found.st_size, model)
    return document


@lru_cache(maxsize=256)
def _parsed(path: Path, changed: int, size: int, model: type[D]) -> D:
    # Keyed by the time of change, so that a page may ask as often as it likes.
    if size > LARGEST:
        raise Unreadable(f"{path.name} is larger than {LARGEST >> 20} MB, so it was not read; delete it")
    try:
        return model.model_validate_json(path.read_bytes()[: LARGEST + 1])
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read ({error.strerror}); make it readable or delete it") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Unreadable(
            f"{path.name} is not what weltnet keeps there ({where}: {first['msg']}), so it was not read; delete it"
        ) from None
