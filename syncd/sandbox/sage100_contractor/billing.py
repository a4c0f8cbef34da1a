"""The rules of invoices: how they are added, what of them can be edited, when they post."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Table

from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.core.canonical import CENT
from syncd.sandbox.sage100_contractor.database import Row, Work
from syncd.sandbox.sage100_contractor.masters import found, must_exist
from syncd.sandbox.sage100_contractor.refusals import Code, refuse
from syncd.sandbox.sage100_contractor.tables import (
    ACRINV,
    ACTREC,
    ARIVLN,
    CSTCDE,
    CSTTYP,
    JOBPHS,
    LGRACT,
    RECCLN,
    SRVINV,
    SRVLIN,
    TAXDST,
    TKFPRT,
)

OPEN: Final = 1
PAID: Final = 4
VOID: Final = 5
POSTED: Final = frozenset({1, 2, 3})
"""Open, Review, Dispute: what a person may set, and what stands in the ledger."""
UNPOSTED: Final = frozenset({6, 7, 8, 9, 10})
"""Quote to Contract: service only, not invoices yet."""

EDITABLE: Final = frozenset(
    {"invnum", "ordnum", "dscrpt", "pchord", "refnum", "duedte", "dscdte", "schdte", "priort", "status",
     "usrdf1", "usrdf2", "ntetxt"}
)  # fmt: skip
"""Header text (and terms) of a posted document; its money, account, job and client stay."""


class Right(StrEnum):
    """Rights of the security group ``API``."""

    SAVE = "save"
    CHANGE_PERIOD = "change_period"


@dataclass(frozen=True, slots=True)
class Form:
    """One of the two screens that bill, and the names of its columns."""

    name: str
    header: Table
    lines: Table
    quantity: str
    price: str
    account: str
    required: tuple[tuple[str, str], ...]
    references: tuple[tuple[str, Table, str], ...]


JOB_BILLING: Final = Form(
    "Invoice", ACRINV, ARIVLN, "linqty", "linprc", "lgract",
    required=(("jobnum", "Job"), ("invnum", "Invoice number"), ("invdte", "Invoice date")),
    references=(("jobnum", ACTREC, "Job"), ("taxdst", TAXDST, "Tax district")),
)  # fmt: skip
SERVICE_BILLING: Final = Form(
    "Service invoice", SRVINV, SRVLIN, "prtqty", "prtprc", "actnum",
    required=(("clnnum", "Client"),),
    references=(("clnnum", RECCLN, "Client"), ("jobnum", ACTREC, "Job"), ("taxdst", TAXDST, "Tax district")),
)  # fmt: skip
FORMS: Final = {form.header.name: form for form in (JOB_BILLING, SERVICE_BILLING)}


@dataclass(frozen=True, slots=True)
class Saved:
    """A document that stands now."""

    recnum: int
    warning: str = ""


@dataclass
class Books:
    """The company's rules as they stand: closed periods and the API group's rights."""

    profile: Sage100ContractorProfile
    rights: frozenset[Right]
    closed: set[tuple[int, int]] = field(default_factory=set)
    """(year, period) pairs that take nothing any more. The sandbox's fiscal year is the calendar's."""

    # -- add ---------------------------------------------------------------------------------

    def add(self, work: Work, form: Form, columns: Row, lines: Sequence[Row]) -> Saved:
        """A new document with its lines, posted where its status says so. Raises ``RefuseRecord``."""
        status = columns.get("status") or OPEN
        self._status(form, status)
        posts = status in POSTED
        _required(form, columns, posts, lines)
        for name, table, what in form.references:
            must_exist(work, table, columns.get(name), what, name)
        self._type(form, columns)
        _phase(work, columns)
        warning = self._duplicate(work, form, columns)
        priced = [_line(work, form, at, line) for at, line in enumerate(lines, 1)]
        header = {**columns, "status": status, "entdte": work.now.date(), **_totals(form, columns, priced)}
        if posts:
            header |= self.posting(work, columns)
        header["recnum"] = recnum = work.next_number(form.header)
        if form is SERVICE_BILLING and not header.get("ordnum"):
            header["ordnum"] = str(recnum)
        document = work.insert(form.header, header)
        for at, line in enumerate(priced, 1):
            work.insert(form.lines, {**line, "_idref": document["_idnum"], "linnum": at})
        return Saved(recnum, warning)

    def posting(self, work: Work, columns: Row) -> Row:
        """The period a document posts to, and its number in the ledger. Raises ``RefuseRecord``."""
        on: date = columns["invdte"]
        period = (columns.get("postyr") or on.year, columns.get("actper") or on.month)
        if not 1 <= period[1] <= 12:
            raise refuse(Code.PERIOD, f"Posting period {period[1]} does not exist.", "actper")
        if period != (on.year, on.month) and Right.CHANGE_PERIOD not in self.rights:
            raise refuse(Code.RIGHT, "The group API has no right to change the posting period.", "actper")
        self.must_be_open(*period)
        return {"postyr": period[0], "actper": period[1], "lgrrec": work.next_ledger_transaction()}

    def must_be_open(self, year: int, period: int) -> None:
        """Refuse a closed or locked period."""
        if (year, period) in self.closed:
            raise refuse(Code.PERIOD, f"Posting period {period} of {year} is closed.", "actper")

    def must_allow(self, right: Right) -> None:
        """Refuse what the group ``API`` has no right to."""
        if right not in self.rights:
            raise refuse(Code.RIGHT, f"The group API has no right: {right.value}.")

    def _status(self, form: Form, status: int) -> None:
        if status in (PAID, VOID):
            word = "Paid" if status == PAID else "Void"
            raise refuse(Code.STATUS, f"Status {word} cannot be set by hand.", "status")
        if status not in (POSTED if form is JOB_BILLING else POSTED | UNPOSTED):
            raise refuse(Code.INVALID, f"Status {status} does not exist.", "status")

    def _type(self, form: Form, columns: Row) -> None:
        if form is not JOB_BILLING:
            return
        columns["invtyp"] = columns.get("invtyp") or 1
        if columns["invtyp"] not in self.profile.invoice_types:
            raise refuse(Code.INVALID, f"Invoice type {columns['invtyp']} does not exist.", "invtyp")

    def _duplicate(self, work: Work, form: Form, columns: Row) -> str:
        number, header = columns.get("invnum"), form.header
        rule = self.profile.duplicate_invoice_numbers
        if not number or rule == "allowed":
            return ""
        if not work.has(header, header.c.invnum == number, header.c.status != VOID):
            return ""
        if rule == "refused":
            raise refuse(Code.EXISTS, f"Invoice number {number} already exists.", "invnum")
        return f"Warning: invoice number {number} already exists."

    # -- edit --------------------------------------------------------------------------------

    def update(self, work: Work, form: Form, recnum: int | None, columns: Row) -> Saved:
        """Change a document's header. Raises ``RefuseRecord`` for what posting has fixed."""
        document = found(work, form.header, recnum, form.name)
        changes = {name: value for name, value in columns.items() if value != document[name]}
        if document["status"] == VOID:
            raise refuse(Code.POSTED, f"{form.name} {recnum} is void.", "status")
        if document.get("lckedt"):
            raise refuse(Code.POSTED, f"{form.name} {recnum} is locked against edits.", "lckedt")
        if "status" in changes:
            self._status(form, changes["status"])
        if document["lgrrec"]:
            changes |= self._posted_edit(form, recnum, document, changes)
        else:
            changes |= self._unposted_edit(work, form, document, changes)
        work.update(form.header, document["_idnum"], changes)
        return Saved(document["recnum"])

    def _posted_edit(self, form: Form, recnum: int | None, document: Row, changes: Row) -> Row:
        fixed = sorted(set(changes) - EDITABLE)
        if fixed:
            raise refuse(
                Code.POSTED,
                f"{form.name} {recnum} is posted: {', '.join(fixed)} cannot be changed. Void and re-enter.",
                fixed[0],
            )
        if "status" in changes and (document["status"] == PAID or changes["status"] in UNPOSTED):
            raise refuse(Code.STATUS, f"{form.name} {recnum} is posted or paid; its status stays.", "status")
        return {}

    def _unposted_edit(self, work: Work, form: Form, document: Row, changes: Row) -> Row:
        for name, table, what in form.references:
            must_exist(work, table, changes.get(name), what, name)
        after = {**document, **changes}
        lines = work.rows(form.lines, form.lines.c["_idref"] == document["_idnum"])
        if "invttl" in changes or "slstax" in changes:
            changes = {**changes, **_totals(form, {**after, "invttl": changes.get("invttl")}, lines)}
        if after["status"] not in POSTED:
            return changes
        _required(form, after, True, lines)
        return {**changes, **self.posting(work, after)}


def _required(form: Form, columns: Row, posts: bool, lines: Sequence[Row]) -> None:
    needed = (*form.required, ("invnum", "Invoice number"), ("invdte", "Invoice date"))
    for name, what in needed if posts else form.required:
        if not columns.get(name):
            raise refuse(Code.REQUIRED, f"{what} is required.", name)
    if posts and not lines:
        raise refuse(Code.REQUIRED, "At least one line is required.", "lines")


def _phase(work: Work, columns: Row) -> None:
    phase = columns.get("phsnum")
    if phase and not work.has(JOBPHS, JOBPHS.c.recnum == columns["jobnum"], JOBPHS.c.phsnum == phase):
        raise refuse(Code.NOT_FOUND, f"Phase {phase} does not exist for the job.", "phsnum")


def _line(work: Work, form: Form, at: int, line: Row) -> Row:
    """The line as the product keeps it: references proven, extended price computed."""
    account = line.get(form.account)
    if form is JOB_BILLING and not account:
        raise refuse(Code.REQUIRED, f"Line {at}: ledger account is required.", form.account)
    must_exist(work, LGRACT, account, f"Line {at}: ledger account", form.account)
    must_exist(work, TKFPRT, line.get("prtnum"), f"Line {at}: part", "prtnum")
    must_exist(work, CSTCDE, line.get("cstcde"), f"Line {at}: cost code", "cstcde")
    must_exist(work, CSTTYP, line.get("csttyp"), f"Line {at}: cost type", "csttyp")
    extended = _extended(form, at, line)
    return {**line, "extprc": extended, **({"curbll": extended} if form is SERVICE_BILLING else {})}


def _extended(form: Form, at: int, line: Row) -> Decimal:
    given: Decimal | None = line.get("extprc")
    quantity, price = line.get(form.quantity), line.get(form.price)
    if quantity is None or price is None:
        return Decimal(0) if given is None else given
    product: Decimal = (quantity * price).quantize(CENT, rounding=ROUND_HALF_UP)
    if given is not None and given != product:
        raise refuse(Code.TOTALS, f"Line {at}: the extended price is not quantity times price.", "extprc")
    return product


def _totals(form: Form, columns: Row, lines: Sequence[Row]) -> Row:
    """What the product computes from the lines; a control total that differs is refused."""
    net = sum((line["extprc"] for line in lines), Decimal(0))
    tax: Decimal = columns.get("slstax") or Decimal(0)
    total, control = net + tax, columns.get("invttl")
    if control is not None and control != total:
        raise refuse(Code.TOTALS, f"Lines and tax come to {total}, the control total is {control}.", "invttl")
    if form is SERVICE_BILLING:
        return {"slstax": tax, "invttl": total, "invbal": total}
    retained: Decimal = columns.get("retain") or Decimal(0)
    if retained and (abs(retained) > abs(total) or (retained < 0) != (total < 0)):
        raise refuse(Code.TOTALS, "The retention is more than the invoice.", "retain")
    taxed = {"taxabl": net if tax else Decimal(0), "nontax": Decimal(0) if tax else net}
    sums: dict[str, Any] = {"slstax": tax, "invttl": total, "invbal": total, "invnet": total - retained}
    return {**taxed, **sums, "retain": retained}
