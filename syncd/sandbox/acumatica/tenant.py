"""The made-up contractor's records as its bookkeepers keep them in Acumatica."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from syncd.connectors.acumatica.profile import AcumaticaProfile
from syncd.sandbox.acumatica.kinds import KINDS
from syncd.sandbox.company import Company, Customer
from syncd.sandbox.tables import Books


def opened(company: Company, profile: AcumaticaProfile) -> Books:
    """The tenant of that company: its ledger's own customers, projects, items and posted invoices."""
    entry = _Entry(company, profile)
    entry.customers()
    entry.projects()
    entry.items()
    entry.invoices()
    entry.payments()
    entry.people()
    return entry.books


class _Entry:
    def __init__(self, company: Company, profile: AcumaticaProfile) -> None:
        self.books = Books()
        self._company = company
        self._profile = profile
        self._numbers: dict[int, str] = {}
        # the same seed makes the same ids
        self._space = uuid.UUID(int=company.seed)

    def _seed(self, kind: str, name: str, day: date, fields: Mapping[str, Any]) -> None:
        whole = {**dict.fromkeys(KINDS[kind].fields), **fields}
        at = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
        at += len(self.books.table(kind)) * 1_000
        self.books.seed(kind, str(uuid.uuid5(self._space, f"{kind} {name}")), whole, at)

    def customers(self) -> None:
        for customer in self._company.ledger_customers:
            number = f"C{customer.ledger_number:06d}"
            self._numbers[customer.index] = number
            self._seed("Customer", number, date(2024, 1, 2), self._customer(number, customer))

    def _customer(self, number: str, customer: Customer) -> dict[str, Any]:
        address = customer.address
        return {
            "CustomerID": number,
            "CustomerName": customer.ledger_name,
            "CustomerClass": "LOCAL",
            "Status": "Active",
            "Terms": customer.terms,
            "MainContact": {
                "Phone1": customer.ledger_phone,
                "Email": customer.ledger_email,
                "Address": {
                    "AddressLine1": address.street,
                    "City": address.city,
                    "State": address.state,
                    "PostalCode": address.postal_code,
                },
            },
        }

    def projects(self) -> None:
        for job in self._company.jobs:
            if job.in_ledger:
                fields = {
                    "ProjectID": str(job.number),
                    "Description": job.name,
                    "Customer": self._numbers[job.customer],
                    "Status": "Active",
                    "Hold": False,
                }
                self._seed("Project", str(job.number), job.created, fields)

    def items(self) -> None:
        for item in self._company.items:
            fields = {
                "InventoryID": item.code,
                "Description": item.name,
                "BaseUnit": "EA",
                "DefaultPrice": float(item.price),
                "ItemType": "Non-Stock Item",
                "ItemStatus": "Active",
            }
            self._seed("NonStockItem", item.code, date(2024, 1, 2), fields)

    def invoices(self) -> None:
        jobs = self._company.jobs
        for invoice in self._company.invoices:
            if not invoice.in_ledger:
                continue
            number = f"AR{1 + len(self.books.table('Invoice')):06d}"
            lines = [
                {
                    "LineNbr": at,
                    "InventoryID": line.item,
                    "TransactionDescription": line.description,
                    "Qty": float(line.quantity),
                    "UnitPrice": float(line.unit_price),
                    "Amount": float(line.amount),
                    "TaxCategory": self._profile.taxable if line.taxable else self._profile.exempt,
                }
                for at, line in enumerate(invoice.lines, 1)
            ]
            if invoice.tax:
                tax = {"InventoryID": self._profile.tax_item, "Qty": 1.0, "Amount": float(invoice.tax)}
                lines.append({"LineNbr": len(lines) + 1, **tax, "TaxCategory": self._profile.exempt})
            fields = {
                "Type": self._profile.invoice_type,
                "ReferenceNbr": number,
                "Status": "Closed" if invoice.paid else "Open",
                "Customer": self._numbers[invoice.customer],
                "CustomerOrder": invoice.number,
                "Date": invoice.date.isoformat(),
                "Description": invoice.description[:60],
                "Project": None if invoice.job is None else str(jobs[invoice.job].number),
                "Hold": False,
                "Amount": float(invoice.total),
                "Balance": 0.0 if invoice.paid else float(invoice.total),
                "TaxTotal": 0.0,
                "Details": lines,
            }
            self._seed("Invoice", number, invoice.date, fields)

    def payments(self) -> None:
        """A receipt for every invoice that is paid, applied to it alone."""
        stand = {row.fields["CustomerOrder"]: row.fields for row in self.books.table("Invoice")}
        for invoice in self._company.invoices:
            if not (invoice.in_ledger and invoice.paid and invoice.paid_on):
                continue
            paid = stand[invoice.number]
            number = f"PM{1 + len(self.books.table('Payment')):06d}"
            applied = {
                "DocType": paid["Type"],
                "ReferenceNbr": paid["ReferenceNbr"],
                "AmountPaid": paid["Amount"],
            }
            fields = {
                "Type": "Payment",
                "ReferenceNbr": number,
                "Status": "Closed",
                "CustomerID": paid["Customer"],
                "PaymentRef": invoice.check_number,
                "PaymentAmount": paid["Amount"],
                "ApplicationDate": invoice.paid_on.isoformat(),
                "DocumentsToApply": [applied],
            }
            self._seed("Payment", number, invoice.paid_on, fields)

    def people(self) -> None:
        """Those who work here, and those whom parts are bought from."""
        for at, name in enumerate(("Dana Whitaker", "Luis Muñoz", "Priya Raman", "Tom Olsen"), 1):
            number = f"EP{at:06d}"
            fields = {"EmployeeID": number, "EmployeeName": name, "Status": "Active"}
            self._seed("Employee", number, date(2024, 1, 2), fields)
        for at, name in enumerate(("Harbor Supply", "Summit Refrigerants", "Beacon Electric"), 1):
            number = f"V{at:06d}"
            contact = {
                "Phone1": "(614) 555-0150",
                "Email": None,
                "Address": {"City": "Columbus", "State": "OH"},
            }
            fields = {"VendorID": number, "VendorName": name, "VendorClass": "PARTS", "Status": "Active"}
            self._seed(
                "Vendor", number, date(2024, 1, 2), {**fields, "Terms": "NET30", "MainContact": contact}
            )
