"""What connections show: their streams, what is known of a record there, and what a page says of one.

A load makes one of each for every record: they are structs and tuples, made in a tenth of a dataclass's time.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace


class StreamRow(Struct, frozen=True):
    """What one connection offers for one entity, and how far it was read."""

    id: int
    connection: str
    entity: str
    watermark: str | None
    """Where the next incremental walk starts; None: never read to the end."""
    resume: str | None
    """Where a broken walk goes on."""
    walk_since: str | None
    """The watermark the broken walk started from."""
    fingerprint: str
    """Of the map its content hashes were made with; empty: never read to the end."""
    incomplete: bool = False
    """The last walk left something out (no right to see it, a listing that shifted): what is missing from it
    may be there."""
    seq: int = 0
    """How many changes it has shown so far."""


class Known(NamedTuple):
    """What the store knows of a record that a page shows. One is made for every record read."""

    id: int
    raw_hash: bytes
    content_hash: bytes


class Observation(Struct, frozen=True):
    """One record of a page whose bytes are new to us."""

    key: str
    raw: bytes
    raw_hash: bytes
    content_hash: bytes
    known: Known | None
    """None: never seen before. Equal content hash: only the bytes changed, nothing happened."""
    natural: tuple[str | None, ...] = ()
    """Natural keys by rank, as normalised text; the store keeps keyed digests of them only."""
    gone: bool = False
    merged_into: str = ""
    """Of a gone one: the key it goes on under."""
    evidence: str = ""
    """Of a gone one: how that is known."""
    blocks: frozenset[str] = frozenset()
    """Under what it is found as a possible duplicate (``core.likeness``); kept as keyed digests, too."""

    def beside(self, known: Known | None) -> Observation:
        """The same, next to what the store knows of the record."""
        return replace(self, known=known)
