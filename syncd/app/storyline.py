"""What the log tells of a run: who announced it, what became of each write, how it ended.

Lines about writes are made from the journal, after the run: none says what did not happen, and no write
waits for its line. They carry the run's id and the deliveries that woke it, so that one search leads from
a webhook to the ledger; they name records by key and reference, never by what is in them.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog
from structlog.contextvars import bound_contextvars

from syncd.app.tracing import Tracer, span
from syncd.engine.cycle import CycleOutcome
from syncd.store import chain
from syncd.store.database import Database
from syncd.store.metering import JournalLine, journal_lines

log = structlog.get_logger(__name__)

_LINES_MAX: Final = 200
"""Lines of one run; the rest stands in the audit."""
_DELIVERIES_MAX: Final = 20
_WARN: Final = frozenset({"rejected", "quarantined", "uncertain", "held", "conflict"})


@dataclass(slots=True)
class Told:
    """How a run went, filled in by whoever ran it."""

    outcome: CycleOutcome | None = None


class Storyline:
    """Follows announcements into runs and runs into writes."""

    def __init__(self, database: Database, tracer: Tracer | None = None) -> None:
        self._database = database
        self._tracer = tracer
        self._woken_by: dict[str, deque[str]] = {}

    def announced(self, connection: str, records: Sequence[tuple[str, str]], delivery: str) -> None:
        """A delivery was stored; ``records``: (entity, key)."""
        named = [f"{entity}/{key}" for entity, key in records]
        short = delivery[:12]
        self._woken_by.setdefault(connection, deque(maxlen=_DELIVERIES_MAX)).append(short)
        log.info(
            "announced",
            connection=connection,
            delivery=short,
            records=named[:_DELIVERIES_MAX],
            count=len(named),
        )

    @asynccontextmanager
    async def run(self, link: str, trigger: str, connections: Sequence[str]) -> AsyncIterator[Told]:
        """Everything logged within carries the run's id, its link and what woke it."""
        told = Told()
        bound: dict[str, Any] = {"run": secrets.token_hex(4), "link": link, "trigger": trigger}
        if deliveries := self._taken(connections):
            bound["deliveries"] = deliveries
        before = await self._end(link)
        with bound_contextvars(**bound), span(self._tracer, "run", **bound):
            try:
                yield told
            finally:
                await self._tell(link, before)
            _tell_end(told.outcome, news=bool(deliveries))

    def _taken(self, connections: Sequence[str]) -> list[str]:
        return [one for name in connections for one in self._woken_by.pop(name, ())]

    async def _end(self, link: str) -> int:
        return await self._database.read(lambda c: chain.end_of(c, link)[0])

    async def _tell(self, link: str, before: int) -> None:
        if await self._end(link) == before:
            return
        lines = await self._database.scan(lambda c: journal_lines(c, link, before, _LINES_MAX))
        for line in lines:
            _tell_line(line)
        if len(lines) == _LINES_MAX:
            log.info("more was written down", see=f"syncd audit export --link {link}")


def _tell_line(line: JournalLine) -> None:
    said = {name: value for name, value in vars(line).items() if value and name != "kind"}
    if line.kind in _WARN:
        log.warning(line.kind, **said)
    else:
        log.info(line.kind, **said)


def _tell_end(outcome: CycleOutcome | None, *, news: bool) -> None:
    """A quiet run that nobody announced is not worth a line, unless somebody wants to see everything."""
    if outcome is None:
        return  # it failed as a whole: the dispatcher says how
    flows = outcome.flows.values()
    counts = {
        "read": sum(flow.read for flow in flows),
        "changed": sum(flow.changed for flow in flows),
        "written": outcome.writes,
        "rejected": sum(flow.tally.rejected for flow in flows),
        "uncertain": sum(flow.tally.uncertain for flow in flows),
    }
    errors = [flow.error for flow in flows if flow.error] + [t.message for f in flows for t in f.trips]
    if errors:
        log.warning("run ended", **counts, errors=errors)
    elif news or counts["changed"] or counts["written"]:
        log.info("run ended", **counts)
    else:
        log.debug("run ended", **counts)
