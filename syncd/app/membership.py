"""This process among all that work on one state: its name, its leases, its sign of life."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from syncd import __version__
from syncd.clock import uptime
from syncd.core.errors import SyncdError
from syncd.dispatch.tenure import Alone, Tenures
from syncd.ports.workers import Mishap
from syncd.store.allowances import SqlAllowance
from syncd.store.database import Database
from syncd.store.leases import FencedDatabase, SqlLeases, unheld
from syncd.store.sql import SqlStore
from syncd.store.turns import SqlTurns
from syncd.store.workers import ALIVE_EVERY_S, LOST_AFTER_S, SqlWorkers

log = structlog.get_logger(__name__)


SLOTS: Final = 16
"""Links that one process runs at once, unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a process does for the others. ``name``: what people call it; ``slots``: links that it runs at
    once, 0 for one that only answers."""

    name: str = ""
    slots: int = 0


class Hearing:
    """Whether this process may say of another that it has fallen silent: once it has been heard itself for so
    long without a gap. While the database was away nobody was heard, and nobody is lost for it."""

    def __init__(self, now: float) -> None:
        self._since = self._last = now

    def heard(self, now: float) -> bool:
        """This one was heard just now. Seconds of uptime."""
        if now - self._last > 2 * ALIVE_EVERY_S:
            self._since = now
        self._last = now
        return now - self._since >= LOST_AFTER_S


class SharedVault:
    """``ports.SharedVault``: the state's vault, and a connection's login to oneself among all processes."""

    def __init__(self, store: SqlStore, tenures: Tenures) -> None:
        self._store = store
        self._tenures = tenures
        self._alone: dict[str, Alone] = {}

    async def load(self, connection: str, name: str) -> bytes | None:
        return await self._store.load(connection, name)

    async def save(self, connection: str, name: str, value: bytes) -> None:
        await self._store.save(connection, name, value)

    def alone(self, connection: str) -> AbstractAsyncContextManager[None]:
        if connection not in self._alone:
            self._alone[connection] = self._tenures.alone(f"login:{connection}")
        return self._alone[connection]


class Membership:
    """Everything of this process that the others must know of."""

    def __init__(self, store: SqlStore, url: str, part: Part) -> None:
        """``url``: of the database, as libpq takes it."""
        database = store.database
        self.part = part
        self.url = url
        # one name is never that of two lives: what the one before left behind is not taken for ours
        self.name = f"{part.name or socket.gethostname()}-{secrets.token_hex(2)}"
        self.workers = SqlWorkers(database)
        self.allowance = SqlAllowance(database, self.name)
        self.tenures = Tenures(SqlLeases(database), self.name, uptime)
        self.turns = SqlTurns(database, unheld, fenced=self._fenced)
        self.vault = SharedVault(store, self.tenures)
        self._store = store

    def store(self, link: str) -> SqlStore:
        """The engine's memory as the holder of a link's lease may use it."""
        return self._store.under(partial(self.tenures.lease, link))

    def _fenced(self, link: str) -> Database:
        return FencedDatabase(self._store.database, partial(self.tenures.lease, link))

    async def alive(self) -> None:
        await self.workers.alive(self.name, socket.gethostname(), os.getpid(), __version__, self.part.slots)

    async def look_after(self) -> None:
        """Show that this one lives and see who does not, until cancelled."""
        hearing = Hearing(uptime())
        while True:
            await asyncio.sleep(ALIVE_EVERY_S)
            try:
                await self.alive()
                if not hearing.heard(uptime()):
                    continue
                for name in await self.workers.missed():
                    log.error("a worker is lost; its links go to others", worker=name)
            except SyncdError as error:
                log.warning("no sign of life could be given", error=error.message)

    async def repaired(self, links: int) -> None:
        await self.workers.count(Mishap.SWEEP_REPAIRED, links)


@asynccontextmanager
async def joined(store: SqlStore, url: str, part: Part) -> AsyncIterator[Membership]:
    """Belong to them while the block runs."""
    membership = Membership(store, url, part)
    await membership.alive()
    tasks = [
        asyncio.create_task(membership.look_after(), name="alive"),
        asyncio.create_task(membership.tenures.run(), name="leases"),
    ]
    try:
        yield membership
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await membership.workers.gone(membership.name)
        except SyncdError as error:
            log.info("this worker will be counted as lost", error=error.message)
