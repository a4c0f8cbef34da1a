"""The entity sets of API v2.0 that this sandbox plays: properties, lines, what each needs. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NOTHING: Final = "00000000-0000-0000-0000-000000000000"
NO_DAY: Final = "0001-01-01"


@dataclass(frozen=True, slots=True)
class Kind:
    """One entity set. A property that is not sent has its default; none is ever null."""

    type: str
    """Name of the entity's type."""
    defaults: Mapping[str, Any]
    server: frozenset[str] = frozenset()
    """Properties that are reckoned here: a body that sets one is refused."""
    prefix: str = ""
    """Of the number series."""
    required: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    lines: str = ""
    price: str = ""
    posts: str = ""
    """Prefix of the posted documents' own number series."""


_PARTY: Final = {
    "number": "",
    "displayName": "",
    "type": "Company",
    "addressLine1": "",
    "addressLine2": "",
    "city": "",
    "state": "",
    "country": "",
    "postalCode": "",
    "phoneNumber": "",
    "email": "",
    "website": "",
    "taxLiable": False,
    "currencyCode": "",
    "paymentTermsId": NOTHING,
    "blocked": " ",
}
_TOTALS: Final = {"totalAmountExcludingTax": 0.0, "totalTaxAmount": 0.0, "totalAmountIncludingTax": 0.0}
_DOCUMENT: Final = {
    "number": "",
    "postingDate": NO_DAY,
    "currencyCode": "",
    "paymentTermsId": NOTHING,
    "discountAmount": 0.0,
    "status": "Draft",
    **_TOTALS,
}
_RECKONED: Final = frozenset({*_TOTALS, "status", "lastModifiedDateTime", "remainingAmount", "balanceDue"})

KINDS: Final[Mapping[str, Kind]] = {
    "customers": Kind("customer", {**_PARTY, "balanceDue": 0.0}, _RECKONED, "C", ("displayName",)),
    "vendors": Kind("vendor", {**_PARTY, "irs1099Code": ""}, _RECKONED, "V", ("displayName",)),
    "employees": Kind(
        "employee",
        {"number": "", "displayName": "", "givenName": "", "surname": "", "email": "", "status": "Active"},
        frozenset({"lastModifiedDateTime"}),
        "E",
        ("givenName",),
    ),
    "items": Kind(
        "item",
        {
            "number": "",
            "displayName": "",
            "type": "Service",
            "blocked": False,
            "unitPrice": 0.0,
            "unitCost": 0.0,
            "baseUnitOfMeasureCode": "PCS",
        },
        frozenset({"lastModifiedDateTime", "inventory"}),
        "I",
        ("displayName",),
    ),
    "accounts": Kind("account", {"number": "", "displayName": ""}, frozenset({"lastModifiedDateTime"})),
    "salesInvoices": Kind(
        "salesInvoice",
        {
            **_DOCUMENT,
            "externalDocumentNumber": "",
            "invoiceDate": NO_DAY,
            "dueDate": NO_DAY,
            "customerPurchaseOrderReference": "",
            "customerId": NOTHING,
            "shortcutDimension1Code": "",
            "remainingAmount": 0.0,
        },
        _RECKONED,
        "SI",
        ("customerId",),
        {"customerId": "customers"},
        "salesInvoiceLines",
        "unitPrice",
        "PS-INV",
    ),
    "purchaseInvoices": Kind(
        "purchaseInvoice",
        {
            **_DOCUMENT,
            "invoiceDate": NO_DAY,
            "dueDate": NO_DAY,
            "vendorInvoiceNumber": "",
            "vendorId": NOTHING,
        },
        _RECKONED,
        "PI",
        ("vendorId",),
        {"vendorId": "vendors"},
        "purchaseInvoiceLines",
        "unitCost",
        "PP-INV",
    ),
    "purchaseOrders": Kind(
        "purchaseOrder",
        {
            **_DOCUMENT,
            "orderDate": NO_DAY,
            "requestedReceiptDate": NO_DAY,
            "vendorId": NOTHING,
            "fullyReceived": False,
        },
        _RECKONED | {"fullyReceived"},
        "PO",
        ("vendorId",),
        {"vendorId": "vendors"},
        "purchaseOrderLines",
        "directUnitCost",
    ),
}
LINE: Final = frozenset(
    {"lineType", "lineObjectNumber", "description", "quantity", "taxCode", "unitOfMeasureCode"}
)
"""What a line may be sent with, beside its price."""
NAMED: Final[Mapping[str, str]] = {"Item": "items", "Account": "accounts"}
"""Type of a line -> where its number must stand."""
