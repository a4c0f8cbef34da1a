"""A read is repeated while that can help, waits as asked, and never takes a failure for an answer."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest

from syncd.core.errors import (
    ForbiddenDestination,
    RenewCredentials,
    RetryLater,
    SyncdError,
    UnreadableAnswer,
)
from syncd.http import HttpClient
from tests.integration.http.conftest import ClientFor, FastClock, FaultServer, Step
from tests.integration.http.faults import (
    answer,
    compressed,
    cut_off,
    html,
    never,
    reset_before_answer,
    stalls,
)


async def test_an_answer_is_given_as_it_is(server: FaultServer, client: HttpClient) -> None:
    server.on("/invoice", answer(body=b'{"id":2270000000000123}', X_Page="1"))
    got = await client.read("/invoice", {"page": "1", "limit": "500"})
    assert (got.status, got.ok, got.headers["x-page"]) == (200, True, "1")
    assert got.json() == {"id": 2270000000000123}


async def test_a_status_that_means_something_of_its_own_here_is_the_connectors_to_read(
    server: FaultServer, client: HttpClient
) -> None:
    """A 403 that says "not yet"; anywhere else it says that the login lacks a right."""
    server.on("/batch/7/status", answer(403, b'{"status":"ACCEPTED"}'), answer(403, b'{"status":"ACCEPTED"}'))
    got = await client.read("/batch/7/status", also=frozenset({403}))
    assert (got.status, got.json()) == (403, {"status": "ACCEPTED"})
    with pytest.raises(RenewCredentials):
        await client.read("/batch/7/status")


@pytest.mark.parametrize("body", [b'{"messages":["no"]}', b""])
@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
async def test_a_refusal_is_the_connectors_to_read(
    server: FaultServer, client: HttpClient, status: int, body: bytes
) -> None:
    server.on("/invoice/7", answer(status, body))
    got = await client.read("/invoice/7")
    assert (got.status, got.ok) == (status, False)
    assert server.count("/invoice/7") == 1


@pytest.mark.parametrize(
    "fault",
    [
        answer(500),
        answer(502, b"<html>", "text/html"),
        answer(503),
        answer(408),
        answer(429),
        answer(body=b""),
        answer(body=b'{"data":[1,2'),
        html(),
        html(404),
        cut_off(),
        cut_off(length=1000),
        reset_before_answer(),
    ],
)
async def test_a_passing_fault_is_not_noticed(server: FaultServer, client: HttpClient, fault: Step) -> None:
    server.on("/invoice", fault, fault, answer())
    assert (await client.read("/invoice")).json() == {"ok": True}
    assert server.count("/invoice") == 3


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (answer(500), RetryLater, "HTTP 500"),
        (answer(429), RetryLater, "HTTP 429"),
        (reset_before_answer(), RetryLater, "broke"),
        (html(), UnreadableAnswer, "web page"),
        (html(404), UnreadableAnswer, "HTTP 404"),
        (html(403), UnreadableAnswer, "HTTP 403"),
        (answer(body=b""), UnreadableAnswer, "empty"),
        (answer(body=b'{"data":[1,2'), UnreadableAnswer, "half"),
        (cut_off(), UnreadableAnswer, "cut off"),
        (cut_off(length=1000), UnreadableAnswer, "cut off"),
        (compressed(gzip.compress(b'{"ok":true}')[:-9]), UnreadableAnswer, "cut off"),
        (compressed(b"no gzip at all"), UnreadableAnswer, "damaged"),
        (compressed(b"{}", "br"), UnreadableAnswer, "not asked for"),
    ],
)
async def test_a_lasting_fault_ends_in_a_clear_error(
    server: FaultServer, client: HttpClient, fault: Step, error: type[SyncdError], says: str
) -> None:
    server.on("/invoice", fault)
    with pytest.raises(error, match=says) as raised:
        await client.read("/invoice?customer=Orchard")
    assert server.count("/invoice") == 4
    assert str(raised.value).startswith("acme: /invoice: ")
    assert "Orchard" not in str(raised.value)


async def test_a_login_page_never_says_that_a_record_is_missing(
    server: FaultServer, client: HttpClient
) -> None:
    server.on("/invoice/7", answer(403, b'{"messages":[]}'))
    with pytest.raises(RenewCredentials, match="lacks the right"):
        await client.read("/invoice/7")
    assert server.count("/invoice/7") == 1


async def test_silence_ends_by_the_time_limit(server: FaultServer, client_for: ClientFor) -> None:
    client = client_for(server, timeout_s=0.1)
    server.on("/silent", never(server))
    server.on("/stalls", stalls(server))
    with pytest.raises(RetryLater, match=r"no answer within 0\.1 s"):
        await client.read("/silent")
    with pytest.raises(RetryLater, match=r"no whole body within 0\.1 s"):
        await client.read("/stalls")


async def test_nobody_listens(client_for: ClientFor, server: FaultServer, clock: FastClock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = client_for(server, base_url=f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(RetryLater, match="cannot be reached"):
            await client.read("/invoice")
    assert len(clock.slept) == 3


@pytest.mark.parametrize("asked", ["7", "Sat, 21 Nov 2026 12:00:07 GMT"])
async def test_it_waits_as_long_as_it_was_asked_to(
    server: FaultServer, client: HttpClient, clock: FastClock, asked: str
) -> None:
    server.on("/invoice", answer(429, Retry_After=asked), answer())
    await client.read("/invoice")
    assert sum(clock.slept) == 7.0


@pytest.mark.parametrize(("asked", "after_s"), [("120", 120.0), ("99999999", 3600.0)])
async def test_a_long_wait_is_handed_to_the_engine(
    server: FaultServer, client: HttpClient, clock: FastClock, asked: str, after_s: float
) -> None:
    server.on("/invoice", answer(429, Retry_After=asked))
    for _ in range(2):
        with pytest.raises(RetryLater) as raised:
            await client.read("/invoice")
        assert raised.value.after_s == after_s
    assert clock.slept == []
    assert server.count("/invoice") == 1, "while the platform wants to be left alone it is"


async def test_without_a_word_it_waits_longer_each_time(
    server: FaultServer, client: HttpClient, clock: FastClock
) -> None:
    server.on("/invoice", answer(429))
    with pytest.raises(RetryLater):
        await client.read("/invoice")
    assert round(sum(clock.slept)) == 2 + 4 + 8


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_the_other_host_sees_nothing(
    server: FaultServer, client: HttpClient, start: object, status: int
) -> None:
    assert callable(start)
    other: FaultServer = await start()
    server.on("/invoice", answer(status, b"", Location=f"{other.url}/invoice"))
    with pytest.raises(ForbiddenDestination, match=f"HTTP {status}"):
        await client.read("/invoice")
    assert other.heard == []
    assert server.count("/invoice") == 1


async def test_compressed_answers_are_read(server: FaultServer, client: HttpClient) -> None:
    server.on("/invoice", compressed(gzip.compress(b'{"name":"' + b"x" * 300_000 + b'"}')))
    assert len((await client.read("/invoice")).body) == 300_011
    assert server.heard[0].headers["Accept-Encoding"] == "gzip"


async def test_pages_share_one_connection_and_no_cookie_sticks(
    server: FaultServer, client: HttpClient
) -> None:
    ports = set()

    async def page(request: object) -> object:
        ports.add(request.transport.get_extra_info("peername")[1])  # type: ignore[attr-defined]
        return await answer(Set_Cookie="sid=1; Path=/")(request)  # type: ignore[arg-type]

    server.on("/invoice", page)  # type: ignore[arg-type]
    for _ in range(5):
        await client.read("/invoice")
    assert len(ports) == 1
    assert not any("Cookie" in request.headers for request in server.heard)


async def test_no_more_at_once_than_allowed(server: FaultServer, client_for: ClientFor) -> None:
    client = client_for(server, concurrency=3)
    under_way = most = 0

    async def page(request: object) -> object:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        return await answer()(request)  # type: ignore[arg-type]

    server.on("/invoice", page)  # type: ignore[arg-type]
    await asyncio.gather(*(client.read("/invoice") for _ in range(20)))
    assert most == 3
