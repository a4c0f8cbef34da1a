"""An event loop that owns time and order: the same seed gives the same run, step by step.

Whatever is ready runs in an order drawn from the seed; time passes only when nothing is ready. Tasks
belong to a *process*; a killed process is never resumed again, so its ``finally`` blocks do not run,
as nothing runs after ``kill -9``.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

OUTSIDE = 0
"""The process number of the world itself: people, platforms, whoever starts and kills processes."""
process: ContextVar[int] = ContextVar("process", default=OUTSIDE)

_TICK_S = 1e-6
"""How far every step moves the clock, so that no two steps happen at one moment."""
_EPOCH = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Stuck(Exception):
    """Nothing is ready and nothing ever will be, or it goes on without end."""


class _Task(asyncio.Task[Any]):
    """Of a set of tasks (a group's, which it cancels one after the other) the order is that of their hashes:
    by default of their addresses in memory, which no seed knows."""

    def __init__(self, number: int, coroutine: Coroutine[Any, Any, Any], **more: Any) -> None:
        self._number = number  # first: asyncio puts every new task into a set of its own
        super().__init__(coroutine, **more)

    def __hash__(self) -> int:
        return self._number


class SimLoop(asyncio.BaseEventLoop):
    """Runs one handle a step. ``steps_max`` bounds a run: a livelock must not look like a slow machine.

    A day takes twenty thousand steps, and sixty thousand more for every hour that the clock jumps.
    """

    def __init__(self, random: Random, *, shuffle: bool = True, steps_max: int = 300_000) -> None:
        super().__init__()
        self.steps = 0
        self.burying = False
        self.at_step: dict[int, Callable[[], None]] = {}
        """What is to happen right before that step."""
        self.before_step: Callable[[int], None] | None = None
        """Told of the process that owns each step (for enumerating them)."""
        self._random = random
        self._shuffle = shuffle
        self._steps_max = steps_max
        self._at_s = 0.0
        self._dead: set[int] = set()
        self._tasks: list[asyncio.Task[Any]] = []
        self._frozen: list[asyncio.Handle] = []
        self.set_task_factory(self._make_task)  # type: ignore[arg-type]  # it passes on whatever it gets

    # -- what asyncio asks of a loop

    def time(self) -> float:
        return self._at_s

    def _make_task(
        self, _loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **more: Any
    ) -> asyncio.Task[Any]:
        task = _Task(len(self._tasks), coroutine, loop=self, **more)
        self._tasks.append(task)  # kept: collecting a killed one would run its ``finally``
        return task

    def _write_to_self(self) -> None:
        """Nothing waits in a selector that would have to be woken."""

    def _run_once(self) -> None:
        ready: Any = self._ready  # type: ignore[attr-defined]
        due: Any = self._scheduled  # type: ignore[attr-defined]
        if not ready and due and due[0]._when > self._at_s:
            self._at_s = due[0]._when
        while due and due[0]._when <= self._at_s:
            handle = heapq.heappop(due)
            handle._scheduled = False
            ready.append(handle)
        if not ready:
            raise Stuck(f"nothing is left to run after {self.steps} steps")
        if self._shuffle and len(ready) > 1:
            ready.rotate(-self._random.randrange(len(ready)))
        handle = ready.popleft()
        owner = handle._context.get(process, OUTSIDE) if handle._context is not None else OUTSIDE
        if handle._cancelled or self._freeze(handle, owner):
            return
        self.steps += 1
        self._at_s += _TICK_S
        if self.steps > self._steps_max:
            raise Stuck(f"it does not come to rest within {self._steps_max} steps")
        if self.at_step and (happening := self.at_step.pop(self.steps, None)):
            happening()
            if self._freeze(handle, owner):
                return
        if self.before_step is not None:
            self.before_step(owner)
        handle._run()

    def _freeze(self, handle: asyncio.Handle, owner: int) -> bool:
        if owner in self._dead and not self.burying:
            self._frozen.append(handle)
            return True
        return False

    # -- processes

    def spawn(self, number: int, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start a task that belongs to process ``number``, as will all that it starts."""
        token = process.set(number)
        try:
            return self.create_task(coroutine)
        finally:
            process.reset(token)

    def kill(self, number: int) -> None:
        """Nothing of this process ever runs again."""
        self._dead.add(number)

    def is_dead(self) -> bool:
        """Whether the running step belongs to a killed process (only while it is buried)."""
        return process.get() in self._dead

    def bury(self) -> None:
        """After a run: end everything that was abandoned, without letting it touch the world."""
        self._dead.update(range(1, 1_000))
        self._dead.add(OUTSIDE)
        self.burying = True
        self.before_step = None
        self.at_step.clear()
        self._steps_max += 1_000_000
        self._ready.extend(self._frozen)  # type: ignore[attr-defined]
        for _ in range(20):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.wait(left, timeout=1.0))
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()  # looked at, so that nobody reports it as never retrieved
        self._tasks.clear()
        self._frozen.clear()
        self.close()


class SimClock:
    """``ports.Clock`` on a ``SimLoop``. A sleep of no length is a trip over the network: it takes a while."""

    def __init__(self, loop: SimLoop, random: Random, latency_s: float) -> None:
        self._loop = loop
        self._random = random
        self.latency_s = latency_s
        """The longest trip one way."""
        self._at_s, self._now = 0.0, _EPOCH

    def now(self) -> datetime:
        at_s = self._loop.time()
        if at_s != self._at_s:  # asked several times a step
            self._at_s, self._now = at_s, _EPOCH + timedelta(seconds=at_s)
        return self._now

    async def sleep(self, seconds: float) -> None:
        if self._loop.is_dead():
            raise asyncio.CancelledError
        if seconds == 0 and self.latency_s:
            # half of the trips are as good as instant
            seconds = max(self._random.uniform(-self.latency_s, self.latency_s), 0.0)
        await asyncio.sleep(seconds)
        if self._loop.is_dead():
            raise asyncio.CancelledError
