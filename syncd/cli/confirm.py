"""Asking a person, where there is one."""

from __future__ import annotations

import sys

from syncd.cli.options import options
from syncd.cli.output import neutral
from syncd.core.errors import NeedsConfirmation


def confirm(action: str) -> None:
    """Ask whether to ``action``. Raises ``NeedsConfirmation`` unless somebody agrees."""
    chosen = options()
    if chosen.yes:
        return
    if chosen.no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NeedsConfirmation(f"about to {action}, and nobody is here to agree", remedy="add --yes")
    sys.stderr.write(f"About to {neutral(action)}. Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NeedsConfirmation(f"not agreed: {action}", remedy="nothing was done")
