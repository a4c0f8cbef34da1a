"""Live views: what is published reaches who watches; who is slow is let go; who comes back goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from syncd.api.client import LiveEvent
from syncd.api.models import Done
from syncd.service import events
from syncd.service.events import Feed
from tests.integration.service.daemon import READ, Daemon, daemon


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
async def there(feed: Feed) -> AsyncIterator[Daemon]:
    async with daemon(answering=[feed]) as running:
        yield running


def _publish(feed: Feed, *numbers: int, link: str = "") -> None:
    for number in numbers:
        feed.publish("done", Done(count=number, message="with\nlines"), link)


async def _watching(feed: Feed) -> None:
    async with asyncio.timeout(5):
        while not feed.watched:  # noqa: ASYNC110 - it begins in the daemon's own task
            await asyncio.sleep(0)


async def _take(stream: AsyncIterator[LiveEvent], count: int) -> list[int]:
    async with asyncio.timeout(5):
        return [Done.model_validate_json((await anext(stream)).data).count for _ in range(count)]


async def test_a_watcher_sees_what_concerns_it_and_goes_on_where_it_was(there: Daemon, feed: Feed) -> None:
    async with there.client(READ) as client:
        stream = client.events(link="orchard")
        first = asyncio.ensure_future(anext(stream))
        await _watching(feed)
        _publish(feed, 1, link="orchard")
        _publish(feed, 2, link="meadow")
        _publish(feed, 3)
        event = await first
        assert (event.kind, Done.model_validate_json(event.data).count) == ("done", 1)
        assert await _take(stream, 1) == [3]
        await stream.aclose()
        _publish(feed, 4, link="orchard")
        back = client.events(link="orchard", last_event_id=event.id)
        assert await _take(back, 2) == [3, 4]
        await back.aclose()


@pytest.mark.parametrize("last", ["another-7", "nonsense", "", "{life}-99"])
async def test_who_was_away_too_long_is_told_to_read_anew(there: Daemon, feed: Feed, last: str) -> None:
    _publish(feed, *range(3))
    async with there.client(READ) as client:
        stream = client.events(last_event_id=last.format(life=feed._life))
        reset = await anext(stream)
        assert reset.kind == "reset"
        _publish(feed, 9)
        assert await _take(stream, 1) == [9]
        await stream.aclose()


async def test_only_so_much_is_kept_for_who_comes_back(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(feed, *range(events.KEPT + 10))
    stream = feed.events(last_event_id=f"{feed._life}-5")
    assert (await anext(stream)).kind == "reset"
    await stream.aclose()
    stream = feed.events(last_event_id=f"{feed._life}-10")
    frames = [await anext(stream) for _ in range(1 + events.KEPT)]
    assert len([f for f in frames if f.kind == "done"]) == events.KEPT
    await stream.aclose()


async def test_a_watcher_that_does_not_keep_up_is_let_go(feed: Feed) -> None:
    stream = feed.events()
    assert (await anext(stream)).kind == ""
    _publish(feed, *range(events.QUEUE + 1))
    assert not feed.watched
    rest = [frame async for frame in stream]
    assert len(rest) <= events.QUEUE


async def test_only_so_many_watch(feed: Feed) -> None:
    streams = [feed.events() for _ in range(events.WATCHERS)]
    for stream in streams:
        await anext(stream)
    assert [frame async for frame in feed.events()] == []
    for stream in streams:
        await stream.aclose()
    assert not feed.watched


async def test_in_quiet_times_both_ends_know_of_each_other(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "QUIET_S", 0.001)
    stream = feed.events()
    assert [(await anext(stream)).encoded() for _ in range(2)] == [b": still here\n\n"] * 2
    await stream.aclose()
