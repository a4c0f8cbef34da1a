"""The made-up contractor's records as its office keeps them in BuildOps."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from syncd.connectors.buildops.profile import BuildopsProfile
from syncd.sandbox.company import Address, Company, Invoice
from syncd.sandbox.tables import Books

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "customers": (
        "customerNumber", "accountNumber", "name", "isActive", "status", "customerType", "email",
        "phonePrimary", "isTaxable", "paymentTermId", "accountingAttributes", "addresses",
    ),
    "properties": ("name", "customerId", "phonePrimary", "address"),
    "jobs": (
        "jobNumber", "status", "customerId", "customerName", "customerPropertyId", "customerPropertyName",
        "billingCustomerId", "jobTypeName", "issueDescription", "departments",
    ),
    "invoices": (
        "invoiceNumber", "status", "issuedDate", "dueDate", "subtotal", "discount", "taxAmount",
        "totalAmount", "jobId", "projectId", "customerId", "billingCustomerId", "customerPropertyId",
        "paymentTermName", "customerProvidedPONumber", "summary", "invoiceItems", "payments",
    ),
    "vendors": ("name", "email", "status"),
    "employees": ("name", "firstName", "lastName", "email", "isActive"),
}  # fmt: skip
"""Path -> the fields that this sandbox keeps."""
_LINES: Final = {
    "LAB": "LaborLineItem",
    "TRI": "MiscLineItem",
    "INS": "LaborLineItem",
    "DIS": "OtherLineItem",
}
"""First letters of an item -> the kind of line it becomes; everything else is a part."""
DRAFT, POSTED, EXPORTED = "Draft", "Posted", "Exported"


def opened(company: Company, profile: BuildopsProfile) -> Books:
    """The tenant of that company: what the office has entered in its field service."""
    entry = _Entry(company, profile)
    entry.customers()
    entry.properties()
    entry.jobs()
    for invoice in company.invoices:
        entry.invoice(invoice)
    entry.people()
    return entry.books


def address(of: Address, profile: BuildopsProfile) -> dict[str, Any]:
    """In the tenant's shape."""
    if profile.address.shape == "short":
        return {"line1": of.street, "city": of.city, "state": of.state, "zip": of.postal_code}
    return {"addressLine1": of.street, "city": of.city, "state": of.state, "zipcode": of.postal_code}


class _Entry:
    """One run of data entry; keeps which id each record of the company got."""

    def __init__(self, company: Company, profile: BuildopsProfile) -> None:
        self.books = Books()
        self._company = company
        self._profile = profile
        # the same seed makes the same ids
        self._space = uuid.UUID(int=company.seed + 1)

    def ident(self, kind: str, index: int) -> str:
        return str(uuid.uuid5(self._space, f"{kind} {index}"))

    def _seed(self, kind: str, index: int, day: date, fields: Mapping[str, Any]) -> None:
        at = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
        whole = {**dict.fromkeys(KINDS[kind]), **fields}
        self.books.seed(kind, self.ident(kind, index), whole, at + index * 1_000)

    def customers(self) -> None:
        for customer in self._company.field_customers:
            billing = {"addressType": self._profile.address.type, "billTo": True, "isActive": True}
            fields: dict[str, Any] = {
                "customerNumber": customer.ref_number,
                "name": customer.name,
                "isActive": customer.status != "inactive",
                "status": customer.status,
                "email": customer.email,
                "phonePrimary": customer.phone,
                "isTaxable": customer.tax != "EXEMPT",
                "accountingAttributes": {
                    "accountingRefId": None,
                    "accountingVersion": None,
                    "syncStatus": None,
                },
                "addresses": [{**billing, **address(customer.address, self._profile)}],
            }
            self._seed("customers", customer.index, date(2024, 2, 1), fields)

    def properties(self) -> None:
        for site in self._company.locations:
            fields: dict[str, Any] = {
                "name": site.name,
                "customerId": self.ident("customers", site.customer),
                "phonePrimary": site.phone,
                "address": address(site.address, self._profile),
            }
            self._seed("properties", site.index, date(2024, 2, 2), fields)

    def jobs(self) -> None:
        for job in self._company.jobs:
            customer = self._company.customers[job.customer]
            fields: dict[str, Any] = {
                "jobNumber": str(job.number),
                "status": "Complete" if job.status in ("completed", "closed") else "Open",
                "customerId": self.ident("customers", job.customer),
                "customerName": customer.name,
                "customerPropertyId": self.ident("properties", job.location),
                "billingCustomerId": self.ident("customers", job.customer),
                "jobTypeName": job.type,
                "issueDescription": job.name,
                "departments": [],
            }
            self._seed("jobs", job.index, job.created, fields)

    def invoice(self, invoice: Invoice) -> None:
        net = invoice.total - invoice.tax
        items = [
            {
                "lineItemType": _LINES.get(line.item[:3], "PartsLineItem"),
                "name": line.description,
                "taxable": line.taxable,
                "quantity": float(line.quantity),
                "unitPrice": float(line.unit_price),
                "amount": float(line.amount),
            }
            for line in invoice.lines
        ]
        owed = self.ident("customers", invoice.customer)
        fields: dict[str, Any] = {
            "invoiceNumber": invoice.number,
            "status": EXPORTED if invoice.in_ledger else DRAFT,
            "issuedDate": _seconds(invoice.date),
            "dueDate": None,
            "subtotal": float(net),
            "discount": 0,
            "taxAmount": float(invoice.tax),
            "totalAmount": float(invoice.total),
            "jobId": None if invoice.job is None else self.ident("jobs", invoice.job),
            "customerId": owed,
            "billingCustomerId": owed,
            "customerPropertyId": self.ident("properties", invoice.location),
            "summary": invoice.description,
            "invoiceItems": items,
            "payments": [],
        }
        self._seed("invoices", invoice.index, invoice.date, fields)

    def people(self) -> None:
        """Technicians, and those whom parts are bought from."""
        names = (("Dana", "Whitaker"), ("Luis", "Muñoz"), ("Priya", "Raman"), ("Tom", "Olsen"))
        for at, (first, last) in enumerate(names):
            mail = f"{first}.{last}@demo.example".lower()
            person = {"name": f"{first} {last}", "firstName": first, "lastName": last, "email": mail}
            self._seed("employees", at, date(2024, 2, 3), {**person, "isActive": True})
        for at, name in enumerate(("Harbor Supply", "Summit Refrigerants", "Beacon Electric")):
            vendor = {"name": name, "email": None, "status": "active"}
            self._seed("vendors", at, date(2024, 2, 3), vendor)


def _seconds(day: date) -> str:
    """Epoch seconds as text."""
    return str(int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()))
