"""Drift as people see it, and what they may do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from syncd.api.models import Done, View


class Rename(View):
    path: str
    likeness: float
    """0 to 1."""


class Held(View):
    """What one drift holds."""

    scope: str
    hold: int
    release: str
    """The command that releases it without accepting the drift."""


class DriftView(View):
    """One drift of one connection: what changed, how sure that is, whom it hits, what to do."""

    id: int
    fingerprint: str
    """The same for the same drift at other connections."""
    connection: str
    platform: str
    operation: str
    path: str
    kind: str
    level: str
    """breaking | risky | additive"""
    action: str
    state: str
    """open | acked | accepted | reverted | ignored"""
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    first_seen: datetime
    last_seen: datetime
    held_at: datetime | None = None
    closed_at: datetime | None = None
    muted_until: datetime | None = None
    actor: str = ""
    reason: str = ""
    seen_before: int
    """Distinct records the baseline knows the place from."""
    seen_now: int
    hits: int
    """Distinct records that show the drift."""
    distance: float
    """Chance that the old behaviour shows this."""
    samples: Sequence[str] = ()
    """Keys of records that show it."""
    mappings: Sequence[str] = ()
    flows: Sequence[str] = ()
    customers: Sequence[str] = ()
    others: Sequence[str] = ()
    """Connections at which the same drift is open."""
    whose: str = "customer"
    """platform: seen at three connections or more; customer: that account's own."""
    renames: Sequence[Rename] = ()
    repair: str = ""
    command: str = ""
    """What to run, once a person has looked."""
    holds: Sequence[Held] = ()
    waiting: int = 0
    """Records held or quarantined behind it."""
    oldest: datetime | None = None
    """Since when the first of them waits."""


class DriftEdit(View):
    """What accepting a drift writes into a contract's file, once an engineer has looked at it."""

    file: str
    """``contracts/PLATFORM/OPERATION.yaml``, of the site or of an engineer's checkout."""
    diff: Sequence[str] = ()
    """Line by line, as ``diff -u`` says it; empty: nothing is edited."""
    words: str = ""
    """Why nothing is."""


class Drifts(Protocol):
    """What a person may do about drift. Raises ``NothingMatched`` for a number that is not known."""

    async def drifts(self, everything: bool = False) -> Sequence[DriftView]:
        """Open ones, the gravest first; ``everything``: closed ones too, the newest first."""
        ...

    async def drift(self, ident: int) -> DriftView: ...

    async def drift_edit(self, ident: int) -> DriftEdit: ...

    async def drift_ack(self, ident: int, reason: str, hours: int = 24, actor: str = "") -> Done:
        """Somebody knows: no reminders for so long. Writes stay held."""
        ...

    async def drift_accept(self, ident: int, reason: str, actor: str = "") -> Done:
        """The platform's new behaviour is right: what waited goes on, the contract's edit is proposed."""
        ...

    async def drift_ignore(self, ident: int, reason: str, actor: str = "") -> Done:
        """It stops nothing at this connection, and nobody is told again."""
        ...

    async def drift_revert(self, ident: int, reason: str, actor: str = "") -> Done:
        """It was not right after all: it is open again, as if it had never been accepted or ignored."""
        ...
