"""Rows of the daemon's own memory: tokens, the audit of actions, how links stand, cycles, bulk jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One token of the control API: its digest, never its value."""

    name: str
    digest: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """Somebody asked for something."""

    actor: str
    name: str
    """Of the call."""
    link: str
    """Empty: of no single link."""
    outcome: str
    """``asked``, or the kind of error it failed with."""
    text: str
    """What was asked, as JSON."""


@dataclass(frozen=True, slots=True)
class ActionRow:
    id: int
    at: datetime
    action: Action


@dataclass(frozen=True, slots=True)
class LinkLine:
    """How one link stands, as it was last looked at."""

    link: str
    customer: str
    left: str
    right: str
    health: str
    rank: int
    """0: well. The higher, the sooner somebody should look."""
    since: datetime
    """When it came to that health."""
    late_at: datetime | None
    """When it will be late if nothing happens."""
    backlog: int
    oldest_due_at: datetime | None
    in_flight: int
    uncertain: int
    waiting: int
    conflicts: int
    quarantined: int
    held: int
    holds: int
    last_cycle_at: datetime | None
    last_success_at: datetime | None
    last_error: str
    failures: int
    next_try_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CycleRow:
    """One run of a link that did something or failed."""

    link: str
    started_at: datetime
    seconds: float
    trigger: str
    """schedule | wake | person"""
    counts: str
    """What each flow did, as JSON."""
    written: int
    error: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One line of the journal, with what it is about."""

    id: int
    at: datetime
    link: str
    entity: str
    pair: int | None
    intent: int | None
    kind: str
    text: str
    actor: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """Refused records of one cause."""

    link: str
    entity: str
    code: str
    field: str
    count: int
    oldest: datetime
    newest: datetime
    sample: str
    """The reason of the newest, in its platform's own words."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which refused records; None: any. ``upto``: none that came to be refused later."""

    link: str | None = None
    entity: str | None = None
    code: str | None = None
    field: str | None = None
    ids: Sequence[int] | None = None
    upto: datetime | None = None
    text: str = ""
    """A record's key (or how it begins), or exactly its number or name."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """Bulk work."""

    id: int
    kind: str
    selection: str
    """As JSON."""
    state: str
    """planned | running | done | cancelled | failed"""
    actor: str
    reason: str
    planned_at: datetime
    applies_at: datetime
    ended_at: datetime | None
    total: int
    done: int
    after: int
    message: str


@dataclass(frozen=True, slots=True)
class InFlightRow:
    """A write whose end is not known yet."""

    intent: int
    entity: str
    side: str
    connection: str
    operation: str
    state: str
    pair: int
    remote_key: str | None
    attempts: int
    error_class: str
    created_at: datetime
    sent_at: datetime | None
    due_at: datetime | None


class FleetSort(StrEnum):
    """The order of the fleet."""

    SICK = "sick"
    """Who needs somebody first."""
    NAME = "name"
    BACKLOG = "backlog"
    LAG = "lag"
