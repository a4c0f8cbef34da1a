"""The records of the made-up contractor, as both its systems know them. Data only.

References are positions in the tuples of ``Company``. Money is ``Decimal``, exact to the cent.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class TaxDistrict:
    """Where work is done decides the tax; both systems know it, under codes of their own."""

    code: str
    """As the field service system writes it."""
    name: str
    rate: Decimal
    ledger_number: int


@dataclass(frozen=True, slots=True)
class LibraryItem:
    """What is sold: the field service's item and where the ledger posts it."""

    code: str
    name: str
    price: Decimal
    ledger_account: int
    ledger_cost_type: int
    """1 material, 2 labor, 3 equipment, 4 subcontract, 5 other."""
    taxable: bool


@dataclass(frozen=True, slots=True)
class Customer:
    index: int
    """Position in ``Company.customers``; other records refer to it."""
    name: str
    """As the field service system writes it."""
    phone: str | None
    email: str | None
    address: Address
    status: str
    """active | pending | inactive"""
    in_field: bool
    in_ledger: bool
    ref_number: str | None
    """The ledger's number, where the office typed it into the field service system."""
    ledger_number: int
    """Its number in the ledger; meaningful where ``in_ledger``."""
    ledger_name: str
    """The ledger's own spelling: other case, suffix or punctuation, at most 50 characters."""
    ledger_phone: str | None
    ledger_email: str | None
    tax: str
    terms: str
    """Payment terms code."""

    @property
    def ledger_short_name(self) -> str:
        """The ledger's short name: at most 30 characters."""
        return self.ledger_name[:30].strip()


@dataclass(frozen=True, slots=True)
class Contact:
    customer: int
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    type: str


@dataclass(frozen=True, slots=True)
class Location:
    index: int
    customer: int
    name: str
    store_number: str | None
    phone: str | None
    email: str | None
    address: Address
    taxable: bool
    tax: str
    status: str


@dataclass(frozen=True, slots=True)
class Job:
    index: int
    number: int
    """The same number in both systems."""
    name: str
    type: str
    status: str
    """The field service system's word for it."""
    customer: int
    location: int
    customer_po: str | None
    created: dt.date
    in_ledger: bool


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    description: str
    item: str
    """``LibraryItem.code``"""
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    """The truth of the line, to the cent; negative for a credit."""
    taxable: bool


@dataclass(frozen=True, slots=True)
class Invoice:
    index: int
    number: str
    customer: int
    location: int
    job: int | None
    """None: billed to the customer without a job."""
    date: dt.date
    description: str
    lines: tuple[InvoiceLine, ...]
    tax_code: str
    tax: Decimal
    retainage: Decimal
    """Withheld until completion; part of ``total``."""
    total: Decimal
    """Sum of the lines plus tax."""
    status: str
    """The field service system's word for it."""
    in_ledger: bool
    paid: bool
    """Paid in full in the ledger (retainage aside)."""
    paid_on: dt.date | None
    check_number: str | None
