"""Logins beyond client credentials: a person's consent, a login on another host, keys, and refusals that come
with status 500."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from syncd.core.errors import RenewCredentials
from syncd.core.outcome import Unknown
from syncd.http import Answer, ApiKey, AuthScheme, Basic, Grants, HttpClient, OAuth2
from syncd.sandbox.doors import OAuthRefusal, TokenDoor, TokenRules, form
from syncd.secrets.reference import Secret
from tests.conformance.wire import HurriedClock, MemoryVault


@dataclass
class Hosts:
    """An API, and the host that gives its tokens."""

    door: TokenDoor
    api: str = ""
    login: str = ""
    seen: list[str] = field(default_factory=list)
    """``Authorization`` of every token request."""
    vault: MemoryVault = field(default_factory=MemoryVault)

    def client(self, auth: AuthScheme, **also: Any) -> HttpClient:
        return HttpClient(
            connection="books", base_url=self.api, auth=auth, clock=HurriedClock(), concurrency=4, **also
        )

    def consented(self, refresh: Secret, secret: Secret, *, in_header: bool = True) -> OAuth2:
        return OAuth2(
            connection="books",
            client_id="client",
            client_secret=secret,
            vault=self.vault,
            clock=HurriedClock(),
            path="/token",
            grants=Grants(consent=refresh, client_in_header=in_header),
        )


@pytest.fixture
async def hosts() -> AsyncIterator[Hosts]:
    clock = HurriedClock()
    rules = TokenRules("client", "client-secret", client_credentials=False)
    found = Hosts(TokenDoor(rules, lambda: int(clock.now().timestamp())))

    async def token(request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization")
        found.seen.append(shown or "")
        try:
            return web.json_response(found.door.grant(form(await request.read()), shown))
        except OAuthRefusal as refused:
            return web.json_response({"error": refused.error}, status=refused.status)

    async def me(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization")
        key = request.headers.get("X-Key")
        known = found.door.admits(given) or key == "k-1" or (given or "").startswith("Basic ")
        return web.json_response({"tenant": request.headers.get("tenantId")}, status=200 if known else 401)

    async def refuse(request: web.Request) -> web.Response:
        body = {"exceptionMessage": "The period is closed."} if request.path.endswith("explained") else None
        return web.json_response(body, status=500) if body else web.Response(status=500)

    async with AsyncExitStack() as stack:
        for name, routes in (
            ("login", [web.post("/token", token)]),
            ("api", [web.get("/me", me), web.put("/{how}", refuse)]),
        ):
            app = web.Application()
            app.add_routes(routes)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            setattr(found, name, f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield found


async def test_a_consent_is_used_once_and_what_it_gave_is_kept(hosts: Hosts) -> None:
    consent = Secret(hosts.door.consent())
    for _ in range(3):  # each time as a new process: the consent itself would be refused a second time
        auth = hosts.consented(consent, Secret("client-secret"))
        async with hosts.client(auth, login_url=hosts.login) as client:
            assert (await client.read("/me")).ok
    assert hosts.door.grants == 3
    assert all(shown.startswith("Basic ") for shown in hosts.seen), "the client shows itself in the header"


async def test_a_new_consent_takes_the_place_of_what_was_kept(hosts: Hosts) -> None:
    first = hosts.consented(Secret(hosts.door.consent()), Secret("client-secret"))
    async with hosts.client(first, login_url=hosts.login) as client:
        assert (await client.read("/me")).ok
    hosts.door.forget()  # thirty days have passed: nothing that was given lives
    dead = hosts.consented(Secret("long-dead"), Secret("client-secret"))
    async with hosts.client(dead, login_url=hosts.login) as client:
        with pytest.raises(RenewCredentials, match="refresh token") as refused:
            await client.read("/me")
        assert "consent again" in refused.value.remedy
    anew = hosts.consented(Secret(hosts.door.consent()), Secret("client-secret"))
    async with hosts.client(anew, login_url=hosts.login) as client:
        assert (await client.read("/me")).ok


async def test_a_key_or_a_password_goes_with_every_request(hosts: Hosts) -> None:
    for auth in (ApiKey("X-Key", Secret("k-1")), Basic("user", Secret("p"))):
        async with hosts.client(auth, headers={"tenantId": "t-1"}) as client:
            assert (await client.read("/me")).json() == {"tenant": "t-1"}
    async with hosts.client(ApiKey("X-Key", Secret("wrong"))) as client:
        with pytest.raises(RenewCredentials, match="refuses the key"):
            await client.read("/me")


async def test_a_500_that_explains_itself_is_read_where_that_is_known_of_a_platform(hosts: Hosts) -> None:
    auth = ApiKey("X-Key", Secret("k-1"))
    async with hosts.client(auth, explained=frozenset({500})) as client:
        explained = await client.write("PUT", "/explained")
        assert isinstance(explained, Answer)
        assert explained.json()["exceptionMessage"] == "The period is closed."
        assert isinstance(await client.write("PUT", "/bare"), Unknown), "without a word nothing is known"
    async with hosts.client(auth) as client:
        assert isinstance(await client.write("PUT", "/explained"), Unknown)
