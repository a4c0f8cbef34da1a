"""The control API: the calls of ``api.endpoints``, each answered by the object that has its method."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final
from uuid import uuid4

import structlog
from aiohttp import web
from pydantic import ValidationError

from syncd.api.endpoint import PREFIX, Endpoint, Form
from syncd.api.endpoints import ENDPOINTS
from syncd.api.errors import Problem, problem
from syncd.api.requests import Asked, WhoAmI
from syncd.core.errors import FixInput, SyncdError
from syncd.service import audited
from syncd.service.access import HOLDER, Handler, Route, Token
from syncd.service.answers import unexpected
from syncd.service.audited import Audit
from syncd.service.events import Frame

log = structlog.get_logger(__name__)

STALLED_S: Final = 10.0
"""A client that takes no line for so long is dropped: a run must not wait for who watches it."""

Call = Endpoint[Asked, object]


def answerers(answering: Sequence[object], endpoints: Iterable[Call] = ENDPOINTS) -> dict[str, Any]:
    """Name -> the method that answers; the first object that has one. A call that nobody here answers is
    not served (another composition does)."""
    return {
        call.name: getattr(one, call.name)
        for call in endpoints
        for one in reversed(answering)
        if hasattr(one, call.name)
    }


def routes(answering: Sequence[object], audit: Audit) -> tuple[Route, ...]:
    """One route for each call that ``answering`` have a method for."""
    found = answerers(answering)
    return tuple(
        Route(call.method, PREFIX + call.path, call.scope, _Answer(call, found[call.name], audit).handler())
        for call in ENDPOINTS
        if call.name in found
    )


class _Answer:
    """One call, from its request to its answer."""

    def __init__(self, call: Call, method: Callable[..., Any], audit: Audit) -> None:
        self._call = call
        self._method = method
        self._audit = audit

    def handler(self) -> Handler:
        forms: dict[Form, Handler] = {
            Form.DOCUMENT: self._document,
            Form.LINES: self._lines,
            Form.EVENTS: self._events,
        }
        answer = forms[self._call.form]
        return self._audited(answer) if self._call.acts else answer

    def _audited(self, answer: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            asked = await self._asked(request)
            done = audited.asked(self._call, asked.model_dump(mode="json"), request[HOLDER].name)
            await self._audit(done)
            try:
                return await answer(request)
            except SyncdError as error:
                await self._audit(audited.failed(done, error))
                raise

        return handle

    async def _asked(self, request: web.Request) -> Asked:
        """What was asked, by query or by JSON body; the actor is never without the token's holder."""
        model = self._call.asked
        try:
            if self._call.method == "GET":
                asked = model.model_validate(_query(request))
            else:
                asked = model.model_validate_json(await request.read() or b"{}", strict=True)
        except ValidationError as wrong:
            first = wrong.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(step) for step in first["loc"])
            raise FixInput(f"{field}: {first['msg']}" if field else first["msg"]) from None
        return _held_by(asked, request[HOLDER])

    async def _document(self, request: web.Request) -> web.StreamResponse:
        view = await self._method(**_fields(await self._asked(request)))
        return web.Response(body=self._call.answer.dump_json(view), content_type=Form.DOCUMENT.value)

    async def _lines(self, request: web.Request) -> web.StreamResponse:
        """The status is still that of an error where the run fails before it begins. A client that goes
        away ends the run at its next step: a run is as safe to end there as anywhere.
        """
        asked = await self._asked(request)
        run: AsyncGenerator[object, None] = self._method(**_fields(asked))
        async with aclosing(run) as lines:
            first = await anext(lines, None)
            answer = web.StreamResponse(headers={"Content-Type": Form.LINES.value})
            await answer.prepare(request)
            try:
                if first is not None:
                    await _write(answer, self._line(first))
                async for line in lines:
                    await _write(answer, self._line(line))
            except (ConnectionResetError, TimeoutError):
                log.info("who watched this run is gone", call=self._call.name)
                return answer
            except SyncdError as error:
                await _write(answer, _problem_line(problem(error, uuid4().hex)[1]))
            except Exception as trouble:
                await _write(answer, _problem_line(unexpected(trouble, PREFIX + self._call.path)))
        await answer.write_eof()
        return answer

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Until the client leaves, or is too slow to be worth waiting for: it comes back and says how far
        it was (``Last-Event-ID``)."""
        asked = await self._asked(request)
        frames: AsyncGenerator[Frame, None] = self._method(
            **_fields(asked), last_event_id=request.headers.get("Last-Event-ID")
        )
        answer = web.StreamResponse(
            headers={
                "Content-Type": Form.EVENTS.value,
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        async with aclosing(frames) as events:
            await answer.prepare(request)
            try:
                async for frame in events:
                    await _write(answer, frame.encoded())
            except (ConnectionResetError, TimeoutError):
                log.info("who watched the events is gone", holder=request[HOLDER].name)
        return answer

    def _line(self, document: object) -> bytes:
        return self._call.answer.dump_json(document) + b"\n"


def _query(request: web.Request) -> dict[str, Any]:
    """Raises ``FixInput`` for a name given twice: one of the two would be quietly without effect."""
    twice = [name for name in request.query if len(request.query.getall(name)) > 1]
    if twice:
        raise FixInput(f"{twice[0]}: given more than once")
    return dict(request.query)


def _held_by(asked: Asked, holder: Token) -> Asked:
    """What was asked, in the name of the token's holder."""
    if isinstance(asked, WhoAmI):
        return WhoAmI(holder=holder.name, scopes=tuple(sorted(holder.scopes)))
    if "actor" not in type(asked).model_fields:
        return asked
    return asked.model_copy(update={"actor": _actor(getattr(asked, "actor", ""), holder.name)})


def _fields(asked: Asked) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in type(asked).model_fields}


def _actor(claimed: str, holder: str) -> str:
    """For the audit: a caller may say who it is, its token says through whom."""
    return f"{claimed} via {holder}" if claimed else holder


def _problem_line(found: Problem) -> bytes:
    return found.model_dump_json().encode() + b"\n"


async def _write(answer: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(STALLED_S):
        await answer.write(data)
