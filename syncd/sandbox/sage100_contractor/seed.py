"""The made-up contractor's books, as this product holds them before anybody syncs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import Table

from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.sandbox.company import Company, Customer, Invoice, Job
from syncd.sandbox.crew import COST_CODES, Crew
from syncd.sandbox.sage100_contractor.database import Row
from syncd.sandbox.sage100_contractor.tables import (
    ACRINV,
    ACRPMT,
    ACTREC,
    ARIVLN,
    CLNCNT,
    CLNSTS,
    CSTCDE,
    CSTTYP,
    DLYPYR,
    EMPLOY,
    JOBPHS,
    JOBSTS,
    JOBTYP,
    LGRACT,
    RECCLN,
    SRVINV,
    SRVLIN,
    TAXDST,
)

_JOB_STATUS: Final = {"completed": 5, "closed": 6, "bidding": 1, "canceled": 2}
"""Field service word -> ``actrec.status``; any other job is Current."""
_CURRENT: Final = 4
_COST_TYPES: Final = ("Material", "Labor", "Equipment", "Subcontract", "Other")
_PHASES: Final = ((1, "Rough-in"), (2, "Finish"))
_OTHER_ACCOUNTS: Final = ((1200, "Accounts receivable"), (1210, "Retainage receivable"), (2310, "Sales tax"))
_EVENING: Final = time(17, 0)


def books_of(
    company: Company, profile: Sage100ContractorProfile, *, by_job: bool
) -> Mapping[Table, Sequence[Row]]:
    """Every table's rows: catalogues, and the customers, jobs and invoices that are in the ledger.

    With ``by_job`` invoices of a job stand in ``acrinv``; the others, and without it all, in ``srvinv``.
    """
    content = _Content(company, profile)
    content.catalogues()
    for customer in company.ledger_customers:
        content.client(customer)
    for job in company.jobs:
        if job.in_ledger:
            content.job(job)
    for invoice in company.invoices:
        if invoice.in_ledger and by_job and invoice.job is not None:
            content.job_invoice(invoice, company.jobs[invoice.job])
        elif invoice.in_ledger:
            content.service_invoice(invoice)
    content.payroll(Crew.of(company))
    return content.rows


class _Content:
    def __init__(self, company: Company, profile: Sage100ContractorProfile) -> None:
        self.rows: dict[Table, list[Row]] = {}
        self._company = company
        self._profile = profile
        self._districts = {d.code: d.ledger_number for d in company.tax_districts}
        self._items = {item.code: item for item in company.items}
        self._job_types = {word: at for at, word in enumerate(sorted({j.type for j in company.jobs}), 1)}
        self._ledger_transaction = 0

    def catalogues(self) -> None:
        accounts = {item.ledger_account: item.name for item in reversed(self._company.items)}
        accounts |= dict(_OTHER_ACCOUNTS)
        names = sorted(accounts.items())
        self.rows[CLNSTS] = _named("stsnme", self._profile.client_statuses)
        self.rows[JOBSTS] = _named("stsnme", self._profile.job_statuses)
        self.rows[JOBTYP] = _named("typnme", {at: word for word, at in self._job_types.items()})
        self.rows[CSTTYP] = _named("typnme", dict(enumerate(_COST_TYPES, 1)))
        self.rows[TAXDST] = _named("dstnme", {d.ledger_number: d.name for d in self._company.tax_districts})
        self.rows[LGRACT] = [
            {"recnum": number, "shtnme": name[:30], "lngnme": name} for number, name in names
        ]
        self.rows[CSTCDE] = [{"recnum": c.ledger_code, "cdenme": c.name, "divnum": 0} for c in COST_CODES]

    def client(self, customer: Customer) -> None:
        numbers: dict[str, int] = {w: n for n, w in reversed(self._profile.client_statuses.items())}
        on = self._company.today - timedelta(days=400 + customer.index % 300)
        self._put(
            RECCLN, str(customer.ledger_number), on,
            recnum=customer.ledger_number, shtnme=customer.ledger_short_name, clnnme=customer.ledger_name,
            addrs1=customer.address.street, ctynme=customer.address.city, state_=customer.address.state,
            zipcde=customer.address.postal_code, phnnum=customer.ledger_phone or "",
            e_mail=customer.ledger_email or "", taxdst=self._districts[customer.tax],
            status=numbers.get(customer.status, 0),
        )  # fmt: skip
        people = [c for c in self._company.contacts if c.customer == customer.index and c.type == "financial"]
        for at, person in enumerate(people, 1):
            self._put(
                CLNCNT, f"{customer.ledger_number}/{at}", on,
                _idref=self._id(RECCLN, str(customer.ledger_number)), linnum=at,
                cntnme=f"{person.first_name} {person.last_name}", phnnum=person.phone or "",
                e_mail=person.email or "",
            )  # fmt: skip

    def job(self, job: Job) -> None:
        site = self._company.locations[job.location]
        construction = job.type in ("construction", "installation")
        self._put(
            ACTREC, str(job.number), job.created,
            recnum=job.number, jobnme=job.name, shtnme=job.name[:30].strip(),
            clnnum=self._company.customers[job.customer].ledger_number,
            status=_JOB_STATUS.get(job.status, _CURRENT), jobtyp=self._job_types[job.type],
            addrs1=site.address.street, ctynme=site.address.city, state_=site.address.state,
            zipcde=site.address.postal_code, strdte=job.created, pchord=job.customer_po or "",
            slstax=self._districts[site.tax],
        )  # fmt: skip
        for number, name in _PHASES if construction else ():
            self._put(
                JOBPHS, f"{job.number}/{number}", job.created,
                recnum=job.number, phsnum=number, phsnme=name,
            )  # fmt: skip

    def job_invoice(self, invoice: Invoice, job: Job) -> None:
        net = invoice.total - invoice.tax
        paid = self._paid(invoice)
        idnum = self._put(
            ACRINV, invoice.number, invoice.date,
            recnum=len(self.rows.get(ACRINV, ())) + 1, invnum=invoice.number, jobnum=job.number,
            pchord=(job.customer_po or "")[:20], retain=invoice.retainage, invtyp=1,
            taxabl=net if invoice.tax else Decimal(0), nontax=Decimal(0) if invoice.tax else net,
            ttlpad=paid, invnet=invoice.total - invoice.retainage,
            **self._document(invoice, paid),
        )  # fmt: skip
        for at, line in enumerate(invoice.lines, 1):
            self._put(
                ARIVLN, f"{invoice.number}/{at}", invoice.date,
                _idref=idnum, linnum=at, dscrpt=line.description[:50].strip(), linqty=line.quantity,
                linprc=line.unit_price, extprc=line.amount, lgract=self._items[line.item].ledger_account,
            )  # fmt: skip
        if paid and invoice.paid_on:
            self._put(
                ACRPMT, invoice.number, invoice.paid_on,
                _idref=idnum, chknum=invoice.check_number or "", chkdte=invoice.paid_on,
                actper=invoice.paid_on.month, postyr=invoice.paid_on.year, amount=paid,
                lgrrec=self._next_transaction(),
            )  # fmt: skip

    def service_invoice(self, invoice: Invoice) -> None:
        recnum = len(self.rows.get(SRVINV, ())) + 1
        job = None if invoice.job is None else self._company.jobs[invoice.job]
        idnum = self._put(
            SRVINV, invoice.number, invoice.date,
            recnum=recnum, ordnum=str(recnum), invnum=invoice.number, orddte=invoice.date,
            clnnum=self._company.customers[invoice.customer].ledger_number,
            jobnum=0 if job is None else job.number,
            **self._document(invoice, self._paid(invoice)),
        )  # fmt: skip
        for at, line in enumerate(invoice.lines, 1):
            item = self._items[line.item]
            self._put(
                SRVLIN, f"{invoice.number}/{at}", invoice.date,
                _idref=idnum, linnum=at, dscrpt=line.description[:50].strip(), prtqty=line.quantity,
                prtprc=line.unit_price, extprc=line.amount, curbll=line.amount,
                csttyp=item.ledger_cost_type, actnum=item.ledger_account,
            )  # fmt: skip

    def payroll(self, crew: Crew) -> None:
        """Everybody who is paid, and the hours that somebody has typed in."""
        hired = self._company.today - timedelta(days=900)
        for person in crew.employees:
            self._put(
                EMPLOY, str(person.number), hired,
                recnum=person.number, lstnme=person.last_name, fstnme=person.first_name,
                status=1 if person.active else 3,
            )  # fmt: skip
        lines: Counter[date] = Counter()
        for shift in crew.shifts:
            paid = (shift.standard, shift.overtime, shift.double) if shift.handed_over else ()
            for pay_type, minutes in enumerate(paid, 1):
                if minutes:
                    lines[shift.date] += 1
                    self._put(
                        DLYPYR, f"{shift.index}/{pay_type}", shift.date,
                        paydte=shift.date, linnum=lines[shift.date],
                        empnum=crew.employees[shift.employee].number,
                        jobnum=self._company.jobs[shift.job].number,
                        cstcde=COST_CODES[shift.cost_code].ledger_code, paytyp=pay_type,
                        payhrs=Decimal(minutes) / 60,
                    )  # fmt: skip

    def _document(self, invoice: Invoice, paid: Decimal) -> dict[str, Any]:
        """What both kinds of invoice hold alike."""
        balance = invoice.total - paid
        return {
            "invdte": invoice.date, "duedte": invoice.date + timedelta(days=30),
            "dscrpt": invoice.description[:50].strip(), "status": 4 if paid and not balance else 1,
            "taxdst": self._districts[invoice.tax_code], "slstax": invoice.tax, "invttl": invoice.total,
            "amtpad": paid, "invbal": balance, "actper": invoice.date.month, "postyr": invoice.date.year,
            "entdte": invoice.date, "lgrrec": self._next_transaction(),
        }  # fmt: skip

    def _paid(self, invoice: Invoice) -> Decimal:
        return invoice.total - invoice.retainage if invoice.paid else Decimal("0.00")

    def _next_transaction(self) -> int:
        self._ledger_transaction += 1
        return self._ledger_transaction

    def _put(self, table: Table, name: str, on: date, **columns: Any) -> str:
        """A row entered on the evening of ``on``; ``name`` tells it apart within its table."""
        at = datetime.combine(on, _EVENING)
        idnum = self._id(table, name)
        stamps = {"insdte": at, "insusr": "Dana", "upddte": at, "updusr": "Dana"}
        self.rows.setdefault(table, []).append({"_idnum": idnum, **columns, **stamps})
        return idnum

    def _id(self, table: Table, name: str) -> str:
        return str(uuid5(NAMESPACE_OID, f"{self._company.seed}/{table.name}/{name}"))


def _named(column: str, names: Mapping[int, str]) -> list[Row]:
    return [{"recnum": number, column: name.title()} for number, name in sorted(names.items())]
