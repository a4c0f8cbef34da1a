"""How a connection proves who it is: keys, basic, fixed tokens, sessions (``tokens`` has OAuth 2).

A scheme never owns a socket: the client lends it ``send``, which goes through the same guards and
limits as every other request. Renewing is shared: however many requests find out at once that a
token has expired, one renewal is made, and it survives the cancellation of whoever asked first.
"""

# ruff: noqa: ARG002 (a scheme does not need all that it is lent)

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable

from syncd.core.errors import RenewCredentials, SyncdError, UnreadableAnswer
from syncd.http.answer import Answer
from syncd.secrets.reference import Secret


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

    async def renew(self, used: Mapping[str, str], send: Send) -> bool:
        """Replace what was ``used``; does nothing if somebody already has. True: by what another process was
        given, which may have ended as well without its knowing."""
        ...

    async def close(self, send: Send) -> None:
        """Finish what is under way and give back what the platform counts (sessions)."""
        ...


@runtime_checkable
class Revocable(Protocol):
    """A scheme whose platform takes a login back."""

    revoke_url: str
    """Where, if that is another host than the login's."""

    async def revoke(self, send: Send) -> bool:
        """End what the platform gave, and forget it. False: nothing was kept that could be ended."""
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

    async def renew(self, used: Mapping[str, str], send: Send) -> bool:
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


class ApiKey(_Fixed):
    """A key that goes with every request, in a header of the platform's choice."""

    def __init__(self, header: str, key: Secret, prefix: str = "") -> None:
        super().__init__(
            {header: f"{prefix}{key.reveal()}"},
            "the platform refuses the key",
            "make a new key there and update the secret",
        )


class Basic(_Fixed):
    """A user name and password with every request (RFC 7617)."""

    def __init__(self, username: str, password: Secret) -> None:
        super().__init__(
            {"Authorization": basic(username, password)},
            "the platform refuses the user name and password",
            "check the user and its password there, and update the secret",
        )


def basic(username: str, password: Secret) -> str:
    """The value of a basic ``Authorization`` header."""
    return "Basic " + b64encode(f"{username}:{password.reveal()}".encode()).decode()


class Shared:
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
        self._renewal = Shared()

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

    async def renew(self, used: Mapping[str, str], send: Send) -> bool:
        if self._headers is None or self._headers == used:
            await self._renewal.run(lambda: self._sign_in(send))
        return False

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
