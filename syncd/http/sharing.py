"""A connection's places and tokens, where other processes use the same connection."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final

from syncd.core.errors import RetryLater, SyncdError
from syncd.ports import Clock
from syncd.ports.allowance import Allowance, Limits

_AGAIN_S: Final = 1.0
"""While nobody can say what is free."""


class SharedPlaces:
    """``async with`` around every request. However many wait here, one transaction at a time asks for all of
    them, and gives back what they have done with."""

    def __init__(self, allowance: Allowance, connection: str, limits: Limits, clock: Clock) -> None:
        self._allowance = allowance
        self._connection = connection
        self._limits = limits
        self._clock = clock
        self._waiting: list[asyncio.Future[None]] = []
        self._done = 0
        self._pause = timedelta()
        self._asking: asyncio.Task[None] | None = None
        self._ending = False

    async def enter(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._ask()
        try:
            await future
        except BaseException:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.leave()  # granted to one who is gone
            raise

    def leave(self) -> None:
        self._done += 1
        self._ask()

    def close_for(self, pause: timedelta) -> None:
        """The platform wants to be left alone, by every process. Told with the next request for places."""
        self._pause = max(pause, self._pause)
        self._ask()

    async def finished(self) -> None:
        """Everything has been given back, or cannot be just now."""
        self._ending = True
        while self._asking is not None and not self._asking.done():
            await asyncio.wait({self._asking})

    def _ask(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._keep_asking(), name=f"places-{self._connection}")

    async def _keep_asking(self) -> None:
        while True:
            self._waiting = [one for one in self._waiting if not one.done()]
            wanted, done, pause = len(self._waiting), self._done, self._pause
            if not (wanted or done or pause):
                return
            try:
                if pause:
                    await self._allowance.close_for(self._connection, pause)
                    self._pause = timedelta()
                granted = await self._allowance.take(self._connection, self._limits, wanted, done)
            except SyncdError as error:
                self._refuse(error)
                if self._ending:
                    return  # what was done with ends with this process
                # tried again though nobody waits here: until it is given back, it is nobody's
                await self._clock.sleep(_AGAIN_S)
                continue
            self._done -= done
            self._hand_out(granted.places)
            if self._waiting and granted.places < wanted:
                await self._clock.sleep(granted.again_s)

    def _hand_out(self, places: int) -> None:
        while places:
            if not self._waiting:
                self._done += places  # those who asked are gone
                return
            future = self._waiting.pop(0)
            if not future.done():
                future.set_result(None)
                places -= 1

    def _refuse(self, error: SyncdError) -> None:
        """Nobody knows whether there is room: nothing is sent."""
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                words = f"{self._connection}: nobody can say whether it may be asked now: {error.message}"
                future.set_exception(RetryLater(words, remedy=error.remedy))
