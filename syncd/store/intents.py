"""Intents: a write is on disk before it leaves, and every outcome is one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, literal, select, update

from syncd.core import canonical
from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.core.outcome import ErrorClass
from syncd.ports.connector import WriteRequest
from syncd.ports.store import Acknowledgement, FlowRow, IntentRow, NewIntent, Observation, Settlement, Verdict
from syncd.store import journal
from syncd.store.holds import covering
from syncd.store.pairs import (
    OPEN,
    absorb,
    add_conflicts,
    chunks,
    hash_column,
    id_column,
    store_bases,
    store_conflicts,
    store_verdicts,
    wake_waiting,
)
from syncd.store.sealing import Keeper
from syncd.store.streams import find_stream, known, store_observations
from syncd.store.tables import conflict, flow, intent, pair

_NATURAL_WAIT_S = 2.0
"""When to look again whether another create of the same natural key has settled."""


@dataclass(frozen=True, slots=True)
class _Body:
    """What an intent keeps sealed: everything needed to send it, and to settle it, after a crash."""

    request: WriteRequest
    bases: dict[str, bytes] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)
    again: bool = False
    then: list[WriteRequest] = field(default_factory=list)
    then_if_rejected: list[WriteRequest] = field(default_factory=list)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Body).decode

_INSERT = insert(intent).returning(intent.c.id, sort_by_parameter_order=True)
_IN_FLIGHT = (
    update(pair)
    .where(pair.c.id == bindparam("row"))
    .values(
        state=PairState.IN_FLIGHT.value,
        due_at=None,
        since=bindparam("from_time"),
        left_hash=bindparam("on_left"),
        right_hash=bindparam("on_right"),
        code="",
        reason=None,
        field="",
        attempts=0,
        forced=literal(False),
        historical=literal(False),
        waits_side=None,
        waits_entity=None,
        waits_key=None,
    )
)


def write_down(
    c: Connection, k: Keeper, at: FlowRow, verdicts: Sequence[Verdict], intents: Sequence[NewIntent]
) -> Sequence[IntentRow]:
    store_verdicts(c, k, at, verdicts)
    ready = _one_create_each(c, k, intents)
    if not ready:
        return []
    ready = _referenced(c, ready)
    ids = list(c.execute(_INSERT, [_values(k, at, n) for n in ready]).scalars())
    in_flight = {n.pair: _flight_values(k, n) for n in ready}
    c.execute(_IN_FLIGHT, list(in_flight.values()))
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
    taken: set[tuple[str, str, bytes]] = set()
    for chunk in chunks(set(digests.values())):
        rows = c.execute(
            select(intent.c.connection, intent.c.entity, intent.c.natural).where(
                intent.c.natural.in_(chunk),
                intent.c.state.in_([s.value for s in (*OPEN, IntentState.HELD)]),
            )
        )
        taken.update((row.connection, row.entity, row.natural) for row in rows)
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


def _referenced(c: Connection, intents: Sequence[NewIntent]) -> list[NewIntent]:
    """Number each reference by the pair's intents so far: no two intents ever share one."""
    so_far: Counter[int] = Counter()
    for chunk in chunks({n.pair for n in intents}):
        rows = c.execute(
            select(intent.c.pair_id, func.count())
            .where(intent.c.pair_id.in_(chunk))
            .group_by(intent.c.pair_id)
        )
        for pair_id, count in rows:
            so_far[pair_id] = count
    numbered = []
    for n in intents:
        so_far[n.pair] += 1
        request = replace(n.request, reference=f"{n.request.reference}.{so_far[n.pair]}")
        numbered.append(replace(n, request=request))
    return numbered


def _values(k: Keeper, at: FlowRow, n: NewIntent) -> dict[str, Any]:
    body = _Body(
        n.request,
        {side.value: canonical.encode(record) for side, record in n.bases.items()},
        list(n.fields),
        n.again,
        list(n.then),
        list(n.then_if_rejected),
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


def _flight_values(k: Keeper, n: NewIntent) -> dict[str, Any]:
    return {
        "row": n.pair,
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
    )


# -- the way of one write ---------------------------------------------------------------------

_SENT = (
    update(intent)
    .where(intent.c.id == bindparam("row"), intent.c.state == IntentState.PLANNED.value)
    .values(state=IntentState.SENT.value, sent_at=bindparam("at"), attempts=intent.c.attempts + 1)
)


def mark_sent(c: Connection, k: Keeper, at: IntentRow) -> bool:
    holds = covering(
        c, at.connection, at.link, at.request.entity, at.request.source_key or at.request.key or ""
    )
    if holds:
        _yield_to_hold(c, k, at, holds[0].reason)
        return False
    marked = c.execute(_SENT, {"row": at.id, "at": k.now}).rowcount
    if marked:
        journal.write(c, k, [journal.Entry("sent", at.flow, at.pair, at.id, at.request.name, at.actor)])
    return bool(marked)


def _yield_to_hold(c: Connection, k: Keeper, at: IntentRow, reason: str) -> None:
    """What is unsent is dropped and planned anew on release (latest state); an action waits as it is."""
    if at.request.operation is Operation.ACTION:
        _move(c, at, IntentState.HELD, error_class=ErrorClass.GUARD.value, due_at=None)
    else:
        c.execute(delete(intent).where(intent.c.id == at.id))
    if not _others_open(c, at):
        c.execute(
            update(pair)
            .where(pair.c.id == at.pair)
            .values(
                state=PairState.HELD.value,
                since=k.now,
                code=ErrorClass.GUARD.value,
                reason=k.text(f"link:{at.link}", "reason", reason),
                due_at=None,
            )
        )
    journal.write(c, k, [journal.Entry("held", at.flow, at.pair, at.id, reason)])


def _move(c: Connection, at: IntentRow, state: IntentState, **values: Any) -> None:
    c.execute(update(intent).where(intent.c.id == at.id).values(state=state.value, **values))


def _others_open(c: Connection, at: IntentRow) -> bool:
    others = select(intent.c.id).where(
        intent.c.pair_id == at.pair,
        intent.c.id != at.id,
        intent.c.state.in_([s.value for s in OPEN]),
    )
    return c.execute(others.limit(1)).first() is not None


def settle(c: Connection, k: Keeper, s: Settlement) -> IntentRow | None:
    at = s.intent
    key = s.observed.key if s.observed else at.request.key
    _move(
        c, at, IntentState.POSTED, settled_at=k.now, remote_key=key, due_at=None, error_class="", words=None
    )
    entries = [journal.Entry("posted", at.flow, at.pair, at.id, f"{at.request.name} {key or ''}".strip())]
    values: dict[str, Any] = {}
    if s.observed is not None:
        values |= _settle_record(c, k, at, s.observed)
    if s.bases is not None:
        store_bases(c, k, at.link, {at.pair: s.bases})
    if s.conflicts:
        add_conflicts(c, k, at.pair, s.conflicts)
    if at.again:
        values["due_at"] = k.now
    following = _insert_next(c, k, at, s.next)
    if following is None and not _others_open(c, at):
        values |= {"state": _rest_state(c, at.pair).value, "since": k.now}
    if values:
        c.execute(update(pair).where(pair.c.id == at.pair).values(**values))
    journal.write(c, k, entries)
    if at.request.operation is Operation.CREATE:
        owner = FlowRow(at.flow, at.link, at.request.entity, True, "")
        wake_waiting(c, k, owner, [at.pair])
    return following


def _settle_record(c: Connection, k: Keeper, at: IntentRow, shown: Observation) -> dict[str, Any]:
    """The written record enters its stream as if it had been read, and is bound to the pair."""
    home = find_stream(c, at.connection, at.request.entity)
    have = known(c, home.id, [shown.key]).get(shown.key)
    seen = Observation(
        shown.key, shown.raw, shown.raw_hash, shown.content_hash, have, shown.natural, shown.gone
    )
    (remote_id,) = store_observations(c, k, home.id, at.connection, [seen])
    absorb(c, at.flow, at.side, remote_id, into=at.pair)
    return {id_column(at.side).name: remote_id, hash_column(at.side).name: shown.content_hash}


def _rest_state(c: Connection, pair_id: int) -> PairState:
    unsettled = select(conflict.c.id).where(conflict.c.pair_id == pair_id).limit(1)
    return PairState.CONFLICT if c.execute(unsettled).first() else PairState.IN_STEP


def _insert_next(c: Connection, k: Keeper, at: IntentRow, next_: Acknowledgement | None) -> IntentRow | None:
    if next_ is None:
        return None
    new = NewIntent(
        pair=at.pair,
        side=next_.side,
        connection=next_.connection,
        request=next_.request,
        bases={},
        hashes={},
        then=next_.then,
        actor=at.actor,
    )
    owner = FlowRow(at.flow, at.link, at.request.entity, True, "")
    (new,) = _referenced(c, [new])
    ident: int = c.execute(_INSERT, [_values(k, owner, new)]).scalar_one()
    return _row(owner, new, ident, k)


def accepted(c: Connection, k: Keeper, at: IntentRow, key: str, look_after_s: float) -> None:
    _move(c, at, IntentState.ACCEPTED, remote_key=key, due_at=k.now + timedelta(seconds=look_after_s))
    journal.write(c, k, [journal.Entry("accepted", at.flow, at.pair, at.id, key)])


def rejected(
    c: Connection,
    k: Keeper,
    at: IntentRow,
    error: ErrorClass,
    words: str,
    field_name: str,
    next_: Acknowledgement | None,
) -> IntentRow | None:
    """The record is quarantined with the platform's own words; everything else goes on."""
    _move(
        c,
        at,
        IntentState.REJECTED,
        settled_at=k.now,
        due_at=None,
        error_class=error.value,
        words=k.text(at.connection, "words", words),
    )
    journal.write(c, k, [journal.Entry("rejected", at.flow, at.pair, at.id, words)])
    following = _insert_next(c, k, at, next_)
    c.execute(
        update(pair)
        .where(pair.c.id == at.pair)
        .values(
            state=PairState.QUARANTINED.value,
            since=k.now,
            code=error.value,
            reason=k.text(f"link:{at.link}", "reason", words),
            field=field_name,
            attempts=pair.c.attempts + 1,
        )
    )
    return following


def retry_later(
    c: Connection, k: Keeper, at: IntentRow, error: ErrorClass, words: str, after_s: float
) -> None:
    _move(
        c,
        at,
        IntentState.PLANNED,
        due_at=k.now + timedelta(seconds=after_s),
        error_class=error.value,
        words=k.text(at.connection, "words", words),
    )
    journal.write(c, k, [journal.Entry("retry", at.flow, at.pair, at.id, words)])


def uncertain(c: Connection, k: Keeper, at: IntentRow, words: str, look_after_s: float | None) -> None:
    if look_after_s is None:
        hold_intent(c, k, at, f"{words}; nothing bounds how late it may still be carried out")
        return
    _move(
        c,
        at,
        IntentState.UNCERTAIN,
        due_at=k.now + timedelta(seconds=look_after_s),
        error_class=ErrorClass.CONNECTION.value,
        words=k.text(at.connection, "words", words),
    )
    journal.write(c, k, [journal.Entry("uncertain", at.flow, at.pair, at.id, words)])


def hold_intent(c: Connection, k: Keeper, at: IntentRow, words: str) -> None:
    """Nobody but a person can say whether it was carried out."""
    _move(
        c,
        at,
        IntentState.HELD,
        due_at=None,
        error_class=ErrorClass.CONFLICT.value,
        words=k.text(at.connection, "words", words),
    )
    c.execute(
        update(pair)
        .where(pair.c.id == at.pair)
        .values(
            state=PairState.HELD.value,
            since=k.now,
            due_at=None,
            code=ErrorClass.CONFLICT.value,
            reason=k.text(f"link:{at.link}", "reason", words),
        )
    )
    journal.write(c, k, [journal.Entry("held", at.flow, at.pair, at.id, words)])


def resend(c: Connection, k: Keeper, at: IntentRow) -> None:
    _move(c, at, IntentState.PLANNED, due_at=k.now)
    journal.write(
        c, k, [journal.Entry("proven_absent", at.flow, at.pair, at.id, "looked up: not carried out")]
    )


def drop(c: Connection, k: Keeper, at: IntentRow, words: str, due_in_s: float) -> None:
    c.execute(delete(intent).where(intent.c.id == at.id))
    values: dict[str, Any] = {"due_at": k.now + timedelta(seconds=due_in_s)}
    if not _others_open(c, at):
        values["state"] = PairState.DUE.value
    c.execute(update(pair).where(pair.c.id == at.pair).values(**values))
    journal.write(c, k, [journal.Entry("dropped", at.flow, at.pair, at.id, words)])


# -- recovery ---------------------------------------------------------------------------------

_OF_LINK = select(flow.c.id).where(flow.c.link == bindparam("link"))


def recover(c: Connection, k: Keeper, link: str, settle_s: Mapping[str, float | None]) -> int:
    mine = intent.c.flow_id.in_(_OF_LINK)
    doubtful = _read_many(c, k, link, intent.c.state == IntentState.SENT.value)
    for one in doubtful:
        uncertain(c, k, one, "the process ended before an answer came", settle_s.get(one.connection))
    # unsent: planned anew from the latest state. Actions are not derived from state, they stay
    unsent = _read_many(
        c,
        k,
        link,
        (intent.c.state == IntentState.PLANNED.value) & (intent.c.operation != Operation.ACTION.value),
    )
    for one in unsent:
        drop(c, k, one, "planned before the restart, never sent", 0.0)
    c.execute(
        update(intent).where(mine, intent.c.state == IntentState.PLANNED.value).values(due_at=k.now),
        {"link": link},
    )
    return len(doubtful)


def due_intents(c: Connection, k: Keeper, link: str, limit: int) -> Sequence[IntentRow]:
    waiting = intent.c.state.in_([IntentState.PLANNED, IntentState.UNCERTAIN, IntentState.ACCEPTED])
    return _read_many(c, k, link, waiting & (intent.c.due_at <= k.now), limit)


def next_due_at(c: Connection, k: Keeper, link: str) -> datetime | None:
    """When something of the link falls due that is not due yet."""
    flows = select(flow.c.id).where(flow.c.link == link)
    pairs = select(func.min(pair.c.due_at)).where(pair.c.flow_id.in_(flows), pair.c.due_at > k.now)
    waiting = intent.c.state.in_([IntentState.PLANNED, IntentState.UNCERTAIN, IntentState.ACCEPTED])
    intents = select(func.min(intent.c.due_at)).where(
        intent.c.flow_id.in_(flows), waiting, intent.c.due_at > k.now
    )
    found = [at for query in (pairs, intents) if (at := c.execute(query).scalar_one()) is not None]
    return min(found, default=None)


def _read_many(c: Connection, k: Keeper, link: str, which: Any, limit: int = 10_000) -> list[IntentRow]:
    rows = c.execute(
        select(intent, flow.c.link)
        .join(flow, flow.c.id == intent.c.flow_id)
        .where(flow.c.link == link, which)
        .order_by(intent.c.id)
        .limit(limit)
    )
    return [read_intent(row, k) for row in rows]
