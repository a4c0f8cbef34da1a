"""T: how soon the dashboard paints, at first and after a key, over a fleet read a page at a time."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
import termios
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager
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

_NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
_KEYS = (b"j", b"j", b"j", b"k", b"\x04", b"\x15", b"G", b"g")
"""Down, up, half a page, the last row read and the first."""
_SILENCE_S = 0.02
"""So long without a byte: the painting is complete."""
_PATIENCE_S = 30.0


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


@contextmanager
def terminal(links: int) -> Iterator[tuple[int, float]]:
    """The dashboard in a terminal of its own, as a person has it: (file descriptor, when it was started)."""
    ours, its = os.openpty()
    termios.tcsetwinsize(its, (40, 120))
    command = (sys.executable, "-m", "benchmarks.painting", str(links))
    started = perf_counter()
    env = {**os.environ, "TERM": "xterm-256color"}
    shown = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=env)
    os.close(its)
    try:
        yield ours, started
    finally:
        shown.terminate()
        shown.wait()
        os.close(ours)


def painted(terminal: int) -> float:
    """When the last byte came of what is painted next."""
    select.select([terminal], [], [], _PATIENCE_S)
    while select.select([terminal], [], [], _SILENCE_S)[0]:
        os.read(terminal, 1 << 16)
        last = perf_counter()
    return last


def painting(links: int, rounds: int) -> list[Line]:
    """First paint (from the command to rows on the screen, Python's own start included), and from a key to
    the last byte of its painting."""
    first, after_key = [], []
    for _ in range(rounds):
        with terminal(links) as (fd, started):
            said = b""
            while b"link-00000" not in said:
                said += os.read(fd, 1 << 16)
            first.append(perf_counter() - started)
            painted(fd)
            for key in _KEYS * 8:
                pressed = perf_counter()
                os.write(fd, key)
                after_key.append(1000 * (painted(fd) - pressed))
    fleet = f"{links:,} links"
    return [
        bound("T1", f"dashboard, first paint, {fleet}", "s", (percentile(first, 50), ""), (1, 0.5)),
        bound(
            "T2", f"dashboard, key to paint, p95, {fleet}", "ms", (percentile(after_key, 95), ""), (100, 50)
        ),
    ]


if __name__ == "__main__":
    Dashboard(Fleet(int(sys.argv[1])), frozenset(Scope), lambda: _NOW).run()
