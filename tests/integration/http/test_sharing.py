"""Places that several processes share, while the database between them is away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from syncd.core.errors import RetryLater, StateUnavailable
from syncd.http.sharing import SharedPlaces
from syncd.ports.allowance import Granted, Limits
from tests.integration.http.conftest import FastClock


class Desk:
    """Hands out what it is asked for, but while it is ``away``."""

    def __init__(self) -> None:
        self.taken = 0
        self.away = False

    async def take(self, connection: str, limits: Limits, wanted: int, done: int) -> Granted:
        await asyncio.sleep(0)
        if self.away:
            raise StateUnavailable(f"{connection}: its disk is full")
        self.taken += wanted - done
        return Granted(wanted, 0.0)

    async def close_for(self, connection: str, pause: timedelta) -> None:
        raise NotImplementedError


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def places(desk: Desk, clock: FastClock) -> SharedPlaces:
    return SharedPlaces(desk, "books", Limits(4), clock)


async def a_while() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def test_what_was_done_with_is_given_back_though_nobody_asks_again(
    desk: Desk, places: SharedPlaces
) -> None:
    """The link goes on in another process, which waits for these places."""
    await places.enter()
    desk.away = True
    places.leave()
    await a_while()
    assert desk.taken == 1
    desk.away = False
    await a_while()
    assert desk.taken == 0


async def test_who_asks_while_nobody_can_say_is_refused(desk: Desk, places: SharedPlaces) -> None:
    desk.away = True
    with pytest.raises(RetryLater, match="nobody can say"):
        await places.enter()
    desk.away = False
    await places.enter()
    assert desk.taken == 1


async def test_an_end_waits_for_no_database(desk: Desk, places: SharedPlaces) -> None:
    await places.enter()
    desk.away = True
    places.leave()
    await asyncio.wait_for(places.finished(), 5.0)
    assert desk.taken == 1
