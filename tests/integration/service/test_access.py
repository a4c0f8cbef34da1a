"""The port as a stranger sees it: tokens x routes, foreign hosts, webhooks, health, public binds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from syncd.api.endpoints import ENDPOINTS
from syncd.api.scopes import GRANTABLE, Scope, granted
from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.ports.desk import Action
from syncd.secrets.bearer import digest
from syncd.service import control, webhooks
from syncd.service.access import Route, Token
from syncd.service.application import Parts, build
from syncd.service.listen import serve
from syncd.service.webhooks import Hook
from tests.integration.service.daemon import OPERATE, PATH_TOKEN, READ, Daemon, daemon


class Receiver:
    """Reads ``[["job", "1"], ...]``."""

    async def subscribe(self, url: str) -> None: ...

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        try:
            return [(entity, key) for entity, key in json.loads(body)]
        except ValueError:
            raise UnreadableAnswer("not the delivery that was expected") from None


@pytest.fixture
async def there() -> AsyncIterator[Daemon]:
    async with daemon({"st": Hook(Receiver(), digest(PATH_TOKEN))}) as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _parts(there: Daemon) -> Parts:
    return Parts(
        answering=[there.operator],
        audit=there.note,
        tokens=(),
        store_hints=there.store,
        wake=print,
        waiting=there.waiting,
    )


_PUBLIC = {"/health/live", "/health/ready", "/webhooks/{connection}/{path_token}"}


async def test_every_route_asks_for_its_scope(http: aiohttp.ClientSession) -> None:
    """Generated from the router: a new route is in here, or it is named as public above."""
    async with daemon() as there:
        routes = [
            (route.method, route.resource.canonical)
            for route in build(_parts(there)).router.routes()
            if route.method != "HEAD" and route.resource
        ]
    assert {path for _, path in routes if not path.startswith("/api/v1/")} == _PUBLIC
    private = [(method, path) for method, path in [*routes, ("GET", "/metrics")] if path not in _PUBLIC]
    for start in range(0, len(private), 8):  # wrong tokens are counted: a new daemon before it is enough
        async with daemon() as there:
            for method, path in private[start : start + 8]:
                await _asks_for_its_scope(there, http, method, path)


async def _asks_for_its_scope(there: Daemon, http: aiohttp.ClientSession, method: str, path: str) -> None:
    for token, wanted in {None: 401, "wrong": 401, READ: 403 if method == "POST" else 0}.items():
        async with http.request(method, there.url + path, headers=_bearer(token)) as answer:
            assert answer.status in ((wanted,) if wanted else (200, 400)), (method, path, token)
            if answer.status == 401:
                body = await answer.json()
                assert {**body, "id": ""} == {
                    "error": "this token is not known here",
                    "remedy": "pass a token of this daemon: `syncd token create` makes one",
                    "id": "",
                    "kind": "fix_input",
                    "details": {},
                }
    assert {asked[0] for asked in there.operator.asked} <= {"status", "quarantine", "matches", "held"}


async def test_a_token_opens_nothing_but_what_it_was_made_for(http: aiohttp.ClientSession) -> None:
    """Every call, with a token for each of the scopes that do not carry its own."""
    tokens = {f"{one}-alone": Token(one, digest(f"{one}-alone"), granted([one])) for one in GRANTABLE}

    async def find(offered: str) -> Token | None:
        return tokens.get(offered)

    routes = {route.path: route for route in control.routes([_Everything()], _unheard)}
    async with daemon(operator=[_Everything()], find=find) as there:
        for path, route in routes.items():
            for offered, token in tokens.items():
                if route.scope not in token.scopes:
                    async with http.request(
                        route.method, there.url + path, headers=_bearer(offered)
                    ) as answer:
                        assert answer.status == 403, (path, offered)
    assert len(routes) == len(ENDPOINTS)


class _Everything:
    """Has a method for every call."""

    def __getattr__(self, name: str) -> Any:
        def call(**_asked: object) -> None:
            raise AssertionError(f"{name} was called without the right")

        return call


async def _unheard(done: Action) -> None:
    raise AssertionError(f"{done.name} was asked without the right")


async def test_many_wrong_tokens_are_slowed_and_the_right_one_is_not(
    there: Daemon, http: aiohttp.ClientSession
) -> None:
    seen = []
    for _ in range(40):
        async with http.get(f"{there.url}/api/v1/status", headers=_bearer("wrong")) as answer:
            seen.append(answer.status)
    assert set(seen) == {401, 429}
    async with http.get(f"{there.url}/api/v1/status", headers=_bearer(OPERATE)) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "sync.example.com"}, 200),
        ({"Host": "SYNC.example.com:8321"}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:8321"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "127.0.0.1@evil.example"}, 421),
        ({"Host": "[bad"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8321"}, 200),
    ],
)
async def test_only_its_own_names_reach_it(
    there: Daemon, http: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    url = f"{there.url}/api/v1/status"
    async with http.get(url, headers={**_bearer(OPERATE), **headers}) as answer:
        assert answer.status == status
    if "Host" in headers:
        async with http.get(f"{there.url}/health/live", headers=headers) as answer:
            assert answer.status in (200, 400)


async def test_health_and_metrics(there: Daemon, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{there.url}/health/live") as answer:
        assert await answer.json() == {"live": True}
        assert answer.headers["Server"] == "syncd", "not what it is made of"
    async with http.get(f"{there.url}/health/ready") as answer:
        assert (answer.status, await answer.json()) == (200, {"ready": True, "waiting_for": []})
    there.reasons.append("migrations")
    async with http.get(f"{there.url}/health/ready") as answer:
        assert (answer.status, await answer.json()) == (503, {"ready": False, "waiting_for": ["migrations"]})
    async with http.get(f"{there.url}/metrics", headers=_bearer(READ)) as answer:
        assert "syncd_posted_total 3.0" in await answer.text()


async def test_unknown_addresses_and_parameters_are_answered_as_problems(
    there: Daemon, http: aiohttp.ClientSession
) -> None:
    for method, path, body, status in [
        ("GET", "/api/v2/status", None, 404),
        ("DELETE", "/api/v1/status", None, 405),
        ("GET", "/api/v1/status?lnik=orchard", None, 400),
        ("GET", "/api/v1/plan", None, 400),
        ("GET", "/api/v1/plan?link=a&limit=canary", None, 400),
        ("POST", "/api/v1/send", b"{canary", 400),
        ("POST", "/api/v1/send", b'{"canary": 1}', 400),
        ("POST", "/api/v1/send", b"x" * 2_000_000, 413),
    ]:
        async with http.request(
            method, there.url + path, data=body and BytesIO(body), headers=_bearer(OPERATE)
        ) as answer:
            text = await answer.text()
            assert answer.status == status, (method, path, text)
            assert {"error", "remedy", "id"} <= set(json.loads(text))
            assert "Traceback" not in text
            assert path.endswith("send") or "canary" not in text
    assert there.operator.asked == []


async def test_other_packages_bring_their_routes() -> None:
    async def handler(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        return aiohttp.web.json_response({"drift": []})

    route = Route("GET", "/api/v1/drift", Scope.READ, handler)
    async with daemon(routes=[route]) as there, aiohttp.ClientSession() as http:
        async with http.get(f"{there.url}/api/v1/drift") as answer:
            assert answer.status == 401
        async with http.get(f"{there.url}/api/v1/drift", headers=_bearer(READ)) as answer:
            assert await answer.json() == {"drift": []}


# -- webhooks ----------------------------------------------------------------------------------


async def test_a_delivery_is_stored_before_it_is_acknowledged(
    there: Daemon, http: aiohttp.ClientSession
) -> None:
    there.stored_gate = asyncio.Event()
    url = f"{there.url}/webhooks/st/{PATH_TOKEN}"
    sending = asyncio.create_task(http.post(url, data=b'[["job", "1"], ["company", "2"]]'))
    done, _ = await asyncio.wait([sending], timeout=0.05)
    assert not done
    there.stored_gate.set()
    answer = await sending
    assert answer.status == 200
    assert list(there.stored.values()) == [("st", [("job", "1"), ("company", "2")])]
    assert there.woken == ["st"]


async def test_a_repeated_delivery_has_the_same_id_and_another_body_has_not(
    there: Daemon, http: aiohttp.ClientSession
) -> None:
    for body in (b'[["job", "1"]]', b'[["job", "1"]]', b'[["job", "2"]]'):
        async with http.post(f"{there.url}/webhooks/st/{PATH_TOKEN}", data=body) as answer:
            assert answer.status == 200
    assert len(there.stored) == 2


@pytest.mark.parametrize(
    "path", ["st/wrong", f"other/{PATH_TOKEN}", f"st/{PATH_TOKEN}x", "st/%C3%A9", f"st/{PATH_TOKEN[:-1]}"]
)
async def test_a_wrong_path_is_nobody_there(there: Daemon, http: aiohttp.ClientSession, path: str) -> None:
    async with http.post(f"{there.url}/webhooks/{path}", data=b'[["job", "1"]]') as answer:
        assert answer.status == 404
        assert (await answer.json())["error"] == "no webhook is expected here"
    assert not there.stored


async def test_what_cannot_be_stored_is_sent_again(
    there: Daemon, http: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    there.store_error = OSError("disk full")
    async with http.post(f"{there.url}/webhooks/st/{PATH_TOKEN}", data=b'[["job", "1"]]') as answer:
        assert answer.status == 503
    assert there.woken == []
    assert PATH_TOKEN not in capsys.readouterr().out


async def test_deliveries_that_cannot_be_read(there: Daemon, http: aiohttp.ClientSession) -> None:
    url = f"{there.url}/webhooks/st/{PATH_TOKEN}"
    cases: list[tuple[Any, dict[str, str], int]] = [
        (b"not json", {}, 400),
        (b"[" + b" " * webhooks.LARGEST + b"]", {}, 413),
        (b"\x1f\x8b", {"Content-Encoding": "gzip"}, 415),
    ]
    for body, headers, status in cases:
        async with http.post(url, data=BytesIO(body), headers=headers) as answer:
            assert answer.status == status
    assert not there.stored


async def test_a_body_without_end_is_cut_off(there: Daemon, http: aiohttp.ClientSession) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    # depending on how far the sender got, it sees the answer or the reset that follows it
    with suppress(aiohttp.ClientError):
        async with http.post(f"{there.url}/webhooks/st/{PATH_TOKEN}", data=endless()) as answer:
            assert answer.status == 413
    assert not there.stored


async def test_a_body_that_never_comes_is_not_waited_for(
    there: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "READ_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(there.url.rpartition(":")[2]))
    writer.write(
        f"POST /webhooks/st/{PATH_TOKEN} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n[".encode()
    )
    assert b" 503 " in await reader.readline()
    writer.close()


async def test_a_storm_is_bounded(there: Daemon, http: aiohttp.ClientSession) -> None:
    there.stored_gate = asyncio.Event()
    url = f"{there.url}/webhooks/st/{PATH_TOKEN}"

    async def deliver(number: int) -> int:
        async with http.post(url, data=json.dumps([["job", str(number)]])) as answer:
            if answer.status == 503:
                assert there.stored_gate is not None
                there.stored_gate.set()
            return answer.status

    statuses = await asyncio.gather(*(deliver(n) for n in range(webhooks.AT_ONCE + 10)))
    assert statuses.count(200) >= webhooks.AT_ONCE
    assert len(there.stored) == statuses.count(200)


# -- listening ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "sync.example.com"])
async def test_a_public_bind_needs_tls_and_tokens(host: str) -> None:
    there = Daemon()
    parts = _parts(there)
    with pytest.raises(FixInput, match="refusing to listen"):
        async with serve(build(parts), host):
            pass


async def test_a_port_that_is_taken_is_named(there: Daemon) -> None:
    parts = _parts(there)
    with pytest.raises(FixInput, match="cannot listen on"):
        async with serve(build(parts), port=int(there.url.rpartition(":")[2])):
            pass
