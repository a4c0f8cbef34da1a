"""The login: a token for a client's id and secret, in the body's disputed spelling. Nothing refreshes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from syncd.connectors.buildops.profile import Login
from syncd.connectors.buildops.settings import Settings
from syncd.core.errors import RenewCredentials, UnreadableAnswer
from syncd.http import Send
from syncd.secrets.reference import Secret

_JSON: Final = {"Content-Type": "application/json"}


class TokenRequest:
    """``POST /auth/token``."""

    def __init__(self, connection: str, settings: Settings, secret: Secret, login: Login) -> None:
        self._connection = connection
        self._settings = settings
        self._secret = secret
        self._login = login

    async def __call__(self, send: Send) -> Mapping[str, Any]:
        """The grant. Raises ``RenewCredentials`` if it is refused."""
        answer = await send("POST", "/auth/token", data=orjson.dumps(self.body()), headers=_JSON)
        if not answer.ok:
            raise RenewCredentials(
                f"{self._connection}: BuildOps refuses the client id and secret (HTTP {answer.status})",
                remedy="check client_id and client_secret; if they are right, check `login` in the profile",
            )
        grant = answer.json()
        token = grant.get(self._login.token) if isinstance(grant, dict) else None
        if not isinstance(token, str) or not token:
            raise UnreadableAnswer(
                f"{self._connection}: the login's answer holds no {self._login.token!r}",
                remedy="check `login.token` in the profile",
            )
        return {"access_token": token, "expires_in": grant.get("expires_in")}

    def body(self) -> dict[str, str]:
        """What the login sends, in this tenant's spelling."""
        ident, secret = self._settings.auth.client_id, self._secret.reveal()
        body = {"clientId": ident, "clientSecret": secret}
        if self._login.style == "snake":
            body = {"grant_type": "client_credentials", "client_id": ident, "client_secret": secret}
        return {**body, "tenantId": self._settings.tenant_id} if self._login.with_tenant else body
