"""Observing: what a connection showed, stored once, together with the progress of the walk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, bindparam, delete, exists, insert, or_, select, update

from syncd.core.model import Side
from syncd.ports.streams import Known, Observation, StreamRow
from syncd.store import hints
from syncd.store.asking_tables import remote_block
from syncd.store.columns import id_column
from syncd.store.dialects import text_each
from syncd.store.prepared import Numbered, Prepared, put
from syncd.store.query import Query
from syncd.store.removals import note as note_removals
from syncd.store.sealing import Keeper
from syncd.store.tables import intent, pair, remote, remote_body, remote_natural, stream

# every record that is read goes through this one
_KEYS = text_each(bindparam("keys", type_=Text)).table_valued("value")
_KNOWN = Query(
    select(remote.c.key, remote.c.id, remote.c.raw_hash, remote.c.content_hash).where(
        remote.c.stream_id == bindparam("stream"), remote.c.key.in_(select(_KEYS.c.value))
    )
)


def _told(side: Side) -> ColumnElement[bool]:
    """A record of ``side`` on which a write of ours ended since. What an action did we are not shown."""
    return exists().where(
        id_column(side) == remote.c.id,
        intent.c.pair_id == pair.c.id,
        intent.c.side == side.value,
        intent.c.settled_at > bindparam("since"),
    )


_NEWS_OF = Query(
    select(remote.c.key).where(
        remote.c.stream_id == bindparam("stream"),
        remote.c.key.in_(select(_KEYS.c.value)),
        or_(remote.c.seen_at > bindparam("since"), *(_told(side) for side in Side)),
    )
)
_REMOTE = Numbered(remote)
_UPDATE_REMOTE = Prepared(
    update(remote)
    .where(remote.c.id == bindparam("row"))
    .values(
        raw_hash=bindparam("raw"),
        content_hash=bindparam("content"),
        seq=bindparam("at_seq"),
        gone=bindparam("is_gone"),
        seen_at=bindparam("at"),
    )
)
_TOUCH_REMOTE = Prepared(
    update(remote).where(remote.c.id == bindparam("row")).values(raw_hash=bindparam("raw"))
)
_UPDATE_BODY = Prepared(
    update(remote_body).where(remote_body.c.remote_id == bindparam("row")).values(body=bindparam("sealed"))
)
_BODY = Prepared(insert(remote_body))
_NATURAL = Prepared(insert(remote_natural))
_DROP_NATURAL = Prepared(delete(remote_natural).where(remote_natural.c.remote_id == bindparam("row")))
_BLOCK = Prepared(insert(remote_block))
_DROP_BLOCK = Prepared(delete(remote_block).where(remote_block.c.remote_id == bindparam("row")))

_STREAM = Query(
    select(stream).where(
        stream.c.connection == bindparam("of_connection"), stream.c.entity == bindparam("of_entity")
    )
)
_TAKE_SEQS = Query(
    update(stream)
    .where(stream.c.id == bindparam("row"))
    .values(seq=stream.c.seq + bindparam("count"))
    .returning(stream.c.seq)
)
_BEGIN = Prepared(insert(stream))


def look_up(c: Connection, connection: str, entity: str) -> StreamRow | None:
    row = _STREAM.first(c, {"of_connection": connection, "of_entity": entity})
    return None if row is None else read_stream(row)


def read_stream(row: Any) -> StreamRow:
    return StreamRow(
        row.id,
        row.connection,
        row.entity,
        row.watermark,
        row.resume,
        row.walk_since,
        row.fingerprint,
        bool(row.incomplete),
        row.seq,
    )


def find_stream(c: Connection, connection: str, entity: str) -> StreamRow:
    """The stream, made on first sight."""
    found = look_up(c, connection, entity)
    if found is None:
        _BEGIN.many(c, [{"connection": connection, "entity": entity}])
        found = look_up(c, connection, entity)
        assert found is not None
    return found


def news_of(c: Connection, stream_id: int, keys: Sequence[str], since: datetime) -> frozenset[str]:
    asked = {"stream": stream_id, "keys": json.dumps(list(keys)), "since": since}
    return frozenset(_NEWS_OF.scalars(c, asked))


def known(c: Connection, stream_id: int, keys: Sequence[str]) -> Mapping[str, Known]:
    rows = _KNOWN.all(c, {"stream": stream_id, "keys": json.dumps(list(keys))})
    return {key: Known(ident, raw, content) for key, ident, raw, content in rows}


def page_seen(
    c: Connection,
    k: Keeper,
    at: StreamRow,
    observations: Sequence[Observation],
    progress: Mapping[str, Any],
) -> None:
    """``progress``: column values of the stream row that move with this page."""
    store_observations(c, k, at.id, at.connection, observations)
    put(c, stream, at.id, {"last_error": "", **progress})


def records_seen(
    c: Connection, k: Keeper, at: StreamRow, observations: Sequence[Observation], answered: Sequence[int]
) -> None:
    if observations:
        store_observations(c, k, at.id, at.connection, observations)
        put(c, stream, at.id, {"last_error": ""})
    hints.done(c, answered)


def walk_incomplete(c: Connection, at: StreamRow, fingerprint: str, error: str) -> None:
    """A walk that left something out has been as far as it gets: the stream may be used for what needs no
    complete one, and the next walk starts where this one did."""
    values: dict[str, Any] = {"resume": None, "walk_since": None, "incomplete": True, "last_error": error}
    if not at.fingerprint:
        values["fingerprint"] = fingerprint
    put(c, stream, at.id, values)


def stream_failed(c: Connection, stream_id: int, error: str) -> None:
    put(c, stream, stream_id, {"last_error": error})


def store_observations(
    c: Connection, k: Keeper, stream_id: int, owner: str, observations: Sequence[Observation]
) -> list[int]:
    """Insert or update the records; returns their ids in order. Equal content only refreshes the bytes."""
    if not observations:
        return []
    changed = [o for o in observations if o.known is None or o.known.content_hash != o.content_hash]
    seq = _take_seqs(c, stream_id, len(changed)) if changed else {}
    numbers = dict(zip(map(id, changed), seq, strict=False))
    _touch(c, k, owner, [o for o in observations if id(o) not in numbers])
    fresh = [o for o in changed if o.known is None]
    moved = [(o.known.id, o) for o in changed if o.known is not None]
    ids = {id(o): row for row, o in moved} | {id(o): o.known.id for o in observations if o.known}
    if fresh:
        made = _REMOTE.many(
            c,
            [
                {
                    "stream_id": stream_id,
                    "key": o.key,
                    "raw_hash": o.raw_hash,
                    "content_hash": o.content_hash,
                    "seq": numbers[id(o)],
                    "gone": o.gone,
                    "seen_at": k.now,
                }
                for o in fresh
            ],
        )
        ids |= {id(o): row for o, row in zip(fresh, made, strict=True)}
        _BODY.many(
            c,
            [{"remote_id": ids[id(o)], "body": k.seal.seal(owner, "observation", o.raw)} for o in fresh],
        )
    if moved:
        _UPDATE_REMOTE.many(c, [_moved_values(row, o, numbers[id(o)], k) for row, o in moved])
        _UPDATE_BODY.many(c, [_body_values(row, o, k, owner) for row, o in moved])
        _DROP_NATURAL.many(c, [{"row": row} for row, _ in moved])
        _DROP_BLOCK.many(c, [{"row": row} for row, _ in moved])
    _store_natural(c, k, stream_id, [(ids[id(o)], o) for o in changed])
    note_removals(c, [(ids[id(o)], o) for o in changed if o.gone])
    return [ids[id(o)] for o in observations]


def _moved_values(row: int, o: Observation, seq: int, k: Keeper) -> dict[str, Any]:
    return {
        "row": row,
        "raw": o.raw_hash,
        "content": o.content_hash,
        "at_seq": seq,
        "is_gone": o.gone,
        "at": k.now,
    }


def _body_values(row: int, o: Observation, k: Keeper, owner: str) -> dict[str, Any]:
    return {"row": row, "sealed": k.seal.seal(owner, "observation", o.raw)}


def _touch(c: Connection, k: Keeper, owner: str, same: Sequence[Observation]) -> None:
    """Other bytes, same content: refresh what a patch will be laid over, and call it no change."""
    rows = [(o.known.id, o) for o in same if o.known is not None]
    if rows:
        _TOUCH_REMOTE.many(c, [{"row": row, "raw": o.raw_hash} for row, o in rows])
        _UPDATE_BODY.many(c, [_body_values(row, o, k, owner) for row, o in rows])


def _store_natural(c: Connection, k: Keeper, stream_id: int, rows: Sequence[tuple[int, Observation]]) -> None:
    values = [
        {"remote_id": row, "rank": rank, "stream_id": stream_id, "digest": k.digest(natural)}
        for row, o in rows
        if not o.gone
        for rank, natural in enumerate(o.natural)
        if natural is not None
    ]
    _NATURAL.many(c, values)
    blocks = [
        {"remote_id": row, "stream_id": stream_id, "digest": k.digest(block)}
        for row, o in rows
        if not o.gone
        for block in sorted(o.blocks)
    ]
    _BLOCK.many(c, blocks)


def _take_seqs(c: Connection, stream_id: int, count: int) -> range:
    last: int = _TAKE_SEQS.scalar(c, {"row": stream_id, "count": count})
    return range(last - count + 1, last + 1)
