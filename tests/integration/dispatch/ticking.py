"""One process of several that take the starts of links' schedules, by a clock that a table moves.

``python -m tests.integration.dispatch.ticking URL``: until the clock says that it is over.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime, timedelta

from sqlalchemy import Connection, literal_column, text

from syncd.store.database import Database
from syncd.store.leases import unheld
from syncd.store.opening import open_database, open_engine
from syncd.store.table_parts import Instant
from syncd.store.turns import SqlTurns

_AT_ONCE = 30


def after_a_minute(at: datetime) -> datetime:
    return at + timedelta(seconds=60)


async def take(url: str) -> None:
    """Everything that falls due, and write down what was taken in ``taken`` (link, at, by)."""
    database = open_database(open_engine(url))
    moment = literal_column("(select at from moment)", Instant)
    turns = SqlTurns(database, unheld, now=lambda: moment)

    def known(c: Connection) -> list[str]:
        return list(c.execute(text("select link from turn")).scalars())

    def ended(c: Connection) -> bool:
        return bool(c.execute(text("select over from moment")).scalar_one())

    starts = dict.fromkeys(await database.read(known), after_a_minute)
    while not await database.read(ended):
        ticks = await turns.tick(starts, _AT_ONCE)
        await _write_down(
            database, [{"link": one.link, "at": str(one.at), "by": os.getpid()} for one in ticks]
        )
    await database.close()


async def _write_down(database: Database, rows: list[dict[str, object]]) -> None:
    put = text("insert into taken values (:link, :at, :by)")
    if rows:
        await database.note(lambda c: c.execute(put, rows).rowcount)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1]))
