"""Makes the records of a ``Company`` from a seed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate
from random import Random
from typing import Final

from syncd.core.canonical import company_name
from syncd.sandbox import words
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

CENT: Final = Decimal("0.01")
READY_INVOICES: Final = 60
"""At least so many invoices wait in status ``ok`` (fewer only in a company too small for it)."""

TAX_DISTRICTS: Final = (
    TaxDistrict("OH-FRANKLIN", "Franklin County, Ohio", Decimal("0.075"), 1),
    TaxDistrict("OH-OTHER", "Ohio, other counties", Decimal("0.0725"), 2),
    TaxDistrict("KY", "Kentucky", Decimal("0.06"), 3),
    TaxDistrict("IN", "Indiana", Decimal("0.07"), 4),
    TaxDistrict("MI", "Michigan", Decimal("0.06"), 5),
    TaxDistrict("PA-ALLEGHENY", "Allegheny County, Pennsylvania", Decimal("0.07"), 6),
    TaxDistrict("WV", "West Virginia", Decimal("0.06"), 7),
    TaxDistrict("EXEMPT", "Exempt", Decimal(0), 99),
)

ITEMS: Final = (
    LibraryItem("LAB-REG", "Labor, regular hours", Decimal("118.50"), 4010, 2, taxable=False),
    LibraryItem("LAB-OT", "Labor, overtime", Decimal("177.75"), 4010, 2, taxable=False),
    LibraryItem("TRIP", "Trip & truck charge", Decimal("85.00"), 4030, 5, taxable=False),
    LibraryItem("INSP", "Inspection, flat rate", Decimal("425.00"), 4020, 2, taxable=False),
    LibraryItem("FLT-20X25", 'Filter 20x25x2" MERV 8', Decimal("11.37"), 4050, 1, taxable=True),
    LibraryItem("BELT-A42", "V-belt A42", Decimal("18.94"), 4050, 1, taxable=True),
    LibraryItem("R410A", "Refrigerant R-410A, per lb", Decimal("38.333"), 4050, 1, taxable=True),
    LibraryItem("HEAD-155", "Sprinkler head, pendent 155 °F", Decimal("9.06"), 4050, 1, taxable=True),
    LibraryItem("VLV-3/4", "Ball valve ¾″ FPT", Decimal("31.20"), 4050, 1, taxable=True),
    LibraryItem("BATT-12V7", "Battery 12 V 7 Ah", Decimal("27.49"), 4050, 1, taxable=True),
    LibraryItem("LIFT", "Scissor lift, day", Decimal("310.00"), 4060, 3, taxable=True),
    LibraryItem("SUB-ELEC", "Electrical subcontractor", Decimal("640.00"), 4070, 4, taxable=False),
    LibraryItem("DISC", "Discount / credit", Decimal("-50.00"), 4090, 5, taxable=False),
    LibraryItem("NOCHARGE", "No charge (warranty)", Decimal(0), 4090, 5, taxable=False),
)

_TERMS: Final = ("NET30", "NET30", "NET30", "NET45", "NET60", "NET10", "DUE")
_JOB_TYPES: Final = (
    "repair", "service_call", "inspection", "preventative_maintenance", "emergency_service_call",
    "installation", "replacement", "construction",
)  # fmt: skip
_FINISHED: Final = ("completed", "closed")
_UNPOSTED: Final = (
    "pending_accounting", "internal_review", "internal_review", "failed", "void", "sent", "processed",
)  # fmt: skip
_LEDGER_ONLY_SHARE: Final = 0.03
_ON_BOTH_SHARE: Final = 0.9
_JOB_IN_LEDGER_SHARE: Final = 0.93
_POSTED_SHARE: Final = 0.7
_READY_SHARE: Final = 0.08


class Generator:
    """One run of the generator; ``make`` fills the lists. All chance comes from the seed."""

    def __init__(self, seed: int, today: date) -> None:
        self._random = Random(seed)  # noqa: S311 - a reproducible company, not a secret
        self._today = today
        self._names: set[str] = set()
        self.tax_districts = TAX_DISTRICTS
        self.items = ITEMS
        self.customers: list[Customer] = []
        self.contacts: list[Contact] = []
        self.locations: list[Location] = []
        self.jobs: list[Job] = []
        self.invoices: list[Invoice] = []

    def make(self, customers: int, locations: int, jobs: int, invoices: int) -> None:
        ledger_only = round(customers * _LEDGER_ONLY_SHARE)
        field_only = set(self._random.sample(range(customers), round(customers * (1 - _ON_BOTH_SHARE))))
        for index in range(customers + ledger_only):
            in_field = index < customers
            self.customers.append(self._customer(index, in_field, index not in field_only))
        self._namesake(customers)
        for customer in self.customers[:customers]:
            self.contacts.extend(self._contacts(customer))
        # work is spread like wealth: a few customers have most of it
        weights = list(accumulate(1 / (rank + 1) ** 1.1 for rank in range(customers)))
        order = self._random.sample(range(customers), customers)
        for index in range(locations):
            owner = (
                order[index]
                if index < customers
                else order[self._random.choices(range(customers), cum_weights=weights)[0]]
            )
            self.locations.append(self._location(index, self.customers[owner]))
        site_rank = {owner: rank for rank, owner in enumerate(order)}
        site_weights = list(accumulate(1 / (site_rank[s.customer] + 1) ** 0.5 for s in self.locations))
        for index in range(jobs):
            self.jobs.append(
                self._job(index, self._random.choices(self.locations, cum_weights=site_weights)[0])
            )
        self._make_invoices(invoices)

    # -- customers ---------------------------------------------------------------------------

    def _name(self) -> str:
        """A name that nobody else has, also after normalising and after a cut at 50 characters."""
        chance = self._random
        while True:
            name = f"{chance.choice(words.FIRST_WORDS)} {chance.choice(words.TRADES)}"
            if chance.random() < 0.05:
                name = f"{name} {chance.choice(words.LONG_TAILS)}"
            elif chance.random() < 0.15:
                name = f"{chance.choice(words.FIRST_WORDS)} & {name}"
            elif chance.random() < 0.1:
                name = f"The {name}"
            name += chance.choice(words.SUFFIXES)
            if len(self._names) > 600:
                name = f"{name} #{len(self._names)}"
            folded = company_name(name[:50])
            if folded not in self._names:
                self._names.add(folded)
                return name

    def _ledger_name(self, name: str) -> str:
        """The bookkeeper's spelling of the same name."""
        chance = self._random
        if len(name) > 50:
            return name[:50].strip()
        spelled = name
        how = chance.random()
        if how < 0.35:
            spelled = name.upper()
        elif how < 0.5:
            spelled = name.replace(",", "").replace(".", "")
        elif how < 0.6:
            spelled = name.replace("&", "and")
        elif how < 0.75:
            bare = name.split(",", maxsplit=1)[0]
            spelled = f"{bare} Inc" if bare == name and not name.endswith((" Inc", " LLC")) else bare
        elif how < 0.8:
            spelled = f" {name}".replace(" ", "  ")[2:]
        return spelled if len(spelled) <= 50 and company_name(spelled) == company_name(name) else name

    def _customer(self, index: int, in_field: bool, in_ledger: bool) -> Customer:
        chance = self._random
        name = self._name()
        address, area = self._address()
        phone = self._phone(area) if chance.random() < 0.8 else None
        email = _mailbox(name, "ap") if chance.random() < 0.55 else None
        ledger_phone = phone.replace("(", "").replace(") ", "-") if phone and chance.random() < 0.85 else None
        if phone is None and chance.random() < 0.3:
            ledger_phone = self._phone(area)
        number = 1001 + index
        known = in_field and in_ledger and chance.random() < 0.5
        return Customer(
            index=index,
            name=name,
            phone=phone,
            email=email,
            address=address,
            status=chance.choices(("active", "pending", "inactive"), (90, 4, 6))[0],
            in_field=in_field,
            in_ledger=in_ledger or not in_field,
            ref_number=str(number) if known else None,
            ledger_number=number,
            ledger_name=self._ledger_name(name),
            ledger_phone=ledger_phone,
            ledger_email=email if chance.random() < 0.8 else None,
            tax=self._tax(address),
            terms=chance.choice(_TERMS),
        )

    def _namesake(self, customers: int) -> None:
        """Two customers of one name in different cities, as every ledger of some size has."""
        if customers < 50:
            return
        first, second = [c for c in self.customers[:customers] if c.in_ledger and c.ref_number is None][:2]
        if first.address.postal_code != second.address.postal_code:
            self.customers[second.index] = _renamed(second, first)

    def _contacts(self, customer: Customer) -> list[Contact]:
        chance = self._random
        made = []
        for _ in range(chance.choices((0, 1, 2, 3), (10, 60, 20, 10))[0]):
            first, last = chance.choice(words.FIRST_NAMES), chance.choice(words.LAST_NAMES)
            made.append(
                Contact(
                    customer=customer.index,
                    first_name=first,
                    last_name=last,
                    email=_mailbox(customer.name, last) if chance.random() < 0.8 else None,
                    phone=self._phone("614") if chance.random() < 0.6 else None,
                    type=chance.choice(("owner", "quote", "financial", "facilities manager")),
                )
            )
        return made

    # -- sites and jobs ----------------------------------------------------------------------

    def _address(self) -> tuple[Address, str]:
        chance = self._random
        city, state, postal, area = chance.choice(words.CITIES)
        street = f"{chance.randint(1, 9899)} {chance.choice(words.STREETS)}"
        if chance.random() < 0.2:
            street += f", Suite {chance.randint(1, 40)}0"
        return Address(street, city, state, f"{postal}{chance.randint(0, 99):02d}"), area

    def _phone(self, area: str) -> str:
        return f"({area}) 555-{self._random.randint(100, 199):04d}"

    def _tax(self, address: Address) -> str:
        if self._random.random() < 0.12:
            return "EXEMPT"
        by_state = {"KY": "KY", "IN": "IN", "MI": "MI", "WV": "WV", "PA": "PA-ALLEGHENY"}
        return by_state.get(address.state, "OH-FRANKLIN" if address.city == "Columbus" else "OH-OTHER")

    def _location(self, index: int, owner: Customer) -> Location:
        chance = self._random
        address, area = self._address()
        store = f"{chance.randint(1, 999):03d}" if chance.random() < 0.4 else None
        name = f"{chance.choice(words.SITE_KINDS)} {index + 1} – {address.city}"
        if chance.random() < 0.1:
            name = f"{owner.name} / {name}"
        tax = "EXEMPT" if owner.tax == "EXEMPT" else self._tax(address)
        return Location(
            index=index,
            customer=owner.index,
            name=name[:120],
            store_number=store,
            phone=self._phone(area) if chance.random() < 0.6 else None,
            email=_mailbox(owner.name, "site") if chance.random() < 0.25 else None,
            address=address,
            taxable=tax != "EXEMPT",
            tax=tax,
            status=chance.choices(("active", "inactive"), (95, 5))[0],
        )

    def _job(self, index: int, site: Location) -> Job:
        chance = self._random
        created = self._today - timedelta(days=chance.randint(5, 500))
        open_statuses = ("scheduled", "new", "pending_invoice", "canceled", "bidding")
        status = chance.choice(_FINISHED) if chance.random() < 0.75 else chance.choice(open_statuses)
        return Job(
            index=index,
            number=41001 + index,
            name=chance.choice(words.WORK),
            type=chance.choice(_JOB_TYPES),
            status=status,
            customer=site.customer,
            location=site.index,
            customer_po=f"PO-{chance.randint(1000, 99999)}" if chance.random() < 0.5 else None,
            created=created,
            in_ledger=self.customers[site.customer].in_ledger and chance.random() < _JOB_IN_LEDGER_SHARE,
        )

    # -- invoices ----------------------------------------------------------------------------

    def _make_invoices(self, count: int) -> None:
        chance = self._random
        wanted = min(max(READY_INVOICES, round(count * _READY_SHARE)), max(1, count // 2))
        ready = set(chance.sample(range(count), wanted))
        jobs = [chance.choice(self.jobs) if chance.random() < 0.94 else None for _ in range(count)]
        sites = [self.locations[j.location] if j else chance.choice(self.locations) for j in jobs]
        able = [
            at
            for at in range(count)
            if at not in ready and self.customers[sites[at].customer].in_ledger and _job_in_ledger(jobs[at])
        ]
        posted = set(chance.sample(able, min(len(able), round((count - wanted) * _POSTED_SHARE))))
        for at in range(count):
            self.invoices.append(self._invoice(at, jobs[at], sites[at], at in ready, at in posted))

    def _invoice(self, index: int, job: Job | None, site: Location, ready: bool, posted: bool) -> Invoice:
        chance = self._random
        earliest = job.created if job else self._today - timedelta(days=400)
        days = max(0, (self._today - earliest).days)
        on = self._today - timedelta(
            days=chance.randint(0, min(days, 12)) if ready else chance.randint(0, days)
        )
        lines = self._lines(site.taxable)
        net = sum((line.amount for line in lines), Decimal(0))
        rate = next(d.rate for d in TAX_DISTRICTS if d.code == site.tax)
        taxable = sum((line.amount for line in lines if line.taxable), Decimal(0))
        tax = _cents(taxable * rate)
        construction = job is not None and job.type in ("construction", "installation")
        retained = net > 0 and construction and chance.random() < 0.6
        paid = posted and chance.random() < 0.6
        return Invoice(
            index=index,
            number=f"S-{10001 + index}",
            customer=site.customer,
            location=site.index,
            job=job.index if job else None,
            date=on,
            description=" ".join(filter(None, (job.name if job else "Service", chance.choice(words.NOTES)))),
            lines=lines,
            tax_code=site.tax,
            tax=tax,
            retainage=_cents(net * chance.choice((Decimal("0.05"), Decimal("0.10"))))
            if retained
            else Decimal("0.00"),
            total=net + tax,
            status="ok" if ready else self._history(posted, paid),
            in_ledger=posted,
            paid=paid,
            paid_on=min(self._today, on + timedelta(days=chance.randint(3, 45))) if paid else None,
            check_number=str(chance.randint(10000, 99999)) if paid else None,
        )

    def _history(self, posted: bool, paid: bool) -> str:
        if paid:
            return self._random.choice(("paid", "processed", "processed"))
        return self._random.choice(("processed", "sent")) if posted else self._random.choice(_UNPOSTED)

    def _lines(self, taxable_site: bool) -> tuple[InvoiceLine, ...]:
        chance = self._random
        lines = []
        for at in range(chance.choices((1, 2, 3, 4, 6, 11), (20, 25, 25, 15, 12, 3))[0]):
            item = ITEMS[0] if at == 0 else chance.choice(ITEMS[:12])
            if at and chance.random() < 0.08:
                item = chance.choice(ITEMS[12:])
            quantity = Decimal(chance.choice(("1", "1", "2", "0.25", "1.5", "2.75", "3.333", "4", "14")))
            price = item.price
            if chance.random() < 0.2:
                price = _cents(price * Decimal(chance.choice(("0.9", "1.1", "1.35"))))
            text = " ".join(
                filter(None, (item.name, chance.choice(words.NOTES) if chance.random() < 0.3 else ""))
            )
            lines.append(
                InvoiceLine(
                    text, item.code, quantity, price, _cents(quantity * price), item.taxable and taxable_site
                )
            )
        if chance.random() < 0.015:
            # a credit memo: the whole document taken back
            lines = [
                InvoiceLine(f"CR {x.description}", x.item, -x.quantity, x.unit_price, -x.amount, x.taxable)
                for x in lines
            ]
        return tuple(lines)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _job_in_ledger(job: Job | None) -> bool:
    return job is None or job.in_ledger


def _mailbox(company: str, person: str) -> str:
    host = "".join(c for c in company_name(company) if c.isascii() and c.isalnum())[:20] or "office"
    who = "".join(c for c in person.lower() if c.isascii() and c.isalnum()) or "info"
    return f"{who}@{host}.example"


def _renamed(customer: Customer, namesake: Customer) -> Customer:
    return replace(customer, name=namesake.name, ledger_name=namesake.ledger_name)
