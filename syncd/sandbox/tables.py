"""A platform's records in memory: tables found by key and by stamp, and what was written to each."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

Ident = TypeVar("Ident", int, str)


class Stamped(Protocol[Ident]):
    """What a table can hold."""

    id: Ident
    created: int
    updated: int


_Row = TypeVar("_Row", bound=Stamped[Any])


class Table(Generic[_Row]):
    """The rows of one kind, found by id and by either stamp."""

    def __init__(self) -> None:
        self._rows: dict[Any, _Row] = {}
        self._stamps: dict[str, list[tuple[int, Any]]] = {"created": [], "updated": []}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[_Row]:
        return iter(self._rows.values())

    def get(self, ident: Any) -> _Row | None:
        return self._rows.get(ident)

    def add(self, row: _Row) -> None:
        self._rows[row.id] = row
        insort(self._stamps["created"], (row.created, row.id))
        insort(self._stamps["updated"], (row.updated, row.id))

    def remove(self, row: _Row) -> None:
        del self._rows[row.id]
        self._stamps["created"].remove((row.created, row.id))
        self._stamps["updated"].remove((row.updated, row.id))

    def touch(self, row: _Row, at: int) -> None:
        """Stamp a row as changed at ``at``."""
        stamps = self._stamps["updated"]
        del stamps[bisect_left(stamps, (row.updated, row.id))]
        row.updated = at
        insort(stamps, (at, row.id))

    def between(self, stamp: str, after: int | None, before: int | None) -> Iterable[_Row]:
        """Rows whose ``created`` or ``updated`` lies within the bounds, both inclusive, oldest first."""
        stamps = self._stamps[stamp]
        first = 0 if after is None else bisect_left(stamps, after, key=lambda entry: entry[0])
        last = len(stamps) if before is None else bisect_right(stamps, before, key=lambda entry: entry[0])
        return [self._rows[ident] for _, ident in stamps[first:last]]


@dataclass(slots=True)
class Record:
    """One record of a sandbox that needs nothing of its own. Stamps are microseconds since 1970, UTC."""

    id: str
    fields: dict[str, Any]
    created: int
    updated: int
    version: int = 1


@dataclass
class Books:
    """The records of a whole account, by kind."""

    tables: dict[str, Table[Record]] = field(default_factory=dict)
    writes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Writes through the API by (kind, id), creation included."""
    events: list[tuple[str, str, str]] = field(default_factory=list)
    """(kind, id, created | updated | deleted), not yet announced."""
    clock_offset_us: int = 0
    _last: int = 0

    def now(self) -> int:
        """Microseconds since 1970, as moved by a test; never the same twice, so that edits have an order."""
        self._last = max(time.time_ns() // 1_000 + self.clock_offset_us, self._last + 1)
        return self._last

    def table(self, kind: str) -> Table[Record]:
        return self.tables.setdefault(kind, Table())

    def get(self, kind: str, ident: str) -> Record | None:
        return self.table(kind).get(ident)

    def seed(self, kind: str, ident: str, fields: Mapping[str, Any], at: int) -> Record:
        """A record that was there before anybody looked: no event, no counted write."""
        row = Record(ident, dict(fields), at, at)
        self.table(kind).add(row)
        return row

    def create(self, kind: str, ident: str, fields: Mapping[str, Any]) -> Record:
        row = self.seed(kind, ident, fields, self.now())
        self._written(kind, ident, "created")
        return row

    def update(self, kind: str, row: Record, fields: Mapping[str, Any]) -> None:
        """Lay ``fields`` over the record. Stamped even if nothing differs."""
        row.fields.update(fields)
        row.version += 1
        self.table(kind).touch(row, self.now())
        self._written(kind, row.id, "updated")

    def delete(self, kind: str, row: Record) -> None:
        self.table(kind).remove(row)
        self._written(kind, row.id, "deleted")

    def become(self, other: Books) -> None:
        """Take over everything of other books; whoever holds these sees the new records."""
        self.tables, self.writes, self.events = other.tables, other.writes, other.events
        self.clock_offset_us = other.clock_offset_us

    def counts(self) -> dict[str, int]:
        """Records by kind, and writes through the API."""
        return {**{kind: len(table) for kind, table in self.tables.items()}, "writes": self.writes.total()}

    def _written(self, kind: str, ident: str, what: str) -> None:
        self.writes[kind, ident] += 1
        self.events.append((kind, ident, what))
