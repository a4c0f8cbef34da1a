"""What an operation's state comes to: an objection to one record, a drift that was weighed, a waiver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor import impact
from monitor.differences import Difference, Kind
from monitor.severity import Severity


@dataclass(frozen=True, slots=True)
class Objection:
    """Why one record must not be decided about."""

    kind: Kind
    path: str
    words: str
    field: str
    """The mapped field, in canonical words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One drift, weighed."""

    difference: Difference
    severity: Severity
    impact: impact.Impact
    samples: tuple[str, ...]
    correction: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A break that somebody accepted or let through."""

    path: str
    kinds: frozenset[Kind]
    values: frozenset[int] = frozenset()
    """For new values of a closed set: the digests of those that are meant."""
    keys: frozenset[str] = frozenset()
    """Only these records, whatever their place; empty: every one."""

    def covers(self, kind: Kind, path: str, key: str) -> bool:
        return kind in self.kinds and (key in self.keys if self.keys else path == self.path)
