"""What a restart finds, and what has fallen due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, delete, func, select, update

from syncd.core.model import IntentState, Operation
from syncd.core.outcome import ErrorClass
from syncd.ports.asking import HeldRow
from syncd.ports.store import IntentRow
from syncd.store import journal
from syncd.store.flows import TO_LOOK_AT
from syncd.store.intents import read_intent
from syncd.store.pairs import pair_by_id
from syncd.store.prepared import Prepared
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.settling import drop, uncertain
from syncd.store.table_parts import Instant
from syncd.store.tables import flow, intent, pair
from syncd.store.tables import journal as journal_table

_AT_ONCE: Final = 10_000
"""So many writes of a link at most can be open when a process ends."""
_OF_LINK = select(flow.c.id).where(flow.c.link == bindparam("link"))
_INTENTS = (
    select(intent, flow.c.link)
    .join(flow, flow.c.id == intent.c.flow_id)
    .where(flow.c.link == bindparam("of_link"))
    .order_by(intent.c.id)
)
_SENT = Query(_INTENTS.where(intent.c.state == IntentState.SENT.value).limit(_AT_ONCE))
_UNSENT = Query(
    _INTENTS.where(
        intent.c.state == IntentState.PLANNED.value, intent.c.operation != Operation.ACTION.value
    ).limit(_AT_ONCE)
)
_PLANNED_IS_DUE = Prepared(
    update(intent)
    .where(intent.c.flow_id.in_(_OF_LINK), intent.c.state == IntentState.PLANNED.value)
    .values(due_at=bindparam("now"))
)


def recover(c: Connection, k: Keeper, link: str, settle_s: Mapping[str, float | None]) -> int:
    doubtful = [read_intent(row, k) for row in _SENT.all(c, {"of_link": link})]
    for one in doubtful:
        uncertain(c, k, one, "the process ended before an answer came", settle_s.get(one.connection))
    # unsent: planned anew from the latest state. Actions are not derived from state, they stay
    for row in _UNSENT.all(c, {"of_link": link}):
        drop(c, k, read_intent(row, k), "planned before the restart, never sent", 0.0)
    _PLANNED_IS_DUE.many(c, [{"link": link, "now": k.now}])
    return len(doubtful)


_HELD = (
    select(intent, flow.c.link)
    .join(flow, flow.c.id == intent.c.flow_id)
    .where(intent.c.state == IntentState.HELD.value, intent.c.error_class != ErrorClass.GUARD.value)
    .order_by(intent.c.id)
)


def held(c: Connection, k: Keeper, link: str | None, ident: int | None = None) -> list[HeldRow]:
    """Writes that only a person can settle; those that wait behind a hold need none."""
    query = _HELD if link is None else _HELD.where(flow.c.link == link)
    query = query if ident is None else query.where(intent.c.id == ident)
    found = []
    for row in c.execute(query).all():
        shown = pair_by_id(c, k, row.pair_id)
        assert shown is not None
        words = k.open_text(row.connection, "words", row.words)
        found.append(HeldRow(read_intent(row, k), shown, words))
    return found


_DUE = Query(
    _INTENTS.where(intent.c.state.in_(TO_LOOK_AT), intent.c.due_at <= bindparam("now")).limit(
        bindparam("most", type_=Integer)
    )
)


def due_intents(c: Connection, k: Keeper, link: str, limit: int) -> Sequence[IntentRow]:
    return [read_intent(row, k) for row in _DUE.all(c, {"of_link": link, "now": k.now, "most": limit})]


_NEXT_DUE = (
    Query(
        select(func.min(pair.c.due_at)).where(
            pair.c.flow_id.in_(_OF_LINK), pair.c.due_at > bindparam("now", type_=Instant)
        )
    ),
    Query(
        select(func.min(intent.c.due_at)).where(
            intent.c.flow_id.in_(_OF_LINK),
            intent.c.state.in_(TO_LOOK_AT),
            intent.c.due_at > bindparam("now", type_=Instant),
        )
    ),
)


def next_due_at(c: Connection, k: Keeper, link: str) -> datetime | None:
    """When something of the link falls due that is not due yet."""
    asked = {"link": link, "now": k.now}
    found = [at for query in _NEXT_DUE if (at := query.scalar(c, asked)) is not None]
    return min(found, default=None)


def prune(c: Connection, k: Keeper, before: datetime) -> int:
    """Settled intents and audit lines older than that. An intent that may yet act is never among them."""
    settled = (IntentState.POSTED.value, IntentState.REJECTED.value)
    intents = c.execute(
        delete(intent).where(intent.c.state.in_(settled), intent.c.settled_at < before)
    ).rowcount
    unchained = c.execute(
        delete(journal_table).where(journal_table.c.at < before, journal_table.c.seq.is_(None))
    ).rowcount
    return int(intents) + int(unchained) + journal.forget(c, k, before)
