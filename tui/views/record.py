"""The life of one record: both sides and what they last agreed on in three columns, and what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from syncd.api.models import Life
from tui.text import harmless
from tui.views.table import part
from tui.views.values import values
from tui.words import clock

STATES: Final = {
    "in_step": ("●", "green"),
    "due": ("○", "dim"),
    "in_flight": ("◐", "cyan"),
    "waiting": ("…", "cyan"),
    "conflict": ("◆", "bold yellow"),
    "quarantined": ("✖", "bold red"),
    "held": ("‖", "magenta"),
    "gone": ("∅", "dim"),
    "out_of_scope": ("·", "dim"),
}
"""Pair state -> glyph and style; the word is the state's own."""


def headline(life: Life) -> Text:
    glyph, style = STATES.get(life.state, ("?", ""))
    said = Text(f"{glyph} {life.state.replace('_', ' ')}", style=style)
    said.append(f"   {life.flow} {harmless(life.label, 60)}", style="bold")
    said.append(f"   {harmless(life.link, 40)}")
    return said.append(
        f"   left {harmless(life.left_key or '–', 40)} · right {harmless(life.right_key or '–', 40)}"
    )


def screen(life: Life, now: datetime, *, absolute: bool) -> Group:
    parts = []
    if life.reason:
        parts.append(part("Why it stands so", Text(harmless(life.reason, 400), style="yellow")))
    parts.append(part("Values", values(life.fields)))
    parts.append(part("What happened", _events(life, now, absolute=absolute)))
    return Group(*parts)


def _events(life: Life, now: datetime, *, absolute: bool) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for column in ("when", "what"):
        table.add_column(column, no_wrap=True)
    table.add_column("text", overflow="fold", ratio=1)
    table.add_column("who", no_wrap=True)
    for event in life.events:
        table.add_row(
            Text(clock(event.at, now, absolute=absolute), style="dim"),
            Text(event.kind.replace("_", " "), style="bold"),
            Text(harmless(event.text, 400)),
            Text(harmless(event.actor, 40), style="dim"),
        )
    return table
