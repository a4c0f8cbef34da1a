"""Live views: what has just changed, to whoever watches, as server-sent events.

Each watcher has a bounded queue of its own; one that does not keep up is let go, and nobody waits
for it. The last events are kept, so that who comes back goes on where it was; who was away for too
long is told to read anew (``reset``).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from pydantic import BaseModel

KEPT: Final = 2_000
"""Events kept for who comes back."""
QUEUE: Final = 1_000
"""Events a watcher may be behind."""
WATCHERS: Final = 64
QUIET_S: Final = 15.0
"""After so long without an event a comment shows both ends that the other is still there."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event on the wire; without a kind it is a comment."""

    kind: str = ""
    ident: str = ""
    data: str = ""
    """JSON, on one line."""

    def encoded(self) -> bytes:
        if not self.kind:
            return b": still here\n\n"
        ident = f"id: {self.ident}\n" if self.ident else ""
        return f"{ident}event: {self.kind}\ndata: {self.data}\n\n".encode()


@dataclass(frozen=True, slots=True)
class _Event:
    number: int
    link: str
    frame: Frame


_END: Final = _Event(0, "", Frame())


class _Watcher:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[_Event] = asyncio.Queue(QUEUE)
        self.lost = asyncio.Event()


class Feed:
    """Publishing never waits and never fails."""

    def __init__(self) -> None:
        self._life = uuid4().hex[:8]
        """Event numbers of another process mean nothing here."""
        self._number = 0
        self._kept: deque[_Event] = deque(maxlen=KEPT)
        self._watchers: set[_Watcher] = set()

    @property
    def watched(self) -> bool:
        """Whether there is anybody to make events for."""
        return bool(self._watchers)

    def publish(self, kind: str, view: BaseModel, link: str = "") -> None:
        """``kind``: which view changed; ``link``: of which link, empty for what concerns all."""
        self._number += 1
        ident = f"{self._life}-{self._number}"
        event = _Event(self._number, link, Frame(kind, ident, view.model_dump_json()))
        self._kept.append(event)
        for watcher in list(self._watchers):
            try:
                watcher.queue.put_nowait(event)
            except asyncio.QueueFull:
                watcher.lost.set()
                self._watchers.discard(watcher)

    def close(self) -> None:
        """Whoever watches is let go: the daemon ends, or begins anew."""
        for watcher in list(self._watchers):
            watcher.lost.set()
            with suppress(asyncio.QueueFull):  # then it finds out when it comes to the end of its queue
                watcher.queue.put_nowait(_END)
        self._watchers.clear()

    async def events(
        self, link: str | None = None, last_event_id: str | None = None
    ) -> AsyncGenerator[Frame, None]:
        """Ends where the watcher fell behind, or where there are too many of them."""
        if len(self._watchers) >= WATCHERS:
            return
        watcher = _Watcher()
        missed = self._missed(last_event_id)
        self._watchers.add(watcher)  # at once: nothing is published between the look back and this
        try:
            if missed is None:
                yield Frame("reset", f"{self._life}-{self._number}", "{}")
            else:
                yield Frame()  # headers and a first byte, so that the other end knows it is heard
            for event in missed or ():
                if _concerns(event, link):
                    yield event.frame
            while not watcher.lost.is_set():
                frame = Frame()
                with suppress(TimeoutError):
                    async with asyncio.timeout(QUIET_S):
                        event = await watcher.queue.get()
                        if event is _END:
                            return
                        if not _concerns(event, link):
                            continue
                        frame = event.frame
                yield frame
        finally:
            self._watchers.discard(watcher)

    def _missed(self, last: str | None) -> list[_Event] | None:
        """What was published after ``last``; None: that is not known any more. Nothing asked: nothing."""
        if last is None:
            return []
        life, _, number = last.partition("-")
        if life != self._life or not number.isdigit() or int(number) > self._number:
            return None
        after = int(number)
        oldest = self._kept[0].number if self._kept else self._number + 1
        if after < oldest - 1:
            return None
        return [event for event in self._kept if event.number > after]


def _concerns(event: _Event, link: str | None) -> bool:
    return link is None or event.link in ("", link)
