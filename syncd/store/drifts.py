"""The monitor's memory over SQL: each method is one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, bindparam, delete, func, insert, or_, select, update

from syncd.core.model import PairState
from syncd.core.outcome import ErrorClass
from syncd.ports.connector import Clock
from syncd.ports.drift import (
    LIVE,
    DriftRow,
    DriftState,
    Fact,
    GrantRow,
    HeldPairs,
    LearnedShape,
    Notice,
    ProposalRow,
    Sighting,
)
from syncd.store.database import Database
from syncd.store.drift_tables import drift, drift_grant, fact, notice, proposal, shape
from syncd.store.sealing import Seal
from syncd.store.tables import flow, pair, remote

_LIVE = [state.value for state in LIVE]
_FACETS = (
    "before",
    "after",
    "seen_before",
    "seen_now",
    "samples",
    "mappings",
    "renames",
    "repair",
    "correction",
)


class DriftStore:
    """Shapes, events, grants, proposals, notices and facts of one site."""

    def __init__(self, database: Database, clock: Clock, seal: Seal) -> None:
        self._database = database
        self._clock = clock
        self._seal = seal

    # -- shapes

    async def shapes(self) -> Sequence[LearnedShape]:
        """Everything learned so far."""
        rows = await self._database.scan(lambda c: c.execute(select(shape)).all())
        return [
            LearnedShape(
                connection=row.connection,
                operation=row.operation,
                version=row.version,
                role=row.role,
                data=self._seal.open(row.connection, f"shape:{row.operation}:{row.role}", row.data),
                records=row.records,
                updated_at=row.updated_at,
            )
            for row in rows
        ]

    async def keep_shapes(self, learned: Sequence[LearnedShape]) -> None:
        """Replace these shapes by what is known now."""
        values = [
            {
                "connection": one.connection,
                "operation": one.operation,
                "version": one.version,
                "role": one.role,
                "data": self._seal.seal(one.connection, f"shape:{one.operation}:{one.role}", one.data),
                "records": one.records,
                "updated_at": one.updated_at,
            }
            for one in learned
        ]

        def script(c: Connection) -> None:
            _put(c, shape, values, ("connection", "operation", "version", "role"))

        if values:
            await self._database.write(script)

    async def forget_shapes(self, version: str) -> None:
        """Drop what was kept under a version."""
        dropped = delete(shape).where(shape.c.version == version)
        await self._database.write(lambda c: c.execute(dropped))

    # -- events

    async def sighted(self, seen: Sighting) -> tuple[DriftRow, bool]:
        """Remember a drift as it is seen now. Returns its row, and whether it is new."""
        now = self._clock.now()

        def script(c: Connection) -> tuple[Row[Any], bool]:
            values = _values(seen, now)
            live = and_(
                drift.c.connection == seen.connection,
                drift.c.fingerprint == seen.fingerprint,
                drift.c.state.in_(_LIVE),
            )
            known = c.execute(update(drift).where(live).values(**values).returning(drift)).one_or_none()
            if known is not None:
                return known, False
            values |= {"state": DriftState.OPEN.value, "first_seen": now}
            return c.execute(insert(drift).values(**values).returning(drift)).one(), True

        row, new = await self._database.write(script)
        return _row(row), new

    async def events(
        self, states: Sequence[DriftState] | None = LIVE, limit: int = 1000
    ) -> Sequence[DriftRow]:
        """Newest first; ``states`` None: all of them."""
        query = select(drift).order_by(drift.c.id.desc()).limit(limit)
        if states is not None:
            query = query.where(drift.c.state.in_([state.value for state in states]))
        return [_row(row) for row in await self._database.scan(lambda c: c.execute(query).all())]

    async def stamp(self) -> tuple[object, ...]:
        """Something else whenever an event, a grant or a proposal came, went or changed its state."""
        closed = [
            select(func.count(), func.max(one.c.id), func.count(ended), func.max(ended)).select_from(one)
            for one, ended in (
                (drift, drift.c.closed_at),
                (drift_grant, drift_grant.c.revoked_at),
                (proposal, proposal.c.closed_at),
            )
        ]
        return await self._database.scan(lambda c: tuple(tuple(c.execute(one).one()) for one in closed))

    async def event(self, ident: int) -> DriftRow | None:
        query = select(drift).where(drift.c.id == ident)
        row = await self._database.scan(lambda c: c.execute(query).one_or_none())
        return None if row is None else _row(row)

    async def held(self, ident: int) -> None:
        """Its hold stands on disk from now on (the first time counts)."""
        now = self._clock.now()
        mark = update(drift).where(drift.c.id == ident, drift.c.held_at.is_(None)).values(held_at=now)
        await self._database.write(lambda c: c.execute(mark))

    async def move(
        self,
        ident: int,
        state: DriftState,
        *,
        by: str,
        reason: str = "",
        muted_until: datetime | None = None,
    ) -> None:
        """Put an event into another state."""
        now = self._clock.now()
        values: dict[str, Any] = {
            "state": state.value,
            "actor": by,
            "reason": reason,
            "muted_until": muted_until,
            "closed_at": None if state in LIVE else now,
        }
        await self._database.write(
            lambda c: c.execute(update(drift).where(drift.c.id == ident).values(**values))
        )

    # -- grants and proposals

    async def grant(self, event: DriftRow, *, by: str, reason: str, lasts: timedelta) -> GrantRow:
        """Let what shows this drift through until the grant ends."""
        now = self._clock.now()
        values = {
            "drift_id": event.id,
            "connection": event.seen.connection,
            "by": by,
            "reason": reason,
            "granted_at": now,
            "expires_at": now + lasts,
        }
        ident: int = await self._database.write(
            lambda c: c.execute(insert(drift_grant).values(**values).returning(drift_grant.c.id)).scalar_one()
        )
        return GrantRow(ident, event.id, event.seen.connection, by, reason, now, now + lasts)

    async def grants(self) -> Sequence[GrantRow]:
        """Those that count now."""
        now = self._clock.now()
        query = select(drift_grant).where(drift_grant.c.revoked_at.is_(None), drift_grant.c.expires_at > now)
        rows = await self._database.scan(lambda c: c.execute(query).all())
        return [
            GrantRow(r.id, r.drift_id, r.connection, r.by, r.reason, r.granted_at, r.expires_at) for r in rows
        ]

    async def withdraw(self, drift_id: int) -> None:
        """End every grant about a drift, and close its proposals."""
        now = self._clock.now()
        ended = update(drift_grant).where(
            drift_grant.c.drift_id == drift_id, drift_grant.c.revoked_at.is_(None)
        )
        closed = update(proposal).where(proposal.c.drift_id == drift_id, proposal.c.closed_at.is_(None))

        def script(c: Connection) -> None:
            c.execute(ended.values(revoked_at=now))
            c.execute(closed.values(closed_at=now))

        await self._database.write(script)

    async def propose(self, event: DriftRow, *, by: str, reason: str) -> int:
        """Store the contract edit that accepting an event means. Returns its number."""
        seen = event.seen
        change = {"kind": seen.kind, "path": seen.path, "before": seen.before, "after": seen.after}
        if seen.renames:
            change["renamed_to"] = seen.renames[0][0]
        values = {
            "drift_id": event.id,
            "platform": seen.platform,
            "connection": seen.connection,
            "operation": seen.operation,
            "change": json.dumps(change),
            "correction": None if seen.correction is None else json.dumps(dict(seen.correction)),
            "by": by,
            "reason": reason,
            "created_at": self._clock.now(),
        }
        ident: int = await self._database.write(
            lambda c: c.execute(insert(proposal).values(**values).returning(proposal.c.id)).scalar_one()
        )
        return ident

    async def proposals(self) -> Sequence[ProposalRow]:
        """Those not merged yet, oldest first."""
        query = select(proposal).where(proposal.c.closed_at.is_(None)).order_by(proposal.c.id)
        rows = await self._database.scan(lambda c: c.execute(query).all())
        return [
            ProposalRow(
                id=r.id,
                drift=r.drift_id,
                platform=r.platform,
                connection=r.connection,
                operation=r.operation,
                change=json.loads(r.change),
                correction=None if r.correction is None else json.loads(r.correction),
                by=r.by,
                reason=r.reason,
                created_at=r.created_at,
            )
            for r in rows
        ]

    async def close_proposals(self, which: Sequence[int]) -> None:
        """Their edits stand in a file now."""
        now = self._clock.now()
        await self._database.write(
            lambda c: c.execute(update(proposal).where(proposal.c.id.in_(which)).values(closed_at=now))
        )

    # -- notices and facts

    async def notices(self) -> Mapping[str, Notice]:
        """By cause, those not over yet."""
        query = select(notice).where(notice.c.closed_at.is_(None))
        rows = await self._database.scan(lambda c: c.execute(query).all())
        return {r.cause: Notice(**r._mapping) for r in rows}

    async def keep_notices(self, told: Sequence[Notice]) -> None:
        values = [asdict(one) for one in told]
        if values:
            await self._database.write(lambda c: _put(c, notice, values, ("cause",)))

    async def facts(self, connection: str | None = None) -> Sequence[Fact]:
        query = select(fact) if connection is None else select(fact).where(fact.c.connection == connection)
        rows = await self._database.scan(lambda c: c.execute(query).all())
        return [Fact(r.connection, r.name, json.loads(r.value), r.since, r.seen_at) for r in rows]

    async def keep_facts(self, known: Sequence[Fact]) -> None:
        values = [asdict(one) | {"value": json.dumps(one.value)} for one in known]
        if values:
            await self._database.write(lambda c: _put(c, fact, values, ("connection", "name")))

    # -- what waits behind the gate

    async def waiting(self, flows: Sequence[tuple[str, str]]) -> Sequence[HeldPairs]:
        """Of each (link, entity): what is held or was quarantined by the guard, with the records' keys."""
        return await self._database.scan(lambda c: [_waiting(c, link, entity) for link, entity in flows])

    async def reconsider(self, flows: Sequence[tuple[str, str]]) -> int:
        """What the guard stopped in these flows is due again. Returns how many."""
        now = self._clock.now()

        def script(c: Connection) -> int:
            ids = select(flow.c.id).where(or_(*(_is_flow(link, entity) for link, entity in flows)))
            due = update(pair).where(pair.c.flow_id.in_(ids), _guarded())
            return c.execute(due.values(state=PairState.DUE.value, due_at=now)).rowcount

        return await self._database.write(script) if flows else 0


def _put(c: Connection, table: Table, values: Sequence[Mapping[str, Any]], key: Sequence[str]) -> None:
    """Replace the rows of these keys."""
    same = and_(*(table.c[name] == bindparam(f"old_{name}") for name in key))
    c.execute(delete(table).where(same), [{f"old_{name}": row[name] for name in key} for row in values])
    c.execute(insert(table), list(values))


def _is_flow(link: str, entity: str) -> Any:
    return and_(flow.c.link == link, flow.c.entity == entity)


def _guarded() -> Any:
    return and_(
        pair.c.code == ErrorClass.GUARD.value,
        pair.c.state.in_([PairState.HELD.value, PairState.QUARANTINED.value]),
    )


def _waiting(c: Connection, link: str, entity: str) -> HeldPairs:
    chosen = and_(_is_flow(link, entity), _guarded())
    counted = c.execute(
        select(pair.c.state, func.count(), func.min(pair.c.since))
        .join(flow, flow.c.id == pair.c.flow_id)
        .where(chosen)
        .group_by(pair.c.state)
    ).all()
    counts = {state: number for state, number, _ in counted}
    keys: dict[str, Sequence[str]] = {}
    for side, column in (("left", pair.c.left_id), ("right", pair.c.right_id)):
        query = (
            select(remote.c.key)
            .join(pair, column == remote.c.id)
            .join(flow, flow.c.id == pair.c.flow_id)
            .where(chosen)
        )
        keys[side] = list(c.execute(query).scalars())
    return HeldPairs(
        link=link,
        entity=entity,
        held=counts.get(PairState.HELD.value, 0),
        quarantined=counts.get(PairState.QUARANTINED.value, 0),
        oldest=min((since for _, _, since in counted if since is not None), default=None),
        keys=keys,
    )


def _values(seen: Sighting, now: datetime) -> dict[str, Any]:
    everything = asdict(seen)
    facets = {name: everything.pop(name) for name in _FACETS}
    return {**everything, "facets": json.dumps(facets), "last_seen": now}


def _row(row: Row[Any]) -> DriftRow:
    facets = json.loads(row.facets)
    facets["renames"] = tuple((path, likeness) for path, likeness in facets["renames"])
    return DriftRow(
        id=row.id,
        seen=Sighting(
            fingerprint=row.fingerprint,
            connection=row.connection,
            platform=row.platform,
            operation=row.operation,
            path=row.path,
            kind=row.kind,
            level=row.level,
            action=row.action,
            hits=row.hits,
            distance=row.distance,
            **facets,
        ),
        state=DriftState(row.state),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        held_at=row.held_at,
        closed_at=row.closed_at,
        muted_until=row.muted_until,
        actor=row.actor,
        reason=row.reason,
    )
