"""Batches of connections that are written by file: for the command line, and made by the daemon when due."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from sqlite3 import Error as DatabaseError
from typing import TYPE_CHECKING

import structlog

from syncd.config.load import Site, load
from syncd.core.errors import SyncdError
from syncd.files.desk import ExportDesk

if TYPE_CHECKING:
    from syncd.app.installation import Installation

log = structlog.get_logger(__name__)

ACTOR = "schedule"
_EVERY_S = 30.0


def desks(site: Site) -> Mapping[str, ExportDesk]:
    """Connection -> its batches, of those that are written by file."""
    return {
        name: connection.platform.exports(name, connection.settings, site.folder)
        for name, connection in site.connections.items()
        if connection.platform.exports is not None
    }


def exports(config_path: Path) -> Mapping[str, ExportDesk]:
    """The same, of the site in that file; a running daemon works on the same batches."""
    return desks(load(config_path))


def exporting(opened: Installation) -> list[asyncio.Task[None]]:
    """One task a connection that is written by file; they run until they are cancelled."""
    return [
        asyncio.create_task(_keep_exporting(opened, name, desk), name=f"export-{name}")
        for name, desk in desks(opened.site).items()
    ]


async def _keep_exporting(opened: Installation, name: str, desk: ExportDesk) -> None:
    while True:
        try:
            await tend(opened, name, desk)
        except (SyncdError, OSError, DatabaseError) as error:
            words = error.message if isinstance(error, SyncdError) else str(error)
            log.warning("batches could not be made or read back", connection=name, error=words)
        await opened.clock.sleep(_EVERY_S)


async def tend(opened: Installation, name: str, desk: ExportDesk) -> None:
    """Read back what came, and make what is due; nothing is handed over while writes are held."""
    now = opened.clock.now()
    read = await asyncio.to_thread(desk.read_back, now)
    for problem in read.problems:
        log.warning("a file that came back cannot be understood", connection=name, problem=problem)
    if not await asyncio.to_thread(desk.due, now) or await _held(opened, name):
        return
    for made in await asyncio.to_thread(desk.run, ACTOR, now):
        log.info("a batch was made", connection=name, batch=made.batch, kind=made.entity, records=made.count)


async def _held(opened: Installation, name: str) -> bool:
    """Whether what would go into a batch of this connection is held as a whole; one held record is not in
    it anyway."""
    sites = opened.site.links.items()
    links = [link for link, one in sites if name in (one.left.name, one.right.name)]
    holds = [hold for link in links for hold in await opened.store.link_holds(link, [name])]
    return any(not hold.scope.startswith(("record:", "field:")) for hold in holds)
