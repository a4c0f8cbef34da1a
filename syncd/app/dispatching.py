"""Who runs the links of an open installation: this process alone, or this one among several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from syncd.app.desk import observed
from syncd.app.installation import Installation
from syncd.app.measures import Measures
from syncd.dispatch.cluster import ClusterDispatcher, Told
from syncd.dispatch.dispatcher import Dispatcher, Runnable
from syncd.dispatch.local import LocalDispatcher
from syncd.dispatch.queue import ANYWHERE, APART, WakeQueue
from syncd.service.board import Board

__all__ = ["ANYWHERE", "APART", "dispatching", "runnables"]


@asynccontextmanager
async def dispatching(
    opened: Installation, links: Mapping[str, Runnable], measures: Measures, queues: Collection[str]
) -> AsyncIterator[Dispatcher]:
    """``queues``: whose links this process runs, where there are several. A link whose bridge dials in to
    the daemon runs where the bridge is: it stands apart."""
    membership = opened.membership
    if membership is None:
        yield LocalDispatcher(opened.clock, links, measures.meters.beat)
        return
    if APART in queues:  # the daemon, of which there is one
        await membership.turns.forget_others(opened.links)
    queue = WakeQueue(membership.url, apart=_bridged(opened))
    await queue.open()
    try:
        told = Told(measures.meters.beat, measures.delayed, membership.repaired)
        slots = membership.part.slots
        yield ClusterDispatcher(
            links,
            membership.turns,
            queue,
            membership.tenures,
            queues=queues if slots else (),
            slots=slots,
            told=told,
        )
    finally:
        await queue.close()


def runnables(opened: Installation, board: Board, measures: Measures) -> dict[str, Runnable]:
    """Every link as a dispatcher sees it: measured, and shown on the board."""
    return {
        name: Runnable(
            drain=measures.run(name, observed(opened, engine, board)),
            next_start=opened.site.links[name].config.schedule.next_after,
            next_due=_next_due(opened, name),
        )
        for name, engine in opened.links.items()
    }


def _next_due(opened: Installation, link: str) -> Callable[[], Awaitable[datetime | None]]:
    async def next_due() -> datetime | None:
        return await opened.store.next_due_at(link)

    return next_due


def _bridged(opened: Installation) -> frozenset[str]:
    through_a_bridge = opened.channels()
    return frozenset(
        name
        for name, engine in opened.links.items()
        if any(end.connection in through_a_bridge for end in engine.setup.ends.values())
    )
