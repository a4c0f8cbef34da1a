"""The records of a file connection as lenses: masters as their report shows them, documents as a batch takes
them in. Which of a document's fields reach the ledger is for the layout to say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from syncd.files.settings import MasterFile
from syncd.mapping.atoms import Atom, Day, Flag, Identifier, Lines, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap

_TEXT: Final = Text(empty=None)
_MONEY: Final = Money(as_text=True)
_NUMBER: Final = Number(as_text=True)
_ID: Final = Identifier()
_INVOICE_LINE: Final[tuple[tuple[str, Atom], ...]] = (
    ("key", _TEXT),
    ("description", _TEXT),
    ("quantity", _NUMBER),
    ("unit_price", _NUMBER),
    ("amount", _MONEY),
    ("taxable", Flag()),
    ("item", _TEXT),
    ("account", _TEXT),
    ("cost_code", _TEXT),
)
_ORDER_LINE: Final[tuple[tuple[str, Atom], ...]] = (
    ("key", _TEXT),
    ("description", _TEXT),
    ("quantity", _NUMBER),
    ("unit", _TEXT),
    ("unit_cost", _NUMBER),
    ("amount", _MONEY),
    ("item", _TEXT),
    ("account", _TEXT),
    ("phase", _TEXT),
    ("cost_code", _TEXT),
    ("cost_type", _TEXT),
)
_HEADS: Final[dict[str, tuple[tuple[str, Atom], ...]]] = {
    "invoice": (
        ("number", _TEXT),
        ("date", Day()),
        ("due_date", Day()),
        ("description", _TEXT),
        ("customer_po", _TEXT),
        ("terms", _TEXT),
        ("department", _TEXT),
        ("tax_district", _TEXT),
        ("tax", _MONEY),
        ("retainage", _MONEY),
        ("total", _MONEY),
        ("lines", Lines(tuple((name, name, atom) for name, atom in _INVOICE_LINE))),
    ),
    "time_entry": (
        ("number", _TEXT),
        ("date", Day()),
        ("phase", _TEXT),
        ("cost_code", _TEXT),
        ("cost_type", _TEXT),
        ("earning", _TEXT),
        ("regular_hours", _NUMBER),
        ("overtime_hours", _NUMBER),
        ("double_hours", _NUMBER),
        ("trade", _TEXT),
        ("classification", _TEXT),
        ("department", _TEXT),
        ("description", _TEXT),
    ),
    "purchase_order": (
        ("number", _TEXT),
        ("date", Day()),
        ("expected_date", Day()),
        ("description", _TEXT),
        ("terms", _TEXT),
        ("tax", _MONEY),
        ("total", _MONEY),
        ("lines", Lines(tuple((name, name, atom) for name, atom in _ORDER_LINE))),
    ),
    "job_cost": (
        ("number", _TEXT),
        ("date", Day()),
        ("description", _TEXT),
        ("phase", _TEXT),
        ("cost_code", _TEXT),
        ("cost_type", _TEXT),
        ("quantity", _NUMBER),
        ("unit_cost", _NUMBER),
        ("amount", _MONEY),
        ("account", _TEXT),
    ),
}
_PARENTS: Final = {
    "invoice": ("customer", "job"),
    "time_entry": ("employee", "job"),
    "purchase_order": ("vendor", "job"),
    "job_cost": ("job", "vendor", "employee"),
}
KEY: Final = "key"
"""What a record is known by, in the rows that ``pages`` shows."""


def document_map(entity: str, masters: Iterable[str]) -> EntityMap:
    """A document as it is taken in. It refers to those masters that the connection knows."""
    known = set(masters)
    parents = tuple((parent, _ID) for parent in _PARENTS[entity] if parent in known)
    fields = (*_HEADS[entity], *parents)
    return EntityMap(
        entity, tuple(FieldMap(name, name, atom, create_only=True) for name, atom in fields), key=KEY
    )


def master_map(entity: str, master: MasterFile) -> EntityMap:
    """A master as its report shows it; nothing of it can be written."""
    atoms: dict[str, Atom] = dict.fromkeys(master.columns, _TEXT)
    fields = [FieldMap(name, name, atom, writable=False) for name, atom in atoms.items()]
    if "number" not in atoms:
        fields.append(FieldMap("number", KEY, _TEXT, writable=False))
    return EntityMap(entity, tuple(fields), key=KEY)
