"""When links run: by schedule, when woken, when something falls due; one run at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.errors import RetryLater, SyncdError
from syncd.dispatch.dispatcher import Runnable, expected, pause
from syncd.dispatch.local import LocalDispatcher


class SteppedClock:
    """Sleepers wake when a test moves the time past their end."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, asyncio.Event]] = []

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        rung = asyncio.Event()
        self._sleepers.append((self.at + timedelta(seconds=seconds), rung))
        await rung.wait()

    async def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        for until, rung in self._sleepers:
            if until <= self.at:
                rung.set()
        await settle()


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(30):
        await asyncio.sleep(0)


@dataclass
class Link:
    """A link that writes down when it ran, and does what a test orders."""

    clock: SteppedClock
    every_s: float = 60.0
    runs: list[tuple[float, bool]] = field(default_factory=list)
    during: Callable[[], Awaitable[None]] | None = None
    due_at: datetime | None = None
    under_way: int = 0
    most_under_way: int = 0

    async def drain(self, scheduled: bool) -> None:
        start = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.runs.append(((self.clock.at - start).total_seconds(), scheduled))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            if self.during is not None:
                await self.during()
        finally:
            self.under_way -= 1

    def runnable(self) -> Runnable:
        async def next_due() -> datetime | None:
            return self.due_at if self.due_at and self.due_at > self.clock.at else None

        return Runnable(self.drain, lambda now: now + timedelta(seconds=self.every_s), next_due)


@asynccontextmanager
async def running(clock: SteppedClock, **links: Link) -> AsyncIterator[LocalDispatcher]:
    dispatcher = LocalDispatcher(clock, {name: link.runnable() for name, link in links.items()})
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop))
    await settle()
    yield dispatcher
    stop.set()
    await asyncio.wait_for(task, 5)


async def test_a_link_runs_at_once_and_then_by_its_schedule() -> None:
    clock = SteppedClock()
    link = Link(clock)
    async with running(clock, acme=link):
        for _ in range(4):
            await clock.move(30)
    assert link.runs == [(0, True), (60, True), (120, True)]


async def test_woken_it_runs_between_and_the_schedule_stays() -> None:
    clock = SteppedClock()
    link = Link(clock)
    async with running(clock, acme=link) as dispatcher:
        await clock.move(10)
        dispatcher.wake("acme")
        await settle()
        await clock.move(50)
    assert link.runs == [(0, True), (10, False), (60, True)]


async def test_many_wakes_during_a_run_are_one_more_run() -> None:
    clock = SteppedClock()
    link = Link(clock)
    gate = asyncio.Event()
    link.during = lambda: _wait(gate)
    async with running(clock, acme=link) as dispatcher:
        for _ in range(50):
            dispatcher.wake("acme")
            await asyncio.sleep(0)
        assert len(link.runs) == 1
        gate.set()
        await settle()
        assert len(link.runs) == 2
    assert link.most_under_way == 1


async def _wait(gate: asyncio.Event) -> None:
    await gate.wait()


async def test_it_runs_when_something_falls_due_by_itself() -> None:
    clock = SteppedClock()
    link = Link(clock)
    link.due_at = clock.at + timedelta(seconds=20)
    async with running(clock, acme=link):
        await clock.move(19)
        assert len(link.runs) == 1
        await clock.move(1)
    assert link.runs == [(0, True), (20, False)]


@pytest.mark.parametrize("error", [SyncdError("not now"), KeyError("a fault of ours")])
async def test_a_failing_link_does_not_stop_the_others(error: Exception) -> None:
    clock = SteppedClock()
    bad, good = Link(clock), Link(clock)

    async def fail() -> None:
        raise error

    bad.during = fail
    async with running(clock, bad=bad, good=good):
        for _ in range(12):
            await clock.move(10)
    assert [at for at, _ in good.runs] == [0, 60, 120]
    assert len(bad.runs) > 2


async def test_a_link_that_fails_is_left_alone_ever_longer_and_then_runs_as_scheduled() -> None:
    """What its schedule asked for is still to be done: a nightly run that failed is not put off for a day."""
    clock = SteppedClock()
    link = Link(clock, every_s=86_400.0)
    failures = 4

    async def fail() -> None:
        if len(link.runs) <= failures:
            raise SyncdError("not now")

    link.during = fail
    async with running(clock, acme=link):
        for _ in range(40):
            await clock.move(1)
    assert [at for at, _ in link.runs] == [0, 1, 3, 7, 15]
    assert all(scheduled for _, scheduled in link.runs)


async def test_asked_to_stop_it_finishes_what_is_under_way() -> None:
    clock = SteppedClock()
    link = Link(clock)
    gate, finished = asyncio.Event(), []

    async def work() -> None:
        await gate.wait()
        finished.append(True)

    link.during = work
    dispatcher = LocalDispatcher(clock, {"acme": link.runnable()})
    stop = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stop))
    await settle()
    stop.set()
    await settle()
    assert not task.done()
    gate.set()
    await asyncio.wait_for(task, 5)
    assert finished == [True]
    assert len(link.runs) == 1


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0), (999, 300.0)]
)
def test_how_long_a_failing_link_is_left_alone(failures: int, seconds: float) -> None:
    assert pause(failures) == seconds


def test_what_was_raised_on_purpose_side_by_side_is_said_in_words() -> None:
    busy, broken = RetryLater("busy"), KeyError("x")
    assert expected(busy) is busy
    assert expected(ExceptionGroup("", [ExceptionGroup("", [busy]), RetryLater("too")])) is busy
    assert expected(ExceptionGroup("", [busy, broken])) is None
    assert expected(broken) is None
