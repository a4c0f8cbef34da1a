"""The account's records in memory: tables with an index by stamp, ids, and what was written to each."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from syncd.sandbox.servicetrade.ways import Ways
from syncd.sandbox.tables import Table

FIRST_ID: Final = 2_270_000_000_000_001
"""Ids are 16 digits, beyond what a spreadsheet keeps, as seen on live accounts."""


class Kind(StrEnum):
    """The kinds of record, each named as its path below ``/api``."""

    COMPANY = "company"
    LOCATION = "location"
    CONTACT = "contact"
    CONTRACT = "contract"
    JOB = "job"
    JOB_ITEM = "jobitem"
    INVOICE = "invoice"
    COMMENT = "comment"
    PAYMENT = "payment"
    USER = "user"
    CLOCK = "clock"
    """A pair of events; its id is that of the first."""


REFERENCES: Final[Mapping[Kind, Mapping[str, Kind]]] = {
    Kind.LOCATION: {"company": Kind.COMPANY},
    Kind.JOB: {
        "customer": Kind.COMPANY,
        "vendor": Kind.COMPANY,
        "location": Kind.LOCATION,
        "contract": Kind.CONTRACT,
    },
    Kind.JOB_ITEM: {"job": Kind.JOB},
    Kind.INVOICE: {
        "customer": Kind.COMPANY,
        "vendor": Kind.COMPANY,
        "location": Kind.LOCATION,
        "job": Kind.JOB,
        "contract": Kind.CONTRACT,
    },
}
"""Fields that hold the id of another record; answers embed a stub of it."""

EMBEDDED: Final = frozenset(kind for fields in REFERENCES.values() for kind in fields.values())


@dataclass(slots=True)
class Row:
    """One record. ``fields`` are wire fields, references as ids, money as Decimal."""

    kind: Kind
    id: int
    fields: dict[str, Any]
    created: int
    updated: int
    listed: bool = True
    vendor: bool = False
    """Of a company: whether it is one that is bought from. Lists filter by it, no record shows it."""
    rendered: tuple[int, bytes] | None = None
    """The account's ``stubs`` count and the bytes it was rendered to at that count."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a record: what webhooks are told."""

    kind: Kind
    id: int
    action: str
    """created | updated | deleted"""
    at: int
    user: int | None
    changes: tuple[tuple[str, Any, Any], ...] = ()
    """(field, old, new) of the few tracked fields."""


@dataclass
class World:
    """The whole account."""

    vendor: int = 0
    """The contractor's own company."""
    tables: dict[Kind, Table[Row]] = field(default_factory=lambda: {kind: Table() for kind in Kind})
    tax_rates: dict[str, Any] = field(default_factory=dict)
    """District -> rate."""
    location_tax: dict[int, str] = field(default_factory=dict)
    """Location -> district."""
    writes: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    """Writes through the API by record, creation included."""
    events: list[Event] = field(default_factory=list)
    """Not yet taken by the webhooks."""
    stubs: int = 0
    """Rises whenever a stub that other records embed may have changed."""
    ways: Ways = field(default_factory=Ways)
    """How invoices are spelled."""
    clock_offset_s: int = 0
    _last_id: int = FIRST_ID - 1

    def now(self) -> int:
        """Unix seconds, as moved by a test."""
        return int(time.time()) + self.clock_offset_s

    def turn(self, change: Mapping[str, Any]) -> None:
        """Spell invoices otherwise from now on. Raises ``FixInput``."""
        self.ways = self.ways.turned(change, self.now())
        self.stubs += 1  # whatever was rendered is out of date

    def become(self, other: World) -> None:
        """Take over everything of another world; whoever holds this one sees the new records."""
        for attribute in dataclasses.fields(self):
            setattr(self, attribute.name, getattr(other, attribute.name))

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def get(self, kind: Kind, ident: int) -> Row | None:
        return self.tables[kind].get(ident)

    def seed(self, kind: Kind, fields: dict[str, Any], created: int, updated: int) -> Row:
        """A record that was there before anybody looked: no event, no counted write."""
        row = Row(kind, self.new_id(), fields, created, updated)
        self.tables[kind].add(row)
        return row

    def create(self, kind: Kind, fields: dict[str, Any], user: int | None) -> Row:
        now = self.now()
        row = self.seed(kind, fields, now, now)
        self.writes[kind, row.id] += 1
        self.events.append(Event(kind, row.id, "created", now, user))
        return row

    def update(self, row: Row, fields: Mapping[str, Any], user: int | None) -> None:
        """Lay ``fields`` over the record. Stamped even if nothing differs."""
        tracked = ("status",) if row.kind is Kind.JOB else ()
        changes = tuple(
            (name, row.fields.get(name), fields[name])
            for name in tracked
            if name in fields and fields[name] != row.fields.get(name)
        )
        row.fields.update(fields)
        now = self.now()
        self.tables[row.kind].touch(row, now)
        row.rendered = None
        self.stubs += row.kind in EMBEDDED
        self.writes[row.kind, row.id] += 1
        self.events.append(Event(row.kind, row.id, "updated", now, user, changes))

    def delete(self, row: Row, user: int | None) -> None:
        self.tables[row.kind].remove(row)
        self.stubs += 1
        self.writes[row.kind, row.id] += 1
        self.events.append(Event(row.kind, row.id, "deleted", self.now(), user))
