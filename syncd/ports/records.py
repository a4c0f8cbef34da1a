"""What people ask of the engine's memory, as rows and one Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from syncd.core.decision import Resolution
from syncd.core.model import Side
from syncd.ports.store import Counts, FlowRow, HoldRow, PairRow, Store


@dataclass(frozen=True, slots=True)
class FlowLine:
    """How one flow stands, for showing."""

    flow: FlowRow
    counts: Counts
    last_cycle_at: datetime | None
    last_success_at: datetime | None
    last_error: str
    compared: ReconciliationRow | None = None
    """How its last full comparison ended."""


@dataclass(frozen=True, slots=True)
class RefusedPair:
    """One quarantined pair, for showing."""

    id: int
    link: str
    entity: str
    row: PairRow
    code: str
    reason: str
    field: str
    since: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a pair's journal."""

    at: datetime
    kind: str
    text: str
    intent: int | None
    actor: str


@dataclass(frozen=True, slots=True)
class ConflictFilter:
    """Which conflicts; None: any."""

    link: str | None = None
    entity: str | None = None
    unit: str | None = None
    """A field, or a group of fields."""
    why: str | None = None


@dataclass(frozen=True, slots=True)
class ConflictRow:
    """One open conflict, with the pair as it stands."""

    id: int
    link: str
    entity: str
    pair: PairRow
    unit: str
    fields: tuple[str, ...]
    why: str
    since: datetime
    seen_at: Mapping[Side, datetime]
    """When each side's record was read as it is."""
    resolution: Resolution | None = None
    """What a person said of it; it is carried out in the next cycle."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said of one conflict."""

    conflict: int
    resolution: Resolution


@dataclass(frozen=True, slots=True)
class Compared:
    """One pair, for a full comparison."""

    pair: PairRow
    due: bool
    """Something about it is still to be decided."""
    conflicts: frozenset[str]
    """Units of it in open conflict."""


@dataclass(frozen=True, slots=True)
class NewReconciliation:
    """How a full comparison of one flow ended."""

    complete: bool
    pairs: int
    differences: int
    unexplained: int
    amounts: Mapping[str, str]
    """Field -> amount that nothing explains, as Decimal text."""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class ReconciliationRow:
    """The last one of a flow."""

    entity: str
    at: datetime
    result: NewReconciliation


@dataclass(frozen=True, slots=True)
class PairLife:
    """Everything the store knows of one pair."""

    link: str
    entity: str
    row: PairRow
    reason: str
    seen_at: Mapping[Side, datetime]
    events: Sequence[Event]


class Records(Protocol):
    """What people ask of the store: looking only, apart from the two quarantine commands."""

    async def flow_lines(self, link: str) -> Sequence[FlowLine]: ...
    async def stream_errors(self) -> Mapping[tuple[str, str], str]:
        """(connection, entity) -> what its last walk failed on; empty where it did not."""
        ...

    async def link_holds(self, link: str, connections: Sequence[str]) -> Sequence[HoldRow]: ...
    async def quarantined(self, link: str | None, limit: int) -> Sequence[RefusedPair]: ...
    async def conflicts(self, which: ConflictFilter, after: int, limit: int) -> Sequence[ConflictRow]:
        """By number, from ``after`` on."""
        ...

    async def conflict_count(self, which: ConflictFilter) -> int: ...
    async def conflicts_by_id(self, idents: Sequence[int]) -> Sequence[ConflictRow]: ...
    async def compared(self, flow: FlowRow, after: int, limit: int) -> Sequence[Compared]:
        """Every pair, by number, from ``after`` on."""
        ...

    async def reconciled(self, flow: FlowRow, done: NewReconciliation) -> None: ...
    async def reconciliations(self, link: str) -> Sequence[ReconciliationRow]: ...
    async def decide_conflicts(self, decided: Sequence[Said]) -> int:
        """Put down what a person said; the pairs are due. Returns of how many conflicts that were open."""
        ...

    async def lives(self, entity: str, ident: str, link: str | None) -> Sequence[PairLife]:
        """Pairs of an entity by either side's key or by human number (its natural key)."""
        ...

    async def life(self, pair: int) -> PairLife | None: ...
    def scratch(self) -> AbstractAsyncContextManager[Store]:
        """A copy of everything, to try things on; it is thrown away, and the original never moves."""
        ...

    async def requeue(self, which: Sequence[int], actor: str) -> int: ...
    async def skip(self, which: Sequence[int], reason: str, actor: str) -> int: ...
