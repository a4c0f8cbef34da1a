"""A daemon for tests: the real application on a real socket over an operator made up here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from syncd.api.client import ApiClient
from syncd.api.models import (
    Done,
    FlowReport,
    Health,
    HeldItem,
    HoldView,
    Life,
    LifeEvent,
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
)
from syncd.api.scopes import Scope, granted
from syncd.ports.desk import Action
from syncd.secrets.bearer import digest
from syncd.secrets.reference import Secret
from syncd.service.access import REFUSALS, Find, Route, Token, nobody
from syncd.service.application import Parts, build
from syncd.service.audited import Audit
from syncd.service.listen import serve
from syncd.service.webhooks import Hook

AT = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
OPERATE, READ, ADMIN = "operate-token", "read-token", "admin-token"
TOKENS = (
    Token("ops", digest(OPERATE)),
    Token("grafana", digest(READ), frozenset({Scope.READ})),
    Token("dana", digest(ADMIN), granted([Scope.ADMIN])),
)
PATH_TOKEN = "an-unguessable-path"


def _held(ident: int) -> HeldItem:
    return HeldItem(
        id=ident, link="all", flow="invoice", operation="create", side="right", source_key="9",
        label="S-1", reason="no answer", sent_at=AT, pair=3,
    )  # fmt: skip


@dataclass
class MadeUpOperator:
    """Answers with what it was asked; raises ``error`` instead where one is set."""

    error: Exception | None = None
    error_after: int = 0
    """Lines of a sync before the error."""
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    endless: bool = False

    def _ask(self, *asked: Any) -> None:
        self.asked.append(asked)
        if self.error is not None:
            raise self.error

    async def status(self, link: str | None = None) -> Status:
        self._ask("status", link)
        links = [LinkStatus(link=link or "all", left="st", right="sage", health=Health.ON_TIME)]
        return Status(version="1", at=AT, daemon=True, links=links)

    async def plan(self, link: str, flow: str | None = None, limit: int = 200) -> PlanView:
        self._ask("plan", link, flow, limit)
        item = PlanItem(flow=flow or "invoice", verb="create", label="S-10442 «Ä»", side="right")
        return PlanView(link=link, counts={"invoice.create.right": limit}, items=[item])

    async def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        self.asked.append(("sync", link, flow, actor))
        if self.error and not self.error_after:
            raise self.error
        try:
            done = 0
            while done < 3 or self.endless:
                done += 1
                yield Progress(link=link or "all", flow=flow or "invoice", phase="writing", done=done)
                if self.error and done == self.error_after:
                    raise self.error
                await asyncio.sleep(0)
            yield SyncReport(link=link or "all", seconds=0.25, flows=[FlowReport(flow="invoice", created=3)])
        finally:
            self.closed.set()

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        self._ask("send", link, entity, number, actor)
        return SendResult(link=link, entity=entity, number=number, state="posted", right_key="41")

    async def explain(self, entity: str, ident: str, link: str | None = None) -> Sequence[Life]:
        self._ask("explain", entity, ident, link)
        event = LifeEvent(at=AT, kind="seen", text="changed", actor="poll")
        return [Life(link=link or "all", flow=entity, state="in_step", label=ident, events=[event])]

    async def matches(
        self, link: str | None = None, flow: str | None = None, limit: int = 200
    ) -> Sequence[MatchItem]:
        self._ask("matches", link, flow, limit)
        near = MatchCandidate(key="41", label="Ä", score=93, evidence=["same phone (+25)"])
        return [
            MatchItem(
                id=17, link=link or "all", flow=flow or "customer", side="left", key="9", label="Ä",
                reason="it looks like 41", candidates=[near],
            )
        ]  # fmt: skip

    async def match_accept(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        self._ask("match_accept", list(choices), actor)
        return Done(count=len(choices), message="matched", ids=[i for i, _ in choices])

    async def match_reject(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        self._ask("match_reject", list(choices), actor)
        return Done(count=len(choices), message="told apart", ids=[i for i, _ in choices])

    async def held(self, link: str | None = None) -> Sequence[HeldItem]:
        self._ask("held", link)
        return [_held(5)]

    async def held_show(self, ident: int) -> HeldItem:
        self._ask("held_show", ident)
        return _held(ident)

    async def held_settle(self, ident: int, key: str | None, actor: str = "") -> Done:
        self._ask("held_settle", ident, key, actor)
        return Done(count=1, message="settled", ids=[ident])

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        self._ask("hold", scope, reason, actor)
        return HoldView(id=4, scope=scope, reason=reason, by="ann", since=AT, release="syncd release 4")

    async def release(self, ids: Sequence[int], actor: str = "") -> Done:
        self._ask("release", list(ids), actor)
        return Done(count=len(ids), message="released", ids=list(ids))

    async def quarantine(self, link: str | None = None) -> Sequence[QuarantineItem]:
        self._ask("quarantine", link)
        return [
            QuarantineItem(
                id=7,
                link=link or "all",
                flow="invoice",
                side="right",
                key="41",
                label="S-1",
                code="validation",
                reason="period is closed",
                since=AT,
            )
        ]

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done:
        self._ask("retry", list(ids), actor)
        return Done(count=len(ids), message="queued", ids=list(ids))

    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done:
        self._ask("skip", list(ids), reason, actor)
        return Done(count=len(ids), message=reason, ids=list(ids))


@dataclass
class Daemon:
    operator: MadeUpOperator = field(default_factory=MadeUpOperator)
    stored: dict[str, tuple[str, list[tuple[str, str]]]] = field(default_factory=dict)
    store_error: Exception | None = None
    stored_gate: asyncio.Event | None = None
    noted: list[Action] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    url: str = ""

    async def store(self, connection: str, hints: Sequence[tuple[str, str]], delivery: str) -> bool:
        if self.stored_gate is not None:
            await self.stored_gate.wait()
        if self.store_error is not None:
            raise self.store_error
        known = delivery in self.stored
        self.stored.setdefault(delivery, (connection, list(hints)))
        return not known

    async def note(self, action: Action) -> None:
        self.noted.append(action)

    async def waiting(self) -> Sequence[str]:
        return self.reasons

    def client(self, token: str = OPERATE) -> ApiClient:
        return ApiClient(self.url, Secret(token), timeout_s=10)


@asynccontextmanager
async def daemon(
    hooks: dict[str, Hook] | None = None,
    routes: Sequence[Route] = (),
    answering: Sequence[object] = (),
    find: Find = nobody,
    refusals: float = REFUSALS,
    operator: Sequence[object] | None = None,
    note: Audit | None = None,
) -> AsyncIterator[Daemon]:
    there = Daemon()

    async def scrape() -> bytes:
        return b"syncd_posted_total 3.0\n"

    parts = Parts(
        answering=[*([there.operator] if operator is None else operator), *answering],
        audit=note or there.note,
        tokens=TOKENS,
        find=find,
        refusals=refusals,
        store_hints=there.store,
        wake=there.woken.append,
        waiting=there.waiting,
        hooks=hooks or {},
        metrics=scrape,
        hosts=["sync.example.com"],
        routes=routes,
    )
    async with serve(build(parts), shutdown_s=0.2) as there.url:
        yield there
