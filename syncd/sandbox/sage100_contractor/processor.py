"""Carries out message sets: one request after the other, each a transaction of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree
from sqlalchemy import Table

from syncd.connectors.sage100_contractor.profile import Sage100ContractorProfile
from syncd.core.errors import RefuseRecord
from syncd.sandbox.faults import FaultKind, FaultPlan
from syncd.sandbox.sage100_contractor import hours, masters
from syncd.sandbox.sage100_contractor.billing import JOB_BILLING, SERVICE_BILLING, Books, Form, Right, Saved
from syncd.sandbox.sage100_contractor.database import CompanyDatabase, Row, Work
from syncd.sandbox.sage100_contractor.mbxml import Answer, Dialect, MessageSet, Request
from syncd.sandbox.sage100_contractor.refusals import Code, refuse
from syncd.sandbox.sage100_contractor.rowset import run_select
from syncd.sandbox.sage100_contractor.tables import ACTREC, DLYPYR, RECCLN
from syncd.sandbox.sage100_contractor.values import printed, typed

WRITES: Final = frozenset(
    {"client_add", "client_add_next", "client_update", "job_add", "job_add_next", "job_billing_add",
     "job_billing_update", "service_billing_add", "service_billing_update", "daily_payroll_add"}
)  # fmt: skip
"""Requests that change the books, by their name in the profile."""

_OK: Final = "Ok"
_LOCKED: Final = frozenset({FaultKind.LOCKED})
_CLOSED: Final = frozenset({FaultKind.CLOSED_PERIOD})


@dataclass(frozen=True, slots=True)
class Submission:
    """One executed request, for those who look inside."""

    set_id: str
    request_id: str
    element: str
    code: str
    message: str


class Processor:
    """The product behind the object: rules, books and the company database.

    ``messageSetID`` is echoed and nothing else: a set that is submitted twice is executed twice.
    """

    def __init__(
        self,
        profile: Sage100ContractorProfile,
        dialect: Dialect,
        database: CompanyDatabase,
        books: Books,
        faults: FaultPlan,
    ) -> None:
        self.submissions: list[Submission] = []
        self._profile = profile
        self._dialect = dialect
        self._database = database
        self._books = books
        self._faults = faults

    def execute(self, messages: MessageSet) -> str:
        """Carry out a set that was let in, and return the answer document."""
        answers: list[Answer] = []
        failed = False
        for request in messages.requests:
            if failed and messages.stop_on_error:
                words = "Not processed: an earlier request of this set failed."
                answers.append(Answer(request, Code.NOT_PROCESSED, words))
                continue
            answer = self._answer(messages.user, request)
            failed = failed or answer.code != Code.GOOD
            answers.append(answer)
        self.submissions += [
            Submission(messages.set_id, a.request.request_id, a.request.element, a.code, a.message)
            for a in answers
        ]
        return self._dialect.answered(messages.set_id, answers)

    def _answer(self, user: str, request: Request) -> Answer:
        try:
            if request.slot == "sql_run":
                rows = run_select(self._database.path, request.columns.get("sql", ""))
                return Answer(request, Code.GOOD, _OK, [rows])
            if request.slot == "client_query":
                return Answer(request, Code.GOOD, _OK, self._client(request))
            if request.slot not in WRITES:
                raise refuse(Code.UNKNOWN_REQUEST, f"{request.element} is not available.")
            saved = self._write(user, request)
        except RefuseRecord as refusal:
            return Answer(request, refusal.code, refusal.message)
        return Answer(request, Code.GOOD, f"{_OK}. {saved.warning}" if saved.warning else _OK)

    def _write(self, user: str, request: Request) -> Saved:
        self._books.must_allow(Right.SAVE)
        if self._ordered(_LOCKED, request):
            raise refuse(Code.IN_USE, "The record is in use by another user.")
        period_closed = self._ordered(_CLOSED, request)
        with self._database.work(user) as work:
            saved = self._carry_out(work, request)
            if period_closed and request.slot.endswith("_billing_add"):
                # inside the transaction: what was written so far is taken back
                raise refuse(Code.PERIOD, "The posting period is closed.", "actper")
        return saved

    def _ordered(self, kinds: frozenset[FaultKind], request: Request) -> bool:
        fault = self._faults.pick(kinds, method="POST", path="/object/submitXML", operation=request.element)
        return fault is not None

    def _carry_out(self, work: Work, request: Request) -> Saved:
        match request.slot:
            case "client_add" | "client_add_next":
                return Saved(masters.add_client(work, request.key, self._typed(RECCLN, request)))
            case "client_update":
                masters.update_client(work, request.key, self._typed(RECCLN, request))
                return Saved(request.key or 0)
            case "job_add" | "job_add_next":
                return Saved(masters.add_job(work, request.key, self._typed(ACTREC, request)))
            case "job_billing_add":
                return self._bill(work, JOB_BILLING, request)
            case "service_billing_add":
                return self._bill(work, SERVICE_BILLING, request)
            case "daily_payroll_add":
                return Saved(hours.add_line(work, self._typed(DLYPYR, request)))
            case "job_billing_update":
                return self._edit(work, JOB_BILLING, request)
            case _:
                return self._edit(work, SERVICE_BILLING, request)

    def _bill(self, work: Work, form: Form, request: Request) -> Saved:
        lines = [typed(self._profile, form.lines, line) for line in request.lines]
        return self._books.add(work, form, self._typed(form.header, request), lines)

    def _edit(self, work: Work, form: Form, request: Request) -> Saved:
        return self._books.update(work, form, request.key, self._typed(form.header, request))

    def _typed(self, table: Table, request: Request) -> Row:
        return typed(self._profile, table, request.columns)

    def _client(self, request: Request) -> Sequence[etree._Element]:
        with self._database.reading() as work:
            client = masters.found(work, RECCLN, request.key, "Client")
        texts = {name: printed(value) for name, value in client.items()}
        return self._dialect.record("client_query", client["recnum"], texts)
