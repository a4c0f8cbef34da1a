"""What an operator may do. One protocol, two ways: in this process (``engine.operate``) when the
CLI holds the state's lock, or through a running daemon (``api.client``)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from syncd.api.conflicts import Choice, ConflictPage, ConflictView, Resolved, Sided
from syncd.api.fleet import Tested
from syncd.api.keys import KeyCreated, KeyView
from syncd.api.models import (
    Done,
    HeldItem,
    HoldView,
    Life,
    MatchItem,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
)
from syncd.api.reconcile import ReconcileReport
from syncd.api.requests import Grantable
from syncd.api.upkeep import Erased


class Operator(Protocol):
    """Raises ``NothingMatched`` where a link, flow or record is not known."""

    async def status(self, link: str | None = None) -> Status: ...

    async def plan(self, link: str, flow: str | None = None, limit: int = 200) -> PlanView:
        """What a sync would write, where and why. Persists nothing and moves nothing."""
        ...

    def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        """Run once; progress as it happens, then one report a link."""
        ...

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        """One record, now, whatever its trigger status: what users know as "Send to QuickBooks"."""
        ...

    async def explain(self, entity: str, ident: str, link: str | None = None) -> Sequence[Life]:
        """``ident``: a key of either side, or the human number."""
        ...

    async def quarantine(self, link: str | None = None) -> Sequence[QuarantineItem]: ...

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done: ...

    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done:
        """Leave these records alone until they change again."""
        ...

    async def matches(
        self, link: str | None = None, flow: str | None = None, limit: int = 200
    ) -> Sequence[MatchItem]:
        """Lone records that look like one of the other side, with ranked candidates and the evidence."""
        ...

    async def match_accept(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        """ "It is this one": (number of the question, key of the candidate)."""
        ...

    async def match_reject(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        """ "These two are not the same", remembered. An empty key: it is none of them, create it."""
        ...

    async def held(self, link: str | None = None) -> Sequence[HeldItem]:
        """Writes that only a person can settle."""
        ...

    async def held_show(self, ident: int) -> HeldItem:
        """One of them, beside the nearest matches on its platform (which is asked for them)."""
        ...

    async def held_settle(self, ident: int, key: str | None, actor: str = "") -> Done:
        """``key``: "it is this one"; None: "send it again"."""
        ...

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        """No write passes here until it is released: ``everything``, ``connection:NAME``, ``link:NAME``,
        ``flow:LINK/ENTITY``, ``field:LINK/ENTITY/FIELD`` or ``record:LINK/ENTITY/KEY``. Raises ``FixInput``
        for any other scope."""
        ...

    async def release(self, ids: Sequence[int], actor: str = "") -> Done:
        """What waited is planned anew from the latest state."""
        ...


class Decisions(Protocol):
    """What needs a person's word, and whether both sides are equal."""

    async def conflicts(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> ConflictPage: ...

    async def conflict(self, ident: int) -> ConflictView:
        """Raises ``NothingMatched``."""
        ...

    async def conflicts_resolve(self, choices: Sequence[Choice], actor: str = "") -> Resolved:
        """The next cycle carries it out. Raises ``FixInput`` for typed values that are none."""
        ...

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
        """Raises ``NeedsConfirmation`` where the filter shows another number than ``expect``."""
        ...

    def reconcile(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | ReconcileReport]:
        """Progress as it goes on, then one report a link."""
        ...


class Accounts(Protocol):
    """Connections themselves, the same with and without a running daemon."""

    async def connection_test(self, connection: str, actor: str = "") -> Tested:
        """Log in and look around now. Raises ``NothingMatched``."""
        ...

    async def connection_revoke(self, connection: str, actor: str = "") -> Done:
        """End its login at the platform. Raises ``NothingMatched``, ``FixInput`` where there is no way."""
        ...


class Erasing(Protocol):
    """Taking out what is kept of a customer, the same with and without a running daemon."""

    async def erase(
        self, names: Sequence[str], dry_run: bool = False, abandon_writes: bool = False, actor: str = ""
    ) -> Erased:
        """``names``: links and connections. Raises ``NothingMatched``, and ``FixInput`` for what is still
        configured, used by others, or has writes under way."""
        ...


class Keys(Protocol):
    """The tokens of the control API: of the state, so the same with and without a running daemon."""

    async def tokens(self) -> Sequence[KeyView]:
        """Revoked ones included."""
        ...

    async def token_create(
        self, name: str, scopes: Sequence[Grantable], days: int | None = None, actor: str = ""
    ) -> KeyCreated:
        """``days``: how long it opens anything. Raises ``FixInput`` for a name that is or was in use."""
        ...

    async def token_revoke(self, name: str, actor: str = "") -> Done:
        """Raises ``NothingMatched``."""
        ...
