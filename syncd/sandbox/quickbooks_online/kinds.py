"""The entities of the API that this sandbox plays: what each needs, and what it refers to. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """One entity."""

    required: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    """Reference -> the entity that must hold it."""
    listed: bool = False
    """A list's entry: never deleted, and left out of queries while it is inactive."""
    named: bool = False
    """Its name is unique over everything that is named."""
    numbered: bool = False
    """Its number is unique among its kind."""
    owed: bool = False
    """It has a balance."""


_SALE: Final = {"CustomerRef": "Customer", "SalesTermRef": "Term", "DepartmentRef": "Department"}
KINDS: Final[Mapping[str, Kind]] = {
    "Customer": Kind(("DisplayName",), {"ParentRef": "Customer"}, listed=True, named=True),
    "Vendor": Kind(("DisplayName",), listed=True, named=True),
    "Account": Kind(("Name",), listed=True),
    "Term": Kind(("Name",), listed=True),
    "Department": Kind(("Name",), listed=True),
    "Item": Kind(("Name", "Type"), listed=True),
    "Invoice": Kind(("CustomerRef", "Line"), _SALE, numbered=True, owed=True),
    "Payment": Kind(("CustomerRef", "TotalAmt"), {"CustomerRef": "Customer"}),
    "Bill": Kind(("VendorRef", "Line"), {"VendorRef": "Vendor"}, owed=True),
    "PurchaseOrder": Kind(
        ("VendorRef", "APAccountRef", "Line"), {"VendorRef": "Vendor", "APAccountRef": "Account"}
    ),
    "Preferences": Kind(),
}
BY_PATH: Final[Mapping[str, str]] = {name.lower(): name for name in KINDS}
LINE_NEEDS: Final[Mapping[str, str]] = {
    "SalesItemLineDetail": "ItemRef",
    "ItemBasedExpenseLineDetail": "ItemRef",
    "AccountBasedExpenseLineDetail": "AccountRef",
}
"""Detail of a line -> the reference without which it is refused."""
SERVER_SET: Final = frozenset(
    {"Id", "SyncToken", "MetaData", "TotalAmt", "Balance", "FullyQualifiedName", "domain", "status", "sparse"}
)
"""What a body may not set."""
