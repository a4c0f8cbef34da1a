"""A platform for these tests: a field-service system without a profile."""

from __future__ import annotations

from typing import NoReturn

from pydantic import BaseModel, ConfigDict

from syncd.connectors.registry import Opening, Platform


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    base_url: str
    """Address of the API."""
    page_size: int = 100
    """Records a page."""


def _open(opening: Opening) -> NoReturn:
    raise AssertionError(f"{opening.connection} is configured here, never opened")


PLATFORM = Platform(
    "fieldserv", "Field Serv", ("customer", "location", "job", "invoice", "payment"), Settings, _open
)
