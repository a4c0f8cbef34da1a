"""Bulk work that outlives whoever asked for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from syncd.ports.desk import JobRow
from syncd.store.sealing import Keeper
from syncd.store.tables import job

PLANNED: Final = "planned"
RUNNING: Final = "running"
DONE: Final = "done"
CANCELLED: Final = "cancelled"
FAILED: Final = "failed"
_OPEN: Final = (PLANNED, RUNNING)


def plan(
    c: Connection,
    k: Keeper,
    *,
    kind: str,
    selection: str,
    actor: str,
    reason: str,
    applies_at: datetime,
    total: int,
) -> JobRow:
    row = c.execute(
        insert(job)
        .values(
            kind=kind,
            selection=selection,
            state=PLANNED,
            actor=actor,
            reason=k.text("job", "reason", reason),
            planned_at=k.now,
            applies_at=applies_at,
            total=total,
        )
        .returning(job)
    ).one()
    return _job(k, row)


def latest(c: Connection, k: Keeper, before: int | None, limit: int) -> list[JobRow]:
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(job.c.id < before)
    return [_job(k, row) for row in c.execute(query)]


def get(c: Connection, k: Keeper, ident: int) -> JobRow | None:
    row = c.execute(select(job).where(job.c.id == ident)).one_or_none()
    return None if row is None else _job(k, row)


def begin(c: Connection, k: Keeper) -> JobRow | None:
    """The next job whose time has come, or that was broken off; it is running now."""
    ready = (
        select(job)
        .where(job.c.state.in_(_OPEN), job.c.applies_at <= k.now)
        .order_by(job.c.applies_at, job.c.id)
        .limit(1)
        .with_for_update()
    )
    row = c.execute(ready).one_or_none()
    if row is None:
        return None
    c.execute(update(job).where(job.c.id == row.id).values(state=RUNNING))
    return get(c, k, row.id)


def next_at(c: Connection) -> datetime | None:
    """When the next job's time comes."""
    at: datetime | None = c.execute(
        select(func.min(job.c.applies_at)).where(job.c.state.in_(_OPEN))
    ).scalar_one()
    return at


def advance(c: Connection, ident: int, after: int, done: int) -> bool:
    """So much further. False: somebody stopped it."""
    moved = c.execute(
        update(job)
        .where(job.c.id == ident, job.c.state == RUNNING)
        .values(after=after, done=job.c.done + done)
    )
    return moved.rowcount == 1


def end(c: Connection, ident: int, state: str, message: str, now: datetime) -> bool:
    """False: it had ended before. What it was about is forgotten: a person may have typed a value into it."""
    ended = c.execute(
        update(job)
        .where(job.c.id == ident, job.c.state.in_(_OPEN))
        .values(state=state, message=message, ended_at=now, selection="")
    )
    return ended.rowcount == 1


def _job(k: Keeper, row: Row[Any]) -> JobRow:
    return JobRow(
        row.id,
        row.kind,
        row.selection,
        row.state,
        row.actor,
        k.open_text("job", "reason", row.reason),
        row.planned_at,
        row.applies_at,
        row.ended_at,
        row.total,
        row.done,
        row.after,
        row.message,
    )
