"""A full scrape of a daemon with 10,000 links: what it takes, how many series it has, what a wake waits."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, insert

from benchmarks.report import Line
from monitor.metrics import families
from monitor.metrics.exporter import Exporter
from monitor.metrics.meters import ConnectionFacts, LinkFacts, Meters, SiteFacts
from syncd.clock import SystemClock
from syncd.core.model import PairState
from syncd.store import migrate
from syncd.store.database import ThreadedDatabase, sqlite_engine
from syncd.store.metering import Meter
from syncd.store.tables import flow, link_line, pair, stream

FLOWS = ("customer", "location", "job", "invoice")
MUST_S = 2.0


async def scrape(folder: Path, links: int, pairs_a_flow: int, rounds: int) -> Line:
    """``pairs_a_flow``: pairs in step in each flow (counted by nobody), and one in quarantine."""
    engine = sqlite_engine(f"sqlite:///{folder / 'scrape.db'}")
    migrate.upgrade(engine)
    with engine.begin() as connection:
        _fill(connection, links, pairs_a_flow)
    database = ThreadedDatabase(engine)
    facts = SiteFacts(
        {f"link-{i}": LinkFacts(f"left-{i}", f"right-{i}", lambda: 60.0, FLOWS) for i in range(links)},
        {f"{side}-{i}": ConnectionFacts("memory") for i in range(links) for side in ("left", "right")},
    )
    exporter = Exporter(Meter(database), Meters(SystemClock(), facts, "0"))
    body = await exporter.scrape()
    seconds, lag = [], _Lag()
    watching = asyncio.create_task(lag.watch())
    for _ in range(rounds):
        started = perf_counter()
        body = await exporter.scrape()
        seconds.append(perf_counter() - started)
    watching.cancel()
    await database.close()
    series = sum(1 for line in body.splitlines() if not line.startswith(b"#"))
    gauges = len(families.LINK_GAUGES)
    took = median(seconds)
    return Line(
        "SCRAPE",
        f"/metrics of {links:,} links: {series:,} series, {gauges} gauges a link, {len(body) / 1e6:.0f} MB",
        f"{took:.2f} s",
        f"{lag.longest * 1000:.0f} ms (longest anything else waited)",
        "",
        f"<= {MUST_S:g} s",
        "<= 1 s",
        took <= MUST_S,
    )


class _Lag:
    """The longest that the event loop kept anybody waiting."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        while True:
            started = perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, perf_counter() - started - 0.001)


def _fill(c: Connection, links: int, pairs_a_flow: int) -> None:
    now = datetime.now(UTC)
    c.execute(insert(flow), [{"link": f"link-{i}", "entity": e} for i in range(links) for e in FLOWS])
    c.execute(insert(link_line), list(_lines(links, now)))
    sides = [f"{side}-{i}" for i in range(links) for side in ("left", "right")]
    c.execute(
        insert(stream), [{"connection": name, "entity": "invoice", "last_ok_at": now} for name in sides]
    )
    for state, count in ((PairState.IN_STEP, pairs_a_flow), (PairState.QUARANTINED, 1)):
        for _ in range(count):
            rows = [{"flow_id": i + 1, "state": state.value, "since": now} for i in range(links * len(FLOWS))]
            c.execute(insert(pair), rows)


def _lines(links: int, now: datetime) -> Iterator[dict[str, Any]]:
    for i in range(links):
        names = {"link": f"link-{i}", "customer": "", "left": f"left-{i}", "right": f"right-{i}"}
        times = {"since": now, "updated_at": now, "last_success_at": now, "last_cycle_at": now}
        yield {**names, **times, "health": "on_time", "rank": 0, "quarantined": len(FLOWS)}
