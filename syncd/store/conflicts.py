"""Conflicts as people look at them, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Integer, Select, bindparam, func, select

from syncd.core.model import Side
from syncd.ports.records import ConflictFilter, ConflictRow
from syncd.store.columns import chunks
from syncd.store.pairs import pairs_by_id
from syncd.store.resolutions import resolutions
from syncd.store.sealing import Keeper
from syncd.store.tables import conflict, flow, pair, remote

_CONFLICTS = (
    select(conflict, flow.c.link, flow.c.entity)
    .join(pair, pair.c.id == conflict.c.pair_id)
    .join(flow, flow.c.id == pair.c.flow_id)
)


def _filtered(query: Select[Any], which: ConflictFilter) -> Select[Any]:
    wanted = {
        flow.c.link: which.link,
        flow.c.entity: which.entity,
        conflict.c.unit: which.unit,
        conflict.c.why: which.why,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    return query


def page(c: Connection, k: Keeper, which: ConflictFilter, after: int, limit: int) -> list[ConflictRow]:
    """By number, from ``after`` on."""
    query = _filtered(_CONFLICTS, which).where(conflict.c.id > after).order_by(conflict.c.id)
    rows = c.execute(query.limit(bindparam("most", type_=Integer)), {"most": limit}).all()
    return _rows(c, k, rows)


def count(c: Connection, which: ConflictFilter) -> int:
    base = (
        select(func.count())
        .select_from(conflict)
        .join(pair, pair.c.id == conflict.c.pair_id)
        .join(flow, flow.c.id == pair.c.flow_id)
    )
    return int(c.execute(_filtered(base, which)).scalar_one())


def by_id(c: Connection, k: Keeper, idents: Sequence[int]) -> list[ConflictRow]:
    rows: list[Any] = []
    for chunk in chunks(idents):
        rows += c.execute(_CONFLICTS.where(conflict.c.id.in_(chunk)).order_by(conflict.c.id)).all()
    return _rows(c, k, rows)


def _rows(c: Connection, k: Keeper, rows: Sequence[Any]) -> list[ConflictRow]:
    found = {row.id: row for row in pairs_by_id(c, k, sorted({row.pair_id for row in rows}))}
    said = resolutions(c, k, list(found))
    seen: dict[int, dict[Side, Any]] = defaultdict(dict)
    for chunk in chunks(found):
        for side, column in ((Side.LEFT, pair.c.left_id), (Side.RIGHT, pair.c.right_id)):
            query = select(pair.c.id, remote.c.seen_at).join(remote, remote.c.id == column)
            for ident, at in c.execute(query.where(pair.c.id.in_(chunk))):
                seen[ident][side] = at
    return [
        ConflictRow(
            id=row.id,
            link=row.link,
            entity=row.entity,
            pair=found[row.pair_id],
            unit=row.unit,
            fields=tuple(row.fields.split(",")),
            why=row.why,
            since=row.since,
            seen_at=seen[row.pair_id],
            resolution=next((r for r in said.get(row.pair_id, ()) if r.unit == row.unit), None),
        )
        for row in rows
    ]
