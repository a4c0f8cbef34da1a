"""What decides when a link runs, and where: ``local`` (this process) or ``cluster`` (any of many)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final, Protocol

from syncd.core.errors import SyncdError

_PAUSE_FIRST_S: Final = 1.0
_PAUSE_MAX_S: Final = 300.0
"""After a cycle that failed as a whole: 1, 2, 4 ... seconds, at most five minutes."""


class Priority(IntEnum):
    """Whose wish goes first where links have to queue."""

    SCHEDULE = 0
    ANNOUNCED = 10
    PERSON = 20


@dataclass(frozen=True, slots=True)
class Runnable:
    """One link as a dispatcher sees it."""

    drain: Callable[[bool], Awaitable[object]]
    """Run it; True when its schedule came round, False when it was woken."""
    next_start: Callable[[datetime], datetime]
    """Its schedule: the next start after a time."""
    next_due: Callable[[], Awaitable[datetime | None]]
    """When something of it falls due by itself (a look-up, a retry)."""


class Dispatcher(Protocol):
    """Runs links: by schedule, when woken, when something falls due; never two runs of one link at a time,
    wherever they are."""

    def wake(self, link: str, *, priority: Priority = Priority.ANNOUNCED) -> None:
        """A hint that there is something to do. Returns at once; may be repeated, may be for nothing."""
        ...

    def wake_all(self) -> None:
        """The same for every link."""
        ...

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set; what is under way here then is finished first."""
        ...


def expected(error: Exception) -> SyncdError | None:
    """What went wrong, if all of it was raised on purpose: what ran side by side fails together. Pure."""
    if isinstance(error, SyncdError):
        return error
    if not isinstance(error, ExceptionGroup):
        return None
    known = [expected(one) for one in error.exceptions]
    return None if None in known else known[0]


def pause(failures: int) -> float:
    """Seconds to leave a failing link alone. Pure."""
    return float(min(_PAUSE_FIRST_S * 2 ** min(failures - 1, 16), _PAUSE_MAX_S))
