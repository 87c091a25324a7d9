"""The bench as a whole: sections in order, each of which yields figures or says in one sentence why it cannot."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from weltnet import __version__
from weltnet_app.bench import browser, frames, kernel, laws
from weltnet_app.bench.figures import Figure, Skipped, load

__all__ = ["SECTIONS", "carry_out", "machine"]

Section = Callable[[bool, str], Iterator[Figure]]

SECTIONS: Mapping[str, Section] = {
    "Replicas against peers": kernel.against_peers,
    "Cost of replicas": kernel.scaling,
    "Learning laws, one core": laws.laws,
    "The exact wave": frames.wave,
    "CPU of a frame, one core": frames.budgets,
    "Browser": browser.browse,
}
"""Title → measurement; it is told whether to be quick, and which interpreter has the peers."""


def machine() -> dict[str, Any]:
    """What the figures depend on besides the code."""
    libraries = {name: importlib.metadata.version(name) for name in ("numpy", "scipy", "numba", "bokeh", "panel")}
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "weltnet": __version__,
        "revision": _revision(),
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _processor(),
        "cores": usable,
    } | libraries


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines() if cpuinfo.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _revision() -> str:
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def carry_out(
    quick: bool,
    python: str = sys.executable,
    say: Callable[[str], object] = lambda title: None,
    sections: Mapping[str, Section] | None = None,
) -> tuple[dict[str, Any], dict[str, list[Figure]]]:
    """Measure everything: one document for JSON, and the figures by section."""
    begun, before = time.perf_counter(), load()
    found: dict[str, list[Figure]] = {}
    skipped = []
    for title, section in (SECTIONS if sections is None else sections).items():
        say(title)
        found[title] = []
        try:
            found[title].extend(section(quick, python))
        except (Skipped, ArithmeticError, ValueError, OSError, subprocess.SubprocessError) as reason:
            skipped.append(f"{title}: {' '.join(str(reason).split())}")
    document = {
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        "quick": quick,
        "load": [before, load()],
        "seconds": round(time.perf_counter() - begun, 1),
        "sections": [
            {"title": title, "figures": [dataclasses.asdict(f) for f in figures]} for title, figures in found.items()
        ],
        "skipped": skipped,
    }
    return document, found
