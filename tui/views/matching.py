"""Records that may be on the other side already: the queue, and one of them beside its candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Group
from rich.text import Text

from syncd.api.models import MatchItem
from tui.text import cell, harmless
from tui.views import candidates
from tui.views.table import Column, Row, tally
from tui.words import many

COLUMNS: Final = (
    Column("label", "Record", 20),
    Column("flow", "Flow", 10),
    Column("side", "On", 5),
    Column("may_be", "May be", 20),
    Column("score", "Points", 14),
    Column("more", "Others", 6),
    Column("link", "Link", 16, beyond=90),
    Column("evidence", "What speaks for it", 50, beyond=110),
)


def row(one: MatchItem) -> Row:
    best = one.candidates[0] if one.candidates else None
    return Row(
        str(one.id),
        (
            cell(one.label, "bold", 40),
            cell(one.flow, width=16),
            Text(one.side),
            cell(best.label if best else "–", width=40),
            candidates.points(best.score) if best else Text("–"),
            Text(f"+{len(one.candidates) - 1}" if len(one.candidates) > 1 else "", justify="right"),
            cell(one.link, width=18),
            cell(", ".join(best.evidence) if best else one.reason, width=120),
        ),
    )


def headline(items: Sequence[MatchItem]) -> Text:
    words = f"{many(len(items), 'record')} that may be there already"
    said = tally("◆", "bold yellow", len(items), words)
    certain = len(sure(items))
    return said.append(f"   {certain:,} as good as sure (M)", style="green") if certain else said


def sure(items: Sequence[MatchItem]) -> list[tuple[int, str]]:
    """(number, key) of those whose likeliest candidate stands out and has enough points, and may be taken."""
    best = [(item, item.candidates[0]) for item in items if item.clear]
    return [(item.id, one.key) for item, one in best if one.score >= candidates.SURE and one.held is None]


def one_headline(one: MatchItem) -> Text:
    said = Text("◆ is it there already?", style="bold yellow")
    said.append(f"   {one.flow} {harmless(one.label, 60)}", style="bold")
    return said.append(f"   {harmless(one.key, 40)} on the {one.side} of {harmless(one.link, 40)}")


def screen(one: MatchItem, at: int) -> Group:
    return candidates.screen(one.candidates, at, harmless(one.reason or "Its candidates are gone.", 200))
