"""Any ordinary JSON API, described in configuration alone: paths, paging, login, changes, versions, deletes,
fields. What a platform says that cannot be described here needs a package of its own."""

from __future__ import annotations

from syncd.connectors.registry import Platform
from syncd.connectors.rest.connector import offered, open_connection
from syncd.connectors.rest.settings import Settings

PLATFORM = Platform(
    name="rest",
    title="A JSON API",
    entities=(),
    settings=Settings,
    open=open_connection,
    offers=offered,
)

__all__ = ["PLATFORM", "Settings"]
