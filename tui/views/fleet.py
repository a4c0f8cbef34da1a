"""Every link in one line, who needs somebody first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.fleet import FleetLine, FleetPage
from syncd.api.models import Health
from tui.text import cell
from tui.views.table import Column, Row
from tui.words import HEALTH, age, number, span, sparkline

COLUMNS: Final = (
    Column("health", "State", 12),
    Column("link", "Link", 20),
    Column("customer", "Customer", 18, beyond=140),
    Column("since", "For", 5),
    Column("lag", "Lag", 5),
    Column("backlog", "Todo", 6),
    Column("conflicts", "Confl", 6),
    Column("quarantined", "Refus", 6),
    Column("held", "Held", 5),
    Column("drifts", "Drift", 5),
    Column("ends", "Login", 5),
    Column("written", "Written/h", 12, beyond=90),
    Column("last", "Last ok", 7, beyond=90),
    Column("error", "What is wrong", 40, beyond=100),
)
_WEEK_S: Final = 7 * 86_400.0
_MONTH_S: Final = 30 * 86_400.0


def row(line: FleetLine, now: datetime) -> Row:
    """One link."""
    sign = HEALTH[line.health]
    troubled = line.health in (Health.LATE, Health.ACTION_REQUIRED, Health.ERROR)
    return Row(
        line.link,
        (
            Text(f"{sign.glyph} {sign.word}", style=sign.style, no_wrap=True),
            cell(line.link, "bold" if troubled else "", 20),
            cell(line.customer, width=18),
            Text(age(line.since, now)),
            Text(span(line.lag_s), style="yellow" if line.health is Health.LATE else ""),
            _count(line.backlog + line.waiting),
            _count(line.conflicts, "yellow"),
            _count(line.quarantined, "yellow"),
            _count(line.held + line.holds, "magenta"),
            _count(line.drifts, "yellow"),
            ends(line.ends_at, now),
            Text(sparkline(line.written), style="cyan"),
            Text(age(line.last_success_at, now) or "never"),
            cell(line.last_error, width=40),
        ),
    )


def ends(at: datetime | None, now: datetime) -> Text:
    """How long the first login or certificate of a link lasts that somebody has to renew."""
    left = None if at is None else (at - now).total_seconds()
    if left is None or left > _MONTH_S:
        return Text(span(left), style="dim", justify="right")
    if left <= 0:
        return Text("✖ end", style="bold red")
    return Text(f"▲{span(left)}", style="bold yellow" if left < _WEEK_S else "yellow", justify="right")


def _count(count: int, style: str = "") -> Text:
    return Text(number(count), style=style, justify="right")


def census(page: FleetPage) -> Text:
    """How many links there are of each health, sick first; what there is none of is left out."""
    said = Text()
    for health in reversed(Health):
        count = page.census.get(health, 0)
        if count:
            sign = HEALTH[health]
            said.append(f"{sign.glyph} {count:,} {sign.word}", style=sign.style).append("   ")
    return said or Text("no links")
