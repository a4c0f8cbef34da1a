"""``ports.Workers`` over SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from syncd.ports.metering import Crew
from syncd.ports.workers import Mishap, WorkerRow
from syncd.store import mishaps
from syncd.store.database import Database
from syncd.store.dialects import database_now, insert_or_replace
from syncd.store.dispatch_tables import turn, worker
from syncd.store.leases import holders
from syncd.store.revisions import OURS

ALIVE_EVERY_S: Final = 5.0
LOST_AFTER_S: Final = 15.0
_SHOWN: Final = timedelta(hours=1)
"""A lost one is shown for so long."""


class SqlWorkers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def alive(self, name: str, host: str, pid: int, version: str, slots: int) -> None:
        def script(c: Connection) -> None:
            now = c.execute(select(database_now())).scalar_one()
            seen = {"host": host, "pid": pid, "version": version, "slots": slots, "seen_at": now}
            seen["revision"] = OURS
            same = (worker.c.name == name) & (worker.c.pid == pid) & (worker.c.host == host)
            if not c.execute(update(worker).where(same).values(seen | {"lost_at": None})).rowcount:
                row = seen | {"name": name, "since": now, "lost_at": None}
                c.execute(insert_or_replace(c, worker, row))

        await self._database.write(script)

    async def gone(self, name: str) -> None:
        await self._database.write(lambda c: c.execute(delete(worker).where(worker.c.name == name)).rowcount)

    async def missed(self) -> Sequence[str]:
        def script(c: Connection) -> list[str]:
            now = c.execute(select(database_now())).scalar_one()
            c.execute(delete(worker).where(worker.c.lost_at < now - _SHOWN))
            silent = worker.c.seen_at < now - timedelta(seconds=LOST_AFTER_S)
            lost = update(worker).where(silent, worker.c.lost_at.is_(None)).values(lost_at=now)
            names = list(c.execute(lost.returning(worker.c.name)).scalars())
            if names:
                mishaps.count(c, Mishap.WORKER_LOST, len(names))
            return names

        return await self._database.write(script)

    async def count(self, what: Mishap, times: int = 1) -> None:
        await self._database.write(lambda c: mishaps.count(c, what, times))

    async def mishaps(self) -> Mapping[Mishap, int]:
        return await self._database.scan(mishaps.read)

    async def workers(self) -> Sequence[WorkerRow]:
        def script(c: Connection) -> list[WorkerRow]:
            now = c.execute(select(database_now())).scalar_one()
            held = holders(c)
            return [
                WorkerRow(
                    row.name,
                    row.host,
                    row.pid,
                    row.version,
                    row.slots,
                    row.since,
                    row.seen_at,
                    max((now - row.seen_at).total_seconds(), 0.0),
                    row.lost_at is not None,
                    tuple(sorted(held.get(row.name, ()))),
                )
                for row in c.execute(select(worker).order_by(worker.c.name))
            ]

        return await self._database.scan(script)


def crew(c: Connection) -> Crew:
    """All of them together, for the metrics."""
    lost = c.execute(select(func.count()).where(worker.c.lost_at.is_not(None))).scalar_one()
    every = c.execute(select(func.count()).select_from(worker)).scalar_one()
    links = sum(1 for held in holders(c).values() for name in held if ":" not in name)
    wanted = select(func.count(), func.min(turn.c.wanted_since)).where(turn.c.wanted_since.is_not(None))
    waiting, since = c.execute(wanted).one()
    return Crew(every - lost, lost, links, waiting, since, mishaps.read(c))
