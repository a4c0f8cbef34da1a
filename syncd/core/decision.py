"""The parts of a decision: what is known of a pair, what is to be written, what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from syncd.core.model import Operation, Record, Side, SideState

ARCHIVE: Final = "archive"
"""The action that puts a record away; each connector says what it comes to on its platform."""
REMOVED: Final = "removed"
"""The mark of a pair that is gone on both sides: one that comes back is new, not to be removed again."""
ENDED: Final = "~ended"
"""A mark in a base, no field: the record's end (voided, archived) was carried out, never do it again."""


class Verb(StrEnum):
    """What a decision comes to, for one pair."""

    NOOP = "noop"
    ADOPT = "adopt"
    """Equal enough: take both sides as they are for the new bases, write nothing."""
    WRITE = "write"
    CONFLICT = "conflict"
    WAIT = "wait"
    HOLD = "hold"
    MATCH = "match"
    """A person says which record of the other side it is, if any."""
    QUARANTINE = "quarantine"
    OUT_OF_SCOPE = "out_of_scope"
    GONE = "gone"


class Why(StrEnum):
    """The reason behind a field's fate; each is one row of the decision table in the docs."""

    CHANGED_LEFT = "changed on the left only"
    CHANGED_RIGHT = "changed on the right only"
    OWNER = "its owner's value stands"
    NEWEST = "the newer change stands"
    LARGEST = "the larger value stands"
    SMALLEST = "the smaller value stands"
    UNION = "each side takes what the other added or dropped"
    BY_LINE = "each side takes the lines that the other changed"
    FILL = "one side had nothing"
    NEW = "the record is new"
    RESOLVED = "a person decided"
    IMMUTABLE = "it may not change once set"
    BOTH_CHANGED = "both sides changed it differently"
    SAME_LINE = "both sides changed the same line differently"
    NO_INPUT = "both sides changed it differently, and its rule lacks what it needs to choose"
    FIRST_DIFFERENCE = "the sides differed when they were first matched"
    POSTED = "a posted document changed at its source"
    UNWRITABLE = "the platform cannot change it"
    AMOUNT = "the ledger confirmed another amount than was sent"


class Take(StrEnum):
    """What a person can say about a conflict."""

    LEFT = "left"
    RIGHT = "right"
    BASE = "base"
    """Back to what both last agreed on."""
    VALUE = "value"
    """Another value, typed by the person in the left side's words."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's word on one unit in conflict. It counts for the values it was given for, and no others."""

    unit: str
    take: Take
    seen: Mapping[Side, Record]
    """The unit's fields as the person saw them on each side."""
    values: Record = field(default_factory=dict)
    """For ``Take.VALUE``: every field of the unit."""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair as it stands. ``None`` bases: the two sides never agreed yet."""

    left: SideState
    right: SideState
    base_left: Record | None = None
    base_right: Record | None = None
    left_modified: datetime | None = None
    right_modified: datetime | None = None
    historical: bool = False
    """It met the flow's selection before the first sync and was left alone then."""
    forced: bool = False
    """A person ordered this record to be sent, whatever its status."""
    resolutions: tuple[Resolution, ...] = ()

    def state(self, side: Side) -> SideState:
        return self.left if side is Side.LEFT else self.right

    def base(self, side: Side) -> Record | None:
        return self.base_left if side is Side.LEFT else self.base_right

    def resolution(self, unit: str) -> Resolution | None:
        return next((r for r in self.resolutions if r.unit == unit), None)


@dataclass(frozen=True, slots=True)
class Write:
    """One remote write. ``fields`` are in the target side's own values."""

    side: Side
    operation: Operation
    fields: Record = field(default_factory=dict)
    because: Mapping[str, Why] = field(default_factory=dict)
    owed: frozenset[str] = frozenset()
    """Fields that the other side is to be told of as well: confirming them here does not settle them."""
    action: str = ""
    """For ``Operation.ACTION``: its name, and below its argument."""
    argument: str = ""

    @property
    def settles(self) -> tuple[str, ...]:
        """The fields whose base follows what is confirmed."""
        return tuple(name for name in self.fields if name not in self.owed)


@dataclass(frozen=True, slots=True)
class Conflict:
    """One unit that no rule settles; every version is kept."""

    unit: str
    fields: tuple[str, ...]
    why: Why


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one pair. ``bases`` is what each side's base becomes once ``write`` is confirmed."""

    verb: Verb
    reason: str = ""
    write: Write | None = None
    """At most one at a time: a pair whose sides both need writing is decided again after the first."""
    again: bool = False
    """More is to be decided as soon as ``write`` is settled."""
    conflicts: tuple[Conflict, ...] = ()
    bases: Mapping[Side, Record] = field(default_factory=dict)
    code: str = ""
    """For ``QUARANTINE``: an ``ErrorClass`` word."""
    field: str = ""
    waits: tuple[Side, str, str] | None = None
    """For ``WAIT``: (side, entity, key) of the record that must be paired first."""
    removed: bool = False
    """A side's record is gone, and the other lives: what the brake on disappearances counts."""
    refused: tuple[str, ...] = ()
    """Units whose resolution was given for other values than these: to be shown again, never applied."""
