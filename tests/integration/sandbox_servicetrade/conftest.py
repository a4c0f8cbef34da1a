"""A ServiceTrade sandbox in this process, and a caller that speaks HTTP to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running


@dataclass
class Account:
    """One account as an integration sees it, with the control port beside it."""

    base: str
    session: aiohttp.ClientSession
    control: SandboxControl
    token: str | None = None

    async def ask(self, method: str, path: str, body: Any = None, **query: str | int) -> tuple[int, Any]:
        """(status, decoded JSON or None)."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.request(
            method, self.base + path, json=body, params=query, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.read()
            return answer.status, await answer.json() if content else None

    async def get(self, path: str, **query: str | int) -> Any:
        """``data`` of an answer that must be good."""
        status, body = await self.ask("GET", path, **query)
        assert status == 200, body
        return body["data"]

    async def write(self, method: str, path: str, body: Any) -> Any:
        status, answer = await self.ask(method, path, body)
        assert status == 200, answer
        return answer["data"]

    async def grant(self, **body: str) -> tuple[int, Any]:
        return await self.ask("POST", "/oauth2/token", body)

    async def log_in(self) -> Any:
        status, answer = await self.grant(
            grant_type="client_credentials", client_id="demo-client", client_secret="demo-secret"
        )
        assert status == 200
        self.token = answer["access_token"]
        return answer


Open = Callable[..., Awaitable[Account]]


@pytest.fixture
async def open_account() -> AsyncIterator[Open]:
    """``await open_account(size=20, layout="compound")``: a logged-in account with these options."""
    async with AsyncExitStack() as stack:

        async def opened(
            size: int = 20, log_in: bool = True, order: Order | None = None, **options: str
        ) -> Account:
            order = order or Order(seed=7, size=size, options=options)
            live = await stack.enter_async_context(running("servicetrade", order))
            session = await stack.enter_async_context(
                aiohttp.ClientSession(
                    cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=20)
                )
            )
            control = await stack.enter_async_context(SandboxControl(live.control_url))
            account = Account(live.ready.details["base_url"], session, control)
            if log_in:
                await account.log_in()
            return account

        yield opened


@pytest.fixture
async def account(open_account: Open) -> Account:
    return await open_account()
