"""Conflicts: the queue, and one of them side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from syncd.api.conflicts import ConflictPage, ConflictView
from tui.text import cell, harmless
from tui.views.table import Column, Row, tally
from tui.words import age, many

COLUMNS: Final = (
    Column("label", "Record", 20),
    Column("flow", "Flow", 10),
    Column("unit", "Field", 16),
    Column("left", "Left", 20),
    Column("right", "Right", 20),
    Column("link", "Link", 18, beyond=100),
    Column("since", "For", 5),
    Column("why", "Why", 24, beyond=100),
    Column("resolved", "", 14, beyond=100),
)


def row(one: ConflictView, now: datetime) -> Row:
    left, right = (
        " · ".join("–" if value is None else value for value in values)
        for values in ([f.left for f in one.fields], [f.right for f in one.fields])
    )
    return Row(
        str(one.id),
        (
            cell(one.label, "bold", 20),
            Text(one.flow),
            cell(one.unit, width=16),
            cell(left, width=40),
            cell(right, width=40),
            cell(one.link, width=18),
            Text(age(one.since, now)),
            cell(one.why.replace("_", " "), width=24),
            cell(one.resolved, "green", 14),
        ),
    )


def headline(page: ConflictPage) -> Text:
    return tally("◆", "bold yellow", page.total, f"{many(page.total, 'conflict')} for a person to decide")


def one_headline(one: ConflictView) -> Text:
    said = Text(f"◆ {one.unit}", style="bold yellow")
    said.append(f"   {one.flow} {harmless(one.label, 60)}", style="bold").append(
        f"   {harmless(one.link, 40)}"
    )
    return said.append(f"   {one.resolved}", style="green") if one.resolved else said


def side_by_side(one: ConflictView, now: datetime) -> Group:
    """Left, last agreed, right, per field; who changed each side and when."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Field", no_wrap=True)
    for side in (f"Left {_changed(one.left_at, one.left_by, now)}", "Last agreed"):
        table.add_column(side.strip(), overflow="fold", ratio=1)
    table.add_column(f"Right {_changed(one.right_at, one.right_by, now)}".strip(), overflow="fold", ratio=1)
    for field in one.fields:
        base = field.base_left if field.base_left == field.base_right or field.base_right is None else None
        said = base if base is not None else _both(field.base_left, field.base_right)
        table.add_row(
            Text(harmless(field.name, 40), style="bold"),
            _value(field.left, field.base_left),
            Text("–" if said is None else harmless(said, 200), style="dim"),
            _value(field.right, field.base_right),
        )
    takes = {"left": "the left", "right": "the right", "base": "what was agreed", "value": "a value typed"}
    may = ", ".join(takes[take] for take in one.takes) or "nothing here: mend it on a side"
    return Group(table, Text(""), Text(f"Why: {one.why.replace('_', ' ')}"), Text(f"May be taken: {may}"))


def _changed(at: datetime | None, by: str, now: datetime) -> str:
    who = f" by {harmless(by, 30)}" if by else ""
    return f"({age(at, now)} ago{who})" if at is not None else ""


def _both(left: str | None, right: str | None) -> str | None:
    """Each side's own base, where an ERP keeps it in other words."""
    if left is None and right is None:
        return None
    return f"{'–' if left is None else left} | {'–' if right is None else right}"


def _value(value: str | None, base: str | None) -> Text:
    changed = value != base
    text = "–" if value is None else harmless(value, 200)
    return Text(f"≠ {text}" if changed else f"  {text}", style="bold yellow" if changed else "")
