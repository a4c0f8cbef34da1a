"""Bulk work on refused records and single decisions: planned, taken back within a while or carried out,
whoever leaves.

What was refused when it was planned is what it is about; it is carried out in small pieces, and goes
on where it was after a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import orjson
import structlog
from pydantic import JsonValue

from syncd.api.fleet import JobView
from syncd.api.models import Done
from syncd.core.errors import FixInput, NothingMatched, SyncdError
from syncd.ports import Clock
from syncd.ports.desk import JobRow, Selection
from syncd.service import later, lines
from syncd.service.control import answerers
from syncd.service.events import Feed
from syncd.store import jobs, overview
from syncd.store.database import Database
from syncd.store.sealing import Keeper

log = structlog.get_logger(__name__)

RETRY: Final = "retry"
SKIP: Final = "skip"
PIECE: Final = 200
"""Records at once: holds and look-ups get their turn in between."""
_LOOK_EVERY_S: Final = 60.0


class Acting(Protocol):
    """Of the ``Operator``: what a job does to each piece."""

    async def quarantine_retry(self, ids: Sequence[int], actor: str = "") -> Done: ...
    async def quarantine_skip(self, ids: Sequence[int], reason: str, actor: str = "") -> Done: ...


class Jobs:
    """Plans, cancels and (``run``) carries out."""

    def __init__(
        self,
        database: Database,
        keeper: Callable[[], Keeper],
        clock: Clock,
        feed: Feed,
        acting: Acting,
        deciding: Sequence[object],
    ) -> None:
        """``deciding``: who answers the calls of ``later``."""
        self._database = database
        self._keeper = keeper
        self._clock = clock
        self._feed = feed
        self._acting = acting
        self._deciders = answerers(deciding, later.CALLS.values())
        self._news = asyncio.Event()

    async def bulk_retry(
        self,
        link: str | None = None,
        flow: str | None = None,
        code: str | None = None,
        field: str | None = None,
        ids: Sequence[int] | None = None,
        undo_s: float = 10.0,
        actor: str = "",
    ) -> JobView:
        """Raises ``NothingMatched`` where nothing refused fits."""
        return await self._plan(RETRY, Selection(link, flow, code, field, ids), "", undo_s, actor)

    async def bulk_skip(
        self,
        link: str | None = None,
        flow: str | None = None,
        code: str | None = None,
        field: str | None = None,
        ids: Sequence[int] | None = None,
        undo_s: float = 10.0,
        actor: str = "",
        reason: str = "",
    ) -> JobView:
        """Raises ``NothingMatched`` where nothing refused fits."""
        return await self._plan(SKIP, Selection(link, flow, code, field, ids), reason, undo_s, actor)

    async def later(
        self, call: str, asked: Mapping[str, JsonValue], undo_s: float = 10.0, actor: str = ""
    ) -> JobView:
        """Raises ``FixInput`` for what that call is not asked."""
        k = self._keeper()
        if call not in self._deciders:
            raise FixInput(f"nobody here answers {call}", remedy="monitor: {enabled: true} watches platforms")
        meant = later.checked(call, asked, actor)
        return await self._planned(k, call, later.kept(meant, k), "", undo_s, actor, later.size(meant))

    async def _plan(self, kind: str, chosen: Selection, reason: str, undo_s: float, actor: str) -> JobView:
        k = self._keeper()
        total = await self._database.scan(lambda c: overview.refused_count(c, k, chosen))
        if not total:
            raise NothingMatched("no refused record fits", remedy="`syncd quarantine list` shows them")
        return await self._planned(k, kind, written(chosen, k.now), reason, undo_s, actor, total)

    async def _planned(
        self, k: Keeper, kind: str, selection: str, reason: str, undo_s: float, actor: str, total: int
    ) -> JobView:
        applies_at = k.now + timedelta(seconds=undo_s)
        row = await self._database.write(
            lambda c: jobs.plan(
                c,
                k,
                kind=kind,
                selection=selection,
                actor=actor,
                reason=reason,
                applies_at=applies_at,
                total=total,
            )
        )
        self._news.set()
        return self._told(row)

    async def jobs(self, before: int | None = None, limit: int = 100) -> Sequence[JobView]:
        k = self._keeper()
        rows = await self._database.scan(lambda c: jobs.latest(c, k, before, limit))
        return [lines.job_view(row) for row in rows]

    async def job_cancel(self, id: int, actor: str = "") -> JobView:  # noqa: A002 - the API's word
        """Raises ``NothingMatched`` for a job that has ended, or that never was."""
        now = self._clock.now()
        stopped = await self._database.write(
            lambda c: jobs.end(c, id, jobs.CANCELLED, f"cancelled by {actor}", now)
        )
        if not stopped:
            raise NothingMatched(f"job {id} is not open", remedy="what it did stays done")
        return self._told(await self._row(id))

    async def _row(self, ident: int) -> JobRow:
        k = self._keeper()
        row = await self._database.read(lambda c: jobs.get(c, k, ident))
        assert row is not None
        return row

    def _told(self, row: JobRow) -> JobView:
        view = lines.job_view(row)
        self._feed.publish("job", view)
        return view

    # -- carrying out

    async def run(self) -> None:
        """Until cancelled; what is under way then goes on after the next start."""
        while True:
            self._news.clear()
            while await self.step():
                pass
            at = await self._database.read(jobs.next_at)
            seconds = _LOOK_EVERY_S if at is None else (at - self._clock.now()).total_seconds()
            waits = [
                asyncio.ensure_future(self._news.wait()),
                asyncio.ensure_future(self._clock.sleep(max(seconds, 0.0))),
            ]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()

    async def step(self) -> bool:
        """One piece of the first job whose time has come; False: there is none."""
        k = self._keeper()
        row = await self._database.write(lambda c: jobs.begin(c, k))
        if row is None:
            return False
        if row.kind in later.CALLS:
            await self._decide(row, k)
            return True
        chosen = read(row.selection)
        ids = await self._database.scan(
            partial(overview.refused_ids, k=k, chosen=chosen, after=row.after, limit=PIECE)
        )
        if not ids:
            await self._end(row, jobs.DONE, "")
            return True
        try:
            done = await self._act(row, ids)
        except SyncdError as error:
            log.warning("a bulk job failed", job=row.id, error=error.message)
            await self._end(row, jobs.FAILED, error.message)
            return True
        await self._database.write(partial(jobs.advance, ident=row.id, after=ids[-1], done=done.count))
        self._told(await self._row(row.id))
        return True

    async def _decide(self, row: JobRow, k: Keeper) -> None:
        """What it decides is refused, and said so, where it was decided otherwise meanwhile."""
        actor = f"{row.actor} (job {row.id})"
        try:
            done = await self._deciders[row.kind](**later.fields(row.kind, row.selection, actor, k))
        except SyncdError as error:
            log.warning("a decision was not carried out", job=row.id, error=error.message)
            await self._end(row, jobs.FAILED, error.message)
            return
        await self._database.write(partial(jobs.advance, ident=row.id, after=row.id, done=done.count))
        await self._end(row, jobs.DONE, done.message)

    async def _act(self, row: JobRow, ids: Sequence[int]) -> Done:
        actor = f"{row.actor} (job {row.id})"
        if row.kind == SKIP:
            return await self._acting.quarantine_skip(ids, row.reason, actor)
        return await self._acting.quarantine_retry(ids, actor)

    async def _end(self, row: JobRow, state: str, message: str) -> None:
        now = self._clock.now()
        if await self._database.write(lambda c: jobs.end(c, row.id, state, message, now)):
            self._told(await self._row(row.id))


def written(chosen: Selection, now: datetime) -> str:
    """A selection as a job keeps it: what comes to be refused after ``now`` is not in it. Pure."""
    return orjson.dumps(
        {
            "link": chosen.link,
            "entity": chosen.entity,
            "code": chosen.code,
            "field": chosen.field,
            "ids": None if chosen.ids is None else list(chosen.ids),
            "upto": now.isoformat(),
        }
    ).decode()


def read(text: str) -> Selection:
    """The same, back. Pure."""
    said: Mapping[str, Any] = orjson.loads(text)
    return Selection(**{**said, "upto": datetime.fromisoformat(said["upto"])})
