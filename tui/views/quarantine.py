"""Refused records: by cause, then one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.fleet import QuarantinePage, ReasonGroup
from syncd.api.models import QuarantineItem
from tui.text import cell
from tui.views.table import Column, Row, tally
from tui.words import age, many

REASONS: Final = (
    Column("count", "Records", 8),
    Column("code", "Class", 11),
    Column("link", "Link", 20),
    Column("flow", "Flow", 10),
    Column("field", "Field", 14, beyond=100),
    Column("oldest", "Oldest", 7),
    Column("newest", "Newest", 7, beyond=100),
    Column("sample", "In the platform's own words", 60),
)
ITEMS: Final = (
    Column("label", "Record", 18),
    Column("side", "On", 6),
    Column("key", "Key", 18, beyond=100),
    Column("since", "Since", 6),
    Column("attempts", "Tries", 6),
    Column("field", "Field", 14, beyond=100),
    Column("reason", "In the platform's own words", 80),
)


def group_key(group: ReasonGroup) -> str:
    return "\x1f".join((group.link, group.flow, group.code, group.field))


def group_row(group: ReasonGroup, now: datetime) -> Row:
    """One cause, however many records it befell."""
    return Row(
        group_key(group),
        (
            Text(f"{group.count:,}", justify="right", style="bold"),
            Text(group.code, style="yellow"),
            cell(group.link, width=20),
            Text(group.flow),
            cell(group.field, width=14),
            Text(age(group.oldest, now)),
            Text(age(group.newest, now)),
            cell(group.sample, width=120),
        ),
    )


def groups_headline(groups: Sequence[ReasonGroup]) -> Text:
    total = sum(group.count for group in groups)
    return tally("✖", "yellow", total, f"{many(total, 'refused record')}, {many(len(groups), 'cause')}")


def item_row(item: QuarantineItem, now: datetime) -> Row:
    return Row(
        str(item.id),
        (
            cell(item.label, "bold", 18),
            Text(item.side),
            cell(item.key, width=18),
            Text(age(item.since, now)),
            Text(str(item.attempts), justify="right"),
            cell(item.field, width=14),
            cell(item.reason, width=160),
        ),
    )


def items_headline(group: ReasonGroup, page: QuarantinePage) -> Text:
    said = Text(
        f"✖ {group.count:,} {group.flow} refused: {group.code} {group.field}".rstrip(), style="yellow"
    )
    shown = f"   the first {len(page.items):,}" if page.next is not None else ""
    return said.append(shown, style="dim")
