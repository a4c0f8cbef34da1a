"""A demo that is told to end leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from syncd import demo


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_story_that_is_ended_puts_away_what_it_took_out(number: int) -> None:
    put_away = []

    async def story() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            put_away.append(number)
        return 0

    with pytest.raises(asyncio.CancelledError):
        demo.to_its_end(story())
    assert put_away == [number]
