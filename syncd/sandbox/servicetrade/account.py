"""Fills a ``World`` with the made-up contractor's records, as its office would have entered them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.sandbox.company import Address, Company, Invoice
from syncd.sandbox.crew import Crew
from syncd.sandbox.purchases import NEWEST, Purchases, Vendor
from syncd.sandbox.servicetrade import clock, invoices
from syncd.sandbox.servicetrade.checks import BILL
from syncd.sandbox.servicetrade.world import Kind, World
from syncd.sandbox.servicetrade.writes import job_fields, location_fields

_TYPES: Final = {1: "part", 2: "labor", 3: "equipment", 4: "subcontract", 5: "other"}
"""Kinds of library items, by the ledger's cost types. Lower-case words, as seen; which ones is made up."""


_TAX_OF_BILLS: Final = Decimal("0.0675")


def opened(company: Company, profile: ServiceTradeProfile) -> World:
    """The account of that company. The ledger's own records are not in it."""
    world = World()
    world.tax_rates = {district.code: district.rate for district in company.tax_districts}
    _Entry(world, company, profile).enter()
    return world


class _Entry:
    """One run of data entry; keeps which id each record of the company got."""

    def __init__(self, world: World, company: Company, profile: ServiceTradeProfile) -> None:
        self._world = world
        self._company = company
        self._profile = profile
        self._external = profile.external_ids.field
        self._customers: dict[int, int] = {}
        self._contracts: dict[int, int] = {}
        self._locations: list[int] = []
        self._jobs: list[int] = []
        self._library: dict[str, dict[str, Any]] = {}
        self._start = _seconds(company.today) - 600 * 86400

    def enter(self) -> None:
        names = self._profile.lines
        for item in self._company.items:
            entry = {
                "id": self._world.new_id(),
                "name": item.name,
                names.item_code: item.code,
                self._profile.item_type: _TYPES[item.ledger_cost_type],
            }
            self._library[item.code] = entry
        self._companies()
        self._sites()
        self._work()
        for invoice in self._company.invoices:
            self._invoice(invoice)
        self._hours()
        self._purchases()

    def _companies(self) -> None:
        world = self._world
        own = world.seed(Kind.COMPANY, self._own_company(), self._start, self._start)
        # whether a list shows the account's own company is not known; here it does not
        own.listed = False
        world.vendor = own.id
        for at, customer in enumerate(self._company.field_customers):
            fields = self._company_of(customer.name, customer.phone, customer.ref_number, customer.address)
            fields["status"] = customer.status
            stamp = self._start + at * 3600
            row = world.seed(Kind.COMPANY, fields, stamp, stamp + 60)
            self._customers[customer.index] = row.id
            contract = {"name": f"T&M {customer.name}", "customer": row.id}
            self._contracts[customer.index] = world.seed(Kind.CONTRACT, contract, stamp, stamp).id
        for at, contact in enumerate(self._company.contacts):
            details = {
                "email": contact.email,
                "type": contact.type,
                "companies": [{"id": self._customers[contact.customer]}],
                "locations": [],
            }
            world.seed(Kind.CONTACT, details, self._start + at * 60, self._start + at * 60)

    def _own_company(self) -> dict[str, Any]:
        home = self._company.customers[0].address
        return self._company_of("Demo Mechanical & Fire, Inc.", None, None, home)

    def _company_of(
        self, name: str, phone: str | None, number: str | None, at: Address | Vendor
    ) -> dict[str, Any]:
        return {
            "name": name,
            "phoneNumber": phone,
            "status": "active",
            "refNumber": number,
            "address": _address(at),
            self._external: {},
        }

    def _sites(self) -> None:
        for at, site in enumerate(self._company.locations):
            fields = {
                **location_fields(self._profile, self._customers[site.customer]),
                "name": site.name,
                "storeNumber": site.store_number,
                "phoneNumber": site.phone,
                "email": site.email,
                "address": _address(site.address),
                "taxable": site.taxable,
                "status": site.status,
            }
            stamp = self._start + 86400 + at * 1800
            row = self._world.seed(Kind.LOCATION, fields, stamp, stamp + 60)
            self._world.location_tax[row.id] = site.tax
            self._locations.append(row.id)

    def _work(self) -> None:
        world = self._world
        for job in self._company.jobs:
            customer, location = self._customers[job.customer], self._locations[job.location]
            fields = {
                **job_fields(self._profile, job.number, customer, world.vendor, location),
                "name": job.name,
                "type": job.type,
                "status": job.status,
                "customerPo": job.customer_po,
                "contract": self._contracts[job.customer],
            }
            stamp = _seconds(job.created)
            row = world.seed(Kind.JOB, fields, stamp, stamp + 1800)
            self._jobs.append(row.id)
            code = self._company.items[job.index % 12]
            item = {
                "name": code.name,
                "quantity": 1 + job.index % 4,
                "cost": code.price if job.index % 5 else None,
                "usedOn": stamp,
                "libItem": self._library[code.code],
                "job": row.id,
            }
            world.seed(Kind.JOB_ITEM, item, stamp, stamp)

    def _hours(self) -> None:
        """Everybody, and the pairs of events of their days: class after class of pay, as time passes."""
        names, crew = self._profile.people, Crew.of(self._company)
        if names is None:
            return
        users: dict[int, int] = {}
        for person in crew.employees:
            fields: dict[str, Any] = {
                "name": f"{person.first_name} {person.last_name}",
                names.first_name: person.first_name,
                names.last_name: person.last_name,
                "status": "active" if person.active else "inactive",
                "isTech": True,
            }
            optional = ((names.email, person.email), (names.number, str(person.number)))
            for path, value in optional:
                if path is not None:
                    invoices.put(fields, path, value)
            if person.in_field:
                users[person.index] = self._world.seed(Kind.USER, fields, self._start, self._start).id
        begun: dict[tuple[int, date], int] = {}
        for shift in crew.shifts:
            minutes = shift.standard + shift.overtime + shift.double
            start = begun.get((shift.employee, shift.date), _seconds(shift.date) - 5 * 3600)
            end = begun[shift.employee, shift.date] = start + minutes * 60
            clock.record(self._world, self._jobs[shift.job], users[shift.employee], "onsite", start, end)

    def _invoice(self, invoice: Invoice) -> None:
        lines = [
            self._line(line.item, line.description, line.quantity, line.unit_price, line.amount, line.taxable)
            for line in invoice.lines
        ]
        taxed = self._profile.totals.total_includes_tax
        fields: dict[str, Any] = {
            "name": invoice.description,
            "invoiceNumber": invoice.number,
            "type": "invoice",
            "status": invoice.status,
            "totalPrice": invoice.total if taxed else invoice.total - invoice.tax,
            "customer": self._customers[invoice.customer],
            "location": self._locations[invoice.location],
            "vendor": self._world.vendor,
            "job": None if invoice.job is None else self._jobs[invoice.job],
            "contract": None if invoice.job is None else self._contracts[invoice.customer],
            "items": lines,
        }
        invoices.amounts(
            fields,
            self._profile,
            tax=invoice.tax,
            retainage=invoice.retainage,
            district=invoice.tax_code,
        )
        self._document(fields, invoice.date, 3600 + invoice.index % 600)

    def _document(self, fields: Mapping[str, Any], day: date, settled: int) -> None:
        """``settled``: seconds until it was last touched."""
        always: dict[str, Any] = {"notes": None, "partial": False, "assignedUser": None, self._external: {}}
        stamp = _seconds(day)
        self._world.seed(Kind.INVOICE, {**always, **fields, "transactionDate": stamp}, stamp, stamp + settled)

    def _line(
        self, item: str | None, words: str, quantity: Decimal, price: Decimal, amount: Decimal, taxable: bool
    ) -> dict[str, Any]:
        names = self._profile.lines
        return {
            "id": self._world.new_id(),
            names.quantity: quantity,
            names.unit_price: price,
            names.amount: amount,
            names.description: words,
            names.taxable: taxable,
            names.item: None if item is None else self._library[item],
        }

    def _purchases(self) -> None:
        """Vendors, the bills of theirs that accounting has, and those that it was not given yet."""
        bought = Purchases.of(self._company)
        vendors = []
        for vendor in (*bought.vendors, NEWEST):
            fields = self._company_of(vendor.name, vendor.phone, vendor.account, vendor)
            row = self._world.seed(Kind.COMPANY, fields, self._start, self._start + 60)
            row.vendor = True
            vendors.append(row.id)
        for at, order in enumerate(bought.orders):
            new = order.billed is None
            # bills that accounting has are booked without; one in four of the others shows some
            tax = invoices.cents(order.total * _TAX_OF_BILLS) if new and at % 4 == 1 else Decimal("0.00")
            whole = order.total + tax if self._profile.totals.total_includes_tax else order.total
            job = self._company.jobs[order.job]
            fields = {
                "name": f"{order.number} {job.name}",
                "invoiceNumber": order.bill_number or f"INV{10_000 + at}-{at}",
                "type": BILL,
                "status": "ok" if new else "processed",
                "totalPrice": whole,
                "customer": self._customers[job.customer],
                "location": self._locations[job.location],
                "vendor": vendors[-1] if new and at % 3 == 0 else vendors[order.vendor],
                "job": self._jobs[order.job],
                "contract": None,
                "items": [
                    self._line(one.item, one.description, one.quantity, one.unit_cost, one.amount, False)
                    for one in order.lines
                ],
            }
            none = Decimal("0.00")
            invoices.amounts(fields, self._profile, tax=tax, retainage=none, district="")
            self._document(fields, order.billed or order.expected, 3600 + at)


def _address(address: Address | Vendor) -> dict[str, str]:
    return {
        "street": address.street,
        "city": address.city,
        "state": address.state,
        "postalCode": address.postal_code,
    }


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
