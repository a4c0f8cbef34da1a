"""Writes of which only a person can say whether they were carried out: the queue, and one near by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Group
from rich.text import Text

from syncd.api.models import HeldItem
from tui.text import cell, harmless
from tui.views import candidates
from tui.views.table import Column, Row, part, tally
from tui.words import age, clock, many

COLUMNS: Final = (
    Column("label", "Record", 20),
    Column("write", "Write", 20),
    Column("side", "To the", 6),
    Column("sent", "Sent", 5),
    Column("link", "Link", 16),
    Column("reason", "Why nobody knows", 40, beyond=90),
)


def row(one: HeldItem, now: datetime) -> Row:
    return Row(
        str(one.id),
        (
            cell(one.label, "bold", 40),
            cell(f"{one.operation} {one.flow}", width=30),
            Text(one.side),
            Text(age(one.sent_at, now)),
            cell(one.link, width=18),
            cell(one.reason, width=120),
        ),
    )


def headline(items: Sequence[HeldItem]) -> Text:
    return tally("‖", "magenta", len(items), f"{many(len(items), 'write')} for a person to settle")


def one_headline(one: HeldItem) -> Text:
    said = Text("‖ was it carried out?", style="magenta")
    said.append(f"   {one.operation} {one.flow} {harmless(one.label, 60)}", style="bold")
    return said.append(f"   on the {one.side} of {harmless(one.link, 40)}")


def screen(one: HeldItem, at: int, now: datetime, *, absolute: bool) -> Group:
    sent = "never" if one.sent_at is None else clock(one.sent_at, now, absolute=absolute)
    keys = {"from": one.source_key, "its record there": one.key}
    known = "\n".join(f"{name}: {harmless(key, 60)}" for name, key in keys.items() if key)
    said = part("Why nobody knows", f"{harmless(one.reason, 400)}\nsent {sent}\n{known}".strip())
    nothing = "Nothing there looks like it: it was most likely not carried out."
    return Group(said, candidates.screen(one.candidates, at, nothing))
