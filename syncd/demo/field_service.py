"""What the contractor's office does in ServiceTrade: through its own API, like anybody else."""

from __future__ import annotations

from typing import Any, Self

import aiohttp

from syncd.core.errors import SyncdError


class Office:
    """A person logged in to the field-service account (session login). An async context manager."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._base = base_url.rstrip("/")
        self._login = {"username": username, "password": password}
        self._session: aiohttp.ClientSession | None = None
        self._cookies: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        answer = await self._ask("POST", "/auth", self._login)
        self._cookies = {"PHPSESSID": answer["authToken"]}
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def approve(self, invoice: int) -> None:
        """Hand an invoice over to accounting."""
        await self._ask("PUT", f"/invoice/{invoice}", {"status": "pending_accounting"})

    async def rename_phone(self, company: int, phone: str) -> None:
        """Correct a customer's phone number."""
        await self._ask("PUT", f"/company/{company}", {"phoneNumber": phone})

    async def company(self, ident: int) -> dict[str, Any]:
        """A customer as the API shows it."""
        return await self._ask("GET", f"/company/{ident}", None)

    async def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        assert self._session is not None
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookie} if cookie else {}
        async with self._session.request(method, self._base + path, json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise SyncdError(f"ServiceTrade's sandbox refused {method} {path}: {answer.status}")
            content: dict[str, Any] = await answer.json()
        data: dict[str, Any] = content.get("data") or {}
        return data
