"""The one way a connector speaks HTTP: reads are repeated, writes are sent once.

``read`` gives an ``Answer`` or raises; ``write`` gives an ``Answer``, ``Retry`` (proven not executed)
or ``Unknown``. What an exchange proves is decided in ``outcomes``; here it is only done.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, Self

import orjson
from aiohttp.typedefs import Query
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from syncd.core.errors import (
    ForbiddenDestination,
    RenewCredentials,
    RetryLater,
    SyncdError,
    UnreadableAnswer,
)
from syncd.core.outcome import ErrorClass, Retry, Unknown
from syncd.http.answer import Answer
from syncd.http.auth import AuthScheme, Revocable
from syncd.http.budget import Budget, Rate
from syncd.http.destination import Destination
from syncd.http.outcomes import Exchange, Lost, NotSent, Shows, error_class, retry_after, shows
from syncd.http.quota import quota
from syncd.http.sharing import SharedPlaces
from syncd.http.tokens import Tokens, no_way_to_revoke
from syncd.http.transport import DEFAULT_MAX_BODY_BYTES, Transport
from syncd.ports import UNWATCHED, Clock, Tap
from syncd.ports import Exchange as Tapped
from syncd.ports.allowance import Allowance, Limits
from syncd.ports.sending import still_permitted
from syncd.ports.tenure import must_still_be_ours

_ATTEMPTS: Final = 4
_PATIENCE_S: Final = 20.0
"""A wait longer than this is the engine's, which has other things to do meanwhile."""
_BACKOFF: Final = wait_random_exponential(multiplier=0.5, max=_PATIENCE_S / 2)


_SAID: Final = frozenset({Shows.ANSWERED, Shows.FORBIDDEN, Shows.LOGIN_REFUSED})
"""What a login endpoint may answer and be understood."""


class HttpClient:
    """HTTP for one connection. Build it anywhere, close it (``aclose`` or ``async with``) in the loop.

    ``base_url`` fixes the host: nothing is sent elsewhere and no redirect is followed. Certificates
    are always verified; ``ca_file`` (PEM) adds a private authority. ``private_network`` allows names
    that resolve to private addresses. ``accept`` is the media type the platform promises; bodies are
    checked against it if it is JSON. ``max_body_bytes`` holds before and after decompression. ``tap`` is
    told of every exchange, logins too, but for bodies and tokens. ``headers`` go with every request that is
    signed in. ``login_url`` is where the login is asked for, where that is another host. ``explained``:
    statuses from 500 on that this platform also refuses a write with, and says why in JSON; the connector
    then reads them. ``allowance``: where other processes use the same connection.
    """

    def __init__(
        self,
        *,
        connection: str,
        base_url: str,
        auth: AuthScheme,
        clock: Clock,
        concurrency: int,
        rate: Rate | None = None,
        timeout_s: float = 30.0,
        max_body_bytes: int = DEFAULT_MAX_BODY_BYTES,
        ca_file: Path | None = None,
        private_network: bool = False,
        accept: str = "application/json",
        tap: Tap = UNWATCHED,
        headers: Mapping[str, str] | None = None,
        login_url: str = "",
        explained: frozenset[int] = frozenset(),
        allowance: Allowance | None = None,
    ) -> None:
        self.connection = connection
        self._tap = None if tap is UNWATCHED else tap
        if isinstance(auth, Tokens):
            auth.granted = partial(tap.granted, connection)
        self._shared: SharedPlaces | None = None
        if allowance is not None:
            limits = Limits(concurrency, rate.requests, rate.per_s) if rate else Limits(concurrency)
            self._shared = SharedPlaces(allowance, connection, limits, clock)
        self.budget = Budget(concurrency=concurrency, rate=rate, clock=clock, shared=self._shared)
        self._auth = auth
        self._clock = clock
        self._headers = dict(headers or {})
        self._explained = explained

        def transport(url: str, media_type: str) -> Transport:
            return Transport(
                Destination(url),
                timeout_s=timeout_s,
                max_body_bytes=max_body_bytes,
                ca_file=ca_file,
                private_network=private_network,
                accept=media_type,
                explained=explained,
            )

        self._transport_to = transport
        self._transport = transport(base_url, accept)
        self._login_transport = transport(login_url, "application/json") if login_url else self._transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the session at the platform where there is one, and close the sockets."""
        try:
            await self._auth.close(self._send_plain)
        finally:
            if self._shared is not None:
                await self._shared.finished()
            await self._transport.close()
            await self._login_transport.close()

    async def revoke(self) -> bool:
        """End the login at the platform and forget it. False: nothing was kept that could be ended.

        Raises ``FixInput`` where the platform documents no way, ``RenewCredentials`` if it does not take it
        back, ``RetryLater`` if it does not answer.
        """
        if not isinstance(self._auth, Revocable):
            raise no_way_to_revoke(self.connection)
        if not self._auth.revoke_url:
            return await self._auth.revoke(self._send_plain)
        elsewhere = self._transport_to(self._auth.revoke_url, "application/json")
        try:
            return await self._auth.revoke(partial(self._send_plain, over=elsewhere))
        finally:
            await elsewhere.close()

    async def read(
        self,
        path: str,
        params: Query = None,
        *,
        headers: Mapping[str, str] | None = None,
        also: frozenset[int] = frozenset(),
    ) -> Answer:
        """GET ``path`` (appended to base_url, or an absolute address of our own host).

        Any 2xx, 404 and other 4xx come back as they are, for the connector to read; so do statuses of
        ``also``, which mean something of its own at this address (a 403 that says "not yet"). Repeated a few
        times, waiting as asked, while the platform cannot answer. Raises ``RetryLater``,
        ``UnreadableAnswer``, ``RenewCredentials`` (401 after renewing, 403), ``ForbiddenDestination``.
        """
        try:
            return await self._read(path, params, headers, also)
        except (RetryLater, UnreadableAnswer) as failed:
            # the machinery of retrying costs more than a page does: it starts with the first failure
            return await self._read_again(path, params, headers, also, failed)

    async def write(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer | Retry | Unknown:
        """Send one change, once. ``json`` is the body (None: no body).

        ``Answer`` is the platform's own word (2xx, 4xx also 403 and 404); ``Retry`` proves that
        nothing was executed; ``Unknown`` that nothing is known. Raises ``ForbiddenDestination`` for a
        path that leaves the host, before anything is sent.
        """
        pause = self.budget.pause_s
        if pause > _PATIENCE_S:
            return Retry(ErrorClass.RATE_LIMIT, f"{self.connection} asked us to wait", pause)
        data = None if json is None else orjson.dumps(json)
        extra = {**(headers or {}), "Content-Type": "application/json"} if data is not None else headers
        asked = self._clock.now()
        async with self.budget:
            try:
                exchange = await self._exchange(method, path, data=data, headers=extra, asked=asked)
            except _LoginFailed as failed:
                after_s = failed.cause.after_s if isinstance(failed.cause, RetryLater) else None
                return Retry(ErrorClass.AUTH, failed.cause.message, after_s)
            except _CalledOff:
                return Retry(ErrorClass.GUARD, f"{self.connection}: called off while it waited for its turn")
        return self._outcome(exchange)

    async def _read_again(
        self,
        path: str,
        params: Query,
        headers: Mapping[str, str] | None,
        also: frozenset[int],
        failed: SyncdError,
    ) -> Answer:
        retrying = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_wait_s,
            retry=retry_if_exception(_worth_repeating),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                if attempt.retry_state.attempt_number == 1:
                    raise failed
                return await self._read(path, params, headers, also)
        raise failed

    async def _read(
        self, path: str, params: Query, headers: Mapping[str, str] | None, also: frozenset[int]
    ) -> Answer:
        pause = self.budget.pause_s
        if pause > _PATIENCE_S:
            raise RetryLater(f"{self.connection} asked us to wait", after_s=pause)
        async with self.budget:
            try:
                exchange = await self._exchange("GET", path, params=params, headers=headers)
            except _LoginFailed as failed:
                raise failed.cause from None
        if isinstance(exchange, Answer) and (shows(exchange) is Shows.ANSWERED or exchange.status in also):
            return exchange
        raise self._error(exchange, path)

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        params: Query = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        asked: datetime | None = None,
    ) -> Exchange:
        """One exchange; a second one if the first proved that the login had expired, and a third if what
        another process had renewed it to has expired since. ``asked``: since when a write has waited for its
        turn.

        Raises ``_LoginFailed`` around whatever the scheme raised, and ``_CalledOff`` for a write that a hold
        has stopped meanwhile: nothing was executed then.
        """
        renewals, allowed = 0, 1
        while True:
            try:
                credentials = await self._auth.headers(self._send_plain)
            except SyncdError as error:
                raise _LoginFailed(error) from None
            if asked is not None:
                now = self._clock.now()
                if not await still_permitted((now - asked).total_seconds()):
                    raise _CalledOff
            own = headers or {}
            sent = {**self._headers, **credentials, **own} if own or self._headers else credentials
            if asked is not None:
                must_still_be_ours()  # the last thing before a write leaves
            began = monotonic()
            exchange = await self._transport.send(method, path, params=params, data=data, headers=sent)
            self._count(exchange)
            if self._tap is not None:
                own_words = (params, headers) if params or headers else None  # never the login's
                seen = _tapped(method, path, exchange, monotonic() - began, own_words)
                self._tap.exchange(self.connection, seen)
            if renewals >= allowed or not isinstance(exchange, Answer) or not 400 <= exchange.status < 500:
                return exchange
            try:
                if not await self._auth.refused(exchange.status, credentials, self._send_plain):
                    return exchange
                allowed = 2 if await self._auth.renew(credentials, self._send_plain) else 1
            except SyncdError as error:
                raise _LoginFailed(error) from None
            renewals += 1

    async def _send_plain(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        over: Transport | None = None,
    ) -> Answer:
        """``auth.Send``: for signing in (``over``: at another host). Outside the budget's places, or all of
        them could wait for it."""
        began = monotonic()
        transport = over or self._login_transport
        exchange = await transport.send(method, path, data=data, headers=headers or {})
        if self._tap is not None:
            seen = _tapped(method, path, exchange, monotonic() - began, login=True)
            self._tap.exchange(self.connection, seen)
        proof = shows(exchange)
        if isinstance(exchange, Answer) and proof in _SAID:
            return exchange
        raise self._error(exchange, path)

    def _count(self, exchange: Exchange) -> None:
        if not isinstance(exchange, Answer):
            return
        if exchange.status == 429:
            self.budget.throttled(retry_after(exchange.headers, self._clock.now()))
        elif exchange.status < 500:
            self.budget.served()
        left = quota(exchange.headers, self._clock.now())
        pause = left.pause(self._clock.now()) if left is not None else None
        if pause is not None:
            self.budget.spent(pause)

    def _outcome(self, exchange: Exchange) -> Answer | Retry | Unknown:
        proof = shows(exchange)
        if isinstance(exchange, Answer):
            explained = exchange.status in self._explained and bool(exchange.body)
            if explained or proof in (Shows.ANSWERED, Shows.FORBIDDEN):
                return exchange
            kind, words, after_s = self._described(exchange)
        else:
            kind, words, after_s = _kind(exchange), exchange.words, None
        words = f"{self.connection}: {words}"
        if proof in (Shows.NOT_EXECUTED, Shows.LOGIN_REFUSED):
            return Retry(kind, words, after_s)
        return Unknown(kind, words)

    def _error(self, exchange: Exchange, path: str) -> SyncdError:
        """What is raised for an exchange that is no answer. Queries may hold names: they stay out."""
        at = f"{self.connection}: {path.partition('?')[0]}"
        if isinstance(exchange, NotSent):
            return RetryLater(f"{at}: {exchange.words}", remedy="check the network and the platform's status")
        if isinstance(exchange, Lost):
            if exchange.error_class is ErrorClass.TOO_LARGE:
                return _TooLarge(f"{at}: {exchange.words}", remedy="ask for smaller pages")
            if exchange.error_class is ErrorClass.PARSE:
                return UnreadableAnswer(f"{at}: {exchange.words}")
            return RetryLater(f"{at}: {exchange.words}")
        _, words, after_s = self._described(exchange)
        match shows(exchange):
            case Shows.LOGIN_REFUSED:
                return RenewCredentials(
                    f"{at}: {words}", remedy="check the connection's credentials, then release it"
                )
            case Shows.FORBIDDEN:
                return RenewCredentials(
                    f"{at}: {words}: this login lacks the right to read it",
                    remedy="give the integration's user that right on the platform",
                )
            case Shows.REDIRECTED:
                return ForbiddenDestination(
                    f"{at}: {words}: it points elsewhere and is not followed",
                    remedy="if the platform moved, correct base_url",
                )
            case _:
                return RetryLater(f"{at}: {words}", after_s=after_s)

    def _described(self, answer: Answer) -> tuple[ErrorClass, str, float | None]:
        after_s = retry_after(answer.headers, self._clock.now())
        return error_class(answer.status), f"HTTP {answer.status}", after_s


def _kind(exchange: NotSent | Lost) -> ErrorClass:
    return ErrorClass.CONNECTION if isinstance(exchange, NotSent) else exchange.error_class


def _tapped(
    method: str, path: str, exchange: Exchange, seconds: float, asked: object = None, *, login: bool = False
) -> Tapped:
    """As the tap is told of it. Pure."""
    at = path.partition("?")[0]
    if isinstance(exchange, Answer):
        body = exchange.body if method == "GET" else b""
        return Tapped(method, at, exchange.status, exchange.headers, "", asked, seconds, login, body=body)
    if isinstance(exchange, NotSent):
        return Tapped(method, at, 0, {}, login=login, lost=True)
    if exchange.status is not None and exchange.error_class is ErrorClass.PARSE:
        return Tapped(method, at, exchange.status, {}, exchange.words, None, seconds, login)
    return Tapped(method, at, 0, {}, "", None, seconds, login, lost=True)


class _LoginFailed(Exception):
    """Internal: signing in failed, so the request itself was never sent."""

    def __init__(self, cause: SyncdError) -> None:
        super().__init__(cause)
        self.cause = cause


class _CalledOff(Exception):
    """Internal: a hold was placed while a write waited for its turn on the wire."""


class _TooLarge(UnreadableAnswer):
    """Asking again would only bring it again."""


def _worth_repeating(error: BaseException) -> bool:
    if isinstance(error, RetryLater):
        return error.after_s is None or error.after_s <= _PATIENCE_S
    return isinstance(error, UnreadableAnswer) and not isinstance(error, _TooLarge)


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_s if isinstance(error, RetryLater) else None
    return max(_BACKOFF(state), asked or 0.0)
