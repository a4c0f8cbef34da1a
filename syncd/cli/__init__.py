"""The ``syncd`` command. Commands are imported when they are called: ``--help`` must be instant."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script."""
    from syncd.cli.program import run  # noqa: PLC0415 - `import syncd.cli` alone costs nothing

    sys.exit(run(sys.argv[1:]))
