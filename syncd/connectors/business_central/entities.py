"""Business Central's records as lenses, and where each kind is found. Fields are those of API v2.0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from syncd.connectors.business_central.settings import Settings
from syncd.core.model import Value
from syncd.mapping.atoms import KEEP, Atom, Code, Day, Identifier, Lines, LocalTime, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.rest import ISO_MILLIS, Method, NextAddress, Reference, Resource, Since, Version, VersionIn, odata

NOTHING: Final = "00000000-0000-0000-0000-000000000000"
"""How a reference says that there is none."""
NO_DAY: Final = "0001-01-01"
TAX: Final = "syncdTax"
"""Added at the edge to invoices: the ledger's own tax, and that of the line that carries the other side's."""
DRAFTS: Final = ("Draft", "In Review")
MODIFIED: Final = "lastModifiedDateTime"

_TEXT: Final = Text()
_CODE: Final = Identifier()
_GUID: Final = Identifier(none=NOTHING)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its entity set, and what may be done."""

    set: str
    numbers: tuple[str, ...]
    lines: str = ""
    """The navigation property that holds a document's lines."""
    price: str = ""
    """A line's price."""
    unique: tuple[str, ...] = ()
    """What tells a document of ours. Others are proven by the id that we choose for them."""
    posts: bool = False
    """Drafts and posted documents stand in one set; posting keeps the id and changes the number."""
    creates: bool = False
    updates: bool = False
    announced: bool = True


KINDS: Final[Mapping[str, Kind]] = {
    "customer": Kind("customers", ("number", "displayName"), creates=True, updates=True),
    "vendor": Kind("vendors", ("number", "displayName"), creates=True, updates=True),
    "employee": Kind("employees", ("number",)),
    "item": Kind("items", ("number",)),
    "invoice": Kind(
        "salesInvoices",
        ("externalDocumentNumber", "number"),
        "salesInvoiceLines",
        "unitPrice",
        ("externalDocumentNumber", "customerId"),
        posts=True,
        creates=True,
        updates=True,
    ),
    "purchase_order": Kind(
        "purchaseOrders",
        ("number",),
        "purchaseOrderLines",
        "directUnitCost",
        ("number",),
        creates=True,
        announced=False,
    ),
    "bill": Kind(
        "purchaseInvoices",
        ("vendorInvoiceNumber", "number"),
        "purchaseInvoiceLines",
        "unitCost",
        ("vendorInvoiceNumber", "vendorId"),
        posts=True,
        creates=True,
    ),
}


def operations(entity: str, settings: Settings) -> tuple[str, ...]:
    """What can be done to a kind of record here."""
    kind = KINDS[entity]
    creates = kind.creates and (entity != "purchase_order" or settings.chart.manual_orders)
    # posted documents are corrected by credit memos, never changed
    updates = kind.updates and not (kind.posts and settings.documents == "post")
    return (("create",) if creates else ()) + (("update",) if updates else ())


def resources(settings: Settings) -> Mapping[str, Resource]:
    return {entity: _resource(kind, settings) for entity, kind in KINDS.items()}


def _resource(kind: Kind, settings: Settings) -> Resource:
    expanded = {"$expand": kind.lines} if kind.lines else {}
    changed = Since("$filter", f"{MODIFIED} ge {{}}")
    drafts = " or ".join(odata.equals("status", word) for word in DRAFTS)
    posted = " and ".join(f"status ne {odata.literal(word)}" for word in DRAFTS)
    only_posted = kind.posts and settings.documents == "post"
    # whether an edit of a line moves the document's time is not said: what may still be edited is read again
    open_too = (Since("$filter", drafts),) if kind.lines and not only_posted else ()
    return Resource(
        f"{settings.path}/{kind.set}",
        rows="value",
        paging=NextAddress(),
        limit=settings.page_size,
        next_at=odata.NEXT_LINK,
        query={**expanded, **({"$filter": posted} if only_posted else {})},
        single=expanded,
        modified=MODIFIED,
        stamp=ISO_MILLIS,
        since=(changed, *open_too),
        overlap_s=settings.overlap_s,
        numbers=kind.numbers,
        finds={name: Since("$filter", f"{name} eq {{}}") for name in kind.numbers},
        create=Method("POST", "{path}"),
        update=Method("PATCH", "{path}({key})"),
        version=Version(VersionIn.RECORD, odata.ETAG),
        reference=None if kind.unique else Reference("id"),
        unique=kind.unique,
    )


# -- lenses ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayOrNone(Day):
    """A calendar day; the first day of all says that there is none."""

    def get(self, wire: Any) -> Value:
        return None if wire == NO_DAY else Day.get(self, wire)

    def put(self, value: Value, current: Any) -> Any:
        try:
            if self.get(current) == value:
                return KEEP
        except ValueError:
            pass  # what stands there is no day: it is written over
        return value.isoformat()[:10] if isinstance(value, date) else NO_DAY


_DAY: Final = DayOrNone()


def _on(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom)


def _read(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom, writable=False)


def _once(name: str, path: str, atom: Atom) -> FieldMap:
    """Written when a document is made; lines are changed one by one there, and by people."""
    return FieldMap(name, path, atom, create_only=True)


def _party(blocked: Mapping[Any, str]) -> tuple[FieldMap, ...]:
    return (
        _read("number", "number", _CODE),
        _on("name", "displayName", _TEXT),
        _on("phone", "phoneNumber", _TEXT),
        _on("email", "email", _TEXT),
        _on("street", "addressLine1", _TEXT),
        _on("city", "city", _TEXT),
        _on("state", "state", _TEXT),
        _on("postal_code", "postalCode", _TEXT),
        _on("status", "blocked", Code(blocked)),
    )


_FREE: Final = {" ": "active", "": "active"}
_STATUS: Final = _read("status", "status", _TEXT)
_TOTAL: Final = _read("total", "totalAmountIncludingTax", Money())


def _lines(price: str) -> Lines:
    return Lines(
        (
            ("description", "description", _TEXT),
            ("quantity", "quantity", Number()),
            (price, "price", Number()),
            ("amount", "amountExcludingTax", Money()),
            ("item", "item", _CODE),
            ("account", "account", _CODE),
        )
    )


_FIELDS: Final[Mapping[str, tuple[FieldMap, ...]]] = {
    "customer": _party({**_FREE, "All": "inactive", "Ship": "blocked", "Invoice": "blocked"}),
    "vendor": (
        *_party({**_FREE, "All": "inactive", "Payment": "blocked"}),
        _on("terms", "paymentTermsId", _GUID),
    ),
    "employee": (
        _read("number", "number", _CODE),
        _read("first_name", "givenName", _TEXT),
        _read("last_name", "surname", _TEXT),
        _read("email", "email", _TEXT),
        _read("status", "status", Code({"Active": "active", "Inactive": "inactive", "Terminated": "left"})),
    ),
    "item": (
        _read("number", "number", _CODE),
        _read("name", "displayName", _TEXT),
        _read("unit", "baseUnitOfMeasureCode", _CODE),
        _read("price", "unitPrice", Money()),
        _read("cost", "unitCost", Money()),
        _read("type", "type", _TEXT),
        _read("status", "blocked", Code({False: "active", True: "inactive"})),
    ),
    "invoice": (
        _once("number", "externalDocumentNumber", _TEXT),
        _once("date", "invoiceDate", _DAY),
        _on("due_date", "dueDate", _DAY),
        _once("customer", "customerId", _GUID),
        _on("customer_po", "customerPurchaseOrderReference", _TEXT),
        _on("terms", "paymentTermsId", _GUID),
        _once("department", "shortcutDimension1Code", _CODE),
        _once("tax", TAX, Money()),
        _TOTAL,
        _once("lines", "salesInvoiceLines", _lines("unit_price")),
        _STATUS,
        _read("balance", "remainingAmount", Money()),
    ),
    "purchase_order": (
        _once("number", "number", _CODE),
        _once("vendor", "vendorId", _GUID),
        _once("date", "orderDate", _DAY),
        _once("expected_date", "requestedReceiptDate", _DAY),
        _once("terms", "paymentTermsId", _GUID),
        _TOTAL,
        _once("lines", "purchaseOrderLines", _lines("unit_cost")),
        _STATUS,
    ),
    "bill": (
        _once("number", "vendorInvoiceNumber", _TEXT),
        _once("vendor", "vendorId", _GUID),
        _once("date", "invoiceDate", _DAY),
        _once("due_date", "dueDate", _DAY),
        _once("tax", TAX, Money()),
        _TOTAL,
        _once("lines", "purchaseInvoiceLines", _lines("unit_cost")),
        _STATUS,
    ),
}


def maps() -> Mapping[str, EntityMap]:
    """entity -> its lens."""
    return {
        entity: EntityMap(entity, fields, key="id", modified=MODIFIED, modified_atom=LocalTime())
        for entity, fields in _FIELDS.items()
    }
