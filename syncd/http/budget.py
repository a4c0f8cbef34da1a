"""How much one connection may ask at once and per second, and how it slows down when told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final

from aiolimiter import AsyncLimiter

from syncd.http.sharing import SharedPlaces
from syncd.ports import Clock

_STREAK: Final = 20
"""So many answers in a row without a complaint give one place back."""
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``requests`` in any ``per_s`` seconds."""

    requests: float
    per_s: float = 1.0


class Budget:
    """``async with budget:`` around every request of a connection. ``shared``: where other processes use the
    same connection; the rate is counted there then. A request that is repeated because its login had ended
    counts as one.

    A 429 pauses the whole connection and halves its concurrency; a streak of good answers gives
    it back one place at a time.
    """

    def __init__(
        self, *, concurrency: int, rate: Rate | None, clock: Clock, shared: SharedPlaces | None = None
    ) -> None:
        self._most = concurrency
        self._allowed = concurrency
        self._places = concurrency
        """Places in circulation, free or taken; sinks to ``_allowed`` as requests end."""
        self._free = asyncio.Semaphore(concurrency)
        self._shared = shared
        self._limiter = AsyncLimiter(rate.requests, rate.per_s) if rate and shared is None else None
        self._clock = clock
        self._opens: datetime | None = None
        self._complaints = 0
        self._streak = 0

    @property
    def concurrency(self) -> int:
        """Requests allowed at once now; less than configured while the platform is throttling."""
        return self._allowed

    @property
    def pause_s(self) -> float:
        """Seconds until the platform wants to hear from us again; 0 if now."""
        if self._opens is None:
            return 0.0
        left = (self._opens - self._clock.now()).total_seconds()
        if left <= 0.0:
            self._opens = None
        return max(0.0, left)

    def throttled(self, after_s: float | None) -> None:
        """The platform answered 429; ``after_s`` is what it asked for."""
        self._streak = 0
        if self.pause_s == 0.0:
            # requests that were under way together complain together: one step down, not many
            self._allowed = max(1, self._allowed // 2)
            self._complaints += 1
        if after_s is None:
            after_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (self._complaints - 1))
        self.spent(timedelta(seconds=after_s))

    def spent(self, pause: timedelta) -> None:
        """The platform says that its quota is used up, and for how long: it need not say so with a 429."""
        opens = self._clock.now() + pause
        self._opens = opens if self._opens is None else max(self._opens, opens)
        if self._shared is not None:
            self._shared.close_for(pause)

    def served(self) -> None:
        """The platform answered without complaint."""
        if self._allowed == self._most and not self._complaints:
            return
        self._streak += 1
        if self._streak < _STREAK:
            return
        self._streak = 0
        self._complaints = 0
        if self._allowed < self._most:
            self._allowed += 1
            if self._places < self._allowed:
                self._places += 1
                self._free.release()

    async def __aenter__(self) -> None:
        await self._free.acquire()
        try:
            while pause := self.pause_s:
                await self._clock.sleep(pause)
            if self._limiter is not None:
                await self._limiter.acquire()
            if self._shared is not None:
                await self._shared.enter()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shared is not None:
            self._shared.leave()
        self._leave()

    def _leave(self) -> None:
        if self._places > self._allowed:
            self._places -= 1
        else:
            self._free.release()
