"""QuickBooks' records as lenses, and where each kind is found. Fields are those of Intuit's own schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syncd.connectors.quickbooks_online.paging import ByChange
from syncd.connectors.quickbooks_online.settings import Settings
from syncd.mapping.atoms import Atom, Code, Day, Flag, Identifier, Lines, LocalTime, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.rest import Method, Reference, Resource, Since, Stamp, Version, VersionIn

QUERY: Final = "query"
"""The parameter that holds a statement, and the part of a walk that asks by it."""
CDC: Final = "cdc"
"""The part of a walk that asks what was deleted."""
TAX: Final = "syncdTax"
"""Added at the edge to invoices and bills: QuickBooks' own tax, and that of the line that carries the other
side's."""
APPLIED: Final = "syncdApplied"
"""Added at the edge to payments that are applied to one invoice and nothing else: its id."""

_TEXT: Final = Text()
_ID: Final = Identifier()
_STAMP: Final = Stamp("iso", offset="+00:00")
_POST: Final = Method("POST", "{path}")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its entity in the API, and what may be done."""

    name: str
    numbers: tuple[str, ...]
    listed: bool = False
    """A list's entry: never deleted; what is put away (``Active``), queries leave out unless asked."""
    reference: bool = False
    """Whether a document of ours carries our reference, in its private note."""
    unique: tuple[str, ...] = ()
    """Without a reference: what tells a record of ours, asked for by its first."""
    creates: bool = False
    updates: bool = False


KINDS: Final[Mapping[str, Kind]] = {
    "customer": Kind(
        "Customer", ("DisplayName",), listed=True, unique=("DisplayName",), creates=True, updates=True
    ),
    "vendor": Kind(
        "Vendor", ("DisplayName", "AcctNum"), listed=True, unique=("DisplayName",), creates=True, updates=True
    ),
    "item": Kind("Item", ("Sku", "Name"), listed=True),
    "invoice": Kind("Invoice", ("DocNumber",), reference=True, creates=True, updates=True),
    "payment": Kind("Payment", ("PaymentRefNum",)),
    "purchase_order": Kind(
        "PurchaseOrder", ("DocNumber",), unique=("DocNumber", "VendorRef.value"), creates=True
    ),
    "bill": Kind("Bill", ("DocNumber",), reference=True, creates=True, updates=True),
}
"""Entity -> where it stands. Names are unique over customers, vendors and employees (documented), so a name
proves whose record it is."""


def resources(settings: Settings) -> Mapping[str, Resource]:
    return {entity: _resource(kind, settings) for entity, kind in KINDS.items()}


def _resource(kind: Kind, settings: Settings) -> Resource:
    asked = {"minorversion": str(settings.minor_version)}
    deleted = () if kind.listed else (Since(CDC),)
    return Resource(
        f"{settings.path}/{kind.name.lower()}",
        record=kind.name,
        key="Id",
        paging=ByChange(),
        limit=settings.page_size,
        single=asked,
        modified="MetaData.LastUpdatedTime",
        stamp=_STAMP,
        since=(Since(QUERY), *deleted),
        overlap_s=settings.overlap_s,
        numbers=kind.numbers,
        finds={name: Since(QUERY, f"{name} = '{{}}'") for name in kind.numbers},
        create=_POST,
        update=_POST,
        version=Version(VersionIn.BODY, "SyncToken"),
        reference=Reference("PrivateNote") if kind.reference else None,
        unique=kind.unique,
    )


# -- lenses ---------------------------------------------------------------------------------------


def _on(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom)


def _read(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom, writable=False)


def _once(name: str, path: str, atom: Atom) -> FieldMap:
    """Documents: written when they are made. Lines above all: a list that is sent replaces all lines, and
    with them what a bookkeeper added to one."""
    return FieldMap(name, path, atom, create_only=True)


_PARTY: Final = (
    _on("name", "DisplayName", _TEXT),
    _on("phone", "PrimaryPhone.FreeFormNumber", _TEXT),
    _on("email", "PrimaryEmailAddr.Address", _TEXT),
    _on("street", "BillAddr.Line1", _TEXT),
    _on("city", "BillAddr.City", _TEXT),
    _on("state", "BillAddr.CountrySubDivisionCode", _TEXT),
    _on("postal_code", "BillAddr.PostalCode", _TEXT),
    _on("status", "Active", Code({True: "active", False: "inactive"})),
)
_COST_LINE: Final = Lines(
    (
        ("description", "Description", _TEXT),
        ("quantity", "Qty", Number()),
        ("unit_cost", "UnitPrice", Number()),
        ("amount", "Amount", Money()),
        ("item", "Item", _ID),
        ("account", "Account", _ID),
    )
)
_FIELDS: Final[Mapping[str, tuple[FieldMap, ...]]] = {
    "customer": _PARTY,
    "vendor": (*_PARTY, _on("number", "AcctNum", _TEXT), _on("terms", "TermRef.value", _ID)),
    "item": (
        _read("number", "Sku", _TEXT),
        _read("name", "Name", _TEXT),
        _read("description", "Description", _TEXT),
        _read("price", "UnitPrice", Money()),
        _read("cost", "PurchaseCost", Money()),
        _read("taxable", "Taxable", Flag()),
        _read("account", "IncomeAccountRef.value", _ID),
        _read("type", "Type", _TEXT),
        _read("status", "Active", Code({True: "active", False: "inactive"})),
    ),
    "invoice": (
        _once("number", "DocNumber", _TEXT),
        _once("date", "TxnDate", Day()),
        _on("due_date", "DueDate", Day()),
        _once("customer", "CustomerRef.value", _ID),
        _on("description", "CustomerMemo.value", _TEXT),
        _on("terms", "SalesTermRef.value", _ID),
        _once("department", "DepartmentRef.value", _ID),
        _once("tax", TAX, Money()),
        _read("total", "TotalAmt", Money()),
        _once(
            "lines",
            "Line",
            Lines(
                (
                    ("description", "Description", _TEXT),
                    ("quantity", "Qty", Number()),
                    ("unit_price", "UnitPrice", Number()),
                    ("amount", "Amount", Money()),
                    ("item", "Item", _ID),
                )
            ),
        ),
        _read("balance", "Balance", Money()),
    ),
    "payment": (
        _read("number", "PaymentRefNum", _TEXT),
        _read("invoice", APPLIED, _ID),
        _read("date", "TxnDate", Day()),
        _read("amount", "TotalAmt", Money()),
    ),
    "purchase_order": (
        _once("number", "DocNumber", _TEXT),
        _once("vendor", "VendorRef.value", _ID),
        _once("date", "TxnDate", Day()),
        _once("expected_date", "ExpectedDate", Day()),
        _once("description", "Memo", _TEXT),
        _read("total", "TotalAmt", Money()),
        _once("lines", "Line", _COST_LINE),
        _read("status", "POStatus", _TEXT),
    ),
    "bill": (
        _once("number", "DocNumber", _TEXT),
        _once("vendor", "VendorRef.value", _ID),
        _once("date", "TxnDate", Day()),
        _on("due_date", "DueDate", Day()),
        _on("terms", "SalesTermRef.value", _ID),
        _once("tax", TAX, Money()),
        _read("total", "TotalAmt", Money()),
        _once("lines", "Line", _COST_LINE),
        _read("balance", "Balance", Money()),
    ),
}


def maps() -> Mapping[str, EntityMap]:
    """entity -> its lens."""
    return {
        entity: EntityMap(
            entity, fields, key="Id", modified="MetaData.LastUpdatedTime", modified_atom=LocalTime()
        )
        for entity, fields in _FIELDS.items()
    }
