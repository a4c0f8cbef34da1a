"""What platforms answer differently than they did: the gravest first, then one of them near by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from syncd.api.drift import DriftEdit, DriftView
from tui.text import cell, harmless
from tui.views.table import Column, Row, part
from tui.words import age, clock, many, number

COLUMNS: Final = (
    Column("level", "Level", 12),
    Column("platform", "Platform", 18),
    Column("connection", "Connection", 18, beyond=100),
    Column("path", "Where", 30),
    Column("kind", "What", 16),
    Column("waiting", "Waits", 6),
    Column("state", "State", 9),
    Column("since", "For", 5),
    Column("flows", "Hits", 24, beyond=100),
)
_LEVELS: Final = {
    "breaking": ("✖", "bold red"),
    "risky": ("▲", "yellow"),
    "additive": ("·", "dim"),
}


def row(one: DriftView, now: datetime) -> Row:
    return Row(
        str(one.id),
        (
            level(one),
            cell(one.platform, width=18),
            cell(one.connection, width=18),
            cell(f"{one.operation} {one.path}", width=40),
            cell(one.kind.replace("_", " "), width=16),
            Text(number(one.waiting), justify="right"),
            Text(f"‖ {one.state}" if one.holds else one.state, style="magenta" if one.holds else ""),
            Text(age(one.first_seen, now)),
            cell(", ".join(one.flows), width=24),
        ),
    )


def level(one: DriftView) -> Text:
    glyph, style = _LEVELS.get(one.level, ("?", ""))
    return Text(f"{glyph} {one.level}", style=style)


def headline(drifts: Sequence[DriftView]) -> Text:
    holding = sum(bool(one.holds) for one in drifts)
    said = Text(many(len(drifts), "open drift"))
    if holding:
        # the same records wait behind every drift of their flows
        behind: dict[tuple[str, ...], int] = {}
        for one in drifts:
            behind[tuple(one.flows)] = max(one.waiting, behind.get(tuple(one.flows), 0))
        waiting = sum(behind.values())
        said.append(f"   ‖ {holding:,} holding writes, {many(waiting, 'record')} waiting", style="magenta")
    return said


def one_headline(one: DriftView) -> Text:
    said = level(one).append(f"   {one.kind.replace('_', ' ')}", style="bold")
    said.append(f"   {harmless(one.platform, 30)} {harmless(one.operation, 40)} {harmless(one.path, 60)}")
    return said.append(f"   {one.state}")


def screen(one: DriftView, edit: DriftEdit, now: datetime, *, absolute: bool) -> Group:
    """The contract's two versions, how sure that is, whom it hits, what is held, what accepting it writes,
    what to run."""
    parts = [
        part("The contract", _diff(one.before, one.after)),
        part("Evidence", _evidence(one, now, absolute)),
    ]
    whose = "the platform's own" if one.whose == "platform" else "this account's own"
    hit = {
        "mapped fields": one.mappings,
        "flows": one.flows,
        "customers": one.customers,
        "also at": one.others,
    }
    listed = "\n".join(f"{what}: {', '.join(map(harmless, which))}" for what, which in hit.items() if which)
    parts.append(part("Whom it hits", f"{whose}\n{listed or 'nothing that is mapped'}"))
    if one.holds:
        holds = "\n".join(f"‖ {harmless(held.scope, 80)}   → {held.release}" for held in one.holds)
        oldest = f", the oldest for {age(one.oldest, now)}" if one.oldest else ""
        parts.append(part("What is held", f"{holds}\n{many(one.waiting, 'record')} waiting{oldest}"))
    renamed = "\n".join(f"{name.likeness:.0%}  {harmless(name.path, 80)}" for name in one.renames)
    if renamed:
        parts.append(part("It may be called", renamed))
    parts.append(part(f"What accepting it writes into {harmless(edit.file, 80)}", proposed(edit)))
    if one.repair or one.command:
        parts.append(part("What to do", "\n".join(x for x in (one.repair, one.command) if x)))
    return Group(*parts)


def proposed(edit: DriftEdit) -> Text:
    """As ``diff -u`` shows it; the signs in front say it without colour, too."""
    said = Text()
    for line in edit.diff[2:]:  # the first two name the file
        style = {"-": "red", "+": "green", "@": "dim"}.get(line[:1], "")
        said.append(f"{harmless(line, 200)}\n", style=style)
    return said or Text(harmless(edit.words or "nothing", 200))


def _diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "Facet", "Before", "Now"):
        table.add_column(title, overflow="fold")
    for facet in dict.fromkeys((*before, *after)):
        was, is_ = before.get(facet), after.get(facet)
        style = "" if was == is_ else "bold yellow"
        shown = ("–" if value is None else harmless(str(value), 200) for value in (was, is_))
        table.add_row(
            "" if was == is_ else "≠", Text(facet, style=style), *(Text(text, style=style) for text in shown)
        )
    return table


def _evidence(one: DriftView, now: datetime, absolute: bool) -> str:
    keys = f"\nfor example {', '.join(harmless(key, 40) for key in one.samples[:5])}" if one.samples else ""
    first, last = (clock(at, now, absolute=absolute) for at in (one.first_seen, one.last_seen))
    return (
        f"{one.hits:,} of {one.seen_now:,} records show it; the baseline knows {one.seen_before:,}\n"
        f"by chance: {one.distance:.2g}\nfirst seen {first}, last {last}{keys}"
    )
