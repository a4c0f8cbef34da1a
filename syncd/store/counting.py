"""Counting: what status and the brakes ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, bindparam, func, select

from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.core.outcome import ErrorClass
from syncd.ports.store import Counts, FlowRow
from syncd.store.columns import OPEN, UNSETTLED, chunks
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import intent, pair


def counts(c: Connection, at: FlowRow) -> Counts:
    states = c.execute(
        select(pair.c.state, func.count()).where(pair.c.flow_id == at.id).group_by(pair.c.state)
    )
    intents = c.execute(
        select(intent.c.state, func.count())
        .where(intent.c.flow_id == at.id, intent.c.state.in_(UNSETTLED))
        .group_by(intent.c.state)
    )
    bound = c.execute(
        select(func.count()).where(
            pair.c.flow_id == at.id, pair.c.left_id.is_not(None), pair.c.right_id.is_not(None)
        )
    ).scalar_one()
    due, oldest = c.execute(
        select(func.count(), func.min(pair.c.due_at)).where(
            pair.c.flow_id == at.id, pair.c.due_at.is_not(None)
        )
    ).one()
    held_writes = c.execute(
        select(func.count()).where(
            intent.c.flow_id == at.id,
            intent.c.state == IntentState.HELD.value,
            intent.c.error_class != ErrorClass.GUARD.value,
        )
    ).scalar_one()
    return Counts(
        held_writes=held_writes,
        states={PairState(state): n for state, n in states},
        intents={IntentState(state): n for state, n in intents},
        bound=bound,
        due=due,
        oldest_due_at=oldest,
    )


_PER_PAIR = (
    select(func.count().label("n"))
    .where(
        intent.c.pair_id.in_(bindparam("pairs", expanding=True)),
        intent.c.created_at > bindparam("since"),
        intent.c.operation != Operation.ACTION.value,
    )
    .group_by(intent.c.pair_id)
    .subquery()
)
_BUSIEST = Query(select(func.coalesce(func.max(_PER_PAIR.c.n), 0)))
_OPEN_CREATES = Query(
    select(intent.c.side)
    .where(
        intent.c.flow_id == bindparam("flow"),
        intent.c.operation == Operation.CREATE.value,
        # a held one waits for a person, perhaps for long: only what looks like it waits with it (``near``)
        intent.c.state.in_(OPEN),
    )
    .distinct()
)


def busiest(c: Connection, k: Keeper, pairs: Sequence[int], within_s: float) -> int:
    since = k.now - timedelta(seconds=within_s)
    most = 0
    for chunk in chunks(pairs):
        most = max(most, _BUSIEST.scalar(c, {"pairs": chunk, "since": since}))
    return most


def open_creates(c: Connection, at: FlowRow) -> frozenset[Side]:
    return frozenset(map(Side, _OPEN_CREATES.scalars(c, {"flow": at.id})))
