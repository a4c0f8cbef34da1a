"""How an operation deals with us, apart from what its records say: whether it can be listed, and whether
what we write is taken, field by field. Pure counts.

A record that is refused is quarantined by itself; that the platform takes *less than it did* only shows in
several records in a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor import gating
from monitor.differences import Difference, Evidence, Kind
from monitor.findings import Finding
from monitor.impact import Flow
from monitor.severity import judge
from monitor.suspects import CLEAN_AT, HOLD_AT
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Written

ACCEPTED_MIN: Final = 10
"""Writes that carried a field and were accepted whole before a refusal of it is news."""
DEALT: Final = frozenset({Kind.ENVELOPE, Kind.WRITE_NARROWED})
"""The kinds of drift that show here."""


@dataclass(slots=True)
class _Taken:
    accepted: int = 0
    in_a_row: int = 0
    """Accepted since the last that was not."""
    refused: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)


class Dealings:
    """Of one kind of record on one connection."""

    def __init__(self) -> None:
        self._fields: dict[str, _Taken] = {}
        self._readable = 0
        """Listings in a row that could be read; below 0: that could not."""
        self._was_readable = False
        self.moves = 0
        """Counts on with everything that was not as it should be."""

    def walked(self, *, readable: bool) -> None:
        """One listing was read to its end, or was not what the connector can read."""
        self._readable = max(self._readable, 0) + 1 if readable else min(self._readable, 0) - 1
        self._was_readable = self._was_readable or readable
        self.moves += not readable

    def wrote(self, seen: Written) -> None:
        """The platform took a write of ours, or refused it for one field."""
        if seen.refused:
            taken = self._of(seen.refused)
            self._not_taken(taken, taken.refused, seen)
            return
        for name in seen.fields:
            taken = self._of(name)
            taken.refused.clear()
            if name in seen.cut:
                self._not_taken(taken, taken.cut, seen)
            else:
                taken.accepted += 1
                taken.in_a_row += 1

    def findings(self, lens: EntityMap, flows: Sequence[Flow]) -> Iterator[Finding]:
        """What is not as it used to be."""
        if self._was_readable and -self._readable >= HOLD_AT:
            evidence = Evidence(1, -self._readable, -self._readable, 0.0)
            lost = Difference(Kind.ENVELOPE, "", {"readable": True}, {"readable": False}, evidence)
            yield gating.of_envelope(lost, flows)
        for name, taken in self._fields.items():
            for how, records in (("refused", taken.refused), ("cut", taken.cut)):
                if taken.accepted >= ACCEPTED_MIN and len(records) >= HOLD_AT:
                    # as likely by chance as if one more write had been refused so far
                    chance = (1 / (taken.accepted + 2)) ** len(records)
                    evidence = Evidence(taken.accepted, len(records), len(records), chance)
                    before, after = {"accepted": True}, {"accepted": False, "how": how}
                    path = next((field.path for field in lens.fields if field.name == name), name)
                    hit = gating.narrowed(path, lens, flows)
                    narrowed = Difference(Kind.WRITE_NARROWED, path, before, after, evidence)
                    yield Finding(narrowed, judge(narrowed, hit.roles), hit, tuple(sorted(records)[:20]))

    def over(self, kind: Kind, path: str, lens: EntityMap) -> bool:
        """Whether it is again as it used to be, several times in a row."""
        if kind is Kind.ENVELOPE:
            return self._readable >= CLEAN_AT
        return self._of(_name(path, lens)).in_a_row >= CLEAN_AT

    def forget(self, kind: Kind, path: str, lens: EntityMap) -> None:
        """A drift is over, one way or the other: it is counted anew."""
        if kind is Kind.ENVELOPE:
            self._readable, self._was_readable = 0, False
        else:
            self._fields.pop(_name(path, lens), None)

    def _not_taken(self, taken: _Taken, records: set[str], seen: Written) -> None:
        self.moves += seen.record not in records
        records.add(seen.record)
        taken.in_a_row = 0

    def _of(self, name: str) -> _Taken:
        return self._fields.setdefault(name, _Taken())


def _name(path: str, lens: EntityMap) -> str:
    """The canonical field that stands at a place."""
    return next((field.name for field in lens.fields if field.path == path), path)
