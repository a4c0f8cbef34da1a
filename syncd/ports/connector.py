"""One open connection to a platform: what it can do, read and write.
Records travel as **raw JSON bytes** (``Seen``): a hash of them decides that nothing happened
before anything is parsed. A connector whose platform does not speak JSON encodes its rows once,
deterministically, at the edge.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from msgspec import Struct
from msgspec import field as made

from syncd.core.model import Operation
from syncd.core.outcome import Outcome
from syncd.mapping.entity_map import EntityMap
from syncd.ports.webhooks import Subscribed

NOT_POSTED: Final = "not_posted"
"""The code of a ``RefuseRecord`` with which ``evidence`` says that a write the platform had taken in was
refused afterwards."""


class Seen(NamedTuple):
    """One record as its platform shows it. ``key`` is its remote id, as text."""

    key: str
    raw: bytes
    deleted: bool = False
    """True only where the platform's own delete feed says so."""
    merged_into: str = ""
    """With ``deleted``: the key of the record it was merged into, where the platform says so."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a walk, in the order the platform gave it.

    ``resume`` continues the walk after this page, also in another process; None ends it.
    ``watermark`` is where the *next* walk starts (before overlap) and is only read on the last page.
    ``complete`` is false if anything was skipped: such a walk never moves the watermark and is
    never evidence that a record is gone.
    """

    records: Sequence[Seen]
    resume: str | None = None
    watermark: str | None = None
    complete: bool = True


class Proof(StrEnum):
    """How an operation of unknown outcome is settled. Declared per operation, never per vendor."""

    NATIVE_KEY = "native_key"
    """The platform honours an idempotency key: send the same request again."""
    LOOKUP = "lookup"
    """``evidence`` finds what the request left behind (our reference, a natural key, a state)."""
    CONTENT = "content"
    """Repeating it changes nothing: equal content is the proof (updates)."""
    NONE = "none"
    """Nothing proves it: a person decides."""


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One thing that can be done to a kind of record on this connection."""

    proof: Proof
    native_key_life_s: float = 0.0
    """For ``NATIVE_KEY``: an older intent is looked up, never sent again."""


@dataclass(frozen=True, slots=True)
class Archive:
    """How a platform puts a record away instead of deleting it: by an action, or by what a field says."""

    action: str = ""
    argument: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Canonical fields and the words that put it away (``status``: ``inactive``), where no action does."""


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One kind of record on one connection: its map and what can be done with it."""

    entity: str
    map: EntityMap
    operations: Mapping[str, OperationSpec] = field(default_factory=dict)
    """``create``, ``update``, ``delete`` or the name of an action -> how it is proven."""
    archive: Archive | None = None
    """How a record is put away; None: it cannot be, and a flow that archives holds."""
    incremental: bool = True
    """Whether ``pages(since=...)`` can leave out what did not change."""
    full_listing: bool = True
    """Whether a walk with ``since=None`` shows every living record (evidence of absence)."""
    conditional_write: bool = False
    """Whether ``WriteRequest.expected`` is checked by the platform itself."""
    trusted_modified: bool = False
    """Whether modification times may decide ``Rule.NEWEST``."""
    read_back: bool = True
    """Whether a write must be read back because its answer does not carry the whole record."""
    raw_stable: bool = True
    """Whether unchanged records come back in the same bytes. Else they are told by what the map reads."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one connection can do. Data, so that it can be shown and tested."""

    platform: str
    entities: Mapping[str, EntitySpec]
    webhooks: bool = False
    concurrency: int = 4
    """Requests the connection may have under way at once."""
    settle_s: float | None = None
    """Longest late execution plus index lag; None: an uncertain write is held for a person."""
    settle_provenance: str = "unknown"
    """measured | assumed | unknown: where ``settle_s`` comes from."""


class WriteRequest(Struct, frozen=True):
    """One write, complete and replayable: it is what an intent stores before anything is sent."""

    entity: str
    operation: Operation
    reference: str
    """Our own reference of this intent: searchable on the remote, or its idempotency key."""
    key: str | None = None
    """The remote record; None for a create."""
    body: Mapping[str, Any] = made(default_factory=dict)
    """The patch in the platform's own terms (what ``EntityMap.put`` returned)."""
    expected: bytes | None = None
    """The raw record this write was decided on: the precondition."""
    action: str = ""
    """For ``Operation.ACTION``: its name, as declared in ``EntitySpec.operations``."""
    argument: str = ""
    source_key: str = ""
    """The key of the record on the other side that this write comes from."""
    was: Mapping[str, str] = made(default_factory=dict)
    """Canonical fields that the action changes -> what the record showed when it was decided: where people
    changed them meanwhile (voided the document, say), the action is not carried out."""

    @property
    def name(self) -> str:
        """The key into ``EntitySpec.operations``."""
        return self.action or self.operation.value


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``syncd check``: what was looked at, how it stands, and what to do."""

    level: str
    """ok | warning | error"""
    subject: str
    message: str
    remedy: str = ""


@runtime_checkable
class Connector(Protocol):
    """One open connection. Methods raise ``syncd.core.errors``; ``submit`` returns its outcome.

    Reading errors: ``RetryLater`` (ask again), ``RenewCredentials`` (stop the connection),
    ``UnreadableAnswer`` (the walk is incomplete), ``ForbiddenDestination``.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    def pages(self, entity: str, *, since: str | None, resume: str | None = None) -> AsyncIterator[Page]:
        """Walk a stream from ``since`` (the last watermark; the connector applies its own overlap),
        or everything where None; ``resume`` continues a walk that was broken off."""
        ...

    async def fetch(self, entity: str, key: str) -> Seen | None:
        """The record as it is now; None only if the platform positively says that it does not exist."""
        ...

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        """Records that a person means by ``number`` (an invoice number, a customer's name or key)."""
        ...

    async def submit(self, request: WriteRequest) -> Outcome:
        """Send it once. Never retries by itself once bytes may have left."""
        ...

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        """Records that show ``request`` was carried out: none, one, or (held for a person) several. Raises
        ``RefuseRecord`` with the code ``NOT_POSTED`` where it was accepted, and refused since."""
        ...

    async def probe(self) -> Sequence[Finding]:
        """Login, reachability, profile and rights, without writing anything."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class WebhookReceiver(Protocol):
    """A connector whose platform announces changes. Announcements are hints, never records."""

    async def subscribe(self, url: str) -> Subscribed | None:
        """Make sure the platform sends to ``url`` (renewing what would end), and drop stale subscriptions of
        ours. None: what was granted does not end."""
        ...

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """(entity, key) pairs that a delivery mentions. Raises ``UnreadableAnswer``."""
        ...


class Description(NamedTuple):
    """What a platform publishes about its own records."""

    form: str
    """openapi | odata | xsd | information-schema, as ``monitor.importing`` reads them."""
    document: bytes
    records: Mapping[str, str]
    """Entity -> what the document calls its record."""


@runtime_checkable
class Describes(Protocol):
    """A connector whose platform describes its API."""

    async def description(self) -> Description:
        """As it is published now. Raises as reading does."""
        ...


@runtime_checkable
class RevokesLogin(Protocol):
    """A connector whose login can be given back."""

    async def revoke(self) -> bool:
        """End the login at the platform and forget it. False: nothing was kept that could be ended. Raises
        ``FixInput`` where the platform documents no way."""
        ...


class Clock(Protocol):
    """Time, so that a simulation can own it."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Vault(Protocol):
    """Sealed storage for what must be written: rotating refresh tokens. One refresher per connection."""

    async def load(self, connection: str, name: str) -> bytes | None: ...

    async def save(self, connection: str, name: str, value: bytes) -> None:
        """Durable when it returns. Save a rotated token *before* it is used."""
        ...


@runtime_checkable
class SharedVault(Vault, Protocol):
    """A vault that other processes use, too: they have the same connections."""

    def alone(self, connection: str) -> AbstractAsyncContextManager[None]:
        """Have the connection's login to oneself, among all processes, while the block runs."""
        ...


class BridgeChannel(Protocol):
    """The way to the program beside an on-premises ERP (it dialled in; we never dial it).

    Raises ``RetryLater`` if the request was proven not executed (no bridge connected, refused), and
    ``UnreadableAnswer`` if it was handed over and no answer came back.
    """

    @property
    def connected(self) -> bool: ...

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Rows of one read-only SQL statement (named parameters, ``:name``), values JSON-safe:
        Decimal and dates as text, NULL as None."""
        ...

    async def submit(self, document: bytes) -> bytes:
        """Hand one MBXML document to the product's object and return its answer document."""
        ...
