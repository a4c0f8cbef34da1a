"""Signing in and staying in: one renewal for many requests, and never a token that is lost."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from syncd.core.errors import RenewCredentials, RetryLater, UnreadableAnswer
from syncd.core.outcome import ErrorClass, Retry
from syncd.http import Answer, AuthScheme, Bearer, HttpClient, NoAuth, OAuth2, Send, SessionCookie
from syncd.secrets import Secret
from tests.integration.http.conftest import ClientFor, FastClock, FaultServer
from tests.integration.http.faults import answer, html


class MemoryVault:
    """A vault; ``order`` is shared with the platform, so that tests see what came first."""

    def __init__(self, order: list[str]) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}
        self.order = order

    async def load(self, connection: str, name: str) -> bytes | None:
        return self.kept.get((connection, name))

    async def save(self, connection: str, name: str, value: bytes) -> None:
        await asyncio.sleep(0)
        self.order.append(f"saved {value.decode()}")
        self.kept[connection, name] = value

    @property
    def refresh_token(self) -> bytes | None:
        return self.kept.get(("acme", "oauth2.refresh_token"))


def jwt(**claims: float) -> str:
    parts = (json.dumps({"alg": "none"}), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


class Platform:
    """A platform with OAuth 2: each refresh token works once, and gives the next one."""

    def __init__(self, server: FaultServer, clock: FastClock, order: list[str]) -> None:
        self.server = server
        self.clock = clock
        self.order = order
        self.grants: list[str] = []
        self.refresh = ""
        self.access = ""
        self.lifetime = 3600
        self.refuse_secret = False
        self.before_granting: Callable[[], Any] = lambda: None
        server.on("/oauth2/token", self.token)
        server.on("/invoice", self.invoice)

    async def token(self, request: web.Request) -> web.StreamResponse:
        form = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        assert (form["client_id"], form["client_secret"]) == ("demo-client", "hunter2")
        kind = form["grant_type"]
        self.grants.append(kind)
        self.before_granting()
        await asyncio.sleep(0)
        if (kind == "refresh_token" and form["refresh_token"] != self.refresh) or (
            kind == "client_credentials" and self.refuse_secret
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        issued = self.clock.now().timestamp()
        self.refresh = f"r-{len(self.grants)}"
        self.access = jwt(iat=issued, exp=issued + self.lifetime, n=len(self.grants))
        self.order.append(f"granted {self.refresh}")
        return web.json_response({"access_token": self.access, "refresh_token": self.refresh})

    async def invoice(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {self.access}":
            return web.json_response({"messages": {"error": ["expired"]}}, status=401)
        self.order.append(f"{request.method} served")
        return web.json_response({"ok": True})

    def expire(self) -> None:
        self.access = "none"


@pytest.fixture
def platform(server: FaultServer, clock: FastClock) -> Platform:
    return Platform(server, clock, [])


@pytest.fixture
def vault(platform: Platform) -> MemoryVault:
    return MemoryVault(platform.order)


@pytest.fixture
def scheme(vault: MemoryVault, clock: FastClock) -> OAuth2:
    return oauth2(vault, clock)


def oauth2(vault: MemoryVault, clock: FastClock) -> OAuth2:
    return OAuth2(
        connection="acme", client_id="demo-client", client_secret=Secret("hunter2"), vault=vault, clock=clock
    )


@pytest.fixture
def signed_in(server: FaultServer, client_for: ClientFor, scheme: OAuth2) -> HttpClient:
    return client_for(server, auth=scheme, concurrency=20)


async def test_the_first_request_signs_in_and_the_next_do_not(
    signed_in: HttpClient, platform: Platform
) -> None:
    for _ in range(3):
        assert (await signed_in.read("/invoice")).ok
    assert platform.grants == ["client_credentials"]


async def test_a_rotated_token_is_kept_before_its_access_token_is_used(
    signed_in: HttpClient, platform: Platform
) -> None:
    await signed_in.read("/invoice")
    platform.expire()
    await signed_in.read("/invoice")
    assert platform.order == [
        "granted r-1",
        "saved r-1",
        "GET served",
        "granted r-2",
        "saved r-2",
        "GET served",
    ]


async def test_twenty_requests_at_once_renew_once(signed_in: HttpClient, platform: Platform) -> None:
    answers = await asyncio.gather(*(signed_in.read("/invoice") for _ in range(20)))
    assert all(each.ok for each in answers)
    assert platform.grants == ["client_credentials"]
    platform.expire()
    answers = await asyncio.gather(*(signed_in.read("/invoice") for _ in range(20)))
    assert all(each.ok for each in answers)
    assert platform.grants == ["client_credentials", "refresh_token"]


async def test_a_late_refusal_of_the_old_token_does_not_renew_again(
    signed_in: HttpClient, platform: Platform, server: FaultServer
) -> None:
    arrived, renewed = asyncio.Event(), asyncio.Event()

    async def held_up(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await renewed.wait()
        return await platform.invoice(request)

    server.on("/slow", held_up)
    await signed_in.read("/invoice")
    late = asyncio.create_task(signed_in.read("/slow"))
    await arrived.wait()
    platform.expire()
    await signed_in.read("/invoice")
    renewed.set()
    assert (await late).ok
    assert len(platform.grants) == 2


async def test_a_write_whose_token_had_expired_is_sent_again(
    signed_in: HttpClient, platform: Platform, server: FaultServer
) -> None:
    await signed_in.read("/invoice")
    platform.expire()
    got = await signed_in.write("POST", "/invoice", json={})
    assert isinstance(got, Answer)
    assert got.ok
    assert platform.order.count("POST served") == 1
    assert [request.method for request in server.heard if request.path == "/invoice"] == [
        "GET",
        "POST",
        "POST",
    ]


async def test_it_renews_before_the_token_ends(
    signed_in: HttpClient, platform: Platform, clock: FastClock
) -> None:
    await signed_in.read("/invoice")
    await clock.sleep(3600 - 301)
    await signed_in.read("/invoice")
    assert len(platform.grants) == 1
    await clock.sleep(2)
    await signed_in.read("/invoice")
    assert platform.grants == ["client_credentials", "refresh_token"]


async def test_short_lived_tokens_are_not_renewed_for_every_request(
    signed_in: HttpClient, platform: Platform, clock: FastClock
) -> None:
    platform.lifetime = 60
    for _ in range(10):
        await signed_in.read("/invoice")
    assert len(platform.grants) == 1
    await clock.sleep(31)
    await signed_in.read("/invoice")
    assert len(platform.grants) == 2


async def test_a_token_that_still_works_outlives_a_token_endpoint_that_does_not(
    signed_in: HttpClient, platform: Platform, clock: FastClock, server: FaultServer
) -> None:
    await signed_in.read("/invoice")
    server.on("/oauth2/token", answer(503))
    await clock.sleep(3600 - 200)
    for _ in range(5):
        assert (await signed_in.read("/invoice")).ok
    assert server.count("/oauth2/token") == 2, "it is not asked before every request"
    await clock.sleep(200)
    with pytest.raises(RetryLater, match="oauth2/token: HTTP 503"):
        await signed_in.read("/invoice")


async def test_the_refresh_token_survives_a_restart(
    server: FaultServer, client_for: ClientFor, platform: Platform, vault: MemoryVault, clock: FastClock
) -> None:
    for _ in range(2):
        async with client_for(server, auth=oauth2(vault, clock)) as client:
            await client.read("/invoice")
    assert platform.grants == ["client_credentials", "refresh_token"]
    assert vault.refresh_token == b"r-2"


async def test_a_refresh_token_that_was_used_up_elsewhere_is_not_the_end(
    signed_in: HttpClient, platform: Platform, vault: MemoryVault
) -> None:
    vault.kept["acme", "oauth2.refresh_token"] = b"used-up"
    assert (await signed_in.read("/invoice")).ok
    assert platform.grants == ["refresh_token", "client_credentials"]


async def test_a_token_that_another_process_rotated_meanwhile_is_found(
    signed_in: HttpClient, platform: Platform, vault: MemoryVault
) -> None:
    vault.kept["acme", "oauth2.refresh_token"] = b"r-old"

    def other_process() -> None:
        platform.refresh = "r-new"
        vault.kept["acme", "oauth2.refresh_token"] = b"r-new"
        platform.before_granting = lambda: None

    platform.before_granting = other_process
    assert (await signed_in.read("/invoice")).ok
    assert platform.grants == ["refresh_token", "refresh_token"]


async def test_a_cancelled_request_does_not_lose_the_token_it_asked_for(
    signed_in: HttpClient, platform: Platform, vault: MemoryVault
) -> None:
    asked = asyncio.Event()
    platform.before_granting = asked.set
    reading = asyncio.create_task(signed_in.read("/invoice"))
    await asked.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await signed_in.aclose()
    assert vault.refresh_token == b"r-1"


async def test_a_refused_secret_stops_the_connection(
    signed_in: HttpClient, platform: Platform, server: FaultServer
) -> None:
    platform.refuse_secret = True
    with pytest.raises(RenewCredentials, match=r"acme: .*client id and secret") as refused:
        await signed_in.read("/invoice")
    assert "hunter2" not in str(refused.value) + refused.value.remedy
    got = await signed_in.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert got.error_class is ErrorClass.AUTH
    assert server.count("/invoice") == 0


async def test_a_login_that_stays_refused_is_renewed_once_only(
    signed_in: HttpClient, platform: Platform, server: FaultServer
) -> None:
    server.on("/invoice", answer(401))
    with pytest.raises(RenewCredentials, match="HTTP 401"):
        await signed_in.read("/invoice")
    assert server.count("/invoice") == 2
    assert platform.grants == ["client_credentials", "refresh_token"]
    got = await signed_in.write("POST", "/invoice", json={})
    assert isinstance(got, Retry)
    assert got.error_class is ErrorClass.AUTH
    assert server.count("/invoice") == 4


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"error":"server_error"}', b'{"access_token":"a","expires_in":"soon"}']
)
async def test_an_endpoint_that_gives_no_token_is_unreadable(
    signed_in: HttpClient, platform: Platform, server: FaultServer, body: bytes
) -> None:
    server.on("/oauth2/token", answer(body=body))
    with pytest.raises(UnreadableAnswer, match="acme"):
        await signed_in.read("/invoice")


async def test_a_login_page_at_the_token_endpoint_is_unreadable(
    signed_in: HttpClient, platform: Platform, server: FaultServer
) -> None:
    server.on("/oauth2/token", html())
    with pytest.raises(UnreadableAnswer, match="web page"):
        await signed_in.read("/invoice")


@pytest.mark.parametrize("access", ["opaque", "a.b.c", "a.bm90IGpzb24.c", "a.W10.c"])
async def test_without_a_readable_lifetime_a_401_tells(
    signed_in: HttpClient, platform: Platform, server: FaultServer, clock: FastClock, access: str
) -> None:
    server.on("/oauth2/token", answer(body=json.dumps({"access_token": access}).encode()))
    server.on("/invoice", answer())
    await signed_in.read("/invoice")
    await clock.sleep(100_000)
    await signed_in.read("/invoice")
    assert server.count("/oauth2/token") == 1


async def test_expires_in_counts_where_the_token_says_nothing(
    signed_in: HttpClient, platform: Platform, server: FaultServer, clock: FastClock
) -> None:
    server.on("/oauth2/token", answer(body=b'{"access_token":"opaque","expires_in":1000}'))
    server.on("/invoice", answer())
    await signed_in.read("/invoice")
    await clock.sleep(701)
    await signed_in.read("/invoice")
    assert server.count("/oauth2/token") == 2


@pytest.mark.parametrize("auth", [NoAuth(), Bearer(Secret("hunter2"))])
async def test_a_fixed_login_that_is_refused_needs_a_person(
    server: FaultServer, client_for: ClientFor, auth: AuthScheme
) -> None:
    client = client_for(server, auth=auth)
    await client.read("/invoice")
    expected = "Bearer hunter2" if isinstance(auth, Bearer) else None
    assert server.heard[0].headers.get("Authorization") == expected
    server.on("/invoice", answer(401))
    with pytest.raises(RenewCredentials) as refused:
        await client.read("/invoice")
    assert "hunter2" not in str(refused.value)
    assert server.count("/invoice") == 2


class Sessions:
    """A platform with sessions: it keeps one per user, and a dead one gets 401 or 404."""

    def __init__(self, server: FaultServer, dead: int) -> None:
        self.current = ""
        self.logins = 0
        self.dead = dead
        server.on("/auth", self.auth)
        server.on("/invoice", self.invoice)
        server.on("/invoice/missing", self.missing)

    def known(self, request: web.Request) -> bool:
        return request.cookies.get("PHPSESSID") == self.current != ""

    async def auth(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            self.logins += 1
            self.current = f"s-{self.logins}"
            await asyncio.sleep(0)
            return web.json_response({"data": {"authToken": self.current}})
        if request.method == "DELETE" and self.known(request):
            self.current = ""
            return web.Response(status=204)
        return web.json_response({"data": {}}) if self.known(request) else web.Response(status=404)

    async def invoice(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": {}}, status=200 if self.known(request) else self.dead)

    async def missing(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": None}, status=404 if self.known(request) else self.dead)


def session_cookie() -> SessionCookie:
    async def login(send: Send) -> str:
        return str((await send("POST", "/auth")).json()["data"]["authToken"])

    async def alive(send: Send, headers: Mapping[str, str]) -> bool:
        return (await send("GET", "/auth", headers=headers)).ok

    async def logout(send: Send, headers: Mapping[str, str]) -> None:
        await send("DELETE", "/auth", headers=headers)

    return SessionCookie(cookie="PHPSESSID", login=login, alive=alive, logout=logout)


@pytest.fixture(params=[401, 404])
def sessions(server: FaultServer, request: pytest.FixtureRequest) -> Sessions:
    return Sessions(server, request.param)


@pytest.fixture
def with_session(server: FaultServer, client_for: ClientFor, sessions: Sessions) -> HttpClient:
    return client_for(server, auth=session_cookie(), concurrency=20)


async def test_an_evicted_session_logs_in_once_for_everyone(
    with_session: HttpClient, sessions: Sessions
) -> None:
    assert (await with_session.read("/invoice")).ok
    sessions.current = "somebody else's"
    answers = await asyncio.gather(*(with_session.read("/invoice") for _ in range(20)))
    assert all(each.ok for each in answers)
    assert sessions.logins == 2


async def test_a_dead_session_never_says_that_a_record_is_missing(
    with_session: HttpClient, sessions: Sessions
) -> None:
    await with_session.read("/invoice")
    sessions.current = "somebody else's"
    assert (await with_session.read("/invoice/missing")).status == 404
    assert sessions.logins == 2, "believed only from a session that lives"
    assert (await with_session.read("/invoice/missing")).status == 404
    assert sessions.logins == 2, "and then without another login"


async def test_a_write_with_an_evicted_session_is_sent_again(
    with_session: HttpClient, sessions: Sessions
) -> None:
    await with_session.read("/invoice")
    sessions.current = "somebody else's"
    got = await with_session.write("PUT", "/invoice", json={})
    assert isinstance(got, Answer)
    assert got.ok


async def test_the_session_is_given_back(with_session: HttpClient, sessions: Sessions) -> None:
    await with_session.read("/invoice")
    await with_session.aclose()
    assert sessions.current == ""


async def test_closing_succeeds_when_the_platform_is_gone(
    with_session: HttpClient, sessions: Sessions, server: FaultServer
) -> None:
    await with_session.read("/invoice")
    server.on("/auth", answer(500))
    await with_session.aclose()
    assert server.heard[-1].method == "DELETE"


@pytest.mark.parametrize("token", ["", "a b", "a;b", "a\r\nX-Evil: 1", "ü"])
async def test_what_is_no_session_token_is_not_sent(
    server: FaultServer, client_for: ClientFor, token: str
) -> None:
    async def login(send: Send) -> str:
        return token

    client = client_for(server, auth=SessionCookie(cookie="PHPSESSID", login=login))
    with pytest.raises(UnreadableAnswer, match="no session token"):
        await client.read("/invoice")
    assert server.heard == []
