"""`weltnet` and `python -m weltnet_app`: the entry, and nothing else.

Worker processes import this module again, so it imports nothing that takes time.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from weltnet_app import bytecode

    bytecode.keep()
    from weltnet_app.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
