"""Every transport fault, as a client meets it on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import pytest
from aiohttp import web

from syncd.sandbox.failing import failing
from syncd.sandbox.faults import Fault, FaultKind, FaultPlan


@dataclass
class Server:
    """Answers everything with one record and counts what it carried out."""

    plan: FaultPlan = field(default_factory=FaultPlan)
    done: int = 0
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.done += 1
        return web.json_response({"data": {"id": 1, "items": [{"price": 4}]}})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    app = web.Application(middlewares=[failing(made.plan)])
    app.router.add_route("*", "/{rest:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/thing"
    yield made
    await runner.cleanup()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as made:
        yield made


def order(server: Server, kind: FaultKind, **more: object) -> None:
    server.plan.add([Fault.model_validate({"kind": kind, **more})])


@pytest.mark.parametrize(
    ("kind", "carried_out"),
    [(FaultKind.LOST_BEFORE, 0), (FaultKind.LOST_ANSWER, 1), (FaultKind.HANG, 0)],
)
async def test_the_connection_drops(
    server: Server, session: aiohttp.ClientSession, kind: FaultKind, carried_out: int
) -> None:
    order(server, kind, seconds=0)
    with pytest.raises(aiohttp.ClientError):
        await session.post(server.url)
    assert server.done == carried_out


@pytest.mark.parametrize(("kind", "carried_out"), [(FaultKind.STATUS, 0), (FaultKind.COMMIT_THEN_STATUS, 1)])
async def test_a_status_before_or_after_the_deed(
    server: Server, session: aiohttp.ClientSession, kind: FaultKind, carried_out: int
) -> None:
    order(server, kind, status=500)
    async with session.post(server.url) as answer:
        assert answer.status == 500
        assert "Retry-After" not in answer.headers
    assert server.done == carried_out


async def test_retry_after_in_seconds(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.STATUS, status=429, retry_after_s=7)
    async with session.get(server.url) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "7")


async def test_retry_after_as_a_date(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.STATUS, status=429, retry_after_s=3600, retry_after_as_date=True)
    async with session.get(server.url) as answer:
        assert parsedate_to_datetime(answer.headers["Retry-After"]) > datetime.now(UTC)


async def test_a_late_answer_is_whole(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.DELAY, seconds=0)
    async with session.get(server.url) as answer:
        assert (await answer.json())["data"]["id"] == 1


async def test_a_login_page_with_status_200(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.HTML)
    async with session.get(server.url) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    assert server.done == 0


async def test_a_body_shorter_than_it_claims(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.TRUNCATED)
    async with session.get(server.url) as answer:
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.read()
    assert server.done == 1


async def test_a_short_body_that_claims_nothing(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.TRUNCATED, full_length=False)
    async with session.get(server.url) as answer:
        with pytest.raises(ValueError, match=r"delimiter|Expecting|Unterminated"):
            await answer.json()


async def test_a_huge_body(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.HUGE, size=1_000_000)
    async with session.get(server.url) as answer:
        assert len(await answer.read()) == 1_000_000


async def test_a_body_that_unpacks_to_a_thousand_times_itself(
    server: Server, session: aiohttp.ClientSession
) -> None:
    order(server, FaultKind.GZIP_BOMB, size=1_000_000)
    async with session.get(server.url) as answer:
        assert int(answer.headers["Content-Length"]) < 2_000
        assert len(await answer.read()) == 1_000_000


async def test_a_redirect_to_another_host(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.REDIRECT)
    async with session.get(server.url, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "http://elsewhere.invalid/")


async def test_a_field_of_another_type(server: Server, session: aiohttp.ClientSession) -> None:
    order(server, FaultKind.WRONG_TYPE, field="price")
    async with session.get(server.url) as answer:
        assert (await answer.json())["data"]["items"] == [{"price": {"value": 4}}]
