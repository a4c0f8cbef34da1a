"""One pair on this machine, small: both sandboxes, a site, and a clock that a test moves ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Set
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd.app.exporting import desks
from syncd.app.installation import Installation, installation
from syncd.app.listening import bridges
from syncd.bridge import program
from syncd.bridge.settings import load as bridge_settings
from syncd.config.load import load
from syncd.demo.pair import (
    Approving,
    Booking,
    BooksSide,
    FieldSide,
    FilePair,
    LabourPair,
    Line,
    Linked,
    Pair,
    PayrollSide,
    SiteSide,
    TimeSide,
    Worked,
    linked,
    names,
    pair,
)
from syncd.demo.sides.by_file import HANDOVER, Bookkeeper
from syncd.demo.site import LINK, write_site
from syncd.files.desk import ExportDesk
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Ready, running

SEED, SIZE = 11, 24
PAIRS: Final = [n for n in names() if isinstance(one := linked(n), Pair) and one.bridge is None]

BY_FILE: Final = [n for n in names() if isinstance(linked(n), FilePair)]
LABOUR: Final = [n for n in names() if isinstance(linked(n), LabourPair)]


class AheadClock:
    """The real time, moved ahead by a test: what must wait is due at once."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Playing:
    """Two platforms and the site between them, with time in a test's hands."""

    controls: tuple[SandboxControl, SandboxControl]
    """Of the field service's sandbox and the ledger's."""
    ready: tuple[Ready, Ready]
    opened: Installation
    clock: AheadClock

    async def sync(self, times: int = 1, *, quiet: bool = True) -> None:
        """So many runs of the link. ``quiet``: nothing may go wrong in them."""
        for _ in range(times):
            self.clock.ahead += timedelta(seconds=60)
            report: Any = None
            async for event in self.opened.operator(daemon=False).sync(LINK, actor="test"):
                report = event
            assert not quiet or [flow.error for flow in report.flows if flow.error] == []

    async def retry_all(self) -> None:
        """A person tries again what is in quarantine."""
        operator = self.opened.operator(daemon=False)
        await operator.quarantine_retry([one.id for one in await operator.quarantine(LINK)], actor="dana")


@asynccontextmanager
async def playing(one: Linked, folder: Path, seed: int, size: int = SIZE) -> AsyncIterator[Playing]:
    """A pair before its first sync."""
    clock = AheadClock()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        left, right = [
            await enter(running(p, Order(seed, size, options=one.options.get(p, {}))))
            for p in (one.left, one.right)
        ]
        controls = (
            await enter(SandboxControl(left.control_url)),
            await enter(SandboxControl(right.control_url)),
        )
        company = Company.of_size(seed, size)
        site = write_site(folder, one, left.ready, right.ready, company, port=0)
        opened = await enter(installation(load(site.config), clock))
        await enter(bridges(opened))
        if one.bridge is not None:
            await enter(_beside(site.bridge))
        yield Playing(controls, (left.ready, right.ready), opened, clock)


@asynccontextmanager
async def _beside(settings: Path) -> AsyncIterator[None]:
    """The bridge beside the ledger, in this process."""
    stop = asyncio.Event()
    running = asyncio.create_task(program.run(bridge_settings(settings, {}), stop=stop))
    try:
        yield
    finally:
        stop.set()
        await running


@dataclass
class Story:
    """A pair whose ledger is spoken to."""

    told: Pair
    field: FieldSide
    books: BooksSide
    at: Playing
    bills: tuple[Approving, Booking] | None = None
    """Where vendors' bills are carried, too."""

    @property
    def kinds(self) -> Mapping[str, tuple[Approving, Booking]]:
        """Entity -> both sides of the documents that are carried."""
        bills = {} if self.bills is None else {"bill": self.bills}
        return {"invoice": (self.field, self.books), **bills}

    @property
    def controls(self) -> tuple[SandboxControl, SandboxControl]:
        return self.at.controls

    @property
    def opened(self) -> Installation:
        return self.at.opened

    async def sync(self, times: int = 1, *, quiet: bool = True) -> None:
        await self.at.sync(times, quiet=quiet)

    async def totals(self, kind: str = "invoice") -> tuple[Decimal, Decimal]:
        """Of the pairs, by each side's own books."""
        field, books = self.kinds[kind]
        left = await field.totals()
        right = {document.key: document.total for document in await books.documents()}
        pairs = await self.opened.store.bindings(LINK, kind)
        assert pairs
        return sum((left[a] for a, _ in pairs), Decimal()), sum((right[b] for _, b in pairs), Decimal())


@asynccontextmanager
async def told(name: str, folder: Path, seed: int = SEED, size: int = SIZE) -> AsyncIterator[Story]:
    """The pair of that name, before its first sync."""
    one = pair(name)
    async with (
        playing(one, folder, seed, size) as at,
        one.field(at.ready[0], at.controls[0]) as field,
        one.books(at.ready[1], at.controls[1]) as books,
        AsyncExitStack() as also,
    ):
        story = Story(one, field, books, at)
        if one.bills is not None:
            office = await also.enter_async_context(one.bills.field(at.ready[0], at.controls[0]))
            story.bills = office, one.bills.books(at.controls[1])
        yield story


@dataclass
class Handed:
    """A pair whose ledger takes files."""

    told: FilePair
    field: SiteSide
    ledger: Bookkeeper
    desk: ExportDesk
    at: Playing

    async def batch(self) -> int:
        """Make what waits, have it imported and say what became of it. Returns how many records it held."""
        held = 0
        for made in self.desk.run("dana", self.at.clock.now()):
            answer = await self.ledger.take_in(self.desk.folder / made.files[0], made.entity)
            self.desk.confirm(made.batch, "dana", self.at.clock.now(), but=answer["errors"])
            held += made.count
        return held


@asynccontextmanager
async def handed(name: str, folder: Path, seed: int = SEED, size: int = SIZE) -> AsyncIterator[Handed]:
    """The pair of that name, its reports exported, before its first sync."""
    one = linked(name)
    assert isinstance(one, FilePair)
    async with (
        playing(one, folder, seed, size) as at,
        one.field(at.ready[0], at.controls[0]) as field,
    ):
        ledger = Bookkeeper(at.controls[1], folder / HANDOVER)
        await ledger.export_reports()
        yield Handed(one, field, ledger, desks(at.opened.site)["books"], at)


@dataclass
class Labour:
    """A pair that carries hours."""

    told: LabourPair
    time: TimeSide
    payroll: PayrollSide
    at: Playing

    async def paid(self) -> Mapping[str, Line]:
        """Record in the field -> its line in payroll, of everything that is paired."""
        lines = {line.key: line for line in await self.payroll.lines()}
        return {left: lines[right] for left, right in await self.at.opened.store.bindings(LINK, "time_entry")}

    async def unequal(self, beside: Set[str] = frozenset()) -> Mapping[str, Worked | None]:
        """Paired hours that the two sides do not say alike, beside those that are known to differ."""
        worked, paid = await self.time.hours(), await self.paid()
        return {
            key: worked.get(key)
            for key, line in paid.items()
            if key not in beside and worked.get(key) != line.worked
        }

    async def writes(self) -> int:
        return await self.time.writes() + await self.payroll.writes()


@asynccontextmanager
async def labouring(name: str, folder: Path, seed: int = SEED, size: int = SIZE) -> AsyncIterator[Labour]:
    """The pair of that name, before its first sync."""
    one = linked(name)
    assert isinstance(one, LabourPair)
    async with (
        playing(one, folder, seed, size) as at,
        one.time(at.ready[0], at.controls[0]) as time,
        one.payroll(at.ready[1], at.controls[1]) as payroll,
    ):
        yield Labour(one, time, payroll, at)
