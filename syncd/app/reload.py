"""The daemon from its start to its end: the same process, also when its configuration is read anew.

A new configuration is tried while the old one runs. Only if it can be opened do the runs under way come
to their end, and the new one takes their place: at the same sockets, under the same lock, with the same
token for commands on this machine. What arrives in between waits.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import structlog
from filelock import BaseFileLock

from syncd.api.models import Done
from syncd.app.awaiting import pause, until_it_answers
from syncd.app.beacon import own
from syncd.app.daemon import running
from syncd.app.installation import LOCAL, Installation, installation, rehearse
from syncd.app.membership import SLOTS, Part
from syncd.app.state import state_path
from syncd.app.supervisor import Supervision
from syncd.config.load import Site, load
from syncd.core.errors import RetryLater, StateUnavailable, SyncdError
from syncd.dispatch.cluster import away
from syncd.secrets.bearer import new_token
from syncd.service.listen import Doors

log = structlog.get_logger(__name__)


class Reloads:
    """Answers ``reload``. ``opened`` is the installation that runs."""

    def __init__(self, path: Path, opened: Installation, change: asyncio.Event) -> None:
        self._path = path
        self._opened = opened
        self._change = change
        self.site: Site | None = None
        """What is to run next."""

    async def reload(self, actor: str = "") -> Done:
        """Raises ``FixInput`` and what else is wrong with the new configuration; the old one goes on then."""
        try:
            site = load(self._path)
            await rehearse(site, self._opened)
        except SyncdError as error:
            log.error(
                "the new configuration is not taken", error=error.message, remedy=error.remedy, actor=actor
            )
            self._opened.reload_refused()
            raise
        self.site = site
        self._change.set()
        log.info("the new configuration is taken", links=len(site.links), actor=actor)
        return Done(count=len(site.links), message=f"{len(site.links)} links from now on")

    async def by_signal(self) -> None:
        """The same, for who can only read the log."""
        with suppress(SyncdError):  # said there
            await self.reload("SIGHUP")


async def keep_running(path: Path, *, work: bool = True) -> None:
    """Until SIGTERM or SIGINT; what is under way then is finished first. SIGHUP reads the files anew."""
    site = load(path)
    lock = own(state_path(site))
    daemon = _Daemon(path, lock, work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop.set)
    failures = 0
    try:
        while not daemon.stop.is_set():
            await until_it_answers(site, daemon.stop, daemon.doors)
            try:
                await daemon.run(site)
            except (StateUnavailable, RetryLater) as error:  # it answered, and did not go on
                failures += 1
                log.error("the daemon waits for its state", error=error.message, remedy=error.remedy)
                await pause(away(failures), daemon.stop)
                site = load(path)
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        await daemon.supervision.end()
        lock.release()
        daemon.doors.keep_only(())


class _Daemon:
    """One configuration after the other, in one process."""

    def __init__(self, path: Path, lock: BaseFileLock, work: bool) -> None:
        self.stop = asyncio.Event()
        self.doors = Doors()
        self.supervision = Supervision(os.environ)
        self._path = path
        self._lock = lock
        self._work = work
        self._local = new_token(LOCAL)
        self._signalled: set[asyncio.Task[None]] = set()

    async def run(self, site: Site) -> None:
        """Until ``stop``. A new configuration that does not come up gives way to the one before it."""
        before: Site | None = None
        while not self.stop.is_set():
            up = asyncio.Event()
            try:
                following = await self._one(site, up)
            except SyncdError as error:
                if before is None or up.is_set():
                    raise
                log.error(
                    "the new configuration does not come up; back to the one before", error=error.message
                )
                site, before = before, None
                continue
            site, before = following, site

    async def _one(self, site: Site, up: asyncio.Event) -> Site:
        """One configuration from its opening to its closing; returns what comes after it. ``up`` is set
        once it runs."""
        bridged = any(connection.platform.bridged for connection in site.connections.values())
        part = Part("daemon", SLOTS if self._work or bridged else 0)
        async with installation(site, lock=self._lock, part=part) as opened:
            change = asyncio.Event()
            reloads = Reloads(self._path, opened, change)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._signal, reloads)
            async with running(
                opened,
                asyncio.Event(),
                local=self._local,
                doors=self.doors,
                answering=[reloads],
                work=self._work,
            ):
                up.set()
                self.supervision.ready(f"{len(site.links)} links")
                self.doors.keep_only(_addresses(site))
                await _first(self.stop, change)
                if self.stop.is_set():
                    self.supervision.stopping()
        return reloads.site or site

    def _signal(self, reloads: Reloads) -> None:
        task = asyncio.ensure_future(reloads.by_signal())
        self._signalled.add(task)  # a task nobody holds may vanish
        task.add_done_callback(self._signalled.discard)


def _addresses(site: Site) -> set[tuple[str, int]]:
    config = site.config
    listeners = (config.service, config.bridge, config.metrics)
    return {(one.host, one.port) for one in listeners if one is not None}


async def _first(*events: asyncio.Event) -> None:
    """Until one of them is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
