"""What people ask of the store: how flows stand, what is refused, the life of one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, or_, select, update

from syncd.core.canonical import NORMALISERS
from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.ports.records import Event, FlowLine, PairLife, RefusedPair
from syncd.ports.store import FlowRow
from syncd.store import journal
from syncd.store.comparing import latest
from syncd.store.counting import counts
from syncd.store.pairs import pair_by_id
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import flow, intent, link_line, pair, remote, remote_body, remote_natural, stream
from syncd.store.tables import journal as journal_table

_LIVES_MAX = 20
_RANKS_MAX = 16
"""More natural keys than any kind of record has."""

_PAIRS = select(pair, flow.c.link, flow.c.entity).join(flow, flow.c.id == pair.c.flow_id)
_ALL_REFUSED = (
    _PAIRS.where(pair.c.state == PairState.QUARANTINED.value)
    .order_by(pair.c.since, pair.c.id)
    .limit(bindparam("many", type_=Integer))
)
_REFUSED = Query(_ALL_REFUSED)
_REFUSED_THERE = Query(_ALL_REFUSED.where(flow.c.link == bindparam("of_link")))


def flow_lines(c: Connection, link: str) -> list[FlowLine]:
    rows = c.execute(select(flow).where(flow.c.link == link).order_by(flow.c.id)).all()
    compared = {one.entity: one for one in latest(c, link)}
    # a run that finds no news leaves a flow's row alone; that it came to its end stands in the link's
    quiet = c.execute(select(link_line.c.last_success_at).where(link_line.c.link == link)).scalar()
    lines = []
    for row in rows:
        at = FlowRow(row.id, row.link, row.entity, row.first_sync_done, row.fingerprint, row.ceiling)
        done, succeeded = row.last_cycle_at, row.last_success_at
        if quiet is not None and done is not None and succeeded is not None and not row.last_error:
            done, succeeded = max(done, quiet), max(succeeded, quiet)
        last = compared.get(row.entity)
        lines.append(FlowLine(at, counts(c, at), done, succeeded, row.last_error, last))
    return lines


def stream_errors(c: Connection) -> Mapping[tuple[str, str], str]:
    rows = c.execute(select(stream.c.connection, stream.c.entity, stream.c.last_error))
    return {(row.connection, row.entity): row.last_error for row in rows}


def bindings(c: Connection, link: str, entity: str) -> list[tuple[str, str]]:
    """(left key, right key) of every bound pair."""
    left, right = remote.alias("l"), remote.alias("r")
    rows = c.execute(
        select(left.c.key, right.c.key)
        .select_from(pair)
        .join(flow, flow.c.id == pair.c.flow_id)
        .join(left, left.c.id == pair.c.left_id)
        .join(right, right.c.id == pair.c.right_id)
        .where(flow.c.link == link, flow.c.entity == entity)
        .order_by(pair.c.id)
    )
    return [(a, b) for a, b in rows]


def bodies(c: Connection, k: Keeper, connection: str, entity: str) -> list[bytes]:
    rows = c.execute(
        select(remote_body.c.body)
        .join(remote, remote.c.id == remote_body.c.remote_id)
        .join(stream, stream.c.id == remote.c.stream_id)
        .where(stream.c.connection == connection, stream.c.entity == entity, ~remote.c.gone)
    )
    return [k.seal.open(connection, "observation", body) for (body,) in rows]


def quarantined(c: Connection, k: Keeper, link: str | None, limit: int) -> list[RefusedPair]:
    asked = {"many": limit}
    rows = _REFUSED.all(c, asked) if link is None else _REFUSED_THERE.all(c, asked | {"of_link": link})
    refused = []
    for row in rows:
        shown = pair_by_id(c, k, row.id)
        assert shown is not None
        refused.append(
            RefusedPair(
                id=row.id,
                link=row.link,
                entity=row.entity,
                row=shown,
                code=row.code,
                reason=k.open_text(f"link:{row.link}", "reason", row.reason),
                field=row.field,
                since=row.since,
                attempts=row.attempts,
            )
        )
    return refused


def life(c: Connection, k: Keeper, ident: int) -> PairLife | None:
    row = c.execute(_PAIRS.where(pair.c.id == ident)).one_or_none()
    return None if row is None else _life(c, k, row)


def lives(c: Connection, k: Keeper, entity: str, ident: str, link: str | None) -> list[PairLife]:
    """By either side's key, or by what people call it: its number or name, in any spelling."""
    digests = {k.digest(fold(ident)) for fold in NORMALISERS.values()}
    named = select(remote_natural.c.remote_id).where(
        remote_natural.c.stream_id.in_(select(stream.c.id).where(stream.c.entity == entity)),
        remote_natural.c.rank.in_(range(_RANKS_MAX)),  # named, so that the index serves
        remote_natural.c.digest.in_(digests),
    )
    keyed = select(remote.c.id).where(remote.c.key == ident)
    query: Select[Any] = (
        _PAIRS.where(
            flow.c.entity == entity,
            or_(
                pair.c.left_id.in_(keyed),
                pair.c.right_id.in_(keyed),
                pair.c.left_id.in_(named),
                pair.c.right_id.in_(named),
            ),
        )
        .order_by(pair.c.id)
        .limit(_LIVES_MAX)
    )
    if link is not None:
        query = query.where(flow.c.link == link)
    return [_life(c, k, row) for row in c.execute(query).all()]


def _life(c: Connection, k: Keeper, row: Any) -> PairLife:
    shown = pair_by_id(c, k, row.id)
    assert shown is not None
    ids = {side: getattr(row, f"{side.value}_id") for side in Side}
    seen = {
        side: c.execute(select(remote.c.seen_at).where(remote.c.id == ident)).scalar_one()
        for side, ident in ids.items()
        if ident is not None
    }
    events = c.execute(
        select(journal_table).where(journal_table.c.pair_id == row.id).order_by(journal_table.c.id)
    )
    return PairLife(
        link=row.link,
        entity=row.entity,
        row=shown,
        reason=k.open_text(f"link:{row.link}", "reason", row.reason),
        seen_at=seen,
        events=[
            Event(e.at, e.kind, k.open_text("journal", "text", e.text), e.intent_id, e.actor) for e in events
        ],
    )


def requeue(c: Connection, k: Keeper, pairs: Sequence[int], actor: str) -> int:
    """Quarantined pairs are decided again, and actions that were refused are sent again."""
    found = _quarantined_of(c, pairs)
    if not found:
        return 0
    # what was sent once had been approved, whatever status its refusal has put it in; what never was
    # sent is only decided anew
    once_sent = or_(pair.c.forced, pair.c.attempts > 0)
    c.execute(
        update(pair)
        .where(pair.c.id.in_(found))
        .values(due_at=k.now, state=PairState.DUE.value, forced=once_sent)
    )
    # a refused action is not derived from state: deciding anew would not plan it again. What was to be told
    # of a refusal is told anew if it comes to that: sent now, it would end the order to try once more
    both = select(pair.c.id).where(
        pair.c.id.in_(found), pair.c.left_id.is_not(None), pair.c.right_id.is_not(None)
    )
    c.execute(
        update(intent)
        .where(
            intent.c.pair_id.in_(both),
            intent.c.state == IntentState.REJECTED.value,
            intent.c.operation == Operation.ACTION.value,
        )
        .values(state=IntentState.PLANNED.value, due_at=k.now)
    )
    _note(c, k, found, "retried", "", actor)
    return len(found)


def skip(c: Connection, k: Keeper, pairs: Sequence[int], reason: str, actor: str) -> int:
    """Leave quarantined pairs alone until they change again."""
    found = _quarantined_of(c, pairs)
    if not found:
        return 0
    c.execute(
        update(pair)
        .where(pair.c.id.in_(found))
        .values(state=PairState.OUT_OF_SCOPE.value, due_at=None, forced=False, attempts=0)
    )
    _note(c, k, found, "skipped", reason, actor)
    return len(found)


def _quarantined_of(c: Connection, pairs: Sequence[int]) -> list[int]:
    wanted = select(pair.c.id).where(pair.c.id.in_(pairs), pair.c.state == PairState.QUARANTINED.value)
    return list(c.execute(wanted.with_for_update()).scalars())


def _note(c: Connection, k: Keeper, pairs: Sequence[int], kind: str, text: str, actor: str) -> None:
    rows = c.execute(select(pair.c.id, pair.c.flow_id).where(pair.c.id.in_(pairs)))
    flows = {row.id: row.flow_id for row in rows}
    journal.write(c, k, [journal.Entry(kind, flows[i], i, text=text, actor=actor) for i in pairs])
