"""Who works on this state: every process says so while it lives, and what happened to them is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Mishap(StrEnum):
    """What should not happen and does; each is survived."""

    WORKER_LOST = "worker_lost"
    """It was silent for so long that it counts as dead."""
    LEASE_TAKEN_OVER = "lease_taken_over"
    """A link went to another process because its lease ran out, not because it was given back."""
    SWEEP_REPAIRED = "sweep_repaired"
    """A wanted link that the queue had forgotten."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One process."""

    name: str
    host: str
    pid: int
    version: str
    slots: int
    """Links that it runs at once; 0: it only answers and dispatches."""
    since: datetime
    seen_at: datetime
    silent_s: float
    """Since its last sign of life, by the database's clock."""
    lost: bool
    links: Sequence[str] = ()
    """Whose leases it holds."""


class Workers(Protocol):
    """Every method is one transaction, by the database's clock."""

    async def alive(self, name: str, host: str, pid: int, version: str, slots: int) -> None:
        """A sign of life; the first one begins its entry."""
        ...

    async def gone(self, name: str) -> None:
        """It ended as it should."""
        ...

    async def missed(self) -> Sequence[str]:
        """Those that came to count as lost since anybody asked; each is counted once. Forgets lost ones
        of long ago."""
        ...

    async def count(self, what: Mishap, times: int = 1) -> None: ...
    async def mishaps(self) -> Mapping[Mishap, int]:
        """Since this state was made."""
        ...

    async def workers(self) -> Sequence[WorkerRow]:
        """By name."""
        ...
