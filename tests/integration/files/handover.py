"""A site folder with one connection that is written by file, its layout and its reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from syncd.connectors.registry import Opening, platform
from syncd.core.model import Operation
from syncd.files.connector import FileConnector, open_file_connection
from syncd.files.desk import ExportDesk
from syncd.files.settings import FileSettings
from syncd.ports import WriteRequest

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
LAYOUT = """\
reviewed: {by: dana, on: 2026-10-01, against: a sample that the import accepted}
entity: %(entity)s
amount: %(amount)s
records:
  - columns:
      - {field: number, required: true, width: 20}
      - {field: date, date: "%%m%%d%%Y"}
      - {field: description}
      - {field: %(amount)s, decimals: 2, reversal: negate}
      - {field: reference}
"""
_AMOUNTS = {
    "invoice": "total",
    "time_entry": "regular_hours",
    "purchase_order": "total",
    "job_cost": "amount",
}
_REPORT = {"customer": "customers.csv", "job": "jobs.csv"}


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nobody waits here: {seconds}")


class Vault:
    async def load(self, connection: str, name: str) -> bytes | None:
        raise AssertionError("files need no tokens")

    async def save(self, connection: str, name: str, value: bytes) -> None:
        raise AssertionError("files need no tokens")


@dataclass
class Handover:
    """The folder, and one platform written through it."""

    site: Path
    platform: str = "sage300-cre"

    def __post_init__(self) -> None:
        self.clock = Clock()
        (self.site / "handover").mkdir(exist_ok=True)
        for entity, amount in _AMOUNTS.items():
            (self.site / f"{entity}.yaml").write_text(LAYOUT % {"entity": entity, "amount": amount})
        for entity in _REPORT:
            self.report(entity, {})

    @property
    def folder(self) -> Path:
        return self.site / "handover"

    @property
    def settings(self) -> FileSettings:
        made = platform(self.platform).settings.model_validate(self.settings_data)
        assert isinstance(made, FileSettings)
        return made

    @property
    def settings_data(self) -> dict[str, Any]:
        masters = {
            entity: {"file": file, "key": "Code", "columns": {"name": "Name"}}
            for entity, file in _REPORT.items()
        }
        layouts = {entity: f"{entity}.yaml" for entity in _AMOUNTS}
        return {"folder": "handover", "layouts": layouts, "masters": masters}

    def report(self, entity: str, rows: dict[str, str]) -> None:
        """The ledger exports its masters: code -> name."""
        lines = ["Code,Name", *(f"{code},{name}" for code, name in rows.items())]
        (self.folder / _REPORT[entity]).write_text("\n".join(lines) + "\n")

    def desk(self) -> ExportDesk:
        """As another process would open it."""
        exports = platform(self.platform).exports
        assert exports is not None
        return exports("books", self.settings, self.site)

    def connect(self, page: int = 500) -> FileConnector:
        opening = Opening("books", self.settings, self.clock, Vault(), self.site)
        return open_file_connection(self.desk(), opening, page=page)

    def files(self, kind: str) -> list[Path]:
        """What stands in one of the hand-over folders, hidden names included."""
        folder = self.folder / kind
        return sorted(folder.iterdir()) if folder.is_dir() else []


def create(number: str, entity: str = "invoice", amount: str = "418.25", **fields: str) -> WriteRequest:
    """One record for the next batch."""
    body = {"number": number, "date": "2026-11-19", _AMOUNTS[entity]: str(Decimal(amount)), **fields}
    return WriteRequest(entity, Operation.CREATE, f"sy-{number}", body=body, source_key=f"ST-{number}")


def fields(raw: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(raw)
    return found
