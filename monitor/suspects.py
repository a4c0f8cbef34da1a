"""Records that break something at one operation: which, why, and whether they are the odd one or the rule.

Counts only; the records themselves are kept in memory for as long as they are in doubt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor.guard import Violation
from monitor.habits import Outlier

HOLD_AT: Final = 3
"""Distinct records that show a break of a mapped field before its mapping is held ..."""
HOLD_AT_POLLS: Final = 2
"""... or polls one after the other, of which every record showed it."""
CLEAN_AT: Final = 5
"""Distinct records in a row that are as they used to be: the platform went back."""
KEPT: Final = 200

Break = Violation | Outlier

SCALE: Final = "another unit"
"""The cause of every amount that looks like one, wherever in the record."""


def cause(why: Break) -> str:
    """What a break is counted under: its place, or its unit."""
    return SCALE if isinstance(why, Outlier) else why.path


@dataclass(slots=True)
class Suspect:
    record: Mapping[str, Any]
    why: tuple[Break, ...]
    at: int
    """Which record it was of those looked at."""
    poll: int


@dataclass(frozen=True, slots=True)
class Weight:
    """How many of the latest records show one thing."""

    hits: int
    of: int
    sure: bool
    """Whether that is more than bad records among good ones."""


class Suspects:
    """Of one operation on one connection."""

    def __init__(self) -> None:
        self._held: dict[str, Suspect] = {}
        self._clean: dict[str, int] = {}
        """Cause -> ordinary records in a row."""
        self._looked = 0
        self._poll = 0
        self.moves = 0
        """Counts on with every record that breaks something, or does so no more."""

    def __bool__(self) -> bool:
        return bool(self._held)

    def __iter__(self) -> Iterator[tuple[str, Suspect]]:
        """By key: an order that does not depend on when they came."""
        return iter(sorted(self._held.items()))

    @property
    def records(self) -> list[Mapping[str, Any]]:
        return [one.record for _, one in self]

    @property
    def breaks(self) -> list[Break]:
        """Everything that speaks against any of them."""
        return [why for _, one in self for why in one.why]

    def poll(self) -> None:
        """One more exchange was looked at."""
        self._poll += 1

    def add(self, key: str, record: Mapping[str, Any], why: tuple[Break, ...]) -> None:
        """A record that breaks something, seen for the first time or again."""
        known = self._held.get(key)
        self.moves += known is None or known.why != why
        if known is None:
            self._looked += 1
            if len(self._held) >= KEPT:
                del self._held[min(self._held, key=lambda held: self._held[held].at)]
        at, poll = (self._looked, self._poll) if known is None else (known.at, known.poll)
        self._held[key] = Suspect(record, why, at, poll)
        for one in why:
            self._clean[cause(one)] = 0

    def ordinary(self, key: str) -> None:
        """A record against which nothing speaks (any more)."""
        self.moves += self._held.pop(key, None) is not None
        self._looked += 1
        for name in self._clean:
            self._clean[name] += 1

    def weigh(self, keys: Sequence[str], *, by_polls: bool) -> Weight:
        """How much these suspects say together: of the latest records, as many as it takes, at least half
        are among them. So one odd record that waits for weeks blunts nothing that comes after it.

        ``by_polls``: two polls in a row suffice if they showed nothing else.
        """
        latest = sorted((self._held[key] for key in keys), key=lambda one: -one.at)
        best = Weight(len(latest), self._looked - latest[-1].at + 1 if latest else 0, sure=False)
        for hits, one in enumerate(latest, 1):
            of = self._looked - one.at + 1
            polls = latest[0].poll != one.poll and hits >= HOLD_AT_POLLS and hits == of
            if (hits >= HOLD_AT and 2 * hits >= of) or (by_polls and polls):
                best = Weight(hits, of, sure=True)
        return best

    def reverted(self, name: str, *, held: bool) -> bool:
        """Whether enough ordinary records came in a row since the last that broke what ``name`` says. What
        held nothing may be one odd record among ordinary ones: while that waits, it is not over."""
        waits = any(cause(why) == name for why in self.breaks)
        return self._clean.get(name, 0) >= CLEAN_AT and (held or not waits)

    def expect(self, name: str) -> None:
        """Count what is ordinary again from now on."""
        self._clean.setdefault(name, 0)

    def forget(self, name: str) -> None:
        """What ``name`` says is over: who breaks nothing else is no suspect any more."""
        self._clean.pop(name, None)
        for key in [key for key, one in self if all(cause(why) == name for why in one.why)]:
            del self._held[key]
