"""BuildOps: cloud field service. **Experimental**: its API reference is by invitation."""

from __future__ import annotations

from syncd.connectors.buildops.connector import BuildopsConnector, open_connection
from syncd.connectors.buildops.profile import BuildopsProfile
from syncd.connectors.buildops.settings import Settings
from syncd.connectors.registry import Platform

PLATFORM = Platform(
    name="buildops",
    title="BuildOps",
    entities=("customer", "location", "job", "invoice", "vendor", "employee"),
    settings=Settings,
    open=open_connection,
    profile=BuildopsProfile,
)

__all__ = ["PLATFORM", "BuildopsConnector", "BuildopsProfile", "Settings"]
