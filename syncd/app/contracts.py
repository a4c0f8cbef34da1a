"""What the contract commands need of a site: its lenses (no I/O), and its open connections."""

# ruff: noqa: ARG002 (an absent bridge needs none of what it is told)

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from syncd.app import beacon
from syncd.app.installation import installation
from syncd.app.listening import bridges
from syncd.app.played import NoVault
from syncd.app.state import state_path
from syncd.clock import SystemClock
from syncd.config.load import load
from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, RetryLater, StateLocked
from syncd.ports import UNWATCHED, Capabilities, Connector, Tap


class NoChannel:
    """A bridge that nobody dialled: for looking at a connector without asking its platform."""

    connected = False

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        raise RetryLater("no bridge is connected")

    async def submit(self, document: bytes) -> bytes:
        raise RetryLater("no bridge is connected")


async def capabilities(config_path: Path) -> Mapping[str, Capabilities]:
    """Connection -> what it has and how it is mapped, from the configuration alone. Raises ``FixInput``."""
    site = load(config_path)
    found: dict[str, Capabilities] = {}
    for name, connection in site.connections.items():
        connector = connection.platform.open(
            Opening(
                connection=name,
                settings=connection.settings,
                folder=site.folder,
                clock=SystemClock(),
                vault=NoVault(),
                profile=connection.profile,
                channel=NoChannel() if connection.platform.bridged else None,
                custom=connection.config.custom,
            )
        )
        try:
            found[name] = connector.capabilities
        finally:
            await connector.close()
    return found


@asynccontextmanager
async def connection(config_path: Path, name: str, tap: Tap = UNWATCHED) -> AsyncIterator[Connector]:
    """One connection of a site, open for reading; ``tap`` sees every exchange. Raises ``StateLocked`` beside
    a running daemon, whose login must not be used twice."""
    site = load(config_path)
    if name not in site.connections:
        raise FixInput(
            f"the site has no connection {name!r}", remedy=f"one of: {', '.join(sorted(site.connections))}"
        )
    if beacon.find(state_path(site)) is not None:
        raise StateLocked(
            "a daemon owns this site's connections",
            remedy="it learns by itself; stop it for as long as this takes",
        )
    async with installation(site, taps=(tap,)) as opened, bridges(opened):
        await opened.wait_for_bridges()
        yield opened.connectors[name]
