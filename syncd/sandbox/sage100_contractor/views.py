"""What the books hold, for checkers: the product's own truth, read past the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from syncd.sandbox.sage100_contractor.billing import VOID
from syncd.sandbox.sage100_contractor.database import CompanyDatabase, Row
from syncd.sandbox.sage100_contractor.processor import Processor
from syncd.sandbox.sage100_contractor.tables import (
    ACRINV,
    ACRPMT,
    ACTREC,
    DLYPYR,
    DOCUMENTS,
    EMPLOY,
    METADATA,
    RECCLN,
)
from syncd.sandbox.sandbox import View, by_fields

_INVOICE: Final = (
    "recnum", "usrdf1", "usrdf2", "invnum", "jobnum", "clnnum", "invdte", "status", "slstax", "retain",
    "invttl", "amtpad", "invbal", "dscrpt", "actper", "postyr", "insusr",
)  # fmt: skip
_JOB: Final = ("recnum", "jobnme", "shtnme", "clnnum", "status", "usrdf1", "insusr")
_EMPLOYEE: Final = ("recnum", "lstnme", "fstnme", "status")
_HOURS: Final = (
    "_idnum", "paydte", "linnum", "empnum", "jobnum", "cstcde", "paytyp", "payhrs", "dscrpt", "usrdf1",
    "insusr",
)  # fmt: skip
_CLIENT: Final = (
    "recnum", "clnnme", "shtnme", "addrs1", "ctynme", "state_", "zipcde", "phnnum", "e_mail", "status",
    "usrdf1", "usrdf2", "upddte", "updusr", "insusr",
)  # fmt: skip


class Views:
    """Views by name, for the control port. A query keeps the rows whose named fields say the same:
    ``/ledger/invoices?invnum=S-10442``. Money and dates are text."""

    def __init__(self, database: CompanyDatabase, processor: Processor) -> None:
        self._database = database
        self._processor = processor

    @property
    def views(self) -> Mapping[str, View]:
        """``invoices`` (of both tables, with ``table``, ``void`` and ``lines``), ``clients``, ``jobs``,
        ``payments``, ``employees``, ``hours`` (lines of daily payroll), ``writes`` (committed writes by
        table), ``submissions`` (executed requests)."""
        return {
            "invoices": by_fields(self._invoices),
            "clients": by_fields(partial(self._rows, "reccln", _CLIENT)),
            "jobs": by_fields(partial(self._rows, "actrec", _JOB)),
            "employees": by_fields(partial(self._rows, "employ", _EMPLOYEE)),
            "hours": by_fields(partial(self._rows, "dlypyr", _HOURS)),
            "payments": by_fields(self._payments),
            "writes": lambda _: dict(self._database.writes),
            "submissions": by_fields(lambda: map(asdict, self._processor.submissions)),
        }

    def counts(self) -> dict[str, int]:
        """Rows by table, and what was done since the start."""
        with self._database.reading() as work:
            held = {
                str(table.name): work.count(table)
                for table in (RECCLN, ACTREC, ACRINV, ACRPMT, EMPLOY, DLYPYR)
            }
            held["srvinv"] = work.count(METADATA.tables["srvinv"])
        return held | {
            "submissions": len(self._processor.submissions),
            "writes": sum(self._database.writes.values()),
        }

    def _invoices(self) -> list[Row]:
        found = []
        with self._database.reading() as work:
            for table, (header, lines) in DOCUMENTS.items():
                by_document: dict[str, int] = {}
                for (parent,) in work.connection.execute(select(lines.c["_idref"])):
                    by_document[parent] = by_document.get(parent, 0) + 1
                found += [
                    {
                        "table": table,
                        "void": row["status"] == VOID,
                        "lines": by_document.get(row["_idnum"], 0),
                    }
                    | _plain(row, _INVOICE)
                    for row in work.rows(header)
                ]
        return found

    def _rows(self, table: str, columns: Sequence[str]) -> list[Row]:
        with self._database.reading() as work:
            return [_plain(row, columns) for row in work.rows(METADATA.tables[table])]

    def _payments(self) -> list[Row]:
        query = (
            select(ACRINV.c.recnum.label("invoice"), ACRINV.c.invnum, ACRPMT)
            .join(ACRINV, ACRINV.c["_idnum"] == ACRPMT.c["_idref"])
            .order_by(ACRPMT.c.lgrrec)
        )
        shown = ("invoice", "invnum", "_idnum", "chknum", "chkdte", "amount", "dsctkn", "lgrrec")
        with self._database.reading() as work:
            return [_plain(dict(row), shown) for row in work.connection.execute(query).mappings()]


def _plain(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    return {
        str(name): str(value) if isinstance(value, Decimal | date) else value
        for name, value in row.items()
        if name in columns
    }
