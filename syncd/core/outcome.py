"""What became of one write. The four answers a ledger can give, and no fifth.

*Never sent* and *sent, answer lost* must not be confused: the first may be repeated, the
second only after it was looked up. ``Retry`` therefore means **proven not executed**.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorClass(StrEnum):
    """Why a request or record failed: a fixed set, also the metric label (at most 14 values)."""

    AUTH = "auth"
    PERMISSION = "permission"
    CONNECTION = "connection"
    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    NOT_FOUND = "not_found"
    VALIDATION = "validation"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    PARSE = "parse"
    MAPPING = "mapping"
    GUARD = "guard"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The platform carried it out. ``raw`` is the record as JSON bytes if the answer held it whole.

    ``posted`` is false where the platform only took it in (a batch, a pending row, a file):
    the intent is then *accepted* and settles when it is seen posted.
    """

    key: str
    raw: bytes | None = None
    posted: bool = True


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform refused it for good: the same request will be refused again.

    ``words`` are the platform's own, kept for the person who must mend the record.
    """

    error_class: ErrorClass
    words: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Proven not executed (refused before it was read, throttled, locked by another user)."""

    error_class: ErrorClass
    words: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, and no trustworthy answer: it may or may not have been carried out."""

    error_class: ErrorClass
    words: str


Outcome = Confirmed | Rejected | Retry | Unknown
