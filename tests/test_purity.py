"""What importing costs: the core is light and knows no user interface.

Chain of trust: none; these guard start-up time and the wall between physics and pictures. Each import happens in a
process of its own, because this one has long loaded everything.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

INTERFACES = {"panel", "bokeh", "holoviews", "param", "tornado", "panel_material_ui", "cyclopts", "rich", "weltnet_app"}
COMPILERS = {"numba", "llvmlite"}


def loaded_by(statement: str) -> set[str]:
    """Modules in memory after one statement in a fresh process."""
    roots = [str(ROOT / "core"), str(ROOT / "app")]
    code = f"import json, sys\nsys.path[:0] = {roots!r}\n{statement}\n"
    code += "print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_package_is_light() -> None:
    """Chain of trust: walls. `import weltnet` loads neither an interface nor a compiler nor arrays."""
    assert not loaded_by("import weltnet") & (INTERFACES | COMPILERS | {"numpy", "scipy", "pydantic"})


def test_contract_needs_no_compiler() -> None:
    """Chain of trust: walls. Reading parameters, frames and verdicts compiles nothing."""
    names = "params, observables, experiment, verdicts, history, codec, timeline, run, worker, sources"
    assert not loaded_by(f"from weltnet import {names}") & (INTERFACES | COMPILERS)


def test_experiments_know_no_interface() -> None:
    """Chain of trust: walls. All the physics together imports no user interface, none that draws, and none that is
    large and needed by one experiment."""
    assert not loaded_by("import weltnet.experiments") & (INTERFACES | {"matplotlib", "powerlaw", "scipy.stats"})


def test_experiments_compile_nothing_on_import() -> None:
    """Chain of trust: walls. A kernel is compiled when it is first called, not when its module is read."""
    statement = """
import weltnet.experiments
from numba.core.dispatcher import Dispatcher
kernels = [m for n, m in sys.modules.items() if n.startswith('weltnet.kernels')]
jitted = [f for m in kernels for f in vars(m).values() if isinstance(f, Dispatcher)]
assert jitted, 'no kernel found'
compiled = [f.__name__ for f in jitted if f.signatures]
assert not compiled, compiled
"""
    assert "numba" in loaded_by(statement)


@pytest.mark.parametrize(
    "statement", ["import weltnet_app.__main__", "import weltnet_app.cli", "import weltnet_app.serve"]
)
def test_entry_is_light(statement: str) -> None:
    """Chain of trust: walls. The address is printed before anything slow loads; workers import the entry again."""
    assert not loaded_by(statement) & (COMPILERS | {"panel", "bokeh", "holoviews", "scipy"})
