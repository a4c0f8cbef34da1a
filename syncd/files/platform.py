"""A platform that is written by file: all are the same but for their names, and for what one bad record does
to its file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from syncd.connectors.registry import Opening, Platform
from syncd.files.connector import FileConnector, open_file_connection
from syncd.files.desk import ExportDesk
from syncd.files.settings import FileSettings, offered

_ENTITIES = ("customer", "job", "employee", "vendor", "invoice", "time_entry", "purchase_order", "job_cost")


def file_platform(name: str, title: str, *, whole: bool) -> Platform:
    """``whole``: one bad record cancels a whole import; else the bad ones come back in a file."""

    def exports(connection: str, settings: BaseModel, site: Path) -> ExportDesk:
        if not isinstance(settings, FileSettings):
            raise TypeError(f"FileSettings expected, {type(settings).__name__} given")
        return ExportDesk(connection, name, settings, site, whole=whole)

    def open_connection(opening: Opening) -> FileConnector:
        return open_file_connection(exports(opening.connection, opening.settings, opening.folder), opening)

    return Platform(
        name=name,
        title=title,
        entities=_ENTITIES,
        settings=FileSettings,
        open=open_connection,
        offers=offered,
        exports=exports,
    )
