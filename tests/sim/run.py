"""One seed: a world is drawn, people and faults have their day, then it grows quiet and is judged."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from random import Random
from typing import Any

import structlog

from syncd.connectors.memory import FIELD, LEDGER
from syncd.engine import flow_run
from tests.sim.checker import Checker
from tests.sim.database import Memory
from tests.sim.day import Day
from tests.sim.faults import Mischief
from tests.sim.loop import SimClock, SimLoop, Stuck
from tests.sim.machine import Machine
from tests.sim.people import Staff
from tests.sim.platform import AdversarialPlatform
from tests.sim.settings import Settings, draw
from tests.sim.truth import LEFT, RIGHT, Truth

_QUIET_CYCLES = 3
"""After the last settle time, no cycle beyond this many may write."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed came to."""

    seed: int
    violations: tuple[str, ...]
    fired: Counter[str]
    trace: str
    """Equal for equal seeds: what reached the disk and the platforms, in order."""
    steps: int
    cycles: int
    writes: int
    log: tuple[str, ...] = ()


class World:
    """Everything of one seed."""

    def __init__(
        self, seed: int, memory: Memory, *, tell: bool = False, settings: Settings | None = None
    ) -> None:
        root = Random(seed)
        self.settings = settings or draw(Random(root.random()))
        self.memory = memory
        memory.reset()
        self.loop = SimLoop(Random(root.random()))
        self.clock = SimClock(self.loop, Random(root.random()), self.settings.latency_s)
        self.fired: Counter[str] = Counter()
        self.truth = Truth()
        self.log: list[str] = []
        self._tell = tell
        self._digest = blake2b(digest_size=8)
        self.mischief = Mischief(
            Random(root.random()),
            self.settings.write_rate,
            self.settings.read_rate,
            self.settings.late_s,
            self.fired,
        )
        self.checker = Checker(self.truth, memory.driver, self.settings.expected, self.fired, self.loop.time)
        self.platforms = {
            side: AdversarialPlatform(
                side, shape, self.clock, self.settings.behaviours[side], self.mischief, Noting(self)
            )
            for side, shape in ((LEFT, FIELD), (RIGHT, LEDGER))
        }
        self.checker.platforms = self.platforms
        self.checker.limits.budget = self.settings.budget
        if any(behaviour.skew_s for behaviour in self.settings.behaviours.values()):
            self.fired["clock_skew"] += 1
        self.machine = Machine(
            self.loop,
            self.clock,
            memory,
            self.platforms,
            self.settings,
            Random(root.random()),
            self.committed,
            self.fired,
        )
        self.random = Random(root.random())
        self.haste = Random(root.random())
        self.day = Day(self)
        self.staff = Staff(
            self.random,
            self.truth,
            self.platforms,
            self.day.announce,
            self.checker.limits.undone,
            self.loop.time,
            self.settings.wordy,
        )

    def note(self, what: str) -> None:
        """One line of the trace."""
        line = f"{self.loop.time():10.3f} {what}"
        self._digest.update(line.encode())
        if self._tell:
            self.log.append(line)

    def committed(self, script: Any) -> None:
        name = script.__qualname__.split(".")[1]
        self.note(f"commit {name}")
        if name == "write_down":
            self.day.paperwork.in_haste("written down")
        if name == "page_seen":
            self.day.page_stored()
        if name == "cycle_done" and self.checker.first_synced == float("inf"):
            self.checker.notice_first_sync()

    def _crashed(self, error: str) -> None:
        self.checker.violated("converges", f"a cycle failed with a bug of ours: {error}")

    def play(self) -> Outcome:
        spoken: list[str] = []
        try:
            with _listening(spoken, self._crashed), _batches_of(self.settings.batch):
                try:
                    self.loop.run_until_complete(self._play())
                except Stuck as stuck:
                    self.checker.violated("converges", str(stuck))
        finally:
            process = self.machine.process
            cycles = process.cycles if process else 0
            errors = [*self.machine.errors, *(process.errors if process else ())]
            with _listening([], lambda _: None):  # what ends as it is buried has nothing more to say
                self.loop.bury()
        self.checker.judge_silence(self.memory.image(), "\n".join(spoken + errors))
        return Outcome(
            seed=-1,
            violations=tuple(dict.fromkeys(self.checker.violations)),
            fired=self.fired,
            trace=self._digest.hexdigest(),
            steps=self.loop.steps,
            cycles=cycles,
            writes=self.checker.writes(),
            log=tuple(self.log),
        )

    async def _play(self) -> None:
        await self.day.pass_by()
        await self._grow_quiet()
        self.checker.judge()

    async def _grow_quiet(self) -> None:
        """Faults and people have stopped: three cycles after the last settle time nothing is written."""
        machine = self.machine
        process = machine.process
        assert process is not None
        # what is postponed comes due by itself: a quarter of an hour is the longest that anything waits
        machine.interval_s = 1000.0
        process.wake()
        await self._cycles(_QUIET_CYCLES)
        before = self.checker.writes()
        machine.interval_s = 86_400.0
        await self._cycles(1)
        if (extra := self.checker.writes() - before) > 0:
            self.checker.violated("converges", f"{extra} writes though nothing had happened any more")

    async def _cycles(self, count: int) -> None:
        process = self.machine.process
        assert process is not None
        until = process.cycles + count
        for _ in range(count * 12):
            if process.cycles >= until:
                return
            if process.running.done():
                raise Stuck(f"the dispatcher ended: {process.running.exception()!r}")
            await asyncio.sleep(self.machine.interval_s / 4)
        self.checker.violated("converges", "its cycles fail though every fault has stopped")


class Noting:
    """Passes on to the checker what the platforms witness, and puts it into the trace."""

    def __init__(self, world: World) -> None:
        self._world = world

    def arrives(self, platform: AdversarialPlatform, command: Any) -> None:
        self._world.note(
            f"{platform.side} is asked to {command.operation} {command.entity} {command.reference}"
        )
        self._world.checker.arrives(platform, command)
        self._world.day.request_on_the_wire()

    def carried_out(
        self, platform: AdversarialPlatform, command: Any, key: str, before: Any, after: Any
    ) -> None:
        self._world.note(
            f"{platform.side} did {command.operation} {command.action} {command.entity} {key} {command.body}"
        )
        self._world.checker.carried_out(platform, command, key, before, after)
        if command.operation == "create" and command.entity == "invoice":
            self._world.day.paperwork.in_haste("carried out")
        self._world.day.announce_ours(platform.side, command.entity, key)

    def shown(self, platform: AdversarialPlatform, entity: str, key: str) -> None:
        self._world.note(f"{platform.side} showed {entity} {key}")
        self._world.checker.shown(platform, entity, key)
        self._world.day.was_shown(platform.side, entity, key)
        if entity == "invoice":
            self._world.day.paperwork.was_shown(platform.side, key)


@contextmanager
def _listening(spoken: list[str], crashed: Callable[[str], None]) -> Iterator[None]:
    """Whatever is logged meanwhile is kept here."""

    def keep(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Any:
        spoken.append(repr(event))
        if event.get("event") == "cycle crashed":
            crashed(_named_first(str(event.get("exception", ""))))
        raise structlog.DropEvent

    handler = _Keep(spoken)
    root = logging.getLogger()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, keep], cache_logger_on_first_use=False
    )
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        structlog.reset_defaults()


def _named_first(trace: str) -> str:
    """The end of a trace, after the error that it is of."""
    named = re.findall(r"^[\s|+-]*([\w.]+(?:Error|Exception|Stuck)\b.*)$", trace, re.MULTILINE)
    return "\n".join([*named[-1:], trace[-600:]])


@contextmanager
def _batches_of(pairs: int) -> Iterator[None]:
    """The engine decides so many pairs in one go meanwhile."""
    usual, flow_run.BATCH = flow_run.BATCH, pairs
    try:
        yield
    finally:
        flow_run.BATCH = usual


class _Keep(logging.Handler):
    def __init__(self, spoken: list[str]) -> None:
        super().__init__()
        self._spoken = spoken

    def emit(self, record: logging.LogRecord) -> None:
        self._spoken.append(record.getMessage())


_memory: Memory | None = None


def run(seed: int, *, tell: bool = False) -> Outcome:
    """Play one seed; the same seed always gives the same outcome, trace included."""
    global _memory  # noqa: PLW0603 (one a process: its engine has every statement compiled)
    _memory = _memory or Memory()
    world = World(seed, _memory, tell=tell)
    outcome = world.play()
    if outcome.violations:
        _memory = None  # what lay open on its disk may lie there still, on a page that was freed
    return Outcome(
        seed,
        outcome.violations,
        outcome.fired,
        outcome.trace,
        outcome.steps,
        outcome.cycles,
        outcome.writes,
        outcome.log,
    )
