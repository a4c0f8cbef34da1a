"""Deliveries on a real socket: proven, handshaken, stored once, also after a restart."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence

from aiohttp import ClientSession

from syncd.core.errors import UnreadableAnswer
from syncd.http.signatures import ClientState, HeaderSignature
from syncd.secrets.bearer import digest
from syncd.secrets.reference import Secret
from syncd.service.application import Parts, build
from syncd.service.listen import serve
from syncd.service.webhooks import Hook
from tests.integration.service.daemon import PATH_TOKEN, daemon
from tests.integration.service.state import State, state

KEY = "a-verifier-token"


class Receiver:
    """Reads ``[["job", "1"], ...]``."""

    async def subscribe(self, url: str) -> None: ...

    def hints(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        try:
            return [(entity, key) for entity, key in json.loads(body)]
        except ValueError:
            raise UnreadableAnswer("not the delivery that was expected") from None


SIGNED = Hook(Receiver(), digest(PATH_TOKEN), HeaderSignature("x-hmac", (Secret(KEY),)))
BODY = b'[["job","1"]]'


def proof(body: bytes, key: str = KEY) -> dict[str, str]:
    return {"X-Hmac": b64encode(hmac.new(key.encode(), body, "sha256").digest()).decode()}


async def test_only_what_the_platform_signed_is_stored() -> None:
    async with daemon({"books": SIGNED}) as there, ClientSession() as http:
        url = f"{there.url}/webhooks/books/{PATH_TOKEN}"
        seen = []
        for headers in (proof(BODY), proof(BODY, "another"), proof(b"[]"), {}):
            async with http.post(url, data=BODY, headers=headers) as answer:
                seen.append(answer.status)
        async with http.post(f"{url}x", data=BODY, headers=proof(BODY)) as answer:
            seen.append(answer.status)
        async with http.get(url, headers=proof(b"")) as answer:
            seen.append(answer.status)
        assert seen == [200, 401, 401, 401, 404, 405]
        assert [hints for _, hints in there.stored.values()] == [[("job", "1")]]
        assert there.woken == ["books"]


async def test_a_platform_that_asks_whether_we_are_there_hears_what_it_said() -> None:
    hook = Hook(Receiver(), digest(PATH_TOKEN), ClientState((Secret(KEY),)))
    async with daemon({"bc": hook}) as there, ClientSession() as http:
        url = f"{there.url}/webhooks/bc/{PATH_TOKEN}"
        async with http.post(url, params={"validationToken": "<b>a b</b>"}) as answer:
            assert (answer.status, await answer.text()) == (200, "<b>a b</b>")
            assert answer.content_type == "text/plain"
        assert there.stored == {}
        async with http.post(f"{url}x", params={"validationToken": "a"}) as answer:
            assert answer.status == 404


async def _deliver(here: State, woken: list[str], body: bytes) -> int:
    parts = Parts(
        answering=[],
        audit=here.note,
        tokens=(),
        store_hints=here.store.add_hints,
        wake=woken.append,
        waiting=_nothing,
        hooks={"books": SIGNED},
    )
    async with serve(build(parts), shutdown_s=0.2) as url, ClientSession() as http:
        headers = proof(body)
        async with http.post(f"{url}/webhooks/books/{PATH_TOKEN}", data=body, headers=headers) as answer:
            return answer.status


async def _nothing() -> Sequence[str]:
    return []


async def test_played_again_after_a_restart_it_is_known_and_changed_it_is_not() -> None:
    async with state() as here:
        woken: list[str] = []
        assert await _deliver(here, woken, BODY) == 200
        ((first, *_),) = await here.store.hints("books", 10)
        await here.store.hints_done([first])
        assert await _deliver(here, woken, BODY) == 200
        assert await here.store.hints("books", 10) == []
        assert await _deliver(here, woken, b'[["job","1"],["job","2"]]') == 200
        assert [key for _, _, key in await here.store.hints("books", 10)] == ["1", "2"]
