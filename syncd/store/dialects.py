"""What SQLite and PostgreSQL say differently, in one place; everything else is the same on both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Insert, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from syncd.core.errors import StateLocked
from syncd.store.table_parts import Instant, metadata

_ALTERING: Final = 0x73796E6364
"""The number of our advisory lock."""


class text_each(GenericFunction[Any]):  # noqa: N801 - it is written like the SQL function it stands for
    """The texts of a JSON array, as rows of one column ``value``: a list of keys as one parameter spares
    SQLAlchemy the rewriting of the statement for each page."""

    name = "json_each"
    inherit_cache = True


@compiles(text_each, "postgresql")
def _text_each(element: text_each, compiler: Any, **more: Any) -> str:
    return f"jsonb_array_elements_text(CAST({compiler.process(element.clauses, **more)} AS JSONB))"


class database_now(GenericFunction[Any]):  # noqa: N801 - as above
    """The database's own clock, as ``Instant`` stores it. It moves on within a transaction."""

    type = Instant()
    inherit_cache = True


@compiles(database_now, "postgresql")
def _now_postgresql(_element: database_now, _compiler: Any, **_more: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"


@compiles(database_now, "sqlite")
def _now_sqlite(_element: database_now, _compiler: Any, **_more: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


def _insert(c: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    if c.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_if_absent(c: Connection, table: Table) -> Insert:
    """Insert rows; one whose primary key stands already is left as it is."""
    return _insert(c, table).on_conflict_do_nothing()


def insert_or_replace(c: Connection, table: Table, row: dict[str, Any]) -> Insert:
    """Insert ``row``; where its primary key stands already, everything else becomes as it is here."""
    made = _insert(c, table).values(row)
    keys = set(table.primary_key.columns.keys())
    rest = {name: made.excluded[name] for name in row if name not in keys}
    return made.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=rest)


def insert_or_add(c: Connection, table: Table, row: dict[str, Any], add: str) -> Insert:
    """Insert ``row``; where its primary key stands already, add its ``add`` to the one there."""
    if c.dialect.name == "postgresql":
        made: postgresql.Insert | sqlite.Insert = postgresql.insert(table).values(row)
    else:
        made = sqlite.insert(table).values(row)
    return made.on_conflict_do_update(
        index_elements=list(table.primary_key.columns), set_={add: table.c[add] + made.excluded[add]}
    )


def wait_for_writers(c: Connection, table: Table) -> None:
    """Until this transaction ends nobody else is between ``reads_to_act`` on ``table`` and a commit."""
    if c.dialect.name == "postgresql":
        c.exec_driver_sql(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")


def reads_to_act(c: Connection, table: Table) -> None:
    """What is read of ``table`` from now on stays true until this transaction ends: who adds to it waits.
    On SQLite one transaction at a time writes anyway."""
    if c.dialect.name == "postgresql":
        c.exec_driver_sql(f"LOCK TABLE {table.name} IN ROW SHARE MODE")


def count_anew(c: Connection, *tables: Table) -> None:
    """So much was put into these that the planner must not go by what it knew; by itself PostgreSQL looks
    within minutes, and until then a first load is planned as if there were nothing."""
    if c.dialect.name == "postgresql":
        c.exec_driver_sql(f"ANALYZE {', '.join(table.name for table in tables)}")


def add_rows(c: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert whole rows as fast as it goes, values as they are stored, in the order of the columns.

    Raises ``ValueError`` for a row that the database cannot hold.
    """
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = c.connection.driver_connection
    if c.dialect.name == "postgresql":
        # COPY does not say which row it was; a NUL is the one thing that only a file's text may hold
        for row in rows:
            if any(isinstance(value, str) and "\0" in value for value in row):
                raise ValueError(f"row {row[0]} holds a NUL, which PostgreSQL's texts cannot")
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copying:
            for row in rows:
                copying.write_row(row)
    else:
        places = ", ".join("?" * len(table.columns))
        driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({places})', rows)  # noqa: S608


def sequences(c: Connection) -> Mapping[str, int]:
    """Table -> the highest id that it ever gave: also of rows that are gone, for no id means two things."""
    if c.dialect.name == "postgresql":
        rows = c.exec_driver_sql(
            "SELECT t.relname, pg_sequence_last_value(s.oid) FROM pg_class s "
            "JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass "
            "JOIN pg_class t ON t.oid = d.refobjid WHERE s.relkind = 'S'"
        )
        return {name: int(last) for name, last in rows if last is not None}
    given = {name: int(last) for name, last in c.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}
    tables = [table for table in metadata.sorted_tables if "id" in table.columns]
    highest = {str(t.name): c.execute(select(func.max(t.c.id))).scalar_one() or 0 for t in tables}
    return {name: max(last, given.get(name, 0)) for name, last in highest.items()}


def set_sequences(c: Connection, given: Mapping[str, int]) -> None:
    """Go on after these."""
    for name, last in given.items():
        if last and c.dialect.name == "postgresql":
            c.exec_driver_sql("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (f'"{name}"', last))
        elif last and metadata.tables[name].dialect_options["sqlite"]["autoincrement"]:
            c.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
            c.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (name, last))


def others_connected(c: Connection, where: str) -> None:
    """Raise ``StateLocked`` while another process of ours is connected to a server's state. Whose a file is,
    its lock says."""
    if c.dialect.name != "postgresql":
        return
    others = c.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name LIKE 'syncd%%' AND pid <> pg_backend_pid()"
    ).scalar_one()
    if others:
        raise StateLocked(
            f"{where} is in use: {others} connections of syncd",
            remedy="stop the daemon and its workers first",
        )


def take_time(c: Connection) -> None:
    """Let this transaction wait for the other side of a copy for as long as that takes: it holds nothing that
    a worker waits for. A server ends ours otherwise after a few seconds."""
    if c.dialect.name == "postgresql":
        c.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def size(c: Connection) -> int:
    """Bytes of the whole database."""
    if c.dialect.name == "postgresql":
        return int(c.exec_driver_sql("select pg_database_size(current_database())").scalar_one())
    pages, each = (c.exec_driver_sql(f"PRAGMA {what}").scalar_one() for what in ("page_count", "page_size"))
    return int(pages) * int(each)


@contextmanager
def altering(c: Connection) -> Iterator[None]:
    """Tables are altered meanwhile: by nobody else, and no row goes with another that is moved."""
    if c.dialect.name == "postgresql":
        # the session's lock, not a transaction's: revisions have one each. A file is altered by whoever
        # holds its lock
        c.exec_driver_sql(f"SELECT pg_advisory_lock({_ALTERING})")
        c.commit()
        try:
            yield
        finally:
            c.rollback()
            c.exec_driver_sql(f"SELECT pg_advisory_unlock({_ALTERING})")
            c.commit()
        return
    # SQLite alters a table by rebuilding it, and dropping the old one would cascade. On the driver's own
    # connection: within a transaction, which SQLAlchemy would begin, the word has no effect
    driver: Any = c.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        c.rollback()
        driver.execute("PRAGMA foreign_keys=ON")
