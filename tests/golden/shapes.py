"""The two products of the stories: the memory platform's shapes, with people and their hours in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from syncd.connectors.memory import FIELD as PLAIN_FIELD
from syncd.connectors.memory import LEDGER as PLAIN_LEDGER
from syncd.connectors.memory.shapes import Shape
from syncd.mapping.atoms import Atom, Code, Day, Identifier, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap

_STATUSES: Final = Code({word: word for word in ("pending", "approved", "exported")})
_REFERENCE: Final = Identifier(as_integer=True, none=0)

Rows = tuple[tuple[str, str, Atom], ...]

_FIELD: Final[Mapping[str, Rows]] = {
    "employee": (
        ("number", "badge", Text()),
        ("last_name", "surname", Text()),
        ("first_name", "givenName", Text(empty=None)),
    ),
    "time_entry": (
        ("number", "entryNumber", Text()),
        ("employee", "worker.id", Identifier()),
        ("date", "shiftDate", Day()),
        ("job", "job.id", Identifier()),
        ("cost_code", "costCode", Text(empty=None)),
        ("regular_hours", "standard", Number()),
        ("overtime_hours", "overtime", Number()),
        ("double_hours", "double", Number()),
        ("description", "note", Text(empty=None)),
        ("status", "status", _STATUSES),
    ),
}
_LEDGER: Final[Mapping[str, Rows]] = {
    "employee": (
        ("number", "emp_no", Text(20)),
        ("last_name", "last_nm", Text(30)),
        ("first_name", "first_nm", Text(30)),
    ),
    # a line of payroll has no number of its own
    "time_entry": (
        ("employee", "emp", _REFERENCE),
        ("date", "pay_date", Day()),
        ("job", "job", _REFERENCE),
        ("cost_code", "cost", Text(10)),
        ("regular_hours", "reg_hrs", Number()),
        ("overtime_hours", "ot_hrs", Number()),
        ("double_hours", "dt_hrs", Number()),
        ("description", "descr", Text(50)),
    ),
}


def _with_hours(shape: Shape, kinds: Mapping[str, Rows], human: Mapping[str, tuple[str, ...]]) -> Shape:
    plain = shape.maps["customer"]
    maps = {
        entity: EntityMap(
            entity,
            tuple(FieldMap(*row) for row in rows),
            key=plain.key,
            modified=plain.modified,
            modified_atom=plain.modified_atom,
            modified_by=plain.modified_by,
        )
        for entity, rows in kinds.items()
    }
    return replace(shape, maps={**shape.maps, **maps}, human={**shape.human, **human})


FIELD: Final = _with_hours(PLAIN_FIELD, _FIELD, {"employee": ("badge",), "time_entry": ("entryNumber",)})
LEDGER: Final = _with_hours(PLAIN_LEDGER, _LEDGER, {"employee": ("emp_no",), "time_entry": ()})
