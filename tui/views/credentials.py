"""Accounts: how each logs in, until when, and whether its platform answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from syncd.api.fleet import ConnectionLine, Credential, Deliveries
from tui.text import cell
from tui.views.link import account
from tui.views.table import Column, Row
from tui.words import age, many, until

_SOON_S: Final = 7 * 86_400.0
COLUMNS: Final = (
    Column("name", "Connection", 20),
    Column("platform", "Platform", 18),
    Column("up", "Answers", 16),
    Column("scheme", "Login", 16, beyond=100),
    Column("expires", "Ends", 10),
    Column("renewed", "Renewed", 8),
    Column("hooks", "Webhooks", 14, beyond=100),
    Column("links", "Links", 6),
    Column("detail", "Detail", 40, beyond=100),
)


def row(one: ConnectionLine, now: datetime) -> Row:
    name, platform, up, _, detail = account(one, now).cells
    login = one.credential
    return Row(
        one.connection,
        (
            name,
            platform,
            up,
            Text(login.scheme if login else "–"),
            _ends(login, now),
            Text(age(login.renewed_at, now) if login else ""),
            _hooks(one.deliveries, now),
            Text(str(len(one.links)), justify="right"),
            cell(login.refused, "bold red", 60) if login and login.refused else detail,
        ),
    )


def headline(lines: Sequence[ConnectionLine], now: datetime) -> Text:
    down = sum(one.up is False for one in lines)
    days = [one.credential.ends_at for one in lines if one.credential is not None and one.credential.ends_at]
    ending = sum((day - now).total_seconds() < _SOON_S for day in days)
    said = Text(many(len(lines), "account"))
    if down:
        said.append(f"   ✖ {down:,} without an answer", style="bold red")
    if ending:
        said.append(f"   ▲ {many(ending, 'login')} ending within a week", style="bold yellow")
    return said


def _ends(login: Credential | None, now: datetime) -> Text:
    """When somebody has to renew it. A token that is about to end is renewed without anybody."""
    if login is None or login.ends_at is None:
        return Text("–" if login is None or login.expires_at is None else "by itself", style="dim")
    left = (login.ends_at - now).total_seconds()
    glyph, style = ("✖ ", "bold red") if left <= 0 else ("▲ ", "yellow") if left < _SOON_S else ("", "")
    return Text(f"{glyph}{until(login.ends_at, now)}", style=style)


def _hooks(one: Deliveries, now: datetime) -> Text:
    if not one.expected:
        return Text("–", style="dim")
    if one.silent:
        return Text("▲ silent", style="yellow")
    return Text(f"● {age(one.last_at, now) or 'none yet'}")
