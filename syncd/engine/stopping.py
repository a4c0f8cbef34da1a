"""The order to begin nothing more, and what it breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class Stop(asyncio.Event):
    """Set: begin nothing more. What must not be broken off looks at it; the rest runs ``unless_set``."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[asyncio.Task[Any]] = set()

    def set(self) -> None:
        super().set()
        for task in self._waiting:
            task.cancel()

    async def unless_set(self, work: Coroutine[Any, Any, None]) -> None:
        """Do that, or as much of it as there is time for: it is broken off wherever it waits just then."""
        task = asyncio.current_task()
        assert task is not None
        if self.is_set():
            work.close()
            return
        self._waiting.add(task)
        try:
            await work
            if self.is_set():
                await asyncio.sleep(0)  # set by the work itself: it strikes at the next wait, which is here
        except asyncio.CancelledError:
            if not self.is_set() or task.uncancel() > 0:
                raise  # somebody else wants it to end, too
        finally:
            self._waiting.discard(task)
