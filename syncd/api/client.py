"""The ``Operator`` of a running daemon, through its control API."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, StreamReader
from pydantic import TypeAdapter, ValidationError

from syncd.api import endpoints, requests
from syncd.api.conflicts import (
    Choice,
    ConflictList,
    ConflictPage,
    ConflictView,
    OneConflict,
    Resolve,
    ResolveAll,
    Resolved,
    Sided,
)
from syncd.api.drift import DriftEdit, DriftView
from syncd.api.endpoint import PREFIX, A, Endpoint, T
from syncd.api.errors import Problem, exception
from syncd.api.fleet import Tested
from syncd.api.keys import KeyCreated, KeyView
from syncd.api.models import (
    Done,
    HeldItem,
    HoldView,
    Life,
    MatchItem,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
)
from syncd.api.reconcile import Reconcile, ReconcileReport
from syncd.api.requests import Grantable
from syncd.api.upkeep import Erased
from syncd.core.errors import DaemonUnreachable, SyncdError, UnreadableAnswer
from syncd.secrets.reference import Secret

_problem: Final = TypeAdapter(Problem)


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

    async def call(self, endpoint: Endpoint[A, T], asked: A) -> T:
        """Any call of ``api.endpoints`` whose answer is one document."""
        try:
            async with self._request(endpoint, asked, total=self._timeout.total) as response:
                body = await response.read()
        except (ClientError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from None
        if response.status != 200:
            raise _refusal(body)
        return self._read(body, endpoint.answer)

    async def events(
        self, link: str | None = None, last_event_id: str | None = None
    ) -> AsyncGenerator[LiveEvent, None]:
        """What changes, as it does, until the daemon ends it (it stops, or we were too slow): come back
        with the ``id`` of the last one. ``reset``: what was shown is out of date, read it anew."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        try:
            async with self._request(
                endpoints.EVENTS, requests.OfLink(link=link), total=None, headers=headers
            ) as answer:
                if answer.status != 200:
                    raise _refusal(await answer.read())
                async for fields in _frames(answer.content):
                    if "event" in fields:
                        yield LiveEvent(fields["event"], fields.get("id", ""), fields.get("data", "{}"))
        except (ClientError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from None

    # -- the ``Operator``

    async def status(self, link: str | None = None) -> Status:
        return await self.call(endpoints.STATUS, requests.OfLink(link=link))

    async def plan(self, link: str, flow: str | None = None, limit: int = 200) -> PlanView:
        return await self.call(endpoints.PLAN, requests.Plan(link=link, flow=flow, limit=limit))

    async def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        asked = requests.Sync(link=link, flow=flow, actor=actor)
        async with aclosing(self._lines(endpoints.SYNC, asked)) as lines:
            async for line in lines:
                yield line

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        asked = requests.Send(link=link, entity=entity, number=number, actor=actor)
        return await self.call(endpoints.SEND, asked)

    async def explain(self, entity: str, ident: str, link: str | None = None) -> Sequence[Life]:
        asked = requests.Explain(entity=entity, ident=ident, link=link)
        return await self.call(endpoints.EXPLAIN, asked)

    async def quarantine(self, link: str | None = None) -> Sequence[QuarantineItem]:
        return await self.call(endpoints.QUARANTINE, requests.OfLink(link=link))

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done:
        return await self.call(endpoints.QUARANTINE_RETRY, requests.Retry(ids=list(ids), actor=actor))

    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done:
        asked = requests.Skip(ids=list(ids), reason=reason, actor=actor)
        return await self.call(endpoints.QUARANTINE_SKIP, asked)

    async def matches(
        self, link: str | None = None, flow: str | None = None, limit: int = 200
    ) -> Sequence[MatchItem]:
        return await self.call(endpoints.MATCHES, requests.Matches(link=link, flow=flow, limit=limit))

    async def match_accept(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        return await self.call(endpoints.MATCH_ACCEPT, requests.Choices(choices=list(choices), actor=actor))

    async def match_reject(self, choices: Sequence[tuple[int, str]], actor: str = "") -> Done:
        return await self.call(endpoints.MATCH_REJECT, requests.Choices(choices=list(choices), actor=actor))

    async def held(self, link: str | None = None) -> Sequence[HeldItem]:
        return await self.call(endpoints.HELD, requests.OfLink(link=link))

    async def held_show(self, ident: int) -> HeldItem:
        return await self.call(endpoints.HELD_SHOW, requests.Held(ident=ident))

    async def held_settle(self, ident: int, key: str | None, actor: str = "") -> Done:
        return await self.call(endpoints.HELD_SETTLE, requests.Settle(ident=ident, key=key, actor=actor))

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        return await self.call(endpoints.HOLD, requests.Hold(scope=scope, reason=reason, actor=actor))

    async def release(self, ids: Sequence[int], actor: str = "") -> Done:
        return await self.call(endpoints.RELEASE, requests.Release(ids=list(ids), actor=actor))

    # -- ``Drifts``

    async def drifts(self, everything: bool = False) -> Sequence[DriftView]:
        return await self.call(endpoints.DRIFTS, requests.EveryDrift(everything=everything))

    async def drift(self, ident: int) -> DriftView:
        return await self.call(endpoints.DRIFT, requests.OneDrift(ident=ident))

    async def drift_edit(self, ident: int) -> DriftEdit:
        return await self.call(endpoints.DRIFT_EDIT, requests.OneDrift(ident=ident))

    async def drift_ack(self, ident: int, reason: str, hours: int = 24, actor: str = "") -> Done:
        asked = requests.DriftAck(ident=ident, reason=reason, hours=hours, actor=actor)
        return await self.call(endpoints.DRIFT_ACK, asked)

    async def drift_accept(self, ident: int, reason: str, actor: str = "") -> Done:
        asked = requests.DriftDecided(ident=ident, reason=reason, actor=actor)
        return await self.call(endpoints.DRIFT_ACCEPT, asked)

    async def drift_ignore(self, ident: int, reason: str, actor: str = "") -> Done:
        asked = requests.DriftDecided(ident=ident, reason=reason, actor=actor)
        return await self.call(endpoints.DRIFT_IGNORE, asked)

    async def drift_revert(self, ident: int, reason: str, actor: str = "") -> Done:
        asked = requests.DriftDecided(ident=ident, reason=reason, actor=actor)
        return await self.call(endpoints.DRIFT_REVERT, asked)

    async def _lines(self, endpoint: Endpoint[A, T], asked: A) -> AsyncGenerator[T, None]:
        """One document a line; a ``Problem`` is raised."""
        try:
            async with self._request(endpoint, asked, total=None) as answer:
                if answer.status != 200:
                    raise _refusal(await answer.read())
                async for text in answer.content:
                    try:
                        yield endpoint.answer.validate_json(text)
                    except ValidationError:
                        raise exception(self._read(text, _problem)) from None
        except (ClientError, OSError, TimeoutError) as trouble:
            raise self._unreachable(trouble) from None

    # -- the ``Decisions``

    async def conflicts(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> ConflictPage:
        asked = ConflictList(link=link, flow=flow, field=field, why=why, limit=limit, after=after)
        return await self.call(endpoints.CONFLICTS, asked)

    async def conflict(self, ident: int) -> ConflictView:
        return await self.call(endpoints.CONFLICT, OneConflict(ident=ident))

    async def conflicts_resolve(self, choices: Sequence[Choice], actor: str = "") -> Resolved:
        return await self.call(endpoints.CONFLICTS_RESOLVE, Resolve(choices=list(choices), actor=actor))

    async def conflicts_resolve_all(
        self,
        link: str | None = None,
        flow: str | None = None,
        field: str | None = None,
        why: str | None = None,
        take: Sided = "left",
        expect: int | None = None,
        dry_run: bool = False,
        actor: str = "",
    ) -> Resolved:
        asked = ResolveAll(
            link=link, flow=flow, field=field, why=why, take=take, expect=expect, dry_run=dry_run, actor=actor
        )
        return await self.call(endpoints.CONFLICTS_RESOLVE_ALL, asked)

    async def reconcile(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | ReconcileReport]:
        asked = Reconcile(link=link, flow=flow, actor=actor)
        async with aclosing(self._lines(endpoints.RECONCILE, asked)) as lines:
            async for line in lines:
                yield line

    # -- the ``Keys``

    async def connection_test(self, connection: str, actor: str = "") -> Tested:
        asked = requests.ConnectionTest(connection=connection, actor=actor)
        return await self.call(endpoints.CONNECTION_TEST, asked)

    async def connection_revoke(self, connection: str, actor: str = "") -> Done:
        asked = requests.ConnectionRevoke(connection=connection, actor=actor)
        return await self.call(endpoints.CONNECTION_REVOKE, asked)

    async def erase(
        self, names: Sequence[str], dry_run: bool = False, abandon_writes: bool = False, actor: str = ""
    ) -> Erased:
        asked = requests.Erase(names=list(names), dry_run=dry_run, abandon_writes=abandon_writes, actor=actor)
        return await self.call(endpoints.ERASE, asked)

    async def tokens(self) -> Sequence[KeyView]:
        return await self.call(endpoints.TOKENS, requests.Nothing())

    async def token_create(
        self, name: str, scopes: Sequence[Grantable], days: int | None = None, actor: str = ""
    ) -> KeyCreated:
        asked = requests.TokenCreate(name=name, scopes=list(scopes), days=days, actor=actor)
        return await self.call(endpoints.TOKEN_CREATE, asked)

    async def token_revoke(self, name: str, actor: str = "") -> Done:
        return await self.call(endpoints.TOKEN_REVOKE, requests.TokenRevoke(name=name, actor=actor))

    def _request(
        self,
        endpoint: Endpoint[A, T],
        asked: A,
        *,
        total: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> AbstractAsyncContextManager[ClientResponse]:
        """Redirects are never followed: the token is for this daemon only."""
        if self._session is None:
            raise DaemonUnreachable("the client is not open", remedy="use it in an `async with` block")
        said = asked.model_dump(mode="json", exclude_none=True)
        get = endpoint.method == "GET"
        return self._session.request(
            endpoint.method,
            f"{self._url}{PREFIX}{endpoint.path}",
            params={name: _plain(value) for name, value in said.items()} if get else None,
            json=None if get else said,
            headers=headers,
            ssl=self._tls or True,
            allow_redirects=False,
            timeout=ClientTimeout(total=total, sock_connect=self._timeout.sock_connect),
        )

    def _unreachable(self, trouble: Exception) -> DaemonUnreachable:
        return DaemonUnreachable(
            f"the daemon at {self._url} does not answer ({type(trouble).__name__})",
            remedy="start it with `syncd run`; if it was at work, look with `syncd explain` before repeating",
        )

    def _read(self, body: bytes, kind: TypeAdapter[T]) -> T:
        try:
            return kind.validate_json(body)
        except ValidationError:
            raise UnreadableAnswer(
                f"the daemon at {self._url} answers something this version does not know",
                remedy="use the same version of syncd on both ends",
            ) from None


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something changed. ``data``: the view that ``kind`` names, as JSON."""

    kind: str
    id: str
    data: str


async def _frames(content: StreamReader) -> AsyncIterator[Mapping[str, str]]:
    """Server-sent events, field by field; comments come as frames without fields."""
    fields: dict[str, str] = {}
    async for raw in content:
        line = raw.decode().rstrip("\r\n")
        if not line:
            yield fields
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


def _plain(value: object) -> str:
    """A query parameter as pydantic reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusal(body: bytes) -> SyncdError:
    try:
        return exception(Problem.model_validate_json(body))
    except ValidationError:
        return UnreadableAnswer(
            "what answers there is not a syncd daemon", remedy="check the address of the control API"
        )
