"""The judge of what stops a link by itself: its budget an hour, and the brakes on many records at once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_HOUR_S = 3540.0
"""The hour that a budget counts in, to the minute: so much of it is beyond doubt."""


@dataclass(slots=True)
class Mass:
    """Many records changed or removed on one side in one instant, more than twice what may go on unasked:
    however a walk cuts them in two, one part is too large."""

    side: str
    entity: str
    tags: set[str]
    at: float
    most: int
    carried: set[str] = field(default_factory=set)


class Limits:
    """Told of every request by the checker, and of every release by the operators."""

    def __init__(self) -> None:
        self.budget: int | None = None
        """Writes an hour; None: as many as there are."""
        self.masses: list[Mass] = []
        self._let_go = float("-inf")
        self._sent: deque[tuple[float, str]] = deque()

    def let_go(self, at: float) -> None:
        """An operator is about to release what stopped, or to raise the budget."""
        self._let_go = at
        self.masses.clear()

    def undone(self, entity: str, tag: str) -> None:
        """People had another hand in this record since: it is none of the many any more."""
        for mass in self.masses:
            if mass.entity == entity:
                mass.tags.discard(tag)

    def over_budget(self, reference: str, sent: float) -> str:
        """What is wrong with one more request, sent then; empty: nothing."""
        if self.budget is None:
            return ""
        if (sent, reference) not in self._sent:  # the same one, knocking again after a login
            self._sent.append((sent, reference))
        since = max(self._let_go, sent - _HOUR_S)
        within = sum(1 for at, _ in self._sent if since < at <= sent)
        return (
            f"the budget is {self.budget} writes, and this is number {within}" if within > self.budget else ""
        )

    def braked(self, side: str, entity: str, tag: str) -> str:
        """What is wrong with one more write that carries on what happened to a record on ``side``."""
        for mass in self.masses:
            if mass.side == side and mass.entity == entity and tag in mass.tags:
                mass.carried.add(tag)
                if len(mass.tags) > 2 * mass.most and len(mass.carried & mass.tags) > mass.most:
                    return f"{len(mass.tags)} records changed at once, and no more than {mass.most} may go on"
        return ""
