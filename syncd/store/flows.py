"""Flows as rows: how each stands, and what a cycle leaves there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, insert, or_, select, update

from syncd.core.model import IntentState, PairState, Side
from syncd.ports.store import FlowRow, FlowState
from syncd.ports.streams import StreamRow
from syncd.store.prepared import Prepared, put
from syncd.store.query import Query
from syncd.store.removals import any_merged
from syncd.store.sealing import Keeper
from syncd.store.streams import find_stream, read_stream
from syncd.store.tables import flow, intent, pair, stream

_FLOW = Query(
    select(flow).where(flow.c.link == bindparam("of_link"), flow.c.entity == bindparam("of_entity"))
)
_BEGIN = Prepared(insert(flow))

TO_LOOK_AT: Final = (IntentState.PLANNED, IntentState.UNCERTAIN, IntentState.ACCEPTED)
"""Intents that are looked at once they are due."""


def look_up(c: Connection, link: str, entity: str) -> FlowRow | None:
    row = _FLOW.first(c, {"of_link": link, "of_entity": entity})
    return None if row is None else read_flow(row)


def read_flow(row: Any) -> FlowRow:
    offsets = {Side.LEFT: row.left_offset, Side.RIGHT: row.right_offset}
    return FlowRow(row.id, row.link, row.entity, row.first_sync_done, row.fingerprint, row.ceiling, offsets)


def find_flow(c: Connection, link: str, entity: str) -> FlowRow:
    """The flow, made on first sight."""
    found = look_up(c, link, entity)
    if found is None:
        _BEGIN.many(c, [{"link": link, "entity": entity}])
        found = look_up(c, link, entity)
        assert found is not None
    return found


_CHANGING: Final = "changing"
"""Stands for the fingerprint of rules that are about to decide anew: equal to that of no rules."""


def decide_by(c: Connection, k: Keeper, at: FlowRow, fingerprint: str) -> None:
    put(c, flow, at.id, {"fingerprint": _CHANGING if at.fingerprint else fingerprint})
    if at.fingerprint:
        # one that was skipped keeps the reason it was refused for; one that was only not selected has none
        skipped = and_(pair.c.state == PairState.OUT_OF_SCOPE.value, pair.c.code != "")
        c.execute(update(pair).where(pair.c.flow_id == at.id, ~skipped).values(due_at=k.now))


def cycle_done(
    c: Connection, k: Keeper, at: FlowRow, fingerprint: str, *, first: bool, error: str, quiet: bool
) -> None:
    values: dict[str, Any] = {"last_cycle_at": k.now, "last_error": error}
    if not error:
        values |= {
            "last_success_at": k.now,
            "fingerprint": fingerprint,
            "first_sync_done": first,
        }
        if quiet:
            values["ceiling"] = 0
    put(c, flow, at.id, values)


# -- how they stand ---------------------------------------------------------------------------


def _any(query: Select[Any]) -> ColumnElement[Any]:
    """Its first row, as a column: null where it has none."""
    return query.limit(1).scalar_subquery()


_DUE = _any(select(pair.c.id).where(pair.c.flow_id == flow.c.id, pair.c.due_at <= bindparam("now")))
_DOUBTFUL = _any(
    select(intent.c.id).where(
        intent.c.flow_id == flow.c.id, intent.c.state.in_(TO_LOOK_AT), intent.c.due_at <= bindparam("now")
    )
)
_FLOWS = Query(
    select(flow, _DUE.label("due"), _DOUBTFUL.label("doubtful")).where(flow.c.link == bindparam("of_link"))
)
_STREAMS = Query(
    select(stream).where(
        or_(stream.c.connection == bindparam("on_left"), stream.c.connection == bindparam("on_right"))
    )
)


def states(
    c: Connection, k: Keeper, link: str, ends: Mapping[Side, str], flows: Mapping[str, Collection[Side]]
) -> dict[str, FlowState]:
    """Those of ``flows`` that are there with all of their streams."""
    connections = {"on_left": ends[Side.LEFT], "on_right": ends[Side.RIGHT]}
    shown = {(row.connection, row.entity): read_stream(row) for row in _STREAMS.all(c, connections)}
    found, merged = {}, any_merged(c)
    for row in _FLOWS.all(c, {"of_link": link, "now": k.now}):
        streams: dict[Side, StreamRow] = {}
        for side in flows.get(row.entity, ()):
            if (at := shown.get((ends[side], row.entity))) is not None:
                streams[side] = at
        if row.entity in flows and len(streams) == len(flows[row.entity]):
            found[row.entity] = FlowState(
                read_flow(row), streams, row.due is not None, row.doubtful is not None, merged
            )
    return found


def find_states(
    c: Connection, k: Keeper, link: str, ends: Mapping[Side, str], flows: Mapping[str, Collection[Side]]
) -> dict[str, FlowState]:
    """All of them, made on first sight."""
    for entity, sides in flows.items():
        find_flow(c, link, entity)
        for side in sides:
            find_stream(c, ends[side], entity)
    return states(c, k, link, ends, flows)
