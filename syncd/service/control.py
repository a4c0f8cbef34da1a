"""The control API: every method of the ``Operator`` under ``/api/v1``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeVar, cast
from uuid import uuid4

import structlog
from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from syncd.api import requests
from syncd.api.errors import Problem, problem
from syncd.api.models import Life, Progress, QuarantineItem, SyncReport
from syncd.api.operator import Operator
from syncd.api.requests import Asked
from syncd.core.errors import FixInput, SyncdError
from syncd.service.access import HOLDER, Handler, Route, Scope
from syncd.service.answers import unexpected

log = structlog.get_logger(__name__)

_A = TypeVar("_A", bound=Asked)

STALLED_S: Final = 10.0
"""A client that takes no line for so long is dropped: a run must not wait for who watches it."""

_lives: Final = TypeAdapter(Sequence[Life])
_items: Final = TypeAdapter(Sequence[QuarantineItem])


class Control:
    """Handlers over one operator."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def routes(self) -> tuple[Route, ...]:
        def get(path: str, asked: type[_A], answer: Callable[[_A], Coroutine[Any, Any, bytes]]) -> Route:
            return Route("GET", f"/api/v1/{path}", Scope.READ, _answering(asked, answer))

        def post(path: str, asked: type[_A], answer: Callable[[_A], Coroutine[Any, Any, bytes]]) -> Route:
            return Route("POST", f"/api/v1/{path}", Scope.OPERATE, _answering(asked, answer))

        return (
            get("status", requests.OfLink, self._status),
            get("plan", requests.Plan, self._plan),
            get("explain", requests.Explain, self._explain),
            get("quarantine", requests.OfLink, self._quarantine),
            post("send", requests.Send, self._send),
            post("quarantine/retry", requests.Retry, self._retry),
            post("quarantine/skip", requests.Skip, self._skip),
            post("hold", requests.Hold, self._hold),
            post("release", requests.Release, self._release),
            Route("POST", "/api/v1/sync", Scope.OPERATE, self._sync),
        )

    async def _status(self, asked: requests.OfLink) -> bytes:
        return _json(await self._operator.status(asked.link))

    async def _plan(self, asked: requests.Plan) -> bytes:
        return _json(await self._operator.plan(asked.link, asked.flow, asked.limit))

    async def _explain(self, asked: requests.Explain) -> bytes:
        return _lives.dump_json(await self._operator.explain(asked.entity, asked.ident, asked.link))

    async def _quarantine(self, asked: requests.OfLink) -> bytes:
        return _items.dump_json(await self._operator.quarantine(asked.link))

    async def _send(self, asked: requests.Send) -> bytes:
        return _json(await self._operator.send(asked.link, asked.entity, asked.number, asked.actor))

    async def _retry(self, asked: requests.Retry) -> bytes:
        return _json(await self._operator.quarantine_retry(asked.ids, asked.actor))

    async def _skip(self, asked: requests.Skip) -> bytes:
        return _json(await self._operator.quarantine_skip(asked.ids, asked.reason, asked.actor))

    async def _hold(self, asked: requests.Hold) -> bytes:
        return _json(await self._operator.hold(asked.scope, asked.reason, asked.actor))

    async def _release(self, asked: requests.Release) -> bytes:
        return _json(await self._operator.release(asked.ids, asked.actor))

    async def _sync(self, request: web.Request) -> web.StreamResponse:
        """One JSON document a line as the run goes on; the last is a report, or a ``Problem``.

        The status is still that of an error where the run fails before it begins. A client that goes
        away ends the run at its next step: a run is as safe to end there as anywhere.
        """
        asked = await _asked(request, requests.Sync)
        run = self._operator.sync(asked.link, asked.flow, asked.actor)
        async with aclosing(cast("AsyncGenerator[Progress | SyncReport, None]", run)) as lines:
            first = await anext(lines, None)
            answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await answer.prepare(request)
            try:
                if first is not None:
                    await _line(answer, first)
                async for line in lines:
                    await _line(answer, line)
            except (ConnectionResetError, TimeoutError):
                log.info("who watched this run is gone", link=asked.link)
                return answer
            except SyncdError as error:
                await _line(answer, problem(error, uuid4().hex)[1])
            except Exception as trouble:
                await _line(answer, unexpected(trouble, "/api/v1/sync"))
        await answer.write_eof()
        return answer


def _answering(asked: type[_A], answer: Callable[[_A], Coroutine[Any, Any, bytes]]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.Response(body=await answer(await _asked(request, asked)), content_type="application/json")

    return handle


async def _asked(request: web.Request, model: type[_A]) -> _A:
    """What was asked, by query or by JSON body; the actor is never without the token's holder."""
    try:
        if request.method == "GET":
            return model.model_validate(dict(request.query))
        asked = model.model_validate_json(await request.read() or b"{}")
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        raise FixInput(f"{field}: {first['msg']}" if field else first["msg"]) from None
    return asked.model_copy(update={"actor": _actor(getattr(asked, "actor", ""), request[HOLDER].name)})


def _actor(claimed: str, holder: str) -> str:
    """For the audit: a caller may say who it is, its token says through whom."""
    return f"{claimed} via {holder}" if claimed else holder


def _json(view: BaseModel) -> bytes:
    return view.model_dump_json().encode()


async def _line(answer: web.StreamResponse, line: Progress | SyncReport | Problem) -> None:
    async with asyncio.timeout(STALLED_S):
        await answer.write(_json(line) + b"\n")
