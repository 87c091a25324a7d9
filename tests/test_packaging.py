"""What is shipped: a wheel and a source archive, built as anyone would build them, installed where nothing else is.

Chain of trust: none; these guard what reaches a machine that has never seen the checkout.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = {"weltnet", "weltnet_app"}


def call(*command: object, cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command and return what it printed; what it complained about is the failure."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(source: Path, target: str, out: Path) -> Path:
    """One archive by the build backend itself, which needs no network."""
    call(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", out, cwd=source)
    (made,) = [p for p in out.iterdir() if p.name.endswith({"wheel": ".whl", "sdist": ".tar.gz"}[target])]
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(ROOT, "sdist", folder)) as archive:
        # Python before 3.11.4 knows no filters, and from 3.12 on warns without one.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (made,) = [p for p in folder.iterdir() if p.is_dir()]
    return made


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_wheel_holds_two_packages_and_nothing_else(wheel: Path) -> None:
    """Chain of trust: packaging. `core` and `app` are names that belong to everybody and must not be installed."""
    tops = {name.split("/")[0] for name in contents(wheel)}
    assert {t for t in tops if not t.endswith(".dist-info")} == NAMES
    assert len(tops) == len(NAMES) + 1


def test_wheel_holds_every_module_and_asset(wheel: Path) -> None:
    """Chain of trust: packaging. Each file of the packages and of assets/ is inside, byte for byte."""
    held = contents(wheel)
    places = [(ROOT / "core", ""), (ROOT / "app", ""), (ROOT / "assets", "weltnet_app/assets/")]
    expected = {}
    for folder, prefix in places:
        for p in folder.rglob("*"):
            name = prefix + p.relative_to(folder).as_posix()
            packaged = prefix or name.split("/")[0] in NAMES
            if p.is_file() and packaged and "__pycache__" not in p.parts:
                expected[name] = p.read_bytes()
    assert {n for n in held if ".dist-info/" not in n} == set(expected)
    assert [n for n, data in expected.items() if held[n] != data] == []
    assert {"weltnet/py.typed", "weltnet_app/py.typed"} <= set(held)
    for kind in ("fonts/.*[.]woff2", ".*[.]css", ".*[.]js"):
        assert [n for n in held if re.fullmatch(f"weltnet_app/assets/{kind}", n)], f"no asset like {kind}"


def test_fonts_come_with_their_licences(wheel: Path) -> None:
    """Chain of trust: packaging. The fonts may be shipped only with their licence texts, the code with its own."""
    held = set(contents(wheel))
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in held)
    for font in (n for n in held if n.endswith(".woff2")):
        family = font.rsplit("/", 1)[1].lower()
        licences = [n.rsplit("LICENSE-", 1)[1].removesuffix(".txt") for n in held if "LICENSE-" in n]
        assert any(family.startswith(name) for name in licences), font


def test_source_archive_is_whole(unpacked: Path) -> None:
    """Chain of trust: packaging. Who receives the archive can build, test, cite and read the terms."""
    for name in ("pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "core/GLOSSARY.md", "tests/conftest.py"):
        assert (unpacked / name).is_file(), name


def test_wheel_from_source_archive_is_the_same(wheel: Path, unpacked: Path, tmp_path: Path) -> None:
    """Chain of trust: packaging. Nothing that the wheel needs is missing from the source archive."""
    assert contents(build(unpacked, "wheel", tmp_path)) == contents(wheel)


def test_every_import_is_declared() -> None:
    """Chain of trust: packaging. Whatever the code imports is a dependency of its own, not one of somebody else's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^A-Za-z0-9_-]", d)[0].replace("_", "-").lower() for d in project["dependencies"]}
    declared |= {"tornado", "param"}  # they are the public interface of Bokeh's server and of Panel
    owners = importlib.metadata.packages_distributions()
    missing = set()
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "app").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {n.split(".")[0] for n in names} - NAMES - sys.stdlib_module_names:
                if not {o.replace("_", "-").lower() for o in owners.get(top, [top])} & declared:
                    missing.add(f"{path.name} imports {top}")
    assert missing == set()


def test_versions_agree() -> None:
    """Chain of trust: packaging. One version in the package, its metadata and its citation."""
    import weltnet

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == weltnet.__version__
    assert f"version: {weltnet.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_readme_says_what_exists() -> None:
    """Chain of trust: packaging. The table of experiments is the one in the code, and the two commands are the two."""
    from weltnet.experiments import ALL

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", text, flags=re.MULTILINE)
    assert rows == [(e.slug, e.title, e.group) for e in ALL]
    assert "\n    pip install uv && uv run weltnet\n" in text and "\n    pip install uv && uv run pytest\n" in text
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()[-1] == "pip install uv && uv run pytest"
    for picture in re.findall(r"!\[.*?\]\((.+?)\)", text):
        assert (ROOT / picture).is_file(), picture


def test_installed_wheel_works(wheel: Path, tmp_path: Path) -> None:
    """Chain of trust: packaging. In a fresh environment the command runs from the installed files and finds its assets.

    Third-party packages are borrowed from the running environment, so that nothing is downloaded.
    """
    home = tmp_path / "fresh"
    call(sys.executable, "-m", "venv", "--without-pip", home, cwd=tmp_path)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    uv = os.environ.get("UV") or shutil.which("uv")
    installer = [uv, "pip", "install", "--python", python] if uv else [sys.executable, "-m", "pip", "--python", python]
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")}
    call(*installer, *([] if uv else ["install"]), "--no-deps", "--no-index", wheel, cwd=tmp_path, env=env)
    purelib = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    (purelib / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    listed = json.loads(call(scripts / "weltnet", "list", "--json", cwd=tmp_path, env=env))
    assert listed == json.loads(call(python, "-m", "weltnet_app", "list", "--json", cwd=tmp_path, env=env))
    from weltnet.experiments import ALL

    assert [e["slug"] for e in listed] == [e.slug for e in ALL]
    code = "import weltnet, weltnet_app.assets as a; print(weltnet.__file__); print(a.ASSETS); a.read('waiting.html')"
    for place in call(python, "-c", code, cwd=tmp_path, env=env).split():
        assert Path(place).resolve().is_relative_to(home.resolve()), place
