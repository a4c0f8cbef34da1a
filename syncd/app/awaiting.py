"""A daemon whose state does not answer yet: alive, not ready, and asking again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from syncd.app.listening import tls_of
from syncd.app.state import state_opened
from syncd.config.load import Site
from syncd.core.errors import StateUnavailable
from syncd.service.application import build_waiting
from syncd.service.listen import Doors, serve
from syncd.store import migrate

log = structlog.get_logger(__name__)

_PAUSES_S: Final = (0.5, 30.0)
"""Between two attempts: at first, and at most."""


async def until_it_answers(site: Site, stop: asyncio.Event, doors: Doors) -> None:
    """Return once the state answers, or ``stop`` is set. Meanwhile the service's address tells who asks that
    this daemon is not ready."""
    try:
        await _ask(site)
    except StateUnavailable as first:
        _say(first)
        at = site.config.service
        reason = [f"the state: {first.message}"]
        async with serve(build_waiting(reason), at.host, at.port, tls_of(site.folder, at), doors=doors):
            await _ask_until(site, stop)


async def pause(seconds: float, stop: asyncio.Event) -> None:
    """So long, unless ``stop`` is set before."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _ask_until(site: Site, stop: asyncio.Event) -> None:
    asking = AsyncRetrying(
        retry=retry_if_exception_type(StateUnavailable),
        wait=wait_exponential(multiplier=_PAUSES_S[0], max=_PAUSES_S[1]),
        stop=lambda _at: stop.is_set(),
        before_sleep=_tried,
        sleep=lambda seconds: pause(seconds, stop),
        reraise=True,
    )
    try:
        await asking(_ask, site)
    except StateUnavailable:
        return  # told to stop
    log.info("the state answers")


async def _ask(site: Site) -> None:
    with state_opened(site) as engine:
        await asyncio.to_thread(migrate.current, engine)


def _tried(at: RetryCallState) -> None:
    error = at.outcome.exception() if at.outcome else None
    if isinstance(error, StateUnavailable):
        _say(error)


def _say(error: StateUnavailable) -> None:
    log.warning("waiting for the state", error=error.message, remedy=error.remedy)
