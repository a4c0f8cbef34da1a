"""The changes that flows consume into pairs, and the pairs that are due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Insert,
    Integer,
    Update,
    and_,
    bindparam,
    exists,
    insert,
    literal,
    or_,
    select,
    update,
)

from syncd.core.crossing import PairKey
from syncd.core.model import PairState, Side
from syncd.ports.store import FlowRow, PairRow
from syncd.ports.streams import StreamRow
from syncd.store.columns import UNSETTLED, chunks, hash_column, id_column, offset_column
from syncd.store.dialects import count_anew
from syncd.store.prepared import Prepared, put
from syncd.store.query import Query
from syncd.store.resolutions import resolutions
from syncd.store.sealing import Keeper
from syncd.store.tables import flow, intent, pair, pair_base, remote, remote_body, removal, stream

_REMOTE = Query(
    select(remote.c.id).where(remote.c.stream_id == bindparam("stream"), remote.c.key == bindparam("key"))
)


def remote_of(c: Connection, stream_id: int, key: str) -> int:
    return int(_REMOTE.scalar(c, {"stream": stream_id, "key": key}))


def force(c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, key: str) -> int:
    remote_id = remote_of(c, stream_id, key)
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


# -- consume ----------------------------------------------------------------------------------


_FRESH = and_(
    remote.c.stream_id == bindparam("in_stream"),
    remote.c.seq > bindparam("past"),
    remote.c.seq <= bindparam("upto"),
)


def _woken(side: Side) -> Update:
    """Pairs whose record changed. The hash last decided on: our own write's echo is equal to it and wakes
    nobody."""
    mine, seen = id_column(side), hash_column(side)
    now_hash = select(remote.c.content_hash).where(remote.c.id == mine).scalar_subquery()
    return (
        update(pair)
        .where(
            pair.c.flow_id == bindparam("of_flow"),
            mine.in_(select(remote.c.id).where(_FRESH)),
            or_(seen.is_(None), seen != now_hash),
        )
        .values(due_at=bindparam("now"))
    )


def _unknown(side: Side) -> Insert:
    """Records that no pair has yet: each becomes one, alone for now."""
    mine = id_column(side)
    # asked record by record: as a join, PostgreSQL walks the whole flow for each of them while it knows
    # nothing of tables that are just being filled, which a first load takes hours by
    theirs = (
        select(pair.c.id)
        .where(pair.c.flow_id == bindparam("of_flow"), mine == remote.c.id)
        .correlate(remote)
        .limit(1)
        .scalar_subquery()
    )
    found = (
        select(
            bindparam("of_flow", type_=pair.c.flow_id.type),
            remote.c.id,
            literal(PairState.DUE.value),
            bindparam("now", type_=pair.c.due_at.type),
            bindparam("now", type_=pair.c.since.type),
            bindparam("found_in_place", type_=pair.c.historical.type),
        )
        .where(_FRESH, theirs.is_(None))
        .order_by(remote.c.seq)
    )
    columns = ["flow_id", mine.name, "state", "due_at", "since", "historical"]
    # SQLAlchemy counts the rows of an insert only where it is told to
    return insert(pair).from_select(columns, found).execution_options(preserve_rowcount=True)


def _asked_anew(side: Side) -> Update:
    """Questions, once a record that stands alone changed or went: it may have been a candidate there."""
    mine, one = id_column(side), pair.alias("one")
    alone = exists().where(
        one.c.flow_id == bindparam("of_flow"),
        one.c[mine.name].in_(select(remote.c.id).where(_FRESH)),
        one.c[id_column(side.other).name].is_(None),
        one.c.due_at == bindparam("now"),
    )
    return (
        update(pair)
        .where(pair.c.flow_id == bindparam("of_flow"), pair.c.state == PairState.UNMATCHED.value, alone)
        .values(due_at=bindparam("now"))
    )


_WOKEN = {side: Prepared(_woken(side)) for side in Side}
_ASKED_ANEW = {side: Prepared(_asked_anew(side)) for side in Side}
_UNKNOWN = {side: Prepared(_unknown(side)) for side in Side}


def consume(
    c: Connection, k: Keeper, at: FlowRow, streams: Mapping[Side, StreamRow], historical: bool
) -> int:
    """Set-based: costs what changed, not what exists."""
    return sum(_consume_side(c, k, at, side, shown, historical) for side, shown in streams.items())


_MANY = 1_000
"""So many changes at once are news to the database's planner."""


def _consume_side(
    c: Connection, k: Keeper, at: FlowRow, side: Side, shown: StreamRow, historical: bool
) -> int:
    if shown.seq <= at.offsets[side]:
        return 0
    fresh = {
        "of_flow": at.id,
        "in_stream": shown.id,
        "past": at.offsets[side],
        "upto": shown.seq,
        "now": k.now,
    }
    woken = _WOKEN[side].many(c, [fresh])
    if woken:
        _ASKED_ANEW[side].many(c, [fresh])
    added = _UNKNOWN[side].many(c, [fresh | {"found_in_place": historical}])
    put(c, flow, at.id, {offset_column(side).name: shown.seq})
    if woken + added >= _MANY:
        count_anew(c, pair, remote)
    return woken + added


# -- what is due ------------------------------------------------------------------------------

_LEFT, _RIGHT = remote.alias("l"), remote.alias("r")
_LEFT_BODY, _RIGHT_BODY = remote_body.alias("lb"), remote_body.alias("rb")
_LEFT_BASE, _RIGHT_BASE = pair_base.alias("lx"), pair_base.alias("rx")
_LEFT_STREAM, _RIGHT_STREAM = stream.alias("ls"), stream.alias("rs")
_LEFT_GONE, _RIGHT_GONE = removal.alias("lg"), removal.alias("rg")

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
        pair.c.code,
        pair.c.reason,
        pair.c.field,
        _LEFT.c.key.label("left_key"),
        _LEFT.c.gone.label("left_gone"),
        _LEFT.c.content_hash.label("left_now"),
        _LEFT_BODY.c.body.label("left_body"),
        _LEFT_BASE.c.base.label("left_base"),
        _LEFT_STREAM.c.connection.label("left_owner"),
        _LEFT_GONE.c.evidence.label("left_evidence"),
        _LEFT_GONE.c.merged_into.label("left_into"),
        _RIGHT.c.key.label("right_key"),
        _RIGHT.c.gone.label("right_gone"),
        _RIGHT.c.content_hash.label("right_now"),
        _RIGHT_BODY.c.body.label("right_body"),
        _RIGHT_BASE.c.base.label("right_base"),
        _RIGHT_STREAM.c.connection.label("right_owner"),
        _RIGHT_GONE.c.evidence.label("right_evidence"),
        _RIGHT_GONE.c.merged_into.label("right_into"),
        flow.c.link,
    )
    .join(flow, flow.c.id == pair.c.flow_id)
    .outerjoin(_LEFT, _LEFT.c.id == pair.c.left_id)
    .outerjoin(_LEFT_BODY, _LEFT_BODY.c.remote_id == pair.c.left_id)
    .outerjoin(_LEFT_STREAM, _LEFT_STREAM.c.id == _LEFT.c.stream_id)
    .outerjoin(_LEFT_GONE, _LEFT_GONE.c.remote_id == pair.c.left_id)
    .outerjoin(_LEFT_BASE, and_(_LEFT_BASE.c.pair_id == pair.c.id, _LEFT_BASE.c.side == "left"))
    .outerjoin(_RIGHT, _RIGHT.c.id == pair.c.right_id)
    .outerjoin(_RIGHT_BODY, _RIGHT_BODY.c.remote_id == pair.c.right_id)
    .outerjoin(_RIGHT_STREAM, _RIGHT_STREAM.c.id == _RIGHT.c.stream_id)
    .outerjoin(_RIGHT_GONE, _RIGHT_GONE.c.remote_id == pair.c.right_id)
    .outerjoin(_RIGHT_BASE, and_(_RIGHT_BASE.c.pair_id == pair.c.id, _RIGHT_BASE.c.side == "right"))
)


_DUE = (
    _PAIR_ROWS.where(
        pair.c.flow_id == bindparam("of_flow"),
        pair.c.due_at <= bindparam("now"),
        pair.c.id > bindparam("after"),
        # a write that may have happened must be settled first, or it could happen twice
        # (pair by pair, for the same reason as above)
        select(intent.c.id)
        .where(intent.c.pair_id == pair.c.id, intent.c.state.in_(UNSETTLED))
        .correlate(pair)
        .limit(1)
        .scalar_subquery()
        .is_(None),
    )
    .order_by(pair.c.id)
    .limit(bindparam("most", type_=Integer))
)
_ALL_DUE = Query(_DUE)
_DUE_OF = Query(_DUE.where(pair.c.id.in_(bindparam("only", expanding=True))))
_BY_ID = Query(_PAIR_ROWS.where(pair.c.id == bindparam("row")))
_BY_IDS = Query(_PAIR_ROWS.where(pair.c.id.in_(bindparam("rows", expanding=True))).order_by(pair.c.id))


def due_pairs(
    c: Connection, k: Keeper, at: FlowRow, limit: int, only: Sequence[int] | None, after: int
) -> Sequence[PairRow]:
    asked: dict[str, Any] = {"of_flow": at.id, "now": k.now, "after": after, "most": limit}
    rows = _ALL_DUE.all(c, asked) if only is None else _DUE_OF.all(c, asked | {"only": list(only)})
    found = [read_pair(row, k) for row in rows]
    said = resolutions(c, k, [row.id for row in found])
    return [replace(row, resolutions=said[row.id]) if row.id in said else row for row in found]


def pair_by_id(c: Connection, k: Keeper, ident: int) -> PairRow | None:
    row = _BY_ID.first(c, {"row": ident})
    return None if row is None else read_pair(row, k)


def pairs_by_id(c: Connection, k: Keeper, idents: Sequence[int]) -> list[PairRow]:
    return [read_pair(row, k) for chunk in chunks(idents) for row in _BY_IDS.all(c, {"rows": chunk})]


def read_pair(row: Any, k: Keeper) -> PairRow:
    """Open a row of ``_PAIR_ROWS``."""
    keys, raw, gone, bases, hashes, removals = {}, {}, {}, {}, {}, {}
    for side in Side:
        name = side.value
        key = getattr(row, f"{name}_key")
        if key is not None:
            owner = getattr(row, f"{name}_owner")
            keys[side] = key
            raw[side] = k.seal.open(owner, "observation", getattr(row, f"{name}_body"))
            gone[side] = bool(getattr(row, f"{name}_gone"))
            hashes[side] = getattr(row, f"{name}_now")
            if gone[side] and getattr(row, f"{name}_evidence") is not None:
                removals[side] = (getattr(row, f"{name}_evidence"), getattr(row, f"{name}_into"))
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
        removals=removals,
        code=row.code,
        reason=k.open_text(f"link:{row.link}", "reason", row.reason),
        field=row.field,
    )


# -- looking up other pairs -------------------------------------------------------------------


def _counterparts(side: Side) -> Query:
    mine, other = remote.alias("mine"), remote.alias("other")
    return Query(
        select(mine.c.key, other.c.key.label("partner"), other.c.gone, removal.c.merged_into)
        .select_from(pair)
        .join(flow, flow.c.id == pair.c.flow_id)
        .join(mine, mine.c.id == id_column(side))
        .join(other, other.c.id == id_column(side.other))
        .outerjoin(removal, removal.c.remote_id == other.c.id)
        .where(
            flow.c.link == bindparam("of_link"),
            flow.c.entity == bindparam("of_entity"),
            or_(~other.c.gone, removal.c.merged_into != ""),
            mine.c.key.in_(bindparam("keys", expanding=True)),
        )
    )


_COUNTERPARTS = {side: _counterparts(side) for side in Side}


def counterparts(c: Connection, link: str, asked: Sequence[PairKey]) -> Mapping[PairKey, str]:
    by_kind: dict[tuple[Side, str], set[str]] = defaultdict(set)
    for side, entity, key in asked:
        by_kind[side, entity].add(key)
    found: dict[PairKey, str] = {}
    for (side, entity), keys in by_kind.items():
        for chunk in chunks(sorted(keys)):
            wanted = {"of_link": link, "of_entity": entity, "keys": chunk}
            for key, partner, gone, into in _COUNTERPARTS[side].all(c, wanted):
                # what was merged away goes on under the name of what it was merged into
                found[side, entity, key] = into if gone else partner
    return found
