"""What a person looks at: the fleet, one link, refused records by cause, connections, the journal, jobs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from syncd.api.models import FlowReport, Health, LinkStatus, QuarantineItem, View


class FleetLine(View):
    """How one link stands."""

    link: str
    customer: str
    left: str
    right: str
    health: Health
    since: datetime
    """When it came to that health."""
    lag_s: float | None = None
    """Age of the oldest change that is not delivered; None: none waits."""
    backlog: int = 0
    """Records to be decided."""
    in_flight: int = 0
    """Writes under way."""
    uncertain: int = 0
    waiting: int = 0
    """Records that wait for another."""
    conflicts: int = 0
    quarantined: int = 0
    held: int = 0
    holds: int = 0
    """Open holds that touch the link."""
    drifts: int = 0
    """Open at its two connections."""
    ends_at: datetime | None = None
    """When the first of their certificates, secrets and logins ends that somebody has to renew."""
    last_cycle_at: datetime | None = None
    last_success_at: datetime | None = None
    """The last run without an error, also one that found nothing to do."""
    last_error: str = ""
    failures: int = 0
    """Runs that failed in a row."""
    next_try_at: datetime | None = None
    """After a failure: when it is tried again. A wake-up comes sooner."""
    written: list[int] = Field(default_factory=list)
    """Writes carried out per hour, the oldest first; the last one is the hour under way."""
    updated_at: datetime


class FleetPage(View):
    """Some of the fleet, in the order that was asked for."""

    at: datetime
    lines: list[FleetLine]
    next: str | None = None
    """The cursor of the next page; None: this was the last."""
    census: dict[Health, int]
    """How many links there are of each health, on all pages and whatever the filter."""


class CycleLine(View):
    """One run that did something or failed."""

    id: int
    link: str
    started_at: datetime
    seconds: float
    trigger: str
    """schedule | wake | person"""
    flows: list[FlowReport]
    """Those that did something."""
    error: str = ""


class InFlight(View):
    """A write whose end is not known yet."""

    intent: int
    flow: str
    side: str
    connection: str
    operation: str
    state: str
    pair: int
    remote_key: str | None = None
    attempts: int = 0
    error_class: str = ""
    created_at: datetime
    sent_at: datetime | None = None
    due_at: datetime | None = None
    """When it is looked at again."""


class Allowance(View):
    """What a connection may ask for at once."""

    limit: int
    """Requests at once at most."""
    under_way: int = 0
    pause_s: float = 0.0
    """Seconds that the platform wants to be left alone for."""
    remaining: int | None = None
    """Of the quota that the platform says it counts."""
    resets_at: datetime | None = None


class Circuit(StrEnum):
    """Whether a connection is spoken to."""

    CLOSED = "closed"
    OPEN = "open"
    """The platform is down: nothing is sent until ``next_try_at``."""
    TRYING = "trying"
    """One request finds out whether it is back."""


class Breaker(View):
    """How a platform has answered lately."""

    circuit: Circuit
    since: datetime | None = None
    failures: int = 0
    """In a row."""
    next_try_at: datetime | None = None
    error: str = ""


class Credential(View):
    """How a connection logs in; never with what."""

    scheme: str
    expires_at: datetime | None = None
    renewed_at: datetime | None = None
    ends_at: datetime | None = None
    """When the first of its certificates and secrets ends that somebody has to renew."""
    rotates: bool = False
    """Whether the refresh token changes with each use."""
    refused: str = ""
    """What the platform said when it refused the login; empty while it works."""


class Deliveries(View):
    """Webhooks of one connection."""

    expected: bool
    """Whether a link asked for them and the platform can."""
    subscribed: bool = False
    subscribed_until: datetime | None = None
    last_at: datetime | None = None
    received: int = 0
    """Since the daemon was started."""
    refused: int = 0
    """Not proven, or not readable."""
    silent: bool = False
    """Changes were found by reading that nobody had announced."""
    detail: str = ""


class ConnectionLine(View):
    """One account on one platform."""

    connection: str
    platform: str
    links: list[str]
    up: bool | None = None
    """None: not tried yet."""
    detail: str = ""
    bridge: bool | None = None
    """Whether its bridge is dialled in; None where it needs none."""
    allowance: Allowance
    breaker: Breaker
    credential: Credential | None = None
    deliveries: Deliveries


class Found(View):
    """One line of a test."""

    level: str
    """ok | warning | error"""
    subject: str
    message: str
    remedy: str = ""


class Tested(View):
    """What a connection answered when it was asked, without writing anything."""

    connection: str
    seconds: float
    findings: list[Found]


class LinkDetail(View):
    """One link, near by."""

    line: FleetLine
    status: LinkStatus
    in_flight: list[InFlight]
    """The oldest first, at most 200."""
    connections: list[ConnectionLine]
    cycles: list[CycleLine]
    """The latest first, at most 50; ``cycles`` has the others."""


class CyclePage(View):
    lines: list[CycleLine]
    next: int | None = None
    """``before`` of the next page."""


class ReasonGroup(View):
    """Refused records of one cause."""

    link: str
    flow: str
    code: str
    """An ``ErrorClass``."""
    field: str
    count: int
    oldest: datetime
    newest: datetime
    sample: str
    """The reason of the newest, in its platform's own words."""


class QuarantinePage(View):
    items: list[QuarantineItem]
    next: int | None = None
    """``after`` of the next page."""


class JournalLine(View):
    """Something that happened."""

    id: int
    at: datetime
    link: str
    flow: str = ""
    pair: int | None = None
    intent: int | None = None
    kind: str
    text: str
    actor: str = ""


class JournalPage(View):
    lines: list[JournalLine]
    last: int
    """``after`` that goes on behind this page: the highest number in it, or what was asked for."""


class ActionLine(View):
    """Somebody asked for something."""

    id: int
    at: datetime
    actor: str
    name: str
    """Of the call."""
    link: str = ""
    outcome: str
    """asked, or the kind of error it failed with."""
    asked: str
    """As JSON."""


class ActionPage(View):
    lines: list[ActionLine]
    next: int | None = None
    """``before`` of the next page."""


class CircuitTurned(View):
    """A platform went down, or is back: the event ``circuit``, once each time."""

    connection: str
    links: list[str]
    breaker: Breaker


class JobState(StrEnum):
    PLANNED = "planned"
    """It can be taken back until ``applies_at``."""
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class JobView(View):
    """Bulk work, which goes on whoever leaves."""

    id: int
    kind: str
    state: JobState
    by: str
    planned_at: datetime
    applies_at: datetime
    ended_at: datetime | None = None
    total: int
    done: int
    message: str = ""
