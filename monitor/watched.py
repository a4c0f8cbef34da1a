"""What a watch is made of: its memory, its wishes, and what it knows of each connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from monitor import gating
from monitor.contract import Contract
from monitor.envelope import Envelopes
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.operation import Operation
from syncd.mapping.entity_map import EntityMap
from syncd.ports import HoldRow
from syncd.ports.drift import Fact

Contracts = Callable[[str, str], Contract | None]
"""(platform, operation) -> the filed contract."""


class Holds(Protocol):
    """What the gate needs of the engine's memory."""

    async def holds(self, scopes: Sequence[str] | None = None) -> Sequence[HoldRow]: ...
    async def hold(self, scope: str, reason: str, by: str) -> HoldRow: ...
    async def release(self, ids: Sequence[int], by: str) -> int: ...
    async def hints(self, connection: str, limit: int) -> Sequence[tuple[int, str, str]]: ...
    async def add_hints(self, connection: str, new: Sequence[tuple[str, str]], delivery: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How a site wants to be watched."""

    trust_sandbox: bool = False
    """Whether a sandbox's baseline may hold writes before real records have confirmed it."""
    grant: timedelta = timedelta(days=30)
    """How long what was accepted is let through before it must stand in a file."""
    read_again: timedelta = timedelta(minutes=5)
    """Between two looks at records that wait behind a drift: the platform may have gone back."""


@dataclass
class Known:
    """One connection, as it is watched now."""

    at: Watched
    operations: dict[str, Operation]
    lenses: Mapping[str, EntityMap] = field(default_factory=dict)
    """As the platform declares them, without corrections."""
    around: Envelopes = field(default_factory=Envelopes)
    facts: dict[str, Fact] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    """Facts said since the last look."""
    pages: int = 0
    """Web pages in a row."""
    news: bool = False


class Connections(dict[str, Known]):
    """All that are watched, by their names."""

    def operation(self, connection: str, entity: str) -> Operation | None:
        known = self.get(connection)
        return None if known is None else known.operations.get(entity)

    def flows(self, connection: str, operation: str) -> Sequence[Flow]:
        """Those that read or write an operation; of a login or an envelope, all of the connection's."""
        known = self.get(connection)
        if known is None:
            return ()
        return [f for f in known.at.flows if operation == f.entity or gating.is_wide(operation)]
