"""How every link stands, kept up to date by the process that runs them.

A run marks its link; once a second what was marked is looked at (a few counts by index), stored as one
line a link, and shown to who watches. So the fleet of ten thousand is read without counting anything.
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


@dataclass
class _Pending:
    links: dict[str, None] = field(default_factory=dict)
    """In the order they were marked."""
    cycles: list[CycleRow] = field(default_factory=list)


class Board:
    """``ran`` and ``touch`` never wait; ``run`` does the work."""

    def __init__(self, links: Mapping[str, Watched], database: Database, clock: Clock, feed: Feed) -> None:
        self._links = links
        self._database = database
        self._clock = clock
        self._feed = feed
        self._lines: dict[str, LinkLine] = {}
        self._runs: dict[str, Runs] = {}
        self._pending = _Pending()

    def failures(self, link: str) -> int:
        """Runs of it that failed in a row."""
        return self._runs.get(link, Runs()).failures

    def ran(
        self,
        link: str,
        started: datetime,
        trigger: str,
        ended: SyncReport | Exception,
        next_try_at: datetime | None = None,
    ) -> None:
        """A run of ``link`` came to its end."""
        now = self._clock.now()
        before = self._runs.get(link, Runs())
        self._runs[link] = runs_after(before, now, ended, next_try_at)
        cycle = cycle_row(link, started, (now - started).total_seconds(), trigger, ended)
        if cycle is not None:
            self._pending.cycles.append(cycle)
        self.touch(link)

    def touch(self, *links: str) -> None:
        """Something may have changed there; no link named: everywhere."""
        self._pending.links.update(dict.fromkeys(links or self._links))

    async def open(self) -> None:
        """Lines of before are shown until there are newer ones; a link without one gets its first."""
        await self._database.write(lambda c: board.forget_links(c, tuple(self._links)))
        self._lines = await self._database.scan(board.lines)
        for name, line in self._lines.items():
            self._runs[name] = Runs(
                line.last_cycle_at, line.last_success_at, "", line.failures, line.next_try_at
            )
        self.touch()

    async def run(self) -> None:
        """Until cancelled."""
        pruned = self._clock.now() - timedelta(days=1)
        while True:
            await self.flush()
            now = self._clock.now()
            if now - pruned >= timedelta(days=1):
                pruned = now
                old = partial(board.prune, cycles_before=now - _KEEP_CYCLES, hours_before=now - _KEEP_HOURS)
                await self._database.write(old)
            await self._clock.sleep(_EVERY_S)

    async def flush(self) -> None:
        """Look at all that is marked now."""
        while self._pending.links or self._pending.cycles:
            pending, self._pending = self._pending, _Pending()
            names = list(pending.links)
            self._pending.links.update(dict.fromkeys(names[_AT_ONCE:]))
            try:
                await self._keep(names[:_AT_ONCE], pending.cycles)
            except SyncdError as trouble:  # the disk is full, say: nothing here is worth stopping for
                log.warning("how links stand could not be stored", error=trouble.message)
                self._pending.links.update(pending.links)
                return

    async def _keep(self, names: Sequence[str], cycles: Sequence[CycleRow]) -> None:
        now = self._clock.now()
        changed = []
        for name in names:
            watched = self._links[name]
            found = await self._database.scan(
                partial(board.standing, link=name, connections=watched.connections)
            )
            line = line_of(watched, *found, self._runs.get(name, Runs()), self._lines.get(name), now)
            self._lines[name] = line
            changed.append(line)
        numbers = await self._database.write(lambda c: board.keep(c, changed, cycles))
        if self._feed.watched:
            since = now - lines.HOURS * board.HOUR
            sides = {side for line in changed for side in (line.left, line.right)}
            written, drifts, ends = await self._database.read(
                lambda c: (board.writes(c, names, since), board.open_drifts(c, sides), board.ends(c, sides))
            )
            beside = lines.Beside(drifts, ends)
            for line in changed:
                shown = lines.fleet_line(line, line.rank, now, lines.history(written[line.link], now), beside)
                self._feed.publish("link", shown, line.link)
            for number, cycle in zip(numbers, cycles, strict=True):
                self._feed.publish("cycle", lines.cycle_line(replace(cycle, id=number)), cycle.link)


# -- pure -----------------------------------------------------------------------------------------


def runs_after(before: Runs, now: datetime, ended: SyncReport | Exception, again: datetime | None) -> Runs:
    """Pure."""
    if isinstance(ended, Exception):
        words = ended.message if isinstance(ended, SyncdError) else type(ended).__name__
        return replace(
            before, last_cycle_at=now, error=words, failures=before.failures + 1, next_try_at=again
        )
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
