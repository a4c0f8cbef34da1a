"""The rules of clients and jobs."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Table

from syncd.core.errors import RefuseRecord
from syncd.sandbox.sage100_contractor.database import Row, Work
from syncd.sandbox.sage100_contractor.refusals import Code, refuse
from syncd.sandbox.sage100_contractor.tables import (
    ACRINV,
    ACTREC,
    CLNSTS,
    JOBSTS,
    JOBTYP,
    RECCLN,
    SRVINV,
    TAXDST,
)

SHORT_NAME: Final = 30
"""Characters of a short name that the product makes from the name when none is given (assumed)."""

_CLIENT_REFERENCES: Final = (("status", CLNSTS, "Client status"), ("taxdst", TAXDST, "Tax district"))
_JOB_REFERENCES: Final = (
    ("clnnum", RECCLN, "Client"),
    ("status", JOBSTS, "Job status"),
    ("jobtyp", JOBTYP, "Job type"),
    ("slstax", TAXDST, "Tax district"),
)
_OPENING: Final = {"reccln": 1, "actrec": 4}
"""Status of a new client (the first) and job (Current) where none is given (assumed)."""


def must_exist(work: Work, table: Table, number: Any, what: str, column: str) -> None:
    """Refuse a reference that points nowhere; 0 is "no reference"."""
    if number and not work.has(table, table.c.recnum == number):
        raise refuse(Code.NOT_FOUND, f"{what} {number} does not exist.", column)


def found(work: Work, table: Table, recnum: int | None, what: str) -> Row:
    """The record a request names. Raises ``RefuseRecord``."""
    row = None if recnum is None else work.numbered(table, recnum)
    if row is None:
        raise refuse(Code.NOT_FOUND, f"{what} {recnum} does not exist.", "recnum")
    return row


def add_client(work: Work, recnum: int | None, columns: Row) -> int:
    """A new client; its number is ``recnum`` or the next. Raises ``RefuseRecord``."""
    if not columns.get("clnnme"):
        raise refuse(Code.REQUIRED, "Client name is required.", "clnnme")
    _check(work, columns, _CLIENT_REFERENCES)
    return _add(work, RECCLN, recnum, "Client", {"shtnme": _short(columns["clnnme"]), **_filled(columns)})


def update_client(work: Work, recnum: int | None, columns: Row) -> None:
    """Change columns of a client. Raises ``RefuseRecord``."""
    client = found(work, RECCLN, recnum, "Client")
    for name, what in (("clnnme", "Client name"), ("shtnme", "Short name")):
        if name in columns and not columns[name]:
            raise refuse(Code.REQUIRED, f"{what} is required.", name)
    _check(work, columns, _CLIENT_REFERENCES)
    work.update(RECCLN, client["_idnum"], columns)


def delete_client(work: Work, recnum: int) -> None:
    """A client without jobs and invoices can be removed for good. Raises ``RefuseRecord``."""
    client = found(work, RECCLN, recnum, "Client")
    if work.has(ACTREC, ACTREC.c.clnnum == recnum) or work.has(SRVINV, SRVINV.c.clnnum == recnum):
        raise refuse(Code.INVALID, f"Client {recnum} has records and cannot be deleted.", "recnum")
    work.delete(RECCLN, client["_idnum"])


def add_job(work: Work, recnum: int | None, columns: Row) -> int:
    """A new job of a client; its number is ``recnum`` or the next. Raises ``RefuseRecord``."""
    for name, what in (("jobnme", "Job name"), ("clnnum", "Client")):
        if not columns.get(name):
            raise refuse(Code.REQUIRED, f"{what} is required.", name)
    _check(work, columns, _JOB_REFERENCES)
    return _add(work, ACTREC, recnum, "Job", {"shtnme": _short(columns["jobnme"]), **_filled(columns)})


def update_job(work: Work, recnum: int, columns: Row) -> None:
    """Change columns of a job; its client stays once something was billed. Raises ``RefuseRecord``."""
    job = found(work, ACTREC, recnum, "Job")
    _check(work, columns, _JOB_REFERENCES)
    moved = columns.get("clnnum", job["clnnum"]) != job["clnnum"]
    if moved and work.has(ACRINV, ACRINV.c.jobnum == recnum):
        raise refuse(Code.POSTED, f"Job {recnum} has invoices; its client cannot be changed.", "clnnum")
    work.update(ACTREC, job["_idnum"], columns)


def _add(work: Work, table: Table, recnum: int | None, what: str, columns: Row) -> int:
    number = work.next_number(table) if recnum is None else recnum
    if number < 1:
        raise refuse(Code.INVALID, f"{what} number must be above zero.", "recnum")
    if work.numbered(table, number) is not None:
        raise _taken(what, number)
    work.insert(table, {"recnum": number, "status": _OPENING[table.name], **columns})
    return number


def _taken(what: str, number: int) -> RefuseRecord:
    return refuse(Code.EXISTS, f"{what} {number} already exists.", "recnum")


def _check(work: Work, columns: Row, references: tuple[tuple[str, Table, str], ...]) -> None:
    for name, table, what in references:
        must_exist(work, table, columns.get(name), what, name)


def _filled(columns: Row) -> Row:
    """Without empty texts and references: a new record gets the product's defaults there."""
    return {name: value for name, value in columns.items() if value not in ("", 0, None)}


def _short(name: str) -> str:
    return name[:SHORT_NAME].strip()
