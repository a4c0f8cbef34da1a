"""ComputerEase, one way and by file: a person imports each file in its client, all of it or nothing. The
layouts live inside the customer's system, so each customer's is a reviewed file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from syncd.connectors.registry import Opening, Platform
from syncd.files.connector import FileConnector, open_file_connection
from syncd.files.desk import ExportDesk
from syncd.files.settings import FileSettings, offered

_NAME = "computerease"


class Settings(FileSettings):
    """The connection as `syncd.yaml` describes it."""


def open_connection(opening: Opening) -> FileConnector:
    """Builds the connection; no I/O."""
    return open_file_connection(exports(opening.connection, opening.settings, opening.folder), opening)


def exports(connection: str, settings: BaseModel, site: Path) -> ExportDesk:
    """The batches of a connection."""
    if not isinstance(settings, Settings):
        raise TypeError(f"Settings expected, {type(settings).__name__} given")
    return ExportDesk(connection, _NAME, settings, site, whole=True)


PLATFORM = Platform(
    name=_NAME,
    title="ComputerEase",
    entities=("customer", "job", "employee", "vendor", "invoice", "time_entry", "purchase_order", "job_cost"),
    settings=Settings,
    open=open_connection,
    offers=offered,
    exports=exports,
)

__all__ = ["PLATFORM", "Settings"]
