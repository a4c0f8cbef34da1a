"""The two live logins: OAuth 2 client credentials, and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

from syncd.connectors.servicetrade.settings import OAuth2Login, SessionLogin
from syncd.core.errors import RenewCredentials, UnreadableAnswer
from syncd.http import AuthScheme, OAuth2, Revocation, Send, SessionCookie
from syncd.ports import Clock, Vault
from syncd.secrets.reference import Secret, resolve

_JSON: Final = {"Content-Type": "application/json"}


def scheme(
    login: OAuth2Login | SessionLogin, *, connection: str, folder: Path, vault: Vault, clock: Clock
) -> AuthScheme:
    """The login as the HTTP client speaks it. Raises ``FixInput`` for a secret that cannot be read."""
    if isinstance(login, OAuth2Login):
        return OAuth2(
            connection=connection,
            client_id=login.client_id,
            client_secret=resolve(login.client_secret, folder),
            vault=vault,
            clock=clock,
            # of its two SDKs one sends it under the one name, one under the other
            revocation=Revocation("/oauth2/revoke", ("token", "refresh_token")),
        )
    session = _Session(connection, login.username, resolve(login.password, folder))
    return SessionCookie(
        cookie="PHPSESSID", login=session.sign_in, alive=session.alive, logout=session.sign_out
    )


class _Session:
    """``/auth``: POST signs in, GET asks whether the session lives (404: no), DELETE ends it."""

    def __init__(self, connection: str, username: str, password: Secret) -> None:
        self._connection = connection
        self._username = username
        self._password = password

    async def sign_in(self, send: Send) -> str:
        body = orjson.dumps({"username": self._username, "password": self._password.reveal()})
        answer = await send("POST", "/auth", data=body, headers=_JSON)
        if not answer.ok:
            raise RenewCredentials(
                f"{self._connection}: ServiceTrade refuses the user's login (HTTP {answer.status})",
                remedy="check username and password of the connection",
            )
        match answer.json():
            case {"data": {"authToken": str(token)}}:
                return token
        raise UnreadableAnswer(f"{self._connection}: the login's answer holds no session")

    async def alive(self, send: Send, headers: Mapping[str, str]) -> bool:
        return (await send("GET", "/auth", headers=headers)).ok

    async def sign_out(self, send: Send, headers: Mapping[str, str]) -> None:
        await send("DELETE", "/auth", headers=headers)
