"""Consuming changes into pairs, reading what is due, binding what belongs together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.sql import ColumnElement

from syncd.core.crossing import PairKey
from syncd.core.model import IntentState, Operation, PairState, Side
from syncd.core.reconcile import Conflict
from syncd.ports.store import Counts, FlowRow, PairRow, Verdict
from syncd.store import journal
from syncd.store.sealing import Keeper
from syncd.store.tables import (
    conflict,
    flow,
    intent,
    pair,
    pair_base,
    remote,
    remote_body,
    remote_natural,
    stream,
)
from syncd.store.tables import journal as journal_table

_CHUNK = 400
"""Values in one IN list; SQLite and PostgreSQL both take far more, statements stay cacheable."""

OPEN = (IntentState.PLANNED, IntentState.SENT, IntentState.ACCEPTED, IntentState.UNCERTAIN)


def id_column(side: Side) -> Column[Any]:
    """``pair.left_id`` or ``pair.right_id``."""
    return pair.c.left_id if side is Side.LEFT else pair.c.right_id


def hash_column(side: Side) -> Column[Any]:
    return pair.c.left_hash if side is Side.LEFT else pair.c.right_hash


def offset_column(side: Side) -> Column[Any]:
    return flow.c.left_offset if side is Side.LEFT else flow.c.right_offset


def look_up(c: Connection, link: str, entity: str) -> FlowRow | None:
    row = c.execute(select(flow).where(flow.c.link == link, flow.c.entity == entity)).one_or_none()
    if row is None:
        return None
    return FlowRow(row.id, row.link, row.entity, row.first_sync_done, row.fingerprint, row.ceiling)


def find_flow(c: Connection, link: str, entity: str) -> FlowRow:
    """The flow, made on first sight."""
    found = look_up(c, link, entity)
    if found is None:
        c.execute(insert(flow).values(link=link, entity=entity))
        found = look_up(c, link, entity)
        assert found is not None
    return found


# -- consume ----------------------------------------------------------------------------------


def consume(c: Connection, k: Keeper, at: FlowRow, streams: Mapping[Side, int], historical: bool) -> int:
    """Set-based: costs what changed, not what exists."""
    return sum(_consume_side(c, k, at, side, ident, historical) for side, ident in streams.items())


def _consume_side(c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, historical: bool) -> int:
    offset: int = c.execute(select(offset_column(side)).where(flow.c.id == at.id)).scalar_one()
    newest: int = c.execute(select(stream.c.seq).where(stream.c.id == stream_id)).scalar_one()
    if newest == offset:
        return 0
    fresh = and_(remote.c.stream_id == stream_id, remote.c.seq > offset, remote.c.seq <= newest)
    mine, seen = id_column(side), hash_column(side)
    now_hash = select(remote.c.content_hash).where(remote.c.id == mine).scalar_subquery()
    gone = select(remote.c.gone).where(remote.c.id == mine).scalar_subquery()
    # the hash last decided on: our own write's echo is equal to it and wakes nobody
    woken = c.execute(
        update(pair)
        .where(
            pair.c.flow_id == at.id,
            mine.in_(select(remote.c.id).where(fresh)),
            or_(seen.is_(None), seen != now_hash, gone),
        )
        .values(due_at=k.now)
    ).rowcount
    unknown = (
        select(
            literal(at.id),
            remote.c.id,
            literal(PairState.DUE.value),
            literal(k.now, type_=pair.c.due_at.type),
            literal(k.now, type_=pair.c.since.type),
            literal(historical),
        )
        .where(fresh, ~exists().where(pair.c.flow_id == at.id, mine == remote.c.id))
        .order_by(remote.c.seq)
    )
    columns = ["flow_id", mine.name, "state", "due_at", "since", "historical"]
    added = c.execute(insert(pair).from_select(columns, unknown)).rowcount
    c.execute(update(flow).where(flow.c.id == at.id).values({offset_column(side): newest}))
    return int(woken) + int(added)


# -- what is due ------------------------------------------------------------------------------

_LEFT, _RIGHT = remote.alias("l"), remote.alias("r")
_LEFT_BODY, _RIGHT_BODY = remote_body.alias("lb"), remote_body.alias("rb")
_LEFT_BASE, _RIGHT_BASE = pair_base.alias("lx"), pair_base.alias("rx")
_LEFT_STREAM, _RIGHT_STREAM = stream.alias("ls"), stream.alias("rs")

_PAIR_ROWS = (
    select(
        pair.c.id,
        pair.c.state,
        pair.c.historical,
        pair.c.forced,
        pair.c.attempts,
        pair.c.waits_side,
        pair.c.waits_entity,
        pair.c.waits_key,
        _LEFT.c.key.label("left_key"),
        _LEFT.c.gone.label("left_gone"),
        _LEFT.c.content_hash.label("left_now"),
        _LEFT_BODY.c.body.label("left_body"),
        _LEFT_BASE.c.base.label("left_base"),
        _LEFT_STREAM.c.connection.label("left_owner"),
        _RIGHT.c.key.label("right_key"),
        _RIGHT.c.gone.label("right_gone"),
        _RIGHT.c.content_hash.label("right_now"),
        _RIGHT_BODY.c.body.label("right_body"),
        _RIGHT_BASE.c.base.label("right_base"),
        _RIGHT_STREAM.c.connection.label("right_owner"),
        flow.c.link,
    )
    .join(flow, flow.c.id == pair.c.flow_id)
    .outerjoin(_LEFT, _LEFT.c.id == pair.c.left_id)
    .outerjoin(_LEFT_BODY, _LEFT_BODY.c.remote_id == pair.c.left_id)
    .outerjoin(_LEFT_STREAM, _LEFT_STREAM.c.id == _LEFT.c.stream_id)
    .outerjoin(_LEFT_BASE, and_(_LEFT_BASE.c.pair_id == pair.c.id, _LEFT_BASE.c.side == "left"))
    .outerjoin(_RIGHT, _RIGHT.c.id == pair.c.right_id)
    .outerjoin(_RIGHT_BODY, _RIGHT_BODY.c.remote_id == pair.c.right_id)
    .outerjoin(_RIGHT_STREAM, _RIGHT_STREAM.c.id == _RIGHT.c.stream_id)
    .outerjoin(_RIGHT_BASE, and_(_RIGHT_BASE.c.pair_id == pair.c.id, _RIGHT_BASE.c.side == "right"))
)


def due_pairs(
    c: Connection, k: Keeper, at: FlowRow, limit: int, only: Sequence[int] | None, after: int
) -> Sequence[PairRow]:
    due: list[ColumnElement[bool]] = [
        pair.c.flow_id == at.id,
        pair.c.due_at <= k.now,
        pair.c.state != PairState.IN_FLIGHT.value,
        pair.c.id > after,
    ]
    if only is not None:
        due.append(pair.c.id.in_(only))
    rows = c.execute(_PAIR_ROWS.where(*due).order_by(pair.c.id).limit(limit))
    return [read_pair(row, k) for row in rows]


def pair_by_id(c: Connection, k: Keeper, ident: int) -> PairRow | None:
    row = c.execute(_PAIR_ROWS.where(pair.c.id == ident)).one_or_none()
    return None if row is None else read_pair(row, k)


def read_pair(row: Any, k: Keeper) -> PairRow:
    """Open a row of ``_PAIR_ROWS``."""
    keys, raw, gone, bases, hashes = {}, {}, {}, {}, {}
    for side in Side:
        name = side.value
        key = getattr(row, f"{name}_key")
        if key is not None:
            owner = getattr(row, f"{name}_owner")
            keys[side] = key
            raw[side] = k.seal.open(owner, "observation", getattr(row, f"{name}_body"))
            gone[side] = bool(getattr(row, f"{name}_gone"))
            hashes[side] = getattr(row, f"{name}_now")
        base = getattr(row, f"{name}_base")
        if base is not None:
            bases[side] = k.open_record(f"link:{row.link}", "base", base)
    return PairRow(
        id=row.id,
        state=PairState(row.state),
        keys=keys,
        raw=raw,
        gone=gone,
        bases=bases,
        hashes=hashes,
        historical=bool(row.historical),
        forced=bool(row.forced),
        attempts=row.attempts,
        waits=(Side(row.waits_side), row.waits_entity, row.waits_key) if row.waits_side else None,
    )


# -- looking up other pairs -------------------------------------------------------------------


def counterparts(c: Connection, link: str, asked: Sequence[PairKey]) -> Mapping[PairKey, str]:
    by_kind: dict[tuple[Side, str], set[str]] = defaultdict(set)
    for side, entity, key in asked:
        by_kind[side, entity].add(key)
    found: dict[PairKey, str] = {}
    mine, other = remote.alias("mine"), remote.alias("other")
    for (side, entity), keys in by_kind.items():
        query = (
            select(mine.c.key, other.c.key)
            .select_from(pair)
            .join(flow, flow.c.id == pair.c.flow_id)
            .join(mine, mine.c.id == id_column(side))
            .join(other, other.c.id == id_column(side.other))
            .where(flow.c.link == link, flow.c.entity == entity, ~other.c.gone)
        )
        for chunk in chunks(sorted(keys)):
            for key, partner in c.execute(query.where(mine.c.key.in_(chunk))):
                found[side, entity, key] = partner
    return found


def candidates(
    c: Connection,
    k: Keeper,
    at: FlowRow,
    stream_id: int,
    side: Side,
    natural: Sequence[tuple[int, tuple[str | None, ...]]],
) -> Mapping[int, Sequence[Sequence[str]]]:
    wanted: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for ident, keys in natural:
        for rank, text in enumerate(keys):
            if text is not None:
                wanted[rank, k.digest(text)].append(ident)
    ranks = max((len(keys) for _, keys in natural), default=0)
    found: dict[int, list[list[str]]] = {ident: [[] for _ in range(ranks)] for ident, _ in natural}
    mine = id_column(side)
    # only records that stand alone: a bound one has its partner, one in flight is getting it
    lone = exists().where(
        pair.c.flow_id == at.id,
        mine == remote.c.id,
        id_column(side.other).is_(None),
        pair.c.state != PairState.IN_FLIGHT.value,
    )
    query = (
        select(remote_natural.c.rank, remote_natural.c.digest, remote.c.key)
        .join(remote, remote.c.id == remote_natural.c.remote_id)
        .where(remote_natural.c.stream_id == stream_id, ~remote.c.gone, lone)
        .order_by(remote.c.id)
    )
    for rank in range(ranks):
        digests = [digest for at_rank, digest in wanted if at_rank == rank]
        for chunk in chunks(digests):
            rows = c.execute(query.where(remote_natural.c.rank == rank, remote_natural.c.digest.in_(chunk)))
            for at_rank, digest, key in rows:
                for ident in wanted[at_rank, digest]:
                    found[ident][at_rank].append(key)
    return found


def bind(
    c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, matches: Sequence[tuple[int, str]]
) -> None:
    """The matched record's own lone pair is merged away; its history stays in the journal."""
    for ident, key in matches:
        remote_id: int = c.execute(
            select(remote.c.id).where(remote.c.stream_id == stream_id, remote.c.key == key)
        ).scalar_one()
        absorb(c, at.id, side, remote_id, into=ident)
        c.execute(
            update(pair).where(pair.c.id == ident).values({id_column(side): remote_id, "due_at": k.now})
        )
    journal.write(
        c, k, [journal.Entry("matched", at.id, ident, text=f"{side.value} {key}") for ident, key in matches]
    )


def absorb(c: Connection, flow_id: int, side: Side, remote_id: int, *, into: int) -> None:
    """Merge away the lone pair that a record had before it got its partner."""
    lone = c.execute(
        select(pair.c.id).where(
            pair.c.flow_id == flow_id,
            id_column(side) == remote_id,
            id_column(side.other).is_(None),
            pair.c.id != into,
        )
    ).scalar_one_or_none()
    if lone is not None:
        for table in (intent, journal_table):  # its history is the pair's history now
            c.execute(update(table).where(table.c.pair_id == lone).values(pair_id=into))
        c.execute(delete(pair).where(pair.c.id == lone))


# -- verdicts ---------------------------------------------------------------------------------

_VERDICT = (
    update(pair)
    .where(pair.c.id == bindparam("row"))
    .values(
        state=bindparam("to_state"),
        due_at=bindparam("next_due"),
        since=bindparam("from_time"),
        code=bindparam("why_code"),
        reason=bindparam("why"),
        field=bindparam("at_field"),
        left_hash=bindparam("on_left"),
        right_hash=bindparam("on_right"),
        attempts=bindparam("tries"),
        historical=bindparam("is_historical"),
        forced=literal(False),
        waits_side=bindparam("waiting_side"),
        waits_entity=bindparam("waiting_entity"),
        waits_key=bindparam("waiting_key"),
    )
)


def store_verdicts(c: Connection, k: Keeper, at: FlowRow, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        return
    c.execute(_VERDICT, [_verdict_values(v, k, at) for v in verdicts])
    store_bases(c, k, at.link, {v.pair: v.bases for v in verdicts if v.bases is not None})
    store_conflicts(c, k, {v.pair: v.conflicts for v in verdicts})
    journal.write(
        c,
        k,
        [
            journal.Entry(v.state.value, at.id, v.pair, text=v.reason)
            for v in verdicts
            if v.state not in (PairState.IN_STEP, PairState.OUT_OF_SCOPE)
        ],
    )
    wake_waiting(c, k, at, [v.pair for v in verdicts if v.bases is not None])


def _verdict_values(v: Verdict, k: Keeper, at: FlowRow) -> dict[str, Any]:
    side, entity, key = v.waits or (None, None, None)
    return {
        "row": v.pair,
        "to_state": v.state.value,
        "next_due": None if v.due_in_s is None else k.now + timedelta(seconds=v.due_in_s),
        "from_time": k.now,
        "why_code": v.code,
        "why": k.text(f"link:{at.link}", "reason", v.reason),
        "at_field": v.field,
        "on_left": v.hashes.get(Side.LEFT),
        "on_right": v.hashes.get(Side.RIGHT),
        "tries": v.attempts,
        "is_historical": v.historical,
        "waiting_side": side.value if side else None,
        "waiting_entity": entity,
        "waiting_key": key,
    }


def store_bases(c: Connection, k: Keeper, link: str, bases: Mapping[int, Mapping[Side, Any]]) -> None:
    """Replace the bases of these pairs (pair id -> side -> record)."""
    rows = [
        {"pair_id": ident, "side": side.value, "base": k.record(f"link:{link}", "base", record)}
        for ident, sides in bases.items()
        for side, record in sides.items()
    ]
    if rows:
        drop = delete(pair_base).where(
            pair_base.c.pair_id == bindparam("row"), pair_base.c.side == bindparam("on_side")
        )
        c.execute(drop, [{"row": r["pair_id"], "on_side": r["side"]} for r in rows])
        c.execute(insert(pair_base), rows)


def store_conflicts(c: Connection, k: Keeper, conflicts: Mapping[int, Sequence[Conflict]]) -> None:
    """The open conflicts of these pairs become exactly the given ones; a known one keeps its date."""
    for chunk in chunks(sorted(conflicts)):
        known = {
            (row.pair_id, row.unit): row.since
            for row in c.execute(
                select(conflict.c.pair_id, conflict.c.unit, conflict.c.since).where(
                    conflict.c.pair_id.in_(chunk)
                )
            )
        }
        if known:
            c.execute(delete(conflict).where(conflict.c.pair_id.in_(chunk)))
        rows = [
            _conflict_values(ident, one, known.get((ident, one.unit), k.now))
            for ident in chunk
            for one in conflicts[ident]
        ]
        if rows:
            c.execute(insert(conflict), rows)


def add_conflicts(c: Connection, k: Keeper, ident: int, new: Sequence[Conflict]) -> None:
    """Beside those already open; a unit that is open already stays as it is."""
    open_units = set(c.execute(select(conflict.c.unit).where(conflict.c.pair_id == ident)).scalars())
    rows = [_conflict_values(ident, one, k.now) for one in new if one.unit not in open_units]
    if rows:
        c.execute(insert(conflict), rows)


def _conflict_values(ident: int, one: Conflict, since: datetime) -> dict[str, Any]:
    return {
        "pair_id": ident,
        "unit": one.unit,
        "fields": ",".join(one.fields),
        "why": one.why.value,
        "since": since,
    }


def wake_waiting(c: Connection, k: Keeper, at: FlowRow, bound: Sequence[int]) -> None:
    """Records that waited for these pairs of this flow's entity may be decided now."""
    waiting = select(pair.c.id).where(pair.c.waits_entity == at.entity).limit(1)
    if not bound or c.execute(waiting).first() is None:
        return
    for side in Side:
        for chunk in chunks(bound):
            keys = (
                select(remote.c.key)
                .join(pair, id_column(side) == remote.c.id)
                .where(pair.c.id.in_(chunk))
                .scalar_subquery()
            )
            c.execute(
                update(pair)
                .where(
                    pair.c.waits_entity == at.entity,
                    pair.c.waits_side == side.value,
                    pair.c.waits_key.in_(keys),
                    pair.c.flow_id.in_(select(flow.c.id).where(flow.c.link == at.link)),
                )
                .values(due_at=k.now)
            )


# -- counting ---------------------------------------------------------------------------------


def counts(c: Connection, at: FlowRow) -> Counts:
    states = c.execute(
        select(pair.c.state, func.count()).where(pair.c.flow_id == at.id).group_by(pair.c.state)
    )
    intents = c.execute(
        select(intent.c.state, func.count())
        .where(intent.c.flow_id == at.id, intent.c.state.in_([s.value for s in (*OPEN, IntentState.HELD)]))
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
    return Counts(
        states={PairState(state): n for state, n in states},
        intents={IntentState(state): n for state, n in intents},
        bound=bound,
        due=due,
        oldest_due_at=oldest,
    )


def busiest(c: Connection, k: Keeper, pairs: Sequence[int], within_s: float) -> int:
    since = k.now - timedelta(seconds=within_s)
    most = 0
    for chunk in chunks(pairs):
        per_pair = (
            select(func.count().label("n"))
            .where(
                intent.c.pair_id.in_(chunk),
                intent.c.created_at > since,
                intent.c.operation != Operation.ACTION.value,
            )
            .group_by(intent.c.pair_id)
            .subquery()
        )
        most = max(most, c.execute(select(func.coalesce(func.max(per_pair.c.n), 0))).scalar_one())
    return most


def open_creates(c: Connection, at: FlowRow) -> frozenset[Side]:
    rows = c.execute(
        select(intent.c.side)
        .where(
            intent.c.flow_id == at.id,
            intent.c.operation == Operation.CREATE.value,
            intent.c.state.in_([s.value for s in (*OPEN, IntentState.HELD)]),
        )
        .distinct()
    )
    return frozenset(Side(side) for (side,) in rows)


def cycle_done(c: Connection, k: Keeper, at: FlowRow, fingerprint: str, first: bool, error: str) -> None:
    values: dict[str, Any] = {"last_cycle_at": k.now, "last_error": error}
    if not error:
        values |= {
            "last_success_at": k.now,
            "fingerprint": fingerprint,
            "first_sync_done": first,
            "ceiling": 0,
        }
    c.execute(update(flow).where(flow.c.id == at.id).values(**values))


def force(c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, key: str) -> int:
    remote_id: int = c.execute(
        select(remote.c.id).where(remote.c.stream_id == stream_id, remote.c.key == key)
    ).scalar_one()
    mine = and_(pair.c.flow_id == at.id, id_column(side) == remote_id)
    ident: int | None = c.execute(select(pair.c.id).where(mine)).scalar_one_or_none()
    if ident is None:
        ident = c.execute(
            insert(pair)
            .values(
                {
                    "flow_id": at.id,
                    id_column(side).name: remote_id,
                    "state": PairState.DUE.value,
                    "since": k.now,
                    "due_at": k.now,
                    "forced": True,
                }
            )
            .returning(pair.c.id)
        ).scalar_one()
    else:
        c.execute(update(pair).where(pair.c.id == ident).values(due_at=k.now, forced=True))
    return ident


def chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Slices short enough for one IN list."""
    whole = list(values)
    for start in range(0, len(whole), _CHUNK):
        yield whole[start : start + _CHUNK]
