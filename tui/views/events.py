"""What happens, line by line, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.fleet import JournalLine
from tui.text import cell
from tui.views.table import Column, Row
from tui.words import clock

COLUMNS: Final = (
    Column("at", "When", 9),
    Column("link", "Link", 18),
    Column("flow", "Flow", 10),
    Column("kind", "What", 12),
    Column("text", "Text", 60),
    Column("actor", "Who", 18, beyond=100),
)
_KINDS: Final = {
    "posted": "green",
    "rejected": "bold red",
    "quarantined": "bold red",
    "held": "magenta",
    "conflict": "bold yellow",
    "uncertain": "yellow",
}


def row(line: JournalLine, now: datetime, *, absolute: bool) -> Row:
    return Row(
        str(line.id),
        (
            Text(clock(line.at, now, absolute=absolute), style="dim"),
            cell(line.link, width=18),
            Text(line.flow),
            Text(line.kind.replace("_", " "), style=_KINDS.get(line.kind, "")),
            cell(line.text, width=160),
            cell(line.actor, "dim", 18),
        ),
    )
