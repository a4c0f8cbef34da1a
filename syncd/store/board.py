"""How links stand: kept by who runs them, read a page at a time without counting anything."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    type_coerce,
)

from syncd.core.model import IntentState, PairState
from syncd.ports.desk import CycleRow, FleetSort, LinkLine
from syncd.ports.drift import EXPIRES, LIVE
from syncd.ports.records import FlowLine
from syncd.ports.store import Counts, FlowRow, HoldRow
from syncd.store import holds
from syncd.store.columns import UNSETTLED, chunks
from syncd.store.comparing import latest
from syncd.store.dialects import insert_or_add
from syncd.store.drift_tables import drift, fact
from syncd.store.tables import cycle, flow, intent, link_line, pair, stream, written

_SICK: Final = tuple(
    state.value
    for state in (
        PairState.IN_FLIGHT,
        PairState.WAITING,
        PairState.CONFLICT,
        PairState.QUARANTINED,
        PairState.HELD,
    )
)
"""Counted one index range each: the many that are in step cost nothing."""
_COLUMNS: Final = tuple(one.name for one in fields(LinkLine))
HOUR: Final = timedelta(hours=1)


def flow_lines(c: Connection, link: str) -> list[FlowLine]:
    """The flows of a link with what is pending or sick in them; what is in step is not counted."""
    rows = c.execute(select(flow).where(flow.c.link == link).order_by(flow.c.id)).all()
    ids = [row.id for row in rows]
    compared = {one.entity: one for one in latest(c, link)}
    states: dict[int, dict[PairState, int]] = {ident: {} for ident in ids}
    for flow_id, state, count in c.execute(
        select(pair.c.flow_id, pair.c.state, func.count())
        .where(pair.c.flow_id.in_(ids), pair.c.state.in_(_SICK))
        .group_by(pair.c.flow_id, pair.c.state)
    ):
        states[flow_id][PairState(state)] = count
    intents: dict[int, dict[IntentState, int]] = {ident: {} for ident in ids}
    for flow_id, state, count in c.execute(
        select(intent.c.flow_id, intent.c.state, func.count())
        .where(intent.c.flow_id.in_(ids), intent.c.state.in_(UNSETTLED))
        .group_by(intent.c.flow_id, intent.c.state)
    ):
        intents[flow_id][IntentState(state)] = count
    due = {
        row.flow_id: (row.n, row.oldest)
        for row in c.execute(
            select(pair.c.flow_id, func.count().label("n"), func.min(pair.c.due_at).label("oldest"))
            .where(pair.c.flow_id.in_(ids), pair.c.due_at.is_not(None))
            .group_by(pair.c.flow_id)
        )
    }
    return [
        FlowLine(
            FlowRow(row.id, row.link, row.entity, row.first_sync_done, row.fingerprint, row.ceiling),
            Counts(states[row.id], intents[row.id], 0, *due.get(row.id, (0, None))),
            row.last_cycle_at,
            row.last_success_at,
            row.last_error,
            compared.get(row.entity),
        )
        for row in rows
    ]


def standing(
    c: Connection, link: str, connections: Sequence[str]
) -> tuple[list[FlowLine], list[HoldRow], Mapping[tuple[str, str], str]]:
    """What a link's line is made from: its flows, the holds on it, what its streams last failed on."""
    errors = c.execute(
        select(stream.c.connection, stream.c.entity, stream.c.last_error).where(
            stream.c.connection.in_(connections), stream.c.last_error != ""
        )
    )
    return (
        flow_lines(c, link),
        holds.of_link(c, link, connections),
        {(row.connection, row.entity): row.last_error for row in errors},
    )


# -- keeping --------------------------------------------------------------------------------------


def lines(c: Connection, links: Sequence[str]) -> dict[str, LinkLine]:
    found = (c.execute(select(link_line).where(link_line.c.link.in_(some))) for some in chunks(links))
    return {row.link: _line(row) for rows in found for row in rows}


def newest(c: Connection) -> tuple[datetime, int]:
    """When a line was kept last, and the number of the latest run."""
    at = c.execute(select(func.max(link_line.c.updated_at))).scalar_one() or datetime.fromtimestamp(0, UTC)
    return at, c.execute(select(func.max(cycle.c.id))).scalar_one() or 0


def newer(c: Connection, since: datetime, last: int) -> tuple[list[LinkLine], list[CycleRow]]:
    """Lines kept, and runs ended, after these."""
    changed = select(link_line).where(link_line.c.updated_at > since).order_by(link_line.c.updated_at)
    ended = select(cycle).where(cycle.c.id > last).order_by(cycle.c.id)
    return [_line(row) for row in c.execute(changed)], [_cycle(row) for row in c.execute(ended)]


def _line(row: Row[Any]) -> LinkLine:
    return LinkLine(**{name: getattr(row, name) for name in _COLUMNS})


def keep(c: Connection, changed: Sequence[LinkLine], cycles: Sequence[CycleRow]) -> list[int]:
    """Store lines and runs; returns the runs' numbers."""
    if changed:
        c.execute(
            delete(link_line).where(link_line.c.link == bindparam("of_link")),
            [{"of_link": one.link} for one in changed],
        )
        c.execute(insert(link_line), [asdict(one) for one in changed])
    return [_add_cycle(c, one) for one in cycles]


def _add_cycle(c: Connection, one: CycleRow) -> int:
    ident: int = c.execute(
        insert(cycle)
        .values(
            link=one.link,
            started_at=one.started_at,
            seconds=one.seconds,
            trigger=one.trigger,
            counts=one.counts,
            error=one.error,
        )
        .returning(cycle.c.id)
    ).scalar_one()
    if one.written:
        hour = one.started_at.replace(minute=0, second=0, microsecond=0)
        row = {"link": one.link, "hour": hour, "records": one.written}
        c.execute(insert_or_add(c, written, row, add="records"))
    return ident


def forget_links(c: Connection, known: Sequence[str]) -> None:
    """Drop the lines of links that are configured no more."""
    gone = [link for (link,) in c.execute(select(link_line.c.link)) if link not in frozenset(known)]
    for chunk in chunks(gone):
        c.execute(delete(link_line).where(link_line.c.link.in_(chunk)))


def prune(c: Connection, cycles_before: datetime, hours_before: datetime) -> int:
    """Forget runs and hourly sums of before; returns how many rows."""
    old = c.execute(delete(cycle).where(cycle.c.started_at < cycles_before)).rowcount
    return old + c.execute(delete(written).where(written.c.hour < hours_before)).rowcount


# -- reading --------------------------------------------------------------------------------------


def _rank(now: datetime, late: int) -> ColumnElement[int]:
    """A link comes to be late by itself, without anybody writing its line."""
    overdue = and_(link_line.c.late_at.is_not(None), link_line.c.late_at <= now, link_line.c.rank < late)
    return case((overdue, late), else_=link_line.c.rank)


def page(
    c: Connection,
    now: datetime,
    late: int,
    *,
    text: str,
    rank: int | None,
    sort: FleetSort,
    after: tuple[int, str] | None,
    limit: int,
) -> list[tuple[LinkLine, int, int]]:
    """(line, rank now, what it is sorted by), one more than ``limit`` if there are more.

    ``text``: part of the name of the link, its customer or a connection; ``!`` before it means without.
    """
    standing_now = _rank(now, late)
    by: ColumnElement[Any] = {
        FleetSort.SICK: -standing_now,
        FleetSort.NAME: link_line.c.rank * 0,
        FleetSort.BACKLOG: -link_line.c.backlog,
        FleetSort.LAG: func.coalesce(type_coerce(link_line.c.oldest_due_at, BigInteger), _NEVER),
    }[sort]
    query = select(link_line, standing_now.label("now_rank"), by.label("sorted_by"))
    query = query.order_by(by, link_line.c.link).limit(limit + 1)
    if (wanted := _named(text)) is not None:
        query = query.where(wanted)
    if rank is not None:
        query = query.where(standing_now == rank)
    if after is not None:
        query = query.where(tuple_(by, link_line.c.link) > tuple_(*after))
    return [(_line(row), row.now_rank, row.sorted_by) for row in c.execute(query)]


_NEVER: Final = 2**62
"""Microseconds: after everything that is due."""


def _named(text: str) -> ColumnElement[bool] | None:
    without, part = text.startswith("!"), text.removeprefix("!")
    if not part:
        return None
    columns = (link_line.c.link, link_line.c.customer, link_line.c.left, link_line.c.right)
    found = or_(*(column.icontains(part, autoescape=True) for column in columns))
    return not_(found) if without else found


def census(c: Connection, now: datetime, late: int) -> dict[int, int]:
    """Rank -> links."""
    standing_now = _rank(now, late).label("now_rank")
    rows = c.execute(select(standing_now, func.count().label("n")).group_by(standing_now))
    return {row.now_rank: row.n for row in rows}


def one(c: Connection, link: str, now: datetime, late: int) -> tuple[LinkLine, int] | None:
    row = c.execute(
        select(link_line, _rank(now, late).label("now_rank")).where(link_line.c.link == link)
    ).one_or_none()
    return None if row is None else (_line(row), row.now_rank)


def writes(c: Connection, links: Sequence[str], since: datetime) -> dict[str, dict[datetime, int]]:
    """Link -> hour -> writes carried out, for hours that had any."""
    found: dict[str, dict[datetime, int]] = {link: {} for link in links}
    for chunk in chunks(links):
        for row in c.execute(select(written).where(written.c.link.in_(chunk), written.c.hour >= since)):
            found[row.link][row.hour] = row.records
    return found


def open_drifts(c: Connection, connections: Collection[str]) -> dict[str, int]:
    """Connection -> drifts that nobody has decided; none is left out."""
    found: dict[str, int] = {}
    for chunk in chunks(sorted(connections)):
        live = drift.c.state.in_([state.value for state in LIVE]) & drift.c.connection.in_(chunk)
        counted = select(drift.c.connection, func.count().label("n")).where(live)
        found |= {row.connection: row.n for row in c.execute(counted.group_by(drift.c.connection))}
    return found


def ends(c: Connection, connections: Collection[str]) -> dict[str, datetime]:
    """Connection -> when the first of its certificates and secrets ends, as far as that is known."""
    found: dict[str, datetime] = {}
    for chunk in chunks(sorted(connections)):
        dated = select(fact.c.connection, fact.c.value).where(
            fact.c.connection.in_(chunk), fact.c.name.endswith(EXPIRES, autoescape=True)
        )
        for name, value in c.execute(dated):
            at = datetime.fromisoformat(json.loads(value))
            found[name] = min(at, found.get(name, at))
    return found


def cycles(c: Connection, link: str | None, before: int | None, limit: int) -> list[CycleRow]:
    """The newest first."""
    query = select(cycle).order_by(cycle.c.id.desc()).limit(limit)
    if link is not None:
        query = query.where(cycle.c.link == link)
    if before is not None:
        query = query.where(cycle.c.id < before)
    return [_cycle(row) for row in c.execute(query)]


def _cycle(row: Row[Any]) -> CycleRow:
    return CycleRow(row.link, row.started_at, row.seconds, row.trigger, row.counts, 0, row.error, row.id)
