"""The ``Operator`` of a running daemon, through its control API."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Final, Self, TypeVar

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from pydantic import TypeAdapter, ValidationError

from syncd.api import requests
from syncd.api.errors import Problem, exception
from syncd.api.models import (
    Done,
    HoldView,
    Life,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
)
from syncd.api.requests import Asked
from syncd.core.errors import DaemonUnreachable, SyncdError, UnreadableAnswer
from syncd.secrets.reference import Secret

_T = TypeVar("_T")

_status: Final = TypeAdapter(Status)
_plan: Final = TypeAdapter(PlanView)
_sent: Final = TypeAdapter(SendResult)
_done: Final = TypeAdapter(Done)
_hold: Final = TypeAdapter(HoldView)
_lives: Final[TypeAdapter[list[Life]]] = TypeAdapter(list[Life])
_items: Final[TypeAdapter[list[QuarantineItem]]] = TypeAdapter(list[QuarantineItem])
_line: Final[TypeAdapter[Progress | SyncReport | Problem]] = TypeAdapter(Progress | SyncReport | Problem)


class ApiClient:
    """``async with ApiClient(url, token) as operator:``

    Raises what the operator behind it raises, and ``DaemonUnreachable`` where the daemon does not
    answer, ``FixInput`` where it refuses the token, ``UnreadableAnswer`` where it answers something
    that this version does not know.
    """

    def __init__(
        self, url: str, token: Secret, *, tls: ssl.SSLContext | None = None, timeout_s: float = 300.0
    ) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._tls = tls
        self._timeout = ClientTimeout(total=timeout_s, sock_connect=5.0)
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            headers={"Authorization": f"Bearer {self._token.reveal()}"}, timeout=self._timeout
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def status(self, link: str | None = None) -> Status:
        return await self._ask("GET", "status", requests.OfLink(link=link), _status)

    async def plan(self, link: str, flow: str | None = None, limit: int = 200) -> PlanView:
        return await self._ask("GET", "plan", requests.Plan(link=link, flow=flow, limit=limit), _plan)

    async def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        try:
            async with self._request(
                "POST", "sync", requests.Sync(link=link, flow=flow, actor=actor), total=None
            ) as answer:
                if answer.status != 200:
                    raise _refusal(await answer.read())
                async for text in answer.content:
                    line = self._read(text, _line)
                    if isinstance(line, Problem):
                        raise exception(line)
                    yield line
        except (ClientError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from None

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        asked = requests.Send(link=link, entity=entity, number=number, actor=actor)
        return await self._ask("POST", "send", asked, _sent)

    async def explain(self, entity: str, ident: str, link: str | None = None) -> Sequence[Life]:
        asked = requests.Explain(entity=entity, ident=ident, link=link)
        return await self._ask("GET", "explain", asked, _lives)

    async def quarantine(self, link: str | None = None) -> Sequence[QuarantineItem]:
        return await self._ask("GET", "quarantine", requests.OfLink(link=link), _items)

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done:
        return await self._ask("POST", "quarantine/retry", requests.Retry(ids=list(ids), actor=actor), _done)

    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done:
        asked = requests.Skip(ids=list(ids), reason=reason, actor=actor)
        return await self._ask("POST", "quarantine/skip", asked, _done)

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        asked = requests.Hold(scope=scope, reason=reason, actor=actor)
        return await self._ask("POST", "hold", asked, _hold)

    async def release(self, ids: Sequence[int], actor: str = "") -> Done:
        return await self._ask("POST", "release", requests.Release(ids=list(ids), actor=actor), _done)

    async def _ask(self, method: str, path: str, asked: Asked, answer: TypeAdapter[_T]) -> _T:
        try:
            async with self._request(method, path, asked, total=self._timeout.total) as response:
                body = await response.read()
        except (ClientError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from None
        if response.status != 200:
            raise _refusal(body)
        return self._read(body, answer)

    def _request(
        self, method: str, path: str, asked: Asked, *, total: float | None
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Redirects are never followed: the token is for this daemon only."""
        if self._session is None:
            raise DaemonUnreachable("the client is not open", remedy="use it in an `async with` block")
        said = asked.model_dump(exclude_none=True)
        return self._session.request(
            method,
            f"{self._url}/api/v1/{path}",
            params=said if method == "GET" else None,
            json=None if method == "GET" else said,
            ssl=self._tls or True,
            allow_redirects=False,
            timeout=ClientTimeout(total=total, sock_connect=self._timeout.sock_connect),
        )

    def _unreachable(self, trouble: Exception) -> DaemonUnreachable:
        return DaemonUnreachable(
            f"the daemon at {self._url} does not answer ({type(trouble).__name__})",
            remedy="start it with `syncd run`; if it was at work, look with `syncd explain` before repeating",
        )

    def _read(self, body: bytes, kind: TypeAdapter[_T]) -> _T:
        try:
            return kind.validate_json(body)
        except ValidationError:
            raise UnreadableAnswer(
                f"the daemon at {self._url} answers something this version does not know",
                remedy="use the same version of syncd on both ends",
            ) from None


def _refusal(body: bytes) -> SyncdError:
    try:
        return exception(Problem.model_validate_json(body))
    except ValidationError:
        return UnreadableAnswer(
            "what answers there is not a syncd daemon", remedy="check the address of the control API"
        )
