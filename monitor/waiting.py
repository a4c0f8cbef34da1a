"""What waits behind drift: read and decided anew once it may go on, parents first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from monitor import gating
from monitor.gating import Watched
from monitor.impact import Flow
from monitor.watched import Holds
from syncd.ports import Clock
from syncd.store.drifts import DriftStore

_HINTS_MAX: Final = 1_000
_LOOK_MAX: Final = 50

Flows = Callable[[str, str], Sequence[Flow]]
"""(connection, operation) -> the flows that read or write there."""


class Waiting:
    """Over every connection of a site."""

    def __init__(self, holds: Holds, drifts: DriftStore, clock: Clock, flows: Flows) -> None:
        self._holds = holds
        self._drifts = drifts
        self._clock = clock
        self._flows = flows
        self._unread: dict[tuple[str, str], Mapping[str, int]] = {}
        """Where records that waited are still to be read anew: (connection, operation) -> link -> its cycle
        that was deciding when they were let go."""
        self.under_way: Callable[[str], int] = lambda _link: 0
        """The number of a link's cycle that is under way; 0: none is."""
        self.wake: Callable[[], None] = lambda: None
        """Told when what waited may go on."""

    def expect(self, places: Iterable[tuple[str, str]]) -> None:
        """(connection, operation) where the process before this one may have let go of something."""
        self._unread = {place: {} for place in places}

    async def again(self, at: Watched, operation: str, *, read_first: bool = False) -> None:
        """What waits there is announced, so that it is read as it is now, and due; ``read_first``: due only
        once it was read."""
        flows = [(f.link, f.entity) for f in self._flows(at.connection, operation)]
        await self._announce(at, flows)
        # a cycle under way may have objected to a record already and not have put it away yet
        self._unread[at.connection, operation] = {link: self.under_way(link) for link, _ in flows}
        if not read_first:
            await self._drifts.reconsider(flows)
        self.wake()

    async def reconsider(self) -> None:
        """Decide anew what was announced and has been read since, once the cycles are over that may still
        quarantine a record for what was let go meanwhile."""
        for (connection, operation), deciding in list(self._unread.items()):
            announced = await self._holds.hints(connection, _HINTS_MAX)
            unread = any(operation == of or gating.is_wide(operation) for _, of, _ in announced)
            if unread or any(number and self.under_way(link) == number for link, number in deciding.items()):
                continue
            del self._unread[connection, operation]
            await self._drifts.reconsider([(f.link, f.entity) for f in self._flows(connection, operation)])
            self.wake()

    async def look(self, at: Watched, operation: str) -> None:
        """Have some of what waits there read again: the platform may have gone back."""
        flows = [(f.link, f.entity) for f in self._flows(at.connection, operation)]
        await self._announce(at, flows, _LOOK_MAX)

    async def _announce(self, at: Watched, flows: Sequence[tuple[str, str]], most: int | None = None) -> None:
        """Have what waits in these flows read again; ``most``: so many records of each."""
        for waiting in await self._drifts.waiting(flows):
            side = at.sides.get(waiting.link, "")
            keys = list(waiting.keys.get(side, ()))[:most]
            if keys:
                delivery = f"drift-{waiting.link}-{self._clock.now().isoformat()}"
                hints = [(waiting.entity, key) for key in keys]
                await self._holds.add_hints(at.connection, hints, delivery)
