"""What happens, line by line, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.fleet import JobState, JobView, JournalLine
from tui.text import cell
from tui.views.table import Column, Row
from tui.words import age, clock, until

COLUMNS: Final = (
    Column("at", "When", 9),
    Column("link", "Link", 18),
    Column("flow", "Flow", 10),
    Column("kind", "What", 12),
    Column("text", "Text", 60),
    Column("actor", "Who", 18, beyond=100),
)
JOBS: Final = (
    Column("id", "Job", 5),
    Column("kind", "What", 16),
    Column("state", "State", 14),
    Column("done", "Done", 16),
    Column("by", "Who", 18),
    Column("at", "Asked", 7),
    Column("message", "Message", 40, beyond=100),
)
_KINDS: Final = {
    "posted": "green",
    "rejected": "bold red",
    "quarantined": "bold red",
    "held": "magenta",
    "conflict": "bold yellow",
    "uncertain": "yellow",
}
_STATES: Final = {
    JobState.PLANNED: ("○", "cyan"),
    JobState.RUNNING: ("◐", "cyan"),
    JobState.DONE: ("●", "green"),
    JobState.CANCELLED: ("∅", "dim"),
    JobState.FAILED: ("✖", "bold red"),
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


def fits(line: JournalLine, text: str) -> bool:
    """Whether a line has the words of the filter; ``!`` before it turns it round."""
    wanted = text.removeprefix("!").lower()
    said = f"{line.link} {line.flow} {line.kind} {line.text} {line.actor}".lower()
    return (wanted in said) is not text.startswith("!")


def job(one: JobView, now: datetime) -> Row:
    glyph, style = _STATES[one.state]
    state = f"{glyph} {one.state.value}"
    if one.state is JobState.PLANNED:
        state = f"{glyph} {until(one.applies_at, now)}"
    return Row(
        str(one.id),
        (
            Text(str(one.id), justify="right"),
            Text(one.kind),
            Text(state, style=style),
            Text(f"{one.done:,} of {one.total:,}"),
            cell(one.by, width=18),
            Text(age(one.planned_at, now)),
            cell(one.message, width=80),
        ),
    )
