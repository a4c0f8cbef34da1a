"""The settings of a connection that is written by file: where its files stand, which layouts they have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Document = Literal["invoice", "time_entry", "purchase_order", "job_cost"]
Master = Literal["customer", "job", "employee", "vendor"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExportSchedule(_Section):
    """When a batch is made of what waits: daily, or weekly on one day."""

    at: time
    """Time of day, such as `18:00`."""
    on: Day | None = None
    """The day of a weekly batch; without it there is one every day."""
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {name!r}") from None
        return name

    def last_before(self, now: datetime) -> datetime:
        """The latest time at or before ``now`` (aware) at which a batch was due."""
        local = now.astimezone(ZoneInfo(self.timezone))
        back = 0 if self.on is None else (local.weekday() - _DAYS.index(self.on)) % 7
        due = datetime.combine(local.date() - timedelta(days=back), self.at, local.tzinfo)
        if due > local:
            step = 1 if self.on is None else 7
            due = datetime.combine(due.date() - timedelta(days=step), self.at, local.tzinfo)
        return due.astimezone(UTC)


class MasterFile(_Section):
    """A report of the ledger's masters, which it (or a person) exports as delimited text with a heading."""

    file: Path
    """Relative to `folder`."""
    key: Annotated[str, Field(min_length=1)]
    """The column that holds the code."""
    columns: Mapping[str, str]
    """Canonical field -> column, such as `name: Customer Name`."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: str = "utf-8-sig"


class FileSettings(_Section):
    """Shared by every platform that is written by file."""

    folder: Path
    """Where files are handed over, relative to the site folder: `import/`, `reversal/`, `status/`,
    `returned/` (what comes back) and the batches' own memory."""
    layouts: Annotated[Mapping[Document, Path], Field(min_length=1)]
    """What is exported -> its layout file, relative to the site folder: AR invoices (`invoice`), labour
    hours (`time_entry`), purchase orders (`purchase_order`), direct project costs (`job_cost`)."""
    masters: Mapping[Master, MasterFile] = {}
    """What the records refer to, from the ledger's own reports."""
    schedule: ExportSchedule | None = None
    """Without it a batch is made by `syncd export run` alone."""


def offered(settings: BaseModel) -> tuple[str, ...]:
    """The kinds of record that a connection with these settings has."""
    assert isinstance(settings, FileSettings)
    return (*settings.masters, *settings.layouts)
