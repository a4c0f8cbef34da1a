"""Webhooks as Business Central keeps them: a handshake to make or renew one, three days to live."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from syncd.sandbox.business_central.ledger import refusal

_LIFE: Final = timedelta(days=3)


@dataclass
class Subscriptions:
    """By id."""

    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: int = 0

    def listed(self) -> list[dict[str, Any]]:
        return list(self.kept.values())

    async def make(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises ``Refusal`` without a handshake, or for what is subscribed to already."""
        same = [one for one in self.kept.values() if _about(one) == _about(body)]
        if same:
            raise refusal(400, "Application_DialogException", "The subscription exists already")
        return await self._granted(secrets.token_hex(16), body)

    async def renew(self, ident: str, body: Mapping[str, Any], match: str | None) -> dict[str, Any]:
        one = self._one(ident, match)
        return await self._granted(ident, {**one, **body})

    def end(self, ident: str, match: str | None) -> None:
        self._one(ident, match)
        del self.kept[ident]

    def _one(self, ident: str, match: str | None) -> dict[str, Any]:
        one = self.kept.get(ident)
        if one is None:
            raise refusal(404, "BadRequest_ResourceNotFound", "There is no such subscription")
        if match is None:
            raise refusal(400, "BadRequest_InvalidToken", "If-Match is missing")
        if match not in ("*", one["@odata.etag"]):
            raise refusal(409, "Request_EntityChanged", "The subscription was changed")
        return one

    async def _granted(self, ident: str, body: Mapping[str, Any]) -> dict[str, Any]:
        url, token = str(body["notificationUrl"]), secrets.token_hex(8)
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
                session.post(url, params={"validationToken": token}) as answer,
            ):
                heard = answer.status == 200 and await answer.text() == token
        except aiohttp.ClientError:
            heard = False
        if not heard:
            raise refusal(400, "BadRequest", "The notification URL did not return the validation token")
        self.versions += 1
        until = (datetime.now(UTC) + _LIFE).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.kept[ident] = {
            "@odata.etag": f'W/"{self.versions}"',
            "subscriptionId": ident,
            "notificationUrl": url,
            "resource": body["resource"],
            "clientState": body.get("clientState", ""),
            "expirationDateTime": until,
        }
        return self.kept[ident]


def _about(one: Mapping[str, Any]) -> tuple[Any, str]:
    return one.get("notificationUrl"), str(one.get("resource")).strip("/")
