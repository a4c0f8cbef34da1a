"""The entities of the endpoint that this sandbox plays: keys, nested parts, details, numbering. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_CONTACT: Final = ("Phone1", "Email")
_ADDRESS: Final = ("AddressLine1", "City", "State", "PostalCode")


@dataclass(frozen=True, slots=True)
class Kind:
    """One entity. Fields are those this sandbox keeps; others are refused."""

    keys: tuple[str, ...]
    fields: tuple[str, ...]
    numbered: str = ""
    """Prefix of the numbers that the tenant gives; empty: a record brings its key."""
    required: tuple[str, ...] = ()
    references: Mapping[str, str] | None = None
    """Field -> the entity that must hold it."""
    nested: Mapping[str, tuple[str, ...]] | None = None
    """Path of a linked entity -> its fields."""
    details: tuple[str, ...] = ()
    amount: str = ""
    """The detail's field that sums up to the document's ``Amount`` or ``OrderTotal``."""
    total: str = "Amount"
    options: frozenset[str] = frozenset({"Status"})
    """Fields that contract 5 wraps as an option."""


_PARTY: Final[Mapping[str, tuple[str, ...]]] = {"MainContact": _CONTACT, "MainContact/Address": _ADDRESS}
_LINE: Final = (
    "LineNbr", "InventoryID", "TransactionDescription", "Qty", "UnitPrice", "UnitCost", "Amount", "Account",
    "Project", "ProjectTask", "CostCode", "TaxCategory",
)  # fmt: skip
KINDS: Final[Mapping[str, Kind]] = {
    "Customer": Kind(
        ("CustomerID",),
        ("CustomerID", "CustomerName", "AccountRef", "CustomerClass", "Status", "Terms", "NoteID"),
        numbered="C",
        required=("CustomerName",),
        nested=_PARTY,
    ),
    "Vendor": Kind(
        ("VendorID",),
        ("VendorID", "VendorName", "VendorClass", "Status", "Terms", "NoteID"),
        numbered="V",
        required=("VendorName",),
        nested=_PARTY,
    ),
    "Employee": Kind(("EmployeeID",), ("EmployeeID", "EmployeeName", "Status"), required=("EmployeeID",)),
    "NonStockItem": Kind(
        ("InventoryID",),
        ("InventoryID", "Description", "BaseUnit", "DefaultPrice", "ItemType", "ItemStatus"),
        required=("InventoryID",),
        options=frozenset({"ItemStatus", "ItemType"}),
    ),
    "Project": Kind(
        ("ProjectID",),
        ("ProjectID", "Description", "Customer", "Status", "Hold", "ExternalRefNbr"),
        required=("ProjectID",),
        references={"Customer": "Customer"},
    ),
    "Invoice": Kind(
        ("Type", "ReferenceNbr"),
        (
            "Type", "ReferenceNbr", "Status", "Customer", "CustomerOrder", "Date", "DueDate", "Description",
            "Project", "Terms", "Hold", "Amount", "Balance", "TaxTotal",
        ),
        numbered="AR",
        required=("Customer",),
        references={"Customer": "Customer", "Project": "Project"},
        details=_LINE,
        amount="Amount",
        options=frozenset({"Status", "Type"}),
    ),
    "Payment": Kind(
        ("Type", "ReferenceNbr"),
        ("Type", "ReferenceNbr", "Status", "CustomerID", "PaymentRef", "PaymentAmount", "ApplicationDate"),
        numbered="PM",
        required=("CustomerID",),
        references={"CustomerID": "Customer"},
        details=("DocType", "ReferenceNbr", "AmountPaid"),
        options=frozenset({"Status", "Type"}),
    ),
    "PurchaseOrder": Kind(
        ("Type", "OrderNbr"),
        (
            "Type", "OrderNbr", "Status", "VendorID", "VendorRef", "Date", "PromisedOn", "Description",
            "Project", "Terms", "Hold", "OrderTotal", "TaxTotal",
        ),
        numbered="PO",
        required=("VendorID",),
        references={"VendorID": "Vendor", "Project": "Project"},
        details=("LineDescription", "OrderQty", "UOM", "ExtendedCost", *_LINE),
        amount="ExtendedCost",
        total="OrderTotal",
        options=frozenset({"Status", "Type"}),
    ),
    "Bill": Kind(
        ("Type", "ReferenceNbr"),
        (
            "Type", "ReferenceNbr", "Status", "Vendor", "VendorRef", "Date", "DueDate", "Description",
            "Terms", "Hold", "Amount", "Balance", "TaxTotal",
        ),
        numbered="AP",
        required=("Vendor",),
        references={"Vendor": "Vendor"},
        details=_LINE,
        amount="Amount",
        options=frozenset({"Status", "Type"}),
    ),
    "TimeEntry": Kind(
        ("TimeEntryID",),
        (
            "TimeEntryID", "Date", "Employee", "ProjectID", "ProjectTaskID", "CostCode", "EarningType",
            "TimeSpent", "Billable", "Summary", "ApprovalStatus", "ExternalRefNbr",
        ),
        numbered="guid",
        required=("Employee", "Date", "EarningType", "TimeSpent"),
        references={"Employee": "Employee", "ProjectID": "Project"},
        options=frozenset({"ApprovalStatus"}),
    ),
}  # fmt: skip
DETAILS: Final[Mapping[str, str]] = {"Payment": "DocumentsToApply"}
"""Entity -> what its details are called, where it is not ``Details``."""


def details_of(name: str) -> str:
    return DETAILS.get(name, "Details") if KINDS[name].details else ""
