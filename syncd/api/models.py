"""What a person may see and do, as typed views: the daemon serves them, CLI and dashboard show them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class View(BaseModel):
    """Base: immutable, unknown keys refused, so that client and daemon cannot drift apart unseen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Health(StrEnum):
    """A link in one word, worst last."""

    ON_TIME = "on_time"
    SYNCING = "syncing"
    PENDING = "pending"
    PAUSED = "paused"
    LATE = "late"
    ACTION_REQUIRED = "action_required"
    ERROR = "error"


class Reconciled(View):
    """How the last full comparison of a flow ended; the differences themselves are not kept."""

    at: datetime
    complete: bool
    """Both sides were listed in full."""
    pairs: int
    differences: int
    unexplained: int
    amounts: dict[str, str] = Field(default_factory=dict)
    """Field -> amount that nothing explains; only those that are not nought."""


class FlowStatus(View):
    flow: str
    mode: str
    in_step: int = 0
    due: int = 0
    in_flight: int = 0
    waiting: int = 0
    unmatched: int = 0
    """Records that may be on the other side already: `syncd match list`."""
    conflicts: int = 0
    quarantined: int = 0
    held: int = 0
    out_of_scope: int = 0
    uncertain: int = 0
    """Writes sent whose answer is not known yet; they settle by themselves or are held."""
    held_writes: int = 0
    """Writes that only a person can settle: `syncd held list`."""
    last_cycle_at: datetime | None = None
    last_success_at: datetime | None = None
    last_error: str = ""
    oldest_due_at: datetime | None = None
    reconciled: Reconciled | None = None
    """None: never compared in full (`syncd reconcile`)."""


class HoldView(View):
    id: int
    scope: str
    """connection:NAME, link:NAME, flow:LINK/ENTITY, field:LINK/ENTITY/FIELD, record:LINK/ENTITY/KEY"""
    reason: str
    by: str
    since: datetime
    release: str
    """The command that releases it."""
    under_way: int = 0
    """Writes it covers that were sent before, and have no answer yet: they may still finish."""


class BudgetView(View):
    """What a link has sent within the last hour, and the most it may; above it a brake trips."""

    writes: int
    writes_most: int | None
    amount: str
    amount_most: str | None


class LinkStatus(View):
    link: str
    left: str
    right: str
    health: Health
    flows: list[FlowStatus] = []
    holds: list[HoldView] = []
    budget: BudgetView | None = None
    """None: it has none."""


class ConnectionStatus(View):
    connection: str
    platform: str
    up: bool | None = None
    """None: not tried yet."""
    bridge: bool | None = None
    """Whether its bridge is dialled in; None where it needs none."""
    detail: str = ""


class Status(View):
    version: str
    at: datetime
    daemon: bool
    """True when a running daemon answered, False when the state was read beside it."""
    links: list[LinkStatus] = []
    connections: list[ConnectionStatus] = []


class FieldChange(View):
    name: str
    before: str | None
    after: str | None
    why: str


class PlanItem(View):
    """One thing that would happen, or the reason why not."""

    flow: str
    verb: str
    """create | update | delete | adopt | wait | conflict | quarantine | held | skip"""
    side: str = ""
    label: str
    """What a person calls the record: its number or name."""
    key: str = ""
    fields: list[FieldChange] = []
    reason: str = ""


class TripView(View):
    brake: str
    message: str
    release: str = ""


class PlanView(View):
    link: str
    counts: dict[str, int]
    """"flow.verb.side" -> how many."""
    items: list[PlanItem]
    trips: list[TripView] = []
    truncated: int = 0
    """Items beyond ``items`` (the counts include them)."""


class Progress(View):
    """One step of a running sync; a stream of these ends with a ``SyncReport``."""

    kind: Literal["progress"] = "progress"
    link: str
    flow: str
    phase: str
    """reading left | reading right | matching | deciding | writing | confirming"""
    done: int
    total: int | None = None


class FlowReport(View):
    flow: str
    read: int = 0
    changed: int = 0
    adopted: int = 0
    created: int = 0
    updated: int = 0
    actions: int = 0
    rejected: int = 0
    uncertain: int = 0
    waiting: int = 0
    unmatched: int = 0
    conflicts: int = 0
    quarantined: int = 0
    held: int = 0
    skipped: int = 0
    historical: int = 0
    """Approved before the first sync was complete: left alone, `syncd send` posts one."""
    error: str = ""


class SyncReport(View):
    kind: Literal["report"] = "report"
    link: str
    seconds: float
    flows: list[FlowReport]
    trips: list[TripView] = []

    @property
    def failed(self) -> bool:
        return any(f.error for f in self.flows) or bool(self.trips)

    @property
    def partly(self) -> bool:
        return any(
            f.rejected or f.unmatched or f.quarantined or f.conflicts or f.uncertain or f.held
            for f in self.flows
        )


class SendResult(View):
    link: str
    entity: str
    number: str
    state: str
    """posted | accepted | rejected | uncertain | held | unchanged | waiting | quarantined | conflict"""
    left_key: str | None = None
    right_key: str | None = None
    message: str = ""


class LifeEvent(View):
    at: datetime
    kind: str
    """seen | mapped | matched | planned | sent | confirmed | posted | rejected | uncertain | held | ..."""
    text: str
    actor: str = ""
    intent: int | None = None


class LifeField(View):
    name: str
    base: str | None = None
    left: str | None = None
    right: str | None = None
    differs: bool = False


class Life(View):
    """The life of one record: what was seen, mapped, intended, requested, confirmed; who and when."""

    link: str
    flow: str
    state: str
    reason: str = ""
    remedy: str = ""
    """The command that helps it on, where a person must say something."""
    left_key: str | None = None
    right_key: str | None = None
    label: str
    fields: list[LifeField] = []
    events: list[LifeEvent] = []


class QuarantineItem(View):
    id: int
    link: str
    flow: str
    side: str
    key: str
    label: str
    code: str
    """An ``ErrorClass``."""
    reason: str
    """In the platform's own words where it was a platform that refused."""
    field: str = ""
    since: datetime
    attempts: int = 0


class MatchCandidate(View):
    """A record of the other side, as one that this may be."""

    key: str
    label: str
    score: int
    """0 to 100; from 45 on nothing is created without asking."""
    evidence: list[str]
    """What speaks for it and against it, heaviest first, with its points."""
    held: int | None = None
    """The held write that must be settled first: `syncd held settle`."""
    fields: list[LifeField] = []


class MatchItem(View):
    """A lone record that may be on the other side already; a person says."""

    id: int
    link: str
    flow: str
    side: str
    key: str
    label: str
    reason: str
    candidates: list[MatchCandidate] = []

    @property
    def clear(self) -> bool:
        """One candidate, or one that stands out."""
        scores = [one.score for one in self.candidates]
        return len(scores) == 1 or (len(scores) > 1 and scores[0] > scores[1])


class HeldItem(View):
    """A write of which only a person can say whether it was carried out."""

    id: int
    link: str
    flow: str
    operation: str
    side: str
    """The side it was sent to."""
    key: str = ""
    """Its record there, as far as it is known."""
    source_key: str = ""
    label: str
    reason: str
    sent_at: datetime | None = None
    pair: int
    candidates: list[MatchCandidate] = []


class Done(View):
    """What a command did."""

    count: int
    message: str
    ids: list[int] = Field(default_factory=list)
