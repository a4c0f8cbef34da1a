"""Whose a link is: leases with epochs, and the question "still ours?" that is asked before the wire.

A lease ends by the database's clock. Its epoch rises whenever the link changes hands; every transaction of a
run checks it, so that who lost the link cannot write a line. The remote ledger cannot be fenced: there
the question, asked last before a write leaves, keeps the gap as narrow as one process can.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Protocol


class ToOneself(Protocol):
    """Have a link to oneself while the block runs; an ``asyncio.Lock`` where one process owns everything."""

    def locked(self) -> bool:
        """Whether somebody in this process has it."""
        ...

    async def __aenter__(self) -> None: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


StillOurs = Callable[[], None]
"""Raises ``Fenced`` once it is not certain any more."""

STILL_OURS: Final[ContextVar[StillOurs]] = ContextVar("syncd_still_ours", default=lambda: None)
"""Of the run that the current task belongs to; where one process owns everything, it always is."""


def must_still_be_ours() -> None:
    """For who is about to send a write. Raises ``Fenced``."""
    STILL_OURS.get()()
