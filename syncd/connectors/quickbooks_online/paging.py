"""Walking a list in the order of its changes: each page asks for what changed from the last record on.

QuickBooks has no cursor, and a list by position shifts under edits. Ordered by the time of change, an edited
record moves to the end, where the walk still comes by, and what was read stays read. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from syncd.rest.paging import Ask, Place
from syncd.rest.rows import Listed

FROM, START, MAX = "from", "startposition", "maxresults"


@dataclass(frozen=True, slots=True)
class ByChange:
    """A place is ``seconds|position``: the position counts from the first record of that second on. What a
    page repeats of the one before, a walk tells by its key."""

    @property
    def overlaps(self) -> bool:
        # what stands first on the next page may have changed meanwhile, which loses nothing
        return False

    def ask(self, place: Place) -> Ask:
        at, start = _at(place)
        return Ask("", {FROM: at, START: str(start), MAX: str(place.limit)})

    def look_back(self, place: Place) -> Ask | None:
        """Only inside one second does a place count, and can shift: whether its first record still stands."""
        at, start = _at(place)
        return Ask("", {FROM: at, START: str(start), MAX: "1"}) if start > 1 else None

    def following(self, place: Place, listed: Listed) -> str | None:
        """``listed.following``: the second of the page's last record."""
        if listed.more is False or listed.held < place.limit or listed.following is None:
            return None
        at, start = _at(place)
        # a whole page of one second goes on by position
        return f"{at}|{start + listed.held - 1}" if at == listed.following else f"{listed.following}|1"


def _at(place: Place) -> tuple[str, int]:
    at, _, start = place.at.partition("|")
    return at, int(start or 1)
