"""What was agreed of a flow, and what operators said, in the judge's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.sim.truth import other


@dataclass(frozen=True, slots=True)
class Expected:
    """What was agreed for one entity."""

    mode: str
    """both | left-to-right | right-to-left"""
    rules: Mapping[str, str] = field(default_factory=dict)
    """unit -> left | right | newest, where it is not a person's decision."""
    deletes: str = "hold"
    posted: bool = False
    """A document: sent on when it is approved, never edited on the other side afterwards."""
    drafted: bool = False
    """A document: sent on when it is approved, edited on both sides until the ledger has posted it."""

    @property
    def selected(self) -> bool:
        """Whether only what its people sent on is made on the other side."""
        return self.posted or self.drafted

    def writes(self, side: str) -> bool:
        return self.mode == "both" or self.mode.endswith(side)

    def leaves(self, unit: str, side: str) -> bool:
        """Whether what people enter there stands where it is: neither carried over nor taken back."""
        theirs = other(side)
        return not self.writes(theirs) or (self.rules.get(unit) == theirs and not self.writes(side))


@dataclass(slots=True)
class Agreement:
    """What is agreed for each entity, as it was changed in the course of the day."""

    now: Mapping[str, Expected]
    before: list[tuple[float, Mapping[str, Expected]]] = field(default_factory=list)
    """(until when, what was agreed by then), oldest first."""

    def amend(self, at: float, to: Mapping[str, Expected]) -> None:
        self.before.append((at, self.now))
        self.now = to

    def at(self, moment: float, entity: str) -> Expected:
        """What was in force when something was decided."""
        return next((then for until, then in self.before if moment < until), self.now)[entity]


@dataclass(slots=True)
class Hold:
    """An operator's hold: in force from ``since`` (the command had returned) to ``until`` (it was asked)."""

    scope: str
    since: float
    until: float = float("inf")
