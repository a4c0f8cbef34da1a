"""What the made-up contractor buys, and who works there: vendors, orders, their bills, employees, hours.

Made from a ``Company`` with chance of its own, so that the company stays what its seed always made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Final

from syncd.sandbox.company import Company

_VENDORS: Final = (
    ("Harbor Supply", "Columbus", "OH", "43215"),
    ("Summit Refrigerants", "Dayton", "OH", "45402"),
    ("Beacon Electric", "Lexington", "KY", "40507"),
    ("Cardinal Pipe & Fitting", "Indianapolis", "IN", "46204"),
    ("Lakeside Controls", "Toledo", "OH", "43604"),
    ("Monroe Crane & Rigging", "Pittsburgh", "PA", "15222"),
)
_NEWEST: Final = ("Riverside Scaffolding", "Columbus", "OH", "43201")
_WORKERS: Final = (("Dana", "Whitaker"), ("Luis", "Muñoz"), ("Priya", "Raman"), ("Tom", "Olsen"))
_MARGIN: Final = Decimal("0.62")
"""What a part costs, of the price it is sold at."""
_CENT: Final = Decimal("0.01")
_FREIGHT: Final = Decimal("48.50")
_BOUGHT: Final = 60


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    account: str
    """Our number with them."""
    phone: str
    email: str
    street: str
    city: str
    state: str
    postal_code: str
    terms: str


def _vendor(at: int, name: str, city: str, state: str, postal: str) -> Vendor:
    return Vendor(
        name,
        account=f"4-{7700 + at}",
        phone=f"(614) 555-{150 + at:04d}",
        email=f"orders{at}@vendors.example",
        street=f"{100 + 7 * at} Depot Street",
        city=city,
        state=state,
        postal_code=postal,
        terms=("NET30", "NET10")[at % 2],
    )


NEWEST: Final = _vendor(len(_VENDORS), *_NEWEST)
"""Whom the field has just begun to buy from: no ledger knows them."""


@dataclass(frozen=True, slots=True)
class Worker:
    given: str
    surname: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.surname}"


@dataclass(frozen=True, slots=True)
class Bought:
    """One line of an order or a bill."""

    item: str | None
    """``LibraryItem.code``; None: freight, which is booked on an account."""
    description: str
    quantity: Decimal
    unit_cost: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order, and the vendor's bill for it where it has come."""

    number: str
    vendor: int
    """Position in ``Purchases.vendors``."""
    job: int
    """Position in ``Company.jobs``; a job that the ledger has."""
    ordered: date
    expected: date
    lines: tuple[Bought, ...]
    bill_number: str | None
    billed: date | None
    due: date | None

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(frozen=True, slots=True)
class Hours:
    """One day of one worker on one job."""

    worker: int
    job: int
    day: date
    hours: Decimal
    overtime: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Purchases:
    """Everything bought and worked."""

    vendors: tuple[Vendor, ...]
    workers: tuple[Worker, ...]
    orders: tuple[Purchase, ...]
    hours: tuple[Hours, ...]

    @classmethod
    def of(cls, company: Company) -> Purchases:
        """The purchases of that company: the same for the same company."""
        chance = Random(f"purchases {company.seed}")  # noqa: S311 - reproducible books, not a secret
        vendors = tuple(_vendor(at, *known) for at, known in enumerate(_VENDORS))
        jobs = [job.index for job in company.jobs if job.in_ledger]
        orders = [_order(company, chance, at, jobs) for at in range(_BOUGHT if jobs else 0)]
        hours = [_hours(company, chance, at, jobs) for at in range(_BOUGHT if jobs else 0)]
        workers = tuple(Worker(given, surname) for given, surname in _WORKERS)
        return cls(vendors, workers, tuple(orders), tuple(hours))


def _order(company: Company, chance: Random, at: int, jobs: list[int]) -> Purchase:
    ordered = company.today - timedelta(days=chance.randint(1, 200))
    expected = ordered + timedelta(days=chance.randint(2, 21))
    parts = [item for item in company.items if item.taxable]
    lines = []
    for item in chance.sample(parts, chance.randint(1, 3)):
        quantity = Decimal(chance.choice((1, 2, 4, 12, 25)))
        cost = (item.price * _MARGIN).quantize(_CENT, ROUND_HALF_UP)
        lines.append(Bought(item.code, item.name, quantity, cost, quantity * cost))
    if chance.random() < 0.4:
        lines.append(Bought(None, "Freight", Decimal(1), _FREIGHT, _FREIGHT))
    billed = expected if chance.random() < 0.75 else None
    return Purchase(
        number=f"PO-{3001 + at}",
        vendor=chance.randrange(len(_VENDORS)),
        job=chance.choice(jobs),
        ordered=ordered,
        expected=expected,
        lines=tuple(lines),
        bill_number=f"INV{chance.randint(10_000, 99_999)}-{at}" if billed else None,
        billed=billed,
        due=billed + timedelta(days=30) if billed else None,
    )


def _hours(company: Company, chance: Random, at: int, jobs: list[int]) -> Hours:
    overtime = chance.random() < 0.15
    return Hours(
        worker=at % len(_WORKERS),
        job=chance.choice(jobs),
        day=company.today - timedelta(days=1 + at // len(_WORKERS)),
        hours=Decimal(chance.choice(("8", "7.5", "4", "2.25"))) if not overtime else Decimal("1.5"),
        overtime=overtime,
        summary=chance.choice(("Start-up", "Filter change", "Leak search", "Rough-in", "Inspection")),
    )
