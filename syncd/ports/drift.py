"""What the monitor remembers: drift events, what was granted and proposed about them, what was told.

Rows hold shapes, places and counts, never a customer's value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class DriftState(StrEnum):
    """The life of one drift."""

    OPEN = "open"
    ACKED = "acked"
    """Somebody knows: no reminders until its date. Writes stay held."""
    ACCEPTED = "accepted"
    """The new behaviour is right: the contract follows, by this change only."""
    REVERTED = "reverted"
    """The platform went back."""
    IGNORED = "ignored"
    """Not worth an alert at this connection; its holds are released."""


LIVE: Final = (DriftState.OPEN, DriftState.ACKED)

EXPIRES: Final = "_expires_at"
"""How the names of facts end that are the end of a certificate or a secret."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One drift as it is seen now, ready to be remembered."""

    fingerprint: str
    """Identity: no counts, no connection, no wording."""
    connection: str
    platform: str
    operation: str
    path: str
    kind: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    level: str
    action: str
    seen_before: int
    """Distinct records the baseline has at the place."""
    seen_now: int
    hits: int
    """Distinct records of now that show it."""
    distance: float
    """Chance that the old behaviour shows this."""
    samples: Sequence[str] = ()
    """Keys of records that show it: two are enough to look."""
    mappings: Sequence[str] = ()
    """``entity.field`` of every lens field that reads or writes the place."""
    renames: Sequence[tuple[str, float]] = ()
    repair: str = ""
    """The suggested mending, in words or as a patch."""
    correction: Mapping[str, Any] | None = None
    """What accepting it does to the lens, where it can be done without a person writing code."""


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One drift as it stands on disk."""

    id: int
    seen: Sighting
    state: DriftState
    first_seen: datetime
    last_seen: datetime
    held_at: datetime | None
    closed_at: datetime | None
    muted_until: datetime | None
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A release that ends by itself: until then, one drift of one connection stops nothing."""

    id: int
    drift: int
    connection: str
    by: str
    reason: str
    granted_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A contract edit that somebody accepted and an engineer has still to merge."""

    id: int
    drift: int
    platform: str
    connection: str
    operation: str
    change: Mapping[str, Any]
    """kind, path, before, after: what the file should say from now on."""
    correction: Mapping[str, Any] | None
    by: str
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LearnedShape:
    """One learned shape, serialised by whoever learned it."""

    connection: str
    operation: str
    version: str
    role: str
    """baseline | window"""
    data: bytes
    records: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """What was told about one cause, so that nobody is told twice."""

    cause: str
    severity: str
    title: str
    first_at: datetime
    last_at: datetime
    times: int
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing a connection's logins and headers say, as last seen."""

    connection: str
    name: str
    value: Any
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class HeldPairs:
    """What waits behind the gate in one flow."""

    link: str
    entity: str
    held: int = 0
    quarantined: int = 0
    oldest: datetime | None = None
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """connection side (left | right) -> keys of the records that wait."""
