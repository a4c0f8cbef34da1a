"""Every pair that has a demo and needs no bridge: the same story, small, with answers lost on the way. A new
pair is tested here by being there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.app.installation import Installation, installation
from syncd.config.load import load
from syncd.demo.pair import BooksSide, FieldSide, Pair, Told, names, pair
from syncd.demo.result import doubled
from syncd.demo.site import LINK, write_site
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running

SEED, SIZE = 11, 24
PAIRS = [name for name in names() if pair(name).bridge is None]


class AheadClock:
    """The real time, moved ahead by a test: what must wait is due at once."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Story:
    told: Pair
    field: FieldSide
    books: BooksSide
    books_control: SandboxControl
    opened: Installation
    clock: AheadClock

    async def sync(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.ahead += timedelta(seconds=60)
            report: Any = None
            async for event in self.opened.operator(daemon=False).sync(LINK, actor="test"):
                report = event
            assert [flow.error for flow in report.flows if flow.error] == []

    async def totals(self) -> tuple[Decimal, Decimal]:
        """Of the pairs, by each side's own books."""
        left = await self.field.totals()
        right = {document.key: document.total for document in await self.books.documents()}
        pairs = await self.opened.store.bindings(LINK, "invoice")
        assert pairs
        return sum((left[a] for a, _ in pairs), Decimal()), sum((right[b] for _, b in pairs), Decimal())


Tell = Callable[[str], AbstractAsyncContextManager[Story]]


@pytest.fixture
def tell(tmp_path: Path) -> Tell:
    @asynccontextmanager
    async def told(name: str) -> AsyncIterator[Story]:
        one, clock = pair(name), AheadClock()
        async with AsyncExitStack() as stack:
            enter = stack.enter_async_context
            live = [
                await enter(running(p, Order(SEED, SIZE, options=one.options.get(p, {}))))
                for p in (one.left, one.right)
            ]
            controls = [await enter(SandboxControl(sandbox.control_url)) for sandbox in live]
            company = Company.of_size(SEED, SIZE)
            site = write_site(tmp_path, one, live[0].ready, live[1].ready, company, port=0)
            field = await enter(one.field(live[0].ready, controls[0]))
            books = await enter(one.books(live[1].ready, controls[1]))
            opened = await enter(installation(load(site.config), clock))
            yield Story(one, field, books, controls[1], opened, clock)

    return told


@pytest.mark.parametrize("name", PAIRS)
async def test_approved_invoices_stand_in_the_ledger_once_whatever_gets_lost(name: str, tell: Tell) -> None:
    async with tell(name) as story:
        await story.sync()
        before = await story.books.documents()
        chosen = list(await story.field.waiting())[:8]
        assert len(chosen) == 8
        for invoice in chosen:
            await story.field.approve(invoice)
        # of the writes that follow, some are carried out and their answers lost, some never arrive; addresses
        # that end in n are logins (.../token), which have tests of their own
        await story.books_control.order(
            Fault(kind=FaultKind.LOST_ANSWER, method="P*", path="*[!n]", after=1, times=3),
            Fault(kind=FaultKind.LOST_BEFORE, method="P*", path="*[!n]", after=5, times=1),
            Fault(kind=FaultKind.STATUS, method="*", path="*[!n]", status=429, after=9, times=1),
        )
        await story.sync(4)
        documents = await story.books.documents()
        mine = [d for d in documents if d.number in {invoice.number for invoice in chosen}]
        assert len(mine) == len(chosen)
        assert len(documents) == len(before) + len(chosen), "nothing historical was posted"
        assert doubled(documents) == await story.books.doubled() == 0
        left, right = await story.totals()
        assert left == right
        told = await story.field.told()
        assert not told or {told[i.number] for i in chosen} == {Told.POSTED}


@pytest.mark.parametrize("name", PAIRS)
async def test_edits_of_one_customer_meet_and_then_it_is_quiet(name: str, tell: Tell) -> None:
    async with tell(name) as story:
        await story.sync(2)
        (left, right), *_ = await story.opened.store.bindings(LINK, "customer")
        await story.field.set_phone(left, "(317) 555-0177")
        await story.books.set_street(right, "77 Harbor Way")
        await story.sync(2)
        assert (await story.field.customer(left)).street == "77 Harbor Way"
        assert (await story.books.customer(right)).phone == "(317) 555-0177"
        before = await story.field.writes() + await story.books.writes()
        await story.sync(2)
        assert await story.field.writes() + await story.books.writes() == before


@pytest.mark.parametrize("name", PAIRS)
async def test_both_ends_can_be_checked(name: str, tell: Tell) -> None:
    async with tell(name) as story:
        for connector in story.opened.connectors.values():
            found = await connector.probe()
            assert [finding for finding in found if finding.level == "error"] == []
