"""Where an open installation listens: for bridges, and for everything else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from ssl import SSLContext

from aiohttp import web

from syncd.app.installation import Installation
from syncd.config.models import Listener
from syncd.service.application import build_bridge, build_metrics
from syncd.service.health import Scrape
from syncd.service.listen import Doors, serve, server_tls


@asynccontextmanager
async def bridges(opened: Installation, doors: Doors | None = None) -> AsyncIterator[None]:
    """Let bridges dial in, where a connection of the site is reached through one."""
    if not opened.channels():
        yield
        return
    async with listening(opened, build_bridge(opened.hub), opened.site.config.bridge, doors):
        yield


@asynccontextmanager
async def scraping(opened: Installation, scrape: Scrape, doors: Doors | None = None) -> AsyncIterator[None]:
    """Let Prometheus scrape at a port of its own, where the configuration has one."""
    own = opened.site.config.metrics
    if own is None:
        yield
        return
    async with listening(opened, build_metrics(scrape), own, doors):
        yield


@asynccontextmanager
async def listening(
    opened: Installation, application: web.Application, at: Listener, doors: Doors | None = None
) -> AsyncIterator[str]:
    """Serve at a configured address; yields the URL."""
    tls = tls_of(opened.site.folder, at)
    async with serve(application, at.host, at.port, tls, doors=doors) as url:
        yield url


def tls_of(folder: Path, at: Listener) -> SSLContext | None:
    """What a configured address is served with, if its certificate is configured."""
    if at.tls_certificate is None or at.tls_key is None:
        return None
    return server_tls(folder / at.tls_certificate, folder / at.tls_key)
