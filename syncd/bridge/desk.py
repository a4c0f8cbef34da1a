"""Where requests become work: each is executed at most once, and its answer is kept until released.

``Desk`` knows nothing of sockets: whoever has one attaches a ``Post``, and everything that waits
for the hub is said again on it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, Protocol

import structlog

from syncd import __version__
from syncd.bridge import protocol
from syncd.bridge.outbox import REPEATED, Kept, Outbox
from syncd.bridge.protocol import Answer, Go, Hello, Message, Outcome, Query, Ready, Release, Submit
from syncd.core.errors import FixInput, RenewCredentials, RetryLater, SyncdError

log = structlog.get_logger(__name__)

LEAVE_S: Final = 5.0
"""A leave to execute that took longer than this is stale: it is asked for again."""

Post = Callable[[Message, bytes], None]
"""Puts a message, and the body that follows an ``Answer``, on the wire; never waits."""


class Reads(Protocol):
    """Blocking; see ``database.Database``."""

    def read(
        self, statement: str, parameters: Mapping[str, Any], max_rows: int, max_bytes: int, /
    ) -> bytes: ...


class Ledger(Protocol):
    """See ``mbxml_object.LedgerSession``."""

    async def open(self) -> None: ...
    async def submit(self, document: bytes) -> bytes: ...
    async def close(self) -> None: ...


class Desk:
    """``database`` and ``ledger``: None where this bridge does not do that."""

    def __init__(self, database: Reads | None, ledger: Ledger | None, outbox: Outbox) -> None:
        self._database = database
        self._ledger = ledger
        self._outbox = outbox
        self._journal = ""
        self._post: Post | None = None
        self._answers: dict[str, tuple[Answer, bytes]] = {}
        """Not released yet."""
        self._said: set[str] = set()
        """Answers that are on this socket already: one asked for again is not sent twice."""
        self._on_disk: set[str] = set()
        """Every submit that was ever begun."""
        self._waiting: dict[str, bytes] = {}
        """Submits whose turn has not come, oldest first."""
        self._running: set[str] = set()
        self._unwanted: set[str] = set()
        """Running, and released already: nobody waits for the answer."""
        self._turn = 0
        self._leave = 0
        """The turn the hub gave leave for last."""
        self._moved = asyncio.Event()
        """Something happened that the submit loop may be waiting for."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Loads what an earlier process left. Raises what ``Outbox.open`` raises."""
        memory = await self._outbox.open()
        self._journal = memory.journal
        self._on_disk.update(memory.released, memory.unreleased)
        for ident, kept in memory.unreleased.items():
            self._keep(ident, kept)

    @property
    def hello(self) -> Hello:
        able = self._database is not None, self._ledger is not None
        return Hello(protocol.PROTOCOL, __version__, self._journal, *able)

    # -- the wire ------------------------------------------------------------------------------

    def attach(self, post: Post) -> None:
        """The hub has welcomed us on a new socket: answers it never acknowledged leave again."""
        self._post = post
        self._said.clear()
        for ident in self._answers:
            self._deliver(ident)
        self._moved.set()

    def detach(self) -> None:
        self._post = None
        self._moved.set()

    def heard(self, message: Query | Submit | Go | Release) -> None:
        match message:
            case Go(turn=turn):
                self._leave = turn
                self._moved.set()
            case Release(id=ident):
                self._release(ident)
            case Query(id=ident) | Submit(id=ident) if ident in self._answers:
                self._deliver(ident)
            case Query(id=ident) | Submit(id=ident) if ident in self._running or ident in self._waiting:
                pass  # said again because a socket dropped; its answer will come
            case Query():
                self._start(self._query(message))
            case Submit(id=ident) if ident in self._on_disk:
                self._keep(ident, REPEATED)
            case Submit(id=ident, document=document):
                self._waiting[ident] = document
                self._moved.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- answers -------------------------------------------------------------------------------

    def _keep(self, ident: str, kept: Kept) -> None:
        """The answer is known: say it, and hold it until the hub releases it."""
        self._running.discard(ident)
        if ident in self._unwanted:
            self._unwanted.discard(ident)
            self._forget(ident)
            return
        answer = Answer(ident, kept.outcome, len(kept.body), kept.message, kept.remedy, kept.after_s)
        self._answers[ident] = (answer, kept.body)
        self._deliver(ident)

    def _deliver(self, ident: str) -> None:
        if self._post is not None and ident not in self._said:
            self._said.add(ident)
            self._post(*self._answers[ident])

    def _release(self, ident: str) -> None:
        if self._answers.pop(ident, None) is not None:
            self._said.discard(ident)
            self._forget(ident)
        elif ident in self._running:
            self._unwanted.add(ident)
        elif self._waiting.pop(ident, None) is not None:
            self._moved.set()

    def _forget(self, ident: str) -> None:
        if ident in self._on_disk:
            self._start(self._outbox.release(ident))

    # -- work ----------------------------------------------------------------------------------

    async def _query(self, query: Query) -> None:
        self._running.add(query.id)
        if self._database is None:
            kept = Kept(Outcome.REFUSED, "this bridge reads no database", remedy="set sql_url")
        else:
            try:
                body = await asyncio.to_thread(
                    self._database.read, query.statement, query.parameters, query.max_rows, query.max_bytes
                )
                kept = Kept(Outcome.DONE, body=body)
            except SyncdError as error:
                kept = _refusal(error, otherwise=Outcome.FAILED)
            except Exception as trouble:
                # a driver's own surprise: the caller must hear of it, but not in its words (values)
                log.error("a read failed", request=query.id, trouble=type(trouble).__name__)
                kept = Kept(Outcome.FAILED, f"the read failed in the bridge ({type(trouble).__name__})")
        self._keep(query.id, kept)

    async def run(self) -> None:
        """Executes submits, one after the other, until cancelled."""
        while True:
            ident = next(iter(self._waiting), None)
            if ident is None:
                await self._move()
            elif self._ledger is None:
                del self._waiting[ident]
                self._keep(ident, Kept(Outcome.REFUSED, "this bridge submits nothing", remedy="set object"))
            else:
                await self._submit(ident, self._ledger)
                if not self._waiting:
                    await self._ledger.close()

    async def drain(self) -> None:
        """Waits until nothing runs any more (threads cannot be cut short, and a submit must not be);
        what waits for its turn stays unexecuted."""
        self._post = None
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _move(self) -> None:
        await self._moved.wait()
        self._moved.clear()

    async def _submit(self, ident: str, ledger: Ledger) -> None:
        """One submit: the session first (it can take long), then leave, then the document."""
        if self._post is None:
            await ledger.close()  # no licence is held while the hub is away
            await self._move()
            return
        try:
            await ledger.open()
        except SyncdError as error:
            if self._waiting.pop(ident, None) is not None:
                self._keep(ident, _refusal(error, otherwise=Outcome.RETRY))
            return
        if not await self._leave_to(ident):
            return
        document = self._waiting.pop(ident)
        self._running.add(ident)
        # in a task of its own: it is never cut short by the end of the loop that started it
        execution = asyncio.create_task(self._execute(ident, document, ledger))
        self._tasks.add(execution)
        execution.add_done_callback(self._tasks.discard)
        await asyncio.shield(execution)

    async def _leave_to(self, ident: str) -> bool:
        """Whether the hub still wants it now."""
        self._turn += 1
        self._leave = 0  # leave counts only if it was given after it was asked for
        self._moved.clear()
        asked = asyncio.get_running_loop().time()
        if self._post is not None:
            self._post(Ready(ident, self._turn), b"")
        try:
            async with asyncio.timeout(LEAVE_S):
                while self._leave != self._turn and ident in self._waiting and self._post is not None:
                    await self._move()
        except TimeoutError:
            return False
        fresh = asyncio.get_running_loop().time() - asked <= LEAVE_S
        return fresh and self._leave == self._turn and ident in self._waiting

    async def _execute(self, ident: str, document: bytes, ledger: Ledger) -> None:
        try:
            await self._outbox.begin(ident)
        except sqlite3.Error as trouble:
            log.error("the outbox cannot be written", trouble=str(trouble))
            self._keep(
                ident, Kept(Outcome.RETRY, "the bridge's outbox cannot be written; nothing was executed")
            )
            return
        self._on_disk.add(ident)
        try:
            kept = Kept(Outcome.DONE, body=await ledger.submit(document))
        except SyncdError as error:
            kept = _refusal(error, otherwise=Outcome.UNKNOWN)
        try:
            await self._outbox.finish(ident, kept)
        except sqlite3.Error as trouble:
            # the answer is good all the same; only a restart before it is fetched makes it "unknown"
            log.error("the outbox cannot be written", trouble=str(trouble))
        log.info("document submitted", request=ident, outcome=kept.outcome.value)
        self._keep(ident, kept)


def _refusal(error: SyncdError, *, otherwise: Outcome) -> Kept:
    match error:
        case RetryLater():
            return Kept(Outcome.RETRY, error.message, remedy=error.remedy, after_s=error.after_s)
        case FixInput():
            return Kept(Outcome.REFUSED, error.message, remedy=error.remedy)
        case RenewCredentials():
            return Kept(Outcome.CREDENTIALS, error.message, remedy=error.remedy)
        case _:
            return Kept(otherwise, error.message, remedy=error.remedy)
