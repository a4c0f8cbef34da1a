"""A write is sent once; what is said about it afterwards is what the exchange proves."""

from __future__ import annotations

import asyncio
import socket

import pytest

from syncd.core.errors import ForbiddenDestination, RenewCredentials, RetryLater
from syncd.core.outcome import ErrorClass, Retry, Unknown
from syncd.http import Answer, HttpClient
from syncd.ports.sending import sending
from tests.integration.http.conftest import ClientFor, FaultServer, Step
from tests.integration.http.faults import (
    answer,
    cut_off,
    endless,
    html,
    never,
    reset_before_answer,
    stalls,
)


async def test_it_carries_body_and_headers(server: FaultServer, client: HttpClient) -> None:
    server.on("/invoice", answer(201, b'{"id":7}', Location="/invoice/7"))
    got = await client.write("POST", "/invoice", json={"total": 418.25}, headers={"X-Request-Id": "ref-1"})
    assert isinstance(got, Answer)
    assert (got.status, got.json(), got.headers["location"]) == (201, {"id": 7}, "/invoice/7")
    heard = server.heard[0]
    assert (heard.method, heard.body) == ("POST", b'{"total":418.25}')
    assert heard.headers["Content-Type"] == "application/json"
    assert heard.headers["X-Request-Id"] == "ref-1"


@pytest.mark.parametrize("status", [200, 201, 202, 400, 403, 404, 409, 412, 422])
async def test_the_platforms_own_word_comes_back(
    server: FaultServer, client: HttpClient, status: int
) -> None:
    server.on("/invoice/7", answer(status, b'{"messages":{}}'))
    got = await client.write("PUT", "/invoice/7", json={})
    assert isinstance(got, Answer)
    assert got.status == status


async def test_no_content_is_an_answer(server: FaultServer, client: HttpClient) -> None:
    server.on("/location/7", answer(204, b""))
    got = await client.write("DELETE", "/location/7")
    assert isinstance(got, Answer)
    assert (got.status, got.body) == (204, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answer(500), ErrorClass.SERVER),
        (answer(502, b"<html>", "text/html"), ErrorClass.SERVER),
        (answer(503, Retry_After="1"), ErrorClass.SERVER),
        (answer(504), ErrorClass.SERVER),
        (answer(408), ErrorClass.CONNECTION),
        (reset_before_answer(), ErrorClass.CONNECTION),
        (cut_off(), ErrorClass.PARSE),
        (cut_off(length=1000), ErrorClass.PARSE),
        (cut_off(500), ErrorClass.SERVER),
        (html(), ErrorClass.PARSE),
        (answer(body=b""), ErrorClass.PARSE),
        (answer(303, b"", Location="/elsewhere"), ErrorClass.GUARD),
        (endless(20), ErrorClass.TOO_LARGE),
    ],
)
async def test_nothing_is_known(
    server: FaultServer, client: HttpClient, fault: Step, kind: ErrorClass, method: str
) -> None:
    """Also on a kept-alive connection, where aiohttp alone would send PUT and DELETE again."""
    await client.read("/warm")
    server.on("/invoice", fault)
    got = await client.write(method, "/invoice", json={})
    assert isinstance(got, Unknown)
    assert got.error_class is kind
    assert got.words.startswith("acme: ")
    assert server.count("/invoice") == 1


async def test_silence_proves_nothing(server: FaultServer, client_for: ClientFor) -> None:
    client = client_for(server, timeout_s=0.1)
    for path, fault in (("/silent", never(server)), ("/stalls", stalls(server))):
        server.on(path, fault)
        got = await client.write("POST", path, json={})
        assert isinstance(got, Unknown)
        assert got.error_class is ErrorClass.CONNECTION
        assert server.count(path) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "after_s"),
    [
        (answer(429), ErrorClass.RATE_LIMIT, None),
        (answer(429, Retry_After="7"), ErrorClass.RATE_LIMIT, 7.0),
        (answer(429, Retry_After="Sat, 21 Nov 2026 12:00:07 GMT"), ErrorClass.RATE_LIMIT, 7.0),
        (answer(429, Retry_After="9" * 12), ErrorClass.RATE_LIMIT, 3600.0),
        (answer(425), ErrorClass.CONNECTION, None),
        (html(400), ErrorClass.PARSE, None),
        (html(413), ErrorClass.PARSE, None),
        (html(403), ErrorClass.PARSE, None),
    ],
)
async def test_it_was_proven_not_executed(
    server: FaultServer, client: HttpClient, fault: Step, kind: ErrorClass, after_s: float | None
) -> None:
    server.on("/invoice", fault)
    got = await client.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert (got.error_class, got.after_s) == (kind, after_s)
    assert server.count("/invoice") == 1


async def test_nobody_listens(client_for: ClientFor, server: FaultServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = client_for(server, base_url=f"http://127.0.0.1:{free.getsockname()[1]}")
        got = await client.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert got.error_class is ErrorClass.CONNECTION


async def test_a_name_that_does_not_exist(client_for: ClientFor, server: FaultServer) -> None:
    client = client_for(server, base_url="https://nothing.invalid/api")
    got = await client.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert "cannot be resolved" in got.words


async def test_a_server_that_does_not_speak_http(client_for: ClientFor, server: FaultServer) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
        writer.close()

    other = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with other:
        client = client_for(server, base_url=f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}")
        got = await client.write("POST", "/invoice", json={})
        assert isinstance(got, Unknown)
        assert got.error_class is ErrorClass.PARSE


async def test_while_the_platform_wants_quiet_nothing_is_sent(
    server: FaultServer, client: HttpClient
) -> None:
    server.on("/invoice", answer(429, Retry_After="300"))
    await client.write("POST", "/invoice", json={})
    got = await client.write("POST", "/customer", json={})
    assert isinstance(got, Retry)
    assert got.after_s == 300.0
    assert server.count("/customer") == 0


@pytest.mark.parametrize("error", [RenewCredentials("refused"), RetryLater("busy", after_s=5.0)])
async def test_without_a_login_nothing_is_sent(
    server: FaultServer, client_for: ClientFor, error: RenewCredentials | RetryLater
) -> None:
    class NoLogin:
        async def headers(self, send: object) -> dict[str, str]:
            raise error

        async def close(self, send: object) -> None:
            return None

    client = client_for(server, auth=NoLogin())
    got = await client.write("POST", "/invoice", json={})
    assert got == Retry(ErrorClass.AUTH, str(error), getattr(error, "after_s", None))
    assert server.heard == []


@pytest.mark.parametrize("path", ["https://evil.example/x", "/../../oauth2/revoke"])
async def test_it_never_leaves_the_host(server: FaultServer, client: HttpClient, path: str) -> None:
    with pytest.raises(ForbiddenDestination):
        await client.write("POST", path, json={})
    assert server.heard == []


@pytest.mark.parametrize(("permitted", "arrived"), [(True, 1), (False, 0)])
async def test_one_that_waited_for_its_turn_asks_again_whether_it_may_go_out(
    server: FaultServer, client: HttpClient, permitted: bool, arrived: int
) -> None:
    asked = []

    async def permission() -> bool:
        asked.append(1)
        return permitted

    with sending(permission):
        await client.write("POST", "/invoice", json={})
        assert asked == [], "nothing had time to change"
        client.budget.throttled(10.0)
        got = await client.write("POST", "/invoice", json={})
    assert len(asked) == 1
    assert server.count("/invoice") == 1 + arrived
    assert isinstance(got, Answer if permitted else Retry)
