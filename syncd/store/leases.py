"""``ports.Leases`` over SQL, and the check that every transaction of a run begins with."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, select, update

from syncd.core.errors import Fenced
from syncd.ports.leases import Lease
from syncd.ports.workers import Mishap
from syncd.store import mishaps
from syncd.store.database import Database, Script, T
from syncd.store.dialects import database_now, insert_if_absent
from syncd.store.dispatch_tables import lease as table
from syncd.store.dispatch_tables import turn
from syncd.store.query import Query

# shared: writers of one lease go on side by side
_HELD = Query(
    select(table.c.link, table.c.epoch, table.c.owner, (table.c.until > database_now()).label("alive"))
    .where(table.c.link.in_(bindparam("links", expanding=True)))
    .order_by(table.c.link)
    .with_for_update(read=True)
)


class SqlLeases:
    """None of it waits for the disk: whatever a holder writes durably, its lease is on the disk with it. A
    power cut may forget who took a link last, never one that has written; hence the owner in the check."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, link: str, owner: str, ttl_s: float) -> Lease | None:
        def script(c: Connection) -> Lease | None:
            c.execute(insert_if_absent(c, table).values(link=link, owner="", epoch=0))
            row = c.execute(select(table).where(table.c.link == link).with_for_update()).one()
            now = c.execute(select(database_now())).scalar_one()
            if row.until is not None and row.until > now:
                return None
            epoch = row.epoch + 1
            c.execute(
                update(table)
                .where(table.c.link == link)
                .values(owner=owner, epoch=epoch, until=now + timedelta(seconds=ttl_s))
            )
            if row.until is not None:
                mishaps.count(c, Mishap.LEASE_TAKEN_OVER)
            return Lease(link, owner, epoch)

        return await self._database.note(script, brief=True)

    async def renew(self, lease: Lease, ttl_s: float) -> bool:
        def script(c: Connection) -> bool:
            now = c.execute(select(database_now())).scalar_one()
            mine = (table.c.link == lease.link) & (table.c.epoch == lease.epoch) & (table.c.until > now)
            return bool(
                c.execute(update(table).where(mine).values(until=now + timedelta(seconds=ttl_s))).rowcount
            )

        return await self._database.note(script, brief=True)

    async def release(self, lease: Lease) -> None:
        mine = (table.c.link == lease.link) & (table.c.epoch == lease.epoch)
        given = update(table).where(mine).values(until=None)
        await self._database.note(lambda c: c.execute(given).rowcount, brief=True)


class FencedDatabase:
    """A link's way into the database: whoever let its lease end writes nothing, taken over or not.

    A transaction that began in time may commit a little after the end. Nobody has taken the link then: who
    wants to waits for it. And it is little: PostgreSQL ends a session that sleeps inside a transaction for
    longer than ``store.postgres`` says, which is less than what is left of a lease that is kept alive.
    """

    def __init__(self, database: Database, lease: Callable[[], Lease]) -> None:
        self._database = database
        self._lease = lease

    async def write(self, script: Script[T]) -> T:
        return await self._database.write(self._fenced(script))

    async def note(self, script: Script[T], *, brief: bool = False) -> T:
        return await self._database.note(self._fenced(script), brief=brief)

    def _fenced(self, script: Script[T]) -> Script[T]:
        lease = self._lease()

        def fenced(c: Connection) -> T:
            require(c, [lease])
            return script(c)

        return fenced

    async def read(self, script: Script[T]) -> T:
        return await self._database.read(script)

    async def scan(self, script: Script[T]) -> T:
        return await self._database.scan(script)

    async def copy(self) -> Database:
        return await self._database.copy()

    async def close(self) -> None:
        """The database outlives its users."""


def require(c: Connection, leases: Collection[Lease]) -> None:
    """They are their owners' until this transaction ends: who takes one over waits for it. Raises ``Fenced``
    for the first that is not."""
    if not leases:
        return
    held = {row.link: row for row in _HELD.all(c, {"links": sorted(lease.link for lease in leases)})}
    for lease in leases:
        row = held.get(lease.link)
        if row is None or (row.epoch, row.owner) != (lease.epoch, lease.owner):
            raise Fenced(f"{lease.link}: another worker holds it by now", remedy="nothing: it goes on there")
        if not row.alive:
            raise Fenced(
                f"{lease.link}: its lease ended before this worker renewed it",
                remedy="nothing: whoever takes it next goes on",
            )


def unheld() -> ColumnElement[bool]:
    """Whether nobody holds the lease of ``turn.link``."""
    held = select(table.c.link).where(table.c.link == turn.c.link, table.c.until > database_now())
    return ~held.exists()


def holders(c: Connection) -> dict[str, list[str]]:
    """Owner -> what it holds."""
    found: dict[str, list[str]] = {}
    # asked first: an index is of no use for what moves on while it is read
    now = c.execute(select(database_now())).scalar_one()
    for row in c.execute(select(table.c.owner, table.c.link).where(table.c.until > now)):
        found.setdefault(row.owner, []).append(row.link)
    return found
