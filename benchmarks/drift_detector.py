"""The monitor's own learning and comparing code, as a detector that a scorer can call.

``detect(before_records, after_records)`` learns a contract from the records before, a window from
those after, and returns ``(group, path)`` for every difference the monitor would report; groups are
removed, added, type, nullable, optional, enum, format, semantic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from monitor.compare import compare
from monitor.differences import Kind
from monitor.learning import learned
from monitor.shape import Shape

GROUP: Final = {
    Kind.FIELD_GONE: "removed",
    Kind.FIELD_RENAMED: "removed",
    Kind.FIELD_NEW: "added",
    Kind.SHAPE_CHANGED: "type",
    Kind.TYPE_CHANGED: "type",
    Kind.TYPE_WIDENED: "type",
    Kind.NULLABLE: "nullable",
    Kind.OPTIONAL: "optional",
    Kind.ENUM_NEW: "enum",
    Kind.ENUM_GONE: "enum",
    Kind.FORMAT_CHANGED: "format",
    Kind.SCALE: "semantic",
    Kind.SIGN: "semantic",
    Kind.SHARE: "semantic",
    Kind.KEY_LOST: "semantic",
}


def detect(before_records: Sequence[Any], after_records: Sequence[Any]) -> Iterable[tuple[str, str]]:
    """(group, path) of each reported difference."""
    before, after = _shape(before_records), _shape(after_records)
    contract = learned(before, "measured", "records")
    return [(GROUP[found.kind], found.path) for found in compare(contract, after, before) if found.certain]


def _shape(records: Sequence[Any]) -> Shape:
    shape = Shape()
    for record in records:
        shape.observe(record)
    return shape
