"""The older API's asynchronous imports: what becomes of each record of a batch, and what is said of the batch
while it is under way."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.sandbox.rhumbix import company
from syncd.sandbox.rhumbix.company import CODES, EMPLOYEES, PROJECTS
from syncd.sandbox.tables import Books

KEYS: Final = {"employee": "company_supplied_id", "project": "job_number"}
_ROLES: Final = ("ADMIN", "FOREMAN", "PM", "WORKER", "OFFICE_STAFF")
_PEOPLE: Final = (
    "company_supplied_id", "first_name", "last_name", "email", "phone", "trade", "classification",
    "user_role", "is_active",
)  # fmt: skip
_PLACES: Final = ("job_number", "name", "description", "address", "status")


@dataclass
class Batch:
    """One import. It is carried out at once and told of by and by."""

    kind: str
    rows: Sequence[Mapping[str, Any]]
    asked: int = 0


@dataclass
class Imports:
    """All imports of the company. ``queued``: so often a batch is not there yet (403); ``under_way``: so
    often it is being processed."""

    books: Books
    seed: int
    queued: int = 1
    under_way: int = 1
    batches: dict[str, Batch] = field(default_factory=dict)

    def take(self, kind: str, records: Sequence[Any]) -> str:
        """Carry a batch out. Returns its key."""
        carry: Callable[[Mapping[str, Any]], str] = self._employee if kind == "employee" else self._project
        rows = []
        for record in records:
            told = record if isinstance(record, Mapping) else {}
            name = KEYS[kind]
            row: dict[str, Any] = {name: told.get(name, ""), "status": "ERROR", "detail": ""}
            try:
                row["status"] = carry(told)
            except ValueError as wrong:
                row["detail"] = str(wrong)
            rows.append(row)
        key = secrets.token_hex(16)
        self.batches[key] = Batch(kind, rows)
        return key

    def status(self, kind: str, key: str) -> tuple[int, dict[str, Any]]:
        """What the address of a batch answers: documented as 403 until the batch stands in the queue."""
        batch = self.batches.get(key)
        if batch is None or batch.kind != kind:
            return 403, {"status": "ACCEPTED"}
        batch.asked += 1
        if batch.asked <= self.queued:
            return 403, {"status": "ACCEPTED"}
        if batch.asked <= self.queued + self.under_way:
            return 200, {"status": "PROCESSING"}
        return 200, {"status": "COMPLETE", f"{kind}s": list(batch.rows)}

    def _employee(self, told: Mapping[str, Any]) -> str:
        key = told.get("company_supplied_id")
        if not isinstance(key, str) or not key:
            raise ValueError("company_supplied_id: This field is required.")
        if told.get("user_role", "WORKER") not in _ROLES:
            raise ValueError(f'user_role: "{told["user_role"]}" is not a valid choice.')
        fields = {name: told[name] for name in _PEOPLE if name in told}
        if fields.get("phone"):
            fields["phone"] = _international(str(fields["phone"]))
        for name in ("email", "phone"):
            others = (row for row in self.books.table(EMPLOYEES) if row.id != key)
            if fields.get(name) and any(row.fields[name] == fields[name] for row in others):
                raise ValueError(f"{name}: This field must be unique.")
        return self._put(EMPLOYEES, key, fields, company.employee(fields, self.books.now()))

    def _project(self, told: Mapping[str, Any]) -> str:
        for name in ("job_number", "name"):
            if not isinstance(told.get(name), str) or not told[name]:
                raise ValueError(f"{name}: This field may not be blank.")
        if told.get("status", "ACTIVE") not in ("ACTIVE", "INACTIVE"):
            raise ValueError("status: not a valid choice.")
        codes = told.get("cost_codes", ())
        if any(not isinstance(code, Mapping) or not code.get("code") for code in codes):
            raise ValueError("cost_codes: code: This field may not be blank.")
        key = told["job_number"]
        for code in codes:
            fields = {**code, "job_number": key}
            self._put(CODES, f"{key}/{code['code']}", fields, company.cost_code(fields, self.seed))
        fields = {name: told[name] for name in _PLACES if name in told}
        return self._put(PROJECTS, key, fields, company.project(fields, self.seed))

    def _put(self, kind: str, key: str, fields: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
        row = self.books.get(kind, key)
        if row is None:
            self.books.create(kind, key, whole)
            return "CREATED"
        self.books.update(kind, row, fields)
        return "UPDATED"


def _international(phone: str) -> str:
    """As the current API shows it."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) == 10:
        return f"+1{digits}"
    if len(digits) == 11 and digits.startswith("1"):
        return f"+{digits}"
    raise ValueError("phone: The phone number entered is not valid.")
