"""Answers who works on the state: read from the state, so that any process can say it."""

from __future__ import annotations

from syncd.api.workers import WorkersView, WorkerView
from syncd.ports.turns import Turns
from syncd.ports.workers import Mishap, WorkerRow, Workers


class WorkerDesk:
    """Over a state that several processes share; ``Alone`` over one that they do not."""

    def __init__(self, workers: Workers, turns: Turns) -> None:
        self._workers = workers
        self._turns = turns

    async def workers(self) -> WorkersView:
        standing, mishaps = await self._turns.standing(), await self._workers.mishaps()
        return WorkersView(
            shared=True,
            workers=[_view(row) for row in await self._workers.workers()],
            wanted=standing.wanted,
            oldest_wanted_s=round(standing.oldest_wanted_s, 3),
            lost=mishaps[Mishap.WORKER_LOST],
            taken_over=mishaps[Mishap.LEASE_TAKEN_OVER],
            repaired=mishaps[Mishap.SWEEP_REPAIRED],
        )


class Alone:
    """One process owns everything."""

    async def workers(self) -> WorkersView:
        return WorkersView(shared=False, workers=[])


def _view(row: WorkerRow) -> WorkerView:
    return WorkerView(
        name=row.name,
        host=row.host,
        pid=row.pid,
        version=row.version,
        slots=row.slots,
        since=row.since,
        seen_at=row.seen_at,
        silent_s=round(row.silent_s, 1),
        lost=row.lost,
        links=[name for name in row.links if ":" not in name],  # others are logins
    )
