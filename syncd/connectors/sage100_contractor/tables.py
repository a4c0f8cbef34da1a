"""The tables we read and what their columns hold. Names as seen in public code; see QUIRKS.md.

Columns are always named, never ``*``: neighbours of these columns hold tax ids and bank data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a column holds, and so how its value is spelled in a wire row."""

    TEXT = "text"
    NUMBER = "number"
    """A whole number: a record number, a reference (0 means none), a catalogue number."""
    EXACT = "exact"
    """Money, a quantity or a decimal code; spelled as text, without trailing zeros."""
    DAY = "day"
    STAMP = "stamp"
    """Wall clock of the server."""


ID: Final = "_idnum"
"""The surrogate key (a GUID) of every row ..."""
PARENT: Final = "_idref"
"""... and the parent's, on lines and receipts."""
CHANGED: Final = "upddte"
INSERTED: Final = "insdte"

_ROW: Final = {ID: Kind.TEXT}

TABLES: Final[Mapping[str, Mapping[str, Kind]]] = {
    "reccln": _ROW | {
        "recnum": Kind.NUMBER, "shtnme": Kind.TEXT, "clnnme": Kind.TEXT, "addrs1": Kind.TEXT,
        "ctynme": Kind.TEXT, "state_": Kind.TEXT, "zipcde": Kind.TEXT, "phnnum": Kind.TEXT,
        "e_mail": Kind.TEXT, "status": Kind.NUMBER, "clntyp": Kind.NUMBER,
    },
    "srvloc": _ROW | {
        "recnum": Kind.NUMBER, "locnum": Kind.NUMBER, "locnme": Kind.TEXT, "addrs1": Kind.TEXT,
        "ctynme": Kind.TEXT, "state_": Kind.TEXT, "zipcde": Kind.TEXT, "phnnum": Kind.TEXT,
    },
    "actrec": _ROW | {
        "recnum": Kind.NUMBER, "jobnme": Kind.TEXT, "shtnme": Kind.TEXT, "clnnum": Kind.NUMBER,
        "status": Kind.NUMBER, "jobtyp": Kind.NUMBER,
    },
    "acrinv": _ROW | {
        "recnum": Kind.NUMBER, "invnum": Kind.TEXT, "jobnum": Kind.NUMBER, "invdte": Kind.DAY,
        "duedte": Kind.DAY, "dscrpt": Kind.TEXT, "pchord": Kind.TEXT, "invtyp": Kind.NUMBER,
        "status": Kind.NUMBER, "taxdst": Kind.NUMBER, "slstax": Kind.EXACT, "retain": Kind.EXACT,
        "invttl": Kind.EXACT, "invbal": Kind.EXACT,
    },
    "arivln": {
        PARENT: Kind.TEXT, "linnum": Kind.NUMBER, "dscrpt": Kind.TEXT, "linqty": Kind.EXACT,
        "linprc": Kind.EXACT, "extprc": Kind.EXACT, "prtnum": Kind.NUMBER, "lgract": Kind.NUMBER,
        "cstcde": Kind.EXACT,
    },
    "srvinv": _ROW | {
        "recnum": Kind.NUMBER, "invnum": Kind.TEXT, "clnnum": Kind.NUMBER, "locnum": Kind.NUMBER,
        "jobnum": Kind.NUMBER, "ordnum": Kind.TEXT, "invdte": Kind.DAY, "duedte": Kind.DAY,
        "dscrpt": Kind.TEXT, "pchord": Kind.TEXT, "invtyp": Kind.NUMBER,
        "status": Kind.NUMBER, "taxdst": Kind.NUMBER, "slstax": Kind.EXACT, "invttl": Kind.EXACT,
        "invbal": Kind.EXACT,
    },
    "srvlin": {
        PARENT: Kind.TEXT, "linnum": Kind.NUMBER, "dscrpt": Kind.TEXT, "prtqty": Kind.EXACT,
        "prtprc": Kind.EXACT, "extprc": Kind.EXACT, "prtnum": Kind.NUMBER, "actnum": Kind.NUMBER,
    },
    "employ": _ROW | {
        "recnum": Kind.NUMBER, "lstnme": Kind.TEXT, "fstnme": Kind.TEXT, "status": Kind.NUMBER,
    },
    "dlypyr": _ROW | {
        "paydte": Kind.DAY, "linnum": Kind.NUMBER, "empnum": Kind.NUMBER, "dscrpt": Kind.TEXT,
        "jobnum": Kind.NUMBER, "phsnum": Kind.NUMBER, "cstcde": Kind.EXACT, "paytyp": Kind.NUMBER,
        "payhrs": Kind.EXACT,
    },
    "acrpmt": _ROW | {
        PARENT: Kind.TEXT, "chknum": Kind.TEXT, "chkdte": Kind.DAY, "amount": Kind.EXACT,
        "dsctkn": Kind.EXACT,
    },
}  # fmt: skip
"""Table -> column -> kind. Our reference, the change stamps and a customer's own columns are added
where a connection is opened."""

REFERENCED: Final = frozenset({"reccln", "actrec", "acrinv", "srvinv", "dlypyr"})
"""Tables whose user text can hold our reference."""

CATALOGUES: Final[Mapping[str, tuple[str, ...]]] = {
    "clnsts": ("recnum", "stsnme"),
    "jobsts": ("recnum", "stsnme"),
    "taxdst": ("recnum",),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where one entity is read from."""

    entity: str
    table: str
    key: tuple[str, ...]
    """Columns of the remote key, joined by ``-``."""
    numbers: tuple[str, ...]
    """Text columns in which a person's words for the record stand, beside its key."""
    lines: str = ""
    """The table of its lines, which point at it by ``_idref``."""
    of: str = ""
    """The table that its own ``_idref`` points at; that record's number reads as the wire field ``of``."""
    archived: bool = False
    """Whether closing a year moves such records out of the database: absence proves nothing."""


def sources(*, billing: str, locations: bool, payroll: bool = False) -> dict[str, Source]:
    """The entities a site offers, by name.

    Receipts of service invoices stand in a table that is not publicly known, so payments are
    offered with job billing only.
    """
    found = [Source("customer", "reccln", ("recnum",), ("clnnme", "shtnme"))]
    if locations:
        found.append(Source("location", "srvloc", ("recnum", "locnum"), ("locnme",)))
    found.append(Source("job", "actrec", ("recnum",), ("jobnme", "shtnme"), archived=True))
    if billing == "job":
        found.append(Source("invoice", "acrinv", ("recnum",), ("invnum",), lines="arivln", archived=True))
        found.append(Source("payment", "acrpmt", (ID,), ("chknum",), of="acrinv", archived=True))
    else:
        found.append(
            Source("invoice", "srvinv", ("recnum",), ("invnum", "ordnum"), lines="srvlin", archived=True)
        )
    if payroll:
        found.append(Source("employee", "employ", ("recnum",), ("lstnme",)))
        # a line of daily payroll has no number of its own
        found.append(Source("time_entry", "dlypyr", (ID,), (), archived=True))
    return {source.entity: source for source in found}


class Layout:
    """The tables as one site has them: ours, less what its version lacks, plus what is its own."""

    def __init__(self, *, absent: frozenset[str], reference: str, own: Mapping[str, frozenset[str]]) -> None:
        """``own``: table -> a customer's own text columns. ``reference``: the column of our reference."""
        self.reference = reference
        self._columns: dict[str, dict[str, Kind]] = {}
        for table, shipped in TABLES.items():
            columns = dict(shipped)
            if table in REFERENCED:
                columns[reference] = Kind.TEXT
            columns |= dict.fromkeys(own.get(table, ()), Kind.TEXT)
            columns |= {CHANGED: Kind.STAMP, INSERTED: Kind.STAMP}
            self._columns[table] = {n: k for n, k in columns.items() if f"{table}.{n}" not in absent}

    def columns(self, table: str) -> Mapping[str, Kind]:
        """Every column of ``table`` that is read here."""
        return self._columns[table]

    def has(self, table: str, column: str) -> bool:
        """Whether this site has the column."""
        return column in self._columns[table]
