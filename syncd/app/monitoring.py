"""``syncd monitor run``: the watch alone. It walks every connection's records at an interval, shows them
to the monitor, and keeps none."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

import structlog

from syncd.app.daemon import running
from syncd.app.installation import Installation, installation
from syncd.config.load import Site
from syncd.core.errors import SyncdError
from syncd.ports import Connector, Observation, Page

log = structlog.get_logger(__name__)

_RECORDS_A_WALK = 2_000
"""Enough to learn from; a platform is not read to its end for a look."""


async def run_until_stopped(site: Site) -> None:
    """Until SIGTERM or SIGINT. Raises ``FixInput`` where the site does not want to be watched."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with installation(site) as opened:
        opened.drifts()
        async with running(opened, stop):
            walking = asyncio.create_task(walk_on(opened), name="walk")
            await stop.wait()
            walking.cancel()
            await asyncio.gather(walking, return_exceptions=True)


async def walk_on(opened: Installation) -> None:
    """Look at every connection, again and again, until cancelled."""
    marks: dict[tuple[str, str], str | None] = {}
    while True:
        for name, connector in opened.connectors.items():
            for entity in connector.capabilities.entities:
                at = name, entity
                try:
                    marks[at] = await look(opened, name, connector, entity, marks.get(at))
                except SyncdError as error:
                    log.warning("could not look", connection=name, entity=entity, error=error.message)
        await opened.clock.sleep(opened.site.config.monitor.probe)


async def look(
    opened: Installation, name: str, connector: Connector, entity: str, since: str | None
) -> str | None:
    """Show the monitor what is new since ``since``. Returns where the next look starts."""
    assert opened.watching is not None
    shown, mark = 0, since
    async for page in connector.pages(entity, since=since):
        opened.watching.watch.records(name, entity, _observed(page))
        shown += len(page.records)
        mark = page.watermark or mark
        if shown >= _RECORDS_A_WALK:
            break
    await opened.watching.watch.caught_up(name)
    return mark


def _observed(page: Page) -> Sequence[Observation]:
    return [Observation(seen.key, seen.raw, b"", b"", None, gone=seen.deleted) for seen in page.records]
