"""``ports.Turns`` over SQL. Whatever two workers do at once, each row is changed by one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    bindparam,
    case,
    delete,
    func,
    literal,
    select,
    update,
)

from syncd.ports.turns import Begun, Ended, NextStart, Standing, Tick
from syncd.store.columns import chunks
from syncd.store.database import Database
from syncd.store.dialects import database_now, insert_if_absent
from syncd.store.dispatch_tables import turn
from syncd.store.table_parts import Instant

_SECOND: Final = timedelta(seconds=1)

Unheld = Callable[[], ColumnElement[bool]]
"""Whether nobody holds the lease of ``turn.link``."""


class SqlTurns:
    """Whatever a power cut makes it forget is wanted, or run, once more. ``fenced``: the database as the
    holder of a link's lease may write to it. ``now``: the database's clock, which a test may move."""

    def __init__(
        self,
        database: Database,
        unheld: Unheld,
        fenced: Callable[[str], Database] | None = None,
        now: Callable[[], ColumnElement[Any]] = database_now,
    ) -> None:
        self._database = database
        self._unheld = unheld
        self._fenced = fenced or (lambda _link: database)
        self._now = now

    def _asked(self, c: Connection) -> datetime:
        found: datetime = c.execute(select(self._now())).scalar_one()
        return found

    async def know(self, links: Mapping[str, NextStart]) -> None:
        def script(c: Connection) -> None:
            now = self._asked(c)
            have: dict[str, Any] = {}
            for some in chunks(sorted(links)):
                rows = c.execute(select(turn.c.link, turn.c.next_start).where(turn.c.link.in_(some)))
                have |= {row.link: row for row in rows}
            new = [name for name in links if name not in have]
            if new:  # another worker may be doing the same: whoever comes second finds the row
                at_once = [{"link": name, "next_start": now, "due_at": now} for name in new]
                c.execute(insert_if_absent(c, turn), at_once)
            # a schedule that was made shorter counts from now on
            sooner = [
                {"row": name, "at": start}
                for name, row in have.items()
                if (start := links[name](now)) < row.next_start
            ]
            if sooner:
                c.execute(_SOONER, sooner)

        await self._database.write(script)

    async def forget_others(self, links: Collection[str]) -> int:
        def script(c: Connection) -> int:
            gone = set(c.execute(select(turn.c.link)).scalars()) - set(links)
            for some in chunks(sorted(gone)):
                c.execute(delete(turn).where(turn.c.link.in_(some)))
            return len(gone)

        return await self._database.write(script)

    async def tick(self, links: Mapping[str, NextStart], limit: int) -> Sequence[Tick]:
        now_sql = self._now
        due = (
            select(turn.c.link, turn.c.next_start, turn.c.woken)
            .where(turn.c.due_at <= bindparam("now", type_=Instant))
            .order_by(turn.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

        def script(c: Connection) -> list[Tick]:
            now = c.execute(select(now_sql())).scalar_one()
            rows = [row for row in c.execute(due, {"now": now}) if row.link in links]
            ticks, moved = [], []
            for row in rows:
                scheduled = row.next_start <= now
                start = following(links[row.link], row.next_start, now) if scheduled else row.next_start
                ticks.append(Tick(row.link, row.next_start if scheduled else None))
                moved.append({"row": row.link, "at": now, "start": start, "tick": int(scheduled)})
            if moved:
                c.execute(_TICKED, moved)
            return ticks

        return await self._database.note(script, brief=True)

    async def wake(self, links: Collection[str]) -> None:
        def script(c: Connection) -> None:
            now = self._asked(c)
            # in one order, so that two who wake many do not wait for each other
            for some in chunks(sorted(links)):
                held = select(turn.c.link).where(turn.c.link.in_(some)).order_by(turn.c.link)
                c.execute(held.with_for_update())
                c.execute(_WOKEN.where(turn.c.link.in_(some)), {"at": now})

        if links:
            await self._database.note(script)

    async def begin(self, link: str) -> Begun | None:
        def script(c: Connection) -> Begun | None:
            row = c.execute(select(turn, self._now().label("now")).where(turn.c.link == link)).one_or_none()
            if row is None or row.wanted_since is None:
                return None
            waited = max((row.now - row.wanted_since) / _SECOND, 0.0)
            return Begun(link, row.woken, row.scheduled > row.served, waited)

        return await self._database.read(script)

    async def end(self, run: Begun, how: Ended) -> None:
        def script(c: Connection) -> None:
            now = self._asked(c)
            values: dict[str, Any] = {
                "served": run.number,
                "wanted_since": case((turn.c.woken > run.number, literal(now, Instant)), else_=None),
                "failures": 0,
                "due_at": turn.c.next_start,
            }
            if how.due_at is not None:
                due = bindparam("due", how.due_at, Instant)
                values["due_at"] = case((turn.c.next_start < due, turn.c.next_start), else_=due)
            if how.pause_s is not None:
                again = now + timedelta(seconds=how.pause_s)
                values |= {"failures": turn.c.failures + 1, "due_at": again}
                if run.scheduled:
                    values["next_start"] = again  # what its schedule asked for is still to be done
            c.execute(update(turn).where(turn.c.link == run.link).values(values))

        await self._fenced(run.link).note(script, brief=True)

    async def wanted(self, link: str) -> bool:
        asked = select(turn.c.link).where(turn.c.link == link, turn.c.wanted_since.is_not(None))
        return await self._database.read(lambda c: c.execute(asked).first() is not None)

    async def failures(self, link: str) -> int:
        asked = select(turn.c.failures).where(turn.c.link == link)
        return await self._database.read(lambda c: c.execute(asked).scalar_one_or_none() or 0)

    async def forgotten(self, after_s: float, limit: int) -> Sequence[str]:
        def script(c: Connection) -> Sequence[str]:
            before = self._asked(c) - timedelta(seconds=after_s)
            found = select(turn.c.link).where(turn.c.wanted_since <= before, self._unheld())
            return list(c.execute(found.order_by(turn.c.wanted_since).limit(limit)).scalars())

        return await self._database.read(script)

    async def standing(self) -> Standing:
        asked = select(func.count(), func.min(turn.c.wanted_since), self._now()).where(
            turn.c.wanted_since.is_not(None)
        )

        def script(c: Connection) -> Standing:
            wanted, oldest, now = c.execute(asked).one()
            return Standing(wanted, 0.0 if oldest is None else max((now - oldest) / _SECOND, 0.0))

        return await self._database.scan(script)


def following(next_start: NextStart, at: datetime, now: datetime) -> datetime:
    """The first start after ``at`` that is yet to come: none that was missed is made up for. Pure."""
    start = next_start(at)
    return start if start > now else next_start(now)


_SOONER = (
    update(turn)
    .where(turn.c.link == bindparam("row"))
    .values(next_start=bindparam("at", type_=Instant), due_at=bindparam("at", type_=Instant))
)
_TICKED = (
    update(turn)
    .where(turn.c.link == bindparam("row"))
    .values(
        woken=turn.c.woken + 1,
        scheduled=case((bindparam("tick", type_=Integer) == 1, turn.c.woken + 1), else_=turn.c.scheduled),
        wanted_since=func.coalesce(turn.c.wanted_since, bindparam("at", type_=Instant)),
        next_start=bindparam("start", type_=Instant),
        due_at=bindparam("start", type_=Instant),
    )
)
_WOKEN = update(turn).values(
    woken=turn.c.woken + 1, wanted_since=func.coalesce(turn.c.wanted_since, bindparam("at", type_=Instant))
)
