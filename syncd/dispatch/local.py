"""All links in one process: each woken by its schedule, by announcements, by what falls due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime

import structlog

from syncd.dispatch.dispatcher import Priority, Runnable, expected, pause
from syncd.ports import Clock

log = structlog.get_logger(__name__)

BEAT_S = 15.0
"""Between two signs of life."""
_AT_ONCE = 100
_NEXT_S = 0.005
"""So many links begin at once when the daemon does, each further one a little later: thousands together
would keep each other, and whoever calls, waiting."""


class LocalDispatcher:
    """At most one run of a link at a time; wakes that arrive meanwhile become one more run."""

    def __init__(
        self, clock: Clock, links: Mapping[str, Runnable], beat: Callable[[], None] | None = None
    ) -> None:
        """``beat``: whom to call every ``BEAT_S`` as long as the schedules are alive."""
        self._clock = clock
        self._beat = beat
        self._links = links
        self._woken = {name: asyncio.Event() for name in links}

    def wake(self, link: str, *, priority: Priority = Priority.ANNOUNCED) -> None:  # noqa: ARG002
        """``priority``: without effect, no link has to queue here."""
        self._woken[link].set()

    def wake_all(self) -> None:
        for event in self._woken.values():
            event.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs every link until ``stop`` is set; what is under way then is finished first."""
        async with asyncio.TaskGroup() as group:
            if self._beat is not None:
                group.create_task(self._keep_beating(self._beat, stop), name="heartbeat")
            for at, (name, link) in enumerate(self._links.items()):
                later_s = max(at - _AT_ONCE, 0) * _NEXT_S
                group.create_task(self._keep_running(name, link, later_s, stop), name=f"link-{name}")

    async def _keep_beating(self, beat: Callable[[], None], stop: asyncio.Event) -> None:
        while not stop.is_set():
            beat()
            await self._sleep(BEAT_S, stop.wait())

    async def _keep_running(self, name: str, link: Runnable, later_s: float, stop: asyncio.Event) -> None:
        failures = 0
        if later_s:
            await self._rest(name, self._clock.now().timestamp() + later_s, stop)
        start = self._clock.now()
        while not stop.is_set():
            scheduled = self._clock.now() >= start
            if scheduled:
                start = link.next_start(self._clock.now())
            self._woken[name].clear()
            try:
                await link.drain(scheduled)
                failures = 0
                until = await self._until(link, start)
            except Exception as error:
                # a fault of ours must not take the other customers' links down with it
                failures += 1
                until = self._clock.now().timestamp() + pause(failures)
                if scheduled:
                    start = self._clock.now()  # what its schedule asked for is still to be done
                known = expected(error)
                if known is None:
                    log.exception("cycle crashed", link=name, failures=failures)
                else:
                    words = {"error": known.message, "remedy": known.remedy}
                    log.warning("cycle failed", link=name, failures=failures, **words)
            await self._rest(name, until, stop)

    async def _until(self, link: Runnable, start: datetime) -> float:
        due = await link.next_due()
        return min(start, due).timestamp() if due else start.timestamp()

    async def _rest(self, name: str, until: float, stop: asyncio.Event) -> None:
        """Until that time, a wake, or the end."""
        seconds = max(until - self._clock.now().timestamp(), 0.0)
        await self._sleep(seconds, self._woken[name].wait(), stop.wait())

    async def _sleep(self, seconds: float, *ends: Coroutine[None, None, object]) -> None:
        """So long, or until one of ``ends`` comes to its end."""
        tasks = [asyncio.create_task(end) for end in (*ends, self._clock.sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
