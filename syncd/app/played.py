"""A connection to every shipped platform's sandbox, in this process: what shipped contracts are learned
from, and proved against."""

# ruff: noqa: ARG002 (who keeps or writes nothing needs none of what he is told)

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from syncd.bridge.database import Database
from syncd.clock import SystemClock
from syncd.connectors import registry
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput
from syncd.ports import Connector
from syncd.sandbox.sandbox import Keep, Order, sandbox_platform
from syncd.sandbox.serve import running

SIZE: Final = 200
"""Customers of the made-up company; the rest follows in proportion."""
PROFILES: Final = Path(__file__).resolve().parents[1] / "sandbox" / "profiles"
_ROWS_MAX: Final = 100_000
_BYTES_MAX: Final = 256 * 1024 * 1024


class NoVault:
    """Keeps nothing: a sandbox's tokens end with it."""

    async def load(self, connection: str, name: str) -> bytes | None:
        return None

    async def save(self, connection: str, name: str, value: bytes) -> None:
        return None


class ReadOnlyChannel:
    """A bridge without a bridge: SQL on the sandbox's database, and nothing is written."""

    connected = True

    def __init__(self, database: Database) -> None:
        self._database = database

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        body = await asyncio.to_thread(self._database.read, statement, parameters, _ROWS_MAX, _BYTES_MAX)
        found = msgspec.json.decode(body)
        return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    async def submit(self, document: bytes) -> bytes:
        raise FixInput("learning a contract writes nothing")


def variants(platform: str) -> Sequence[Mapping[str, Any]]:
    """Settings under which one platform answers differently; a shipped contract covers them all."""
    return sandbox_platform(platform).variants


@asynccontextmanager
async def played(platform: str, changes: Mapping[str, Any] | None = None) -> AsyncIterator[Connector]:
    """A connection to ``platform``'s sandbox, filled with a made-up company. ``changes``: to its settings.

    Raises ``FixInput`` for a platform without a sandbox, or one that does not say how to connect to it.
    """
    settings = sandbox_platform(platform).settings
    if settings is None:
        raise FixInput(f"{platform!r} has no sandbox to learn from that says how to connect to it")
    async with AsyncExitStack() as closing:
        sandbox = await closing.enter_async_context(running(platform, Order(size=SIZE)))
        folder = Path(closing.enter_context(TemporaryDirectory()))
        told = sandbox.ready.details
        connector = _open(
            platform, {**settings(told, _keeper(folder)), **(changes or {})}, folder, told, closing
        )
        closing.push_async_callback(connector.close)
        yield connector


def _keeper(folder: Path) -> Keep:
    def keep(name: str, secret: str) -> str:
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(secret)
        return f"file:{file}"

    return keep


def _open(
    name: str, settings: Mapping[str, Any], folder: Path, told: Mapping[str, str], closing: AsyncExitStack
) -> Connector:
    platform = registry.platform(name)
    profile = None
    if platform.profile is not None:
        loaded = import_module(platform.profile.__module__)
        profile = loaded.load_profile(PROFILES / f"{name}.yaml")
    channel = None
    if platform.bridged:
        database = Database(told["database_url"])
        closing.callback(database.close)
        channel = ReadOnlyChannel(database)
    return platform.open(
        Opening(
            connection=f"played-{name}",
            settings=platform.settings.model_validate(settings),
            clock=SystemClock(),
            vault=NoVault(),
            folder=folder,
            profile=profile,
            channel=channel,
        )
    )
