"""One installation is run, wound down, and run again: the demo that is kept does so."""

from __future__ import annotations

import asyncio
from pathlib import Path

from syncd.app.daemon import running
from syncd.app.installation import installation
from syncd.config.load import load
from tests.integration.app.site import configuration, site


async def test_what_was_wound_down_runs_again_and_reads_both_sides(tmp_path: Path) -> None:
    site(tmp_path, configuration("acme"))
    async with installation(load(tmp_path / "syncd.yaml")) as opened:
        async with running(opened, asyncio.Event()):
            pass
        async with running(opened, asyncio.Event()):
            async for _ in opened.operator(daemon=True).sync("acme"):
                pass
        stream = await opened.store.stream("acme-field", "customer")
    assert stream.fingerprint, "it was read to its end"
