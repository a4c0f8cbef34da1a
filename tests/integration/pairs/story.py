"""One pair on this machine, small: both sandboxes, a site, and a clock that a test moves ahead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd.app.installation import Installation, installation
from syncd.config.load import load
from syncd.demo.pair import BooksSide, FieldSide, Pair, names, pair
from syncd.demo.site import LINK, write_site
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running

SEED, SIZE = 11, 24
PAIRS: Final = [name for name in names() if pair(name).bridge is None]


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
    controls: tuple[SandboxControl, SandboxControl]
    """Of the field service's sandbox and the ledger's."""
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

    async def totals(self) -> tuple[Decimal, Decimal]:
        """Of the pairs, by each side's own books."""
        left = await self.field.totals()
        right = {document.key: document.total for document in await self.books.documents()}
        pairs = await self.opened.store.bindings(LINK, "invoice")
        assert pairs
        return sum((left[a] for a, _ in pairs), Decimal()), sum((right[b] for _, b in pairs), Decimal())


@asynccontextmanager
async def told(name: str, folder: Path, seed: int = SEED) -> AsyncIterator[Story]:
    """The pair of that name, before its first sync."""
    one, clock = pair(name), AheadClock()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        live = [
            await enter(running(p, Order(seed, SIZE, options=one.options.get(p, {}))))
            for p in (one.left, one.right)
        ]
        controls = (
            await enter(SandboxControl(live[0].control_url)),
            await enter(SandboxControl(live[1].control_url)),
        )
        company = Company.of_size(seed, SIZE)
        site = write_site(folder, one, live[0].ready, live[1].ready, company, port=0)
        field = await enter(one.field(live[0].ready, controls[0]))
        books = await enter(one.books(live[1].ready, controls[1]))
        opened = await enter(installation(load(site.config), clock))
        yield Story(one, field, books, controls, opened, clock)
