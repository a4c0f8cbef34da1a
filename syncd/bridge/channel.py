"""The hub's end of one connection: requests under way, across however many sockets it takes.

``Channel`` is a ``ports.BridgeChannel``. It outlives its sockets: what was under way when one
dropped is said again on the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog

from syncd.bridge import protocol
from syncd.bridge.protocol import Answer, Go, Message, Outcome, Part, Query, Ready, Release, Submit
from syncd.core.errors import FixInput, RenewCredentials, RetryLater, SyncdError, UnreadableAnswer

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Of every channel. Seconds and bytes."""

    query_s: float = 60.0
    """From handing a query over to its whole answer."""
    queue_s: float = 30.0
    """How long a submit may wait for its turn at the bridge; then it is withdrawn, not executed."""
    submit_s: float = 120.0
    """From the leave to execute to the whole answer; then its outcome is unknown."""
    heartbeat_s: float = 5.0
    """Between pings, both ways; a half-open socket is noticed in half as much again."""
    hello_s: float = 10.0
    queries: int = 8
    """Queries handed to one bridge at once; the others wait here."""
    max_rows: int = 100_000
    max_bytes: int = 64 * 1024 * 1024
    """Of one answer."""


@dataclass(slots=True, eq=False)
class _Call:
    """One request under way."""

    request: Query | Submit
    answer: asyncio.Future[bytes]
    granted: asyncio.Future[None]
    journal: str = ""
    """The outbox under which leave to execute was given."""
    header: Answer | None = None
    body: bytearray = field(default_factory=bytearray)

    @property
    def begun(self) -> bool:
        return self.granted.done()


class Channel:
    """See ``ports.BridgeChannel``. Besides the errors named there: ``FixInput`` for what a bridge will
    never execute (no SELECT, too large a document) and ``RenewCredentials``."""

    def __init__(self, connection: str, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._calls: dict[str, _Call] = {}
        self._slots = asyncio.Semaphore(limits.queries)
        self._post: Callable[[Message], None] | None = None
        self._journal = ""

    @property
    def connected(self) -> bool:
        return self._post is not None

    # -- what callers use ----------------------------------------------------------------------

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        request = Query(
            uuid4().hex, statement, dict(parameters), self._limits.max_rows, self._limits.max_bytes
        )
        async with self._slots:
            call = self._open(request)
            try:
                body = await self._answer(call, self._limits.query_s)
            finally:
                self._close(call)
        return await asyncio.to_thread(self._rows, body)

    async def submit(self, document: bytes) -> bytes:
        if len(document) > protocol.FRAME_BYTES // 2:
            raise FixInput(
                f"{self._connection}: a document of {len(document):,} bytes is too large for the bridge",
                remedy="send fewer records in one document",
            )
        call = self._open(Submit(uuid4().hex, document))
        try:
            either: set[asyncio.Future[Any]] = {call.granted, call.answer}
            await asyncio.wait(either, timeout=self._limits.queue_s, return_when=asyncio.FIRST_COMPLETED)
            if not call.begun and not call.answer.done():
                raise RetryLater(
                    f"{self._connection}: the bridge did not get to the document within "
                    f"{self._limits.queue_s:g} s; it was withdrawn and not executed",
                    remedy="see the bridge's log for what keeps it busy",
                )
            return await self._answer(call, self._limits.submit_s)
        finally:
            self._close(call)

    def _open(self, request: Query | Submit) -> _Call:
        if self._post is None:
            raise RetryLater(
                f"{self._connection}: no bridge is connected",
                remedy="start `syncd bridge` on the ERP's server, or see its log",
            )
        loop = asyncio.get_running_loop()
        call = _Call(request, loop.create_future(), loop.create_future())
        self._calls[request.id] = call
        self._post(request)
        return call

    def _close(self, call: _Call) -> None:
        """The caller has its answer, or wants none any more: either way the bridge may forget it."""
        del self._calls[call.request.id]
        if not call.answer.cancel() and not call.answer.cancelled():
            call.answer.exception()  # read, also where the caller was cancelled before it could
        call.granted.cancel()
        self._say(Release(call.request.id))

    async def _answer(self, call: _Call, timeout_s: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_s):
                return await call.answer
        except TimeoutError:
            raise UnreadableAnswer(
                f"{self._connection}: handed to the bridge, and no answer within {timeout_s:g} s",
                remedy="see the bridge's log on the ERP's server",
            ) from None

    def _rows(self, body: bytes) -> Sequence[Mapping[str, Any]]:
        try:
            return protocol.rows(body)
        except ValueError:
            raise UnreadableAnswer(f"{self._connection}: the bridge's rows cannot be read") from None

    # -- what the hub's socket uses ------------------------------------------------------------

    def attach(self, post: Callable[[Message], None], journal: str) -> None:
        """A bridge is here. Everything under way is said again: a known id is not executed again.

        A submit that was begun under another outbox is not said again: this bridge could not know
        that it was begun.
        """
        self._post, self._journal = post, journal
        for call in list(self._calls.values()):
            if call.begun and call.journal != journal:
                _fail(
                    call,
                    UnreadableAnswer(
                        f"{self._connection}: handed to a bridge that was replaced before it answered"
                    ),
                )
            else:
                post(call.request)

    def detach(self, post: Callable[[Message], None]) -> None:
        """That socket is gone. Callers go on waiting within their time: the bridge dials again."""
        if self._post == post:  # bound methods: equal, not identical
            self._post = None

    def heard(self, message: Ready | Answer | Part) -> None:
        """One message of the bridge."""
        call = self._calls.get(message.id)
        if call is None:
            # asked for by a daemon that is gone, or withdrawn meanwhile; parts follow their answer
            if not isinstance(message, Part):
                self._say(Release(message.id))
        elif isinstance(message, Ready):
            self._grant(call, message)
        elif isinstance(message, Answer):
            self._begin_answer(call, message)
        else:
            self._add(call, message)

    def _say(self, message: Message) -> None:
        if self._post is not None:
            self._post(message)

    def _grant(self, call: _Call, ready: Ready) -> None:
        call.journal = self._journal
        if not call.granted.done():
            call.granted.set_result(None)
        self._say(Go(ready.id, ready.turn))

    def _begin_answer(self, call: _Call, answer: Answer) -> None:
        call.header, call.body = answer, bytearray()
        if answer.outcome is not Outcome.DONE:
            _fail(call, self._error(answer))
        elif not 0 <= answer.size <= self._limits.max_bytes:
            _fail(call, UnreadableAnswer(f"{self._connection}: the bridge's answer is larger than asked for"))
        elif answer.size == 0:
            _finish(call)

    def _add(self, call: _Call, part: Part) -> None:
        header = call.header
        if header is None or part.offset != len(call.body) or part.offset + len(part.data) > header.size:
            _fail(call, UnreadableAnswer(f"{self._connection}: the bridge's answer came in the wrong order"))
            return
        call.body += part.data
        if len(call.body) == header.size:
            _finish(call)

    def _error(self, answer: Answer) -> SyncdError:
        words = f"{self._connection}: {answer.message}"
        match answer.outcome:
            case Outcome.RETRY:
                return RetryLater(words, after_s=answer.after_s, remedy=answer.remedy)
            case Outcome.REFUSED:
                return FixInput(words, remedy=answer.remedy)
            case Outcome.CREDENTIALS:
                return RenewCredentials(words, remedy=answer.remedy)
            case _:
                return UnreadableAnswer(words, remedy=answer.remedy)


def _finish(call: _Call) -> None:
    if not call.answer.done():
        call.answer.set_result(bytes(call.body))


def _fail(call: _Call, error: SyncdError) -> None:
    if not call.answer.done():
        call.answer.set_exception(error)
