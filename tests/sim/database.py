"""The store's database for simulations: SQLite in memory, every commit a place where others may run.

One engine serves all runs of a process, so its statements are compiled once. Transactions are said to the
driver directly: that is most of what a small one costs.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from syncd.core.errors import SyncdError
from syncd.store.database import Database, InlineDatabase, Script, sqlite_engine
from syncd.store.schema import metadata
from tests.sim.loop import SimLoop

T = TypeVar("T")


class Memory:
    """The disk of the simulated machine: what is on it survives every process."""

    def __init__(self) -> None:
        self._engine = create_engine(
            "sqlite://",
            connect_args={"check_same_thread": False, "cached_statements": 1024},
            poolclass=StaticPool,
        )
        self.connection: Connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        driver: Any = self.connection.connection.driver_connection
        self.driver: sqlite3.Connection = driver
        self.driver.isolation_level = None
        metadata.create_all(self.connection)
        self._tables = [*(table.name for table in reversed(metadata.sorted_tables)), "sqlite_sequence"]
        for pragma in ("foreign_keys=ON", "synchronous=OFF", "journal_mode=MEMORY", "temp_store=MEMORY"):
            self.driver.execute(f"PRAGMA {pragma}")

    def reset(self) -> None:
        """No rows any more: every table numbers from one again, and what was prepared for them stays so."""
        for table in self._tables:
            self.driver.execute(f"DELETE FROM {table}")

    def image(self) -> bytes:
        """Everything on the disk, byte for byte."""
        return self.driver.serialize()


class SimDatabase:
    """Implements ``store.database.Database`` for one process over a ``Memory``."""

    def __init__(
        self,
        memory: Memory,
        loop: SimLoop,
        *,
        reads_wait: bool,
        struck: Callable[[], bool],
        noted: Callable[[Script[Any]], None],
    ) -> None:
        """``reads_wait``: others may run before a read, as with a database over the network;
        ``struck``: whether the file cannot be used just now; ``noted``: told of every commit."""
        self._memory = memory
        self._loop = loop
        self._reads_wait = reads_wait
        self._struck = struck
        self._noted = noted

    async def write(self, script: Script[T]) -> T:
        await self._let_others_run()
        if self._struck():
            raise SyncdError("the state cannot be used: database or disk is full")
        driver = self._memory.driver
        driver.execute("BEGIN IMMEDIATE")
        try:
            result = script(self._memory.connection)
        except BaseException:
            driver.execute("ROLLBACK")
            raise
        driver.execute("COMMIT")
        self._noted(script)
        await self._let_others_run()
        return result

    async def note(self, script: Script[T], *, brief: bool = False) -> T:
        return await self.write(script)

    async def read(self, script: Script[T]) -> T:
        if self._reads_wait:
            await self._let_others_run()
        return script(self._memory.connection)

    async def scan(self, script: Script[T]) -> T:
        return await self.read(script)

    async def copy(self) -> Database:
        engine = sqlite_engine("sqlite://")
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            self._memory.driver.backup(driver)
        return InlineDatabase(engine)

    async def close(self) -> None:
        """The disk stays."""

    async def _let_others_run(self) -> None:
        if self._loop.is_dead():
            raise asyncio.CancelledError
        await asyncio.sleep(0)
        if self._loop.is_dead():
            raise asyncio.CancelledError
