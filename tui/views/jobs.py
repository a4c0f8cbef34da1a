"""Bulk work and decisions: what was asked for, by whom, how far it is; and the one that can be taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.fleet import JobState, JobView
from tui.text import cell
from tui.views.table import Column, Row
from tui.words import age, span, until

COLUMNS: Final = (
    Column("id", "Job", 5),
    Column("what", "What", 22),
    Column("state", "State", 14),
    Column("done", "Done", 14),
    Column("at", "Asked", 5),
    Column("by", "Who", 10),
    Column("message", "What came of it", 60, beyond=90),
)
_STATES: Final = {
    JobState.PLANNED: ("○", "cyan"),
    JobState.RUNNING: ("◐", "cyan"),
    JobState.DONE: ("●", "green"),
    JobState.CANCELLED: ("∅", "dim"),
    JobState.FAILED: ("✖", "bold red"),
}
_WHAT: Final = {
    "retry": "retry refused records",
    "skip": "skip refused records",
    "conflicts_resolve": "decide a conflict",
    "conflicts_resolve_all": "decide conflicts",
    "match_accept": "match records",
    "match_reject": "tell records apart",
    "held_settle": "settle a held write",
    "drift_accept": "accept a drift",
    "drift_ignore": "ignore a drift",
}


def row(one: JobView, now: datetime) -> Row:
    glyph, style = _STATES[one.state]
    waits = one.state is JobState.PLANNED
    state = f"{glyph} {until(one.applies_at, now) if waits else one.state.value}"
    return Row(
        str(one.id),
        (
            Text(str(one.id), justify="right"),
            Text(what(one)),
            Text(state, style=style),
            Text(f"{one.done:,} of {one.total:,}"),
            Text(age(one.planned_at, now)),
            cell(one.by, width=18),
            cell(one.message, width=120),
        ),
    )


def what(one: JobView) -> str:
    return _WHAT.get(one.kind, one.kind.replace("_", " "))


def pending(one: JobView | None, now: datetime) -> str:
    """The line over everything while what was just asked for can be taken back; empty otherwise."""
    left = 0.0 if one is None or one.state is not JobState.PLANNED else (one.applies_at - now).total_seconds()
    if one is None or left <= 0:
        return ""
    many = f" ({one.total:,})" if one.total > 1 else ""
    return f"◷ {what(one)}{many} in {span(max(left, 1))} · U takes it back"


def ended(one: JobView) -> str:
    """What to say once it is over."""
    return f"{what(one)}: {one.message or f'{one.done:,} of {one.total:,} done'}"
