"""What becomes of writes: sent under no hold, settled, refused, postponed, in doubt.

Concurrent writes end at nearly the same time, so the common ways (sent, settled) take many at once:
the same few statements for one write or for fifty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from syncd.core.brakes import Budget
from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.core.outcome import ErrorClass
from syncd.ports.store import Acknowledgement, FlowRow, IntentRow, Settlement
from syncd.store import holds, journal, spending
from syncd.store.columns import OPEN, hash_column, id_column
from syncd.store.dialects import reads_to_act
from syncd.store.intents import insert_following
from syncd.store.matching import absorb, ask_anew
from syncd.store.prepared import Prepared, put
from syncd.store.query import Query
from syncd.store.resolutions import wake
from syncd.store.sealing import Keeper
from syncd.store.streams import find_stream, known, store_observations
from syncd.store.tables import conflict, intent, pair, remote
from syncd.store.tables import hold as hold_table
from syncd.store.verdicts import add_conflicts, store_bases, wake_waiting

_LEFT, _RIGHT = remote.alias("l"), remote.alias("r")
_SENT = Query(
    update(intent)
    .where(intent.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state=IntentState.SENT.value,
        # the life of an idempotency key counts from its first use
        sent_at=case(
            (intent.c.state == IntentState.UNCERTAIN.value, intent.c.sent_at),
            else_=bindparam("at", type_=intent.c.sent_at.type),
        ),
        attempts=intent.c.attempts + 1,
    )
    .returning(intent.c.id)
)
_POSTED = Prepared(
    update(intent)
    .where(intent.c.id == bindparam("row"))
    .values(
        state=IntentState.POSTED.value,
        settled_at=bindparam("at"),
        remote_key=bindparam("key"),
        due_at=None,
        error_class="",
        words=None,
    )
)
_SENDABLE = Query(
    select(intent.c.id, intent.c.state)
    .where(
        intent.c.id.in_(bindparam("ids", expanding=True)),
        # one in doubt is repeated under its idempotency key; never anything that was settled meanwhile
        intent.c.state.in_([IntentState.PLANNED.value, IntentState.UNCERTAIN.value]),
    )
    .order_by(intent.c.id)
    .with_for_update()
)
_OTHERS_OPEN = Query(
    select(intent.c.pair_id)
    .where(
        intent.c.pair_id.in_(bindparam("pairs", expanding=True)),
        intent.c.id.not_in(bindparam("ids", expanding=True)),
        intent.c.state.in_(OPEN),
    )
    .distinct()
)
_IN_CONFLICT = Query(
    select(conflict.c.pair_id).where(conflict.c.pair_id.in_(bindparam("pairs", expanding=True))).distinct()
)
_ENDS_WITH_IT = and_(
    # a refused record stays in quarantine also once its source has been told; and an order to try it again
    # that came meanwhile stands until the record is on both sides
    pair.c.state != PairState.QUARANTINED.value,
    or_(~pair.c.forced, and_(pair.c.left_id.is_not(None), pair.c.right_id.is_not(None))),
)
"""Pairs of which an action that ends says how they stand: not of those whose refusal it told the source."""
_EXPLAINED: dict[PairState, dict[str, Any]] = {
    # why a write was held for a person is over once it is settled; what is contested stays so
    PairState.IN_STEP: {"code": "", "reason": null(), "field": ""},
    PairState.CONFLICT: {},
    PairState.GONE: {"code": "", "reason": null(), "field": ""},
}
_REST = {
    state: Query(
        update(pair)
        .where(pair.c.id.in_(bindparam("pairs", expanding=True)), _ENDS_WITH_IT)
        .values(
            state=state.value, since=bindparam("at"), forced=literal(False), historical=literal(False), **why
        )
        .returning(pair.c.id)
    )
    for state, why in _EXPLAINED.items()
}

_BOUND = {
    side: Prepared(
        update(pair)
        .where(pair.c.id == bindparam("row"))
        .values({id_column(side): bindparam("remote"), hash_column(side): bindparam("content")})
    )
    for side in Side
}
_OWNED = {
    side: Query(
        select(pair.c.id).where(
            pair.c.flow_id == bindparam("of"),
            id_column(side) == bindparam("remote"),
            pair.c.id != bindparam("row"),
        )
    )
    for side in Side
}
_AGAIN = Prepared(update(pair).where(pair.c.id == bindparam("row")).values(due_at=bindparam("at")))
_DECIDED_ON = (
    select(intent.c.id)
    .join(pair, pair.c.id == intent.c.pair_id)
    .outerjoin(_LEFT, _LEFT.c.id == pair.c.left_id)
    .outerjoin(_RIGHT, _RIGHT.c.id == pair.c.right_id)
    .where(
        intent.c.id.in_(bindparam("ids", expanding=True)),
        or_(
            pair.c.left_hash.is_distinct_from(_LEFT.c.content_hash),
            pair.c.right_hash.is_distinct_from(_RIGHT.c.content_hash),
        ),
    )
)
_LOOK_AGAIN = timedelta(seconds=30)
"""How often one in doubt is looked at while a hold keeps it from being repeated."""


# -- sent -------------------------------------------------------------------------------------


def mark_sent(
    c: Connection,
    k: Keeper,
    intents: Sequence[IntentRow],
    budgets: Mapping[str, Budget] = MappingProxyType({}),
) -> list[bool]:
    """Hold check, budget and mark, in this one transaction: what a hold covers is not marked."""
    reads_to_act(c, hold_table)
    open_holds = {hold.scope: hold.reason for hold in holds.active(c, None)}
    sendable = {(row.id, row.state) for row in _SENDABLE.all(c, {"ids": [at.id for at in intents]})}
    free = []
    for at in intents:
        reason = _covering(open_holds, at) if open_holds else None
        if (at.id, at.state.value) not in sendable:
            continue
        if reason is None:
            free.append(at)
        else:
            _yield_to_hold(c, k, at, reason)
    if budgets:
        free, late, trips = spending.within(c, k, free, budgets)
        for link, trip in trips.items():
            holds.place(c, k, f"link:{link}", trip.message, f"brake:{trip.brake.value}", trip.size)
        for at in late:
            _yield_to_hold(c, k, at, trips[at.link].message)
    marked: set[int] = set()
    if free:
        marked.update(_SENT.scalars(c, {"ids": [at.id for at in free], "at": k.now}))
        entries = [journal.Entry("sent", at.flow, at.pair, at.id, at.request.name, at.actor) for at in free]
        journal.write(c, k, entries)
    return [at.id in marked for at in intents]


def covered(c: Connection, at: IntentRow) -> bool:
    """Whether a hold covers it by now."""
    open_holds = {hold.scope: hold.reason for hold in holds.active(c, None)}
    return _covering(open_holds, at) is not None


def _covering(open_holds: dict[str, str], at: IntentRow) -> str | None:
    keys = [key for key in (at.request.source_key, at.request.key) if key]
    scopes = holds.scopes(at.connection, at.link, at.request.entity, keys, at.fields)
    return next((open_holds[scope] for scope in scopes if scope in open_holds), None)


def _yield_to_hold(c: Connection, k: Keeper, at: IntentRow, reason: str) -> None:
    """What is unsent is dropped and planned anew on release (latest state); an action waits as it is."""
    if at.state is IntentState.UNCERTAIN:
        # the hold stops its repeat; what was sent before is in doubt all the same
        _move(c, at, IntentState.UNCERTAIN, due_at=k.now + _LOOK_AGAIN)
        return
    if at.request.operation is Operation.ACTION:
        _move(c, at, IntentState.HELD, error_class=ErrorClass.GUARD.value, due_at=None)
    else:
        _forget(c, k, at, reason)
    if at.pair not in _others_open(c, [at]):
        c.execute(
            update(pair)
            .where(pair.c.id == at.pair, _not_for_its_refusal(at))
            .values(
                state=PairState.HELD.value,
                since=k.now,
                code=ErrorClass.GUARD.value,
                reason=k.text(f"link:{at.link}", "reason", reason),
                due_at=None,
            )
        )
    journal.write(c, k, [journal.Entry("held", at.flow, at.pair, at.id, reason)])


def _not_for_its_refusal(at: IntentRow) -> ColumnElement[bool]:
    """Not a pair that stays in quarantine whatever becomes of telling its source so."""
    if at.request.operation is not Operation.ACTION:
        return true()
    return pair.c.state != PairState.QUARANTINED.value


def _others_open(c: Connection, intents: Sequence[IntentRow]) -> set[int]:
    """Pairs of these intents that have other open ones."""
    asked = {"pairs": [at.pair for at in intents], "ids": [at.id for at in intents]}
    return set(_OTHERS_OPEN.scalars(c, asked))


# -- settled ----------------------------------------------------------------------------------


def settle(c: Connection, k: Keeper, settlements: Sequence[Settlement]) -> list[IntentRow | None]:
    """Base, binding, journal and the next intent of each, together."""
    asked, barred = settlements, _bind(c, k, [s for s in settlements if s.observed is not None])
    for s in barred.values():
        hold_intent(c, k, s.intent, f"the answer names {_key(s)}, which belongs to another record already")
    settlements = [s for s in asked if s.intent.id not in barred]
    if not settlements:
        return [None] * len(asked)
    intents = [s.intent for s in settlements]
    _POSTED.many(c, [{"row": s.intent.id, "at": k.now, "key": _key(s)} for s in settlements])
    by_link: dict[str, dict[int, Any]] = defaultdict(dict)
    for s in settlements:
        if s.bases is not None:
            by_link[s.intent.link][s.intent.pair] = s.bases
        if s.conflicts:
            add_conflicts(c, k, s.intent.pair, s.conflicts)
    for link, bases in by_link.items():
        store_bases(c, k, link, bases)
    _AGAIN.many(c, [{"row": at.pair, "at": k.now} for at in intents if at.again])
    wake(c, k, [at.pair for at in intents])
    following = insert_following(c, k, [(s.intent, s.next) for s in settlements if s.next is not None])
    _rest(c, k, [at for at in intents if at.id not in following])
    entries = [
        journal.Entry(
            "posted", s.intent.flow, s.intent.pair, s.intent.id, f"{s.intent.request.name} {_key(s)}".strip()
        )
        for s in settlements
    ]
    journal.write(c, k, entries)
    _wake(c, k, intents)
    return [following.get(s.intent.id) for s in asked]


def _key(s: Settlement) -> str:
    return (s.observed.key if s.observed else s.intent.request.key) or ""


def _bind(c: Connection, k: Keeper, settlements: Sequence[Settlement]) -> dict[int, Settlement]:
    """The written records enter their streams as if they had been read, and are bound to their pairs.

    Returns those that cannot be (by intent): their record is another pair's already.
    """
    barred: dict[int, Settlement] = {}
    partnered: set[int] = set()
    by_stream: dict[tuple[str, str], list[Settlement]] = defaultdict(list)
    for s in settlements:
        by_stream[s.intent.connection, s.intent.request.entity].append(s)
    for (connection, entity), group in sorted(by_stream.items()):
        home = find_stream(c, connection, entity)
        shown = [s.observed for s in group if s.observed is not None]
        have = known(c, home.id, [o.key for o in shown])
        ids = store_observations(
            c, k, home.id, connection, [o if o.key not in have else o.beside(have[o.key]) for o in shown]
        )
        bound: dict[Side, list[dict[str, Any]]] = defaultdict(list)
        for s, observed, remote_id in zip(group, shown, ids, strict=True):
            at = s.intent
            if observed.key in have:  # it was seen before: as a lone record, perhaps
                if absorb(c, at.flow, at.side, remote_id, into=at.pair):
                    partnered.add(at.flow)
                if _OWNED[at.side].first(c, {"of": at.flow, "remote": remote_id, "row": at.pair}):
                    barred[at.id] = s
                    continue
            bound[at.side].append({"row": at.pair, "remote": remote_id, "content": observed.content_hash})
        for side, rows in bound.items():
            _BOUND[side].many(c, rows)
    for flow_id in sorted(partnered):
        ask_anew(c, k, flow_id)
    return barred


def _rest(c: Connection, k: Keeper, intents: Sequence[IntentRow]) -> None:
    """Pairs that nothing more is under way for come to rest: in step, in conflict, or gone."""
    if not intents:
        return
    busy = _others_open(c, intents)
    resting = {at.pair for at in intents if at.pair not in busy}
    if not resting:
        return
    gone = resting & {at.pair for at in intents if at.request.operation is Operation.DELETE}
    contested = set(_IN_CONFLICT.scalars(c, {"pairs": sorted(resting)})) - gone
    in_step = resting - gone - contested
    for rest, pairs in (
        (PairState.IN_STEP, in_step),
        (PairState.CONFLICT, contested),
        (PairState.GONE, gone),
    ):
        if pairs:
            _REST[rest].all(c, {"pairs": sorted(pairs), "at": k.now})


def _wake(c: Connection, k: Keeper, intents: Sequence[IntentRow]) -> None:
    created: dict[tuple[int, str, str], list[int]] = defaultdict(list)
    for at in intents:
        if at.request.operation is Operation.CREATE:
            created[at.flow, at.link, at.request.entity].append(at.pair)
    for (flow_id, link, entity), pairs in created.items():
        wake_waiting(c, k, FlowRow(flow_id, link, entity, True, ""), pairs)


# -- everything else, one at a time -----------------------------------------------------------


def _move(c: Connection, at: IntentRow, state: IntentState, **values: Any) -> None:
    put(c, intent, at.id, {"state": state.value, **values})


def accepted(c: Connection, k: Keeper, at: IntentRow, key: str, look_after_s: float) -> None:
    named = {"remote_key": key} if key else {}
    _move(c, at, IntentState.ACCEPTED, due_at=k.now + timedelta(seconds=look_after_s), **named)
    if at.state is not IntentState.ACCEPTED:
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
    following = insert_following(c, k, [] if next_ is None else [(at, next_)]).get(at.id)
    refused = update(pair).where(pair.c.id == at.pair)
    if at.request.operation is Operation.ACTION:
        # telling the source about a refusal may be refused as well: the first reason is the one to mend
        refused = refused.where(_ENDS_WITH_IT)
    c.execute(
        refused.values(
            state=PairState.QUARANTINED.value,
            since=k.now,
            code=error.value,
            reason=k.text(f"link:{at.link}", "reason", words),
            field=field_name,
            attempts=pair.c.attempts + 1,
            forced=False,  # the order was carried out; it was the other side that said no
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


def uncertain(
    c: Connection, k: Keeper, at: IntentRow, words: str, look_after_s: float | None, key: str = ""
) -> None:
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
        **({"remote_key": key} if key else {}),
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
        .where(pair.c.id == at.pair, _not_for_its_refusal(at))
        .values(
            # what is due stays due: it is decided about once this is settled
            state=PairState.HELD.value,
            since=k.now,
            code=ErrorClass.CONFLICT.value,
            reason=k.text(f"link:{at.link}", "reason", words),
        )
    )
    journal.write(c, k, [journal.Entry("held", at.flow, at.pair, at.id, words)])


def settled_by(c: Connection, k: Keeper, at: IntentRow, said: str, actor: str) -> None:
    journal.write(c, k, [journal.Entry("settled_by", at.flow, at.pair, at.id, said, actor)])


def resend(c: Connection, k: Keeper, at: IntentRow) -> None:
    _move(c, at, IntentState.PLANNED, due_at=k.now)
    journal.write(
        c, k, [journal.Entry("proven_absent", at.flow, at.pair, at.id, "looked up: not carried out")]
    )


def outdated(c: Connection, ids: Sequence[int]) -> frozenset[int]:
    """Intents whose pair shows other content than they were decided on."""
    return frozenset(c.execute(_DECIDED_ON, {"ids": list(ids)}).scalars())


_FORGET_UNSENT = Prepared(delete(intent).where(intent.c.id == bindparam("row"), intent.c.attempts == 0))


def _forget(c: Connection, k: Keeper, at: IntentRow, words: str) -> None:
    """It is proven not carried out. Once it was sent it stays on record, and so does its reference."""
    if _FORGET_UNSENT.many(c, [{"row": at.id}]):
        return
    _move(
        c,
        at,
        IntentState.REJECTED,
        settled_at=k.now,
        due_at=None,
        error_class=ErrorClass.CONFLICT.value,
        words=k.text(at.connection, "words", words),
    )


def drop(c: Connection, k: Keeper, at: IntentRow, words: str, due_in_s: float) -> None:
    _forget(c, k, at, words)
    values: dict[str, Any] = {"due_at": k.now + timedelta(seconds=due_in_s)}
    if at.pair not in _others_open(c, [at]):
        values["state"] = PairState.DUE.value
    put(c, pair, at.pair, values)
    journal.write(c, k, [journal.Entry("dropped", at.flow, at.pair, at.id, words)])
