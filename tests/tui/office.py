"""A daemon that the tests own: it answers from typed data, lets itself be cut off, and writes down what it
was asked to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from syncd.api.client import LiveEvent
from syncd.api.conflicts import ConflictField, ConflictPage, ConflictView, Resolved
from syncd.api.drift import DriftEdit, DriftView, Held, Rename
from syncd.api.endpoint import A, Endpoint, T
from syncd.api.fleet import (
    Allowance,
    Breaker,
    Circuit,
    ConnectionLine,
    Credential,
    CycleLine,
    Deliveries,
    FleetLine,
    FleetPage,
    Found,
    InFlight,
    JobState,
    JobView,
    JournalLine,
    JournalPage,
    LinkDetail,
    QuarantinePage,
    ReasonGroup,
    Tested,
)
from syncd.api.models import (
    BudgetView,
    Done,
    FlowReport,
    FlowStatus,
    Health,
    HeldItem,
    HoldView,
    Life,
    LifeEvent,
    LifeField,
    LinkStatus,
    MatchCandidate,
    MatchItem,
    Progress,
    QuarantineItem,
    SendResult,
    SyncReport,
    View,
)
from syncd.core.errors import DaemonUnreachable, SyncdError

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
HOSTILE = "\x1b[2J\x1b[31mred [bold]shout[/bold] \u202eevil\u202c " + "x" * 300


def ago(**before: float) -> datetime:
    return NOW - timedelta(**before)


def fleet_line(name: str, health: Health = Health.ON_TIME, **more: Any) -> FleetLine:
    return FleetLine(
        **{
            "link": name,
            "customer": name.title(),
            "left": f"{name}-field",
            "right": f"{name}-books",
            "health": health,
            "since": ago(hours=3),
            "last_success_at": ago(seconds=20),
            "written": [0, 3, 9, 4, 0, 1, 12, 7, 2, 0, 5, 6],
            "updated_at": NOW,
            **more,
        }
    )


def sick_fleet() -> list[FleetLine]:
    """One of each health, sick first."""
    return [
        fleet_line("harbor", Health.ERROR, last_error="Sage: the period is closed", failures=4, backlog=12),
        fleet_line("lakeside", Health.ACTION_REQUIRED, conflicts=2, quarantined=1_204, drifts=1),
        fleet_line("pinewood", Health.LATE, lag_s=5_400.0, backlog=311, ends_at=NOW + timedelta(days=3)),
        fleet_line("summit", Health.PAUSED, holds=1, held=9),
        fleet_line("orchard", Health.PENDING, written=[]),
        fleet_line("bridge", Health.SYNCING, in_flight=4),
        fleet_line("northwind", ends_at=NOW + timedelta(days=200)),
    ]


def conflict(ident: int = 1, **more: Any) -> ConflictView:
    return ConflictView(
        **{
            "id": ident,
            "link": "lakeside",
            "flow": "customer",
            "pair": ident,
            "label": "Orchard Foods",
            "left_key": "2270000000000210",
            "right_key": "41238",
            "unit": "phone",
            "why": "both_changed",
            "since": ago(hours=5),
            "fields": [
                ConflictField(
                    name="phone",
                    base_left="555-0100",
                    base_right="555-0100",
                    left="555-0111",
                    right="555-0122",
                )
            ],
            "left_at": ago(hours=6),
            "right_at": ago(hours=5),
            "right_by": "dana",
            "version": "v1",
            "takes": ["left", "right", "base", "value"],
            **more,
        }
    )


def group(**more: Any) -> ReasonGroup:
    return ReasonGroup(
        **{
            "link": "lakeside",
            "flow": "invoice",
            "code": "validation",
            "field": "job",
            "count": 1_200,
            "oldest": ago(days=2),
            "newest": ago(minutes=4),
            "sample": "Job 41238 is not open for billing",
            **more,
        }
    )


def life() -> Life:
    return Life(
        link="lakeside",
        flow="invoice",
        state="quarantined",
        reason="Job 41238 is not open for billing",
        left_key="2270000000002012",
        label="S-10005",
        fields=[
            LifeField(name="number", base="S-10005", left="S-10005", right="S-10005"),
            LifeField(name="total", base="394.96", left="412.10", right="394.96", differs=True),
        ],
        events=[
            LifeEvent(at=ago(minutes=9), kind="planned", text="create on the right"),
            LifeEvent(at=ago(minutes=8), kind="rejected", text="Job 41238 is not open for billing"),
        ],
    )


def accounts() -> list[ConnectionLine]:
    return [
        ConnectionLine(
            connection="lakeside-field",
            platform="servicetrade",
            links=["lakeside"],
            up=True,
            allowance=Allowance(limit=4, under_way=1),
            breaker=Breaker(circuit=Circuit.CLOSED),
            credential=Credential(
                scheme="oauth2", expires_at=NOW + timedelta(hours=1), renewed_at=ago(minutes=10), rotates=True
            ),
            deliveries=Deliveries(expected=True, last_at=ago(minutes=2), received=31),
        ),
        ConnectionLine(
            connection="lakeside-books",
            platform="sage100-contractor",
            links=["lakeside"],
            up=False,
            bridge=False,
            allowance=Allowance(limit=1),
            breaker=Breaker(
                circuit=Circuit.OPEN,
                failures=5,
                next_try_at=NOW + timedelta(seconds=40),
                error="the bridge is not dialled in",
            ),
            credential=Credential(scheme="password", ends_at=NOW + timedelta(days=3)),
            deliveries=Deliveries(expected=False),
        ),
    ]


def drifted(ident: int = 1, **more: Any) -> DriftView:
    return DriftView(
        **{
            "id": ident,
            "fingerprint": "f1",
            "connection": "lakeside-field",
            "platform": "servicetrade",
            "operation": "list-invoices",
            "path": "totalPrice",
            "kind": "renamed",
            "level": "breaking",
            "action": "hold",
            "state": "open",
            "before": {"type": "number", "presence": "always"},
            "after": {"presence": "never"},
            "first_seen": ago(minutes=4),
            "last_seen": ago(seconds=9),
            "seen_before": 621,
            "seen_now": 7,
            "hits": 7,
            "distance": 1e-9,
            "samples": ["2270000000002012"],
            "mappings": ["invoice.total"],
            "flows": ["lakeside/invoice"],
            "customers": ["Lakeside"],
            "renames": [Rename(path="priceTotal", likeness=0.97)],
            "repair": "invoice.total reads priceTotal",
            "command": "syncd drift accept 1 --reason ...",
            "holds": [Held(scope="flow:lakeside/invoice", hold=3, release="syncd release 3")],
            "waiting": 7,
            "oldest": ago(minutes=3),
            **more,
        }
    )


def candidate(key: str = "1042", score: int = 92, **more: Any) -> MatchCandidate:
    return MatchCandidate(
        **{
            "key": key,
            "label": "ORCHARD FOODS INC",
            "score": score,
            "evidence": ["+60 same phone", "+32 names alike", "-10 other city"],
            "fields": [
                LifeField(name="name", left="Orchard Foods", right="ORCHARD FOODS INC", differs=True),
                LifeField(name="phone", left="555-0100", right="555-0100"),
            ],
            **more,
        }
    )


def question(ident: int = 17, score: int = 92, **more: Any) -> MatchItem:
    return MatchItem(
        **{
            "id": ident,
            "link": "lakeside",
            "flow": "customer",
            "side": "left",
            "key": "2270000000000210",
            "label": "Orchard Foods",
            "reason": "looks like one of the other side",
            "candidates": [candidate(score=score), candidate("1043", 48)],
            **more,
        }
    )


def doubtful(ident: int = 7, **more: Any) -> HeldItem:
    return HeldItem(
        **{
            "id": ident,
            "link": "lakeside",
            "flow": "invoice",
            "operation": "create",
            "side": "right",
            "source_key": "2270000000002012",
            "label": "S-10005",
            "reason": "the answer was lost, and the settle time is not known",
            "sent_at": ago(minutes=40),
            "pair": 3,
            "candidates": [candidate("88", 71, label="S-10005")],
            **more,
        }
    )


@dataclass
class Office:
    """Implements ``tui.daemon.Daemon``."""

    links: list[FleetLine] = field(default_factory=sick_fleet)
    conflicts: list[ConflictView] = field(default_factory=lambda: [conflict(1), conflict(2, unit="email")])
    groups: list[ReasonGroup] = field(default_factory=lambda: [group(), group(code="duplicate", count=4)])
    holds: list[HoldView] = field(default_factory=list)
    lives: list[Life] = field(default_factory=lambda: [life()])
    jobs: list[JobView] = field(default_factory=list)
    drifts: list[DriftView] = field(
        default_factory=lambda: [drifted(), drifted(2, level="additive", kind="new", holds=[], waiting=0)]
    )
    journal: list[JournalLine] = field(default_factory=list)
    questions: list[MatchItem] = field(default_factory=lambda: [question(), question(18, score=52)])
    writes: list[HeldItem] = field(default_factory=lambda: [doubtful()])
    looked_for: int = 0
    """How often a platform was asked for the nearest records."""
    cut_off: bool = False
    silent: bool = False
    """Answers nothing, ever: what a screen shows until the first answer."""
    refuses: SyncdError | None = None
    done: list[tuple[str, Any]] = field(default_factory=list)
    """Calls that act, in order: (name, what was asked)."""
    _news: asyncio.Queue[LiveEvent] = field(default_factory=asyncio.Queue)

    async def call(self, endpoint: Endpoint[A, T], asked: A) -> T:
        if self.silent:
            await asyncio.Event().wait()
        if self.cut_off:
            raise DaemonUnreachable("the daemon at https://sync.example.com does not answer")
        if endpoint.acts:
            self.done.append((endpoint.name, asked))
            if self.refuses is not None:
                raise self.refuses
        answer = getattr(self, f"_{endpoint.name}", self._done)
        return cast("T", answer(asked))

    async def events(
        self, link: str | None = None, last_event_id: str | None = None
    ) -> AsyncGenerator[LiveEvent, None]:
        if self.cut_off:
            raise DaemonUnreachable("the daemon at https://sync.example.com does not answer")
        while True:
            yield await self._news.get()

    async def happened(self, kind: str, view: View) -> None:
        """Tell whoever watches."""
        await self._news.put(LiveEvent(kind, "", view.model_dump_json()))

    async def sync(self, link: str | None = None) -> AsyncIterator[Progress | SyncReport]:
        self.done.append(("sync", link))
        yield SyncReport(link=link or "", seconds=1.5, flows=[FlowReport(flow="invoice", created=3)])

    # -- answers ------------------------------------------------------------------------------------

    def _done(self, asked: Any) -> Done:
        return Done(count=1, message="done, in the next cycle")

    def _fleet(self, asked: Any) -> FleetPage:
        wanted = [line for line in self.links if asked.text in line.link]
        begin = int(asked.after or 0)
        end = begin + asked.limit
        census: dict[Health, int] = {}
        for line in self.links:
            census[line.health] = census.get(line.health, 0) + 1
        return FleetPage(
            at=NOW, lines=wanted[begin:end], next=str(end) if end < len(wanted) else None, census=census
        )

    def _link(self, asked: Any) -> LinkDetail:
        line = next(line for line in self.links if line.link == asked.link)
        flows = [
            FlowStatus(
                flow="customer", mode="both", in_step=206, conflicts=2, last_success_at=ago(seconds=20)
            ),
            FlowStatus(flow="invoice", mode="left-to-right", in_step=621, quarantined=1_204, due=3),
        ]
        return LinkDetail(
            line=line,
            status=LinkStatus(
                link=line.link,
                left=line.left,
                right=line.right,
                health=line.health,
                flows=flows,
                holds=self.holds,
                budget=BudgetView(writes=12, writes_most=500, amount="1200.00", amount_most="50000"),
            ),
            in_flight=[
                InFlight(
                    intent=7,
                    flow="invoice",
                    side="right",
                    connection="lakeside-books",
                    operation="create",
                    state="uncertain",
                    pair=3,
                    attempts=1,
                    created_at=ago(minutes=2),
                    sent_at=ago(minutes=2),
                    due_at=NOW + timedelta(seconds=30),
                )
            ],
            connections=accounts(),
            cycles=[
                CycleLine(
                    id=2,
                    link=line.link,
                    started_at=ago(minutes=1),
                    seconds=0.8,
                    trigger="wake",
                    flows=[FlowReport(flow="invoice", created=1, actions=2)],
                ),
                CycleLine(
                    id=1,
                    link=line.link,
                    started_at=ago(hours=2),
                    seconds=4.1,
                    trigger="schedule",
                    flows=[FlowReport(flow="customer", updated=9)],
                    error="Sage: the period is closed",
                ),
            ],
        )

    def _explain(self, asked: Any) -> list[Life]:
        return self.lives

    def _conflicts(self, asked: Any) -> ConflictPage:
        return ConflictPage(items=self.conflicts, total=len(self.conflicts))

    def _conflict(self, asked: Any) -> ConflictView:
        return next(one for one in self.conflicts if one.id == asked.ident)

    def _conflicts_resolve(self, asked: Any) -> Resolved:
        return Resolved(count=len(asked.choices), message="decided; written in the next cycle")

    def _conflicts_resolve_all(self, asked: Any) -> Resolved:
        return Resolved(count=40, message="40 decided; written in the next cycle")

    def _quarantine_reasons(self, asked: Any) -> list[ReasonGroup]:
        return self.groups

    def _quarantine_page(self, asked: Any) -> QuarantinePage:
        items = [
            QuarantineItem(
                id=at,
                link="lakeside",
                flow="invoice",
                side="right",
                key=str(2270000000002000 + at),
                label=f"S-{10_000 + at}",
                code="validation",
                reason="Job 41238 is not open for billing",
                field="job",
                since=ago(hours=at % 40),
                attempts=2,
            )
            for at in range(asked.after + 1, asked.after + 1 + asked.limit)
        ]
        return QuarantinePage(items=items, next=items[-1].id)

    def _connections(self, asked: Any) -> list[ConnectionLine]:
        return accounts()

    def _connection_test(self, asked: Any) -> Tested:
        found = Found(level="ok", subject="login", message="it works")
        return Tested(connection=asked.connection, seconds=0.2, findings=[found])

    def _journal(self, asked: Any) -> JournalPage:
        return JournalPage(lines=self.journal, last=max((line.id for line in self.journal), default=0))

    def _jobs(self, asked: Any) -> list[JobView]:
        return self.jobs

    def _job_cancel(self, asked: Any) -> JobView:
        return self._job(JobState.CANCELLED)

    def _bulk_retry(self, asked: Any) -> JobView:
        return self._job(JobState.PLANNED)

    _bulk_skip = _bulk_retry

    def _job(self, state: JobState, kind: str = "retry", total: int = 1_200) -> JobView:
        return JobView(
            id=5,
            kind=kind,
            state=state,
            by="dana",
            planned_at=NOW,
            applies_at=NOW + timedelta(seconds=10),
            total=total,
            done=0,
        )

    def _later(self, asked: Any) -> JobView:
        return self._job(JobState.PLANNED, asked.call, 1)

    def _matches(self, asked: Any) -> list[MatchItem]:
        return self.questions

    def _held(self, asked: Any) -> list[HeldItem]:
        return [one.model_copy(update={"candidates": []}) for one in self.writes]

    def _held_show(self, asked: Any) -> HeldItem:
        self.looked_for += 1
        return next(one for one in self.writes if one.id == asked.ident)

    def _drift_edit(self, asked: Any) -> DriftEdit:
        file = "contracts/servicetrade/invoice.yaml"
        diff = [f"--- {file}", f"+++ {file}", "@@ -9,3 +9,3 @@", " properties:"]
        return DriftEdit(file=file, diff=[*diff, "-  totalPrice:", "+  priceTotal:"])

    def _drifts(self, asked: Any) -> list[DriftView]:
        return self.drifts

    def _drift(self, asked: Any) -> DriftView:
        return next(one for one in self.drifts if one.id == asked.ident)

    def _send(self, asked: Any) -> SendResult:
        return SendResult(
            link="lakeside", entity="invoice", number="S-10005", state="posted", message="posted"
        )

    def _hold(self, asked: Any) -> HoldView:
        return held(asked.scope)


def held(scope: str = "link:lakeside") -> HoldView:
    return HoldView(
        id=1, scope=scope, reason="month end", by="dana", since=ago(minutes=3), release="syncd release 1"
    )
