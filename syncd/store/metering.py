"""``ports.metering`` over SQL: grouped queries whose cost follows what stands open, not what there is."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from sqlalchemy import BigInteger, Connection, Float, Integer, bindparam, case, cast, func, select, text

from syncd.core.model import PairState, Side
from syncd.ports.desk import LinkLine
from syncd.ports.drift import DriftState
from syncd.ports.metering import ConnectionLine, Counted, News, Standing, Written
from syncd.store.database import Database
from syncd.store.dialects import size
from syncd.store.drift_tables import drift
from syncd.store.tables import (
    flow,
    hint,
    hold,
    intent,
    journal,
    link_line,
    pair,
    reconciliation,
    remote,
    stream,
)
from syncd.store.workers import crew

_STANDING_STILL: Final = (PairState.QUARANTINED.value, PairState.CONFLICT.value, PairState.HELD.value)
_LINES_MAX: Final = 100_000
"""Journal lines in one reading; more are left for the next."""

_LINES = select(*(link_line.c[one.name] for one in fields(LinkLine)))
_OLDEST = (
    select(flow.c.link, pair.c.state, func.min(pair.c.since).label("since"))
    .join_from(flow, pair, (pair.c.flow_id == flow.c.id) & pair.c.state.in_(_STANDING_STILL))
    .group_by(flow.c.link, pair.c.state)
)
_HOLDS = (
    select(hold.c.scope, hold.c.by, func.count().label("n"))
    .where(hold.c.released_at.is_(None))
    .group_by(hold.c.scope, hold.c.by)
)
_STREAMS = select(
    stream.c.connection,
    func.max(stream.c.last_ok_at).label("last_ok_at"),
    func.sum(case((stream.c.last_error != "", 1), else_=0)).label("wrong"),
).group_by(stream.c.connection)
_IMPACT = case((drift.c.level == "breaking", "breaking"), else_="review")
_DRIFTS = (
    select(drift.c.connection, _IMPACT.label("impact"), func.count().label("n"))
    .where(drift.c.state == DriftState.OPEN.value)  # of the others somebody knows
    .group_by(drift.c.connection, _IMPACT)
)
_HINTS = select(hint.c.connection, func.count().label("n")).group_by(hint.c.connection)
_COMPARED = (
    select(reconciliation.c.id, flow.c.link, flow.c.entity, reconciliation.c.unexplained)
    .join(flow, flow.c.id == reconciliation.c.flow_id)
    .where(reconciliation.c.id > bindparam("after", type_=BigInteger), reconciliation.c.complete)
    .order_by(reconciliation.c.id)
)
_NEW = (
    select(journal.c.id)
    .where(journal.c.id > bindparam("after", type_=BigInteger))
    .order_by(journal.c.id)
    .limit(bindparam("most", type_=Integer))
    .subquery()
)
_COUNTED = (
    select(
        journal.c.link,
        func.coalesce(flow.c.entity, "").label("entity"),
        journal.c.kind,
        func.coalesce(intent.c.operation, "").label("operation"),
        func.coalesce(intent.c.error_class, pair.c.code, "").label("error_class"),
        func.count().label("n"),
    )
    .join_from(journal, _NEW, journal.c.id == _NEW.c.id)
    .outerjoin(flow, flow.c.id == journal.c.flow_id)
    .outerjoin(intent, intent.c.id == journal.c.intent_id)
    .outerjoin(pair, pair.c.id == journal.c.pair_id)
    .group_by(text("1, 2, 3, 4, 5"))
)
_SOURCE = case((intent.c.side == Side.LEFT.value, pair.c.right_id), else_=pair.c.left_id)
_SECONDS = cast(cast(journal.c.at, BigInteger) - cast(remote.c.seen_at, BigInteger), Float) / 1_000_000
_WRITTEN = (
    select(journal.c.link, flow.c.entity, _SECONDS.label("seconds"))
    .join_from(journal, _NEW, journal.c.id == _NEW.c.id)
    .join(flow, flow.c.id == journal.c.flow_id)
    .join(intent, (intent.c.id == journal.c.intent_id) & intent.c.operation.in_(["create", "update"]))
    .join(pair, pair.c.id == journal.c.pair_id)
    .join(remote, remote.c.id == _SOURCE)
    .where(journal.c.kind == "posted")
)


class Meter:
    """Reads the state for the metrics, beside everything else that goes on."""

    def __init__(self, database: Database, *, shared: bool = False) -> None:
        """``shared``: several processes work on the state."""
        self._database = database
        self._shared = shared
        self._compared = 0
        """Number of the last comparison that was read: of the old ones only the end is of interest."""
        self._mismatches: dict[str, dict[str, int]] = {}

    async def standing(self) -> Standing:
        standing = await self._database.scan(_standing)
        await self._database.scan(self._read_comparisons)
        counts = {link: sum(flows.values()) for link, flows in self._mismatches.items()}
        found = await self._database.scan(crew) if self._shared else None
        return replace(standing, mismatches=counts, crew=found)

    def _read_comparisons(self, c: Connection) -> None:
        for row in c.execute(_COMPARED, {"after": self._compared}):
            self._compared = row.id
            self._mismatches.setdefault(row.link, {})[row.entity] = row.unexplained

    async def news(self, after: int | None) -> News:
        return await self._database.scan(lambda c: _news(c, after))


def _standing(c: Connection) -> Standing:
    holds: dict[str, int] = {}
    brakes: dict[str, int] = {}
    for row in c.execute(_HOLDS):
        holds[row.scope] = holds.get(row.scope, 0) + row.n
        if row.by.startswith("brake:"):
            link = row.scope.removeprefix("flow:").partition("/")[0]
            brakes[link] = brakes.get(link, 0) + row.n
    return Standing(
        lines=[LinkLine(*row) for row in c.execute(_LINES)],
        oldest={(row.link, row.state): row.since for row in c.execute(_OLDEST)},
        holds=holds,
        brakes=brakes,
        connections={
            row.connection: ConnectionLine(row.last_ok_at is not None and not row.wrong, row.last_ok_at)
            for row in c.execute(_STREAMS)
        },
        hints={row.connection: row.n for row in c.execute(_HINTS)},
        drifts={(row.connection, row.impact): row.n for row in c.execute(_DRIFTS)},
        bytes=size(c),
    )


def _news(c: Connection, after: int | None) -> News:
    if after is None:
        return News(c.execute(select(func.coalesce(func.max(journal.c.id), 0))).scalar_one())
    asked = {"after": after, "most": _LINES_MAX}
    last = c.execute(select(func.max(_NEW.c.id)), asked).scalar_one()
    if last is None:
        return News(after)
    return News(
        last,
        [
            Counted(row.link, row.entity, row.kind, row.operation, row.error_class, row.n)
            for row in c.execute(_COUNTED, asked)
        ],
        [Written(row.link, row.entity, max(row.seconds, 0.0)) for row in c.execute(_WRITTEN, asked)],
    )


@dataclass
class JournalLine:
    """One line of the journal without its words: what may stand in a log."""

    kind: str
    entity: str
    pair: int | None
    intent: int | None
    operation: str
    side: str
    connection: str
    reference: str
    """Ours, under which the write can be found on the other side."""
    key: str
    """Of the record written."""
    error_class: str


_LINES_OF = (
    select(
        journal.c.kind,
        func.coalesce(flow.c.entity, "").label("entity"),
        journal.c.pair_id,
        journal.c.intent_id,
        func.coalesce(intent.c.operation, ""),
        func.coalesce(intent.c.side, ""),
        func.coalesce(intent.c.connection, ""),
        func.coalesce(intent.c.reference, ""),
        func.coalesce(intent.c.remote_key, ""),
        func.coalesce(intent.c.error_class, pair.c.code, ""),
    )
    .outerjoin(flow, flow.c.id == journal.c.flow_id)
    .outerjoin(intent, intent.c.id == journal.c.intent_id)
    .outerjoin(pair, pair.c.id == journal.c.pair_id)
    .where(journal.c.link == bindparam("of_link"), journal.c.seq > bindparam("after"))
    .order_by(journal.c.seq)
    .limit(bindparam("most", type_=Integer))
)


def journal_lines(c: Connection, link: str, after: int, most: int) -> list[JournalLine]:
    """What was written down of a link after a place in its chain."""
    rows = c.execute(_LINES_OF, {"of_link": link, "after": after, "most": most})
    return [JournalLine(*list(row)) for row in rows]
