"""Arrays and numbers in, arrays out: the only numba in the project.

Compiled code is cached in a user folder named by the digest of these sources, because numba does not notice that a
helper edited in another file makes a cached caller stale.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

# Runs are parallel over processes: on busy cores the barrier at the end of a small kernel costs more than a second
# thread gains. Read by numba when it is imported; the environment may ask for more.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numba
import platformdirs

__all__ = ["cache_folder"]


def cache_folder() -> Path:
    """The folder that holds this version of the compiled kernels."""
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    tag = f"{digest.hexdigest()}-numba{numba.__version__}-py{sys.version_info.major}{sys.version_info.minor}"
    return Path(platformdirs.user_cache_dir("weltnet")) / "kernels" / tag


numba.config.CACHE_DIR = str(cache_folder())
