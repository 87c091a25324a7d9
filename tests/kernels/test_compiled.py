"""How kernels are compiled.

Chain of trust: none; a kernel that is right and cannot be loaded from the cache is no use.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import weltnet.kernels


def compiled(sources: Iterable[str]) -> dict[str, tuple[bool, set[str]]]:
    """Compiled functions by name: whether each is parallel, and what it calls."""
    found = {}
    for node in (n for source in sources for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)):
        for made in (d for d in node.decorator_list if isinstance(d, ast.Call) and ast.unparse(d.func) == "njit"):
            parallel = any(k.arg == "parallel" and ast.unparse(k.value) == "True" for k in made.keywords)
            calls = {ast.unparse(c.func) for c in ast.walk(node) if isinstance(c, ast.Call)}
            found[node.name] = parallel, calls
    return found


def callers(sources: Iterable[str]) -> list[str]:
    """Compiled functions that call a parallel one."""
    found = compiled(sources)
    parallel = {name for name, (together, _) in found.items() if together}
    return sorted(name for name, (_, calls) in found.items() if calls & parallel)


def test_no_compiled_function_calls_a_parallel_kernel() -> None:
    """Chain of trust: none. Cached, such a caller can jump to address 0 in a process in which it comes first."""
    folder = Path(weltnet.kernels.__file__).parent
    sources = [p.read_text(encoding="utf-8") for p in folder.glob("*.py")]
    assert sum(parallel for parallel, _ in compiled(sources).values()) > 5
    assert callers(sources) == []
    planted = "@njit(nogil=True, parallel=True)\ndef a(x): pass\n@njit(cache=True)\ndef b(x): a(x)\n"
    assert callers([*sources, planted]) == ["b"]
