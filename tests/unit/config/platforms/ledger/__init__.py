"""A platform for these tests: a ledger behind a bridge, with a site profile and no jobs."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from syncd.connectors.registry import Opening, Platform


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Settings(_Section):
    company: str = ""
    """Name of the company's database."""


class Request(_Section):
    name: str
    """The request's element."""


class Profile(_Section):
    provenance: str
    """Where it comes from."""
    schema_file: Path = Path("ledger.xsd")
    requests: dict[str, Request] = {}

    @field_validator("schema_file")
    @classmethod
    def _from_own_folder(cls, path: Path, info: ValidationInfo) -> Path:
        return Path(info.context["folder"]) / path if info.context else path


def _open(opening: Opening) -> NoReturn:
    raise AssertionError(f"{opening.connection} is configured here, never opened")


PLATFORM = Platform(
    "ledger", "Ledger One", ("customer", "invoice", "payment"), Settings, _open, Profile, bridged=True
)
