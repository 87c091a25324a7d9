"""One thread for each process: as many run as there are cores, and barriers between busy cores cost milliseconds."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["ALGEBRA", "ONE", "algebra", "environment"]

ALGEBRA = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The same of linear algebra alone, whose digits depend on how many multiply matrices."""

ONE = ALGEBRA | {"NUMBA_NUM_THREADS": "1"}
"""The environment of a process with one thread.

A process that serves sets it before it loads anything and for good: numba reads its variable again whenever it
compiles, and refuses another number than that of the threads it has launched.
"""


@contextlib.contextmanager
def environment() -> Iterator[None]:
    """Processes that are started meanwhile have one thread each."""
    before = {name: os.environ.get(name) for name in ONE}
    os.environ.update(ONE)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def algebra() -> Iterator[None]:
    """Linear algebra here has one thread meanwhile, whatever the environment was when it was loaded; 14 μs."""
    with _pools().limit(limits=1, user_api="blas"):
        yield


@cache
def _pools() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  (numpy and scipy each bring a pool, which is found only once it is loaded)

    return ThreadpoolController()
