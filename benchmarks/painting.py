"""T: how soon the dashboard paints, at first and after a key, over a fleet read a page at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import cast

from benchmarks.report import Line, bound, percentile
from syncd.api import requests
from syncd.api.client import LiveEvent
from syncd.api.endpoint import A, Endpoint, T
from syncd.api.fleet import FleetLine, FleetPage
from syncd.api.models import Health, Progress, SyncReport
from syncd.api.scopes import Scope
from tui.app import Dashboard
from tui.screens.listing import Listing

_NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
_KEYS = ("j", "j", "j", "k", "ctrl+d", "ctrl+u", "G", "g")


class Fleet:
    """A daemon with so many links, answering from memory: what is measured is the dashboard."""

    def __init__(self, links: int) -> None:
        healths = list(Health)
        self._lines = [
            FleetLine(
                link=f"link-{at:05d}",
                customer=f"Customer {at}",
                left=f"field-{at}",
                right=f"books-{at}",
                health=healths[at % len(healths)],
                since=_NOW - timedelta(minutes=at % 900),
                written=[(at * hour) % 9 for hour in range(24)],
                updated_at=_NOW,
                backlog=at % 7,
            )
            for at in range(links)
        ]

    async def call(self, endpoint: Endpoint[A, T], asked: A) -> T:  # noqa: ARG002 (only the fleet is asked for)
        assert isinstance(asked, requests.Fleet)
        begin = int(asked.after or 0)
        end = begin + asked.limit
        following = str(end) if end < len(self._lines) else None
        page = FleetPage(at=_NOW, lines=self._lines[begin:end], next=following, census={})
        return cast("T", page)

    async def events(
        self, link: str | None = None, last_event_id: str | None = None
    ) -> AsyncGenerator[LiveEvent, None]:
        await asyncio.Event().wait()
        yield LiveEvent(link or "", last_event_id or "", "{}")

    async def sync(self, link: str | None = None) -> AsyncIterator[Progress | SyncReport]:
        yield SyncReport(link=link or "", seconds=0.0, flows=[])


async def painting(links: int, rounds: int) -> list[Line]:
    """First paint (from the program's start to rows on the screen), and from a key to its painting."""
    first, after_key = [], []
    for _ in range(rounds):
        started = perf_counter()
        app = Dashboard(Fleet(links), frozenset(Scope), lambda: _NOW)
        async with app.run_test(size=(120, 40)) as pilot:
            while not (isinstance(app.screen, Listing) and app.screen.current):
                await pilot.pause(0)
            await pilot.pause(0)
            first.append(perf_counter() - started)
            for key in _KEYS * 4:
                started = perf_counter()
                await pilot.press(key)
                await pilot.pause(0)
                after_key.append(1000 * (perf_counter() - started))
    fleet = f"{links:,} links"
    return [
        bound("T1", f"dashboard, first paint, {fleet}", "s", (percentile(first, 50), ""), (1, 0.5)),
        bound(
            "T2", f"dashboard, key to paint, p95, {fleet}", "ms", (percentile(after_key, 95), ""), (100, 50)
        ),
    ]
