"""A state on disk for these tests, with what answers from it beside the operator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from syncd.ports.desk import Action
from syncd.secrets.sealed import Sealer
from syncd.service.keys import KeyRing
from syncd.store import keys, migrate
from syncd.store.database import ThreadedDatabase, sqlite_engine
from syncd.store.sql import SqlStore

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Watch:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class State:
    store: SqlStore
    watch: Watch
    ring: KeyRing
    folder: Path

    @property
    def answering(self) -> Sequence[object]:
        return [self.ring]

    async def note(self, action: Action) -> None:
        k = self.store.keeper()
        await self.store.database.write(lambda c: keys.note(c, k, action))


@asynccontextmanager
async def state() -> AsyncIterator[State]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        engine = sqlite_engine(f"sqlite:///{folder}/state.db")
        migrate.upgrade(engine)
        watch = Watch()
        store = SqlStore(ThreadedDatabase(engine), watch, Sealer(bytes(32)), bytes(32))
        try:
            yield State(store, watch, KeyRing(store.database, watch, ["ops"]), folder)
        finally:
            await store.close()
