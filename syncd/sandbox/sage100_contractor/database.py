"""The company database file: opened, written, numbered and stamped as the product does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, create_engine, event, func, insert, inspect, select, update

from syncd.core.errors import FixInput
from syncd.sandbox.sage100_contractor.tables import ACRINV, ACRPMT, METADATA, SRVINV

Row = dict[str, Any]
"""One row by column name: ``Decimal``, ``date``, ``int``, ``str`` as the tables declare."""


class CompanyDatabase:
    """The SQL Server database, played by a SQLite file in WAL: readers never wait for the product."""

    def __init__(self, path: Path, zone: str) -> None:
        self.path = path
        self.writes: Counter[str] = Counter()
        """Committed inserts and updates by table, since the start; the seed is not counted."""
        self._zone = ZoneInfo(zone)
        self._engine = create_engine(f"sqlite:///{path}")
        event.listen(self._engine, "connect", _prepare)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the file."""
        return f"sqlite:///{self.path}"

    def create(self) -> bool:
        """Make the tables; False if the file already holds a company. Raises ``FixInput``."""
        present = set(inspect(self._engine).get_table_names())
        wanted = set(METADATA.tables)
        if wanted <= present:
            return False
        if present:
            raise FixInput(
                f"{self.path.name} holds other tables",
                remedy="name a new file for the sandbox's company database",
            )
        METADATA.create_all(self._engine)
        return True

    @contextmanager
    def work(self, user: str) -> Iterator[Work]:
        """One transaction on behalf of ``user``: all of it is committed, or (on any error) nothing."""
        written: Counter[str] = Counter()
        with self._engine.begin() as connection:
            yield Work(connection, user, self.now(), written)
        self.writes += written

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """A look at what is committed."""
        with self._engine.connect() as connection:
            yield Work(connection, "", self.now(), Counter())

    def now(self) -> datetime:
        """The server's wall clock, whole seconds, without a zone."""
        return datetime.now(self._zone).replace(tzinfo=None, microsecond=0)

    def replace_all(self, content: Mapping[Table, Sequence[Row]]) -> None:
        """Every table holds exactly these rows (nothing where it is not named), written as they are,
        stamps included; the counts start over. The rows of one table name the same columns."""
        with self._engine.begin() as connection:
            for table in METADATA.sorted_tables:
                connection.execute(table.delete())
                if rows := content.get(table):
                    connection.execute(insert(table), list(rows))
        self.writes.clear()

    def close(self, *, remove: bool = False) -> None:
        """Let go of the file, or delete it."""
        self._engine.dispose()
        for ending in ("", "-wal", "-shm") if remove else ():
            Path(f"{self.path}{ending}").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction: rows in and out, stamped with its user and time."""

    connection: Connection
    user: str
    now: datetime
    written: Counter[str]

    def insert(self, table: Table, row: Mapping[str, Any]) -> Row:
        """A new row with surrogate key and stamps; returns it whole, defaults included."""
        stamps = {"insdte": self.now, "insusr": self.user, "upddte": self.now, "updusr": self.user}
        given = {"_idnum": str(uuid4()), **stamps, **row}
        self.connection.execute(insert(table), given)
        self.written[str(table.name)] += 1
        return {**_defaults(table), **given}

    def update(self, table: Table, idnum: str, changes: Mapping[str, Any]) -> None:
        """Change columns of one row and stamp it."""
        stamped = {**changes, "upddte": self.now, "updusr": self.user}
        self.connection.execute(update(table).where(table.c["_idnum"] == idnum).values(stamped))
        self.written[str(table.name)] += 1

    def delete(self, table: Table, idnum: str) -> None:
        """Remove one row for good; no trace of it stays."""
        self.connection.execute(table.delete().where(table.c["_idnum"] == idnum))
        self.written[str(table.name)] += 1

    def numbered(self, table: Table, recnum: int) -> Row | None:
        """The record with that business number."""
        found = self.connection.execute(select(table).where(table.c.recnum == recnum)).mappings().first()
        return None if found is None else dict(found)

    def rows(self, table: Table, *conditions: Any) -> list[Row]:
        """Rows that meet every condition, in the order of their business number where they have one."""
        query = select(table).where(*conditions)
        if "recnum" in table.c:
            query = query.order_by(table.c.recnum)
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def has(self, table: Table, *conditions: Any) -> bool:
        """Whether any row meets every condition."""
        return self.connection.execute(select(1).select_from(table).where(*conditions)).first() is not None

    def count(self, table: Table) -> int:
        return self.connection.execute(select(func.count()).select_from(table)).scalar_one()

    def next_number(self, table: Table) -> int:
        """The next free business number of a table."""
        return (self.connection.execute(select(func.max(table.c.recnum))).scalar() or 0) + 1

    def next_ledger_transaction(self) -> int:
        """The next number of the general ledger, over everything that posts or voids."""
        columns = (ACRINV.c.lgrrec, ACRINV.c.vodrec, SRVINV.c.lgrrec, SRVINV.c.vodrec, ACRPMT.c.lgrrec)
        highest = (self.connection.execute(select(func.max(column))).scalar() or 0 for column in columns)
        return max(highest) + 1


def _defaults(table: Table) -> Row:
    return {
        column.name: None if column.default is None else column.default.arg  # type: ignore[attr-defined]
        for column in table.c
    }


def _prepare(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
