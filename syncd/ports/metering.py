"""What is read from the state to be measured: how everything stands, and what was written down since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from syncd.ports.desk import LinkLine
from syncd.ports.workers import Mishap


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    """How a connection's streams stand, taken together."""

    up: bool
    """Every stream's last walk ended without an error, and at least one has ended."""
    last_ok_at: datetime | None
    """The newest walk that came to its end."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes that share a state, together."""

    alive: int
    lost: int
    leases: int
    wanted: int
    """Links that somebody wants a run of, and that have not been run since."""
    wanted_since: datetime | None
    """Of the first of these."""
    mishaps: Mapping[Mishap, int]
    """Since the state was made."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything as it stands, read in one transaction: a handful of grouped queries, none per link."""

    lines: Sequence[LinkLine]
    oldest: Mapping[tuple[str, str], datetime]
    """(link, pair state) -> since when the oldest stands so: quarantined, conflict, held."""
    holds: Mapping[str, int]
    """Scope -> open holds on it."""
    brakes: Mapping[str, int]
    """Link -> open holds that a brake placed."""
    connections: Mapping[str, ConnectionLine]
    hints: Mapping[str, int]
    """Connection -> announced records not read yet."""
    drifts: Mapping[tuple[str, str], int]
    """(connection, impact) -> open drifts; impact: ``breaking``, or ``review`` for what breaks nothing."""
    bytes: int
    mismatches: Mapping[str, int] = field(default_factory=dict)
    """Link -> differences that nothing explains, of the last full comparison of each of its flows."""
    crew: Crew | None = None
    """None where one process does everything."""


@dataclass(frozen=True, slots=True)
class Counted:
    """So many journal lines of one kind."""

    link: str
    entity: str
    kind: str
    operation: str
    """Of the write it is about; empty where it is about none."""
    error_class: str
    count: int


@dataclass(frozen=True, slots=True)
class Written:
    """One write that reached its end."""

    link: str
    entity: str
    seconds: float
    """From the newest reading of the record at its source to the confirmation on the other side."""


@dataclass(frozen=True, slots=True)
class News:
    """What the journal gained."""

    last: int
    """Number of its last line: where the next reading starts."""
    counted: Sequence[Counted] = field(default=())
    written: Sequence[Written] = field(default=())


class Meterable(Protocol):
    """The state as the metrics read it."""

    async def standing(self) -> Standing: ...
    async def news(self, after: int | None) -> News:
        """What was written down after line ``after``; None: only where the journal ends now."""
        ...
