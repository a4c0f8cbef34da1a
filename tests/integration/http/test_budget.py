"""How a connection slows down when it is told to, and speeds up again."""

from __future__ import annotations

import asyncio

from syncd.http.budget import Budget, Rate
from tests.integration.http.conftest import ClientFor, FastClock, FaultServer
from tests.integration.http.faults import answer


def budget(clock: FastClock, concurrency: int = 8, rate: Rate | None = None) -> Budget:
    return Budget(concurrency=concurrency, rate=rate, clock=clock)


async def most_at_once(budget: Budget, requests: int = 30) -> int:
    under_way = most = 0

    async def request() -> None:
        nonlocal under_way, most
        async with budget:
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

    await asyncio.gather(*(request() for _ in range(requests)))
    return most


async def test_a_complaint_pauses_and_halves(clock: FastClock) -> None:
    slow = budget(clock)
    assert await most_at_once(slow) == 8
    slow.throttled(30.0)
    assert (slow.concurrency, slow.pause_s) == (4, 30.0)
    async with slow:
        assert clock.slept == [30.0]
    await most_at_once(slow)
    assert await most_at_once(slow) == 4


async def test_complaints_of_one_moment_count_once(clock: FastClock) -> None:
    slow = budget(clock)
    for _ in range(8):
        slow.throttled(5.0)
    assert slow.concurrency == 4


async def test_it_never_stops_altogether(clock: FastClock) -> None:
    slow = budget(clock)
    for _ in range(10):
        slow.throttled(1.0)
        await clock.sleep(1.0)
    assert slow.concurrency == 1
    assert await most_at_once(slow) <= 8
    assert await most_at_once(slow) == 1


async def test_good_answers_give_it_back_place_by_place(clock: FastClock) -> None:
    slow = budget(clock)
    slow.throttled(0.0)
    await most_at_once(slow)
    for _ in range(20):
        slow.served()
    assert await most_at_once(slow) == 5
    for _ in range(200):
        slow.served()
    assert await most_at_once(slow) == 8


async def test_places_are_given_back_while_requests_are_under_way(clock: FastClock) -> None:
    slow = budget(clock, concurrency=4)
    async with slow, slow, slow, slow:
        slow.throttled(0.0)
        for _ in range(40):
            slow.served()
    assert slow.concurrency == 4
    assert await most_at_once(slow) == 4


async def test_a_cancelled_wait_leaves_its_place(clock: FastClock) -> None:
    narrow = budget(clock, concurrency=1)
    async with narrow:
        waiting = asyncio.create_task(most_at_once(narrow, 1))
        await asyncio.sleep(0)
        waiting.cancel()
    assert await most_at_once(narrow, 3) == 1


async def test_a_rate_is_kept_and_a_429_reaches_the_budget(
    server: FaultServer, client_for: ClientFor
) -> None:
    client = client_for(server, concurrency=4, rate=Rate(1000))
    server.on("/invoice", answer(429, Retry_After="3"), answer())
    assert (await client.read("/invoice")).ok
    assert client.budget.concurrency == 2
