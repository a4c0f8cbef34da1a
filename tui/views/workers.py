"""Workers: who lives, who is lost, what each runs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.workers import WorkersView, WorkerView
from tui.text import cell
from tui.views.table import Column, Row
from tui.words import age

_LATE_S: Final = 30.0
COLUMNS: Final = (
    Column("name", "Worker", 22),
    Column("state", "State", 10),
    Column("host", "Machine", 20, beyond=100),
    Column("version", "Version", 10, beyond=100),
    Column("since", "Since", 8),
    Column("seen", "Seen", 8),
    Column("held", "Runs", 8),
    Column("links", "Links", 40),
)


def row(one: WorkerView, now: datetime) -> Row:
    state = Text("✖ lost", style="bold red") if one.lost else Text("● alive")
    return Row(
        one.name,
        (
            cell(one.name),
            state,
            cell(one.host),
            cell(one.version),
            Text(age(one.since, now)),
            Text(age(one.seen_at, now)),
            Text(f"{len(one.links)} of {one.slots}", justify="right"),
            cell(", ".join(one.links), "", 60),
        ),
    )


def headline(view: WorkersView) -> Text:
    if not view.shared:
        return Text("One process does all the work: the state is its own.")
    lost = sum(one.lost for one in view.workers)
    said = Text(f"{len(view.workers) - lost:,} processes   {view.wanted:,} links wait for a run")
    if view.oldest_wanted_s >= _LATE_S:
        said.append(f"   ▲ the first for {view.oldest_wanted_s:.0f} s", style="bold yellow")
    if lost:
        said.append(f"   ✖ {lost:,} lost", style="bold red")
    said.append(f"   taken over {view.taken_over:,} · found again {view.repaired:,}", style="dim")
    return said
