"""Where compiled modules are kept, so that a second start does not compile them again."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import platformdirs

__all__ = ["keep"]


def keep() -> None:
    """Keep bytecode in the user's cache folder, beside the kernels, where Python may not keep it beside the sources.

    Containers often forbid that (PYTHONDONTWRITEBYTECODE); compiling three thousand modules at every start would take
    longer than all the rest. Nothing changes where bytecode lies beside the sources, or where somebody chose a place.
    """
    source = getattr(importlib.util.find_spec("bokeh"), "origin", None)
    if not sys.dont_write_bytecode or sys.pycache_prefix or not source:
        return
    if not Path(importlib.util.cache_from_source(source)).exists():
        sys.pycache_prefix = str(Path(platformdirs.user_cache_dir("weltnet")) / "bytecode")
        sys.dont_write_bytecode = False
        # For the processes of the simulations.
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
