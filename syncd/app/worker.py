"""A worker: one of any number of processes that run links, beside the daemon that answers and schedules."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from syncd.app.awaiting import pause
from syncd.app.daemon import waiting, wind_down
from syncd.app.desk import board_of
from syncd.app.dispatching import ANYWHERE, dispatching, runnables
from syncd.app.installation import Installation, installation
from syncd.app.measures import Measures
from syncd.app.membership import Part
from syncd.app.state import shared
from syncd.app.supervisor import Supervision
from syncd.config.load import load
from syncd.core.errors import FixInput, RetryLater, StateUnavailable
from syncd.dispatch.cluster import away
from syncd.service.application import build_waiting, build_worker
from syncd.service.events import Feed
from syncd.service.listen import serve

log = structlog.get_logger(__name__)


async def keep_working(path: Path, part: Part, metrics_port: int | None = None) -> None:
    """Until SIGTERM or SIGINT; what is under way then is finished first, and everything else left to others.
    While the database cannot be reached it is tried again and again. ``metrics_port``: where this machine
    reaches its health and metrics; None: nowhere."""
    stop, supervision = asyncio.Event(), Supervision(os.environ)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    site, failures = load(path), 0
    if not shared(site):
        raise FixInput(
            "this state is one process's only: `syncd run` does its work",
            remedy="state.url: postgresql://... is for many workers",
        )
    try:
        while not stop.is_set():
            try:
                async with installation(site, part=part) as opened, working(opened, stop, metrics_port):
                    supervision.ready(f"{len(site.links)} links among {part.slots} slots")
                    await stop.wait()
                    supervision.stopping()
            except (StateUnavailable, RetryLater) as error:  # or its queue, which is in the same database
                failures += 1
                log.error("the worker waits for its state", error=error.message, remedy=error.remedy)
                async with _serving(build_waiting(["the state"]), metrics_port):
                    await pause(away(failures), stop)
    finally:
        await supervision.end()


@asynccontextmanager
async def working(
    opened: Installation, stop: asyncio.Event, metrics_port: int | None = None
) -> AsyncIterator[None]:
    """Run links while the block does; sets ``stop`` at its end."""
    assert opened.membership is not None
    measures, board = Measures(opened, worker=True), board_of(opened, Feed())
    application = build_worker(lambda: waiting(opened), measures.scrape)
    async with (
        _serving(application, metrics_port),
        dispatching(opened, runnables(opened, board, measures), measures, [ANYWHERE]) as dispatcher,
    ):
        running = asyncio.create_task(dispatcher.run(stop), name="dispatch")
        helping = [asyncio.create_task(board.run(), name="board"), measures.timing()]
        if opened.watching is not None:
            opened.watching.watch.waiting.wake = dispatcher.wake_all
            helping.append(asyncio.create_task(opened.watching.run(), name="watch"))
        log.info("worker started", name=opened.membership.name, links=len(opened.links))
        try:
            yield
        finally:
            stop.set()
            await wind_down(opened, running)
            for task in helping:
                task.cancel()
            await asyncio.gather(*helping, return_exceptions=True)
            await board.flush()
            log.info("worker stopped", name=opened.membership.name)


@asynccontextmanager
async def _serving(application: web.Application, port: int | None) -> AsyncIterator[None]:
    if port is None:
        yield
        return
    async with serve(application, port=port) as url:
        log.info("health and metrics", url=url)
        yield
