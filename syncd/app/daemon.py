"""The daemon: one open installation, kept running by schedules, announcements and what falls due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select

from syncd.api.scopes import Scope
from syncd.app import beacon
from syncd.app.alerting import DriftTeller
from syncd.app.desk import desk
from syncd.app.dispatching import ANYWHERE, APART, dispatching, runnables
from syncd.app.exporting import exporting
from syncd.app.hooks import hooks
from syncd.app.installation import LOCAL, Installation
from syncd.app.listening import bridges, listening, scraping
from syncd.app.measures import Measures
from syncd.app.nightly import comparing
from syncd.app.state import state_path
from syncd.core.errors import StateUnavailable
from syncd.dispatch.dispatcher import Dispatcher
from syncd.secrets.bearer import digest, new_token
from syncd.secrets.reference import Secret, resolve
from syncd.service.access import Token
from syncd.service.application import Parts, build
from syncd.service.listen import Doors

log = structlog.get_logger(__name__)

_PRUNE_EVERY_S = 86_400.0
_STATE_ANSWERS_S = 2.0
"""A state that takes longer to answer is not there."""


@asynccontextmanager
async def running(
    opened: Installation,
    stop: asyncio.Event,
    *,
    local: str | None = None,
    doors: Doors | None = None,
    answering: Sequence[object] = (),
    work: bool = True,
) -> AsyncIterator[str]:
    """Everything that runs, while the block does; yields the control API's URL. Sets ``stop`` at its end.

    ``local``: the token for commands on this machine; ``doors``: whose sockets it listens at;
    ``answering``: who answers besides. ``work``: run links; without, that is left to workers, but for links
    whose bridge dials in here.
    """
    for engine in opened.links.values():
        engine.stopping.clear()  # what was wound down before runs again
    local = local or new_token(LOCAL)
    woken, measures = Woken(), Measures(opened)
    announced = await hooks(opened, measures.meters)
    there = await desk(opened, woken.wake_all, announced.subscriptions.deliveries)
    links = runnables(opened, there.board, measures)
    async with dispatching(opened, links, measures, (ANYWHERE, APART) if work else (APART,)) as dispatcher:
        woken.dispatcher = dispatcher
        application = build(
            Parts(
                answering=[*there.answering, *answering],
                audit=opened.note,
                tokens=[Token(LOCAL, digest(local), frozenset(Scope)), *_control_tokens(opened)],
                find=opened.keys().find,
                store_hints=measures.hints(opened.store.add_hints),
                metrics=measures.scrape,
                wake=_waking(opened, dispatcher),
                waiting=lambda: waiting(opened),
                hooks=announced.hooks,
                heard=announced.subscriptions,
                hosts=_public_hosts(opened),
            )
        )
        service = opened.site.config.service
        async with (
            bridges(opened, doors),
            scraping(opened, measures.scrape, doors),
            listening(opened, application, service, doors) as url,
        ):
            announced.url = url
            with beacon.lit(state_path(opened.site), beacon.Beacon(url, Secret(local))):
                dispatch = asyncio.create_task(dispatcher.run(stop), name="dispatch")
                others = [
                    asyncio.create_task(announced.subscriptions.run(), name="subscribe"),
                    asyncio.create_task(_keep_pruned(opened), name="prune"),
                    *there.tasks(),
                    *measures.tasks(),
                    *comparing(opened, woken.wake_all),
                    *_watching(opened, woken, measures),
                    *exporting(opened),
                ]
                log.info("daemon started", url=url, links=len(opened.links))
                try:
                    yield url
                finally:
                    stop.set()
                    await wind_down(opened, dispatch)
                    there.feed.close()
                    for task in others:
                        task.cancel()
                    await asyncio.gather(*others, return_exceptions=True)
                    await there.board.flush()
                    log.info("daemon stopped")


def _watching(opened: Installation, woken: Woken, measures: Measures) -> list[asyncio.Task[None]]:
    if opened.watching is None:
        return []
    watch, remind = opened.watching.watch, opened.site.config.alerts.remind
    watch.waiting.wake = woken.wake_all
    teller = DriftTeller(watch, opened.clock, measures.notifier, measures.meters, remind)
    opened.watching.tell = teller.tell
    opened.watching.weighed = measures.meters.weighed
    return [
        asyncio.create_task(opened.watching.run(), name="watch"),
        asyncio.create_task(opened.watching.probe(), name="probe"),
    ]


async def wind_down(opened: Installation, running: asyncio.Task[None]) -> None:
    """No write leaves from here on; those on the wire get their time, and no more than that."""
    for engine in opened.links.values():
        engine.stopping.set()
    seconds = opened.site.config.service.stop_within
    await asyncio.wait([running], timeout=seconds)
    if running.done():
        await running
        return
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    log.warning(
        "stopped before every answer came; what was sent is looked up at the next start", after_s=seconds
    )


class Woken:
    """What the desk wakes: it is made before the dispatcher, whose runs it shows."""

    def __init__(self) -> None:
        self.dispatcher: Dispatcher | None = None

    def wake_all(self) -> None:
        if self.dispatcher is not None:
            self.dispatcher.wake_all()


def _waking(opened: Installation, dispatcher: Dispatcher) -> Callable[[str], None]:
    """Connection -> its links look for work soon."""
    of: dict[str, list[str]] = {}
    for name, link in opened.site.links.items():
        for connection in {link.left.name, link.right.name}:
            of.setdefault(connection, []).append(name)

    def wake(connection: str) -> None:
        for link in of.get(connection, ()):
            dispatcher.wake(link)

    return wake


async def waiting(opened: Installation) -> Sequence[str]:
    """What a process still waits for before it can work."""
    away = (name for name, channel in opened.channels().items() if not channel.connected)
    missing = [f"the bridge of {name}" for name in away]
    try:
        async with asyncio.timeout(_STATE_ANSWERS_S):
            await opened.store.database.read(lambda c: c.scalar(select(1)))
    except (TimeoutError, StateUnavailable):
        missing.append("the state")
    return missing


def _control_tokens(opened: Installation) -> list[Token]:
    references = opened.site.config.service.control_tokens
    folder = opened.site.folder
    return [Token(name, digest(resolve(ref, folder).reveal())) for name, ref in references.items()]


def _public_hosts(opened: Installation) -> list[str]:
    url = opened.site.config.service.public_url
    host = urlsplit(url).hostname if url else None
    return [host] if host else []


async def _keep_pruned(opened: Installation) -> None:
    """Once a day, forget what is older than the site keeps it."""
    keep = timedelta(days=opened.site.config.state.retention_days)
    while True:
        forgotten = await opened.store.prune(keep)
        log.info("old history forgotten", rows=forgotten)
        await opened.clock.sleep(_PRUNE_EVERY_S)
