"""Many writes in one request, where a platform takes them so (OData's ``$batch`` and its kin).

The engine sends intents one by one and several at once; those that come within a moment of each other
travel together. Each gets the outcome of its own part: a batch may be carried out in part.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from syncd.core.outcome import ErrorClass, Retry, Unknown
from syncd.http import Answer
from syncd.rest.dialect import Call

Part = Answer | Retry | Unknown
Send = Callable[[Sequence[Call]], Awaitable[Sequence[Part]]]
"""Sends calls as one request, once. One part for each call in order, or one alone for all of them: the
request as a whole was refused, lost or throttled."""


class Batch:
    """Gathers calls for ``wait_s`` seconds or until there are ``size``, then sends them together."""

    def __init__(self, send: Send, *, size: int, wait_s: float = 0.0) -> None:
        self._send = send
        self._size = size
        self._wait_s = wait_s
        self._waiting: list[tuple[Call, asyncio.Future[Part]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, call: Call) -> Part:
        """One call's own part of whatever request it travels in."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Part] = loop.create_future()
        self._waiting.append((call, answered))
        if len(self._waiting) >= self._size:
            self._leave()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait_s, self._leave)
        # whoever waits may be cancelled; what was gathered leaves all the same, for the others
        return await asyncio.shield(answered)

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._waiting:
            self._leave()
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        leaving, self._waiting = self._waiting, []
        if leaving:
            task = asyncio.ensure_future(self._carry(leaving))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _carry(self, leaving: Sequence[tuple[Call, asyncio.Future[Part]]]) -> None:
        try:
            parts = await self._send([call for call, _ in leaving])
        except BaseException as error:
            for _, answered in leaving:
                if not answered.done():
                    answered.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, answered), part in zip(leaving, each(parts, len(leaving)), strict=True):
            if not answered.done():
                answered.set_result(part)


def each(parts: Sequence[Part], count: int) -> Sequence[Part]:
    """One part for each of ``count`` calls. What the answer does not account for is unknown."""
    if len(parts) == count:
        return parts
    if len(parts) == 1:
        return [parts[0]] * count
    return [Unknown(ErrorClass.PARSE, "the batch's answer does not account for every part")] * count
