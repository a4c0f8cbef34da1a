"""A composition root for these tests: an operator that knows one link and does as it is told."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from syncd.api.client import ApiClient
from syncd.api.conflicts import (
    Choice,
    ConflictField,
    ConflictPage,
    ConflictView,
    Refusal,
    Resolved,
    Sided,
)
from syncd.api.drift import DriftEdit, Drifts, DriftView, Held
from syncd.api.fleet import Found, Tested
from syncd.api.keys import KeyCreated, KeyView
from syncd.api.models import (
    ConnectionStatus,
    Done,
    FieldChange,
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
    PlanItem,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
    TripView,
)
from syncd.api.operator import Accounts, Decisions, Erasing, Keys, Operator
from syncd.api.reconcile import Amount, Difference, FlowComparison, ReconcileReport, Unpaired
from syncd.api.requests import Grantable
from syncd.api.scopes import Scope
from syncd.api.upkeep import (
    AuditLine,
    AuditReport,
    BackupMade,
    ChainBreak,
    Erased,
    StateMoved,
    StateRestored,
    TableMoved,
)
from syncd.api.workers import WorkersView, WorkerView
from syncd.core import errors
from syncd.core.errors import DaemonUnreachable, NothingMatched
from syncd.files.desk import ExportDesk
from syncd.ports import Finding
from syncd.secrets.reference import SecretRef

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOSTILE = "Evil \x1b[31mRed\x1b[0m [bold]Co[/bold]\u202e\x07\nnext"
"""A customer's name that would turn a terminal red, ring it, and turn what follows around."""


class FakeOperator:
    """``mode`` (from the environment) chooses what goes wrong."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    async def status(self, link: str | None = None) -> Status:
        self._known(link)
        sick = self.mode == "sick"
        flow = FlowStatus(flow="invoice", mode="left-to-right", in_step=41, quarantined=1, last_success_at=AT)
        hold = HoldView(
            id=7, scope="flow:acme/invoice", reason="mass change", by="brake", since=AT,
            release="syncd release 7",
        )  # fmt: skip
        return Status(
            version="0.1.0",
            at=AT,
            daemon=False,
            links=[
                LinkStatus(
                    link="acme",
                    left="field",
                    right="books",
                    health=Health.ERROR if sick else Health.ON_TIME,
                    flows=[flow],
                    holds=[hold] if sick else [],
                )
            ],
            connections=[ConnectionStatus(connection="field", platform="servicetrade", up=not sick)],
        )

    async def plan(self, link: str, flow: str | None = None, limit: int = 200) -> PlanView:
        self._known(link)
        name = FieldChange(name="name", before="Orchard", after=HOSTILE, why="changed on the left only")
        items = [
            PlanItem(flow="customer", verb="update", side="right", label="Orchard", key="12", fields=[name],
                     reason="changed on the left only"),
            PlanItem(flow="invoice", verb="create", side="right", label="S-10442", key="99",
                     fields=[FieldChange(name="total", before=None, after="418.25", why="new")],
                     reason="the record is new"),
            PlanItem(flow="customer", verb="update", side="left", label="=cmd()", key="13", fields=[],
                     reason="changed on the right only"),
        ]  # fmt: skip
        trips = []
        if self.mode == "trip":
            trips = [TripView(brake="mass_change", message="90 of 100 would be rewritten", release="syncd x")]
        counts = {"customer.update.right": 1, "customer.update.left": 1, "invoice.create.right": 1}
        return PlanView(link=link, counts=counts, items=items, trips=trips, truncated=2)

    async def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        self._known(link)
        yield Progress(link="acme", flow="invoice", phase="reading left", done=5, total=10)
        if self.mode == "crash":
            raise RuntimeError("secret-in-a-traceback")
        yield Progress(link="acme", flow="invoice", phase="writing", done=10, total=10)
        report = FlowReport(
            flow="invoice",
            read=10,
            created=9,
            rejected=1 if self.mode == "partly" else 0,
            error="books: the licence is taken" if self.mode == "failed" else "",
        )
        yield SyncReport(link="acme", seconds=1.25, flows=[report])

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        self._known(link)
        state = {"refused": "rejected", "waits": "waiting"}.get(self.mode, "posted")
        return SendResult(link=link, entity=entity, number=number, state=state, left_key="99", message=actor)

    async def explain(self, entity: str, ident: str, link: str | None = None) -> Sequence[Life]:
        if ident == "nobody":
            return []
        return [
            Life(
                link="acme", flow="acme/invoice", state="in_step", left_key="99", right_key="4411",
                label="S-10442",
                fields=[LifeField(name="total", base="1", left="2", right="1", differs=True)],
                events=[LifeEvent(at=AT, kind="posted", text=f"by {HOSTILE}", actor="webhook", intent=3)],
            )
        ]  # fmt: skip

    async def matches(
        self, link: str | None = None, flow: str | None = None, limit: int = 200
    ) -> Sequence[MatchItem]:
        self._known(link)
        if self.mode == "clean":
            return []
        fields = [LifeField(name="name", left="Orchard Foods", right=HOSTILE, differs=True)]
        sure = MatchCandidate(
            key="1042", label=HOSTILE, score=93, evidence=["same phone (+25)"], fields=fields
        )
        doubtful = MatchCandidate(key="1043", label="Orchid", score=46, evidence=["name 85 % alike (+31)"])
        item = {"link": "acme", "flow": "customer", "side": "left", "reason": "it looks like 1042"}
        return [
            MatchItem(id=17, key="99", label="Orchard Foods", candidates=[sure, doubtful], **item),
            MatchItem(id=18, key="98", label="Orchidee", candidates=[doubtful], **item),
        ]

    async def match_accept(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        return Done(count=len(choices), message=f"matched {choices}", ids=[i for i, _ in choices])

    async def match_reject(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        return Done(count=len(choices), message=f"told apart {choices}", ids=[i for i, _ in choices])

    async def held(self, link: str | None = None) -> Sequence[HeldItem]:
        self._known(link)
        return [] if self.mode == "clean" else [await self.held_show(5)]

    async def held_show(self, ident: int) -> HeldItem:
        near = MatchCandidate(key="1042", label=HOSTILE, score=93, evidence=["same phone (+25)"])
        return HeldItem(
            id=ident, link="acme", flow="customer", operation="create", side="right", source_key="99",
            label="Orchard Foods", reason="the answer was lost", sent_at=AT, pair=17, candidates=[near],
        )  # fmt: skip

    async def held_settle(self, ident: int, key: str | None, actor: str = "") -> Done:
        return Done(count=1, message=f"{ident} is {key}" if key else f"{ident} again", ids=[ident])

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        return HoldView(
            id=8, scope=scope, reason=reason, by=actor, since=AT, release="syncd release 8", under_way=3
        )

    async def release(self, ids: Sequence[int], actor: str = "") -> Done:
        return Done(count=len(ids), message=f"{len(ids)} released", ids=list(ids))

    async def quarantine(self, link: str | None = None) -> Sequence[QuarantineItem]:
        self._known(link)
        if self.mode == "clean":
            return []
        return [
            QuarantineItem(
                id=17, link="acme", flow="acme/invoice", side="right", key="99", label="S-10442",
                code="validation", reason="Period 3 is closed", field="date", since=AT, attempts=2,
            )
        ]  # fmt: skip

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done:
        here = [ident for ident in ids if ident]
        return Done(count=len(here), message=f"{len(here)} will be tried again", ids=here)

    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done:
        return Done(count=len(ids), message=f"{len(ids)} left alone: {reason}", ids=list(ids))

    def _known(self, link: str | None) -> None:
        raised = {
            "unreachable": errors.DaemonUnreachable("http://127.0.0.1:8321 does not answer"),
            "locked": errors.StateLocked("state.db belongs to process 4711"),
            "login": errors.RenewCredentials("field refuses the login"),
        }.get(self.mode)
        if raised is not None:
            raise raised
        if self.mode == "interrupted":
            raise KeyboardInterrupt
        if link not in (None, "acme"):
            raise errors.NothingMatched(f"no link is called {link}")


DRIFT = DriftView(
    id=12,
    fingerprint="ab12",
    connection="field",
    platform="servicetrade",
    operation="invoice",
    path="totalPrice",
    kind="field_renamed",
    level="breaking",
    action="hold",
    state="open",
    before={"types": ["number"]},
    after={"shown": False},
    first_seen=AT,
    last_seen=AT,
    held_at=AT,
    seen_before=300,
    seen_now=3,
    hits=3,
    distance=1e-9,
    samples=["101", "102"],
    mappings=["invoice.total"],
    flows=["acme/invoice"],
    customers=["Acme Heating"],
    repair="totalPrice is gone; grandTotal holds the same kind of values",
    command='syncd drift accept 12 --reason "..."',
    holds=[Held(scope="flow:acme/invoice", hold=4, release="syncd release 4")],
    waiting=3,
    oldest=AT,
)


class FakeAccounts:
    """One connection, which is well and can be given back."""

    async def connection_test(self, connection: str, actor: str = "") -> Tested:
        found = [Found(level="ok", subject="login", message="signed in")]
        return Tested(connection=connection, seconds=0.25, findings=found)

    async def connection_revoke(self, connection: str, actor: str = "") -> Done:
        return Done(count=1, message=f"the refresh token of {connection} is ended and forgotten")


class FakeErasing:
    """One link with two connections, one of which others use."""

    async def erase(
        self, names: Sequence[str], dry_run: bool = False, abandon_writes: bool = False, actor: str = ""
    ) -> Erased:
        return Erased(
            links=list(names),
            connections=["field"],
            shared={"ledger": "meadow"},
            records=40,
            pairs=20,
            open_writes={},
            audit_lines=0 if dry_run else 300,
            done=not dry_run,
        )


class FakeDrifts:
    """One renamed field."""

    async def drifts(self, everything: bool = False) -> Sequence[DriftView]:
        return [DRIFT]

    async def drift(self, ident: int) -> DriftView:
        if ident != DRIFT.id:
            raise NothingMatched(f"no drift {ident} is known", remedy="`syncd drift list --all`")
        return DRIFT

    async def drift_edit(self, ident: int) -> DriftEdit:
        return DriftEdit(
            file="contracts/servicetrade/invoice.yaml", diff=["-  totalPrice:", "+  priceTotal:"]
        )

    async def drift_ack(self, ident: int, reason: str, hours: int = 24, actor: str = "") -> Done:
        return Done(count=1, message=f"drift {ident} acknowledged", ids=[ident])

    async def drift_accept(self, ident: int, reason: str, actor: str = "") -> Done:
        return Done(count=1, message=f"drift {ident} accepted", ids=[ident])

    async def drift_ignore(self, ident: int, reason: str, actor: str = "") -> Done:
        return Done(count=1, message=f"drift {ident} ignored", ids=[ident])

    async def drift_revert(self, ident: int, reason: str, actor: str = "") -> Done:
        return Done(count=1, message=f"drift {ident} is open again", ids=[ident])


class FakeDecisions:
    """Knows one conflict and one difference; a second conflict changes whenever somebody looks away."""

    one = ConflictView(
        id=17, link="acme", flow="customer", pair=4, label=HOSTILE, left_key="F1", right_key="9",
        unit="phone", why="both sides changed it", since=AT, left_at=AT, left_by="ann", version="v1",
        fields=[ConflictField(name="phone", base_left="1", base_right="1", left="2", right="3")],
        takes=["left", "right", "base", "value"],
    )  # fmt: skip

    async def conflicts(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> ConflictPage:
        found = [self.one] if field in (None, "phone") else []
        return ConflictPage(items=found, total=len(found))

    async def conflict(self, ident: int) -> ConflictView:
        if ident not in (17, 18):
            raise errors.NothingMatched(f"no conflict {ident} is open")
        return self.one.model_copy(update={"id": ident})

    async def conflicts_resolve(self, choices: Sequence[Choice], actor: str = "") -> Resolved:
        refused = [
            Refusal(id=c.id, reason="the values have changed since it was shown")
            for c in choices
            if c.id == 18
        ]
        done = [f"{c.id} {c.take} {c.version} {dict(c.values)}" for c in choices if c.id != 18]
        return Resolved(count=len(done), refused=refused, message=f"decided: {', '.join(done)} by {actor}")

    async def conflicts_resolve_all(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        take: Sided = "left",
        expect: int | None = None,
        dry_run: bool = False,
        actor: str = "",
    ) -> Resolved:
        return Resolved(count=1, message=f"take {take}, expected {expect}, dry {dry_run}")

    async def reconcile(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | ReconcileReport]:
        yield Progress(link="acme", flow="invoice", phase="comparing", done=3)
        why = {"explained": "in conflict", "wrong": ""}.get(flow or "")
        items = [] if why is None else [
            Difference(
                pair=4, label="S-1", left_key="F1", right_key="9", field="total", left="12.00", right="11.75",
                explained=why,
            )
        ]  # fmt: skip
        amount = Amount(
            field="total",
            left="36.00",
            right="35.75",
            difference="0.25",
            explained="0.25",
            unexplained="0.00",
        )
        lone = Unpaired(side="left", why="its status does not send it on yet", count=2)
        compared = FlowComparison(
            flow="invoice", at=AT, complete=True, pairs=3, differences=len(items), unexplained=int(why == ""),
            amounts=[amount], items=items, unpaired=[lone],
        )  # fmt: skip
        yield ReconcileReport(link="acme", seconds=1.0, flows=[compared])


class FakeKeys:
    """Knows one token."""

    key = KeyView(name="dana", scopes=[Scope.OPERATE], created_at=AT, created_by="cli:ann")

    async def tokens(self) -> Sequence[KeyView]:
        return [self.key]

    async def token_create(
        self, name: str, scopes: Sequence[Grantable], days: int | None = None, actor: str = ""
    ) -> KeyCreated:
        key = KeyView(name=name, scopes=list(scopes), created_at=AT, created_by=actor)
        return KeyCreated(key=key, token="syncd-api-made-up")

    async def token_revoke(self, name: str, actor: str = "") -> Done:
        if name != self.key.name:
            raise errors.NothingMatched(f"no open token is called {name}")
        return Done(count=1, message=f"{name} opens nothing from now on")


class FakeComposition:
    """What ``syncd.app`` offers, without a site behind it."""

    def __init__(self) -> None:
        self.mode = os.environ.get("FAKE_MODE", "")
        self.at: str | None = "0001"

    @asynccontextmanager
    async def operator(self, config_path: Path) -> AsyncIterator[Operator]:
        yield FakeOperator(self.mode)

    @asynccontextmanager
    async def decisions(self, config_path: Path) -> AsyncIterator[Decisions]:
        yield FakeDecisions()

    @asynccontextmanager
    async def keys(self, config_path: Path) -> AsyncIterator[Keys]:
        yield FakeKeys()

    def alert_rules(self, config_path: Path, documentation: str) -> str:
        return f"groups: []  # {documentation}\n"

    async def alert_test(self, config_path: Path, channel: str) -> bool:
        return channel == "on-call"

    @asynccontextmanager
    async def accounts(self, config_path: Path) -> AsyncIterator[Accounts]:
        yield FakeAccounts()

    @asynccontextmanager
    async def erasing(self, config_path: Path) -> AsyncIterator[Erasing]:
        yield FakeErasing()

    @asynccontextmanager
    async def drifts(self, config_path: Path) -> AsyncIterator[Drifts]:
        yield FakeDrifts()

    async def monitor(self, config_path: Path) -> None:
        return None

    async def check(self, config_path: Path, live: bool) -> Sequence[Finding]:
        found = [
            Finding("ok", str(config_path), "readable"),
            Finding("warning", "acme/tax", "TX-1 uncovered"),
        ]
        return [*found, Finding("error", "books", "no bridge", "start it")] if live else found

    def backup(self, config_path: Path, target: Path) -> BackupMade:
        return BackupMade(path=str(target), bytes=8192, newest=AT)

    def move_state(
        self,
        config_path: Path,
        source: str,
        target: str,
        password: SecretRef | None,
        actor: str,
        told: Callable[[str, int, int], None],
    ) -> StateMoved:
        told("pair", 2, 2)
        return StateMoved(
            source=source, target=target, tables=[TableMoved(table="pair", rows=2, digest="ab")]
        )

    def restore(self, config_path: Path, source: Path, actor: str) -> StateRestored:
        made = BackupMade(path=str(source), bytes=8192, newest=AT)
        return StateRestored(path="state.db", backup=made, aside="state.db.before", generation=1, batches=[])

    def audit_verify(self, config_path: Path, links: Sequence[str], kept: str | None) -> AuditReport:
        breaks = [ChainBreak(link="acme", line=4, what="1 lines are missing")] if kept else []
        return AuditReport(lines=9, chains=2, anchors=1, breaks=breaks, end="9:ab")

    def audit_export(self, config_path: Path, links: Sequence[str], take: Callable[[AuditLine], None]) -> int:
        line = AuditLine(link="acme", line=1, hash="ab", at=AT, table="journal", kind="posted", actor="dana")
        take(line.model_copy(update={"text": HOSTILE}))
        return 1

    async def run(self, config_path: Path, *, work: bool = True) -> None:
        return None

    async def workers(self, config_path: Path) -> WorkersView:
        at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        said = {"host": "web1", "pid": 7, "version": "0.1.0", "slots": 16, "since": at, "seen_at": at}
        alive = WorkerView(name="web1-3f9a", silent_s=2.1, lost=False, links=["acme"], **said)
        lost = WorkerView(name="web2-11ab", silent_s=61.0, lost=True, links=[], **said)
        return WorkersView(shared=True, workers=[alive, lost], wanted=3, lost=1, taken_over=2)

    async def worker(self, config_path: Path, name: str, slots: int | None, metrics_port: int | None) -> None:
        return None

    def daemon(
        self, config_path: Path, url: str | None, token: SecretRef | None, ca_file: Path | None
    ) -> AbstractAsyncContextManager[ApiClient]:
        raise DaemonUnreachable("no daemon runs here", remedy="start it with `syncd run`")

    def exports(self, config_path: Path) -> Mapping[str, ExportDesk]:
        return {}

    async def reload(self, config_path: Path, actor: str) -> Done:
        raise NothingMatched("no daemon runs here")

    async def upgrade(self, config_path: Path) -> None:
        self.at = "0002"

    async def revision(self, config_path: Path) -> tuple[str | None, str]:
        return self.at, "0002"
