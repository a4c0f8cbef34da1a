"""Acumatica's records as lenses, and where each kind is found. Fields are those of Default/24.200.001."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from syncd.connectors.acumatica.profile import AcumaticaProfile
from syncd.connectors.acumatica.settings import Settings
from syncd.core.model import Value
from syncd.mapping.atoms import KEEP, Atom, Day, Flag, Identifier, Lines, LocalTime, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.rest import Method, Offset, Reference, Resource, Since, Stamp, odata

_TEXT: Final = Text(empty=None)
_CODE: Final = Identifier()
_STAMP: Final = Stamp("iso", 1_000, offset="+00:00")
_UPSERT: Final = Method("PUT", "{path}", headers={"If-Match": "*"})
_NEW: Final = Method("PUT", "{path}")
_NEW_BY_KEY: Final = Method("PUT", "{path}", headers={"If-None-Match": "*"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its entity on the endpoint, what is expanded, what may be done."""

    name: str
    key: str
    """The field that others refer to it by; documents are known by type and number, as ``Type/Number``."""
    expand: odata.Expansion = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    reference: Reference | None = None
    unique: tuple[str, ...] = ()
    """Without a field for our reference: what tells a record of ours, asked for by its first."""
    creates: bool = False
    updates: bool = False
    modified: str = "LastModifiedDateTime"


DOCUMENT: Final = "syncdKey"
"""Added at the edge to documents: their type and number in one, as others refer to them."""
APPLIED: Final = "syncdApplied"
"""Added at the edge to payments that are applied to one document: its key."""
TAX: Final = "syncdTax"
"""Added at the edge to invoices: Acumatica's own tax, and that of the line that carries the other side's."""


def _ours(name: str) -> Reference:
    return Reference(name, "$filter", f"{name} eq {{}}", max_length=30)


_CONTACT: Final[odata.Expansion] = {"MainContact": {"Address": {}}}
KINDS: Final[Mapping[str, Kind]] = {
    "customer": Kind(
        "Customer",
        "CustomerID",
        _CONTACT,
        ("CustomerID", "CustomerName"),
        _ours("AccountRef"),
        (),
        creates=True,
        updates=True,
    ),
    "vendor": Kind(
        "Vendor",
        "VendorID",
        _CONTACT,
        ("VendorID", "VendorName"),
        None,
        ("VendorName",),
        creates=True,
        updates=True,
    ),
    "employee": Kind("Employee", "EmployeeID", {}, ("EmployeeID",)),
    "item": Kind("NonStockItem", "InventoryID", {}, ("InventoryID",)),
    "job": Kind("Project", "ProjectID", {}, ("ProjectID",), None, ("ProjectID",), creates=True, updates=True),
    "invoice": Kind(
        "Invoice",
        DOCUMENT,
        {"Details": {}},
        ("CustomerOrder", "ReferenceNbr"),
        None,
        ("CustomerOrder", "Customer"),
        creates=True,
    ),
    "payment": Kind("Payment", DOCUMENT, {"DocumentsToApply": {}}, ("PaymentRef", "ReferenceNbr")),
    "purchase_order": Kind(
        "PurchaseOrder",
        DOCUMENT,
        {"Details": {}},
        ("VendorRef", "OrderNbr"),
        None,
        ("VendorRef", "VendorID"),
        creates=True,
    ),
    "bill": Kind(
        "Bill",
        DOCUMENT,
        {"Details": {}},
        ("VendorRef", "ReferenceNbr"),
        None,
        ("VendorRef", "Vendor"),
        creates=True,
    ),
    "time_entry": Kind(
        "TimeEntry", "TimeEntryID", {}, ("ExternalRefNbr",), _ours("ExternalRefNbr"), (), creates=True
    ),
}
"""Entity -> where it stands. A document that Acumatica numbers by itself carries our number in a field of the
sender's: ``CustomerOrder`` and ``VendorRef`` (documented as practice)."""


def resources(settings: Settings, profile: AcumaticaProfile) -> Mapping[str, Resource]:
    return {entity: _resource(kind, entity, settings, profile) for entity, kind in KINDS.items()}


def _resource(kind: Kind, entity: str, settings: Settings, profile: AcumaticaProfile) -> Resource:
    version = settings.wire
    since = odata.instant("{}", version)
    asked = {"$expand": odata.expand(kind.expand, version)} if kind.expand else {}
    numbered = {"customer": profile.customers_numbered, "vendor": profile.vendors_numbered}
    own_key = entity == "job" or not numbered.get(entity, True)
    return Resource(
        f"{settings.path}/{kind.name}",
        paging=Offset("$skip", "$top", ends="short"),
        limit=settings.page_size,
        key=kind.key,
        query=asked,
        single=asked,
        modified=kind.modified,
        stamp=_STAMP,
        since=(Since("$filter", f"{kind.modified} ge {since}"),),
        overlap_s=settings.overlap_s,
        numbers=kind.numbers,
        finds={name: Since("$filter", f"{name} eq {{}}") for name in kind.numbers},
        create=_NEW_BY_KEY if own_key else _NEW,
        update=_UPSERT,
        fixed=_fixed(entity, profile),
        reference=kind.reference,
        unique=kind.unique,
    )


def _fixed(entity: str, profile: AcumaticaProfile) -> Mapping[str, Any]:
    types = {
        "invoice": profile.invoice_type,
        "bill": profile.bill_type,
        "purchase_order": profile.order_type,
    }
    defaults = profile.defaults.get(entity)
    own = {"Type": types[entity], "Hold": profile.on_hold} if entity in types else {}
    return {**own, **(defaults.values if defaults else {})}


@dataclass(frozen=True, slots=True)
class HoursAndMinutes:
    """A duration as ``hh:mm``; canonical form is hours, to the ten-thousandth."""

    def get(self, wire: Any) -> Value:
        if wire is None or wire == "":
            return None
        found = re.fullmatch(r"(\d+):([0-5]\d)", wire) if isinstance(wire, str) else None
        if found is None:
            raise ValueError("hours and minutes expected, as hh:mm")
        return _hours(int(found[1]) * 60 + int(found[2]))

    def put(self, value: Value, current: Any) -> Any:
        if not isinstance(value, Decimal | int):
            return KEEP if current in (None, "") else None
        minutes = round(Decimal(value) * 60)
        text = f"{minutes // 60:02d}:{minutes % 60:02d}"
        return KEEP if current == text else text


@dataclass(frozen=True, slots=True)
class Category:
    """A tax category as whether tax applies. One that is neither of the two says nothing."""

    taxable: Mapping[str, bool]

    def get(self, wire: Any) -> Value:
        return self.taxable.get(wire) if isinstance(wire, str) else None

    def put(self, value: Value, current: Any) -> Any:
        if self.get(current) == value:
            return KEEP
        return next((code for code, taxed in self.taxable.items() if taxed is value), None)


def _hours(minutes: int) -> Decimal:
    return (Decimal(minutes) / 60).quantize(Decimal("0.0001")).normalize() + Decimal(0)


# -- lenses ---------------------------------------------------------------------------------------


def maps(profile: AcumaticaProfile) -> Mapping[str, EntityMap]:
    """entity -> its lens."""
    fields: Mapping[str, tuple[FieldMap, ...]] = {
        "customer": _party("Customer", numbered=profile.customers_numbered),
        "vendor": (*_party("Vendor", numbered=profile.vendors_numbered), _on("terms", "Terms", _CODE)),
        "employee": (
            _read("number", "EmployeeID", _CODE),
            _read("last_name", "EmployeeName", _TEXT),
            _STATUS,
        ),
        "item": _ITEM,
        "job": _JOB,
        "invoice": _invoice(profile),
        "payment": _PAYMENT,
        "purchase_order": _ORDER,
        "bill": _BILL,
        "time_entry": _TIME,
    }
    return {
        entity: EntityMap(
            entity, fields[entity], key=kind.key, modified=kind.modified, modified_atom=LocalTime()
        )
        for entity, kind in KINDS.items()
    }


def _on(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom)


def _read(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom, writable=False)


def _once(name: str, path: str, atom: Atom) -> FieldMap:
    """Documents: written when they are made, corrected by reversal."""
    return FieldMap(name, path, atom, create_only=True)


_STATUS: Final = _read("status", "Status", _TEXT)


def _party(kind: str, *, numbered: bool) -> tuple[FieldMap, ...]:
    identity = f"{kind}ID"
    number = _read("number", identity, _CODE) if numbered else _once("number", identity, _CODE)
    return (
        number,
        _on("name", f"{kind}Name", Text(max_length=60, empty=None)),
        _on("phone", "MainContact.Phone1", _TEXT),
        _on("email", "MainContact.Email", _TEXT),
        _on("street", "MainContact.Address.AddressLine1", Text(max_length=50, empty=None)),
        _on("city", "MainContact.Address.City", _TEXT),
        _on("state", "MainContact.Address.State", _TEXT),
        _on("postal_code", "MainContact.Address.PostalCode", _TEXT),
        _STATUS,
    )


_ITEM: Final = (
    _read("number", "InventoryID", _CODE),
    _read("name", "Description", _TEXT),
    _read("unit", "BaseUnit", _CODE),
    _read("price", "DefaultPrice", Money()),
    _read("type", "ItemType", _TEXT),
    _read("status", "ItemStatus", _TEXT),
)
_JOB: Final = (
    _once("number", "ProjectID", _CODE),
    _on("name", "Description", Text(max_length=60, empty=None)),
    _once("customer", "Customer", _CODE),
    _STATUS,
)
_PAYMENT: Final = (
    _read("number", "PaymentRef", _TEXT),
    _read("invoice", APPLIED, _CODE),
    _read("date", "ApplicationDate", Day()),
    _read("amount", "PaymentAmount", Money()),
)
_COST_LINE: Final = (
    ("description", "TransactionDescription", _TEXT),
    ("quantity", "Qty", Number()),
    ("unit_cost", "UnitCost", Number()),
    ("amount", "Amount", Money()),
    ("item", "InventoryID", _CODE),
    ("account", "Account", _CODE),
    ("job", "Project", _CODE),
    ("phase", "ProjectTask", _CODE),
    ("cost_code", "CostCode", _CODE),
)
_BILL: Final = (
    _once("number", "VendorRef", Text(max_length=40, empty=None)),
    _once("vendor", "Vendor", _CODE),
    _once("date", "Date", Day()),
    _once("due_date", "DueDate", Day()),
    _once("description", "Description", Text(max_length=60, empty=None)),
    _once("terms", "Terms", _CODE),
    _read("tax", "TaxTotal", Money()),
    _read("total", "Amount", Money()),
    _once("lines", "Details", Lines(_COST_LINE)),
    _STATUS,
    _read("balance", "Balance", Money()),
)
_TIME: Final = (
    _once("employee", "Employee", _CODE),
    _once("date", "Date", Day()),
    _once("job", "ProjectID", _CODE),
    _once("phase", "ProjectTaskID", _CODE),
    _once("cost_code", "CostCode", _CODE),
    _once("earning", "EarningType", _CODE),
    _once("regular_hours", "TimeSpent", HoursAndMinutes()),
    _once("billable", "Billable", Flag()),
    _once("description", "Summary", _TEXT),
    _read("status", "ApprovalStatus", _TEXT),
)
_ORDER_LINE: Final = (
    ("description", "LineDescription", _TEXT),
    ("quantity", "OrderQty", Number()),
    ("unit", "UOM", _CODE),
    ("unit_cost", "UnitCost", Number()),
    ("amount", "ExtendedCost", Money()),
    *_COST_LINE[4:],
)
_ORDER: Final = (
    _once("number", "VendorRef", Text(max_length=40, empty=None)),
    _once("vendor", "VendorID", _CODE),
    _once("job", "Project", _CODE),
    _once("date", "Date", Day()),
    _once("expected_date", "PromisedOn", Day()),
    _once("description", "Description", Text(max_length=60, empty=None)),
    _once("terms", "Terms", _CODE),
    _read("tax", "TaxTotal", Money()),
    _read("total", "OrderTotal", Money()),
    _once("lines", "Details", Lines(_ORDER_LINE)),
    _STATUS,
)


def _invoice(profile: AcumaticaProfile) -> tuple[FieldMap, ...]:
    categories = {profile.taxable: True, profile.exempt: False}
    return (
        _once("number", "CustomerOrder", Text(max_length=40, empty=None)),
        _once("date", "Date", Day()),
        _once("due_date", "DueDate", Day()),
        _once("customer", "Customer", _CODE),
        _once("job", "Project", _CODE),
        _once("description", "Description", Text(max_length=60, empty=None)),
        _once("terms", "Terms", _CODE),
        _once("tax", TAX, Money()),
        _read("total", "Amount", Money()),
        _once(
            "lines",
            "Details",
            Lines(
                (
                    ("description", "TransactionDescription", _TEXT),
                    ("quantity", "Qty", Number()),
                    ("unit_price", "UnitPrice", Number()),
                    ("amount", "Amount", Money()),
                    ("item", "InventoryID", _CODE),
                    ("account", "Account", _CODE),
                    ("taxable", "TaxCategory", Category(categories)),
                    ("cost_code", "CostCode", _CODE),
                )
            ),
        ),
        _STATUS,
        _read("type", "Type", _TEXT),
        _read("balance", "Balance", Money()),
    )
