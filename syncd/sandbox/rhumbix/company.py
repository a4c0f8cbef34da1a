"""The made-up contractor in the field: people, projects, cost codes, entries and their past."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from syncd.sandbox.company import Company
from syncd.sandbox.crew import COST_CODES, Crew, Employee, Shift
from syncd.sandbox.tables import Books, Record

EMPLOYEES, PROJECTS, CODES, ENTRIES, DELETED, VERSIONS = (
    "employees", "projects", "cost_codes", "timekeeping_entries", "deleted_timekeeping_entries", "versions",
)  # fmt: skip
FIRST_ENTRY: Final = 70_000_001
_ZONE: Final = "America/Chicago"
_NOON: Final = time(12, 0)


def opened(company: Company) -> Books:
    """What the company has in Rhumbix: of its jobs those that the ledger has, too, but for the newest few."""
    books, crew = Books(), Crew.of(company)
    started = _at(company.today - timedelta(days=200))
    for person in crew.employees:
        if person.in_field:
            books.seed(
                EMPLOYEES, str(person.number), employee(_person(person), started), started + person.index
            )
    known = [job for job in company.jobs if job.in_ledger]
    for job in known[: len(known) - len(known) // 20]:
        number = str(job.number)
        site = company.locations[job.location].address
        place = f"{site.street}, {site.city}, {site.state} {site.postal_code}"
        fields = {"job_number": number, "name": job.name, "address": place}
        books.seed(PROJECTS, number, project(fields, company.seed), started + job.index)
        for code in COST_CODES:
            key = f"{number}/{code.field_code}"
            told = {"job_number": number, "code": code.field_code, "description": code.name}
            books.seed(CODES, key, cost_code(told, company.seed), started)
    for shift in crew.shifts:
        _enter(books, company, crew, shift)
    return books


def _enter(books: Books, company: Company, crew: Crew, shift: Shift) -> None:
    job = str(company.jobs[shift.job].number)
    if books.get(PROJECTS, job) is None:
        return
    ident = FIRST_ENTRY + shift.index
    people = crew.employees
    status = "EXPORTED" if shift.handed_over else "SUPERVISOR_APPROVED" if shift.index % 5 else "PENDING"
    code = COST_CODES[shift.cost_code].field_code
    fields: dict[str, Any] = {
        "work_shift_key": _letters(f"{shift.foreman} {shift.date} {shift.job}"),
        "shift_date": shift.date.isoformat(),
        "cost_code": code,
        "cost_code_uuid": _uuid(company.seed, f"{job}/{code}"),
        "job_number": job,
        "employee": str(people[shift.employee].number),
        "foreman": str(people[shift.foreman].number),
        "status": status,
        "is_approved": False,
        "over_time_minutes": shift.overtime,
        "double_time_minutes": shift.double,
        "standard_time_minutes": shift.standard,
        "timezone": _ZONE,
        "deleted_on": None,
        "comment": None,
        "end_time": f"{shift.date}T20:30:00.000000Z",
        "start_time": f"{shift.date}T12:00:00.000000Z",
    }
    at = _at(shift.date) + shift.index
    row = books.seed(ENTRIES, str(ident), fields, at)
    remember(books, row, "CREATED", at)


def remember(books: Books, row: Record, what: str, at: int) -> None:
    """A version of an entry, for its history."""
    version = {**row.fields, "history_type": what, "modified_by": "office", "of": row.id}
    books.seed(VERSIONS, f"{row.id}/{len(books.table(VERSIONS))}", version, at)


def employee(fields: Mapping[str, Any], at: int) -> dict[str, Any]:
    """A whole row of a person."""
    return {
        "certifications": [], "cico_pin": "", "cico_qr_code": "", "classification": "",
        "cohort_permissions": [], "cohorts": [], "company_supplied_id": "", "custom_fields": None,
        "disabled_status": None, "email": None, "enable_login": False, "first_name": "", "is_active": True,
        "last_name": "", "licenses": [], "phone": None, "text_alerts_ok": False, "trade": "", "unions": [],
        "user_role": "WORKER", "veteran_status": None, "created_on": stamp(at), "last_active": "", **fields,
    }  # fmt: skip


def project(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A whole row of a project. It does not say when it changed."""
    return {
        "uuid": _uuid(seed, str(fields["job_number"])), "status": "ACTIVE", "description": None,
        "address": "", "job_number": "", "name": "", "timezone": _ZONE, "require_signature": False,
        "signature_period": "DAILY", "signature_pad_type": "HYBRID", "display_shifts_breaks": False,
        "prompt_eod_questions": False, "company_group_id": 734, "client_name": None,
        "client_contact_name": None, "client_contact_email": None, "client_contact_address": None,
        "custom_fields": None, "expected_start_date": None, "expected_completion_date": None,
        "display_shift_extras": False, "display_modifiers": False, "cohorts": [], **fields,
    }  # fmt: skip


def cost_code(fields: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A whole row of a cost code."""
    return {
        "uuid": _uuid(seed, f"{fields['job_number']}/{fields['code']}"), "code": "", "description": "",
        "units": "", "erp_units": "", "group": "", "is_active": True, "custom_fields": None,
        "visible_in_reporting": True, "default_entry_type": "DISCRETE_QUANTITY", **fields,
    }  # fmt: skip


def stamp(at: int) -> str:
    """Microseconds since 1970 as the API writes them."""
    seconds, micros = divmod(at, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}Z"


def micros(text: str) -> int:
    """What a filter's time is in microseconds since 1970. Raises ``ValueError``."""
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _person(person: Employee) -> dict[str, Any]:
    return {
        "company_supplied_id": str(person.number),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": None if person.phone is None else f"+1{person.phone}",
        "trade": person.trade,
        "classification": person.classification,
        "user_role": "FOREMAN" if person.foreman else "WORKER",
        "is_active": person.active,
    }


def _at(day: date) -> int:
    return int(datetime.combine(day, _NOON, UTC).timestamp()) * 1_000_000


def _uuid(seed: int, name: str) -> str:
    return str(uuid.uuid5(uuid.UUID(int=seed + 1), name))


def _letters(name: str) -> str:
    """Eight letters and digits that stand for a shift."""
    return uuid.uuid5(uuid.NAMESPACE_OID, name).hex[:8].upper()
