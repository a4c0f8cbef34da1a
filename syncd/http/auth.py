"""How a connection proves who it is: bearer tokens, OAuth 2 with rotating refresh, session cookies.

A scheme never owns a socket: the client lends it ``send``, which goes through the same guards and
limits as every other request. Renewing is shared: however many requests find out at once that a
token has expired, one renewal is made, and it survives the cancellation of whoever asked first.
"""

# ruff: noqa: ARG002 (a scheme does not need all that it is lent)

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from syncd.core.errors import RenewCredentials, RetryLater, SyncdError, UnreadableAnswer
from syncd.http.answer import Answer
from syncd.ports import Clock, Grant, Vault
from syncd.secrets.reference import Secret

RENEW_BEFORE_S: Final = 300.0
"""Renew with less than this left, or half the lifetime of a token that lives less than twice as long."""
_TRY_AGAIN_S: Final = 30.0
_ROTATING: Final = "oauth2.refresh_token"
"""The vault's name for it."""


class Send(Protocol):
    """One unauthenticated request on the connection's own host.

    Gives every answer below 500 that is no 429, also 4xx. Raises ``RetryLater`` if the platform does
    not answer, ``UnreadableAnswer``, ``ForbiddenDestination``.
    """

    async def __call__(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...


class AuthScheme(Protocol):
    """What the client asks of a scheme. Raises ``RenewCredentials`` if the login itself is refused,
    ``RetryLater`` or ``UnreadableAnswer`` if the platform cannot say now."""

    async def headers(self, send: Send) -> Mapping[str, str]:
        """Headers for the next request; signs in or renews first if that is due."""
        ...

    async def refused(self, status: int, used: Mapping[str, str], send: Send) -> bool:
        """Whether an answer of ``status`` to a request with the headers ``used`` means that they have
        expired. Such a request was not executed."""
        ...

    async def renew(self, used: Mapping[str, str], send: Send) -> None:
        """Replace what was ``used``; does nothing if somebody already has."""
        ...

    async def close(self, send: Send) -> None:
        """Finish what is under way and give back what the platform counts (sessions)."""
        ...


class _Fixed:
    """Headers that never change and that only a person can renew."""

    def __init__(self, headers: Mapping[str, str], refusal: str, remedy: str) -> None:
        self._headers = headers
        self._refusal = refusal
        self._remedy = remedy

    async def headers(self, send: Send) -> Mapping[str, str]:
        return self._headers

    async def refused(self, status: int, used: Mapping[str, str], send: Send) -> bool:
        return status == 401

    async def renew(self, used: Mapping[str, str], send: Send) -> None:
        raise RenewCredentials(self._refusal, remedy=self._remedy)

    async def close(self, send: Send) -> None:
        return None


class NoAuth(_Fixed):
    """For what needs no login."""

    def __init__(self) -> None:
        super().__init__(
            {}, "the platform wants a login and the connection has none", "set `auth` of the connection"
        )


class Bearer(_Fixed):
    """A fixed token, until a person makes a new one."""

    def __init__(self, token: Secret) -> None:
        super().__init__(
            {"Authorization": f"Bearer {token.reveal()}"},
            "the platform refuses the token",
            "make a new token there and update the secret",
        )


class _Shared:
    """At most one renewal under way. Callers wait for it; none of them can cancel it."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    async def run(self, renewal: Callable[[], Awaitable[None]]) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(_awaited(renewal))
            self._task.add_done_callback(_looked_at)
        await asyncio.shield(self._task)

    async def finished(self) -> None:
        """Wait for what is under way, whatever comes of it."""
        if self._task is not None:
            await asyncio.wait({self._task})


async def _awaited(renewal: Callable[[], Awaitable[None]]) -> None:
    await renewal()


def _looked_at(task: asyncio.Task[None]) -> None:
    # callers that were cancelled never fetch the error; asyncio would complain about it at exit
    if not task.cancelled():
        task.exception()


@dataclass(frozen=True, slots=True)
class _Token:
    headers: Mapping[str, str]
    renew_at: datetime | None
    """None: its lifetime is not known, a 401 will tell."""
    ends_at: datetime | None


class OAuth2:
    """Client credentials, and a refresh token that may rotate with every use.

    The newest refresh token is in the vault *before* the access token that came with it is used: a
    crash at any point leaves a token that works. ``path`` is the token endpoint on the same host.
    """

    def __init__(
        self,
        *,
        connection: str,
        client_id: str,
        client_secret: Secret,
        vault: Vault,
        clock: Clock,
        path: str = "/oauth2/token",
        scope: str | None = None,
    ) -> None:
        self._connection = connection
        self._client_id = client_id
        self._client_secret = client_secret
        self._vault = vault
        self._clock = clock
        self._path = path
        self._scope = scope
        self._token: _Token | None = None
        self._renewal = _Shared()
        self.granted: Callable[[Grant], None] | None = None
        """Told of every grant, without its tokens."""

    async def headers(self, send: Send) -> Mapping[str, str]:
        token = self._token
        if token is not None and (token.renew_at is None or self._clock.now() < token.renew_at):
            return token.headers
        try:
            await self._renewal.run(lambda: self._obtain(send))
        except (RetryLater, UnreadableAnswer):
            now = self._clock.now()
            if token is None or token.ends_at is None or now >= token.ends_at:
                raise
            # early renewal failed and the token still works: go on with it, ask again a little later
            self._token = replace(token, renew_at=now + timedelta(seconds=_TRY_AGAIN_S))
        assert self._token is not None
        return self._token.headers

    async def refused(self, status: int, used: Mapping[str, str], send: Send) -> bool:
        return status == 401

    async def renew(self, used: Mapping[str, str], send: Send) -> None:
        if self._token is None or self._token.headers == used:
            await self._renewal.run(lambda: self._obtain(send))

    async def close(self, send: Send) -> None:
        # a rotated token that is on its way must reach the vault
        await self._renewal.finished()

    async def _obtain(self, send: Send) -> None:
        stored = await self._vault.load(self._connection, _ROTATING)
        grant = await self._refresh(send, stored) if stored is not None else None
        if grant is None:
            # another process may have rotated it between our reading and our asking
            newer = await self._vault.load(self._connection, _ROTATING)
            if newer is not None and newer != stored:
                stored, grant = newer, await self._refresh(send, newer)
        if grant is None:
            client = BackendApplicationClient(self._client_id, scope=self._scope)
            body = client.prepare_request_body(
                include_client_id=True, client_secret=self._client_secret.reveal()
            )
            grant = await self._ask(send, body)
        if grant is None:
            raise RenewCredentials(
                f"{self._connection}: the platform refuses the client id and secret",
                remedy="check client_id and client_secret, or have the customer make new ones",
            )
        refresh = str(grant.get("refresh_token") or "").encode()
        if refresh and refresh != stored:
            await self._vault.save(self._connection, _ROTATING, refresh)
        self._token = _token(grant, self._clock.now())
        if self.granted is not None:
            self.granted(
                _told(grant, self._clock.now(), rotated=bool(refresh and stored and refresh != stored))
            )

    async def _refresh(self, send: Send, token: bytes) -> Mapping[str, Any] | None:
        client = BackendApplicationClient(self._client_id)
        body = client.prepare_refresh_body(
            refresh_token=token.decode(),
            client_id=self._client_id,
            client_secret=self._client_secret.reveal(),
        )
        return await self._ask(send, body)

    async def _ask(self, send: Send, body: str) -> Mapping[str, Any] | None:
        """The grant, or None if it is refused."""
        answer = await send("POST", self._path, data=body.encode(), headers=_FORM)
        if not answer.ok:
            if answer.status in {400, 401, 403}:
                return None
            raise RenewCredentials(
                f"{self._connection}: the token endpoint answers HTTP {answer.status}",
                remedy="check base_url and the token path of the connection",
            )
        if not isinstance(answer.json(), dict):
            raise UnreadableAnswer(f"{self._connection}: the token endpoint's answer is no JSON object")
        try:
            # a client of its own: this one remembers the tokens it has seen
            client = BackendApplicationClient(self._client_id)
            grant: Mapping[str, Any] = client.parse_request_body_response(answer.body.decode())
        except OAuth2Error as error:
            if error.error in {"invalid_grant", "invalid_client", "unauthorized_client"}:
                return None
            raise UnreadableAnswer(f"{self._connection}: the token endpoint gives no token") from None
        except ValueError:
            raise UnreadableAnswer(f"{self._connection}: the token's lifetime is no number") from None
        return grant


_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def _token(grant: Mapping[str, Any], now: datetime) -> _Token:
    access = str(grant["access_token"])
    lifetime = _lifetime_s(access, grant.get("expires_in"), now)
    headers = {"Authorization": f"Bearer {access}"}
    if lifetime is None:
        return _Token(headers, None, None)
    margin = min(RENEW_BEFORE_S, lifetime / 2)
    return _Token(
        headers, now + timedelta(seconds=lifetime - margin), now + timedelta(seconds=max(lifetime, 0.0))
    )


def _told(grant: Mapping[str, Any], now: datetime, *, rotated: bool) -> Grant:
    scope = grant.get("scope") or ()
    limit = grant.get("refresh_expires_in", grant.get("x_refresh_token_expires_in"))
    return Grant(
        lifetime_s=_lifetime_s(str(grant["access_token"]), grant.get("expires_in"), now),
        scopes=tuple(sorted(scope.split() if isinstance(scope, str) else map(str, scope))),
        refresh=bool(grant.get("refresh_token")),
        rotated=rotated,
        refresh_lifetime_s=float(limit) if isinstance(limit, int | float) else None,
    )


def _lifetime_s(access: str, expires_in: object, now: datetime) -> float | None:
    """Seconds that a token lives: what the token says, else what the endpoint said of it.

    With ``iat`` the token's own clock measures it, so that a difference between clocks does not.
    """
    claims = _claims(access)
    ends, issued = claims.get("exp"), claims.get("iat", now.timestamp())
    if isinstance(ends, int | float) and isinstance(issued, int | float):
        return float(ends - issued)
    return float(expires_in) if isinstance(expires_in, int | float) else None


def _claims(access: str) -> Mapping[str, Any]:
    """The claims of a JWT, read and not verified (it is the platform's to verify); else nothing."""
    parts = access.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


class SessionCookie:
    """A session that a login gives and the platform ends when it likes.

    ``login`` signs in and returns the session's token (``RenewCredentials`` if refused); ``alive``
    says whether headers still belong to a session, for platforms that answer 404 to a dead one: a 404
    is believed only while the session lives. ``logout`` gives the session back.
    """

    def __init__(
        self,
        *,
        cookie: str,
        login: Callable[[Send], Awaitable[str]],
        alive: Callable[[Send, Mapping[str, str]], Awaitable[bool]] | None = None,
        logout: Callable[[Send, Mapping[str, str]], Awaitable[None]] | None = None,
    ) -> None:
        self._cookie = cookie
        self._login = login
        self._alive = alive
        self._logout = logout
        self._headers: Mapping[str, str] | None = None
        self._renewal = _Shared()

    async def headers(self, send: Send) -> Mapping[str, str]:
        if self._headers is None:
            await self._renewal.run(lambda: self._sign_in(send))
        assert self._headers is not None
        return self._headers

    async def refused(self, status: int, used: Mapping[str, str], send: Send) -> bool:
        if status == 401:
            return True
        if status != 404 or self._alive is None:
            return False
        # renewed meanwhile: the 404 may be the old session's, so the new one asks again
        return used != self._headers or not await self._alive(send, used)

    async def renew(self, used: Mapping[str, str], send: Send) -> None:
        if self._headers is None or self._headers == used:
            await self._renewal.run(lambda: self._sign_in(send))

    async def close(self, send: Send) -> None:
        await self._renewal.finished()
        headers, self._headers = self._headers, None
        if headers is not None and self._logout is not None:
            try:
                await self._logout(send, headers)
            except SyncdError:
                # the platform ends it by itself in time; we are leaving and nothing depends on it
                return

    async def _sign_in(self, send: Send) -> None:
        token = await self._login(send)
        if not token or not token.isascii() or any(c in token for c in " ;,\r\n\t"):
            raise UnreadableAnswer("the login's answer holds no session token")
        self._headers = {"Cookie": f"{self._cookie}={token}"}
