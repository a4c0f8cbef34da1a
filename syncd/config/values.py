"""The small value types of the configuration: names, durations, time zones."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema


class Section(BaseModel):
    """Base of every part of a file: unknown keys refused, docstrings become the schema's texts."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, arbitrary_types_allowed=False
    )


_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a name is lower-case letters, digits, '-' and '_', at most 63 characters")
    return text


def seconds(value: Any) -> Any:
    """``500ms``, ``60s``, ``5m``, ``2h``, ``1d`` or a plain number of seconds, as seconds."""
    if isinstance(value, str):
        found = _DURATION.fullmatch(value.strip())
        if not found:
            raise ValueError("a duration is a number and a unit: 500ms, 60s, 5m, 2h, 1d")
        return float(found[1]) * _SECONDS[found[2]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a duration is a number and a unit: 500ms, 60s, 5m, 2h, 1d")
    return float(value)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not a zone of the IANA database, such as America/Chicago") from None
    return name


Name = Annotated[str, AfterValidator(_name)]
"""Of a connection or a link: it stands in commands, metrics and file names."""

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""Of a kind of record or a field, as flows name it."""

Seconds = Annotated[
    float,
    BeforeValidator(seconds),
    Field(ge=0),
    WithJsonSchema({"type": ["string", "number"], "examples": ["500ms", "60s", "5m", "2h", "1d"]}),
]
"""A duration, in seconds once read."""

Zone = Annotated[str, AfterValidator(_zone)]
"""An IANA time zone."""
