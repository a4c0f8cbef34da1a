"""From the daemon's rows to what a person sees. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from syncd.api.fleet import (
    ActionLine,
    CycleLine,
    FleetLine,
    InFlight,
    JobState,
    JobView,
    JournalLine,
    ReasonGroup,
)
from syncd.api.models import FlowReport, Health
from syncd.ports.desk import ActionRow, CycleRow, InFlightRow, JobRow, JournalRow, LinkLine, ReasonRow
from syncd.store.board import HOUR

HOURS: Final = 24
"""Of the history beside a line."""
_HEALTH: Final = tuple(Health)
_reports: Final = TypeAdapter(list[FlowReport])


def history(written: Mapping[datetime, int], now: datetime) -> list[int]:
    """Writes per hour, the oldest first."""
    this = now.replace(minute=0, second=0, microsecond=0)
    return [written.get(this - HOUR * back, 0) for back in range(HOURS - 1, -1, -1)]


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of connections rather than of links."""

    drifts: Mapping[str, int] = field(default_factory=dict)
    ends: Mapping[str, datetime] = field(default_factory=dict)


def fleet_line(line: LinkLine, rank: int, now: datetime, written: Sequence[int], beside: Beside) -> FleetLine:
    """``rank``: as it is now, which may be worse than when the line was written."""
    sides = {line.left, line.right}
    health = _HEALTH[rank]
    waits = line.oldest_due_at
    return FleetLine(
        link=line.link,
        customer=line.customer,
        left=line.left,
        right=line.right,
        health=health,
        since=line.since if rank == line.rank or line.late_at is None else line.late_at,
        lag_s=(now - waits).total_seconds() if waits is not None and waits <= now else None,
        backlog=line.backlog,
        in_flight=line.in_flight,
        uncertain=line.uncertain,
        waiting=line.waiting,
        conflicts=line.conflicts,
        quarantined=line.quarantined,
        held=line.held,
        holds=line.holds,
        drifts=sum(beside.drifts.get(side, 0) for side in sides),
        ends_at=min((beside.ends[side] for side in sides if side in beside.ends), default=None),
        last_cycle_at=line.last_cycle_at,
        last_success_at=line.last_success_at,
        last_error=line.last_error,
        failures=line.failures,
        next_try_at=line.next_try_at,
        written=list(written),
        updated_at=line.updated_at,
    )


def cycle_line(row: CycleRow) -> CycleLine:
    return CycleLine(
        id=row.id,
        link=row.link,
        started_at=row.started_at,
        seconds=row.seconds,
        trigger=row.trigger,
        flows=_reports.validate_json(row.counts),
        error=row.error,
    )


def in_flight(row: InFlightRow) -> InFlight:
    return InFlight(
        intent=row.intent,
        flow=row.entity,
        side=row.side,
        connection=row.connection,
        operation=row.operation,
        state=row.state,
        pair=row.pair,
        remote_key=row.remote_key,
        attempts=row.attempts,
        error_class=row.error_class,
        created_at=row.created_at,
        sent_at=row.sent_at,
        due_at=row.due_at,
    )


def reason_group(row: ReasonRow) -> ReasonGroup:
    return ReasonGroup(
        link=row.link,
        flow=row.entity,
        code=row.code,
        field=row.field,
        count=row.count,
        oldest=row.oldest,
        newest=row.newest,
        sample=row.sample,
    )


def journal_line(row: JournalRow) -> JournalLine:
    return JournalLine(
        id=row.id,
        at=row.at,
        link=row.link,
        flow=row.entity,
        pair=row.pair,
        intent=row.intent,
        kind=row.kind,
        text=row.text,
        actor=row.actor,
    )


def action_line(row: ActionRow) -> ActionLine:
    return ActionLine(
        id=row.id,
        at=row.at,
        actor=row.action.actor,
        name=row.action.name,
        link=row.action.link,
        outcome=row.action.outcome,
        asked=row.action.text,
    )


def job_view(row: JobRow) -> JobView:
    return JobView(
        id=row.id,
        kind=row.kind,
        state=JobState(row.state),
        by=row.actor,
        planned_at=row.planned_at,
        applies_at=row.applies_at,
        ended_at=row.ended_at,
        total=row.total,
        done=row.done,
        message=row.message,
    )
