"""Full comparisons on a schedule: each link's own, at night unless its file says otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from syncd.api.reconcile import ReconcileReport
from syncd.app.installation import Installation
from syncd.config.models import Schedule
from syncd.core.errors import SyncdError
from syncd.engine.reconciling import Reconciler

log = structlog.get_logger(__name__)

ACTOR = "schedule"


def comparing(opened: Installation, wake: Callable[[], None]) -> list[asyncio.Task[None]]:
    """One task a link that asks for it; they run until they are cancelled. ``wake``: what a comparison finds
    to be changed is decided at once."""
    reconciler = opened.decisions().reconciler
    return [
        asyncio.create_task(_keep_comparing(opened, reconciler, name, schedule, wake), name=f"compare-{name}")
        for name, link in opened.site.links.items()
        if (schedule := link.config.reconcile) is not None
    ]


async def _keep_comparing(
    opened: Installation, reconciler: Reconciler, link: str, schedule: Schedule, wake: Callable[[], None]
) -> None:
    while True:
        now = opened.clock.now()
        await opened.clock.sleep((schedule.next_after(now) - now).total_seconds())
        try:
            events = [event async for event in reconciler.reconcile(link, actor=ACTOR)]
        except SyncdError as error:
            log.warning("both sides could not be compared", link=link, error=error.message)
            continue
        _tell(link, [event for event in events if isinstance(event, ReconcileReport)])
        wake()


def _tell(link: str, reports: Sequence[ReconcileReport]) -> None:
    for flow in (flow for report in reports for flow in report.flows):
        tell = log.info if flow.clean else log.warning
        tell(
            "both sides were compared",
            link=link,
            flow=flow.flow,
            pairs=flow.pairs,
            differences=flow.differences,
            unexplained=flow.unexplained,
            complete=flow.complete,
        )
