"""What every test stands on: one-threaded linear algebra, reproducible hypotheses, a Chromium that must be found."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# As in workers: a digest must not depend on how many threads multiply matrices. For processes that are started from
# here, and for this one, into which another plugin of pytest may have brought numpy already.
os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
threadpool_limits(1, user_api="blas")
# Two are there for the tests that compare one with two; all others run on one.
os.environ["NUMBA_NUM_THREADS"] = "2"

# What tests verify and calibrate is not the user's, in this process and in those it starts.
DATA = tempfile.TemporaryDirectory(prefix="weltnet-tests-", ignore_cleanup_errors=True)
os.environ["XDG_DATA_HOME"] = DATA.name

settings.register_profile("house", deadline=None, derandomize=True, database=None)
settings.load_profile("house")

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


CHAIN = ("test_", "theory", "kernels", "systems", "estimators", "experiments", "app")
"""Rooms and packaging first, the browser last: a broken link is reported before what hangs on it."""


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark what needs a browser, and run tests along the chain of trust; before any plugin reads marks."""

    def link(item: pytest.Item) -> int:
        # By fixture, not by the mark alone: a driver leaves a running event loop behind, and one forgotten mark would
        # fail every later test that starts a loop.
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.get_closest_marker("browser"):
            return len(CHAIN)
        if _of_the_core(item):
            return CHAIN.index("experiments")
        place = item.path.relative_to(Path(__file__).parent).parts[0]
        return next(i for i, name in enumerate(CHAIN) if place.startswith(name) or i == len(CHAIN) - 1)

    items.sort(key=link)
    for item in items:
        # What is prepared once for an experiment, or for a file, is prepared in one process. A file's tests that need a
        # browser are a group of their own, so that in every process they come after all that need none.
        together = _experiment(item).slug if _of_the_core(item) else item.path.stem
        if link(item) == len(CHAIN):
            together = f"{item.path.stem}-browser"
        item.add_marker(pytest.mark.xdist_group(together))
        if item.get_closest_marker("sampled") and _experiment(item) not in _ends():
            item.add_marker("slow")
    yield


def _of_the_core(item: pytest.Item) -> bool:
    """Whether it is a test of the core over one experiment."""
    return _experiment(item) is not None and item.path.parent.name != "app"


def _experiment(item: pytest.Item) -> Any:
    call = getattr(item, "callspec", None)
    return call.params.get("experiment") if call else None


def _ends() -> tuple[Any, Any]:
    from weltnet.experiments import ALL

    return ALL[0], ALL[-1]


@pytest.fixture(scope="session", autouse=True)
def heard() -> None:
    """A shell starts its background jobs deaf to interrupts, and the tests of Ctrl-C would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Kernels run on one thread, as in workers."""
    import numba

    numba.set_num_threads(1)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium: from PATH, else installed by apt-get (as root) or Playwright, else one sentence."""
    if found := _on_path():
        return found
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and shutil.which("apt-get"):
        _try("apt-get", "update")
        _try("apt-get", "install", "-y", "chromium")
        if found := _on_path():
            return found
    _try(sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium")
    if found := _of_playwright():
        return found
    pytest.fail(
        f"No Chromium: none of {', '.join(CHROMIUMS)} is on PATH, and neither apt-get (as root) nor "
        "`playwright install chromium` could bring one; install one of them and run the tests again.",
        pytrace=False,
    )


def _try(*command: str) -> None:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=quiet, capture_output=True, timeout=900, check=False)


def _on_path() -> str | None:
    return next((path for name in CHROMIUMS if (path := shutil.which(name))), None)


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        path = driver.chromium.executable_path
    return path if Path(path).is_file() else None
