"""A connector before its platform's sandbox, both opened for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from syncd.connectors.registry import Opening, Platform
from syncd.ports import Connector
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order, Sandbox, SandboxPlatform
from syncd.sandbox.serve import running
from tests.conformance.wire import HurriedClock, MemoryVault

Keep = Callable[[str, str], str]
"""(file name, secret) -> the reference under which it is kept."""


@asynccontextmanager
async def live(
    platform: Platform,
    played: SandboxPlatform,
    folder: Path,
    options: Mapping[str, str],
    more: Callable[[Keep], Mapping[str, Any]],
) -> AsyncIterator[tuple[Connector, SandboxControl, Sandbox]]:
    """``more``: settings beyond those that the sandbox itself tells."""

    def keep(name: str, secret: str) -> str:
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(secret)
        return f"file:{file}"

    async with (
        running(platform.name, Order(size=6, options=dict(options))) as there,
        SandboxControl(there.control_url) as control,
    ):
        assert played.settings is not None
        given = {**played.settings(there.ready.details, keep), "requests_per_s": 1000, **more(keep)}
        settings = platform.settings.model_validate(given)
        connector = platform.open(Opening("books", settings, HurriedClock(), MemoryVault(), folder))
        try:
            yield connector, control, there.sandbox
        finally:
            await connector.close()
