"""What people do in the product, and what year ends do: everything that is not done by the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.core.errors import FixInput, RefuseRecord
from syncd.sandbox.sage100_contractor import hours, masters
from syncd.sandbox.sage100_contractor.billing import FORMS, PAID, SERVICE_BILLING, VOID, Books, Form
from syncd.sandbox.sage100_contractor.database import CompanyDatabase, Row, Work
from syncd.sandbox.sage100_contractor.installation import Installation
from syncd.sandbox.sage100_contractor.refusals import Code, refuse
from syncd.sandbox.sage100_contractor.tables import ACRINV, ACRPMT, ACTREC, DLYPYR, RECCLN, SRVINV
from syncd.sandbox.sage100_contractor.values import typed
from syncd.sandbox.sandbox import Action

BOOKKEEPER: Final = "Dana"
"""The user whose name stands in ``insusr`` and ``updusr`` of what people do."""


class People:
    """Actions by name, for the control port. Each raises ``FixInput`` with the product's words."""

    def __init__(
        self,
        profile: Sage100ContractorProfile,
        database: CompanyDatabase,
        books: Books,
        installation: Installation,
    ) -> None:
        self._profile = profile
        self._database = database
        self._books = books
        self._installation = installation

    @property
    def actions(self) -> Mapping[str, Action]:
        """``table`` is ``acrinv`` (where it is left out) or ``srvinv``; money is text.

        add_hours {columns}: a line of daily payroll;
        add_client {columns}; edit_client, edit_job {recnum, columns}; delete_client {recnum};
        edit_invoice {table?, recnum, columns}; void_invoice {table?, recnum};
        lock_edit {recnum}: a service invoice takes no edits any more;
        book_receipt {table?, recnum, amount, discount?, check_number?, date?};
        close_period, open_period {year, month}; take_exclusive_access, release_exclusive_access {};
        open_product {people}: so many people have the product open, each with a licence.
        """
        return {
            "add_hours": self._told(self._add_hours),
            "add_client": self._told(self._add_client),
            "edit_client": self._told(self._edit_client),
            "delete_client": self._told(self._delete_client),
            "edit_job": self._told(self._edit_job),
            "edit_invoice": self._told(self._edit_invoice),
            "lock_edit": self._told(self._lock_edit),
            "void_invoice": self._told(self._void),
            "book_receipt": self._told(self._receive),
            "close_period": self._told(self._close_period),
            "open_period": self._told(self._open_period),
            "take_exclusive_access": lambda _: self._exclusive(taken=True),
            "release_exclusive_access": lambda _: self._exclusive(taken=False),
            "open_product": self._told(self._open_product),
        }

    def _told(self, action: Action) -> Action:
        """An action whose refusals and bad bodies are the caller's to mend."""

        def act(body: Mapping[str, Any]) -> Any:
            try:
                return action(body)
            except RefuseRecord as refusal:
                raise FixInput(refusal.message) from None
            except KeyError as missing:
                raise FixInput(f"{missing} is missing or not known") from None
            except (TypeError, ValueError, InvalidOperation) as wrong:
                raise FixInput(f"not understood: {wrong}") from None

        return act

    # -- clients and jobs --------------------------------------------------------------------

    def _add_client(self, body: Mapping[str, Any]) -> Any:
        with self._database.work(BOOKKEEPER) as work:
            return {"recnum": masters.add_client(work, None, typed(self._profile, RECCLN, body["columns"]))}

    def _edit_client(self, body: Mapping[str, Any]) -> Any:
        with self._database.work(BOOKKEEPER) as work:
            masters.update_client(work, body["recnum"], typed(self._profile, RECCLN, body["columns"]))
        return {}

    def _delete_client(self, body: Mapping[str, Any]) -> Any:
        with self._database.work(BOOKKEEPER) as work:
            masters.delete_client(work, body["recnum"])
        return {}

    def _edit_job(self, body: Mapping[str, Any]) -> Any:
        with self._database.work(BOOKKEEPER) as work:
            masters.update_job(work, body["recnum"], typed(self._profile, ACTREC, body["columns"]))
        return {}

    def _add_hours(self, body: Mapping[str, Any]) -> Any:
        with self._database.work(BOOKKEEPER) as work:
            return {"linnum": hours.add_line(work, typed(self._profile, DLYPYR, body["columns"]))}

    # -- invoices ----------------------------------------------------------------------------

    def _edit_invoice(self, body: Mapping[str, Any]) -> Any:
        form = _form(body)
        with self._database.work(BOOKKEEPER) as work:
            columns = typed(self._profile, form.header, body["columns"])
            self._books.update(work, form, body["recnum"], columns)
        return {}

    def _lock_edit(self, body: Mapping[str, Any]) -> Any:
        with self._database.work(BOOKKEEPER) as work:
            document = masters.found(work, SRVINV, body["recnum"], SERVICE_BILLING.name)
            work.update(SRVINV, document["_idnum"], {"lckedt": 1})
        return {}

    def _void(self, body: Mapping[str, Any]) -> Any:
        form = _form(body)
        with self._database.work(BOOKKEEPER) as work:
            document = masters.found(work, form.header, body["recnum"], form.name)
            if document["status"] == VOID:
                raise refuse(Code.STATUS, f"{form.name} {body['recnum']} is void already.")
            if document["amtpad"]:
                raise refuse(Code.POSTED, "Reverse the payments before the invoice is voided.")
            if document["actper"] == 0:
                raise refuse(Code.PERIOD, "An item of period 0 cannot be voided.")
            self._books.must_be_open(work.now.year, work.now.month)
            voided = {"status": VOID, "vodrec": work.next_ledger_transaction(), "invbal": Decimal(0)}
            work.update(form.header, document["_idnum"], voided)
        return {"vodrec": voided["vodrec"]}

    def _receive(self, body: Mapping[str, Any]) -> Any:
        form = _form(body)
        amount, discount = Decimal(str(body["amount"])), Decimal(str(body.get("discount", 0)))
        on = date.fromisoformat(body["date"]) if "date" in body else self._database.now().date()
        self._books.must_be_open(on.year, on.month)
        with self._database.work(BOOKKEEPER) as work:
            document = masters.found(work, form.header, body["recnum"], form.name)
            after = _after_receipt(form, document, amount, discount)
            work.update(form.header, document["_idnum"], after)
            check = str(body.get("check_number", ""))
            receipt = _receipt(work, form, document, check, on, amount, discount)
        return {"receipt": receipt, "balance": str(after["invbal"])}

    # -- the company -------------------------------------------------------------------------

    def _close_period(self, body: Mapping[str, Any]) -> Any:
        self._books.closed.add((int(body["year"]), int(body["month"])))
        return {}

    def _open_period(self, body: Mapping[str, Any]) -> Any:
        self._books.closed.discard((int(body["year"]), int(body["month"])))
        return {}

    def _exclusive(self, *, taken: bool) -> Any:
        self._installation.taken_by_person = taken
        return {}

    def _open_product(self, body: Mapping[str, Any]) -> Any:
        self._installation.people = int(body["people"])
        return {"licences_used": self._installation.licences_used}


def _form(body: Mapping[str, Any]) -> Form:
    return FORMS[body.get("table", ACRINV.name)]


def _after_receipt(form: Form, document: Row, amount: Decimal, discount: Decimal) -> Row:
    """The document's columns once the receipt is applied. Raises ``RefuseRecord``."""
    if document["status"] in (PAID, VOID) or not document["lgrrec"]:
        raise refuse(Code.STATUS, f"{form.name} {document['recnum']} takes no receipts.")
    balance = document["invbal"] - amount - discount
    if not amount or (balance and (balance < 0) != (document["invttl"] < 0)):
        raise refuse(Code.TOTALS, "The receipt is nothing, or more than the balance.")
    paid = document["amtpad"] + amount
    after: Row = {"amtpad": paid, "invbal": balance, "status": document["status"] if balance else PAID}
    return after | ({"ttlpad": document["ttlpad"] + amount + discount} if form.header is ACRINV else {})


def _receipt(
    work: Work, form: Form, document: Row, check: str, on: date, amount: Decimal, discount: Decimal
) -> str | None:
    """The receipt's row; where receipts of service invoices stand is not public, so they have none."""
    if form.header is not ACRINV:
        return None
    row = work.insert(
        ACRPMT,
        {"_idref": document["_idnum"], "chknum": check, "chkdte": on, "actper": on.month, "postyr": on.year,
         "amount": amount, "dsctkn": discount, "lgrrec": work.next_ledger_transaction()},
    )  # fmt: skip
    return str(row["_idnum"])
