"""``ports.Allowance`` over SQL: one bucket and one set of places a connection, by the database's clock.

Whoever asks locks the connection's row, so that two processes never take the same place. Nobody is starved
where places are few: who gives one back while another process waits does not get it back in the same breath.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from syncd.ports.allowance import Granted, Limits
from syncd.store.database import Database
from syncd.store.dialects import database_now, insert_if_absent, insert_or_replace
from syncd.store.dispatch_tables import allowance, place, worker

_POLL_S: Final = 0.05
"""While all places are taken."""
_WAITS: Final = timedelta(seconds=1)
"""Who asked in vain counts as waiting for so long; it asks again well before."""


class SqlAllowance:
    """``holder``: this process, under the name of its entry among the workers."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    async def take(self, connection: str, limits: Limits, wanted: int, done: int) -> Granted:
        def script(c: Connection) -> Granted:
            bucket = _locked(c, connection, limits)
            mine, others, awaited = self._places(c, connection, bucket.now)
            mine = max(mine - done, 0)
            tokens = refilled(bucket.tokens, bucket.now - bucket.at, limits)
            granted = grant(
                wanted,
                room=limits.at_once - mine - others - (done if awaited else 0),
                tokens=tokens,
                closed_s=(bucket.opens_at - bucket.now).total_seconds() if bucket.opens_at else 0.0,
                limits=limits,
            )
            left = tokens - granted.places if limits.requests else tokens
            c.execute(
                update(allowance)
                .where(allowance.c.connection == connection)
                .values(tokens=left, at=bucket.now)
            )
            waits = bucket.now + _WAITS if granted.places < wanted else None
            taken = {"taken": mine + granted.places, "waits_until": waits}
            c.execute(
                insert_or_replace(c, place, {"connection": connection, "holder": self._holder, **taken})
            )
            return granted

        return await self._database.note(script, brief=True)

    async def close_for(self, connection: str, pause: timedelta) -> None:
        def script(c: Connection) -> None:
            bucket = _locked(c, connection, Limits(1))
            opens = max(bucket.now + pause, bucket.opens_at or bucket.now)
            c.execute(update(allowance).where(allowance.c.connection == connection).values(opens_at=opens))

        await self._database.note(script, brief=True)

    def _places(self, c: Connection, connection: str, now: datetime) -> tuple[int, int, bool]:
        """(this process's, the others', whether any of them waits for one)."""
        mine, others, awaited = 0, 0, False
        # a process that ended, or is lost, has no request on the wire any more
        rows = select(place).join(worker, (worker.c.name == place.c.holder) & worker.c.lost_at.is_(None))
        for row in c.execute(rows.where(place.c.connection == connection)):
            if row.holder == self._holder:
                mine = row.taken
            else:
                others += row.taken
                awaited = awaited or (row.waits_until is not None and row.waits_until > now)
        return mine, others, awaited


def _locked(c: Connection, connection: str, limits: Limits) -> Row[Any]:
    """The connection's bucket, to oneself until this transaction ends; ``now`` is read once it is."""
    full = {"connection": connection, "tokens": limits.requests, "at": database_now()}
    c.execute(insert_if_absent(c, allowance).values(full))
    c.execute(
        select(allowance.c.connection).where(allowance.c.connection == connection).with_for_update()
    ).one()
    return c.execute(
        select(allowance, database_now().label("now")).where(allowance.c.connection == connection)
    ).one()


# -- pure -----------------------------------------------------------------------------------------


def refilled(tokens: float, since: timedelta, limits: Limits) -> float:
    """Pure."""
    more = max(since.total_seconds(), 0.0) * limits.requests / limits.per_s
    return min(tokens + more, limits.requests)


def grant(wanted: int, *, room: int, tokens: float, closed_s: float, limits: Limits) -> Granted:
    """Pure."""
    if closed_s > 0:
        return Granted(0, closed_s)
    places = min(wanted, max(room, 0))
    if limits.requests and tokens < places:
        places = int(tokens)
        return Granted(places, max((1 + places - tokens) * limits.per_s / limits.requests, _POLL_S))
    return Granted(places, _POLL_S)
