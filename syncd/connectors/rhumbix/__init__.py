"""Rhumbix: construction field time. Labour comes from its entries; people and projects come to it."""

from __future__ import annotations

from syncd.connectors.registry import Platform
from syncd.connectors.rhumbix.connector import RhumbixConnector, open_connection
from syncd.connectors.rhumbix.settings import Settings

PLATFORM = Platform(
    name="rhumbix",
    title="Rhumbix",
    entities=("employee", "job", "time_entry"),
    settings=Settings,
    open=open_connection,
)

__all__ = ["PLATFORM", "RhumbixConnector", "Settings"]
