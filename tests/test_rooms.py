"""Who may import whom: the room table of the architecture, read from the syntax tree of every module.

Chain of trust: none; this guards the walls of the house, so that a line's folder says what it can depend on.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from weltnet.experiments import ALL

ROOT = Path(__file__).resolve().parents[1]
ROOTS = ("core", "app")

CONTRACT = ("weltnet.experiment", "weltnet.observables", "weltnet.params", "weltnet.verdicts", "weltnet.history")
SCIENCE = ("numpy", "scipy")

ROOMS: dict[str, tuple[str, ...]] = {
    # what a module may import besides the standard library; the longest matching room counts
    "weltnet": (),
    "weltnet.sources": (),
    "weltnet.formulas": ("numpy",),
    "weltnet.params": ("pydantic", "weltnet.formulas"),
    "weltnet.observables": ("numpy",),
    "weltnet.experiment": CONTRACT,
    "weltnet.history": ("numpy",),
    "weltnet.verdicts": (*SCIENCE, *CONTRACT),
    "weltnet.codec": ("numpy", *CONTRACT),
    "weltnet.timeline": ("numpy", *CONTRACT, "weltnet.threads"),
    "weltnet.run": (*CONTRACT, "weltnet.timeline"),
    "weltnet.tours": (*CONTRACT, "weltnet.timeline"),
    "weltnet.knobs": ("weltnet.params",),
    "weltnet.pipe": (),
    "weltnet.child": (
        "numpy",
        *CONTRACT,
        "weltnet.pipe",
        "weltnet.timeline",
        "weltnet.codec",
        "weltnet.experiments",
    ),
    "weltnet.worker": ("weltnet.pipe", "weltnet.child", "weltnet.threads"),
    "weltnet.threads": ("scipy", "threadpoolctl"),
    "weltnet.provenance": ("pydantic", "platformdirs", "weltnet.__version__"),
    "weltnet.recording": ("numpy", "pydantic", "xarray", "zarr", *CONTRACT, "weltnet.provenance", "weltnet.timeline"),
    "weltnet.script": ("weltnet.recording",),
    "weltnet.verifications": (
        "pydantic",
        *CONTRACT,
        "weltnet.provenance",
        "weltnet.run",
        "weltnet.threads",
        "weltnet.worker",
        "weltnet.experiments",
    ),
    "weltnet.calibrations": (
        "pydantic",
        *SCIENCE,
        "weltnet.calibrations",
        "weltnet.provenance",
        "weltnet.verdicts",
        "weltnet.kernels",
        "weltnet.systems",
        "weltnet.estimators",
        "weltnet.theory",
    ),
    "weltnet.kernels": ("numpy", "numba", "rocket_fft", "platformdirs", "weltnet.kernels"),
    "weltnet.systems": ("numpy", "sklearn", "weltnet.formulas", "weltnet.kernels", "weltnet.systems"),
    "weltnet.estimators": (*SCIENCE, "contourpy", "powerlaw", "weltnet.kernels", "weltnet.estimators"),
    "weltnet.theory": (*SCIENCE, "weltnet.systems", "weltnet.theory"),
    "weltnet.terrain": (*SCIENCE, "weltnet.kernels", "weltnet.systems"),
    "weltnet.thermal": (*SCIENCE, "weltnet.kernels", "weltnet.systems", "weltnet.estimators", "weltnet.theory"),
    "weltnet.rings": ("numpy", "weltnet.systems", "weltnet.estimators", "weltnet.theory"),
    "weltnet.learning": ("numpy", "weltnet.kernels", "weltnet.systems", "weltnet.estimators", "weltnet.theory"),
    "weltnet.pathsum": (
        *SCIENCE,
        "weltnet.terrain",
        "weltnet.kernels",
        "weltnet.estimators",
        "weltnet.theory",
    ),
    "weltnet.adapting": (*SCIENCE, "weltnet.terrain", "weltnet.kernels", "weltnet.systems"),
    "weltnet.dissection": (*SCIENCE, "weltnet.kernels", "weltnet.systems", "weltnet.estimators", "weltnet.theory"),
    "weltnet.bathed": ("numpy", "weltnet.kernels", "weltnet.systems"),
    "weltnet.crowds": ("numpy", "weltnet.kernels", "weltnet.systems", "weltnet.estimators", "weltnet.theory"),
    "weltnet.states": ("numpy", "weltnet.kernels", "weltnet.systems", "weltnet.estimators", "weltnet.theory"),
    "weltnet.atlas": ("numpy", "weltnet.states", "weltnet.kernels", "weltnet.systems", "weltnet.estimators"),
    "weltnet.universe": ("numpy", "weltnet.kernels", "weltnet.theory"),
    "weltnet.routes": ("numpy", "weltnet.kernels", "weltnet.estimators", "weltnet.theory"),
    "weltnet.experiments": (
        *SCIENCE,
        *CONTRACT,
        "weltnet.terrain",
        "weltnet.thermal",
        "weltnet.learning",
        "weltnet.pathsum",
        "weltnet.adapting",
        "weltnet.states",
        "weltnet.knobs",
        "weltnet.rings",
        "weltnet.crowds",
        "weltnet.dissection",
        "weltnet.bathed",
        "weltnet.routes",
        "weltnet.universe",
        "weltnet.atlas",
        "weltnet.kernels",
        "weltnet.systems",
        "weltnet.estimators",
        "weltnet.theory",
    ),
    "weltnet_app": (
        "numpy",
        "pydantic",
        "bokeh",
        "panel",
        "panel_material_ui",
        "param",
        "holoviews",
        "colorcet",
        "tornado",
        "datashader",
        "pandas",
        "cyclopts",
        "rich",
        "platformdirs",
        *CONTRACT,
        "weltnet.__version__",
        "weltnet.sources",
        "weltnet.codec",
        "weltnet.recording",
        "weltnet.script",
        "weltnet.run",
        "weltnet.timeline",
        "weltnet.tours",
        "weltnet.threads",
        "weltnet.worker",
        "weltnet.child",
        "weltnet.provenance",
        "weltnet.verifications",
        "weltnet.calibrations",
        "weltnet.kernels",
        "weltnet.experiments.ALL",
        "weltnet.experiments.by_slug",
        "weltnet_app",
    ),
    "weltnet_app.chromium": ("playwright", "weltnet_app"),
    "weltnet_app.bench": (
        "numpy",
        "jax",
        "torch",
        "playwright",
        "psutil",
        *CONTRACT,
        "weltnet.__version__",
        "weltnet.codec",
        "weltnet.pathsum",
        "weltnet.terrain",
        "weltnet.timeline",
        "weltnet.threads",
        "weltnet.child",
        "weltnet.kernels",
        "weltnet.theory",
        "weltnet.experiments.ALL",
        "weltnet_app",
    ),
}
FORBIDDEN_EVERYWHERE = ("core", "app")


def modules() -> list[Path]:
    """Every module of the two source roots."""
    return sorted(p for root in ROOTS for p in (ROOT / root).rglob("*.py"))


def name_of(path: Path) -> str:
    """The dotted import name of a module file."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """The most particular room a module belongs to."""
    return max((r for r in ROOMS if module == r or module.startswith(r + ".")), key=len)


def imports(tree: ast.AST, module: str) -> list[tuple[int, str]]:
    """Line and full dotted name of everything imported, also by `import_module` with a literal name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, a.name) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], *([base] if base else [])])
            found += [(node.lineno, f"{base}.{a.name}") for a in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                found.append((node.lineno, str(node.args[0].value)))
    return found


def trespasses(module: str, text: str) -> list[str]:
    """Every import of a module that its room does not allow, as sentences."""
    room = room_of(module)
    sentences = []
    for line, name in imports(ast.parse(text), module):
        top = name.split(".")[0]
        if top in sys.stdlib_module_names:
            continue
        # Tables of contents may list their own parts.
        allowed = (*ROOMS[room], f"{module}.") if module == room else ROOMS[room]
        if top in FORBIDDEN_EVERYWHERE or not any(name == a or name.startswith(a.rstrip(".") + ".") for a in allowed):
            sentences.append(f"{module}:{line} imports {name}; the room {room} may import {', '.join(allowed)}")
    return sentences


def slugs_named(text: str) -> list[str]:
    """String literals of a module, docstrings apart, that are the slug of an experiment or a path to one."""
    tree = ast.parse(text)
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    literals = [
        n.value
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in prose
    ]
    return [v for v in literals for e in ALL if re.search(rf"(^|[/?&=]){re.escape(e.slug)}($|[/?&])", v)]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_every_line_is_in_its_room(path: Path) -> None:
    """Chain of trust: walls. Core never reaches for a user interface, and numba lives in kernels/ alone."""
    assert trespasses(name_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [p for p in modules() if p.is_relative_to(ROOT / "app")], ids=name_of)
def test_app_names_no_experiment(path: Path) -> None:
    """Chain of trust: walls. A new experiment must need no line in the app."""
    assert slugs_named(path.read_text(encoding="utf-8")) == []


def test_scripts_name_no_experiment() -> None:
    """Chain of trust: walls. What runs in the browser knows no experiment either."""
    for path in [*(ROOT / "app").rglob("*.js"), *(ROOT / "assets").rglob("*.js"), *(ROOT / "assets").rglob("*.html")]:
        text = path.read_text(encoding="utf-8")
        assert [e.slug for e in ALL if re.search(rf"[\"'`/]{re.escape(e.slug)}[\"'`/]", text)] == [], path.name


def test_source_roots_are_not_packages() -> None:
    """Chain of trust: walls. A package named `core` would be a second copy of every module in it."""
    assert not any((ROOT / root / "__init__.py").exists() for root in ROOTS)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("weltnet.verdicts", "import panel"),
        ("weltnet.theory.planted", "from numba import njit"),
        ("weltnet.theory.planted", "from weltnet.kernels import philox"),
        ("weltnet.systems.planted", "from weltnet.estimators import density"),
        ("weltnet.kernels.planted", "from weltnet.systems import networks"),
        ("weltnet.estimators.planted", "from weltnet import experiment"),
        ("weltnet.experiments.planted", "from weltnet_app import theme"),
        ("weltnet.experiments.planted", "import holoviews as hv"),
        ("weltnet.experiments.planted", "from weltnet.experiments import strings"),
        ("weltnet.run", "def f():\n    from tornado import web"),
        ("weltnet.timeline", "from ..weltnet import worker"),
        ("weltnet_app.planted", "import numba"),
        ("weltnet_app.planted", "import importlib\nimportlib.import_module('numba')"),
        ("weltnet_app.planted", "from weltnet.experiments import strings"),
        ("weltnet_app.planted", "import weltnet.experiments.strings"),
        ("weltnet_app.planted", "from weltnet.theory import gaussians"),
        ("weltnet_app.planted", "from core.weltnet import codec"),
        ("weltnet", "import numpy"),
    ],
)
def test_planted_trespass_is_caught(module: str, line: str) -> None:
    """Chain of trust: the guard itself. A guard that catches nothing is decoration."""
    assert len(trespasses(module, line)) == 1
    assert module in trespasses(module, line)[0]


def test_planted_slug_is_caught() -> None:
    """Chain of trust: the guard itself, for slugs in the app."""
    slug = ALL[0].slug
    assert slugs_named(f'"""About {slug}."""\nx = "{slug}"\ny = "/{slug}?seed=1"\n') == [slug, f"/{slug}?seed=1"]
    assert slugs_named(f'"""{slug}"""\nx = "the {slug} are fine"\n') == []
