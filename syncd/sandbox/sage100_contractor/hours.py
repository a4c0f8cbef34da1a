"""The rules of daily payroll: one line pays one person's hours of one day under one pay type."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from sqlalchemy import func, select

from syncd.sandbox.sage100_contractor.database import Row, Work
from syncd.sandbox.sage100_contractor.masters import found, must_exist
from syncd.sandbox.sage100_contractor.refusals import Code, refuse
from syncd.sandbox.sage100_contractor.tables import ACTREC, CSTCDE, DLYPYR, EMPLOY, JOBPHS

REGULAR: Final = 1
_PAY_TYPES: Final = range(1, 10)
"""Documented: 1 Regular to 9 Misc."""
_MOST: Final = Decimal("999.99")
"""The column holds five digits, two of them decimals."""
_CLOSED: Final = 6
"""Status of a job that takes no costs any more."""


def add_line(work: Work, columns: Row) -> int:
    """A new line of a day; its number is the next there. Raises ``RefuseRecord``."""
    for name, what in (("paydte", "Pay date"), ("empnum", "Employee"), ("payhrs", "Hours")):
        if not columns.get(name):
            raise refuse(Code.REQUIRED, f"{what} is required.", name)
    must_exist(work, EMPLOY, columns["empnum"], "Employee", "empnum")
    _check_job(work, columns)
    pay_type = columns.get("paytyp") or REGULAR
    if pay_type not in _PAY_TYPES:
        raise refuse(Code.INVALID, f"Pay type {pay_type} does not exist.", "paytyp")
    if abs(columns["payhrs"]) > _MOST:
        raise refuse(Code.TOO_LONG, "payhrs holds 999.99 hours at most.", "payhrs")
    number = _next_line(work, columns)
    work.insert(DLYPYR, {**columns, "paytyp": pay_type, "linnum": number})
    return number


def _check_job(work: Work, columns: Row) -> None:
    number = columns.get("jobnum")
    if number and found(work, ACTREC, number, "Job")["status"] == _CLOSED:
        raise refuse(Code.STATUS, f"Job {number} is closed.", "jobnum")
    phase = columns.get("phsnum")
    if phase and not work.has(JOBPHS, JOBPHS.c.recnum == number, JOBPHS.c.phsnum == phase):
        raise refuse(Code.NOT_FOUND, f"Phase {phase} does not exist.", "phsnum")
    must_exist(work, CSTCDE, columns.get("cstcde"), "Cost code", "cstcde")
    if columns.get("cstcde") and not number:
        raise refuse(Code.REQUIRED, "A cost code needs a job.", "jobnum")


def _next_line(work: Work, columns: Row) -> int:
    last = select(func.max(DLYPYR.c.linnum)).where(DLYPYR.c.paydte == columns["paydte"])
    return (work.connection.execute(last).scalar() or 0) + 1
