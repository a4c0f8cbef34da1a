"""Many decisions as one ordered, countable plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from syncd.core.model import Operation
from syncd.core.reconcile import Decision, Verb


@dataclass(frozen=True, slots=True)
class Planned:
    """One pair's decision within a plan."""

    pair: int
    label: str
    decision: Decision
    removed: bool = False
    """It is news that one side's record is gone while the other lives."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What the brakes need to know of a plan; those of its parts add up."""

    entity: str
    writes: Mapping[Operation, int] = field(default_factory=dict)
    removed: int = 0
    """Records that disappeared from one side, whatever is to become of the other."""

    def of(self, *operations: Operation) -> int:
        return sum(self.writes.get(operation, 0) for operation in operations)

    def plus(self, other: Weight) -> Weight:
        both = {op: self.of(op) + other.of(op) for op in self.writes.keys() | other.writes.keys()}
        return Weight(self.entity, both, self.removed + other.removed)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one flow would do in one cycle."""

    entity: str
    items: Sequence[Planned] = field(default_factory=tuple)

    def count(self, *operations: Operation) -> int:
        """Writes of these operations."""
        return sum(
            i.decision.write is not None and i.decision.write.operation in operations for i in self.items
        )

    def weight(self) -> Weight:
        written = Counter(i.decision.write.operation for i in self.items if i.decision.write is not None)
        return Weight(self.entity, dict(written), sum(i.removed for i in self.items))

    def counts(self) -> Mapping[str, int]:
        """``create.right``, ``update.left``, ``conflict`` ... -> how many."""
        counter: Counter[str] = Counter()
        for item in self.items:
            decision = item.decision
            if (write := decision.write) is not None:
                counter[f"{write.operation.value}.{write.side.value}"] += 1
            if decision.conflicts:
                counter["conflict"] += 1
            elif decision.verb is not Verb.WRITE:
                counter[decision.verb.value] += 1
        return dict(counter)


def parents_first(references: Mapping[str, Iterable[str]]) -> list[str]:
    """Order entities so that each comes after those it refers to; only names in the mapping count.

    Ties keep the mapping's order, so that a plan reads the same every time.
    """
    ordered: list[str] = []
    visiting: set[str] = set()

    def visit(entity: str) -> None:
        if entity in ordered or entity in visiting or entity not in references:
            return
        visiting.add(entity)
        for parent in sorted(references[entity]):
            visit(parent)
        visiting.discard(entity)
        ordered.append(entity)

    for entity in references:
        visit(entity)
    return ordered
