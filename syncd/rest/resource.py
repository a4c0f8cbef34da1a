"""What a platform says of one kind of record, as data: where it is listed, how changes are asked for, how
a write is guarded and found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from syncd.rest.paging import WHOLE, Paging
from syncd.rest.stamps import Stamp


@dataclass(frozen=True, slots=True)
class Since:
    """One way to ask for what changed: a parameter, and how the time stands in it.

    ``template``: the parameter's value, ``{}`` where the time belongs
    (``LastModifiedDateTime ge datetimeoffset'{}'``).
    """

    parameter: str
    template: str = "{}"
    stamp: Stamp | None = None
    """How the filter writes time, where records write it in another form (same ticks a second)."""


class VersionIn(StrEnum):
    """Where a record's version is, which a write must name so that an edit in between is not overwritten."""

    HEADER = "header"
    """The ``ETag`` header of the record's own answer; sent back as ``If-Match``."""
    RECORD = "record"
    """A field of the record (``@odata.etag``); sent back as ``If-Match``."""
    BODY = "body"
    """A field of the record (``SyncToken``, ``version``); sent back in the body."""


@dataclass(frozen=True, slots=True)
class Version:
    """How a platform checks that a record is still what the write was decided on."""

    where: VersionIn
    path: str = ""
    """Of the field, for ``RECORD`` and ``BODY``."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a record that we create carries our own reference, by which it is found after a lost answer."""

    path: str
    """In the record (dots descend)."""
    parameter: str = ""
    """Query parameter that lists by it; empty: the list is read and compared."""
    template: str = "{}"
    """The parameter's value."""
    max_length: int | None = None
    """Characters the field holds; a longer reference is cut in front (its end is what differs)."""

    def of(self, reference: str) -> str:
        """The reference as the field holds it."""
        return reference[-self.max_length :] if self.max_length else reference


@dataclass(frozen=True, slots=True)
class Method:
    """How one operation is sent."""

    verb: str
    path: str = "{path}/{key}"
    """``{path}`` is the resource's, ``{key}`` the record's, both quoted for an address."""
    whole: bool = False
    """Whether the body is the whole record with the change laid over it (a PUT that replaces)."""
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotency_header: str = ""
    """Header that carries our reference where the platform honours it as an idempotency key."""


CREATE = Method("POST", "{path}")
UPDATE = Method("PATCH")
DELETE = Method("DELETE")


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of record on one platform."""

    path: str
    """Below the connection's base address: ``/customers``."""
    rows: str = ""
    """Where the list is in an answer; empty: the answer is the list."""
    record: str = ""
    """Where a single record is in an answer; empty: the answer is the record."""
    key: str = "id"
    """Path of the id in a record."""
    paging: Paging = WHOLE
    limit: int = 100
    """Records that one page asks for."""
    query: Mapping[str, str] = field(default_factory=dict)
    """What every list of it must ask for (inactive records too, the right type)."""
    single: Mapping[str, str] | None = field(default_factory=dict)
    """What the address of one record must ask for; None: one record cannot be asked for by its id, and it
    is looked for in the list (a 404 from an address that does not exist would read as "gone")."""
    modified: str = ""
    """Path of the time of the last change."""
    stamp: Stamp | None = None
    """How that time is written."""
    since: tuple[Since, ...] = ()
    """Ways to ask for what changed, each a part of an incremental walk; empty: every walk is a full one."""
    overlap_s: float = 300.0
    """How far a walk goes back before its watermark."""
    pages_at: str = ""
    """Where a list says how many pages there are."""
    total_at: str = ""
    """Where a list says how many records there are."""
    more_at: str = ""
    """Where a list says whether more follow."""
    next_at: str = ""
    """Where a list holds the token or address of the next page; ``Link``: in that header."""
    deleted: str = ""
    """Path that is true, or not empty, in a record that is gone."""
    numbers: tuple[str, ...] = ()
    """Paths of what a person calls the record."""
    finds: Mapping[str, Since] = field(default_factory=dict)
    """Number path -> the filter that lists by it; others are read and compared."""
    create: Method | None = None
    update: Method | None = None
    delete: Method | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """What every new record of it carries."""
    version: Version | None = None
    reference: Reference | None = None
    unique: tuple[str, ...] = ()
    """Without a reference: paths that together tell a record that we created from all others."""

    @property
    def incremental(self) -> bool:
        return bool(self.since and self.modified and self.stamp)
