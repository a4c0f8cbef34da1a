"""The screens that have a number, in their order. A new one is a file of its own, and a line here."""

from __future__ import annotations

from typing import Final

from tui.screens.base import Board
from tui.screens.conflicts import Conflicts
from tui.screens.credentials import Credentials
from tui.screens.drift import Drifts
from tui.screens.events import Events
from tui.screens.fleet import Fleet
from tui.screens.held import HeldWrites
from tui.screens.jobs import Jobs
from tui.screens.matching import Matches
from tui.screens.quarantine import Reasons
from tui.screens.workers import Workers

NUMBERED: Final[tuple[type[Board], ...]] = (
    Fleet,
    Conflicts,
    Reasons,
    Matches,
    HeldWrites,
    Drifts,
    Credentials,
    Events,
    Jobs,
)
NAMED: Final[tuple[type[Board], ...]] = (Workers,)
"""Those that few sites need: they are reached by name (``:workers``, or the palette)."""
