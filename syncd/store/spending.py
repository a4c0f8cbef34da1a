"""What links have sent, minute by minute: read and added to in the transaction that lets a write leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from syncd.core.brakes import Budget, Spent, Trip, over_budget
from syncd.ports.store import IntentRow
from syncd.store.asking_tables import spending
from syncd.store.prepared import Prepared
from syncd.store.query import Query
from syncd.store.sealing import Keeper

_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_SPENT = Query(
    select(
        func.coalesce(func.sum(spending.c.writes), 0).label("writes"),
        func.coalesce(func.sum(spending.c.cents), 0).label("cents"),
    ).where(spending.c.link == bindparam("of_link"), spending.c.minute > bindparam("since"))
)
_ADD = Prepared(
    update(spending)
    .where(spending.c.link == bindparam("of_link"), spending.c.minute == bindparam("then"))
    .values(
        writes=spending.c.writes + bindparam("more_writes"), cents=spending.c.cents + bindparam("more_cents")
    )
)
_BEGIN = Prepared(insert(spending))
_FORGET = Prepared(
    delete(spending).where(spending.c.link == bindparam("of_link"), spending.c.minute <= bindparam("until"))
)


def _minute(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(minutes=1)


def spent(c: Connection, k: Keeper, link: str) -> Spent:
    """Within the last sixty minutes."""
    asked = {"of_link": link, "since": _minute(k.now - _HOUR)}
    sums = _SPENT.first(c, asked)
    return Spent(int(sums.writes), Decimal(int(sums.cents)) / 100)


def within(
    c: Connection, k: Keeper, intents: Sequence[IntentRow], budgets: Mapping[str, Budget]
) -> tuple[list[IntentRow], list[IntentRow], dict[str, Trip]]:
    """(those that may leave, those that may not, what stopped each link). What may leave is counted."""
    free: list[IntentRow] = []
    late: list[IntentRow] = []
    trips: dict[str, Trip] = {}
    so_far: dict[str, Spent] = {}
    new: dict[str, Spent] = defaultdict(Spent)
    for at in intents:
        budget = budgets.get(at.link)
        if budget is None:
            free.append(at)
            continue
        before = so_far.get(at.link) or spent(c, k, at.link)
        trip = trips.get(at.link) or over_budget(at.link, before, at.amount, budget)
        if trip is not None:
            trips[at.link] = trip
            late.append(at)
            continue
        so_far[at.link] = before.plus(at.amount)
        new[at.link] = new[at.link].plus(at.amount)
        free.append(at)
    for link, more in new.items():
        _add(c, k, link, more)
    return free, late, trips


def _add(c: Connection, k: Keeper, link: str, more: Spent) -> None:
    minute, cents = _minute(k.now), int(more.amount * 100)
    added = {"of_link": link, "then": minute, "more_writes": more.writes, "more_cents": cents}
    if _ADD.many(c, [added]):
        return
    _BEGIN.many(c, [{"link": link, "minute": minute, "writes": more.writes, "cents": cents}])
    # once a minute, when a new row begins: older ones are of no more use
    _FORGET.many(c, [{"of_link": link, "until": _minute(k.now - _HOUR)}])


def renew(c: Connection, k: Keeper, link: str, stopped: int) -> None:
    """A person released the brake: a new budget from now on, and room for the write that it stopped."""
    c.execute(delete(spending).where(spending.c.link == link))
    c.execute(insert(spending).values(link=link, minute=_minute(k.now), writes=0, cents=-100 * stopped))
