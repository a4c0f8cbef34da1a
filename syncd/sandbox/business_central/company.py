"""The made-up contractor's records as its bookkeepers keep them in Business Central."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from syncd.sandbox.business_central.kinds import KINDS
from syncd.sandbox.business_central.ledger import new
from syncd.sandbox.company import Company, Customer, Invoice
from syncd.sandbox.purchases import Bought, Purchases, Vendor
from syncd.sandbox.tables import Books

TAX_ACCOUNT: Final = "2200"
"""The account that sales tax is owed on."""
_FREIGHT: Final = "5400"
COMPANY_ID: Final = "7dbba574-5f69-4167-a43e-fb975045de15"


def opened(company: Company) -> Books:
    """The books of that company: accounts, items, customers, posted invoices; employees, vendors, orders and
    posted bills."""
    entry = _Entry(company)
    entry.lists()
    entry.customers()
    entry.invoices()
    entry.purchases()
    return entry.books


class _Entry:
    def __init__(self, company: Company) -> None:
        self.books = Books()
        self._company = company
        self._customers: dict[int, str] = {}
        # the same seed makes the same ids
        self._space = uuid.UUID(int=company.seed)

    def _seed(self, kind: str, name: str, day: date, body: Mapping[str, Any], **also: Any) -> str:
        at = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
        serial = len(self.books.table(kind)) + 1
        ident = str(uuid.uuid5(self._space, f"{kind} {name}"))
        fields = {**new(kind, body, serial), **also}
        self.books.seed(kind, ident, fields, at + serial * 1_000)
        return ident

    def lists(self) -> None:
        day = date(2024, 1, 2)
        self._seed("accounts", "tax", day, {"number": TAX_ACCOUNT, "displayName": "Sales tax payable"})
        self._seed("accounts", "freight", day, {"number": _FREIGHT, "displayName": "Freight"})
        for number in sorted({item.ledger_account for item in self._company.items}):
            account = {"number": str(number), "displayName": f"Income {number}"}
            self._seed("accounts", str(number), day, account)
        for item in self._company.items:
            fields = {"number": item.code, "displayName": item.name, "unitPrice": float(item.price)}
            self._seed("items", item.code, day, fields)

    def customers(self) -> None:
        for customer in self._company.ledger_customers:
            number = f"C{customer.ledger_number:06d}"
            ident = self._seed("customers", number, date(2024, 1, 2), _customer(number, customer))
            self._customers[customer.index] = ident

    def invoices(self) -> None:
        for invoice in (invoice for invoice in self._company.invoices if invoice.in_ledger):
            number = f"{KINDS['salesInvoices'].posts}{len(self.books.table('salesInvoices')) + 1:06d}"
            body = {**self._invoice(invoice), "number": number}
            left = 0.0 if invoice.paid else float(invoice.total)
            status = "Paid" if invoice.paid else "Open"
            self._seed("salesInvoices", number, invoice.date, body, status=status, remainingAmount=left)

    def _invoice(self, invoice: Invoice) -> dict[str, Any]:
        lines: list[dict[str, Any]] = [
            {
                "lineType": "Item",
                "lineObjectNumber": line.item,
                "description": line.description,
                "quantity": float(line.quantity),
                "unitPrice": float(line.unit_price),
            }
            for line in invoice.lines
        ]
        if invoice.tax:
            tax = {"description": "Sales tax", "quantity": 1, "unitPrice": float(invoice.tax)}
            lines.append({"lineType": "Account", "lineObjectNumber": TAX_ACCOUNT, **tax})
        day = invoice.date.isoformat()
        return {
            "externalDocumentNumber": invoice.number,
            "invoiceDate": day,
            "postingDate": day,
            "dueDate": day,
            "customerId": self._customers[invoice.customer],
            "salesInvoiceLines": lines,
        }

    def purchases(self) -> None:
        bought = Purchases.of(self._company)
        day = date(2024, 1, 2)
        for at, worker in enumerate(bought.workers, 1):
            names = {"displayName": worker.name, "givenName": worker.given, "surname": worker.surname}
            self._seed("employees", worker.name, day, {"number": f"E{at:05d}", **names})
        vendors = [
            self._seed("vendors", vendor.name, day, _vendor(f"V{at:05d}", vendor))
            for at, vendor in enumerate(bought.vendors, 1)
        ]
        for order in bought.orders:
            common = {"vendorId": vendors[order.vendor]}
            body = {
                "number": order.number,
                "orderDate": order.ordered.isoformat(),
                "requestedReceiptDate": order.expected.isoformat(),
                "purchaseOrderLines": [_bought(line, "directUnitCost") for line in order.lines],
            }
            state = {"status": "Open", "fullyReceived": order.billed is not None}
            self._seed("purchaseOrders", order.number, order.ordered, {**common, **body}, **state)
            if order.billed is None or order.due is None:
                continue
            serial = len(self.books.table("purchaseInvoices")) + 1
            number = f"{KINDS['purchaseInvoices'].posts}{serial:06d}"
            bill = {
                "number": number,
                "vendorInvoiceNumber": order.bill_number,
                "invoiceDate": order.billed.isoformat(),
                "postingDate": order.billed.isoformat(),
                "dueDate": order.due.isoformat(),
                "purchaseInvoiceLines": [_bought(line, "unitCost") for line in order.lines],
            }
            self._seed("purchaseInvoices", number, order.billed, {**common, **bill}, status="Open")


def _vendor(number: str, vendor: Vendor) -> dict[str, Any]:
    return {
        "number": number,
        "displayName": vendor.name,
        "phoneNumber": vendor.phone,
        "email": vendor.email,
        "addressLine1": vendor.street,
        "city": vendor.city,
        "state": vendor.state,
        "postalCode": vendor.postal_code,
    }


def _bought(line: Bought, price: str) -> dict[str, Any]:
    named = {"lineType": "Item", "lineObjectNumber": line.item}
    if line.item is None:
        named = {"lineType": "Account", "lineObjectNumber": _FREIGHT}
    return {
        **named,
        "description": line.description,
        "quantity": float(line.quantity),
        price: float(line.unit_cost),
    }


def _customer(number: str, customer: Customer) -> dict[str, Any]:
    address = customer.address
    return {
        "number": number,
        "displayName": customer.ledger_name,
        "addressLine1": address.street,
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
        "phoneNumber": customer.ledger_phone or "",
        "email": customer.ledger_email or "",
    }
