"""Why the product says no. Codes and words are the sandbox's own (the real ones are not public);
its site profile says what they mean to a caller."""

from __future__ import annotations

from enum import IntEnum, StrEnum

from syncd.core.errors import RefuseRecord


class Code(StrEnum):
    """``statusCode`` of an answer."""

    GOOD = "0"
    DOCUMENT = "1"
    """The document is not readable or does not follow mbxml.xsd; nothing of it was executed."""
    NOT_ENABLED = "2"
    """Requests are not enabled on this object."""
    UNKNOWN_REQUEST = "3"
    LOGIN = "10"
    NO_API_GROUP = "11"
    RIGHT = "12"
    """The group API lacks the right (Save, Delete, Void, Change Period)."""
    LICENCE = "20"
    EXCLUSIVE = "21"
    IN_USE = "22"
    """The record is open on another user's screen."""
    NOT_PROCESSED = "23"
    """An earlier request of a ``stopOnError`` set failed."""
    REQUIRED = "30"
    TOO_LONG = "31"
    NOT_FOUND = "32"
    """A record or reference does not exist."""
    EXISTS = "33"
    INVALID = "34"
    STATUS = "40"
    """A status that cannot be set by hand."""
    POSTED = "41"
    """A posted document's amount, account, job or client."""
    PERIOD = "42"
    TOTALS = "43"
    SQL = "50"


class Result(IntEnum):
    """What the object's methods return. Only 0 was seen in public code."""

    GOOD = 0
    ORDER = 1
    """Called before what must come first."""
    LICENCE = 2
    LOGIN = 3
    NO_API_GROUP = 4
    EXCLUSIVE = 5
    DATA_SOURCE = 6


def refuse(code: Code, words: str, column: str | None = None) -> RefuseRecord:
    """The refusal of one request, in the product's words."""
    return RefuseRecord(words, code=code.value, field=column)
