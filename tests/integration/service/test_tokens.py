"""Tokens: made, used, expired, revoked; hashed at rest; every action with its holder in the audit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import ClientSession

from syncd.api import endpoints, requests
from syncd.api.keys import Holder
from syncd.api.scopes import Scope
from syncd.core.errors import FixInput, NothingMatched, RetryLater
from syncd.secrets.bearer import digest
from syncd.service.audited import Audited
from syncd.store import chain, keys
from tests.integration.service.daemon import ADMIN, OPERATE, MadeUpOperator, daemon
from tests.integration.service.state import State, state


@pytest.fixture
async def here() -> AsyncIterator[State]:
    async with state() as opened:
        yield opened


async def test_a_token_opens_what_it_was_made_for_until_it_is_revoked(here: State) -> None:
    async with daemon(answering=here.answering, find=here.ring.find) as there:
        async with there.client(ADMIN) as admin:
            made = await admin.token_create("dana", [Scope.OPERATE])
            async with there.client(made.token) as dana:
                await dana.hold("link:orchard", "year end")
                with pytest.raises(FixInput, match="scope 'resolve'"):
                    await dana.quarantine_skip([7], "written off")
                await admin.token_revoke("dana")
                with pytest.raises(FixInput, match="token is not known"):
                    await dana.status()
            with pytest.raises(NothingMatched, match="no open token is called dana"):
                await admin.token_revoke("dana")
            (listed,) = await admin.tokens()
            assert (listed.name, listed.revoked_at) == ("dana", here.watch.at)
        assert [a for a in there.operator.asked if a[0] == "hold"] == [
            ("hold", "link:orchard", "year end", "dana")
        ]
        assert [(a.actor, a.name, a.outcome) for a in there.noted] == [
            ("dana", "token_create", "asked"),
            ("dana", "hold", "asked"),
            ("dana", "token_revoke", "asked"),
            ("dana", "token_revoke", "asked"),
            ("dana", "token_revoke", "nothing_matched"),
        ]


async def test_a_token_ends_by_itself_and_its_use_is_noted(here: State) -> None:
    made = await here.ring.token_create("dana", [Scope.READ], days=1, actor="ann")
    assert await here.ring.find(made.token) is not None
    here.watch.at += timedelta(hours=23)
    assert await here.ring.find(made.token) is not None
    assert (await here.ring.tokens())[0].last_used_at == here.watch.at
    here.watch.at += timedelta(hours=1)
    assert await here.ring.find(made.token) is None


async def test_a_name_stands_for_one_holder_for_ever(here: State) -> None:
    await here.ring.token_create("dana", [Scope.READ])
    await here.ring.token_revoke("dana")
    with pytest.raises(FixInput, match="exists or existed"):
        await here.ring.token_create("dana", [Scope.READ])
    with pytest.raises(FixInput, match="of the configuration"):
        await here.ring.token_create("ops", [Scope.READ])


async def test_the_value_of_a_token_is_nowhere_on_disk(here: State) -> None:
    made = await here.ring.token_create("dana", [Scope.READ])
    on_disk = b"".join(path.read_bytes() for path in here.folder.iterdir())
    assert digest(made.token).encode() in on_disk
    assert made.token.encode() not in on_disk


async def test_only_an_administrator_makes_tokens() -> None:
    async with state() as here, daemon(answering=here.answering) as there, there.client(OPERATE) as operate:
        with pytest.raises(FixInput, match="scope 'admin'"):
            await operate.token_create("mallory", [Scope.ADMIN])
        assert await here.ring.tokens() == []


async def test_what_is_asked_stands_in_the_audit_before_it_is_done_and_holds_no_secret(here: State) -> None:
    operator = MadeUpOperator(error=RetryLater("busy"))
    audited = Audited(operator, here.note)
    with pytest.raises(RetryLater):
        await audited.hold("link:orchard", "year end", "cli:ann")
    with pytest.raises(RetryLater):
        _ = [line async for line in audited.sync("orchard", actor="cli:ann")]
    with pytest.raises(RetryLater):
        await audited.status()
    k = here.store.keeper()
    rows = await here.store.database.read(lambda c: keys.actions(c, k, None, None, 10))
    assert [(r.action.actor, r.action.name, r.action.link, r.action.outcome) for r in reversed(rows)] == [
        ("cli:ann", "hold", "", "asked"),
        ("cli:ann", "hold", "", "retry_later"),
        ("cli:ann", "sync", "orchard", "asked"),
        ("cli:ann", "sync", "orchard", "retry_later"),
    ]
    assert json.loads(rows[-1].action.text) == {"scope": "link:orchard", "reason": "year end"}
    found = await here.store.database.read(lambda c: chain.verify(c, k))
    assert (found.lines, found.breaks) == (4, [])


async def test_a_name_given_twice_in_a_query_is_refused() -> None:
    bearer = {"Authorization": f"Bearer {OPERATE}"}
    async with (
        daemon() as there,
        ClientSession(headers=bearer) as http,
        http.get(f"{there.url}/api/v1/status?link=a&link=b") as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["error"] == "link: given more than once"


async def test_a_token_is_told_whose_it_is_and_what_it_may_do(here: State) -> None:
    made = await here.ring.token_create("dana", [Scope.OPERATE])
    async with (
        daemon(answering=here.answering, find=here.ring.find) as there,
        there.client(made.token) as dana,
    ):
        told = await dana.call(endpoints.WHOAMI, requests.WhoAmI(holder="ann", scopes=(Scope.ADMIN,)))
    assert told == Holder(holder="dana", scopes=(Scope.OPERATE, Scope.READ, Scope.UNDO))
