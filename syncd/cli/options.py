"""The options every command has, as one value that is set once per run."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Output(StrEnum):
    """How data is written to stdout."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"
    CSV = "csv"

    @property
    def for_people(self) -> bool:
        return self in (Output.TABLE, Output.WIDE)


@dataclass(frozen=True, slots=True)
class Options:
    config: Path = Path("syncd.yaml")
    output: Output = Output.TABLE
    no_input: bool = False
    """Never ask; what would be asked needs ``yes``."""
    yes: bool = False
    """Agree to what would be asked."""
    quiet: bool = False
    """Only data and errors."""
    verbose: bool = False


_current: ContextVar[Options] = ContextVar("options", default=Options())  # noqa: B039 - frozen


def options() -> Options:
    """Those of this run."""
    return _current.get()


def use(chosen: Options) -> None:
    """Set them, once, before the command runs."""
    _current.set(chosen)
