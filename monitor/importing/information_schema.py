"""INFORMATION_SCHEMA.COLUMNS, as CSV or as a JSON list of rows: tables by name."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any, Final

import orjson

from syncd.core.errors import FixInput

_NEEDED: Final = ("table_name", "column_name", "data_type")
_SPELLED: Final[tuple[tuple[dict[str, Any], tuple[str, ...]], ...]] = (
    ({"type": "integer"}, ("int", "integer", "bigint", "smallint", "tinyint")),
    ({"type": "boolean"}, ("bit", "boolean")),
    ({"type": "number"}, ("float", "real", "double precision")),
    ({"type": "string", "x-format": "decimal"}, ("decimal", "numeric", "money", "smallmoney")),
    ({"type": "string", "format": "date"}, ("date",)),
    (
        {"type": "string", "x-format": "date-time-local"},
        ("datetime", "datetime2", "smalldatetime", "timestamp", "timestamp without time zone"),
    ),
    ({"type": "string", "format": "date-time"}, ("datetimeoffset", "timestamp with time zone")),
    ({"type": "string", "format": "uuid"}, ("uniqueidentifier", "uuid")),
)
_TYPES: Final[Mapping[str, dict[str, Any]]] = {name: spelled for spelled, names in _SPELLED for name in names}
"""SQL type -> how a connector spells its values in a record (exact numbers as text)."""


def schemas(published: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Tables under their names; every column is always there, and null where the table allows it."""
    found: dict[str, dict[str, Any]] = {}
    for row in _rows(published):
        table, column = str(row["table_name"]), str(row["column_name"])
        schema = found.setdefault(table, {"type": "object", "required": [], "properties": {}})
        schema["required"].append(column)
        schema["properties"][column] = _column(row)
    return found


def _rows(published: bytes) -> Iterable[Mapping[str, Any]]:
    text = published.decode("utf-8-sig")
    try:
        rows = orjson.loads(text) if text.lstrip().startswith("[") else list(csv.DictReader(StringIO(text)))
    except orjson.JSONDecodeError:
        raise FixInput("neither a JSON list of rows nor CSV") from None
    lowered = [{str(name).lower(): value for name, value in row.items()} for row in rows]
    if not lowered or any(name not in lowered[0] for name in _NEEDED):
        raise FixInput(
            "not the columns of a database",
            remedy="SELECT table_name, column_name, data_type, is_nullable, character_maximum_length "
            "FROM information_schema.columns, saved as CSV or JSON",
        )
    return lowered


def _column(row: Mapping[str, Any]) -> dict[str, Any]:
    schema = dict(_TYPES.get(str(row["data_type"]).lower(), {"type": "string"}))
    if str(row.get("is_nullable", "YES")).upper() != "NO":
        schema["type"] = [schema["type"], "null"]
    width = str(row.get("character_maximum_length") or "")
    if width.isdigit() and schema["type"] in ("string", ["string", "null"]):
        schema["maxLength"] = int(width)
    return schema
