"""A customer's whole installation between two sandboxes, in this process: store, engine, bridge, sockets.

Time is real plus what a test lets pass, so settle and retry times cost nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from syncd.api.models import Life, QuarantineItem, SendResult, SyncReport
from syncd.app.installation import Installation, installation
from syncd.app.listening import bridges
from syncd.bridge import settings
from syncd.bridge.database import Database
from syncd.bridge.desk import Desk
from syncd.bridge.dial import Dial, Dialling
from syncd.bridge.mbxml_object import LedgerSession, Login
from syncd.bridge.outbox import Outbox
from syncd.bridge.program import object_maker, serve
from syncd.config.load import load
from syncd.demo.pair import DEFAULT, pair
from syncd.demo.result import duplicates
from syncd.demo.site import LINK, DemoSite, write_site
from syncd.engine.operate import LocalOperator
from syncd.sandbox.company import Company
from syncd.sandbox.faults import Fault
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Running, running
from syncd.secrets.reference import resolve
from tests.integration.whole.clerk import Clerk, Entered, library_item, line

CUSTOMERS = 12
SEED = 7
LATER_S = 1_000.0
"""Longer than any settle time, retry pause and look-up interval of the product."""

Invoice = dict[str, Any]
"""An invoice as the field service's own ledger shows it to a checker."""


class ShiftedClock:
    """Real time plus what was let pass; a sleep passes at once."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def let_pass(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.let_pass(seconds)
        await asyncio.sleep(0)


@dataclass
class Stage:
    """Everything one test needs."""

    site: DemoSite
    clock: ShiftedClock
    field: Running
    books: Running
    bridge: BridgeBeside
    taken: set[int] = dataclasses.field(default_factory=set)
    _opened: Installation | None = None
    _closing: AsyncExitStack = dataclasses.field(default_factory=AsyncExitStack)

    @property
    def opened(self) -> Installation:
        assert self._opened is not None, "the installation is closed"
        return self._opened

    async def open(self) -> None:
        """syncd starts, with the site's files as they are now."""
        opened = await self._closing.enter_async_context(installation(load(self.site.config), self.clock))
        await self._closing.enter_async_context(bridges(opened))
        self._opened = opened

    async def close(self) -> None:
        self._opened = None
        await self._closing.aclose()

    async def restart(self) -> None:
        """syncd ends and starts again; the bridge dials in anew."""
        await self.close()
        await self.open()

    # -- what the office does

    def ready(self, *, job: bool = True) -> list[Invoice]:
        """Invoices that wait for the office's approval, those approved by the test left out."""
        shown = self.field.sandbox.views["invoices"]({"status": "ok"})
        return [i for i in shown if (i["job"] is not None) is job and i["id"] not in self.taken]

    def clerk(self) -> Clerk:
        """Somebody in the office, to be logged in."""
        return Clerk.at(self.field.ready)

    async def enter_work(self, name: str, *lines: Mapping[str, Any]) -> Entered:
        """A new customer, its site, a job and an invoice with these lines (one for 21.00 if none)."""
        views = self.field.sandbox.views
        item, vendor = library_item(views["invoices"]({})), views["jobs"]({})[0]["vendor"]
        given = [{**line(item), **one} for one in lines or ({},)]
        async with self.clerk() as clerk:
            return await clerk.enter_work(name, given, vendor)

    async def approve(self, *invoices: Invoice) -> list[str]:
        """Hand invoices over to accounting; their numbers."""
        async with self.clerk() as clerk:
            for invoice in invoices:
                self.taken.add(invoice["id"])
                await clerk.approve(invoice["id"])
        return [invoice["invoiceNumber"] for invoice in invoices]

    async def approve_some(self, count: int) -> list[str]:
        """The first so many that are ready and billed to a job."""
        return await self.approve(*self.ready()[:count])

    # -- what goes wrong

    def in_field(self, *faults: Fault) -> None:
        self.field.sandbox.faults.add(faults)

    def in_books(self, *faults: Fault) -> None:
        self.books.sandbox.faults.add(faults)

    def mend(self) -> None:
        """All faults are gone."""
        self.field.sandbox.faults.clear()
        self.books.sandbox.faults.clear()

    def fired(self) -> int:
        """How often an ordered fault has hit: a test whose fault never fires shows nothing."""
        plans = (self.field.sandbox.faults, self.books.sandbox.faults)
        return sum(count.fired for plan in plans for count in plan.counts())

    # -- what syncd does

    @property
    def operator(self) -> LocalOperator:
        return self.opened.operator(daemon=False)

    async def sync(self, flow: str | None = None) -> SyncReport:
        """One run on command."""
        report: SyncReport | None = None
        async for event in self.operator.sync(LINK, flow, actor="test"):
            report = event if isinstance(event, SyncReport) else report
        assert report is not None
        return report

    async def send(self, number: str) -> SendResult:
        return await self.operator.send(LINK, "invoice", number, actor="test")

    async def later(self, runs: int = 4) -> SyncReport:
        """Time passes and the schedule comes round, so often."""
        for _ in range(runs):
            self.clock.let_pass(LATER_S)
            report = await self.sync()
        return report

    async def quarantine(self, number: str) -> QuarantineItem:
        """The one refusal of an invoice."""
        (item,) = [i for i in await self.operator.quarantine(LINK) if i.label == number]
        return item

    async def life(self, number: str, entity: str = "invoice") -> Life:
        (life,) = await self.operator.explain(entity, number, LINK)
        return life

    # -- what stands in the ledgers

    def shown(self, number: str) -> Invoice:
        """The invoice in the field service's own ledger."""
        (invoice,) = self.field.sandbox.views["invoices"]({"number": number})
        found: Invoice = invoice
        return found

    def documents(self, number: str) -> list[dict[str, Any]]:
        """Living documents of that number in the books."""
        found = self.books.sandbox.views["invoices"]({"invnum": number})
        return [document for document in found if not document["void"]]

    def writes(self) -> int:
        """Writes that reached either platform through its API."""
        submissions: int = self.books.sandbox.state()["submissions"]
        return self.field.sandbox.state()["writes"] + submissions

    def must_stand_once(self, *numbers: str) -> None:
        """Posted once, to the cent, acknowledged with the ledger's key; and nothing anywhere twice."""
        for number in numbers:
            (document,) = self.documents(number)
            invoice = self.shown(number)
            assert Decimal(document["invttl"]) == Decimal(invoice["totalPrice"])
            assert invoice["status"] == "processed"
            assert invoice["externalIds"] == {"sage100": str(document["recnum"])}
        self.nothing_twice()

    def nothing_twice(self) -> None:
        views = self.books.sandbox.views
        assert duplicates(views["invoices"]({}), "usrdf1", "invnum") == 0
        assert duplicates(views["clients"]({}), "usrdf1", "recnum") == 0
        assert duplicates(views["jobs"]({}), "usrdf1", "recnum") == 0
        names = Counter(c["name"] for c in self.field.sandbox.views["companies"]({}) if c["writes"])
        assert not [name for name, count in names.items() if count > 1]

    async def must_be_quiet(self) -> None:
        """Nobody does anything, so nothing is written, however often it runs."""
        before = self.writes()
        await self.later(2)
        assert self.writes() == before


class BridgeBeside:
    """The bridge beside the books, in this process; it can be ended and started again."""

    def __init__(self, site: DemoSite) -> None:
        self._options = settings.load(site.bridge, {})
        self._closing: AsyncExitStack | None = None

    async def start(self) -> None:
        self._closing = AsyncExitStack()
        await self._closing.enter_async_context(self._serving())

    async def stop(self) -> None:
        if self._closing is not None:
            await self._closing.aclose()
            self._closing = None

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        options = self._options
        assert options.password is not None
        password = resolve(options.password, options.base_dir).reveal()
        login = Login(options.data_source, options.company, options.user, password, options.exclusive)
        database = Database(str(options.sql_url), readers=2)
        session = LedgerSession(object_maker(options), login)
        outbox = Outbox(options.base_dir / options.outbox)
        desk = Desk(database, session, outbox)
        await desk.open()
        token = resolve(options.token, options.base_dir).reveal()
        dialling = Dialling(options.dial_url, token, first_wait_s=0.02, longest_wait_s=0.1)
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(Dial(dialling, desk), desk, stop))
        try:
            yield
        finally:
            stop.set()
            await serving
            await session.stop()
            database.close()
            await outbox.close()


async def until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Returns as soon as ``holds``; fails after a time that no healthy run needs."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is watched has no event of its own
            await asyncio.sleep(0.005)


Change = Callable[[DemoSite], None]
"""Something done to the site's files before anything starts."""


def rewriting(*changes: tuple[str, str], file: str = "syncd.yaml") -> Change:
    """Replace texts in one of the site's files; each must be there."""

    def change(site: DemoSite) -> None:
        path = site.folder / file
        text = path.read_text()
        for old, new in changes:
            assert old in text, f"{old!r} is not in {file}"
            text = text.replace(old, new)
        path.write_text(text)

    return change


@asynccontextmanager
async def sandboxes(
    *, field: dict[str, str] | None = None, books: dict[str, str] | None = None, size: int = CUSTOMERS
) -> AsyncIterator[tuple[Running, Running]]:
    """Both platforms, in this process."""
    async with (
        running("servicetrade", Order(seed=SEED, size=size, options=field or {})) as left,
        running("sage100-contractor", Order(seed=SEED, size=size, options=books or {})) as right,
    ):
        yield left, right


def site_between(folder: Path, left: Running, right: Running, changes: Sequence[Change] = ()) -> DemoSite:
    """The customer's folder."""
    site = write_site(
        folder, pair(DEFAULT), left.ready, right.ready, Company.of_size(SEED, CUSTOMERS), port=0
    )
    for change in changes:
        change(site)
    return site


@asynccontextmanager
async def staged(
    folder: Path,
    *changes: Change,
    field: dict[str, str] | None = None,
    books: dict[str, str] | None = None,
    synced: bool = True,
) -> AsyncIterator[Stage]:
    """Sandboxes, site, bridge and an open installation; ``synced``: the first sync is done."""
    clock = ShiftedClock()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        left, right = await enter(sandboxes(field=field, books=books))
        site = site_between(folder, left, right, changes)
        stage = Stage(site, clock, left, right, BridgeBeside(site))
        stack.push_async_callback(stage.close)
        await stage.open()
        stack.push_async_callback(stage.bridge.stop)
        await stage.bridge.start()
        if synced:
            report = await stage.sync()
            assert not report.failed, report
        yield stage
