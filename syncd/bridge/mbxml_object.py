"""The product's licensed object, as one Protocol, and the short sessions we hold with it.

The call order is the one seen in public code (the product's developer documents are for its
partners): SetDataSource, IntializeAPI (spelled so), EnableRequests, IsApplicationAllowed,
IsValidUser, GetExclusiveAccess, submitXML, and back. Integer results: 0 is good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, TypeVarTuple

import structlog

from syncd.core.errors import RenewCredentials, RetryLater, SyncdError, UnreadableAnswer

log = structlog.get_logger(__name__)

T = TypeVar("T")
Args = TypeVarTuple("Args")


class MbxmlObject(Protocol):
    """The product's ``IMBXML``. Belongs to the thread that made it."""

    def SetDataSource(self, source: str) -> int: ...  # noqa: N802
    def IntializeAPI(self) -> int: ...  # noqa: N802
    def EnableRequests(self) -> int: ...  # noqa: N802
    def IsApplicationAllowed(self, user: str, password: str) -> int: ...  # noqa: N802
    def IsValidUser(self, company: str, user: str, password: str) -> int: ...  # noqa: N802
    def GetExclusiveAccess(self, company: str, user: str, password: str) -> int: ...  # noqa: N802
    def submitXML(self, xml: str, password: str) -> str: ...  # noqa: N802
    def ReleaseExclusiveAccess(self) -> int: ...  # noqa: N802
    def DisableRequests(self) -> int: ...  # noqa: N802
    def DeIntializeAPI(self) -> int: ...  # noqa: N802


@dataclass(frozen=True, slots=True)
class Login:
    """Who opens a session, and on what."""

    data_source: str
    company: str
    user: str
    password: str = field(repr=False)
    exclusive: bool = False
    """Demand exclusive access for the session; while we have it, nobody else can work."""


class LedgerSession:
    """One session at a time, in a thread of its own (a COM apartment), open only while there is work:
    every session uses a licence that a person may be waiting for."""

    def __init__(self, make: Callable[[], MbxmlObject], login: Login) -> None:
        self._make = make
        self._login = login
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mbxml")
        self._object: MbxmlObject | None = None
        self._steps = ExitStack()

    async def open(self) -> None:
        """Raises ``RetryLater`` or ``RenewCredentials``; nothing was executed then. Open already: nothing."""
        await self._run(self._open)

    async def submit(self, document: bytes) -> bytes:
        """The answer document. Raises ``UnreadableAnswer``: carried out or not, nobody knows."""
        return await self._run(self._submit, document)

    async def close(self) -> None:
        """Gives the licence back."""
        await self._run(self._close)

    async def stop(self) -> None:
        """Closes the session and ends the thread."""
        await self.close()
        self._thread.shutdown(wait=False)

    async def _run(self, call: Callable[[*Args], T], *args: *Args) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)

    def _open(self) -> None:
        if self._object is not None:
            return
        try:
            self._object = self._steps_in(self._make())
        except SyncdError:
            self._close()
            raise
        except Exception as trouble:
            # COM raises its own classes, which do not exist on this side of the Protocol
            self._close()
            raise RetryLater(f"the product's object cannot be used ({type(trouble).__name__})") from trouble

    def _steps_in(self, thing: MbxmlObject) -> MbxmlObject:
        """Every step in order; what was entered is left in reverse by ``_close``."""
        who = self._login
        _good(thing.SetDataSource(who.data_source), "SetDataSource", "check the data source's name")
        _good(thing.IntializeAPI(), "IntializeAPI", "is a licence free, and the product installed here?")
        self._steps.callback(thing.DeIntializeAPI)
        _good(thing.EnableRequests(), "EnableRequests", "is a licence free?")
        self._steps.callback(thing.DisableRequests)
        _allowed(thing.IsApplicationAllowed(who.user, who.password), "this application")
        _allowed(thing.IsValidUser(who.company, who.user, who.password), f"user {who.user} in {who.company}")
        if who.exclusive:
            _good(
                thing.GetExclusiveAccess(who.company, who.user, who.password),
                "GetExclusiveAccess",
                "other users are in the company; it is tried again",
            )
            self._steps.callback(thing.ReleaseExclusiveAccess)
        return thing

    def _submit(self, document: bytes) -> bytes:
        if self._object is None:
            raise RetryLater("the session with the product ended before the document was handed over")
        try:
            return self._object.submitXML(document.decode(), self._login.password).encode()
        except Exception as trouble:
            # whatever it was, the document had been handed over
            self._close()
            raise UnreadableAnswer(
                f"the product's object failed while it had the document ({type(trouble).__name__})"
            ) from trouble

    def _close(self) -> None:
        steps, self._steps, self._object = self._steps, ExitStack(), None
        try:
            steps.close()
        except Exception as trouble:
            # the session is over either way; the next one starts from a new object
            log.warning("the product's session did not close cleanly", trouble=type(trouble).__name__)


def _good(result: int, step: str, remedy: str) -> None:
    if result != 0:
        raise RetryLater(
            f"the product's object refused {step} (result {result})", after_s=15.0, remedy=remedy
        )


def _allowed(result: int, what: str) -> None:
    if result != 0:
        raise RenewCredentials(
            f"the product does not allow {what} (result {result})",
            remedy="the user must be in the security group named API, with rights to save",
        )
