"""The company database as the sandbox keeps it: the product's table and column names, in SQLite.

Names are those seen in public code. Columns that nothing public shows, but without which a table
could not hold what the product must keep, are marked *assumed*. Money, quantities and decimal
codes are stored as text: SQLite has no exact decimal, and a ledger in floats would be another
ledger. Dates and stamps are ISO text, as a driver of the real database would print them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Exact(TypeDecorator[Decimal]):
    """A decimal with a fixed number of places, as text."""

    impl = String
    cache_ok = True

    def __init__(self, places: int = 2) -> None:
        super().__init__()
        self.places = places

    def process_bind_param(self, value: Decimal | None, _: Dialect) -> str | None:
        return None if value is None else f"{value:.{self.places}f}"

    def process_result_value(self, value: str | None, _: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class Day(TypeDecorator[date]):
    """A date as ``yyyy-mm-dd``."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: date | None, _: Dialect) -> str | None:
        return None if value is None else value.isoformat()

    def process_result_value(self, value: str | None, _: Dialect) -> date | None:
        return None if value is None else date.fromisoformat(value)


class Stamp(TypeDecorator[datetime]):
    """The server's wall clock, whole seconds, no zone: ``yyyy-mm-ddThh:mm:ss``."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> str | None:
        return None if value is None else value.isoformat(timespec="seconds")

    def process_result_value(self, value: str | None, _: Dialect) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)


METADATA: Final = MetaData()


def _text(name: str) -> Column[Any]:
    return Column(name, String, nullable=False, default="")


def _number(name: str) -> Column[Any]:
    """A number or a reference; 0 where there is none, as the product writes it."""
    return Column(name, BigInteger, nullable=False, default=0)


def _small(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, default=0)


def _exact(name: str, places: int = 2) -> Column[Any]:
    return Column(name, Exact(places), nullable=False, default=Decimal(0))


def _day(name: str) -> Column[Any]:
    return Column(name, Day, nullable=True)


def _texts(*names: str) -> list[Column[Any]]:
    return [_text(name) for name in names]


def _money(*names: str) -> list[Column[Any]]:
    return [_exact(name) for name in names]


def _stamps() -> list[Column[Any]]:
    return [Column("insdte", Stamp), _text("insusr"), Column("upddte", Stamp), _text("updusr")]


def _record(name: str, *columns: Column[Any]) -> Table:
    """A table of records with a visible business number."""
    return Table(
        name,
        METADATA,
        Column("_idnum", String(36), primary_key=True),
        Column("recnum", BigInteger, nullable=False, unique=True),
        *columns,
        *_texts("usrdf1", "usrdf2", "ntetxt"),
        *_stamps(),
    )


def _child(name: str, *columns: Column[Any]) -> Table:
    """A table of rows that belong to a record, joined by ``_idref`` -> ``_idnum``."""
    return Table(
        name,
        METADATA,
        Column("_idnum", String(36), primary_key=True),
        Column("_idref", String(36), nullable=False, index=True),
        *columns,
        *_stamps(),
    )


def _catalogue(name: str, *columns: Column[Any]) -> Table:
    return Table(name, METADATA, Column("recnum", BigInteger, primary_key=True), *columns)


RECCLN: Final = _record(
    "reccln",
    *_texts("shtnme", "clnnme", "addrs1", "addrs2", "ctynme", "state_", "zipcde", "bilad1", "bilad2",
            "bilcty", "bilste", "bilzip", "shpad1", "phnnum", "e_mail", "email2", "email3"),
    _number("taxdst"), _number("clntyp"), _number("status"), _number("mannum"), _number("empnum"),
    *_money("begbal", "endbal"),
)  # fmt: skip
"""Clients (3-6)."""

CLNCNT: Final = _child("clncnt", _small("linnum"), *_texts("cntnme", "phnnum", "e_mail"))
"""Client contacts. The table was seen, its columns are assumed."""

SRVLOC: Final = Table(
    "srvloc",
    METADATA,
    Column("_idnum", String(36), primary_key=True),
    Column("recnum", BigInteger, nullable=False),
    Column("locnum", BigInteger, nullable=False),
    *_texts("locnme", "addrs1", "ctynme", "state_", "zipcde", "phnnum"),
    _number("srvgeo"),
    _number("taxdst"),
    *_stamps(),
)
"""Service locations: ``recnum`` is the client's number. Not filled by the seed."""

ACTREC: Final = _record(
    "actrec",
    *_texts("jobnme", "shtnme"),
    _number("clnnum"), _number("status"), _number("jobtyp"),
    *_texts("addrs1", "addrs2", "ctynme", "state_", "zipcde"),
    _day("strdte"), _day("cmpdte"), _day("ctcdte"),
    *_texts("connum", "pchord"), *_money("cntrct", "retain"),
    _number("slstax"), _number("dptmnt"), _number("sprvsr"), _small("inactv"),
)  # fmt: skip
"""Jobs (3-5). ``slstax`` is the job's tax district; ``pchord`` is known from an import layout."""

JOBPHS: Final = Table(
    "jobphs",
    METADATA,
    Column("_idnum", String(36), primary_key=True),
    Column("recnum", BigInteger, nullable=False),
    Column("phsnum", BigInteger, nullable=False),
    _text("phsnme"),
    *_stamps(),
)
"""Phases: ``recnum`` is the job's number."""

ACRINV: Final = _record(
    "acrinv",
    _text("invnum"), _number("jobnum"), _number("phsnum"),
    _day("invdte"), _day("duedte"), _day("dscdte"),
    *_texts("dscrpt", "pchord", "refnum"),
    _number("invtyp"), _number("status"), _number("taxdst"),
    *_money("slstax", "taxabl", "nontax", "invttl", "invamt", "amtpad", "ttlpad", "invbal", "invnet"),
    _exact("retain"),
    _small("actper"), _small("postyr"), _day("entdte"),
    _number("lgrrec"), _number("vodrec"),
)  # fmt: skip
"""AR invoices, job billing (3-2). ``invamt`` is 0 on every row, as seen at a live site."""

ARIVLN: Final = _child(
    "arivln",
    _small("linnum"), _text("dscrpt"), _exact("linqty", 4), _exact("linprc", 4), _exact("extprc"),
    _number("lgract"), _number("subact"), _exact("cstcde", 3), _number("prtnum"), _text("untdsc"),
)  # fmt: skip
"""Lines of AR invoices."""

SRVINV: Final = _record(
    "srvinv",
    *_texts("ordnum", "invnum"), _number("clnnum"), _number("locnum"), _number("jobnum"),
    _day("orddte"), _day("invdte"), _day("duedte"), _text("dscrpt"),
    _number("invtyp"), _number("status"), _number("priort"), _number("empnum"), _day("schdte"),
    _text("pchord"), _number("taxdst"),
    *_money("slstax", "invttl", "amtpad", "invbal"),
    _small("actper"), _small("postyr"), _day("entdte"),
    _number("lgrrec"), _number("vodrec"), _small("lckedt"),
)  # fmt: skip
"""Service invoices and work orders (11-2). Assumed, after ``acrinv``: ``duedte``, ``pchord``,
``taxdst``, ``slstax``, ``amtpad``, ``actper``, ``postyr``, ``entdte``, ``lgrrec``, ``vodrec``."""

SRVLIN: Final = _child(
    "srvlin",
    _small("linnum"), _text("dscrpt"), _number("prtnum"), _exact("prtqty", 4), _exact("prtprc", 4),
    _exact("extprc"), _exact("curbll"), _number("csttyp"), _number("actnum"),
)  # fmt: skip
"""Lines of service invoices. ``dscrpt`` is assumed."""

ACRPMT: Final = _child(
    "acrpmt",
    _text("chknum"), _day("chkdte"), _small("actper"), _small("postyr"),
    *_money("amount", "dsctkn", "aplcrd"), _number("lgrrec"),
)  # fmt: skip
"""AR receipts (3-3-1), one row for each invoice a receipt was applied to. ``postyr`` is assumed."""

EMPLOY: Final = _record(
    "employ",
    *_texts("lstnme", "fstnme"), _number("status"), _number("paygrp"),
    *(_exact(f"payrt{n}", 4) for n in (1, 2, 3)),
)  # fmt: skip
"""Employees. What of them is nobody else's business (tax ids, banks, births) is left out here."""

DLYPYR: Final = Table(
    "dlypyr",
    METADATA,
    Column("_idnum", String(36), primary_key=True),
    _day("paydte"), _small("linnum"), _number("empnum"), *_texts("dscrpt", "wrkord"), _number("jobnum"),
    _number("phsnum"), _exact("cstcde", 3), _number("paytyp"), _number("paygrp"), _exact("payrte", 4),
    _exact("payhrs"), _number("dptmnt"), _number("cmpcde"), *_texts("usrdf1", "ntetxt"),
    *_stamps(),
)  # fmt: skip
"""Daily payroll (5-5-1): a line is known by its day and its place in it. Assumed, after the other tables:
``_idnum``. ``dscrpt`` is known from an import layout."""

CLNSTS: Final = _catalogue("clnsts", _text("stsnme"))
JOBSTS: Final = _catalogue("jobsts", _text("stsnme"))
JOBTYP: Final = _catalogue("jobtyp", _text("typnme"))
TAXDST: Final = _catalogue("taxdst", _text("dstnme"))
"""Tax districts; the name's column is assumed."""
LGRACT: Final = _catalogue("lgract", *_texts("shtnme", "lngnme"))
"""Ledger accounts; the names' columns are assumed."""
CSTTYP: Final = _catalogue("csttyp", _text("typnme"))
"""Cost types; the name's column is assumed."""
CSTCDE: Final = Table(
    "cstcde",
    METADATA,
    Column("recnum", Exact(3), primary_key=True),
    _text("cdenme"),
    _number("divnum"),
)
"""Cost codes; their number is a decimal."""
TKFPRT: Final = _catalogue("tkfprt", _text("prtnme"))
"""Parts; the name's column is assumed. Not filled by the seed."""

Index("srvloc_number", SRVLOC.c.recnum, SRVLOC.c.locnum, unique=True)
Index("jobphs_number", JOBPHS.c.recnum, JOBPHS.c.phsnum, unique=True)
Index("dlypyr_day", DLYPYR.c.paydte, DLYPYR.c.linnum, unique=True)
for _table in (RECCLN, ACTREC, ACRINV, SRVINV, DLYPYR):
    Index(f"{_table.name}_changed", _table.c.upddte, _table.c["_idnum"])
    Index(f"{_table.name}_reference", _table.c.usrdf1)
for _table in (ACRINV, SRVINV):
    Index(f"{_table.name}_invnum", _table.c.invnum)
    Index(f"{_table.name}_void", _table.c.vodrec)
for _table in (ACRINV, SRVINV, ACRPMT):
    Index(f"{_table.name}_ledger", _table.c.lgrrec)

DOCUMENTS: Final = {"acrinv": (ACRINV, ARIVLN), "srvinv": (SRVINV, SRVLIN)}
"""Table of invoices -> it and the table of its lines."""
