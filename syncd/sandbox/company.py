"""A believable commercial contractor, made from a seed and independent of any platform.

Skewed as real ones are: a few customers hold most of the work, names are long and carry legal
suffixes, phones are missing, lines are zero or credit, invoices carry tax and retainage. The
same seed and counts give the same company, to the byte, on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from syncd.sandbox.generator import Generator
from syncd.sandbox.records import (
    Address,
    Contact,
    Customer,
    Invoice,
    InvoiceLine,
    Job,
    LibraryItem,
    Location,
    TaxDistrict,
)

__all__ = [
    "PROPORTION",
    "TODAY",
    "Address",
    "Company",
    "Contact",
    "Customer",
    "Invoice",
    "InvoiceLine",
    "Job",
    "LibraryItem",
    "Location",
    "TaxDistrict",
]

PROPORTION: Final = (200, 300, 500, 1000)
"""Customers, locations, jobs and invoices of the company that ``size`` scales."""

TODAY: Final = date(2025, 9, 30)
"""The day the made-up books stand at; fixed, so that a seed means one company for ever."""


@dataclass(frozen=True, slots=True)
class Company:
    """Everything the contractor has, in both systems. References are positions in these tuples."""

    seed: int
    today: date
    tax_districts: tuple[TaxDistrict, ...]
    items: tuple[LibraryItem, ...]
    customers: tuple[Customer, ...]
    """Those of the field service system first, then the few that only the ledger has."""
    contacts: tuple[Contact, ...]
    locations: tuple[Location, ...]
    jobs: tuple[Job, ...]
    invoices: tuple[Invoice, ...]

    @classmethod
    def generate(
        cls,
        seed: int,
        customers: int = 200,
        locations: int = 300,
        jobs: int = 500,
        invoices: int = 1000,
        today: date = TODAY,
    ) -> Self:
        """The company of that seed. ``customers`` counts those of the field service system.

        Raises ``ValueError`` for counts below one.
        """
        if min(customers, locations, jobs, invoices) < 1:
            raise ValueError("a company has at least one of each kind of record")
        made = Generator(seed, today)
        made.make(customers, locations, jobs, invoices)
        return cls(
            seed=seed,
            today=today,
            tax_districts=made.tax_districts,
            items=made.items,
            customers=tuple(made.customers),
            contacts=tuple(made.contacts),
            locations=tuple(made.locations),
            jobs=tuple(made.jobs),
            invoices=tuple(made.invoices),
        )

    @classmethod
    def of_size(cls, seed: int, size: int) -> Self:
        """A company with ``size`` customers and the rest in proportion (200 : 300 : 500 : 1000)."""
        base = PROPORTION[0]
        customers, locations, jobs, invoices = (max(1, round(size * of / base)) for of in PROPORTION)
        return cls.generate(seed, customers, locations, jobs, invoices)

    @property
    def field_customers(self) -> tuple[Customer, ...]:
        return tuple(c for c in self.customers if c.in_field)

    @property
    def ledger_customers(self) -> tuple[Customer, ...]:
        return tuple(c for c in self.customers if c.in_ledger)
