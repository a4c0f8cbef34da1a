"""Intents on disk: a write is put down whole before it leaves, and can be read back whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Row, and_, bindparam, select, update

from syncd.core import canonical
from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.ports.connector import WriteRequest
from syncd.ports.store import Acknowledgement, FlowRow, IntentRow, NewIntent, Verdict
from syncd.store import journal
from syncd.store.columns import AT_REST, chunks
from syncd.store.prepared import Numbered, Prepared
from syncd.store.query import Query
from syncd.store.resolutions import forget
from syncd.store.sealing import Keeper
from syncd.store.tables import OPEN_NATURAL, intent, pair
from syncd.store.tables import journal as journal_table
from syncd.store.verdicts import store_conflicts, store_verdicts

_NATURAL_WAIT_S = 2.0
"""When to look again whether another create of the same natural key has settled."""


class _Body(msgspec.Struct, frozen=True):
    """What an intent keeps sealed: everything needed to send it, and to settle it, after a crash."""

    request: WriteRequest
    bases: dict[str, bytes] = {}
    fields: Sequence[str] = ()
    again: bool = False
    then: Sequence[WriteRequest] = ()
    then_if_rejected: Sequence[WriteRequest] = ()
    amount: Decimal = Decimal(0)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Body).decode

_NUMBERED = Prepared(update(pair).where(pair.c.id == bindparam("row")).values(intents=bindparam("so_far")))
_INTENT = Numbered(intent)
_IN_FLIGHT = Prepared(
    update(pair)
    .where(pair.c.id == bindparam("row"))
    .values(
        state=PairState.IN_FLIGHT.value,
        due_at=None,
        since=bindparam("from_time"),
        left_hash=bindparam("on_left"),
        right_hash=bindparam("on_right"),
        intents=bindparam("so_far"),
        code="",
        reason=None,
        field="",
        attempts=0,
        waits_side=None,
        waits_entity=None,
        waits_key=None,
    )
)

_TAKEN = Query(
    select(intent.c.natural).where(
        intent.c.connection == bindparam("of_connection"),
        intent.c.entity == bindparam("of_entity"),
        intent.c.natural.in_(bindparam("digests", expanding=True)),
        OPEN_NATURAL,
    )
)
_SO_FAR = Query(select(pair.c.id, pair.c.intents).where(pair.c.id.in_(bindparam("pairs", expanding=True))))
_REFUSED = Query(
    # one that was called off ends in the same state: the journal tells who said no
    select(intent.c.pair_id, intent.c.connection, intent.c.error_class, intent.c.words)
    .join(
        journal_table,
        and_(
            journal_table.c.pair_id == intent.c.pair_id,
            journal_table.c.intent_id == intent.c.id,
            journal_table.c.kind == "rejected",
        ),
    )
    .where(
        intent.c.pair_id.in_(bindparam("pairs", expanding=True)),
        intent.c.operation != Operation.ACTION.value,
    )
    .order_by(intent.c.id)
)


def refusals(c: Connection, k: Keeper, pairs: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = [row for chunk in chunks(pairs) for row in _REFUSED.all(c, {"pairs": chunk})]
    return {r.pair_id: (r.error_class, k.open_text(r.connection, "words", r.words)) for r in rows}


def write_down(
    c: Connection, k: Keeper, at: FlowRow, verdicts: Sequence[Verdict], intents: Sequence[NewIntent]
) -> Sequence[IntentRow]:
    store_verdicts(c, k, at, verdicts)
    forget(
        c,
        k,
        at.id,
        {v.pair: v.refused for v in verdicts if v.refused}
        | {n.pair: n.refused for n in intents if n.refused},
        [v.pair for v in verdicts if v.state in AT_REST],
    )
    ready = _one_create_each(c, k, intents)
    if not ready:
        return []
    ready, so_far = _referenced(c, ready)
    ids = _INTENT.many(c, [_values(k, at, n) for n in ready])
    in_flight = {n.pair: _flight_values(k, n, so_far[n.pair]) for n in ready}
    _IN_FLIGHT.many(c, list(in_flight.values()))
    store_conflicts(c, k, {n.pair: n.conflicts for n in ready})
    journal.write(
        c,
        k,
        [
            journal.Entry("planned", at.id, n.pair, ident, f"{n.request.name} on the {n.side.value}", n.actor)
            for n, ident in zip(ready, ids, strict=True)
        ],
    )
    return [_row(at, n, ident, k) for n, ident in zip(ready, ids, strict=True)]


def _one_create_each(c: Connection, k: Keeper, intents: Sequence[NewIntent]) -> list[NewIntent]:
    """Creates of one natural key on one connection go one after the other, whoever asks for them."""
    digests = {id(n): k.digest(n.natural) for n in intents if n.natural is not None}
    wanted: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for n in intents:
        if id(n) in digests:
            wanted[n.connection, n.request.entity].add(digests[id(n)])
    taken: set[tuple[str, str, bytes]] = set()
    for (connection, entity), naturals in wanted.items():
        for chunk in chunks(naturals):
            asked = {"of_connection": connection, "of_entity": entity, "digests": chunk}
            taken.update((connection, entity, natural) for natural in _TAKEN.scalars(c, asked))
    ready, late = [], []
    for n in intents:
        digest = digests.get(id(n))
        mark = None if digest is None else (n.connection, n.request.entity, digest)
        if mark in taken:
            late.append(n.pair)
            continue
        if mark is not None:
            taken.add(mark)
        ready.append(n)
    if late:
        c.execute(
            update(pair)
            .where(pair.c.id.in_(late))
            .values(state=PairState.WAITING.value, due_at=k.now + timedelta(seconds=_NATURAL_WAIT_S))
        )
    return ready


def _referenced(c: Connection, intents: Sequence[NewIntent]) -> tuple[list[NewIntent], dict[int, int]]:
    """Number each reference by the intents its pair ever had, also those dropped or pruned since: a look-up
    must never find what another intent has left behind. Returns how many each pair has had by now, too; the
    caller puts it down."""
    so_far: dict[int, int] = {}
    for chunk in chunks({n.pair for n in intents}):
        rows = _SO_FAR.all(c, {"pairs": chunk})
        so_far.update((row.id, row.intents) for row in rows)
    numbered = []
    for n in intents:
        so_far[n.pair] += 1
        request = replace(n.request, reference=f"{n.request.reference}.{so_far[n.pair]}")
        numbered.append(replace(n, request=request))
    return numbered, so_far


def _values(k: Keeper, at: FlowRow, n: NewIntent) -> dict[str, Any]:
    body = _Body(
        n.request,
        {side.value: canonical.encode(record) for side, record in n.bases.items()},
        n.fields,
        n.again,
        n.then,
        n.then_if_rejected,
        n.amount,
    )
    return {
        "flow_id": at.id,
        "pair_id": n.pair,
        "side": n.side.value,
        "connection": n.connection,
        "entity": n.request.entity,
        "operation": n.request.operation.value,
        "reference": n.request.reference,
        "natural": k.digest(n.natural) if n.natural is not None else None,
        "state": IntentState.PLANNED.value,
        "body": k.seal.seal(n.connection, "intent", _encode(body)),
        "remote_key": n.request.key,
        "created_at": k.now,
        "due_at": k.now,
        "actor": n.actor,
    }


def _flight_values(k: Keeper, n: NewIntent, so_far: int) -> dict[str, Any]:
    return {
        "row": n.pair,
        "so_far": so_far,
        "from_time": k.now,
        "on_left": n.hashes.get(Side.LEFT),
        "on_right": n.hashes.get(Side.RIGHT),
    }


def _row(at: FlowRow, n: NewIntent, ident: int, k: Keeper) -> IntentRow:
    return IntentRow(
        id=ident,
        flow=at.id,
        link=at.link,
        pair=n.pair,
        side=n.side,
        connection=n.connection,
        state=IntentState.PLANNED,
        request=n.request,
        bases=n.bases,
        fields=n.fields,
        again=n.again,
        then=n.then,
        then_if_rejected=n.then_if_rejected,
        attempts=0,
        created_at=k.now,
        sent_at=None,
        actor=n.actor,
        amount=n.amount,
    )


def read_intent(row: Row[Any], k: Keeper) -> IntentRow:
    """Open a row of ``intent`` joined with its flow's ``link``."""
    body = _decode(k.seal.open(row.connection, "intent", row.body))
    return IntentRow(
        id=row.id,
        flow=row.flow_id,
        link=row.link,
        pair=row.pair_id,
        side=Side(row.side),
        connection=row.connection,
        state=IntentState(row.state),
        request=body.request,
        bases={Side(side): canonical.decode(data) for side, data in body.bases.items()},
        fields=body.fields,
        again=body.again,
        then=body.then,
        then_if_rejected=body.then_if_rejected,
        attempts=row.attempts,
        created_at=row.created_at,
        sent_at=row.sent_at,
        actor=row.actor,
        amount=body.amount,
        remote_key=row.remote_key or "",
    )


def insert_following(
    c: Connection, k: Keeper, following: Sequence[tuple[IntentRow, Acknowledgement]]
) -> dict[int, IntentRow]:
    """The actions that follow settled intents, as intents of their own. By the settled intent's id."""
    if not following:
        return {}
    new, so_far = _referenced(
        c,
        [
            NewIntent(
                pair=at.pair,
                side=next_.side,
                connection=next_.connection,
                request=next_.request,
                bases={},
                hashes={},
                then=next_.then,
                actor=at.actor,
            )
            for at, next_ in following
        ],
    )
    _NUMBERED.many(c, [{"row": ident, "so_far": count} for ident, count in so_far.items()])
    owners = [FlowRow(at.flow, at.link, at.request.entity, True, "") for at, _ in following]
    ids = _INTENT.many(c, [_values(k, owner, n) for owner, n in zip(owners, new, strict=True)])
    return {
        at.id: _row(owner, n, ident, k)
        for (at, _), owner, n, ident in zip(following, owners, new, ids, strict=True)
    }
