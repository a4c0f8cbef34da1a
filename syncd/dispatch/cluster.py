"""Links among any number of processes: whoever holds a link's lease runs it.

Three loops, the same in every process: *tick* takes what has fallen due (each start of a schedule once,
whoever comes first) and puts it into the queue; *work* takes links from the queue and runs those whose lease
it gets; *sweep* puts into the queue again what is wanted and was forgotten there: the job was lost, or the
worker died with it. No loop ends with its first fault, and none of them matters to the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from syncd.core.errors import Fenced, SyncdError
from syncd.dispatch.dispatcher import Priority, Runnable, expected, pause
from syncd.ports.turns import Begun, Ended, Turns

log = structlog.get_logger(__name__)

TICK_S: Final = 0.5
SWEEP_S: Final = 2.0
FORGOTTEN_S: Final = 3.0
"""Wanted for so long and held by nobody: put into the queue again. What still waits there stays as it is."""
_AT_ONCE: Final = 500
_AWAY_FIRST_S: Final = 0.5
_AWAY_MAX_S: Final = 10.0
"""While the database is away: 0.5, 1, 2 ... seconds between two tries."""


class Hints(Protocol):
    """The queue of wake-ups, ``dispatch.queue.WakeQueue``: it may lose them, and hand them out twice."""

    async def put(self, links: Collection[str], priority: Priority = Priority.SCHEDULE) -> int: ...
    async def lacking(self, links: Collection[str]) -> Collection[str]: ...
    async def clear(self) -> int: ...
    async def work(
        self,
        handler: Callable[[str], Awaitable[None]],
        slots: int,
        queues: Collection[str],
        stop: asyncio.Event,
    ) -> None: ...


class Holding(Protocol):
    """The leases of this process."""

    async def take(self, link: str) -> bool:
        """Whether the link is this process's now; then ``leave`` must follow."""
        ...

    async def leave(self, link: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """Who counts what happens."""

    beat: Callable[[], None] = lambda: None
    """The schedules are alive."""
    delayed: Callable[[str, float], None] = lambda _link, _seconds: None
    """A run begins, so long after it was wanted."""
    repaired: Callable[[int], Awaitable[None]] | None = None
    """The sweep put so many links into the queue again."""


class ClusterDispatcher:
    """One process's part. ``queues``: whose links it runs, at most ``slots`` at once; none: it only ticks,
    sweeps and wakes."""

    def __init__(
        self,
        links: Mapping[str, Runnable],
        turns: Turns,
        queue: Hints,
        holding: Holding,
        *,
        queues: Collection[str],
        slots: int,
        told: Told = Told(),
    ) -> None:
        self._links = links
        self._starts = {name: link.next_start for name, link in links.items()}
        self._turns = turns
        self._queue = queue
        self._holding = holding
        self._queues = queues
        self._slots = slots
        self._told = told
        self._woken: dict[str, Priority] = {}
        self._running: set[str] = set()
        self._news = asyncio.Event()
        self._stop = asyncio.Event()
        self._known = asyncio.Event()

    # -- waking

    def wake(self, link: str, *, priority: Priority = Priority.ANNOUNCED) -> None:
        self._woken[link] = max(priority, self._woken.get(link, priority))
        self._news.set()

    def wake_all(self) -> None:
        for link in self._links:
            self.wake(link, priority=Priority.PERSON)

    async def _pass_wishes_on(self) -> None:
        await self._news.wait()
        self._news.clear()
        woken, self._woken = self._woken, {}
        try:
            await self._turns.wake(woken)
            for priority in sorted(set(woken.values()), reverse=True):
                await self._queue.put([name for name, its in woken.items() if its is priority], priority)
        except BaseException:
            # what is in the database already does no harm twice
            self._woken = woken | self._woken
            self._news.set()
            raise

    # -- running

    async def run(self, stop: asyncio.Event) -> None:
        self._stop = stop
        await self._keep(self._know, until=self._known)
        everywhere = {"wake": self._pass_wishes_on, "tick": self._tick, "sweep": self._sweep}
        helping = [asyncio.create_task(self._keep(once), name=name) for name, once in everywhere.items()]
        try:
            if self._queues:
                await self._keep(self._work, until=stop)
            await stop.wait()
        finally:
            for task in helping:
                task.cancel()
            await asyncio.gather(*helping, return_exceptions=True)

    async def _know(self) -> None:
        await self._turns.know(self._starts)
        self._known.set()

    async def _work(self) -> None:
        await self._queue.work(self._run_one, self._slots, self._queues, self._stop)

    async def _run_one(self, link: str) -> None:
        """One job of the queue. It says "look at this link" and nothing else: whether somebody wants that
        still, and who may, is asked where it is written down."""
        runnable = self._links.get(link)
        if runnable is None:
            return  # configured elsewhere already, or elsewhere still: the sweep asks somebody else
        if link in self._running:
            return  # whoever runs it finds at its end what is wanted by then, here and elsewhere alike
        try:
            # asked only after it was given back: who came while it was held has gone away again
            if await self._run_alone(link, runnable) and await self._turns.wanted(link):
                await self._queue.put([link])
        except _Interrupted:
            await self._queue.put([link])
        except Fenced as error:
            log.warning("the run lost its lease", link=link, error=error.message)
        except SyncdError as error:
            log.warning("the run was broken off; it is found again", link=link, error=error.message)

    async def _run_alone(self, link: str, runnable: Runnable) -> bool:
        """False: it is somebody else's."""
        self._running.add(link)
        try:
            if not await self._holding.take(link):
                return False
            try:
                begun = await self._turns.begin(link)
                if begun is not None:
                    self._told.delayed(link, begun.waited_s)
                    await self._turns.end(begun, await self._ran(begun, runnable))
            finally:
                await self._holding.leave(link)
            return True
        finally:
            self._running.discard(link)

    async def _ran(self, run: Begun, link: Runnable) -> Ended:
        try:
            await link.drain(run.scheduled)
            due = await link.next_due()
        except Exception as error:
            # a fault of ours must not take the other customers' links down with it
            known = expected(error)
            if isinstance(known, Fenced):
                raise known from error
            failures = await self._turns.failures(run.link) + 1
            if known is None:
                log.exception("cycle crashed", link=run.link, failures=failures)
            else:
                words = {"error": known.message, "remedy": known.remedy}
                log.warning("cycle failed", link=run.link, failures=failures, **words)
            return Ended(pause_s=pause(failures))
        if self._stop.is_set():
            raise _Interrupted  # it may have been cut short: it is wanted still, by another
        return Ended(due_at=due)

    # -- ticking and sweeping

    async def _tick(self) -> None:
        ticks = await self._turns.tick(self._starts, _AT_ONCE)
        await self._queue.put([tick.link for tick in ticks])
        self._told.beat()
        if len(ticks) < _AT_ONCE:
            await asyncio.sleep(TICK_S)

    async def _sweep(self) -> None:
        await asyncio.sleep(SWEEP_S)
        await self._queue.clear()
        repaired = await self._queue.put(await self._forgotten())
        if repaired:
            log.warning("wanted links had been forgotten by the queue", links=repaired)
            if self._told.repaired is not None:
                await self._told.repaired(repaired)

    async def _forgotten(self) -> Collection[str]:
        """Wanted, in nobody's hands, and not in the queue."""
        waiting = await self._turns.forgotten(FORGOTTEN_S, _AT_ONCE)
        lacking = await self._queue.lacking(waiting) if waiting else ()
        if not lacking:
            return ()
        # what ran between the two looks has left the queue as well, but is not wanted any more
        return set(lacking).intersection(await self._turns.forgotten(FORGOTTEN_S, _AT_ONCE))

    async def _keep(self, once: Callable[[], Awaitable[None]], until: asyncio.Event | None = None) -> None:
        """Do it again and again, more slowly while the database is away."""
        failures, clock = 0, asyncio.get_running_loop().time
        while until is None or not until.is_set():
            began = clock()
            try:
                await once()
                failures = 0
                continue
            except SyncdError as error:
                failures = 1 if clock() - began > _AWAY_MAX_S else failures + 1
                if failures in (1, 10) or failures % 100 == 0:
                    log.warning("the dispatcher could not work", error=error.message, failures=failures)
            except Exception:
                failures += 1
                log.exception("a loop of the dispatcher failed; it goes on")
            await asyncio.sleep(away(failures))


class _Interrupted(Exception):
    """Internal: the process stops, and the run may have been cut short."""


def away(failures: int) -> float:
    """Seconds until the database is tried again. Pure."""
    return float(min(_AWAY_FIRST_S * 2 ** min(max(failures - 1, 0), 16), _AWAY_MAX_S))
