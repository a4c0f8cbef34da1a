"""What the monitor finds: one difference between a contract and what the exchanges show.

A difference names shapes, counts and places; never a record's content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec


class Kind(StrEnum):
    """Every kind of drift in a platform's answers. ``severity.TABLE`` has a row for each."""

    # structure
    FIELD_GONE = "field_gone"
    FIELD_NEW = "field_new"
    FIELD_RENAMED = "field_renamed"
    """Gone, and a new sibling shows the same kind of values: ``Difference.renames`` names it."""
    SHAPE_CHANGED = "shape_changed"
    """Record, list and plain value took each other's place."""
    TYPE_CHANGED = "type_changed"
    """The old type is gone: text for number, integer id for text."""
    TYPE_WIDENED = "type_widened"
    """A new type beside the old one."""
    NULLABLE = "nullable"
    """Null where there was never a null."""
    OPTIONAL = "optional"
    """Missing at times where it never was."""
    ENUM_NEW = "enum_new"
    ENUM_GONE = "enum_gone"
    FORMAT_CHANGED = "format_changed"
    """Another spelling: a date's form, the zone lost, decimals, padding, case, masking."""
    ENVELOPE = "envelope"
    """What stands around the records: paging, list key, content type, status."""
    # meaning
    SCALE = "scale"
    """The same field in another unit: cents for dollars, minutes for hours, fraction for percent."""
    SIGN = "sign"
    SHARE = "share"
    """Null, empty, zero or one constant became far more frequent."""
    KEY_LOST = "key_lost"
    """A key's values repeat, or follow another pattern."""
    # writing
    WRITE_NARROWED = "write_narrowed"
    """A new required field, a shorter width, a narrower set in what the platform accepts."""

    @property
    def of_meaning(self) -> bool:
        return self in (Kind.SCALE, Kind.SIGN, Kind.SHARE, Kind.KEY_LOST)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of **distinct records**, never of occurrences."""

    before: int = 0
    """Records the baseline has seen at the place (0: only the contract's own word)."""
    after: int = 0
    """Records of the present window at the place ..."""
    hits: int = 0
    """... and how many of them show the difference."""
    distance: float = 1.0
    """Probability that the old behaviour produces what is seen now (0 is certain drift)."""

    @property
    def confidence(self) -> float:
        return 1.0 - self.distance


@dataclass(frozen=True, slots=True)
class Rename:
    """A new field that may be the one that is gone."""

    path: str
    likeness: float
    """0 to 1: how alike the two fields' values, names and place are."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One drift: where, of what kind, and the facet before and after."""

    kind: Kind
    path: str
    before: Mapping[str, Any] = field(default_factory=dict)
    """The facet as the contract has it, e.g. ``{"types": ["number"]}``."""
    after: Mapping[str, Any] = field(default_factory=dict)
    evidence: Evidence = Evidence()
    renames: tuple[Rename, ...] = ()
    certain: bool = True
    """False: newly seen, too few records to tell it from chance. Log it, never act on it."""

    @property
    def confidence(self) -> float:
        return self.evidence.confidence

    def fingerprint(self, platform: str, operation: str) -> str:
        """The identity of this drift, 16 hex digits: no counts, no connection, no wording."""
        facets = msgspec.json.encode([dict(self.before), dict(self.after)], order="deterministic")
        spoken = "\x1f".join((platform, operation, self.path, self.kind)).encode()
        return blake2b(spoken + b"\x1f" + facets, digest_size=8).hexdigest()
