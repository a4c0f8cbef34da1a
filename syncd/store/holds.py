"""Holds: rows that stop writes. The check stands in the transaction that marks a write as sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, exists, func, or_, select, update

from syncd.core.brakes import Brake
from syncd.core.model import IntentState, PairState
from syncd.core.outcome import ErrorClass
from syncd.ports.store import EVERYTHING, HoldRow
from syncd.store import journal, spending
from syncd.store.dialects import wait_for_writers
from syncd.store.prepared import Numbered, Prepared
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import flow, hold, intent, pair, remote


def scopes(
    connection: str, link: str, entity: str, keys: Sequence[str], fields: Sequence[str] = ()
) -> tuple[str, ...]:
    """Every scope a write falls under, widest first. ``keys``: the record's, of either side; ``fields``:
    what it carries. A write that carries a held field waits as a whole: half a record is none."""
    return (
        EVERYTHING,
        f"connection:{connection}",
        f"link:{link}",
        f"flow:{link}/{entity}",
        *(f"field:{link}/{entity}/{name}" for name in fields),
        *(f"record:{link}/{entity}/{key}" for key in keys),
    )


_ACTIVE = select(hold).where(hold.c.released_at.is_(None)).order_by(hold.c.id)
_ALL_ACTIVE = Query(_ACTIVE)
_ACTIVE_THERE = Query(_ACTIVE.where(hold.c.scope.in_(bindparam("scopes", expanding=True))))
_PLACE = Numbered(hold)
_RELEASE = Query(
    update(hold)
    .where(hold.c.id.in_(bindparam("ids", expanding=True)), hold.c.released_at.is_(None))
    .values(released_at=bindparam("now"), released_by=bindparam("actor"))
    .returning(hold.c.scope, hold.c.size, hold.c.by)
)
_LET_THROUGH = Prepared(
    update(flow)
    .where(
        flow.c.link == bindparam("of_link"),
        flow.c.entity == bindparam("of_entity"),
        flow.c.ceiling < bindparam("size"),
    )
    .values(ceiling=bindparam("size"))
)
_PAIRS_DUE = Prepared(
    update(pair)
    .where(pair.c.state == PairState.HELD.value, pair.c.code == ErrorClass.GUARD.value)
    .values(due_at=bindparam("now"), state=PairState.DUE.value)
)
_INTENTS_DUE = Prepared(
    update(intent)
    .where(intent.c.state == IntentState.HELD.value, intent.c.error_class == ErrorClass.GUARD.value)
    .values(state=IntentState.PLANNED.value, due_at=bindparam("now"))
)


def active(c: Connection, wanted: Sequence[str] | None) -> list[HoldRow]:
    rows = _ALL_ACTIVE.all(c, {}) if wanted is None else _ACTIVE_THERE.all(c, {"scopes": list(wanted)})
    return [_row(row) for row in rows]


def under_way(c: Connection, scope: str) -> int:
    """Writes of a scope that were sent and have no answer yet."""
    kind, _, name = scope.partition(":")
    link, _, rest = name.partition("/")
    entity, _, key = rest.partition("/")
    query = (
        select(func.count())
        .select_from(intent)
        .join(flow, flow.c.id == intent.c.flow_id)
        .where(intent.c.state == IntentState.SENT.value)
    )
    if kind == "connection":
        query = query.where(intent.c.connection == name)
    elif scope != EVERYTHING:
        query = query.where(flow.c.link == link)
    if entity and kind in ("flow", "record"):
        query = query.where(flow.c.entity == entity)
    if key:
        shown = or_(remote.c.id == pair.c.left_id, remote.c.id == pair.c.right_id)
        query = query.join(pair, pair.c.id == intent.c.pair_id).where(
            exists().where(shown, remote.c.key == key)
        )
    return int(c.execute(query).scalar_one())


def _row(row: Any) -> HoldRow:
    return HoldRow(row.id, row.scope, row.reason, row.by, row.since)


def place(c: Connection, k: Keeper, scope: str, reason: str, by: str, size: int = 0) -> HoldRow:
    """One open hold per scope and cause: a reason, or the brake that tripped (its latest figures count)."""
    wait_for_writers(
        c, hold
    )  # who found no hold and is about to mark a write as sent is counted as under way
    for existing in active(c, [scope]):
        if size and existing.by == by:
            c.execute(update(hold).where(hold.c.id == existing.id).values(reason=reason, size=size))
            return replace(existing, reason=reason)
        if existing.reason == reason:
            return existing
    placed = {"scope": scope, "reason": reason, "by": by, "since": k.now, "size": size}
    (ident,) = _PLACE.many(c, [placed])
    journal.write(c, k, [journal.Entry("hold", text=f"{scope}: {reason}", actor=by, link=link_of(scope))])
    return HoldRow(ident, scope, reason, by, k.now)


def link_of(scope: str) -> str:
    """The link a scope lies in; empty where it reaches further. Pure."""
    kind, _, name = scope.partition(":")
    return name.partition("/")[0] if kind in ("link", "flow", "field", "record") else ""


def release(c: Connection, k: Keeper, ids: Sequence[int], by: str) -> int:
    """What waited behind them is due again: planned anew from the latest state, parents first."""
    opened = _RELEASE.all(c, {"ids": list(ids), "now": k.now, "actor": by})
    lines = [journal.Entry("release", text=scope, actor=by, link=link_of(scope)) for scope, _, _ in opened]
    journal.write(c, k, lines)
    for scope, size, cause in opened:
        if cause == f"brake:{Brake.BUDGET.value}":
            spending.renew(c, k, link_of(scope), size)
        # a released brake lets through what it stopped, and not one more: a ceiling, not a licence
        link, _, entity = scope.removeprefix("flow:").partition("/")
        _LET_THROUGH.many(c, [{"of_link": link, "of_entity": entity, "size": size}])
    if opened:
        # another hold may still cover them: then the next mark_sent holds them again
        _PAIRS_DUE.many(c, [{"now": k.now}])
        _INTENTS_DUE.many(c, [{"now": k.now}])
    return len(opened)


def of_link(c: Connection, link: str, connections: Sequence[str]) -> list[HoldRow]:
    """Open holds that touch a link, for showing."""
    rows = c.execute(
        select(hold)
        .where(
            hold.c.released_at.is_(None),
            or_(
                hold.c.scope.in_([EVERYTHING, f"link:{link}", *(f"connection:{n}" for n in connections)]),
                hold.c.scope.startswith(f"flow:{link}/", autoescape=True),
                hold.c.scope.startswith(f"field:{link}/", autoescape=True),
                hold.c.scope.startswith(f"record:{link}/", autoescape=True),
            ),
        )
        .order_by(hold.c.id)
    )
    return [_row(row) for row in rows]
