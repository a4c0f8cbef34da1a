"""The values the core works on. Frozen, symmetric in their names, free of behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final


class Side(StrEnum):
    """The two ends of a link. One implementation serves both; nothing is named ``_a``/``_b``."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> Side:
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Absent(Enum):
    """The platform says nothing about a field. Not NULL: NULL is an answer, absence is none."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

Value = str | int | bool | Decimal | date | datetime | None | frozenset[str] | tuple["Record", ...]
"""One canonical field. Money is ``Decimal``, instants are aware UTC, identifiers are text,
tags are a set of words.

A reference to another record holds that record's key *on its own side*, as text.
"""

Record = Mapping[str, Value]
"""Canonical fields by name. A field that is missing from the mapping is ABSENT."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Positive evidence that a record is gone. ``evidence`` says how we know (never just absence)."""

    evidence: str
    merged_into: str = ""
    """The key of the record it was merged into on its own side: it is not gone, it goes on under that one."""


SideState = Record | Tombstone | None
"""What one side shows of a pair: a record, proof of its removal, or nothing known yet."""


class Operation(StrEnum):
    """The classes of writes; each has its own replay rule (design: operations)."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    ACTION = "action"


class IntentState(StrEnum):
    """The life of a write on disk. No other vocabulary exists."""

    PLANNED = "planned"
    SENT = "sent"
    ACCEPTED = "accepted"
    POSTED = "posted"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"
    HELD = "held"


class PairState(StrEnum):
    """Where a pair stands. What is pending is driven by this state, never skipped by a gate."""

    DUE = "due"
    """To be decided at ``due_at``."""
    IN_FLIGHT = "in_flight"
    """An intent of this pair is not settled yet; nothing else is decided about it meanwhile."""
    IN_STEP = "in_step"
    WAITING = "waiting"
    """It refers to a record that is not paired yet."""
    UNMATCHED = "unmatched"
    """It may be a record that the other side has already: a person says which, or that it is none."""
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    HELD = "held"
    OUT_OF_SCOPE = "out_of_scope"
    """The flow's selection does not ask for it (not the trigger status, or historical)."""
    GONE = "gone"
