"""What the hub and the bridge say to each other: msgpack messages in binary websocket frames.

A request is told apart by its ``id``, for ever. The life of a query::

    hub  Query ---------------------> bridge   runs it, keeps the answer
    hub  <-------- Answer, Part ...   bridge
    hub  Release -------------------> bridge   forgets it

A submit writes into a ledger, so it is begun only with a leave that is still wanted::

    hub  Submit --------------------> bridge   queues it
    hub  <------------------- Ready   bridge   its turn: "may I?"
    hub  Go ------------------------> bridge   writes "begun" to disk, then executes
    hub  <-------- Answer, Part ...   bridge
    hub  Release -------------------> bridge   deletes the answer, remembers the id

Without ``Go`` nothing was executed: that is what lets the hub say "proven not executed" for a
request that waited too long. After a dropped socket both ends say again what they had under way
(``Query``/``Submit``, ``Ready``, ``Answer``); an id that is known is never executed again.
``Release`` also withdraws a request that has not begun, and answers anything about an unknown id.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

import msgspec

PROTOCOL: Final = 1
"""Raised when an older end could misunderstand a newer one; unequal ends refuse each other."""

PATH: Final = "/bridge/v1"
PART_BYTES: Final = 128 * 1024
"""Answers travel in parts, so that no frame holds up another answer or the heartbeat for long."""
FRAME_BYTES: Final = 8 * 1024 * 1024
"""The largest frame either end reads (the largest MBXML document, with room to spare)."""

CLOSE_REPLACED: Final = 4409
CLOSE_PROTOCOL: Final = 4400


class Outcome(StrEnum):
    """What became of a request at the bridge."""

    DONE = "done"
    """Executed; the body is the answer."""
    RETRY = "retry"
    """Proven not executed: the database is away, no licence is free, another user has exclusive access."""
    REFUSED = "refused"
    """Not executed, and never will be: not a single SELECT, nothing here takes submits."""
    CREDENTIALS = "credentials"
    """Not executed: the database or the product's object refuses the login."""
    FAILED = "failed"
    """A read that gave no usable answer: the statement does not fit the database, the result is too large."""
    UNKNOWN = "unknown"
    """Begun, and nobody can say whether it was carried out."""


class Message(msgspec.Struct, frozen=True, tag_field="t", tag=str.lower):
    """Base of everything that is said."""


class Hello(Message, frozen=True):
    """Bridge, first frame."""

    protocol: int
    version: str
    journal: str
    """Identity of the outbox: a bridge without the outbox of a begun submit cannot answer for it."""
    queries: bool
    submits: bool


class Welcome(Message, frozen=True):
    """Hub, first frame; ``connection`` is what the token is bound to."""

    protocol: int
    connection: str


class Query(Message, frozen=True):
    id: str
    statement: str
    parameters: dict[str, Any]
    max_rows: int
    max_bytes: int


class Submit(Message, frozen=True):
    id: str
    document: bytes


class Ready(Message, frozen=True):
    id: str
    turn: int
    """Counts every asking, so that a leave that arrives late is not taken for a fresh one."""


class Go(Message, frozen=True):
    id: str
    turn: int
    """Of the ``Ready`` it answers."""


class Answer(Message, frozen=True):
    """Followed by ``Part``s until ``size`` bytes are there. A repeated ``Answer`` starts over."""

    id: str
    outcome: Outcome
    size: int = 0
    message: str = ""
    """For a person; never a customer's value."""
    remedy: str = ""
    after_s: float | None = None


class Part(Message, frozen=True):
    id: str
    offset: int
    data: bytes


class Release(Message, frozen=True):
    id: str


FromBridge = Hello | Ready | Answer | Part
FromHub = Welcome | Query | Submit | Go | Release

_encoder: Final = msgspec.msgpack.Encoder()
_from_bridge: Final[msgspec.msgpack.Decoder[FromBridge]] = msgspec.msgpack.Decoder(FromBridge)
_from_hub: Final[msgspec.msgpack.Decoder[FromHub]] = msgspec.msgpack.Decoder(FromHub)


def encode(message: Message) -> bytes:
    return _encoder.encode(message)


def from_bridge(frame: bytes) -> FromBridge:
    """Raises ``ValueError`` for anything that is not one of these messages."""
    return _from_bridge.decode(frame)


def from_hub(frame: bytes) -> FromHub:
    """Raises ``ValueError`` for anything that is not one of these messages."""
    return _from_hub.decode(frame)


def parts(ident: str, body: bytes) -> Iterator[Part]:
    """``body`` cut for the wire."""
    for offset in range(0, len(body), PART_BYTES):
        yield Part(ident, offset, body[offset : offset + PART_BYTES])


class Rows(msgspec.Struct, frozen=True):
    """The body of an answered query, as JSON: names once, then values by position."""

    columns: list[str]
    rows: list[list[Any]]


_rows: Final = msgspec.json.Decoder(Rows)


def rows(body: bytes) -> list[dict[str, Any]]:
    """The rows of an answered query, by column name. Raises ``ValueError``."""
    found = _rows.decode(body)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]
