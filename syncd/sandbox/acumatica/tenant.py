"""The made-up contractor's records as its bookkeepers keep them in Acumatica."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from syncd.connectors.acumatica.profile import AcumaticaProfile
from syncd.sandbox.acumatica.kinds import KINDS
from syncd.sandbox.company import Company, Customer
from syncd.sandbox.purchases import Bought, Purchases
from syncd.sandbox.tables import Books


def opened(company: Company, profile: AcumaticaProfile) -> Books:
    """The tenant of that company: its ledger's own customers, projects, items and posted invoices; people,
    orders, bills and hours."""
    entry = _Entry(company, profile)
    entry.customers()
    entry.projects()
    entry.items()
    entry.invoices()
    entry.payments()
    entry.people()
    entry.purchases()
    entry.hours()
    return entry.books


class _Entry:
    def __init__(self, company: Company, profile: AcumaticaProfile) -> None:
        self.books = Books()
        self._company = company
        self._profile = profile
        self._purchases = Purchases.of(company)
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
        for at, worker in enumerate(self._purchases.workers, 1):
            fields = {"EmployeeID": f"EP{at:06d}", "EmployeeName": worker.name, "Status": "Active"}
            self._seed("Employee", f"EP{at:06d}", date(2024, 1, 2), fields)
        for at, vendor in enumerate(self._purchases.vendors, 1):
            number = f"V{at:06d}"
            contact = {
                "Phone1": vendor.phone,
                "Email": vendor.email,
                "Address": {"City": vendor.city, "State": vendor.state},
            }
            self._seed(
                "Vendor",
                number,
                date(2024, 1, 2),
                {
                    "VendorID": number,
                    "VendorName": vendor.name,
                    "VendorClass": "PARTS",
                    "Status": "Active",
                    "Terms": vendor.terms,
                    "MainContact": contact,
                },
            )

    def purchases(self) -> None:
        """Orders, and the bills for those that were delivered."""
        for order in self._purchases.orders:
            number = f"PO{1 + len(self.books.table('PurchaseOrder')):06d}"
            vendor, total = f"V{1 + order.vendor:06d}", float(order.total)
            project = str(self._company.jobs[order.job].number)
            common: dict[str, Any] = {
                "Hold": False,
                "Terms": self._purchases.vendors[order.vendor].terms,
                "Description": self._company.jobs[order.job].name[:60],
                "TaxTotal": 0.0,
            }
            ordered: dict[str, Any] = {
                "Type": self._profile.order_type,
                "OrderNbr": number,
                "Status": "Closed" if order.billed else "Open",
                "VendorID": vendor,
                "VendorRef": order.number,
                "Date": order.ordered.isoformat(),
                "PromisedOn": order.expected.isoformat(),
                "Project": project,
                "OrderTotal": total,
                "Details": [_ordered(at, line) for at, line in enumerate(order.lines, 1)],
            }
            self._seed("PurchaseOrder", number, order.ordered, {**common, **ordered})
            if order.billed is None or order.due is None:
                continue
            number = f"AP{1 + len(self.books.table('Bill')):06d}"
            bill: dict[str, Any] = {
                "Type": self._profile.bill_type,
                "ReferenceNbr": number,
                "Status": "Open",
                "Vendor": vendor,
                "VendorRef": order.bill_number,
                "Date": order.billed.isoformat(),
                "DueDate": order.due.isoformat(),
                "Amount": total,
                "Balance": total,
                "Details": [_billed(at, line) for at, line in enumerate(order.lines, 1)],
            }
            self._seed("Bill", number, order.billed, {**common, **bill})

    def hours(self) -> None:
        """Days that somebody has entered."""
        for at, one in enumerate(self._purchases.hours, 1):
            ident = f"20000000-0000-4000-8000-{at:012d}"
            minutes = int(one.hours * 60)
            fields = {
                "TimeEntryID": ident,
                "Date": one.day.isoformat(),
                "Employee": f"EP{1 + one.worker:06d}",
                "ProjectID": str(self._company.jobs[one.job].number),
                "ProjectTaskID": None if one.overtime else "SERVICE",
                "CostCode": None if at % 4 == 0 else "15-500",
                "ExternalRefNbr": f"T-{9000 + at}" if at % 3 == 0 else None,
                "EarningType": "OT" if one.overtime else "RG",
                "TimeSpent": f"{minutes // 60:02d}:{minutes % 60:02d}",
                "Billable": True,
                "Summary": one.summary,
                "ApprovalStatus": "Approved",
            }
            self._seed("TimeEntry", ident, one.day, fields)


def _ordered(at: int, line: Bought) -> dict[str, Any]:
    cost = float(line.unit_cost)
    named: dict[str, Any] = {
        "LineNbr": at,
        "InventoryID": line.item,
        "LineDescription": line.description,
        "UOM": "EA",
    }
    named |= {"Account": "52000", "CostCode": "15-500" if at > 1 else None}
    return {**named, "OrderQty": float(line.quantity), "UnitCost": cost, "ExtendedCost": float(line.amount)}


def _billed(at: int, line: Bought) -> dict[str, Any]:
    named: dict[str, Any] = {"LineNbr": at, "TransactionDescription": line.description}
    named |= {"InventoryID": line.item, "Account": "52000", "CostCode": "15-500" if at > 1 else None}
    priced = {"Qty": float(line.quantity), "UnitCost": float(line.unit_cost), "Amount": float(line.amount)}
    return {**named, **priced}
