"""What a memory platform answers: the wire between ``MemoryPlatform`` and ``MemoryConnector``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncd.core.outcome import ErrorClass
from syncd.ports import Seen


@dataclass(frozen=True, slots=True)
class Listed:
    """Records; for a page, ``more`` follows. ``as_of`` is the platform's own clock (its Date header)."""

    records: Sequence[Seen]
    as_of: datetime
    more: bool = False
    whole: bool = True
    """False: the platform says that it left something out (no right to see it)."""


@dataclass(frozen=True, slots=True)
class Done:
    """A write was carried out, or taken in (``posted`` False). ``raw`` where the answer holds the record."""

    key: str
    raw: bytes | None
    posted: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused for good, in the platform's words."""

    error_class: ErrorClass
    words: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not looked at; ask again."""

    after_s: float | None


@dataclass(frozen=True, slots=True)
class LoginExpired:
    """The session is not, or no longer, known. The request was not looked at."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer came."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """Something came that the API does not promise."""

    what: str


Answer = Listed | Done | Refused | Throttled | LoginExpired | Silence | Garbled
