"""Decisions that write nothing, put on their pairs: states, bases, conflicts, wakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Connection, and_, bindparam, delete, insert, select, update

from syncd.core.decision import Conflict
from syncd.core.model import PairState, Record, Side
from syncd.ports.store import FlowRow, Verdict
from syncd.store import journal
from syncd.store.columns import chunks, id_column
from syncd.store.prepared import Prepared
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import conflict, flow, pair, pair_base, remote

_VERDICT = Prepared(
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
        # an order stands until it is carried out, also while the record waits for another or for a mend
        forced=and_(pair.c.forced, bindparam("order_stands", type_=Boolean)),
        waits_side=bindparam("waiting_side"),
        waits_entity=bindparam("waiting_entity"),
        waits_key=bindparam("waiting_key"),
    )
)


_DROP_BASE = Prepared(
    delete(pair_base).where(pair_base.c.pair_id == bindparam("row"), pair_base.c.side == bindparam("on_side"))
)

_BASE = Prepared(insert(pair_base).prefix_with("OR REPLACE", dialect="sqlite"))
_CONFLICTS = Query(select(conflict).where(conflict.c.pair_id.in_(bindparam("pairs", expanding=True))))
_ANY_WAITING = Query(select(pair.c.id).where(pair.c.waits_entity == bindparam("entity")).limit(1))


def store_verdicts(c: Connection, k: Keeper, at: FlowRow, verdicts: Sequence[Verdict]) -> None:
    if not verdicts:
        return
    _VERDICT.many(c, [_verdict_values(v, k, at) for v in verdicts])
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
        "order_stands": v.state in (PairState.WAITING, PairState.QUARANTINED),
        "waiting_side": side.value if side else None,
        "waiting_entity": entity,
        "waiting_key": key,
    }


def store_bases(c: Connection, k: Keeper, link: str, bases: Mapping[int, Mapping[Side, Record]]) -> None:
    """Replace the bases of these pairs (pair id -> side -> record)."""
    rows = [
        {"pair_id": ident, "side": side.value, "base": k.record(f"link:{link}", "base", record)}
        for ident, sides in bases.items()
        for side, record in sides.items()
    ]
    if c.dialect.name != "sqlite":
        _DROP_BASE.many(c, [{"row": r["pair_id"], "on_side": r["side"]} for r in rows])
    _BASE.many(c, rows)


def store_conflicts(c: Connection, k: Keeper, conflicts: Mapping[int, Sequence[Conflict]]) -> None:
    """The open conflicts of these pairs become exactly the given ones; a known one keeps number and date."""
    for chunk in chunks(sorted(conflicts)):
        known = {(row.pair_id, row.unit): row for row in _CONFLICTS.all(c, {"pairs": chunk})}
        wanted = {
            (ident, one.unit): _conflict_values(ident, one, k.now)
            for ident in chunk
            for one in conflicts[ident]
        }
        over = [row.id for key, row in known.items() if key not in wanted]
        if over:
            c.execute(delete(conflict).where(conflict.c.id.in_(over)))
        for key in known.keys() & wanted.keys():
            now = {name: wanted[key][name] for name in ("fields", "why")}
            if (known[key].fields, known[key].why) != (now["fields"], now["why"]):
                c.execute(update(conflict).where(conflict.c.id == known[key].id).values(**now))
        rows = [values for key, values in wanted.items() if key not in known]
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
    if not bound or _ANY_WAITING.first(c, {"entity": at.entity}) is None:
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
