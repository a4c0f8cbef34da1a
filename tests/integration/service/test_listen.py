"""Listening, and ceasing to."""

from __future__ import annotations

import asyncio
import gc
import socket
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from syncd.service.application import PROTECTED
from syncd.service.listen import serve


@pytest.mark.parametrize("turns", range(5))
async def test_whoever_was_accepted_as_the_door_closes_is_not_left_open(turns: int) -> None:
    """What is left open warns when it is collected, and a warning fails the test."""
    application = web.Application()
    application[PROTECTED] = True
    async with serve(application, shutdown_s=0.1) as url:
        at = urlsplit(url)
        caller = socket.create_connection((at.hostname, at.port))
        for _ in range(turns):
            await asyncio.sleep(0)
    caller.close()
    await asyncio.sleep(0)
    gc.collect()
