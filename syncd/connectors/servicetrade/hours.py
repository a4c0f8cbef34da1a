"""Clock events as hours: which jobs were worked on, and the pairs of events on each.

Nothing tells when an event was changed, and only a job's own pairs say how long they lasted. So a reading
asks for the events of a window, and then for every job that has one in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from syncd.connectors.servicetrade.entities import ENTRY_KEY
from syncd.connectors.servicetrade.profile import Clock
from syncd.connectors.servicetrade.settings import Labour, Settings
from syncd.core.errors import UnreadableAnswer
from syncd.http import Answer
from syncd.ports import Page, Seen
from syncd.rest import Row
from syncd.rest.rows import at

JOBS_A_PAGE: Final = 50
_AHEAD_S: Final = 86_400
"""A phone's clock may be ahead of ours by so much."""


class Place(msgspec.Struct, frozen=True):
    """Where a reading stands; its JSON is the resume token."""

    job: int
    """The last one that was read."""
    newest: int


class _Pairs(msgspec.Struct, rename="camel"):
    paired_events: list[dict[str, Any]] = []


class _Job(msgspec.Struct):
    data: _Pairs


class Hours:
    """Reads hours. ``events``: every event that a query asks for; ``pairs``: what ``/job/{id}/clockevent``
    answers, None if there is no such job."""

    def __init__(
        self,
        clock: Clock,
        labour: Labour,
        settings: Settings,
        events: Callable[[Mapping[str, str]], Awaitable[Sequence[Row]]],
        pairs: Callable[[int], Awaitable[Answer | None]],
    ) -> None:
        self._clock = clock
        self._first = int(
            datetime.combine(labour.first_day, datetime.min.time(), ZoneInfo(settings.timezone)).timestamp()
        )
        self._look_back_s = int(labour.look_back_h * 3600)
        self._jobs_a_page = min(JOBS_A_PAGE, settings.page_size)
        self._events = events
        self._pairs = pairs

    async def pages(self, *, since: str | None, resume: str | None, now: datetime) -> AsyncIterator[Page]:
        """See ``ports.Connector``. The watermark is the end of the newest pair, never later than ``now``."""
        place = msgspec.json.decode(resume, type=Place) if resume else Place(0, 0)
        began = self._first if since is None else max(self._first, int(since) - self._look_back_s)
        jobs = [job for job in await self._worked_on(began, now) if job > place.job]
        for first in range(0, max(len(jobs), 1), self._jobs_a_page):
            some = jobs[first : first + self._jobs_a_page]
            rows = [row for found in await asyncio.gather(*map(self._of, some)) for row in found]
            newest = max([place.newest, *(row.modified or 0 for row in rows)])
            place = Place(some[-1] if some else place.job, newest)
            records = [Seen(row.key, row.raw) for row in rows]
            if first + self._jobs_a_page < len(jobs):
                yield Page(records, resume=msgspec.json.encode(place).decode())
            else:
                mark = max(min(newest, int(now.timestamp())), int(since or 0))
                yield Page(records, watermark=str(mark) if mark else str(self._first))

    async def fetch(self, key: str) -> Seen | None:
        """A pair by the key that ``pages`` gave it."""
        job, _, _ = key.partition("-")
        if not job.isdecimal() or job == key:
            return None
        found = next((row for row in await self._of(int(job), first=0) if row.key == key), None)
        return None if found is None else Seen(found.key, found.raw)

    async def search(self, number: str, now: datetime) -> Sequence[Seen]:
        """The pair that begins with the event of that id."""
        if not number.isdecimal():
            return []
        events = await self._events(_window(self._first, now))
        jobs = {self._job(row) for row in events if row.key == number}
        rows = [row for found in await asyncio.gather(*map(self._of, sorted(jobs))) for row in found]
        return [Seen(row.key, row.raw) for row in rows if row.key.endswith(f"-{number}")]

    async def _worked_on(self, began: int, now: datetime) -> Sequence[int]:
        events = await self._events(_window(began, now))
        return sorted({self._job(row) for row in events})

    def _job(self, event: Row) -> int:
        job = at(msgspec.json.decode(event.raw, type=dict[str, Any]), self._clock.job)
        if not isinstance(job, int):
            raise UnreadableAnswer(
                f"servicetrade: a clock event names no job at {self._clock.job!r}",
                remedy="set `clock.job` of the site profile to where one of this account names it",
            )
        return job

    async def _of(self, job: int, first: int | None = None) -> Sequence[Row]:
        """The pairs of a job that have ended, from ``first`` (unix seconds) on."""
        answer = await self._pairs(job)
        if answer is None:
            return []
        try:
            pairs = msgspec.json.decode(answer.body, type=_Job).data.paired_events
        except msgspec.MsgspecError:
            raise UnreadableAnswer(
                "servicetrade /job/{id}/clockevent: the answer is not what the API promises",
                remedy="look at the drift report of this connection",
            ) from None
        rows = [self._row(job, pair) for pair in pairs if pair.get("end") and pair.get("start")]
        earliest = self._first if first is None else first
        return [row for began, row in rows if began >= earliest]

    def _row(self, job: int, pair: Mapping[str, Any]) -> tuple[int, Row]:
        """(when it began, the pair with its job and its key)."""
        event, began = at(pair, self._clock.event), at(pair, "start.eventTime")
        if not isinstance(event, int) or not isinstance(began, int):
            raise UnreadableAnswer(
                f"servicetrade: a pair of clock events has no id at {self._clock.event!r}, or no time",
                remedy="compare `clock` of the site profile with a job's pairs on this account",
            )
        key, ended = f"{job}-{event}", at(pair, "end.eventTime")
        raw = msgspec.json.encode({**pair, "job": {"id": job}, ENTRY_KEY: key})
        return began, Row(key, raw, ended if isinstance(ended, int) else began)


def _window(began: int, now: datetime) -> Mapping[str, str]:
    return {"startTime": str(began), "endTime": str(int(now.astimezone(UTC).timestamp()) + _AHEAD_S)}
