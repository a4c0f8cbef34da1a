"""When it is a link's turn, as rows that every worker shares. The queue beside them holds hints only.

A link is *wanted* from the moment somebody asks for a run until a run that began after it has ended; a
run that dies in between leaves it wanted, and so it is found again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

NextStart = Callable[[datetime], datetime]
"""A link's schedule: the next start after a time."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A link whose time has come."""

    link: str
    at: datetime | None
    """The start of its schedule that this is, handed out once; None: something of it fell due by itself."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run as it begins."""

    link: str
    number: int
    """Of the latest wish that it serves."""
    scheduled: bool
    """Whether its schedule came round since the last run."""
    waited_s: float
    """Since the first wish that it serves."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    due_at: datetime | None = None
    """When something of it falls due by itself."""
    pause_s: float | None = None
    """It failed as a whole: leave it alone for so long, then do what its schedule asked for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All turns together."""

    wanted: int
    oldest_wanted_s: float
    """How long the first of them waits; 0: nobody does."""


class Turns(Protocol):
    """Every method is one transaction, by the database's clock."""

    async def know(self, links: Mapping[str, NextStart]) -> None:
        """These links have turns from now on; a new one is due at once."""
        ...

    async def forget_others(self, links: Collection[str]) -> int:
        """Links that are not configured any more. Returns how many."""
        ...

    async def tick(self, links: Mapping[str, NextStart], limit: int) -> Sequence[Tick]:
        """Take what is due, each start of a schedule once however many ask; it is wanted from now on."""
        ...

    async def wake(self, links: Collection[str]) -> None:
        """Somebody wants a run of each."""
        ...

    async def begin(self, link: str) -> Begun | None:
        """For who holds the link's lease. None: nobody wants a run any more."""
        ...

    async def end(self, run: Begun, how: Ended) -> None:
        """For who still holds the lease; raises ``Fenced`` otherwise. A wish that came during the run
        stands."""
        ...

    async def wanted(self, link: str) -> bool: ...
    async def failures(self, link: str) -> int:
        """Runs of it that failed in a row."""
        ...

    async def forgotten(self, after_s: float, limit: int) -> Sequence[str]:
        """Wanted for longer than that, and nobody holds the lease."""
        ...

    async def standing(self) -> Standing: ...
