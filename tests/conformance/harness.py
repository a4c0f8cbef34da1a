"""What the conformance suite needs to know about one platform: how to be a person in its product,
how to make it fail, and how to look inside. One per connector, built over its sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from syncd.core.model import Record
from syncd.ports import Connector, WriteRequest


class Trouble(StrEnum):
    """Something that goes wrong with the next request."""

    LOST_BEFORE = "lost_before"
    """The connection breaks before the platform carries anything out."""
    LOST_AFTER = "lost_after"
    """Carried out, answer lost."""
    BUSY = "busy"
    """Throttled (429, a lock, no free licence): refused before it was read."""
    SERVER_ERROR = "server_error"
    """The platform broke while serving (500); a write was carried out."""
    HTML = "html"
    """A web page where a record belongs; a write was carried out."""
    TRUNCATED = "truncated"
    """The answer breaks off; a write was carried out."""
    HUGE = "huge"
    """An answer far larger than any page."""
    REDIRECT = "redirect"
    """Sent to another host."""
    LOGIN_EXPIRED = "login_expired"
    SHIFT = "shift"
    """The listing moves between two pages."""
    INCOMPLETE = "incomplete"
    """A page leaves a record out and says so, or cannot be read at all."""


class Moment(StrEnum):
    """Which request is struck."""

    READ = "read"
    WRITE = "write"


class Harness(Protocol):
    """One sandbox, fresh for each test, with small pages (at most four records)."""

    secrets: Sequence[str]
    """Texts that no error may show."""
    edits: Mapping[str, str]
    """entity -> a text field of it that people edit and that may be written."""

    async def connect(self, *, good_credentials: bool = True) -> Connector:
        """A new connection, as another process would open it. The harness closes it at the end."""
        ...

    async def seed(self, entity: str, count: int, *, age_s: float = 0.0) -> Sequence[str]:
        """People entered ``count`` records ``age_s`` seconds ago, and what they refer to. Their keys."""
        ...

    async def edit(self, entity: str, key: str, value: str) -> None:
        """A person sets the field named in ``edits`` in the product itself."""
        ...

    async def draft(self, entity: str) -> Record:
        """A canonical record that the platform would accept as new, parents seeded."""
        ...

    async def refused(self) -> WriteRequest:
        """A request that the platform's own rules refuse."""
        ...

    async def action(self, entity: str, name: str) -> tuple[str, str]:
        """(key, argument) of a record on which the action is possible now."""
        ...

    async def number(self, entity: str, key: str) -> str:
        """What a person calls the record."""
        ...

    async def count(self, entity: str) -> int:
        """How many records of the kind stand in the platform's own books."""
        ...

    async def forbid(self, entity: str, key: str) -> None:
        """From now on our login may not see this record."""
        ...

    async def order(self, trouble: Trouble, moment: Moment, *, after: int = 0) -> None:
        """Strike the next request of that moment, after ``after`` that go well."""
        ...

    async def logins(self) -> int | None:
        """How many tokens or sessions the platform has given so far; None where it gives none."""
        ...

    async def delivery(self) -> tuple[Mapping[str, str], bytes, Sequence[tuple[str, str]]]:
        """For platforms with webhooks: headers, body and the hints that a delivery holds."""
        ...

    async def forgeries(self) -> Sequence[tuple[Mapping[str, str], bytes]]:
        """For platforms whose deliveries prove where they come from: some that do not."""
        ...
