"""The made-up contractor's records as its bookkeepers keep them in QuickBooks Online."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from syncd.sandbox.company import Company, Customer, Invoice, InvoiceLine
from syncd.sandbox.purchases import Bought, Purchases
from syncd.sandbox.quickbooks_online.ledger import settled
from syncd.sandbox.tables import Books

TAX_ITEM: Final = "900"
"""The item whose line carries sales tax."""
PAYABLES: Final = "33"
"""The account that is owed to vendors."""
TERMS: Final[Mapping[str, str]] = {"DUE": "1", "NET10": "2", "NET30": "3", "NET45": "4", "NET60": "5"}
"""Payment terms, as the contractor calls them -> their ids."""
_OFFICE: Final = "1"
_FIRST_ITEM: Final = 901
_FIRST_CUSTOMER: Final = 1001
_FIRST_INVOICE: Final = 10001
_FIRST_PAYMENT: Final = 20001
_FIRST_VENDOR: Final = 30001
_FIRST_ORDER: Final = 31001
_FIRST_BILL: Final = 32001
FIRST_NEW: Final = 50001
"""Records that are made later are numbered from here on."""


def item_ids(company: Company) -> Mapping[str, str]:
    """Code of an item -> its id."""
    return {item.code: str(_FIRST_ITEM + at) for at, item in enumerate(company.items)}


def opened(company: Company) -> Books:
    """The books of that company: accounts, items, customers, posted invoices, payments; vendors, orders and
    bills."""
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
        self._items = item_ids(company)
        self._customers: dict[int, str] = {}
        self._names: set[str] = set()

    def _seed(self, kind: str, ident: str, day: date, fields: Mapping[str, Any]) -> None:
        at = int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
        at += len(self.books.table(kind)) * 1_000
        self.books.seed(kind, ident, settled(kind, fields), at)

    def lists(self) -> None:
        day = date(2024, 1, 2)
        self._seed("Preferences", "1", day, {"SalesFormsPrefs": {"CustomTxnNumbers": True}})
        self._seed("Account", PAYABLES, day, {"Name": "Accounts Payable (A/P)"})
        self._seed("Department", _OFFICE, day, {"Name": "Main office"})
        for code, ident in TERMS.items():
            self._seed("Term", ident, day, {"Name": code})
        accounts = sorted({item.ledger_account for item in self._company.items})
        for number in accounts:
            self._seed("Account", str(number), day, {"Name": f"Income {number}", "AcctNum": str(number)})
        income = {"IncomeAccountRef": {"value": str(accounts[0])}}
        sold = {"Type": "Service", "Taxable": False, **income}
        self._seed(
            "Item",
            TAX_ITEM,
            day,
            {"Name": "Sales tax", "Sku": "TAX", "UnitPrice": 0.0, "PurchaseCost": 0.0, **sold},
        )
        for item in self._company.items:
            fields = {
                "Name": item.name,
                "Sku": item.code,
                "Description": item.name,
                "Type": "Service",
                "Taxable": item.taxable,
                "UnitPrice": float(item.price),
                "PurchaseCost": 0.0,
                "IncomeAccountRef": {"value": str(item.ledger_account)},
            }
            self._seed("Item", self._items[item.code], day, fields)

    def customers(self) -> None:
        for customer in self._company.ledger_customers:
            ident = str(_FIRST_CUSTOMER + len(self._customers))
            self._customers[customer.index] = ident
            self._seed("Customer", ident, date(2024, 1, 2), self._customer(customer))

    def _customer(self, customer: Customer) -> dict[str, Any]:
        name = customer.ledger_name
        # names are unique here: the second one of a name was told apart by whoever entered it
        unique = name if name.casefold() not in self._names else f"{name} ({customer.ledger_number})"
        self._names.add(name.casefold())
        address = customer.address
        fields: dict[str, Any] = {
            "DisplayName": unique,
            "CompanyName": unique,
            "Job": False,
            "Taxable": True,
            "BillAddr": {
                "Id": str(customer.ledger_number),
                "Line1": address.street,
                "City": address.city,
                "CountrySubDivisionCode": address.state,
                "PostalCode": address.postal_code,
            },
        }
        if customer.ledger_phone:
            fields["PrimaryPhone"] = {"FreeFormNumber": customer.ledger_phone}
        if customer.ledger_email:
            fields["PrimaryEmailAddr"] = {"Address": customer.ledger_email}
        return fields

    def invoices(self) -> None:
        for invoice in (invoice for invoice in self._company.invoices if invoice.in_ledger):
            ident = str(_FIRST_INVOICE + len(self.books.table("Invoice")))
            self._seed("Invoice", ident, invoice.date, self._invoice(invoice))
            if invoice.paid:
                self._paid(ident, invoice)

    def _invoice(self, invoice: Invoice) -> dict[str, Any]:
        lines = [self._line(line) for line in invoice.lines]
        if invoice.tax:
            amount = float(invoice.tax)
            detail = {"ItemRef": {"value": TAX_ITEM}, "Qty": 1, "UnitPrice": amount}
            lines.append(
                {"Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
            )
        return {
            "DocNumber": invoice.number,
            "TxnDate": invoice.date.isoformat(),
            "DueDate": invoice.date.isoformat(),
            "CustomerRef": {"value": self._customers[invoice.customer]},
            "SalesTermRef": {"value": TERMS[self._company.customers[invoice.customer].terms]},
            "DepartmentRef": {"value": _OFFICE},
            "CustomerMemo": {"value": invoice.description},
            "Line": lines,
        }

    def _line(self, line: InvoiceLine) -> dict[str, Any]:
        detail = {
            "ItemRef": {"value": self._items[line.item]},
            "Qty": float(line.quantity),
            "UnitPrice": float(line.unit_price),
            "TaxCodeRef": {"value": "NON"},
        }
        return {
            "Description": line.description,
            "Amount": float(line.amount),
            "DetailType": "SalesItemLineDetail",
            "SalesItemLineDetail": detail,
        }

    def _paid(self, ident: str, invoice: Invoice) -> None:
        total = float(invoice.total)
        row = self.books.get("Invoice", ident)
        assert row is not None
        row.fields["Balance"] = 0.0
        fields = {
            "CustomerRef": {"value": self._customers[invoice.customer]},
            "TotalAmt": total,
            "UnappliedAmt": 0.0,
            "TxnDate": (invoice.paid_on or invoice.date).isoformat(),
            "PaymentRefNum": invoice.check_number,
            "Line": [{"Amount": total, "LinkedTxn": [{"TxnId": ident, "TxnType": "Invoice"}]}],
        }
        number = str(_FIRST_PAYMENT + len(self.books.table("Payment")))
        self._seed("Payment", number, invoice.paid_on or invoice.date, fields)

    def purchases(self) -> None:
        bought = Purchases.of(self._company)
        vendors = {}
        for at, vendor in enumerate(bought.vendors):
            vendors[at] = str(_FIRST_VENDOR + at)
            address = {
                "Line1": vendor.street,
                "City": vendor.city,
                "CountrySubDivisionCode": vendor.state,
                "PostalCode": vendor.postal_code,
            }
            fields = {
                "AcctNum": vendor.account,
                "DisplayName": vendor.name,
                "CompanyName": vendor.name,
                "PrimaryPhone": {"FreeFormNumber": vendor.phone},
                "PrimaryEmailAddr": {"Address": vendor.email},
                "BillAddr": address,
                "TermRef": {"value": TERMS[vendor.terms]},
            }
            self._seed("Vendor", vendors[at], date(2024, 1, 2), fields)
        for at, order in enumerate(bought.orders):
            common = {
                "VendorRef": {"value": vendors[order.vendor]},
                "SalesTermRef": {"value": TERMS[bought.vendors[order.vendor].terms]},
                "Line": [self._bought(line) for line in order.lines],
            }
            ordered: dict[str, Any] = {
                "DocNumber": order.number,
                "TxnDate": order.ordered.isoformat(),
                **common,
            }
            ordered |= {
                "ExpectedDate": order.expected.isoformat(),
                "Memo": self._company.jobs[order.job].name,
                "APAccountRef": {"value": PAYABLES},
                "POStatus": "Closed" if order.billed else "Open",
            }
            self._seed("PurchaseOrder", str(_FIRST_ORDER + at), order.ordered, ordered)
            if order.billed is not None and order.due is not None:
                dated = {"TxnDate": order.billed.isoformat(), "DueDate": order.due.isoformat()}
                bill = {"DocNumber": order.bill_number, **dated, **common}
                self._seed("Bill", str(_FIRST_BILL + at), order.billed, bill)

    def _bought(self, line: Bought) -> dict[str, Any]:
        kind, detail = "AccountBasedExpenseLineDetail", dict[str, Any](AccountRef={"value": PAYABLES})
        if line.item is not None:
            kind, detail = "ItemBasedExpenseLineDetail", {"ItemRef": {"value": self._items[line.item]}}
            detail |= {"Qty": float(line.quantity), "UnitPrice": float(line.unit_cost)}
        amount = float(line.amount)
        return {"Description": line.description, "Amount": amount, "DetailType": kind, kind: detail}
