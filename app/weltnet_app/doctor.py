"""The doctor: what this installation needs, one line per matter, each found sound or followed by what to do."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

__all__ = ["Finding", "examine"]

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
"""Names under which the tests look for a browser."""

ZEROS = (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
"""Philox-4x32-10 of counter 0 under key 0, the known answer published with Random123."""

SELF_CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One matter: what was found, and what to do about it when it is not sound."""

    matter: str
    found: str
    remedy: str = ""
    needed: bool = True
    """Whether the laboratory cannot do without it."""

    @property
    def sound(self) -> bool:
        """Whether nothing needs to be done for the laboratory to work."""
        return not self.remedy or not self.needed

    def __str__(self) -> str:
        word = "ok  " if not self.remedy else "fix " if self.needed else "note"
        return f"{word}  {self.matter}: {self.found}" + (f"; {self.remedy}" if self.remedy else "")


def examine() -> Iterator[Finding]:
    """Every finding, as soon as it is made; a check that breaks down is a finding too."""
    for check in (_versions, _cores, _cache, _workers, _kernels, _kept, _calibrations, _chromium):
        try:
            yield check()
        except Exception as fault:
            said = " ".join(str(fault).split()) or type(fault).__name__
            yield Finding(_matter(check), said, "reinstall weltnet in a fresh environment")


def _matter(check: Callable[[], Finding]) -> str:
    return check.__name__.strip("_")


def _versions() -> Finding:
    from weltnet import __version__

    parts = ("numpy", "numba", "scipy", "pydantic", "bokeh", "panel", "holoviews")
    shown = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in parts)
    python = platform.python_version()
    remedy = "" if sys.version_info >= (3, 11) else "use Python 3.11 or newer"
    return Finding("versions", f"weltnet {__version__}, Python {python}, {shown}", remedy)


def _cores() -> Finding:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    import weltnet.kernels  # noqa: F401  (says how many threads a process takes)

    found = f"{usable} usable, kernel threads a process: {os.environ['NUMBA_NUM_THREADS']}"
    remedy = "" if usable > 1 else "on one core the picture and the simulation take turns"
    return Finding("cores", found, remedy, needed=False)


def _cache() -> Finding:
    from weltnet.kernels import cache_folder

    folder = cache_folder()
    shown = str(folder).replace(str(Path.home()), "~")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "make it writable or set XDG_CACHE_HOME, else every start compiles for half a minute"
        return Finding("kernel cache", f"{shown} cannot be written ({error.strerror})", remedy)
    return Finding("kernel cache", f"{shown} is writable")


def _workers() -> Finding:
    context = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    remedy = "" if context == "forkserver" else "no fork server here, so a new run starts some seconds later"
    return Finding("worker processes", context, remedy, needed=False)


def _kernels() -> Finding:
    import numpy as np

    from weltnet.kernels.philox import normals, philox

    zero = np.uint32(0)
    words = tuple(int(w) for w in philox(zero, zero, zero, zero, zero, zero))
    out = np.empty((4096, 4))
    normals(out, 0, 0, 0)
    first, drawn = out.copy(), 0
    start = time.perf_counter()
    while time.perf_counter() - start < SELF_CHECK_SECONDS:
        drawn += 1
        normals(out, 0, drawn, 0)
    speed = drawn * out.size / (time.perf_counter() - start) / 1e6
    normals(out, 0, 0, 0)
    # 16384 draws: the mean has a standard error of .0078, so .05 is six of them.
    good = words == ZEROS and np.array_equal(out, first) and abs(float(out.mean())) < 0.05
    remedy = "" if good else f"random numbers are wrong; delete {_cache_root()} and try again"
    answer = "reproduced" if good else "missed"
    return Finding("kernels", f"{speed:.0f} million normal numbers a second, known answer {answer}", remedy)


def _cache_root() -> str:
    from weltnet.kernels import cache_folder

    return str(cache_folder().parent)


def _kept() -> Finding:
    """Whether what verification and calibration store can be read and written."""
    from weltnet import calibrations, provenance, verifications
    from weltnet.experiments import ALL

    folder = provenance.folder()
    shown = str(folder).replace(str(Path.home()), "~")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        remedy = "make it writable or set XDG_DATA_HOME, else verdicts over many seeds are forgotten"
        return Finding("stored results", f"{shown} cannot be written ({error.strerror})", remedy)
    loads: list[Callable[[], object]] = [calibrations.load, *(partial(verifications.load, e.slug) for e in ALL)]
    found, faults = 0, []
    for load in loads:
        try:
            found += load() is not None
        except provenance.Unreadable as fault:
            faults.append(str(fault))
    files = f"{found} {'file' if found == 1 else 'files'} in {shown}"
    return Finding("stored results", files, "; ".join(faults), needed=False)


def _calibrations() -> Finding:
    from weltnet import calibrations

    kept = calibrations.current()
    if kept is None:
        return Finding("calibrations", "none in this version yet", "weltnet calibrate makes them", needed=False)
    missed = [r.name for r in kept.results if not calibrations.passed(r)]
    good = f"{len(kept.results) - len(missed)} of {len(calibrations.ALL)} known answers reproduced"
    remedy = f"{', '.join(missed)} missed, so verdicts that rest on it decide nothing" if missed else ""
    return Finding("calibrations", good, remedy)


def _chromium() -> Finding:
    path = next((p for name in CHROMIUMS if (p := shutil.which(name))), None)
    if path:
        return Finding("chromium", Path(path).name)
    return Finding("chromium", "none on PATH", "only the tests need one, and they try to install it", needed=False)
