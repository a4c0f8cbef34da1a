"""The made-up contractor's people in the field and the hours they work, as field time and payroll both know
them. Made from the company's seed; the same company has the same crew, to the minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final, Self

from syncd.sandbox.company import Company

_DAYS: Final = 15
"""Working days of the past that hours are known of."""
_HANDED_OVER_DAYS: Final = 10
"""The first of them: payroll has these already."""
_FIRST_NUMBER: Final = 301
_SHARE_OF_CUSTOMERS: Final = 10
_LEAST, _MOST = 6, 40
"""Of people: a company of ten thousand customers is for measuring invoices."""

_FIRST_NAMES: Final = (
    "Dana", "Luis", "Priya", "Tom", "Mei", "Oluwaseun", "Renée", "Marcus", "Ingrid", "José", "Hank", "Aisha",
)  # fmt: skip
_LAST_NAMES: Final = (
    "Whitaker", "Muñoz", "Raman", "Olsen", "Chen", "Adeyemi", "O'Brien", "Van Dyke", "Kowalski", "Hughes",
    "Peña", "Torres",
)  # fmt: skip
_CLASSES: Final = ("Journeyman", "Journeyman", "Apprentice", "Foreman")
_TRADES: Final = ("Pipefitter", "Electrician", "Sheet metal", "Sprinkler fitter")


@dataclass(frozen=True, slots=True)
class CostCode:
    """What hours are spent on. The field writes it as text, the ledger as a decimal number."""

    field_code: str
    ledger_code: Decimal
    name: str


COST_CODES: Final = (
    CostCode("01-000", Decimal("1.000"), "General conditions"),
    CostCode("15-100", Decimal("15.100"), "Piping"),
    CostCode("15-500", Decimal("15.500"), "HVAC equipment"),
    CostCode("15-900", Decimal("15.900"), "Controls"),
    CostCode("16-100", Decimal("16.100"), "Electrical"),
    CostCode("21-100", Decimal("21.100"), "Fire suppression"),
)


@dataclass(frozen=True, slots=True)
class Employee:
    """A person whose hours are paid."""

    index: int
    number: int
    """Payroll's number; the field's too."""
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    """Ten digits."""
    trade: str
    classification: str
    active: bool
    in_field: bool
    """False: payroll has hired somebody whom the field has not heard of."""

    @property
    def foreman(self) -> bool:
        return self.classification == "Foreman"


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's minutes of one day on one job and cost code, by class of pay."""

    index: int
    employee: int
    foreman: int
    job: int
    """Position in ``Company.jobs``."""
    cost_code: int
    """Position in ``COST_CODES``."""
    date: date
    standard: int
    overtime: int
    double: int
    handed_over: bool
    """Payroll has it, entered by hand in the years before."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody, and what they did."""

    employees: tuple[Employee, ...]
    shifts: tuple[Shift, ...]

    @classmethod
    def of(cls, company: Company) -> Self:
        """The crew of that company."""
        # a stream of its own: what the company is made of does not move when the crew changes
        chance = Random(f"crew {company.seed}")  # noqa: S311 - a made-up crew
        count = min(max(_LEAST, len(company.field_customers) // _SHARE_OF_CUSTOMERS), _MOST)
        employees = tuple(_employee(chance, index, count) for index in range(count))
        return cls(employees, tuple(_shifts(chance, company, employees)))


def _employee(chance: Random, index: int, count: int) -> Employee:
    first, last = chance.choice(_FIRST_NAMES), _LAST_NAMES[index % len(_LAST_NAMES)]
    return Employee(
        index=index,
        number=_FIRST_NUMBER + index,
        first_name=first,
        last_name=last if index < len(_LAST_NAMES) else f"{last} {'I' * (index // len(_LAST_NAMES) + 1)}",
        email=f"crew{index}@demo.example" if chance.random() < 0.6 else None,
        phone=f"614555{100 + index:04d}" if chance.random() < 0.8 else None,
        trade=chance.choice(_TRADES),
        classification="Foreman" if index == 0 else chance.choice(_CLASSES),
        active=index % 9 != 7,
        in_field=index < count - 2,
    )


def _shifts(chance: Random, company: Company, employees: tuple[Employee, ...]) -> list[Shift]:
    at_work = [e for e in employees if e.active and e.in_field]
    foremen = [e for e in at_work if e.foreman]
    jobs = [job.index for job in company.jobs if job.in_ledger and job.status not in ("closed", "canceled")]
    if not jobs:
        return []
    made: list[Shift] = []
    day, left = company.today, _DAYS
    while left:
        day -= timedelta(days=1)
        if day.weekday() >= 5:
            continue
        left -= 1
        for person in at_work:
            codes = chance.sample(range(len(COST_CODES)), chance.choice((1, 1, 2)))
            for code in codes:
                standard = 480 // len(codes)
                overtime = chance.choice((0, 0, 0, 90, 120)) if code == codes[0] else 0
                double = 60 if overtime == 120 and chance.random() < 0.3 else 0
                made.append(
                    Shift(
                        index=len(made),
                        employee=person.index,
                        foreman=chance.choice(foremen).index,
                        job=chance.choice(jobs),
                        cost_code=code,
                        date=day,
                        standard=standard,
                        overtime=overtime,
                        double=double,
                        handed_over=left < _HANDED_OVER_DAYS,
                    )
                )
    return made
