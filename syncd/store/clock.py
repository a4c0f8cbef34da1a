"""The database's clock, for processes on many machines: none of them decides anything by its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, select

from syncd.core.errors import SyncdError
from syncd.store.database import Database
from syncd.store.dialects import database_now

log = structlog.get_logger(__name__)

_ASK_EVERY_S: Final = 30.0
_SURE_S: Final = 0.5
"""An answer that took longer says too little: it may have been read long after it was given."""
_TRIES: Final = 3
_APART_S: Final = 5.0
"""From so much on somebody should look at the machine's own clock."""


class DatabaseClock:
    """``ports.Clock`` by the database: asked now and then, and counted on by ``uptime`` in between (seconds
    that also pass while this process, or its machine, sleeps). Right to ``_SURE_S``."""

    def __init__(self, database: Database, uptime: Callable[[], float]) -> None:
        """It does not know the time before it has asked."""
        self._database = database
        self._uptime = uptime
        self._known: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        assert self._known is not None, "it was never asked"
        at, then = self._known
        return at + timedelta(seconds=self._uptime() - then)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def ask(self) -> None:
        """Raises ``StateUnavailable``."""
        for _ in range(_TRIES):
            at, then, took = await self._database.read(self._asked)
            if self._known is None or took <= _SURE_S:
                self._known = at, then
            if took <= _SURE_S:
                return

    def _asked(self, c: Connection) -> tuple[datetime, float, float]:
        """(what it says, the uptime then, seconds there and back)."""
        before = self._uptime()
        at: datetime = c.execute(select(database_now())).scalar_one()
        after = self._uptime()
        return at, (before + after) / 2, after - before

    async def run(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await asyncio.sleep(_ASK_EVERY_S)
            try:
                await self.ask()
            except SyncdError as error:
                log.info("the database was not asked for the time", error=error.message)


@asynccontextmanager
async def database_clock(
    database: Database, uptime: Callable[[], float], machine: Callable[[], datetime]
) -> AsyncIterator[DatabaseClock]:
    """One that keeps to the database while the block runs. ``machine``: what this machine's own clock says,
    for a warning. Raises ``StateUnavailable``."""
    clock = DatabaseClock(database, uptime)
    await clock.ask()
    ahead_s = (machine() - clock.now()).total_seconds()
    if abs(ahead_s) > _APART_S:
        log.warning("this machine's clock is not the database's, which counts", ahead_s=round(ahead_s, 1))
    asking = asyncio.create_task(clock.run(), name="clock")
    try:
        yield clock
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
