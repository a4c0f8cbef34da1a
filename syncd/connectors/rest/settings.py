"""What a connection to an ordinary JSON API is configured with: its entities are described here, field by
field, and nothing about it is known from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from syncd.rest.login import Login, Section

Path_ = Annotated[str, Field(pattern=r"^/[^?#\s]*$")]
"""An address below ``base_url``, beginning with a slash."""
Name = Annotated[str, Field(min_length=1)]
At = Annotated[str, Field(pattern=r"^[^\s.][^\s]*$")]
"""Where something stands in a record: names, descending by dots."""


# -- paging ---------------------------------------------------------------------------------------


class _Sized(Section):
    limit: str = "limit"
    """Query parameter that says how many records a page holds."""
    ends: Literal["empty", "short"] = "empty"
    """How the last page is told where the list gives no total: by the empty page after it, or by being
    short (only if the platform promises full pages; one that caps them in silence would end every walk)."""


class PageNumbers(_Sized):
    """`?page=3&limit=100`."""

    style: Literal["page"]
    page: str = "page"
    """Query parameter of the page's number."""
    first: int = 1
    """The number of the first page."""
    watch_shifts: bool = True
    """Look again at the end of the page before, so that records that move between pages are not missed."""


class Offsets(_Sized):
    """`?offset=200&limit=100`."""

    style: Literal["offset"]
    offset: str = "offset"
    """Query parameter of the first record's place."""
    first: int = 0
    """The place of the very first record."""


class Cursors(Section):
    """`?cursor=...`: every answer holds what asks for the next page."""

    style: Literal["cursor"]
    cursor: str = "cursor"
    """Query parameter that takes it."""
    limit: str = "limit"
    """Query parameter that says how many records a page holds; empty: the platform decides."""


class Links(Section):
    """Every answer gives the whole address of the next page (`next_at: Link` for the header)."""

    style: Literal["link"]
    limit: str = ""
    """Query parameter that says how many records a page holds; empty: the platform decides."""


class OnePage(Section):
    """No pages: the list comes whole."""

    style: Literal["none"]


Paging = Annotated[PageNumbers | Offsets | Cursors | Links | OnePage, Field(discriminator="style")]


# -- changes, versions, deletes -------------------------------------------------------------------


class Filter(Section):
    """A query parameter, and how a value stands in it."""

    parameter: Name
    """Its name."""
    template: str = "{}"
    """The parameter's text; `{}` is where the value belongs."""


class Changes(Section):
    """How changed records are told and asked for. Without it every walk reads everything."""

    modified: At
    """Where a record says when it changed last."""
    format: Literal["iso", "unix"] = "iso"
    """ISO 8601 text, or unix time."""
    precision: Literal["s", "ms", "us"] = "s"
    """The finest step that the platform keeps."""
    timezone: str = "UTC"
    """For ISO texts without an offset: the zone of the server's clock."""
    since: Annotated[tuple[Filter, ...], Field(min_length=1)]
    """Parameters that ask for what changed since. Several: each is asked, one after the other."""
    overlap_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds a walk goes back before the last change it knows."""


class VersionGuard(Section):
    """What a write names so that an edit in between is not overwritten."""

    where: Literal["header", "record", "body"]
    """`header`: the `ETag` of the record's own answer, sent back as `If-Match`; `record`: a field, sent back
    as `If-Match`; `body`: a field, sent back in the body."""
    field: str = ""
    """The field, for `record` and `body`."""

    @model_validator(mode="after")
    def _field_where_needed(self) -> Self:
        if (self.where == "header") == bool(self.field):
            raise ValueError("`field` goes with `record` and `body`, and only with them")
        return self


class Send(Section):
    """How one operation is sent."""

    verb: Literal["POST", "PUT", "PATCH", "DELETE"]
    """HTTP verb."""
    path: str = "{path}/{key}"
    """Address: `{path}` is the entity's, `{key}` the record's."""
    whole: bool = False
    """The body is the whole record with the change laid over it (a PUT that replaces)."""
    idempotency_header: str = ""
    """Header in which the platform honours an idempotency key."""
    idempotency_life_s: Annotated[float, Field(ge=0)] = 0.0
    """How long it remembers one; older doubts are looked up instead."""


class CreateSend(Send):
    """How a record is created."""

    path: str = "{path}"
    """Address: `{path}` is the entity's."""


class OurReference(Section):
    """Where a record that we create carries our reference, so that it is found after a lost answer."""

    field: At
    """In the record."""
    parameter: str = ""
    """Query parameter that lists by it; empty: the list is read and compared."""
    template: str = "{}"
    """The parameter's text."""
    max_length: int | None = None
    """Characters the field holds."""


# -- fields ---------------------------------------------------------------------------------------


class FieldAt(Section):
    """One canonical field, and where and how it stands in the platform's record."""

    at: At
    """Where it stands: names, descending by dots."""
    type: Literal[
        "text", "id", "numeric_id", "money", "number", "integer", "flag", "day", "unix_day", "code", "lines"
    ] = "text"
    """How it is written. `id` is text or number and stays what it is; `numeric_id` is written as a number."""
    as_text: bool = False
    """Amounts, numbers and unix days that stand in quotes."""
    max_length: int | None = None
    """Characters the platform keeps of a text."""
    timezone: str = "UTC"
    """For `unix_day`: the zone in which the office reads dates."""
    words: dict[str, str] = Field(default_factory=dict)
    """For `code`: the platform's word -> the canonical one."""
    lines: dict[str, FieldAt] = Field(default_factory=dict)
    """For `lines`: the fields of a line."""
    read_only: bool = False
    """Never written: the platform derives it."""
    create_only: bool = False
    """Written when the record is created, never afterwards."""

    @model_validator(mode="after")
    def _parts_where_needed(self) -> Self:
        if (self.type == "code") != bool(self.words):
            raise ValueError("`words` goes with type code, and only with it")
        if (self.type == "lines") != bool(self.lines):
            raise ValueError("`lines` goes with type lines, and only with it")
        if any(line.type == "lines" for line in self.lines.values()):
            raise ValueError("lines have no lines")
        return self


class EntityAt(Section):
    """One kind of record on this platform."""

    path: Path_
    """Where it is listed, below `base_url`."""
    rows: str = ""
    """Where the list is in an answer; empty: the answer is the list."""
    record: str = ""
    """Where a single record is in an answer; empty: the answer is the record."""
    key: At = "id"
    """Where a record's id is."""
    paging: Paging = OnePage(style="none")
    """How the list is cut into pages."""
    page_size: Annotated[int, Field(ge=1)] = 100
    """Records asked for at once."""
    pages_at: str = ""
    """Where a list says how many pages there are."""
    total_at: str = ""
    """Where a list says how many records there are."""
    more_at: str = ""
    """Where a list says whether more follow."""
    next_at: str = ""
    """Where a list holds what asks for the next page; `Link` is the header of that name."""
    query: dict[str, str] = Field(default_factory=dict)
    """What every list must ask for, such as inactive records too."""
    single: bool = True
    """Whether `path/ID` shows one record."""
    changes: Changes | None = None
    """How changed records are asked for."""
    deleted: str = ""
    """Where a record that is gone says so, in a list that shows it."""
    full_listing: bool = True
    """Whether a list without a filter shows every living record: only then is absence evidence."""
    create: CreateSend | None = None
    """How a record is created; without it none ever is."""
    update: Send | None = None
    """How a record is changed; without it none ever is."""
    delete: Send | None = None
    """How a record is deleted; without it none ever is."""
    fixed: dict[str, Any] = Field(default_factory=dict)
    """What every new record carries."""
    version: VersionGuard | None = None
    """How an edit in between is noticed by the platform; without it records are read again and compared."""
    reference: OurReference | None = None
    """Where our reference stands in records that we create."""
    unique: tuple[str, ...] = ()
    """Without a reference: places whose values together tell a record of ours from all others."""
    numbers: tuple[str, ...] = ()
    """Places of what a person calls the record."""
    finds: dict[str, Filter] = Field(default_factory=dict)
    """Place in `numbers` -> the parameter that lists by it."""
    fields: Annotated[dict[str, FieldAt], Field(min_length=1)]
    """Canonical field -> where it stands."""

    @model_validator(mode="after")
    def _creates_are_proven(self) -> Self:
        if self.create is not None and self.reference is None and not self.unique:
            raise ValueError(
                "a create whose answer is lost could never be found again: give `reference`, or `unique`"
            )
        return self


class Settings(Section):
    """One account on one JSON API."""

    base_url: Name
    """Where the API is."""
    auth: Login
    """How it logs in: `scheme: none | api_key | bearer | basic | oauth2`."""
    login_url: str = ""
    """Where the login is asked for, where that is another host."""
    headers: dict[str, str] = Field(default_factory=dict)
    """What goes with every request, such as a version; never a secret."""
    entities: Annotated[dict[str, EntityAt], Field(min_length=1)]
    """Entity -> where and how it stands. Shipped ones, or those that `entities` of this file defines."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """How long one answer may take."""
    requests_per_s: Annotated[float, Field(gt=0)] | None = None
    """At most so many requests a second."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Requests that may be under way at once."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there."""
    private_network: bool = False
    """Whether the host may resolve to a private address."""
