"""The rows of the batches' memory: records, batches, their files, and where each stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RecordState(StrEnum):
    """Where one record stands."""

    WAITING = "waiting"
    """Taken in; the next batch of its kind has it."""
    BATCHED = "batched"
    """In a file; nobody has said yet what the ledger made of it."""
    POSTED = "posted"
    REJECTED = "rejected"
    REVERSED = "reversed"


class BatchState(StrEnum):
    """Where one batch stands."""

    MADE = "made"
    """Put down here; none of its files can be seen yet."""
    PLACING = "placing"
    """Its files are on disk under hidden names and get their real ones now."""
    WRITTEN = "written"
    POSTED = "posted"
    """Every record of it was answered, and at least one posted."""
    REJECTED = "rejected"
    REVERSED = "reversed"


class FileKind(StrEnum):
    """What a batch's files are for."""

    IMPORT = "import"
    REVERSAL = "reversal"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record."""

    id: int
    entity: str
    key: str
    reference: str
    source_key: str
    document: str
    """Canonical fields as JSON text."""
    state: RecordState
    batch: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of a batch; ``path`` is relative to the connection's folder."""

    kind: FileKind
    path: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch."""

    id: int
    entity: str
    stamp: str
    state: BatchState
    made_at: datetime
    actor: str
    total: str
    count: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ledger made of one record of a batch."""

    entry: int
    posted: bool
    reason: str = ""
