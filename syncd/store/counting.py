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

_PAIRS = pair.c.flow_id == bindparam("flow")
_INTENTS = intent.c.flow_id == bindparam("flow")
_STATES = Query(select(pair.c.state, func.count()).where(_PAIRS).group_by(pair.c.state))
_WRITES = Query(
    select(intent.c.state, func.count())
    .where(_INTENTS, intent.c.state.in_(UNSETTLED))
    .group_by(intent.c.state)
)
_BOUND = Query(select(func.count()).where(_PAIRS, pair.c.left_id.is_not(None), pair.c.right_id.is_not(None)))
_DUE = Query(select(func.count(), func.min(pair.c.due_at)).where(_PAIRS, pair.c.due_at.is_not(None)))
_HELD = Query(
    select(func.count()).where(
        _INTENTS,
        intent.c.state == IntentState.HELD.value,
        intent.c.error_class != ErrorClass.GUARD.value,
    )
)


def counts(c: Connection, at: FlowRow) -> Counts:
    asked = {"flow": at.id}
    due, oldest = _DUE.first(c, asked)
    return Counts(
        held_writes=_HELD.scalar(c, asked),
        states={PairState(state): n for state, n in _STATES.all(c, asked)},
        intents={IntentState(state): n for state, n in _WRITES.all(c, asked)},
        bound=_BOUND.scalar(c, asked),
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
