"""One connection used by several processes: its limits and its login hold for all of them, on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from syncd.app.membership import Membership, Part
from syncd.clock import SystemClock
from syncd.core.errors import RetryLater
from syncd.http import AuthScheme, Grants, HttpClient, NoAuth, OAuth2
from syncd.http.budget import Rate
from syncd.ports.allowance import Granted, Limits
from syncd.secrets import Secret
from syncd.secrets.sealed import Sealer
from syncd.store.allowances import grant, refilled
from syncd.store.opening import open_database, open_engine
from syncd.store.sql import SqlStore


@dataclass
class Platform:
    """Counts who is there at once; gives each refresh token one use."""

    at_once: int = 0
    most: int = 0
    times: list[float] = field(default_factory=list)
    grants: int = 0
    refused: int = 0
    access: str = ""
    refresh: str = "consent"

    async def read(self, request: web.Request) -> web.Response:
        if self.access and request.headers.get("Authorization") != f"Bearer {self.access}":
            return web.json_response({}, status=401)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.02)
        self.at_once -= 1
        return web.json_response({"data": []})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        await asyncio.sleep(0.05)
        if form["refresh_token"] != self.refresh:
            self.refused += 1
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.grants += 1
        self.access, self.refresh = f"access-{self.grants}", f"refresh-{self.grants}"
        grant = {"access_token": self.access, "refresh_token": self.refresh, "expires_in": 3600}
        return web.json_response(grant | {"token_type": "bearer"})


@pytest.fixture
async def platform() -> AsyncIterator[tuple[Platform, str]]:
    there = Platform()
    app = web.Application()
    app.router.add_get("/records", there.read)
    app.router.add_post("/oauth2/token", there.token)
    async with TestServer(app) as server:
        yield there, str(server.make_url("")).rstrip("/")


@pytest.fixture
async def members(postgres_url: str) -> AsyncIterator[list[Membership]]:
    """Three, as three processes would be."""
    async with AsyncExitStack() as stack:
        made = []
        for number in range(3):
            database = open_database(open_engine(postgres_url))
            store = SqlStore(database, SystemClock(), Sealer(b"k" * 32), b"d" * 32)
            stack.push_async_callback(store.close)
            member = Membership(store, postgres_url, Part(f"m{number}"))
            await member.alive()
            made.append(member)
        yield made


def client(
    url: str, member: Membership, *, rate: Rate | None = None, auth: AuthScheme | None = None
) -> HttpClient:
    return HttpClient(
        connection="books",
        base_url=url,
        auth=auth or NoAuth(),
        clock=SystemClock(),
        concurrency=2,
        rate=rate,
        private_network=True,
        allowance=member.allowance,
    )


def login(member: Membership) -> OAuth2:
    return OAuth2(
        connection="books",
        client_id="us",
        client_secret=Secret("secret"),
        vault=member.vault,
        clock=SystemClock(),
        grants=Grants(consent=Secret("consent")),
    )


async def _ask(clients: list[HttpClient], each: int) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for one in clients:
            for _ in range(each):
                group.create_task(one.read("/records"))


async def test_the_cap_on_requests_at_once_is_the_connection_s(
    platform: tuple[Platform, str], members: list[Membership]
) -> None:
    there, url = platform
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client(url, one)) for one in members]
        await _ask(clients, 8)
    assert len(there.times) == 24
    assert there.most == 2, "of three processes that each would have sent two"


async def test_the_rate_is_the_connection_s(
    platform: tuple[Platform, str], members: list[Membership]
) -> None:
    there, url = platform
    async with AsyncExitStack() as stack:
        rate = Rate(5, per_s=0.5)
        clients = [await stack.enter_async_context(client(url, one, rate=rate)) for one in members]
        await _ask(clients, 5)
    # a bucket: five at once at most, then ten a second; three of them would have been done at once
    assert there.times[-1] - there.times[0] > 0.9 * (len(there.times) - 5) / 10


async def test_the_places_of_a_lost_process_are_free(members: list[Membership], postgres_url: str) -> None:
    lost, other, _ = members
    assert (await lost.allowance.take("books", Limits(1), 1, 0)).places == 1
    assert (await other.allowance.take("books", Limits(1), 1, 0)).places == 0
    await lost.workers.gone(lost.name)
    assert (await other.allowance.take("books", Limits(1), 1, 0)).places == 1


async def test_what_is_given_back_goes_to_who_waits(members: list[Membership]) -> None:
    busy, waiting, _ = members
    assert (await busy.allowance.take("books", Limits(1), 1, 0)).places == 1
    assert (await waiting.allowance.take("books", Limits(1), 1, 0)).places == 0
    assert (await busy.allowance.take("books", Limits(1), 1, 1)).places == 0, "not in the same breath"
    assert (await waiting.allowance.take("books", Limits(1), 1, 0)).places == 1


async def test_who_is_told_to_wait_says_so_to_all(members: list[Membership]) -> None:
    told, other, _ = members
    await told.allowance.close_for("books", timedelta(seconds=60))
    granted = await other.allowance.take("books", Limits(5), 1, 0)
    assert granted.places == 0
    assert 50 < granted.again_s <= 60


@asynccontextmanager
async def logged_in(url: str, members: list[Membership]) -> AsyncIterator[list[HttpClient]]:
    """A client for each, by the one login they share."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(client(url, one, auth=login(one))) for one in members]


async def test_one_of_them_renews_the_login(
    platform: tuple[Platform, str], members: list[Membership]
) -> None:
    there, url = platform
    async with logged_in(url, members) as clients:
        await _ask(clients, 3)
        assert there.grants == 1, "the others took what it was given"
        there.access = "revoked"
        await _ask(clients, 3)
    assert there.grants == 2
    assert there.refused == 0, "no refresh token was ever used twice"


async def test_what_another_renewed_may_have_ended_as_well(
    platform: tuple[Platform, str], members: list[Membership]
) -> None:
    there, url = platform
    async with logged_in(url, members) as clients:
        await _ask(clients, 1)
        there.access = "revoked"
        await _ask(clients[:1], 1)
        there.access = "revoked again, and nobody has noticed"
        await _ask(clients[1:], 1)
    assert (there.grants, there.refused) == (3, 0)


async def test_while_nobody_can_say_nothing_is_sent(platform: tuple[Platform, str]) -> None:
    there, url = platform

    class Away:
        async def take(self, connection: str, limits: Limits, wanted: int, done: int) -> Granted:
            raise RetryLater("the database is away")

        async def close_for(self, connection: str, pause: timedelta) -> None:
            return None

    one = HttpClient(
        connection="books",
        base_url=url,
        auth=NoAuth(),
        clock=SystemClock(),
        concurrency=2,
        private_network=True,
        allowance=Away(),
    )
    async with one:
        with pytest.raises(RetryLater, match="nobody can say"):
            await one.write("POST", "/records")
    assert there.times == []


def test_a_bucket() -> None:
    limits = Limits(4, requests=10, per_s=1)
    assert refilled(0, timedelta(seconds=0.5), limits) == 5
    assert refilled(9, timedelta(seconds=5), limits) == 10
    assert grant(3, room=4, tokens=10, closed_s=0, limits=limits).places == 3
    assert grant(6, room=4, tokens=10, closed_s=0, limits=limits).places == 4
    assert grant(3, room=4, tokens=1.5, closed_s=0, limits=limits) == Granted(1, 0.05)
    assert grant(3, room=-1, tokens=10, closed_s=0, limits=limits).places == 0
    assert grant(3, room=4, tokens=10, closed_s=7, limits=limits) == Granted(0, 7)
