"""Every pair of a flow for a full comparison, and how the comparisons ended."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from syncd.ports.records import Compared, NewReconciliation, ReconciliationRow
from syncd.ports.store import FlowRow
from syncd.store.columns import chunks
from syncd.store.pairs import pairs_by_id
from syncd.store.sealing import Keeper
from syncd.store.tables import conflict, flow, pair, reconciliation


def compared(c: Connection, k: Keeper, at: FlowRow, after: int, limit: int) -> list[Compared]:
    """By number, from ``after`` on."""
    query = select(pair.c.id, pair.c.due_at.is_not(None).label("due"))
    rows = c.execute(query.where(pair.c.flow_id == at.id, pair.c.id > after).order_by(pair.c.id).limit(limit))
    due = {row.id: bool(row.due) for row in rows}
    open_units: dict[int, set[str]] = defaultdict(set)
    for chunk in chunks(due):
        units = select(conflict.c.pair_id, conflict.c.unit).where(conflict.c.pair_id.in_(chunk))
        for ident, unit in c.execute(units):
            open_units[ident].add(unit)
    return [Compared(row, due[row.id], frozenset(open_units[row.id])) for row in pairs_by_id(c, k, list(due))]


def keep(c: Connection, k: Keeper, at: FlowRow, done: NewReconciliation) -> None:
    c.execute(
        insert(reconciliation),
        {
            "flow_id": at.id,
            "at": k.now,
            "complete": done.complete,
            "pairs": done.pairs,
            "differences": done.differences,
            "unexplained": done.unexplained,
            "amounts": json.dumps(dict(done.amounts)),
            "actor": done.actor,
        },
    )


def latest(c: Connection, link: str) -> Sequence[ReconciliationRow]:
    """The last comparison of each flow of a link."""
    last = select(func.max(reconciliation.c.id)).group_by(reconciliation.c.flow_id).scalar_subquery()
    rows = c.execute(
        select(reconciliation, flow.c.entity)
        .join(flow, flow.c.id == reconciliation.c.flow_id)
        .where(flow.c.link == link, reconciliation.c.id.in_(last))
        .order_by(flow.c.id)
    )
    return [
        ReconciliationRow(
            row.entity,
            row.at,
            NewReconciliation(
                row.complete, row.pairs, row.differences, row.unexplained, json.loads(row.amounts), row.actor
            ),
        )
        for row in rows
    ]
