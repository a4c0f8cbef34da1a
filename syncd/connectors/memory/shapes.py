"""Two shapes a memory platform can have, so that linking two of them makes the mapping real.

``FIELD`` looks like a field-service product (text keys, nested addresses, unix seconds), ``LEDGER``
like an accounting one (integer keys, 0 for no reference, number codes, ISO times, short texts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from syncd.mapping.atoms import (
    Atom,
    Code,
    Day,
    Flag,
    Identifier,
    Lines,
    LocalTime,
    Money,
    Number,
    Tags,
    Text,
    UnixTime,
)
from syncd.mapping.entity_map import EntityMap, FieldMap


@dataclass(frozen=True)
class Shape:
    """How a platform spells its records."""

    name: str
    maps: Mapping[str, EntityMap]
    key: str
    """Wire field of the remote id."""
    modified: str
    """Wire field of the modification time."""
    modified_by: str
    """Wire field that names who changed it last."""
    lines: tuple[str, str]
    """Wire fields of a document's lines, and of what a line is known by."""
    status: str
    """Wire field of an invoice's status, which the ``set_status`` action changes."""
    wire_key: Callable[[int], Any]
    """The nth key as the wire holds it."""
    wire_time: Callable[[datetime], Any]
    human: Mapping[str, tuple[str, ...]]
    """entity -> wire fields by which a person names a record."""


def _fields(*rows: tuple[str, str, Atom]) -> tuple[FieldMap, ...]:
    return tuple(FieldMap(name, path, atom) for name, path, atom in rows)


_LIFE: Final = ("active", "pending", "inactive")
_WORK: Final = ("scheduled", "completed", "closed", "canceled")
_BILL: Final = ("draft", "pending_accounting", "processed", "failed", "paid", "void")


def _words(words: tuple[str, ...]) -> Code:
    return Code({word: word for word in words})


def _numbers(words: tuple[str, ...]) -> Code:
    return Code(dict(enumerate(words, 1)))


def _field_address() -> tuple[FieldMap, ...]:
    return _fields(
        ("street", "address.street", Text(empty=None)),
        ("city", "address.city", Text(empty=None)),
        ("state", "address.state", Text(empty=None)),
        ("postal_code", "address.postalCode", Text(empty=None)),
    )


def _field(entity: str, *fields: FieldMap) -> EntityMap:
    return EntityMap(
        entity, fields, key="id", modified="updated", modified_atom=UnixTime(), modified_by="updatedBy"
    )


FIELD: Final = Shape(
    name="field",
    maps={
        "customer": _field(
            "customer",
            *_fields(
                ("number", "refNumber", Text(empty=None)),
                ("name", "name", Text()),
                ("phone", "phoneNumber", Text(empty=None)),
                ("email", "email", Text(empty=None)),
                ("tags", "tags", Tags()),
                ("status", "status", _words(_LIFE)),
            ),
            *_field_address(),
        ),
        "location": _field(
            "location",
            *_fields(
                ("number", "storeNumber", Text(empty=None)),
                ("name", "name", Text()),
                ("customer", "company.id", Identifier()),
                ("phone", "phoneNumber", Text(empty=None)),
                ("email", "email", Text(empty=None)),
                ("taxable", "taxable", Flag()),
                ("status", "status", _words(_LIFE)),
            ),
            *_field_address(),
        ),
        "job": _field(
            "job",
            *_fields(
                ("number", "number", Text()),
                ("name", "name", Text()),
                ("customer", "customer.id", Identifier()),
                ("location", "location.id", Identifier()),
                ("customer_po", "customerPo", Text(empty=None)),
                ("type", "type", Text(empty=None)),
                ("status", "status", _words(_WORK)),
            ),
        ),
        "invoice": _field(
            "invoice",
            *_fields(
                ("number", "invoiceNumber", Text()),
                ("date", "transactionDate", Day()),
                ("due_date", "dueDate", Day()),
                ("customer", "customer.id", Identifier()),
                ("location", "location.id", Identifier()),
                ("job", "job.id", Identifier()),
                ("description", "name", Text(empty=None)),
                ("customer_po", "customerPo", Text(empty=None)),
                ("terms", "terms", Text(empty=None)),
                ("department", "office", Text(empty=None)),
                ("tax_district", "taxGroup", Text(empty=None)),
                ("tax", "tax", Money()),
                ("retainage", "retainage", Money()),
                ("total", "totalPrice", Money()),
                ("type", "type", Text(empty=None)),
                ("status", "status", _words(_BILL)),
                ("balance", "balance", Money()),
                (
                    "lines",
                    "items",
                    Lines(
                        (
                            ("key", "lineRef", Text(empty=None)),
                            ("description", "description", Text(empty=None)),
                            ("quantity", "quantity", Number()),
                            ("unit_price", "price", Number()),
                            ("amount", "total", Money()),
                            ("taxable", "taxable", Flag()),
                            ("item", "libItem", Text(empty=None)),
                            ("cost_code", "costCode", Text(empty=None)),
                        )
                    ),
                ),
            ),
        ),
        "payment": _field(
            "payment",
            *_fields(
                ("number", "referenceNumber", Text(empty=None)),
                ("invoice", "invoice.id", Identifier()),
                ("date", "paymentDate", Day()),
                ("amount", "paymentAmount", Money()),
                ("discount", "discount", Money()),
            ),
        ),
    },
    key="id",
    modified="updated",
    modified_by="updatedBy",
    lines=("items", "lineRef"),
    status="status",
    wire_key=lambda n: f"F{1000 + n}",
    wire_time=lambda at: int(at.timestamp()),
    human={
        "customer": ("refNumber", "name"),
        "location": ("storeNumber", "name"),
        "job": ("number",),
        "invoice": ("invoiceNumber",),
        "payment": ("referenceNumber",),
    },
)


def _reference() -> Identifier:
    return Identifier(as_integer=True, none=0)


def _ledger(entity: str, *fields: FieldMap) -> EntityMap:
    return EntityMap(
        entity, fields, key="recno", modified="changed", modified_atom=LocalTime(), modified_by="changed_by"
    )


def _ledger_address() -> tuple[FieldMap, ...]:
    return _fields(
        ("street", "addr1", Text(50)),
        ("city", "town", Text(30)),
        ("state", "region", Text(2)),
        ("postal_code", "zip", Text(10)),
    )


LEDGER: Final = Shape(
    name="ledger",
    maps={
        "customer": _ledger(
            "customer",
            *_fields(
                ("number", "acct_no", Text(20)),
                ("name", "acct_name", Text(50)),
                ("phone", "tel", Text(20)),
                ("email", "mail", Text(75)),
                ("tags", "keywords", Tags(";")),
                ("status", "state_code", _numbers(_LIFE)),
            ),
            *_ledger_address(),
        ),
        "location": _ledger(
            "location",
            *_fields(
                ("number", "site_no", Text(20)),
                ("name", "site_name", Text(50)),
                ("customer", "acct", _reference()),
                ("phone", "tel", Text(20)),
                ("email", "mail", Text(75)),
                ("taxable", "is_taxable", Flag(numeric=True)),
                ("status", "state_code", _numbers(_LIFE)),
            ),
            *_ledger_address(),
        ),
        "job": _ledger(
            "job",
            *_fields(
                ("number", "job_no", Text(20)),
                ("name", "job_name", Text(75)),
                ("customer", "acct", _reference()),
                ("location", "site", _reference()),
                ("customer_po", "po_no", Text(20)),
                ("type", "job_type", Text(20)),
                ("status", "state_code", _numbers(_WORK)),
            ),
        ),
        "invoice": _ledger(
            "invoice",
            *_fields(
                ("number", "doc_no", Text(20)),
                ("date", "doc_date", Day()),
                ("due_date", "due", Day()),
                ("customer", "acct", _reference()),
                ("location", "site", _reference()),
                ("job", "job", _reference()),
                ("description", "descr", Text(50)),
                ("customer_po", "po_no", Text(20)),
                ("terms", "terms_code", Text(10)),
                ("department", "dept", Text(10)),
                ("tax_district", "tax_code", Text(10)),
                ("tax", "tax_amt", Money()),
                ("retainage", "ret_amt", Money()),
                ("total", "doc_total", Money()),
                ("type", "doc_type", Text(20)),
                ("status", "state_code", _numbers(_BILL)),
                ("balance", "open_amt", Money()),
                (
                    "lines",
                    "detail",
                    Lines(
                        (
                            ("key", "line_ref", Text(20)),
                            ("description", "descr", Text(50)),
                            ("quantity", "qty", Number()),
                            ("unit_price", "unit", Number()),
                            ("amount", "ext", Money()),
                            ("taxable", "is_taxable", Flag(numeric=True)),
                            ("item", "part", Text(20)),
                            ("account", "gl", Text(10)),
                            ("cost_code", "cost", Text(10)),
                        ),
                        order="ln",
                    ),
                ),
            ),
        ),
        "payment": _ledger(
            "payment",
            *_fields(
                ("number", "check_no", Text(20)),
                ("invoice", "doc", _reference()),
                ("date", "paid_on", Day()),
                ("amount", "paid_amt", Money()),
                ("discount", "disc_amt", Money()),
            ),
        ),
    },
    key="recno",
    modified="changed",
    modified_by="changed_by",
    lines=("detail", "line_ref"),
    status="state_code",
    wire_key=lambda n: n,
    wire_time=lambda at: at.replace(tzinfo=None).isoformat(timespec="seconds"),
    human={
        "customer": ("acct_no", "acct_name"),
        "location": ("site_no", "site_name"),
        "job": ("job_no",),
        "invoice": ("doc_no",),
        "payment": ("check_no",),
    },
)

SHAPES: Final[Mapping[str, Shape]] = {shape.name: shape for shape in (FIELD, LEDGER)}


def trimmed(shape: Shape) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """What an ERP does to the texts it is given: outer blanks dropped, cut to the column's width."""

    def normalise(entity: str, wire: dict[str, Any]) -> dict[str, Any]:
        kept = dict(wire)
        for field in shape.maps[entity].fields:
            value = kept.get(field.path)
            if isinstance(field.atom, Text) and isinstance(value, str):
                kept[field.path] = field.atom.cut(value) or ""
        return kept

    return normalise
