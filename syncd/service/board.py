"""How every link stands, kept up to date by whoever runs it.

A run marks its link; once a second what was marked is looked at (a few counts by index), stored as one
line a link, and shown to who watches. So the fleet of ten thousand is read without counting anything. Where
several processes run links, each keeps the lines of its own runs; one that people watch follows them all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from pydantic import TypeAdapter

from syncd.api.models import FlowReport, FlowStatus, Health, HoldView, Progress, SendResult, SyncReport
from syncd.api.operator import Operator
from syncd.core.errors import SyncdError
from syncd.core.model import Side
from syncd.engine import views
from syncd.engine.setup import LinkSetup
from syncd.ports import Clock, FlowLine, HoldRow
from syncd.ports.desk import CycleRow, LinkLine
from syncd.service import lines
from syncd.service.events import Feed
from syncd.store import board
from syncd.store.database import Database

log = structlog.get_logger(__name__)

RANKS: Final = {health: rank for rank, health in enumerate(Health)}
"""0: well. ``Health`` stands in that order."""
LATE: Final = RANKS[Health.LATE]
_AT_ONCE: Final = 200
"""Links looked at in one go: other scans get their turn in between."""
_EVERY_S: Final = 1.0
_LATE_INTERVALS: Final = 2.5
_KEEP_CYCLES: Final = timedelta(days=30)
_KEEP_HOURS: Final = timedelta(days=8)

_reports: Final = TypeAdapter(list[FlowReport])


@dataclass(frozen=True, slots=True)
class Watched:
    """One link of the board."""

    setup: LinkSetup
    customer: str
    interval: Callable[[], float]
    """Seconds between two scheduled runs, at this time of the day."""

    @property
    def connections(self) -> tuple[str, str]:
        return self.setup.ends[Side.LEFT].connection, self.setup.ends[Side.RIGHT].connection


@dataclass(frozen=True, slots=True)
class Runs:
    """What is known of a link's runs."""

    last_cycle_at: datetime | None = None
    last_success_at: datetime | None = None
    error: str = ""
    """Of a run that failed as a whole."""
    failures: int = 0
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """One that ended and is not on the board yet."""

    started: datetime
    ended_at: datetime
    trigger: str
    ended: SyncReport | Exception


@dataclass
class _Pending:
    links: dict[str, list[_Run]] = field(default_factory=dict)
    """In the order they were marked."""


class Board:
    """``ran`` and ``touch`` never wait; ``run`` does the work. ``pause``: how long a link is left alone after
    so many failures in a row. ``follow``: others run links, too."""

    def __init__(
        self,
        links: Mapping[str, Watched],
        database: Database,
        clock: Clock,
        feed: Feed,
        *,
        pause: Callable[[int], float],
        follow: bool = False,
    ) -> None:
        self._links = links
        self._database = database
        self._clock = clock
        self._feed = feed
        self._pause = pause
        self._follow = follow
        self._shown: tuple[datetime, int] | None = None
        """How far the lines (by time) and runs (by number) of all processes were shown."""
        self._pending = _Pending()

    def ran(self, link: str, started: datetime, trigger: str, ended: SyncReport | Exception) -> None:
        """A run of ``link`` came to its end."""
        run = _Run(started, self._clock.now(), trigger, ended)
        self._pending.links.setdefault(link, []).append(run)

    def touch(self, *links: str) -> None:
        """Something may have changed there; no link named: everywhere."""
        for link in links or self._links:
            self._pending.links.setdefault(link, [])

    async def open(self) -> None:
        """Lines of before are shown until there are newer ones; a link without one gets its first."""
        await self._database.write(lambda c: board.forget_links(c, tuple(self._links)))
        self.touch()

    async def run(self) -> None:
        """Until cancelled."""
        pruned = self._clock.now() - timedelta(days=1)
        while True:
            await self.flush()
            if self._follow:
                await self._show_others()
            now = self._clock.now()
            if now - pruned >= timedelta(days=1):
                pruned = now
                old = partial(board.prune, cycles_before=now - _KEEP_CYCLES, hours_before=now - _KEEP_HOURS)
                await self._database.write(old)
            await self._clock.sleep(_EVERY_S)

    async def flush(self) -> None:
        """Look at all that is marked now."""
        while self._pending.links:
            names = list(self._pending.links)[:_AT_ONCE]
            taken = {name: self._pending.links.pop(name) for name in names}
            try:
                await self._keep(taken)
            except SyncdError as trouble:  # the disk is full, say: nothing here is worth stopping for
                log.warning("how links stand could not be stored", error=trouble.message)
                for name, runs in taken.items():
                    self._pending.links[name] = runs + self._pending.links.get(name, [])
                return

    async def _keep(self, taken: Mapping[str, Sequence[_Run]]) -> None:
        now, names = self._clock.now(), list(taken)
        known = await self._database.scan(partial(board.lines, links=names))
        changed, cycles = [], []
        for name, ended in taken.items():
            watched, before = self._links[name], known.get(name)
            found = await self._database.scan(
                partial(board.standing, link=name, connections=watched.connections)
            )
            runs = runs_of(before)
            for one in ended:
                runs = runs_after(runs, one.ended_at, one.ended, self._pause)
                seconds = (one.ended_at - one.started).total_seconds()
                cycle = cycle_row(name, one.started, seconds, one.trigger, one.ended)
                cycles += [] if cycle is None else [cycle]
            changed.append(line_of(watched, *found, runs, before, now))
        numbers = await self._database.write(lambda c: board.keep(c, changed, cycles))
        if not self._follow:
            await self._show(changed, [replace(c, id=n) for n, c in zip(numbers, cycles, strict=True)])

    async def _show_others(self) -> None:
        """What changed since the last look, whoever changed it."""
        if not self._feed.watched:
            self._shown = None
            return
        if self._shown is None:
            self._shown = await self._database.scan(board.newest)
            return
        since, last = self._shown
        lines_, cycles = await self._database.scan(lambda c: board.newer(c, since, last))
        await self._show(lines_, cycles)
        self._shown = (
            max((line.updated_at for line in lines_), default=since),
            max((cycle.id for cycle in cycles), default=last),
        )

    async def _show(self, changed: Sequence[LinkLine], cycles: Sequence[CycleRow]) -> None:
        if not self._feed.watched:
            return
        now = self._clock.now()
        since = now - lines.HOURS * board.HOUR
        names = [line.link for line in changed]
        sides = {side for line in changed for side in (line.left, line.right)}
        written, drifts, ends = await self._database.read(
            lambda c: (board.writes(c, names, since), board.open_drifts(c, sides), board.ends(c, sides))
        )
        beside = lines.Beside(drifts, ends)
        for line in changed:
            shown = lines.fleet_line(line, line.rank, now, lines.history(written[line.link], now), beside)
            self._feed.publish("link", shown, line.link)
        for cycle in cycles:
            self._feed.publish("cycle", lines.cycle_line(cycle), cycle.link)


# -- pure -----------------------------------------------------------------------------------------


def runs_of(line: LinkLine | None) -> Runs:
    """What was known of a link's runs when its line was kept. Pure."""
    if line is None:
        return Runs()
    error = line.last_error if line.failures else ""
    return Runs(line.last_cycle_at, line.last_success_at, error, line.failures, line.next_try_at)


def runs_after(
    before: Runs, now: datetime, ended: SyncReport | Exception, pause: Callable[[int], float]
) -> Runs:
    """Pure."""
    if isinstance(ended, Exception):
        words = ended.message if isinstance(ended, SyncdError) else type(ended).__name__
        failures = before.failures + 1
        again = now + timedelta(seconds=pause(failures))
        return replace(before, last_cycle_at=now, error=words, failures=failures, next_try_at=again)
    failed = any(flow.error for flow in ended.flows)
    return Runs(last_cycle_at=now, last_success_at=before.last_success_at if failed else now)


_IDLE = FlowReport(flow="").model_dump(exclude={"flow", "read"})


def cycle_row(
    link: str, started: datetime, seconds: float, trigger: str, ended: SyncReport | Exception
) -> CycleRow | None:
    """What is worth remembering of a run; None where it found nothing to do. Pure."""
    if isinstance(ended, Exception):
        words = ended.message if isinstance(ended, SyncdError) else type(ended).__name__
        return CycleRow(link, started, seconds, trigger, "[]", 0, words)
    did = [flow for flow in ended.flows if flow.model_dump(exclude={"flow", "read"}) != _IDLE]
    if not did and not ended.trips:
        return None
    error = next((flow.error for flow in did if flow.error), "") or next((t.message for t in ended.trips), "")
    written = sum(flow.created + flow.updated + flow.actions for flow in did)
    return CycleRow(link, started, seconds, trigger, _reports.dump_json(did).decode(), written, error)


def line_of(
    watched: Watched,
    flows: Sequence[FlowLine],
    holds: Sequence[HoldRow],
    errors: Mapping[tuple[str, str], str],
    runs: Runs,
    before: LinkLine | None,
    now: datetime,
) -> LinkLine:
    """Pure."""
    setup, interval = watched.setup, watched.interval()
    status = views.link_status(setup, flows, holds, errors, now, interval)
    health = Health.ERROR if runs.failures else status.health
    due = [flow.oldest_due_at for flow in status.flows if flow.oldest_due_at is not None]
    oldest = min(due, default=None)
    changed = before is None or before.health != health.value
    words = runs.error or next((flow.last_error for flow in status.flows if flow.last_error), "")
    left, right = watched.connections
    return LinkLine(
        link=setup.name,
        customer=watched.customer,
        left=left,
        right=right,
        health=health.value,
        rank=RANKS[health],
        since=now if changed or before is None else before.since,
        late_at=late_at(oldest, runs.last_success_at, interval),
        backlog=_sum(status.flows, "due"),
        oldest_due_at=oldest,
        in_flight=_sum(status.flows, "in_flight"),
        uncertain=_sum(status.flows, "uncertain"),
        waiting=_sum(status.flows, "waiting"),
        conflicts=_sum(status.flows, "conflicts"),
        quarantined=_sum(status.flows, "quarantined"),
        held=_sum(status.flows, "held"),
        holds=len(holds),
        last_cycle_at=runs.last_cycle_at,
        last_success_at=runs.last_success_at,
        last_error=words or next((error for error in errors.values() if error), ""),
        failures=runs.failures,
        next_try_at=runs.next_try_at,
        updated_at=now,
    )


def _sum(flows: Sequence[FlowStatus], name: str) -> int:
    return sum(getattr(flow, name) for flow in flows)


def late_at(oldest_due: datetime | None, last_success: datetime | None, interval_s: float) -> datetime | None:
    """When a link is late if nothing happens until then; None before its first run. Pure."""
    known = [at for at in (oldest_due, last_success) if at is not None]
    return min(known) + timedelta(seconds=_LATE_INTERVALS * interval_s) if known else None


# -- what people do by hand -----------------------------------------------------------------------


class Noticing:
    """Stands in front of the ``Operator``: what is done by hand shows on the board at once."""

    def __init__(self, operator: Operator, board: Board, clock: Clock) -> None:
        self._operator = operator
        self._board = board
        self._clock = clock

    async def sync(
        self, link: str | None = None, flow: str | None = None, actor: str = ""
    ) -> AsyncIterator[Progress | SyncReport]:
        started = self._clock.now()
        async for line in self._operator.sync(link, flow, actor):
            if isinstance(line, SyncReport):
                self._board.ran(line.link, started, "person", line)
            yield line

    async def send(self, link: str, entity: str, number: str, actor: str = "") -> SendResult:
        sent = await self._operator.send(link, entity, number, actor)
        self._board.touch(link)
        return sent

    async def hold(self, scope: str, reason: str, actor: str = "") -> HoldView:
        held = await self._operator.hold(scope, reason, actor)
        self._board.touch()
        return held
